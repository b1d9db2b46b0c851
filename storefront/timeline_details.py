"""The values of a line of a timeline in words: what the trail keeps under the names of columns, as people
call it. Ids are left out: nobody can read them, and what they name is said elsewhere."""

import ast
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from core.languages import Words, _
from storefront.moments import moment

NAMES = Words(
    {
        "absent": "Not there at the vendor",
        "agreement_first": "Agreements come with the relation",
        "answer_days": "Days until an answer",
        "asks_rights": "Partners may ask for admin rights",
        "before_customers": "Customers only after the approval of their lead",
        "channel": "Channel",
        "conditions": "Looked at once a year",
        "digest": "Fingerprint of the text (SHA-256)",
        "documents": "Documents with an application",
        "documents_hint": "What to bring",
        "email_fixed": "The sign-in address is fixed",
        "evidence": "What an application has to bring",
        "extension_days": "Days a deal may be kept longer",
        "external_id": "Vendor's id",
        "grace_days": "Days of grace",
        "irreversible": "The signature cannot be taken back",
        "limit": "Credit line",
        "link_days": "Days that an applicant's link is good",
        "logins": "Logins of a reseller",
        "no_agents": "Without pages for machines and seats",
        "no_dashboard": "Without a dashboard",
        "notice_days": "Days of notice",
        "opens_days": "Opens so many days before the anniversary",
        "ordering_enabled": "Ordering",
        "partial_charges": "Invoice partial charges",
        "position": "Place",
        "prorate_billing": "Prorate billing",
        "provider_creates": "The provider creates the customers",
        "publish_on": "Publish on",
        "renews": "A term is followed by the next",
        "resellers_attest": "Resellers may attest",
        "retire_on": "Retire on",
        "same_area": "Only within the same country or region",
        "sku": "SKU",
        "takes_applications": "Takes applications",
        "takes_deals": "Takes deals",
        "threshold": "Awarded from so many customers",
        "valid_days": "Days an approved deal is valid",
        "valid_from": "Valid from",
        "verification_days": "Days of verification",
        "verifies": "Verify before approving",
    }
)
STORED_WORD = re.compile(r"[a-z]+(_[a-z]+)+")
BASIS_POINTS = ("discount", "commission")


def in_words(values: Mapping[str, Any]) -> str | None:
    """One line for each value that a person can read; none where there is nothing to say."""
    lines = [
        f"{name_of(name)}: {value_of(name, value)}"
        for name, value in values.items()
        if name != "by" and (not name.endswith("_id") or name in NAMES)  # by whom stands beside the words
    ]
    return "\n".join(lines) or None


def name_of(name: str) -> str:
    """A column as people call it."""
    known = NAMES.get(name)
    plain = name.replace("_", " ")
    return known or f"{plain[:1].upper()}{plain[1:]}"


def value_of(name: str, value: object) -> str:
    """A value as people write it: yes and no, percent, moments with their zone, lists with commas."""
    value = _kept(value)
    if value is None or value == "" or value == []:
        return "–"
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if name in BASIS_POINTS and str(value).isdecimal():
        return f"{Decimal(str(value)) / 100:f} %"
    if isinstance(value, list):
        return ", ".join(value_of("", one) for one in cast(list[object], value))
    if isinstance(value, Mapping):
        held = cast(Mapping[str, object], value)
        return str(held["name"]) if "name" in held else in_words(held) or "–"
    text = str(value)
    return text.replace("_", " ") if STORED_WORD.fullmatch(text) else _moment(text) or text


def _kept(value: object) -> object:
    """The trail keeps words: a yes or no and a list as Python writes them."""
    if not isinstance(value, str) or (value not in ("True", "False", "None") and value[:1] not in ("[", "{")):
        return value
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return value


def _moment(text: str) -> str:
    """A moment as JSON has it, with date, time and zone; nothing for other words."""
    if len(text) < 20 or text[4:5] != "-" or text[10:11] not in ("T", " "):
        return ""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return ""
    said = moment(at) if at.tzinfo else None
    return said.exact if said else ""
