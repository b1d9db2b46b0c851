"""A disk that is full, and a server that takes no more connections (QC8): new work is refused in words,
nothing is lost, and everything goes on by itself when there is room again."""

import os
import subprocess
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from core import db
from core.tenancy import Side
from sandbox.servers import Postgres
from tests.conftest import on_server
from tests.portal.conftest import HIDDEN
from tests.resilience.conftest import Trade, size
from tests.resilience.shopping import Shopper, judge
from tests.world import staff

DISK = "64m"
BALLAST = "INSERT INTO ballast SELECT repeat('x', 7900) FROM generate_series(1, {})"


@contextmanager
def small_disk(trade: Trade, postgres: Postgres, folder: Path) -> Generator[str]:
    """The database on a volume of its own; says how it is filled. Root may mount one. Where nobody may, every
    insert is refused by a trigger, in the words and with the code (53100) of a full disk."""
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=777", "tmpfs", str(folder)], capture_output=True
        ).returncode
    )
    if not mounted:
        yield "trigger"
        return
    place = folder / "space"
    place.mkdir(mode=0o700)
    owner = Path(postgres.data).stat()
    os.chown(place, owner.st_uid, owner.st_gid)
    try:
        db.reset()
        on_server(
            postgres,
            f"CREATE TABLESPACE small LOCATION '{place}'",
            "ALTER DATABASE shop SET TABLESPACE small",
        )
        yield "disk"
    finally:
        db.reset()
        on_server(postgres, "DROP DATABASE shop WITH (FORCE)", "DROP TABLESPACE small")
        subprocess.run(["umount", str(folder)], check=True)


def fill(trade: Trade, how: str) -> None:
    """Nothing fits any more."""
    if how == "trigger":
        trade.admin(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION"
            " 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$"
        )
        for table in ("orders", "tasks", "stripe_events", "trail"):
            trade.admin(f"CREATE TRIGGER full_disk BEFORE INSERT ON {table} EXECUTE FUNCTION full_disk()")
        return
    trade.admin("CREATE TABLE ballast (filling text)")
    trade.admin("ALTER TABLE ballast ALTER filling SET STORAGE PLAIN")
    for rows in (2000, 200, 20, 1):  # 8 kB each: down to the last page
        with pytest.raises(DBAPIError, match="No space left"):
            for_ever(lambda rows=rows: trade.admin(BALLAST.format(rows)))


def for_ever(act: Callable[[], object]) -> None:
    """Until it fails."""
    while True:
        act()


def empty(trade: Trade, how: str) -> None:
    """There is room again."""
    if how == "trigger":
        trade.admin("DROP FUNCTION full_disk CASCADE")
    else:
        trade.admin("DROP TABLE ballast")


def orders_once(anna: Shopper) -> str:
    """One try of each step; the code, if the order was taken."""
    token = dict(HIDDEN.findall(anna.once("GET", "/basket").text)).get("csrf_token", "")
    anna.once("POST", "/basket", csrf_token=token, product="patch", plan=anna.plans["patch"], quantity=1)
    form = dict(HIDDEN.findall(anna.once("GET", "/checkout").text))
    if "request_key" not in form:
        return ""
    placed = anna.once("POST", "/checkout", **form)
    return str(placed.location).split("/orders/")[1].split("/")[0] if placed.status_code == 303 else ""


def worker_tries(trade: Trade) -> None:
    """A worker meets the full disk. PostgreSQL refuses even its connection when there is no room for the
    catalogue's cache file; the supervisor then starts it again until there is."""
    try:
        trade.work(1)
    except psycopg.OperationalError as refused:
        if "No space left" not in str(refused):
            raise


@pytest.mark.promise("QC8")
def test_a_full_disk_refuses_in_words_and_loses_nothing(
    trade: Trade, postgres: Postgres, tmp_path: Path
) -> None:
    with small_disk(trade, postgres, tmp_path) as how:
        anna = Shopper(trade, trade.browser())
        codes = [anna.orders(n) for n in range(4)]
        fill(trade, how)
        refused, taken = anna.met[503], list[str]()
        for _ in range(size(usual=60, campaign=600)):  # pages that are there already have some room left
            assert anna.once("GET", "/orders").status_code == 200  # what needs no room goes on
            if code := orders_once(anna):
                taken.append(code)
            if anna.met[503] - refused >= size(usual=5, campaign=100):
                break
        assert anna.met[503] > refused, anna.met
        assert set(trade.ring()) <= {200, 503}
        worker_tries(trade)
        empty(trade, how)
        for code in taken:  # what was taken was kept
            anna.pays(code)
        codes += taken
        codes += [anna.orders(n) for n in range(4)]
        trade.finish()
        judge(trade, codes)


@pytest.mark.promise("QC8")
def test_with_five_connections_a_crowd_is_served_or_told_to_wait(trade: Trade, postgres: Postgres) -> None:
    names = [f"buyer{number}" for number in range(8)]  # each with a basket of their own
    with trade.world.acting():
        acme = {
            "reseller_id": trade.world.resellers["brightfield"],
            "customer_id": trade.world.customers["acme"],
        }
        for name in names:
            staff(trade.world, name, side=Side.CUSTOMER, **acme)
    crowd = [Shopper(trade, trade.browser(name)) for name in names]
    codes, wrong = list[str](), list[BaseException]()
    db.reset()
    on_server(postgres, "ALTER ROLE shop_app CONNECTION LIMIT 5")

    def shop(anna: Shopper, number: int) -> None:
        try:
            for turn in range(size(usual=2, campaign=20)):
                codes.append(anna.orders(number + turn))
        except BaseException as error:
            wrong.append(error)

    try:
        threads = [threading.Thread(target=shop, args=[anna, n]) for n, anna in enumerate(crowd)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        on_server(postgres, "ALTER ROLE shop_app CONNECTION LIMIT -1")
    assert not wrong, wrong[0]
    assert sum((anna.met for anna in crowd), start=type(crowd[0].met)())[503] > 0
    trade.finish()
    judge(trade, codes)
