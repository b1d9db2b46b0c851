"""A browser without a screen at Brightfield's open shop, the card gateway's sandbox, and the people of the
world signed in."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from billing.gateways import Gateway
from core import db
from storefront.fragments import FRAGMENTS
from tests.mail.conftest import office, post  # noqa: F401 a real mail server
from tests.sandbox.stripe.world import BROWSER, StripeSandbox, new_account
from tests.visits import make_app
from tests.world import HOST, PASSWORD, World, open_portal

SHOP = f"http://{HOST}"
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


@dataclass
class Browser:
    """One browser; `at` is where the shop begins ("" or "/brightfield")."""

    client: FlaskClient
    at: str

    def get(self, path: str, **options: object) -> TestResponse:
        """A page of the shop."""
        return self.client.get(self.at + path, base_url=SHOP, **options)

    def see(self, path: str) -> str:
        """The words of a page that must be there."""
        page = self.get(path)
        assert page.status_code == 200, (path, page.status, page.text[-2000:])
        return page.text

    def post(self, path: str, on: str = "", **fields: object) -> TestResponse:
        """Sends the form of a page: its hidden fields, the token, and what is typed."""
        shown = self.get(on or path).text
        hidden = dict(HIDDEN.findall(shown)) if on else {}
        token = TOKEN.search(shown) or TOKEN.search(self.get("/").text)
        values = hidden | ({"csrf_token": token[1]} if token else {}) | fields
        return self.client.post(self.at + path, base_url=SHOP, data=values)

    def sign_in(self, person: str) -> "Browser":
        """Signs in with the password that everybody has in tests."""
        answer = self.client.post(
            f"{self.at}/sign-in",
            base_url=SHOP,
            data={"email": f"{person}@people.example", "password": PASSWORD},
        )
        assert answer.status_code == 303, answer.text
        return self

    def buys(self, product_code: str, plan_id: object, quantity: int) -> str:
        """From the product's page to the placed order; its code."""
        assert self.post("/basket", product=product_code, plan=plan_id, quantity=quantity).status_code == 303
        placed = self.post("/checkout", on="/checkout")
        assert placed.status_code == 303, placed.text
        return placed.location.split("/orders/")[1].split("/")[0]

    @property
    def cookie(self) -> str:
        """The token of this browser's session."""
        return next(iter((self.client._cookies or {}).values())).value

    @property
    def cookie_name(self) -> str:
        """What this shop calls it."""
        return next(iter((self.client._cookies or {}).values())).key

    def follow(self, url: str) -> TestResponse:
        """An absolute address of this shop, as the gateway sends one back to."""
        parts = urlsplit(url)
        return self.client.get(parts.path, query_string=parts.query, base_url=SHOP)


@pytest.fixture
def web(world: World) -> Flask:
    """The application over the world's database."""
    FRAGMENTS.clear()
    return make_app()


@pytest.fixture
def shop(web: Flask, world: World) -> Callable[..., Browser]:
    """Opens a fresh browser at a shop: shop("brightfield"), shop() for the distributor's own."""

    def browser(reseller: str = "") -> Browser:
        if reseller and reseller not in world.storefronts:
            open_portal(world, reseller)
        return Browser(web.test_client(), f"/{reseller}" if reseller else "")

    return browser


@pytest.fixture
def anna(shop: Callable[..., Browser]) -> Browser:
    """Anna of Acme, signed in at Brightfield's shop."""
    return shop("brightfield").sign_in("anna")


@pytest.fixture(scope="session")
def stripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StripeSandbox]:
    """The gateway's sandbox: a real process."""
    sandbox = StripeSandbox(tmp_path_factory.mktemp("stripe"))
    yield sandbox
    sandbox.stop()


@dataclass
class Cards:
    """The distributor's account at the sandbox, and a payer in front of its page."""

    sandbox: StripeSandbox

    def pay(self, url: str, card: str = "4242424242424242") -> str:
        """Types a card into the hosted page; where it leads, or "" when the page stays (declined)."""
        typed = {
            "card": card,
            "expiry": "12 / 40",
            "cvc": "123",
            "name": "Anna",
            "email": "anna@people.example",
        }
        answer = BROWSER.post(url, data=typed, follow_redirects=False)
        return answer.headers.get("location", "")


@pytest.fixture
def cards(stripe: StripeSandbox, world: World) -> Cards:
    """The world's gateway is the sandbox, with an account of its own."""
    account = new_account(stripe, "whsec_" + "t" * 32)
    with world.acting():
        gateway = db.session().scalars(select(Gateway)).one()
        gateway.account_id, gateway.secret_key, gateway.api_base = (
            account.account_id,
            account.secret_key,
            account.api_base,
        )
    return Cards(stripe)


@contextmanager
def counted() -> Iterator["Statements"]:
    """The statements that the driver sends inside, BEGIN and COMMIT aside; `commits` counts the latter."""
    seen = Statements()
    execute, commit = psycopg.Cursor.execute, psycopg.Connection.commit

    def watched(
        cursor: psycopg.Cursor[object], query: str | bytes, *arguments: object, **options: object
    ) -> object:
        seen.append(query.decode() if isinstance(query, bytes) else str(query))
        return execute(cursor, query, *arguments, **options)  # type: ignore[arg-type]  handed on as it came

    def counting(connection: psycopg.Connection[object]) -> None:
        seen.commits += 1
        commit(connection)  # type: ignore[arg-type]  handed on as it came

    psycopg.Cursor.execute, psycopg.Connection.commit = watched, counting  # type: ignore[assignment]  a watched driver
    try:
        yield seen
    finally:
        psycopg.Cursor.execute, psycopg.Connection.commit = execute, commit


class Statements(list[str]):
    """What ran, and how often something was committed."""

    commits = 0


def query_of(url: str) -> dict[str, str]:
    """The query of an address."""
    return dict(parse_qsl(urlsplit(url).query))
