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
    removed_with_add_ons="It is out of your basket, and so are the add-ons that belonged to it.",
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
        refuse_twice("plan", "quantity")
        plan_id, units = as_id(plan, "plan"), baskets.parse_quantity(quantity)
        session_id = visitor().session_id
        if session_id is None or not baskets.put(session_id, plan_id, units):
            with db.writing():
                baskets.add_as_allowed(buyer(), plan_id, units)  # says what is in the way
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
    removed, left_behind = request.form.get("remove", ""), 0
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
            for line_id, base_id in chosen_bases().items():
                baskets.belong(buyer(), line_id, base_id)
            left_behind = baskets.drop_left_behind(buyer())
    except KeepAsItIs:
        with db.transaction():
            items = baskets.items(buyer())
        return basket_page(items, typed=wanted, problems=problems, status=422)
    said = "removed-with-add-ons" if left_behind else "removed" if removed else "basket-saved"
    return pages.see("portal.basket", said)


class KeepAsItIs(Exception):
    """Rolls back a change of several lines."""


def typed_quantities() -> dict[UUID, str]:
    """line -> what was typed, from fields named quantity-<line>."""
    return {
        as_id(name.removeprefix("quantity-"), "line"): text[:12]
        for name, text in request.form.items()
        if name.startswith("quantity-")
    }


def chosen_bases() -> dict[UUID, UUID]:
    """line -> what its add-on is to belong to, from fields named base-<line>."""
    return {
        as_id(name.removeprefix("base-"), "line"): as_id(text, "service")
        for name, text in request.form.items()
        if name.startswith("base-") and text
    }


def refuse_twice(*names: str) -> None:
    """WrongQuantity where a form says a thing twice: nobody could know which of them was meant."""
    for name in names:
        if len(request.form.getlist(name)) > 1:
            raise baskets.WrongQuantity(_("The form names its %(what)s more than once.", what=name))


def as_id(text: str, what: str) -> UUID:
    """An id from a form or an address; Missing for anything else."""
    try:
        return UUID(text)
    except ValueError:
        raise Missing(what) from None
