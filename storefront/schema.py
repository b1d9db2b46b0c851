"""Brings the database to what this code needs: tables by Alembic, then rights, triggers and door functions from their declarations; and says
what is wrong with a database the application should not run on."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import make_url

import billing.stripe_events
import checkout.expiry
import core.sessions
import core.work
import partners.invitations
import provisioning.fulfilment
import provisioning.openings  # noqa: F401 every table of the product is known once these are imported
from billing import ledger
from core import doors, roles, tenancy
from core.db import Model
from core.tenancy import Side

FOLDER = Path(__file__).parent.parent / "migrations"
LOCK = 7_316_402_551  # one migration at a time


def config(connection: Connection) -> Config:
    """Alembic's configuration without an ini file."""
    made = Config()
    made.set_main_option("script_location", str(FOLDER))
    made.attributes["connection"] = connection
    return made


def migrate(owner_url: str) -> str:
    """Upgrades to the newest revision as the owner; returns it. Repeating it changes nothing."""
    engine = create_engine(owner_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        command.upgrade(config(connection), "head")
        doors.apply(connection, Model.metadata, make_url(owner_url).database or "")
        for statement in ledger.ZERO_SUM:
            connection.exec_driver_sql(statement)
        grant_version(connection, make_url(owner_url).database or "")
    engine.dispose()
    return newest()


def grant_version(connection: Connection, database: str) -> None:
    """The application may read which revision it runs on, and nothing else without a scope."""
    connection.exec_driver_sql(f'GRANT SELECT ON alembic_version TO "{tenancy.role_name(database, "app")}"')


def newest() -> str:
    """The revision this code was written for."""
    made = Config()
    made.set_main_option("script_location", str(FOLDER))
    return ScriptDirectory.from_config(made).get_current_head() or ""


def revise(owner_url: str, message: str) -> None:
    """Writes a new migration from the difference between models and database (for developers)."""
    engine = create_engine(owner_url)
    with engine.begin() as connection:
        command.revision(config(connection), message, autogenerate=True)
    engine.dispose()


def problems(connection: Connection, database: str) -> list[str]:
    """Every reason why the application must not run on this database, in words (QS2, QS3)."""
    found = roles.login_problems(connection, database)
    if not connection.exec_driver_sql("SELECT to_regclass('public.alembic_version') IS NOT NULL").scalar():
        return [*found, "The database is empty: run `flask --app app migrate` first."]
    at = MigrationContext.configure(connection).get_current_revision()
    if at != newest():
        found.append(f"The database is at revision {at}, this code needs {newest()}: run `flask --app app migrate`.")
    return found + rights_problems(connection, database)


def rights_problems(connection: Connection, database: str) -> list[str]:
    """Tables whose row-level security, policies or grants are not what the models declare."""
    security = {
        row[0]: (row[1], row[2])
        for row in connection.exec_driver_sql(
            "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')"
        )
    }
    policies = {(row[0], row[1]) for row in connection.exec_driver_sql("SELECT tablename, policyname FROM pg_policies WHERE schemaname = 'public'")}
    granted: dict[tuple[str, str], str] = {}
    for table, role, letters in connection.exec_driver_sql(
        "SELECT c.relname, r.rolname, string_agg(left(a.privilege_type, 1), '' ORDER BY a.privilege_type) FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee"
        " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') GROUP BY 1, 2"
    ):
        granted[table, role] = letters
    found: list[str] = []
    for table in Model.metadata.sorted_tables:
        access, name = tenancy.access_of(table), table.name
        if security.get(name) != (True, True):
            found.append(f"{name}: row-level security is not enabled and forced.")
        for side in (*Side, "door"):
            wanted = "".join(sorted({"r": "S", "c": "I", "u": "U", "d": "D"}[letter] for letter in access.of(side)))
            has = "".join(sorted(granted.get((name, tenancy.role_name(database, side)), "")))
            if wanted != has:
                found.append(f"{name}: the {side} side has the rights {has or 'none'}, declared are {wanted or 'none'}.")
            if wanted and (name, str(side)) not in policies:
                found.append(f"{name}: the policy for the {side} side is missing.")
        if granted.get((name, tenancy.role_name(database, "app"))):
            found.append(f"{name}: the application's login has rights of its own.")
    return found
