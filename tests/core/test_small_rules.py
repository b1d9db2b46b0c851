"""The small rules of core: periods, ids, refusals, lives, fault points, passwords, log-in."""

import ast
import calendar
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

import app  # noqa: F401 every table of states is known
from checkout import orders
from checkout.orders import Order, OrderState
from core import db, doors, errors, faults, passwords, sessions, sign_ins, states, throttles, trail
from core.errors import Refusal
from core.ids import ALPHABET, new_code, new_id, new_token, token_hash
from core.periods import Term, end_of, nth
from core.sessions import Browser, Locked, Opened, WrongLogin
from core.states import IllegalMove, Transitions
from tests.world import HOST, PASSWORD, World, open_portal

ROOT = Path(__file__).parents[2]
ROOMS = ("core", "partners", "catalog", "subscriptions", "billing", "checkout", "provisioning", "storefront")


# --- Periods ------------------------------------------------------------------------------------------------


@pytest.mark.promise("QT1")
def test_a_period_begins_on_its_anchors_day_or_the_months_last() -> None:
    for year, month, day in (
        (y, m, d)
        for y in (2023, 2024)
        for m in range(1, 13)
        for d in range(1, calendar.monthrange(y, m)[1] + 1)
    ):
        anchor = datetime(year, month, day, 13, 37, tzinfo=UTC)
        for k in range(121):
            begins = nth(anchor, k, Term.MONTH)
            assert begins.day == min(day, calendar.monthrange(begins.year, begins.month)[1])
            assert (begins.year * 12 + begins.month) - (year * 12 + month) == k


@pytest.mark.promise("QT1", "QT2")
@pytest.mark.parametrize("term", list(Term))
def test_periods_follow_each_other_without_gap_and_none_is_empty(term: Term) -> None:
    anchor = datetime(2024, 2, 29, tzinfo=UTC)
    begins = [nth(anchor, k, term) for k in range(120)]
    assert begins == sorted(set(begins))
    assert begins[1] == end_of(anchor, term)


def test_a_leap_day_comes_back_with_the_leap_year() -> None:
    anchor = datetime(2024, 2, 29, tzinfo=UTC)
    assert [nth(anchor, k, Term.YEAR).day for k in range(5)] == [29, 28, 28, 28, 29]


# --- Ids ----------------------------------------------------------------------------------------------------


def test_ids_are_uuids_of_version_seven_that_sort_by_time() -> None:
    ids: list[UUID] = []
    for _ in range(20):
        ids.append(new_id())
        time.sleep(0.002)
    assert ids == sorted(ids)
    assert {(i.version, i.variant) for i in ids} == {(7, "specified in RFC 4122")}
    assert len({new_id() for _ in range(10_000)}) == 10_000


def test_codes_can_be_read_out_and_tokens_are_kept_as_hashes() -> None:
    prefix, _, signs = new_code("ORD").partition("-")
    assert prefix == "ORD"
    assert len(signs) == 8
    assert set(signs) <= set(ALPHABET)
    assert not set("01OIL") & set(ALPHABET)
    token = new_token()
    assert len(token) >= 43
    assert token.encode() not in token_hash(token)


# --- Refusals -----------------------------------------------------------------------------------------------


def test_every_refusal_has_a_sentence_and_a_status() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Refusal)]
    assert {kind.status for kind in kinds} == {401, 403, 404, 409, 422, 503}
    assert str(errors.Missing("order")) == "We could not find this order."


# --- Lives --------------------------------------------------------------------------------------------------


@pytest.mark.promise("QP8")
@pytest.mark.parametrize("life", states.TABLES, ids=lambda life: type(life.first).__name__)
def test_a_life_is_closed_and_every_state_can_be_reached(life: Transitions) -> None:
    assert set(life) == set(type(life.first)), "every state has its row"
    assert {target for targets in life.values() for target in targets} <= set(life)
    assert life.unreachable() == set()
    assert any(not targets for targets in life.values()) or len(life) <= 3, "a life comes to an end"


@pytest.mark.promise("QP8")
def test_a_move_that_is_not_listed_is_refused_and_leaves_no_trace(world: World) -> None:
    open_portal(world)
    code = world.buys("acme", "patch-y")
    with pytest.raises(IllegalMove), world.acting():
        states.move(orders.find(code), min(illegal(orders.find(code))))
    with world.acting():
        assert not [line for line in trail.of(orders.find(code).id) if "->" in line.what]


def illegal(order: Order) -> set[OrderState]:
    """States that this order may not come into now."""
    return set(OrderState) - order.LIFE[order.state]


# --- Fault points -------------------------------------------------------------------------------------------


@pytest.mark.promise("QC5")
def test_every_fault_point_is_in_the_code_and_every_one_in_the_code_is_listed() -> None:
    named: set[str] = set()
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func) in ("fault", "faults.fault")
                and isinstance(node.args[0], ast.Constant)
            ):
                named.add(str(node.args[0].value))
    assert named == set(faults.POINTS)


def test_a_fault_strikes_at_the_hit_that_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FAULT", "mail.sent:raise@2")
    for name, value in zip(("NAME", "MODE", "SECONDS", "NTH"), faults.chosen(), strict=True):
        monkeypatch.setattr(faults, name, value)
    monkeypatch.setattr(faults, "MARKS", str(tmp_path))
    monkeypatch.setattr(faults, "HITS", {})
    faults.fault("mail.sent")
    faults.fault("mail.before_send")
    with pytest.raises(faults.Injected):
        faults.fault("mail.sent")
    faults.fault("mail.sent")
    assert {path.name for path in tmp_path.iterdir()} == {"mail.sent", "mail.sent.raise", "mail.before_send"}


# --- Passwords ----------------------------------------------------------------------------------------------


@pytest.mark.behaviour("I74")
@pytest.mark.parametrize("weak", ["Short-1", "no-upper-1", "No-digit-x", "NoSymbol1x", "A-1" + "x" * 300])
def test_a_weak_password_is_refused(weak: str) -> None:
    with pytest.raises(passwords.WeakPassword):
        passwords.hashed(weak)


def test_only_the_right_password_matches_and_nobody_has_one() -> None:
    stored = passwords.hashed(PASSWORD)
    assert passwords.matches(stored, PASSWORD)
    assert not passwords.matches(stored, PASSWORD + "x")
    assert not passwords.matches(None, "nobody's password")
    assert not passwords.matches("not a hash", PASSWORD)
    assert passwords.hashed(PASSWORD) != stored


def test_a_log_in_storm_hashes_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    busy, most = [0], [0]

    class Slow:
        def verify(self, *_: object) -> bool:
            busy[0] += 1
            most[0] = max(most[0], busy[0])
            time.sleep(0.01)
            busy[0] -= 1
            return True

    monkeypatch.setattr(passwords, "_hasher", Slow)
    threads = [threading.Thread(target=passwords.matches, args=["hash", PASSWORD]) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


# --- Log-in -------------------------------------------------------------------------------------------------


def sign_in(
    world: World, password: str = PASSWORD, *, email: str = "nora@people.example", address: str = "192.0.2.1"
) -> Opened:
    here = Browser(world.storefronts["northwind"], HOST, address)
    opened = sign_ins.sign_in(email, password, at=here)
    assert isinstance(opened, Opened)
    return opened


@pytest.mark.promise("QS6")
def test_a_session_is_new_at_every_log_in_and_its_token_is_stored_nowhere(
    world: World, postgres: object
) -> None:
    first, second = sign_in(world), sign_in(world)
    assert first.token != second.token
    assert first.session_id != second.session_id


@pytest.mark.behaviour("I74")
def test_five_wrong_passwords_lock_the_account_for_everyone_and_say_so(world: World) -> None:
    for _ in range(5):
        with pytest.raises(WrongLogin):
            sign_in(world, "Wrong-horse-1")
    with pytest.raises(Locked):
        sign_in(world)  # even the right one
    with pytest.raises(Locked):
        sign_in(world, address="198.51.100.7")
    assert sign_in(world, email="bea@people.example", address="198.51.100.7")


def test_the_right_one_among_many_at_once_is_too_late(world: World) -> None:
    answers: list[object] = []

    def try_it() -> None:
        try:
            answers.append(sign_in(world))
        except Refusal as refusal:
            answers.append(type(refusal))

    guess = threading.Thread(target=try_it)
    with passwords._one:  # it is looked at while others fail
        guess.start()
        time.sleep(0.2)
        for _ in range(5):
            sessions.count_failure(sessions.throttle_keys("nora@people.example", "192.0.2.8"))
    guess.join(10)
    assert answers == [Locked]


def test_a_success_forgets_the_failures(world: World) -> None:
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(WrongLogin):
                sign_in(world, "Wrong-horse-1")
        assert sign_in(world)


def test_a_stranger_and_a_wrong_password_get_the_same_words(world: World) -> None:
    with pytest.raises(WrongLogin) as known:
        sign_in(world, "Wrong-horse-1")
    with pytest.raises(WrongLogin) as unknown:
        sign_in(world, email="nobody@people.example")
    assert str(known.value) == str(unknown.value)


def test_one_address_cannot_try_everybody(world: World) -> None:
    doors.call_all(sessions.FAILED, {"p_keys": ["ip:192.0.2.9"] * 1})
    for _ in range(99):
        doors.call(sessions.FAILED, {"p_keys": ["ip:192.0.2.9"]})
    with pytest.raises(Locked):
        sign_in(world, address="192.0.2.9")
    assert sign_in(world, address="192.0.2.10")


def test_a_transaction_that_began_before_may_count_after(world: World) -> None:
    with world.acting():
        assert throttles.allow("tests", most=3)
        assert throttles.allow_here("tests", most=3)
        assert throttles.allow_here("tests", most=3)
        assert not throttles.allow_here("tests", most=3)


def test_a_network_is_one_machine(world: World) -> None:
    machine = throttles.machine
    assert machine("2001:db8:0:7::1") == machine("2001:db8:0:7:ffff:1:2:3") != machine("2001:db8:0:8::1")
    assert machine("::ffff:192.0.2.9") == machine("192.0.2.9") == "192.0.2.9"
    assert machine("") == ""
    for last in range(100):
        keys = sessions.throttle_keys("nobody@people.example", f"2001:db8::{last:x}")
        sessions.count_failure(keys[1:])
    with pytest.raises(Locked):
        sign_in(world, address="2001:db8::ffff")


def test_a_door_needs_no_scope_but_a_transaction_does(world: World) -> None:
    with pytest.raises(RuntimeError, match="no scope"), db.transaction():
        pass
