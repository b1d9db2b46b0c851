"""Where the link of an invitation to a partnership leads, at the distributor's own shop. A known address
proves itself by its password, and only an administrator binds a company (M24); an unknown one founds a
company with a new account. Every reason why a link cannot be used gets the same answer."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from flask import redirect, request
from werkzeug.wrappers import Response

from core import accounts, db, passwords, sessions, sign_ins
from core.errors import Missing, Refusal, Refused
from core.languages import _
from core.sessions import Proven
from partners import acceptances, partner_invitations, programmes, providers
from partners.invitations import NotInvited
from partners.partner_invitations import Accepted, Known, Newcomer, PartnerInvitation, Standing, WhichCompany
from partners.providers import OFFERS
from partners.signatures import NotAnAdministrator
from storefront import pages
from storefront.moments import Moment, moment
from storefront.portal import portal
from storefront.portal.access import browser, let_in
from storefront.visitors import the_shop, visitor

pages.saying(partnership_begun="Welcome. You are a reseller of this distributor now.")


@dataclass(frozen=True, slots=True)
class Offer:
    """What the page of a good link shows."""

    company: str
    name: str
    email: str
    words: str
    invited_by: str
    until: Moment | None
    known: bool
    programme: str
    programme_code: str
    offers: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Typed:
    """What was filled in; the password is not kept."""

    name: str = ""
    company: str = ""
    company_id: str = ""


class NoNames(Refused):
    """A newcomer and their company are called something."""

    def __init__(self) -> None:
        super().__init__(_("Please write your name and your company's."))


@contextmanager
def following(token: str, *, to_change: bool = False) -> Generator[PartnerInvitation]:
    """The invitation of a link, in a transaction that works as the distributor: the link is all the right
    that its holder has, and leads to this one invitation."""
    with as_inviter():
        yield partner_invitations.by_link(token, to_change=to_change)


@contextmanager
def as_inviter() -> Generator[None]:
    """A transaction of the distributor whose shop this is."""
    if not the_shop().house:
        raise Missing
    with db.transaction(widened_because="following a partner's invitation"):
        yield


def offer_of(token: str) -> Offer:
    """The invitation as the page shows it; NotInvited."""
    with following(token) as found:
        programme = programmes.of_id(found.programme_id) if found.programme_id else None
        entry = providers.entry()
        return Offer(
            found.company,
            found.name,
            found.email,
            found.words,
            found.invited_by,
            moment(found.expires_at),
            acceptances.has_account(found.email),
            programme.name if programme else "",
            programme.code if programme and programme.takes_applications else "",
            [(OFFERS[code], entry.offers[code]) for code in OFFERS if code in entry.offers]
            if entry and entry.published
            else [],
        )


@portal.get("/partnerships/<token>")
def partnership(token: str) -> Response:
    """The offer and the form; looking uses nothing up."""
    try:
        offer = offer_of(token)
    except NotInvited as no:
        return ended(no)
    return show(token, offer, Typed(offer.name, offer.company))


@portal.post("/partnerships/<token>")
def accept_partnership(token: str) -> Response:
    """Uses the link, once: the company is a reseller, and its administrator is signed in."""
    given = request.form
    typed = Typed(
        given.get("name", "")[:120], given.get("company", "")[:200], given.get("company_id", "")[:40]
    )
    standings: list[Standing] = []
    try:
        offer = offer_of(token)
    except NotInvited as no:
        return refused(token, no)
    try:
        proven = prove(offer, given.get("password", ""), standings)
        accepted = who_accepts(offer, typed, proven, standings)
        with following(token, to_change=True) as found:
            person_id, membership_id = partner_invitations.accept(found, accepted)
    except NotInvited as no:
        return refused(token, no)
    except NotAnAdministrator as no:
        with following(token) as found:
            partner_invitations.note_refusal(found, str(no))
        return show(token, offer, typed, no)
    except WhichCompany as which:
        return show(token, offer, typed, which, [one for one in standings if one.admin])
    except Refusal as refusal:
        return show(token, offer, typed, refusal)
    at = the_shop().base
    home = f"{at}/partners/{offer.programme_code}" if offer.programme_code else f"{at}/home"
    home = f"{home}?said=partnership-begun"
    proven = proven or Proven(person_id, None, False)
    entered = sign_ins.enter(proven, at=browser(), target=home, membership_id=membership_id)
    return let_in(entered, home) if entered else redirect(home, 303)


def prove(offer: Offer, password: str, standings: list[Standing]) -> Proven | None:
    """Whose password it is, and where they are resellers; None for a newcomer."""
    if not offer.known:
        return None
    proven = sessions.prove(offer.email, password, address=request.remote_addr or "")
    standings += partner_invitations.standings_of(proven.person_id)
    return proven


def who_accepts(offer: Offer, typed: Typed, proven: Proven | None, standings: Sequence[Standing]) -> Accepted:
    """The person and the company; outside any transaction, because a hash takes its time."""
    if proven is None:
        if not typed.name.strip() or not typed.company.strip():
            raise NoNames
        hashed = passwords.hashed(request.form.get("password", ""))
        return Accepted(typed.company, Newcomer(typed.name, hashed))
    chosen = partner_invitations.choose(standings, typed.company_id)
    known = Known(proven.person_id, accounts.find(proven.person_id).name)
    return Accepted(chosen.company if chosen else offer.company, known, chosen)


def show(
    token: str,
    offer: Offer,
    typed: Typed,
    refusal: Refusal | None = None,
    choices: Sequence[Standing] = (),
) -> Response:
    """The page with what was typed."""
    return pages.render(
        "account/partnership.html",
        refusal.status if refusal else 200,
        title=_("Become a reseller of %(provider)s", provider=the_shop().legal_name),
        token=token,
        offer=offer,
        typed=typed,
        provider=the_shop().legal_name,
        companies=[
            (str(key), name) for key, name in {one.company_id: one.company for one in choices}.items()
        ],
        problem=str(refusal) if refusal else "",
        elsewhere=visitor().signed_in and visitor().email != offer.email,
    )


def refused(token: str, no: NotInvited) -> Response:
    """The same answer for somebody who tried; whoever invited reads it in the timeline."""
    with as_inviter():
        partner_invitations.note_late(token)
    return ended(no)


def ended(no: NotInvited) -> Response:
    """The one answer for unknown, used, revoked and expired links."""
    return pages.render("account/partnership_ended.html", no.status, title=_(no.title), words=str(no))
