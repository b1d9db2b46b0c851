"""Logs: one JSON object a line, with who and what, and nothing secret in it, however it got there."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
import structlog
from sqlalchemy import func, literal, select
from sqlalchemy.exc import DBAPIError

from core import db, logs, tenancy
from core.settings import settings
from core.tenancy import Scope, Side
from tests.visits import Visit, make_app
from tests.world import World

CARD = "4242 4242 4242 4242"
SECRETS = {
    "password": "Correct-horse-1",
    "csrf_token": "t0ken-of-a-session",
    "Authorization": "Bearer abc.def",
    "api_key": "vendor-key-12345",
    "signing_key": "AAAA1111",
    "secret_key": "sk_live_51Habc",
    "cookie": "s-house=abcdefgh",
    "webhook_secret": "whsec_aaaabbbb",
}
TEXTS = [
    "asked with sk_test_51HabcDEF",
    "signed by whsec_dGVzdHRlc3Q=",
    "postgresql://shop_app:hunter2@db:5432/shop",
    "GET /invitations/4h9sjk2-token-of-a-link HTTP/1.1",
    "Cookie: __Host-s-bright=abcdefgh; s-house=zyxwvut",
    "header Authorization: Bearer eyJhbGciOi.J9",
    '{"password": "hunter2", "n": 1}',
    "client_secret=cs_hunter2&x=1",
    "token='hunter2'",
    f"card {CARD} was declined",
    "card 4242-4242-4242-4242",
    "pan=5555555555554444",
    "key LIC1-ABCDEFGH-IJKL",
]
GONE = (
    "hunter2",
    "sk_test_51",
    "dGVzdHR",
    "token-of-a-link",
    "abcdefgh",
    "zyxwvut",
    "eyJhbGci",
    "4242",
    "5555",
    "ABCDEFGH",
)


@pytest.fixture
def written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Lines as production writes them."""
    monkeypatch.setenv("LOG_LINES", "json")
    settings.cache_clear()
    logs.set_up()

    def lines() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]

    yield lines
    monkeypatch.undo()
    settings.cache_clear()
    logs.set_up()


def test_a_line_is_json_in_utc_with_scope(installation: dict[str, str], written: Any) -> None:
    person = UUID(int=7)
    with tenancy.acting_as(Scope(Side.DISTRIBUTOR, UUID(int=1), person_id=person, request_id="REQ-1")):
        structlog.get_logger("x").info("thing.done", count=3)
    [line] = written()
    assert line["event"] == "thing.done"
    assert line["level"] == "info"
    assert line["timestamp"].endswith("Z")
    assert (line["distributor"], line["actor"], line["request_id"]) == (
        str(UUID(int=1)),
        str(person),
        "REQ-1",
    )
    assert line["count"] == 3


def test_workers_say_which_task(installation: dict[str, str], written: Any) -> None:
    with logs.about(UUID(int=9), "deliver"):
        structlog.get_logger("x").warning("call.slow")
    [line] = written()
    assert (line["task"], line["kind"]) == (str(UUID(int=9)), "deliver")


@pytest.mark.parametrize("name", SECRETS)
def test_what_is_called_a_secret_is_hidden(installation: dict[str, str], written: Any, name: str) -> None:
    structlog.get_logger("x").info("said", **{name: SECRETS[name]}, deep={"a": [{name: SECRETS[name]}]})
    [line] = written()
    assert SECRETS[name] not in json.dumps(line)
    assert line[name] == logs.HIDDEN


@pytest.mark.parametrize("text", TEXTS)
def test_what_looks_like_a_secret_is_hidden_wherever_it_stands(
    installation: dict[str, str], written: Any, text: str
) -> None:
    structlog.get_logger("x").info(text, note=text, many=[text, {"said": text}])
    logging.getLogger("library").warning("said %s", text)
    try:
        raise RuntimeError(text)
    except RuntimeError:
        structlog.get_logger("x").exception("bug")
    told = json.dumps([{**line, "timestamp": ""} for line in written()])  # digits there are nobody's
    assert "bug" in told
    assert not [word for word in GONE if word in told], told


def test_tracebacks_carry_no_local_variables(installation: dict[str, str], written: Any) -> None:
    def breaks() -> None:
        quiet = "-".join(("of", "a", "local"))
        raise RuntimeError(len(quiet))

    try:
        breaks()
    except RuntimeError:
        structlog.get_logger("x").exception("bug")
    told = json.dumps(written())
    assert "breaks" in told
    assert "of-a-local" not in told


def test_an_error_of_the_database_tells_no_values(world: World) -> None:
    with world.acting(), pytest.raises(DBAPIError) as error:
        db.session().execute(select(func.no_such_function(literal("Anna's street 7"))))
    assert "no_such_function" in str(error.value)
    assert "street" not in str(error.value)


def test_ids_codes_and_amounts_stay_readable() -> None:
    kept = "ORD-7KX2M9QF 0192f0c1-0000-7000-8000-000000000000 12345678901 2026-11-26T04:00:00Z"
    assert logs.without_secrets(kept) == kept
    assert logs.masked(42) == 42
    assert logs.masked(4242424242424242) == "[card number]"


def test_changes_are_logged_with_who_where_and_how_it_went(
    world: World, written: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    nora = Visit(make_app()).sign_in("nora")
    written()
    nora.get("/distributor/orders")
    assert [line for line in written() if line["event"] == "request"] == []
    nora.post("/distributor/tasks/0192f0c1-0000-7000-8000-000000000000/retry")
    [line] = [line for line in written() if line["event"] == "request"]
    assert line["route"] == "/distributor/tasks/<task_id>/retry"
    assert (line["method"], line["status"]) == ("POST", 404)
    assert line["actor"] == str(world.people["nora"].person_id)
    assert line["distributor"] == str(world.distributor_id)
    assert line["request_id"].startswith("REQ-")
    assert line["ms"] > 0
