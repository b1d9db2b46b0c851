"""The stage of the route sweep: two distributors, two resellers with open shops, three customers, and
something of Acme's, Brightfield's and Northwind's in every state that a page can show. Everybody is signed
in before the curtain, so that a copy of the database knows them all."""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from flask import Flask
from sqlalchemy import select, text

from billing import credit_notes
from billing.invoices import Invoice
from billing.refunds import Because
from catalog import listings, loading, obligations, price_changes, price_imports, price_sheets
from catalog.price_lists import PriceList
from catalog.products import ProductType
from checkout import line_refunds, orders, placing
from checkout.orders import PayBy
from checkout.placing import Checkout, Clearance
from core import account_links, db, parties, tenancy
from core.money import Money
from core.tenancy import Scope, Side
from core.work import WorkItem
from partners import (
    agreement_links,
    companies,
    conditions,
    deal_rules,
    documents,
    domains,
    enrolments,
    extensions,
    invitations,
    joinings,
    leavings,
    newsletters,
    programmes,
    reauthorisations,
    requests,
    resources,
    storefronts,
    support_types,
    terms,
    tiers,
)
from partners.documents import Brought
from partners.joinings import Paperwork, Rules
from partners.storefronts import Storefront
from provisioning.deliveries import Delivery
from provisioning.transfer_calls import TransferCall
from storefront.fragments import FRAGMENTS
from subscriptions import cancellations, subscriptions
from subscriptions.subscriptions import Subscription
from tests.catalog.test_price_sheets import sheet_of
from tests.partners import agreement_stage, deal_stage, programme_stage, tier_stage
from tests.provisioning import moving
from tests.tenancy import (
    bank_stage,
    catalogue_stage,
    imports_stage,
    price_stage,
    promotions_stage,
    quotes_stage,
    relations_stage,
    retail_stage,
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
    stage.names |= deliver_patches(world) | park_mailboxes(world) | invite(world)
    stage.names |= cancel(world) | plans_of_resellers(world) | give_a_part_back(world)
    stage.names |= hand_over(world)
    stage.names["unpaid"] = world.buys("acme", "patch-y", 2)
    stage.names |= bank_stage.ask(world)
    stage.names["own_order"] = own_order(world)
    stage.names["terms"] = publish_terms(world)
    stage.names |= ask_for_agreement(world)
    world.put("acme", "patch-y", 3)
    stage.names |= everything_else(world, stage.names["unpaid"])
    stage.names["reset"] = forget(world)
    stage.names |= (
        apply_to_programme(world)
        | register_deals(world)
        | colleagues(world)
        | be_a_partner(world)
        | write_to_partners(world)
        | support(world)
    )
    stage.names |= price_stage.shelf(world)
    stage.names |= relations_stage.relate(world, south, app, SOUTH)
    stage.names |= retail_stage.price(world)
    stage.names |= catalogue_stage.furnish(world)
    stage.names |= quotes_stage.offer(world)
    stage.names |= promotions_stage.announce(world)
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


def deliver_patches(world: World) -> dict[str, str]:
    """Acme has three licences, one of them in use."""
    code = world.buys("acme", "patch-y", 3)
    world.fund_by_hand(code)
    world.work(5)
    with world.acting():
        subscription = db.session().scalars(select(Subscription)).one()
        subscriptions.assign(subscription, "anton@acme.example")
        return {"order": code, "subscription": subscription.code}


def cancel(world: World) -> dict[str, str]:
    """Another licence of Acme's, cancelled to the end of its term."""
    world.fund_by_hand(code := world.buys("acme", "patch-y", 1))
    world.work(5)
    with world.acting("acme"):
        service = subscriptions.by_line(orders.lines(orders.find(code).id)[0].id)
        cancellations.cancel(service, by="Anna")
        return {"cancelled": service.code}


def plans_of_resellers(world: World) -> dict[str, str]:
    """Harbour's plan runs; Brightfield's was cancelled by Northwind."""
    codes: list[str] = []
    for reseller in ("harbour", "brightfield"):
        world.give_credit(reseller, 500_00)
        order = world.buys(reseller, "standard-m", pay_by=PayBy.ACCOUNT, alias=reseller)
        world.work(5)
        with world.acting():
            codes.append(subscriptions.by_line(orders.lines(orders.find(order).id)[0].id).code)
    with world.acting():
        cancellations.cancel(subscriptions.find(codes[1]), by="Nora")
    return {"plan": codes[0], "cancelled_plan": codes[1]}


def park_mailboxes(world: World) -> dict[str, str]:
    """A delivery of Acme's that only a person can go on with: its connector has no settings."""
    world.put("acme", "m365-bb-m", 2)
    buyer, plan = world.people["acme"], world.plan("m365-bb-m")
    cleared = Clearance(placing.basket_hash([(plan.id, 2, {})]), 1)
    with tenancy.acting_as(world.scope("acme")), db.transaction(widened_because="placing an order"):
        code = placing.place(buyer, cleared, Checkout("mailboxes", world.storefronts["brightfield"]))
    world.fund_by_hand(code)
    world.work(5)
    with world.acting():
        order = orders.find(code)
        delivery = db.session().scalars(select(Delivery).where(Delivery.order_id == order.id)).one()
        return {"parked_order": code, "delivery": str(delivery.id), "task": str(delivery.task_id)}


def give_a_part_back(world: World) -> dict[str, str]:
    """A part of a line that Acme paid by card is on its way back, with its credit note."""
    code = world.buys("acme", "patch-y", 4)
    world.pay(code)
    world.work(5)
    with world.acting():
        line = orders.lines(orders.find(code).id)[0]
        refund = line_refunds.give_back(
            line.id, key="hand:1", because=Because.BY_HAND, why="Late.", amount=Money(500, "EUR")
        )
        assert refund
        [note] = credit_notes.of_order(refund.order_id)
        return {"line": str(line.id), "refund": str(refund.id), "credit_note": str(note.id)}


def own_order(world: World) -> str:
    """An unpaid order of Brightfield's own: Standard again, under the alias that it has."""
    with world.acting():
        shop = (
            db.session()
            .scalars(select(Storefront).where(Storefront.reseller_id == world.resellers["brightfield"]))
            .one()
        )
        storefronts.states.move(shop, storefronts.StorefrontState.CLOSED)
    code = world.buys("brightfield", "standard-m", alias="brightfield")
    with world.acting():
        shop = (
            db.session()
            .scalars(select(Storefront).where(Storefront.reseller_id == world.resellers["brightfield"]))
            .one()
        )
        storefronts.states.move(shop, storefronts.StorefrontState.OPEN)
    return code


def invite(world: World) -> dict[str, str]:
    """Brightfield has asked a colleague and another person of Acme's; both links are still out."""
    with world.acting("brightfield"):
        of_acme = invitations.invite(
            Side.CUSTOMER,
            email="otto@acme.example",
            name="Otto",
            roles=["buyer"],
            by="Bea",
            customer_id=world.customers["acme"],
        )
        colleague = invitations.invite(
            Side.RESELLER, email="ben@brightfield.example", name="Ben", roles=["buyer"], by="Bea"
        )
        return {
            "invitation": str(of_acme.id),
            "staff_invitation": str(colleague.id),
            "token": invitations.fresh_token(of_acme),
        }


def forget(world: World) -> str:
    """Anna has asked for a new password at Brightfield's shop; the link's token."""
    with world.acting():
        account_links.ask_reset("anna@people.example", storefront_id=world.storefronts["brightfield"])
        [kept] = db.session().execute(
            text("SELECT args ->> 'link_id' FROM tasks WHERE kind = 'mail_account_link'")
        )
        found = account_links.for_mail(UUID(kept[0]), world.distributor_id)
    assert found
    return found.token


def apply_to_programme(world: World) -> dict[str, str]:
    """Lena waits for Northwind's answer; her link leads to its shop alone."""
    programme_stage.open_programme(world)
    with world.acting():
        joinings.keep(programme_stage.the_programme(), Rules(documents=Paperwork.OPTIONAL))
    programme_stage.apply(world)
    programme_stage.apply(world, email="otto@other.example", company="Other")
    programme_stage.approve(world, "otto@other.example")
    programme_stage.open_programme(world, "copper")
    with world.acting():
        application = programme_stage.the_application()
        code = application.code
        extract = Brought("extract.pdf", "application/pdf", b"%PDF-1.7 %%EOF")
        documents.add(application.id, joinings.of(application.programme_id), [extract])
        [document] = documents.of(application.id)
        approved = programme_stage.the_application("otto@other.example").code
    return {
        "application_document": str(document.id),
        "approved_application": approved,
        "programme": "gold",
        "application": code,
        "application_token": programme_stage.token(world),
        "applied_import": a_price_sheet(world, applied=True),
        "sheet_file": imports_stage.a_sheet_file(world),
        "price_import": a_price_sheet(world),
    }


def a_price_sheet(world: World, *, applied: bool = False) -> str:
    """Nora has read a price sheet and not decided, or it was applied; its code."""
    with world.acting():
        session = db.session()
        made = price_imports.preview(
            price_sheets.read(
                sheet_of({"SkuId": "0009"} if applied else {}),
                currency="EUR",
                market="DE",
                at=session.info["now"],
            ),
            file_name="prices.csv",
            market="DE",
            product_type_id=session.scalars(select(ProductType.id).where(ProductType.code == "cloud")).one(),
            price_list=session.scalars(select(PriceList).where(PriceList.id == world.price_list_id)).one(),
            category="Cloud",
            share_points=8500,
            by="Nora",
        )
        if applied:
            price_imports.confirm(made)
            price_changes.apply(made)
        return made.code


def colleagues(world: World) -> dict[str, str]:
    """Somebody else works for Northwind, Brightfield and Acme each, and may be taken out; Northwind and Acme
    have asked one more."""
    brightfield, acme = world.resellers["brightfield"], world.customers["acme"]
    with world.acting():
        made = {
            "clerk": staff(world, "cleo", side=Side.DISTRIBUTOR),
            "colleague": staff(world, "bill", side=Side.RESELLER, reseller_id=brightfield),
            "agent": staff(world, "alma", side=Side.CUSTOMER, reseller_id=brightfield, customer_id=acme),
        }
        asked = invitations.invite(
            Side.DISTRIBUTOR, email="nils@northwind.example", name="Nils", roles=["buyer"], by="Nora"
        )
    with world.acting("acme"):
        own = invitations.invite(
            Side.CUSTOMER,
            email="arne@acme.example",
            name="Arne",
            roles=["buyer"],
            by="Anna",
            customer_id=acme,
        )
    return {name: str(person.membership_id) for name, person in made.items()} | {
        "house_invitation": str(asked.id),
        "own_invitation": str(own.id),
    }


def register_deals(world: World) -> dict[str, str]:
    """Brightfield, a partner of the gold programme, has a deal that waits and one that is approved."""
    with world.acting():
        deal_rules.keep(
            programme_stage.the_programme(), deal_rules.Rules(takes_deals=True, extension_days=30)
        )
    deal_stage.enrol(world, "brightfield")
    approved = deal_stage.approved(world, company="Quail Optics", website="quail.example", tax_id="")
    return {"deal": deal_stage.register(world), "approved_deal": approved}


def be_a_partner(world: World) -> dict[str, str]:
    """Brightfield is a partner whose yearly check is open, and leaves another programme."""
    tier_stage.open_tiers(world, "patching")
    tier_stage.open_tiers(world, "leaving")
    stays, leaves = (tier_stage.enrol(world, code=code) for code in ("patching", "leaving"))
    tier_stage.win(world, 1, code="patching")
    with world.acting():
        programme = programmes.find("patching")
        reauthorisations.set_rules(programme, ["membership"], opens_days=30, grace_days=30)
        reauthorisations.open_for(enrolments.find(stays))
        gold = tiers.of_programme(programme.id)[1]
    with world.acting("brightfield"):
        leavings.give(enrolments.find(leaves), by="Bea", confirmed=True)
    return {"partnership": str(stays), "leaving": str(leaves), "tiered": "patching", "tier": str(gold.id)}


def hand_over(world: World) -> dict[str, str]:
    """Brightfield asks Northwind to take over a service of Acme's; another is stuck at the vendor. Harbour
    asks Brightfield about one of Zebra's, and has invited it."""
    for reseller in ("brightfield", "harbour"):
        with world.acting():
            extensions.begin_transition(parties.reseller(world.resellers[reseller]), by="Nora")
    asked = moving.ask(world, moving.serve_by_hand(world))
    stuck = moving.ask(world, moving.serve_by_hand(world))
    moving.accept(world, stuck, "house")
    pair = moving.befriend(world, "brightfield", "harbour")
    incoming = moving.ask(world, moving.serve_by_hand(world, who="zebra"), provider=pair, who="zebra")
    with world.acting():
        [call] = db.session().scalars(select(TransferCall))
        code = parties.reseller(world.resellers["harbour"]).code
    return {
        "transfer": asked,
        "stuck": stuck,
        "movable": moving.serve_by_hand(world),
        "transfer_in": incoming,
        "transfer_call": str(call.id),
        "transfer_pair": pair,
        "other_reseller": code,
        "invited_pair": moving.invite(world, "harbour", "brightfield"),
    }


def write_to_partners(world: World) -> dict[str, str]:
    """Northwind has sent an issue to the partners of the patching programme, Brightfield among them."""
    with world.acting():
        issue = newsletters.send(
            programmes.find("patching"), subject="Harbour opens", text="Read this.", by="Nora"
        )
        return {"newsletter": issue.code}


def support(world: World) -> dict[str, str]:
    """Brightfield is a partner of the programme, qualified, and supports Acme itself; another type may be
    chosen too."""
    with world.acting():
        programme = programme_stage.the_programme()
        mine, theirs = (
            support_types.keep_type(
                programme, support_types.Described(label, "Who answers.", co_managed=own)
            ).id
            for label, own in (("Partner supported", True), ("Vendor supported", False))
        )
        standings = enrolments.of_reseller(world.resellers["brightfield"])
        [enrolment] = [one for one in standings if one.programme_id == programme.id]
    with world.acting("brightfield"):
        support_types.choose(parties.customer(world.customers["acme"]), mine)
    return {"support": str(theirs), "enrolment": str(enrolment.id)} | give_and_take(world)


def give_and_take(world: World) -> dict[str, str]:
    """The programme has a badge; Brightfield has asked for one thing and may ask for another."""
    with world.acting():
        programme = programme_stage.the_programme()
        badge = resources.add(
            programme, resources.Described("Badge"), name="b.pdf", content=b"%PDF-1.4 a badge"
        )
        kinds = [
            requests.keep_kind(programme, label, "", ["How many?"], yearly=False)
            for label in ("Certification", "Demo portal")
        ]
    with world.acting("brightfield"):
        asked = requests.hand_in(
            world.resellers["brightfield"],
            kinds[0].id,
            {"How many?": "Two."},
            name="Bea",
            email="bea@people.example",
        )
    return {"resource": str(badge.id), "free_kind": str(kinds[1].id), "request": asked.code}


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
