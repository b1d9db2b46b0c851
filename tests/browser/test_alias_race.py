"""Two resellers at two browsers want one address at the same moment: both see that it is free, both submit,
one gets it, and the other reads why not with everything still in the form (I19)."""

import re
from collections.abc import Iterator
from pathlib import Path
from socket import create_server

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from checkout.orders import Order
from core import db
from partners.storefronts import Storefront, StorefrontState
from tests.browser.test_story import browse, sign_in
from tests.fast_worker import Web
from tests.world import PASSWORD, World

ALIAS = "sunny"
TOGETHER = """at => {
  const form = document.querySelector("main form [name=alias]").form;
  setTimeout(() => form.requestSubmit(), at - Date.now());
}"""


@pytest.fixture
def shop(world: World, tmp_path: Path) -> Iterator[str]:
    """A web process in which the first order that is placed takes a second to commit, so that the other one
    is placed meanwhile; its address."""
    with create_server(("127.0.0.1", 0), backlog=64) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        web = Web(tmp_path, listening, fault="place.before_commit:hang:1", env={"PUBLIC_URL": url})
        yield url
        web.end()


def wants(chromium: Browser, shop: str, who: str) -> Page:
    """Somebody with the form filled in, who has seen that the address is free."""
    page = browse(chromium)
    sign_in(page, shop, f"{who}@people.example", PASSWORD)
    page.goto(f"{shop}/reseller/plans/free-m")
    page.get_by_label("Storefront alias").fill(ALIAS)
    return page


@pytest.mark.behaviour("I19")
def test_two_resellers_submit_one_alias_at_once_and_one_is_asked_for_another(
    chromium: Browser, shop: str, world: World, tmp_path: Path
) -> None:
    pages = [wants(chromium, shop, who) for who in ("bea", "hugo")]
    at = pages[0].evaluate("Date.now() + 1500")
    for page in pages:
        page.evaluate(TOGETHER, at)
    for page in pages:
        expect(
            page.get_by_text(re.compile("already taken")).or_(page.get_by_text("ORD-")).first
        ).to_be_visible(timeout=90_000)
    assert (tmp_path / "place.before_commit.hang").exists()
    [loser] = [page for page in pages if page.get_by_text(re.compile("already taken")).count()]
    expect(loser.get_by_label("Storefront alias")).to_have_value(ALIAS)
    with world.acting():
        [order] = db.session().scalars(select(Order))
        [held] = db.session().scalars(select(Storefront).where(Storefront.alias == ALIAS))
        assert held.reseller_id == order.reseller_id
        assert held.state is StorefrontState.HELD

    loser.get_by_label("Storefront alias").fill("sunnier")
    loser.locator("main form button[type=submit]").last.click()
    loser.wait_for_url(re.compile("/reseller/orders/ORD-"))
    with world.acting():
        assert len(db.session().scalars(select(Order.id)).all()) == 2
    for page in pages:
        page.context.close()
