"""Backup and restore of the whole database (docs/operations.md), as the server's administrator: row-level
security hides every row from everybody else. A restore puts the old database aside, never on top of it, and
is not over before the world was compared with what was restored (storefront/restores.py)."""

import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from billing.stripe_gateway import GatewayDown, GatewayRefused
from core import db, roles
from core.addresses import conninfo
from core.settings import settings
from core.tasks import Again
from core.tenancy import role_name
from provisioning.connectors.base import ConnectorError
from storefront import postgres_programs, restores, schema
from storefront.postgres_programs import BackupFailed

CLAIMS = "SELECT pg_advisory_lock(7, 1)"  # the lock that every claim of a task waits for (core/claims.py)
PATIENCE = 5.0  # seconds that connections of stopped processes may take to go
MARK = (
    "INSERT INTO restorations (distributor_id, id, backup_at, restored_at)"
    " SELECT d.id, gen_random_uuid(), coalesce((SELECT max(at) FROM trail), now()), now() FROM distributors d"
)


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """Write the whole database to FILE (needs ADMIN_DATABASE_URL)."""
    admin = administrator()
    draft = file.with_name(f"{file.name}.partial")
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    try:
        postgres_programs.dump(admin, draft)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    click.echo(
        f"{file} holds the database of {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC:"
        f" {file.stat().st_size} bytes."
    )


@click.command("restore")
@click.option(
    "--reconcile",
    "reconciling",
    is_flag=True,
    required=True,
    help="Compare with Stripe and the vendors afterwards.",
)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def restore(file: Path, reconciling: bool) -> None:
    """Put the database of FILE in the place of the present one, which is kept under another name; then look
    up what has happened outside since. Stop web, workers and dispatcher first."""
    admin = administrator()
    name = admin.database or ""
    if not reconciling:
        raise click.UsageError("A restored database must be compared with the world: add --reconcile.")
    with server(admin) as control:
        aside = put_aside(control, name)
        try:
            roles.create(text_of(admin.set(database="postgres")), name)
            bar(control, name, schema.RESTORING)
            with held(admin) as inside:
                postgres_programs.restore(admin, file)
                schema.migrate(text_of(owner(admin)))  # a backup of an older version
                inside.execute(MARK)
                bar(control, name, "")
                click.echo(
                    f"{file} is restored." + (f" The database until now is kept as {aside}." if aside else "")
                )
                db.reset()
                say_what_was_found()
        except BackupFailed:
            put_back(control, name, aside)
            raise


@click.command("reconcile")
def reconcile() -> None:
    """Compare a restored database with Stripe and the vendors once more: after a restore during which one of
    them did not answer."""
    say_what_was_found()


def say_what_was_found() -> None:
    """Reconciles, and says how it went."""
    try:
        found = restores.reconcile()
    except (GatewayDown, GatewayRefused, ConnectorError, Again) as away:
        raise click.ClickException(
            f"Not everybody could be asked: {away} Nothing starts before that:"
            " run `flask --app app reconcile` when they answer again."
        ) from away
    for each in found:
        click.echo(each.words())
    click.echo("Web, workers and dispatcher may start." if found else "There is nothing to reconcile.")


def administrator() -> URL:
    """The administrator's login at the application's database."""
    admin, application = settings().admin_database_url, settings().database_url
    if not admin:
        raise click.UsageError(
            "ADMIN_DATABASE_URL is not set: name a login that row-level security does not bind"
            " (a superuser, or a role with BYPASSRLS that may create databases)."
        )
    return make_url(admin).set(database=make_url(application).database)


def owner(admin: URL) -> URL:
    """The administrator in the role of the schema's owner, so that everything stays the owner's."""
    role = role_name(admin.database or "", "owner")
    return admin.update_query_dict({"options": f"-c role={role}"})


def text_of(url: URL) -> str:
    """With its password, for a driver."""
    return url.render_as_string(hide_password=False)


@contextmanager
def server(admin: URL) -> Generator[psycopg.Connection]:
    """A connection beside the database that is exchanged."""
    with psycopg.connect(conninfo(admin.set(database="postgres")), autocommit=True) as connection:
        yield connection


@contextmanager
def held(admin: URL) -> Generator[psycopg.Connection]:
    """While the block lasts no worker claims a task of this database."""
    with psycopg.connect(conninfo(admin), autocommit=True) as connection:
        connection.execute(CLAIMS)
        yield connection


def still_connected(control: psycopg.Connection, name: str) -> int:
    """How many connections the application keeps; those of processes that have just been stopped take a
    moment to go, and get it."""
    until = time.monotonic() + PATIENCE
    while True:
        busy = control.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND usename = %s",
            [name, role_name(name, "app")],
        ).fetchone()
        if not busy or not busy[0] or time.monotonic() > until:
            return int(busy[0]) if busy else 0
        time.sleep(0.1)


def bar(control: psycopg.Connection, name: str, because: str) -> None:
    """Nothing starts on the database until this is taken away: this process may die after the rows are back
    and before they are marked as older than the world."""
    control.execute(
        sql.SQL("ALTER DATABASE {} SET {} = {}").format(
            sql.Identifier(name), sql.Identifier(*schema.BAR.split(".")), sql.Literal(because)
        )
    )


def put_aside(control: psycopg.Connection, name: str) -> str:
    """Renames the present database, if there is one; its new name."""
    if not exists(control, name):
        return ""
    if busy := still_connected(control, name):
        raise click.ClickException(
            f"The application still has {busy} connections to {name}: stop web, workers and dispatcher first."
        )
    aside = f"{name}_until_{datetime.now(UTC):%Y%m%d_%H%M%S}"
    control.execute(
        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(aside))
    )
    return aside


def put_back(control: psycopg.Connection, name: str, aside: str) -> None:
    """The restore failed: everything is as it was."""
    if exists(control, name):
        control.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
    if aside:
        control.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(aside), sql.Identifier(name))
        )


def exists(control: psycopg.Connection, name: str) -> bool:
    """Whether the server has a database of this name."""
    return control.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None
