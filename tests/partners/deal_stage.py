"""Partners of Northwind's gold programme that register deals, for the tests about them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from core import db, tenancy
from core.clock import business_now
from core.money import Money
from core.trail import TrailEntry
from partners import (
    application_reviews,
    applications,
    deal_registrations,
    deal_reviews,
    deal_rules,
    deals,
    programmes,
    signatures,
)
from partners.deal_registrations import Lead
from partners.deal_rules import Rules
from partners.deals import Deal
from partners.terms import Agreed
from tests.partners.programme_stage import LENA, open_programme, the_programme
from tests.world import World

REASONS = tuple(deal_rules.REASONS)
OTTER = {
    "programme": "gold",
    "company": "Otterbach Logistik GmbH",
    "country": "DE",
    "website": "https://www.otterbach.example/start",
    "tax_id": "DE136695976",
    "contact_name": "Olga Otter",
    "contact_email": "olga@otterbach.example",
    "products": "Endpoint management",
    "seats": "40",
    "value": "4800.00",
    "closes_on": "2099-01-31",
    "kind": "independent",
    "may_share": "y",
}
"""What Bea types about Otterbach."""


def open_deals(world: World, *resellers: str, **rules: Any) -> None:
    """The gold programme takes deals, and these resellers (by name; their people bea and hugo sign) are its
    partners."""
    open_programme(world)
    with world.acting():
        deal_rules.keep(the_programme(), Rules(**{"takes_deals": True, **rules}))
    for reseller in resellers or ("brightfield", "harbour"):
        enrol(world, reseller)


def enrol(world: World, reseller: str, code: str = "gold") -> None:
    """Its administrator applies, is approved and signs."""
    person = {"brightfield": "bea", "harbour": "hugo"}[reseller]
    email = f"{person}@people.example"
    with world.acting():
        said = {name: LENA[name] for name in ("website", "experience")}
        applications.apply(code, company=reseller, name=person, email=email, evidence=said)
        chosen = select(applications.Application).where(applications.Application.email == email)
        application = db.session().scalars(chosen.order_by(applications.Application.id.desc())).first()
        assert application
        application_reviews.approve(application, by="Nora")
        agreed = Agreed(str(application.agreement_id), "192.0.2.9", "Tests", "http://shop.test")
        signatures.sign(application, agreed)


def lead(**changed: Any) -> Lead:
    """Otterbach, or somebody else."""
    said: dict[str, Any] = {
        name: OTTER[name]
        for name in (
            "company",
            "country",
            "website",
            "tax_id",
            "contact_name",
            "contact_email",
            "products",
        )
    }
    more = {
        "seats": 40,
        "value": Money(480000, "EUR"),
        "closes_on": business_now().date() + timedelta(days=60),
        "may_share": True,
    }
    return Lead(**{**said, **more, **changed})


def register(world: World, reseller: str = "brightfield", programme: str = "gold", **changed: Any) -> str:
    """A reseller registers a lead, in its own scope as its page does; the deal's code."""
    with (
        tenancy.acting_as(world.scope(reseller)),
        db.transaction(widened_because="registering a deal"),
    ):
        found = programmes.find(programme)
        return deal_registrations.register(found, world.resellers[reseller], lead(**changed), by="Bea").code


def approve(world: World, code: str) -> None:
    """Nora approves."""
    with world.acting():
        deal = deals.find(code)
        deal_reviews.approve(deal, by="Nora")


def reject(world: World, code: str, reason: str = REASONS[1]) -> None:
    """Nora rejects."""
    with world.acting():
        deal_reviews.reject(deals.find(code), reason, by="Nora")


def approved(world: World, reseller: str = "brightfield", **changed: Any) -> str:
    """Registered and approved; the deal's code."""
    code = register(world, reseller, **changed)
    approve(world, code)
    return code


def state_of(world: World, code: str) -> str:
    """As the distributor sees it."""
    with world.acting():
        return deals.find(code).state.value


def the_deal(code: str) -> Deal:
    """In the distributor's transaction."""
    return deals.find(code)


def told_about(object_id: UUID) -> list[str]:
    """What the trail says about an object, in the distributor's transaction."""
    chosen = select(TrailEntry.what).where(TrailEntry.object_id == object_id).order_by(TrailEntry.at)
    return list(db.session().scalars(chosen))
