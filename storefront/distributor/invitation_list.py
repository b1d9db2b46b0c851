"""Who is invited, at every side: our own staff, people of resellers, and (to look at) people of their
customers."""

from flask import url_for
from werkzeug.wrappers import Response

from core import db
from core.languages import _
from core.parties import Customer, Reseller
from core.tenancy import Side
from partners import invitations
from partners.invitations import Invitation
from storefront import exports, invitation_lists, lists, pages
from storefront.distributor import console
from storefront.lists import List
from storefront.visitors import Denied, has_role, require_role, the_shop

pages.saying(
    staff_invited_again="A new link is on its way; the one before no longer works.",
    staff_invitation_revoked="The invitation is withdrawn; its link no longer works.",
)


class ItsResellersBusiness(Denied):
    """Customers' people are invited by their reseller, and by nobody else."""

    def __init__(self) -> None:
        super().__init__(_("This person is invited by a reseller, which alone sends the link or ends it."))


@console.get("/invitations")
def invitation_list() -> Response:
    """Newest first."""
    with db.transaction():
        page = lists.page(the_list(), invitation_lists.statement())
    return pages.render("distributor/invitations.html", title=_("Invitations"), page=page)


@console.get("/invitations.csv")
def invitation_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), invitation_lists.statement())


def the_list() -> List:
    """What the list is."""
    return invitation_lists.the_list(
        "distributor.invitation_list",
        "distributor.invitation_file",
        sides=("distributor", "reseller", "customer"),
        into=into,
        may_act=lambda one: one.side is not Side.CUSTOMER and has_role(role_for(one)),
    )


def into(_one: Invitation, customer: Customer | None, reseller: Reseller | None) -> tuple[str, str | None]:
    """The customer, the reseller, or ourselves."""
    if customer:
        return customer.name, url_for("distributor.customer_page", code=customer.code)
    if reseller:
        return reseller.name, url_for("distributor.reseller_page", code=reseller.code)
    return the_shop().distributor_name, url_for("distributor.staff_list")


def role_for(one: Invitation) -> str:
    """Who may act: administrators on our own staff, storefront managers on people of resellers."""
    return "admin" if one.side is Side.DISTRIBUTOR else "storefront_manager"


@console.post("/invitations/<invitation_id>/resend")
def resend_any(invitation_id: str) -> Response:
    """A new link."""
    with db.transaction():
        invitations.resend(ours(invitation_id))
    return pages.see("distributor.invitation_list", "staff-invited-again")


@console.post("/invitations/<invitation_id>/revoke")
def revoke_any(invitation_id: str) -> Response:
    """The link ends."""
    with db.transaction():
        invitations.revoke(ours(invitation_id))
    return pages.see("distributor.invitation_list", "staff-invitation-revoked")


def ours(invitation_id: str) -> Invitation:
    """An invitation that this visitor may act on."""
    found = invitations.find(lists.identifier(invitation_id, "invitation"))
    if found.side is Side.CUSTOMER:
        raise ItsResellersBusiness
    require_role(role_for(found))
    return found
