"""A reseller's list of customers: who is on it, and what nobody learns from it."""

import pytest
from sqlalchemy import select

from core import db, parties, sign_ins
from core.parties import Customer
from core.sessions import Browser, Opened, WrongLogin
from partners import acceptances, customers
from tests.world import HOST, PASSWORD, World, open_portal


def add(world: World, email: str, by: str = "brightfield", **said: str) -> customers.Added:
    with world.acting(by):
        return customers.add(email, by="Bea", **said)


def listed(world: World, by: str = "brightfield") -> list[str]:
    with world.acting(by):
        chosen = select(Customer.name).where(Customer.ended_at.is_(None)).order_by(Customer.name)
        return list(db.session().scalars(chosen))


def enters(world: World, email: str, shop: str, password: str = PASSWORD) -> sign_ins.Opened | sign_ins.Step:
    here = world.storefronts[shop]

    def welcome(person_id: object) -> None:
        acceptances.claim(person_id, storefront_id=here)  # type: ignore[arg-type]

    return sign_ins.sign_in(email, password, at=Browser(here, HOST, "192.0.2.7"), welcome=welcome)


@pytest.mark.behaviour("P6", "P10", "P11")
def test_an_address_stands_on_the_list_once(world: World) -> None:
    first = add(world, "Carla@Ferrow.example", company="Ferrow")
    again = add(world, "carla@ferrow.example ", company="Ferrow & Sons")
    assert again.customer.id == first.customer.id
    assert again.invitation is None
    assert listed(world) == ["Acme", "Ferrow"]


def test_somebody_of_a_customer_is_that_customer(world: World) -> None:
    assert add(world, "anna@people.example").customer.id == world.customers["acme"]


@pytest.mark.behaviour("P9", "P16")
def test_a_known_address_needs_no_link_and_keeps_what_it_had(world: World) -> None:
    open_portal(world)
    with pytest.raises(WrongLogin):
        enters(world, "zoe@people.example", "brightfield")
    added = add(world, "zoe@people.example", company="Zebra")
    with world.acting("brightfield"):
        assert parties.members(customer_id=added.customer.id) == []  # nobody learns that Zoe has an account
    assert isinstance(enters(world, "zoe@people.example", "brightfield"), Opened)
    with world.acting("brightfield"):
        [zoe] = parties.members(customer_id=added.customer.id)
        assert (zoe.person_id, zoe.roles) == (world.people["zoe"].person_id, ["admin"])
    with world.acting("harbour"):
        assert len(parties.members(customer_id=world.customers["zebra"])) == 1
    assert (listed(world), listed(world, "harbour")) == (["Acme", "Zebra"], ["Zebra"])
