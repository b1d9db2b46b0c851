"""A customer's own people: who they are, what they may do, and who is invited (storefront/people.py)."""

from werkzeug.wrappers import Response

from core.languages import _
from core.tenancy import Side
from partners.roles import Organisation
from storefront.people import Desk
from storefront.portal import portal
from storefront.visitors import signed_in_customer, visitor

DESK = Desk(
    template="portal/people.html",
    title=lambda: _("People"),
    organisation=lambda: Organisation(Side.CUSTOMER, visitor().reseller_id, visitor().customer_id),
    page="portal.people",
    file="portal.people_file",
    save="portal.save_roles",
    remove="portal.remove_person",
    invite="portal.invite_colleague",
    resend="portal.resend_invitation",
    revoke="portal.revoke_invitation",
)


@portal.get("/people")
@signed_in_customer
def people() -> Response:
    """Members and invitations."""
    return DESK.show()


@portal.get("/people.csv")
@signed_in_customer
def people_file() -> Response:
    """The members as a file."""
    return DESK.export()


@portal.post("/people/roles")
@signed_in_customer
def save_roles() -> Response:
    """What each may do from now on."""
    return DESK.save_roles()


@portal.post("/people/<person_id>/remove")
@signed_in_customer
def remove_person(person_id: str) -> Response:
    """A colleague leaves."""
    return DESK.remove_person(person_id)


@portal.post("/people")
@signed_in_customer
def invite_colleague() -> Response:
    """A colleague is asked to join."""
    return DESK.invite_person()


@portal.post("/people/invitations/<invitation_id>/resend")
@signed_in_customer
def resend_invitation(invitation_id: str) -> Response:
    """A new link."""
    return DESK.send_again(invitation_id)


@portal.post("/people/invitations/<invitation_id>/revoke")
@signed_in_customer
def revoke_invitation(invitation_id: str) -> Response:
    """The link ends."""
    return DESK.take_back(invitation_id)
