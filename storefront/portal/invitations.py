"""Where the link of an invitation leads: a known address proves itself by its password, an unknown one
chooses a name and a password. What the relation brings with it (admin rights, agreements) is read and
answered on the same page. A link that cannot be used says so in the same words for every reason, and a new
one can be asked for."""

from flask import redirect, request
from werkzeug.wrappers import Response

from core import db, sign_ins
from core.errors import Refusal
from core.languages import _
from partners import acceptances, relations
from partners.acceptances import Invited, Joined
from partners.invitations import NotInvited
from partners.relations import Asked
from storefront import pages, relation_forms
from storefront.portal import portal
from storefront.portal.access import browser, let_in
from storefront.visitors import the_shop, visitor

pages.saying(
    joined="Welcome. Your account is ready.",
    asked_again="If the invitation can be renewed, a new link is on its way to its address.",
)


@portal.get("/invitations/<token>")
def invitation(token: str) -> Response:
    """The form, or why the link does not work. Looking uses nothing up: mail scanners open links too."""
    try:
        return page(token, acceptances.look(token, storefront_id=the_shop().storefront_id))
    except NotInvited as no:
        return ended(token, no)


@portal.post("/invitations/<token>")
def accept(token: str) -> Response:
    """Uses the link, once, and signs in."""
    shop, name = the_shop(), request.form.get("name", "")[:120]
    try:
        invited = acceptances.look(token, storefront_id=shop.storefront_id)
        if not invited.known and not name.strip():
            return page(token, invited, name=name, problem=_("Please write your name."), status=422)
        if asked := asked_by(token):
            relations.check(asked, rights=relation_forms.rights(), ticked=relation_forms.ticked())
        joined = acceptances.accept(
            token,
            storefront_id=shop.storefront_id,
            name=name,
            password=request.form.get("password", ""),
            address=request.remote_addr or "",
        )
    except NotInvited as no:
        acceptances.note_refusal(token)
        return ended(token, no)
    except Refusal as refusal:
        return page(token, invited, name=name, problem=str(refusal), status=refusal.status)
    if asked and not relation_forms.enter(asked, joined.proven.person_id, name or invited.name, joined.email):
        return to_the_question(joined)
    home = f"{shop.base}/home?said=joined"
    entered = sign_ins.enter(joined.proven, at=browser(), target=home, membership_id=joined.membership_id)
    return let_in(entered, home) if entered else redirect(home, 303)


def asked_by(token: str) -> Asked | None:
    """What the relation brings with it, in a transaction that works as the distributor: the link is all the
    right that its holder has."""
    with db.transaction(widened_because="following an invitation"):
        return relations.of_invitation(token)


def to_the_question(joined: Joined) -> Response:
    """In, but something changed while the page was open: it is asked once more, in the shop."""
    to = f"{the_shop().base}/admin-rights"
    entered = sign_ins.enter(joined.proven, at=browser(), target=to, membership_id=joined.membership_id)
    return let_in(entered, to) if entered else redirect(to, 303)


@portal.post("/invitations/<token>/again")
def ask_again(token: str) -> Response:
    """A link that is too old is sent anew, to the invited address; the answer is the same for any other."""
    with db.transaction():
        acceptances.ask_again(token, storefront_id=the_shop().storefront_id)
    return pages.see("portal.sign_in_page", "asked-again")


def page(
    token: str, invited: Invited, *, name: str | None = None, problem: str = "", status: int = 200
) -> Response:
    """The form with what was typed."""
    asked = asked_by(token)
    return pages.render(
        "account/invitation.html",
        status,
        title=_("Join %(company)s", company=invited.standing),
        token=token,
        invited=invited,
        problem=problem,
        name=invited.name if name is None else name,
        elsewhere=visitor().signed_in and visitor().email != invited.email,
        relation=relation_forms.shown(asked) if asked else None,
    )


def ended(token: str, no: NotInvited) -> Response:
    """The one answer for unknown, used, revoked and expired links."""
    return pages.render(
        "account/invitation_ended.html", no.status, title=no.title, words=str(no), token=token
    )
