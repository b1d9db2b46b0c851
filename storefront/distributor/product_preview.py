"""A product as the distributor's own shop would show it, while it is a draft."""

from sqlalchemy import select
from werkzeug.wrappers import Response

from catalog import attributes, editing, pictures, publication, reductions, upgrades
from catalog.abouts import Picture
from catalog.listings import Offer, Offered
from catalog.offer_facts import Facts
from catalog.products import Plan, ProductType
from core import db
from storefront import pages
from storefront.distributor import console, product_editor
from storefront.portal import shelf


@console.get("/catalogue/<code>/preview")
def preview_product(code: str) -> Response:
    """The page of the shop, with every plan that is not in the archive, at list prices."""
    with db.transaction() as session:
        product = editing.product(code)
        plans = publication.plans_of(product.id)
        kind = session.scalars(select(ProductType).where(ProductType.id == product.product_type_id)).one()
        found = Offered(
            product.name,
            product.vendor,
            product.category,
            product.summary,
            product.description,
            pictures=[Picture(one.name, one.alt, one.width, one.height) for one in pictures.of(product.id)],
        )
        schema = product_editor.schema_of(product)
        offers = [
            Offer(
                plan.id,
                plan.id,
                plan.name,
                plan.list_price,
                kind.unit,
                plan.term.label,
                plan.billing_period.per,
                plan.minimum_quantity,
                plan.maximum_quantity,
                plan.features,
                plan.volume,
                (plan.term.months, plan.billing_period.months),
                plan.code,
                facts_of(plan, kind),
                reductions.Shown(plan.list_price),
                (),
                [
                    (one.name, said)
                    for one, said in attributes.said(schema, product.attributes, plan.attributes)
                ],
                [f"{one.product}, {one.plan}" for one in upgrades.steps(plan.id) if not one.down],
            )
            for plan in plans
        ]
    values = shelf.product_values(code, found, offers)
    drawn = pages.drawn(shelf.PRODUCT if offers else shelf.ONLY_WORDS, values)
    return pages.render(
        "portal/product.html",
        code=code,
        sign_in_url="",
        can="preview",
        problem="",
        back_url=f"{pages.the_shop().base}/distributor/catalogue/{code}",
        **{"offer": "", "calculation": "", **drawn},
    )


def facts_of(plan: Plan, kind: ProductType) -> Facts:
    """How the plan may be ordered; what it extends, needs or holds is on its own page."""
    of_type = plan.cancellation_days, plan.reduction_days
    cancellation, reduction = (
        own if own is not None else otherwise
        for own, otherwise in zip(of_type, (kind.cancellation_days, kind.reduction_days), strict=True)
    )
    return Facts(
        plan.quantity_step,
        plan.once_per_customer,
        plan.trial_days,
        cancellation,
        reduction,
        (),
        plan.segments,
    )
