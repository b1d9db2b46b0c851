"""What happened to an object, for whoever looks: the trail as far as the scope may read it, in words, with
who and when, newest first. Attempts at a vendor are the distributor's eyes only; they live in a table that no
other side can select (storefront/distributor/dossiers.py adds them there)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from core import db, tenancy, trail
from core.languages import Words, _
from core.parties import Membership
from core.tenancy import Side
from core.trail import Line
from storefront.moments import Moment, moment

TYPES = Words(
    {
        "orders": "Order",
        "payments": "Payment",
        "payment_attempts": "Payment page",
        "invoices": "Invoice",
        "charges": "Charge",
        "funds": "Order",
        "deliveries": "Delivery",
        "subscriptions": "Subscription",
        "licences": "Seat",
        "tasks": "Task",
        "resellers": "Reseller",
        "customers": "Customer",
        "memberships": "Person",
        "invitations": "Invitation",
        "balances": "Credit",
        "storefronts": "Storefront",
        "plans": "Plan",
        "products": "Product",
        "product_types": "Product type",
        "categories": "Category",
        "listings": "Price",
        "retail_rules": "Price rule",
        "rounding_rules": "Rounding",
        "bulk_changes": "Change of many prices",
        "margin_floors": "Margin floor",
        "retail_floors": "Margin floor",
        "shelf_settings": "Shelf",
        "arrival_rules": "New plans",
        "dismissed_plans": "Proposal",
        "refunds": "Refund",
        "refund_policies": "Refunds",
        "credit_notes": "Credit note",
        "programmes": "Programme",
        "applications": "Application",
        "price_imports": "Price import",
        "sheet_sources": "Source of price sheets",
        "service_sources": "What a vendor offers",
        "enrolments": "Partnership",
        "sign_in_rules": "Rules of signing in",
        "credit_terms": "Credit terms",
        "deals": "Deal",
        "conditions": "Condition",
        "terms": "Terms",
        "agreement_links": "Link to an agreement",
        "consents": "Consent",
        "transfers": "Transfer",
        "transfer_items": "Subscription of the transfer",
        "transfer_partners": "Transfer partner",
        "relation_extensions": "Relation",
        "partner_invitations": "Partner invitation",
        "partner_requests": "Partner request",
        "provider_entries": "Directory entry",
        "viewings": "Look at the console",
        "programme_requests": "Request",
        "quotes": "Quote",
        "price_schedules": "Price change",
        "promotions": "Promotion",
        "partner_codes": "Partner code",
        "admin_rights": "Admin rights",
        "customer_requests": "Request for a customer",
        "bank_transfers": "Bank transfer",
        "quote_requests": "Request for a quote",
    }
)
TONES = {
    "funded": "ok",
    "paid": "ok",
    "success": "ok",
    "active": "ok",
    "open": "ok",
    "settled": "ok",
    "accepted": "ok",
    "refused": "bad",
    "failed": "bad",
    "mismatch": "bad",
    "unknown": "warn",
    "needs_action": "warn",
    "uncovered": "warn",
    "surplus": "warn",
    "suspended": "warn",
    "cancelled": "neutral",
    "processing": "wait",
    "withdrawing": "wait",
    "done": "ok",
    "approved": "ok",
    "granted": "ok",
    "signed": "ok",
    "declined": "bad",
    "asked_back": "wait",
    "rejected": "bad",
    "won": "ok",
    "lost": "bad",
    "agreed": "ok",
    "asked": "wait",
    "applied": "ok",
    "running": "ok",
    "scheduled": "wait",
    "revoked": "bad",
    "removed": "warn",
    "created": "ok",
    "received": "ok",
}
ICONS = {"ok": "circle-check", "bad": "circle-x", "warn": "triangle-alert", "wait": "loader"}
PLAINLY = Words(
    {
        "orders funded": "Order paid",
        "orders cancelled": "Order cancelled",
        "invoices paid": "Invoice paid",
        "invoices void": "Nothing is due on the invoice",
        "payments paid": "Payment arrived",
        "payments cancelled": "Nothing is to be paid any more",
        "subscriptions suspended": "Service suspended",
        "subscriptions ended": "Service ended",
        "orders uncovered": "Payment arrived; the order is being released",
        "deliveries processing": "Sent to the vendor",
        "deliveries success": "Delivered",
        "deliveries unknown": "No clear answer from the vendor; it is being looked up",
        "deliveries needs_action": "Somebody has to look at the delivery",
        "deliveries refused": "Refused by the vendor",
        "deliveries withdrawing": "Cancelled; the vendor is asked to end it",
        "deliveries cancelled": "Cancelled; nothing is at the vendor",
        "refunds unknown": "Money going back; the bank is asked whether it has it",
        "refunds sent": "Money on its way back",
        "refunds done": "Money given back",
        "refunds failed": "The refund was delayed; somebody sees to it",
        "refunds paid_otherwise": "Money given back by another way",
        "subscriptions active": "Service active",
        "subscriptions failed": "Service not delivered",
        "licences assigned": "Seat given to somebody",
        "licences free": "Seat free again",
        "payment_attempts expired": "Payment page closed",
        "transfers withdrawn": "Request withdrawn",
        "transfers rejected": "Request rejected",
        "transfers moving": "Request accepted",
        "transfers done": "Everything has moved",
        "transfers partly": "A part of it has moved",
        "transfers failed": "Nothing has moved",
        "transfer_items moving": "The vendor is asked to move a subscription",
        "transfer_items moved": "A subscription has moved",
        "transfer_items refused": "The vendor did not move a subscription",
        "transfer_items dropped": "A subscription stays where it is",
        "transfer_items unknown": "No clear answer from the vendor; it is being looked up",
        "transfer_items needs_action": "Somebody has to look at a subscription",
        "transfer_partners accepted": "Invitation accepted",
        "transfer_partners declined": "Invitation declined",
        "transfer_partners ended": "Ended",
        "subscriptions moving": "Service on its way to another provider",
        "subscriptions moved": "Service moved to another provider",
        "subscriptions gone": "Service moved to another provider",
        "viewings ended": "Look at the console ended",
        "quotes asked": "Question asked",
        "quotes answered": "Question answered",
        "quotes agreed": "Quote agreed to",
        "quotes replaced": "Quote replaced by a newer version",
        "quotes sent": "Quote open",
        "promotions running": "Promotion begun",
        "promotions stopped": "Promotion stopped",
        "bank_transfers granted": "Bank transfer granted",
        "bank_transfers declined": "Bank transfer declined",
        "bank_transfers received": "The transfer has arrived",
        "bank_transfers ended": "Bank transfer no longer awaited",
        "partner_codes running": "Code valid",
        "partner_codes ended": "Code expired",
        "partner_codes revoked": "Code revoked",
        "admin_rights granted": "Admin rights given",
        "admin_rights declined": "Admin rights not given",
        "admin_rights removed": "Admin rights removed",
        "admin_rights withdrawn": "Admin rights given back, or asked for no more",
        "customer_requests created": "Customer created",
        "customer_requests declined": "Request declined",
        "customer_requests withdrawn": "Request withdrawn",
    }
)
"""What and its new state -> how everybody but the distributor reads it; the distributor reads the states."""
UNKNOWN_PERSON = Words(
    {"customer": "Your provider", "reseller": "The distributor", "distributor": "Somebody"}
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a timeline, as parts/progress.html draws it."""

    words: str
    who: str | None
    time: Moment | None
    tone: str
    icon: str | None
    detail: str | None
    sort: Any


def of(object_ids: Sequence[UUID], limit: int = 500) -> list[Entry]:
    """The timeline of an object and of what belongs to it."""
    return [entry for _, entry in told(object_ids, limit)]


def told(object_ids: Sequence[UUID], limit: int = 500) -> list[tuple[UUID, Entry]]:
    """Entries with the object each is about, newest first."""
    lines = trail.about(object_ids, limit)
    names = names_of({line.person_id for line in lines if line.person_id})
    return [(line.object_id, entry_of(line, names)) for line in lines]


def names_of(people: set[UUID]) -> dict[UUID, str]:
    """Those of the people whom this scope knows."""
    if not people:
        return {}
    chosen = select(Membership.person_id, Membership.name).where(Membership.person_id.in_(people))
    return {person_id: name for person_id, name in db.session().execute(chosen)}


def entry_of(line: Line, names: Mapping[UUID, str]) -> Entry:
    """One line in words."""
    to = line.what.rpartition(" -> ")[2]
    side = tenancy.current().side
    tone = TONES.get(to, "neutral")
    why = f": {line.why}" if line.why else ""
    stranger = UNKNOWN_PERSON.get(side, _("Somebody"))
    return Entry(
        f"{words_of(line, to, side)}{why}",
        names.get(line.person_id) or line.told.get("by") or stranger
        if line.person_id
        else line.told.get("by") or _("The system"),
        moment(line.at),
        tone,
        ICONS.get(tone),
        "\n".join(f"{name}: {value}" for name, value in {**line.told, **line.detail}.items()) or None,
        line.at,
    )


def words_of(line: Line, to: str, side: Side) -> str:
    """The distributor reads which state became which; everybody else what that means."""
    thing = TYPES.get(line.object_type, line.object_type.replace("_", " ").capitalize())
    if line.what == "placed":
        return _("Order placed")
    if side is Side.DISTRIBUTOR or " -> " not in line.what:
        return f"{thing} {line.what.replace(' -> ', ' → ').replace('_', ' ')}"
    return PLAINLY.get(f"{line.object_type} {to}", f"{thing} {to.replace('_', ' ')}")


def newest_first(entries: Sequence[Entry]) -> list[Entry]:
    """Entries of several sources as one timeline."""
    return sorted(entries, key=lambda entry: entry.sort, reverse=True)
