"""The sandbox's own controls under /_sandbox: moods, paying without a browser, sending events again, and
counts for whoever checks that nothing was lost. JSON in and out; the same acts as forms on one page."""

import json
import random
from collections.abc import Callable
from typing import Any, cast

from werkzeug.exceptions import BadRequest, Forbidden
from werkzeug.routing import Map, Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from . import books, cards, deliveries, disputes, endpoints, events, payments, refunds, sessions
from .deliveries import Postman
from .moods import API, EVERYONE, WEBHOOKS, BadMood, Moods
from .pages import Pages
from .refusals import Json, Refusal
from .store import Act, Store

ADDRESSES = Map(
    [
        Rule("/_sandbox/", endpoint="index", methods=["GET"]),
        Rule("/_sandbox/state", endpoint="state", methods=["GET"]),
        Rule("/_sandbox/payments", endpoint="payments", methods=["GET"]),
        Rule("/_sandbox/requests", endpoint="requests", methods=["GET"]),
        Rule("/_sandbox/moods", endpoint="moods", methods=["GET", "POST"]),
        Rule("/_sandbox/pay", endpoint="pay", methods=["POST"]),
        Rule("/_sandbox/expire", endpoint="expire", methods=["POST"]),
        Rule("/_sandbox/dispute", endpoint="dispute", methods=["POST"]),
        Rule("/_sandbox/endpoint", endpoint="endpoint", methods=["POST"]),
        Rule("/_sandbox/refund", endpoint="refund", methods=["POST"]),
        Rule("/_sandbox/resend", endpoint="resend", methods=["POST"]),
        Rule("/_sandbox/forget_keys", endpoint="forget_keys", methods=["POST"]),
    ]
)


class Controls:
    def __init__(self, store: Store, moods: Moods, postman: Postman, pages: Pages) -> None:
        self.store, self.mood_book, self.postman, self.pages = store, moods, postman, pages

    def respond(self, request: Request) -> Response:
        name, _ = ADDRESSES.bind_to_environ(request.environ).match()
        if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "same-origin") == "cross-site":
            raise Forbidden("The controls take no forms from other sites.")
        try:
            answer = cast(Callable[[Request], Json | Response], getattr(self, name))(request)
        except (Refusal, BadMood) as problem:
            return as_json({"error": str(problem)}, 400)
        self.postman.ring()
        if isinstance(answer, Response):
            return answer
        return as_json(answer) if request.method == "GET" or request.is_json else redirect("/_sandbox/", 303)

    def index(self, request: Request) -> Response:
        with self.store.look() as act:
            facts = books.latest(act)
            totals = books.state(act)
        accounts = [EVERYONE, *sorted(totals["accounts"])]
        moods = {account: self.mood_book.of(account) for account in accounts}
        return self.pages.page(
            "index.html", **facts, totals=totals, moods=moods, webhook_moods=WEBHOOKS, api_moods=API
        )

    def state(self, request: Request) -> Json:
        with self.store.look() as act:
            return books.state(act)

    def payments(self, request: Request) -> Json:
        with self.store.look() as act:
            return {"payments": books.payments(act)}

    def requests(self, request: Request) -> Json:
        with self.store.look() as act:
            return {"requests": books.requests(act, request.args.get("after", 0, int))}

    def moods(self, request: Request) -> Json:
        if request.method == "GET":
            return {"moods": self.mood_book.known}
        given = given_by(request)
        return self.mood_book.set(given.get("account") or EVERYONE, given)

    def pay(self, request: Request) -> Json:
        given = given_by(request)
        number, session_id = str(given.get("card", "4242424242424242")), str(given.get("session", ""))
        faults = cards.faults_of(number, "12/40", "1234" if number.startswith(("34", "37")) else "123")
        if faults:
            raise BadRequest(" ".join(faults.values()))
        payer = payments.Payer(given.get("email"), given.get("name"))
        with self.pages.act(request, session_id) as act:
            outcome = payments.try_card(act, session_id, cards.card_of(number, 12, 2040), payer)
            if outcome.kind == "challenge" and given.get("challenge") in ("complete", "fail"):
                outcome = payments.answer_challenge(act, session_id, passed=given["challenge"] == "complete")
        session = outcome.session
        return {
            "outcome": outcome.kind,
            "message": outcome.message,
            "session": session_id,
            "status": session["status"],
            "payment_intent": session["payment_intent"],
        }

    def expire(self, request: Request) -> Json:
        session_id = str(given_by(request).get("session", ""))
        with self.pages.act(request, session_id) as act:
            return sessions.expire(act, {}, session_id)

    def dispute(self, request: Request) -> Json:
        """`charge` or `payment_intent` is disputed for a `reason`; or `dispute` is `won` or `lost`."""
        given = given_by(request)
        wanted = str(given.get("dispute") or given.get("charge") or given.get("payment_intent") or "")
        with self.store.look() as act:
            row = act.db.execute("SELECT account, kind, body FROM objects WHERE id = ?", (wanted,)).fetchone()
        if row is None:
            raise BadRequest("Name a dispute, a charge or a payment_intent that there is.")
        mood = self.mood_book.of(row["account"])["webhooks"]
        with self.store.act(row["account"], webhook_mood=mood) as act:
            thing = act.get(row["kind"], wanted)
            if row["kind"] == "dispute":
                if given.get("verdict") not in ("won", "lost"):
                    raise BadRequest("verdict is won or lost.")
                return disputes.decide(act, thing, str(given["verdict"]))
            charge = thing if row["kind"] == "charge" else act.get("charge", str(thing["latest_charge"]))
            inquiry = str(given.get("inquiry", "")).lower() in ("1", "true", "yes")
            return disputes.open_dispute(act, charge, str(given.get("reason", "fraudulent")), inquiry=inquiry)

    def endpoint(self, request: Request) -> Json:
        """Switches an endpoint on or off, as its owner does in Stripe's dashboard."""
        given = given_by(request)
        wanted = str(given.get("endpoint", ""))
        with self.store.look() as act:
            row = act.db.execute("SELECT account FROM objects WHERE id = ?", (wanted,)).fetchone()
        if row is None:
            raise BadRequest("There is no such endpoint.")
        with self.store.act(row["account"]) as act:
            off = given.get("status") == "disabled"
            return endpoints.update(act, {"disabled": off}, wanted)

    def refund(self, request: Request) -> Json:
        """What the bank made of a refund: `account`, `refund` (its id), `status` succeeded, pending or
        failed."""
        given = given_by(request)
        with self.store.act() as act:
            mine = Act(act.db, str(given.get("account", "")), act.now)
            return refunds.turn(mine, str(given.get("refund", "")), str(given.get("status", "")))

    def resend(self, request: Request) -> Json:
        """Deliver stored events again: `event` one id, several or "all"; `order` as_sent, reverse, any, or a
        list of ids; `copies` of each; `age` seconds by which the signature is old."""
        given = given_by(request)
        with self.store.act() as act:
            chosen = in_order(chosen_events(act, given), given.get("order", "as_sent"))
            sent = sum(
                send_again(act, row, int(given.get("age", 0))) for row in chosen * int(given.get("copies", 1))
            )
        return {"deliveries": sent}

    def forget_keys(self, request: Request) -> Json:
        """As if 24 hours had passed: no idempotency key is known any more."""
        with self.store.act() as act:
            return {"forgotten": act.db.execute("DELETE FROM idempotency").rowcount}


def given_by(request: Request) -> Json:
    if not request.is_json:
        return mood_form(dict(request.form.items()))
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object.")
    return cast(Json, body)


def mood_form(form: dict[str, str]) -> Json:
    """`webhooks.mode=delayed` -> `{"webhooks": {"mode": "delayed"}}`; empty fields are not there."""
    found: Json = {}
    for name, value in form.items():
        part, _, field = name.partition(".")
        if value and field:
            found.setdefault(part, {})[field] = value
        elif value:
            found[name] = value
    return found


def chosen_events(act: Act, given: Json) -> list[Json]:
    wanted: Any = given.get("event", "all")
    if isinstance(given.get("order"), list):
        wanted = given["order"]
    known = books.bodies(act, "event")
    if given.get("account"):
        known = [event for event in known if event["account_of"] == given["account"]]
    if wanted == "all":
        return known
    ids = [wanted] if isinstance(wanted, str) else list(wanted)
    missing = set(ids) - {event["id"] for event in known}
    if missing:
        raise BadRequest(f"No such event: {', '.join(sorted(map(str, missing)))}.")
    by_id = {event["id"]: event for event in known}
    return [by_id[event_id] for event_id in ids]


def in_order(chosen: list[Json], order: Any) -> list[Json]:
    if order == "reverse":
        return chosen[::-1]
    if order == "any":
        return random.sample(chosen, len(chosen))
    if order == "as_sent" or isinstance(order, list):
        return chosen
    raise BadRequest("order is as_sent, reverse, any, or a list of event ids.")


def send_again(act: Act, event: Json, age: int) -> int:
    mine = Act(act.db, event["account_of"], act.now)
    endpoints = [each["id"] for each in mine.every("webhook_endpoint") if events.wants(each, event["type"])]
    for endpoint in endpoints:
        deliveries.add(mine, event["id"], endpoint, act.now, age=age)
    return len(endpoints)


def as_json(body: Json, status: int = 200) -> Response:
    return Response(json.dumps(body), status, mimetype="application/json")
