"""What both consoles say about deals: the words of their states and kinds, a deal as its page and its row
show it, and the ways to filter a list of them."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_

from core import clock
from core.languages import Words, _, counted
from partners import companies
from partners.deals import STATUSES, Deal, DealKind, DealState
from storefront.filters import Choice, Days
from storefront.moments import moment

WORDS = Words(
    {
        "pending": "Pending",
        "approved": "Approved",
        "rejected": "Rejected",
        "won": "Won",
        "lost": "Lost",
        "withdrawn": "Withdrawn",
        "expired": "Expired",
    }
)
SHOWS = Words({"new": "New", "active": "Active", "closed": "Closed"})
KINDS = Words({"independent": "We work on it alone", "shared": "Together with the distributor"})
NAMES_OF_KINDS = Words({"independent": "Independent", "shared": "Shared"})
YES_NO = Words({"yes": "Yes", "no": "No"})


def row_of(deal: Deal, url: str) -> dict[str, Any]:
    """A deal as a list shows it."""
    return {
        "company": deal.company,
        "code": deal.code,
        "url": url,
        "programme": deal.programme_name,
        "state": deal.state.value,
        "words": WORDS[deal.state.value],
        "value": deal.value,
        "seats": deal.seats,
        "contact": deal.contact_email,
        "country": companies.country_name(deal.country),
        "reason": _(deal.reason),
        "registered": moment(deal.registered_at, clock.business_now()),
        "until": moment(deal.ends_at, clock.business_now()),
        "left": days_left(deal),
    }


def days_left(deal: Deal) -> str:
    """How long an approved deal still holds its lead; empty for any other."""
    if deal.state is not DealState.APPROVED or deal.ends_at is None:
        return ""
    left = deal.ends_at - clock.business_now()
    if left <= timedelta():
        return _("over")
    return counted("%(n)s day left", "%(n)s days left", left.days) if left.days else _("less than a day left")


def about(deal: Deal) -> dict[str, Any]:
    """A deal as its page shows it."""
    now = clock.business_now()
    return {
        "deal": deal,
        "words": WORDS[deal.state.value],
        "country": companies.country_name(deal.country),
        "kind": NAMES_OF_KINDS[deal.kind.value],
        "reason": _(deal.reason),
        "registered": moment(deal.registered_at, now),
        "decided": moment(deal.decided_at, now),
        "until": moment(deal.ends_at, now),
        "left": days_left(deal),
        "closes_on": f"{deal.closes_on:%-d %B %Y}",
        "may_share": YES_NO["yes" if deal.may_share else "no"],
        "may_contact": YES_NO["yes" if deal.may_contact else "no"],
        "may": {state.value for state in deal.LIFE[deal.state]},
        "version": deal.version,
    }


def search(query: str) -> ColumnElement[bool]:
    """Company, domain, contact or code."""
    return or_(
        Deal.code == query.upper(),
        Deal.domain == query.lower(),
        Deal.contact_email == query.lower(),
        Deal.company.icontains(query, autoescape=True),
    )


def views() -> Choice:
    """New, active, closed (M80)."""
    return Choice(
        "show", _("View"), SHOWS.options(), lambda word: Deal.state.in_(STATUSES[word]), any_word=_("All")
    )


def filters() -> list[Choice | Days]:
    """By state, kind and days."""
    return [
        Choice("state", _("State"), WORDS.options(), lambda word: Deal.state == DealState(word)),
        Choice("kind", _("Kind"), NAMES_OF_KINDS.options(), lambda word: Deal.kind == DealKind(word)),
        Days("registered", _("Registered"), Deal.registered_at),
    ]
