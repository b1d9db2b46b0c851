"""What tests about transfers share: Brightfield holds services of Acme's, Harbour would take them over."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import select

from checkout import orders, placing
from checkout.placing import Checkout, Clearance
from core import db, parties, tenancy
from core.ids import new_token
from core.parties import Customer
from partners import extensions
from provisioning import deliveries, resolutions, transfer_answers, transfer_requests, transfers
from provisioning.transfer_requests import Asking
from provisioning.transfers import Transfer, TransferItem
from subscriptions import subscriptions
from subscriptions.subscriptions import Subscription
from tests.world import World, open_portal

T = TypeVar("T")
BEA, HUGO = "Bea, Brightfield", "Hugo, Harbour"


def serve(world: World, plan: str = "m365-bb-m", quantity: int = 2, *, who: str = "acme") -> str:
    """Somebody bought it and has it; the code of the subscription."""
    world.fund_by_hand(code := world.buys(who, plan, quantity))
    world.work(10)
    with world.acting():
        return subscriptions.by_line(orders.lines(orders.find(code).id)[0].id).code


def together(world: World, who: str, act: Callable[[], T]) -> T:
    """As the console of a reseller acts: as the distributor, for its own half."""
    with tenancy.acting_as(world.scope(who)), db.transaction(widened_because="handing over subscriptions"):
        return act()


def invite(world: World, provider: str = "harbour", sender: str = "brightfield") -> str:
    """The provider has invited the sender, which has not answered; the pair's code."""
    return together(
        world,
        provider,
        lambda: extensions.invite(world.resellers[provider], code_of(world, sender), by=HUGO).code,
    )


def befriend(world: World, provider: str = "harbour", sender: str = "brightfield") -> str:
    """The provider has invited the sender, which has accepted; the pair's code."""
    pair = invite(world, provider, sender)
    together(world, sender, lambda: extensions.answer(world.resellers[sender], pair, accepts=True, by=BEA))
    return pair


def code_of(world: World, reseller: str) -> str:
    """A reseller's code, inside a transaction."""
    return parties.reseller(world.resellers[reseller]).code


def in_transition(world: World) -> None:
    """Brightfield hands its direct business over."""
    with world.acting():
        extensions.begin_transition(parties.reseller(world.resellers["brightfield"]), by="Nora")


def ask(
    world: World,
    *codes: str,
    provider: str = "house",
    extend: bool = True,
    consent: bool = True,
    who: str = "acme",
) -> str:
    """A customer's reseller asks for some of its subscriptions to be taken over; the request's code."""
    sender = next(name for name, known in world.resellers.items() if known == world.people[who].reseller_id)
    return together(
        world,
        sender,
        lambda: (
            transfer_requests.ask(
                world.resellers[sender],
                Asking(customer_code(world, who), codes, provider, consent, extend, "As agreed."),
                by=BEA,
            ).code
        ),
    )


def customer_code(world: World, who: str = "acme") -> str:
    """A customer's code, inside a transaction."""
    return parties.customer(world.customers[who]).code


def accept(world: World, code: str, who: str = "harbour") -> None:
    """The provider takes it over; workers do what follows."""
    together(world, who, lambda: transfer_answers.accept(world.resellers[who], code, by=HUGO))
    world.work(15)


def half(world: World, code: str, *, incoming: bool = False) -> Transfer:
    """A half of a request, as the distributor sees it."""
    with world.acting():
        return transfers.of_code(code, incoming=incoming)


def items(world: World, code: str, *, incoming: bool = False) -> list[TransferItem]:
    """Its items."""
    with world.acting():
        return transfers.items(transfers.of_code(code, incoming=incoming).id)


def service(world: World, code: str) -> Subscription:
    """A subscription as the distributor sees it."""
    with world.acting():
        return subscriptions.find(code)


def taken_over(world: World, code: str) -> list[Subscription]:
    """What the provider has got by a request."""
    with world.acting():
        ids = [item.subscription_id for item in transfers.items(transfers.of_code(code, incoming=True).id)]
        return list(db.session().scalars(select(Subscription).where(Subscription.id.in_(ids))))


def customers_of(world: World, reseller: str) -> list[Customer]:
    """A reseller's customers."""
    with world.acting():
        mine = select(Customer).where(Customer.reseller_id == world.resellers[reseller])
        return list(db.session().scalars(mine))


def serve_by_hand(world: World, plan: str = "m365-bb-m", quantity: int = 2, *, who: str = "acme") -> str:
    """The same where no vendor answers: a person notes it as delivered. The code of the subscription."""
    if "brightfield" not in world.storefronts:
        open_portal(world)
    world.put(who, plan, quantity)
    buyer, plan_id = world.people[who], world.plan(plan).id
    cleared = Clearance(placing.basket_hash([(plan_id, quantity, {})]), 1)
    with tenancy.acting_as(world.scope(who)), db.transaction(widened_because="placing an order"):
        order = placing.place(buyer, cleared, Checkout(new_token(), world.storefronts["brightfield"]))
    world.fund_by_hand(order)
    with world.acting():
        line = orders.lines(orders.find(order).id)[0]
        delivery = deliveries.of_line(line.id, "provision")
        assert delivery
        resolutions.resolve(
            delivery.id, external_id=f"sub-{order.lower()}", licences=("A", "B"), why="I saw it."
        )
        return subscriptions.by_line(line.id).code
