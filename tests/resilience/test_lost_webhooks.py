"""Not one webhook arrives for four days (QW4): one look at the gateway makes every order right."""

import pytest

from checkout.orders import OrderState
from core import tasks
from tests.resilience.conftest import Trade, size
from tests.resilience.shopping import Shopper, judge

FOUR_DAYS_LATER = (
    "UPDATE orders"
    " SET created_at = created_at - interval '4 days', expires_at = expires_at - interval '4 days'",
    "UPDATE payment_attempts"
    " SET created_at = created_at - interval '4 days', expires_at = expires_at - interval '4 days'",
)


@pytest.mark.promise("QW4")
def test_after_four_days_without_webhooks_one_look_finds_every_payment(trade: Trade) -> None:
    trade.stripe.tell("moods", account=trade.account.account_id, webhooks="dropped")
    anna = Shopper(trade, trade.browser())
    codes = [anna.orders(n) for n in range(size(usual=12, campaign=200))]
    never = anna.buys(anna.plans["patch"], "patch")
    trade.work()
    assert trade.receiver.received == []
    assert trade.admin("SELECT count(*) FROM orders WHERE state = 'awaiting_payment'") == [(len(codes) + 1,)]
    for statement in FOUR_DAYS_LATER:
        trade.admin(statement)
    for kind in (
        "expire_orders",
        "poll_payments",
    ):  # the shop was down as well: the deadline is looked at first
        with trade.world.acting():
            tasks.add(kind, {})
        trade.work()
    trade.admin("DELETE FROM tasks WHERE kind IN ('expire_orders', 'poll_payments')")
    trade.finish()
    assert trade.world.order(never).state is OrderState.CANCELLED
    judge(trade, codes, others=1)
