"""The studio's preview: the front page of the reseller's real shop, drawn with looks that are not saved, for
a frame of our own page and nobody else's."""

import json
import re
from dataclasses import dataclass, fields
from typing import Any, cast

from flask import g, request, url_for
from werkzeug.wrappers import Response

from core.ids import new_id
from core.tenancy import Side
from partners.storefronts import Storefront
from storefront import pages
from storefront.portal import shelf
from storefront.reseller import console, menu
from storefront.reseller.branding import (
    chosen,
    fitting,
    known,
    required,
    setting_of,
    studio_form,
    verdicts_of,
)
from storefront.shop import NOBODY, Shop
from storefront.visitors import enter, leave, the_shop
from whitelabel_themes import tokens
from whitelabel_themes.loader import Theme, base, themes
from whitelabel_themes.schema import BadSetting, Settings

SCRIPTS = re.compile(rb"<script[^>]*></script>")  # the frame is sandboxed: they would only be refused


def unsaved(own: Storefront) -> tuple[Theme, Settings]:
    """Theme and settings of a preview's address; what is wrong there is as it was saved."""
    theme = themes().get(request.args.get("theme", "")) or themes()[own.theme]
    values = known(theme, own.settings)
    for key, value in known(theme, request.args.to_dict()).items():
        try:
            values[key] = setting_of(theme, key).parse(value)
        except BadSetting:
            continue
    return theme, theme.validate(values)


@dataclass(frozen=True)
class PreviewedShop(Shop):
    """The reseller's shop with looks that are not saved; `css_url` is where their tokens are."""

    css_url: str = ""

    @property
    def theme_css_url(self) -> str:
        """Not the saved tokens."""
        return self.css_url


@console.get("/branding/frame")
def frame() -> Response:
    """The iframe for what the form holds now; htmx puts it in place while one chooses."""
    own = required()
    theme = themes().get(request.args.get("theme", "")) or themes()[own.theme]
    form = studio_form(theme)(fitting(theme, request.args))
    page = pages.environment(base()).get_template("reseller/parts/preview.html")
    body = page.render(
        preview_url=url_for("reseller.preview", **chosen(theme, form)),
        verdicts=verdicts_of(theme, form),
        oob=True,
    )
    return Response(body, content_type="text/html; charset=utf-8")


@console.get("/branding/preview")
def preview() -> Response:
    """The front page of the real shop, as an anonymous visitor would see it, with settings that are not
    saved. Links lead nowhere here."""
    own = required()
    g.framed = True
    g.shop, g.visitor = as_previewed(own, unsaved(own)), NOBODY
    leave()
    enter(Side.CUSTOMER)
    page = shelf.shelf()
    page.set_data(SCRIPTS.sub(b"", page.get_data()).replace(b"<head>", b'<head><base target="_blank">', 1))
    return page


@console.get("/branding/preview.css")
def preview_css() -> Response:
    """The tokens of a preview."""
    return Response(tokens.css(*unsaved(required())), content_type="text/css; charset=utf-8")


def as_previewed(own: Storefront, looks: tuple[Theme, Settings]) -> Shop:
    """A shop as storefront/shop.py opens it, under a version of its own so that no fragment of it is ever
    taken for the real one's."""
    opened = {field.name: getattr(the_shop(), field.name) for field in fields(Shop)}
    theme, settings = looks
    opened |= {
        "storefront_id": own.id,
        "reseller_id": own.reseller_id,
        "code": own.code,
        "alias": own.alias,
        "name": request.args.get("shop_name") or own.name,
        "theme_name": theme.name,
        "logo": own.logo,
        "currency": own.currency,
        "version": new_id(),
        "shelf_version": own.shelf_version,
        "house": False,
        "base": (menu.portal_url(own) or "/").rstrip("/"),
        "settings_text": json.dumps(dict(settings)),
    }
    return PreviewedShop(
        **opened, css_url=url_for("reseller.preview_css", **cast(dict[str, Any], request.args.to_dict()))
    )
