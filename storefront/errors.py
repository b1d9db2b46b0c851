"""What a person sees when something is refused or breaks: one renderer for pages, problem+json for programs;
never a stack trace, always the request's id. The page for an unknown host or a missing database needs
neither."""

import json
from collections.abc import Iterable
from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIEnvironment

import structlog
from flask import Flask, Response, g, request
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from core import db
from core.errors import Conflict, Refusal
from core.languages import _, for_later
from core.tenancy import Side
from storefront import pages
from storefront.visitors import ShopClosed, the_shop, visitor

log = structlog.get_logger("web")

TWICE = "23505"  # what PostgreSQL calls a key that is there already
IN_EACH_OTHERS_WAY = ("40P01", "40001")  # two who waited for each other; one of them was sent away
BARE = {
    404: (
        "There is no shop at this address",
        "Please check the address, or ask the person who gave it to you.",
    ),
    408: (
        "That did not arrive as a whole",
        "The rest of what was sent did not come in time. Nothing was changed; please send it again.",
    ),
    413: (
        "That is too much at once",
        "What was sent is larger than this page takes. Please send a smaller file or a shorter text.",
    ),
    414: ("This address is too long", "Please go back and ask for less at once."),
    503: (
        "We are back in a moment",
        "Something we need does not answer right now. Nothing was lost; please try again shortly.",
    ),
}

WORDS = {
    400: (
        for_later("That did not arrive as it should"),
        for_later("Please go back, reload the page and send it again."),
    ),
    403: (for_later("That is refused"), for_later("Please go back, reload the page and send it again.")),
    405: (
        for_later("There is no page at this address"),
        for_later(
            "A form sends to it, and nothing was changed now. Please go back to the page with the form."
        ),
    ),
    413: (
        for_later("That is too much at once"),
        for_later(
            "What was sent is larger than this page takes. Please send a smaller file or a shorter text."
        ),
    ),
    415: (
        for_later("That is no form of ours"),
        for_later("Please go back, reload the page and send it again."),
    ),
}
"""What is said of a request that HTTP itself refuses, and how it goes on."""


def bare(environ: WSGIEnvironment, start_response: StartResponse, status: int) -> Iterable[bytes]:
    """A page without shop, theme and database."""
    title, words = BARE[status]
    body = (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{title}</title><main><h1>{title}</h1><p>{words}</p>"
        f"<p><small>{environ.get('storefront.request_id', '')}</small></p></main></html>"
    )
    headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
        ("Referrer-Policy", "same-origin"),
    ]
    if status == 503:
        headers.append(("Retry-After", "5"))
    start_response(f"{status} {HTTPStatus(status).phrase}", headers)
    return [body.encode()]


def wants_json() -> bool:
    """Programs ask for JSON."""
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


def answer(status: int, title: str, words: str) -> Response:
    """The refusal as a page or as problem+json (RFC 9457); what may pass says when to ask again."""
    response = _answer(status, title, words)
    if status == 503:
        response.headers.setdefault("Retry-After", "5")
    return response


def _answer(status: int, title: str, words: str) -> Response:
    if wants_json() or "shop" not in g:
        problem = {
            "type": "about:blank",
            "title": title,
            "status": status,
            "detail": words,
            "instance": g.get("request_id", ""),
        }
        return Response(json.dumps(problem), status, content_type="application/problem+json")
    values = {"title": title, "words": words, "status_code": status, "console_url": console_url()}
    values["looking"] = pages.looking()
    return pages.render("portal/error.html", status, **values)  # type: ignore[return-value]  it is Flask's own


def console_url() -> str | None:
    """The first page of the console that somebody of its staff is in, the way on from its errors."""
    side = request.path.split("/")[1]
    sides = {"reseller": Side.RESELLER, "distributor": Side.DISTRIBUTOR}
    return (
        f"{the_shop().base}/{side}/"
        if side in sides and visitor().side is sides[side] or pages.looking()
        else None
    )


def install(app: Flask) -> None:
    """Puts the handlers on the application."""

    @app.errorhandler(Refusal)
    def _refused(refusal: Refusal) -> Response:
        if isinstance(refusal, ShopClosed) and not wants_json():
            mine = visitor().side is Side.CUSTOMER and visitor().reseller_id == the_shop().reseller_id
            return pages.render("portal/closed.html", refusal.status, title=_(refusal.title), mine=mine)  # type: ignore[return-value]  it is Flask's own
        return answer(refusal.status, _(refusal.title), str(refusal))

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response:
        if error.code == 404:
            return answer(404, _("Not found"), _("We could not find this page."))
        if error.code in (301, 302, 303, 307, 308):
            return error.get_response()  # type: ignore[return-value]  Flask takes Werkzeug's own too
        title, words = WORDS.get(error.code or 500, WORDS[400])
        own = error.description != type(error).description  # said by whoever refused it
        return answer(error.code or 500, _(title), (error.description or "") if own else _(words))

    @app.errorhandler(DBAPIError)
    @app.errorhandler(PoolTimeout)
    def _database(error: Exception) -> Response:
        if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in IN_EACH_OTHERS_WAY:
            log.warning("web.overtaken", error=str(error.orig), request_id=g.get("request_id"))
            words = _(
                "Somebody else changed the same at this very moment. Nothing was saved; please try again."
            )
            return answer(Conflict.status, _(Conflict.title), words)
        db.make_room(error)
        log.warning("web.database", error=str(error), request_id=g.get("request_id"))
        return answer(503, *map(_, BARE[503]))

    @app.errorhandler(IntegrityError)
    def _overtaken(error: IntegrityError) -> Response:
        """The same row, written by two at once, unforeseen by its rule; any other is our mistake."""
        if getattr(error.orig, "sqlstate", None) != TWICE:
            return _bug(error)
        log.warning("web.overtaken", error=str(error.orig), request_id=g.get("request_id"))
        words = _(
            "The same was saved at this very moment, perhaps by a second click. This one changed nothing."
        )
        return answer(Conflict.status, _(Conflict.title), words)

    @app.errorhandler(DataError)
    @app.errorhandler(Exception)
    def _bug(error: Exception) -> Response:
        log.exception("web.bug", request_id=g.get("request_id"), path=request.path)
        words = _(
            "This is our mistake, and it is written down under the number below."
            " Nothing was ordered or charged by this page."
        )
        return answer(500, _("Something went wrong"), words)
