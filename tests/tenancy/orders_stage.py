"""For the route sweep: orders and services of Acme's and of resellers in every state that a page can show."""

from sqlalchemy import select

from billing import credit_notes
from billing.refunds import Because
from checkout import line_refunds, orders, placing
from checkout.orders import PayBy
from checkout.placing import Checkout, Clearance
from core import db, parties, tenancy
from core.money import Money
from partners import (
    extensions,
    storefronts,
)
from partners.storefronts import Storefront
from provisioning.deliveries import Delivery
from provisioning.transfer_calls import TransferCall
from subscriptions import cancellations, subscriptions
from subscriptions.subscriptions import Subscription
from tests.provisioning import moving
from tests.world import World


def deliver_patches(world: World) -> dict[str, str]:
    """Acme has three licences, one of them in use."""
    code = world.buys("acme", "patch-y", 3)
    world.fund_by_hand(code)
    world.work(5)
    with world.acting():
        subscription = db.session().scalars(select(Subscription)).one()
        subscriptions.assign(subscription, "anton@acme.example")
        return {"order": code, "subscription": subscription.code}


def cancel(world: World) -> dict[str, str]:
    """Another licence of Acme's, cancelled to the end of its term."""
    world.fund_by_hand(code := world.buys("acme", "patch-y", 1))
    world.work(5)
    with world.acting("acme"):
        service = subscriptions.by_line(orders.lines(orders.find(code).id)[0].id)
        cancellations.cancel(service, by="Anna")
        return {"cancelled": service.code}


def plans_of_resellers(world: World) -> dict[str, str]:
    """Harbour's plan runs; Brightfield's was cancelled by Northwind."""
    codes: list[str] = []
    for reseller in ("harbour", "brightfield"):
        world.give_credit(reseller, 500_00)
        order = world.buys(reseller, "standard-m", pay_by=PayBy.ACCOUNT, alias=reseller)
        world.work(5)
        with world.acting():
            codes.append(subscriptions.by_line(orders.lines(orders.find(order).id)[0].id).code)
    with world.acting():
        cancellations.cancel(subscriptions.find(codes[1]), by="Nora")
    return {"plan": codes[0], "cancelled_plan": codes[1]}


def park_mailboxes(world: World) -> dict[str, str]:
    """A delivery of Acme's that only a person can go on with: its connector has no settings."""
    world.put("acme", "m365-bb-m", 2)
    buyer, plan = world.people["acme"], world.plan("m365-bb-m")
    cleared = Clearance(placing.basket_hash([(plan.id, 2, {})]), 1)
    with tenancy.acting_as(world.scope("acme")), db.transaction(widened_because="placing an order"):
        code = placing.place(buyer, cleared, Checkout("mailboxes", world.storefronts["brightfield"]))
    world.fund_by_hand(code)
    world.work(5)
    with world.acting():
        order = orders.find(code)
        delivery = db.session().scalars(select(Delivery).where(Delivery.order_id == order.id)).one()
        return {"parked_order": code, "delivery": str(delivery.id), "task": str(delivery.task_id)}


def give_a_part_back(world: World) -> dict[str, str]:
    """A part of a line that Acme paid by card is on its way back, with its credit note."""
    code = world.buys("acme", "patch-y", 4)
    world.pay(code)
    world.work(5)
    with world.acting():
        line = orders.lines(orders.find(code).id)[0]
        refund = line_refunds.give_back(
            line.id, key="hand:1", because=Because.BY_HAND, why="Late.", amount=Money(500, "EUR")
        )
        assert refund
        [note] = credit_notes.of_order(refund.order_id)
        return {"line": str(line.id), "refund": str(refund.id), "credit_note": str(note.id)}


def own_order(world: World) -> str:
    """An unpaid order of Brightfield's own: Standard again, under the alias that it has."""
    with world.acting():
        shop = (
            db.session()
            .scalars(select(Storefront).where(Storefront.reseller_id == world.resellers["brightfield"]))
            .one()
        )
        storefronts.states.move(shop, storefronts.StorefrontState.CLOSED)
    code = world.buys("brightfield", "standard-m", alias="brightfield")
    with world.acting():
        shop = (
            db.session()
            .scalars(select(Storefront).where(Storefront.reseller_id == world.resellers["brightfield"]))
            .one()
        )
        storefronts.states.move(shop, storefronts.StorefrontState.OPEN)
    return code


def hand_over(world: World) -> dict[str, str]:
    """Brightfield asks Northwind to take over a service of Acme's; another is stuck at the vendor. Harbour
    asks Brightfield about one of Zebra's, and has invited it."""
    for reseller in ("brightfield", "harbour"):
        with world.acting():
            extensions.begin_transition(parties.reseller(world.resellers[reseller]), by="Nora")
    asked = moving.ask(world, moving.serve_by_hand(world))
    stuck = moving.ask(world, moving.serve_by_hand(world))
    moving.accept(world, stuck, "house")
    pair = moving.befriend(world, "brightfield", "harbour")
    incoming = moving.ask(world, moving.serve_by_hand(world, who="zebra"), provider=pair, who="zebra")
    with world.acting():
        [call] = db.session().scalars(select(TransferCall))
        code = parties.reseller(world.resellers["harbour"]).code
    return {
        "transfer": asked,
        "stuck": stuck,
        "movable": moving.serve_by_hand(world),
        "transfer_in": incoming,
        "transfer_call": str(call.id),
        "transfer_pair": pair,
        "other_reseller": code,
        "invited_pair": moving.invite(world, "harbour", "brightfield"),
    }
