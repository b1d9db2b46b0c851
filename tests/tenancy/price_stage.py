"""The names of prices that addresses need."""

from sqlalchemy import select

from catalog.listings import Listing
from catalog.products import Plan
from core import db
from core.tenancy import same_key
from tests.world import World


def shelf(world: World) -> dict[str, str]:
    """Brightfield's price of the patches."""
    with world.acting("brightfield"):
        chosen = select(Listing.id).join(Plan, same_key(Plan.id, Listing.plan_id))
        return {"listing": str(db.session().scalars(chosen.where(Plan.code == "patch-y")).one())}
