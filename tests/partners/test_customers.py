"""A reseller's list of customers: who is on it, and what nobody learns from it."""

import pytest
from sqlalchemy import select

from core import db, parties, sign_ins
from core.parties import Customer, Membership
from core.sessions import Browser, Opened, WrongLogin
from core.tenancy import Side
from partners import acceptances, customers, invitations
from tests.races import at_once, raised
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


def test_of_many_who_add_one_address_at_once_one_customer_comes(world: World) -> None:
    ends = at_once(*[lambda: add(world, "carla@ferrow.example").invitation is None for _ in range(6)])
    assert not raised(ends)
    assert ends.count(False) == 1
    assert listed(world) == ["Acme", "carla@ferrow.example"]


def test_signing_in_accepts_nothing_but_being_added(world: World) -> None:
    with world.acting("brightfield"):
        invitations.invite(
            Side.CUSTOMER,
            email="zoe@people.example",
            name="Zoe",
            roles=["admin"],
            by="Bea",
            customer_id=world.customers["acme"],
        )
    enters(world, "zoe@people.example", "northwind")
    with world.acting("brightfield"):
        assert [one.name for one in parties.members(customer_id=world.customers["acme"])] == ["Anna"]


def test_what_was_withdrawn_is_not_claimed(world: World) -> None:
    invited = add(world, "zoe@people.example").invitation
    assert invited
    with world.acting("brightfield"):
        invitations.revoke(invitations.find(invited.id))
    enters(world, "zoe@people.example", "northwind")
    with world.acting("brightfield"):
        assert sorted(db.session().scalars(select(Membership.name))) == ["Anna", "Bea"]
