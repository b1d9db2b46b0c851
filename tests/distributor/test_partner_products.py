"""What only partners of its programme sell: said on its page, shown and sold in their shops alone."""

import pytest

from catalog import editing
from catalog.listings import NotOffered
from catalog.partner_products import NotSoldHere
from core import parties
from partners import enrolments
from tests.checkout import quote_stage
from tests.checkout.offer_stage import open_offers
from tests.distributor.test_product_editor import AT, fine, order_refused, seen
from tests.forms import forms_of
from tests.partners.programme_stage import open_programme
from tests.partners.tier_stage import enrol, open_tiers
from tests.visits import Visit
from tests.world import World, open_portal

DETAILS = f"{AT}/patch/details"
PATCH = {
    "name": "0patch Pro", "vendor": "0patch", "category": "Security", "summary": "Micropatches.",
    "description": "", "programme": "", "transfer_from": "",
}  # fmt: skip


def test_only_partners_sell_what_is_kept_for_them(world: World, nora: Visit) -> None:
    open_portal(world)
    open_programme(world)
    shop, console = Visit(nora.app, "/brightfield").sign_in("anna"), Visit(nora.app).sign_in("bea")
    world.give_credit("brightfield", 2000_00)
    world.put("acme", "patch-y", 2)
    quote = quote_stage.sent(world)
    with world.acting():
        acme = parties.customer(world.customers["acme"]).code
    add = f"/reseller/subscriptions/add?customer={acme}&product=patch"
    [form] = [one for one in forms_of(console.get(add).text) if "request_key" in one.fields]
    typed = {name: values[0] for name, values in form.fields.items()}
    assert "0patch Pro" in shop.get("/", sort="name").text

    wrong = nora.post(DETAILS, PATCH | {"partners_only": "y"} | seen(nora, DETAILS))
    assert wrong.status_code == 422
    assert "Choose the programme whose partners sell it." in wrong.text
    only = PATCH | {"partners_only": "y", "programme": "gold"}
    fine(nora, DETAILS, **only | seen(nora, DETAILS))

    assert "0patch Pro" not in shop.get("/", sort="name").text
    assert "0patch Pro" in Visit(nora.app).get("/", sort="name").text  # the house sells everything
    assert "Partners only" in console.get("/reseller/shelf").text
    with pytest.raises(NotSoldHere, match="This shop does not sell 0patch Pro"):
        world.place("acme")
    assert "This shop does not sell 0patch Pro" in order_refused(shop)
    with pytest.raises(NotSoldHere):
        quote_stage.orders(world, quote)
    with pytest.raises(NotOffered):
        quote_stage.draft(world)
    refused = console.post("/reseller/subscriptions/add", typed | {"quantity": "2"})
    assert refused.status_code == 422
    assert "Only partners of “Gold partners” sell 0patch Pro" in refused.text
    assert "0patch" not in console.get(f"/reseller/subscriptions/add?customer={acme}").text

    partner = enrol(world)
    world.work()
    assert "0patch Pro" in shop.get("/", sort="name").text
    assert "Partners only" not in console.get("/reseller/shelf").text
    assert world.place("acme").startswith("ORD-")

    with world.acting():
        enrolments.terminate(enrolments.find(partner), "It does not answer.")
    world.work()
    assert "0patch Pro" not in shop.get("/", sort="name").text
    fine(nora, DETAILS, **PATCH | seen(nora, DETAILS))  # every reseller may sell it again
    assert "0patch Pro" in shop.get("/", sort="name").text


def test_a_bundle_with_a_part_for_partners_is_theirs_too(world: World) -> None:
    open_offers(world)
    open_tiers(world)
    with world.acting():
        editing.product("patch").partners_only = True
    world.put("acme", "suite-y")
    with pytest.raises(NotSoldHere, match="does not sell 0patch Pro"):
        world.place("acme")
    enrol(world)
    assert world.place("acme").startswith("ORD-")
