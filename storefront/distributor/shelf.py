"""What comes first in the distributor's own shop: featured products, what is new or popular, and the order of
categories (I38). The same rules as on a reseller's shelf, for the house's."""

from uuid import UUID

from flask import request
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import IntegerField, StringField
from wtforms.validators import NumberRange

from catalog import assortments, listings
from catalog.assortments import Arrangement
from catalog.products import Product
from core import db
from core.errors import Refusal
from core.languages import _
from core.parties import Reseller
from storefront import pages
from storefront.distributor import console, named
from storefront.forms import Form
from storefront.visitors import has_role, require_role, the_shop

pages.saying(front_arranged="Saved. Your shop shows it already.")


class Front(Form):
    """What stands in front, besides what is featured."""

    new_days = IntegerField(
        "New for so many days",
        [NumberRange(0, assortments.MOST_DAYS)],
        description="0: nothing is called new.",
    )
    popular = IntegerField(
        "Popular products in front", [NumberRange(0, assortments.MOST_POPULAR)], description="0: none."
    )


class Feature(Form):
    """One more product in front."""

    product = StringField("Product", description="Its name or code; both are offered while you type.")


@console.get("/front")
def front_page() -> Response:
    """What comes first."""
    return show()


def house_id() -> UUID:
    """The reseller that carries the distributor's own shop."""
    return db.session().scalars(select(Reseller.id).where(Reseller.house)).one()


def show(
    status: int = 200,
    *,
    form: Front | None = None,
    feature: Feature | None = None,
    problem: str | None = None,
) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction() as session:
        reseller_id = house_id()
        standing = assortments.featured(reseller_id)
        names = dict(session.execute(select(Product.id, Product.name).where(Product.id.in_(standing))).all())
        setting = assortments.of(reseller_id)
        categories = listings.all_categories(reseller_id)
        products = named.products()
    return pages.render(
        "distributor/front.html",
        status,
        title=_("First page"),
        featured=[(one, names.get(one, "")) for one in standing],
        categories=categories,
        products=products,
        form=form or Front(new_days=setting.new_days, popular=setting.popular),
        feature=feature or Feature(),
        problem=problem,
        may_change=has_role("storefront_manager"),
        shop_url=f"{the_shop().base}/",
    )


@console.post("/front/featured")
def feature_product() -> Response:
    """One more product in front."""
    require_role("storefront_manager")
    form = Feature(request.form)
    try:
        with db.transaction():
            assortments.feature(house_id(), [named.product(form.product.data or "").id])
    except Refusal as refusal:
        return show(422, feature=form, problem=str(refusal))
    return pages.see("distributor.front_page", "front-arranged")


@console.post("/front/featured/<uuid:product_id>")
def move_featured(product_id: UUID) -> Response:
    """One place nearer to the front, or back among the others."""
    require_role("storefront_manager")
    with db.transaction():
        if request.form.get("act") == "up":
            assortments.move_up(house_id(), product_id)
        else:
            assortments.unfeature(house_id(), [product_id])
    return pages.see("distributor.front_page", "front-arranged")


@console.post("/front")
def arrange_front() -> Response:
    """What is new and what is popular."""
    require_role("storefront_manager")
    form = Front(request.form)
    if not form.validate():
        return show(422, form=form)
    with db.transaction():
        arrival = assortments.of(house_id()).arrival
        assortments.keep(house_id(), Arrangement(form.new_days.data or 0, form.popular.data or 0, arrival))
    return pages.see("distributor.front_page", "front-arranged")


@console.post("/front/categories")
def order_front_categories() -> Response:
    """The order of categories, by the numbers that were typed."""
    require_role("storefront_manager")
    try:
        with db.transaction():
            reseller_id = house_id()
            names = listings.all_categories(reseller_id)
            typed = [request.form.get(f"place-{at}", "") for at in range(len(names))]
            assortments.order_categories(reseller_id, assortments.by_numbers(names, typed))
    except Refusal as refusal:
        return show(422, problem=str(refusal))
    return pages.see("distributor.front_page", "front-arranged")
