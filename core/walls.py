"""Is the first lock still in place? Compares what PostgreSQL holds with what the models and doors declare:
row security, policies word for word, grants, door functions. Asked at every start, by `doctor` and by the
tests; the answers are sentences that name the table (QS2, QS3)."""

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, MetaData, Table

from core import doors, tenancy
from core.tenancy import Side

LETTERS = {"r": "SELECT", "c": "INSERT", "u": "UPDATE", "d": "DELETE"}
OWNERS_OF_RIGHTS = (*Side, "door")
BODY = re.compile(r"\$\$(.*)\$\$", re.S)
PLANNING = {"enable_seqscan=off", "plan_cache_mode=force_generic_plan"}
"""What a door function may set besides its search path: how it is planned, never what it does."""


def problems(connection: Connection, metadata: MetaData, database: str) -> list[str]:
    """Every way in which the database's walls are not as declared."""
    return [
        *security_problems(connection, metadata),
        *policy_problems(connection, metadata, database),
        *grant_problems(connection, metadata, database),
        *relation_problems(connection, metadata, database),
        *door_problems(connection, database),
    ]


def rows(connection: Connection, query: str) -> list[Any]:
    """What the catalogue says."""
    return list(connection.exec_driver_sql(query).all())


def security_problems(connection: Connection, metadata: MetaData) -> Iterable[str]:
    """Every table: row-level security enabled and forced."""
    found = {
        name: (enabled, forced)
        for name, enabled, forced in rows(
            connection,
            "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity FROM pg_class c JOIN"
            " pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')",
        )
    }
    for table in metadata.sorted_tables:
        if table.name not in found:
            yield f"{table.name}: the table is missing."
        elif found[table.name] != (True, True):
            yield f"{table.name}: row-level security is not enabled and forced."


def policy_problems(connection: Connection, metadata: MetaData, database: str) -> Iterable[str]:
    """Exactly the declared policies, each for one role and with the declared condition both for reading and
    for writing."""
    query = (
        "SELECT tablename, policyname, permissive, roles::text[], cmd, qual, with_check FROM pg_policies"
        " WHERE schemaname = 'public'"
    )
    found = {(row[0], row[1]): row[2:] for row in rows(connection, query)}
    for table in metadata.sorted_tables:
        for side in OWNERS_OF_RIGHTS:
            has, name = found.pop((table.name, str(side)), None), table.name
            if not tenancy.access_of(table).of(side):
                if has:
                    yield f"{name}: there is a policy for the {side} side, which has no rights here."
                continue
            condition = as_postgresql_writes(table, side)
            wanted = ("PERMISSIVE", [tenancy.role_name(database, side)], "ALL", condition, condition)
            if has is None:
                yield f"{name}: the policy for the {side} side is missing."
            elif tuple(has) != wanted:
                yield f"{name}: the policy for the {side} side is not the declared one ({condition})."
    for name, policy in found:
        yield f"{name}: the policy {policy!r} is not ours; policies add up, so it may open the table."


def as_postgresql_writes(table: Table, side: str) -> str:
    """A policy's condition as PostgreSQL gives it back."""
    if side == "door":
        return "true"
    parts = [
        f"({column} = (current_setting('app.{setting}'::text))::uuid)"
        for column, setting in tenancy.policy_columns(table, Side(side))
    ]
    return parts[0] if len(parts) == 1 else f"({' AND '.join(parts)})"


def grant_problems(connection: Connection, metadata: MetaData, database: str) -> Iterable[str]:
    """Exactly the declared grants; none to the application's own login or to everybody, none on single
    columns."""
    granted: dict[tuple[str, str], set[str]] = {}
    for table, role, privilege in rows(
        connection,
        "SELECT c.relname, coalesce(r.rolname, 'PUBLIC'), a.privilege_type FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " CROSS JOIN LATERAL aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee"
        " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')",
    ):
        granted.setdefault((table, role), set()).add(privilege)
    for table in metadata.sorted_tables:
        for side in OWNERS_OF_RIGHTS:
            wanted = {LETTERS[letter] for letter in tenancy.access_of(table).of(side)}
            has = granted.get((table.name, tenancy.role_name(database, side)), set())
            if wanted != has:
                yield f"{table.name}: the {side} side may {words(has)}; declared is {words(wanted)}."
        if granted.get((table.name, tenancy.role_name(database, "app"))):
            yield f"{table.name}: the application's login has rights of its own."
        if granted.get((table.name, "PUBLIC")):
            yield f"{table.name}: everybody may {words(granted[table.name, 'PUBLIC'])}."
    for table, column in rows(
        connection,
        "SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND a.attacl IS NOT NULL AND c.relkind IN ('r', 'p')",
    ):
        yield f"{table}: there are rights on the single column {column}."


def words(privileges: Iterable[str]) -> str:
    """SELECT, INSERT -> "insert, select"."""
    return ", ".join(sorted(privilege.lower() for privilege in privileges)) or "nothing"


def relation_problems(connection: Connection, metadata: MetaData, database: str) -> Iterable[str]:
    """Nothing else in the schema is open to our roles: views see with their owner's eyes, and unknown tables
    have no declaration."""
    ours = {tenancy.role_name(database, side) for side in (*OWNERS_OF_RIGHTS, "app")}
    known = {table.name for table in metadata.sorted_tables} | {"alembic_version"}
    for name, kind, role in rows(
        connection,
        "SELECT DISTINCT c.relname, c.relkind::text, coalesce(r.rolname, 'PUBLIC') FROM"
        " pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " CROSS JOIN LATERAL aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee"
        " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm', 'f')",
    ):
        if (role in ours or role == "PUBLIC") and (kind in "vmf" or name not in known):
            yield (
                f"{name}: {role} has rights on a {'view' if kind in 'vm' else 'table'} that no"
                " model declares."
            )


def door_problems(connection: Connection, database: str) -> Iterable[str]:
    """Door functions as registered: owned by the door, with a fixed search path, closed to everybody else; no
    other function may see more than its caller."""
    door, callers = (
        tenancy.role_name(database, "door"),
        {tenancy.role_name(database, side) for side in ("app", "door", *Side)},
    )
    found: dict[str, tuple[str, str, bool, list[str], str]] = {}
    for name, owner, definer, settings, body, grantee in rows(
        connection,
        "SELECT p.proname, o.rolname, p.prosecdef, coalesce(p.proconfig, '{}'), p.prosrc,"
        " coalesce(r.rolname, 'PUBLIC') FROM pg_proc p"
        " JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_roles o ON o.oid = p.proowner"
        " CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a"
        " LEFT JOIN pg_roles r ON r.oid = a.grantee"
        " WHERE n.nspname = 'public'",
    ):
        found[name] = (
            owner,
            body,
            definer,
            settings,
            grantee if grantee not in callers or name not in found else found[name][4],
        )
    for name, sql in doors.DOORS.items():
        if name not in found:
            yield f"{name}: the door function is missing."
        elif (registered := BODY.search(sql)) and found[name][1] != registered[1]:
            yield f"{name}: the door function is not the registered one."
    for name, (owner, _, definer, settings, grantee) in found.items():
        if not definer and name not in doors.DOORS:
            continue
        if owner != door or not definer:
            yield (
                f"{name}: this function works with the rights of"
                f" {owner if definer else 'its caller'}, not with the door's."
            )
        if set(settings) - PLANNING != {"search_path=public, pg_temp"}:
            yield f"{name}: this function has no fixed search path, or changes more than that."
        if grantee not in callers:
            yield f"{name}: {'everybody' if grantee == 'PUBLIC' else grantee} may call this door function."
