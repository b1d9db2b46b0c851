"""A programme of Northwind's and applicants to it, for the tests about becoming a partner."""

import re
from typing import Any

from sqlalchemy import select

from catalog.price_lists import PriceList
from core import db, tenancy
from core.tenancy import Scope, Side
from partners import application_reviews, applications, programmes, signatures
from partners.applications import Application
from partners.programmes import Programme, Settings
from partners.terms import Agreed
from tests.world import World

AGREEMENT = "# Agreement\n\nBe **fair**."
LENA = {
    "company": "Lakeside Systems",
    "name": "Lena Marsh",
    "email": "lena@lakeside.example",
    "website": "lakeside.example",
    "experience": "Eight years of mail and backup as a service.",
}
LINK = re.compile(r"/applications/([\w-]{30,})")


def open_programme(world: World, code: str = "gold", **more: Any) -> None:
    """It takes applications, asks for website and experience, and has an agreement."""
    with world.acting():
        price_list = db.session().scalars(select(PriceList.id)).first()
        assert price_list
        chosen: dict[str, Any] = {
            "name": f"{code.title()} partners",
            "explanation": "For whoever sells.",
            "price_list_id": price_list,
            "evidence": ("website", "experience"),
        }
        programme = programmes.add(code, Settings(**{**chosen, **more}))
        programmes.publish(programme, AGREEMENT, valid_from=None, by="Nora")
        programmes.change(programme, Settings(**{**chosen, "takes_applications": True, **more}))


def visitor_of(world: World) -> Scope:
    """A visitor of Northwind's shop, whom nobody knows."""
    return Scope(Side.PUBLIC, world.distributor_id, world.resellers["house"], offset=world.offset)


def apply(world: World, code: str = "gold", **changed: str) -> None:
    """Lena applies, in a visitor's scope."""
    said = LENA | changed
    company, name, email = (said.pop(each) for each in ("company", "name", "email"))
    with tenancy.acting_as(visitor_of(world)), db.transaction():
        applications.apply(code, company=company, name=name, email=email, evidence=said)


def the_application(email: str = LENA["email"]) -> Application:
    """Her newest application, in the distributor's transaction."""
    chosen = select(Application).where(Application.email == email).order_by(Application.id.desc())
    return db.session().scalars(chosen.limit(1)).one()


def token(world: World, email: str = LENA["email"]) -> str:
    """What stands in the mail's link."""
    with world.acting():
        return applications.token_of(the_application(email).nonce)


def approve(world: World, email: str = LENA["email"]) -> str:
    """Nora approves; the id of the version that Lena is shown."""
    with world.acting():
        application = the_application(email)
        application_reviews.approve(application, by="Nora")
        return str(application.agreement_id)


def sign(world: World, link: str, version: str) -> None:
    """Lena ticks the box of a version and signs."""
    because = "following an application's link"
    with tenancy.acting_as(visitor_of(world)), db.transaction(widened_because=because):
        application = applications.by_link(link, to_change=True)
        signatures.sign(application, Agreed(version, "192.0.2.9", "Tests", "http://shop.test/sign"))


def the_programme(code: str = "gold") -> Programme:
    """In the distributor's transaction."""
    return programmes.find(code)
