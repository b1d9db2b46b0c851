"""The account chooser (U32-U35): on the distributor's host every dashboard that one has, in a reseller's shop
those of that reseller. What is at home in this shop is entered here, under a new token; what is at home
elsewhere by a ticket."""

from typing import Any

from flask import g, make_response, redirect, request
from werkzeug.wrappers import Response

from core import db, sessions, tickets
from core.languages import _, for_later
from storefront import links, pages
from storefront.portal import portal
from storefront.portal.access import browser, with_session, with_token
from storefront.visitors import the_shop, to_sign_in, visitor

MANY = 8  # accounts that one takes in at a glance; with more there is a search


@portal.get("/choose")
def choose_page() -> Response:
    """Every standing that this shop may list; the current one is marked (U33, U35)."""
    who = visitor()
    if who.session_id is None or not who.signed_in:
        return to_sign_in()
    found = tickets.standings(who.session_id)
    standings = sorted(found, key=lambda one: not one.current)  # where one is comes first
    # The browser follows a form's redirect only to where the page says that forms may lead.
    g.form_targets = tuple(sorted({links.at_host(one.host) for one in standings if one.host}))
    choices, words = [Choice(one) for one in standings], request.args.get("q", "").strip()[:100]
    if "HX-Request" in request.headers:
        return make_response(pages.part("account/switcher.html", standings=choices, many=len(choices) > MANY))
    return pages.render(
        "account/choose.html",
        title=_("Choose an account"),
        standings=[one for one in choices if one.says(words)],
        all=len(choices),
        many=len(choices) > MANY or bool(words),
        query=words,
    )


@portal.post("/choose")
def choose() -> Response:
    """On to the chosen dashboard, here or elsewhere."""
    who = visitor()
    if who.session_id is None or not who.signed_in:
        return to_sign_in()
    chosen = tickets.standing(who.session_id, request.form.get("standing", ""))
    if chosen.storefront_id != the_shop().storefront_id:
        given = tickets.give(who.session_id, chosen, host=the_shop().host)
        at = links.at_host(given.host) if chosen.host else ""
        return redirect(f"{at}{f'/{chosen.alias}' if chosen.alias else ''}/ticket/{given.token}", 303)
    with db.transaction():
        opened = sessions.rotate(who.session_id, membership_id=chosen.membership_id)
    return with_token(redirect(f"{the_shop().base}/home", 303), opened)


@portal.get("/ticket/<token>")
def ticket(token: str) -> Response:
    """The way in from another shop, once."""
    here = visitor().person_id if visitor().signed_in else None
    opened = tickets.take(token[:100], at=browser(), here=here)
    return with_session(redirect(f"{the_shop().base}/home", 303), opened)


class Choice:
    """One dashboard as the page shows it."""

    WORDS = {
        "distributor": (for_later("Distributor"), "boxes"),
        "reseller": (for_later("Reseller"), "store"),
        "customer": (for_later("Customer"), "building-2"),
    }

    def __init__(self, standing: Any) -> None:
        kind, self.icon = _(self.WORDS[standing.side][0]), self.WORDS[standing.side][1]
        self.id, self.label = standing.membership_id, standing.label
        self.note = _("%(kind)s of %(seller)s", kind=kind, seller=standing.under) if standing.under else kind
        self.current = standing.current
        self.elsewhere = bool(standing.host)
        self.where = standing.host or (f"/{standing.alias}" if standing.alias else "")

    def says(self, words: str) -> bool:
        """Whether every word that was searched for stands in its name or beside it."""
        told = f"{self.label} {self.note} {self.where}".casefold()
        return all(word in told for word in words.casefold().split())
