"""A vendor that somebody else has written, after docs/connector-http.md alone and with another HTTP library:
what RFCs allow and their tools do is understood."""

import json
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any
from uuid import uuid4

import pytest

from provisioning.connectors.base import (
    Action,
    NeedsAction,
    Outcome,
    Refused,
    Request,
    TryLater,
    Unclear,
    look_up,
    perform,
)
from provisioning.connectors.http_service import HttpService
from tests.strangers import Says, saying, vendor

SERVICE = HttpService()
PROBLEM = "application/problem+json"


def request(action: Action = Action.PROVISION, **more: Any) -> Request:
    bought = {"external_id": "sub-1"} if action is not Action.PROVISION else {}
    return Request(str(uuid4()), action, "business-basic", 3, **bought, **more)


def done(of: Request, **more: Any) -> dict[str, Any]:
    return {"reference": of.reference, "state": "done", "id": "sub-1", "sku": of.sku, "quantity": 3} | more


def perform_at(asked: Request, says: Says, protocol: str = "HTTP/1.1") -> Outcome:
    with vendor(says, protocol) as settings:
        return perform(SERVICE, replace(asked, settings=settings))


def look_up_at(asked: Request, says: Says) -> Outcome | None:
    with vendor(says) as settings:
        return look_up(SERVICE, replace(asked, settings=settings))


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ({"note": None, "details": None, "licences": None, "message": None, "code": None}, ("", {})),
        ({"note": "x" * 1200}, ("x" * 300, {})),
        ({"details": {"seats": 3, "trial": None, "plan": {"a": 1}}}, ("", {"seats": "3"})),
        ({"details": {str(n): "fact" for n in range(30)}}, ("", {str(n): "fact" for n in range(20)})),
        ({"note": "A\0B", "details": {"k\0": "v\0"}}, ("AB", {"k": "v"})),
        ({"note": ["new"], "details": "new", "code": 7, "renews": "2027-01-01"}, ("", {})),
    ],
    ids=["null", "long", "numbers", "many", "zeros", "other forms"],
)
def test_what_only_goes_with_an_answer_does_not_undo_it(
    told: dict[str, Any], kept: tuple[str, dict[str, str]]
) -> None:
    """A purchase that was made is not looked up for ever because of its note."""
    asked = request()
    outcome = perform_at(asked, saying(201, done(asked) | told))
    assert (outcome.external_id, outcome.note, outcome.details) == ("sub-1", *kept)


def test_capitals_and_a_byte_order_mark_say_the_same() -> None:
    asked = request()
    body = b"\xef\xbb\xbf" + json.dumps(done(asked, reference=asked.reference.upper())).encode()
    assert perform_at(asked, saying(200, body)).external_id == "sub-1"
    told = {"code": "absent", "reference": asked.reference.upper(), "status": 404}
    assert look_up_at(asked, saying(404, told, "Application/Problem+JSON; charset=utf-8")) is None


@pytest.mark.parametrize(
    "problem",
    [
        {"detail": "No.", "code": 4711, "title": None, "type": "about:blank", "status": 400},
        {"detail": "No." + "!" * 2000, "errors": [{"path": "/sku"}]},
        {"title": "No.", "detail": None, "code": None},
    ],
)
def test_a_refusal_is_one_whatever_stands_beside_its_sentence(problem: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=r"^No\."):
        perform_at(request(), saying(400, problem, PROBLEM))
    with pytest.raises(NeedsAction, match=r"^No\."):
        perform_at(request(), saying(422, problem, PROBLEM))


@pytest.mark.parametrize(
    "when",
    ["Wed, 21 Oct 2465 07:28:00 GMT", "Wednesday, 21-Oct-65 07:28:00 GMT", "Wed Oct 21 07:28:00 2465"],
)
def test_a_date_to_come_back_may_have_each_form_that_http_knows(when: str) -> None:
    asked = request()
    working = {"reference": asked.reference, "state": "working"}
    with pytest.raises(TryLater) as later:
        look_up_at(asked, saying(202, working, **{"retry-after": when}))
    assert later.value.after == timedelta(hours=1)


def test_every_way_to_send_a_body_is_understood() -> None:
    asked = request()
    body = json.dumps(done(asked)).encode()

    def in_chunks(to: BaseHTTPRequestHandler, _body: bytes) -> None:
        to.send_response(100)  # "continue", unasked
        to.end_headers()
        to.send_response(200)
        to.send_header("transfer-encoding", "chunked")
        to.end_headers()
        for piece in (body[:7], body[7:]):
            to.wfile.write(b"%x;ext=1\r\n%s\r\n" % (len(piece), piece))
        to.wfile.write(b"0\r\nTrailer: yes\r\n\r\n")

    def until_it_closes(to: BaseHTTPRequestHandler, _body: bytes) -> None:
        to.send_response(200)
        to.end_headers()
        to.wfile.write(body)

    for says, protocol in ((in_chunks, "HTTP/1.1"), (until_it_closes, "HTTP/1.0")):
        assert perform_at(asked, says, protocol).external_id == "sub-1"
    plain = {"content-encoding": "Identity"}
    assert perform_at(asked, saying(201, body, "text/plain", **plain)).external_id == "sub-1"


def test_what_was_ended_is_ended_and_another_states_name_is_none_of_ours() -> None:
    ending = request(Action.END)
    gone = saying(410, {"title": "Gone", "detail": None}, PROBLEM)
    assert perform_at(ending, gone).external_id == "sub-1"
    with pytest.raises(Unclear):
        perform_at(ending, saying(204, b""))
    with pytest.raises(TryLater) as later:
        look_up_at(ending, saying(200, done(ending, state="in progress")))
    assert later.value.accepted


def test_a_licence_that_no_text_can_hold_was_not_read() -> None:
    asked = request()
    with pytest.raises(Unclear, match="could not be read"):
        perform_at(asked, saying(200, done(asked, licences=["AB\0CD"])))
