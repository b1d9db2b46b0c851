"""The shape of the walls, read from PostgreSQL's own catalogue rather than from our declarations (QS3)."""

import re
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from core import doors, tenancy
from core.db import Model
from core.tenancy import Side
from sandbox.servers import Postgres
from tests.world import World

# Rows of nobody or of everybody: reached by door functions only. A new name here is a decision.
ACCOUNTS = {
    "account_events",
    "account_links",
    "factors",
    "passkey_challenges",
    "passkeys",
    "recovery_codes",
    "second_steps",
    "tickets",
}
CLOSED_TABLES = {
    "companies",
    "persons",
    "sessions",
    "throttles",
    "search_texts",
    "search_words",
    "shelf_counts",
} | ACCOUNTS
WITHOUT_DISTRIBUTOR = {"companies", "persons", "sessions", "throttles", "distributors"} | ACCOUNTS


def ask(postgres: Postgres, query: str) -> list[Any]:
    engine = create_engine(postgres.admin_url("shop"))
    with engine.connect() as connection:
        rows = list(connection.execute(text(query)).all())
    engine.dispose()
    return rows


def tables(postgres: Postgres) -> set[str]:
    found = {
        row[0]
        for row in ask(
            postgres,
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND"
            " relkind IN ('r', 'p')",
        )
    }
    return found - {"alembic_version"}


@pytest.mark.promise("QS3")
def test_the_database_has_the_tables_of_the_models_and_no_others(world: World, postgres: Postgres) -> None:
    assert tables(postgres) == set(Model.metadata.tables)


@pytest.mark.promise("QS3")
def test_the_first_part_of_every_key_is_the_distributor(world: World, postgres: Postgres) -> None:
    keys = ask(
        postgres,
        "SELECT c.conrelid::regclass::text, array_agg(a.attname::text ORDER BY k.place) FROM pg_constraint c"
        " CROSS JOIN LATERAL unnest(c.conkey) WITH ORDINALITY k(number, place)"
        " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number WHERE"
        " c.contype = 'p' AND c.connamespace = 'public'::regnamespace GROUP BY 1",
    )
    for table, columns in keys:
        if table not in {*WITHOUT_DISTRIBUTOR, "alembic_version"}:
            assert columns[:2] == ["distributor_id", "id"], (table, columns)


@pytest.mark.promise("QS3")
def test_every_table_enables_and_forces_row_level_security(world: World, postgres: Postgres) -> None:
    weak = ask(
        postgres,
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND NOT (relrowsecurity AND relforcerowsecurity) AND relname <> 'alembic_version'",
    )
    assert weak == []


@pytest.mark.promise("QS3")
def test_every_policy_is_an_exact_equality_for_reading_and_writing(world: World, postgres: Postgres) -> None:
    column = r"\(\w+ = \(current_setting\('app\.\w+'::text\)\)::uuid\)"
    shape = re.compile(rf"^(\({column}( AND {column})*\)|{column})$")
    for table, name, qual, check in ask(
        postgres, "SELECT tablename, policyname, qual, with_check FROM pg_policies"
    ):
        assert qual == check, f"{table}.{name} reads and writes by different rules"
        assert (qual == "true") == (name == "door"), f"{table}.{name}: {qual}"
        assert name == "door" or shape.match(qual), f"{table}.{name}: {qual}"


@pytest.mark.promise("QS3")
def test_a_policy_binds_every_owner_that_the_table_names(world: World, postgres: Postgres) -> None:
    bound = {
        "customer": ("reseller_id", "customer_id"),
        "reseller": ("reseller_id",),
        "public": ("reseller_id",),
        "distributor": (),
    }
    for table, side, qual in ask(
        postgres, "SELECT tablename, policyname, qual FROM pg_policies WHERE policyname <> 'door'"
    ):
        columns = set(Model.metadata.tables[table].c.keys())
        for owner in ("distributor_id", *bound[side]):
            if owner in columns:
                assert f"({owner} = (current_setting('app.{owner}'::text))::uuid)" in qual, (
                    f"{table}: the {side} side is not bound by {owner}"
                )


@pytest.mark.promise("QS3")
def test_foreign_keys_between_tenants_tables_carry_the_distributor(world: World, postgres: Postgres) -> None:
    keys = ask(
        postgres,
        "SELECT c.conrelid::regclass::text, c.confrelid::regclass::text,"
        " (SELECT attname FROM pg_attribute WHERE attrelid = c.conrelid AND attnum = c.conkey[1]),"
        " (SELECT attname FROM pg_attribute WHERE attrelid = c.confrelid AND attnum ="
        " c.confkey[1]) FROM pg_constraint c WHERE c.contype = 'f'",
    )
    assert len(keys) > 30
    for table, target, first, target_first in keys:
        if not {table, target} & WITHOUT_DISTRIBUTOR:
            assert (first, target_first) == ("distributor_id", "distributor_id"), (table, target)


@pytest.mark.promise("QS3")
def test_every_unique_index_starts_with_the_distributor_or_is_declared_global(
    world: World, postgres: Postgres
) -> None:
    indexes = ask(
        postgres,
        "SELECT t.relname, i.relname, (SELECT attname FROM pg_attribute WHERE attrelid = t.oid"
        " AND attnum = x.indkey[0]) FROM pg_index x"
        " JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid"
        " WHERE x.indisunique AND t.relnamespace = 'public'::regnamespace AND t.relname <> 'alembic_version'",
    )
    for table, index, first in indexes:
        assert (
            first == "distributor_id" or table in WITHOUT_DISTRIBUTOR or table in tenancy.GLOBALLY_UNIQUE
        ), f"{index} lets one tenant see that another has a value"


@pytest.mark.promise("QS3")
def test_closed_tables_are_a_named_list_without_any_grant(world: World, postgres: Postgres) -> None:
    assert {
        table.name for table in Model.metadata.sorted_tables if tenancy.is_closed(table)
    } == CLOSED_TABLES & set(Model.metadata.tables)
    sides = ", ".join(f"'{tenancy.role_name('shop', side)}'" for side in (*Side, "app", "readonly"))
    names = ", ".join(f"'{name}'" for name in CLOSED_TABLES)
    open_ = ask(
        postgres,
        "SELECT table_name, grantee FROM information_schema.role_table_grants WHERE table_name"  # noqa: S608 our own names
        f" IN ({names}) AND grantee IN ({sides}, 'PUBLIC')",
    )
    assert open_ == []


@pytest.mark.promise("QS3")
def test_nobody_may_truncate_or_set_off_triggers(world: World, postgres: Postgres) -> None:
    owner = tenancy.role_name("shop", "owner")
    found = ask(
        postgres,
        "SELECT table_name, grantee, privilege_type FROM information_schema.role_table_grants"  # noqa: S608 our own names
        " WHERE table_schema = 'public'"
        " AND privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE') AND grantee <>"
        f" '{owner}'",
    )
    assert found == []


PLANNING = {"enable_seqscan=off", "plan_cache_mode=force_generic_plan"}  # how, not what


@pytest.mark.promise("QS3")
def test_door_functions_are_owned_by_the_door_fixed_to_their_schema_and_closed_to_the_public(
    world: World, postgres: Postgres
) -> None:
    functions = ask(
        postgres,
        "SELECT p.proname, pg_get_userbyid(p.proowner), p.prosecdef, p.proconfig,"
        " has_function_privilege('public', p.oid, 'EXECUTE')"
        " FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef",
    )
    assert {row[0] for row in functions} == set(doors.DOORS)
    for name, owner, _, configuration, open_ in functions:
        assert re.fullmatch(r"\w+_v\d+", name)
        assert (owner, open_) == ("shop_door", False), name
        assert set(configuration) - PLANNING == {"search_path=public, pg_temp"}, name


@pytest.mark.promise("QS3")
def test_there_is_no_view_and_no_role_that_bypasses(world: World, postgres: Postgres) -> None:
    assert (
        ask(
            postgres,
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND"
            " relkind IN ('v', 'm', 'f')",
        )
        == []
    )
    strong = ask(
        postgres,
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'shop\\_%' AND (rolsuper OR"
        " rolbypassrls OR rolcreaterole OR rolcreatedb)",
    )
    assert strong == []
    logins = {
        row[0]
        for row in ask(postgres, "SELECT rolname FROM pg_roles WHERE rolname LIKE 'shop\\_%' AND rolcanlogin")
    }
    assert logins == {"shop_app", "shop_owner"}
