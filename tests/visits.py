"""Somebody at a browser without a screen: signs in, follows pages, sends forms with the token of the page."""

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

import app
from core import logs
from core.settings import settings
from storefront import access
from tests.world import HOST, PASSWORD

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def make_app() -> Flask:
    """The application as a server would make it, one for all tests with the same settings: making it takes
    longer than most pages. What is about its start, or adds to it, makes one by `app.create_app`."""
    made = _made(str(settings().model_dump()))
    logs.set_up(access.of_the_request)  # for the output of this test
    return made


@cache
def _made(_chosen: str) -> Flask:
    return app.create_app()


@dataclass
class Visit:
    """One browser at one shop; `at` is the shop's path, as in "/brightfield"."""

    app: Flask
    at: str = ""
    host: str = HOST
    token: str = ""
    client: Any = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.app.test_client()

    def sign_in(self, person: str) -> "Visit":
        """As PERSON@people.example; keeps the token that unsafe requests need."""
        answer = self.client.post(
            self.url("/sign-in"), data={"email": f"{person}@people.example", "password": PASSWORD}
        )
        assert answer.status_code == 303, (
            f"{person} cannot sign in at {self.host}{self.at}: {answer.status_code}"
        )
        found = TOKEN.search(self.get("/choose").text)
        assert found, "the page has no form with a token"
        self.token = found[1]
        return self

    def url(self, path: str) -> str:
        """The address of a path of this shop."""
        return f"http://{self.host}{self.at}{path}"

    def get(self, path: str, **query: Any) -> TestResponse:
        """A page."""
        return self.client.get(self.url(path), query_string=query or None)

    def post(self, path: str, data: Any = None, **more: Any) -> TestResponse:
        """A form, with its token."""
        return self.client.post(self.url(path), data={"csrf_token": self.token} | dict(data or {}), **more)
