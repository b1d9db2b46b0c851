"""The frame of the distributor's console: its name, its places and its sections with what waits in them."""

from typing import Any

from flask import request, url_for
from sqlalchemy import func, select

from core import db
from core.tasks import Task, TaskState
from core.work import WorkItem
from storefront import pages
from storefront.visitors import the_shop, visitor

SECTIONS = (
    ("Dashboard", "dashboard", "layout-dashboard"),
    ("Work queue", "work_queue", "list-checks"),
    ("Sales", None, ""),
    ("Orders", "order_list", "package"),
    ("Subscriptions", "subscription_list", "key-round"),
    ("Refunds", "refund_list", "rotate-ccw"),
    ("Resellers", "reseller_list", "handshake"),
    ("Customers", "customer_list", "users"),
    ("Catalogue", "product_list", "boxes"),
    ("Plans", "plan_list", "tags"),
    ("Money", None, ""),
    ("Invoices", "invoice_list", "receipt-text"),
    ("Payments", "payment_list", "wallet"),
    ("Engine", None, ""),
    ("Deliveries", "delivery_list", "truck"),
    ("Connectors", "connector_list", "plug"),
    ("Tasks", "task_list", "activity"),
    ("Webhooks", "event_list", "inbox"),
    ("Card payments", "gateway_page", "credit-card"),
    ("House", None, ""),
    ("Staff", "staff_list", "user-check"),
    ("Company", "company_page", "building-2"),
    ("Tax rates", "rate_list", "percent"),
    ("Your terms", "terms_page", "scale"),
)
TIME_MACHINE = ("Time machine", "time_machine_page", "history")


def console() -> dict[str, Any]:
    """What layouts/console.html expects."""
    at = the_shop().base
    return {
        "console": {
            "name": visitor().standing,
            "role": "Distributor",
            "logo_url": the_shop().logo_url,
            "css_url": None,
        },
        "places": {
            "home": url_for("distributor.dashboard"),
            "search": url_for("distributor.order_list"),
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
        url = url_for(f"distributor.{endpoint}") if endpoint else None
        inside = bool(url) and (
            request.path == here(url)
            or (endpoint != "dashboard" and request.path.startswith(here(url) + "/"))
        )
        entries.append((label, url, icon, counts.get(endpoint or "", 0), inside))
    return entries


def here(url: str | None) -> str:
    """An address as `request.path` writes it: without the shop's own part."""
    return (url or "").removeprefix(the_shop().base)


def waiting() -> dict[str, int]:
    """How much waits for a person, by section."""
    with db.transaction() as session:
        work = (
            select(func.count()).select_from(WorkItem).where(WorkItem.closed_at.is_(None)).scalar_subquery()
        )
        parked = (
            select(func.count()).select_from(Task).where(Task.state == TaskState.PARKED).scalar_subquery()
        )
        row = session.execute(select(work, parked)).one()
    return {"work_queue": row[0], "task_list": row[1]}


pages.CONSOLES["distributor"] = console
