"""One plan on the reseller's shelf: what it pays and what it asks by quantity, what stays with it, and why
both prices are what they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import request
from sqlalchemy import select
from werkzeug.wrappers import Response

from catalog import listings, retail, volumes
from catalog.listings import Listing
from catalog.price_lists import discounted
from catalog.products import Plan, Product
from checkout import discounts, explanations
from checkout.explanations import Ingredients
from core import db
from core.errors import Missing, Refusal
from core.languages import _
from core.money import Money
from core.tenancy import Side, same_key
from storefront import lists, pages, why
from storefront.reseller import console, menu
from storefront.reseller.margins import Margin, margin
from storefront.visitors import has_role, require_role

pages.saying(retail_steps_saved="Saved. Your shop computes with it on the next request.")
SPARE = 3
ROWS = 40


@dataclass(frozen=True, slots=True)
class Row:
    """A step: from how many units on, what is paid and asked for one, and what stays; the last two as of what
    is stored."""

    number: int
    begin: str
    price: str
    wholesale: Money | None
    margin: Margin | None
    begin_error: str | None
    price_error: str | None


@console.get("/prices/<listing_id>/volume")
def volume_prices(listing_id: str) -> Response:
    """The steps, and why (`?quantity=`)."""
    return show(listing_id)


@console.post("/prices/<listing_id>/volume")
def save_volume_prices(listing_id: str) -> Response:
    """The steps of the retail price; nothing is saved while a field is wrong."""
    require_role("storefront_manager")
    with db.transaction():
        listing, plan, _product = find(listing_id)
        made = explanations.ingredients(plan.id, menu.reseller_id())
        steps, errors = volumes.read(asked(made), listing.currency)
        if not errors:
            try:
                with db.savepoint():
                    if listings.set_steps(listing, steps[0] if steps else []):
                        retail.keep_by_hand(listing)
            except Refusal as refusal:
                errors = {(0, 0): str(refusal)}
    if errors:
        return show(listing_id, errors)
    return pages.see("reseller.volume_prices", "retail-steps-saved", listing_id=listing_id)


def typed() -> list[list[str]]:
    """The table as it was sent."""
    count = sum(name.startswith("from-") for name in request.form)
    return [
        [request.form.get(f"from-{row}", "")[:20], request.form.get(f"price-{row}", "")[:40]]
        for row in range(min(count, ROWS))
    ]


def asked(made: Ingredients) -> list[list[str]]:
    """The same without the steps of what is paid where nothing is asked from there on: they stand in the
    table to be filled in, or not."""
    paid = {str(begin) for begin, _price in made.wholesale.table()} if made.wholesale else set[str]()
    return [
        ["", ""] if begin.strip() in paid and not price.strip() else [begin, price]
        for begin, price in typed()
    ]


def find(listing_id: str) -> tuple[Listing, Plan, Product]:
    """A price of this reseller's with its plan."""
    chosen = (
        select(Listing, Plan, Product)
        .join(Plan, same_key(Plan.id, Listing.plan_id))
        .join(Product, same_key(Product.id, Listing.product_id))
        .where(Listing.id == lists.identifier(listing_id, "price"))
    )
    row = db.session().execute(chosen).first()
    if row is None:
        raise Missing("price")
    return row[0], row[1], row[2]


def show(listing_id: str, errors: Mapping[tuple[int, int], str] | None = None) -> Response:
    """The page, with what was typed where it was refused."""
    with db.transaction():
        listing, plan, product = find(listing_id)
        reseller_id: UUID = menu.reseller_id()
        made = explanations.ingredients(plan.id, reseller_id)
        said = why.asked(plan.minimum_quantity)
        taken = discounts.explained(made, plan.id, reseller_id, said.quantity)
        explained = why.shown(made, said, Side.RESELLER, taken)
    sent = typed() if errors else stored(made)
    return pages.render(
        "reseller/volume_prices.html",
        422 if errors else 200,
        title=_("%(product)s, %(plan)s by quantity", product=product.name, plan=plan.name),
        listing=listing,
        product=product,
        plan=plan,
        unit=made.unit,
        pays=pays(made, 1),
        kept=kept(made, 1),
        rows=[row_of(made, number, row, errors or {}) for number, row in enumerate(sent)],
        wrong=bool(errors),
        may_change=has_role("storefront_manager"),
        why=explained,
    )


def stored(made: Ingredients) -> list[list[str]]:
    """The steps as they are stored, those of what is paid beside them, and some empty rows."""
    asked = dict(made.retail.table()[1:]) if made.retail else {}
    paid = dict(made.wholesale.table()[1:]) if made.wholesale else {}
    rows = [
        [str(begin), f"{asked[begin].amount:f}" if begin in asked else ""]
        for begin in sorted({*asked, *paid})
    ]
    return rows + [["", ""]] * SPARE


def row_of(made: Ingredients, number: int, row: Sequence[str], errors: Mapping[tuple[int, int], str]) -> Row:
    """One row of the table."""
    begin, price = row
    quantity = int(begin) if begin.strip().isascii() and begin.strip().isdigit() and len(begin) < 9 else 0
    return Row(
        number,
        begin,
        price,
        pays(made, quantity) if quantity else None,
        kept(made, quantity) if quantity else None,
        errors.get((number, 0)),
        errors.get((number, 1)),
    )


def pays(made: Ingredients, quantity: int) -> Money | None:
    """What the reseller pays for a unit when so many are bought."""
    return discounted(made.wholesale.at(quantity), made.discount) if made.wholesale else None


def kept(made: Ingredients, quantity: int) -> Margin | None:
    """What stays with it."""
    paid = pays(made, quantity)
    return margin(made.retail.at(quantity), paid) if made.retail and paid is not None else None
