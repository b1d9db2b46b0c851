"""What a basket costs at this moment: both legs and the vendor's cost of every line, and what its buyer may
do, in one statement of columns. Nothing that the browser sent is read here (QM3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, case, func, select

from billing import tax
from billing.tax import Chain, Sums
from catalog import margin_floors, translations, volumes
from catalog.listings import Listing, NotOffered
from catalog.margin_floors import Broken
from catalog.markets import Eligible
from catalog.price_lists import WholesalePrice, discounted, tier_of
from catalog.products import Audience, Plan, PlanCost, Product, ProductType
from catalog.reductions import Bearer, Cuts
from checkout import discounts
from checkout.baskets import BasketLine, Buyer
from checkout.quantities import check_quantity
from core.errors import Refused
from core.ids import new_id
from core.languages import _
from core.money import Money, total
from core.parties import Customer, OrderedBy, Reseller
from core.periods import Term
from core.statements import Statement
from core.tenancy import same_key
from partners import channels
from partners.enrolments import Enrolment


class EmptyBasket(Refused):
    """Nothing to order."""

    def __init__(self) -> None:
        super().__init__(_("Your basket is empty."))


@dataclass(frozen=True, slots=True)
class Terms:
    """How the plan of a line may be ordered, and what its buyer was shown (catalog/offerings.py). `base_id`:
    what the buyer chose for an add-on."""

    product_id: UUID
    step: int
    conditional: bool
    once: bool
    trial_days: int
    cancellation_days: int
    reduction_days: int
    variables: Mapping[str, Any]
    base_id: UUID | None


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A basket line with everything that an order keeps of it. `price` is what the buyer pays for a unit;
    `per` is the word for one. The cuts are what discounts took off a unit of each leg. Then comes what it
    belongs to in its order (checkout/compositions.py), and the floors that hold for it, the shop's own where
    `floor_of_shop` says so."""

    line_id: UUID
    quantity: int
    fields: Mapping[str, Any]
    plan_id: UUID
    product: str
    plan: str
    sku: str
    per: str
    term: Term
    billing_period: Term
    connector: str
    opens_storefront: bool
    price: Money
    wholesale: Money
    cost: Money | None
    sold_to: Eligible
    terms: Terms
    broken: Broken = margin_floors.UNBROKEN
    retail_cuts: Cuts = ()
    wholesale_cuts: Cuts = ()
    order_line_id: UUID = field(default_factory=new_id)
    base_line_id: UUID | None = None
    base_id: UUID | None = None
    bundle: str = ""
    bundle_number: int = 0
    floors: tuple[int | None, int | None] = (None, None)
    floor_of_shop: bool = False

    @property
    def list_price(self) -> Money:
        """What the buyer would pay without discounts."""
        return total([self.price, *(cut.unit for cut in self.retail_cuts)], self.price.currency)

    @property
    def list_wholesale(self) -> Money:
        """What its reseller would."""
        return total([self.wholesale, *(cut.unit for cut in self.wholesale_cuts)], self.wholesale.currency)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the buyer's company may do; the last four are a customer's."""

    ordering_enabled: bool
    enable_reselling: bool
    ordered_by: OrderedBy | None
    ended_at: datetime | None
    customer_name: str | None
    indirect: bool


_BASKET = (
    select(
        # the buyer, the same on every line
        Reseller.ordering_enabled,
        Reseller.enable_reselling,
        Customer.ordered_by,
        Customer.ended_at,
        Customer.name,
        channels.is_indirect(),
        # may it be sold
        Plan.published & Product.published,
        ProductType.audience,
        Plan.minimum_quantity,
        Plan.maximum_quantity,
        # for how much
        Listing.price_minor,
        Listing.currency,
        Listing.steps,
        WholesalePrice.price_minor,
        WholesalePrice.currency,
        WholesalePrice.steps,
        PlanCost.cost_minor,
        PlanCost.currency,
        PlanCost.steps,
        Enrolment.discount,
        margin_floors.WHOLESALE_FLOOR,
        margin_floors.RETAIL_FLOOR,
        # what it is, in the order of PricedLine
        BasketLine.id,
        BasketLine.quantity,
        BasketLine.fields,
        Plan.id,
        Product.name,
        Plan.name,
        Plan.sku,
        ProductType.unit,
        Plan.term,
        Plan.billing_period,
        ProductType.connector,
        ProductType.opens_storefront,
        # to whom it is sold, and what the buyer is
        Plan.markets,
        Plan.segments,
        Customer.segment,
        case((Product.partners_only & Enrolment.id.is_(None) & ~Reseller.house, Product.programme_id)),
        # how it may be ordered, in the order of Terms
        Product.id,
        Plan.quantity_step,
        Plan.conditional,
        Plan.once_per_customer,
        Plan.trial_days,
        func.coalesce(Plan.cancellation_days, ProductType.cancellation_days),
        func.coalesce(Plan.reduction_days, ProductType.reduction_days),
        ProductType.variables,
        BasketLine.base_id,
        discounts.ANY_RUNNING,
    )
    .join(Plan, same_key(Plan.id, BasketLine.plan_id))
    .join(Product, same_key(Product.id, Plan.product_id))
    .join(ProductType, same_key(ProductType.id, Product.product_type_id))
    .join(Reseller, same_key(Reseller.id, BasketLine.reseller_id))
    .outerjoin(Customer, same_key(Customer.id, BasketLine.customer_id))
    .outerjoin(
        Listing,
        same_key(Listing.plan_id, Plan.id)
        & (Listing.reseller_id == BasketLine.reseller_id)
        & Listing.published,
    )
    .outerjoin(
        WholesalePrice,
        same_key(WholesalePrice.plan_id, Plan.id) & (WholesalePrice.price_list_id == Reseller.price_list_id),
    )
    .outerjoin(Enrolment, tier_of(Reseller.id))
    .outerjoin(PlanCost, same_key(PlanCost.plan_id, Plan.id))
    .where(
        BasketLine.membership_id == bindparam("membership"), BasketLine.reseller_id == bindparam("reseller")
    )
    .order_by(BasketLine.added_at, BasketLine.id)
    .with_for_update(of=BasketLine)
)
LOCKED_BASKET = Statement(_BASKET)


def price(buyer: Buyer, *, quoted: bool = False) -> tuple[Standing, list[PricedLine]]:
    """The buyer's basket with both legs and the cost, its lines held until the end of the transaction;
    EmptyBasket, NotOffered, WrongQuantity or PriceInReview otherwise. Works as the distributor: call it in a
    widened transaction. `quoted`: the buyer pays what a quote says; the reseller's floor was looked at when
    it was sent, and promotions of its shop take nothing off that."""
    rows = LOCKED_BASKET.rows(membership=buyer.membership_id, reseller=buyer.reseller_id)
    if not rows:
        raise EmptyBasket
    lines = translations.in_words([_priced(buyer, row[6:-1], quoted) for row in rows])
    if rows[0][-1]:
        lines = _less_discounts(buyer, lines, quoted)
    return Standing(*rows[0][:6]), [one if one.terms.conditional else judged(one) for one in lines]


def judged(line: PricedLine, cost: Money | None = None) -> PricedLine:
    """The line with the floors that it breaks, or PriceInReview. What stays is judged on the prices after
    discounts; what the vendor takes off a wholesale price it bears itself, so it counts as paid. `cost`: of a
    bundle, whose parts cost something. Lines of conditional plans are judged when it is known what they
    consist of (checkout/compositions.py)."""
    borne = [cut.unit for cut in line.wholesale_cuts if cut.offer.bearer is Bearer.VENDOR]
    broken = margin_floors.judge(
        line.product,
        price=line.price,
        wholesale=line.wholesale,
        cost=cost or line.cost,
        floors=line.floors,
        to_customer=line.floor_of_shop,
        borne=total(borne, line.wholesale.currency),
    )
    return replace(line, broken=broken)


def _less_discounts(buyer: Buyer, lines: Sequence[PricedLine], quoted: bool) -> list[PricedLine]:
    wanted = [discounts.Wanted(one.plan_id, one.quantity, one.price, one.wholesale) for one in lines]
    reduced = discounts.apply(buyer.reseller_id, buyer.customer_id, wanted, quoted=quoted)
    return [
        replace(
            line, price=now.price, wholesale=now.wholesale, retail_cuts=now.retail_cuts,
            wholesale_cuts=now.wholesale_cuts,
        )
        for line, now in zip(lines, reduced, strict=True)
    ]  # fmt: skip


def _priced(buyer: Buyer, row: Sequence[Any], quoted: bool) -> PricedLine:
    """One line, or the refusal by name."""
    published, audience, minimum, maximum, *amounts, discount, our_floor, their_floor = row[:16]
    line_id, quantity, fields, plan_id, product, plan, sku, per, term, billed, connector, opens = row[16:28]
    sold_to, terms = Eligible(*row[28:32]), Terms(*row[32:])
    retail, listed, cost = (_at(quantity, *amounts[at : at + 3]) for at in (0, 3, 6))
    wholesale = discounted(listed, discount) if listed is not None else None
    to_reseller = buyer.customer_id is None
    price = wholesale if to_reseller else retail
    if not published or wholesale is None or price is None or (audience is Audience.RESELLER) != to_reseller:
        raise NotOffered(f"{product}, {plan}")
    check_quantity(quantity, minimum, maximum, per, terms.step)
    return PricedLine(
        line_id, quantity, fields, plan_id, product, plan, sku, per, term, billed, connector, opens,
        price, wholesale, cost, sold_to, terms, floors=(our_floor, their_floor),
        floor_of_shop=not to_reseller and not quoted,
    )  # fmt: skip


def _at(quantity: int, minor: int | None, currency: str | None, steps: volumes.Steps | None) -> Money | None:
    """A price at the step of its quantity, from a table that may have none."""
    if minor is None or currency is None:
        return None
    return volumes.at(Money(minor, currency), steps or (), quantity)


@dataclass(frozen=True, slots=True)
class Taxed:
    """Both legs of an order with their tax. A reseller that buys for itself has the same twice: what it pays
    is the wholesale leg."""

    chain: Chain
    retail: Sums
    wholesale: Sums


def taxes(chain: Chain, lines: Sequence[PricedLine]) -> Taxed:
    """Net, tax and gross of both legs, by the same rule (billing.tax.between)."""
    return Taxed(
        chain,
        tax.sums([p.price * p.quantity for p in lines], tax.between(chain.seller, chain.buyer)),
        tax.sums([p.wholesale * p.quantity for p in lines], tax.between(chain.distributor, chain.reseller)),
    )
