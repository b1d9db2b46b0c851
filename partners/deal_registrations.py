"""Registering a deal: who may, what a lead has to say, and who was first. Whoever registers a lead first
holds it, from the registration on; of two at the same moment exactly one is written, because the indexes of
`deals` let one through. Works as the distributor: a lead is compared with every reseller's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.exc import IntegrityError

from core import db, trail
from core.clock import business_now
from core.errors import Conflict, Refused
from core.events import publish
from core.ids import new_code, new_id
from core.languages import _
from core.money import Money
from core.parties import normal_email
from core.tenancy import same_key
from partners import companies, deal_rules, deals, enrolments, leads
from partners.deals import ACTIVE, NEW, Deal, DealKind, DealRegistered, DealState
from partners.enrolments import Enrolment
from partners.evidence_checks import EMAIL
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


class DealClosed(Conflict):
    """It is decided, won, given up or over."""

    def __init__(self) -> None:
        super().__init__(_("This deal is closed, so nothing of it changes any more."))


class RegisteredAlready(Conflict):
    """The reseller's own deal holds it."""

    def __init__(self, code: str) -> None:
        super().__init__(_("You have registered this company already: %(code)s.", code=code))


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
        deals.expire(deal)


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


def change(deal: Deal, lead: Lead) -> None:
    """What may change while it is open: all but the company itself, which was decided on."""
    if not deal.open:
        raise DealClosed
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


def programmes_of(reseller_id: UUID) -> list[Programme]:
    """The programmes that take deals and in which the reseller is an active partner, by name; read as the
    distributor."""
    chosen = (
        select(Programme)
        .join(Enrolment, same_key(Enrolment.programme_id, Programme.id))
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
