"""The reseller's own people: who they are, what they may do, and who is invited. Administrators only change
it (I45-I47)."""

from flask import request
from werkzeug.wrappers import Response

from core import db, parties
from core.errors import Missing, Refusal
from core.tenancy import Side
from partners import invitations
from partners.invitations import ROLES, Invitation
from storefront import pages
from storefront.distributor import lists
from storefront.moments import moment
from storefront.reseller import console, menu
from storefront.reseller.customers import invitation_rows
from storefront.reseller.forms import InviteStaff
from storefront.visitors import has_role, require_role, visitor


@console.get("/team")
def team_page() -> Response:
    """Members and invitations."""
    return show(InviteStaff())


def show(form: InviteStaff, refusal: Refusal | None = None, status: int = 200) -> Response:
    """The page, with the form as it was filled."""
    with db.transaction():
        people = [
            {
                "name": m.name,
                "email": m.email,
                "roles": ", ".join(ROLES.get(role, role) for role in m.roles),
                "since": moment(m.created_at),
                "me": m.id == visitor().membership_id,
            }
            for m in parties.members(reseller_id=menu.reseller_id())
        ]
        invited = invitation_rows(invitations.of_reseller(menu.reseller_id()))
    return pages.render(
        "reseller/team.html",
        refusal.status if refusal else status,
        title="Team",
        people=people,
        invited=invited,
        form=form,
        message=str(refusal) if refusal else None,
        may_invite=has_role("admin"),
    )


@console.post("/team")
def invite_staff() -> Response:
    """A colleague is asked to join."""
    require_role("admin")
    form = InviteStaff(request.form)
    if not form.validate():
        return show(form, status=422)
    try:
        with db.transaction():
            invitations.invite(
                Side.RESELLER,
                email=form.email.data or "",
                name=form.name.data or "",
                roles=form.roles.data or [],
                by=visitor().name,
            )
    except Refusal as refusal:
        return show(form, refusal)
    return pages.see("reseller.team_page", "invited")


@console.post("/team/invitations/<invitation_id>/resend")
def resend_staff(invitation_id: str) -> Response:
    """A new link."""
    require_role("admin")
    with db.transaction():
        invitations.resend(of_staff(invitation_id))
    return pages.see("reseller.team_page", "invited-again")


@console.post("/team/invitations/<invitation_id>/revoke")
def revoke_staff(invitation_id: str) -> Response:
    """The link ends."""
    require_role("admin")
    with db.transaction():
        invitations.revoke(of_staff(invitation_id))
    return pages.see("reseller.team_page", "invitation-revoked")


def of_staff(invitation_id: str) -> Invitation:
    """An invitation of our own staff, not of a customer."""
    found = invitations.find(lists.identifier(invitation_id, "invitation"))
    if found.customer_id is not None:
        raise Missing("invitation")
    return found
