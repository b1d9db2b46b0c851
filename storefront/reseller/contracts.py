"""Adding a subscription for a customer (P17): which customer and product, and then a form with three inputs:
who gives support, how many, and how it is billed (U16). The number is blank at first; typing it shows the
step that counts, what the reseller pays for a unit, and the total (U19, U20)."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import request
from sqlalchemy import select
from werkzeug.wrappers import Response

from billing.tax import NoBuyerData
from catalog.price_lists import less_tier
from checkout import baskets, discounts, explanations, provider_orders, reseller_orders
from checkout.baskets import Buyer
from checkout.reseller_orders import Interval
from core import db, parties
from core.errors import Denied, Missing, Refusal
from core.ids import new_token
from core.languages import _, for_later
from core.parties import Customer
from core.periods import Term
from partners import storefronts
from provisioning import clearances, vendor_calls
from provisioning import questions as asking
from provisioning.connectors.fields import Field
from storefront import pages, why
from storefront.reseller import accounts, console, menu
from storefront.visitors import has_role, require_role, the_shop, visitor
from whitelabel_themes.loader import base

ORDERS = "buyer"
NAMES = 200  # of customers, offered while one types
pages.saying(ordered_for_customer="Ordered on your account; the delivery has begun.")
BILLED: Mapping[tuple[Term, Term], str] = {
    (Term.YEAR, Term.YEAR): for_later("Annual: the whole year is billed up front"),
    (Term.YEAR, Term.MONTH): for_later("Monthly: billed each month, for one year"),
    (Term.MONTH, Term.MONTH): for_later("Monthly: billed each month, month by month"),
}


@console.get("/subscriptions/add")
def add_subscription() -> Response:
    """Which customer and product; with both, the form."""
    return show(request.args)


@console.get("/subscriptions/add/price")
def subscription_price() -> Response:
    """What so many cost, while one types."""
    with db.transaction():
        customer = of_code(request.args.get("customer", ""))
        found = reseller_orders.intervals(customer, request.args.get("product", "")[:200])
        values = calculated(found, request.args, customer.id)
    page = pages.environment(base()).get_template("reseller/parts/contract_price.html").render(**values)
    return Response(page, content_type="text/html; charset=utf-8")


@console.post("/subscriptions/add")
def order_subscription() -> Response:
    """Support type and order in one transaction, after the connector was asked."""
    require_role(ORDERS)
    try:
        placed = place(request.form)
    except Missing:
        raise
    except clearances.FieldProblem as refusal:
        return show(request.form, _("Please look at the marked fields."), refusal.status, refusal.problems)
    except NoBuyerData as refusal:
        words = _("The customer's company data are missing: they are entered in its portal.")
        return show(request.form, words, refusal.status)
    except Refusal as refusal:
        accounts.note_refusal(refusal)
        return show(request.form, str(refusal), refusal.status)
    return pages.see("reseller.order_page", "ordered-for-customer", code=placed)


def place(sent: Mapping[str, str]) -> str:
    """The order's code."""
    key = sent.get("request_key", "")[:64] or new_token()
    with db.transaction():
        customer = of_code(sent.get("customer", ""))
        reseller_orders.refuse_unless_ours(customer)
        quantity = baskets.parse_quantity(sent.get("quantity", ""))
        plan = sent.get("plan", "")[:200]
        line = provider_orders.item(customer, plan, quantity, answers(questions(customer, plan), sent))
        shop = storefronts.of_reseller(customer.reseller_id)
        about: dict[str, Any] = {"name": customer.name, "email": customer.email, "country": customer.country}
    with db.transaction(widened_because="checking with connectors"):
        configured = vendor_calls.settings_by_connector()
    clearance = clearances.clear([line], configured, about)
    by = in_the_name_of(customer)
    with db.transaction(widened_because="placing an order"):
        return reseller_orders.order(
            parties.customer(customer.id),
            line,
            clearance,
            support=accounts.sent(),
            by=by,
            storefront_id=shop.id if shop else the_shop().storefront_id,
            request_key=key,
        )


def questions(customer: Customer, plan: str) -> list[Field]:
    """What is asked besides the three inputs: what a product type wants to know, and what its connector
    cannot do without."""
    connector, added = provider_orders.asking(customer, plan)
    own = {str(one["name"]) for one in added}
    return [field for field in asking.of(connector, added) if field.required or field.name in own]


def answers(asked: Sequence[Field], sent: Mapping[str, str]) -> dict[str, str]:
    """What was typed; an empty answer is no answer."""
    typed = {field.name: sent.get(f"field-{field.name}", "").strip() for field in asked}
    return {name: words for name, words in typed.items() if words}


def in_the_name_of(customer: Customer) -> Buyer:
    """The person at the console as the buyer for a customer, who gets the mails."""
    who = visitor()
    if who.membership_id is None or who.person_id is None:
        raise Denied(_("Sign in to order for a customer."))
    return Buyer(
        who.membership_id, who.person_id, customer.reseller_id, customer.id, who.name, customer.email
    )


def of_code(code: str) -> Customer:
    """A customer of ours by its code; Missing for anybody else's."""
    return accounts.find(code[:40])


def show(
    sent: Mapping[str, str], problem: str = "", status: int = 200, wrong: Mapping[str, str] | None = None
) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction() as session:
        known = session.scalars(
            select(Customer).where(Customer.ended_at.is_(None)).order_by(Customer.name).limit(NAMES)
        ).all()
        customer = of_code(sent["customer"]) if sent.get("customer") else None
        products: Sequence[tuple[str, str]] = ()
        found: Sequence[Interval] = ()
        support, asked = None, list[Field]()
        if customer is not None:
            try:
                reseller_orders.refuse_unless_ours(customer)
                products = reseller_orders.products(customer)
                if sent.get("product"):
                    found = reseller_orders.intervals(customer, sent["product"][:200])
                    support = accounts.form_of(accounts.types(), customer)
                    asked = questions(customer, found[0].plan_code)
            except Refusal as refusal:
                problem = problem or str(refusal)
        values = calculated(found, sent, customer.id if customer else None) if found else {}
    if support is not None and "support" in sent:
        support.support.data = sent["support"]
    return pages.render(
        "reseller/contract.html",
        status,
        title=_("Add a subscription"),
        customers=[(one.code, one.name) for one in known],
        customer=customer,
        products=products,
        product=sent.get("product", "")[:200],
        product_name=dict(products).get(sent.get("product", ""), ""),
        form=support,
        intervals=[(one.plan_code, words_of(one, found)) for one in found],
        key=sent.get("request_key", "")[:64] or new_token(),
        problem=problem,
        asked=[
            {
                "name": f"field-{field.name}",
                "label": _(field.label),
                "hint": _(field.hint),
                "kind": field.kind,
                "choices": field.choices,
                "required": field.required,
                "value": sent.get(f"field-{field.name}", "")[:500],
                "problem": (wrong or {}).get(field.name, ""),
            }
            for field in asked
        ],
        may_order=has_role(ORDERS),
        **({"chosen": "", "quantity": ""} | values),
    )


def words_of(one: Interval, beside: Sequence[Interval]) -> str:
    """A billing interval in words; with the plan's name where two are billed alike."""
    fallback = _("%(term)s, billed %(period)s", term=one.term.label, period=one.billed.per)
    words = _(BILLED[one.term, one.billed]) if (one.term, one.billed) in BILLED else fallback
    alike = sum((each.term, each.billed) == (one.term, one.billed) for each in beside)
    return f"{words} ({one.plan})" if alike > 1 else words


def calculated(
    found: Sequence[Interval], sent: Mapping[str, str], customer_id: UUID | None
) -> dict[str, Any]:
    """What parts/contract_price.html takes: the plan that was chosen, the step of the number, what we pay for
    a unit and in all, what the customer pays, both less discounts; before a number is typed, the steps
    alone."""
    chosen = next((one for one in found if one.plan_code == sent.get("plan")), found[0])
    made = explanations.ingredients(chosen.plan_id, menu.reseller_id())
    typed = sent.get("quantity", "").strip()[:12]
    quantity, problem = None, ""
    if typed:
        try:
            quantity = baskets.parse_quantity(typed)
            baskets.check_quantity(quantity, chosen.minimum, chosen.maximum, chosen.unit, chosen.step)
        except Refusal as refusal:
            quantity, problem = None, str(refusal)
    pays = less_tier(made.wholesale, made.discount) if made.wholesale else None
    unit = pays.at(quantity) if pays and quantity else None
    retail = chosen.retail.at(quantity) if quantity else None
    if unit and retail and quantity:
        line = discounts.Wanted(chosen.plan_id, quantity, retail, unit)
        now = discounts.preview_both(menu.reseller_id(), customer_id, [line])[0]
        unit, retail = now.wholesale, now.price
    return {
        "chosen": chosen.plan_code,
        "quantity": typed,
        "quantity_problem": problem,
        "unit": chosen.unit,
        "per": chosen.billed.per,
        "unit_price": unit,
        "total": unit * quantity if unit and quantity else None,
        "customer_pays": retail * quantity if retail and quantity else None,
        "sold": pays is not None,
        "ranges": why.ranges(pays, quantity, least=chosen.minimum) if pays else [],
    }
