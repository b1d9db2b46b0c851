"""Every invitation of persons that a console may see, as one list: who, into what, by whom, and how it
stands. The consoles hang their addresses on it."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from core import db
from core.languages import Words, _
from core.parties import Customer, Reseller
from core.tenancy import same_key
from partners import invitations
from partners.invitations import Invitation, InvitationState
from partners.roles import ROLES
from storefront import lists
from storefront.filters import Days
from storefront.lists import Column, List
from storefront.moments import moment

STATES = Words(
    {"pending": "Invited", "expired": "Link expired", "accepted": "Accepted", "revoked": "Withdrawn"}
)
INTO = Words({"distributor": "Distributor", "reseller": "Reseller", "customer": "Customer"})


def the_list(
    endpoint: str,
    export: str,
    *,
    sides: Sequence[str],
    into: Callable[[Invitation, Customer | None, Reseller | None], tuple[str, str | None]],
    may_act: Callable[[Invitation], bool],
) -> List:
    """What the list is. `into` gives an invitation's organisation: its name and where its page is; `may_act`
    says whether this console sends it again or withdraws it."""

    def rows(found: Sequence[Any]) -> list[dict[str, Any]]:
        now = db.session().info["now"]
        return [
            {
                "id": one.id,
                "name": one.name,
                "email": one.email,
                "into": into(one, customer, reseller),
                "organisation": into(one, customer, reseller)[0],
                "roles": ", ".join(ROLES.get(role, role) for role in one.roles),
                "state": "invited" if one.standing(now) == "pending" else one.standing(now),
                "words": STATES[one.standing(now)],
                "by": one.invited_by,
                "sent": moment(one.expires_at - invitations.LIFE),
                "acts": one.state is InvitationState.PENDING and may_act(one),
            }
            for one, customer, reseller in found
        ]

    return List(
        _("Invitations"),
        endpoint,
        [
            Column("name", _("Person"), itemgetter("name"), Invitation.name),
            Column("email", _("E-mail"), itemgetter("email"), only_file=True),
            Column("into", _("Into"), itemgetter("organisation")),
            Column("roles", _("Roles"), itemgetter("roles")),
            Column("state", _("State"), itemgetter("words")),
            Column("by", _("Invited by"), itemgetter("by")),
            Column("sent", _("Sent"), itemgetter("sent"), Invitation.id),
            Column("acts", _("Acts"), kind="acts"),
        ],
        Invitation.id,
        rows,
        "-sent",
        search=found_by,
        views=lists.Choice("show", _("View"), STATES.options(), is_like, any_word=_("All")),
        filters=[
            lists.Choice(
                "into",
                _("Into"),
                [(side, INTO[side]) for side in sides],
                lambda side: Invitation.side == side,
            ),
            Days("sent", _("Sent"), Invitation.created_at),
        ],
        export=export,
        chosen_first=True,
    )


def statement() -> Select[Invitation, Customer, Reseller]:
    """Invitations of the scope, each with its customer and reseller, if any."""
    return (
        select(Invitation, Customer, Reseller)
        .outerjoin(Customer, same_key(Customer.id, Invitation.customer_id))
        .outerjoin(Reseller, same_key(Reseller.id, Invitation.reseller_id))
    )


def found_by(query: str) -> ColumnElement[bool]:
    """Person, address or organisation, by a part."""
    customers = select(Customer.id).where(Customer.name.icontains(query, autoescape=True))
    resellers = select(Reseller.id).where(Reseller.name.icontains(query, autoescape=True))
    return or_(
        Invitation.name.icontains(query, autoescape=True),
        Invitation.email.icontains(query, autoescape=True),
        Invitation.customer_id.in_(customers),
        and_(Invitation.customer_id.is_(None), Invitation.reseller_id.in_(resellers)),
    )


def is_like(show: str) -> ColumnElement[bool]:
    """What a view means: an open one whose time is over is expired."""
    if show in ("pending", "expired"):
        late = Invitation.expires_at <= func.now()
        return and_(Invitation.state == InvitationState.PENDING, late if show == "expired" else ~late)
    return Invitation.state == InvitationState(show)
