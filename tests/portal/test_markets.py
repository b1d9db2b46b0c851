"""What is sold in other countries only: not shown, not told to machines, not compared, added or quoted, and
in a basket it says so."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from catalog import listings, products, publication
from catalog.listings import Listing, NotOffered
from catalog.products import Product
from checkout import baskets, placing, quote_sending, quotes
from checkout.placing import Checkout, Clearance
from checkout.quote_drafts import QuoteIncomplete
from core import db, tenancy
from tests.checkout import quote_stage
from tests.portal.conftest import Browser
from tests.world import World


def sold_in(world: World, plan: str, *markets: str) -> None:
    """From now on in these countries; the shops of the world are in Germany."""
    with world.acting():
        products.plan(plan).markets = list(markets)
        db.flush()
        of = db.session().scalars(select(Product).where(Product.id == products.plan(plan).product_id)).one()
        publication.changed([of])


def test_what_is_sold_elsewhere_has_no_page_price_or_button_here(
    world: World, anna: Browser, shop: Callable[..., Browser]
) -> None:
    world.put("acme", "patch-y")
    yearly = world.plan("m365-bb-y").id
    sold_in(world, "patch-y", "FR", "AT")
    sold_in(world, "m365-bb-y", "FR")
    page = shop("brightfield").get("/p/patch")
    assert page.status_code == 404
    assert "Not sold in Germany" in page.text
    assert "It is sold in: Austria, France." in page.text
    assert not {"application/ld+json", "24.95", "Add to basket"} & set(page.text.split('"'))
    assert "/p/patch<" not in shop("brightfield").get("/sitemaps/pages.xml").text
    one = anna.see("/p/m365-bb")
    assert "Yearly" not in one, "the other plan of the product is sold on"
    assert "5.60" not in one
    assert "Nothing to compare yet" in anna.see("/compare?plan=patch-y&plan=m365-bb-y")
    assert "Yearly" not in anna.see("/quotes/ask?product=m365-bb")
    assert anna.get("/quotes/ask?product=patch").status_code == 404
    added = anna.post("/basket", product="m365-bb", plan=str(yearly), quantity="2")
    assert (added.status_code, "not sold by shops in Germany" in added.text) == (422, True)
    basket = anna.see("/basket")
    assert "0patch Pro is not sold by shops in Germany. It is sold in: France, Austria." in basket
    assert "Please mend the marked line first." in basket


def test_a_line_that_is_not_offered_any_more_stays_in_the_basket_and_says_so(
    world: World, anna: Browser
) -> None:
    world.put("acme", "patch-y")
    world.put("acme", "m365-bb-m", 3)
    plan_id = world.plan("m365-bb-m").id
    with world.acting("brightfield"):
        shelf = db.session().scalars(select(Listing).where(Listing.plan_id == plan_id)).one()
        shelf.published = False
        listings.changed(shelf.reseller_id)
    basket = anna.see("/basket")
    assert "Microsoft 365 Business Basic, Monthly is no longer offered in this shop." in basket
    assert "€18.00" not in basket, "what is still offered is all that is summed up"
    with pytest.raises(NotOffered, match="Business Basic, Monthly"):
        place_unasked(world)
    line = basket.split('name="remove" value="')[2].split('"')[0]
    assert anna.post("/basket/change", remove=line).status_code == 303
    assert "no longer offered" not in anna.see("/basket")
    world.place("acme")


def place_unasked(world: World) -> str:
    """Acme orders, whatever its vendors would say."""
    with world.acting("acme"):
        basket = baskets.items(world.people["acme"])
    asked = Clearance(placing.basket_hash([(i.plan_id, i.quantity, i.fields) for i in basket]), len(basket))
    with tenancy.acting_as(world.scope("acme")), db.transaction(widened_because="placing an order"):
        return placing.place(world.people["acme"], asked, Checkout("form", world.storefronts["brightfield"]))


def test_a_quote_that_could_not_be_ordered_is_not_sent(world: World) -> None:
    code = quote_stage.draft(world, quantity=7)
    with world.acting():
        products.plan("patch-y").segments = ["education"]
        products.plan("patch-y").quantity_step = 5
    with world.acting("brightfield"), pytest.raises(QuoteIncomplete) as refused:
        quote_sending.send(quotes.find(code))
    assert "steps of 5" in " ".join(refused.value.problems.values())
