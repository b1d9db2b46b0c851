"""Somebody at a browser: signs in through the page, follows forms with their token, sees the answer as
text."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import Client, TestResponse

from tests.mail.conftest import office, post  # noqa: F401 a real mail server
from tests.portal.conftest import cards, stripe  # noqa: F401 one sandbox of the gateway for all
from tests.visits import make_app
from tests.world import HOST, PASSWORD, World

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Person:
    """A browser of one person at one shop (`at`: the part of the path that leads to it)."""

    client: Client
    at: str = ""
    host: str = HOST
    token: str = field(default="")

    def get(self, path: str, **options: Any) -> TestResponse:
        answer = self.client.get(f"{self.at}{path}", base_url=f"http://{self.host}", **options)
        if found := TOKEN.search(answer.text):
            self.token = html.unescape(found[1])
        return answer

    def post(self, path: str, **form: Any) -> TestResponse:
        values = {"csrf_token": self.token, **form}
        return self.client.post(f"{self.at}{path}", data=values, base_url=f"http://{self.host}")

    def sees(self, path: str, *words: str) -> str:
        """The page's text; fails unless it is there with all the words."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text[-2000:]
        text = html.unescape(answer.text)
        for word in words:
            assert word in text, f"{word!r} is not on {path}"
        return text

    def places(self, path: str, **form: Any) -> str:
        """Posts, expects to be led on, and says where to."""
        answer = self.post(path, **form)
        assert answer.status_code == 303, html.unescape(answer.text)[-3000:]
        return answer.headers["Location"].removeprefix(f"http://{self.host}").removeprefix(self.at)


@pytest.fixture
def flask_app(world: World) -> Flask:
    return make_app()


@pytest.fixture
def sign_in(world: World, flask_app: Flask) -> Callable[..., Person]:
    """sign_in("bea") is Bea of Brightfield at the distributor's shop."""

    def signed(person: str, at: str = "") -> Person:
        who = Person(flask_app.test_client(), at)
        assert who.post("/sign-in", email=f"{person}@people.example", password=PASSWORD).status_code == 303
        who.get("/reseller/plans")
        return who

    return signed


@pytest.fixture
def bea(sign_in: Callable[..., Person]) -> Person:
    """Bea runs Brightfield, which is on Basic."""
    return sign_in("bea")


@pytest.fixture
def hugo(sign_in: Callable[..., Person]) -> Person:
    """Hugo runs Harbour, another reseller."""
    return sign_in("hugo")
