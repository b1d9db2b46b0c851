"""The house itself: who works here."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Select, or_, select
from werkzeug.wrappers import Response

from core import db
from core.languages import _
from core.parties import Membership
from core.tenancy import Side
from partners.invitations import ROLES, STAFF_ROLES
from storefront import exports, lists, pages
from storefront.distributor import console
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.visitors import visitor


@console.get("/staff")
def staff_list() -> Response:
    """Who works at the distributor, by name."""
    with db.transaction():
        page = lists.page(the_staff(), members())
    return pages.render("distributor/staff.html", title=_("Staff"), page=page)


@console.get("/staff.csv")
def staff_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_staff(), members())


def the_staff() -> List:
    """What the list is."""
    return List(
        _("Staff"),
        "distributor.staff_list",
        [
            Column("name", _("Name"), itemgetter("name"), Membership.name),
            Column("email", _("E-mail"), itemgetter("email"), Membership.email),
            Column("roles", _("Roles"), lambda row: ", ".join(row["roles"])),
            Column("since", _("Since"), itemgetter("since"), Membership.id),
        ],
        Membership.id,
        rows_of,
        "name",
        search=lambda query: or_(
            Membership.name.icontains(query, autoescape=True),
            Membership.email.icontains(query, autoescape=True),
        ),
        export="distributor.staff_file",
    )


def members() -> Select[Membership]:
    """The distributor's own people."""
    return select(Membership).where(Membership.side == Side.DISTRIBUTOR, Membership.ended_at.is_(None))


def rows_of(found: Sequence[tuple[Membership]]) -> list[dict[str, Any]]:
    """People as the list shows them."""
    return [
        {
            "name": one.name,
            "email": one.email,
            "roles": [ROLES.get(role) or STAFF_ROLES.get(role, role) for role in one.roles],
            "since": moment(one.created_at),
            "me": one.id == visitor().membership_id,
        }
        for (one,) in found
    ]
