"""Redis is a doorbell (QC2): while it is away, read-only or wiped, people order, pay and see where their
order stands; a real worker does everything once it can be rung again."""

import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from core import dispatcher, doorbell
from sandbox.servers import Valkey
from tests.fast_worker import Worker
from tests.resilience.conftest import Trade, size
from tests.resilience.shopping import Shopper, judge


@contextmanager
def away(valkey: Valkey) -> Generator[None]:
    """Nobody answers."""
    valkey.kill()
    yield
    valkey.start()


@contextmanager
def read_only(valkey: Valkey) -> Generator[None]:
    """It answers, but takes nothing: a replica whose primary was lost."""
    doorbell.connection().replicaof("127.0.0.1", "1")
    yield
    doorbell.connection().replicaof("NO", "ONE")


@contextmanager
def wiped(valkey: Valkey) -> Generator[None]:
    """It forgets what it was told."""
    yield
    doorbell.connection().flushall()


@pytest.mark.promise("QC2")
@pytest.mark.parametrize("state", [away, read_only, wiped])
def test_orders_without_redis_are_all_delivered_afterwards(
    trade: Trade, valkey: Valkey, tmp_path: Path, state: Callable[[Valkey], AbstractContextManager[None]]
) -> None:
    anna, codes = Shopper(trade, trade.browser()), list[str]()
    count = size(usual=20 if state is away else 4, campaign=200)
    with state(valkey):
        while len(codes) < count:
            codes.append(anna.orders(len(codes)))
            assert set(trade.ring()) <= {200}
        assert anna.browser.get("/readyz").status_code == 200
        trade.admin("UPDATE payments SET created_at = created_at - interval '1 minute'")
        assert "Waiting for the payment" in anna.browser.see(f"/orders/{codes[-1]}")
    assert anna.met.keys() == {200, 303}
    doorbell._silent_until = 0.0
    worker = Worker(tmp_path, rq=True)
    try:
        deadline = time.monotonic() + 60 + count
        while trade.unfinished():
            dispatcher.look()
            trade.ring()
            assert time.monotonic() < deadline, trade.admin("SELECT kind, state, note FROM tasks")
            time.sleep(0.1)
    finally:
        worker.end()
    judge(trade, codes)
    assert "Ready to use" in anna.browser.see(f"/orders/{codes[0]}")


@pytest.mark.promise("QC2")
def test_an_order_that_nobody_takes_up_is_said_to_be_queued(trade: Trade) -> None:
    anna = Shopper(trade, trade.browser())
    code = anna.buys(trade.world.plan("patch-y").id, "patch")
    trade.world.fund_by_hand(code)
    assert "Ordering from 0patch" in anna.browser.see(f"/orders/{code}")
    trade.admin("UPDATE deliveries SET created_at = created_at - interval '1 minute'")
    assert "Queued for 0patch" in anna.browser.see(f"/orders/{code}")
    trade.work()
    assert "Ready to use" in anna.browser.see(f"/orders/{code}")
