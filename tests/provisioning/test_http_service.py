"""Our HTTP contract against a vendor that really answers, misbehaves, lies or is away."""

import json
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from provisioning.connectors import http_answers, http_service
from provisioning.connectors.base import (
    Action,
    ConnectorError,
    NeedsAction,
    Outcome,
    Refused,
    Request,
    TryLater,
    Unclear,
    check,
    look_up,
    perform,
)
from provisioning.connectors.http_service import HttpService
from tests.vendors import Vendor, in_the_end

SECONDS = timedelta(seconds=1)
SERVICE = HttpService()
HASTY = HttpService(capabilities=replace(http_service.CAPABILITIES, timeout=0.4 * SECONDS))
SKU = "business-basic"

Asks = Callable[..., Request]


def asks_of(settings: dict[str, str], action: Action = Action.PROVISION, **more: Any) -> Request:
    customer = {"name": "Acme Ltd", "email": "anna@acme.example", "country": "DE"}
    wanted = {"reference": str(uuid4()), "sku": SKU, "quantity": 10, "customer": customer} | more
    return Request(action=action, settings=settings, **wanted)


@pytest.fixture
def asks(vendor: Vendor) -> Asks:
    return lambda *given, **more: asks_of(vendor.settings, *given, **more)


@pytest.mark.parametrize("kept", [{"licences": ["A\x00"]}, {"sku": "a\x00"}])
def test_what_the_database_could_not_keep_is_no_answer(kept: dict[str, Any]) -> None:
    request = asks_of({})
    said = {"reference": request.reference, "state": "done", "id": "S-1", "sku": SKU, "quantity": 10}
    for more, fits in (({}, True), (kept, False)):
        answer = http_answers.Answer(200, {}, json.dumps(said | more).encode())
        if fits:
            assert http_answers.outcome(request, answer) == Outcome("S-1")
        else:
            with pytest.raises(Unclear, match="could not be read"):
                http_answers.outcome(request, answer)
    listed: dict[str, Any] = {"code": "a", "type": "t", "name": "A", "vendor": "V", "plans": []}
    for description in ("fine", "\x00"):
        body = json.dumps({"products": [listed | {"description": description}]}).encode()
        if description == "fine":
            assert http_answers.defined(http_answers.Answer(200, {}, body)).products
        else:
            with pytest.raises(Unclear, match="could not be read"):
                http_answers.defined(http_answers.Answer(200, {}, body))


MOODS: list[tuple[dict[str, Any], type[ConnectorError], int]] = [
    ({"kind": "slow", "seconds": 1}, Unclear, 1),
    ({"kind": "timeout_after_success", "seconds": 1}, Unclear, 1),
    ({"kind": "error_500_before"}, Unclear, 0),
    ({"kind": "error_500_after"}, Unclear, 1),
    ({"kind": "garble"}, Unclear, 1),
    ({"kind": "commit_late", "seconds": 1}, Unclear, 1),
    ({"kind": "commit_late", "seconds": 1, "hang_up": True}, Unclear, 1),
    ({"kind": "down"}, Unclear, 0),
    ({"kind": "rate_limit", "seconds": 7}, TryLater, 0),
    ({"kind": "busy", "seconds": 7}, TryLater, 0),
    ({"kind": "accept_202", "seconds": 1}, TryLater, 1),
    ({"kind": "refuse", "message": "Not sold in this country."}, Refused, 0),
    ({"kind": "inquire", "message": "Please confirm the domain."}, NeedsAction, 0),
]


@pytest.mark.promise("QP3")
@pytest.mark.parametrize(("mood", "answer", "sold"), MOODS)
def test_each_mood_of_the_vendor_is_understood(
    vendor: Vendor, asks: Asks, mood: dict[str, Any], answer: type[ConnectorError], sold: int
) -> None:
    vendor.feels(mood)
    request = asks()
    with pytest.raises(ConnectorError) as said:
        perform(HASTY if answer is Unclear else SERVICE, request)
    assert type(said.value) is answer
    assert in_the_end(lambda: vendor.sold(request.reference) == sold)
    # What the vendor did is found by our reference, and what it did not do is absent.
    assert isinstance(look_up(SERVICE, request), Outcome if sold else type(None))


def test_the_vendors_words_reach_the_reader(vendor: Vendor, asks: Asks) -> None:
    vendor.feels({"kind": "refuse", "message": "Not sold\n in \x00 this country."})
    with pytest.raises(Refused) as refusal:
        perform(SERVICE, asks())
    assert (refusal.value.message, refusal.value.code) == ("Not sold in this country.", "refused")


@pytest.mark.parametrize(("kind", "accepted"), [("rate_limit", False), ("busy", False), ("accept_202", True)])
def test_it_says_when_to_come_back_and_whether_the_vendor_took_it(
    vendor: Vendor, asks: Asks, kind: str, accepted: bool
) -> None:
    vendor.feels({"kind": kind, "seconds": 7})
    with pytest.raises(TryLater) as later:
        perform(SERVICE, asks())
    assert (later.value.after, later.value.accepted) == (7 * SECONDS, accepted)


@pytest.mark.promise("QP3")
def test_what_is_being_worked_on_is_not_absent(vendor: Vendor, asks: Asks) -> None:
    vendor.feels({"kind": "accept_202", "seconds": 60})
    request = asks()
    for ask in (perform, look_up):
        with pytest.raises(TryLater) as later:
            ask(SERVICE, request)
        assert later.value.accepted


def test_what_failed_after_it_was_taken_is_refused(vendor: Vendor, asks: Asks) -> None:
    vendor.feels({"kind": "accept_202", "seconds": 0.01, "message": "The tenant is closed."})
    request = asks()
    with pytest.raises(TryLater):
        perform(SERVICE, request)
    time.sleep(0.02)
    with pytest.raises(Refused, match="The tenant is closed"):
        look_up(SERVICE, request)


@pytest.mark.promise("QP3")
@pytest.mark.parametrize("kind", ["down", "error_500_before", "rate_limit", "busy", "refuse", "inquire"])
def test_a_look_up_that_fails_never_says_absent(vendor: Vendor, asks: Asks, kind: str) -> None:
    request = asks()
    perform(SERVICE, request)
    vendor.feels({"kind": kind, "on": "look_ups"})
    with pytest.raises(TryLater) as later:
        look_up(SERVICE, request)
    assert later.value.accepted


@pytest.mark.promise("QP3")
def test_a_vendor_without_idempotency_buys_a_repeat_again(vendor: Vendor, asks: Asks) -> None:
    """The negative control of the look-up: without it, a repeat is a second purchase."""
    request = asks()
    perform(SERVICE, request)
    perform(SERVICE, request)
    assert vendor.state()["doubles"] == [request.reference]


def test_a_vendor_that_keeps_the_contract_recognises_a_repeat(vendor: Vendor, asks: Asks) -> None:
    vendor.feels(idempotent=True)
    request = asks()
    assert perform(SERVICE, request) == perform(SERVICE, request)
    assert vendor.sold(request.reference) == 1
    with pytest.raises(Refused, match="something else"):
        perform(SERVICE, replace(request, quantity=11))


@pytest.mark.parametrize("action", [Action.CHANGE, Action.SUSPEND, Action.RESUME, Action.END])
def test_every_later_act_is_looked_up_by_its_own_reference(
    vendor: Vendor, asks: Asks, action: Action
) -> None:
    made = perform(SERVICE, asks())
    vendor.feels({"kind": "error_500_after"})
    request = asks(action, external_id=made.external_id)
    assert look_up(SERVICE, request) is None
    with pytest.raises(Unclear):
        perform(SERVICE, request)
    found = look_up(SERVICE, request)
    assert found
    assert found.external_id == made.external_id


def test_what_has_ended_already_is_ended(asks: Asks) -> None:
    made = perform(SERVICE, asks())
    ends = [perform(SERVICE, asks(Action.END, external_id=made.external_id)) for _ in range(2)]
    assert [end.external_id for end in ends] == [made.external_id] * 2
    with pytest.raises(Refused, match="has ended"):
        perform(SERVICE, asks(Action.RESUME, external_id=made.external_id))


def test_the_check_asks_and_buys_nothing(vendor: Vendor, asks: Asks) -> None:
    check(SERVICE, asks())
    vendor.feels({"kind": "inquire", "message": "Which domain?", "on": "checks"})
    with pytest.raises(NeedsAction, match="Which domain"):
        check(SERVICE, asks())
    vendor.feels({"kind": "down", "on": "checks"})
    with pytest.raises(TryLater):
        check(SERVICE, asks())
    assert vendor.state()["counts"]["purchases"] == 0


def test_a_wrong_key_is_a_matter_for_the_distributor(vendor: Vendor) -> None:
    with pytest.raises(NeedsAction, match="API key") as said:
        perform(SERVICE, asks_of(vendor.settings | {"api_key": "wrong"}))
    assert "wrong" not in said.value.message


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"base_url": "ftp://127.0.0.1", "api_key": "k"},
        {"base_url": "http://127.0.0.1:1", "api_key": "k\r\nX: y"},
        {"base_url": "http://127.0.0.1:1", "api_key": "k"},  # on the public network, the default
        {"base_url": "https://169.254.169.254", "api_key": "k"},
    ],
)
def test_settings_that_cannot_be_used_are_a_matter_for_the_distributor(settings: dict[str, str]) -> None:
    with pytest.raises(NeedsAction):
        perform(SERVICE, asks_of(settings))


def test_a_vendor_that_is_not_there_was_sent_nothing() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        settings = {"base_url": f"http://127.0.0.1:{nobody.getsockname()[1]}", "api_key": "k"}
        with pytest.raises(TryLater) as later:
            perform(SERVICE, asks_of(settings | {"network": "loopback"}))
    assert not later.value.accepted


def test_a_customer_gets_no_more_licences_than_were_bought() -> None:
    request = asks_of({}, quantity=2)
    _is_unclear(request, _json(200, _done(request, licences=["a", "b", "c"])))


@pytest.mark.parametrize(
    "lie",
    [
        {"reference": str(uuid4())},
        {"sku": "business-premium"},
        {"quantity": 11},
        {"quantity": "10"},
        {"id": "../../admin"},
        {"id": None},
        {"state": "fine"},
        {"licences": [1, 2]},
    ],
)
def test_an_answer_about_something_else_proves_nothing(lie: dict[str, Any]) -> None:
    request = asks_of({})
    _is_unclear(request, _json(201, _done(request) | lie))


def test_an_answer_of_any_other_form_proves_nothing() -> None:
    request = asks_of({})
    for raw in (
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{",
        _json(200, _done(request)).replace(b"Content-Type", b"Content-Encoding: br\r\nContent-Type"),
        b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\nGone",
        b"HTTP/1.1 503 Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"",
    ):
        _is_unclear(request, raw)


def test_an_answer_without_end_is_cut_off() -> None:
    endless = [b"HTTP/1.1 200 OK\r\n\r\n", *[b" " * 65536] * 100_000]
    with _saying(*endless) as settings, pytest.raises(Unclear, match="could not be read"):
        perform(SERVICE, asks_of(settings))


def test_a_vendor_that_trickles_cannot_hold_us(asks: Asks) -> None:
    """Every single wait is short; it is the sum that is limited."""
    began = time.monotonic()
    trickle = [b"HTTP/1.1 200 OK\r\nX-Pad: ", *[b"x"] * 100]
    with _saying(*trickle, pause=0.1) as settings, pytest.raises(Unclear, match="in time"):
        perform(HASTY, asks_of(settings))
    assert time.monotonic() - began < 5


@pytest.mark.promise("QP3")
@pytest.mark.parametrize(
    "told",
    [
        {},
        {"code": "absent", "reference": str(uuid4())},
        {"code": "no_such_route", "reference": "ours"},
    ],
)
def test_only_the_vendor_itself_can_say_that_ours_is_absent(told: dict[str, str]) -> None:
    request = asks_of({})
    told = {name: request.reference if text == "ours" else text for name, text in told.items()}
    with _saying(_json(404, told, "application/problem+json")) as settings, pytest.raises(TryLater):
        look_up(SERVICE, replace(request, settings=settings))
    page = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\nGone"
    with _saying(page) as settings, pytest.raises(TryLater):
        look_up(SERVICE, replace(request, settings=settings))


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("0", 1), ("99999999", 3600), ("soon", 5), ("Wed, 21 Oct 2015 07:28:00 GMT", 1), ("-5", 5), ("²", 5)],
)
def test_the_time_to_come_back_is_within_reason(retry_after: str, seconds: int) -> None:
    raw = f"HTTP/1.1 429 Slow\r\nRetry-After: {retry_after}\r\nContent-Length: 0\r\n\r\n".encode()
    with _saying(raw) as settings, pytest.raises(TryLater) as later:
        perform(SERVICE, asks_of(settings))
    assert later.value.after == seconds * SECONDS


def test_threads_share_the_connections_and_never_the_answers(vendor: Vendor, asks: Asks) -> None:
    requests = [asks(quantity=n) for n in range(1, 41)]
    made: dict[str, Outcome] = {}

    def buy(mine: list[Request]) -> None:
        made.update({request.reference: perform(SERVICE, request) for request in mine})

    threads = [threading.Thread(target=buy, args=[requests[n::8]]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(made[request.reference].licences) for request in requests] == list(range(1, 41))
    assert vendor.state()["doubles"] == []


def _done(request: Request, **more: Any) -> dict[str, Any]:
    done = {"reference": request.reference, "state": "done", "id": "sub-1", "sku": request.sku}
    return done | {"quantity": request.quantity} | more


def _json(status: int, content: dict[str, Any], kind: str = "application/json") -> bytes:
    body = json.dumps(content).encode()
    head = f"HTTP/1.1 {status} So\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _is_unclear(request: Request, raw: bytes) -> None:
    with _saying(raw) as settings, pytest.raises(Unclear):
        perform(SERVICE, replace(request, settings=settings))


@contextmanager
def _saying(*pieces: bytes, pause: float = 0.0) -> Generator[dict[str, str]]:
    """A vendor that reads one request and says just this."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_say, args=[listener, pieces, pause])
        thread.start()
        yield {
            "base_url": f"http://127.0.0.1:{listener.getsockname()[1]}",
            "api_key": "k",
            "network": "loopback",
        }
        thread.join()


def _say(listener: socket.socket, pieces: tuple[bytes, ...], pause: float) -> None:
    listener.settimeout(5)
    try:
        connection, _ = listener.accept()
    except TimeoutError:
        return  # nobody came
    with connection:
        connection.recv(65536)
        try:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
        except OSError:
            return  # the client has had enough
