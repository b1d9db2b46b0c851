"""Who may take over what a reseller sells, and how a provider comes to know a customer it never sold to.

A reseller takes over from others whom it has invited and who have accepted that; the distributor itself takes
over from all its resellers. Each such pair is two rows, one of either reseller, because a row belongs to one
(docs/decisions/0024-what-moves-between-providers.md).

A relation between a provider and a customer comes about by the provider's own invitation of the customer, or
by *extension* (M44): a partner in transition names a provider to an existing direct customer of its own. The
customer's billing data are copied; nobody gets any right by it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, exists, literal_column, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, aliased, mapped_column

from core import db, parties, states, trail
from core.errors import Conflict, Missing, Refused
from core.events import Event, publish
from core.ids import new_code, new_id
from core.languages import _
from core.parties import Customer, Membership, Reseller
from core.tenancy import Access, CustomerOwned, ResellerOwned, owned_by
from partners import companies


class PairState(StrEnum):
    """INVITED: the sending side has not accepted yet."""

    INVITED = "invited"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    ENDED = "ended"


class TransferPartner(ResellerOwned, db.Model):
    """One reseller's half of "A may hand over to B". `takes`: this reseller is B, who has invited."""

    __tablename__ = "transfer_partners"
    __access__ = Access(distributor="rcu", reseller="r")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        owned_by("resellers", "other_id"),
        Index(
            "uq_transfer_partners_standing",
            "distributor_id",
            "reseller_id",
            "other_id",
            "takes",
            unique=True,
            postgresql_where=literal_column("state IN ('invited', 'accepted')"),
        ),
    )
    LIFE = states.Transitions(
        {
            PairState.INVITED: [PairState.ACCEPTED, PairState.DECLINED, PairState.ENDED],
            PairState.ACCEPTED: [PairState.ENDED],
            PairState.DECLINED: [],
            PairState.ENDED: [],
        },
        first=PairState.INVITED,
    )

    code: Mapped[str]
    takes: Mapped[bool]
    other_id: Mapped[UUID]
    other_name: Mapped[str]
    state: Mapped[PairState] = mapped_column(default=PairState.INVITED)
    invited_by: Mapped[str]
    invited_at: Mapped[datetime]
    answered_by: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[datetime | None]


class PartnerInTransition(ResellerOwned, db.Model):
    """A reseller that sold direct and is handing its customers over: until the distributor ends it, it may
    extend relations of those who were its customers when it began."""

    __tablename__ = "partners_in_transition"
    __access__ = Access(distributor="rcu", reseller="r")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        Index(
            "uq_partners_in_transition_now",
            "distributor_id",
            "reseller_id",
            unique=True,
            postgresql_where=literal_column("ended_at IS NULL"),
        ),
    )

    since: Mapped[datetime]
    by: Mapped[str]
    ended_at: Mapped[datetime | None]


class RelationExtension(CustomerOwned, db.Model):
    """The evidence: who said that the customer was told and agrees, to whom its data were copied, which."""

    __tablename__ = "relation_extensions"
    __access__ = Access(distributor="rc", reseller="r", customer="r")
    __table_args__ = (owned_by("customers", "customer_id"), owned_by("resellers", "reseller_id"))

    provider_name: Mapped[str]
    stated_by: Mapped[str]
    person_id: Mapped[UUID | None]
    stated_at: Mapped[datetime]
    copied: Mapped[list[str]]


@dataclass(frozen=True, slots=True)
class TransferPartnerInvited(Event):
    """A provider asks a reseller whether it wants to hand over to it."""

    pair_id: UUID


@dataclass(frozen=True, slots=True)
class TransferPartnerAnswered(Event):
    """The invited reseller has said yes or no."""

    pair_id: UUID


# --- Refusals -----------------------------------------------------------------------------------------------


class NoSuchReseller(Refused):
    """Only by its code, which it has told; nobody can look through the distributor's resellers."""

    def __init__(self) -> None:
        super().__init__(_("No reseller has this code. Ask the company for the code of its own account."))


class InvitedAlready(Conflict):
    """Once is enough."""

    def __init__(self, name: str) -> None:
        super().__init__(_("%(name)s is invited already, or has accepted.", name=name))


class NotAProvider(Refused):
    """M44: only providers whose invitation was accepted."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "You can hand over to the distributor and to providers whose invitation you have accepted."
                " This one is not among them."
            )
        )


class NotInTransition(Refused):
    """M44: extension is for transitioning partners only."""

    def __init__(self, provider: str) -> None:
        super().__init__(
            _(
                "%(provider)s has no relation with this customer yet. Only a partner in transition may extend"
                " its own to a provider; you are none. Ask %(provider)s to invite the customer.",
                provider=provider,
            )
        )


class NotAnExistingCustomer(Refused):
    """M44: only existing direct customers."""

    def __init__(self, customer: str, provider: str) -> None:
        super().__init__(
            _(
                "%(customer)s became your customer after your transition had begun, so the relation cannot be"
                " extended. Ask %(provider)s to invite the customer.",
                customer=customer,
                provider=provider,
            )
        )


class NoConsent(Refused):
    """The customer has to know."""

    def __init__(self) -> None:
        super().__init__(
            _("Tell the customer first: say on the form that it was informed and agrees, then send it again.")
        )


# --- Who hands over to whom ---------------------------------------------------------------------------------


def invite(provider_id: UUID, code: str, *, by: str) -> TransferPartner:
    """A provider asks the reseller with this code; gives back the provider's half. Works as the
    distributor."""
    found = select(Reseller).where(Reseller.code == code.strip().upper(), ~Reseller.house)
    reseller = db.session().scalar(found)
    if reseller is None or reseller.id == provider_id:
        raise NoSuchReseller
    provider, now, shared = parties.reseller(provider_id), db.session().info["now"], new_code("TPA")
    halves = [
        TransferPartner(
            id=new_id(),
            reseller_id=mine.id,
            other_id=other.id,
            other_name=other.name,
            code=shared,
            takes=mine is provider,
            invited_by=by,
            invited_at=now,
        )
        for mine, other in ((provider, reseller), (reseller, provider))
    ]
    try:
        with db.savepoint():
            db.session().add_all(halves)
            db.flush()
    except IntegrityError as error:
        raise InvitedAlready(reseller.name) from error
    for half in halves:
        trail.write(half, "invited", told={"by": by})
    publish(TransferPartnerInvited(halves[1].id))
    return halves[0]


def answer(reseller_id: UUID, code: str, *, accepts: bool, by: str) -> TransferPartner:
    """The invited reseller says yes or no; its half."""
    mine, other = _halves(reseller_id, code)
    if mine.takes:
        raise Missing("invitation")
    to = PairState.ACCEPTED if accepts else PairState.DECLINED
    for half in (mine, other):
        states.move(half, to, told={"by": by})
        half.answered_by, half.answered_at = by, db.session().info["now"]
    db.flush()
    publish(TransferPartnerAnswered(other.id))
    return mine


def part(reseller_id: UUID, code: str, *, by: str) -> TransferPartner:
    """Either side ends it; what is under way goes on."""
    mine, other = _halves(reseller_id, code)
    for half in (mine, other):
        states.move(half, PairState.ENDED, told={"by": by})
    return mine


def _halves(reseller_id: UUID, code: str) -> tuple[TransferPartner, TransferPartner]:
    """Mine and the other's, both locked in one order."""
    rows = list(
        db.session().scalars(
            select(TransferPartner)
            .where(TransferPartner.code == code)
            .order_by(TransferPartner.id)
            .with_for_update()
        )
    )
    mine = next((row for row in rows if row.reseller_id == reseller_id), None)
    other = next((row for row in rows if row.reseller_id != reseller_id), None)
    if mine is None or other is None:
        raise Missing("invitation")
    return mine, other


def of_reseller(reseller_id: UUID) -> list[TransferPartner]:
    """Whom it takes over from, and whom it may hand over to; newest first."""
    mine = select(TransferPartner).where(TransferPartner.reseller_id == reseller_id)
    return list(db.session().scalars(mine.order_by(TransferPartner.id.desc()).limit(200)))


def provider(reseller_id: UUID, chosen: str) -> Reseller:
    """Whom a reseller has chosen to hand over to: "house" is the distributor, anything else the code of an
    accepted invitation. Works as the distributor; NotAProvider for anybody else."""
    if chosen == "house":
        house = db.session().scalars(select(Reseller).where(Reseller.house)).one()
        if house.id == reseller_id:
            raise NotAProvider
        return house
    pair = db.session().scalar(
        select(TransferPartner).where(
            TransferPartner.code == chosen,
            TransferPartner.reseller_id == reseller_id,
            ~TransferPartner.takes,
            TransferPartner.state == PairState.ACCEPTED,
        )
    )
    if pair is None:
        raise NotAProvider
    return parties.reseller(pair.other_id)


# --- Partners in transition ---------------------------------------------------------------------------------


class InTransitionAlready(Conflict):
    """Once is enough."""

    def __init__(self, name: str) -> None:
        super().__init__(_("%(name)s is in transition already.", name=name))


def begin_transition(reseller: Reseller, *, by: str) -> PartnerInTransition:
    """From now on it may extend the relations of those who are its customers today."""
    begun = PartnerInTransition(
        id=new_id(), reseller_id=reseller.id, since=db.session().info["now"], by=by, ended_at=None
    )
    try:
        with db.savepoint():
            db.add(begun)
            db.flush()
    except IntegrityError as error:
        raise InTransitionAlready(reseller.name) from error
    trail.write(reseller, "transition begun", told={"by": by})
    return begun


def end_transition(reseller: Reseller, *, by: str) -> None:
    """No more relations are extended; those that were stay."""
    standing = transition_of(reseller.id)
    if standing is None:
        raise Missing("transition")
    standing.ended_at = db.session().info["now"]
    trail.write(reseller, "transition ended", told={"by": by})


def transition_of(reseller_id: UUID) -> PartnerInTransition | None:
    """Its transition, while it lasts."""
    return db.session().scalar(
        select(PartnerInTransition).where(
            PartnerInTransition.reseller_id == reseller_id, PartnerInTransition.ended_at.is_(None)
        )
    )


# --- Relations with a customer ------------------------------------------------------------------------------


def relation(customer: Customer, provider_id: UUID) -> Customer | None:
    """The same company as a customer of the provider: linked by an extension, or known to be the same because
    a person who belongs to it here has accepted the provider's invitation there. Works as the distributor."""
    here, there = aliased(Membership), aliased(Membership)
    same_people = exists().where(
        here.customer_id == customer.id,
        here.ended_at.is_(None),
        there.customer_id == Customer.id,
        there.ended_at.is_(None),
        there.person_id == here.person_id,
    )
    return db.session().scalar(
        select(Customer)
        .where(
            Customer.reseller_id == provider_id,
            Customer.ended_at.is_(None),
            or_(Customer.company_id == customer.company_id, same_people),
        )
        .order_by((Customer.company_id == customer.company_id).desc(), Customer.id)
        .limit(1)
    )


COPIED = ("name", "email", "country", "legal_name", "street", "postcode", "city", "tax_id")


def extend(
    customer: Customer, provider: Reseller, *, consent: bool, by: str, person_id: UUID | None
) -> Customer:
    """A relation of the provider with an existing direct customer of a partner in transition (M44): its
    billing data are copied, nobody gets a right by it, and who said that the customer agrees is kept. Works
    as the distributor."""
    transition = transition_of(customer.reseller_id)
    if transition is None:
        raise NotInTransition(provider.name)
    if customer.created_at > transition.since:
        raise NotAnExistingCustomer(customer.name, provider.name)
    if not consent:
        raise NoConsent
    # Of two extensions at once the second finds what the first has made.
    db.session().execute(select(Customer.id).where(Customer.id == customer.id).with_for_update())
    if (made := relation(customer, provider.id)) is not None:
        return made
    now = db.session().info["now"]
    theirs = db.add(
        Customer(
            id=new_id(),
            reseller_id=provider.id,
            company_id=customer.company_id,
            code=new_code("CUS", 6),
            name=customer.name,
            email=customer.email,
            country=customer.country,
            ordered_by=customer.ordered_by,
            created_at=now,
        )
    )
    db.flush()
    trail.write(theirs, "relation extended", told={"by": parties.reseller(customer.reseller_id).name})
    if (details := companies.of(customer.id)) is not None:
        companies.keep(companies.as_details(details), reseller_id=provider.id, customer_id=theirs.id)
    db.add(
        RelationExtension(
            id=new_id(),
            reseller_id=customer.reseller_id,
            customer_id=customer.id,
            provider_name=provider.name,
            stated_by=by,
            person_id=person_id,
            stated_at=now,
            copied=list(COPIED if details is not None else COPIED[:3]),
        )
    )
    db.flush()
    trail.write(customer, "relation extended", told={"to": provider.name, "by": by})
    return theirs
