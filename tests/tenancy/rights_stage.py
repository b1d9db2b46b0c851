"""For the route sweep: Brightfield is a partner of an indirect programme whose customers Northwind creates,
has asked for one, and has asked Acme for admin rights; Ember was asked for nothing yet."""

from core import parties
from partners import customer_requests, relation_rules
from partners.customer_requests import Wanted
from partners.relation_rules import Relations
from tests.partners import programme_stage, relation_stage
from tests.world import World


def delegate(world: World) -> dict[str, str]:
    """What the addresses need."""
    iron = relation_stage.partner(world, Relations(provider_creates=True, asks_rights=True), code="iron")
    with world.acting():
        relation_rules.keep(programme_stage.the_programme("bronze"), Relations(asks_rights=True))
    relation_stage.ask(world)
    with world.acting("brightfield"):
        asked = customer_requests.ask(
            parties.reseller(world.resellers["brightfield"]),
            iron,
            Wanted("Willow", "Wanda", "wanda@willow.example", "DE"),
            words="Soon, please.",
            by="Bea",
            email="bea@people.example",
        )
        return {
            "customer_request": asked.code,
            "indirect": str(iron),
            "unasked": parties.customer(world.customers["ember"]).code,
        }
