"""The search box on every page of the console: whatever somebody may quote leads to its page, and words to
the first list that has something for them."""

from collections.abc import Sequence
from typing import Any

from flask import redirect, url_for
from sqlalchemy import ColumnElement, or_, select
from werkzeug.wrappers import Response

from billing.invoices import Invoice
from catalog.partner_codes import PartnerCode
from catalog.price_imports import PriceImport
from catalog.products import Plan, Product
from catalog.promotions import Promotion
from catalog.scheduled_prices import PriceSchedule
from checkout.orders import Order
from checkout.quotes import Quote
from core import db
from core.parties import Customer, Reseller
from core.tenancy import same_key
from partners.applications import Application
from partners.deals import Deal
from partners.newsletters import Newsletter
from partners.partner_invitations import PartnerInvitation
from partners.partner_requests import PartnerRequest
from partners.requests import ProgrammeRequest
from provisioning.transfers import Transfer
from storefront import lists
from storefront.distributor import console, order_list
from subscriptions.subscriptions import Subscription

PAGES: dict[str, Sequence[tuple[Any, str]]] = {
    "ORD": [(Order, "order_page")],
    "SUB": [(Subscription, "subscription_page")],
    "RES": [(Reseller, "reseller_page")],
    "CUS": [(Customer, "customer_page")],
    "QUO": [(Quote, "quote_page")],
    "APP": [(Application, "application_page")],
    "DEAL": [(Deal, "deal_page")],
    "TRF": [(Transfer, "transfer_page")],
    "INV": [(PartnerInvitation, "partner_invitation_page")],
    "ASK": [(PartnerRequest, "partner_request_page"), (ProgrammeRequest, "request_page")],
    "NEWS": [(Newsletter, "newsletter_page")],
    "PRM": [(Promotion, "promotion_page")],
    "PC": [(PartnerCode, "code_page")],
    "PRC": [(PriceSchedule, "schedule_page")],
    "IMP": [(PriceImport, "import_page")],
}
"""The prefix of a code -> whose it may be, and their pages."""


@console.get("/find")
def find() -> Response:
    """To the page of what was quoted, or to a list."""
    query = lists.words()
    with db.transaction():
        where = page_of(query) or url_for(f"distributor.{list_for(query)}", q=query or None)
    return redirect(where)


def page_of(query: str) -> str | None:
    """The page of a code of ours, of a product or of a plan; none for other words."""
    session, code = db.session(), query.upper()
    for model, page in PAGES.get(code.partition("-")[0], ()):
        if session.scalar(select(model.id).where(model.code == code)) is not None:
            return url_for(f"distributor.{page}", code=code)
    if session.scalar(select(Product.id).where(Product.code == query.lower())) is not None:
        return url_for("distributor.product_page", code=query.lower())
    plans = session.execute(
        select(Product.code, Plan.code)
        .join(Product, same_key(Product.id, Plan.product_id))
        .where(or_(Plan.code == query.lower(), Plan.sku == query))
        .limit(2)
    ).all()
    if len(plans) != 1:
        return None
    return url_for("distributor.plan_page", code=plans[0][0], plan=plans[0][1])


def list_for(query: str) -> str:
    """The first list that has something for these words; that of orders where none has."""
    if not query or _any(order_list.orders().with_only_columns(Order.id), order_list.found_by(query)):
        return "order_list"
    series, _dash, number = query.rpartition("-")
    is_number = series and number.isascii() and number.isdigit() and len(number) < 12
    if is_number and _any(  # northwind-2026-000017
        select(Invoice.id), (Invoice.series == series) & (Invoice.number == int(number))
    ):
        return "invoice_list"
    for model, page in ((Reseller, "reseller_list"), (Customer, "customer_list"), (Product, "product_list")):
        if _any(select(model.id), model.name.icontains(query, autoescape=True)):
            return page
    return "order_list"


def _any(rows: Any, condition: ColumnElement[bool]) -> bool:
    return db.session().scalar(rows.where(condition).limit(1)) is not None
