"""The vendor's side of docs/connector-http.md: subscriptions by the client's reference, changes to them by
the vendor's id, and look-ups of both. Each call first asks the moods how to behave.
"""

import hmac
import socket
import time
from datetime import datetime
from typing import Any, cast

from flask import Blueprint, Response, jsonify, request

from sandbox.vendor import effects
from sandbox.vendor.moods import CallType, Mood, Moods
from sandbox.vendor.offering import Offering
from sandbox.vendor.serving import CONNECTION
from sandbox.vendor.store import Operation, Store

PAGE = 100
STATUS = {"absent": 404, "ended": 410}
SELLS = ("provision", "change", "transfer")


def blueprint(store: Store, moods: Moods, offering: Offering, *, api_key: str) -> Blueprint:
    """The pages under /v1, for one store and one key."""
    vendor = _Vendor(store, moods, offering)
    routes = Blueprint("contract", __name__, url_prefix="/v1")

    @routes.before_request
    def _only_with_the_key() -> Response | None:
        given = request.headers.get("Authorization", "")
        if hmac.compare_digest(given.encode(), f"Bearer {api_key}".encode()):
            return None
        return problem(401, "unauthorised", "The API key is missing or wrong.")

    routes.add_url_rule("/definition", view_func=vendor.define, methods=["GET"])
    routes.add_url_rule("/check", view_func=vendor.check, methods=["POST"])
    routes.add_url_rule("/subscriptions", view_func=vendor.browse, methods=["GET"])
    routes.add_url_rule("/subscriptions/<uuid:reference>", view_func=vendor.put, methods=["PUT"])
    routes.add_url_rule("/subscriptions/<uuid:reference>", view_func=vendor.look_up, methods=["GET"])
    routes.add_url_rule("/operations/<uuid:reference>", view_func=vendor.look_up_operation, methods=["GET"])
    routes.add_url_rule("/subscriptions/<known_as>", view_func=vendor.patch, methods=["PATCH"])
    routes.add_url_rule("/subscriptions/<known_as>", view_func=vendor.delete, methods=["DELETE"])
    routes.add_url_rule(
        "/subscriptions/<known_as>/<any(suspend, resume):kind>", view_func=vendor.set_state, methods=["POST"]
    )
    routes.add_url_rule("/subscriptions/<known_as>/transfer", view_func=vendor.transfer, methods=["POST"])
    return routes


class _Vendor:
    def __init__(self, store: Store, moods: Moods, offering: Offering) -> None:
        self._store = store
        self._moods = moods
        self._offering = offering

    def check(self) -> Response:
        asked = _json()
        mood = self._mood("checks", "", {str(asked.get("sku", ""))})
        return self._without_effect(mood) or self._checked(asked)

    def put(self, reference: object) -> Response:
        asked = _json()
        wrong = effects.reasons_against(asked)
        return problem(400, "malformed", wrong) if wrong else self._act(str(reference), "provision", asked)

    def patch(self, known_as: str) -> Response:
        asked = _json()
        wrong = effects.reasons_against(asked)
        if wrong:
            return problem(400, "malformed", wrong)
        return self._act(_idempotency_key(), "change", asked | {"subscription": known_as})

    def set_state(self, known_as: str, kind: str) -> Response:
        return self._act(_idempotency_key(), kind, {"subscription": known_as})

    def transfer(self, known_as: str) -> Response:
        asked = _json()
        wrong = effects.reasons_against(asked)
        if wrong:
            return problem(400, "malformed", wrong)
        return self._act(_idempotency_key(), "transfer", asked | {"subscription": known_as})

    def delete(self, known_as: str) -> Response:
        return self._act(_idempotency_key(), "end", {"subscription": known_as})

    def define(self) -> Response:
        """What is offered, a page at a time."""
        mood = self._mood("definitions", "", set())
        if mood.kind in ("slow", "timeout_after_success"):
            time.sleep(mood.seconds)
        if unwilling := self._without_effect(mood):
            return unwilling
        if mood.kind == "garble":
            return Response("<html>OK</html>", content_type="text/html")
        return jsonify(self._offering.page(request.args.get("after", "")))

    def browse(self) -> Response:
        """What was sold since a moment, oldest first, a page at a time."""
        unwilling = self._without_effect(self._mood("look_ups", "", set()))
        if unwilling:
            return unwilling
        try:
            since = datetime.fromisoformat(request.args.get("since", "")).timestamp()
        except ValueError:
            return problem(400, "malformed", "Say since when, in ISO 8601.")
        after = request.args.get("after", "")
        rows = self._store.rows(
            "SELECT rowid AS n, * FROM subscriptions WHERE made_at >= ? AND rowid > ? ORDER BY rowid LIMIT ?",
            since,
            int(after) if after.isascii() and after.isdigit() else 0,
            PAGE,
        )
        shown = ("reference", "id", "sku", "quantity", "state")
        return jsonify(
            {
                "subscriptions": [{name: row[name] for name in shown} for row in rows],
                "next": str(rows[-1]["n"]) if len(rows) == PAGE else "",
            }
        )

    def look_up(self, reference: object) -> Response:
        return self._found(str(reference), bought=True)

    def look_up_operation(self, reference: object) -> Response:
        return self._found(str(reference), bought=False)

    def _act(self, reference: str, kind: str, asked: dict[str, Any]) -> Response:
        if not reference:
            return problem(400, "malformed", "An Idempotency-Key is needed.")
        mood = self._mood("mutations", reference, self._skus(asked))
        return self._without_effect(mood) or self._with_effect(mood, reference, kind, asked)

    def _with_effect(self, mood: Mood, reference: str, kind: str, asked: dict[str, Any]) -> Response:
        if mood.kind == "slow":
            time.sleep(mood.seconds)
        taken = self._repeated(reference, kind) or self._take(mood, reference, kind, asked)
        if (taken.kind, taken.asked) != (kind, asked):
            return problem(409, "conflict", "This reference was used for something else.")
        match mood.kind:
            case "timeout_after_success":
                time.sleep(mood.seconds)
            case "error_500_after":
                return _error()
            case "commit_late":
                return _hang_up() if mood.hang_up else _error()
            case "garble":
                return Response("<html>OK</html>", content_type="text/html")
            case _:
                pass
        return _answer(taken, mood)

    def _without_effect(self, mood: Mood) -> Response | None:
        match mood.kind:
            case "down":
                return _hang_up()
            case "error_500_before":
                return _error()
            case "rate_limit":
                return _come_back(problem(429, "rate_limit", "Too many requests."), mood)
            case "busy":
                return _come_back(problem(503, "not_taken", mood.message or "Down for maintenance."), mood)
            case "refuse":
                return problem(400, "refused", mood.message or "This cannot be sold to this customer.")
            case "inquire":
                return problem(422, "inquiring", mood.message or "Please confirm the customer's domain.")
            case _:
                return None

    def _take(self, mood: Mood, reference: str, kind: str, asked: dict[str, Any]) -> Operation:
        late = mood.kind in ("commit_late", "accept_202")
        hidden = mood.seconds if mood.kind in ("commit_late", "search_lag") else 0.0
        return self._store.take(
            reference,
            kind,
            asked,
            delay=mood.seconds if late else 0.0,
            hidden=max(hidden, mood.lag),
            will_fail=mood.message if mood.kind == "accept_202" else "",
        )

    def _repeated(self, reference: str, kind: str) -> Operation | None:
        if not self._moods.settings.idempotent:
            return None
        return self._store.taken(reference, bought=kind == "provision", even_hidden=True)

    def _found(self, reference: str, *, bought: bool) -> Response:
        mood = self._mood("look_ups", reference, set())
        if mood.kind in ("slow", "timeout_after_success"):
            time.sleep(mood.seconds)
        unwilling = self._without_effect(mood)
        if unwilling:
            return unwilling
        operation = self._store.taken(reference, bought=bought)
        if operation is None:
            return problem(404, "absent", "Nothing is known by this reference.", reference=reference)
        return _result(operation, 200)

    def _checked(self, asked: dict[str, Any]) -> Response:
        held = asked.get("subscription")
        wrong = effects.reasons_against(asked) if asked.get("action") in SELLS else ""
        if wrong:
            return problem(400, "malformed", wrong)
        if held and not self._store.rows("SELECT 1 FROM subscriptions WHERE id = ?", held):
            return problem(404, "absent", "There is no such subscription.")
        return Response(status=204)

    def _skus(self, asked: dict[str, Any]) -> set[str]:
        """What is asked for and what is held: a mood of either product applies."""
        held = self._store.rows("SELECT sku FROM subscriptions WHERE id = ?", asked.get("subscription", ""))
        return {str(row["sku"]) for row in held} | {str(asked.get("sku", ""))}

    def _mood(self, call_type: CallType, reference: str, skus: set[str]) -> Mood:
        mood = self._moods.choose(call_type, reference, skus)
        request.environ["vendor.mood"] = mood.kind
        return mood


def problem(status: int, code: str, detail: str, *, reference: str = "") -> Response:
    """RFC 9457, with our code; absence names the reference it is about."""
    answer = jsonify({"status": status, "code": code, "detail": detail, "reference": reference})
    answer.status_code = status
    answer.content_type = "application/problem+json"
    return answer


def _answer(operation: Operation, mood: Mood) -> Response:
    match operation.state:
        case "working":
            return _come_back(_result(operation, 202), mood)
        case "failed":
            code = operation.result["code"]
            return problem(STATUS.get(code, 409), code, operation.result["message"])
        case _:
            return _result(operation, 201 if operation.kind == "provision" else 200)


def _result(operation: Operation, status: int) -> Response:
    answer = jsonify({"reference": operation.reference, "state": operation.state} | operation.result)
    answer.status_code = status
    return answer


def _come_back(answer: Response, mood: Mood) -> Response:
    answer.headers["Retry-After"] = str(max(1, round(mood.seconds)))
    return answer


def _error() -> Response:
    return Response("Internal Server Error", status=500, content_type="text/plain")


def _hang_up() -> Response:
    """Close the connection under the answer; the server then finds nobody to write to."""
    connection: socket.socket = request.environ[CONNECTION]
    connection.shutdown(socket.SHUT_RDWR)
    return Response(status=500)


def _json() -> dict[str, Any]:
    content: Any = request.get_json(silent=True)
    return cast("dict[str, Any]", content) if isinstance(content, dict) else {}


def _idempotency_key() -> str:
    return request.headers.get("Idempotency-Key", "")[:100]
