"""Deals: an active partner registers a company it wants to win, and while the deal lives nobody else may
pursue that company (H29-H36). Whoever registers a lead first holds it, from the registration on: pending and
approved deals hold their keys in three partial unique indexes, so of two at the same moment exactly one is
written. What the reviewer decides is in `deal_reviews.py`, how a deal ends by itself in `deal_ends.py`. A
reseller reads its deals; every change works as the distributor, through the functions here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Select, UniqueConstraint, literal_column, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, composite, mapped_column

from core import db, states, trail
from core.clock import business_now
from core.errors import Conflict, Missing, Refused
from core.events import Event, publish
from core.ids import new_code, new_id
from core.languages import _
from core.money import Money
from core.parties import normal_email
from core.tenancy import Access, ResellerOwned, owned_by
from partners import companies, deal_rules, enrolments, leads
from partners.applications import EMAIL
from partners.enrolments import Enrolment
from partners.leads import Keys
from partners.programmes import Programme

LONGEST = {
    "company": 200,
    "website": 200,
    "tax_id": 40,
    "contact_name": 120,
    "contact_email": 254,
    "products": 500,
    "comment": 2000,
}
REVIEWER = "storefront_manager"


class DealState(StrEnum):
    """PENDING and APPROVED hold the lead. WON by an order; LOST and WITHDRAWN are the reseller's word."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    WON = "won"
    LOST = "lost"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


NEW, ACTIVE = (DealState.PENDING,), (DealState.APPROVED,)
CLOSED = tuple(state for state in DealState if state not in (*NEW, *ACTIVE))
STATUSES: Mapping[str, tuple[DealState, ...]] = {"new": NEW, "active": ACTIVE, "closed": CLOSED}
"""The three words of the trade for where a deal is (M80)."""


class DealKind(StrEnum):
    """Who works on it (M80). SHARED: the distributor helps to win it."""

    INDEPENDENT = "independent"
    SHARED = "shared"


class Deal(ResellerOwned, db.Model):
    """One registered lead. `programme_name` is a copy: programmes are the distributor's to read. `name_key`,
    `domain` and `tax_id` are the keys it holds; `ends_at` is set by the approval (business clock, as all of
    its times); `reason` says why it was rejected; `version` counts changes, so that nobody changes what they
    have not seen."""

    __tablename__ = "deals"
    __access__ = Access(distributor="rcu", reseller="r", door="r")
    __table_args__ = (
        UniqueConstraint("distributor_id", "code"),
        owned_by("resellers", "reseller_id"),
        owned_by("programmes", "programme_id"),
        owned_by("customers", "customer_id"),
        CheckConstraint("state <> 'approved' OR ends_at IS NOT NULL", name="ends"),
        CheckConstraint("(state = 'rejected') = (reason <> '')", name="reason"),
        *(
            Index(
                f"uq_deals_{columns[0]}",
                "distributor_id",
                *columns,
                unique=True,
                postgresql_where=literal_column(f"state IN ('pending', 'approved') AND {columns[0]} <> ''"),
            )
            for columns in (("name_key", "country"), ("domain",), ("tax_id",))
        ),
        Index("ix_deals_reseller", "distributor_id", "reseller_id", "id"),
        Index("ix_deals_state", "distributor_id", "state", "id"),
        Index(
            "ix_deals_ends",
            "distributor_id",
            "ends_at",
            postgresql_where=literal_column("state = 'approved'"),
        ),
        Index("ix_deals_like", "company", postgresql_using="gin", postgresql_ops={"company": "gin_trgm_ops"}),
    )
    LIFE = states.Transitions(
        {
            DealState.PENDING: [DealState.APPROVED, DealState.REJECTED, DealState.WITHDRAWN],
            DealState.APPROVED: [DealState.WON, DealState.LOST, DealState.WITHDRAWN, DealState.EXPIRED],
            **dict.fromkeys(CLOSED, ()),
        },
        first=DealState.PENDING,
    )

    programme_id: Mapped[UUID]
    programme_name: Mapped[str]
    code: Mapped[str]
    kind: Mapped[DealKind]
    company: Mapped[str]
    website: Mapped[str]
    country: Mapped[str]
    name_key: Mapped[str]
    domain: Mapped[str]
    tax_id: Mapped[str]
    contact_name: Mapped[str]
    contact_email: Mapped[str]
    products: Mapped[str]
    seats: Mapped[int]
    closes_on: Mapped[date]
    value_minor: Mapped[int]
    currency: Mapped[str]
    comment: Mapped[str]
    may_share: Mapped[bool]
    may_contact: Mapped[bool]
    state: Mapped[DealState]
    reason: Mapped[str] = mapped_column(default="")
    registered_at: Mapped[datetime]
    registered_by: Mapped[str]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(default="")
    ends_at: Mapped[datetime | None]
    notice_at: Mapped[datetime | None]
    noticed: Mapped[bool] = mapped_column(default=False)
    extended: Mapped[bool] = mapped_column(default=False)
    closed_at: Mapped[datetime | None]
    customer_id: Mapped[UUID | None]
    order_code: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)

    value: Mapped[Money] = composite(Money, "value_minor", "currency")

    @property
    def open(self) -> bool:
        """Whether it holds its lead, unless its days are over."""
        return self.state in (*NEW, *ACTIVE)


@dataclass(frozen=True, slots=True)
class Lead:
    """What a reseller says about the company it wants to win; `closes_on`: when it expects to."""

    company: str
    country: str
    contact_name: str
    contact_email: str
    products: str
    seats: int
    closes_on: date
    value: Money
    website: str = ""
    tax_id: str = ""
    comment: str = ""
    kind: DealKind = DealKind.INDEPENDENT
    may_share: bool = False
    may_contact: bool = False


# --- What happened ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DealRegistered(Event):
    """Somebody has to look at it."""

    deal_id: UUID


@dataclass(frozen=True, slots=True)
class DealApproved(Event):
    """From now on the lead is the reseller's alone."""

    deal_id: UUID


@dataclass(frozen=True, slots=True)
class DealRejected(Event):
    """With one of the programme's reasons."""

    deal_id: UUID


@dataclass(frozen=True, slots=True)
class DealExpiring(Event):
    """Its days are over soon; `notice` is unique per deal and end."""

    deal_id: UUID
    notice: str


@dataclass(frozen=True, slots=True)
class DealExpired(Event):
    """Its days are over without a sale; the lead is free."""

    deal_id: UUID


@dataclass(frozen=True, slots=True)
class DealWon(Event):
    """An order of the company was paid for."""

    deal_id: UUID


# --- Refusals -----------------------------------------------------------------------------------------------


class LeadIncomplete(Refused):
    """Something is missing or has not the form it must have; `problems` is field -> sentence."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(_("Please look at what your registration says."))
        self.problems = dict(problems)


class TakesNoDeals(Refused):
    """Not every programme has deals."""

    def __init__(self, programme: str) -> None:
        super().__init__(_("%(programme)s takes no deals.", programme=programme))


class LeadHeld(Conflict):
    """Another reseller holds it by a living approval: the programme's first reason (H31)."""

    def __init__(self, reason: str) -> None:
        super().__init__(_("This lead cannot be registered: %(reason)s", reason=reason))


class LeadWaits(Conflict):
    """Another reseller was first; nobody has decided yet."""

    def __init__(self) -> None:
        super().__init__(
            _("Another partner has registered this company before you, and it waits for a decision.")
        )


class RegisteredAlready(Conflict):
    """The reseller's own deal holds it."""

    def __init__(self, code: str) -> None:
        super().__init__(_("You have registered this company already: %(code)s.", code=code))


class DealChanged(Conflict):
    """Somebody changed it since the page was opened (M80: an update names the version that it saw)."""

    def __init__(self) -> None:
        super().__init__(_("This deal has changed since you opened the page. Please look at it again."))


# --- Registering --------------------------------------------------------------------------------------------


def register(programme: Programme, reseller_id: UUID, lead: Lead, *, by: str) -> Deal:
    """A pending deal of an active partner (H5, H29); LeadHeld, LeadWaits or RegisteredAlready where the lead
    is held. Works as the distributor: the lead is compared with every reseller's."""
    enrolments.refuse_unless_active(programme, reseller_id)
    rules = deal_rules.of(programme.id)
    if not rules.takes_deals:
        raise TakesNoDeals(programme.name)
    fine = checked(lead)
    held = keys_of(fine)
    free_those_over(held)
    if (other := holder(held)) is not None:
        raise _held_by(other, reseller_id, rules)
    added = Deal(
        id=new_id(),
        reseller_id=reseller_id,
        programme_id=programme.id,
        programme_name=programme.name,
        code=new_code("DEAL", 7),
        state=DealState.PENDING,
        name_key=held.names[0],
        domain=next(iter(held.domains), ""),
        registered_at=business_now(),
        registered_by=by,
        **_columns(fine),
    )
    try:
        with db.savepoint():
            db.add(added)
            db.flush()
    except IntegrityError:  # somebody else at the same moment: the indexes let one through
        if (other := holder(held)) is None:
            raise
        raise _held_by(other, reseller_id, rules) from None
    trail.write(added, "registered", told={"by": by})
    publish(DealRegistered(added.id))
    return added


def _columns(lead: Lead) -> dict[str, Any]:
    names = ("company", "country", "website", "tax_id", "contact_name", "contact_email", "products", "seats")
    more = ("closes_on", "comment", "kind", "may_share", "may_contact")
    about = {name: getattr(lead, name) for name in (*names, *more)}
    return about | {"value_minor": lead.value.minor, "currency": lead.value.currency}


def checked(lead: Lead) -> Lead:
    """The lead in one spelling; LeadIncomplete says all that is wrong with it."""
    said = {name: " ".join(str(getattr(lead, name)).split()) for name in LONGEST if name != "comment"}
    said["comment"], said["contact_email"] = lead.comment.strip(), normal_email(lead.contact_email)
    country = lead.country.strip().upper()
    problems = {
        name: words
        for name, words in {
            "company": _("Please enter the company's name."),
            "contact_name": _("Please enter whom you talk to there."),
            "products": _("Please say what the company is interested in."),
        }.items()
        if not said[name]
    }
    if said["company"] and not leads.plain(said["company"]):
        problems["company"] = _("A name has letters.")
    if country not in companies.countries():
        problems["country"] = _("Please choose the country.")
    if not EMAIL.fullmatch(said["contact_email"]):
        problems["contact_email"] = _("Enter an e-mail address, such as anna@example.com.")
    if said["website"] and not leads.domain_of(said["website"]):
        problems["website"] = _("Enter the company's own website, such as example.com.")
    if said["tax_id"] and country in companies.EU:
        try:
            said["tax_id"] = companies.vat_number(leads.tax_key(said["tax_id"]), country)
        except ValueError as wrong:
            problems["tax_id"] = str(wrong)
    if lead.seats < 1:
        problems["seats"] = _("At least one.")
    if lead.closes_on < business_now().date():
        problems["closes_on"] = _("Choose a day to come.")
    if lead.value.minor < 0:
        problems["value"] = _("An amount, such as 1,200.00.")
    if not lead.may_share:
        problems["may_share"] = _("Without the company's consent its data must not be passed on.")
    for name, longest in LONGEST.items():
        if len(said[name]) > longest:
            problems[name] = _("At most %(most)s characters.", most=longest)
    if problems:
        raise LeadIncomplete(problems)
    said["tax_id"] = leads.tax_key(said["tax_id"])
    return Lead(
        country=country,
        seats=lead.seats,
        closes_on=lead.closes_on,
        value=lead.value,
        kind=lead.kind,
        may_share=lead.may_share,
        may_contact=lead.may_contact,
        **said,
    )


def keys_of(lead: Lead) -> Keys:
    """What a deal with this lead holds."""
    return leads.keys([lead.company], lead.country, addresses=[lead.website], tax_id=lead.tax_id)


def holder(held: Keys) -> Deal | None:
    """The pending or approved deal that holds one of the keys; an approved one first."""
    chosen = _with(held).where(Deal.state.in_((*NEW, *ACTIVE)))
    return db.session().scalar(chosen.order_by(Deal.state, Deal.id).limit(1))


def free_those_over(held: Keys) -> None:
    """Deals that hold one of the keys and whose days are over end now; the task need not have come round
    (H35, H36)."""
    over = _with(held).where(Deal.state == DealState.APPROVED, Deal.ends_at <= business_now())
    for deal in db.session().scalars(over.with_for_update()):
        expire(deal)


def _with(held: Keys) -> Select[Deal]:
    return select(Deal).where(
        or_(
            Deal.name_key.in_(held.names) & (Deal.country == held.country),
            (Deal.domain != "") & Deal.domain.in_(held.domains),
            (Deal.tax_id != "") & (Deal.tax_id == held.tax_id),
        )
    )


def _held_by(other: Deal, reseller_id: UUID, rules: deal_rules.Rules) -> Conflict:
    if other.reseller_id == reseller_id:
        return RegisteredAlready(other.code)
    return LeadHeld(rules.reasons[0]) if other.state is DealState.APPROVED else LeadWaits()


def note_refused(enrolment: Enrolment, company: str, refusal: Refused | Conflict) -> None:
    """Into the trail of the partnership, in a transaction of its own: a refused registration leaves nothing
    else behind."""
    trail.write(enrolment, "lead refused", why=str(refusal), company=company)


# --- The reseller's further acts ----------------------------------------------------------------------------


def to_change(code: str, reseller_id: UUID, seen: str) -> Deal:
    """A reseller's own deal, locked, as the version that it saw; Missing for any other's, DealChanged when it
    is another by now."""
    chosen = select(Deal).where(Deal.code == code, Deal.reseller_id == reseller_id)
    return as_seen(db.session().scalar(chosen.with_for_update()), seen)


def as_seen(deal: Deal | None, seen: str) -> Deal:
    """The deal, if it is still the version that a page showed."""
    if deal is None:
        raise Missing("deal")
    if seen != str(deal.version):
        raise DealChanged
    return deal


def change(deal: Deal, lead: Lead) -> None:
    """What may change while it is open: all but the company itself, which was decided on."""
    if not deal.open:
        raise states.IllegalMove("deal", deal.state, deal.state)
    kept = Lead(
        company=deal.company,
        country=deal.country,
        website=deal.website,
        tax_id=deal.tax_id,
        contact_name=lead.contact_name,
        contact_email=lead.contact_email,
        products=lead.products,
        seats=lead.seats,
        closes_on=lead.closes_on,
        value=lead.value,
        comment=lead.comment,
        kind=lead.kind,
        may_share=deal.may_share,
        may_contact=lead.may_contact,
    )
    fresh = _columns(checked(kept))
    changed = {name: value for name, value in fresh.items() if getattr(deal, name) != value}
    for name, value in changed.items():
        setattr(deal, name, value)
    if changed:
        deal.version += 1
        trail.write(deal, "changed", **changed)


def withdraw(deal: Deal) -> None:
    """The reseller does not pursue it any more; the lead is free."""
    close(deal, DealState.WITHDRAWN)


def lose(deal: Deal, why: str) -> None:
    """The company has decided against it; the lead is free."""
    close(deal, DealState.LOST, why=" ".join(why.split())[:500])


def expire(deal: Deal) -> None:
    """Its days are over without a sale (H35)."""
    close(deal, DealState.EXPIRED)
    publish(DealExpired(deal.id))


def close(deal: Deal, to: DealState, *, why: str = "", told: Mapping[str, object] | None = None) -> None:
    """Into one of the closed states."""
    states.move(deal, to, why=why, told=told)
    deal.closed_at = business_now()
    deal.version += 1
    db.flush()


# --- Reading ------------------------------------------------------------------------------------------------


def find(code: str) -> Deal:
    """A deal of the scope."""
    found = db.session().scalar(select(Deal).where(Deal.code == code))
    if found is None:
        raise Missing("deal")
    return found


def of_id(deal_id: UUID) -> Deal:
    """The deal of an event."""
    return db.session().scalars(select(Deal).where(Deal.id == deal_id)).one()


def programmes_of(reseller_id: UUID) -> list[Programme]:
    """The programmes that take deals and in which the reseller is an active partner, by name; read as the
    distributor."""
    chosen = (
        select(Programme)
        .join(
            Enrolment,
            (Enrolment.distributor_id == Programme.distributor_id) & (Enrolment.programme_id == Programme.id),
        )
        .join(
            deal_rules.DealRules,
            (deal_rules.DealRules.distributor_id == Programme.distributor_id)
            & (deal_rules.DealRules.programme_id == Programme.id),
        )
        .where(
            Enrolment.reseller_id == reseller_id,
            Enrolment.state == enrolments.EnrolmentState.ACTIVE,
            Enrolment.ends_at > business_now(),
            deal_rules.DealRules.takes_deals,
        )
        .order_by(Programme.name, Programme.id)
    )
    return list(db.session().scalars(chosen))


def may_review(deal: Deal, roles: Collection[str], person_id: UUID | None) -> bool:
    """Whether a member of the distributor's staff decides on this deal: administrators and storefront
    managers."""
    return bool({"admin", REVIEWER} & set(roles))
