"""Renders pages: portals in the shop's theme, consoles in the base look. Templates receive ready values; one environment per theme keeps caches
apart. `?said=key` after a redirect shows one of the sentences registered in SAID, so that nothing has to be remembered between requests."""

from functools import cache
from typing import Any

from flask import Flask, current_app, g, make_response, redirect, request, url_for
from jinja2 import Environment
from markupsafe import Markup
from werkzeug.wrappers import Response

from core.settings import settings
from core.tenancy import Side
from storefront.fragments import FRAGMENTS
from storefront.visitors import the_shop, visitor
from whitelabel_themes.assets import Assets
from whitelabel_themes.loader import base, environment_for
from whitelabel_themes.loader import Theme

SAID: dict[str, tuple[str, str]] = {
    "signed-out": ("ok", "You are signed out."),
    "saved": ("ok", "Saved."),
}
"""key -> (tone, sentence); packages add theirs with `saying`."""


def saying(**sentences: str) -> None:
    """Registers sentences for `?said=`; a key ending in `_bad` is shown as a problem."""
    for key, sentence in sentences.items():
        SAID[key.replace("_", "-")] = ("bad" if key.endswith("_bad") else "ok", sentence)


@cache
def assets() -> Assets:
    """The built static files of this installation."""
    return Assets(settings().instance / "static")


def environment(theme: Theme) -> Environment:
    """The Jinja environment of a theme."""
    return environment_for(theme, current_app.jinja_env)


def render(template: str, status: int = 200, **values: Any) -> Response:
    """A full page of the shop in its theme (portal/...), or of a console (reseller/..., distributor/...)."""
    surface = template.split("/", 1)[0]
    theme = the_shop().theme if surface in ("portal", "account") else base()
    page = environment(theme).get_template(template).render(**common(surface), **values)
    return make_response(page, status)


def part(template: str, **values: Any) -> str:
    """A piece of a page without its layout, in the shop's theme: for fragments and live updates."""
    return environment(the_shop().theme).get_template(template).render(**values)


def fragment(name: str, key: tuple[object, ...], template: str, values: Any) -> Markup:
    """A piece of a portal page kept under the shop's versions; `values` is called only when it has to be drawn. It may depend on nothing but
    the shop, its shelf, the catalogue and `key`."""
    shop = the_shop()
    full = (name, shop.storefront_id, shop.base, shop.version, shop.shelf_version, shop.catalogue_version, *key)
    return FRAGMENTS.get(full, lambda: part(template, **values(), shop=shop, places=portal_places()))


def portal_places() -> dict[str, str | None]:
    """Addresses every portal page links to."""
    at = the_shop().base
    return {
        "home": f"{at}/", "search": f"{at}/search", "basket": f"{at}/basket", "sign_in": f"{at}/sign-in", "sign_out": f"{at}/sign-out",
        "account": f"{at}/services", "help": f"{at}/help", "terms": None, "privacy": None,
    }  # fmt: skip


def common(surface: str) -> dict[str, Any]:
    """What every layout expects (see the contract comments in whitelabel_themes/base/templates/layouts)."""
    shop, who = the_shop(), visitor()
    said = SAID.get(request.args.get("said", ""))
    values: dict[str, Any] = {
        "shop": shop,
        "visitor": VisitorView(who.signed_in, who.name, who.initials, who.email, account_nav(), []),
        "flashes": [said] if said else [],
        "request_id": g.request_id,
        "notice_bar": "Demo installation: nothing here is real, no money moves." if shop.sandbox else None,
    }
    if surface in ("portal", "account"):
        return values | {"places": portal_places(), "nav": portal_nav(), "basket_count": who.basket}
    return values | CONSOLES[surface]()


CONSOLES: dict[str, Any] = {}
"""surface -> a function that gives console, places and nav; the consoles register theirs."""


class VisitorView:
    """The visitor as layouts read it."""

    def __init__(
        self, signed_in: bool, name: str, initials: str, email: str, account_nav: list[tuple[str, str, str]], dashboards: list[tuple[str, str, str]]
    ) -> None:
        self.signed_in, self.name, self.initials, self.email = signed_in, name, initials, email
        self.account_nav, self.dashboards = account_nav, dashboards


def account_nav() -> list[tuple[str, str, str]]:
    """The account menu: where this standing works, and the chooser."""
    at, who = the_shop().base, visitor()
    if not who.signed_in:
        return []
    consoles = {
        Side.RESELLER: [(f"{who.standing}: reseller console", f"{at}/reseller/", "layout-dashboard")],
        Side.DISTRIBUTOR: [(f"{who.standing}: distributor console", f"{at}/distributor/", "layout-dashboard")],
    }
    return [*consoles.get(who.side, []), ("Switch account", f"{at}/choose", "users")]


def portal_nav() -> list[tuple[str, str, str, int, bool]]:
    """The shop's sections."""
    at, path = the_shop().base, request.path
    sections = [("Products", "/", "store")]
    if visitor().side is Side.CUSTOMER:
        sections += [("My services", "/services", "key-round"), ("Orders", "/orders", "package"), ("Invoices", "/invoices", "receipt")]
    return [(label, f"{at}{to}", icon, 0, path == to or (to != "/" and path.startswith(to))) for label, to, icon in sections]


def see(endpoint: str, said: str = "", **values: Any) -> Response:
    """Redirects after a post (303), with a sentence to show there."""
    return redirect(url_for(endpoint, said=said or None, **values), 303)


def install(app: Flask) -> None:
    """Globals of every template."""
    app.jinja_env.globals.update(asset=lambda name: assets().url(name), csrf_token=lambda: visitor().csrf)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
