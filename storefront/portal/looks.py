"""The files a shop's look consists of: its tokens as CSS and its pictures. Their addresses change with their
content, so browsers keep them."""

from flask import Response
from sqlalchemy import select

from core import db
from core.errors import Missing
from partners.storefronts import Image
from storefront.portal import portal
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
