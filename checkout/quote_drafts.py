"""A reseller writes a quote: for whom, which plans at which price, until when. It is sent by
checkout/quote_sending.py; afterwards only a draft of the next version can say something else. Nobody is
quoted whom another reseller's deal holds (H33)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import delete, select

from billing import tax
from catalog import retail_rules
from catalog.listings import NotOffered
from catalog.offerings import first_allowed
from catalog.products import Plan, Product
from checkout import quotable_plans, quotes
from checkout.baskets import check_quantity
from checkout.quotes import LONGEST_WORDS, Quote, QuoteLine, QuoteOver, QuoteState
from core import db, parties
from core.errors import Missing, Refusal, Refused
from core.ids import new_code, new_id, new_token, token_hash
from core.languages import _
from core.money import Money
from core.parties import Customer, normal_email
from core.tenancy import current, same_key
from partners import companies, customers, leads, storefronts
from partners.customer_agreements import EMAIL
from partners.storefronts import StorefrontState

MOST_LINES = 50
LONGEST_NAME = 200
VALID_DAYS, MOST_DAYS = 30, 365


@dataclass(frozen=True, slots=True)
class Prospect:
    """A company that is no customer yet."""

    company: str
    name: str
    email: str
    country: str = ""


# --- Refusals -----------------------------------------------------------------------------------------------


class NoShopYet(Refused):
    """A quote leads into the reseller's own shop."""

    title = "Your storefront comes first"

    def __init__(self) -> None:
        super().__init__(_("A quote is accepted in your own shop. Open your storefront first, under “Plan”."))


class QuoteIncomplete(Refused):
    """Something is missing or cannot be read; `problems` says what at each field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(_("Please look at the marked fields."))
        self.problems = dict(problems)


class TooManyLines(Refused):
    """A paper that nobody reads."""

    def __init__(self) -> None:
        super().__init__(_("A quote has at most %(most)s lines.", most=MOST_LINES))


class NotADraft(Refused):
    """What was sent is not changed any more."""

    def __init__(self) -> None:
        super().__init__(_("This version was sent, so it is not changed any more. Make a new version of it."))


# --- For whom -----------------------------------------------------------------------------------------------


def begin(whom: Customer | Prospect, *, by: str) -> Quote:
    """A new draft of the scope's reseller for one of its customers, or for a company that is none yet."""
    reseller_id = current().reseller_id
    if reseller_id is None:
        raise Missing("reseller")
    shop = storefronts.of_reseller(reseller_id)
    if shop is None or shop.state is not StorefrontState.OPEN:
        raise NoShopYet
    day = tax.today() + timedelta(days=VALID_DAYS)
    code, nonce = new_code("QUO"), new_token()
    prospect = _prospect(whom)
    draft = db.add(
        Quote(
            id=new_id(),
            reseller_id=reseller_id,
            code=code,
            series=code,
            version=1,
            state=QuoteState.DRAFT,
            for_customer_id=whom.id if isinstance(whom, Customer) else None,
            company=prospect.company,
            name=prospect.name,
            email=prospect.email,
            country=prospect.country,
            currency=shop.currency,
            valid_until=day,
            ends_at=quotes.end_of(day),
            nonce=nonce,
            token_hash=token_hash(quotes.token_of(nonce)),
            made_by=by,
            created_at=db.session().info["now"],
        )
    )
    refuse_a_lead_of_others(draft)
    db.flush()
    quotes.note(draft, "begun")
    return draft


def _prospect(whom: Customer | Prospect) -> Prospect:
    """The company as a quote names it; QuoteIncomplete."""
    if isinstance(whom, Customer):
        customers.on_the_list(whom)
        people = parties.members(customer_id=whom.id)
        name = people[0].name if people else whom.name
        return Prospect(whom.name, name, whom.email, whom.country)
    company, name = " ".join(whom.company.split()), " ".join(whom.name.split())
    email = normal_email(whom.email)
    problems: dict[str, str] = {}
    if not company or len(company) > LONGEST_NAME:
        problems["company"] = _("Write the company's name.")
    if not name or len(name) > LONGEST_NAME:
        problems["name"] = _("Enter the name of the person.")
    if len(email) > 254 or not EMAIL.fullmatch(email):
        problems["email"] = _("Enter an e-mail address, such as anna@example.com.")
    country = whom.country.strip().upper()
    if country and country not in companies.countries():
        problems["country"] = _("Please choose the country.")
    if problems:
        raise QuoteIncomplete(problems)
    return Prospect(company, name, email, country)


def customer_of(quote: Quote) -> Customer | None:
    """The customer it is for, or nothing while its company is none."""
    return parties.customer(quote.for_customer_id) if quote.for_customer_id else None


def refuse_a_lead_of_others(quote: Quote) -> None:
    """LeadTaken while another reseller's deal holds the company (H33)."""
    leads.refuse_to_sell(quote.reseller_id, quote.company, quotes.lead_of(quote, customer_of(quote)))


def add_line(quote: Quote, plan_id: UUID, quantity: int | None = None) -> QuoteLine:
    """Puts a plan into a draft at the shop's price, its smallest number of units to begin with, or so many.
    NotOffered, TooManyLines, WrongQuantity; one that is there already stays as it is."""
    refuse_unless_draft(quote)
    present = quotes.lines(quote.id)
    if (known := next((line for line in present if line.plan_id == plan_id), None)) is not None:
        return known
    if len(present) >= MOST_LINES:
        raise TooManyLines
    row = db.session().execute(quotable_plans.sold_to(quote.reseller_id).where(Plan.id == plan_id)).first()
    if row is None or row[0].currency != quote.currency:
        raise NotOffered(_name(plan_id))
    plan, product, kind, _price, _discount = row
    units = first_allowed(plan.minimum_quantity, plan.quantity_step) if quantity is None else quantity
    check_quantity(units, plan.minimum_quantity, plan.maximum_quantity, kind.unit, plan.quantity_step)
    price = quotable_plans.shop_prices(quote.reseller_id, [plan_id], units).get(plan_id, plan.list_price)
    line = db.add(
        QuoteLine(
            id=new_id(),
            reseller_id=quote.reseller_id,
            quote_id=quote.id,
            number=max((one.number for one in present), default=0) + 1,
            plan_id=plan.id,
            product_name=product.name,
            plan_name=plan.name,
            unit=kind.unit,
            quantity=units,
            term=plan.term,
            billing_period=plan.billing_period,
            unit_minor=price.minor,
            currency=price.currency,
        )
    )
    db.flush()
    return line


def _name(plan_id: UUID) -> str:
    """What a plan is called, also where it is not sold."""
    chosen = select(Product.name, Plan.name).join(Product, same_key(Product.id, Plan.product_id))
    found = db.session().execute(chosen.where(Plan.id == plan_id)).first()
    return ", ".join(found) if found else ""


def remove_line(quote: Quote, line_id: UUID) -> None:
    """Takes a line out of a draft; one that is gone already stays so."""
    refuse_unless_draft(quote)
    mine = (QuoteLine.id == line_id) & (QuoteLine.quote_id == quote.id)
    db.session().execute(delete(QuoteLine).where(mine))


@dataclass(frozen=True, slots=True)
class Said:
    """What the editor says: line -> (units, price per unit), the day, the words."""

    lines: Mapping[UUID, tuple[int, Money]]
    valid_until: date | None
    message: str


def keep(quote: Quote, said: Said) -> None:
    """Writes a draft; QuoteIncomplete says at each field what is wrong, and nothing is kept."""
    refuse_unless_draft(quote)
    problems = wrong_days(said.valid_until)
    if len(said.message) > LONGEST_WORDS:
        problems["message"] = _("At most %(most)s characters.", most=LONGEST_WORDS)
    present = [line for line in quotes.lines(quote.id) if line.id in said.lines]
    bounds = _bounds([line.plan_id for line in present])
    for line in present:
        quantity, price = said.lines[line.id]
        problems |= _wrong_line(line, quantity, price, *bounds[line.plan_id])
    if problems:
        raise QuoteIncomplete(problems)
    for line in present:
        line.quantity, line.unit_minor = said.lines[line.id][0], said.lines[line.id][1].minor
    quote.message = said.message.strip()
    if said.valid_until is not None:
        quote.valid_until, quote.ends_at = said.valid_until, quotes.end_of(said.valid_until)
    count_up(quote)


def count_up(quote: Quote) -> None:
    """After its lines have changed: what lists show of it."""
    db.flush()
    quote.total_minor = quotes.sum_of(quotes.lines(quote.id), quote.currency).minor


def wrong_days(day: date | None) -> dict[str, str]:
    """What is wrong with the last day of a quote, at its field; nothing if it is one to come."""
    if day is None:
        return {"valid_until": _("Choose the last day on which it may be accepted.")}
    if not tax.today() <= day <= tax.today() + timedelta(days=MOST_DAYS):
        return {"valid_until": _("Choose a day from today on, at most %(most)s days away.", most=MOST_DAYS)}
    return {}


def _bounds(plan_ids: Sequence[UUID]) -> dict[UUID, tuple[int, int, int]]:
    """plan -> its minimum, maximum and step."""
    chosen = select(Plan.id, Plan.minimum_quantity, Plan.maximum_quantity, Plan.quantity_step)
    rows = db.session().execute(chosen.where(Plan.id.in_(plan_ids)))
    return {plan_id: (least, most, step) for plan_id, least, most, step in rows}


def _wrong_line(
    line: QuoteLine, quantity: int, price: Money, least: int, most: int, step: int
) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        check_quantity(quantity, least, most, line.unit, step)
    except Refusal as refusal:
        found[f"quantity-{line.id}"] = str(refusal)
    largest = retail_rules.largest(line.currency)
    if price.currency != line.currency or price.minor > largest.minor:
        found[f"price-{line.id}"] = _("A price is at most %(most)s.", most=largest.text)
    return found


def refuse_unless_draft(quote: Quote) -> None:
    """NotADraft once it was sent."""
    if quote.state is not QuoteState.DRAFT:
        raise NotADraft


def change(quote: Quote, *, by: str) -> Quote:
    """A draft of the next version with what the last one that was sent says; the one that is there already,
    if there is one. What was accepted is not offered once more."""
    every = quotes.versions(quote)
    if every[0].state is QuoteState.DRAFT:
        return every[0]
    newest = next((one for one in every if one.sent_at is not None), quote)
    if newest.state is QuoteState.ACCEPTED:
        raise QuoteOver(newest.state)
    nonce, number = new_token(), every[0].version + 1
    day = max(newest.valid_until, tax.today() + timedelta(days=VALID_DAYS))
    draft = db.add(
        Quote(
            id=new_id(),
            reseller_id=newest.reseller_id,
            code=f"{newest.series}-{number}",
            series=newest.series,
            version=number,
            state=QuoteState.DRAFT,
            for_customer_id=newest.for_customer_id,
            company=newest.company,
            name=newest.name,
            email=newest.email,
            country=newest.country,
            currency=newest.currency,
            message=newest.message,
            valid_until=day,
            ends_at=quotes.end_of(day),
            total_minor=newest.total_minor,
            nonce=nonce,
            token_hash=token_hash(quotes.token_of(nonce)),
            made_by=by,
            created_at=db.session().info["now"],
        )
    )
    db.flush()
    for line in quotes.lines(newest.id):
        db.add(
            QuoteLine(
                id=new_id(),
                reseller_id=draft.reseller_id,
                quote_id=draft.id,
                number=line.number,
                plan_id=line.plan_id,
                product_name=line.product_name,
                plan_name=line.plan_name,
                unit=line.unit,
                quantity=line.quantity,
                term=line.term,
                billing_period=line.billing_period,
                unit_minor=line.unit_minor,
                currency=line.currency,
            )
        )
    db.flush()
    quotes.note(draft, "begun", version=number)
    return draft
