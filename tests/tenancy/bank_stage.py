"""For the route sweep: Acme has asked to pay orders by bank transfer; one waits, one is granted, one was paid
with too much."""

from tests.checkout.bank_transfer_stage import arrives, asks, grants
from tests.world import World


def ask(world: World) -> dict[str, str]:
    """What the addresses need."""
    asked, granted, paid = asks(world), asks(world), asks(world)
    grants(world, granted)
    grants(world, paid)
    arrives(world, paid, 2500_00)
    return {"asked_transfer": asked, "granted_transfer": granted, "paid_transfer": paid}
