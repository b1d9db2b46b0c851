"""One partner of a programme: its tier and what its anniversaries decided, its yearly check, its commissions,
a notice to leave, and the end that the distributor may put to it."""

from typing import Any
from uuid import UUID

from flask import request, url_for
from werkzeug.wrappers import Response

from core import db, parties
from core.clock import business_now
from core.errors import Missing, Refusal
from core.languages import _
from partners import (
    anniversaries,
    commissions,
    enrolments,
    leavings,
    programmes,
    reauthorisations,
    sales,
    security_contacts,
    tiers,
)
from partners.enrolments import Enrolment, EnrolmentState
from storefront import lists, pages, partner_years, timelines
from storefront.distributor import console
from storefront.moments import moment
from storefront.visitors import has_role, require_role

pages.saying(partnership_ended="Ended. The partner is told by mail, with your reason.")


@console.get("/partnerships/<enrolment_id>")
def partnership_page(enrolment_id: str) -> Response:
    """The page."""
    return show(lists.identifier(enrolment_id, "partner"))


def show(enrolment_id: UUID, status: int = 200, *, problem: str = "", typed: str = "") -> Response:
    """The page, with a refused reason as it was typed."""
    with db.transaction():
        found = enrolments.find(enrolment_id)
        reseller = parties.reseller(found.reseller_id)
        programme = programmes.of_id(found.programme_id)
        facts = facts_of(found)
        check = reauthorisations.newest(found.id)
        notice = leavings.standing_or_none(found.id)
        timeline = timelines.of([found.id])
        contact = security_contacts.of_reseller(found.reseller_id)
        values: dict[str, Any] = {
            "decisions": partner_years.decisions(anniversaries.decisions(found.id)),
            "check": partner_years.check(check) if check else None,
            "notice": moment(notice.ends_at) if notice else None,
            "contact": f"{contact.name}, {contact.email} {contact.phone}".strip() if contact else None,
        }
    return pages.render(
        "distributor/partnership.html",
        status,
        title=_("%(company)s: %(programme)s", company=reseller.name, programme=found.programme_name),
        partner=(reseller.name, url_for("distributor.reseller_page", code=reseller.code)),
        programme=(found.programme_name, url_for("distributor.programme_tiers", code=programme.code)),
        renews=programme.renews,
        enrolment_id=found.id,
        state=found.state.value,
        words=_("Active") if found.state is EnrolmentState.ACTIVE else _("Ended"),
        flagged=found.flagged and found.state is EnrolmentState.ACTIVE,
        commissions_url=url_for("distributor.commission_list", q=reseller.name),
        timeline=timeline,
        may_end=has_role("admin") and found.state is EnrolmentState.ACTIVE,
        problem=problem,
        typed=typed,
        **facts,
        **values,
    )


def facts_of(found: Enrolment) -> dict[str, Any]:
    """Tier, counts and days."""
    at = business_now()
    return {
        "tier": found.tier_name,
        "discount": tiers.percent(found.discount),
        "commission": tiers.percent(found.commission),
        "customers": sales.customers(found.reseller_id, found.programme_id, at),
        "new": sales.new_customers(found.reseller_id, found.programme_id, partner_years.began(found)),
        "earned": [amount.text for amount in commissions.earned(found.id)],
        "signed": moment(found.signed_at),
        "until": moment(found.ended_at or found.ends_at),
        "anniversary": moment(found.anniversary_at) if found.state is EnrolmentState.ACTIVE else None,
        "reason": found.end_reason,
        "because": _(enrolments.ENDINGS[found.ended_because]) if found.ended_because else "",
    }


@console.post("/partnerships/<enrolment_id>/end")
def end_partnership(enrolment_id: str) -> Response:
    """Terminates it at once, with a reason that the partner reads."""
    require_role("admin")
    of, reason = lists.identifier(enrolment_id, "partner"), request.form.get("reason", "")[:2000]
    try:
        with db.transaction():
            enrolments.terminate(enrolments.find(of), reason)
    except Missing:
        raise
    except Refusal as refusal:
        return show(of, refusal.status, problem=str(refusal), typed=reason)
    return pages.see("distributor.partnership_page", "partnership-ended", enrolment_id=of)
