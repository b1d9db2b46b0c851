"""The distributor's rules of signing in: who needs a second factor, and when sessions end (I74)."""

from typing import Any

from flask import request
from werkzeug.wrappers import Response
from wtforms import IntegerField
from wtforms.validators import InputRequired

from core import db, sign_in_rules
from core.errors import Refusal
from core.languages import Words, _
from core.tenancy import Side
from partners.roles import OF_SIDE, ROLES
from storefront import pages, timelines
from storefront.distributor import console
from storefront.forms import Form
from storefront.visitors import has_role, require_role

SIDES = Words(
    {"distributor": "Your staff", "reseller": "People of resellers", "customer": "People of customers"}
)
KNOWN = frozenset(f"{side}:{role}" for side, offered in OF_SIDE.items() for role in offered)


class SignInForm(Form):
    """How long sessions last; who needs a second factor is a matrix of its own."""

    idle = IntegerField(
        "Minutes without a click",
        [InputRequired("Such as 60.")],
        description="A session that nobody uses ends after so long: 5 minutes at the least.",
    )
    longest = IntegerField(
        "Minutes in all",
        [InputRequired("Such as 480.")],
        description="A session ends after so long, however much it is used: 10,080 (7 days) at the most.",
    )


@console.get("/sign-in-rules")
def sign_in_rules_page() -> Response:
    """The page."""
    return show()


def show(
    status: int = 200,
    *,
    form: SignInForm | None = None,
    ticked: frozenset[str] | None = None,
    problem: str | None = None,
) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        rules, about = sign_in_rules.in_force(), sign_in_rules.row_id()
        timeline = timelines.of([about] if about else [])
    wanted = rules.two_factor if ticked is None else ticked
    return pages.render(
        "distributor/sign_in_rules.html",
        status,
        title=_("Signing in"),
        form=form or SignInForm(idle=rules.idle_minutes, longest=rules.longest_minutes),
        rules=rules,
        heads=[_("Who"), *((ROLES[role], "tick") for role in ROLES)],
        sides=[(SIDES[side.value], boxes(side, wanted)) for side in OF_SIDE],
        timeline=timeline,
        problem=problem,
        may_change=has_role("admin"),
    )


def boxes(side: Side, wanted: frozenset[str]) -> list[dict[str, Any]]:
    """A row of the matrix: one box for each role, or none where the side does not have it."""
    return [
        {
            "role": ROLES[role],
            "value": f"{side.value}:{role}" if role in OF_SIDE[side] else "",
            "on": f"{side.value}:{role}" in wanted,
        }
        for role in ROLES
    ]


@console.post("/sign-in-rules")
def save_sign_in_rules() -> Response:
    """In force at everybody's next request."""
    require_role("admin")
    form, ticked = SignInForm(request.form), frozenset(request.form.getlist("two_factor"))
    if not form.validate():
        return show(422, form=form, ticked=ticked)
    try:
        with db.transaction():
            sign_in_rules.set_rules(
                idle_minutes=form.idle.data or 0,
                longest_minutes=form.longest.data or 0,
                two_factor=ticked,
                known=KNOWN,
            )
    except Refusal as refusal:
        return show(refusal.status, form=form, ticked=ticked, problem=str(refusal))
    return pages.see("distributor.sign_in_rules_page", "saved")
