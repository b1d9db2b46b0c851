"""Ordering for an indirect customer, as its provider (M29): which plan, then how many and what the vendor
needs to know; funded on its reseller's account."""

from collections.abc import Mapping
from typing import Any

from flask import request
from sqlalchemy import select
from werkzeug.wrappers import Response

from billing import credit
from billing.tax import NoBuyerData
from checkout import baskets, provider_orders
from checkout.baskets import Buyer
from core import db, parties, trail
from core.errors import Denied, Missing, Refusal
from core.ids import new_token
from core.languages import _
from core.parties import Customer
from partners import storefronts
from provisioning import clearances, vendor_calls
from provisioning import questions as asking
from provisioning.connectors.fields import Field
from storefront import pages
from storefront.distributor import console
from storefront.visitors import has_role, require_role, the_shop, visitor

ORDERS = "subscriptions_manager"
pages.saying(ordered_for="Ordered on the reseller's account; the delivery has begun.")


def find(code: str) -> Customer:
    """A customer of the scope's distributor."""
    found = db.session().scalar(select(Customer).where(Customer.code == code))
    if found is None:
        raise Missing("customer")
    return found


@console.get("/customers/<code>/order")
def provider_order_page(code: str) -> Response:
    """Which plan; with one chosen, how many of it."""
    return show(code, request.args.get("plan", ""))


def show(
    code: str,
    plan: str,
    status: int = 200,
    *,
    problem: str | None = None,
    wrong: Mapping[str, str] | None = None,
) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        customer = find(code)
        reseller = parties.reseller(customer.reseller_id)
        try:
            provider_orders.refuse_unless_indirect(customer)
            offers = provider_orders.offers(customer)
        except provider_orders.NotIndirect as refusal:
            offers, problem = [], problem or str(refusal)
        chosen = next((one for one in offers if one.plan_code == plan), None)
        asked = questions(customer, plan) if chosen else []
        left = credit.available(reseller.id, the_shop().currency)
    return pages.render(
        "distributor/provider_order.html",
        status,
        title=_("Order for %(customer)s", customer=customer.name),
        customer=customer,
        reseller=reseller.name,
        offers=offers,
        chosen=chosen,
        left=left,
        asked=[
            {
                "name": f"field-{field.name}",
                "label": _(field.label),
                "hint": _(field.hint),
                "kind": field.kind,
                "choices": field.choices,
                "required": field.required,
                "value": request.form.get(f"field-{field.name}", ""),
                "problem": (wrong or {}).get(field.name, ""),
            }
            for field in asked
        ],
        quantity=request.form.get("quantity", ""),
        key=request.form.get("request_key", "")[:64] or new_token(),
        problem=problem,
        may_order=has_role(ORDERS),
    )


def questions(customer: Customer, plan: str) -> list[Field]:
    """What is asked about the plan: by its connector, and by its product type."""
    return asking.of(*provider_orders.asking(customer, plan))


@console.post("/customers/<code>/order")
def order_for_customer(code: str) -> Response:
    """Asks the connector, then places and funds the order in one transaction."""
    require_role(ORDERS)
    plan, key = request.form.get("plan", ""), request.form.get("request_key", "")[:64] or new_token()
    try:
        placed = place(code, plan, key)
    except Missing:
        raise
    except clearances.FieldProblem as refusal:
        return show(code, plan, refusal.status, wrong=refusal.problems)
    except NoBuyerData as refusal:
        words = _("The customer's company data are missing: they are entered in its portal.")
        return show(code, plan, refusal.status, problem=words)
    except Refusal as refusal:
        if isinstance(refusal, provider_orders.NotIndirect):
            with db.transaction():
                trail.write(find(code), "refused to be ordered for", why=str(refusal))
        return show(code, plan, refusal.status, problem=str(refusal))
    return pages.see("distributor.order_page", "ordered-for", code=placed)


def place(code: str, plan: str, key: str) -> str:
    """The order's code."""
    with db.transaction():
        customer = find(code)
        provider_orders.refuse_unless_indirect(customer)
        typed = {
            field.name: request.form.get(f"field-{field.name}", "").strip()
            for field in questions(customer, plan)
        }
        quantity = baskets.parse_quantity(request.form.get("quantity", ""))
        answers = {name: words for name, words in typed.items() if words}
        line = provider_orders.item(customer, plan, quantity, answers)
        settings = vendor_calls.settings_by_connector()
        shop = storefronts.of_reseller(customer.reseller_id)
    about: dict[str, Any] = {"name": customer.name, "email": customer.email, "country": customer.country}
    clearance = clearances.clear([line], settings, about)
    with db.transaction():
        return provider_orders.order(
            find(code),
            line,
            clearance,
            by=in_the_name_of(customer),
            storefront_id=shop.id if shop else the_shop().storefront_id,
            request_key=key,
        )


def in_the_name_of(customer: Customer) -> Buyer:
    """The member of staff as the buyer for a customer: the mails go to the customer."""
    who = visitor()
    if who.membership_id is None or who.person_id is None:
        raise Denied(_("Sign in to order for a customer."))
    return Buyer(
        who.membership_id, who.person_id, customer.reseller_id, customer.id, who.name, customer.email
    )
