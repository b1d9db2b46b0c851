"""For the route sweep: Northwind and Brightfield each have a promotion in draft, and a code waits for
Brightfield to be typed in."""

from catalog import partner_codes, promotions
from catalog.promotions import Terms
from tests.world import World


def announce(world: World) -> dict[str, str]:
    """What the addresses need."""
    with world.acting():
        names = {
            "promotion": promotions.add(Terms("Spring", basis_points=1000), by="Nora").code,
            "partner_code": partner_codes.issue(
                world.resellers["brightfield"], partner_codes.Terms("First order", 2000), by="Nora"
            ).code,
            "brightfield_id": str(world.resellers["brightfield"]),
        }
    with world.acting("brightfield"):
        own = promotions.add(
            Terms("Own sale", basis_points=500), reseller_id=world.resellers["brightfield"], by="Bea"
        )
        return names | {"own_promotion": own.code}
