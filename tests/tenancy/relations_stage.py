"""For the route sweep: Northwind has invited a company and was asked by another one, which sells for
Southwind; Brightfield is a partner, so its list of providers is open."""

from flask import Flask
from sqlalchemy import select

from catalog.price_lists import PriceList
from core import db, parties
from core.parties import Reseller
from core.tenancy import Side
from partners import partner_invitations, providers
from partners.partner_requests import PartnerRequest
from tests.partners import programme_stage
from tests.visits import Visit
from tests.world import HASH, World


def enrol(world: World, email: str, company: str, code: str) -> None:
    """The company of an administrator is a partner of one of the distributor's programmes."""
    programme_stage.apply(world, code, email=email, company=company)
    version = programme_stage.approve(world, email)
    programme_stage.sign(world, programme_stage.token(world, email), version)


def relate(world: World, south: World, app: Flask, south_host: str) -> dict[str, str]:
    """What the addresses need."""
    programme_stage.open_programme(world, "bronze")
    enrol(world, "bea@people.example", "Brightfield", "bronze")
    with world.acting():
        providers.keep(published=True, about="We.", countries="", offers={"training": "Weekly"})
        invited = partner_invitations.invite(
            company="Osprey",
            name="Otto",
            email="otto@osprey.example",
            price_list_id=world.price_list_id,
            by="Nora",
        )
        names = {
            "partner_invitation": invited.code,
            "partnership_token": partner_invitations.token_of(invited.nonce),
        }
    seller(south)
    sol = Visit(app, host=south_host).sign_in("sol")
    assert sol.post("/reseller/providers/northwind/ask", {"words": "Please."}).status_code == 303
    with world.acting():
        names["partner_request"] = db.session().scalars(select(PartnerRequest.code)).one()
    return names


def seller(south: World) -> None:
    """Sol's Solaris sells for Southwind and is a partner of its programme."""
    with south.acting():
        prices = db.session().scalars(select(PriceList.id)).one()
        house = db.session().scalars(select(Reseller.id).where(Reseller.house)).one()
        providers.keep(published=True, about="Southern.", countries="", offers={"finance": "Yes"})
        added = parties.add_reseller(name="Solaris", email="sol@people.example", price_list_id=prices)
        person = parties.add_person(email="sol@people.example", name="Sol", password_hash=HASH)
        parties.add_member(
            person,
            side=Side.RESELLER,
            email="sol@people.example",
            name="Sol",
            roles=["admin"],
            reseller_id=added.id,
        )
    south.resellers["house"] = house
    programme_stage.open_programme(south, "south")
    enrol(south, "sol@people.example", "Solaris", "south")
