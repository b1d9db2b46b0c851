"""The reseller's own people: who they are, what they may do, and who is invited (storefront/people.py)."""

from werkzeug.wrappers import Response

from core.languages import _
from core.tenancy import Side
from partners.roles import Organisation
from storefront.people import Desk
from storefront.reseller import console, menu

DESK = Desk(
    template="reseller/team.html",
    title=lambda: _("Team"),
    organisation=lambda: Organisation(Side.RESELLER, menu.reseller_id()),
    page="reseller.team_page",
    file="reseller.team_file",
    save="reseller.save_roles",
    remove="reseller.remove_person",
    invite="reseller.invite_staff",
    resend="reseller.resend_staff",
    revoke="reseller.revoke_staff",
)


@console.get("/team")
def team_page() -> Response:
    """Members and invitations."""
    return DESK.show()


@console.get("/team.csv")
def team_file() -> Response:
    """The members as a file."""
    return DESK.export()


@console.post("/team/roles")
def save_roles() -> Response:
    """What each may do from now on."""
    return DESK.save_roles()


@console.post("/team/people/<person_id>/remove")
def remove_person(person_id: str) -> Response:
    """A colleague leaves."""
    return DESK.remove_person(person_id)


@console.post("/team")
def invite_staff() -> Response:
    """A colleague is asked to join."""
    return DESK.invite_person()


@console.post("/team/invitations/<invitation_id>/resend")
def resend_staff(invitation_id: str) -> Response:
    """A new link."""
    return DESK.send_again(invitation_id)


@console.post("/team/invitations/<invitation_id>/revoke")
def revoke_staff(invitation_id: str) -> Response:
    """The link ends."""
    return DESK.take_back(invitation_id)
