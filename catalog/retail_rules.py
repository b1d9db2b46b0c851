"""How a reseller makes its retail prices: a rule says what a price is (percent on what it pays, a fixed
amount more, a margin, the list price, an amount) and for what (everything, a category, a vendor, a product, a
plan). The most specific rule makes the price, and no other: a price that was set by hand is the rule of its
plan. What rules make is written into the shelf (catalog/shelf_prices.py); a plan that no rule covers keeps
the price it has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, and_, or_, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from catalog import rounding
from catalog.listings import Listing
from catalog.products import Plan, Product
from catalog.rounding import Rounding
from core import db, tenancy, trail
from core.errors import Missing, Refused
from core.ids import new_id
from core.languages import Words, _
from core.money import Money, exponent
from core.tenancy import Access, ResellerOwned, owned_by, same_key

WHOLE = 10_000  # basis points
LEAST, MOST = -9_000, 90_000  # of a percentage
MOST_MARGIN = 9_500
LARGEST = 100_000_000  # a million in most currencies: above it somebody forgot the point


class Level(StrEnum):
    """What a rule is for, the least specific first."""

    ALL = "all"
    CATEGORY = "category"
    VENDOR = "vendor"
    PRODUCT = "product"
    PLAN = "plan"


class Method(StrEnum):
    """How a rule makes a price. PERCENT and FIXED are added to what the reseller pays; MARGIN is the share of
    the price that stays; LIST is the recommended price and a percentage more or less."""

    PERCENT = "percent"
    FIXED = "fixed"
    MARGIN = "margin"
    LIST = "list"
    ABSOLUTE = "absolute"


SPECIFIC = tuple(reversed(Level))
LEVELS = Words(
    {
        Level.ALL: "Everything",
        Level.CATEGORY: "A category",
        Level.VENDOR: "A vendor",
        Level.PRODUCT: "A product",
        Level.PLAN: "A plan",
    }
)
METHODS = Words(
    {
        Method.PERCENT: "Percent on what you pay",
        Method.FIXED: "Amount on what you pay",
        Method.MARGIN: "Margin, as a share of the price",
        Method.LIST: "List price, and percent more or less",
        Method.ABSOLUTE: "This price",
    }
)


class RetailRule(ResellerOwned, db.Model):
    """One rule. `target`: the category or vendor, or the id of the product or plan, as text: one rule at most
    for each. `points` are basis points; an amount is in `currency`, and its rule covers prices in it alone.
    `steps`: volume steps of an amount that was set by hand."""

    __tablename__ = "retail_rules"
    __access__ = Access(distributor="rcud", reseller="rcud")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        owned_by("products", "product_id"),
        owned_by("plans", "plan_id"),
        UniqueConstraint("distributor_id", "reseller_id", "level", "target"),
        CheckConstraint("amount_minor >= 0", name="amount"),
        CheckConstraint("points BETWEEN -9000 AND 90000", name="points"),
    )

    level: Mapped[Level]
    target: Mapped[str]
    product_id: Mapped[UUID | None]
    plan_id: Mapped[UUID | None]
    method: Mapped[Method]
    points: Mapped[int] = mapped_column(default=0)
    amount_minor: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str] = mapped_column(default="")
    steps: Mapped[list[list[int]]] = mapped_column(JSONB, default=list, server_default="[]")
    made_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A rule as somebody wants it."""

    level: Level
    target: str
    method: Method
    points: int = 0
    amount_minor: int = 0
    currency: str = ""
    product_id: UUID | None = None
    plan_id: UUID | None = None
    steps: tuple[tuple[int, int], ...] = ()

    def columns(self) -> dict[str, Any]:
        """As the table has it."""
        return {
            "level": self.level,
            "target": self.target,
            "product_id": self.product_id,
            "plan_id": self.plan_id,
            "method": self.method,
            "points": self.points,
            "amount_minor": self.amount_minor,
            "currency": self.currency,
            "steps": [list(step) for step in self.steps],
        }


Rule = RetailRule | Wanted


@dataclass(frozen=True, slots=True)
class Target:
    """A plan as rules see it."""

    plan_id: UUID
    product_id: UUID
    vendor: str
    category: str
    currency: str

    def at(self, level: Level) -> str:
        """What a rule of this level names, to cover it."""
        return {
            Level.ALL: "",
            Level.CATEGORY: self.category,
            Level.VENDOR: self.vendor,
            Level.PRODUCT: str(self.product_id),
            Level.PLAN: str(self.plan_id),
        }[level]


class WrongValue(Refused):
    """A number that nobody means."""

    field = "value"


class WrongTarget(Refused):
    """A rule is for something that is on the shelf."""

    field = "target"

    def __init__(self) -> None:
        super().__init__(_("Choose what the rule is for: something that is on your shelf."))


# --- Which rule, and what it makes --------------------------------------------------------------------------


def covers(rule: Rule, plan: Target) -> bool:
    """Whether a rule may make this plan's price."""
    return rule.target == plan.at(rule.level) and rule.currency in ("", plan.currency)


def in_order(rules: Sequence[RetailRule] | Sequence[Wanted], plan: Target) -> list[Rule]:
    """The rules that cover a plan; the first makes its price."""
    covering: list[Rule] = [one for one in rules if covers(one, plan)]
    return sorted(covering, key=lambda one: SPECIFIC.index(one.level))


def made(rule: Rule, *, paid: Money | None, recommended: Money, by: Rounding) -> Money | None:
    """The retail price by a rule, of one unit; `paid` is what the reseller pays for it, after its tier. None
    where the rule builds on that, and there is none. shelf_prices.MADE is the same in SQL, for many."""
    if rule.method is Method.ABSOLUTE:
        return Money(rule.amount_minor, recommended.currency)
    if rule.method is Method.LIST:
        exact = Fraction(recommended.minor * (WHOLE + rule.points), WHOLE)
    elif paid is None:
        return None
    elif rule.method is Method.FIXED:
        exact = Fraction(paid.minor + rule.amount_minor)
    elif rule.method is Method.MARGIN:
        exact = Fraction(paid.minor * WHOLE, WHOLE - rule.points)
    else:
        exact = Fraction(paid.minor * (WHOLE + rule.points), WHOLE)
    return Money(rounding.to(exact, by), recommended.currency)


# --- Words --------------------------------------------------------------------------------------------------


def percent(points: int) -> str:
    """ "12.5 %"."""
    return f"{Decimal(points).scaleb(-2).normalize():f} %"


def share(points: int | None) -> str:
    """A margin as tables show it, with tenths: "15.2 %"."""
    return "–" if points is None else f"{Decimal(points).scaleb(-2):.1f} %"


def how(rule: Rule) -> str:
    """What a rule does, in words."""
    if rule.method is Method.ABSOLUTE:
        return _("%(price)s, set by hand", price=Money(rule.amount_minor, rule.currency).text)
    if rule.method is Method.FIXED:
        return _("what you pay and %(amount)s", amount=Money(rule.amount_minor, rule.currency).text)
    if rule.method is Method.MARGIN:
        return _("a margin of %(percent)s", percent=percent(rule.points))
    if rule.method is Method.LIST:
        if not rule.points:
            return _("the list price")
        if rule.points < 0:
            return _("the list price less %(percent)s", percent=percent(-rule.points))
        return _("the list price and %(percent)s", percent=percent(rule.points))
    if rule.points < 0:
        return _("what you pay less %(percent)s", percent=percent(-rule.points))
    return _("what you pay and %(percent)s", percent=percent(rule.points))


def parse_points(text: str, method: Method, *, field: str = "value") -> int:
    """What a person typed ("5", "-2,5 %") into a field, in basis points; WrongValue names what is allowed."""
    least, most = (0, MOST_MARGIN) if method is Method.MARGIN else (LEAST, MOST)
    try:
        points = Decimal(text.replace("%", "").replace(",", ".").strip()) * 100
    except ArithmeticError:  # no number, or one too large to be one
        points = Decimal("NaN")
    if not points.is_finite() or not least <= points <= most or points != int(points):
        raise WrongValue(
            _(
                "Enter a percentage between %(least)s and %(most)s, such as 5 or 12.5.",
                least=least // 100,
                most=most // 100,
            )
        ).at(field)
    return int(points)


def largest(currency: str) -> Money:
    """The highest price that anybody means."""
    return Money(LARGEST * 10 ** exponent(currency) // 100, currency)


def check_amount(amount: Money) -> Money:
    """The amount; WrongValue above what anybody means."""
    most = largest(amount.currency)
    if amount > most:
        raise WrongValue(_("A price is at most %(most)s.", most=most.text))
    return amount


# --- The rules of a reseller --------------------------------------------------------------------------------


def of(reseller_id: UUID, plans: Sequence[Target] | None = None) -> list[RetailRule]:
    """The reseller's rules; those that cover some plans where these are given."""
    chosen = select(RetailRule).where(RetailRule.reseller_id == reseller_id)
    if plans is not None:
        named = [
            and_(RetailRule.level == level, RetailRule.target.in_({plan.at(level) for plan in plans}))
            for level in Level
        ]
        chosen = chosen.where(or_(*named))
    return list(db.session().scalars(chosen))


def by_hand(plan_id: UUID, price: Money, steps: Sequence[Sequence[int]] = ()) -> Wanted:
    """The rule that a price set by hand is; without steps, it is the same for any number of units."""
    check_amount(price)
    return Wanted(
        Level.PLAN, str(plan_id), Method.ABSOLUTE, amount_minor=price.minor, currency=price.currency,
        plan_id=plan_id, steps=tuple((begin, minor) for begin, minor in steps),
    )  # fmt: skip


def aimed(reseller_id: UUID, level: Level, target: str) -> Mapping[str, Any]:
    """level, target and ids of a rule for something that is on the reseller's shelf; WrongTarget
    otherwise."""
    if level is Level.ALL:
        return {"level": level, "target": ""}
    on_shelf = (
        select(Listing.id)
        .join(Product, same_key(Product.id, Listing.product_id))
        .join(Plan, same_key(Plan.id, Listing.plan_id))
        .where(Listing.reseller_id == reseller_id)
    )
    ids: dict[str, UUID] = {}
    if level is Level.CATEGORY:
        named = Product.category == target
    elif level is Level.VENDOR:
        named = Product.vendor == target
    elif level is Level.PRODUCT:
        found = db.session().scalar(select(Product.id).where(Product.code == target))
        named = Product.id == found
        ids = {"product_id": found} if found else {}
    else:
        found = db.session().scalar(select(Plan.id).where(Plan.code == target))
        named = Plan.id == found
        ids = {"plan_id": found} if found else {}
    if not target or db.session().scalar(on_shelf.where(named).limit(1)) is None:
        raise WrongTarget
    return {"level": level, "target": str(next(iter(ids.values()))) if ids else target, **ids}


def rows_of(reseller_id: UUID, wanted: Sequence[Wanted]) -> list[dict[str, Any]]:
    """Wanted rules as rows of the table."""
    owner = {"distributor_id": tenancy.current().distributor_id, "reseller_id": reseller_id}
    made_at = {"made_at": db.session().info["now"]}
    return [owner | {"id": new_id()} | one.columns() | made_at for one in wanted]


def put(reseller_id: UUID, wanted: Sequence[Wanted]) -> None:
    """Rules hold from now on, each a new one in the place of one for the same. Prices follow by
    `shelf_prices.follow`."""
    if not wanted:
        return
    rows = rows_of(reseller_id, wanted)
    for at in range(0, len(rows), 1000):
        new = insert(RetailRule).values(rows[at : at + 1000])
        columns = ("id", "method", "points", "amount_minor", "currency", "steps", "made_at")
        db.session().execute(
            new.on_conflict_do_update(
                index_elements=["distributor_id", "reseller_id", "level", "target"],
                set_={name: new.excluded[name] for name in columns},
            )
        )
    db.flush()
    for one in of_targets(reseller_id, wanted) if len(wanted) == 1 else ():
        trail.write(one, "rule kept", told={"rule": how(one)})


def of_targets(reseller_id: UUID, wanted: Sequence[Wanted]) -> list[RetailRule]:
    """The rules that stand where these are wanted."""
    [one] = wanted
    chosen = select(RetailRule).where(
        RetailRule.reseller_id == reseller_id,
        RetailRule.level == one.level,
        RetailRule.target == one.target,
    )
    return list(db.session().scalars(chosen.execution_options(populate_existing=True)))


def find(rule_id: UUID) -> RetailRule:
    """A rule of the scope."""
    found = db.session().scalar(select(RetailRule).where(RetailRule.id == rule_id).with_for_update())
    if found is None:
        raise Missing("rule")
    return found


def drop(rule: RetailRule) -> None:
    """The rule ends: the next specific one makes the prices, or they stay as they are."""
    trail.write(rule, "rule removed", told={"rule": how(rule)})
    db.session().delete(rule)
    db.flush()
