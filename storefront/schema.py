"""Brings the database to what this code needs: tables by Alembic, then rights, triggers and door functions
from their declarations; and says what is wrong with a database the application should not run on."""

import re
import time
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

import billing.disputes  # noqa: F401 its table and its kinds of task
import catalog.price_days  # noqa: F401 its tables and its kind of task
import checkout.expiry
import checkout.quote_ends  # noqa: F401 likewise, and the tables of quotes
import core.passkeys
import core.sign_in_rules  # noqa: F401 their tables
import partners.deal_ends
import partners.signatures  # noqa: F401 programmes, applications and enrolments: their tables and their kind of task
import provisioning.domain_checks
import provisioning.fulfilment
import provisioning.lifecycles
import provisioning.openings
import provisioning.undelivered
import provisioning.withdrawals  # noqa: F401 every table and every kind of task is known once these are imported
from billing import credit_terms, ledger, refund_calls, refunds  # noqa: F401 likewise
from catalog import editing, publication, upgrades  # noqa: F401 likewise
from core import account_links, db, doors, factors, roles, sign_ins, tenancy, tickets, walls  # noqa: F401 closed tables
from core.db import Model
from provisioning import restorations

FOLDER = Path(__file__).parent.parent / "migrations"
LOCK = 7_316_402_551  # one migration at a time
REVISION = re.compile(r"^revision = ['\"](\w+)['\"]", re.MULTILINE)
FOLLOWS = re.compile(r"^down_revision = ['\"](\w+)['\"]", re.MULTILINE)
BAR, RESTORING = "storefront.barred", "restoring"
"""A setting of a database on which nothing may start, and why (storefront/backups.py)."""
STILL_TO_COMPARE = f"SELECT many FROM {restorations.UNRECONCILED}()"  # noqa: S608 a name of ours
PATIENCE = 30.0  # seconds a starting process waits for its database


def alembic(connection: Connection, act: str, *arguments: Any, **options: Any) -> None:
    """Runs one of Alembic's commands on this connection, without an ini file."""
    from alembic import command  # noqa: PLC0415 only migrations need it, and it is 9 MiB of every process
    from alembic.config import Config  # noqa: PLC0415 likewise

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    getattr(command, act)(config, *arguments, **options)


def migrate(owner_url: str) -> str:
    """Upgrades to the newest revision as the owner; returns it. Repeating it changes nothing."""
    engine = create_engine(owner_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        alembic(connection, "upgrade", "head")
        doors.apply(connection, Model.metadata, make_url(owner_url).database or "")
        for statement in (*ledger.ZERO_SUM, *refunds.TALLY, *publication.IN_STEP):
            connection.exec_driver_sql(statement)
        grant_version(connection, make_url(owner_url).database or "")
    engine.dispose()
    return newest()


def grant_version(connection: Connection, database: str) -> None:
    """The application may read which revision it runs on, and nothing else without a scope."""
    connection.exec_driver_sql(f'GRANT SELECT ON alembic_version TO "{tenancy.role_name(database, "app")}"')


@cache
def newest() -> str:
    """The revision this code was written for: the one that no other revision follows."""
    texts = [file.read_text(encoding="utf-8") for file in (FOLDER / "versions").glob("*.py")]
    revisions = {match[1] for text in texts for match in [REVISION.search(text)] if match}
    followed = {match[1] for text in texts for match in [FOLLOWS.search(text)] if match}
    heads = revisions - followed
    if len(heads) != 1:
        raise RuntimeError(f"the migrations have {len(heads)} heads: {', '.join(sorted(heads))}")
    return heads.pop()


def problems(connection: Connection, database: str) -> list[str]:
    """Every reason why the application must not run on this database, in words (QS2, QS3)."""
    found = roles.login_problems(connection, database)
    if connection.exec_driver_sql(f"SELECT current_setting('{BAR}', true)").scalar() == RESTORING:
        return [*found, "A restore of this database was broken off: run `flask --app app restore` again."]
    if not connection.exec_driver_sql("SELECT to_regclass('public.alembic_version') IS NOT NULL").scalar():
        return [*found, "The database is empty: run `flask --app app migrate` first."]
    at = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if at != newest():
        found.append(
            f"The database is at revision {at}, this code needs {newest()}: run `flask --app app migrate`."
        )
    found += rights_problems(connection, database)
    if not found and connection.exec_driver_sql(STILL_TO_COMPARE).scalar():
        found.append(
            "The database was restored from a backup and not yet compared with Stripe and the vendors:"
            " run `flask --app app reconcile`."
        )
    return found


def rights_problems(connection: Connection, database: str) -> list[str]:
    """What is not as declared: row security, policies, grants, doors, and the trigger that holds the
    books."""
    found = walls.problems(connection, Model.metadata, database)
    watching = "SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A') AND NOT tgisinternal"
    awake = set(connection.exec_driver_sql(watching).scalars())
    return [*found, *(words for trigger, words in TRIGGERS.items() if trigger not in awake)]


TRIGGERS = {
    "journal_lines_zero": (
        "journal_lines: the trigger that wants every entry to sum to zero is missing or switched off."
    ),
    "refunds_tally": (
        "refunds: the trigger that keeps refunds within what was captured is missing or switched off."
    ),
    "products_in_step": "products: the trigger that keeps state and published in step is missing or off.",
    "plans_in_step": "plans: the trigger that keeps state and published in step is missing or off.",
    "refunds_fixed": "refunds: the trigger that keeps amounts as they were is missing or switched off.",
}
"""trigger -> what is said where it is not awake."""


def refuse_unsafe_database() -> None:
    """RuntimeError with every reason why this process must not serve from this database. Waits half a minute
    for a database that is away."""
    patience = time.monotonic() + PATIENCE
    while True:
        try:
            with db.engine().connect() as connection:
                found = problems(connection, db.database())
            break
        except OperationalError as error:
            if time.monotonic() > patience or login_refused(error):
                raise
            time.sleep(0.5)
    if found:
        raise RuntimeError(
            "This installation must not start:\n" + "\n".join(f"  - {problem}" for problem in found)
        )


def login_refused(error: OperationalError) -> bool:
    """A wrong password or a missing database does not get better by waiting."""
    return getattr(error.orig, "sqlstate", None) in ("28000", "28P01", "3D000")
