"""The files a shop's look consists of: its tokens as CSS and its pictures. Their addresses change with their
content, so browsers keep them. And the visitor's own choice of light or dark."""

from urllib.parse import urlsplit

from flask import Response, redirect, request
from sqlalchemy import select

from catalog import pictures
from core import db
from core.errors import Missing, Refused
from core.languages import _
from partners.storefronts import Image
from storefront import appearance, pages
from storefront.appearance import MODES, Appearance
from storefront.portal import portal
from storefront.portal.access import safe_target
from storefront.visitors import the_shop
from whitelabel_themes import tokens

FOR_EVER = "public, max-age=31536000, immutable"


@portal.get("/theme/<version>.css")
def theme_css(version: str) -> Response:
    """The tokens of this shop's settings."""
    fresh = version == the_shop().version.hex
    css = tokens.css(the_shop().theme, the_shop().settings)
    return Response(
        css,
        content_type="text/css; charset=utf-8",
        headers={"Cache-Control": FOR_EVER if fresh else "no-store"},
    )


@portal.get("/images/<name>.png")
def image(name: str) -> Response:
    """A picture of this shop."""
    with db.transaction() as session:
        content = session.scalar(select(Image.content).where(Image.name == name))
    if content is None:
        raise Missing("picture")
    return Response(
        content,
        content_type="image/png",
        headers={"Cache-Control": FOR_EVER, "Content-Security-Policy": "default-src 'none'; sandbox"},
    )


@portal.get("/pictures/<size>/<name>.png")
def product_picture(size: str, name: str) -> Response:
    """A picture of a product, for lists ("card") or pages ("page")."""
    if size not in ("card", "page"):
        raise Missing("picture")
    with db.transaction():
        content = pictures.content(name, small=size == "card")
    if content is None:
        raise Missing("picture")
    return Response(
        content,
        content_type="image/png",
        headers={"Cache-Control": FOR_EVER, "Content-Security-Policy": "default-src 'none'; sandbox"},
    )


def came_from() -> str:
    """The page of this shop that one was on, with its query; empty where the browser does not say."""
    try:
        parts = urlsplit(request.referrer or "")
    except ValueError:
        return ""
    if parts.netloc != request.host:
        return ""
    path = parts.path.removeprefix(the_shop().base)
    return f"{path}?{parts.query}" if parts.query else path


@portal.post("/look")
def choose_look() -> Response:
    """Light, dark or as the device has it, for this shop and its consoles; back to where one was."""
    mode = request.form.get("mode", "")
    if mode not in MODES:
        raise Refused(_("Choose light, dark, or as the device."))
    at = the_shop().base
    answer = redirect(safe_target(came_from()) or f"{at}/", 303)
    appearance.remember(answer, the_shop(), Appearance(mode, pages.the_appearance().language))
    return answer  # type: ignore[return-value]  Flask takes Werkzeug's own too
