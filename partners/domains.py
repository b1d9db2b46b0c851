"""A reseller's own domain: a host name that leads to its storefront once the reseller has proven, by a TXT
record with a random value, that the name is its own. Many may claim a name, one can prove it: only a
verified name is a row of `hosts`, unique over the installation. It is looked at again for ever; a name whose
proof stays away, or that is let go, leads nowhere at once, and for some time nobody else may take it, so
that a forgotten record at a name server is no invitation."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, delete, literal_column, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from core import db, doors, states, tasks, trail
from core.doors import door
from core.errors import Conflict, Denied, Missing, Refused
from core.events import Event, publish
from core.ids import new_id, new_token
from core.languages import _
from core.settings import settings
from core.tenancy import Access, ResellerOwned, owned_by
from partners import storefronts
from partners.storefronts import Host, Storefront, StorefrontState

EVERY = timedelta(hours=6)  # a verified name is looked at again
GRACE = timedelta(days=3)  # so long the proof may be missing before the name is given up
COOLING = timedelta(days=30)  # so long nobody else may take a name that was let go
RECORD = "_storefront-verify"
LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


class DomainState(StrEnum):
    """PENDING: the record is looked for. FAILED: it was not found, and another look can be asked for.
    RELEASED: let go, or lost."""

    PENDING = "pending"
    VERIFIED = "verified"
    FAILED = "failed"
    RELEASED = "released"


class Domain(ResellerOwned, db.Model):
    """One claim of a name. `challenge` is what the TXT record has to say; `failing_since` when a verified
    name's proof was first missing; `free_at` when others may have a released name."""

    __tablename__ = "domains"
    __access__ = Access(distributor="rcu", reseller="rcu", door="r")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        owned_by("storefronts", "storefront_id"),
        Index("ix_domains_host", "host"),
        Index(
            "ix_domains_due",
            "distributor_id",
            "look_at",
            postgresql_where=literal_column("state = 'verified'"),
        ),
        Index(
            "uq_domains_reseller",
            "distributor_id",
            "reseller_id",
            unique=True,
            postgresql_where=literal_column("state <> 'released'"),
        ),
    )
    LIFE = states.Transitions(
        {
            DomainState.PENDING: [DomainState.VERIFIED, DomainState.FAILED, DomainState.RELEASED],
            DomainState.VERIFIED: [DomainState.RELEASED],
            DomainState.FAILED: [DomainState.PENDING, DomainState.RELEASED],
            DomainState.RELEASED: [],
        },
        first=DomainState.PENDING,
    )

    storefront_id: Mapped[UUID]
    host: Mapped[str]
    challenge: Mapped[str]
    state: Mapped[DomainState]
    note: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    verified_at: Mapped[datetime | None]
    look_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
    free_at: Mapped[datetime | None]

    @property
    def record(self) -> str:
        """The name of the TXT record."""
        return f"{RECORD}.{self.host}"

    @property
    def proof(self) -> str:
        """What the TXT record has to say."""
        return f"storefront-verify={self.challenge}"


# Whether somebody else holds the name, or let it go so lately that it still cools: over all distributors.
TAKEN = door("""
CREATE FUNCTION domain_taken_v1(p_host text, p_storefront uuid) RETURNS TABLE (held boolean, free_at timestamptz) AS $$
  SELECT EXISTS (SELECT 1 FROM hosts h WHERE h.host = p_host AND h.storefront_id <> p_storefront),
    (SELECT max(d.free_at) FROM domains d
     WHERE d.host = p_host AND d.storefront_id <> p_storefront AND d.state = 'released' AND d.free_at > now())
$$""")  # noqa: E501 SQL


@dataclass(frozen=True, slots=True)
class DomainFailing(Event):
    """The proof of a verified name is missing since now."""

    domain_id: UUID
    since: str


@dataclass(frozen=True, slots=True)
class DomainLost(Event):
    """A verified name was given up: its proof stayed away."""

    domain_id: UUID


class NoDomainName(Refused):
    """What cannot be a host name."""

    def __init__(self) -> None:
        super().__init__(_("Enter a host name such as portal.example.com: no https://, no port, no path."))


class DomainTaken(Conflict):
    """Somebody else proved it first, or let it go too lately; the two are not told apart."""

    def __init__(self, host: str) -> None:
        super().__init__(
            _(
                "%(host)s cannot be used: another shop has it, or had it until lately. A name that was let"
                " go is free for others after %(days)s days.",
                host=host,
                days=COOLING.days,
            )
        )


class HasDomain(Refused):
    """One own domain for one storefront."""

    def __init__(self, host: str) -> None:
        super().__init__(_("Your shop has %(host)s already. Let it go first to use another name.", host=host))


class NotInPlan(Denied):
    """The reseller's plan does not include it."""

    def __init__(self) -> None:
        super().__init__(_("Your plan does not include a domain of your own. Standard does."))


class NoOpenStorefront(Refused):
    """A name has to lead somewhere."""

    def __init__(self) -> None:
        super().__init__(
            _("A domain leads to your storefront. Choose a plan first; it opens when it is delivered.")
        )


def host_name(typed: str) -> str:
    """A host name in the form that browsers send: lower case, ASCII (IDNA), without a final dot.
    NoDomainName for anything else."""
    try:
        name = typed.strip().rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise NoDomainName from None
    labels = name.split(".")
    local = labels[-1] == "localhost" and settings().sandbox
    if (
        len(name) > 200
        or len(labels) < 2
        or not all(LABEL.fullmatch(label) for label in labels)
        or not (local or re.fullmatch(r"[a-z]{2,63}|xn--[a-z0-9-]+", labels[-1]))
        or (labels[-1] in ("localhost", "local", "internal", "test", "invalid") and not settings().sandbox)
    ):
        raise NoDomainName
    return name


def of_reseller(reseller_id: UUID) -> Domain | None:
    """The name that a reseller claims or has."""
    claimed = select(Domain).where(Domain.reseller_id == reseller_id, Domain.state != DomainState.RELEASED)
    return db.session().scalar(claimed)


def find(domain_id: UUID) -> Domain:
    """A claim inside the scope, locked: checks and releases take turns."""
    found = db.session().scalar(select(Domain).where(Domain.id == domain_id).with_for_update())
    if found is None:
        raise Missing("domain")
    return found


def claim(storefront: Storefront | None, typed: str, *, included: bool) -> Domain:
    """A name is claimed for the storefront; it leads nowhere before it is proven. `included`: whether the
    reseller's plan includes a domain."""
    if not included:
        raise NotInPlan
    if storefront is None or storefront.state is not StorefrontState.OPEN:
        raise NoOpenStorefront
    host = host_name(typed)
    if (standing := of_reseller(storefront.reseller_id)) is not None:
        raise HasDomain(standing.host)
    refuse_if_taken(host, storefront.id)
    claimed = Domain(
        id=new_id(),
        distributor_id=storefront.distributor_id,
        reseller_id=storefront.reseller_id,
        storefront_id=storefront.id,
        host=host,
        challenge=new_token(),
        state=DomainState.PENDING,
        note="Set the TXT record below where its DNS is kept, then let us look.",
        created_at=db.session().info["now"],
    )
    try:
        with db.savepoint():
            db.add(claimed)
            db.flush()
    except IntegrityError as error:
        raise HasDomain(host) from error
    trail.write(claimed, "domain claimed", host=host)
    return claimed


def refuse_if_taken(host: str, storefront_id: UUID) -> None:
    """DomainTaken while another shop has the name, and for some time after."""
    row = doors.call_here(TAKEN, {"p_host": host, "p_storefront": storefront_id})[0]
    if row.held or row.free_at is not None:
        raise DomainTaken(host)


def ask_check(domain: Domain) -> None:
    """A worker asks the name servers now; once for however many clicks within ten seconds."""
    now = db.session().info["now"]
    if domain.state is DomainState.RELEASED:
        raise Missing("domain")
    if domain.asked_at is not None and domain.asked_at > now - timedelta(seconds=10):
        return
    if domain.state is DomainState.FAILED:
        states.move(domain, DomainState.PENDING)
    domain.asked_at, domain.note = now, domain.note if domain.state is DomainState.VERIFIED else "Asking ..."
    tasks.add("check_domain", {"domain_id": str(domain.id)})


def is_being_checked(domain: Domain) -> bool:
    """Whether an answer is still to come."""
    return domain.asked_at is not None and (domain.checked_at is None or domain.checked_at < domain.asked_at)


def due(now: datetime) -> Sequence[UUID]:
    """Verified names that are to be looked at again."""
    chosen = select(Domain.id).where(Domain.state == DomainState.VERIFIED, Domain.look_at <= now)
    return db.session().scalars(chosen.order_by(Domain.look_at).limit(200)).all()


# --- What a look at the name servers means; as the distributor ----------------------------------------------


def record_look(domain: Domain, values: Sequence[str], problem: str, *, included: bool) -> None:
    """What was found under the record's name, or why nothing was. Proven means: one of the values is ours,
    and the plan still includes a domain."""
    if domain.state not in (DomainState.PENDING, DomainState.VERIFIED):
        return
    now = domain.checked_at = db.session().info["now"]
    missing = problem or _missing(domain, values)
    if not included:
        missing = "The plan does not include a domain of its own any more."
    if not missing:
        _hold(domain, now)
    elif domain.state is DomainState.PENDING:
        domain.note = missing
        states.move(domain, DomainState.FAILED, why=missing)
    else:
        _worry(domain, missing, now)


def _missing(domain: Domain, values: Sequence[str]) -> str:
    if domain.proof in values:
        return ""
    if values:
        return f"The record {domain.record} is there, but says something else: “{values[0][:80]}”."
    return f"There is no TXT record {domain.record} yet. New records can take some minutes, at times hours."


def _hold(domain: Domain, now: datetime) -> None:
    """Proven, for the first time or again. The unique key of `hosts` decides between two who prove at once,
    and whether the name still cools is asked after it is ours."""
    domain.look_at, domain.failing_since = now + EVERY, None
    if domain.state is DomainState.VERIFIED:
        domain.note = "The record is there."
        return
    try:
        with db.savepoint():
            db.add(Host(host=domain.host, storefront_id=domain.storefront_id, aliases=False))
            db.flush()
            refuse_if_taken(domain.host, domain.storefront_id)
    except (IntegrityError, DomainTaken):
        domain.note = str(DomainTaken(domain.host))
        states.move(domain, DomainState.FAILED, why="Another shop has it, or had it until lately.")
        return
    domain.verified_at, domain.note = now, "The record is there."
    states.move(domain, DomainState.VERIFIED)
    _address_changed(domain)


def _address_changed(domain: Domain) -> None:
    """Kept pages name the shop's one address: they end."""
    storefronts.touch_looks(storefronts.find(domain.storefront_id))


def _worry(domain: Domain, missing: str, now: datetime) -> None:
    """A verified name whose proof is missing: told at once, given up after the grace."""
    if domain.failing_since is None:
        domain.failing_since = now
        publish(DomainFailing(domain.id, f"{domain.id}:{now.isoformat()}"))
    domain.look_at, domain.note = now + timedelta(hours=1), missing
    if domain.failing_since <= now - GRACE:
        let_go(domain, why=missing)
        publish(DomainLost(domain.id))


def let_go(domain: Domain, *, why: str) -> None:
    """The name leads nowhere from now on, and is free for others only after it has cooled. A claim that was
    never proven cools nothing."""
    now = db.session().info["now"]
    if domain.state is DomainState.VERIFIED:
        db.session().execute(
            delete(Host).where(Host.host == domain.host, Host.storefront_id == domain.storefront_id)
        )
        domain.free_at = now + COOLING
        _address_changed(domain)
    domain.released_at, domain.look_at = now, None
    states.move(domain, DomainState.RELEASED, why=why)
