"""Door functions: the short list of SECURITY DEFINER functions for what has to look wider than a scope (host look-up, log-in, claiming due
tasks, search). Each is registered beside its only caller, owned by the NOLOGIN role `door`, and has a version in its name, so that old and
new code can run side by side (QC6)."""

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, MetaData, Row, text

from core import db, tenancy
from core.tenancy import Side

DOORS: dict[str, str] = {}
NAME = re.compile(r"CREATE FUNCTION (\w+_v\d+)\(")


def door(sql: str) -> str:
    """Registers `CREATE FUNCTION name_v1(...) RETURNS ... AS $$ ... $$` and gives back its name. Language, owner and grants are added here."""
    found = NAME.search(sql)
    if not found:
        raise ValueError("a door function is named name_vN")
    DOORS[found[1]] = sql.strip()
    return found[1]


def statements(database: str) -> list[str]:
    """What makes the functions in the database equal to those registered."""
    owner = tenancy.role_name(database, "door")
    callers = ", ".join(f'"{tenancy.role_name(database, side)}"' for side in ("app", *Side))
    made: list[str] = []
    for name, sql in sorted(DOORS.items()):
        language = "plpgsql" if re.search(r"\$\$\s*(DECLARE|BEGIN|<<)", sql) else "sql"
        made.append(
            f"DO $do$ DECLARE f regprocedure; BEGIN FOR f IN SELECT oid::regprocedure FROM pg_proc WHERE proname = '{name}'"
            " LOOP EXECUTE 'DROP FUNCTION ' || f; END LOOP; END $do$"
        )
        made.append(f"{sql} LANGUAGE {language} SECURITY DEFINER SET search_path = public, pg_temp")
        made.append(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
        made.append(f"GRANT EXECUTE ON FUNCTION {name} TO {callers}")
        made.append(f'ALTER FUNCTION {name} OWNER TO "{owner}"')
    return made


def apply(connection: Connection, metadata: MetaData, database: str) -> None:
    """Brings grants, policies and door functions to what the code declares; run by `migrate`, as the owner."""
    for statement in (*tenancy.rights(metadata, database), *statements(database)):
        connection.exec_driver_sql(statement.replace("%", "%%"))


def call(name: str, arguments: Mapping[str, Any]) -> Row[Any] | None:
    """One row of a door function, in a statement of its own (no transaction, no scope)."""
    rows = call_all(name, arguments)
    return rows[0] if rows else None


def call_all(name: str, arguments: Mapping[str, Any]) -> list[Row[Any]]:
    """All rows of a door function, in a statement of its own."""
    with db.doors().connect() as connection:
        return list(connection.execute(invocation(name, tuple(arguments)), arguments).all())


def call_here(name: str, arguments: Mapping[str, Any]) -> list[Row[Any]]:
    """All rows of a door function, inside the transaction we are in."""
    return list(db.session().execute(invocation(name, tuple(arguments)), arguments).all())


_invocations: dict[tuple[str, tuple[str, ...]], Any] = {}


def invocation(name: str, arguments: tuple[str, ...]) -> Any:
    """SELECT * FROM name(arg => :arg, ...), compiled once."""
    key = (name, arguments)
    if key not in _invocations:
        _invocations[key] = text(f"SELECT * FROM {name}({', '.join(f'{a} => :{a}' for a in arguments)})")  # noqa: S608 names are ours
    return _invocations[key]
