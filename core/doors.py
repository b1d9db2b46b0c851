"""Door functions: the short list of SECURITY DEFINER functions for what has to look wider than a scope (host
look-up, log-in, claiming due tasks, search). Each is registered beside its only caller, owned by the NOLOGIN
role `door`, and has a version in its name, so that old and new code can run side by side (QC6)."""

import re
from collections import namedtuple
from collections.abc import Mapping
from functools import cache
from typing import Any

import psycopg
from sqlalchemy import Connection, MetaData
from sqlalchemy.exc import DBAPIError

from core import db, tenancy
from core.tenancy import Side

DOORS: dict[str, str] = {}
NAME = re.compile(r"CREATE FUNCTION (\w+_v\d+)\(")


def door(sql: str) -> str:
    """Registers `CREATE FUNCTION name_v1(...) RETURNS ... AS $$ ... $$` and gives back its name. Language,
    owner and grants are added here."""
    found = NAME.search(sql)
    if not found:
        raise ValueError("a door function is named name_vN")
    DOORS[found[1]] = sql.strip()
    return found[1]


def statements(database: str) -> list[str]:
    """What makes the functions in the database equal to those registered."""
    owner = tenancy.role_name(database, "door")
    callers = ", ".join(f'"{tenancy.role_name(database, side)}"' for side in ("app", *Side))
    made: list[str] = ["SET check_function_bodies = off"]  # one may call another that is made after it
    for name, sql in sorted(DOORS.items()):
        language = "plpgsql" if re.search(r"\$\$\s*(DECLARE|BEGIN|#variable_conflict)", sql) else "sql"
        made.append(
            "DO $do$ DECLARE f regprocedure; BEGIN FOR f IN SELECT oid::regprocedure FROM pg_proc"  # noqa: S608 names are ours
            f" WHERE proname = '{name}'"
            " LOOP EXECUTE 'DROP FUNCTION ' || f; END LOOP; END $do$"
        )
        made.append(f"{sql} LANGUAGE {language} SECURITY DEFINER SET search_path = public, pg_temp")
        made.append(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
        made.append(f"GRANT EXECUTE ON FUNCTION {name} TO {callers}")
        made.append(f'ALTER FUNCTION {name} OWNER TO "{owner}"')
    return [*made, "RESET check_function_bodies"]


def apply(connection: Connection, metadata: MetaData, database: str) -> None:
    """Brings grants, policies and door functions to what the code declares; run by `migrate`, as the
    owner."""
    for statement in (*tenancy.rights(metadata, database), *statements(database)):
        connection.exec_driver_sql(statement.replace("%", "%%"))


def call(name: str, arguments: Mapping[str, Any]) -> Any:
    """One row of a door function, or None, in a statement of its own (no transaction, no scope)."""
    rows = call_all(name, arguments)
    return rows[0] if rows else None


def call_all(name: str, arguments: Mapping[str, Any]) -> list[Any]:
    """All rows of a door function, in a statement of its own. Goes to the driver directly: this opens every
    request."""
    pooled = None
    try:
        pooled = db.doors().raw_connection()
        cursor = pooled.driver_connection.cursor(binary=True)  # type: ignore[union-attr]  the pool's driver is psycopg
        rows = cursor.execute(*_by_hand(name, arguments)).fetchall()
    # Also "the database system is starting up", which the pool hands on as it is
    except psycopg.Error as error:
        if pooled is not None and isinstance(error, psycopg.OperationalError):
            pooled.invalidate(error)
        raise DBAPIError.instance(name, None, error, psycopg.Error) from error
    finally:
        if pooled is not None:
            pooled.close()
    row = _row_type(name)
    return [row._make(values) for values in rows]


def _by_hand(name: str, arguments: Mapping[str, Any]) -> tuple[bytes, Mapping[str, Any]]:
    """The call in the driver's own words."""
    return _words(name, tuple(arguments)), arguments


@cache
def _words(name: str, arguments: tuple[str, ...]) -> bytes:
    return f"SELECT * FROM {name}({', '.join(f'{a} => %({a})s' for a in arguments)})".encode()  # noqa: S608 names are ours


@cache
def _row_type(name: str) -> Any:
    """A named tuple with the columns that the function declares."""
    declared = DOORS[name].split("RETURNS TABLE (", 1)[1].split(") AS $$", 1)[0]
    columns = [column.split()[0] for column in declared.split(",")]
    return namedtuple(name, columns)  # pyright: ignore[reportUntypedNamedTuple]  known when it runs, not before


def call_here(name: str, arguments: Mapping[str, Any]) -> list[Any]:
    """All rows of a door function, inside the transaction we are in; also sent by the driver."""
    with db.told_by_the_driver(name):
        rows = db.driver().execute(*_by_hand(name, arguments)).fetchall()
    row = _row_type(name)
    return [row._make(values) for values in rows]
