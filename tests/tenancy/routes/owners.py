"""Who may own a route, and what the sweep has to know of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

NOTHING: Mapping[str, str] = MappingProxyType({})


class Owner(Enum):
    """MACHINE: no shop and no person. PUBLIC: anybody at this shop. LINK: whoever holds the secret in the
    address. VISITOR: one's own session."""

    MACHINE = "machine"
    PUBLIC = "public"
    LINK = "link"
    VISITOR = "visitor"
    CUSTOMER = "customer"
    RESELLER = "reseller"
    DISTRIBUTOR = "distributor"


@dataclass(frozen=True)
class Route:
    """`foreign`: the form itself carries ids of the owner's, so a stranger who sends it must be refused;
    `changes`: rows are different afterwards."""

    owner: Owner
    at: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    query: str = ""
    page: str = ""
    form: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    press: str = ""
    foreign: bool = False
    changes: bool = True
    ok: tuple[int, ...] = (200, 302, 303)


def mine(owner: Owner, **at: str) -> Route:
    """A page about the things named in its address."""
    return Route(owner, at)


PUBLIC, CUSTOMER, RESELLER, DISTRIBUTOR = Owner.PUBLIC, Owner.CUSTOMER, Owner.RESELLER, Owner.DISTRIBUTOR
WHY = {"*why": "Because."}
