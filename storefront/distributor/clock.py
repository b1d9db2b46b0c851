"""The time machine of sandbox distributors: where the business clock stands, what comes next by
it, and going there."""

from datetime import UTC, datetime, time, timedelta

from flask import request
from werkzeug.wrappers import Response

from core import clock, db, time_machine
from core.errors import Missing, Refusal
from core.languages import _
from provisioning import lifecycles
from provisioning.lifecycles import Coming
from storefront import pages
from storefront.distributor import console, forms
from storefront.moments import Moment, moment
from storefront.visitors import require_role, the_shop

pages.saying(moved="The business clock went forward. What became due by it is done by the workers now.")


@console.get("/time")
def time_machine_page() -> Response:
    """Where the business clock stands."""
    return show_time(forms.TimeMachine())


def show_time(form: forms.TimeMachine, status: int = 200, *, problem: str | None = None) -> Response:
    """The page; it exists in sandboxes only."""
    if not the_shop().sandbox:
        raise Missing
    with db.transaction():
        machine, business = clock.machine_now(), clock.business_now()
        coming = lifecycles.coming()
    return pages.render(
        "distributor/time.html",
        status,
        title=_("Time machine"),
        form=form,
        machine=moment(machine),
        business=moment(business, machine),
        ahead=ahead(business - machine),
        coming=[row_of(one, business) for one in coming],
        problem=problem,
    )


def ahead(offset: timedelta) -> str:
    """How far the clock was moved, in words."""
    if not offset:
        return _("not at all")
    days, hours = offset.days, offset.seconds // 3600
    return f"{days} {'day' if days == 1 else 'days'}" + (f", {hours} h" if hours else "")


def row_of(one: Coming, business: datetime) -> dict[str, object]:
    """A line of what comes next."""
    when: Moment | None = moment(one.at, business)
    return {
        "when": when,
        "instant": one.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+0000"),
        "what": _("It ends") if one.days is None else _("Notice: %(days)s days left", days=one.days),
        "ends": one.days is None,
        "title": f"{one.subscription.product_name}, {one.subscription.plan_name}",
        "code": one.subscription.code,
    }


@console.post("/time")
def move_clock() -> Response:
    """Forwards only."""
    require_role("cloud_administrator")
    form = forms.TimeMachine(request.form)
    if not the_shop().sandbox:
        raise Missing
    if not form.validate():
        return show_time(form, 422)
    try:
        with db.transaction():
            time_machine.go(target(form))
    except Refusal as refusal:
        return show_time(form, refusal.status, problem=str(refusal))
    return pages.see("distributor.time_machine_page", "moved")


def target(form: forms.TimeMachine) -> datetime:
    """The business time that the form asks for; inside a transaction."""
    if form.instant.data is not None:
        return form.instant.data
    if form.to.data is not None:
        return datetime.combine(form.to.data, time(), UTC)
    return time_machine.after(days=form.days.data or 0, months=form.months.data or 0)
