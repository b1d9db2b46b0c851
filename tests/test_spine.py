"""The spine without a browser: from basket to delivered."""

import pytest
from sqlalchemy import select

from checkout.orders import OrderState, PayBy
from core import db
from partners import storefronts
from provisioning.deliveries import Delivery, DeliveryState
from subscriptions.subscriptions import Licence, Subscription, SubscriptionState
from tests.world import World, open_portal


@pytest.mark.behaviour("I3", "I4", "I7", "I8")
def test_a_reseller_plan_is_delivered_and_opens_the_storefront(world: World) -> None:
    world.give_credit("brightfield", 100_00)
    code = world.buys("brightfield", "standard-m", pay_by=PayBy.ACCOUNT, alias="brightfield")
    assert world.order(code).state is OrderState.FUNDED
    world.work()
    with world.acting():
        shop = storefronts.of_reseller(world.resellers["brightfield"])
        assert shop is not None
        assert shop.state is storefronts.StorefrontState.OPEN
        assert db.session().scalars(select(Delivery.state)).all() == [DeliveryState.SUCCESS]


def test_a_funded_order_gives_the_customer_its_licences(world: World) -> None:
    open_portal(world)
    world.give_credit("brightfield", 1000_00)
    code = world.buys("acme", "patch-y", 15)
    world.fund_by_hand(code)
    world.work()
    with world.acting("acme"):
        subscription = db.session().scalars(select(Subscription)).one()
        assert subscription.state is SubscriptionState.ACTIVE
        assert len(db.session().scalars(select(Licence)).all()) == 15
