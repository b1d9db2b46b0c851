"""The people of a reseller, as the distributor sees them; it may ask another one to join. A contact becomes a
user of the storefront as an administrator, unless somebody says otherwise (I32)."""

from typing import Any

from flask import request
from werkzeug.wrappers import Response
from wtforms import EmailField, SelectMultipleField, StringField, widgets
from wtforms.validators import InputRequired, Length, Regexp

from core import db, parties
from core.errors import Missing, Refusal
from core.languages import _
from core.tenancy import Side
from partners import invitations, standings
from partners.invitations import ROLES, Invitation
from provisioning.connectors.fields import EMAIL
from storefront import invitation_lists, pages, timelines
from storefront.distributor import console
from storefront.forms import Form
from storefront.moments import moment
from storefront.visitors import has_role, require_role, visitor

pages.saying(person_invited="The invitation is on its way. The link in it is good for 72 hours.")


class InviteContact(Form):
    """A person of a reseller, with roles."""

    name = StringField("Name", [InputRequired("Who is invited?"), Length(max=200)])
    email = EmailField(
        "E-mail",
        [
            InputRequired("Enter an e-mail address."),
            Length(max=254),
            Regexp(EMAIL, message="Enter an e-mail address, such as anna@example.com."),
        ],
        filters=[lambda value: (value or "").strip()],
    )
    roles = SelectMultipleField(
        "Roles",
        [InputRequired("Choose at least one role.")],
        choices=ROLES.options(),
        default=["admin"],
        option_widget=widgets.CheckboxInput(),
        widget=widgets.ListWidget(prefix_label=False),
    )


@console.get("/resellers/<code>/people")
def reseller_people(code: str) -> Response:
    """Who belongs to it, and who is invited."""
    return show(code)


def show(
    code: str, form: InviteContact | None = None, refusal: Refusal | None = None, status: int = 200
) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        reseller = standings.find(code)
        people = parties.members(reseller.id)
        invited = invitations.of_reseller(reseller.id)
        rows = [row_of(one) for one in invited]
        timeline = timelines.of([*(one.id for one in people), *(one.id for one in invited)], limit=50)
    return pages.render(
        "distributor/reseller_people.html",
        refusal.status if refusal else status,
        title=_("People of %(reseller)s", reseller=reseller.name),
        reseller=reseller,
        people=[
            (
                one.name,
                one.email,
                ", ".join(ROLES.get(role, role) for role in one.roles),
                moment(one.created_at),
            )
            for one in people
        ],
        invited=rows,
        form=form or InviteContact(),
        message=str(refusal) if refusal else None,
        may_invite=has_role("storefront_manager"),
        timeline=timeline,
    )


def row_of(one: Invitation) -> dict[str, Any]:
    """An invitation as the table shows it."""
    standing = one.standing(db.session().info["now"])
    return {
        "name": one.name,
        "email": one.email,
        "roles": ", ".join(ROLES.get(role, role) for role in one.roles),
        "state": "invited" if standing == "pending" else standing,
        "words": invitation_lists.STATES[standing],
        "sent": moment(one.expires_at - invitations.LIFE),
    }


@console.post("/resellers/<code>/people")
def invite_contact(code: str) -> Response:
    """Somebody of this reseller is asked to join it."""
    require_role("storefront_manager")
    form = InviteContact(request.form)
    if not form.validate():
        return show(code, form, status=422)
    try:
        with db.transaction():
            invitations.invite(
                Side.RESELLER,
                email=form.email.data or "",
                name=form.name.data or "",
                roles=form.roles.data or [],
                by=visitor().name,
                reseller_id=standings.find(code).id,
            )
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, form, refusal)
    return pages.see("distributor.reseller_people", "person-invited", code=code)
