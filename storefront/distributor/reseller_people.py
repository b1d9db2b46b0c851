"""The people of a reseller, as the distributor sees them, and who is invited. It lets administrators in, from
the reseller's page (storefront/distributor/resellers.py)."""

from typing import Any

from werkzeug.wrappers import Response

from core import db, parties
from core.languages import _
from core.tenancy import Side
from partners import invitations, standings
from partners.invitations import Invitation
from partners.roles import ROLES, Organisation
from storefront import invitation_lists, pages, timelines
from storefront.distributor import console
from storefront.moments import moment


@console.get("/resellers/<code>/people")
def reseller_people(code: str) -> Response:
    """Who belongs to it, and who is invited."""
    with db.transaction():
        reseller = standings.find(code)
        people = parties.members(reseller.id)
        invited = invitations.of_organisation(Organisation(Side.RESELLER, reseller.id))
        rows = [row_of(one) for one in invited]
        timeline = timelines.of([*(one.id for one in people), *(one.id for one in invited)], limit=50)
    return pages.render(
        "distributor/reseller_people.html",
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
