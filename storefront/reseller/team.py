"""The reseller's own people: who they are, what they may do, and who is invited. Administrators only change
it (I45-I47)."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from flask import request
from sqlalchemy import Select, or_, select
from werkzeug.wrappers import Response

from core import db
from core.errors import Missing, Refusal
from core.languages import _
from core.parties import Membership
from core.tenancy import Side
from partners import invitations
from partners.invitations import ROLES, Invitation
from storefront import exports, lists, pages
from storefront.lists import Column, List
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
        page = lists.page(the_list(), members())
        invited = invitation_rows(invitations.of_reseller(menu.reseller_id()))
    return pages.render(
        "reseller/team.html",
        refusal.status if refusal else status,
        title=_("Team"),
        page=page,
        invited=invited,
        form=form,
        message=str(refusal) if refusal else None,
        may_invite=has_role("admin"),
    )


@console.get("/team.csv")
def team_file() -> Response:
    """The members as a file."""
    with db.transaction():
        return exports.answer(the_list(), members())


def the_list() -> List:
    """What the list of members is."""
    return List(
        _("Team"),
        "reseller.team_page",
        [
            Column("name", _("Name"), itemgetter("name"), Membership.name),
            Column("email", _("E-mail"), itemgetter("email"), Membership.email),
            Column("roles", _("Roles"), itemgetter("roles")),
            Column("since", _("Since"), itemgetter("since"), Membership.id),
        ],
        Membership.id,
        rows_of,
        "name",
        search=lambda query: or_(
            Membership.name.icontains(query, autoescape=True),
            Membership.email.icontains(query, autoescape=True),
        ),
        export="reseller.team_file",
    )


def members() -> Select[Membership]:
    """The reseller's own people, not its customers'."""
    return select(Membership).where(Membership.customer_id.is_(None), Membership.ended_at.is_(None))


def rows_of(found: Sequence[tuple[Membership]]) -> list[dict[str, Any]]:
    """Members as the list shows them."""
    return [
        {
            "name": member.name,
            "email": member.email,
            "roles": ", ".join(ROLES.get(role, role) for role in member.roles),
            "since": moment(member.created_at),
            "me": member.id == visitor().membership_id,
        }
        for (member,) in found
    ]


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
