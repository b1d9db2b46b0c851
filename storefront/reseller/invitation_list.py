"""Whom the reseller has invited: colleagues, and people of its customers, in one list."""

from flask import url_for
from werkzeug.wrappers import Response

from core import db
from core.errors import Missing
from core.languages import _
from core.parties import Customer, Reseller
from core.tenancy import Side
from partners import invitations
from partners.invitations import Invitation
from storefront import exports, invitation_lists, lists, pages
from storefront.lists import List
from storefront.reseller import console
from storefront.visitors import has_role, require_role


@console.get("/invitations")
def invitation_list() -> Response:
    """Newest first."""
    with db.transaction():
        page = lists.page(the_list(), invitation_lists.statement())
    return pages.render("reseller/invitations.html", title=_("Invitations"), page=page)


@console.get("/invitations.csv")
def invitation_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), invitation_lists.statement())


def the_list() -> List:
    """What the list is."""
    return invitation_lists.the_list(
        "reseller.invitation_list",
        "reseller.invitation_file",
        sides=("reseller", "customer"),
        into=into,
        may_act=lambda one: has_role(*roles_for(one)),
    )


def into(_one: Invitation, customer: Customer | None, reseller: Reseller | None) -> tuple[str, str | None]:
    """The customer, or our own team."""
    if customer:
        return customer.name, url_for("reseller.customer_page", code=customer.code)
    return (reseller.name if reseller else "", url_for("reseller.team_page"))


def roles_for(one: Invitation) -> tuple[str, ...]:
    """Who may act: administrators on colleagues, whoever has to do with customers on theirs."""
    return ("storefront_manager", "buyer") if one.side is Side.CUSTOMER else ("admin",)


@console.post("/invitations/<invitation_id>/resend")
def resend_any(invitation_id: str) -> Response:
    """A new link."""
    with db.transaction():
        invitations.resend(theirs(invitation_id))
    return pages.see("reseller.invitation_list", "invited-again")


@console.post("/invitations/<invitation_id>/revoke")
def revoke_any(invitation_id: str) -> Response:
    """The link ends."""
    with db.transaction():
        invitations.revoke(theirs(invitation_id))
    return pages.see("reseller.invitation_list", "invitation-revoked")


def theirs(invitation_id: str) -> Invitation:
    """An invitation that this visitor may act on."""
    found = invitations.find(lists.identifier(invitation_id, "invitation"))
    if found.side is Side.DISTRIBUTOR:
        raise Missing("invitation")
    require_role(*roles_for(found))
    return found
