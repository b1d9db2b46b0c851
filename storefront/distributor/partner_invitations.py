"""Invitations to companies to become resellers: the list, a new one, and one with what became of it (M23,
M25, M26)."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from werkzeug.wrappers import Response
from wtforms import EmailField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Regexp

from catalog.price_lists import PriceList
from core import db, parties
from core.errors import Missing, Refusal
from core.languages import Words, _
from partners import partner_invitations
from partners.partner_invitations import PartnerInvitation, PartnerInvitationState
from partners.partner_requests import PartnerRequest, PartnerRequestState
from partners.programmes import Programme
from provisioning.connectors.fields import EMAIL
from storefront import exports, lists, pages, timelines
from storefront.distributor import console
from storefront.filters import Days
from storefront.forms import Form, SelectChoice
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.visitors import has_role, require_role, visitor

INVITER = "storefront_manager"
STATES = Words(
    {"pending": "Invited", "expired": "Link expired", "accepted": "Accepted", "revoked": "Withdrawn"}
)
pages.saying(
    partner_invited="The invitation is on its way. The link in it is good for 72 hours.",
    partner_invited_again="A new link is on its way; the one before no longer works.",
    partner_invitation_revoked="The invitation is withdrawn; its link no longer works.",
)


class Terms(Form):
    """By which prices a new reseller buys, and what it signs next."""

    price_list = SelectField(
        "Price list", coerce=str, description="What the reseller buys by, from its acceptance on."
    )
    programme = SelectField(
        "Programme",
        coerce=str,
        description="Whose agreement it is led to once it has accepted. It is a partner when it has signed.",
    )

    def programme_id(self) -> UUID | None:
        """The programme, if one was chosen."""
        return UUID(self.programme.data) if self.programme.data else None


class InviteCompany(Terms):
    """A company, by the mailbox of one person."""

    company = StringField("Company", [InputRequired("Name the company."), Length(max=200)])
    name = StringField("Name of the person", [InputRequired("Who is invited?"), Length(max=120)])
    email = EmailField(
        "E-mail",
        [
            InputRequired("Enter an e-mail address."),
            Length(max=254),
            Regexp(EMAIL, message="Enter an e-mail address, such as anna@example.com."),
        ],
        filters=[lambda value: (value or "").strip()],
        description="The link goes to this address. Who sells elsewhere accepts as an administrator there.",
    )
    words = TextAreaField(
        "Your own words",
        [Length(max=2000)],
        description="They stand in the mail and on the page of the link.",
    )


def with_choices(form: Any) -> Any:
    """The form with the price lists and programmes of today."""
    with db.transaction() as session:
        prices = session.execute(select(PriceList.id, PriceList.name).order_by(PriceList.name)).all()
        taking = session.execute(
            select(Programme.id, Programme.name).where(Programme.takes_applications).order_by(Programme.name)
        ).all()
    form.price_list.choices = [SelectChoice(str(key), name) for key, name in prices]
    form.programme.choices = [
        SelectChoice("", _("None")),
        *(SelectChoice(str(key), name) for key, name in taking),
    ]
    return form


def tabs() -> list[tuple[str, str, bool, int]]:
    """Invitations, and the requests for one."""
    with db.transaction() as session:
        asked = session.scalar(
            select(func.count())
            .select_from(PartnerRequest)
            .where(PartnerRequest.state == PartnerRequestState.ASKED)
        )
    here = request.endpoint
    return [
        (
            _("Invitations"),
            url_for("distributor.partner_invitation_list"),
            here == "distributor.partner_invitation_list",
            0,
        ),
        (
            _("Requests"),
            url_for("distributor.partner_request_list"),
            here == "distributor.partner_request_list",
            asked or 0,
        ),
    ]


# --- The list -----------------------------------------------------------------------------------------------


@console.get("/partner-invitations")
def partner_invitation_list() -> Response:
    """Newest first."""
    with db.transaction():
        page = lists.page(the_list(), statement())
    return pages.render(
        "distributor/partner_invitations.html",
        title=_("Partner invitations"),
        page=page,
        tabs=tabs(),
        may_invite=has_role(INVITER),
    )


@console.get("/partner-invitations.csv")
def partner_invitation_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), statement())


def the_list() -> List:
    """What the list is."""
    return List(
        _("Partner invitations"),
        "distributor.partner_invitation_list",
        [
            Column("company", _("Company"), itemgetter("company"), PartnerInvitation.company),
            Column("code", _("Code"), itemgetter("code"), only_file=True),
            Column("person", _("Person"), itemgetter("name"), PartnerInvitation.name),
            Column("email", _("E-mail"), itemgetter("email"), only_file=True),
            Column("state", _("State"), itemgetter("words")),
            Column("by", _("Invited by"), itemgetter("by")),
            Column("sent", _("Sent"), itemgetter("sent"), PartnerInvitation.id),
        ],
        PartnerInvitation.id,
        rows_of,
        "-sent",
        search=lambda query: or_(
            PartnerInvitation.code == query.upper(),
            PartnerInvitation.company.icontains(query, autoescape=True),
            PartnerInvitation.name.icontains(query, autoescape=True),
            PartnerInvitation.email.icontains(query, autoescape=True),
        ),
        views=lists.Choice("show", _("View"), STATES.options(), is_like, any_word=_("All")),
        filters=[Days("sent", _("Sent"), PartnerInvitation.created_at)],
        export="distributor.partner_invitation_file",
    )


def is_like(show: str) -> ColumnElement[bool]:
    """What a view means: an open one whose time is over is expired."""
    if show in ("pending", "expired"):
        late = PartnerInvitation.expires_at <= func.now()
        return and_(
            PartnerInvitation.state == PartnerInvitationState.PENDING, late if show == "expired" else ~late
        )
    return PartnerInvitation.state == PartnerInvitationState(show)


def statement() -> Select[PartnerInvitation]:
    """Invitations of this distributor."""
    return select(PartnerInvitation)


def rows_of(found: Sequence[tuple[PartnerInvitation]]) -> list[dict[str, Any]]:
    """Invitations as the list shows them."""
    now = db.session().info["now"]
    return [
        {
            "company": one.company,
            "code": one.code,
            "url": url_for("distributor.partner_invitation_page", code=one.code),
            "name": one.name,
            "email": one.email,
            "state": "invited" if one.standing(now) == "pending" else one.standing(now),
            "words": STATES[one.standing(now)],
            "by": one.invited_by,
            "sent": moment(one.created_at),
        }
        for (one,) in found
    ]


# --- A new one ----------------------------------------------------------------------------------------------


@console.get("/partner-invitations/new")
def new_partner_invitation() -> Response:
    """The form."""
    require_role(INVITER)
    return show_new(with_choices(InviteCompany()))


def show_new(form: InviteCompany, status: int = 200, *, problem: str | None = None) -> Response:
    """The form as it was filled."""
    return pages.render(
        "distributor/new_partner_invitation.html",
        status,
        title=_("Invite a company"),
        form=form,
        problem=problem,
    )


@console.post("/partner-invitations/new")
def invite_company() -> Response:
    """The mail follows; there is no relation before it is accepted."""
    require_role(INVITER)
    form = with_choices(InviteCompany(request.form))
    if not form.validate():
        return show_new(form, 422)
    try:
        with db.transaction():
            code = partner_invitations.invite(
                company=form.company.data or "",
                name=form.name.data or "",
                email=form.email.data or "",
                words=form.words.data or "",
                price_list_id=UUID(form.price_list.data),
                programme_id=form.programme_id(),
                by=visitor().name,
            ).code
    except Refusal as refusal:
        return show_new(form, refusal.status, problem=str(refusal))
    return pages.see("distributor.partner_invitation_page", "partner-invited", code=code)


# --- One invitation -----------------------------------------------------------------------------------------


@console.get("/partner-invitations/<code>")
def partner_invitation_page(code: str) -> Response:
    """What was sent to whom, and what became of it."""
    return show(code)


def show(code: str, refusal: Refusal | None = None) -> Response:
    """The page, with a refused act's reason."""
    with db.transaction() as session:
        found = partner_invitations.find(code)
        standing = found.standing(session.info["now"])
        programme = (
            session.scalar(select(Programme.name).where(Programme.id == found.programme_id))
            if found.programme_id
            else ""
        )
        reseller = parties.reseller(found.reseller_id) if found.reseller_id else None
        timeline = timelines.of([found.id])
    return pages.render(
        "distributor/partner_invitation.html",
        refusal.status if refusal else 200,
        title=found.company,
        invitation=found,
        state="invited" if standing == "pending" else standing,
        words=STATES[standing],
        open=found.state is PartnerInvitationState.PENDING,
        programme=programme,
        reseller=(reseller.name, url_for("distributor.reseller_page", code=reseller.code))
        if reseller
        else None,
        sent=moment(found.created_at),
        expires=moment(found.expires_at),
        timeline=timeline,
        may_invite=has_role(INVITER),
        problem=str(refusal) if refusal else None,
    )


@console.post("/partner-invitations/<code>/resend")
def resend_partner_invitation(code: str) -> Response:
    """A new link; the one before ends."""
    require_role(INVITER)
    try:
        with db.transaction():
            partner_invitations.resend(partner_invitations.find(code))
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, refusal)
    return pages.see("distributor.partner_invitation_page", "partner-invited-again", code=code)


@console.post("/partner-invitations/<code>/revoke")
def revoke_partner_invitation(code: str) -> Response:
    """The link ends."""
    require_role(INVITER)
    try:
        with db.transaction():
            partner_invitations.revoke(partner_invitations.find(code))
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, refusal)
    return pages.see("distributor.partner_invitation_page", "partner-invitation-revoked", code=code)
