"""The restore drill (QC7): the database is put back to an earlier hour while Stripe and the vendor are ahead
of it. Nothing is bought or charged twice, and what the database no longer knows is found or listed."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from core import db
from core.settings import settings
from sandbox.servers import Postgres
from storefront import backups, doctor
from tests.copies import on_server
from tests.line_kills.strikes import Watch
from tests.portal.conftest import Browser
from tests.resilience.conftest import Trade, size
from tests.resilience.shopping import Shopper

Command = Callable[..., Result]


@pytest.fixture
def command(trade: Trade, postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`flask --app app ...` as the administrator."""
    monkeypatch.setenv("ADMIN_DATABASE_URL", postgres.admin_url())
    settings.cache_clear()

    def command(*words: str, code: int = 0) -> Result:
        done = trade.web.test_cli_runner().invoke(args=list(words))
        assert done.exit_code == code, (done.output, done.exception)
        return done

    return command


def dies(act: Callable[[], object], line: str) -> bool:
    """Whether a process that does it is killed before a line of the restore."""
    number = next(
        n for n, text in enumerate(Path(backups.__file__).read_text().splitlines(), 1) if line in text
    )
    db.reset()
    if not (pid := os.fork()):
        Watch(at=f"storefront/backups.py:{number} restore").begin()
        act()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


def forget(trade: Trade, postgres: Postgres) -> None:
    """The databases that were put aside."""
    db.reset()
    for (name,) in trade.admin("SELECT datname FROM pg_database WHERE datname LIKE 'shop\\_until\\_%'"):
        on_server(postgres, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.mark.promise("QC7")
def test_after_a_restore_nothing_is_bought_or_charged_twice_and_nothing_is_forgotten(
    trade: Trade, postgres: Postgres, command: Command, tmp_path: Path
) -> None:
    anna, file = Shopper(trade, trade.browser()), tmp_path / "shop.dump"
    long_done = [anna.orders(n) for n in range(2)]
    trade.finish()
    unpaid = [anna.buys(anna.plans["m365-bb"], "m365-bb") for _ in range(3)]
    for code in unpaid[:2]:
        anna.again("GET", f"/orders/{code}/pay", 303)  # these two have a page, the third has none yet
    paid = [anna.orders(1) for _ in range(2)]
    trade.ring()

    command("backup", str(file))
    assert file.stat().st_mode & 0o077 == 0
    for code in unpaid:
        anna.pays(code)
    lost = [anna.orders(n) for n in range(size(usual=20, campaign=200))]
    left = anna.buys(anna.plans["patch"], "patch")
    open_page = str(anna.again("GET", f"/orders/{left}/pay", 303).location)
    trade.finish_paid(but=[left])
    before = trade.vendor.state()["purchases"]
    assert len(before) == 1 + len(unpaid) + len(paid) + len(lost) // 2
    captured = trade.stripe.counts(trade.account)["payments"]["eur"]

    db.reset()
    said = command("restore", "--reconcile", str(file)).output
    assert f"{len(lost)} payments are for orders that are gone" in said
    assert "1 open pages of such orders were closed" in said
    assert f"{len(lost) // 2} purchases at vendors have no record here" in said
    anna.browser = Browser(trade.web.test_client(), "/brightfield").sign_in("anna")
    trade.finish()

    assert trade.vendor.state()["purchases"] == before  # none more, none twice
    assert trade.stripe.counts(trade.account)["payments"]["eur"] == captured
    kept = {*long_done, *unpaid, *paid}
    assert {str(code) for (code,) in trade.admin("SELECT code FROM orders WHERE state = 'funded'")} == kept
    assert trade.admin("SELECT count(*) FROM deliveries WHERE state = 'success'") == [(len(kept),)]
    listed = dict(trade.admin("SELECT kind, count(*) FROM work_items WHERE closed_at IS NULL GROUP BY kind"))  # type: ignore[arg-type]  rows of two
    assert listed == {"payment without an order": len(lost), "purchase without a record": len(lost) // 2}
    words = str(trade.admin("SELECT string_agg(words, ' ') FROM work_items"))
    assert all(code in words for code in lost)
    assert doctor.examine() == []
    assert "payment page" in trade.stripe_says(open_page) or "expired" in trade.stripe_says(open_page)
    again = command("reconcile").output
    assert "nothing to reconcile" in again
    forget(trade, postgres)


@pytest.mark.promise("QC7")
def test_an_order_from_before_a_restore_that_is_paid_later_is_looked_up_first(
    trade: Trade, command: Command, postgres: Postgres, tmp_path: Path
) -> None:
    """It was put on the reseller's account after the backup, which no gateway can tell us."""
    anna, file = Shopper(trade, trade.browser()), tmp_path / "shop.dump"
    code = anna.buys(anna.plans["m365-bb"], "m365-bb")
    command("backup", str(file))
    trade.world.fund_by_hand(code)
    trade.work()
    before = trade.vendor.state()["purchases"]
    assert list(before.values()) == [1]
    db.reset()
    command("restore", "--reconcile", str(file))
    trade.world.fund_by_hand(code)
    for _ in range(3):
        trade.work()
        trade.time_passes()
    assert trade.vendor.state()["purchases"] == before
    assert trade.admin("SELECT state FROM deliveries") == [("success",)]
    forget(trade, postgres)


@pytest.mark.promise("QC7")
def test_nothing_starts_before_a_restored_database_was_compared(
    trade: Trade, postgres: Postgres, command: Command, tmp_path: Path
) -> None:
    file = tmp_path / "shop.dump"
    command("backup", str(file))
    assert dies(lambda: command("restore", "--reconcile", str(file)), "inside.execute(MARK)")
    ready = trade.web.test_client().get("/readyz")
    assert (ready.status_code, "was broken off" in ready.text) == (503, True), ready.text
    trade.stripe.tell("moods", account=trade.account.account_id, api="down")
    db.reset()
    said = command("restore", "--reconcile", str(file), code=1).output
    assert "Not everybody could be asked" in said
    ready = trade.web.test_client().get("/readyz")
    assert ready.status_code == 503
    assert "flask --app app reconcile" in ready.text
    trade.stripe.tell("moods", account=trade.account.account_id, api="normal")
    command("reconcile")
    assert trade.web.test_client().get("/readyz").status_code == 200
    forget(trade, postgres)


@pytest.mark.promise("QC7")
def test_a_restore_that_fails_leaves_everything_as_it_was(
    trade: Trade, postgres: Postgres, command: Command, tmp_path: Path
) -> None:
    code = Shopper(trade, trade.browser()).orders(0)
    broken = tmp_path / "broken.dump"
    broken.write_bytes(b"no backup")
    assert "stop web" in command("restore", "--reconcile", str(broken), code=1).output
    db.reset()
    assert "pg_restore failed" in command("restore", "--reconcile", str(broken), code=1).output
    assert trade.admin("SELECT code FROM orders") == [(code,)]
    assert trade.web.test_client().get("/readyz").status_code == 200
