"""Which discounts an order has, in both legs, and who bears each (QM9). What a discount takes off is
catalog/reductions.py; here it is asked who may have it, its uses are counted under its lock in the placing
transaction, and its rows are written with the order: wholesale and retail in two tables, because a customer
sees the one and never the other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, ColumnElement, Index, bindparam, column, func, select, update
from sqlalchemy.orm import Mapped, composite

from catalog import goods, reductions
from catalog.listings import Listing
from catalog.partner_codes import PartnerCode
from catalog.price_lists import discounted
from catalog.promotions import Promotion
from catalog.reductions import Bearer, Cuts, Offer, Position
from checkout.explanations import Ingredients, Leg, Taken
from checkout.orders import Order, OrderCancelled, OrderLine, OrderState
from core import db
from core.doors import call_here, door
from core.ids import new_id
from core.money import Money
from core.statements import Statement
from core.tenancy import Access, CustomerOwned, ResellerOwned, owned_by, same_key


class _Discounted:
    """What a discount takes off an order line: `unit` off each unit, `total` off the line, net. `bearer` is
    the named party whose margin it comes out of. It comes from a promotion or from a partner code; `number`
    says in which order they were taken."""

    order_id: Mapped[UUID]
    order_line_id: Mapped[UUID]
    number: Mapped[int]
    promotion_id: Mapped[UUID | None]
    code_id: Mapped[UUID | None]
    name: Mapped[str]
    bearer: Mapped[Bearer]
    unit_minor: Mapped[int]
    total_minor: Mapped[int]
    currency: Mapped[str]


def _keys(table: str, *more: Any) -> tuple[Any, ...]:
    return (
        owned_by("order_lines", "order_line_id"),
        owned_by("promotions", "promotion_id"),
        owned_by("partner_codes", "code_id"),
        CheckConstraint("num_nonnulls(promotion_id, code_id) = 1", name="source"),
        CheckConstraint("unit_minor > 0 AND total_minor > 0", name="amount"),
        Index(f"ix_{table}_order", "distributor_id", "order_id"),
        Index(f"ix_{table}_promotion", "distributor_id", "promotion_id"),
        *more,
    )


class OrderDiscount(_Discounted, CustomerOwned, db.Model):
    """A discount of what the buyer pays. Of an order that a reseller places for itself it is the wholesale
    one once more, as its lines are."""

    __tablename__ = "order_discounts"
    __access__ = Access(distributor="rc", reseller="r", customer="r", door="r")
    __table_args__ = _keys(
        "order_discounts", CheckConstraint("customer_id IS NULL OR bearer = 'reseller'", name="bearer")
    )

    unit: Mapped[Money] = composite(Money, "unit_minor", "currency")
    total: Mapped[Money] = composite(Money, "total_minor", "currency")


class OrderWholesaleDiscount(_Discounted, ResellerOwned, db.Model):
    """A discount of what the reseller pays. No customer can select this table."""

    __tablename__ = "order_wholesale_discounts"
    __access__ = Access(distributor="rc", reseller="r", door="r")
    __table_args__ = _keys(
        "order_wholesale_discounts",
        Index("ix_order_wholesale_discounts_code", "distributor_id", "code_id"),
        CheckConstraint("bearer <> 'reseller'", name="bearer"),
    )

    unit: Mapped[Money] = composite(Money, "unit_minor", "currency")
    total: Mapped[Money] = composite(Money, "total_minor", "currency")


# --- Who may have which -------------------------------------------------------------------------------------

# One look at two small indexes, inside the statement that prices a basket: where nothing runs, nothing
# else is asked.
RUNNING = door("""
CREATE FUNCTION discounts_running_v1() RETURNS TABLE (running boolean) AS $$
  SELECT EXISTS (SELECT 1 FROM promotions WHERE distributor_id = current_setting('app.distributor_id')::uuid AND state = 'running')
    OR EXISTS (SELECT 1 FROM partner_codes WHERE distributor_id = current_setting('app.distributor_id')::uuid AND state = 'running')
$$""")  # noqa: E501 SQL
ANY_RUNNING = select(column("running", Boolean)).select_from(func.discounts_running_v1()).scalar_subquery()


def running() -> bool:
    """Whether anything of the distributor's or its resellers' runs."""
    return bool(call_here(RUNNING, {})[0].running)


# A customer's scope and a visitor's hear of the retail leg alone; a reseller's of its own alone. An earlier
# order counts while it is not cancelled.
DISCOUNTS = door(
    f"""
CREATE FUNCTION discounts_v1(p_reseller uuid, p_customer uuid, p_plans uuid[])
RETURNS TABLE (plan_id uuid, retail boolean, id uuid, is_code boolean, name text, basis_points bigint, minor bigint, currency text, combines boolean, minimum bigint, bearer text, counted boolean, locks boolean, left_minor bigint, ends_on date) AS $$
  WITH me AS (
    SELECT current_setting('app.distributor_id')::uuid AS distributor_id, current_setting('role') ~ '_as_(reseller|distributor)$' AS trade
    WHERE current_setting('app.reseller_id') IN ('', p_reseller::text) AND current_setting('app.customer_id') IN ('', coalesce(p_customer::text, ''))
  ), bought AS (
    SELECT p.distributor_id, p.id AS plan_id, p.product_id, me.trade FROM me
    JOIN plans p ON p.distributor_id = me.distributor_id AND p.id = ANY (p_plans)
  )
  SELECT b.plan_id, d.reseller_id IS NOT NULL, d.id, false, d.name, d.basis_points, d.minor, d.currency, d.combines, d.minimum_quantity,
    d.bearer, d.counted, d.counted OR d.new_customers OR d.once_per_customer, d.most_minor - d.spent_minor, d.ends_on
  FROM bought b JOIN products o ON o.distributor_id = b.distributor_id AND o.id = b.product_id
  JOIN promotions d ON d.distributor_id = b.distributor_id AND d.state = 'running'
  WHERE CASE WHEN d.reseller_id IS NULL THEN b.trade ELSE d.reseller_id = p_reseller AND p_customer IS NOT NULL END
    AND (d.most_uses IS NULL OR d.uses < d.most_uses) AND (d.most_minor IS NULL OR d.spent_minor < d.most_minor)
    AND {goods.holds("b.plan_id")}
    AND (d.buyers = '{{}}' OR d.buyers->'customers' ? p_customer::text OR d.buyers->'resellers' ? p_reseller::text
      OR EXISTS (SELECT 1 FROM enrolments e WHERE e.distributor_id = d.distributor_id AND e.reseller_id = p_reseller
        AND e.state = 'active' AND d.buyers->'tiers' ? e.tier_id::text))
    AND NOT (d.new_customers AND EXISTS (SELECT 1 FROM orders x WHERE x.distributor_id = d.distributor_id AND x.reseller_id = p_reseller
      AND x.customer_id IS NOT DISTINCT FROM p_customer AND x.state <> 'cancelled'))
    AND NOT (d.once_per_customer AND EXISTS (SELECT 1 FROM orders x WHERE x.distributor_id = d.distributor_id AND x.reseller_id = p_reseller
      AND x.customer_id IS NOT DISTINCT FROM p_customer AND x.state <> 'cancelled' AND (
        EXISTS (SELECT 1 FROM order_discounts u WHERE u.distributor_id = d.distributor_id AND u.promotion_id = d.id AND u.order_id = x.id)
        OR EXISTS (SELECT 1 FROM order_wholesale_discounts u WHERE u.distributor_id = d.distributor_id AND u.promotion_id = d.id AND u.order_id = x.id))))
  UNION ALL
  SELECT b.plan_id, false, d.id, true, d.name, d.basis_points, 0, '', d.combines, 1, 'distributor', d.most_uses IS NOT NULL, d.most_uses IS NOT NULL, NULL, d.ends_on
  FROM bought b JOIN products o ON o.distributor_id = b.distributor_id AND o.id = b.product_id
  JOIN partner_codes d ON d.distributor_id = b.distributor_id AND d.reseller_id = p_reseller AND d.state = 'running'
  JOIN code_redemptions r ON r.distributor_id = d.distributor_id AND r.code_id = d.id
  WHERE b.trade AND (d.most_uses IS NULL OR d.uses < d.most_uses) AND {goods.holds("b.plan_id")}
$$"""  # noqa: E501, S608 SQL of our own
)


@dataclass(slots=True)
class Found:
    """What may be had on a plan, in each leg."""

    retail: list[Offer]
    wholesale: list[Offer]


def _may_have(
    reseller_id: UUID, customer_id: UUID | None, plans: Sequence[UUID]
) -> tuple[dict[UUID, Found], dict[UUID, bool]]:
    """plan -> what may be had on it; and, of those that have to be locked, id -> whether it is a code."""
    found = {plan_id: Found([], []) for plan_id in plans}
    locks: dict[UUID, bool] = {}
    asked = {"p_reseller": reseller_id, "p_customer": customer_id, "p_plans": list(plans)}
    for row in call_here(DISCOUNTS, asked):
        offer = Offer(
            row.id, row.name, row.basis_points, row.minor, row.currency, row.combines, row.minimum,
            row.is_code, Bearer(row.bearer), row.counted, row.left_minor, row.ends_on,
        )  # fmt: skip
        (found[row.plan_id].retail if row.retail else found[row.plan_id].wholesale).append(offer)
        if row.locks:
            locks[row.id] = row.is_code
    return found, locks


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line as it stands before discounts: what the buyer pays for a unit, and what its reseller does."""

    plan_id: UUID
    quantity: int
    price: Money
    wholesale: Money


@dataclass(frozen=True, slots=True)
class Reduced:
    """The same with what is taken off a unit in each leg."""

    price: Money
    wholesale: Money
    retail_cuts: Cuts
    wholesale_cuts: Cuts


def preview(
    reseller_id: UUID, customer_id: UUID | None, lines: Sequence[tuple[UUID, int, Money]]
) -> list[Cuts]:
    """What comes off a unit of each line (plan, quantity, price) for this buyer now: retail for a customer,
    wholesale for a reseller that buys for itself. Nothing is counted."""
    found, _locks = _may_have(reseller_id, customer_id, [plan_id for plan_id, _q, _p in lines])
    return reductions.of_all(
        [
            Position(price, quantity, found[plan_id].retail if customer_id else found[plan_id].wholesale)
            for plan_id, quantity, price in lines
        ]
    )


def apply(
    reseller_id: UUID, customer_id: UUID | None, lines: Sequence[Wanted], *, quoted: bool = False
) -> list[Reduced]:
    """Both legs of every line less their discounts. What has a limit, or asks who bought before, is locked
    and looked at again, so that of two orders at once only one has the last use (QM7). Works as the
    distributor, in the transaction that places. `quoted`: the buyer pays what a quote says, less nothing."""
    plans = [line.plan_id for line in lines]
    found, locks = _may_have(reseller_id, customer_id, plans)
    if locks:
        hold(locks)
        found, _again = _may_have(reseller_id, customer_id, plans)
    if quoted:
        found = {plan_id: Found([], one.wholesale) for plan_id, one in found.items()}
    reduced = _both_legs(found, lines, own=customer_id is None)
    _count([(one.quantity, now.wholesale_cuts) for one, now in zip(lines, reduced, strict=True)])
    if customer_id is not None:
        _count([(one.quantity, now.retail_cuts) for one, now in zip(lines, reduced, strict=True)])
    return reduced


def preview_both(reseller_id: UUID, customer_id: UUID | None, lines: Sequence[Wanted]) -> list[Reduced]:
    """Both legs as `apply` would have them now, in a scope that may see both; nothing is counted."""
    found, _locks = _may_have(reseller_id, customer_id, [line.plan_id for line in lines])
    return _both_legs(found, lines, own=customer_id is None)


def explained(of: Ingredients, plan_id: UUID, reseller_id: UUID, quantity: int) -> list[Taken]:
    """What comes off the prices of a plan, for the steps that explain them: what the reseller has on an order
    of its own, and what is off for everybody on its shelf; in a scope that may see both."""
    found: list[Taken] = []
    if of.wholesale is not None:
        price = discounted(of.wholesale.at(quantity), of.discount)
        ours = preview(reseller_id, None, [(plan_id, quantity, price)])[0]
        found += [Taken(Leg.WHOLESALE, cut.offer.name, cut.unit) for cut in ours]
    if of.retail is not None:
        mine = (Listing.reseller_id == reseller_id) & (Listing.plan_id == plan_id)
        sale = db.session().scalar(select(Listing.sale).where(mine))
        price = of.retail.at(quantity)
        theirs = reductions.cuts(price, reductions.on_sale(sale, price.currency), quantity)
        found += [Taken(Leg.RETAIL, cut.offer.name, cut.unit) for cut in theirs]
    return found


def _both_legs(found: Mapping[UUID, Found], lines: Sequence[Wanted], *, own: bool) -> list[Reduced]:
    """What a reseller orders for itself has the wholesale discounts in both legs."""
    wholesale = reductions.of_all(
        [Position(one.wholesale, one.quantity, found[one.plan_id].wholesale) for one in lines]
    )
    retail = (
        wholesale
        if own
        else reductions.of_all(
            [Position(one.price, one.quantity, found[one.plan_id].retail) for one in lines]
        )
    )
    return [
        Reduced(
            reductions.lowered(one.price, taken),
            reductions.lowered(one.wholesale, taken_wholesale),
            taken,
            taken_wholesale,
        )
        for one, taken, taken_wholesale in zip(lines, retail, wholesale, strict=True)
    ]


LOCK_PROMOTIONS = select(Promotion.id).order_by(Promotion.id).with_for_update()
LOCK_CODES = select(PartnerCode.id).order_by(PartnerCode.id).with_for_update()


def hold(ids: dict[UUID, bool]) -> None:
    """Locks promotions and codes until the end of the transaction, always in the same order."""
    promotions, codes = _parted(ids)
    if promotions:
        db.session().execute(LOCK_PROMOTIONS.where(Promotion.id.in_(promotions)))
    if codes:
        db.session().execute(LOCK_CODES.where(PartnerCode.id.in_(codes)))


def _parted(ids: dict[UUID, bool]) -> tuple[list[UUID], list[UUID]]:
    return [one for one, is_code in ids.items() if not is_code], [one for one, code in ids.items() if code]


USE_PROMOTION = Statement(
    update(Promotion)
    .where(Promotion.id == bindparam("source"))
    .values(uses=Promotion.uses + 1, spent_minor=Promotion.spent_minor + bindparam("spent"))
)
USE_CODE = Statement(
    update(PartnerCode).where(PartnerCode.id == bindparam("source")).values(uses=PartnerCode.uses + 1)
)


def _count(lines: Sequence[tuple[int, Cuts]]) -> None:
    """One use for the order, of each offer that is counted; their rows are locked."""
    spent: dict[UUID, int] = {}
    codes: dict[UUID, bool] = {}
    for quantity, cuts in lines:
        for cut in cuts:
            if cut.offer.counted:
                spent[cut.offer.id] = spent.get(cut.offer.id, 0) + cut.unit.minor * quantity
                codes[cut.offer.id] = cut.offer.is_code
    for source in sorted(spent):
        if codes[source]:
            USE_CODE.rows(source=source)
        else:
            USE_PROMOTION.rows(source=source, spent=spent[source])


# --- Rows of an order ---------------------------------------------------------------------------------------


def rows(
    taken: Iterable[tuple[UUID, int, Cuts]], order_id: UUID, owner: dict[str, Any]
) -> list[dict[str, Any]]:
    """The discount rows of one leg, of (order line, quantity, cuts); `owner` are the columns of whose they
    are."""
    return [
        owner
        | {
            "id": new_id(),
            "order_id": order_id,
            "order_line_id": line_id,
            "number": number,
            "promotion_id": None if cut.offer.is_code else cut.offer.id,
            "code_id": cut.offer.id if cut.offer.is_code else None,
            "name": cut.offer.name,
            "bearer": cut.offer.bearer,
            "unit_minor": cut.unit.minor,
            "total_minor": cut.unit.minor * quantity,
            "currency": cut.unit.currency,
        }
        for line_id, quantity, cuts in taken
        for number, cut in enumerate(cuts, start=1)
    ]


def in_words(list_price: Money, cuts: Cuts) -> str:
    """What papers say below a line; nothing where nothing was taken off."""
    return _said(list_price, [(cut.offer.name, cut.unit) for cut in cuts])


def _said(list_price: Money, taken: Sequence[tuple[str, Money]]) -> str:
    if not taken:
        return ""
    words = "; ".join(f"{name}: -{amount.text}" for name, amount in taken)
    return f"\n{list_price.text} before discounts. {words} per unit."


def said_of(line: OrderLine, given: Sequence["Given"]) -> str:
    """The same of a line of an order that was placed."""
    mine = [one for one in given if one.order_line_id == line.id]
    if not mine or line.list_minor is None:
        return ""
    return _said(Money(line.list_minor, line.currency), [(one.name, one.unit) for one in mine])


def release(event: OrderCancelled) -> None:
    """Now-reaction: an order that was given up gives back the uses it took. Its rows stay."""
    order_id = event.order_id
    promotions: dict[UUID, int] = {}
    for model in (OrderDiscount, OrderWholesaleDiscount):
        chosen = select(model.promotion_id, func.sum(model.total_minor)).where(model.order_id == order_id)
        for promotion_id, spent in db.session().execute(chosen.group_by(model.promotion_id)):
            if promotion_id is not None:
                promotions[promotion_id] = int(spent)  # an order of one's own has the same in both legs
    codes = select(OrderWholesaleDiscount.code_id).where(
        OrderWholesaleDiscount.order_id == order_id, OrderWholesaleDiscount.code_id.is_not(None)
    )
    for promotion_id, spent in sorted(promotions.items()):
        db.session().execute(
            update(Promotion)
            .where(Promotion.id == promotion_id, Promotion.counted)
            .values(uses=Promotion.uses - 1, spent_minor=Promotion.spent_minor - spent)
        )
    for code_id in sorted(one for one in set(db.session().scalars(codes)) if one):
        counted = (PartnerCode.id == code_id) & PartnerCode.most_uses.is_not(None)
        db.session().execute(update(PartnerCode).where(counted).values(uses=PartnerCode.uses - 1))


@dataclass(frozen=True, slots=True)
class Given:
    """A discount of an order line, as pages show it."""

    order_line_id: UUID
    name: str
    bearer: Bearer
    unit: Money
    total: Money


def of_order(order_id: UUID, *, wholesale: bool = False) -> list[Given]:
    """What came off an order in one leg, in the order it was taken; `wholesale` asks for a table that no
    customer can select."""
    model = OrderWholesaleDiscount if wholesale else OrderDiscount
    chosen = select(model).where(model.order_id == order_id).order_by(model.order_line_id, model.number)
    return [
        Given(one.order_line_id, one.name, one.bearer, one.unit, one.total)
        for one in db.session().scalars(chosen)
    ]


@dataclass(frozen=True, slots=True)
class Use:
    """An order that has a discount: its code, who bought, and what it cost whoever bears it, over its
    lines."""

    order_code: str
    reseller_id: UUID
    customer_id: UUID | None
    placed_at: datetime
    total: Money


def uses_of(source_id: UUID, *, wholesale: bool, most: int = 50) -> list[Use]:
    """Orders, not cancelled, that have a promotion or code, the newest first."""
    model = OrderWholesaleDiscount if wholesale else OrderDiscount
    chosen = (
        select(
            Order.code,
            Order.reseller_id,
            Order.customer_id,
            Order.created_at,
            func.sum(model.total_minor),
            Order.currency,
        )
        .join(model, same_key(model.order_id, Order.id))
        .where(_source(model, source_id), Order.state != OrderState.CANCELLED)
        .group_by(Order.distributor_id, Order.id)
        .order_by(Order.id.desc())
        .limit(most)
    )
    return [
        Use(code, reseller_id, customer_id, placed, Money(int(minor), currency))
        for code, reseller_id, customer_id, placed, minor, currency in db.session().execute(chosen)
    ]


def used(source_ids: Sequence[UUID], *, wholesale: bool) -> dict[UUID, tuple[int, Money]]:
    """source -> (orders that have it, what it gave so far), in one statement; those without an order are not
    in it. A source gives in one currency, where its orders have one."""
    model = OrderWholesaleDiscount if wholesale else OrderDiscount
    source = func.coalesce(model.promotion_id, model.code_id)
    chosen = (
        select(
            source,
            func.count(model.order_id.distinct()),
            func.sum(model.total_minor),
            func.min(model.currency),
        )
        .join(Order, same_key(Order.id, model.order_id))
        .where(source.in_(source_ids), Order.state != OrderState.CANCELLED)
        .group_by(source)
    )
    return {
        found: (int(orders), Money(int(minor), currency))
        for found, orders, minor, currency in db.session().execute(chosen)
    }


def _source(
    model: type[OrderDiscount] | type[OrderWholesaleDiscount], source_id: UUID
) -> ColumnElement[bool]:
    return (model.promotion_id == source_id) | (model.code_id == source_id)
