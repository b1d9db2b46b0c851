"""The first lock, table by table: as each side, by direct SQL with the application's own login, only what
is ours can be seen, changed or made."""

from collections.abc import Generator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, Table, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from core import db, tenancy
from core.db import Model
from core.tenancy import Side
from sandbox.servers import Postgres
from tests.tenancy.strangers import IDS, SELF, Planted, owners_of, plant, row, scope
from tests.world import World

SECRETS_OF_THE_DISTRIBUTOR = {
    "order_costs",
    "plan_costs",
    "connector_settings",
    "gateways",
    "vendor_records",
    "stripe_events",
    "task_attempts",
    "journal_entries",
    "journal_lines",
    "bank_receipts",
    "funds",
    "work_items",
    "invoice_series",
    "hosts",
    "deal_rules",
}
SECRETS_OF_THE_TRADE = SECRETS_OF_THE_DISTRIBUTOR | {
    "order_wholesale",
    "wholesale_prices",
    "charges",
    "balances",
    "holds",
    "price_lists",
    "resellers",
    "deals",
}
CLOSED = {"persons", "sessions", "throttles", "search_texts", "search_words", "shelf_counts"}


@contextmanager
def as_side(side: Side) -> Generator[Connection]:
    """A transaction of the application's login in our scope on a side; rolled back."""
    with db.engine().connect() as connection:
        connection.execute(tenancy.OPEN_SCOPE, tenancy.opening(scope(side), db.database()))
        yield connection
        connection.rollback()


def tried(connection: Connection, statement: str) -> list[object] | str:
    """The keys a statement returns, or why PostgreSQL refuses it; undone in any case."""
    attempt = connection.begin_nested()
    try:
        return [found[0] for found in connection.exec_driver_sql(statement).all()]
    except DBAPIError as error:
        return str(error.orig)
    finally:
        attempt.rollback()


def wrong(connection: Connection, side: Side, table: Table, planted: list[Planted]) -> list[str]:
    """What this side can do with this table that it should not, in words."""
    letters, key = tenancy.access_of(table).of(side), "id" if "id" in table.c else next(iter(table.c)).name
    own = {found.key for found in planted if found.seen_by(side)}
    bound = owners_of(table)[0] if owners_of(table) else ""
    column = "id" if SELF.get(table.name) == bound else f"{bound}_id"
    found: list[str] = []
    acts = {
        "r": f"SELECT {key} FROM {table.name}",  # noqa: S608 our own names
        "u": f"UPDATE {table.name} SET {key} = {key} RETURNING {key}",  # noqa: S608 our own names
        "d": f"DELETE FROM {table.name} RETURNING {key}",  # noqa: S608 our own names
    }
    for letter, statement in acts.items():
        answer = tried(connection, statement)
        if letter not in letters:
            if "permission denied" not in answer:
                found.append(f"{side} may {letter} {table.name}, which it must not")
        elif isinstance(answer, str) or set(answer) != own or not own:
            found.append(
                f"{side} {letter} {table.name}:"
                f" {answer if isinstance(answer, str) else len(answer)} instead of {len(own)} rows"
            )
    foreign = row(table, dict.fromkeys(owners_of(table), 1))
    refusal = inserted(connection, table, foreign)
    if "permission denied" not in refusal and "row-level security" not in refusal:
        found.append(f"{side} can make a stranger's row in {table.name}: {refusal or 'done'}")
    if "u" in letters:
        moved = tried(connection, f"UPDATE {table.name} SET {column} = '{IDS[bound][1]}' RETURNING {key}")  # noqa: S608 our own names
        if "row-level security" not in moved:
            found.append(f"{side} can give its {table.name} to a stranger: {moved}")
    return found


def inserted(connection: Connection, table: Table, values: dict[str, object]) -> str:
    """Why a row cannot be made; empty when it can."""
    try:
        with connection.begin_nested():
            connection.execute(table.insert(), [values])
    except ProgrammingError as error:
        return str(error.orig)
    except DBAPIError as error:
        return f"another reason: {error.orig}"
    return ""


@pytest.mark.promise("QS1", "QS2")
@pytest.mark.parametrize("side", list(Side))
def test_a_side_reaches_its_own_rows_and_no_others_in_every_table(
    world: World, postgres: Postgres, side: Side
) -> None:
    planted = plant(postgres)
    with as_side(side) as connection:
        found = [
            problem
            for table in Model.metadata.sorted_tables
            for problem in wrong(connection, side, table, planted[table.name])
        ]
    assert found == []


@pytest.mark.promise("QS2")
def test_without_a_scope_postgresql_refuses_every_table_and_again_after_a_commit(world: World) -> None:
    with db.engine().connect() as connection:
        for commits in range(2):
            for table in Model.metadata.sorted_tables:
                assert "permission denied" in tried(connection, f"SELECT 1 FROM {table.name}"), table.name  # noqa: S608 our own names
            connection.execute(tenancy.OPEN_SCOPE, tenancy.opening(scope(Side.DISTRIBUTOR), db.database()))
            assert tried(connection, "SELECT id FROM orders") == []
            connection.commit()
            assert commits < 2


@pytest.mark.promise("QS1")
def test_no_cost_wholesale_or_credential_can_be_selected_by_those_it_is_hidden_from(world: World) -> None:
    names = {table.name for table in Model.metadata.sorted_tables}
    assert names >= SECRETS_OF_THE_TRADE, SECRETS_OF_THE_TRADE - names
    hidden = {
        Side.PUBLIC: SECRETS_OF_THE_TRADE,
        Side.CUSTOMER: SECRETS_OF_THE_TRADE,
        Side.RESELLER: SECRETS_OF_THE_DISTRIBUTOR,
        Side.DISTRIBUTOR: set[str](),
    }
    for side, tables in hidden.items():
        with as_side(side) as connection:
            for name in sorted(tables | (CLOSED & names)):
                answer = tried(connection, f"SELECT 1 FROM {name}")  # noqa: S608 our own names
                assert "permission denied" in answer, f"{side} can read {name}"


@pytest.mark.promise("QS1")
@pytest.mark.parametrize("side", [Side.PUBLIC, Side.CUSTOMER, Side.RESELLER])
def test_no_side_below_the_distributor_can_read_the_queue(world: World, side: Side) -> None:
    with as_side(side) as connection:
        assert "permission denied" in tried(connection, "SELECT id FROM tasks")


@pytest.mark.promise("QS2")
def test_an_unfinished_scope_shows_an_error_and_not_an_empty_page(world: World) -> None:
    with db.engine().connect() as connection:
        connection.execute(
            text("SELECT set_config('role', :role, true)"),
            {"role": tenancy.role_name(db.database(), Side.CUSTOMER)},
        )
        with pytest.raises(DBAPIError, match="unrecognized configuration parameter|invalid input syntax"):
            connection.execute(text("SELECT id FROM orders"))
