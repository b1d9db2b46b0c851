"""Baskets: rows of the server, one set of lines per membership. What a line costs is never in it: prices are
computed when they are shown and again when the order is placed (QM3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Select,
    Table,
    UniqueConstraint,
    Uuid,
    bindparam,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from catalog import markets, reductions, translations
from catalog.listings import Listing, NotOffered
from catalog.markets import NotInThisShop
from catalog.offerings import first_allowed
from catalog.price_lists import WholesalePrice, discounted, tier_of
from catalog.products import Audience, Plan, Product, ProductType
from catalog.reductions import Cut, Cuts
from catalog.volumes import Volume
from checkout import discounts, offers
from checkout.offer_readings import Part, Wanted
from checkout.offers import Choice
from checkout.quantities import WrongQuantity, check_quantity, parse_quantity
from core import db, doors
from core.doors import door
from core.errors import Refused
from core.ids import new_id
from core.languages import _
from core.money import Money, total
from core.statements import Statement
from core.tenancy import Access, CustomerOwned, Side, current, owned_by, same_key
from partners.enrolments import Enrolment

__all__ = ["WrongQuantity", "check_quantity", "parse_quantity"]  # also known from here


class BasketLine(CustomerOwned, db.Model):
    """A plan somebody means to buy. `base_id`: what an add-on is to belong to, where there are several: the
    service that runs already, or another line."""

    __tablename__ = "basket_lines"
    __access__ = Access(distributor="rcud", reseller="rcud", customer="rcud", door="rcu")
    __table_args__ = (
        UniqueConstraint("distributor_id", "membership_id", "plan_id"),
        owned_by("plans", "plan_id"),
        owned_by("memberships", "membership_id"),
        CheckConstraint("quantity >= 1", name="quantity"),
    )

    membership_id: Mapped[UUID]
    plan_id: Mapped[UUID]
    quantity: Mapped[int]
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    added_at: Mapped[datetime]
    base_id: Mapped[UUID | None]


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who buys: a person by its membership; `customer_id` empty means the reseller buys for itself."""

    membership_id: UUID
    person_id: UUID
    reseller_id: UUID
    customer_id: UUID | None
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class BasketItem:
    """A line as the basket page shows it, at today's price. `parts`: what a bundle consists of; `choices` and
    `base`: what an add-on may belong to, and does; `refused`: what the rules of its plan say against it, or
    that it is not `offered` any more; `cuts` are the discounts in its price."""

    line_id: UUID
    plan_id: UUID
    product_code: str
    product: str
    plan: str
    sku: str
    unit: str
    per: str
    term: str
    quantity: int
    minimum: int
    maximum: int
    unit_price: Money
    fields: Mapping[str, Any]
    connector: str
    from_units: int = 1  # where the volume step of the quantity begins
    product_id: UUID | None = None
    step: int = 1
    conditional: bool = False
    once: bool = False
    base_id: UUID | None = None
    order_fields: Sequence[Mapping[str, Any]] = ()
    variables: Mapping[str, Any] = field(default_factory=dict[str, Any])
    parts: tuple[Part, ...] = ()
    choices: tuple[Choice, ...] = ()
    base: Choice | None = None
    is_add_on: bool = False
    refused: str = ""
    cuts: Cuts = ()
    offered: bool = True

    @property
    def total(self) -> Money:
        """Per billing period."""
        return self.unit_price * self.quantity

    @property
    def least(self) -> int:
        """The smallest number that may be ordered."""
        return first_allowed(self.minimum, self.step)

    @property
    def amounts(self) -> list[Money]:
        """The totals of the order lines that it becomes: one, or one for each part of a bundle."""
        return [price * self.quantity for price, _cuts in parted(self.list_price, self.cuts, self.parts)]

    @property
    def plan_ids(self) -> list[UUID]:
        """Its plan, and those of its parts."""
        return [self.plan_id, *(part.plan_id for part in self.parts)]

    @property
    def list_price(self) -> Money:
        """What a unit costs without discounts."""
        return total([self.unit_price, *(cut.unit for cut in self.cuts)], self.unit_price.currency)

    @property
    def problem(self) -> str:
        """Why this line cannot be ordered as it is, or nothing."""
        if not self.offered:
            return self.refused
        try:
            check_quantity(self.quantity, self.minimum, self.maximum, self.unit, self.step)
        except Refused as refusal:
            return str(refusal)
        return self.refused


def shares(price: Money, parts: Sequence[Part]) -> list[Money]:
    """The price of one bundle, split over its parts by their list prices to the last minor unit (QM4); of
    anything else, the price itself."""
    if not parts:
        return [price]
    weights = [part.weight for part in parts]
    return price.split(weights if any(weights) else [1] * len(weights))


def parted(list_price: Money, cuts: Cuts, parts: Sequence[Part]) -> list[tuple[Money, Cuts]]:
    """What each part of a bundle costs, and what discounts took off that: prices and cuts add up to those of
    the bundle exactly, and no part costs less than nothing. Of anything else, itself."""
    left = shares(list_price, parts)
    taken: list[list[Cut]] = [[] for _price in left]
    for cut in cuts:
        for at, off in enumerate(cut.unit.split([price.minor for price in left])):
            if off:
                left[at] -= off
                taken[at].append(Cut(cut.offer, off))
    return [(price, tuple(mine)) for price, mine in zip(left, taken, strict=True)]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many units of a plan may be ordered at once."""

    minimum: int
    maximum: int
    unit: str
    step: int


# Statements of the hot path are built once; only their values change from call to call.
_SOLD = (
    select(Plan.minimum_quantity, Plan.maximum_quantity, ProductType.unit, Plan.quantity_step)
    .join(Product, same_key(Product.id, Plan.product_id))
    .join(ProductType, same_key(ProductType.id, Product.product_type_id))
    .where(Plan.id == bindparam("plan"), Plan.published, Product.published)
)
OFFERED_TO_CUSTOMERS = _SOLD.join(Listing, same_key(Listing.plan_id, Plan.id)).where(
    Listing.published, markets.sold_here()
)
OFFERED_TO_RESELLERS = _SOLD.join(
    WholesalePrice,
    same_key(WholesalePrice.plan_id, Plan.id),
).where(ProductType.audience == Audience.RESELLER)


def _offered(plan_id: UUID) -> Bounds:
    """The bounds of a plan that is offered to the side of the scope; NotOffered otherwise."""
    found = (BOUNDS_FOR_RESELLER if current().side is Side.RESELLER else BOUNDS_FOR_CUSTOMER).rows(
        plan=plan_id
    )
    if not found:
        raise _not_offered(plan_id)
    return Bounds(*found[0])


def _not_offered(plan_id: UUID) -> Refused:
    """Why a plan is not offered to the side of the scope, by its name."""
    for product, plan, published, sold_in, country in NAMED.rows(plan=plan_id):
        if published and current().side is not Side.RESELLER and not markets.holds(sold_in, country):
            return NotInThisShop(product, country, sold_in)
        return NotOffered(f"{product}, {plan}")
    return NotOffered()


NAMED = Statement(
    select(Product.name, Plan.name, Plan.published & Product.published, Plan.markets, markets.COUNTRY)
    .join(Product, same_key(Product.id, Plan.product_id))
    .where(Plan.id == bindparam("plan"))
)
BOUNDS_FOR_CUSTOMER, BOUNDS_FOR_RESELLER = Statement(OFFERED_TO_CUSTOMERS), Statement(OFFERED_TO_RESELLERS)
_lines = cast(Table, BasketLine.__table__)


def _put(offered: Select[*tuple[Any, ...]]) -> Statement:
    """Puts what is offered within its bounds into a basket, or adds to what is there; no row where something
    is in the way."""
    wanted = bindparam("quantity", type_=BigInteger())
    bounds = offered.where(
        wanted.between(Plan.minimum_quantity, Plan.maximum_quantity), wanted % Plan.quantity_step == 0
    )
    sold = bounds.with_only_columns(
        bindparam("distributor_id", type_=Uuid()),
        bindparam("line_id", type_=Uuid()),
        bindparam("reseller_id", type_=Uuid()),
        bindparam("customer_id", type_=Uuid()),
        bindparam("membership_id", type_=Uuid()),
        Plan.id,
        wanted,
        bindparam("fields", type_=JSONB()),
        func.now(),
    )
    columns = ["distributor_id", "id", "reseller_id", "customer_id", "membership_id", "plan_id"]
    new = insert(_lines).from_select([*columns, "quantity", "fields", "added_at"], sold)
    together = _lines.c.quantity + new.excluded.quantity
    most = select(Plan.maximum_quantity).where(Plan.id == bindparam("plan")).scalar_subquery()
    return Statement(
        new.on_conflict_do_update(
            index_elements=["distributor_id", "membership_id", "plan_id"],
            set_={"quantity": together, "fields": new.excluded.fields},
            where=together <= most,
        ).returning(_lines.c.id)
    )


PUT_BY_CUSTOMER, PUT_BY_RESELLER = _put(OFFERED_TO_CUSTOMERS), _put(OFFERED_TO_RESELLERS)


# The same for a customer at its shop, as one statement instead of a transaction: the button that is pressed
# most (decision 14). Whose basket it is, and in which shop, is read from the session, not said by the caller.
# A plan with conditions goes the long way, where they are looked at.
PUT_AT_ONCE = door("""
CREATE FUNCTION put_in_basket_v3(p_session uuid, p_line uuid, p_plan uuid, p_quantity bigint)
RETURNS TABLE (line_id uuid) AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  INSERT INTO basket_lines AS b
    (distributor_id, id, reseller_id, customer_id, membership_id, plan_id, quantity, fields, added_at)
  SELECT m.distributor_id, p_line, m.reseller_id, m.customer_id, m.id, p.id, p_quantity, '{}', now()
  FROM sessions s
  JOIN memberships m ON m.distributor_id = s.distributor_id AND m.id = s.membership_id AND m.ended_at IS NULL
  JOIN storefronts f ON f.distributor_id = s.distributor_id AND f.id = s.storefront_id
    AND f.reseller_id = m.reseller_id AND f.state = 'open'
  JOIN plans p ON p.distributor_id = m.distributor_id AND p.id = p_plan AND p.published
  JOIN products o ON o.distributor_id = p.distributor_id AND o.id = p.product_id AND o.published
  JOIN listings l ON l.distributor_id = m.distributor_id AND l.reseller_id = m.reseller_id
    AND l.plan_id = p.id AND l.published
  JOIN resellers r ON r.distributor_id = m.distributor_id AND r.id = m.reseller_id
    AND (p.markets = '[]' OR r.country = '' OR jsonb_exists(p.markets, r.country))
  WHERE s.id = p_session AND m.customer_id IS NOT NULL AND NOT p.conditional
    AND p_quantity BETWEEN p.minimum_quantity AND p.maximum_quantity AND p_quantity % p.quantity_step = 0
  ON CONFLICT (distributor_id, membership_id, plan_id) DO UPDATE
    SET quantity = b.quantity + excluded.quantity, fields = excluded.fields
    WHERE b.quantity + excluded.quantity <= (SELECT p.maximum_quantity FROM plans p
      WHERE p.distributor_id = b.distributor_id AND p.id = p_plan)
  RETURNING b.id;
END
$$""")


def put(session_id: UUID, plan_id: UUID, quantity: int) -> bool:
    """Adds to the basket of the customer whose session it is; False where something is in the way, which
    `add` puts into words. Outside of any transaction."""
    arguments = {"p_session": session_id, "p_line": new_id(), "p_plan": plan_id, "p_quantity": quantity}
    return doors.call(PUT_AT_ONCE, arguments) is not None


def add(buyer: Buyer, plan_id: UUID, quantity: int, fields: Mapping[str, str] | None = None) -> None:
    """Puts a plan into the basket; adding it again adds to its quantity. NotOffered or WrongQuantity
    otherwise."""
    scope = current()
    put = PUT_BY_RESELLER if scope.side is Side.RESELLER else PUT_BY_CUSTOMER
    done = put.rows(
        distributor_id=scope.distributor_id,
        line_id=new_id(),
        reseller_id=buyer.reseller_id,
        customer_id=buyer.customer_id,
        membership_id=buyer.membership_id,
        plan=plan_id,
        quantity=quantity,
        fields=dict(fields or {}),
    )
    if not done:
        bounds = _offered(plan_id)
        check_quantity(quantity, bounds.minimum, bounds.maximum, bounds.unit, bounds.step)
        raise WrongQuantity(
            _(
                "The maximum is %(maximum)s %(unit)ss, and some are in your basket already.",
                maximum=bounds.maximum,
                unit=bounds.unit,
            )
        )


def change(buyer: Buyer, line_id: UUID, quantity: int) -> None:
    """Sets the quantity of a line; zero takes it out."""
    line = db.session().scalar(
        select(BasketLine).where(BasketLine.id == line_id, BasketLine.membership_id == buyer.membership_id)
    )
    if line is None:
        raise NotOffered
    if quantity == 0:
        db.session().delete(line)
        return
    bounds = _offered(line.plan_id)
    check_quantity(quantity, bounds.minimum, bounds.maximum, bounds.unit, bounds.step)
    line.quantity = quantity


def add_as_allowed(buyer: Buyer, plan_id: UUID, quantity: int) -> None:
    """As `add`, for a person in front of a page: what the rules of the plan would refuse when it is ordered
    is refused here already, except what can still be chosen in the basket."""
    add(buyer, plan_id, quantity)
    for item in items(buyer):
        if item.plan_id == plan_id and item.refused and not item.choices:
            raise Refused(item.refused)


def belong(buyer: Buyer, line_id: UUID, base_id: UUID) -> None:
    """What an add-on is to belong to; whether it can is looked at whenever the basket is."""
    mine = (BasketLine.id == line_id) & (BasketLine.membership_id == buyer.membership_id)
    db.session().execute(update(BasketLine).where(mine).values(base_id=base_id))


def drop_left_behind(buyer: Buyer) -> int:
    """Add-ons whose base has gone from the basket, and that nothing else could be the base of, go with it;
    says how many. Until nothing goes: an add-on may extend an add-on."""
    db.flush()
    dropped = 0
    while left := [item.line_id for item in items(buyer) if item.is_add_on and not item.choices]:
        mine = BasketLine.membership_id == buyer.membership_id
        db.session().execute(delete(BasketLine).where(mine, BasketLine.id.in_(left)))
        dropped += len(left)
    return dropped


def answer(buyer: Buyer, answers: Mapping[UUID, Mapping[str, str]]) -> None:
    """Keeps what the buyer said about lines (order-time fields of their connectors)."""
    for line_id, fields in answers.items():
        mine = (BasketLine.id == line_id) & (BasketLine.membership_id == buyer.membership_id)
        db.session().execute(update(BasketLine).where(mine).values(fields=dict(fields)))


def clear(buyer: Buyer) -> None:
    """Empties the basket."""
    db.session().execute(delete(BasketLine).where(BasketLine.membership_id == buyer.membership_id))


_CONDITIONS = (
    Product.id,
    Plan.quantity_step,
    Plan.conditional,
    Plan.once_per_customer,
    BasketLine.base_id,
    ProductType.order_fields,
    ProductType.variables,
)
"""The last columns of a basket's page: how the plan may be ordered, in the order of BasketItem."""


def _items_priced_by(
    price: type[Listing] | type[WholesalePrice], listed: Any, *more: Any
) -> Select[*tuple[Any, ...]]:
    """The select of a basket's page, at the prices of one of the two lists, with further columns. `listed`:
    whether a row of the list counts. What is not offered any more comes, too, and says so."""
    return (
        select(
            Plan.published & Product.published & func.coalesce(listed, False),
            Plan.markets,
            markets.COUNTRY,
            BasketLine.id,
            Plan.id,
            Product.code,
            Product.name,
            Plan.name,
            Plan.sku,
            ProductType.unit,
            Plan.billing_period,
            Plan.term,
            BasketLine.quantity,
            Plan.minimum_quantity,
            Plan.maximum_quantity,
            func.coalesce(price.price_minor, 0),
            func.coalesce(price.currency, Plan.currency),
            price.steps,
            BasketLine.fields,
            ProductType.connector,
            *more,
            *_CONDITIONS,
            discounts.ANY_RUNNING,
        )
        .join(Plan, same_key(Plan.id, BasketLine.plan_id))
        .join(Product, same_key(Product.id, Plan.product_id))
        .join(ProductType, same_key(ProductType.id, Product.product_type_id))
        .outerjoin(price, same_key(price.plan_id, Plan.id))
        .where(BasketLine.membership_id == bindparam("membership"))
        .order_by(BasketLine.added_at, BasketLine.id)
    )


AT_RETAIL = Statement(_items_priced_by(Listing, Listing.published))
AT_WHOLESALE = Statement(
    _items_priced_by(WholesalePrice, WholesalePrice.id.is_not(None), Enrolment.discount).outerjoin(
        Enrolment, tier_of(BasketLine.reseller_id)
    )
)


def items(buyer: Buyer) -> list[BasketItem]:
    """The basket at today's prices, less what is off them: retail for a customer, wholesale for a reseller;
    an add-on stands below its base. A line that is no longer offered says so, and counts for nothing."""
    chosen = AT_WHOLESALE if buyer.customer_id is None else AT_RETAIL
    rows = chosen.rows(membership=buyer.membership_id)
    found = translations.in_words([_item(row[:-1], buyer.customer_id is not None) for row in rows])
    if rows and rows[0][-1]:
        lines = [(one.plan_id, one.quantity, one.unit_price) for one in found]
        taken = discounts.preview(buyer.reseller_id, buyer.customer_id, lines)
        found = [
            replace(one, unit_price=reductions.lowered(one.unit_price, cuts), cuts=cuts)
            for one, cuts in zip(found, taken, strict=True)
        ]
    return arranged(buyer.reseller_id, buyer.customer_id, found)


def arranged(reseller_id: UUID, customer_id: UUID | None, found: Sequence[BasketItem]) -> list[BasketItem]:
    """Lines with what the rules of their plans say, each add-on below its base. No statement more where no
    plan has conditions."""
    findings = offers.look(reseller_id, customer_id, _wanted(found))
    if not findings:
        return list(found)
    known = {
        item.line_id: replace(
            item, parts=what.parts, choices=what.choices, base=what.base, is_add_on=what.is_add_on,
            refused=str(what.problem or "") if item.offered else item.refused,
        )
        if (what := findings.get(item.line_id))
        else item
        for item in found
    }  # fmt: skip
    below: dict[UUID | None, list[BasketItem]] = {}
    for item in known.values():
        base = item.base.id if item.base and item.base.in_basket else None
        below.setdefault(base, []).append(item)
    shown = _in_order(below, None)
    return shown if len(shown) == len(known) else list(known.values())


NOBODY = UUID(int=0)
"""The customer that a company is not yet, or that does not matter: nothing runs there."""


def only_bases(reseller_id: UUID, found: Sequence[BasketItem]) -> dict[UUID, UUID]:
    """Line of an add-on -> the line that it extends, where there is exactly one among these lines."""
    chosen: dict[UUID, UUID] = {}
    for line_id, what in offers.look(reseller_id, NOBODY, _wanted(found)).items():
        here = [choice.id for choice in what.choices if choice.in_basket]
        if len(here) == 1:
            chosen[line_id] = here[0]
    return chosen


def _wanted(found: Sequence[BasketItem]) -> list[Wanted]:
    return [
        Wanted(
            item.line_id, item.plan_id, item.product_id, item.product, item.plan, item.quantity,
            item.conditional, item.once, item.base_id,
        )
        for item in found
        if item.product_id is not None
    ]  # fmt: skip


def _in_order(below: Mapping[UUID | None, list[BasketItem]], at: UUID | None) -> list[BasketItem]:
    return [one for item in below.get(at, []) for one in (item, *_in_order(below, item.line_id))]


def _item(row: Sequence[Any], to_customer: bool) -> BasketItem:
    """A BasketItem from a row of one of the two statements."""
    offered, sold_in, country, *row = row
    here = not to_customer or markets.holds(sold_in, country)
    found = _offered_item(row)
    if offered and here:
        return found
    why = NotOffered(f"{found.product}, {found.plan}")
    refusal = NotInThisShop(found.product, country, sold_in) if offered else why
    return replace(found, offered=False, refused=str(refusal), unit_price=found.unit_price * 0)


def _offered_item(row: Sequence[Any]) -> BasketItem:
    line_id, plan_id, code, product, plan, sku, unit, *sold = row
    billing, term, quantity, minimum, maximum, minor, currency, steps, fields, connector, *discount = sold[
        :-7
    ]
    volume = Volume(Money(minor, currency), steps or ())
    price = volume.at(quantity)
    return BasketItem(
        line_id,
        plan_id,
        code,
        product,
        plan,
        sku,
        unit,
        billing.per,
        term.label,
        quantity,
        minimum,
        maximum,
        discounted(price, *discount) if discount else price,
        fields,
        connector,
        volume.step(quantity),
        *sold[-7:],
    )


def sum_of(basket: Sequence[BasketItem]) -> Money | None:
    """What the basket costs per period, or None when it is empty."""
    return total([item.total for item in basket], basket[0].unit_price.currency) if basket else None
