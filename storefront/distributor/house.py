"""The house itself: who works here, and what each may do (storefront/people.py)."""

from werkzeug.wrappers import Response

from core.languages import _
from core.tenancy import Side
from partners.roles import Organisation
from storefront.distributor import console
from storefront.people import Desk

DESK = Desk(
    template="distributor/staff.html",
    title=lambda: _("Staff"),
    organisation=lambda: Organisation(Side.DISTRIBUTOR),
    page="distributor.staff_list",
    file="distributor.staff_file",
    save="distributor.save_roles",
    remove="distributor.remove_person",
    invite="distributor.invite_staff",
    resend="distributor.resend_staff",
    revoke="distributor.revoke_staff",
)


@console.get("/staff")
def staff_list() -> Response:
    """Who works at the distributor, by name."""
    return DESK.show()


@console.get("/staff.csv")
def staff_file() -> Response:
    """The same as a file."""
    return DESK.export()


@console.post("/staff/roles")
def save_roles() -> Response:
    """What each may do from now on."""
    return DESK.save_roles()


@console.post("/staff/people/<person_id>/remove")
def remove_person(person_id: str) -> Response:
    """A colleague leaves."""
    return DESK.remove_person(person_id)


@console.post("/staff")
def invite_staff() -> Response:
    """A colleague is asked to join."""
    return DESK.invite_person()


@console.post("/staff/invitations/<invitation_id>/resend")
def resend_staff(invitation_id: str) -> Response:
    """A new link."""
    return DESK.send_again(invitation_id)


@console.post("/staff/invitations/<invitation_id>/revoke")
def revoke_staff(invitation_id: str) -> Response:
    """The link ends."""
    return DESK.take_back(invitation_id)
