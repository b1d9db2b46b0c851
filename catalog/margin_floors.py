"""How little of a price may stay: a floor is a margin in basis points, and warns or refuses below it. The
distributor has floors for what it keeps of a wholesale price after the vendor's cost: for all, for a
reseller, for a product. A reseller has its own for what it keeps of a retail price after what it pays: for
its whole shelf, for a product. A product's floor counts before a reseller's, that before the one for all.

Nobody sets a floor under another's prices (docs/decisions/0029-floors-and-rules.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Integer, UniqueConstraint, case, cast, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from catalog import exchange
from catalog.products import Plan, PlanCost, Product
from core import db, trail
from core.errors import Missing, Refused
from core.languages import _
from core.money import Money
from core.parties import Reseller
from core.tenancy import Access, DistributorOwned, ResellerOwned, owned_by

WHOLE = 10_000
MOST = 9_500


class MarginFloor(DistributorOwned, db.Model):
    """What the distributor keeps of a wholesale price at least. `target`: "all", or the id of the reseller or
    product, as text."""

    __tablename__ = "margin_floors"
    __access__ = Access(distributor="rcud")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        owned_by("products", "product_id"),
        UniqueConstraint("distributor_id", "target"),
        CheckConstraint("points BETWEEN 0 AND 9500", name="points"),
    )

    target: Mapped[str]
    reseller_id: Mapped[UUID | None]
    product_id: Mapped[UUID | None]
    points: Mapped[int]
    refuses: Mapped[bool] = mapped_column(default=False)


class RetailFloor(ResellerOwned, db.Model):
    """What a reseller keeps of a retail price at least; of everything, where it names no product."""

    __tablename__ = "retail_floors"
    __access__ = Access(distributor="rcu", reseller="rcud")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        owned_by("products", "product_id"),
        UniqueConstraint("distributor_id", "reseller_id", "target"),
        CheckConstraint("points BETWEEN 0 AND 9500", name="points"),
    )

    target: Mapped[str]
    product_id: Mapped[UUID | None]
    points: Mapped[int]
    refuses: Mapped[bool] = mapped_column(default=False)


class UnderFloor(Refused):
    """A price below a floor that refuses."""

    def __init__(self, prices: int) -> None:
        super().__init__(
            _("That would leave less than your margin floor allows, on one price. Nothing was changed.")
            if prices == 1
            else _(
                "That would leave less than your margin floor allows, on %(n)s prices. Nothing was changed.",
                n=prices,
            )
        )


class PriceInReview(Refused):
    """An order at a price below a floor; whoever buys is not told about margins."""

    def __init__(self, product: str) -> None:
        super().__init__(
            _(
                "%(product)s cannot be ordered right now, because its price is being looked at. Please"
                " contact your provider.",
                product=product,
            )
        )


def is_under(price: Money, paid: Money, points: int) -> bool:
    """Whether less than that share of the price stays. Nothing for nothing is no loss."""
    return (price - paid).minor * WHOLE < points * price.minor


def least(paid: Money, points: int) -> Money:
    """The lowest price that leaves the floor."""
    return Money(-(-paid.minor * WHOLE // (WHOLE - points)), paid.currency)


# --- At the checkout ----------------------------------------------------------------------------------------

# A floor as one number, so that the one statement which prices a basket reads it too: twice the points, and
# one
# more where it refuses.
WHOLESALE_FLOOR = (
    select(MarginFloor.points * 2 + cast(MarginFloor.refuses, Integer))
    .where(
        MarginFloor.distributor_id == Product.distributor_id,
        or_(
            MarginFloor.product_id == Product.id,
            MarginFloor.reseller_id == Reseller.id,
            MarginFloor.target == "all",
        ),
    )
    .order_by(
        case((MarginFloor.product_id.is_not(None), 0), (MarginFloor.reseller_id.is_not(None), 1), else_=2)
    )
    .limit(1)
    .correlate(Product, Reseller)
    .scalar_subquery()
)
RETAIL_FLOOR = (
    select(RetailFloor.points * 2 + cast(RetailFloor.refuses, Integer))
    .where(
        RetailFloor.distributor_id == Product.distributor_id,
        RetailFloor.reseller_id == Reseller.id,
        or_(RetailFloor.product_id == Product.id, RetailFloor.product_id.is_(None)),
    )
    .order_by(RetailFloor.product_id.is_(None))
    .limit(1)
    .correlate(Product, Reseller)
    .scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class Broken:
    """What an order line breaks, for those who may know it: the distributor's floor, the reseller's own."""

    wholesale: bool = False
    retail: bool = False

    def __bool__(self) -> bool:
        return self.wholesale or self.retail


UNBROKEN = Broken()


def judge(
    product: str, *, price: Money, wholesale: Money, cost: Money | None,
    floors: tuple[int | None, int | None], to_customer: bool, borne: Money | None = None,
) -> Broken:  # fmt: skip
    """Whether a line is sold under a floor that warns; PriceInReview under one that refuses. `floors` are
    WHOLESALE_FLOOR and RETAIL_FLOOR; `borne` is what somebody else pays of the wholesale price. A cost in a
    currency without a rate of the day is not judged: it stands among the alarms
    (catalog/margin_alarms.py)."""
    ours, theirs = floors
    received = wholesale + borne if borne else wholesale
    broken = Broken(
        ours is not None and _under(received, cost, ours // 2),
        to_customer and theirs is not None and _under(price, wholesale, theirs // 2),
    )
    if (broken.wholesale and ours and ours % 2) or (broken.retail and theirs and theirs % 2):
        raise PriceInReview(product)
    return broken


def _under(price: Money, paid: Money | None, points: int) -> bool:
    known = exchange.converted(paid, price.currency) if paid is not None else None
    return known is not None and is_under(price, known, points)


# --- The distributor's floors -------------------------------------------------------------------------------


def keep(
    points: int, *, refuses: bool, reseller: Reseller | None = None, product: Product | None = None
) -> None:
    """The distributor's floor for all, for a reseller or for a product, from now on."""
    _check(points)
    target = str(product.id) if product else str(reseller.id) if reseller else "all"
    floor = db.session().scalar(select(MarginFloor).where(MarginFloor.target == target))
    if floor is None:
        floor = db.add(
            MarginFloor(
                target=target, points=points, refuses=refuses,
                reseller_id=reseller.id if reseller else None, product_id=product.id if product else None,
            )
        )  # fmt: skip
    floor.points, floor.refuses = points, refuses
    db.flush()
    trail.write(floor, "floor kept", told={"percent": _percent(points), "below it": _act(refuses)})


def drop(floor_id: UUID) -> None:
    """That floor ends."""
    floor = db.session().scalar(select(MarginFloor).where(MarginFloor.id == floor_id))
    if floor is None:
        raise Missing("floor")
    trail.write(floor, "floor removed", told={"percent": _percent(floor.points)})
    db.session().delete(floor)
    db.flush()


def check_wholesale(plan: Plan, price: Money) -> None:
    """UnderFloor where a wholesale price would leave less of it than a refusing floor of the distributor
    allows; floors of single resellers are judged with their tier, by the alarms and at the checkout."""
    db.flush()
    cost = db.session().scalar(select(PlanCost).where(PlanCost.plan_id == plan.id))
    floors = select(MarginFloor).where(
        or_(MarginFloor.product_id == plan.product_id, MarginFloor.target == "all")
    )
    floor = db.session().scalar(floors.order_by(MarginFloor.product_id.is_(None)).limit(1))
    if floor is not None and floor.refuses and _under(price, cost.cost if cost else None, floor.points):
        raise UnderFloor(1)


# --- A reseller's floors ------------------------------------------------------------------------------------


def keep_own(reseller_id: UUID, points: int, *, refuses: bool, product: Product | None = None) -> None:
    """The reseller's floor for its whole shelf, or for a product, from now on."""
    _check(points)
    target = str(product.id) if product else "all"
    chosen = select(RetailFloor).where(RetailFloor.reseller_id == reseller_id, RetailFloor.target == target)
    floor = db.session().scalar(chosen)
    if floor is None:
        floor = db.add(
            RetailFloor(
                reseller_id=reseller_id, target=target, points=points, refuses=refuses,
                product_id=product.id if product else None,
            )
        )  # fmt: skip
    floor.points, floor.refuses = points, refuses
    db.flush()
    trail.write(floor, "floor kept", told={"percent": _percent(points), "below it": _act(refuses)})


def drop_own(floor_id: UUID) -> None:
    """That floor ends."""
    floor = db.session().scalar(select(RetailFloor).where(RetailFloor.id == floor_id))
    if floor is None:
        raise Missing("floor")
    trail.write(floor, "floor removed", told={"percent": _percent(floor.points)})
    db.session().delete(floor)
    db.flush()


def of_shelf(reseller_id: UUID) -> dict[UUID | None, RetailFloor]:
    """product, or none for everything -> the reseller's floor."""
    rows = db.session().scalars(select(RetailFloor).where(RetailFloor.reseller_id == reseller_id))
    return {row.product_id: row for row in rows}


def refuse_under(
    prices: Sequence[tuple[UUID, Money, Money | None]], floors: dict[UUID | None, RetailFloor]
) -> None:
    """UnderFloor where one of (product, price, what is paid) is below a refusing floor of the reseller."""
    below = 0
    for product_id, price, paid in prices:
        floor = floors.get(product_id) or floors.get(None)
        below += (
            floor is not None and floor.refuses and paid is not None and is_under(price, paid, floor.points)
        )
    if below:
        raise UnderFloor(below)


def _check(points: int) -> None:
    if not 0 <= points <= MOST:
        raise Refused(_("A floor is a percentage between 0 and %(most)s.", most=MOST // 100))


def _percent(points: int) -> str:
    return f"{Decimal(points).scaleb(-2).normalize():f} %"


def _act(refuses: bool) -> str:
    return "refused" if refuses else "warned"
