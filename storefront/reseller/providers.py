"""The reseller's providers: the distributors whose reseller its company is (M20, M25), and the directory,
where providers are compared and asked for an invitation (M22). For partners of a programme only."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

from flask import request, url_for
from werkzeug.wrappers import Response

from core import db, trail
from core.errors import Missing, Refusal
from core.languages import Words, _
from core.parties import reseller as the_reseller
from partners import partner_requests, providers
from partners.providers import OFFERS, Listed
from storefront import exports, links, pages
from storefront.lists import Column
from storefront.moments import moment
from storefront.reseller import console, menu
from storefront.visitors import has_role, require_role, visitor

STATES = Words({"mine": "Your provider", "asked": "Asked", "invited": "Invited", "declined": "Declined"})
pages.saying(provider_asked="Asked. You get a mail when the provider has answered.")


def session_id() -> UUID:
    """The session of this request."""
    found = visitor().session_id
    if found is None:
        raise Missing
    return found


def refuse_unless_enrolled() -> None:
    """NotEnrolled for everybody else, whichever way the request comes."""
    if not menu.is_enrolled():
        raise providers.NotEnrolled


def tabs() -> list[tuple[str, str, bool]]:
    """Our providers, and all that there are."""
    here = request.endpoint or ""
    return [
        (_("Your providers"), url_for("reseller.provider_list"), here == "reseller.provider_list"),
        (_("Directory"), url_for("reseller.provider_directory"), here != "reseller.provider_list"),
    ]


# --- Ours ---------------------------------------------------------------------------------------------------


@console.get("/providers")
def provider_list() -> Response:
    """Every distributor whose reseller we are."""
    refuse_unless_enrolled()
    return pages.render("reseller/providers.html", title=_("Indirect providers"), rows=ours(), tabs=tabs())


@console.get("/providers.csv")
def provider_file() -> Response:
    """The same as a file."""
    refuse_unless_enrolled()
    columns = [
        Column("name", _("Provider"), itemgetter("name")),
        Column("reseller", _("You are there"), itemgetter("reseller")),
        Column("code", _("Code"), itemgetter("code")),
        Column("programmes", _("Programmes"), itemgetter("programmes")),
        Column("since", _("Since"), itemgetter("since")),
    ]
    with db.transaction():
        return exports.short("providers", columns, ours())


def ours() -> list[dict[str, Any]]:
    """Each as the list shows it."""
    return [
        {
            "name": one.name,
            "reseller": one.reseller,
            "code": one.reseller_code,
            "since": moment(one.since),
            "programmes": one.programmes,
            "current": one.current,
            "url": f"{links.at_host(one.host)}/sign-in"
            if one.host and one.member and not one.current
            else "",
        }
        for one in providers.of_session(session_id())
    ]


# --- The directory ------------------------------------------------------------------------------------------


@console.get("/providers/directory")
def provider_directory() -> Response:
    """The published entries side by side."""
    refuse_unless_enrolled()
    return show_directory()


def show_directory(refusal: Refusal | None = None, *, code: str = "", typed: str = "") -> Response:
    """The page, with a refused request as it was sent."""
    offer = request.args.get("offer", "")
    query = request.args.get("q", "").strip()[:100]
    offer = offer if offer in OFFERS else ""
    found = [one for one in providers.directory(session_id()) if fits(one, query, offer)]
    return pages.render(
        "reseller/provider_directory.html",
        refusal.status if refusal else 200,
        title=_("Directory of providers"),
        tabs=tabs(),
        rows=rows_of(found),
        offers=OFFERS.options(),
        offer=offer,
        sought=query,
        filtered=bool(offer or query),
        may_ask=has_role("admin"),
        problem=str(refusal) if refusal else None,
        refused=code,
        typed=typed,
    )


def fits(one: Listed, query: str, offer: str) -> bool:
    """Whether an entry has the words and the offer that are looked for."""
    said = " ".join((one.name, one.about, one.countries, *one.offers.values())).casefold()
    return query.casefold() in said and (not offer or offer in one.offers)


def rows_of(found: Sequence[Listed]) -> list[dict[str, Any]]:
    """Entries as the page compares them."""
    return [
        {
            "code": one.code,
            "name": one.name,
            "about": one.about,
            "countries": one.countries,
            "offers": [(OFFERS[code], one.offers.get(code, "")) for code in OFFERS],
            "state": "mine" if one.mine else one.asked,
            "words": STATES.get("mine" if one.mine else one.asked, ""),
            "reason": one.reason if one.asked == "declined" and not one.mine else "",
            "may_be_asked": not one.mine and one.asked in ("", "declined"),
        }
        for one in found
    ]


@console.post("/providers/<code>/ask")
def ask_provider(code: str) -> Response:
    """An administrator asks for an invitation; it is noted in our own timeline, too."""
    require_role("admin")
    refuse_unless_enrolled()
    words = request.form.get("words", "")[: partner_requests.LONGEST_WORDS + 1]
    try:
        partner_requests.ask(session_id(), code, words)
    except Refusal as refusal:
        return show_directory(refusal, code=code, typed=words)
    with db.transaction():
        trail.write(the_reseller(menu.reseller_id()), "asked a provider", told={"provider": code})
    return pages.see("reseller.provider_directory", "provider-asked")
