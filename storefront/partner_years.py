"""A partner's year as the pages of both sides show it: since when it runs, what anniversaries decided, and
the yearly check with what is missing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from core.clock import business_now
from core.languages import Words, _
from core.periods import Term, holding, nth
from partners import reauthorisations
from partners.anniversaries import TierDecision
from partners.enrolments import Enrolment
from partners.reauthorisation_rules import CONDITIONS
from partners.reauthorisations import OPEN, Confirmation, Reauthorisation, ReauthorisationState
from storefront.moments import moment

CHECKS = Words(
    {
        ReauthorisationState.OPEN: "Open",
        ReauthorisationState.GRACE: "Something is missing",
        ReauthorisationState.PASSED: "Authorised",
        ReauthorisationState.FAILED: "Not authorised",
        ReauthorisationState.VOID: "Void",
    }
)
TONES = {
    ReauthorisationState.OPEN: "wait",
    ReauthorisationState.GRACE: "warn",
    ReauthorisationState.PASSED: "ok",
    ReauthorisationState.FAILED: "bad",
    ReauthorisationState.VOID: "neutral",
}


def began(enrolment: Enrolment) -> datetime:
    """When the partner's running year began: at the signature, or its last anniversary."""
    year = max(0, holding(enrolment.signed_at, Term.YEAR, business_now()))
    return nth(enrolment.signed_at, year, Term.YEAR)


def decisions(rows: Sequence[TierDecision]) -> list[dict[str, Any]]:
    """What anniversaries decided, the newest first."""
    return [
        {
            "at": moment(row.at),
            "customers": row.customers,
            "was": row.was_tier or "–",
            "tier": row.tier,
            "what": (_("Flagged"), "warn", "flag")
            if row.flagged
            else (_("Kept"), "neutral", None)
            if row.tier == row.was_tier
            else (_("Risen"), "ok", None)
            if row.rises
            else (_("Fallen"), "warn", None),
        }
        for row in rows
    ]


def check(row: Reauthorisation, said: Mapping[str, Confirmation] | None = None) -> dict[str, Any]:
    """The yearly check with each condition's state and what to do about it."""
    confirmed = said if said is not None else reauthorisations.confirmations(row.id)
    return {
        "words": CHECKS[row.state],
        "tone": TONES[row.state],
        "open": row.state in OPEN,
        "grace": row.state is ReauthorisationState.GRACE,
        "due": moment(row.due_at),
        "until": moment(row.grace_until or row.due_at),
        "floor": row.floor,
        "conditions": [
            {
                "code": code,
                "label": _(CONDITIONS[code].label),
                "to_do": _(CONDITIONS[code].to_do),
                "said": CONDITIONS[code].said,
                "holds": code not in row.missing or code in confirmed,
                "by": confirmed[code].name if code in confirmed else "",
                "at": moment(confirmed[code].at) if code in confirmed else None,
            }
            for code in row.conditions
        ],
    }
