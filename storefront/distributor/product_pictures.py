"""Pictures of a product: uploaded, drawn anew, described in words, one of them the main one."""

from flask import request
from werkzeug.wrappers import Response

from catalog import editing, pictures, publication
from core import db
from core.errors import Missing, Refusal
from core.languages import _
from storefront import lists, pages, timelines
from storefront.distributor import console, product_pages
from storefront.distributor.product_pages import ROLE
from storefront.visitors import has_role, require_role, the_shop
from whitelabel_themes import images

pages.saying(
    picture_added="Added. Only its pixels are kept.",
    picture_first="It is the main picture now.",
    picture_removed="Removed.",
)
pages.LARGE_UPLOADS["distributor.add_picture"] = images.MOST_UPLOADED + 1024 * 1024


@console.get("/catalogue/<code>/pictures")
def product_pictures(code: str) -> Response:
    """The pictures, the main one first."""
    return show(code)


def show(code: str, status: int = 200, *, problem: str | None = None, typed: str = "") -> Response:
    """The page, with what was refused."""
    with db.transaction():
        product = editing.product(code)
        found = pictures.of(product.id)
        head, trail = product_pages.head(product), timelines.of([product.id])
    at = the_shop().base
    return pages.render(
        "distributor/product_pictures.html",
        status,
        title=head["name"],
        head=head,
        pictures=[
            {
                "id": one.id,
                "alt": one.alt,
                "url": f"{at}/pictures/page/{one.name}.png",
                "width": one.width,
                "height": one.height,
            }
            for one in found
        ],
        most=pictures.MOST,
        trail=trail,
        problem=problem,
        typed=typed,
        may_change=has_role(ROLE),
    )


@console.post("/catalogue/<code>/pictures")
def add_picture(code: str) -> Response:
    """One more; the file itself is never kept."""
    require_role(ROLE)
    upload, alt = request.files.get("picture"), request.form.get("alt", "")[:500]
    if upload is None or not upload.filename:
        return show(code, 422, problem=_("Choose a picture first."), typed=alt)
    try:
        with db.transaction():
            product = editing.product(code)
            pictures.add(product, upload.read(), alt)
            publication.changed([product])
    except Refusal as refusal:
        return show(code, refusal.status, problem=str(refusal), typed=alt)
    return pages.see("distributor.product_pictures", "picture-added", code=code)


@console.post("/catalogue/<code>/pictures/<picture_id>")
def change_picture(code: str, picture_id: str) -> Response:
    """Other words, the first place, or away."""
    require_role(ROLE)
    act, chosen = request.form.get("act", ""), lists.identifier(picture_id, "picture")
    if act not in ("describe", "first", "remove"):
        raise Missing("picture")
    try:
        with db.transaction():
            product = editing.product(code, hold=True)
            if act == "describe":
                pictures.describe(product, chosen, request.form.get("alt", "")[:500])
            elif act == "first":
                pictures.put_first(product, chosen)
            else:
                pictures.remove(product, chosen)
            publication.changed([product])
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return show(code, refusal.status, problem=str(refusal))
    said = {"describe": "saved", "first": "picture-first", "remove": "picture-removed"}[act]
    return pages.see("distributor.product_pictures", said, code=code)
