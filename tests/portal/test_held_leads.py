"""A customer whose company another reseller has a deal with: its basket stays, its order is refused by name,
and the refusal is in the trail (H33, H34)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from checkout.orders import Order
from core import db
from tests.partners.deal_stage import approved, open_deals, told_about
from tests.portal.conftest import Browser
from tests.world import World


@pytest.mark.behaviour("H33", "H34")
def test_the_order_of_a_company_that_another_has_a_deal_with_is_refused(
    world: World, shop: Callable[..., Browser]
) -> None:
    open_deals(world)
    zoe = shop("harbour").sign_in("zoe")
    plan = world.plan("patch-y").id
    assert zoe.post("/basket", product="patch", plan=plan, quantity=1).status_code == 303
    approved(world, company="Something else", website="zebra.example", tax_id="")
    refused = zoe.post("/checkout", on="/checkout")
    assert refused.status_code == 409
    assert "Another partner has a registered deal with Zebra" in refused.text
    assert "Brightfield" not in refused.text
    assert "0patch Pro" in refused.text  # nothing was lost
    with world.acting():
        assert db.session().scalars(select(Order)).all() == []
        assert "refused because of a deal" in told_about(world.customers["zebra"])
