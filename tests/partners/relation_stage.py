"""A programme with rules about relations, and a partner of it, for the tests about customers and what they
let their provider do: Brightfield, in Germany, sells indirectly for Northwind."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from core import db, parties, tenancy
from core.parties import Customer
from partners import admin_rights, channels, joinings, relation_rules
from partners.admin_rights import Answering
from partners.joinings import Channel
from partners.relation_rules import Relations
from tests.partners import programme_stage
from tests.world import World, open_portal

RULES = Relations(asks_rights=True, agreement_first=True, same_area=True, region=("DE", "AT"))


def partner(
    world: World, rules: Relations = RULES, *, channel: Channel = Channel.INDIRECT, code: str = "csp"
) -> UUID:
    """Bea's Brightfield has signed, and its shop is open; the programme."""
    if "brightfield" not in world.storefronts:
        open_portal(world)
    programme_stage.open_programme(world, code)
    with world.acting():
        programme = programme_stage.the_programme(code)
        joinings.keep(programme, joinings.Rules(channel=channel))
        relation_rules.keep(programme, rules)
        programme_id = programme.id
    programme_stage.apply(world, code, email="bea@people.example", company="Brightfield")
    version = programme_stage.approve(world, "bea@people.example")
    programme_stage.sign(world, programme_stage.token(world, "bea@people.example"), version)
    return programme_id


def rule(world: World, code: str = "csp", **changed: object) -> None:
    """The programme's rules from now on."""
    with world.acting():
        programme = programme_stage.the_programme(code)
        was = relation_rules.of_programme(programme.id)
        relation_rules.keep(programme, replace(was, **changed))  # pyright: ignore[reportArgumentType]


def won(world: World, programme_id: UUID, customer: str = "acme") -> None:
    """A customer of the world counts as won through the programme."""
    with world.acting():
        channels.win(parties.customer(world.customers[customer]), str(programme_id))


def answering(world: World, who: str = "anna", *, is_admin: bool = True) -> Answering:
    """Somebody of a customer, at a browser."""
    me = world.people[who]
    return Answering(
        me.name, me.email, me.person_id, is_admin, "192.0.2.7", "Tests", "http://shop.test/admin-rights"
    )


def ask(world: World, customer: str = "acme", seller: str = "brightfield") -> None:
    """Bea asks for admin rights."""
    with world.acting(seller):
        admin_rights.ask(parties.customer(world.customers[customer]), by="Bea, Brightfield")


def answer(world: World, *, granted: bool, customer: str = "acme", who: str = "anna") -> None:
    """Anna says yes or no."""
    with world.acting(customer):
        rights = admin_rights.to_change(world.customers[customer])
        admin_rights.answer(rights, answering(world, who), granted=granted)


def of(world: World, customer: str = "acme") -> Customer:
    """The customer, as the distributor reads it."""
    with world.acting():
        return parties.customer(world.customers[customer])


def scoped(world: World, act: Callable[[], None], who: str = "brightfield") -> None:
    """An act in somebody's transaction."""
    with tenancy.acting_as(world.scope(who)), db.transaction():
        act()
