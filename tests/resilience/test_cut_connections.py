"""COMMIT was sent and the answer is lost (QC3): whoever asked asks again, under the same key, and gets what the
first time has done. Never doubled, never lost, and never a raw error for a person."""

from collections import Counter

import pytest
from werkzeug.test import TestResponse

from tests.portal.conftest import HIDDEN, SHOP, Browser
from tests.proxy import Proxy
from tests.resilience.conftest import Trade

CUTS = 50
FRIENDLY = (200, 303, 503)


def shown(answer: TestResponse) -> TestResponse:
    """What a person may see when the database is cut off."""
    assert answer.status_code in FRIENDLY, (answer.status, answer.text[-3000:])
    if answer.status_code == 503:
        assert "Nothing was lost" in answer.text
        assert answer.headers["Retry-After"]
    return answer


def again(browser: Browser, method: str, path: str, wanted: int, **data: object) -> TestResponse:
    """Sends the same request until it is answered, as a person who reloads the page."""
    for _ in range(20):
        answer = shown(browser.client.open(browser.at + path, method=method, base_url=SHOP, data=data or None))
        if answer.status_code == wanted:
            return answer
    raise AssertionError(f"{method} {path} was never answered with {wanted}, but {answer.status}")


def buys(browser: Browser, plan_id: object, product: str) -> str:
    """From an empty basket to the order's code, each step until it works; the form is sent with one key."""
    token = HIDDEN.findall(again(browser, "GET", "/basket", 200).text)
    form = dict(token)
    again(browser, "POST", "/basket", 303, csrf_token=form["csrf_token"], product=product, plan=plan_id, quantity=1)
    review = dict(HIDDEN.findall(again(browser, "GET", "/checkout", 200).text))
    placed = again(browser, "POST", "/checkout", 303, **review)
    return str(placed.location).split("/orders/")[1].split("/")[0]


def pays(trade: Trade, browser: Browser, code: str) -> None:
    """At the gateway's page, which is one page however often it is asked for."""
    page = str(again(browser, "GET", f"/orders/{code}/pay", 303).location)
    session = page.rsplit("/", 1)[1].partition("#")[0]
    trade.stripe.tell("pay", session=session, email="anna@acme.example")


def judge(trade: Trade, codes: list[str]) -> None:
    """Every order once, paid once, delivered once, told once."""
    assert len(set(codes)) == len(codes)
    orders = trade.admin("SELECT code, state FROM orders")
    assert {code: state for code, state in orders if code in codes} == dict.fromkeys(codes, "funded")
    captured = trade.admin("SELECT count(*) FROM journal_entries WHERE about LIKE 'payment % captured'")
    assert captured == [(len(codes),)]
    assert trade.admin("SELECT count(*) FROM work_items") == [(0,)]
    references = [str(r) for (r,) in trade.admin("SELECT reference FROM deliveries WHERE state = 'success'")]
    bought = trade.vendor.state()["purchases"]
    assert bought == dict.fromkeys(bought, 1)
    assert set(bought) <= set(references)
    assert len(references) == len(codes)
    told = Counter(mail["subject"] for mail in trade.office.mails())
    assert all(sum(n for subject, n in told.items() if code in subject) >= 1 for code in codes)


@pytest.mark.promise("QC3")
def test_an_order_whose_commit_was_cut_off_is_placed_once(trade: Trade, proxy: Proxy) -> None:
    browser = trade.browser()
    plan = trade.world.plan("patch-y").id
    browser.post("/basket", product="patch", plan=plan, quantity=1)
    form = dict(HIDDEN.findall(browser.see("/checkout")))
    proxy.cut_next(passing=2)  # answers of the form, settings of the connectors, then the order
    cut = browser.client.post(f"{browser.at}/checkout", base_url=SHOP, data=form)
    assert proxy.cuts == 1
    assert shown(cut).status_code == 503
    [(code,)] = trade.admin("SELECT code FROM orders")  # it was placed, and nobody knows
    repeated = browser.client.post(f"{browser.at}/checkout", base_url=SHOP, data=form)
    assert repeated.location.endswith(f"/orders/{code}/pay")
    assert trade.admin("SELECT count(*) FROM orders") == [(1,)]


@pytest.mark.promise("QC3", "QC9")
def test_fifty_cut_commits_double_nothing_and_lose_nothing(trade: Trade, proxy: Proxy) -> None:
    browser, codes = trade.browser(), list[str]()
    plans = {"patch": trade.world.plan("patch-y").id, "m365-bb": trade.world.plan("m365-bb-m").id}
    proxy.cut_by_chance(0.2, seed=7)
    while proxy.cuts < CUTS:
        product = list(plans)[len(codes) % 2]
        codes.append(buys(browser, plans[product], product))
        pays(trade, browser, codes[-1])
        trade.ring()
        trade.work()
        trade.time_passes()
    proxy.spare()
    trade.finish()
    judge(trade, codes)
