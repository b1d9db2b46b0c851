"""The stage of the route sweep: two distributors, two resellers with open shops, three customers, and
something of Acme's, Brightfield's and Northwind's in every state that a page can show. Everybody is signed
in before the curtain, so that a copy of the database knows them all."""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from billing.invoices import Invoice
from catalog import listings, loading, obligations
from checkout import orders
from core import db, parties, tenancy
from core.tenancy import Scope, Side
from core.work import WorkItem
from partners import (
    agreement_links,
    companies,
    conditions,
    domains,
    storefronts,
    terms,
)
from partners.storefronts import Storefront
from storefront.fragments import FRAGMENTS
from tests.partners import agreement_stage
from tests.tenancy import (
    bank_stage,
    catalogue_stage,
    orders_stage,
    people_stage,
    price_stage,
    programmes_stage,
    promotions_stage,
    quotes_stage,
    relations_stage,
    retail_stage,
    rights_stage,
)
from tests.visits import Visit
from tests.world import CATALOGUE, HASH, World, a_company, open_portal, staff

SOUTH = "south.test"
SITES = {
    "house": ("", "shop.test"),
    "brightfield": ("/brightfield", "shop.test"),
    "harbour": ("/harbour", "shop.test"),
    "south": ("", SOUTH),
}
# who@where: the standing in which somebody comes
CAST = [
    "anna@brightfield",
    "eve@brightfield",
    "zoe@harbour",
    "bea@brightfield",
    "bea@house",
    "hugo@harbour",
    "hugo@house",
    "nora@house",
    "sam@south",
]


@dataclass
class Stage:
    """The people at their browsers, and the names that addresses need."""

    world: World
    app: Flask
    people: dict[str, Visit] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, dict[object, object]] = field(default_factory=dict)

    def begin_again(self) -> None:
        """Every browser as it was when the curtain rose."""
        for who, visit in self.people.items():
            visit.client._cookies = dict(self.cookies.setdefault(who, dict(visit.client._cookies)))

    def visit(self, who: str) -> Visit:
        """Somebody at a shop; "nobody@shop" is not signed in."""
        return self.people.get(who) or Visit(self.app, *SITES[who.split("@")[1]])


def build(world: World, app: Flask) -> Stage:
    """Sets the stage."""
    stage = Stage(world, app)
    south = World(found_south(), world.price_list_id)
    for reseller in ("brightfield", "harbour"):
        open_portal(world, reseller)
    with world.acting():
        customer = parties.add_customer(
            world.resellers["brightfield"], name="Ember", email="eve@ember.example", country="DE"
        )
        world.customers["ember"] = customer.id
        companies.keep(
            a_company("Ember"), reseller_id=world.resellers["brightfield"], customer_id=customer.id
        )
        world.people["ember"] = staff(
            world,
            "eve",
            side=Side.CUSTOMER,
            reseller_id=world.resellers["brightfield"],
            customer_id=customer.id,
        )
    stage.names |= (
        orders_stage.deliver_patches(world) | orders_stage.park_mailboxes(world) | people_stage.invite(world)
    )
    stage.names |= (
        orders_stage.cancel(world)
        | orders_stage.plans_of_resellers(world)
        | orders_stage.give_a_part_back(world)
    )
    stage.names |= orders_stage.hand_over(world)
    stage.names["unpaid"] = world.buys("acme", "patch-y", 2)
    stage.names |= bank_stage.ask(world)
    stage.names["own_order"] = orders_stage.own_order(world)
    stage.names["terms"] = publish_terms(world)
    stage.names |= ask_for_agreement(world)
    world.put("acme", "patch-y", 3)
    stage.names |= everything_else(world, stage.names["unpaid"])
    stage.names["reset"] = people_stage.forget(world)
    stage.names |= (
        programmes_stage.apply_to_programme(world)
        | programmes_stage.register_deals(world)
        | people_stage.colleagues(world)
        | programmes_stage.be_a_partner(world)
        | programmes_stage.write_to_partners(world)
        | programmes_stage.support(world)
    )
    stage.names |= price_stage.shelf(world)
    stage.names |= relations_stage.relate(world, south, app, SOUTH)
    stage.names |= retail_stage.price(world)
    stage.names |= catalogue_stage.furnish(world)
    stage.names |= quotes_stage.offer(world)
    stage.names |= promotions_stage.announce(world)
    stage.names |= rights_stage.delegate(world)
    claim(world)
    for who in CAST:
        person, where = who.split("@")
        stage.people[who] = Visit(app, *SITES[where]).sign_in(person)
    stage.names["session"] = another_session(app)
    stage.begin_again()
    FRAGMENTS.clear()
    return stage


def found_south() -> UUID:
    """Another distributor with a shop, a reseller and staff of its own; nothing in it is Northwind's
    business. Its id."""
    distributor_id = parties.found_distributor(
        name="Southwind", code="southwind", currency="EUR", email="desk@southwind.example", sandbox=True
    )[0]
    with tenancy.acting_as(Scope(Side.DISTRIBUTOR, distributor_id)), db.transaction():
        prices = loading.price_list("Partners", "EUR")
        loading.load(CATALOGUE, {"Partners": Decimal("0.90")})
        house = parties.add_reseller(
            name="Southwind", email="desk@southwind.example", price_list_id=prices.id, house=True
        )
        storefronts.open_house(house, name="Southwind", hosts=[SOUTH], currency="EUR")
        listings.stock(house.id, distributor_id)
        person = parties.add_person(email="sam@people.example", name="Sam", password_hash=HASH)
        parties.add_member(
            person, side=Side.DISTRIBUTOR, email="sam@people.example", name="Sam", roles=["admin"]
        )
    return distributor_id


def publish_terms(world: World) -> str:
    """Northwind and Brightfield sell by terms; the id of Brightfield's."""
    with world.acting():
        terms.publish("# Terms\nPay, please.", reseller_id=None, by="Nora")
    with world.acting("brightfield"):
        return str(terms.publish("Pay us.", reseller_id=world.resellers["brightfield"], by="Bea").id)


def ask_for_agreement(world: World) -> dict[str, str]:
    """What nobody buys here needs an agreement, whose link Brightfield has mailed to Acme."""
    version = agreement_stage.agreement(world, vendor="Northwind")
    use = agreement_stage.data_use(world)
    with world.acting("brightfield"):
        acme = parties.customer(world.customers["acme"])
        link = agreement_links.send(
            acme, agreement_stage.CODE, email="otto@acme.example", name="Otto", by="Bea"
        )
        link_id = str(link.id)
        token = agreement_links.token_of(link.nonce)
    with world.acting():
        found = conditions.find(agreement_stage.CODE)
        return {
            "condition_link": str(obligations.links(found)[0].id),
            "use_version": use,
            "agreement": agreement_stage.CODE,
            "agreement_version": version,
            "agreement_link": link_id,
            "agreement_token": token,
        }


def claim(world: World) -> None:
    """Brightfield claims a name of its own that nobody has proven yet."""
    with world.acting():
        shop = storefronts.of_reseller(world.resellers["brightfield"])
        domains.claim(shop, "portal.brightfield.example", included=True)


def another_session(app: Flask) -> str:
    """Anna is signed in on her phone as well; the session's id."""
    phone, desk = (Visit(app, *SITES["brightfield"]).sign_in("anna") for _ in range(2))
    listed = re.findall(r"/profile/sessions/([0-9a-f-]{36})/end", desk.get("/profile").text)
    desk.post("/sign-out")
    seen = re.findall(r"/profile/sessions/([0-9a-f-]{36})/end", phone.get("/profile").text)
    [found] = set(listed) - set(seen)  # the phone's own is the one that it cannot end there
    return found


def everything_else(world: World, unpaid_code: str) -> dict[str, str]:
    """Codes and ids that addresses carry."""
    with world.acting():
        session = db.session()
        unpaid = orders.find(unpaid_code).id
        invoice = session.execute(select(Invoice.id).where(Invoice.order_id == unpaid)).scalar_one()
        item = session.scalars(select(WorkItem.id).where(WorkItem.kind == "parked delivery")).one()
        shop = session.scalars(
            select(Storefront).where(Storefront.reseller_id == world.resellers["brightfield"])
        ).one()
        return {
            "invoice": str(invoice),
            "item": str(item),
            "customer": parties.customer(world.customers["acme"]).code,
            "reseller": parties.reseller(world.resellers["brightfield"]).code,
            "nora": str(world.people["nora"].membership_id),
            "version": shop.version.hex,
            "return": orders.of_id(unpaid).return_token,
        }
