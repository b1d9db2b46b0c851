"""The people of an organisation as a page: a matrix of people and roles that is saved in one form, and who
is asked to join. It is the same for the distributor, a reseller and a customer; each side hangs its own
addresses on a `Desk`. Administrators only change anything (I45-I47), whichever way a request comes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import or_
from werkzeug.wrappers import Response
from wtforms import EmailField, SelectMultipleField, StringField, widgets
from wtforms.validators import InputRequired, Length, Regexp

from core import db, parties
from core.errors import Missing, Refusal
from core.languages import _
from core.parties import Membership
from core.tenancy import Side
from partners import invitations, logins, roles
from partners.invitations import Invitation, InvitationState
from partners.logins import LoginsUsedUp
from partners.roles import ROLES, Organisation, Wish
from provisioning.connectors.fields import EMAIL
from storefront import exports, lists, pages, timelines
from storefront.forms import Form, SelectChoice, choices
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.visitors import has_role, require_role, visitor

pages.saying(
    roles_saved="Saved. Each person's next click follows their new roles.",
    roles_same="Nothing was changed.",
    person_removed="Removed. Whoever was signed in is out at the next click.",
)

ADDRESS = [
    InputRequired("Enter an e-mail address."),
    Length(max=254),
    Regexp(EMAIL, message="Enter an e-mail address, such as anna@example.com."),
]


def trimmed(value: str | None) -> str:
    """What was typed, without spaces around it."""
    return (value or "").strip()


class InviteStaff(Form):
    """Another person, with roles."""

    name = StringField("Name", [InputRequired("Who is invited?"), Length(max=200)], filters=[trimmed])
    email = EmailField("E-mail", ADDRESS, filters=[trimmed])
    roles = SelectMultipleField(
        "Roles",
        [InputRequired("Choose at least one role.")],
        choices=choices(ROLES.options()),
        option_widget=widgets.CheckboxInput(),
        widget=widgets.ListWidget(prefix_label=False),
    )

    def offering(self, offered: Sequence[str]) -> "InviteStaff":
        """With the roles that one can have there."""
        self.roles.choices = [SelectChoice(role, ROLES[role]) for role in offered]
        return self


class InviteAdministrator(Form):
    """A contact of a reseller, as the distributor lets it in: always as an administrator (I32, I47)."""

    name = StringField("Name", [InputRequired("Who is invited?"), Length(max=200)], filters=[trimmed])
    email = EmailField("E-mail", ADDRESS, filters=[trimmed])


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the people of a side are managed: the page's template and title, the endpoints of its acts."""

    template: str
    title: Callable[[], str]
    organisation: Callable[[], Organisation]
    page: str
    file: str
    save: str
    remove: str
    invite: str
    resend: str
    revoke: str

    def show(
        self,
        form: InviteStaff | None = None,
        refusal: Refusal | None = None,
        *,
        refused: Sequence[Wish] = (),
        status: int = 200,
    ) -> Response:
        """The page, with the form or the matrix as it was filled."""
        organisation, may_change = self.organisation(), has_role(roles.ADMIN)
        with db.transaction():
            page = lists.page(self.the_list(may_change=may_change, refused=refused), organisation.people())
            invited = invitation_rows(invitations.of_organisation(organisation))
            reseller_id = own_reseller(organisation)
            free = logins.of_reseller(reseller_id) if reseller_id else None
            timeline = timelines.of(
                [
                    *(row["id"] for row in page.rows),
                    *organisation.left(),
                    *(row["invitation"].id for row in invited),
                ],
                limit=30,
            )
        return pages.render(
            self.template,
            refusal.status if refusal else status,
            title=self.title(),
            page=page,
            invited=invited,
            form=(form or InviteStaff()).offering(organisation.roles),
            message=str(refusal) if refusal and form else None,
            problem=str(refusal) if refusal and not form else None,
            may_change=may_change,
            timeline=timeline,
            desk=self,
            logins=free,
            here=url_for(self.save, **kept()),
        )

    def export(self) -> Response:
        """The people as a file."""
        with db.transaction():
            return exports.answer(self.the_list(), self.organisation().people())

    def the_list(self, *, may_change: bool = False, refused: Sequence[Wish] = ()) -> List:
        """What the list is; one column for each role."""
        offered = self.organisation().roles

        def rows(found: Sequence[tuple[Membership]]) -> list[dict[str, Any]]:
            return [row_of(person, offered, refused) for (person,) in found]

        return List(
            self.title(),
            self.page,
            [
                Column("name", _("Name"), itemgetter("name"), Membership.name),
                Column("email", _("E-mail"), itemgetter("email"), Membership.email, only_file=True),
                *(Column(role, ROLES[role], kind="tick") for role in offered),
                Column("roles", _("Roles"), itemgetter("words"), only_file=True),
                Column("since", _("Since"), itemgetter("since"), Membership.id),
                *([Column("acts", _("Acts"), kind="acts")] if may_change else []),
            ],
            Membership.id,
            rows,
            "name",
            search=lambda query: or_(
                Membership.name.icontains(query, autoescape=True),
                Membership.email.icontains(query, autoescape=True),
            ),
            views=lists.Choice(
                "role",
                _("Role"),
                [(role, ROLES[role]) for role in offered],
                lambda role: Membership.roles.contains([role]),
                any_word=_("Everybody"),
            ),
            export=self.file,
        )

    def save_roles(self) -> Response:
        """The whole matrix in one transaction; in force at each person's next request."""
        require_role(roles.ADMIN)
        asked = wishes(self.organisation().roles)
        try:
            with db.transaction():
                changed = roles.change(self.organisation(), asked)
        except Missing:
            raise
        except Refusal as refusal:
            return self.show(refusal=refusal, refused=asked)
        return pages.see(self.page, "roles-saved" if changed else "roles-same", **kept())

    def remove_person(self, person_id: str) -> Response:
        """Out, with every session in this standing."""
        require_role(roles.ADMIN)
        try:
            with db.transaction():
                roles.remove(self.organisation(), lists.identifier(person_id, "person"))
        except Missing:
            raise
        except Refusal as refusal:
            return self.show(refusal=refusal)
        return pages.see(self.page, "person-removed")

    def invite_person(self) -> Response:
        """Somebody is asked to join."""
        require_role(roles.ADMIN)
        organisation = self.organisation()
        form = InviteStaff(request.form).offering(organisation.roles)
        if not form.validate():
            return self.show(form, status=422)
        try:
            with db.transaction():
                invitations.invite(
                    organisation.side,
                    email=form.email.data or "",
                    name=form.name.data or "",
                    roles=form.roles.data or [],
                    by=visitor().name,
                    customer_id=organisation.customer_id,
                )
        except Refusal as refusal:
            note(organisation, refusal, form.email.data or "")
            return self.show(form, refusal)
        return pages.see(self.page, "invited")

    def send_again(self, invitation_id: str) -> Response:
        """A new link."""
        require_role(roles.ADMIN)
        email = ""
        try:
            with db.transaction():
                found = self._invitation(invitation_id)
                email = found.email
                invitations.resend(found)
        except Missing:
            raise
        except Refusal as refusal:
            note(self.organisation(), refusal, email)
            return self.show(refusal=refusal)
        return pages.see(self.page, "invited-again")

    def take_back(self, invitation_id: str) -> Response:
        """The link ends."""
        require_role(roles.ADMIN)
        with db.transaction():
            invitations.revoke(self._invitation(invitation_id))
        return pages.see(self.page, "invitation-revoked")

    def _invitation(self, invitation_id: str) -> Invitation:
        """An invitation into this organisation and no other."""
        found, own = invitations.find(lists.identifier(invitation_id, "invitation")), self.organisation()
        if (found.side, found.reseller_id, found.customer_id) != (
            own.side,
            own.reseller_id,
            own.customer_id,
        ):
            raise Missing("invitation")
        return found


def own_reseller(organisation: Organisation) -> UUID | None:
    """The reseller whose own people these are, whose logins a programme may limit."""
    return organisation.reseller_id if organisation.side is Side.RESELLER else None


def note(organisation: Organisation, refusal: Refusal, email: str) -> None:
    """An invitation beyond the programme's logins is written down, after what it did is undone."""
    reseller_id = own_reseller(organisation)
    if isinstance(refusal, LoginsUsedUp) and reseller_id:
        with db.transaction():
            logins.note_refused(parties.reseller(reseller_id), email)


def kept() -> dict[str, Any]:
    """What of the address says which page of the list it is."""
    return {
        name: values
        for name, values in request.args.to_dict(flat=False).items()
        if name != "said" and any(values)
    }


def row_of(person: Membership, offered: Sequence[str], refused: Sequence[Wish]) -> dict[str, Any]:
    """A person as the matrix shows them; ticked as a refused form was."""
    has = frozenset(person.roles).intersection(offered)
    wish = next((one for one in refused if one.membership_id == person.id), None)
    ticked = wish.wanted if wish else has
    return {
        "id": person.id,
        "name": person.name,
        "email": person.email,
        "words": ", ".join(ROLES.get(role, role) for role in person.roles),
        "shown": " ".join(role for role in offered if role in (wish.shown if wish else has)),
        "boxes": [(role, ROLES[role], role in ticked) for role in offered],
        "since": moment(person.created_at),
        "me": person.id == visitor().membership_id,
    }


def wishes(offered: Sequence[str]) -> list[Wish]:
    """What the matrix of this request says; a row is what its hidden fields name."""
    found: list[Wish] = []
    for text in dict.fromkeys(request.form.getlist("person")):
        person_id: UUID = lists.identifier(text, "person")
        shown = frozenset(request.form.get(f"shown-{text}", "").split()).intersection(offered)
        found.append(Wish(person_id, shown, frozenset(request.form.getlist(f"role-{text}"))))
    return found


def invitation_rows(found: Sequence[Invitation]) -> list[dict[str, Any]]:
    """Invitations as a table shows them."""
    now = db.session().info["now"]
    return [
        {
            "invitation": each,
            "standing": each.standing(now),
            "open": each.state is InvitationState.PENDING,
            "sent": moment(each.expires_at - invitations.LIFE),
            "expires": moment(each.expires_at),
            "roles": ", ".join(ROLES.get(role, role) for role in each.roles),
        }
        for each in found
    ]
