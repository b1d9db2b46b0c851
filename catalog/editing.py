"""The catalogue by hand: product types, products and plans made and changed by the distributor's people. What
was sold keeps its own copies, so that no edit changes an order, a subscription or an invoice. Whoever saves a
form that somebody else has overtaken is refused, with both values in front of them."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from catalog import attributes, categories, order_fields, pricing, publication, translations
from catalog.attributes import Attribute
from catalog.listings import Listing
from catalog.pictures import ProductPicture
from catalog.price_lists import PriceList, WholesalePrice
from catalog.products import Audience, Plan, PlanCost, Product, ProductType, SaleState
from core import db, trail
from core.errors import Conflict, Missing, Refused
from core.ids import new_id
from core.languages import _
from core.money import Money
from core.periods import Term

CODE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?")
RESERVED = frozenset({"new", "markdown"})
LONGEST_DAYS = 366
MOST_UNITS = 1_000_000


class BadCode(Refused):
    """A code that no address can have."""

    def __init__(self) -> None:
        super().__init__(
            _("A code has small letters, digits and dashes, such as uem-pro, and at most 60 of them.")
        )


class CodeTaken(Conflict):
    """A code names one thing."""

    def __init__(self, code: str) -> None:
        super().__init__(_("The code “%(code)s” is taken already.", code=code))


class WrongBounds(Refused):
    """How many may be bought at once."""

    def __init__(self) -> None:
        super().__init__(
            _("Whole numbers from 1 to %(most)s, the minimum not above the maximum.", most=f"{MOST_UNITS:,}")
        )


class WrongPeriod(Refused):
    """A billing period longer than the term."""

    def __init__(self) -> None:
        super().__init__(_("The billing period is as long as the term, or shorter."))


class WrongClock(Refused):
    """Days of a lifecycle that nobody means."""

    def __init__(self) -> None:
        super().__init__(_("Days are whole numbers from 0 to %(most)s.", most=LONGEST_DAYS))


class TypeInUse(Refused):
    """What products of a type depend on stays as it is while there are some."""

    def __init__(self) -> None:
        super().__init__(
            _("Products of this type exist already, so its buyers and its connector stay as they are.")
        )


class StillUsed(Refused):
    """A type is put away after its products."""

    def __init__(self, products: int) -> None:
        super().__init__(_("%(n)s products are of this type. Archive them first.", n=products))


class StillOnSale(Refused):
    """What can be bought is not put away."""

    def __init__(self) -> None:
        super().__init__(_("It can still be bought. Retire it first, then archive it."))


class Overtaken(Conflict):
    """Somebody else saved meanwhile; nothing of either is lost."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Somebody else has changed this since you opened it; nothing was saved. Below you see both"
                " values of each field. Keep what you typed or take over theirs, then save again."
            )
        )


# --- Forms that were overtaken ------------------------------------------------------------------------------


def seen(values: Mapping[str, Any]) -> str:
    """What a form carries to say which values it was filled with."""
    said = json.dumps(values, sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()[:24]


def refuse_if_overtaken(values: Mapping[str, Any], sent: str) -> None:
    """Overtaken unless the stored `values` are those that the form was filled with. Call it after the row is
    held."""
    if sent != seen(values):
        raise Overtaken


# --- Product types ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TypeDetails:
    """What a product type says."""

    name: str
    connector: str
    audience: Audience
    opens_storefront: bool
    unit: str
    notice_days: Sequence[int]
    grace_days: int
    ends_at_term: bool
    by_usage: bool
    attributes: Sequence[Attribute] = field(default=())

    def columns(self) -> dict[str, Any]:
        """As the row has them; WrongClock or WrongAttribute otherwise."""
        if any(not 0 <= days <= LONGEST_DAYS for days in (*self.notice_days, self.grace_days)):
            raise WrongClock
        return {
            "name": self.name.strip(),
            "connector": self.connector,
            "audience": self.audience,
            "opens_storefront": self.opens_storefront,
            "unit": self.unit.strip().lower(),
            "notice_days": sorted(set(self.notice_days), reverse=True),
            "grace_days": self.grace_days,
            "ends_at_term": self.ends_at_term,
            "by_usage": self.by_usage,
            "attributes": attributes.stored(self.attributes),
        }


FIXED = ("connector", "audience", "opens_storefront")
"""Of a type that has products: how they are delivered and who buys them was sold with them."""


def product_type(code: str, *, hold: bool = False) -> ProductType:
    """A product type by its code."""
    chosen = select(ProductType).where(ProductType.code == code)
    found = db.session().scalar(chosen.with_for_update() if hold else chosen)
    if found is None:
        raise Missing("product type")
    return found


def add_type(code: str, details: TypeDetails) -> ProductType:
    """One more."""
    _refuse_code(code, select(ProductType.id).where(ProductType.code == code))
    made = db.add(ProductType(id=new_id(), code=code, **details.columns()))
    db.flush()
    trail.write(made, "added")
    return made


def change_type(kind: ProductType, details: TypeDetails) -> None:
    """Counts for what is sold from now on; the clocks of running subscriptions read it on their next day."""
    fresh = details.columns()
    changed = {name: value for name, value in fresh.items() if getattr(kind, name) != value}
    if products_of_type(kind) and any(name in changed for name in FIXED):
        raise TypeInUse
    for name, value in changed.items():
        setattr(kind, name, value)
    if changed:
        trail.write(kind, "changed", **changed)
        publication.changed(
            db.session().scalars(select(Product).where(Product.product_type_id == kind.id)).all()
        )


def ask_with_orders(kind: ProductType, wanted: Sequence[Mapping[str, Any]]) -> None:
    """What is asked with an order of the type from now on; WrongField names the first that cannot be."""
    fresh = order_fields.checked(wanted)
    if fresh == list(kind.order_fields):
        return
    kind.order_fields = fresh
    trail.write(kind, "questions changed", now=", ".join(one["label"] for one in fresh) or "none")
    publication.changed(db.session().scalars(select(Product).where(Product.product_type_id == kind.id)).all())


def products_of_type(kind: ProductType) -> int:
    """How many products are of it, those in the archive aside."""
    chosen = select(func.count()).where(Product.product_type_id == kind.id, Product.archived_at.is_(None))
    return int(db.session().scalar(chosen) or 0)


def put_away_type(kind: ProductType, *, away: bool) -> None:
    """Into the archive, or out of it: no new products of it."""
    if away and (used := products_of_type(kind)):
        raise StillUsed(used)
    kind.archived_at = db.session().info["now"] if away else None
    trail.write(kind, "archived" if away else "taken out of the archive")


# --- Products -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProductDetails:
    """What a product says."""

    name: str
    vendor: str
    category: str
    summary: str
    description: str
    attributes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    transfer_from: int | None = None

    def columns(self) -> dict[str, Any]:
        """As the row has them."""
        return {
            "name": self.name.strip(),
            "vendor": self.vendor.strip(),
            "category": self.category.strip(),
            "summary": self.summary.strip(),
            "description": self.description.replace("\r\n", "\n").strip(),
            "attributes": dict(self.attributes),
            "transfer_from": self.transfer_from,
        }


def product(code: str, *, hold: bool = False) -> Product:
    """A product by its code."""
    chosen = select(Product).where(Product.code == code)
    found = db.session().scalar(chosen.with_for_update() if hold else chosen)
    if found is None:
        raise Missing("product")
    return found


def add_product(code: str, kind: ProductType, details: ProductDetails) -> Product:
    """A draft; it is published when it has a plan."""
    _refuse_code(code, select(Product.id).where(Product.code == code))
    if kind.archived_at is not None:
        raise publication.Archived
    made = db.add(
        Product(
            id=new_id(),
            product_type_id=kind.id,
            code=code,
            state=SaleState.DRAFT,
            published=False,
            **details.columns(),
        )
    )
    db.flush()
    categories.take_in()
    trail.write(made, "added")
    return made


def change_product(row: Product, details: ProductDetails) -> None:
    """Shops show it on the next request; what was sold keeps the words it was sold with."""
    fresh = details.columns()
    changed = {name: value for name, value in fresh.items() if getattr(row, name) != value}
    if not changed:
        return
    was = {name: getattr(row, name) for name in changed if name in ("name", "vendor", "category")}
    for name, value in changed.items():
        setattr(row, name, value)
    if "name" in changed:
        db.session().execute(
            update(Listing).where(Listing.product_id == row.id).values(sort_key=row.name.lower())
        )
    trail.write(row, "changed", **{f"{name} before": value for name, value in was.items()}, **changed)
    db.flush()
    categories.take_in()
    publication.changed([row])


# --- Plans --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlanDetails:
    """What a plan says. `features`: word -> a text, or whether it is included."""

    name: str
    sku: str
    term: Term
    billing_period: Term
    minimum: int
    maximum: int
    price: Money
    features: Mapping[str, Any] = field(default_factory=dict[str, Any])
    attributes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    markets: Sequence[str] = ()
    segments: Sequence[str] = ()

    def columns(self) -> dict[str, Any]:
        """As the row has them, the price aside; WrongBounds or WrongPeriod otherwise."""
        if not 1 <= self.minimum <= self.maximum <= MOST_UNITS:
            raise WrongBounds
        if self.billing_period.months > self.term.months:
            raise WrongPeriod
        return {
            "name": self.name.strip(),
            "sku": self.sku.strip(),
            "term": self.term,
            "billing_period": self.billing_period,
            "minimum_quantity": self.minimum,
            "maximum_quantity": self.maximum,
            "features": dict(self.features),
            "attributes": dict(self.attributes),
            "markets": list(self.markets),
            "segments": list(self.segments),
        }


def plan(of: Product, code: str, *, hold: bool = False) -> Plan:
    """A plan of a product by its code."""
    chosen = select(Plan).where(Plan.code == code, Plan.product_id == of.id)
    found = db.session().scalar(chosen.with_for_update() if hold else chosen)
    if found is None:
        raise Missing("plan")
    return found


def add_plan(
    of: Product, code: str, details: PlanDetails, *, share: Any = None, cost: Money | None = None
) -> Plan:
    """A draft of the product. `share`: the part of the list price that resellers pay, on every price list of
    its currency; none leaves the lists without a price for it."""
    _refuse_code(code, select(Plan.id).where(Plan.code == code))
    price = details.price
    made = db.add(
        Plan(
            id=new_id(),
            product_id=of.id,
            code=code,
            state=SaleState.DRAFT,
            published=False,
            list_minor=price.minor,
            currency=price.currency,
            **details.columns(),
        )
    )
    db.flush()
    trail.write(made, "added", price=price.text)
    if cost is not None:
        pricing.set_cost(made, cost)
    if share is not None:
        in_currency = select(PriceList).where(PriceList.currency == price.currency)
        for price_list in db.session().scalars(in_currency).all():
            pricing.set_wholesale(made, price_list, price.times(share))
    return made


def change_plan(row: Plan, of: Product, details: PlanDetails) -> None:
    """From now on; orders, subscriptions and invoices keep what they were sold with."""
    fresh = details.columns()
    changed = {name: value for name, value in fresh.items() if getattr(row, name) != value}
    was = {name: getattr(row, name) for name in changed if name in ("name", "sku")}
    for name, value in changed.items():
        setattr(row, name, value)
    if changed:
        trail.write(row, "changed", **{f"{name} before": value for name, value in was.items()}, **changed)
    if details.price != row.list_price:
        pricing.set_list_price(row, details.price)
        changed["list_price"] = details.price
    if changed:
        publication.changed([of])


# --- Away ---------------------------------------------------------------------------------------------------


def remove_product(row: Product) -> bool:
    """Deletes a draft that nobody ever saw, and puts away anything else; whether it was deleted. StillOnSale
    while it can be bought."""
    if row.state is SaleState.PUBLISHED:
        raise StillOnSale
    plans = list(db.session().scalars(select(Plan).where(Plan.product_id == row.id)))
    if not any(map(was_published, (row, *plans))) and _deleted([*plans, row]):
        return True
    _put_away([row, *plans])
    return False


def remove_plan(row: Plan) -> bool:
    """The same of a plan."""
    if row.state is SaleState.PUBLISHED:
        raise StillOnSale
    if not was_published(row) and _deleted([row]):
        return True
    _put_away([row])
    return False


def bring_back(row: Product | Plan) -> None:
    """Out of the archive, in the state in which it was put away; a product with the plans that went with
    it."""
    away = row.archived_at
    if away is None:
        return
    rows: list[Product | Plan] = [row]
    if isinstance(row, Product):
        rows += db.session().scalars(select(Plan).where(Plan.product_id == row.id, Plan.archived_at == away))
    for one in rows:
        one.archived_at = None
        trail.write(one, "taken out of the archive")


def was_published(row: Product | Plan) -> bool:
    """Whether it was ever on sale: its timeline says so, and what came by a file or a sheet counts as it
    was."""
    lines = trail.of(row.id)
    return not lines or any("published" in line.what.split(" -> ") for line in lines)


def _put_away(rows: Sequence[Product | Plan]) -> None:
    for row in rows:
        if row.archived_at is None:
            if row.state is SaleState.PUBLISHED:
                publication.retire(row)
            row.archived_at = db.session().info["now"]
            row.publish_at = row.retire_at = None
            trail.write(row, "archived")
    db.flush()


def _deleted(rows: Sequence[Product | Plan]) -> bool:
    """Deletes rows with what belongs to them; not where others refer to one of them."""
    ids = [row.id for row in rows]
    own = (
        delete(PlanCost).where(PlanCost.plan_id.in_(ids)),
        delete(WholesalePrice).where(WholesalePrice.plan_id.in_(ids)),
        delete(ProductPicture).where(ProductPicture.product_id.in_(ids)),
    )
    try:
        with db.savepoint():
            for one in own:
                db.session().execute(one)
            translations.forget(rows)
            for model in (Plan, Product):
                db.session().execute(
                    delete(model).where(model.id.in_(ids)).execution_options(synchronize_session=False)
                )
    except IntegrityError:
        return False
    for row in rows:
        db.session().expunge(row)
    return True


def _refuse_code(code: str, taken: Any) -> None:
    if not CODE.fullmatch(code) or code in RESERVED:
        raise BadCode
    if db.session().scalar(taken) is not None:
        raise CodeTaken(code)
