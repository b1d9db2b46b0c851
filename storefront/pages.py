"""Renders pages: portals in the shop's theme, consoles in the base look. Templates receive ready values; one
environment per theme keeps caches apart. `?said=key` after a redirect shows one of the sentences
registered in SAID, so that nothing has to be remembered between requests."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC
from functools import cache
from pathlib import Path
from secrets import token_hex
from time import monotonic
from typing import Any, TypeVar

from flask import Flask, current_app, g, make_response, redirect, request, url_for
from jinja2 import Environment
from markupsafe import Markup, escape
from werkzeug.wrappers import Response

from core import languages
from core.languages import _, for_later
from core.settings import settings
from core.tenancy import Side
from storefront import appearance
from storefront.appearance import Appearance
from storefront.fragments import FRAGMENTS, FRAMES, SHARED, Frame, Piece, Pieces
from storefront.visitors import prices_shown, the_shop, visitor
from whitelabel_themes.assets import Assets
from whitelabel_themes.loader import Theme, base, environment_for, give_words

T = TypeVar("T")
SAID: dict[str, tuple[str, str]] = {
    "signed-out": ("ok", for_later("You are signed out.")),
    "saved": ("ok", for_later("Saved.")),
}
"""key -> (tone, sentence); packages add theirs with `saying`."""

LARGE_UPLOADS: dict[str, int] = {}
"""endpoint -> bytes that its form may have where the usual limit is too small; views add theirs."""


def saying(**sentences: str) -> None:
    """Registers sentences for `?said=`; a key ending in `_bad` is shown as a problem."""
    for key, sentence in sentences.items():
        SAID[key.replace("_", "-")] = ("bad" if key.endswith("_bad") else "ok", sentence)


@cache
def assets() -> Assets:
    """The built static files of this installation."""
    return Assets(settings().instance / "static")


def environment(theme: Theme) -> Environment:
    """The Jinja environment of a theme, in the language of the request."""
    return environment_for(theme, current_app.jinja_env, languages.language())


def render(template: str, status: int = 200, **values: Any) -> Response:
    """A full page of the shop in its theme (portal/...), or of a console (reseller/..., distributor/...)."""
    surface = template.split("/", 1)[0]
    theme = the_shop().theme if surface in ("portal", "account") else base()
    page = environment(theme).get_template(template).render(**common(surface), **values)
    return make_response(page, status)


def part(template: str, **values: Any) -> str:
    """A piece of a page without its layout, in the shop's theme: for fragments and live updates."""
    return environment(the_shop().theme).get_template(template).render(**values)


def fragments(
    name: str,
    key: tuple[object, ...],
    templates: Mapping[str, str],
    values: Callable[[], Mapping[str, Any] | Pieces],
    *,
    shared: bool = False,
) -> Pieces:
    """Pieces of a portal page (name -> template) kept together under the shop's versions; `values` is called
    only when they have to be drawn, and may give them drawn already. `shared`: many pages have them. They may
    depend on nothing but the shop, its shelf, the catalogue, whether the visitor sees prices, and `key`."""
    shop = the_shop()
    full = (
        name,
        shop.storefront_id,
        shop.base,
        shop.version,
        shop.shelf_version,
        shop.catalogue_version,
        languages.language(),
        prices_shown(),
        *key,
    )
    return (SHARED if shared else FRAGMENTS).get(full, lambda: drawn(templates, values()))


def drawn(templates: Mapping[str, str], values: Mapping[str, Any] | Pieces) -> Pieces:
    """The pieces, drawn now."""
    if isinstance(values, Pieces):
        return values
    known = {
        **values,
        "shop": the_shop(),
        "places": portal_places(),
        "prices_shown": prices_shown(),
    }
    return Pieces({name: Piece(part(template, **known).encode()) for name, template in templates.items()})


def value(name: str, make: Callable[[], T]) -> T:
    """A small value kept under the shop's versions, such as its categories."""
    shop = the_shop()
    key = (name, shop.storefront_id, shop.version, shop.shelf_version, shop.catalogue_version)
    if key not in VALUES:
        if len(VALUES) > 5000:
            VALUES.clear()
        VALUES[key] = make()
    return VALUES[key]


VALUES: dict[tuple[object, ...], Any] = {}
MARK = token_hex(8)  # that nobody outside this process can write into a text
SLOT = re.compile(f"\x02{MARK}:(\\w+)\x03")


def slot(name: str) -> Markup:
    """A place in a kept page that is filled for each request."""
    return Markup(f"\x02{MARK}:{name}\x03")  # noqa: S704 a mark of ours, not markup


def kept(template: str, pieces: Mapping[str, str | Piece], **values: Any) -> Response:
    """A page of a portal whose frame is kept under the shop's versions, like its fragments: the frame depends
    on nothing but the shop, the visitor's side and language, the number in the basket and `values`. The
    pieces, and what is the visitor's own (name, token, light or dark), are put into its slots for each
    request and are never kept with it."""
    shop, who, look = the_shop(), visitor(), the_appearance()
    if request.args.get("said"):
        return render(template, **pieces, **values)
    key = (
        template,
        shop.storefront_id,
        shop.version,
        shop.base,
        look.language,
        who.side,
        who.reseller_id == shop.reseller_id,
        who.basket,
        request.path == "/",
        demo_link(),
        prices_shown(),
        tuple(values.items()),
    )
    frame = FRAMES.get(key, lambda: _frame(template, pieces, values))
    own = {
        "visitor_name": who.name,
        "visitor_initials": who.initials,
        "visitor_email": who.email,
        "visitor_standing": who.standing,
        "csrf": who.csrf,
    }
    filled = {name: sent(value) for name, value in {**own, **pieces}.items()}
    return current_app.response_class(frame.filled({**filled, **look.sent}))


def frame(template: str, **values: Any) -> Frame:
    """What a template draws with slots among its values, in the shop's theme."""
    parts = SLOT.split(part(template, **values))
    return Frame([text.encode() for text in parts[0::2]], parts[1::2])


def sent(text: str | Piece) -> bytes:
    """A piece as it is, anything else escaped."""
    return text if isinstance(text, Piece) else escape(text).encode()


def _frame(template: str, pieces: Mapping[str, str | Piece], values: Mapping[str, Any]) -> Frame:
    g.framing = True
    try:
        page = common(template.split("/", 1)[0])
        who = visitor()
        page["visitor"] = VisitorView(
            who.signed_in,
            slot("visitor_name"),
            slot("visitor_initials"),
            slot("visitor_email"),
            account_nav(slot("visitor_standing")),
            [],
        )
        page |= {"request_id": None, "flashes": []} | shown(
            {name: slot(name) for name in the_appearance().slots}
        )
        return frame(template, **page, **{name: slot(name) for name in pieces}, **values)
    finally:
        g.framing = False


def token() -> str:
    """The session's token, or its slot while a frame is drawn."""
    return slot("csrf") if g.get("framing") else visitor().csrf


def portal_places() -> dict[str, str | None]:
    """Addresses every portal page links to."""
    at = the_shop().base
    return {
        "home": f"{at}/",
        "search": f"{at}/search",
        "suggest": f"{at}/suggest",
        "compare": f"{at}/compare",
        "basket": f"{at}/basket",
        "sign_in": f"{at}/sign-in",
        "sign_out": f"{at}/sign-out",
        "account": f"{at}/services",
        "choose": f"{at}/choose",
        "help": f"{at}/help",
        "terms": f"{at}/terms",
        "partners": f"{at}/partners" if the_shop().house else None,
        "privacy": None,
    }


def common(surface: str) -> dict[str, Any]:
    """What every layout expects (see the contract comments in whitelabel_themes/base/templates/layouts)."""
    shop, who = the_shop(), visitor()
    said = SAID.get(request.args.get("said", ""))
    values: dict[str, Any] = {
        "shop": shop,
        "visitor": VisitorView(who.signed_in, who.name, who.initials, who.email, account_nav(), []),
        "flashes": [(said[0], _(said[1]))] if said else [],
        "request_id": g.request_id,
        "language": the_appearance().language,
        "direction": languages.direction(the_appearance().language),
        **shown(the_appearance().slots),
        "notice_bar": _("Demo installation: nothing here is real, no money moves.") if shop.sandbox else None,
        "notice_link": demo_link(),
    }
    if surface in ("portal", "account"):
        return values | {
            "places": portal_places(),
            "nav": portal_nav(),
            "basket_count": who.basket,
            "prices_shown": prices_shown(),
        }
    return values | CONSOLES[surface]() | {"looking": looking()}


def looking() -> dict[str, Any] | None:
    """The banner of whoever looks at a partner's console: whose, as whom, until when (view-as)."""
    who = visitor()
    if who.viewing is None or who.viewing.over:
        return None
    until = who.viewing.until
    return {
        "words": _(
            "%(person)s looks at the console of %(reseller)s until %(until)s UTC. Nothing can be changed.",
            person=who.name,
            reseller=who.viewing.name,
            until=f"{until.astimezone(UTC):%H:%M}",
        ),
        "console": None if who.side is Side.RESELLER else f"{the_shop().base}/reseller/",
        "end": f"{the_shop().base}/distributor/looks/end",
    }


def the_appearance() -> Appearance:
    """Light or dark and the language of this request."""
    return g.get("appearance", appearance.AS_IT_COMES)


def shown(slots: dict[str, Any]) -> dict[str, Any]:
    """What the layouts take of an appearance."""
    return {"mode": slots["mode"], "appearance": appearance.switch(the_shop(), slots)}


def demo_link() -> tuple[str, str] | None:
    """Where a demo installation says who one can sign in as (storefront/portal/demo.py)."""
    shop = the_shop()
    if not shop.sandbox or not demo_note():
        return None
    return _("Who can I sign in as?"), f"{shop.base.removesuffix(f'/{shop.alias}')}/demo"


def demo_note() -> bool:
    """Whether the demo's people are written down, as of at most two seconds ago."""
    global _demo_note
    folder, now = settings().instance, monotonic()
    if _demo_note[0] is not folder or now > _demo_note[1]:
        _demo_note = folder, now + 2, (folder / "demo.json").exists()
    return _demo_note[2]


_demo_note: tuple[Path | None, float, bool] = None, 0.0, False


CONSOLES: dict[str, Any] = {}
"""surface -> a function that gives console, places and nav; the consoles register theirs."""


class VisitorView:
    """The visitor as layouts read it."""

    def __init__(
        self,
        signed_in: bool,
        name: str,
        initials: str,
        email: str,
        account_nav: list[tuple[str, str, str]],
        dashboards: list[tuple[str, str, str]],
    ) -> None:
        self.signed_in, self.name, self.initials, self.email = signed_in, name, initials, email
        self.account_nav, self.dashboards = account_nav, dashboards


def account_nav(standing: str = "") -> list[tuple[str, str, str]]:
    """The account menu: where this standing works, and the chooser."""
    at, who = the_shop().base, visitor()
    standing = standing or who.standing
    if not who.signed_in:
        return []
    consoles = {
        Side.RESELLER: [
            (_("%(standing)s: reseller console", standing=standing), f"{at}/reseller/", "layout-dashboard")
        ],
        Side.DISTRIBUTOR: [
            (
                _("%(standing)s: distributor console", standing=standing),
                f"{at}/distributor/",
                "layout-dashboard",
            )
        ],
    }
    if who.side is Side.CUSTOMER:
        consoles[who.side] = [
            (_("Company"), f"{at}/company", "building-2"),
            (_("People"), f"{at}/people", "user-check"),
            (_("Agreements"), f"{at}/agreements", "scale"),
            (_("Admin rights"), f"{at}/admin-rights", "key-round"),
        ]
    own = [
        (_("Profile and security"), f"{at}/profile", "circle-user"),
        (_("Your data"), f"{at}/profile/consents", "shield-check"),
        (_("Switch account"), f"{at}/choose", "users"),
    ]
    return [*consoles.get(who.side, []), *own]


def portal_nav() -> list[tuple[str, str, str, int, bool]]:
    """The shop's sections."""
    at, path = the_shop().base, request.path
    sections = [(_("Products"), "/", "store")]
    if visitor().side is Side.CUSTOMER:
        sections += [
            (_("My services"), "/services", "key-round"),
            (_("Orders"), "/orders", "package"),
            (_("Quotes"), "/quotes", "file-text"),
            (_("Invoices"), "/invoices", "receipt"),
        ]
    if the_shop().house and visitor().side is Side.PUBLIC:
        sections.append((_("Become a partner"), "/partners", "handshake"))
    return [
        (label, f"{at}{to}", icon, 0, path == to or (to != "/" and path.startswith(to)))
        for label, to, icon in sections
    ]


def see(endpoint: str, said: str = "", **values: Any) -> Response:
    """Redirects after a post (303), with a sentence to show there."""
    return redirect(url_for(endpoint, said=said or None, **values), 303)


def install(app: Flask) -> None:
    """Globals of every template."""
    app.jinja_env.globals.update(asset=lambda name: assets().url(name), csrf_token=token)
    give_words(app.jinja_env, languages._, languages.form_of, languages.said_in)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
