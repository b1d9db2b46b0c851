"""The partner programmes that the reseller is or was in; of each its tier and what the next one needs, the
yearly check, the agreement that was signed, and the way out."""

from typing import Any
from uuid import UUID

from flask import request, url_for
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from core import db, trail
from core.clock import business_now
from core.errors import Missing, Refusal
from core.languages import _
from core.money import Money
from partners import (
    anniversaries,
    channels,
    commissions,
    direct_notices,
    enrolments,
    leavings,
    programmes,
    reauthorisations,
    sales,
    security_contacts,
    signatures,
    tiers,
)
from partners.enrolments import Enrolment, EnrolmentState
from partners.joinings import CHANNELS
from provisioning import reauthorising
from storefront import lists, pages, partner_years, timelines
from storefront.forms import Form
from storefront.moments import moment
from storefront.reseller import console, menu
from storefront.visitors import has_role, require_role, the_shop, visitor

pages.saying(
    leaving_given="Your notice is given. We have sent you a mail with the day.",
    leaving_withdrawn="Your notice is withdrawn: you stay.",
    condition_confirmed="Confirmed.",
    contact_saved="Saved. This is whom we reach.",
)


class ContactForm(Form):
    """Whom to reach when something happens."""

    name = StringField("Name", [InputRequired("Who is it?"), Length(max=120)])
    email = StringField("E-mail", [InputRequired("Such as security@example.com."), Length(max=254)])
    phone = StringField("Phone", [Length(max=40)])


@console.get("/programmes")
def programmes_page() -> Response:
    """What it is a partner of, the newest first."""
    with db.transaction():
        rows = [row_of(one) for one in enrolments.of_reseller(menu.reseller_id())]
        offered = [(one.code, one.name, one.explanation) for one in programmes.offered()]
        notice = direct_notices.of(menu.reseller_id())
        restricted = (notice.reason, moment(notice.counts_from)) if notice else None
        sells = [CHANNELS[one] for one in sorted(channels.profile(menu.reseller_id()))]
    more = f"{the_shop().base}/partners" if the_shop().house else None
    return pages.render(
        "reseller/programmes.html",
        title=_("Programmes"),
        rows=rows,
        more_url=more,
        offered=[
            {"name": name, "explanation": words, "url": url_for("reseller.enrolment_page", code=code)}
            for code, name, words in offered
            if name not in {row["name"] for row in rows if row["state"] == "active"}
        ],
        sells=sells,
        restricted=restricted,
    )


def row_of(one: Enrolment) -> dict[str, Any]:
    """A programme as the list of them shows it."""
    signed = signatures.of_application(one.application_id)
    return {
        "name": one.programme_name,
        "url": url_for("reseller.partnership_page", enrolment_id=one.id),
        "state": one.state.value,
        "words": _("Active") if one.state is EnrolmentState.ACTIVE else _("Ended"),
        "since": moment(one.signed_at),
        "until": moment(one.ended_at or one.ends_at),
        "version": signed.number if signed else None,
        "digest": signed.digest if signed else "",
        "by": signed.name if signed else "",
        "tier": one.tier_name,
        "performance": performance(one) if one.state is EnrolmentState.ACTIVE else None,
    }


def performance(one: Enrolment) -> dict[str, Any]:
    """The figures of a running partnership, the same on the dashboard and on its page (H44)."""
    at = business_now()
    customers = sales.customers(one.reseller_id, one.programme_id, at)
    rows = tiers.of_partner(one.programme_id)
    mine = next((row.threshold for row in rows if row.id == one.tier_id), 0)
    following = next((row for row in rows if row.threshold > mine), None)
    return {
        "name": one.programme_name,
        "url": url_for("reseller.partnership_page", enrolment_id=one.id),
        "tier": one.tier_name,
        "customers": customers,
        "new": sales.new_customers(one.reseller_id, one.programme_id, partner_years.began(one)),
        "earned": [amount.text for amount in commissions.earned(one.id)],
        "anniversary": moment(one.anniversary_at),
        "next": following.name if following else None,
        "needs": following.threshold if following else 0,
        "lacks": max(0, following.threshold - customers) if following else 0,
        "percent": min(100, customers * 100 // following.threshold) if following else 100,
    }


# --- One programme ------------------------------------------------------------------------------------------


@console.get("/programmes/<enrolment_id>")
def partnership_page(enrolment_id: str) -> Response:
    """The page."""
    return show(lists.identifier(enrolment_id, "programme"))


def show(
    enrolment_id: UUID, status: int = 200, *, contact: ContactForm | None = None, problem: str = ""
) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        found = enrolments.find(enrolment_id)
        active = found.state is EnrolmentState.ACTIVE
        check, notice = reauthorisations.newest(found.id), leavings.standing_or_none(found.id)
        kept = security_contacts.of_reseller(found.reseller_id)
        values: dict[str, Any] = {
            "row": row_of(found),
            "ladder": ladder(found) if active else [],
            "rules": leavings.rules(found.programme_id),
            "decisions": partner_years.decisions(anniversaries.decisions(found.id)),
            "check": partner_years.check(check) if check else None,
            "revenue": earned(found, check.floor) if check and check.floor else None,
            "notice": moment(notice.ends_at) if notice else None,
            "timeline": timelines.of([found.id]),
        }
    return pages.render(
        "reseller/partnership.html",
        status,
        title=found.programme_name,
        enrolment_id=found.id,
        active=active,
        because=_(enrolments.ENDINGS[found.ended_because]) if found.ended_because else "",
        reason=found.end_reason,
        flagged=found.flagged and active,
        contact=contact
        or ContactForm(
            prefix="contact-",
            data={"name": kept.name, "email": kept.email, "phone": kept.phone} if kept else {},
        ),
        has_contact=kept is not None,
        may_act=has_role("admin"),
        problem=problem,
        problem_of_contact=problem if contact else None,
        **values,
    )


def ladder(found: Enrolment) -> list[dict[str, Any]]:
    """The tiers of the programme, the lowest first, with the one it is in."""
    return [
        {
            "name": row.name,
            "from": row.threshold,
            "minimum": row.minimum,
            "discount": tiers.percent(row.discount),
            "commission": tiers.percent(row.commission),
            "benefits": row.benefits,
            "current": row.id == found.tier_id,
        }
        for row in tiers.of_partner(found.programme_id)
    ]


def earned(found: Enrolment, floor: Money) -> Money:
    """Revenue of the last 12 months, in the floor's currency."""
    return reauthorising.revenue(found.reseller_id, floor.currency, business_now())


@console.post("/programmes/<enrolment_id>/confirm")
def confirm_condition(enrolment_id: str) -> Response:
    """The administrator's word for this year's check."""
    require_role("admin")
    of = lists.identifier(enrolment_id, "programme")
    try:
        with db.transaction():
            reauthorisations.confirm(
                enrolments.find(of), request.form.get("condition", ""), by=visitor().name
            )
    except Refusal as refusal:
        return refused(of, refusal)
    return pages.see("reseller.partnership_page", "condition-confirmed", enrolment_id=of)


@console.post("/programmes/<enrolment_id>/contact")
def save_contact(enrolment_id: str) -> Response:
    """Whom to reach when something happens."""
    require_role("admin")
    of, form = lists.identifier(enrolment_id, "programme"), ContactForm(request.form, prefix="contact-")
    if not form.validate():
        return show(of, 422, contact=form)
    try:
        with db.transaction():
            security_contacts.keep(
                enrolments.find(of).reseller_id,
                name=form.name.data or "",
                email=form.email.data or "",
                phone=form.phone.data or "",
            )
    except Refusal as refusal:
        return refused(of, refusal, contact=form)
    return pages.see("reseller.partnership_page", "contact-saved", enrolment_id=of)


@console.post("/programmes/<enrolment_id>/leave")
def give_notice(enrolment_id: str) -> Response:
    """The way out, after the days of the programme."""
    require_role("admin")
    of = lists.identifier(enrolment_id, "programme")
    try:
        with db.transaction():
            leavings.give(enrolments.find(of), by=visitor().name, confirmed=bool(request.form.get("sure")))
    except Refusal as refusal:
        return refused(of, refusal)
    return pages.see("reseller.partnership_page", "leaving-given", enrolment_id=of)


@console.post("/programmes/<enrolment_id>/stay")
def withdraw_notice(enrolment_id: str) -> Response:
    """It stays after all."""
    require_role("admin")
    of = lists.identifier(enrolment_id, "programme")
    try:
        with db.transaction():
            leavings.withdraw(enrolments.find(of))
    except Refusal as refusal:
        return refused(of, refusal)
    return pages.see("reseller.partnership_page", "leaving-withdrawn", enrolment_id=of)


def refused(of: UUID, refusal: Refusal, *, contact: ContactForm | None = None) -> Response:
    """The page with the refusal, which stands in the trail; what is not there is a page that is not there."""
    if isinstance(refusal, Missing):
        raise refusal
    with db.transaction():
        trail.write(enrolments.find(of), "refused", told={"because": str(refusal)})
    return show(of, refusal.status, contact=contact, problem=str(refusal))
