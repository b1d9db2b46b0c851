"""A programme with the tiers of the first source and partners in it, for the tests of a partner's year."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from catalog.products import Product
from core import db, parties
from core.clock import business_now
from core.ids import new_id
from core.money import Money
from partners import enrolments, programmes, sales, tiers
from partners.enrolments import Enrolment
from partners.sales import Delivered
from partners.tiers import Terms
from tests.partners.programme_stage import apply, approve, open_programme, sign, token
from tests.world import World

SILVER = Terms("Silver", 0, 5, 0, 300, "The partner badge.")
GOLD = Terms("Gold", 10, 10, 1000, 500, "Leads of your region.")
PLATINUM = Terms("Platinum", 25, 25, 2000, 800, "A demo portal and a joint event.")
ADMINS = {"brightfield": "bea@people.example", "harbour": "hugo@people.example"}


def open_tiers(world: World, code: str = "gold", **more: Any) -> None:
    """A programme that renews itself, with Silver, Gold and Platinum; the patches belong to it."""
    open_programme(world, code, **more)
    with world.acting():
        programme = programmes.find(code)
        programme.renews = True
        db.flush()
        for terms in (SILVER, GOLD, PLATINUM):
            tiers.add(programme, terms)
        db.session().execute(update(Product).where(Product.code == "patch").values(programme_id=programme.id))


def enrol(world: World, reseller: str = "brightfield", code: str = "gold") -> UUID:
    """The reseller's administrator applies, is approved and signs; the enrolment's id."""
    email = ADMINS[reseller]
    apply(world, code, email=email, company=reseller.title())
    sign(world, token(world, email), approve(world, email))
    with world.acting():
        chosen = select(Enrolment.id).where(Enrolment.reseller_id == world.resellers[reseller])
        return db.session().scalars(chosen.order_by(Enrolment.id.desc()).limit(1)).one()


def win(world: World, customers: int, reseller: str = "brightfield", code: str = "gold") -> list[UUID]:
    """So many customers get their first delivered service of the programme now; the services' ids."""
    services = [new_id() for _ in range(customers)]
    with world.acting():
        programme = programmes.find(code)
        for number, service in enumerate(services):
            customer = parties.add_customer(
                world.resellers[reseller], name=f"Customer {number}", email=f"c{number}@people.example"
            )
            sales.tally(
                Delivered(
                    programme.id,
                    world.resellers[reseller],
                    customer.id,
                    service,
                    "0patch Pro, Yearly",
                    Money(100_00, "EUR"),
                )
            )
    return services


def lose(world: World, services: list[UUID]) -> None:
    """These services have ended."""
    with world.acting():
        for service in services:
            sales.lost(service)


def years_pass(world: World, enrolment_id: UUID, *, less: timedelta = timedelta()) -> None:
    """To the partner's next anniversary, or a little before it; workers do what became due."""
    with world.acting():
        due = enrolments.find(enrolment_id).anniversary_at - less
        assert due > business_now()
    world.goes_on(to=due)


def standing(world: World, enrolment_id: UUID) -> Enrolment:
    """The enrolment as the distributor sees it now."""
    with world.acting():
        return enrolments.find(enrolment_id)
