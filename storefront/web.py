"""The WSGI application: blueprints of the three surfaces, the opener around them, and what holds for every
request: one token check for every unsafe method, strict headers, health."""

import hmac
import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIEnvironment

import click
from flask import Flask, Response, abort, g, request
from flask.cli import ScriptInfo
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as BaseResponse

from core import languages, logs
from core.languages import _
from core.settings import require_safe, settings
from storefront import (
    access,
    appearance,
    bodies,
    commands,
    errors,
    evidence_files,
    health,
    lifeline,
    pages,
    schema,
    visitors,
    webhooks,
)
from storefront.distributor import console as distributor_console
from storefront.portal import portal
from storefront.reseller import console as reseller_console
from storefront.shop import Opener
from storefront.visitors import leave

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
NO_TEXT = re.compile("[\x00-\x08\x0e-\x1f]")
LARGEST = 6 * 1024 * 1024  # bytes of a body, where no view says otherwise
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class Whole(Response):
    """An answer that is handed to the server in one piece where it is one: streaming 20 KB costs a quarter of
    a shelf's time."""

    ours: tuple[tuple[str, str], ...] = ()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """A list of one piece, or whatever a stream needs."""
        pieces, status, headers = self.get_wsgi_response(environ)
        said = {name.lower() for name, _ in headers}
        headers.extend(header for header in self.ours if header[0].lower() not in said)
        start_response(status, headers)
        if not self.is_sequence or self.direct_passthrough:
            return pieces
        body = b"".join(pieces)
        self.close()
        return [body]


def create_app() -> Flask:
    """The application of one process; the start is refused with all reasons in words (QS2). The command line
    makes it too, to find its commands: there those that serve or work refuse by themselves, so that
    `migrate` and `doctor` can mend what is wrong."""
    require_safe(administrating=on_the_command_line())
    logs.set_up(access.of_the_request)
    if not on_the_command_line():
        lifeline.follow_the_server()  # first: looking at the database may take long
        schema.refuse_unsafe_database()
    app = Flask("storefront", static_folder=None)
    app.response_class = Whole
    app.config.update(MAX_CONTENT_LENGTH=LARGEST, MAX_FORM_MEMORY_SIZE=512 * 1024, MAX_FORM_PARTS=2000)
    app.json.sort_keys = False  # pyright: ignore[reportAttributeAccessIssue]  Flask's own provider has it
    pages.install(app)
    errors.install(app)
    app.before_request(begin)
    app.teardown_request(lambda _error: leave())
    app.after_request(finish)
    for blueprint in (health.health, webhooks.webhooks, portal, reseller_console, distributor_console):
        app.register_blueprint(blueprint)
    commands.install(app)
    app.wsgi_app = Opener(app.wsgi_app, errors.bare)
    largest = max(LARGEST, evidence_files.MOST_SENT, *pages.LARGE_UPLOADS.values())
    app.wsgi_app = bodies.Bodies(app.wsgi_app, errors.bare, largest)
    if settings().trusted_proxies:
        hops = settings().trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)
    return app


def on_the_command_line() -> bool:
    """Whether `flask` made us for one of its commands; `flask run` serves, and so does a server with a
    command line of its own (granian's workers are forked from within it)."""
    context = click.get_current_context(silent=True)
    return context is not None and context.find_object(ScriptInfo) is not None and context.info_name != "run"


def begin() -> BaseResponse | None:
    """Before every view: the opened shop and visitor, the token of an unsafe method, and whoever has to set
    up a second factor before anything else."""
    g.request_id = request.environ.get("storefront.request_id", "")
    shop = request.environ.get("storefront.shop")
    if shop is None:
        return None
    g.shop, g.visitor = shop, request.environ["storefront.visitor"]
    g.appearance = appearance.wanted(request.environ, shop)
    languages.speak(g.appearance.language)
    if (most := pages.LARGE_UPLOADS.get(request.endpoint or "")) is not None:
        request.max_content_length = most
    refuse_what_no_text_can_hold()
    if request.method not in SAFE:
        check_origin()
        check_token()
    return visitors.second_factor_first()


def refuse_what_no_text_can_hold() -> None:
    """Control signs are in no address and no field that a person fills in; PostgreSQL refuses the first of
    them, XML (workbooks, sitemaps, papers) nearly all: a mistake of the asker, not of ours."""
    safe = request.method in SAFE
    if safe and b"%00" not in request.query_string:  # the usual page, without a look at each field
        return
    said = [*request.args.items(multi=True), *(() if safe else request.form.items(multi=True))]
    if any(NO_TEXT.search(name) or NO_TEXT.search(value) for name, value in said):
        abort(400, _("This request holds a character that no text can hold."))


def check_origin() -> None:
    """A form of another site is refused, whoever is signed in."""
    origin = request.headers.get("Origin")
    if origin not in (None, "null") and host_in(origin or "") != request.host.lower():
        abort(403, _("This form was sent from another site."))
    if origin == "null" or request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
        abort(403, _("This form was sent from another site."))


def host_in(address: str) -> str:
    """The host of an address, with its port; empty for what is none."""
    try:
        return urlsplit(address).netloc.lower()
    except ValueError:
        return ""


def check_token() -> None:
    """The session's token must come back with every unsafe request of somebody signed in."""
    expected = g.visitor.csrf
    said = request.form.get("csrf_token", request.headers.get("X-CSRF-Token", ""))
    if expected and not hmac.compare_digest(said.encode(), expected.encode()):
        abort(400, _("This form is too old. Please go back, reload the page and send it again."))


def finish(response: Whole) -> Whole:
    """Headers of every answer, where the view did not set its own; private pages are stored nowhere."""
    secure = settings().public_url.startswith("https://")
    response.ours = headers(framed=g.get("framed", False), forms=g.get("form_targets", ()), secure=secure)
    if g.get("appearance", appearance.AS_IT_COMES).fresh:
        appearance.remember(response, g.shop, g.appearance)
    if g.get("request_id"):
        response.ours = (*response.ours, ("X-Request-Id", g.request_id))
    access.write(response)
    return response


@lru_cache(maxsize=500)
def headers(
    *, framed: bool, forms: tuple[str, ...] = (), secure: bool = False
) -> tuple[tuple[str, str], ...]:
    """What every answer says. `secure`: browsers reach us by https, and are to keep to it; browsers take that
    from a host for itself alone, so a reseller's other hosts are its own business."""
    return (
        *((("Strict-Transport-Security", "max-age=31536000"),) if secure else ()),
        ("Content-Security-Policy", policy(framed=framed, forms=forms)),
        *HEADERS.items(),
        ("Cache-Control", "no-store"),
        ("Vary", "Host, Cookie"),
    )


def policy(*, framed: bool, forms: tuple[str, ...] = ()) -> str:
    """Content-Security-Policy: nothing inline, nothing foreign; forms may lead to the gateway's page, and the
    account chooser's to the shops that it lists; only the theme studio frames us."""
    places = ("'self'", "https://checkout.stripe.com", settings().stripe_sandbox_url, *forms)
    return (
        "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; font-src 'self';"
        " connect-src 'self'; frame-src 'self';"
        f" form-action {' '.join(filter(None, places))};"
        f" frame-ancestors {chr(39)}{'self' if framed else 'none'}{chr(39)}; base-uri 'none'"
    )
