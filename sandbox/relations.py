"""Relations of the demo world between companies: entries in the directory of providers, a second distributor
beside the first, a reseller that is a partner already, and a company that was invited."""

from dataclasses import replace

from sqlalchemy import select

from catalog import loading
from core import db, parties, sessions, sign_ins, tenancy
from core.parties import Reseller
from core.sessions import Browser, Opened
from core.tenancy import Scope, Side
from partners import (
    application_reviews,
    applications,
    enrolments,
    partner_invitations,
    partner_requests,
    programmes,
    providers,
    signatures,
    storefronts,
)
from partners.applications import Application
from partners.programmes import Settings
from partners.terms import Agreed
from sandbox.worlds import DATA, Entry


def begin() -> None:
    """Northwind's side, in its transaction."""
    told = loading.read(DATA / "relations.toml")
    publish(told["entry"])
    enrol(told["partner"])
    asked = told["invitation"]
    programme = programmes.find(asked["programme"])
    partner_invitations.invite(
        company=asked["company"],
        name=asked["name"],
        email=asked["email"],
        words=asked["words"],
        price_list_id=programme.price_list_id,
        programme_id=programme.id,
        by="Nora Lindqvist",
    )


def publish(entry: Entry) -> None:
    """A distributor's entry in the directory."""
    providers.keep(
        published=True, about=entry["about"], countries=entry["countries"], offers=dict(entry["offers"])
    )


def enrol(partner: Entry) -> None:
    """A reseller applies, is approved and signs, as it would on the pages."""
    sellers = select(Reseller.id).where(Reseller.name == partner["company"])
    if enrolments.of_reseller(db.session().scalars(sellers).one()):
        return
    db.flush()
    applications.apply(
        partner["programme"],
        company=partner["company"],
        name=partner["name"],
        email=partner["email"],
        evidence=partner["evidence"],
    )
    found = db.session().scalars(select(Application).where(Application.email == partner["email"])).one()
    application_reviews.approve(found, by="Nora Lindqvist")
    signatures.sign(found, Agreed(str(found.agreement_id), "127.0.0.1", "Demo", "/applications/…/sign"))


def neighbour(hashed: str, password: str) -> None:
    """The second distributor: a shop of its own, as empty as on its first day, an entry in the directory, and
    a partner that asks Northwind for an invitation."""
    told = loading.read(DATA / "relations.toml")["provider"]
    distributor_id, _is_new = parties.found_distributor(
        name=told["name"], code=told["code"], currency=told["currency"], email=told["email"], sandbox=True
    )
    partner = told["partner"]
    with tenancy.acting_as(Scope(Side.DISTRIBUTOR, distributor_id)), db.transaction():
        if db.session().scalar(select(Reseller.id).where(Reseller.house)) is not None:
            return
        prices = loading.price_list("Partners", told["currency"])
        house = parties.add_reseller(
            name=told["name"], email=told["email"], price_list_id=prices.id, house=True
        )
        shop = storefronts.open_house(
            house, name=told["name"], hosts=[told["host"]], currency=told["currency"]
        )
        publish(told["entry"])
        seller = parties.add_reseller(
            name=partner["company"],
            email=partner["email"],
            price_list_id=prices.id,
            country=partner["country"],
        )
        person_id = parties.add_person(email=partner["email"], name=partner["name"], password_hash=hashed)
        parties.add_member(
            person_id,
            side=Side.RESELLER,
            email=partner["email"],
            name=partner["name"],
            roles=["admin"],
            reseller_id=seller.id,
        )
        offer = told["programme"]
        chosen = Settings(name=offer["name"], explanation=offer["explanation"], price_list_id=prices.id)
        programme = programmes.add(offer["code"], chosen)
        programmes.publish(programme, offer["agreement"], valid_from=None, by=told["name"])
        programmes.change(programme, replace(chosen, takes_applications=True))
        enrol(partner)
    here = Browser(shop.id, told["host"], "127.0.0.1")
    signed = sign_ins.sign_in(partner["email"], password, at=here)
    if isinstance(signed, Opened):
        partner_requests.ask(signed.session_id, partner["asks"], partner["words"])
        sessions.end(signed.token)
