"""Quotes on the pages of all three sides: written without scripts, sent by mail, read by link, ordered."""

import html
import re
from collections.abc import Callable

import pytest

from tests.checkout import quote_stage
from tests.mail.conftest import PostOffice
from tests.reseller.conftest import Person
from tests.world import HOST, World, open_portal

LINK = re.compile(r"http://shop\.test(/brightfield/quote-links/[\w-]+)")


def line_of(page: str) -> str:
    found = re.search(r'name="quantity-([0-9a-f-]{36})"', page)
    assert found
    return found[1]


@pytest.fixture
def bea(world: World, sign_in: Callable[..., Person]) -> Person:
    """Bea, whose storefront is open."""
    open_portal(world)
    return sign_in("bea")


@pytest.mark.behaviour("P27")
def test_a_quote_is_written_sent_read_asked_about_and_ordered(
    world: World, bea: Person, sign_in: Callable[..., Person], post: PostOffice
) -> None:
    bea.sees("/reseller/quotes", "No quotes yet")
    bea.sees("/reseller/quotes/new?q=acme", "Acme")
    page = bea.sees("/reseller/quotes/new")
    customer = re.search(r'name="customer" value="(CUS-\w+)"', page)
    assert customer
    place = bea.places("/reseller/quotes/new", customer=customer[1]).partition("?")[0]
    assert place.startswith("/reseller/quotes/QUO-")
    draft = {"message": "As we spoke.", "valid_until": "2099-01-01", "find": "0patch"}
    refused = bea.post(place, **draft, act="find")
    assert refused.status_code == 422
    assert "at most 365 days" in html.unescape(refused.text)
    day = re.search(r'name="valid_until" value="([\d-]+)"', bea.get(place).text)
    assert day
    draft["valid_until"] = day[1]
    found = bea.places(place, **draft, act="find")
    page = bea.sees(found, "0patch Pro, Yearly", "you pay €21.21")
    plan = re.search(r'name="add" value="([0-9a-f-]{36})"', page)
    assert plan
    bea.places(place, **draft, add=plan[1])
    line = line_of(bea.sees(place, "you pay €21.21"))
    wrong = bea.post(place, **draft, **{f"quantity-{line}": "5.5", f"price-{line}": "1e309"}, act="keep")
    assert wrong.status_code == 422
    assert 'value="1e309"' in wrong.text
    typed = {f"quantity-{line}": "5", f"price-{line}": "23.00"}
    totals = bea.post(f"{place}/totals", **draft, **typed)
    assert (totals.status_code, "€115.00" in totals.text, "€8.95" in totals.text) == (200, True, True)
    bea.places(place, **draft, **typed, act="send")
    code = place.rpartition("/")[2]
    bea.sees(place, "Sent", "You keep", "€8.95", "quote-links")
    world.work()
    link = LINK.search(post.only(f"Your quote {code}", to="anna@acme.example")["text"])
    assert link

    stranger = Person(bea.client.application.test_client())
    stranger.sees(link[1], "Accept and order", "€23.00", "As we spoke.")
    paper = stranger.client.get(f"{link[1]}/quote.pdf", base_url=f"http://{HOST}")
    assert paper.data.startswith(b"%PDF-")
    assert stranger.get("/quote-links" + link[1].rpartition("/quote-links")[2]).status_code == 404
    assert stranger.post(f"{link[1]}/ask", words="Is support in it?", name="Anna").status_code == 303
    bea.sees(place, "Is support in it?", "Waits for an answer")
    bea.places(f"{place}/answer", words="It is.")
    stranger.sees(link[1], "It is.")

    anna = sign_in("anna", "/brightfield")
    anna.sees("/quotes", code)
    page = anna.sees(f"/quotes/{code}/order", "Check and order", "€115.00", "Back to the quote")
    total = re.search(r'name="seen_total" value="(\d+)"', page)
    assert total
    other = anna.post(f"/quotes/{code}/order", seen_total="1")
    assert (other.status_code, "Prices have changed" in other.text) == (409, True)
    paying = anna.places(f"/quotes/{code}/order", seen_total=total[1])
    assert re.fullmatch(r"/orders/ORD-\w+/pay", paying)
    assert anna.places(f"/quotes/{code}/order", seen_total=total[1]) == paying
    anna.sees(f"/quotes/{code}", "Accepted", "See the order")
    bea.sees(place, "Accepted")
    bea.sees("/reseller/quotes.csv", code, "Accepted")
    nora = sign_in("nora")
    nora.sees(f"/distributor/quotes/{code}", "We keep", "Brightfield")
    nora.sees("/distributor/quotes", code)
    assert zoe_sees(world, sign_in, code) == 404


def zoe_sees(world: World, sign_in: Callable[..., Person], code: str) -> int:
    open_portal(world, "harbour")
    return sign_in("zoe", "/harbour").get(f"/quotes/{code}").status_code


@pytest.mark.behaviour("W16")
def test_a_prospect_agrees_by_its_link_and_is_invited(world: World, bea: Person, post: PostOffice) -> None:
    typed = {"company": "", "name": "Olga", "email": "no address"}
    bea.get("/reseller/quotes/new")
    wrong = bea.post("/reseller/quotes/new", **typed)
    assert wrong.status_code == 422
    assert 'value="no address"' in wrong.text
    code = quote_stage.sent(world, to=quote_stage.OTTERBACH)
    world.work()
    link = LINK.search(post.only("Your quote", to="olga@otterbach.example")["text"])
    assert link
    olga = Person(bea.client.application.test_client())
    olga.sees(link[1], "Accept this quote", "VAT is added")
    assert olga.post(f"{link[1]}/agree", name="Olga Otter").status_code == 303
    olga.sees(link[1], "Agreed, to be ordered")
    world.work()
    assert post.only("invit", to="olga@otterbach.example")
    bea.sees(f"/reseller/quotes/{code}", "Agreed")
    bea.get(f"/reseller/quotes/{code}")
    bea.places(f"/reseller/quotes/{code}/withdraw")
    gone = olga.sees(link[1], "This quote was withdrawn")
    assert "Accept this quote" not in gone
    assert olga.post(f"{link[1]}/agree", name="Olga Otter").status_code == 409
