"""What tests about transfers share: Brightfield holds services of Acme's, Harbour would take them over."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import select

from checkout import orders
from core import db, parties, tenancy
from core.parties import Customer
from partners import extensions
from provisioning import transfers
from provisioning.transfers import Asking, Transfer, TransferItem
from subscriptions import subscriptions
from subscriptions.subscriptions import Subscription
from tests.world import World

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


def befriend(world: World) -> str:
    """Harbour has invited Brightfield, which has accepted; the pair's code."""
    pair = together(
        world,
        "harbour",
        lambda: extensions.invite(world.resellers["harbour"], code_of(world, "brightfield"), by=HUGO).code,
    )
    together(
        world,
        "brightfield",
        lambda: extensions.answer(world.resellers["brightfield"], pair, accepts=True, by=BEA),
    )
    return pair


def code_of(world: World, reseller: str) -> str:
    """A reseller's code, inside a transaction."""
    return parties.reseller(world.resellers[reseller]).code


def in_transition(world: World) -> None:
    """Brightfield hands its direct business over."""
    with world.acting():
        extensions.begin_transition(parties.reseller(world.resellers["brightfield"]), by="Nora")


def ask(world: World, *codes: str, provider: str = "house", extend: bool = True, consent: bool = True) -> str:
    """Brightfield asks for some of Acme's subscriptions to be taken over; the request's code."""
    return together(
        world,
        "brightfield",
        lambda: (
            transfers.ask(
                world.resellers["brightfield"],
                Asking(
                    customer_code(world), codes, provider, consent=consent, extend=extend, words="As agreed."
                ),
                by=BEA,
            ).code
        ),
    )


def customer_code(world: World, who: str = "acme") -> str:
    """A customer's code, inside a transaction."""
    return parties.customer(world.customers[who]).code


def accept(world: World, code: str, who: str = "harbour") -> None:
    """The provider takes it over; workers do what follows."""
    together(world, who, lambda: transfers.accept(world.resellers[who], code, by=HUGO))
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
