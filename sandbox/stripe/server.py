"""The sandbox as one WSGI application: Stripe's API under /v1, the payer's pages under /c, the controls under
/_sandbox. The API part finds the account, obeys its mood, and does the operation once per idempotency key."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from . import API_VERSION, customers, disputes, endpoints, events, idempotency, payments, refunds, sessions
from .accounts import Accounts
from .controls import Controls
from .deliveries import Postman
from .expansion import expand
from .moods import Moods
from .operations import Operation
from .pages import Pages
from .parameters import nest
from .refusals import Json, Refusal, out_of_order, unknown_address
from .store import Store, new_id

OPERATIONS = [
    *customers.OPERATIONS,
    *sessions.OPERATIONS,
    *payments.OPERATIONS,
    *refunds.OPERATIONS,
    *disputes.OPERATIONS,
    *events.OPERATIONS,
    *endpoints.OPERATIONS,
]
LARGEST_FORM = 1_000_000


@dataclass(frozen=True)
class Settings:
    folder: Path
    accounts: tuple[str, ...] = ()
    webhook_url: str | None = None
    public_url: str | None = None
    record: bool = False


@dataclass(frozen=True)
class Answer:
    status: int
    body: str
    request_id: str
    replayed: bool = False


class Sandbox:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = Store(settings.folder)
        self.moods = Moods(self.store)
        self.accounts = Accounts(self.store, settings.accounts, settings.webhook_url)
        self.postman = Postman(self.store, self.moods)
        self.keys = idempotency.KeysInUse()
        self.pages = Pages(self.store, self.moods, self.postman, settings.public_url)
        self.controls = Controls(self.store, self.moods, self.postman, self.pages)
        self.addresses = Map(
            [Rule(each.path, methods=[each.method], endpoint=each) for each in OPERATIONS],
            strict_slashes=False,
        )

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = LARGEST_FORM
        try:
            response = self.respond(request)
        except HTTPException as problem:
            response = problem.get_response(environ)
        return response(environ, start_response)

    def respond(self, request: Request) -> Response:
        if request.path.startswith("/v1/"):
            return self.api(request)
        if request.path.startswith("/c/"):
            return self.pages.respond(request)
        if request.path.startswith("/_sandbox"):
            return self.controls.respond(request)
        return redirect("/_sandbox/", 303)

    def api(self, request: Request) -> Response:
        request_id, account = new_id("req_", 14), None
        try:
            account = self.accounts.of_key(key_of(request))
            answer = self.answer(request, account, request_id)
        except Refusal as refusal:
            answer = Answer(refusal.status, json.dumps(refusal.body()), request_id)
        if self.settings.record:
            self.note(request, account, answer)
        return dressed(request, answer, request_id)

    def answer(self, request: Request, account: str, request_id: str) -> Answer:
        mood = self.moods.of(account)["api"]
        if mood["mode"] == "down":
            raise Refusal("The sandbox was told to be down.", status=503, kind="api_error", saved=False)
        operation, ids = self.match(request)
        answer = self.once(request, account, request_id, operation, ids)
        self.postman.ring()
        if mood["mode"] == "commit_then_hang_up" and request.method == "POST":
            # The server closes the connection without a word: done, and nobody was told.
            raise ConnectionResetError
        return answer

    def match(self, request: Request) -> tuple[Operation, dict[str, str]]:
        try:
            operation, ids = self.addresses.bind("sandbox").match(request.path, method=request.method)
        except HTTPException:
            raise unknown_address(request.method, request.path) from None
        return operation, dict(ids)

    def once(
        self, request: Request, account: str, request_id: str, operation: Operation, ids: dict[str, str]
    ) -> Answer:
        key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
        pairs = pairs_of(request)
        mark = idempotency.fingerprint(request.method, request.path, pairs)
        facts = {
            "request_id": request_id,
            "idempotency_key": key,
            "base_url": self.settings.public_url or request.host_url.rstrip("/"),
            "webhook_mood": self.moods.of(account)["webhooks"],
        }
        with self.keys.hold(account, key):
            self.dawdle(account)
            if key:
                with self.store.act(account, **facts) as act:
                    saved = idempotency.recall(act, mark)
                if saved:
                    return Answer(saved.status, saved.body, saved.request_id, replayed=True)
            params = operation.shape.read(nest(pairs), "")
            try:
                return self.run(account, facts, operation, params, ids, mark)
            except Refusal as refusal:
                if key and refusal.saved:
                    with self.store.act(account, **facts) as act:
                        idempotency.save(act, mark, refusal.status, refusal.body())
                raise

    def dawdle(self, account: str) -> None:
        """Stall while the key is held: a second request with it meets the first, as it would at Stripe."""
        mood = self.moods.of(account)["api"]
        if mood["mode"] == "slow":
            time.sleep(mood["seconds"])

    def run(
        self, account: str, facts: Json, operation: Operation, params: Json, ids: dict[str, str], mark: str
    ) -> Answer:
        """Do it and remember its answer in one transaction, so that a kill leaves both or neither."""
        reading = operation.method == "GET"
        with self.store.look(account) if reading else self.store.act(account, **facts) as act:
            body = expand(act, operation.run(act, params, **ids), params.get("expand", []))
            status = 200
            if self.moods.of(account)["api"]["mode"] == "commit_then_500" and operation.method == "POST":
                status, body = 500, out_of_order().body()
            if facts["idempotency_key"]:
                idempotency.save(act, mark, status, body)
        return Answer(status, json.dumps(body), facts["request_id"])

    def note(self, request: Request, account: str | None, answer: Answer) -> None:
        """For tests: what was asked and answered, without the secret key."""
        headers = {
            name: value
            for name, value in request.headers.items()
            if name in ("Idempotency-Key", "Stripe-Version")
        }
        row = (
            account,
            request.method,
            request.path,
            request.query_string.decode(),
            json.dumps(list(request.form.items(multi=True))),
            json.dumps(headers),
            answer.status,
            answer.body,
        )
        with self.store.act() as act:
            act.db.execute(
                "INSERT INTO requests (account, method, path, query, form, headers, status, answer) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )


def key_of(request: Request) -> str | None:
    given = request.authorization
    if given is None:
        return None
    return given.token if given.type == "bearer" else given.username


def pairs_of(request: Request) -> list[tuple[str, str]]:
    source = request.args if request.method == "GET" else request.form
    return list(source.items(multi=True))


def dressed(request: Request, answer: Answer, request_id: str) -> Response:
    response = Response(answer.body, answer.status, mimetype="application/json")
    response.headers["Request-Id"] = request_id
    response.headers["Stripe-Version"] = request.headers.get("Stripe-Version", API_VERSION)
    if "Idempotency-Key" in request.headers:
        response.headers["Idempotency-Key"] = request.headers["Idempotency-Key"]
        response.headers["Original-Request"] = answer.request_id
    if answer.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response
