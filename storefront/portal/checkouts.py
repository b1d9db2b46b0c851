"""The checkout: what, for whom, which terms, total today and per period. Nothing that the browser sends is a
price; it only says which total was seen, so that nobody pays another one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from flask import redirect, request, url_for
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from billing import tax
from billing.tax import TaxUndecided
from catalog import obligations
from checkout import bank_transfer_requests, baskets, placing
from checkout.baskets import BasketItem
from checkout.orders import PayBy
from checkout.placing import Checkout, Clearance
from core import db, parties
from core.errors import Missing, Refusal
from core.ids import new_token
from core.languages import _
from core.parties import OrderedBy, Purchaser
from core.tenancy import current
from partners import channels, companies, leads
from partners.joinings import Channel
from partners.terms import AgreementMissing, Kind
from provisioning import clearances, vendor_calls
from provisioning import questions as asking
from provisioning.connectors.fields import Field
from storefront import agreements, pages, taxes
from storefront import companies as company_forms
from storefront.companies import Company
from storefront.customer_agreements import note_refusal
from storefront.portal import portal
from storefront.visitors import buyer, require_role, signed_in_customer, the_shop

pages.saying(
    nothing_to_order_bad="Your basket is empty: nothing was ordered now. What you ordered is under “Orders”.",
)


@portal.get("/checkout")
@signed_in_customer
def checkout() -> Response:
    """The review before the order is placed."""
    require_role("buyer")
    with db.reading():
        items, customer = baskets.items(buyer()), parties.purchaser(current_customer())
    return checkout_page(items, customer) if items else nothing_to_order()


def nothing_to_order() -> Response:
    """To the basket, with the reason: another window has ordered what was in it, or taken it out."""
    return pages.see("portal.basket", "nothing-to-order-bad")


def current_customer() -> UUID:
    """The customer of the scope."""
    customer_id = current().customer_id
    if customer_id is None:
        raise Missing("customer")
    return customer_id


def questions(item: BasketItem) -> list[Field]:
    """What is asked about the line: by its connector, and by its product type."""
    return asking.of_item(item)


def checkout_page(
    items: Sequence[BasketItem],
    customer: Purchaser,
    *,
    problem: str = "",
    wrong: Mapping[str, str] | None = None,
    company: Company | None = None,
    status: int = 200,
    quote: str = "",
) -> Response:
    """The review; a refusal keeps what was typed and says what is wrong where it is wrong. `quote`: the code
    of the one whose lines these are, where it is not the basket that is ordered."""
    with db.transaction():
        sums, untaxed, chain = taxes.try_basket(items, customer.reseller_id, customer.id)
        asked_terms = obligations.asked(
            customer.reseller_id, customer.id, [plan for item in items for plan in item.plan_ids]
        )
        missing = [one for one in asked_terms if one.kind is Kind.CUSTOMER_AGREEMENT and not one.accepted]
        admins = agreements.administrators(customer.id) if missing else []
        won = channels.row_of(customer.id)
        by_transfer = bank_transfer_requests.is_offered(
            (item.plan_id, item.quantity, item.product) for item in items
        )
    indirect = won is not None and won.channel is Channel.INDIRECT
    if company is None and not chain.buyer.known:
        company = company_forms.form_of(None, name=customer.name, country=customer.country)
    asked = [
        {
            "item": item,
            "name": f"field-{item.line_id}-{field.name}",
            "field": replace(field, label=_(field.label), hint=_(field.hint)),
            "value": request.form.get(
                f"field-{item.line_id}-{field.name}", str(item.fields.get(field.name, ""))
            ),
            "problem": (wrong or {}).get(f"{item.line_id}-{field.name}", ""),
        }
        for item in items
        for field in questions(item)
    ]
    return pages.render(
        "portal/checkout.html",
        status,
        title=_("Check and order"),
        items=items,
        customer=customer,
        asked=asked,
        sums=taxes.basket_rows(items, sums),
        total=sums.gross if sums else None,
        treatment=sums.treatment if sums else None,
        note=_(tax.NOTES[sums.treatment.kind]) if sums else "",
        party=chain.buyer.snapshot(),
        country=companies.country_name(chain.buyer.country),
        company=company,
        ticks=agreements.ticks(asked_terms),
        missing=missing,
        admins=admins,
        problem=problem or untaxed or next((item.problem for item in items if item.problem), ""),
        request_key=new_token(),
        buyer=buyer(),
        may_order=customer.ordered_by is OrderedBy.CUSTOMER and not indirect,
        seller=the_shop().legal_name,
        quote=quote,
        by_transfer=by_transfer,
        pay_by=request.form.get("pay_by", ""),
    )


@portal.post("/checkout")
@signed_in_customer
def place() -> Response:
    """Places the order: answers are kept, connectors are asked outside any transaction, one commit places,
    and the payment page comes next."""
    require_role("buyer")
    me, key = buyer(), request.form.get("request_key", "")[:64]
    company = company_forms.sent() if company_forms.was_sent() else None
    with db.reading():
        items, customer = baskets.items(me), parties.purchaser(current_customer())
        code = None if items else placing.earlier(me, key)
    if code:
        return to_payment(code, free=asks_sales())
    if not items:
        return nothing_to_order()
    answers = {item.line_id: given(item) for item in items}
    wrong = {
        f"{item.line_id}-{name}": words
        for item in items
        for name, words in wrong_answers(item, answers[item.line_id]).items()
    }
    new = {item.line_id: answers[item.line_id] for item in items if answers[item.line_id] != item.fields}
    fine = True
    if company or (new and not wrong):
        with db.transaction():
            fine = company is None or first_company(company, customer)
            if not wrong:
                baskets.answer(me, new)
    if wrong or not fine:
        problem = _("Please look at the marked fields.")
        company = None if fine else company
        return checkout_page(items, customer, wrong=wrong, problem=problem, company=company, status=422)
    items = [answered(item, answers[item.line_id]) for item in items]
    try:
        return to_payment(order(items, customer, key), free=not baskets.sum_of(items) or asks_sales())
    except IntegrityError:  # the same form, sent twice at once: the first one has placed it
        with db.reading():
            placed = placing.earlier(me, key)
        if placed is None:
            raise
        return to_payment(placed, free=asks_sales())
    except Refusal as refusal:
        if isinstance(refusal, TaxUndecided):
            taxes.report(refusal)
        if isinstance(refusal, leads.LeadTaken):
            with db.transaction():
                leads.note_refused(parties.customer(customer.id), customer.name, refusal)
        if isinstance(refusal, AgreementMissing):
            note_refusal(lambda: parties.customer(customer.id), "order refused", refusal)
        with db.reading():
            items = baskets.items(me)
        return (
            checkout_page(items, customer, problem=str(refusal), status=refusal.status)
            if items
            else nothing_to_order()
        )


def order(items: Sequence[BasketItem], customer: Purchaser, key: str) -> str:
    """Asks the connectors, then places in one transaction; the order's code."""
    clearance, wish = cleared(items, customer), wished(key)
    with db.transaction(widened_because="placing an order"):
        return placing.place(buyer(), clearance, wish)


def cleared(items: Sequence[BasketItem], customer: Purchaser) -> Clearance:
    """What the connectors say to these lines; asked outside any transaction, refusals by name."""
    with db.reading(widened_because="checking with connectors"):
        settings = vendor_calls.settings_by_connector()
    return clearances.clear(
        items, settings, {"name": customer.name, "email": customer.email, "country": customer.country}
    )


def wished(key: str) -> Checkout:
    """What the form says besides the lines."""
    seen = request.form.get("seen_total", "")
    return Checkout(
        key or new_token(),
        the_shop().storefront_id,
        PayBy.TRANSFER if asks_sales() else PayBy.CARD,
        seen_total=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 16 else -1,
        agreed=agreements.agreed(),
    )


def first_company(form: Company, customer: Purchaser) -> bool:
    """Keeps the company data that the checkout asked for, once: what is there already is changed on its own
    page only. False with the problems at their fields."""
    if companies.of(customer.id) is not None:
        return True
    return company_forms.keep(form, reseller_id=customer.reseller_id, customer_id=customer.id)


def asks_sales() -> bool:
    """Whether the buyer asks to pay by bank transfer, so that no card is asked for yet."""
    return request.form.get("pay_by") == "transfer"


def to_payment(code: str, *, free: bool = False) -> Response:
    """To the gateway's page, or to the order where nothing is due."""
    return redirect(url_for("portal.order" if free else "portal.pay", code=code), 303)


def given(item: BasketItem) -> dict[str, str]:
    """What was typed about a line; an empty answer is no answer."""
    typed = {
        field.name: request.form.get(f"field-{item.line_id}-{field.name}", "").strip()
        for field in questions(item)
    }
    return {name: text for name, text in typed.items() if text}


def wrong_answers(item: BasketItem, answers: Mapping[str, str]) -> dict[str, str]:
    """field -> what is wrong with its answer."""
    return asking.problems(item, answers)


def answered(item: BasketItem, answers: Mapping[str, str]) -> BasketItem:
    """The line with its answers."""
    return replace(item, fields=answers)
