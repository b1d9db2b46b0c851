"""The reseller's shelf: what stands on it, what comes first, in which order the categories are, and what is
new at the distributor."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import or_, select
from werkzeug.wrappers import Response
from wtforms import IntegerField, SelectField
from wtforms.validators import NumberRange

from catalog import assortments, listings, partner_products, retail, retail_rules, rounding
from catalog.assortments import ARRIVALS, Arrangement, Arrival
from catalog.listings import Flag, Listing
from catalog.price_lists import WholesalePrice, discounted, tier_of
from catalog.products import Plan, Product
from catalog.retail_rules import Target
from core import db
from core.errors import Refusal, Refused
from core.languages import Words, _
from core.money import Money
from partners.enrolments import Enrolment
from storefront import exports, lists, pages
from storefront.forms import Form, choices
from storefront.lists import Column, List
from storefront.reseller import bulk_prices, console, menu
from storefront.reseller.margins import margin
from storefront.visitors import has_role, require_role

MOST_CHOSEN = 500
FLAGS = Words({Flag.FEATURED: "Featured", Flag.NEW: "New", Flag.POPULAR: "Popular"})
SHOWN = Words({"yes": "Shown", "no": "Hidden"})
pages.saying(
    shelf_changed="Done. Your shop shows it already.",
    shelf_arranged="Saved. Your shop shows it already.",
    categories_ordered="Saved. Your shop lists its categories in this order.",
    proposals_accepted="They are on your shelf now, at the prices of your rules.",
    proposals_dismissed="You will not see them again.",
)


class Arranging(Form):
    """How the shelf is arranged."""

    new_days = IntegerField(
        "New for so many days",
        [NumberRange(0, assortments.MOST_DAYS)],
        description="0: nothing is called new.",
    )
    popular = IntegerField(
        "Popular products in front", [NumberRange(0, assortments.MOST_POPULAR)], description="0: none."
    )
    arrival = SelectField(
        "New plans of the distributor", choices=choices(ARRIVALS.options()), validate_choice=False
    )


@console.get("/shelf")
def shelf_page() -> Response:
    """What stands on it."""
    return show()


@console.get("/shelf.csv")
def shelf_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), retail.on_the_shelf())


def the_list() -> List:
    """What the list is; call it in a transaction, because its categories are rows."""
    reseller_id = menu.reseller_id()
    categories = [(each, each) for each in listings.all_categories(reseller_id)]
    vendors = [(each, each) for each in listings.all_vendors(reseller_id)]
    return List(
        _("Shelf"),
        "reseller.shelf_page",
        [
            Column("choose", _("Choose"), kind="choose"),
            Column("plan", _("Plan"), lambda row: f"{row['product']}, {row['plan']}", Listing.sort_key),
            Column("category", _("Category"), lambda row: row["category"], Product.category),
            Column("vendor", _("Vendor"), lambda row: row["vendor"], Product.vendor),
            Column(
                "price",
                _("Your price"),
                lambda row: row["price"],
                Listing.price_minor,
                kind="num",
                money=True,
            ),
            Column("margin", _("Margin"), lambda row: row["margin_words"], kind="num"),
            Column("place", _("In front"), lambda row: row["flag"], Listing.place),
            Column("shown", _("In your shop"), lambda row: row["published"]),
        ],
        Listing.id,
        lambda found: [row_of(*row) for row in found],
        "plan",
        search=lambda query: or_(
            Product.name.icontains(query, autoescape=True), Product.vendor.icontains(query, autoescape=True)
        ),
        filters=[
            lists.Choice("category", _("Category"), categories, lambda word: Product.category == word),
            lists.Choice("vendor", _("Vendor"), vendors, lambda word: Product.vendor == word),
            lists.Choice(
                "shown", _("In your shop"), SHOWN.options(), lambda word: Listing.published.is_(word == "yes")
            ),
            lists.Choice("front", _("In front"), FLAGS.options(), lambda word: Listing.flag == Flag(word)),
        ],
        export="reseller.shelf_file",
    )


def row_of(
    listing: Listing,
    plan: Plan,
    product: Product,
    unit: str,
    wholesale: WholesalePrice | None,
    discount: int | None,
) -> dict[str, Any]:
    """A plan of the shelf as the list shows it."""
    price = retail.as_price(listing, plan, product, unit, wholesale, discount)
    kept = margin(price.retail, price.wholesale) if price.wholesale else None
    return {
        "listing_id": listing.id,
        "product_id": product.id,
        "url": url_for("reseller.price_page", listing_id=listing.id),
        "product": product.name,
        "plan": plan.name,
        "category": product.category,
        "vendor": product.vendor,
        "price": price.retail,
        "margin": kept,
        "margin_words": kept.text if kept else "",
        "flag": FLAGS[listing.flag] if listing.flag else "",
        "featured": listing.flag is Flag.FEATURED,
        "published": listing.published,
    }


def show(status: int = 200, *, problem: str | None = None, form: Arranging | None = None) -> Response:
    """The page."""
    with db.transaction() as session:
        reseller_id = menu.reseller_id()
        page = lists.page(the_list(), retail.on_the_shelf())
        for_partners = partner_products.kept_from(reseller_id, [row["product_id"] for row in page.rows])
        categories = listings.all_categories(reseller_id)
        standing = assortments.featured(reseller_id)
        names = dict(session.execute(select(Product.id, Product.name).where(Product.id.in_(standing))).all())
        setting = assortments.of(reseller_id)
        rules = assortments.arrival_rules(reseller_id)
        waiting = proposed(reseller_id)
    return pages.render(
        "reseller/shelf.html",
        status,
        title=_("Shelf"),
        page=page,
        for_partners=for_partners,
        categories=[(name, rules.get(name, "")) for name in categories],
        featured=[(one, names.get(one, "")) for one in standing],
        form=form
        or Arranging(new_days=setting.new_days, popular=setting.popular, arrival=setting.arrival.value),
        arrivals=[("", _("As set above")), *ARRIVALS.options()],
        waiting=waiting,
        problem=problem,
        may_change=has_role("storefront_manager"),
        portal_url=menu.portal_url(menu.own_storefront()),
    )


def proposed(reseller_id: UUID) -> int:
    """How many plans are proposed, up to a hundred."""
    few = assortments.proposals(reseller_id).with_only_columns(Plan.id).limit(100)
    return len(db.session().scalars(few).all())


@console.post("/shelf")
def change_shelf() -> Response:
    """Shows, hides, brings to the front or takes back what was ticked, or leads to its prices."""
    require_role("storefront_manager")
    chosen = [lists.identifier(one, "price") for one in request.form.getlist("listing")[:MOST_CHOSEN]]
    act = request.form.get("act", "")
    if not chosen:
        return show(422, problem=_("Choose at least one plan first."))
    if act == "reprice":
        return bulk_prices.show(bulk_prices.Bulk(chosen=",".join(map(str, chosen))))
    try:
        with db.transaction():
            do(act, menu.reseller_id(), chosen)
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return show(refusal.status, problem=str(refusal))
    return pages.see("reseller.shelf_page", "shelf-changed")


def do(act: str, reseller_id: UUID, chosen: Sequence[UUID]) -> None:
    """One act on many plans; all of it or nothing."""
    if act in ("show", "hide"):
        retail.publish_all(chosen, published=act == "show")
        return
    products = list(retail.products_of(chosen))
    if act == "feature":
        assortments.feature(reseller_id, products)
    elif act == "unfeature":
        assortments.unfeature(reseller_id, products)
    else:
        raise Refused(_("Choose what to do with them."))


@console.post("/shelf/featured/<uuid:product_id>/up")
def feature_up(product_id: UUID) -> Response:
    """One place nearer to the front."""
    require_role("storefront_manager")
    with db.transaction():
        assortments.move_up(menu.reseller_id(), product_id)
    return pages.see("reseller.shelf_page", "shelf-changed")


@console.post("/shelf/arrangement")
def arrange_shelf() -> Response:
    """What is new, what is popular, what arrives."""
    require_role("storefront_manager")
    form = Arranging(request.form)
    if not form.validate():
        return show(422, form=form, problem=_("Please look at the fields marked below."))
    with db.transaction():
        assortments.keep(
            menu.reseller_id(),
            Arrangement(
                form.new_days.data or 0,
                form.popular.data or 0,
                Arrival(lists.at_most(ARRIVALS.options(), form.arrival.data or "")),
            ),
        )
    return pages.see("reseller.shelf_page", "shelf-arranged")


@console.post("/shelf/categories")
def order_categories() -> Response:
    """The order of categories, and what happens with new plans of each. The numbers that were typed decide;
    equal ones go by name."""
    require_role("storefront_manager")
    try:
        with db.transaction():
            reseller_id = menu.reseller_id()
            names = listings.all_categories(reseller_id)
            typed = [request.form.get(f"place-{at}", "") for at in range(len(names))]
            assortments.order_categories(reseller_id, assortments.by_numbers(names, typed))
            for at, name in enumerate(names):
                arrival = request.form.get(f"arrival-{at}")
                if arrival is not None:
                    assortments.keep_arrival(
                        reseller_id, name, Arrival(arrival) if arrival in ARRIVALS else None
                    )
    except Refusal as refusal:
        return show(422, problem=str(refusal))
    return pages.see("reseller.shelf_page", "categories-ordered")


# --- What is new at the distributor -------------------------------------------------------------------------


@console.get("/shelf/proposals")
def proposal_list() -> Response:
    """Plans that could stand on the shelf."""
    with db.transaction():
        page = lists.page(proposals_list(), proposals())
    return pages.render(
        "reseller/proposals.html",
        title=_("Proposals"),
        page=page,
        may_change=has_role("storefront_manager"),
        back_url=url_for("reseller.shelf_page"),
    )


@console.get("/shelf/proposals.csv")
def proposal_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(proposals_list(), proposals())


def proposals() -> Any:
    """Proposed plans with what the reseller pays."""
    return (
        assortments.proposals(menu.reseller_id())
        .add_columns(Enrolment.discount)
        .outerjoin(Enrolment, tier_of())
    )


def proposals_list() -> List:
    """What the list is; call it in a transaction."""
    found = assortments.proposals(menu.reseller_id()).with_only_columns(Product.category).distinct()
    categories = [(each, each) for each in sorted(db.session().scalars(found))]
    return List(
        _("Proposals"),
        "reseller.proposal_list",
        [
            Column("choose", _("Choose"), kind="choose"),
            Column("plan", _("Plan"), lambda row: f"{row['product']}, {row['plan']}", Product.name),
            Column("category", _("Category"), lambda row: row["category"], Product.category),
            Column("vendor", _("Vendor"), lambda row: row["vendor"], Product.vendor),
            Column("paid", _("You pay"), lambda row: row["paid"], kind="num", money=True),
            Column("recommended", _("Recommended"), lambda row: row["recommended"], kind="num", money=True),
            Column("price", _("By your rules"), lambda row: row["price"], kind="num", money=True),
        ],
        Plan.id,
        proposal_rows,
        "plan",
        search=lambda query: or_(
            Product.name.icontains(query, autoescape=True), Product.vendor.icontains(query, autoescape=True)
        ),
        filters=[lists.Choice("category", _("Category"), categories, lambda word: Product.category == word)],
        export="reseller.proposal_file",
    )


def proposal_rows(found: Sequence[tuple[Plan, Product, WholesalePrice, int | None]]) -> list[dict[str, Any]]:
    """Proposals as the list shows them, each at the price that the rules would make."""
    reseller_id = menu.reseller_id()
    targets = [
        Target(plan.id, product.id, product.vendor, product.category, plan.currency)
        for plan, product, *_others in found
    ]
    rules = retail_rules.of(reseller_id, targets) if targets else []
    by = rounding.of(reseller_id)
    return [
        {
            "plan_id": plan.id,
            "product": product.name,
            "plan": plan.name,
            "category": product.category,
            "vendor": product.vendor,
            "paid": (paid := discounted(wholesale.price, discount)),
            "recommended": plan.list_price,
            "price": priced(rules, target, paid, plan.list_price, by),
        }
        for (plan, product, wholesale, discount), target in zip(found, targets, strict=True)
    ]


def priced(
    rules: Sequence[Any], target: Target, paid: Money, recommended: Money, by: dict[str, rounding.Rounding]
) -> Money:
    """What the rules make of a plan, else the list price."""
    first = next(iter(retail_rules.in_order(rules, target)), None)
    if first is None:
        return recommended
    how = by.get(target.currency, rounding.EXACT)
    return retail_rules.made(first, paid=paid, recommended=recommended, by=how) or recommended


@console.post("/shelf/proposals")
def decide_proposals() -> Response:
    """Puts the chosen ones on the shelf, or dismisses them."""
    require_role("storefront_manager")
    chosen = [lists.identifier(one, "plan") for one in request.form.getlist("plan")[:MOST_CHOSEN]]
    accepts = request.form.get("act") != "dismiss"
    with db.transaction():
        reseller_id = menu.reseller_id()
        done = (
            assortments.accept(reseller_id, chosen) if accepts else assortments.dismiss(reseller_id, chosen)
        )
    said = ("proposals-accepted" if accepts else "proposals-dismissed") if done else "prices-same"
    return pages.see("reseller.proposal_list", said)
