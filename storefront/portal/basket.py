"""The basket: lines at today's prices, due today and per period. What the browser sends is never a price."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from flask import request
from werkzeug.wrappers import Response

from checkout import baskets
from checkout.baskets import BasketItem
from core import db
from core.errors import Missing, Refusal
from core.languages import _
from storefront import pages, taxes
from storefront.portal import portal, shelf
from storefront.visitors import buyer, signed_in_customer, visitor

pages.saying(
    added="It is in your basket.",
    basket_saved="Your basket is up to date.",
    removed="It is out of your basket.",
)


@portal.get("/basket")
@signed_in_customer
def basket() -> Response:
    """The lines at today's prices."""
    with db.transaction():
        items = baskets.items(buyer())
    return basket_page(items)


def basket_page(
    items: Sequence[BasketItem],
    *,
    typed: Mapping[UUID, str] | None = None,
    problems: Mapping[UUID, str] | None = None,
    status: int = 200,
) -> Response:
    """The page, with kept input where something was refused."""
    me = buyer()
    with db.transaction():
        sums, untaxed, _chain = taxes.try_basket(items, me.reseller_id, me.customer_id)
    return pages.render(
        "portal/basket.html",
        status,
        title=_("Basket"),
        items=items,
        typed=typed or {},
        problems=problems or {},
        sums=taxes.basket_rows(items, sums),
        untaxed=untaxed,
        blocked=any(item.problem for item in items),
    )


@portal.post("/basket")
@signed_in_customer
def add() -> Response:
    """Puts a plan into the basket; a refusal shows the product again with what was typed."""
    code, plan, quantity = (
        request.form.get("product", "")[:100],
        request.form.get("plan", ""),
        request.form.get("quantity", "")[:12],
    )
    try:
        plan_id, units = as_id(plan, "plan"), baskets.parse_quantity(quantity)
        session_id = visitor().session_id
        if session_id is None or not baskets.put(session_id, plan_id, units):
            with db.writing():
                baskets.add(buyer(), plan_id, units)  # says what is in the way
    except Missing:
        raise
    except Refusal as refusal:
        return shelf.product_again(
            code, plan=plan, quantity=quantity, problem=str(refusal), status=refusal.status
        )
    return pages.see("portal.basket", "added")


@portal.post("/basket/change")
@signed_in_customer
def change() -> Response:
    """New quantities, or one line out. All of it or nothing: a refusal keeps what was typed, beside its
    line."""
    removed = request.form.get("remove", "")
    wanted = {as_id(removed, "line"): "0"} if removed else typed_quantities()
    problems: dict[UUID, str] = {}
    try:
        with db.transaction():
            for line_id, text in wanted.items():
                try:
                    baskets.change(buyer(), line_id, baskets.parse_quantity(text))
                except Refusal as refusal:
                    problems[line_id] = str(refusal)
            if problems:
                raise KeepAsItIs
    except KeepAsItIs:
        with db.transaction():
            items = baskets.items(buyer())
        return basket_page(items, typed=wanted, problems=problems, status=422)
    return pages.see("portal.basket", "removed" if removed else "basket-saved")


class KeepAsItIs(Exception):
    """Rolls back a change of several lines."""


def typed_quantities() -> dict[UUID, str]:
    """line -> what was typed, from fields named quantity-<line>."""
    return {
        as_id(name.removeprefix("quantity-"), "line"): text[:12]
        for name, text in request.form.items()
        if name.startswith("quantity-")
    }


def as_id(text: str, what: str) -> UUID:
    """An id from a form or an address; Missing for anything else."""
    try:
        return UUID(text)
    except ValueError:
        raise Missing(what) from None
