"""For the route sweep: 0patch has a picture, and the monthly Business Basic leads on to the yearly one."""

import io

from PIL import Image
from sqlalchemy import select

from catalog import editing, pictures, upgrades
from catalog.products import Plan
from catalog.upgrades import Moves
from core import db
from tests.world import World


def furnish(world: World) -> dict[str, str]:
    """What the addresses need."""
    drawn = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(drawn, format="PNG")
    with world.acting():
        picture = pictures.add(editing.product("patch"), drawn.getvalue(), "A patch")
        pictures.add(editing.product("m365-bb"), drawn.getvalue(), "Mail")
        plans = {plan.code: plan for plan in db.session().scalars(select(Plan))}
        edge = upgrades.add(plans["m365-bb-m"], plans["m365-bb-y"], Moves.ALL)
        return {"picture": str(picture.id), "picture_name": picture.name, "upgrade": str(edge.id)}
