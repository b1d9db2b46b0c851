"""A reseller writes a quote: for whom, which plans at which price, until when; then it is sent, and later
perhaps replaced by a version that says something else. Nobody is quoted whom another reseller's deal holds
(H33)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import Select, and_, delete, or_, select

from billing import tax
from catalog import margin_floors, markets, retail_rules, volumes
from catalog.listings import Listing, NotOffered
from catalog.markets import Eligible
from catalog.offerings import first_allowed
from catalog.price_lists import WholesalePrice, discounted, tier_of
from catalog.products import Audience, Plan, PlanCost, Product, ProductType
from checkout import baskets, quote_orders, quotes
from checkout.baskets import BasketItem, check_quantity
from checkout.quotes import (
    LONGEST_WORDS,
    OPEN,
    Quote,
    QuoteCost,
    QuoteLine,
    QuoteOver,
    QuoteSent,
    QuoteState,
    QuoteWholesale,
)
from core import db, parties, states
from core.clock import business_now
from core.errors import Missing, Refusal, Refused
from core.events import publish
from core.ids import new_code, new_id, new_token, token_hash
from core.languages import _
from core.money import Money
from core.parties import Customer, OrderedBy, Reseller, normal_email
from core.tenancy import current
from partners import channels, companies, customers, leads, storefronts
from partners.channels import NoWayToSell, TheProviderOrders
from partners.customer_agreements import EMAIL
from partners.enrolments import Enrolment
from partners.joinings import Channel
from partners.storefronts import StorefrontState

MOST_LINES = 50
LONGEST_NAME = 200
VALID_DAYS, MOST_DAYS = 30, 365
FOUND_AT_ONCE = 8
NOBODY_YET = UUID(int=0)  # the customer that a company is not: nothing runs there


@dataclass(frozen=True, slots=True)
class Prospect:
    """A company that is no customer yet."""

    company: str
    name: str
    email: str
    country: str = ""


@dataclass(frozen=True, slots=True)
class Quotable:
    """A plan that may be quoted: what it costs the reseller, and what its shop asks."""

    plan_id: UUID
    product: str
    plan: str
    sku: str
    unit: str
    per: str
    term: str
    minimum: int
    maximum: int
    wholesale: Money
    shelf: Money


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


class NothingQuoted(Refused):
    """A quote has a line."""

    def __init__(self) -> None:
        super().__init__(_("Add at least one plan first."))


class TooManyLines(Refused):
    """A paper that nobody reads."""

    def __init__(self) -> None:
        super().__init__(_("A quote has at most %(most)s lines.", most=MOST_LINES))


class NotADraft(Refused):
    """What was sent is not changed any more."""

    def __init__(self) -> None:
        super().__init__(_("This version was sent, so it is not changed any more. Make a new version of it."))


class OnlyYouOrder(Refused):
    """H45: this customer may not order itself, so it could not accept."""

    def __init__(self, customer: str) -> None:
        super().__init__(
            _(
                "Only you order for %(customer)s, so it could not accept a quote. Change that on its page"
                " first.",
                customer=customer,
            )
        )


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


# --- What -------------------------------------------------------------------------------------------------


_SOLD = (
    select(Plan, Product, ProductType, WholesalePrice, Enrolment.discount)
    .join(Product, and_(Product.distributor_id == Plan.distributor_id, Product.id == Plan.product_id))
    .join(
        ProductType,
        and_(ProductType.distributor_id == Product.distributor_id, ProductType.id == Product.product_type_id),
    )
    .join(
        WholesalePrice,
        and_(WholesalePrice.distributor_id == Plan.distributor_id, WholesalePrice.plan_id == Plan.id),
    )
    .where(Plan.published, Product.published, ProductType.audience == Audience.CUSTOMER)
)


def _sold_to(reseller_id: UUID) -> "Select[Plan, Product, ProductType, WholesalePrice, int]":
    """What a reseller may quote, in its own scope or in the distributor's: what is on its shelf."""
    price_list = select(Reseller.price_list_id).where(Reseller.id == reseller_id).scalar_subquery()
    shown = and_(Listing.distributor_id == Plan.distributor_id, Listing.plan_id == Plan.id, Listing.published)
    return (
        _SOLD.join(Listing, and_(shown, Listing.reseller_id == reseller_id))
        .outerjoin(Enrolment, tier_of(reseller_id))
        .where(WholesalePrice.price_list_id == price_list, markets.sold_here())
    )


def quotable(quote: Quote, words: str) -> list[Quotable]:
    """Plans that match the words by product, plan, vendor or SKU, by name, as far as they are in the quote's
    currency."""
    chosen = _sold_to(quote.reseller_id).where(Plan.currency == quote.currency)
    for word in words.split()[:6]:
        named = (Product.name, Plan.name, Product.vendor, Plan.sku)
        chosen = chosen.where(or_(*(column.icontains(word, autoescape=True) for column in named)))
    rows = db.session().execute(chosen.order_by(Product.name, Plan.code).limit(FOUND_AT_ONCE)).all()
    shelf = _shelf(quote.reseller_id, [row[0].id for row in rows])
    return [
        Quotable(
            plan.id,
            product.name,
            plan.name,
            plan.sku,
            kind.unit,
            plan.billing_period.per,
            plan.term.label,
            plan.minimum_quantity,
            plan.maximum_quantity,
            discounted(price.price, discount),
            shelf.get(plan.id, plan.list_price),
        )
        for plan, product, kind, price, discount in rows
    ]


def _shelf(reseller_id: UUID, plan_ids: Sequence[UUID], quantity: int = 1) -> dict[UUID, Money]:
    """plan -> what the reseller's shop asks for each of so many units."""
    mine = (Listing.reseller_id == reseller_id) & Listing.plan_id.in_(plan_ids)
    rows = db.session().scalars(select(Listing).where(mine))
    return {row.plan_id: volumes.at(row.price, row.steps, quantity) for row in rows}


def paid(reseller_id: UUID, of: Sequence[BasketItem]) -> dict[UUID, Money]:
    """line -> what the reseller pays for a unit today; a plan that it cannot buy any more is not in it."""
    by_plan = {item.plan_id: item for item in of}
    rows = db.session().execute(_sold_to(reseller_id).where(Plan.id.in_(by_plan)))
    return {
        (item := by_plan[plan.id]).line_id: discounted(
            volumes.at(price.price, price.steps, item.quantity), discount
        )
        for plan, _product, _kind, price, discount in rows
    }


def paid_when_sent(quote: Quote) -> dict[UUID, Money]:
    """line -> what the reseller paid for a unit on the day of the sending."""
    noted = select(QuoteWholesale).where(QuoteWholesale.quote_id == quote.id)
    return {row.quote_line_id: row.unit for row in db.session().scalars(noted)}


def add_line(quote: Quote, plan_id: UUID, quantity: int | None = None) -> QuoteLine:
    """Puts a plan into a draft at the shop's price, its smallest number of units to begin with, or so many.
    NotOffered, TooManyLines, WrongQuantity; one that is there already stays as it is."""
    refuse_unless_draft(quote)
    present = quotes.lines(quote.id)
    if (known := next((line for line in present if line.plan_id == plan_id), None)) is not None:
        return known
    if len(present) >= MOST_LINES:
        raise TooManyLines
    row = db.session().execute(_sold_to(quote.reseller_id).where(Plan.id == plan_id)).first()
    if row is None or row[0].currency != quote.currency:
        raise NotOffered(_name(plan_id))
    plan, product, kind, _price, _discount = row
    units = first_allowed(plan.minimum_quantity, plan.quantity_step) if quantity is None else quantity
    check_quantity(units, plan.minimum_quantity, plan.maximum_quantity, kind.unit, plan.quantity_step)
    price = _shelf(quote.reseller_id, [plan_id], units).get(plan_id, plan.list_price)
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
    chosen = select(Product.name, Plan.name).join(
        Product, and_(Product.distributor_id == Plan.distributor_id, Product.id == Plan.product_id)
    )
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
    problems = _wrong_days(said.valid_until)
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


def _wrong_days(day: date | None) -> dict[str, str]:
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


# --- Sending ------------------------------------------------------------------------------------------------


def send(quote: Quote) -> None:
    """The customer gets its link, and may read it in the shop from now on; prices are frozen, and what the
    reseller and the distributor paid that day is noted. The version before, if there is one, is replaced.
    Works as the distributor ("sending a quote"), because costs are nobody else's."""
    refuse_unless_draft(quote)
    of = quotes.lines(quote.id)
    if not of:
        raise NothingQuoted
    if problems := _wrong_days(quote.valid_until):
        raise QuoteIncomplete(problems)
    _refuse_if_it_could_not_order(quote)
    items = quote_orders.items(quote)
    wholesale = paid(quote.reseller_id, items)
    if gone := next((line for line in of if line.id not in wholesale), None):
        raise QuoteIncomplete(
            {f"price-{gone.id}": _("%(plan)s is not sold any more: take it out.", plan=gone.product_name)}
        )
    _refuse_what_could_not_be_ordered(quote, items)
    _refuse_under_the_floor(quote, of, wholesale)
    _replace_the_one_before(quote)
    quote.customer_id, quote.sent_at = quote.for_customer_id, business_now()
    quote.total_minor = quotes.sum_of(of, quote.currency).minor
    cost_of = costs(items)
    for line in of:
        line.customer_id = quote.for_customer_id
        about = {"quote_id": quote.id, "quote_line_id": line.id}
        now = wholesale[line.id]
        db.add(
            QuoteWholesale(
                reseller_id=quote.reseller_id, unit_minor=now.minor, currency=now.currency, **about
            )
        )
        if (cost := cost_of.get(line.id)) is not None:
            db.add(QuoteCost(unit_minor=cost.minor, currency=cost.currency, **about))
    db.flush()
    states.move(quote, QuoteState.SENT, told={"to": quote.email, "until": quote.valid_until})
    publish(QuoteSent(quote.id))


def _refuse_under_the_floor(quote: Quote, of: Sequence[QuoteLine], wholesale: Mapping[UUID, Money]) -> None:
    """UnderFloor where a quoted price leaves the reseller less than its own floor, if that refuses."""
    floors = margin_floors.of_shelf(quote.reseller_id)
    if not floors:
        return
    chosen = select(Plan.id, Plan.product_id).where(Plan.id.in_([line.plan_id for line in of]))
    product_of = {plan_id: product_id for plan_id, product_id in db.session().execute(chosen)}
    margin_floors.refuse_under(
        [(product_of[line.plan_id], line.unit_price, wholesale[line.id]) for line in of], floors
    )


def _refuse_if_it_could_not_order(quote: Quote) -> None:
    """What would be refused at accepting is refused here, to whom it concerns."""
    refuse_a_lead_of_others(quote)
    customer = customer_of(quote)
    if customer is None:
        leads.refuse_to_take_on(quote.reseller_id, quote.company, quotes.lead_of(quote, None))
        if not any(way.channel is Channel.DIRECT for way in channels.ways(quote.reseller_id)):
            raise NoWayToSell
        return
    customers.on_the_list(customer)
    if channels.of_customer(customer) is Channel.INDIRECT:
        raise TheProviderOrders
    if customer.ordered_by is OrderedBy.RESELLER:
        raise OnlyYouOrder(customer.name)


def _refuse_what_could_not_be_ordered(quote: Quote, items: Sequence[BasketItem]) -> None:
    """The same of its lines, each beside its own: numbers of units, what an add-on belongs to, what runs
    already, and where and to whom a plan is sold, as far as that is known."""
    customer = customer_of(quote)
    country = customer.country if customer else quote.country
    chosen = select(Plan.id, Plan.markets, Plan.segments).where(Plan.id.in_([item.plan_id for item in items]))
    sold_to = {
        plan_id: Eligible(sold_in if country else (), segments, customer.segment if customer else None)
        for plan_id, sold_in, segments in db.session().execute(chosen)
    }
    problems: dict[str, str] = {}
    for item in baskets.arranged(quote.reseller_id, customer.id if customer else NOBODY_YET, items):
        try:
            if item.problem:
                raise Refused(item.problem)
            markets.refuse_unless_sold_to(country, [(item.product, sold_to[item.plan_id])])
        except Refused as refusal:
            problems[f"quantity-{item.line_id}"] = str(refusal)
    if problems:
        raise QuoteIncomplete(problems)


def costs(of: Sequence[BasketItem]) -> dict[UUID, Money]:
    """line -> what the vendor asks for a unit today, where that is known; in the distributor's scope."""
    by_plan = {item.plan_id: item for item in of}
    rows = db.session().scalars(select(PlanCost).where(PlanCost.plan_id.in_(by_plan)))
    return {
        (item := by_plan[row.plan_id]).line_id: volumes.at(row.cost, row.steps, item.quantity) for row in rows
    }


def _replace_the_one_before(quote: Quote) -> None:
    """The version before ends; QuoteOver where somebody has accepted it meanwhile."""
    if quote.version == 1:
        return
    before = select(Quote).where(Quote.series == quote.series, Quote.version < quote.version)
    held = before.order_by(Quote.version).with_for_update().execution_options(populate_existing=True)
    for one in db.session().scalars(held).all():
        if one.state is QuoteState.ACCEPTED:
            raise QuoteOver(one.state)
        if one.state in OPEN:
            states.move(one, QuoteState.REPLACED, told={"by": quote.code})


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
