"""Opens a request: host, first path segment and cookies become a shop and a visitor in one statement
(decision 3). A reseller's alias is shifted to SCRIPT_NAME, so that every URL keeps it. Unknown
hosts are refused."""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from http.cookies import CookieError, SimpleCookie
from typing import Any
from uuid import UUID
from wsgiref.types import StartResponse, WSGIEnvironment

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core import db, doors
from core.ids import new_code, token_hash
from core.sessions import TOUCH
from core.settings import settings
from core.tenancy import Scope, Side
from partners.storefronts import OPEN_REQUEST
from whitelabel_themes.loader import Theme, themes
from whitelabel_themes.schema import Settings

log = structlog.get_logger("shop")

Wsgi = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]
UNSHOPPED = ("/static/", "/webhooks/")
MACHINES = frozenset({"/livez", "/readyz", "/healthz", "/metrics", "/favicon.ico"})


@dataclass(frozen=True)
class Shop:
    """The shop of this request, as the database opened it."""

    distributor_id: UUID
    distributor_name: str
    offset: timedelta
    sandbox: bool
    catalogue_version: UUID
    storefront_id: UUID
    reseller_id: UUID
    code: str
    alias: str | None
    name: str
    theme_name: str
    logo: str | None
    currency: str
    version: UUID
    shelf_version: UUID
    house: bool
    seller: str
    host: str
    base: str
    settings_text: str
    closed: bool
    prices_public: bool = True

    @property
    def cookie(self) -> str:
        """Name of this shop's session cookie; __Host- wherever https makes it possible."""
        return f"__Host-s-{self.code}" if settings().public_url.startswith("https://") else f"s-{self.code}"

    @cached_property
    def looks(self) -> tuple[Theme, Settings]:
        """Theme and validated settings; parsed once per version."""
        return looks(self.storefront_id, self.version, self.theme_name, self.settings_text)

    @property
    def theme(self) -> Theme:
        """The shop's theme."""
        return self.looks[0]

    @property
    def settings(self) -> Settings:
        """The theme's settings."""
        return self.looks[1]

    @property
    def legal_name(self) -> str:
        """Who sells here."""
        return self.distributor_name if self.house else self.seller

    @property
    def logo_url(self) -> str | None:
        """The re-encoded logo, named by its content."""
        return f"{self.base}/images/{self.logo}.png" if self.logo else None

    @property
    def theme_css_url(self) -> str:
        """The tokens of this version; the address changes with the settings, so it may be kept for ever."""
        return f"{self.base}/theme/{self.version.hex}.css"

    # The foot of a page has room for both; only mails know them so far (storefront/mailer.py).
    address = None
    support_email = None


_looks: dict[tuple[UUID, UUID], tuple[Theme, Settings]] = {}


def looks(storefront_id: UUID, version: UUID, theme_name: str, settings_text: str) -> tuple[Theme, Settings]:
    """Kept in process under the version."""
    key = (storefront_id, version)
    if key not in _looks:
        if len(_looks) > 2000:
            _looks.clear()
        theme = themes().get(theme_name) or themes()["aurora"]
        _looks[key] = theme, theme.validate(json.loads(settings_text or "{}"))
    return _looks[key]


@dataclass(frozen=True)
class Viewing:
    """Whose console somebody of the distributor's staff looks at, from this session; `over`: no longer
    (partners/viewings.py)."""

    id: UUID
    until: datetime
    over: bool
    reseller_id: UUID
    price_list_id: UUID
    name: str


@dataclass(frozen=True)
class Visitor:
    """The person at the browser, known or not, and the standing in which they are here. `must_set_up`: their
    role needs a second factor, and they have none (core/sign_in_rules.py)."""

    session_id: UUID | None = None
    csrf: str = ""
    person_id: UUID | None = None
    membership_id: UUID | None = None
    side: Side = Side.PUBLIC
    reseller_id: UUID | None = None
    customer_id: UUID | None = None
    price_list_id: UUID | None = None
    roles: tuple[str, ...] = ()
    name: str = ""
    email: str = ""
    standing: str = ""
    basket: int = 0
    must_set_up: bool = False
    viewing: Viewing | None = None
    must_agree: bool = False

    @property
    def signed_in(self) -> bool:
        """Whether there is a session with a living membership."""
        return self.membership_id is not None

    @property
    def initials(self) -> str:
        """Two letters for the avatar."""
        return "".join(word[0] for word in self.name.split()[:2]).upper()


NOBODY = Visitor()


class Opener:
    """WSGI middleware around the application: puts `storefront.shop` and `storefront.visitor` into the
    environment."""

    def __init__(
        self, inner: Wsgi, refuse: Callable[[WSGIEnvironment, StartResponse, int], Iterable[bytes]]
    ) -> None:
        self.inner = inner
        self.refuse = refuse

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Opens the request, or answers 404 for an unknown host and 503 while the database is away."""
        environ["storefront.request_id"] = new_code("REQ", 10)
        environ["storefront.began"] = time.perf_counter()
        path = environ.get("PATH_INFO", "/")
        if path in MACHINES or path.startswith(UNSHOPPED):
            return self.inner(environ, start_response)
        if "\x00" in path:
            return self.refuse(environ, start_response, 404)
        try:
            found = self.open(environ, path)
        except (DBAPIError, PoolTimeout) as error:
            db.make_room(error)
            log.warning("shop.database_away", error=str(error), request_id=environ["storefront.request_id"])
            return self.refuse(environ, start_response, 503)
        if not found:
            return self.refuse(environ, start_response, 404)
        return self.inner(environ, start_response)

    def open(self, environ: WSGIEnvironment, path: str) -> bool:
        """One statement; True when the host leads to a shop."""
        host = host_of(environ)
        segment = path.split("/", 2)[1] if len(path) > 1 else ""
        row = doors.call(
            OPEN_REQUEST,
            {
                "p_host": host,
                "p_segment": segment,
                "p_tokens": b"".join(token_hash(token) for token in tokens(environ)),
            },
        )
        if row is None:
            return False
        base = environ.get("SCRIPT_NAME", "")
        if row.alias and row.alias == segment:
            base = environ["SCRIPT_NAME"] = f"{base}/{segment}"
            environ["PATH_INFO"] = path[len(segment) + 1 :] or "/"
        environ["storefront.shop"] = Shop(
            row.distributor_id,
            row.distributor_name,
            row.business_offset,
            row.sandbox,
            row.catalogue_version,
            row.storefront_id,
            row.reseller_id,
            row.code,
            row.alias,
            row.name,
            row.theme,
            row.logo,
            row.currency,
            row.version,
            row.shelf_version,
            row.house,
            row.seller,
            host,
            base,
            row.settings,
            row.closed,
            row.prices_public,
        )
        environ["storefront.visitor"] = visitor(row)
        if row.session_id and row.stale:
            doors.call(TOUCH, {"p_session": row.session_id})
        return True


def visitor(row: Any) -> Visitor:
    """The visitor of an opened request."""
    if row.membership_id is None:
        return NOBODY
    return Visitor(
        row.session_id,
        row.csrf,
        row.person_id,
        row.membership_id,
        Side(row.side),
        row.m_reseller_id,
        row.m_customer_id,
        row.price_list_id,
        tuple(row.roles),
        row.person_name,
        row.person_email,
        row.standing_name,
        int(row.basket),
        bool(row.must_set_up),
        row.viewing_id and viewing(row),
        bool(row.must_agree),
    )


def viewing(row: Any) -> Viewing:
    """Whom the visitor of an opened request looks at."""
    return Viewing(
        row.viewing_id, row.viewing_until, row.viewing_over, row.viewed_id, row.viewed_prices, row.viewed_name
    )


def host_of(environ: WSGIEnvironment) -> str:
    """The host without its port, lower case."""
    host = environ.get("HTTP_HOST") or environ.get("SERVER_NAME", "")
    return host.rsplit(":", 1)[0].lower() if not host.startswith("[") else host.split("]")[0] + "]"


def tokens(environ: WSGIEnvironment) -> list[str]:
    """Session tokens the browser sent, of whichever shops; the database takes the one of this shop only."""
    raw = environ.get("HTTP_COOKIE", "")
    if "s-" not in raw:
        return []
    try:
        cookies = SimpleCookie(raw)
    except CookieError:
        return []
    return [
        morsel.value
        for name, morsel in cookies.items()
        if name.startswith(("s-", "__Host-s-")) and len(morsel.value) < 100
    ][:20]


def scope_for(shop: Shop, who: Visitor, surface: Side, request_id: str) -> Scope:
    """The narrowest scope of a surface: a console works as its side; a portal as the customer who is here, or
    as the public of this shop."""
    common = {"offset": shop.offset, "request_id": request_id, "person_id": who.person_id}
    if surface is Side.DISTRIBUTOR:
        return Scope(Side.DISTRIBUTOR, shop.distributor_id, **common)
    if surface is Side.RESELLER:
        return Scope(
            Side.RESELLER,
            shop.distributor_id,
            who.reseller_id,
            price_list_id=who.price_list_id,
            viewing_id=who.viewing.id if who.viewing else None,
            **common,
        )
    if who.side is Side.CUSTOMER and who.reseller_id == shop.reseller_id:
        return Scope(Side.CUSTOMER, shop.distributor_id, shop.reseller_id, who.customer_id, **common)
    return Scope(Side.PUBLIC, shop.distributor_id, shop.reseller_id, **common)
