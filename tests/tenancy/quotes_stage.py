"""For the route sweep: Brightfield has quoted Acme and a company that is no customer yet, and writes another
quote for Acme; Northwind has written down a price change."""

from datetime import timedelta

from checkout import quotes
from core.clock import business_now
from tests.catalog import test_scheduled_prices
from tests.checkout import quote_stage
from tests.world import World


def offer(world: World) -> dict[str, str]:
    """What the addresses need."""
    sent, draft = quote_stage.sent(world), quote_stage.draft(world)
    prospect = quote_stage.sent(world, to=quote_stage.OTTERBACH)
    schedule = test_scheduled_prices.write(world)
    with world.acting():
        return {
            "schedule": schedule,
            "soon": str(business_now().date() + timedelta(days=50)),
            "quote": sent,
            "quote_draft": draft,
            "quote_token": quote_stage.link_of(prospect),
            "quote_line": str(quotes.lines(quotes.find(draft).id)[0].id),
        }
