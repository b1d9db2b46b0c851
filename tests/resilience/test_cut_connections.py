"""COMMIT was sent and the answer is lost (QC3): whoever asked asks again, under the same key, and gets what
the first time has done. Never doubled, never lost, and never a raw error for a person."""

import pytest

from tests.portal.conftest import HIDDEN, SHOP
from tests.proxy import Proxy
from tests.resilience.conftest import Trade, size
from tests.resilience.shopping import Shopper, judge


@pytest.mark.promise("QC3")
def test_an_order_whose_commit_was_cut_off_is_placed_once(trade: Trade, proxy: Proxy) -> None:
    anna = Shopper(trade, trade.browser())
    anna.browser.post("/basket", product="patch", plan=trade.world.plan("patch-y").id, quantity=1)
    form = dict(HIDDEN.findall(anna.browser.see("/checkout")))
    proxy.cut_next(passing=2)  # the answers on the form, the connectors' settings; then the order
    assert anna.once("POST", "/checkout", **form).status_code == 503
    [(code,)] = trade.admin("SELECT code FROM orders")  # it was placed, and nobody knows
    repeated = anna.browser.client.post(f"{anna.browser.at}/checkout", base_url=SHOP, data=form)
    assert repeated.location.endswith(f"/orders/{code}/pay")
    assert trade.admin("SELECT count(*) FROM orders") == [(1,)]


@pytest.mark.promise("QC3", "QC9")
def test_cut_commits_double_nothing_and_lose_nothing(trade: Trade, proxy: Proxy) -> None:
    anna, codes = Shopper(trade, trade.browser()), list[str]()
    proxy.cut_by_chance(0.2, seed=7)
    while proxy.cuts < size(usual=50, campaign=1000):
        codes.append(anna.orders(len(codes)))
        trade.ring()
        trade.work()
        trade.time_passes()
    proxy.spare()
    trade.finish()
    judge(trade, codes)
