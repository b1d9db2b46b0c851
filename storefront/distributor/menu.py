"""The frame of the distributor's console: its name, its places and its sections with what waits in them."""

from typing import Any

from flask import request, url_for
from sqlalchemy import func, select

from billing.bank_transfers import BankTransfer, BankTransferState
from core import db
from core.languages import _, for_later
from core.parties import Reseller
from core.tasks import Task, TaskState
from core.tenancy import same_key
from core.work import WorkItem
from partners.applications import WAITING, Application
from partners.customer_requests import CustomerRequest, CustomerRequestState
from partners.deals import Deal, DealState
from partners.partner_requests import PartnerRequest, PartnerRequestState
from partners.requests import ProgrammeRequest, RequestState
from provisioning.transfers import Transfer, TransferState
from storefront import pages
from storefront.evidence import READERS
from storefront.visitors import has_role, the_shop, visitor

SECTIONS = (
    (for_later("Dashboard"), "dashboard", "layout-dashboard"),
    (for_later("Work queue"), "work_queue", "list-checks"),
    (for_later("Sales"), None, ""),
    (for_later("Orders"), "order_list", "package"),
    (for_later("Quotes"), "quote_list", "file-text"),
    (for_later("Subscriptions"), "subscription_list", "key-round"),
    (for_later("Transfers"), "transfer_list", "arrow-right"),
    (for_later("Refunds"), "refund_list", "rotate-ccw"),
    (for_later("Partner network"), None, ""),
    (for_later("Resellers"), "reseller_list", "handshake"),
    (for_later("Partner invitations"), "partner_invitation_list", "send"),
    (for_later("Customers"), "customer_list", "users"),
    (for_later("Applications"), "application_list", "user-check"),
    (for_later("Deals"), "deal_list", "briefcase"),
    (for_later("Programmes"), "programme_list", "layers"),
    (for_later("Partners"), "partnership_list", "award"),
    (for_later("Newsletter"), "newsletter_list", "mail"),
    (for_later("Partner requests"), "request_list", "message-circle"),
    (for_later("Catalogue and prices"), None, ""),
    (for_later("Catalogue"), "product_list", "boxes"),
    (for_later("Plans"), "plan_list", "tags"),
    (for_later("Price lists"), "price_list_list", "coins"),
    (for_later("First page"), "front_page", "star"),
    (for_later("Margins"), "margin_list", "percent"),
    (for_later("Exchange rates"), "exchange_rate_list", "coins"),
    (for_later("Price imports"), "import_list", "upload"),
    (for_later("Price changes"), "schedule_list", "calendar"),
    (for_later("Promotions"), "promotion_list", "percent"),
    (for_later("Partner codes"), "code_list", "sparkles"),
    (for_later("Money"), None, ""),
    (for_later("Invoices"), "invoice_list", "receipt-text"),
    (for_later("Payments"), "payment_list", "wallet"),
    (for_later("Bank transfers"), "bank_transfer_list", "coins"),
    (for_later("Commissions"), "commission_list", "coins"),
    (for_later("Engine"), None, ""),
    (for_later("Deliveries"), "delivery_list", "truck"),
    (for_later("Connectors"), "connector_list", "plug"),
    (for_later("Tasks"), "task_list", "activity"),
    (for_later("Webhooks"), "event_list", "inbox"),
    (for_later("Card payments"), "gateway_page", "credit-card"),
    (for_later("House"), None, ""),
    (for_later("Staff"), "staff_list", "users"),
    (for_later("Account managers"), "manager_list", "user-check"),
    (for_later("Invitations"), "invitation_list", "mail"),
    (for_later("Signing in"), "sign_in_rules_page", "lock"),
    (for_later("Company"), "company_page", "building-2"),
    (for_later("Directory entry"), "directory_page", "globe"),
    (for_later("Visibility"), "visibility_page", "eye"),
    (for_later("Tax rates"), "rate_list", "percent"),
    (for_later("Your terms"), "terms_page", "scale"),
    (for_later("Conditions"), "condition_list", "shield-check"),
    (for_later("Acceptances"), "acceptance_list", "badge-check"),
)
CLOSED = {"acceptance_list": READERS}
"""Sections that not everybody may enter, and who may."""
TIME_MACHINE = (for_later("Time machine"), "time_machine_page", "history")


def console() -> dict[str, Any]:
    """What layouts/console.html expects."""
    at = the_shop().base
    return {
        "console": {
            "name": visitor().standing,
            "role": _("Distributor"),
            "logo_url": the_shop().logo_url,
            "css_url": None,
        },
        "places": {
            "home": url_for("distributor.dashboard"),
            "search": url_for("distributor.find"),
            "shop": f"{at}/",
            "sign_out": f"{at}/sign-out",
            "profile": f"{at}/profile",
            "choose": f"{at}/choose",
            "help": None,
        },
        "nav": nav(waiting()),
        "query": request.args.get("q", "") if request.endpoint == "distributor.order_list" else "",
    }


def nav(counts: dict[str, int]) -> list[tuple[str, str | None, str, int, bool]]:
    """The sections; the longest address that begins the request's is where one is."""
    sections = (*SECTIONS, TIME_MACHINE) if the_shop().sandbox else SECTIONS
    entries: list[tuple[str, str | None, str, int, bool]] = []
    for label, endpoint, icon in sections:
        if endpoint in CLOSED and not has_role(*CLOSED[endpoint]):
            continue
        url = url_for(f"distributor.{endpoint}") if endpoint else None
        inside = bool(url) and (
            request.path == here(url)
            or (endpoint != "dashboard" and request.path.startswith(here(url) + "/"))
        )
        entries.append((_(label), url, icon, counts.get(endpoint or "", 0), inside))
    return entries


def here(url: str | None) -> str:
    """An address as `request.path` writes it: without the shop's own part."""
    return (url or "").removeprefix(the_shop().base)


def waiting() -> dict[str, int]:
    """How much waits for a person, by section; in one statement."""
    house = same_key(Reseller.id, Transfer.reseller_id)
    counted = {
        "work_queue": select(WorkItem.id).where(WorkItem.closed_at.is_(None)),
        "task_list": select(Task.id).where(Task.state == TaskState.PARKED),
        "application_list": select(Application.id).where(Application.state.in_(WAITING)),
        "bank_transfer_list": select(BankTransfer.id).where(BankTransfer.state == BankTransferState.ASKED),
        "deal_list": select(Deal.id).where(Deal.state == DealState.PENDING),
        "transfer_list": (  # only what the house itself is asked to take over
            select(Transfer.id)
            .join(Reseller, house)
            .where(Transfer.incoming, Transfer.state == TransferState.ASKED, Reseller.house)
        ),
        "partner_invitation_list": select(PartnerRequest.id).where(
            PartnerRequest.state == PartnerRequestState.ASKED
        ),
        "customer_list": select(CustomerRequest.id).where(
            CustomerRequest.state == CustomerRequestState.ASKED
        ),
        "request_list": select(ProgrammeRequest.id).where(ProgrammeRequest.state == RequestState.SUBMITTED),
    }
    numbers = [select(func.count()).select_from(one.subquery()).scalar_subquery() for one in counted.values()]
    with db.transaction() as session:
        row = session.execute(select(*numbers)).one()
    return dict(zip(counted, row, strict=True))


pages.CONSOLES["distributor"] = console
