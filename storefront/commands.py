"""The command line: the same functions that pages call. `flask --app app --help` lists them."""

import getpass
import json
import sys
from contextlib import suppress
from datetime import UTC, datetime

import click
from flask import Flask
from sqlalchemy.exc import DBAPIError

from core import dispatcher, doorbell, drain, factors
from core.errors import Refusal
from core.settings import require_safe, settings
from core.tasks import Again, Final, NeedsPerson
from storefront import backups, clocks, doctor, health, payment_checks, schema


def install(app: Flask) -> None:
    """Puts the commands on `flask`."""
    for command in (
        migrate,
        worker,
        run_dispatcher,
        demo,
        see_the_doctor,
        check_payment,
        user_reset_2fa,
        the_clock,
        backups.backup,
        backups.restore,
        backups.reconcile,
    ):
        app.cli.add_command(command)


@click.command("migrate")
def migrate() -> None:
    """Bring the database to this version (needs OWNER_DATABASE_URL)."""
    owner = settings().owner_database_url
    if not owner:
        raise click.UsageError(
            "OWNER_DATABASE_URL is not set: migrations run as the owner, never as the application."
        )
    click.echo(f"The database is at revision {schema.migrate(owner)}.")


@click.command("worker")
def worker() -> None:
    """Answer the bell: deliver, mail, settle. One queue, no fork, no scheduler."""
    logging_to_stderr()
    require_safe()
    schema.refuse_unsafe_database()
    doorbell.listen(on_stop=drain.leave)


@click.command("dispatcher")
def run_dispatcher() -> None:
    """Look for due tasks every 0.3 s and ring."""
    logging_to_stderr()
    require_safe()
    schema.refuse_unsafe_database()
    dispatcher.run()


@click.command("demo")
def demo() -> None:
    """Bring the demo world about; only where ENVIRONMENT is demo or test."""
    from sandbox import demo as world  # noqa: PLC0415 production need not have the sandbox

    if not settings().sandbox:
        raise click.UsageError(
            "ENVIRONMENT is production: the demo world is never put into a real installation."
        )
    click.echo(f"Who can sign in is written in {world.seed(click.echo)}.")


@click.command("check-payment")
@click.argument("order")
def check_payment(order: str) -> None:
    """Ask the gateway about every page of an order, now, and settle what it says."""
    schema.refuse_unsafe_database()
    try:
        states = payment_checks.check(order.strip().upper())
    except (Refusal, Again, Final, NeedsPerson) as said:
        raise click.ClickException(str(said)) from said
    click.echo(
        f"The payment of {order} is {states[-1]}." if states else f"{order} has no page at the gateway."
    )


@click.command("user-reset-2fa")
@click.argument("email")
@click.option("--why", required=True, help="The reason, and how you know that it is really them.")
def user_reset_2fa(email: str, why: str) -> None:
    """Take the second factor from somebody who lost phone and recovery codes; it is written down."""
    by = f"{getpass.getuser()}, on the command line"
    try:
        had = factors.reset(email, why=why, by=by)
    except Refusal as said:
        raise click.ClickException(str(said)) from said
    done = "Two-factor sign-in is off" if had else "There was no second factor"
    click.echo(f"{done}; {email} is signed out everywhere and can set it up again after signing in.")


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def see_the_doctor(as_json: bool) -> None:
    """Say what is wrong with this installation, in words; exit code 1 if anything is."""
    try:
        found = doctor.examine()
    except DBAPIError as error:
        raise click.ClickException(f"The database does not answer: {error.orig}") from error
    leave_note(len(found))
    click.echo(json.dumps(doctor.as_json(found), indent=2, default=str) if as_json else doctor.report(found))
    if found:
        sys.exit(1)


@click.command("clock")
@click.option("--distributor", help="Code of the distributor; needed where there are several.")
@click.option("--days", type=click.IntRange(1, 366), help="Go so many days forwards.")
@click.option("--months", type=click.IntRange(1, 120), help="Go so many months forwards.")
@click.option("--to", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]), help="Go to a day or minute, UTC.")
def the_clock(distributor: str | None, days: int | None, months: int | None, to: datetime | None) -> None:
    """Show the business clocks, or move a sandbox's forwards; workers do what becomes due by it."""
    if sum(each is not None for each in (days, months, to)) > 1:
        raise click.UsageError("Say how far only once: --days, --months or --to.")
    schema.refuse_unsafe_database()
    try:
        for name, business in clocks.show_or_move(distributor, days=days, months=months, to=to):
            click.echo(f"{name}: {business:%Y-%m-%d %H:%M} UTC")
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from refusal


def leave_note(found: int) -> None:
    """For `/healthz?verbose`: when the doctor looked, and how much it found. Where nothing can be written, it
    is not."""
    with suppress(OSError):
        note = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "found": found}
        health.doctors_note().write_text(json.dumps(note), encoding="utf-8")


def logging_to_stderr() -> None:
    """Unbuffered, so that a log says where a killed process was."""
    sys.stderr.reconfigure(line_buffering=True)  # type: ignore[union-attr]  a text stream, unless somebody replaced it
