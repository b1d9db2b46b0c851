"""Stripe's webhooks, signed by the sandbox process and handed over HTTP: however often, late, shuffled or
forged they come, the state is what one clean delivery gives, or unchanged."""

import hashlib
import hmac
import itertools
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import func, select, update

from billing import gateways, payments, stripe_events, stripe_gateway, stripe_refunds
from billing.funds import Fund
from billing.invoices import Invoice
from billing.ledger import JournalEntry
from billing.payments import AttemptState, PaymentAttempt
from billing.stripe_events import StripeEventRow
from checkout.orders import OrderState
from core import db, tenancy
from core.drain import Drain
from core.ids import new_id
from core.settings import settings
from core.tasks import Task
from sandbox.servers import Postgres
from tests.billing.conftest import DECLINED, Till
from tests.pictures import changed, picture
from tests.races import at_once, raised
from tests.sandbox.stripe.world import Received, wait_for
from tests.sizes import often
from tests.visits import Visit, make_app

MACHINERY = ("stripe_events", "tasks", "task_attempts")


def signed(event: Mapping[str, object], secret: str, age: int = 0) -> Received:
    """An event as somebody who knows `secret` would sign it (https://docs.stripe.com/webhooks/signature)."""
    payload, moment = json.dumps(event).encode(), int(time.time()) - age
    mark = hmac.new(secret.encode(), f"{moment}.".encode() + payload, hashlib.sha256).hexdigest()
    return Received(payload, f"t={moment},v1={mark}", 0.0)


def an_event(event_id: str, session: str = "cs_test_1", **more: object) -> dict[str, object]:
    thing = {"id": session, "object": "checkout.session", "metadata": {}, "payment_intent": None}
    return {
        "id": event_id,
        "object": "event",
        "type": "checkout.session.completed",
        "created": 1_790_000_000,
        "data": {"object": thing},
    } | more


def count(till: Till, model: type[db.Model]) -> int:
    with till.world.acting():
        return int(db.session().scalar(select(func.count()).select_from(model)) or 0)


def facts(till: Till, code: str) -> tuple[object, ...]:
    """What one clean delivery gives: everything that a payment may change, without ids and times."""
    order, payment = till.world.order(code), till.payment(code)
    states = [attempt.state for attempt in till.attempts(code)]
    return (
        order.state,
        payment.state,
        payment.captured_minor,
        payment.fee_minor,
        states,
        count(till, Fund),
        count(till, JournalEntry),
        len(till.waiting()),
    )


CLEAN = (OrderState.FUNDED, payments.PaymentState.PAID, 249_50, 399, [AttemptState.PAID], 1, 2, 0)


@pytest.mark.promise("QW1")
def test_copies_of_an_event_have_one_effect(till: Till) -> None:
    code = till.order()
    till.pay(till.page(code))
    events = till.came(2)
    assert raised(at_once(*[lambda: till.ring(events) for _ in range(8)])) == []
    assert count(till, StripeEventRow) == len(events)
    till.world.work()
    assert facts(till, code) == CLEAN


@pytest.mark.promise("QW1", "QW2")
def test_a_storm_of_shuffled_copies_while_workers_work_is_as_one_clean_delivery(till: Till) -> None:
    chance, count_of = random.Random(7), often(5, 60)
    codes = [till.order() for _ in range(count_of)]
    for code in codes:
        till.pay(till.page(code))
    events = till.came(2 * count_of)
    storm = [event for event in events for _ in range(chance.randint(1, 5))]
    chance.shuffle(storm)
    hands = [replace(till, client=till.client.application.test_client()) for _ in range(8)]
    shares = [storm[n::8] for n in range(8)]
    rings = [partial(hand.ring, share) for hand, share in zip(hands, shares, strict=True)]
    ends = at_once(*rings, drain, drain)
    assert raised(ends) == []
    assert {status for end in ends[:8] for status in end} == {200}
    till.world.work()
    assert {till.world.order(code).state for code in codes} == {OrderState.FUNDED}
    assert count(till, StripeEventRow) == len(events)
    assert (count(till, Fund), count(till, JournalEntry)) == (count_of, 2 * count_of)
    assert till.waiting() == []
    with till.world.acting():
        numbers = db.session().scalars(select(Invoice.number).order_by(Invoice.number)).all()
    assert numbers == list(range(1, count_of + 1))


@pytest.mark.promise("QW2")
def test_every_order_of_a_declined_paid_and_refunded_story_ends_the_same(till: Till) -> None:
    arrivals = list(itertools.permutations(range(5)))
    random.Random(11).shuffle(arrivals)
    outcomes = set[tuple[object, ...]]()
    for arrival in arrivals[: often(6, 120)]:
        till.receiver.received.clear()
        code = till.order()
        session = till.page(code)
        till.pay(session, DECLINED)
        till.pay(session)
        intent = till.report(session).payment_intent or ""
        stripe_refunds.make(till.account, intent, 1_00, f"key-{code}", currency="EUR")
        events = till.came(5)
        assert len({event.event["type"] for event in events}) == 5
        for place in arrival:
            till.ring([events[place]])
            till.world.work(5)
        payment = till.payment(code)
        outcomes.add(
            (
                till.world.order(code).state,
                payment.state,
                payment.captured_minor,
                *(attempt.state for attempt in till.attempts(code)),
            )
        )
    assert outcomes == {(OrderState.FUNDED, payments.PaymentState.PAID, 249_50, AttemptState.PAID)}


@pytest.mark.promise("QW2")
def test_any_order_of_arrival_ends_the_same(till: Till) -> None:
    orders = []
    for _ in range(6):
        till.receiver.received.clear()
        code = till.order()
        session = till.page(code)
        till.pay(session, DECLINED)
        till.pay(session)
        orders.append((code, till.came(3)))
    for (code, events), arrival in zip(orders, itertools.permutations(range(3)), strict=True):
        for place in arrival:
            till.ring([events[place]])
            till.world.work()
        assert till.world.order(code).state is OrderState.FUNDED
        assert [attempt.state for attempt in till.attempts(code)] == [AttemptState.PAID]
    assert (count(till, Fund), count(till, JournalEntry), till.waiting()) == (6, 12, [])


@pytest.mark.promise("QW2")
def test_an_expiry_that_arrives_before_or_after_the_payment_changes_nothing(till: Till) -> None:
    code = till.order()
    first = till.page(code)
    till.stripe.tell("expire", session=first)
    second = till.page(code)
    till.pay(second)
    events = till.came(3)
    till.ring([*reversed(events), *events])
    till.world.work()
    assert till.world.order(code).state is OrderState.FUNDED
    assert [attempt.state for attempt in till.attempts(code)] == [AttemptState.EXPIRED, AttemptState.PAID]


@pytest.mark.promise("QW3")
def test_the_whole_store_replayed_later_changes_nothing(till: Till, postgres: Postgres) -> None:
    code = till.paid_order()
    till.ring(till.came(2))
    before = picture(postgres, without=MACHINERY)
    for _ in range(2):
        till.receiver.received.clear()
        till.stripe.tell("resend", account=till.account.account_id, order="any", copies=2)
        assert set(till.ring(till.came(4))) == {200}
        till.world.work()
    renamed = [
        signed(event.event | {"id": f"evt_again_{n}", "created": 1}, till.account.webhook_secret)
        for n, event in enumerate(till.came(4))
    ]
    assert set(till.ring(renamed)) == {200}
    till.world.work()
    assert changed(before, picture(postgres, without=MACHINERY)) == set()
    assert till.world.order(code).state is OrderState.FUNDED


@pytest.mark.promise("QW3")
def test_a_signature_of_last_month_is_refused(till: Till) -> None:
    till.pay(till.page(till.order()))
    late = [signed(event.event, till.account.webhook_secret, age=30 * 86_400) for event in till.came(2)]
    assert set(till.ring(late)) == {400}
    assert count(till, StripeEventRow) == 0


@pytest.mark.promise("QW4")
def test_with_every_webhook_lost_one_poll_makes_it_right(till: Till) -> None:
    till.stripe.tell("moods", account=till.account.account_id, webhooks="dropped")
    code, left = till.order(), till.order()
    till.pay(till.page(code))
    till.stripe.tell("expire", session=till.page(left))
    with till.world.acting():
        for attempt in db.session().scalars(select(PaymentAttempt)):
            attempt.created_at -= timedelta(minutes=2)
    with till.world.acting():
        stripe_events.poll()
    till.world.work()
    assert till.receiver.received == []
    assert till.world.order(code).state is OrderState.FUNDED
    assert till.attempts(left)[0].state is AttemptState.EXPIRED


FORGERIES: dict[str, Callable[[Till, Received], tuple[bytes, str | None]]] = {
    "no signature": lambda _till, event: (event.payload, None),
    "an empty signature": lambda _till, event: (event.payload, ""),
    "a wrong secret": lambda _till, event: _pair(signed(event.event, "whsec_wrong")),
    "an empty secret": lambda _till, event: _pair(signed(event.event, "")),
    "another account's secret": lambda _till, event: _pair(signed(event.event, "whsec_" + "z" * 32)),
    "another account's event": lambda till, event: _pair(
        signed(event.event | {"account": "acct_other"}, till.account.webhook_secret)
    ),
    "another body": lambda _till, event: (event.payload.replace(b"249", b"100"), event.signature),
    "no event": lambda till, _event: _pair(
        signed({"object": "charge", "id": "ch_1"}, till.account.webhook_secret)
    ),
    "no JSON": lambda _till, event: (b"\xff", event.signature),
    "nothing": lambda _till, event: (b"", event.signature),
}


def _pair(event: Received) -> tuple[bytes, str]:
    return event.payload, event.signature


@pytest.mark.promise("QW5")
def test_a_forgery_is_refused_without_any_effect(till: Till, postgres: Postgres) -> None:
    till.pay(till.page(till.order()))
    real = till.came(2)[-1]
    before = picture(postgres)
    for name, forge in FORGERIES.items():
        payload, signature = forge(till, real)
        answer = till.client.post(
            "/webhooks/stripe/whk-test",
            data=payload,
            headers={"Stripe-Signature": signature} if signature is not None else {},
        )
        assert (name, answer.status_code) == (name, 400)
    assert changed(before, picture(postgres)) == set()


@pytest.mark.promise("QW5")
def test_a_gateway_without_a_secret_trusts_nobody(till: Till, postgres: Postgres) -> None:
    with till.world.acting():
        gateways.find().webhook_secret = ""
    before = picture(postgres)
    assert till.ring([signed(an_event("evt_1"), "")]) == [400]
    assert changed(before, picture(postgres)) == set()


def test_a_webhook_for_nobody_is_not_found(till: Till) -> None:
    assert (
        till.client.post(
            "/webhooks/stripe/whk-nobody", data=b"{}", headers={"Stripe-Signature": "t=1,v1=0"}
        ).status_code
        == 404
    )


@pytest.mark.promise("QW6")
def test_two_events_with_the_same_body_are_both_kept(till: Till) -> None:
    twins = [signed(an_event(name), till.account.webhook_secret) for name in ("evt_a", "evt_b")]
    assert till.ring([*twins, *twins]) == [200] * 4
    assert count(till, StripeEventRow) == 2


def test_an_event_about_nothing_of_ours_is_kept_and_ends(till: Till) -> None:
    foreign = an_event("evt_1") | {
        "data": {"object": {"id": "cus_1", "object": "customer", "name": "A\0\ud800"}}
    }
    thin = {"id": "evt_3", "object": "v2.core.event", "type": "v2.new", "created": "2026-11-22T06:20:52.2Z"}
    answers = till.ring(
        [
            signed(foreign, till.account.webhook_secret),
            signed(an_event("evt_2", "cs_test_elsewhere"), till.account.webhook_secret),
            signed(thin, till.account.webhook_secret),
        ]
    )
    assert answers == [200] * 3
    till.world.work()
    with till.world.acting():
        assert {row.outcome for row in db.session().scalars(select(StripeEventRow))} == {
            stripe_events.NOT_OURS
        }
        assert all(row.handled_at for row in db.session().scalars(select(StripeEventRow)))


def test_an_event_is_not_handled_before_stripe_has_answered(till: Till) -> None:
    code = till.order()
    till.pay(till.page(code))
    till.ring(till.came(2))
    till.stripe.tell("moods", account=till.account.account_id, api="down")
    till.world.work(1)
    with till.world.acting():
        assert {row.handled_at for row in db.session().scalars(select(StripeEventRow))} == {None}
    assert till.waiting() == []
    five_minutes_pass(till)
    till.world.work(1)
    assert {item.kind for item in till.waiting()} == {"unclear payment"}
    five_minutes_pass(till)
    till.stripe.tell("moods", account=till.account.account_id, api="normal")
    till.world.work()
    assert facts(till, code) == CLEAN


def five_minutes_pass(till: Till) -> None:
    """For what waits for Stripe's answer."""
    with till.world.acting():
        db.session().execute(
            update(StripeEventRow).values(received_at=StripeEventRow.received_at - timedelta(minutes=6))
        )
        db.session().execute(
            update(Task)
            .where(Task.kind == "stripe_event")
            .values(next_at=Task.created_at, attempts=Task.attempts + 4)
        )


@pytest.mark.promise("QW7")
def test_return_page_webhook_poller_and_command_at_once_settle_once(till: Till) -> None:
    rounds = often(20, 100)
    for turn in range(rounds):
        till.receiver.received.clear()
        code = till.order()
        till.pay(till.page(code))
        events, attempt = till.came(2), till.attempts(code)[0]
        with till.world.acting():
            found = payments.attempt_of(None, str(attempt.id))
            assert found
            found.created_at -= timedelta(minutes=2)
        ends = at_once(
            lambda came=attempt: (returns(till, came), drain()),
            lambda came=events: (till.ring(came), drain()),
            lambda: (polls(till), drain()),
            lambda came=attempt: commands(till, came),
        )
        assert raised(ends) == []
        till.world.work()
        assert till.world.order(code).state is OrderState.FUNDED
        with till.world.acting():
            session = db.session()
            mails = dict(
                session.execute(
                    select(Task.kind, func.count()).where(Task.kind.like("mail_%")).group_by(Task.kind)
                ).all()
            )
            numbers: Sequence[int | None] = session.scalars(
                select(Invoice.number).order_by(Invoice.number)
            ).all()
        assert mails == {"mail_order_received": turn + 1, "mail_service_ready": turn + 1}
        assert list(numbers) == list(range(1, turn + 2))
    assert (count(till, Fund), count(till, JournalEntry), till.waiting()) == (rounds, 2 * rounds, [])


def test_whoever_loads_the_page_for_ever_does_not_ask_the_gateway_for_ever(till: Till) -> None:
    attempt = new_id()
    with till.world.acting():
        for _again in range(stripe_events.MOST_LOOKS + 5):
            stripe_events.check_soon(attempt)
        stripe_events.check_soon(new_id())
        asked = list(db.session().scalars(select(Task.args).where(Task.kind == "check_payment")))
    assert [one["attempt"] for one in asked].count(str(attempt)) == stripe_events.MOST_LOOKS
    assert len(asked) == stripe_events.MOST_LOOKS + 1


def returns(till: Till, attempt: PaymentAttempt) -> None:
    with till.world.acting():
        stripe_events.check_soon(attempt.id)


def polls(till: Till) -> None:
    with till.world.acting():
        stripe_events.poll()


def commands(till: Till, attempt: PaymentAttempt) -> None:
    with tenancy.acting_as(till.world.scope()):
        stripe_events.look_now(attempt.id)


def drain() -> None:
    worker = Drain(slots=4)
    try:
        worker.run(10)
    finally:
        worker.close()


@pytest.mark.promise("QC1")
def test_an_endpoint_whose_secret_nobody_kept_goes_when_the_next_is_registered(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nora's process died after Stripe had made the endpoint: she presses the button again."""
    shop = till.receiver.url.removesuffix("/webhooks/stripe")
    stripe_gateway.register_endpoint(till.account, f"{shop}/webhooks/stripe/whk-test")
    monkeypatch.setenv("PUBLIC_URL", shop)
    settings.cache_clear()
    assert Visit(make_app()).sign_in("nora").post("/distributor/gateway/register").status_code == 303
    settings.cache_clear()
    here = [one.id for one in till.dashboard().webhook_endpoints.list().data if one.url.endswith("whk-test")]
    assert len(here) == 1
    with till.world.acting():
        account = replace(till.account, webhook_secret=gateways.find().webhook_secret)
    till.pay(till.page(till.order()))

    def fits(event: Received) -> bool:
        try:
            return bool(stripe_gateway.read_event(account, event.payload, event.signature).event_id)
        except stripe_gateway.ForgedEvent:
            return False

    wait_for(lambda: any(map(fits, till.receiver.received)))
