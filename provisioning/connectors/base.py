"""The contract between the delivery engine and one vendor: a request of values goes out, an outcome of values
comes back, and whatever went otherwise is one of four exceptions. A connector knows nothing of orders, prices
or databases.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeVar
from uuid import UUID

from core.languages import _
from provisioning.connectors.definitions import Definition
from provisioning.connectors.fields import Field, Party, problems

__all__ = [
    "Action",
    "Capabilities",
    "Connector",
    "ConnectorError",
    "Field",
    "NeedsAction",
    "Outcome",
    "Party",
    "Refused",
    "Request",
    "TryLater",
    "Unclear",
    "check",
    "definition",
    "look_up",
    "perform",
    "problems",
    "why_not_transfer",
]

UNKNOWN_PAUSE = timedelta(seconds=30)
Answer = TypeVar("Answer")


class Action(StrEnum):
    """What can be asked of a vendor."""

    PROVISION = "provision"
    CHANGE = "change"
    SUSPEND = "suspend"
    RESUME = "resume"
    END = "end"
    TRANSFER = "transfer"


@dataclass(frozen=True)
class Capabilities:
    """What the vendor behind a connector promises, and how patient we are with it.

    `timeout` is one whole call; `send_deadline` the age of an intent after which nothing is sent any more;
    `settle` the age of an intent from which a look-up that says "absent" may be believed; `slots` the calls
    in flight per worker.
    """

    idempotent: bool
    look_up: bool
    actions: frozenset[Action]
    timeout: timedelta
    send_deadline: timedelta
    settle: timedelta
    slots: int
    longest_processing: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        # A look-up may be believed only once nothing sent for the intent can still take effect at the vendor.
        if self.settle <= self.send_deadline + self.timeout + self.longest_processing:
            raise ValueError("settle must be longer than send_deadline + timeout + longest_processing")
        if self.slots < 1:
            raise ValueError("a connector needs at least one slot")


@dataclass(frozen=True)
class Request:
    """One thing asked of one vendor. The reference is random and ours; repeats carry the same one.

    `quantity` is the seats wanted after this request, `previous_quantity` the seats held before it (for a
    change). `customer` is whom it is for: of a transfer, whom it is for from then on. `asked_on` is the day
    it was earned: fixed with the request, so that a repeat on another day is the same request. `variables`
    are what the product type says and asked besides `fields`. `settings` are the distributor's own (secrets
    too); nothing personal or secret appears in the repr."""

    reference: str
    action: Action
    sku: str
    quantity: int
    external_id: str | None = None
    customer: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    fields: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    settings: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    previous_quantity: int = 0
    asked_on: date | None = None
    variables: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    def __post_init__(self) -> None:
        if str(UUID(self.reference)) != self.reference:
            raise ValueError("a reference is a UUID in its usual form")
        if self.quantity < 0 or self.previous_quantity < 0:
            raise ValueError("a quantity is not negative")
        if self.action is not Action.PROVISION and not self.external_id:
            raise ValueError(f"to {self.action} something, its external id is needed")

    def fingerprint(self) -> str:
        """SHA-256 of what is asked, settings aside: two requests under one reference must have the same."""
        content = {
            "reference": self.reference,
            "action": self.action.value,
            "sku": self.sku,
            "quantity": self.quantity,
            "previous_quantity": self.previous_quantity,
            "external_id": self.external_id,
            "asked_on": self.asked_on.isoformat() if self.asked_on else None,
            "customer": dict(self.customer),
            "fields": dict(self.fields),
        }
        if self.variables:
            content["variables"] = dict(self.variables)
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True)
class Outcome:
    """What the vendor did. `licences` are the keys issued by *this* request, in the order of seats; none was
    issued before. `details` are short facts for people, such as which seats remain after a reduction."""

    external_id: str
    licences: tuple[str, ...] = ()
    note: str = ""
    details: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Purchase:
    """Something that the vendor has sold to us, as its list tells it."""

    reference: UUID
    external_id: str
    sku: str
    quantity: int
    state: str


class ConnectorError(Exception):
    """The vendor did not simply do it; the message is a sentence that a person may read."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class TryLater(ConnectorError):
    """Not now. `accepted`: the vendor took it and works on it, so look it up next; otherwise it clearly did
    nothing and the same request may be sent again."""

    def __init__(self, after: timedelta, message: str, *, accepted: bool) -> None:
        super().__init__(message)
        self.after = after
        self.accepted = accepted


class NeedsAction(ConnectorError):
    """Nothing was done and nothing will be until a person has supplied or corrected something."""


class Refused(ConnectorError):
    """The vendor said no for good; nothing was done."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class Unclear(ConnectorError):
    """Neither done nor failed: time-out, reset, 5xx without proof, unreadable answer. Look up first."""


class Connector(Protocol):
    """Delivers one kind of product outside. Safe to call from several threads at once."""

    key: str
    label: str
    fields: tuple[Field, ...]
    capabilities: Capabilities

    def check(self, request: Request) -> None:
        """Ask whether the request would work, without effect; raises Refused, NeedsAction, or TryLater
        (cannot tell)."""
        ...

    def provision(self, request: Request) -> Outcome: ...
    def change(self, request: Request) -> Outcome: ...
    def suspend(self, request: Request) -> Outcome: ...
    def resume(self, request: Request) -> Outcome: ...
    def end(self, request: Request) -> Outcome: ...

    def look_up(self, request: Request) -> Outcome | None:
        """What became of this request: its outcome, None (the vendor says absent), TryLater (in progress, or
        it cannot be told), Refused (it failed there for good)."""
        ...


class Lists(Protocol):
    """What a connector may have besides: the vendor can say what it has sold."""

    def purchases(self, settings: Mapping[str, str], since: datetime) -> list[Purchase]:
        """Everything bought since a moment, whatever became of it; Unclear when the list cannot be had."""
        ...


class Publishes(Protocol):
    """What a connector may have besides: something of its settings that strangers are to know."""

    def publishes(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Facts by label; nothing secret."""
        ...


class Transfers(Protocol):
    """What a connector may have besides: the vendor can move a subscription to another provider's customer.
    One that cannot says why in `keeps_because`."""

    def transfer(self, request: Request) -> Outcome:
        """Moves `external_id` to `customer`, with `quantity` seats; the outcome's id and licences are those
        of the subscription that took its place."""
        ...


def published(connector: Connector, settings: Mapping[str, str]) -> dict[str, str]:
    """What of its settings is meant for everybody."""
    publishing = getattr(connector, "publishes", None)
    return publishing(settings) if publishing else {}


def why_not_transfer(connector: Connector) -> str | None:
    """Why nothing that this connector delivers can be moved, in words; None where it can be."""
    if Action.TRANSFER in connector.capabilities.actions:
        return None
    because: str = getattr(connector, "keeps_because", "")
    return _(because) if because else _("Its vendor does not move subscriptions to another provider.")


def purchases(connector: Connector, settings: Mapping[str, str], since: datetime) -> list[Purchase] | None:
    """What the vendor has sold since a moment; None where it keeps no list that can be asked for."""
    listing = getattr(connector, "purchases", None)
    if listing is None:
        return None
    try:
        return listing(settings, since)
    except ConnectorError:
        raise
    except Exception as bug:
        raise Unclear(f"{connector.label} failed unexpectedly ({type(bug).__name__}).") from bug


def can_define(connector: Connector) -> bool:
    """Whether its vendor can be asked what it offers."""
    return getattr(connector, "definition", None) is not None


def definition(connector: Connector, settings: Mapping[str, str]) -> Definition:
    """What the vendor offers; Refused where it keeps no list that can be asked for."""
    telling = getattr(connector, "definition", None)
    if telling is None:
        raise Refused(f"{connector.label} cannot say what its vendor offers.", code="not_supported")
    try:
        return telling(settings)
    except ConnectorError:
        raise
    except Exception as bug:
        raise Unclear(f"{connector.label} failed unexpectedly ({type(bug).__name__}).") from bug


def perform(connector: Connector, request: Request) -> Outcome:
    """Do what the request says. Anything unforeseen is Unclear: a bug proves nothing about the vendor."""
    if request.action not in connector.capabilities.actions:
        raise Refused(f"{connector.label} cannot {request.action} a subscription.", code="not_supported")
    act: Callable[[Request], object] = getattr(connector, request.action.value)
    outcome = _heard(connector, act, request)
    if not isinstance(outcome, Outcome):
        raise Unclear(f"{connector.label} gave an answer that could not be understood.")
    return outcome


def look_up(connector: Connector, request: Request) -> Outcome | None:
    """What became of a request. A TryLater from here never allows sending again, whatever was meant."""
    if not connector.capabilities.look_up:
        raise Unclear(f"{connector.label} cannot be asked what became of a request.")
    try:
        return _heard(connector, connector.look_up, request)
    except TryLater as later:
        raise TryLater(later.after, later.message, accepted=True) from later
    except Unclear as unclear:
        raise TryLater(UNKNOWN_PAUSE, unclear.message, accepted=True) from unclear


def check(connector: Connector, request: Request) -> None:
    """Pre-check: Refused or NeedsAction say why it would not work, TryLater that nobody can tell now."""
    wrong = problems(connector.fields, request.fields, asked_of="buyer")
    if wrong and request.action is Action.PROVISION:
        raise Refused(" ".join(wrong.values()), code="fields")
    try:
        _heard(connector, connector.check, request)
    except Unclear as unclear:
        raise TryLater(UNKNOWN_PAUSE, unclear.message, accepted=False) from unclear


def _heard(connector: Connector, act: Callable[[Request], Answer], request: Request) -> Answer:
    try:
        return act(request)
    except ConnectorError:
        raise
    except Exception as bug:
        raise Unclear(f"{connector.label} failed unexpectedly ({type(bug).__name__}).") from bug
