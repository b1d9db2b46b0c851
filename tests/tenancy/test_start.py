"""Nothing starts on a database whose walls are not as declared: the refusal names the table (QS2)."""

import os
import subprocess
import sys
from collections.abc import Generator

import click
import pytest
from flask.cli import ScriptInfo
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

import app
from core import db, roles
from sandbox.servers import Postgres
from storefront import schema, web
from tests.conftest import login
from tests.copies import on_server
from tests.world import World

BREACHES = {
    "a policy is dropped": ("orders", 'DROP POLICY "customer" ON orders'),
    "a policy is dropped for the distributor": ("gateways", 'DROP POLICY "distributor" ON gateways'),
    "a policy is wider": ("invoices", 'ALTER POLICY "customer" ON invoices USING (true)'),
    "a policy writes wider than it reads": (
        "memberships",
        'ALTER POLICY "reseller" ON memberships WITH CHECK (true)',
    ),
    "a policy is added": ("subscriptions", "CREATE POLICY support ON subscriptions USING (true)"),
    "a policy is for somebody else too": (
        "payments",
        'ALTER POLICY "reseller" ON payments TO shop_as_reseller, shop_as_public',
    ),
    "row security is off": ("order_lines", "ALTER TABLE order_lines DISABLE ROW LEVEL SECURITY"),
    "row security is not forced": ("funds", "ALTER TABLE funds NO FORCE ROW LEVEL SECURITY"),
    "a grant is added": ("order_costs", "GRANT SELECT ON order_costs TO shop_as_customer"),
    "a grant is missing": ("licences", "REVOKE SELECT ON licences FROM shop_as_customer"),
    "a closed table is opened": ("persons", "GRANT SELECT ON persons TO shop_as_public"),
    "a grant is for everybody": ("plan_costs", "GRANT SELECT ON plan_costs TO PUBLIC"),
    "a grant is for the login": ("tasks", "GRANT SELECT ON tasks TO shop_app"),
    "a grant is on a column": (
        "wholesale_prices",
        "GRANT SELECT (price_minor) ON wholesale_prices TO shop_as_customer",
    ),
    "a view looks through": (
        "all_orders",
        "CREATE VIEW all_orders AS SELECT * FROM orders; GRANT SELECT ON all_orders TO shop_as_public",
    ),
    "an unknown table is open": (
        "notes",
        "CREATE TABLE notes (id int); GRANT SELECT ON notes TO shop_as_public",
    ),
    "a door is open to everybody": ("login_person_v2", "GRANT EXECUTE ON FUNCTION login_person_v2 TO PUBLIC"),
    "a door is missing": ("gateway_by_code_v1", "DROP FUNCTION gateway_by_code_v1"),
    "a door does something else": (
        "due_tasks_v1",
        "CREATE OR REPLACE FUNCTION due_tasks_v1() RETURNS TABLE (due bigint, oldest"
        " timestamptz) LANGUAGE sql SECURITY DEFINER"
        " SET search_path = public, pg_temp AS 'SELECT 0::bigint, now()'",
    ),
    "a door follows its caller's path": ("end_session_v2", "ALTER FUNCTION end_session_v2 RESET search_path"),
    "a function works as the owner": (
        "peek",
        "CREATE FUNCTION peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT"
        " count(*) FROM orders'",
    ),
    "the books are unwatched": (
        "journal_lines",
        "ALTER TABLE journal_lines DISABLE TRIGGER journal_lines_zero",
    ),
    "the login may become the door": ("shop_door", "GRANT shop_door TO shop_app"),
}
UNDO = {"the login may become the door": "REVOKE shop_door FROM shop_app"}


def in_the_database(postgres: Postgres, statement: str) -> None:
    """As the server's administrator."""
    engine = create_engine(postgres.admin_url("shop"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for part in statement.split("; "):
            connection.exec_driver_sql(part)
    engine.dispose()


@pytest.mark.promise("QS2")
def test_a_database_as_declared_is_served_from(world: World) -> None:
    assert app.create_app().test_client().get("http://shop.test/readyz").status_code == 200


@pytest.mark.promise("QS2", "QS3")
def test_a_breach_of_the_walls_stops_the_start_and_is_named(world: World, postgres: Postgres) -> None:
    quiet = []
    for breach, (name, statement) in BREACHES.items():
        in_the_database(postgres, statement)
        if not {f"{name}:", f"{name};"} & set(why_not().split()):
            quiet.append(breach)
        if breach in UNDO:
            in_the_database(postgres, UNDO[breach])
    assert quiet == []


def why_not() -> str:
    """Why the application does not start; nothing when it does."""
    try:
        app.create_app()
    except RuntimeError as refusal:
        return str(refusal)
    return ""


@pytest.mark.promise("QS2")
def test_migrating_again_mends_every_breach_of_what_is_ours(world: World, postgres: Postgres) -> None:
    ours = {
        name: breach
        for name, breach in BREACHES.items()
        if breach[0] not in ("all_orders", "notes", "peek", "subscriptions", "shop_door")
    }
    for _, statement in ours.values():
        in_the_database(postgres, statement)
    in_the_database(postgres, "ALTER FUNCTION due_tasks_v1 OWNER TO shop_door")
    schema.migrate(login(postgres, "owner"))
    app.create_app()


@pytest.mark.promise("QS2")
def test_the_page_of_a_running_process_says_that_it_is_not_ready(world: World, postgres: Postgres) -> None:
    client = app.create_app().test_client()
    in_the_database(postgres, 'DROP POLICY "customer" ON orders')
    answer = client.get("http://shop.test/readyz")
    assert (answer.status_code, "orders: the policy for the customer side is missing." in answer.text) == (
        503,
        True,
    )


@pytest.mark.promise("QS2")
def test_with_a_policy_dropped_a_query_finds_nothing_rather_than_everything(
    world: World, postgres: Postgres
) -> None:
    in_the_database(postgres, 'DROP POLICY "customer" ON invoices')
    with world.acting("acme"):
        assert db.session().execute(text("SELECT id FROM invoices")).all() == []


@pytest.fixture
def another_login(world: World, monkeypatch: pytest.MonkeyPatch) -> Generator[pytest.MonkeyPatch]:
    """Lets a test start the application as somebody else."""
    yield monkeypatch
    monkeypatch.undo()
    db.reset()


@pytest.mark.promise("QS2")
@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("postgres", "a superuser"),
        ("owner", "must not be the owner"),
        ("strong", "has BYPASSRLS"),
        ("heir", "it must be NOINHERIT"),
    ],
)
def test_a_login_with_too_many_rights_is_refused(
    another_login: pytest.MonkeyPatch, postgres: Postgres, who: str, words: str
) -> None:
    on_server(
        postgres,
        *[f"DROP ROLE IF EXISTS shop_{name}" for name in ("strong", "heir")],
        "CREATE ROLE shop_strong LOGIN BYPASSRLS",
        "CREATE ROLE shop_heir LOGIN INHERIT",
    )
    url = postgres.admin_url("shop") if who == "postgres" else login(postgres, who)
    in_the_database(
        postgres,
        "GRANT CONNECT ON DATABASE shop TO shop_strong, shop_heir; GRANT USAGE ON SCHEMA"
        " public TO shop_strong, shop_heir",
    )
    in_the_database(postgres, "GRANT SELECT ON alembic_version TO shop_strong, shop_heir")
    another_login.setenv("DATABASE_URL", url)
    db.reset()
    with pytest.raises(RuntimeError, match=words):
        app.create_app()
    db.reset()
    for name in ("strong", "heir"):
        in_the_database(postgres, f"DROP OWNED BY shop_{name}; DROP ROLE shop_{name}")


@pytest.mark.promise("QS2")
@pytest.mark.parametrize("command", ["worker", "dispatcher"])
def test_workers_refuse_as_well_and_migrate_does_not(world: World, postgres: Postgres, command: str) -> None:
    in_the_database(postgres, 'DROP POLICY "distributor" ON tasks')
    refused = flask(command)
    assert refused.returncode != 0
    assert "tasks: the policy for the distributor side is missing." in refused.stderr
    mended = flask("migrate", OWNER_DATABASE_URL=login(postgres, "owner"))
    assert (mended.returncode, "revision" in mended.stdout) == (0, True), mended.stderr


def flask(command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """`flask COMMAND` as a process."""
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", command],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.promise("QS2")
def test_a_server_with_a_command_line_of_its_own_is_no_command_of_ours() -> None:
    """Granian forks its workers from within its own command line."""
    with click.Context(click.Command("granian")):
        assert not web.on_the_command_line()
    with click.Context(click.Command("flask"), obj=ScriptInfo()) as flask:
        with click.Context(click.Command("doctor"), parent=flask, info_name="doctor"):
            assert web.on_the_command_line()
        with click.Context(click.Command("run"), parent=flask, info_name="run"):
            assert not web.on_the_command_line()


def test_an_administrators_url_may_name_the_database_that_is_still_to_be_made(postgres: Postgres) -> None:
    try:
        for _ in range(2):
            roles.create(postgres.admin_url("fresh"), "fresh")
        url = make_url(postgres.admin_url("fresh")).set(username="fresh_app")
        engine = create_engine(url)
        with engine.connect() as connection:
            assert roles.login_problems(connection, "fresh") == []
        engine.dispose()
    finally:
        on_server(postgres, "DROP DATABASE IF EXISTS fresh WITH (FORCE)")
