"""The page “Try it” of a demo installation: who one can sign in as, the story in five steps, and the
simulators beside the shop. It is there only where the shop is a sandbox and the demo world has written down
its people (`demo.json`)."""

import json
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from flask import redirect, request
from werkzeug.wrappers import Response

from core import doors
from core.errors import Missing
from core.ids import token_hash
from core.languages import _, for_later
from core.settings import settings
from partners.storefronts import OPEN_REQUEST
from storefront import pages
from storefront.portal import portal
from storefront.portal.cards import initials
from storefront.shop import tokens
from storefront.visitors import the_shop, visitor

SIDES = {
    "distributor": (
        for_later("The distributor"),
        for_later("Runs the shop: catalogue, resellers, money, and the work queue."),
        "building-2",
    ),
    "reseller": (
        for_later("Resellers"),
        for_later("Buy from the distributor; on a plan they open a portal of their own."),
        "handshake",
    ),
    "customer": (
        for_later("Customers"),
        for_later("Buy in their reseller's portal, never see the distributor."),
        "users",
    ),
}
CARDS = [
    ("4242 4242 4242 4242", for_later("pays")),
    ("4000 0000 0000 9995", for_later("is declined: not enough money")),
    ("4000 0025 0000 3155", for_later("asks for a confirmation first")),
]
# The story: (what to do, how it goes on). The names are those of the demo world.
STORY = [
    (
        for_later("Sign in as Bea of Brightfield IT"),
        for_later("She is on the Basic plan and has no shop of her own yet."),
    ),
    (
        for_later("Buy the Standard plan"),
        for_later("Choose the address “brightfield” and pay with the card 4242 4242 4242 4242."),
    ),
    (
        for_later("Watch it arrive"),
        for_later("Each step shows live; the mail that the portal is open lands in the inbox."),
    ),
    (for_later("Make it hers"), for_later("Set a colour, a logo and a price, then invite a customer.")),
    (
        for_later("Be the customer"),
        for_later("Accept the invitation from the inbox, buy ten seats, and hand out ten licences."),
    ),
]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody one can sign in as, with the form that does it."""

    name: str
    initials: str
    email: str
    company: str
    roles: str
    what: str
    action: str
    token: str
    current: bool
    start: bool


@portal.get("/demo")
def demo() -> Response:
    """Who is who, and where everything is."""
    note = settings().instance / "demo.json"
    if not the_shop().sandbox or not note.exists():
        raise Missing
    if not the_shop().house:
        return redirect("/demo" if the_shop().alias else f"{settings().public_url}/demo", 303)
    told = _told(note, note.stat().st_mtime_ns)
    passes = {"": visitor().csrf} | {
        portal["alias"]: _token_at(portal["alias"]) for portal in told["portals"]
    }
    return pages.render(
        "portal/demo.html",
        title=_("Try it"),
        groups=[
            (_(SIDES[side][0]), _(SIDES[side][1]), SIDES[side][2], list(people))
            for side, people in _by_side(told, passes)
        ],
        story=[(_(what), _(how)) for what, how in STORY],
        cards=[(number, _(what)) for number, what in CARDS],
        password=told["password"],
        tools=_tools(told),
    )


@lru_cache(maxsize=1)
def _told(note: Path, _changed: int) -> dict[str, Any]:
    """What the demo world wrote down; read again when it has changed."""
    return json.loads(note.read_text(encoding="utf-8"))


def _by_side(told: dict[str, Any], passes: dict[str, str]) -> list[tuple[str, list[Person]]]:
    people = sorted(told["people"], key=lambda person: list(SIDES).index(person["side"]))
    return [
        (side, [_person(one, passes) for one in some])
        for side, some in groupby(people, key=lambda one: one["side"])
    ]


def _person(one: dict[str, Any], passes: dict[str, str]) -> Person:
    at = f"/{one['alias']}" if one["alias"] else ""
    roles = one["role"].rpartition(" · ")[2]
    company = (
        _("%(company)s, at %(seller)s", company=one["company"], seller=one["under"])
        if one["under"]
        else one["company"]
    )
    return Person(
        one["name"],
        initials(one["name"]),
        one["email"],
        company,
        roles,
        one["what"],
        f"{at}/sign-in",
        passes[one["alias"]],
        one["email"] == visitor().email,
        one["start"],
    )


def _token_at(alias: str) -> str:
    """The form token of this browser's session at a portal, if it has one: signing in again there has to
    send it."""
    arguments = {
        "p_host": the_shop().host,
        "p_segment": alias,
        "p_tokens": b"".join(token_hash(token) for token in tokens(request.environ)),
    }
    row = doors.call(OPEN_REQUEST, arguments)
    return row.csrf or "" if row and row.membership_id else ""


def _tools(told: dict[str, Any]) -> list[tuple[str, str, str, str, bool]]:
    """(name, address, what for, icon, elsewhere): the simulators that run, then places of the shop."""
    found = [
        (_("Inbox"), told["inbox"], _("Every mail that the shops have sent."), "mail", True),
        (
            _("Stripe sandbox"),
            told["stripe"] and f"{told['stripe']}/_sandbox/",
            _("Payments and webhooks; let them come late, twice or not at all."),
            "credit-card",
            True,
        ),
        (
            _("Vendor simulator"),
            told["vendor"] and f"{told['vendor']}/_sandbox/",
            _("Let the vendor be slow, refuse, or forget to answer."),
            "server",
            True,
        ),
        (
            _("Name server"),
            told.get("names") and f"{told['names']}/",
            _("Set the record that proves a domain is yours, such as portal.brightfield.localhost."),
            "globe",
            True,
        ),
        (
            _("Time machine"),
            "/distributor/time",
            _("Move the business clock forward (sign in as Nora)."),
            "history",
            False,
        ),
        (
            _("Work queue"),
            "/distributor/work",
            _("What waits for a person (sign in as Nora)."),
            "list-checks",
            False,
        ),
    ]
    shops = [
        (portal["name"], f"/{portal['alias']}/", _("An open portal in its own colours."), "store", False)
        for portal in told["portals"]
    ]
    return [tool for tool in [*shops, *found] if tool[1]]
