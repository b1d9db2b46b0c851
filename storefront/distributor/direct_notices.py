"""Telling a direct seller that its direct selling will be restricted (M1)."""

from flask import request, url_for
from werkzeug.wrappers import Response
from wtforms import DateField, TextAreaField
from wtforms.validators import InputRequired, Length

from core import db
from core.errors import Missing, Refusal
from core.languages import _
from core.parties import Reseller
from partners import channels, direct_notices, standings
from partners.joinings import CHANNELS, Channel
from storefront import pages
from storefront.distributor import console
from storefront.forms import Form
from storefront.moments import moment
from storefront.visitors import has_role, require_role, visitor

TELLS = "storefront_manager"
pages.saying(
    restriction_announced="Announced. The reseller gets your reason by mail.",
    restriction_lifted="Lifted. The reseller sells directly as before.",
)


class NoticeForm(Form):
    """From when, and why."""

    day = DateField(
        "From",
        [InputRequired("Choose the first day.")],
        description="The first day (UTC) on which it wins no new direct customers.",
    )
    reason = TextAreaField(
        "Reason",
        [InputRequired("Write what the reseller is to read."), Length(max=direct_notices.LONGEST)],
        description="Such as: the revenue of the last 12 months is below what direct sellers need.",
    )


@console.get("/resellers/<code>/direct-selling")
def direct_selling_page(code: str) -> Response:
    """What it sells by, and the notice that counts."""
    return show(code)


def show(
    code: str, status: int = 200, *, form: NoticeForm | None = None, problem: str | None = None
) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        reseller = standings.find(code)
        notice, direct = direct_notices.of(reseller.id), sells_directly(reseller)
        shown = (notice.reason, moment(notice.counts_from), notice.announced_by) if notice else None
        sells = [CHANNELS[one] for one in sorted(channels.profile(reseller.id))]
    return pages.render(
        "distributor/direct_selling.html",
        status,
        title=_("Direct selling"),
        reseller=reseller.name,
        reseller_url=url_for("distributor.reseller_page", code=code),
        code=code,
        sells=sells,
        direct=direct,
        notice=shown,
        form=form or NoticeForm(),
        problem=problem,
        may_tell=has_role(TELLS),
    )


def sells_directly(reseller: Reseller) -> bool:
    """Whether there is something to restrict."""
    return not reseller.house and Channel.DIRECT in channels.profile(reseller.id)


@console.post("/resellers/<code>/direct-selling")
def announce_restriction(code: str) -> Response:
    """From a day on; or, without one, it is lifted."""
    require_role(TELLS)
    if request.form.get("act") == "lift":
        return lift(code)
    form = NoticeForm(request.form)
    if not form.validate():
        return show(code, 422, form=form)
    try:
        with db.transaction():
            reseller = standings.find(code)
            direct_notices.announce(
                reseller,
                form.reason.data or "",
                form.day.data,
                sells_direct=sells_directly(reseller),
                by=visitor().name,
            )
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, refusal.status, form=form, problem=str(refusal))
    return pages.see("distributor.direct_selling_page", "restriction-announced", code=code)


def lift(code: str) -> Response:
    """The notice does not count any more."""
    try:
        with db.transaction():
            direct_notices.lift(standings.find(code), by=visitor().name)
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, refusal.status, problem=str(refusal))
    return pages.see("distributor.direct_selling_page", "restriction-lifted", code=code)
