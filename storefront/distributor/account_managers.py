"""Partner account managers: who manages which reseller, and looking at a partner's console as the partner
sees it (view-as)."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

from flask import redirect, request, url_for
from sqlalchemy import Select, func, or_, select
from werkzeug.wrappers import Response
from wtforms import IntegerField, SelectField, TextAreaField
from wtforms.validators import InputRequired

from core import db, sessions
from core.errors import Missing, NeedsLogin, Refusal
from core.languages import Words, _
from core.parties import Membership, Reseller
from partners import account_managers, standings, viewings
from partners.account_managers import PartnerManager
from partners.roles import ROLES
from storefront import exports, lists, pages
from storefront.distributor import console
from storefront.forms import Form, SelectChoice
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.portal.access import with_token
from storefront.visitors import has_role, require_role, the_shop, visitor

SHOWS = Words({"busy": "With resellers", "free": "Without resellers"})
NOBODY = "none"
pages.saying(
    manager_saved="The account manager is changed. The reseller gets a mail about a new one.",
    minutes_saved="Saved. It counts for looks that begin from now on.",
    look_ended="Your look is over. The partner reads when it began and ended, and why you looked.",
    view_over="Your look at the partner's console is over.",
)


class Assignment(Form):
    """Who looks after a reseller."""

    manager = SelectField("Account manager", coerce=str)

    def offer(self, members: Sequence[Membership]) -> "Assignment":
        """Those who may, and nobody."""
        self.manager.choices = [
            SelectChoice("", _("Nobody")),
            *(SelectChoice(str(one.id), f"{one.name}, {one.email}") for one in members),
        ]
        return self


class Look(Form):
    """Why somebody looks at a partner's console."""

    why = TextAreaField(
        "Reason",
        [InputRequired("Say why you look.")],
        description="The partner reads it, with your name and the times.",
    )


class Minutes(Form):
    """How long one look lasts."""

    minutes = IntegerField(
        "Minutes of one look",
        [InputRequired("Such as 30.")],
        description="Then it ends by itself. Whoever needs longer says again why.",
    )


# --- Who manages ------------------------------------------------------------------------------------------


@console.get("/managers")
def manager_list() -> Response:
    """Staff who may look after resellers, each with how many it has."""
    return show_managers()


def show_managers(status: int = 200, *, form: Minutes | None = None, problem: str | None = None) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction() as session:
        page = lists.page(the_list(), statement())
        left = (
            session.scalar(select(func.count()).select_from(Reseller).where(account_managers.without())) or 0
        )
        form = form or Minutes(minutes=viewings.minutes())
    return pages.render(
        "distributor/managers.html",
        status,
        title=_("Account managers"),
        page=page,
        left=left,
        left_url=url_for("distributor.reseller_list", manager=NOBODY),
        form=form,
        problem=problem,
        may_change=has_role("admin"),
    )


@console.get("/managers.csv")
def manager_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), statement())


@console.post("/managers")
def save_minutes() -> Response:
    """How long a look lasts."""
    require_role("admin")
    form = Minutes(request.form)
    if not form.validate():
        return show_managers(422, form=form)
    try:
        with db.transaction():
            viewings.set_minutes(form.minutes.data or 0)
    except Refusal as refusal:
        return show_managers(refusal.status, form=form, problem=str(refusal))
    return pages.see("distributor.manager_list", "minutes-saved")


def the_list() -> List:
    """What the list is."""
    return List(
        _("Account managers"),
        "distributor.manager_list",
        [
            Column("name", _("Name"), itemgetter("name"), Membership.name),
            Column("email", _("E-mail"), itemgetter("email"), Membership.email),
            Column("roles", _("Roles"), lambda row: ", ".join(row["roles"])),
            Column("resellers", _("Resellers"), itemgetter("resellers"), kind="num"),
        ],
        Membership.id,
        rows_of,
        "name",
        search=lambda query: or_(
            Membership.name.icontains(query, autoescape=True),
            Membership.email.icontains(query, autoescape=True),
        ),
        views=lists.Choice("show", _("View"), SHOWS.options(), has_any, any_word=_("All")),
        export="distributor.manager_file",
    )


def has_any(show: str) -> Any:
    """What a view means."""
    mine = select(PartnerManager.id).where(*of_member()).exists()
    return mine if show == "busy" else ~mine


def of_member() -> tuple[Any, ...]:
    """The resellers of a member of a statement."""
    return (
        PartnerManager.distributor_id == Membership.distributor_id,
        PartnerManager.membership_id == Membership.id,
    )


def statement() -> Select[Membership, int]:
    """Staff that may manage partners."""
    resellers = (
        select(func.count()).select_from(PartnerManager).where(*of_member()).correlate(Membership)
    ).scalar_subquery()
    return select(Membership, resellers).where(account_managers.may_manage())


def rows_of(found: Sequence[tuple[Membership, int]]) -> list[dict[str, Any]]:
    """People as the list shows them."""
    return [
        {
            "name": one.name,
            "email": one.email,
            "roles": [ROLES.get(role, role) for role in one.roles],
            "resellers": number,
            "url": url_for("distributor.reseller_list", manager=str(one.id)),
            "me": one.id == visitor().membership_id,
        }
        for one, number in found
    ]


def as_filter() -> lists.Choice:
    """The resellers of one manager, or those without; inside the page's transaction."""
    options = [(str(one.id), one.name) for one in account_managers.candidates()]
    return lists.Choice(
        "manager",
        _("Account manager"),
        [*options, (NOBODY, _("Nobody"))],
        lambda word: (
            account_managers.without() if word == NOBODY else account_managers.is_managed(UUID(word))
        ),
    )


# --- One reseller's ---------------------------------------------------------------------------------------


def card(reseller: Reseller, form: Assignment | None = None) -> dict[str, Any]:
    """The manager as the reseller's page shows it; inside its transaction."""
    found = account_managers.of_reseller(reseller.id)
    form = form or Assignment(prefix="manager-", manager=str(found.membership_id) if found else "")
    person = visitor().person_id
    return {
        "name": found.name if found else None,
        "email": found.email if found else None,
        "since": moment(found.since) if found else None,
        "form": form.offer(account_managers.candidates()),
        "may_assign": has_role("admin"),
        "may_look": person is not None and viewings.may_look(reseller, person, admin=has_role("admin")),
        "looks": [
            {"who": one.name, "why": one.why, "begun": moment(one.begun_at), "over": moment(one.over_at())}
            for one in viewings.latest(reseller.id, 3)
        ],
    }


@console.post("/resellers/<code>/manager")
def assign_manager(code: str) -> Response:
    """Gives the reseller to somebody, or to nobody."""
    require_role("admin")
    chosen = request.form.get("manager-manager", "")
    with db.transaction():
        member = lists.identifier(chosen, "person") if chosen else None
        account_managers.assign(standings.find(code), member)
    return pages.see("distributor.reseller_page", "manager-saved", code=code)


# --- Looking at a partner's console -----------------------------------------------------------------------


@console.get("/resellers/<code>/look")
def look_page(code: str) -> Response:
    """The form: why, and what it means."""
    return show_look(code, Look())


def show_look(code: str, form: Look, status: int = 200, *, problem: str | None = None) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        reseller = standings.find(code)
        person = visitor().person_id
        may = person is not None and viewings.may_look(reseller, person, admin=has_role("admin"))
        minutes = viewings.minutes()
    return pages.render(
        "distributor/look.html",
        status,
        title=_("Look at the console of %(reseller)s", reseller=reseller.name),
        reseller={"code": reseller.code, "name": reseller.name},
        form=form,
        may=may,
        minutes=minutes,
        problem=problem,
    )


@console.post("/resellers/<code>/look")
def begin_look(code: str) -> Response:
    """From now on this session sees the partner's console too, under a new token."""
    who = visitor()
    if who.session_id is None or who.person_id is None:
        raise NeedsLogin(_("Your session has ended. Please sign in and try again."))
    form = Look(request.form)
    if not form.validate():
        return show_look(code, form, 422)
    try:
        with db.transaction():
            begun = viewings.begin(
                standings.find(code),
                person_id=who.person_id,
                name=who.name,
                admin=has_role("admin"),
                why=form.why.data or "",
            )
            opened = sessions.rotate(who.session_id, viewing_id=begun.id)
    except Refusal as refusal:
        return show_look(code, form, refusal.status, problem=str(refusal))
    return with_token(redirect(f"{the_shop().base}/reseller/", 303), opened)


@console.post("/looks/end")
def end_look() -> Response:
    """Back to one's own console alone, under a new token."""
    who = visitor()
    if who.session_id is None or who.person_id is None or who.viewing is None:
        raise Missing
    with db.transaction():
        ended = viewings.end(who.viewing.id, person_id=who.person_id)
        code = db.session().scalars(select(Reseller.code).where(Reseller.id == ended.reseller_id)).one()
        opened = sessions.rotate(who.session_id)
    return with_token(pages.see("distributor.reseller_page", "look-ended", code=code), opened)
