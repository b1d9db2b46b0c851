"""The catalogue: products with their plans, list price, wholesale per price list, cost and margin; and
loading a catalogue file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import itemgetter
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import ColumnElement, Select, func, or_, select
from werkzeug.wrappers import Response

from catalog import (
    assortments,
    catalogue_files,
    editing,
    exchange,
    factors,
    listings,
    loading,
    margin_alarms,
    pricing,
)
from catalog.editing import Overtaken
from catalog.loading import BadCatalogue, Loaded
from catalog.price_lists import PriceList, WholesalePrice
from catalog.products import Audience, Plan, PlanCost, Product, ProductType, SaleState
from catalog.translations import Translation
from core import db
from core import money as moneys
from core.errors import Missing, Refusal
from core.languages import Words, _
from core.money import Money
from core.parties import Reseller
from partners.storefronts import Storefront, StorefrontState
from provisioning.connectors.registry import CONNECTORS
from storefront import exports, lists, pages, timelines
from storefront.distributor import console, forms, product_pages
from storefront.lists import Column, List
from storefront.visitors import has_role, require_role

pages.saying(
    prices_saved="Saved. Every shop shows it on its next request.",
    stocked=(
        "Open shelves have the new plans now, where their resellers did not say otherwise. Each may change or"
        " hide them."
    ),
)

BUYERS = Words({Audience.CUSTOMER: "customers", Audience.RESELLER: "resellers"})


@console.get("/catalogue")
def product_list() -> Response:
    """Products by name."""
    with db.transaction():
        page = lists.page(the_list(), products())
    return pages.render(
        "distributor/products.html",
        title=_("Catalogue"),
        page=page,
        may_change=has_role("storefront_manager"),
    )


@console.get("/catalogue.csv")
def product_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), products())


def the_list() -> List:
    """What the list is; call it in a transaction, because its types are rows."""
    types = [
        (row.code, row.name) for row in db.session().scalars(select(ProductType).order_by(ProductType.name))
    ]
    return List(
        _("Products"),
        "distributor.product_list",
        [
            Column("name", _("Product"), itemgetter("name"), Product.name),
            Column("code", _("Code"), itemgetter("code"), only_file=True),
            Column("vendor", _("Vendor"), itemgetter("vendor"), Product.vendor),
            Column("category", _("Category"), itemgetter("category"), Product.category),
            Column("type", _("Type"), itemgetter("type")),
            Column("plans", _("Plans"), itemgetter("plans"), kind="num"),
            Column("from", _("List price from"), itemgetter("from"), kind="num", money=True),
            Column("state", _("State"), itemgetter("state")),
        ],
        Product.id,
        rows_of,
        "name",
        search=found_by,
        filters=[
            lists.Choice("type", _("Type"), types, lambda code: ProductType.code == code, _("All types")),
        ],
        views=lists.Choice(
            "show",
            _("State"),
            [*product_pages.STATES.options(), ("archived", _("Archive"))],
            lambda word: (
                Product.archived_at.is_not(None)
                if word == "archived"
                else (Product.state == SaleState(word)) & Product.archived_at.is_(None)
            ),
            any_word=_("All"),
        ),
        export="distributor.product_file",
        always=None if request.args.get("show") == "archived" else Product.archived_at.is_(None),
    )


def products() -> Select[Product, ProductType]:
    """Products with their types."""
    return select(Product, ProductType).join(
        ProductType,
        (ProductType.distributor_id == Product.distributor_id) & (ProductType.id == Product.product_type_id),
    )


def found_by(query: str) -> ColumnElement[bool]:
    """A code whole, words by a part of them, in whatever language they are written."""
    names = (Product.name, Product.vendor, Product.category)
    translated = select(Translation.product_id).where(
        Translation.product_id.is_not(None), Translation.name.icontains(query, autoescape=True)
    )
    return or_(
        Product.code == query.lower(),
        Product.id.in_(translated),
        *(name.icontains(query, autoescape=True) for name in names),
    )


def rows_of(found: Sequence[tuple[Product, ProductType]]) -> list[dict[str, Any]]:
    """Products as the list shows them; one statement more for a page."""
    cheapest = {
        product_id: (number, Money(least, currency))
        for product_id, number, least, currency in db.session().execute(
            select(Plan.product_id, func.count(), func.min(Plan.list_minor), func.min(Plan.currency))
            .where(Plan.product_id.in_([product.id for product, _ in found]))
            .group_by(Plan.product_id)
        )
    }
    return [
        {
            "name": product.name,
            "code": product.code,
            "url": url_for("distributor.product_page", code=product.code),
            "vendor": product.vendor,
            "category": product.category,
            "type": type_.name,
            "plans": cheapest[product.id][0] if product.id in cheapest else 0,
            "from": cheapest[product.id][1] if product.id in cheapest else None,
            "state": product.state.value,
        }
        for product, type_ in found
    ]


# --- One product --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """One amount of the price table, as it was typed or as it is stored, with what is left of it."""

    name: str
    label: str
    value: str
    error: str | None
    margin: str
    low: bool
    fixed: bool = False  # the price follows another plan's


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan with its prices."""

    id: UUID
    code: str
    name: str
    state: str
    note: str
    currency: str
    published_name: str
    published: bool
    list_price: Cell
    cost: Cell
    wholesale: Sequence[Cell]
    by_quantity: str
    prices_url: str


@console.get("/catalogue/<code>")
def product_page(code: str) -> Response:
    """A product with its plans and prices."""
    return show_product(code)


@console.post("/catalogue/<code>")
def save_product(code: str) -> Response:
    """Saves every price of the product, and which of its plans are sold; nothing is saved while one of them
    is wrong, or while somebody else has changed one meanwhile."""
    require_role("storefront_manager")
    typed = request.form.to_dict()
    with db.transaction():
        plans, price_lists = plans_of(code), all_price_lists()
    amounts, errors = read_amounts(typed, plans, price_lists)
    if errors:
        return show_product(code, 422, typed=typed, errors=errors)
    try:
        with db.transaction():
            product = editing.product(code, hold=True)
            plans, price_lists = plans_of(code), all_price_lists()
            stored = amounts_of(plans)
            if "seen" in typed:
                editing.refuse_if_overtaken(stored, typed["seen"])
            for plan in plans:
                save_plan(plan, price_lists, amounts, published=f"on-{plan.id}" in typed)
            pricing.changed(product)
    except Overtaken as refusal:
        return show_product(code, refusal.status, typed=typed, problem=str(refusal), overtaken=True)
    except Refusal as refusal:
        return show_product(code, refusal.status, typed=typed, problem=str(refusal))
    return pages.see("distributor.product_page", "prices-saved", code=code)


def amounts_of(plans: Sequence[Plan]) -> dict[str, str]:
    """Name of field -> amount, of every price that the form shows; call it in a transaction."""
    ids = [plan.id for plan in plans]
    session = db.session()
    costs = session.scalars(select(PlanCost).where(PlanCost.plan_id.in_(ids)))
    lists_ = session.scalars(select(WholesalePrice).where(WholesalePrice.plan_id.in_(ids)))
    return (
        {f"list-{plan.id}": str(plan.list_price.amount) for plan in plans}
        | {f"on-{plan.id}": str(plan.published) for plan in plans}
        | {f"cost-{row.plan_id}": str(row.cost.amount) for row in costs}
        | {f"w-{row.plan_id}-{row.price_list_id}": str(row.price.amount) for row in lists_}
    )


def save_plan(
    plan: Plan, price_lists: Sequence[PriceList], amounts: Mapping[str, Money | None], *, published: bool
) -> None:
    """One plan's amounts; what the form did not name is left alone."""
    pricing.publish(plan, published)
    if (price := amounts.get(f"list-{plan.id}")) is not None:
        pricing.set_list_price(plan, price)
    if (cost := amounts.get(f"cost-{plan.id}")) is not None:
        pricing.set_cost(plan, cost)
    for price_list in price_lists:
        if (name := f"w-{plan.id}-{price_list.id}") in amounts:
            pricing.set_wholesale(plan, price_list, amounts[name])


def read_amounts(
    typed: Mapping[str, str], plans: Sequence[Plan], price_lists: Sequence[PriceList]
) -> tuple[dict[str, Money | None], dict[str, str]]:
    """Name of field -> amount, and name of field -> what is wrong with it. An empty wholesale takes the plan
    off the list."""
    amounts: dict[str, Money | None] = {}
    errors: dict[str, str] = {}
    for plan in plans:
        for name in (
            f"list-{plan.id}",
            f"cost-{plan.id}",
            *(f"w-{plan.id}-{price_list.id}" for price_list in price_lists),
        ):
            if name not in typed:
                continue
            if plan.priced_as_id is not None:
                errors[name] = str(factors.PricedAsAnother(plan.name))
                continue
            if not typed[name].strip() and not name.startswith("list-"):
                amounts[name] = None
                continue
            try:
                if name.startswith("cost-"):
                    amounts[name] = in_any_currency(typed[name], plan.currency)
                else:
                    amounts[name] = moneys.parse(typed[name], plan.currency)
            except ValueError as error:
                errors[name] = str(error)
    return amounts, errors


def in_any_currency(text: str, usual: str) -> Money:
    """An amount with its currency ("5.20 USD"), or in the usual one; ValueError otherwise."""
    words = text.split()
    codes = [word for word in words if word.isalpha()]
    if not codes:
        return moneys.parse(text, usual)
    if len(codes) > 1 or codes[0].upper() not in exchange.currencies():
        raise ValueError(_("Enter an amount such as 12.50, or in another currency such as 12.50 USD."))
    return moneys.parse("".join(word for word in words if word != codes[0]), codes[0].upper())


def find(code: str) -> Product:
    """A product by its code."""
    found = db.session().scalar(select(Product).where(Product.code == code))
    if found is None:
        raise Missing("product")
    return found


def plans_of(code: str) -> list[Plan]:
    """The plans of a product, those in the archive aside."""
    joined = select(Plan).join(
        Product, (Product.distributor_id == Plan.distributor_id) & (Product.id == Plan.product_id)
    )
    kept = joined.where(Product.code == code, Plan.archived_at.is_(None))
    return list(db.session().scalars(kept.order_by(Plan.list_minor, Plan.code)))


def all_price_lists() -> list[PriceList]:
    """By name."""
    return list(db.session().scalars(select(PriceList).order_by(PriceList.name)))


def show_product(
    code: str,
    status: int = 200,
    *,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    problem: str | None = None,
    overtaken: bool = False,
) -> Response:
    """The page, with what was typed where it was refused, and what is stored by now."""
    with db.transaction() as session:
        product, plans, price_lists = find(code), plans_of(code), all_price_lists()
        kind = session.scalars(select(ProductType).where(ProductType.id == product.product_type_id)).one()
        ids = [plan.id for plan in plans]
        costs = {
            row.plan_id: row.cost
            for row in session.scalars(select(PlanCost).where(PlanCost.plan_id.in_(ids)))
        }
        converted = {
            plan.id: exchange.converted(cost, plan.currency) or cost
            for plan in plans
            if (cost := costs.get(plan.id)) is not None
        }
        wholesale = {
            (row.plan_id, row.price_list_id): row.price
            for row in session.scalars(select(WholesalePrice).where(WholesalePrice.plan_id.in_(ids)))
        }
        shelves = (
            session.scalar(
                select(func.count(func.distinct(listings.Listing.reseller_id))).where(
                    listings.Listing.product_id == product.id
                )
            )
            or 0
        )
        trail = timelines.of([product.id, *ids])
        head, stored = product_pages.head(product), amounts_of(plans)
    if overtaken and typed is not None:
        errors = {
            name: _("Now %(now)s in the catalogue.", now=stored.get(name, "–"))
            for name in typed
            if name.startswith(("list-", "cost-", "w-")) and typed[name].strip() != stored.get(name, "")
        }
    rows = [
        plan_row(
            product,
            plan,
            plans,
            price_lists,
            costs.get(plan.id),
            converted.get(plan.id),
            wholesale,
            typed,
            errors or {},
        )
        for plan in plans
    ]
    return pages.render(
        "distributor/product.html",
        status,
        title=product.name,
        product=product,
        kind=kind,
        head=head,
        audience=BUYERS[kind.audience],
        rows=rows,
        price_lists=[one.name for one in price_lists],
        shelves=shelves,
        trail=trail,
        wrong=bool(errors) and not overtaken,
        problem=problem,
        seen=editing.seen(stored),
        may_change=has_role("storefront_manager"),
    )


def plan_row(
    product: Product,
    plan: Plan,
    plans: Sequence[Plan],
    price_lists: Sequence[PriceList],
    cost: Money | None,
    converted: Money | None,
    wholesale: Mapping[tuple[UUID, UUID], Money],
    typed: Mapping[str, str] | None,
    errors: Mapping[str, str],
) -> PlanRow:
    """One row of the price table; `converted` is the cost in the plan's currency by the rate of the day, or
    as it is where there is none."""

    def cell(name: str, label: str, stored: Money | None, below: Money | None = None) -> Cell:
        fixed = plan.priced_as_id is not None
        kept = written(stored, plan.currency)
        if typed is not None and not fixed:
            kept = typed.get(name, "")
        margin, low = margin_of(stored, below)
        return Cell(
            name,
            _("%(what)s of %(plan)s", what=label, plan=plan.name),
            kept,
            errors.get(name),
            margin,
            low,
            fixed,
        )

    return PlanRow(
        id=plan.id,
        code=plan.code,
        name=plan.name,
        state=plan.state.value,
        note=(
            _(
                "%(sku)s · %(term)s, %(period)s · %(least)s to %(most)s",
                sku=plan.sku,
                term=plan.term.label,
                period=plan.billing_period.per,
                least=plan.minimum_quantity,
                most=plan.maximum_quantity,
            )
        ),
        currency=plan.currency,
        published_name=f"on-{plan.id}",
        published=f"on-{plan.id}" in typed if typed is not None else plan.published,
        list_price=cell(f"list-{plan.id}", _("List price"), plan.list_price),
        cost=cell(f"cost-{plan.id}", _("Cost"), cost),
        wholesale=[
            cell(
                f"w-{plan.id}-{one.id}",
                _("Wholesale on %(list)s", list=one.name),
                wholesale.get((plan.id, one.id)),
                converted,
            )
            for one in price_lists
        ],
        by_quantity=in_words(plan, plans),
        prices_url=url_for("distributor.plan_prices", code=product.code, plan=plan.code),
    )


def in_words(plan: Plan, plans: Sequence[Plan]) -> str:
    """What a plan's row says of its steps, or of the plan that it follows."""
    base = next((one for one in plans if one.id == plan.priced_as_id), None)
    if base is not None:
        return _("%(plan)s × %(factor)s", plan=base.name, factor=factors.text(plan.factor))
    return _("from %(steps)s", steps=plan.volume.words) if plan.steps else ""


def written(amount: Money | None, usual: str) -> str:
    """An amount as it is typed; with its currency where that is another one."""
    if amount is None:
        return ""
    return str(amount.amount) if amount.currency == usual else f"{amount.amount} {amount.currency}"


def margin_of(price: Money | None, cost: Money | None) -> tuple[str, bool]:
    """What we keep of a wholesale price, in words and percent, and whether that is a loss."""
    if price is None or cost is None:
        return "", False
    if price.currency != cost.currency:
        return _("unknown: no exchange rate from %(currency)s", currency=cost.currency), False
    kept = price - cost
    percent = f", {Decimal(kept.minor * 100) / price.minor:.1f} %" if price.minor else ""
    return (
        (_("we lose %(kept)s", kept=(-kept).text), True)
        if kept.minor < 0
        else (_("we keep %(kept)s%(percent)s", kept=kept.text, percent=percent), False)
    )


# --- A catalogue file ---------------------------------------------------------------------------------------


@console.get("/catalogue-file")
def catalogue_file() -> Response:
    """Where a file is loaded."""
    return show_file(forms.Upload())


@console.post("/catalogue-file")
def load_file() -> Response:
    """Loads what is new in a file; a file with faults changes nothing, and every fault is named."""
    require_role("storefront_manager")
    form = forms.Upload(request.form)
    upload = request.files.get("file")
    if not form.validate() or upload is None or not upload.filename:
        return show_file(form, 422, faults=[] if form.errors else [_("Choose a file first.")])
    try:
        share = Decimal((form.share.data or "").strip().rstrip("%").replace(",", ".")) / 100
        content = catalogue_files.parse(upload.read())
    except ArithmeticError:  # no number, or one too large to be one
        return show_file(form, 422, faults=[_("The wholesale share is a number of percent, such as 85.")])
    except BadCatalogue as error:
        return show_file(form, 422, faults=[str(error)])
    if faults := catalogue_files.problems(content, frozenset(CONNECTORS)):
        return show_file(form, 422, faults=faults)
    if not 0 < share <= 1:
        return show_file(form, 422, faults=[_("The wholesale share is more than 0 and at most 100 percent.")])
    try:
        with db.transaction():
            loaded = load(content, share)
    except BadCatalogue as error:  # only the database knows: a base or a part that is not there
        return show_file(form, 422, faults=[str(error)])
    return show_file(
        forms.Upload(share=form.share.data), loaded=loaded, already=len(content["product"]) - loaded.products
    )


def load(content: Mapping[str, Any], share: Decimal) -> Loaded:
    """Loads for every price list of the file's currency, and puts what is new on the distributor's own
    shelf."""
    names = [one.name for one in all_price_lists() if one.currency == content["currency"]]
    loaded = loading.load(content, {name: share for name in names})
    house = db.session().scalar(select(Reseller).where(Reseller.house))
    if house is not None and loaded.plans:
        listings.stock(house.id, house.distributor_id)
        assortments.offer_what_is_new()
        margin_alarms.look_at_costs()
    return loaded


@console.post("/catalogue-file/stock")
def stock_shelves() -> Response:
    """Puts every plan that is not there yet on every open shelf whose reseller wants that."""
    require_role("storefront_manager")
    with db.transaction() as session:
        shops = session.scalars(select(Storefront).where(Storefront.state == StorefrontState.OPEN)).all()
        for shop in shops:
            assortments.take_in(shop.reseller_id, shop.distributor_id)
    return pages.see("distributor.catalogue_file", "stocked")


def show_file(
    form: forms.Upload,
    status: int = 200,
    *,
    faults: Sequence[str] = (),
    loaded: Loaded | None = None,
    already: int = 0,
) -> Response:
    """The page with its report."""
    return pages.render(
        "distributor/catalogue_file.html",
        status,
        title=_("Load a catalogue file"),
        form=form,
        faults=faults[:50],
        more=max(0, len(faults) - 50),
        loaded=loaded,
        already=already,
    )
