"""Asking the reseller for a quote, from a product's page or with what is in the basket: which plans, how
many, and a few words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import request
from sqlalchemy import select
from werkzeug.wrappers import Response

from catalog import markets
from catalog.listings import Listing
from catalog.products import Plan, Product
from checkout import baskets, quote_requests
from core import db
from core.errors import Missing, Refusal
from core.languages import _
from core.tenancy import same_key
from storefront import pages
from storefront.portal import portal
from storefront.visitors import buyer, require_role, signed_in_customer, the_shop

pages.saying(quote_wanted="Your request is on its way. The offer comes by mail, and stands here.")


@dataclass(frozen=True, slots=True)
class Choice:
    """A plan that may be asked for."""

    plan_id: UUID
    name: str
    term: str
    typed: str
    problem: str


@portal.get("/quotes/ask")
@signed_in_customer
def ask_for_quote() -> Response:
    """The form: the plans of a product, or what is in the basket."""
    require_role("buyer")
    return show()


def show(status: int = 200, *, problem: str = "", problems: Mapping[UUID, str] | None = None) -> Response:
    """The form, with what was typed where it was refused."""
    code = request.values.get("product", "")[:100]
    with db.transaction():
        found = plans_of(code) if code else in_the_basket()
    choices = [
        Choice(
            plan_id,
            name,
            term,
            request.form.get(f"quantity-{plan_id}", number)[:12],
            (problems or {}).get(plan_id, ""),
        )
        for plan_id, name, term, number in found
    ]
    return pages.render(
        "portal/quote_request.html",
        status,
        title=_("Ask for a quote"),
        choices=choices,
        product=code,
        words=request.form.get("words", ""),
        problem=problem,
        seller=the_shop().legal_name,
        house=the_shop().house,
    )


def plans_of(code: str) -> Sequence[tuple[UUID, str, str, str]]:
    """What the shop offers of a product; Missing where it is not on its shelf."""
    chosen = (
        select(Plan.id, Product.name, Plan.name, Plan.term)
        .join(Product, same_key(Product.id, Plan.product_id))
        .join(Listing, same_key(Listing.plan_id, Plan.id))
        .where(
            Product.code == code,
            Product.published,
            Plan.published,
            Listing.published,
            markets.sold_here(),
        )
        .order_by(Plan.name, Plan.code)
        .limit(50)
    )
    rows = db.session().execute(chosen).all()
    if not rows:
        raise Missing("product")
    return [(plan_id, f"{product}, {plan}", term.label, "") for plan_id, product, plan, term in rows]


def in_the_basket() -> Sequence[tuple[UUID, str, str, str]]:
    """The lines of the basket, each plan once."""
    found: dict[UUID, tuple[UUID, str, str, str]] = {}
    for item in baskets.items(buyer()):
        if not item.offered:
            continue
        name = f"{item.product}, {item.plan}"
        found.setdefault(item.plan_id, (item.plan_id, name, item.term, str(item.quantity)))
    return list(found.values())


@portal.post("/quotes/ask")
@signed_in_customer
def send_quote_request() -> Response:
    """The reseller finds a draft, and is told by mail."""
    require_role("buyer")
    wanted, problems = typed()
    if problems:
        return show(422, problem=_("Please look at the marked fields."), problems=problems)
    try:
        with db.transaction(widened_because="asking for a quote"):
            quote_requests.ask(buyer(), wanted, request.form.get("words", ""))
    except Missing:
        raise
    except Refusal as refusal:
        return show(refusal.status, problem=str(refusal))
    return pages.see("portal.quote_list", "quote-wanted")


def typed() -> tuple[list[tuple[UUID, int]], dict[UUID, str]]:
    """Plans and numbers; what cannot be read is said beside its plan. Nothing typed is nothing wanted."""
    wanted: list[tuple[UUID, int]] = []
    problems: dict[UUID, str] = {}
    for name, text in request.form.items():
        if not name.startswith("quantity-") or text.strip() in ("", "0"):
            continue
        try:
            plan_id = UUID(name.removeprefix("quantity-"))
        except ValueError:
            raise Missing("plan") from None
        try:
            wanted.append((plan_id, baskets.parse_quantity(text[:12])))
        except Refusal as refusal:
            problems[plan_id] = str(refusal)
    return wanted, problems
