"""The doctor: a clean world is silent, and each planted fault is found by the checker that is there for it.
Faults are planted as the server's administrator, past every trigger and policy, because the product itself
cannot make them."""

import copy
import json
from collections.abc import Callable, Generator

import pytest
from flask.testing import FlaskCliRunner
from sqlalchemy import create_engine, select, text

import app
from checkout import orders
from checkout.orders import PayBy
from core import db
from provisioning import resolutions
from provisioning.deliveries import Delivery
from sandbox.servers import Postgres
from storefront import doctor, invariants
from tests.conftest import fresh
from tests.copies import Copies
from tests.scenes import Scenes
from tests.world import World, open_portal

Plant = Callable[..., None]


@pytest.fixture
def plant(postgres: Postgres) -> Plant:
    """Runs statements on the living database past every lock."""

    def run(*statements: str) -> None:
        engine = create_engine(postgres.admin_url("shop"))
        with engine.begin() as connection:
            connection.execute(text("SET session_replication_role = replica"))
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()

    return run


@pytest.fixture
def busy(scenes: Scenes, world_copies: Copies) -> Generator[World]:
    """A world in which orders were placed, delivered, cancelled and are still waiting."""
    yield copy.deepcopy(scenes.begin("the doctor's", lambda: trade(fresh(world_copies))))
    db.reset()


def trade(world: World) -> World:
    """It becomes busy."""
    open_portal(world)
    world.give_credit("harbour", 500_00)
    world.give_credit("brightfield", 500_00)
    world.buys("harbour", "standard-m", pay_by=PayBy.ACCOUNT, alias="harbour")
    world.fund_by_hand(world.buys("acme", "patch-y", 3))
    world.work()
    refuse_one(world)
    world.buys("acme", "patch-y", 2)
    return world


def refuse_one(world: World) -> None:
    """An order is paid by card, refused, and on its way back; the gateway is away."""
    code = world.buys("acme", "patch-y", 1)
    world.pay(code)
    with world.acting():
        mine = select(Delivery.id).where(Delivery.order_id == orders.find(code).id)
        resolutions.refuse(db.session().scalars(mine).one(), why="No.")
    world.work()


def found() -> set[str]:
    """Names of the checkers that found something."""
    return {finding.checker for finding in doctor.examine()}


def test_a_clean_world_is_silent(busy: World) -> None:
    assert doctor.examine() == []


HARBOUR = "(SELECT id FROM resellers WHERE name = 'Harbour')"
FAULTS = {
    "journal": [
        "UPDATE journal_lines SET minor = minor + 1"
        " WHERE id = (SELECT id FROM journal_lines ORDER BY id LIMIT 1)"
    ],
    "balances": [f"UPDATE balances SET reserved = reserved + 5 WHERE reseller_id = {HARBOUR}"],  # noqa: S608 our own words
    "holds": ["UPDATE orders SET state = 'cancelled' WHERE pay_by = 'account'"],
    "payments": ["UPDATE payments SET state = 'paid', captured_minor = amount_minor WHERE state = 'pending'"],
    "funded orders": [
        "UPDATE deliveries SET state = 'refused'",
        "UPDATE tasks SET state = 'refused' WHERE kind = 'deliver'",
    ],
    "funds": ["UPDATE funds SET order_id = gen_random_uuid()"],
    "licences": ["DELETE FROM licences WHERE number = 3"],
    "terms": ["UPDATE subscriptions SET ends_at = now() - interval '2 hours' WHERE state = 'active'"],
    "revoked licences": ["UPDATE subscriptions SET state = 'ended' WHERE state = 'active'"],
    "deliveries and tasks": ["UPDATE tasks SET state = 'parked' WHERE kind = 'deliver'"],
    "subscriptions": [
        "INSERT INTO subscriptions SELECT distributor_id, gen_random_uuid(), reseller_id, customer_id,"
        " code || 'X', plan_id, order_line_id, product_name, plan_name, unit, quantity, 0, term,"
        " billing_period, price_minor, currency, state, created_at FROM subscriptions LIMIT 1"
    ],
    "invoice numbers": [
        "UPDATE invoices SET series = 'NW-2026', number = 2, state = 'paid'"
        " WHERE id = (SELECT id FROM invoices LIMIT 1)"
    ],
    "refunds": ["UPDATE payments SET refunded_minor = 0"],
    "credit notes": ["DELETE FROM credit_note_lines", "DELETE FROM credit_notes"],
    "refunded and active": [
        "UPDATE subscriptions SET state = 'active' WHERE order_line_id IN (SELECT order_line_id FROM refunds)"
    ],
    "windows": [
        "UPDATE subscriptions SET state = 'ended' WHERE state = 'active'",
        "INSERT INTO cancellations (distributor_id, id, reseller_id, customer_id, subscription_id, state,"
        ' side, "by", asked_at, ends_at, back_minor, currency) SELECT distributor_id, gen_random_uuid(),'
        " reseller_id, customer_id, id, 'done', 'customer', 'Anna', now(), now(), 100, 'EUR'"
        " FROM subscriptions WHERE state = 'ended'",
    ],
    "sums": [
        "UPDATE orders SET total_minor = total_minor + 1, tax_minor = tax_minor + 1"
        " WHERE state = 'awaiting_payment'"
    ],
    "discounts": ["UPDATE order_lines SET list_minor = unit_minor + 1"],
    "uses of discounts": [
        "INSERT INTO partner_codes (distributor_id, id, reseller_id, code, name, basis_points, goods,"
        " goods_words, combines, starts_on, most_uses, uses, state, note, created_at, created_by)"
        " SELECT distributor_id, gen_random_uuid(), id, 'PC-1', 'x', 100, '{}', '', true, now(), 2, 1,"
        " 'scheduled', '', now(), '' FROM resellers WHERE name = 'Harbour'"
    ],
    "trail": ["DELETE FROM trail WHERE what = 'awaiting_payment -> funded'"],
    "stuck tasks": [
        "UPDATE tasks SET state = 'pending', next_at = now() - interval '6 minutes'"
        " WHERE kind = 'mail_order_received'"
    ],
    "webhooks": [
        "INSERT INTO stripe_events (distributor_id, id, account_id, event_id, type, session_id, payload,"
        " received_at, outcome) SELECT id, gen_random_uuid(), 'acct', 'evt_1', 'checkout.session.completed',"
        " 'cs_1', '{}', now() - interval '11 minutes', '' FROM distributors"
    ],
    "unpaid orders": [
        "UPDATE orders SET expires_at = now() - interval '11 minutes' WHERE state = 'awaiting_payment'"
    ],
    "search": [
        "DELETE FROM search_texts WHERE name LIKE '0patch%'",
        "UPDATE shelf_counts SET products = products + 1",
        "UPDATE search_texts SET price_minor = price_minor + 1",
    ],
    "prices that follow": [
        "UPDATE plans SET factor = 0.1, priced_as_id = (SELECT id FROM plans WHERE code = 'm365-bb-y')"
        " WHERE code = 'm365-bb-m'"
    ],
    "aliases": [
        "DROP INDEX uq_storefronts_alias",
        "UPDATE storefronts SET alias = 'brightfield' WHERE alias = 'harbour'",
    ],
    "sessions": [
        "INSERT INTO sessions (id, token_hash, distributor_id, storefront_id, host, person_id, membership_id,"
        " csrf, created_at, last_seen_at, expires_at) SELECT gen_random_uuid(), 'x', distributor_id,"
        " gen_random_uuid(), 'shop.test', person_id, id, '', now(), now(), now() + interval '1 day'"
        " FROM memberships WHERE name = 'Anna'",
        "UPDATE memberships SET ended_at = now() WHERE name = 'Anna'",
    ],
}


def test_every_checker_has_a_planted_fault() -> None:
    assert set(FAULTS) == {checker.name for checker in invariants.CHECKERS}


@pytest.mark.promise("QP4")
@pytest.mark.parametrize("checker", FAULTS)
def test_a_planted_fault_is_found(busy: World, plant: Plant, checker: str) -> None:
    plant(*FAULTS[checker])
    assert checker in found()


def test_two_shops_at_one_host_are_found(busy: World, plant: Plant) -> None:
    plant(
        "ALTER TABLE hosts DROP CONSTRAINT uq_hosts_host",
        "INSERT INTO hosts SELECT gen_random_uuid(), gen_random_uuid(), host, storefront_id FROM hosts"
        " WHERE host = 'localhost'",
    )
    assert any("localhost" in finding.words for finding in doctor.examine())


@pytest.mark.promise("QS2")
def test_a_dropped_policy_is_named(busy: World, plant: Plant) -> None:
    plant("DROP POLICY customer ON orders")
    assert [finding.words for finding in doctor.examine()] == [
        "orders: the policy for the customer side is missing."
    ]


def test_the_command_says_it_in_words_and_by_its_exit_code(busy: World, plant: Plant) -> None:
    runner: FlaskCliRunner = app.create_app().test_cli_runner()
    well = runner.invoke(args=["doctor"])
    assert (well.exit_code, "Nothing is wrong" in well.output) == (0, True)
    plant(*FAULTS["balances"])
    ill = runner.invoke(args=["doctor"])
    assert ill.exit_code == 1
    assert "Harbour: 4905 EUR minor units of credit are reserved, but orders hold 4900." in ill.output
    told = json.loads(runner.invoke(args=["doctor", "--json"]).output)
    assert told["faults"][0]["checker"] == "balances"
