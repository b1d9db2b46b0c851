"""The basket and the checkout: what, for whom, which terms, total today and per period. Nothing that the browser sends is a price; it only says
which total was seen, so that nobody pays another one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import redirect, request, url_for
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from checkout import baskets, orders
from checkout.baskets import BasketItem
from checkout.orders import Checkout
from core import db, parties
from core.errors import Missing, Refusal
from core.ids import new_token
from core.money import total
from core.parties import Customer, OrderedBy
from core.tenancy import current
from provisioning import fulfilment
from provisioning.connectors import base
from provisioning.connectors.fields import Field
from provisioning.connectors.registry import connector
from storefront import pages
from storefront.portal import portal, shelf
from storefront.visitors import buyer, require_role, signed_in_customer, the_shop

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


def basket_page(items: Sequence[BasketItem], *, typed: Mapping[UUID, str] | None = None, problems: Mapping[UUID, str] | None = None, status: int = 200) -> Response:
    """The page, with kept input where something was refused."""
    return pages.render(
        "portal/basket.html", status, title="Basket", items=items, typed=typed or {}, problems=problems or {}, sums=sums(items),
        blocked=any(item.problem for item in items),
    )  # fmt: skip


def sums(items: Sequence[BasketItem]) -> list[tuple[str, Any, str | None]]:
    """What is due today, and what comes again with each period."""
    if not items:
        return []
    currency = items[0].unit_price.currency
    again = {item.per: total([i.total for i in items if i.per == item.per], currency) for item in items}
    rows: list[tuple[str, Any, str | None]] = [(f"Then {per}", amount, "muted") for per, amount in again.items()]
    return [*rows, ("Due today", baskets.sum_of(items), "total")]


@portal.post("/basket")
@signed_in_customer
def add() -> Response:
    """Puts a plan into the basket; a refusal shows the product again with what was typed."""
    code, plan, quantity = request.form.get("product", "")[:100], request.form.get("plan", ""), request.form.get("quantity", "")[:12]
    try:
        with db.transaction():
            baskets.add(buyer(), as_id(plan, "plan"), baskets.parse_quantity(quantity))
    except Missing:
        raise
    except Refusal as refusal:
        return shelf.product_again(code, plan=plan, quantity=quantity, problem=str(refusal), status=refusal.status)
    return pages.see("portal.basket", "added")


@portal.post("/basket/change")
@signed_in_customer
def change() -> Response:
    """New quantities, or one line out. All of it or nothing: a refusal keeps what was typed, beside its line."""
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
    return {as_id(name.removeprefix("quantity-"), "line"): text[:12] for name, text in request.form.items() if name.startswith("quantity-")}


def as_id(text: str, what: str) -> UUID:
    """An id from a form or an address; Missing for anything else."""
    try:
        return UUID(text)
    except ValueError:
        raise Missing(what) from None


# --- Checkout --------------------------------------------------------------------------------------------------------------------


@portal.get("/checkout")
@signed_in_customer
def checkout() -> Response:
    """The review before the order is placed."""
    require_role("buyer")
    with db.transaction():
        items, customer = baskets.items(buyer()), parties.customer(current_customer())
    if not items:
        return pages.see("portal.basket")
    return checkout_page(items, customer)


def current_customer() -> UUID:
    """The customer of the scope."""
    customer_id = current().customer_id
    if customer_id is None:
        raise Missing("customer")
    return customer_id


def questions(item: BasketItem) -> list[Field]:
    """What the line's connector asks the buyer."""
    return [field for field in connector(item.connector).fields if field.asked_of == "buyer"]


def checkout_page(
    items: Sequence[BasketItem], customer: Customer, *, problem: str = "", wrong: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    """The review; a refusal keeps what was typed and says what is wrong where it is wrong."""
    asked = [
        {"item": item, "name": f"field-{item.line_id}-{field.name}", "field": field, "value": request.form.get(
            f"field-{item.line_id}-{field.name}", str(item.fields.get(field.name, ""))), "problem": (wrong or {}).get(f"{item.line_id}-{field.name}", "")}
        for item in items for field in questions(item)
    ]  # fmt: skip
    return pages.render(
        "portal/checkout.html", status, title="Check and order", items=items, customer=customer, asked=asked, sums=sums(items), total=baskets.sum_of(items),
        problem=problem or next((item.problem for item in items if item.problem), ""), request_key=new_token(), buyer=buyer(),
        may_order=customer.ordered_by is OrderedBy.CUSTOMER, seller=the_shop().legal_name,
    )  # fmt: skip


@portal.post("/checkout")
@signed_in_customer
def place() -> Response:
    """Places the order: answers are kept, connectors are asked outside any transaction, one commit places, and the payment page comes next."""
    require_role("buyer")
    me, key = buyer(), request.form.get("request_key", "")[:64]
    with db.transaction():
        items, customer = baskets.items(me), parties.customer(current_customer())
        code = None if items else orders.earlier(me, key)
        answers = {item.line_id: given(item) for item in items}
        wrong = {f"{item.line_id}-{name}": words for item in items for name, words in wrong_answers(item, answers[item.line_id]).items()}
        if not wrong:
            baskets.answer(me, {item.line_id: answers[item.line_id] for item in items if answers[item.line_id] != item.fields})
    if code:
        return to_payment(code)
    if not items:
        return pages.see("portal.basket")
    if wrong:
        return checkout_page(items, customer, wrong=wrong, problem="Please look at the marked fields.", status=422)
    items = [answered(item, answers[item.line_id]) for item in items]
    try:
        return to_payment(order(items, customer, key), free=not baskets.sum_of(items))
    except IntegrityError:  # the same form, sent twice at once: the first one has placed it
        with db.transaction():
            placed = orders.earlier(me, key)
        if placed is None:
            raise
        return to_payment(placed)
    except Refusal as refusal:
        with db.transaction():
            items = baskets.items(me)
        return checkout_page(items, customer, problem=str(refusal), status=refusal.status) if items else pages.see("portal.basket")


def order(items: Sequence[BasketItem], customer: Customer, key: str) -> str:
    """Asks the connectors, then places in one transaction; the order's code."""
    with db.transaction(widened_because="checking with connectors"):
        settings = fulfilment.settings_by_connector()
    clearance = fulfilment.clear(items, settings, {"name": customer.name, "email": customer.email, "country": customer.country})
    seen = request.form.get("seen_total", "")
    wish = Checkout(key or new_token(), the_shop().storefront_id, seen_total=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 16 else -1)
    with db.transaction(widened_because="placing an order"):
        return orders.place(buyer(), clearance, wish)


def to_payment(code: str, *, free: bool = False) -> Response:
    """To the gateway's page, or to the order where nothing is due."""
    return redirect(url_for("portal.order" if free else "portal.pay", code=code), 303)


def given(item: BasketItem) -> dict[str, str]:
    """What was typed about a line; an empty answer is no answer."""
    typed = {field.name: request.form.get(f"field-{item.line_id}-{field.name}", "").strip() for field in questions(item)}
    return {name: text for name, text in typed.items() if text}


def wrong_answers(item: BasketItem, answers: Mapping[str, str]) -> dict[str, str]:
    """field -> what is wrong with its answer."""
    return base.problems(connector(item.connector).fields, answers, asked_of="buyer")


def answered(item: BasketItem, answers: Mapping[str, str]) -> BasketItem:
    """The line with its answers."""
    return replace(item, fields=answers)
