"""What customers of the demo world let their providers do, and the customers that an indirect reseller has
asked its provider for: each said in the scope of whoever says it, as on the pages."""

from sqlalchemy import select

from catalog import loading
from core import db, parties, tenancy
from core.parties import Customer, Membership, Reseller
from core.tenancy import Scope, Side
from partners import admin_rights, customer_requests, programmes
from partners.admin_rights import Answering
from partners.customer_requests import Wanted
from sandbox.worlds import DATA, Demo, Entry

REVIEWER = "Nora Lindqvist"


def begin(demo: Demo) -> None:
    """Once: a second start finds it."""
    told = loading.read(DATA / "relations.toml")
    for entry in told["delegation"]:
        _delegate(demo, entry)
    for entry in told["wanted"]:
        _want(demo, entry)


def _delegate(demo: Demo, entry: Entry) -> None:
    with tenancy.acting_as(demo.scope()), db.transaction():
        # The first: a provider that takes its services over has a standing of its own for the same company.
        mine = select(Customer).where(Customer.email == entry["customer"]).order_by(Customer.id).limit(1)
        customer = db.session().scalars(mine).one()
        if admin_rights.newest(customer.id) is not None:
            return
        admin_rights.ask(customer, by=entry["asked_by"])
        if "answered_by" not in entry:
            return
        theirs = Membership.customer_id == customer.id
        person = (
            db.session()
            .scalars(select(Membership).where(theirs, Membership.email == entry["answered_by"]))
            .one()
        )
    who = Answering(person.name, person.email, person.person_id, True, "127.0.0.1", "Demo", "")
    scope = Scope(
        Side.CUSTOMER, demo.distributor_id, customer.reseller_id, customer.id, person_id=person.person_id
    )
    with tenancy.acting_as(scope), db.transaction():
        admin_rights.answer(admin_rights.to_change(customer.id), who, granted=True)


def _want(demo: Demo, entry: Entry) -> None:
    with tenancy.acting_as(demo.scope()), db.transaction():
        seller = db.session().scalars(select(Reseller).where(Reseller.name == entry["reseller"])).one()
        programme_id = programmes.find(entry["programme"]).id
        known = select(customer_requests.CustomerRequest.id).where(
            customer_requests.CustomerRequest.email == entry["email"]
        )
        if db.session().scalar(known):
            return
    scope = Scope(Side.RESELLER, demo.distributor_id, seller.id, price_list_id=seller.price_list_id)
    with tenancy.acting_as(scope), db.transaction():
        code = customer_requests.ask(
            parties.reseller(seller.id),
            programme_id,
            Wanted(
                entry["company"], entry["name"], entry["email"], entry["country"], entry.get("rights", False)
            ),
            words=entry["words"],
            by=entry["asked_by"],
            email=entry["asker_email"],
        ).code
    if "declined" in entry:
        with tenancy.acting_as(demo.scope()), db.transaction():
            found = customer_requests.find(code, to_change=True)
            customer_requests.decline(found, entry["declined"], by=REVIEWER)
