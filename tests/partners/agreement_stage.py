"""Conditions of Northwind's catalogue, for the tests about agreements: a customer agreement for everything of
one vendor's, terms for one product, and a use of personal data."""

from datetime import UTC, datetime

from sqlalchemy import select

from catalog import obligations
from core import db, parties
from partners import conditions, customer_agreements
from partners.customer_agreements import Attestation
from partners.terms import Agreed, TermsAcceptance
from tests.world import World

CODE = "customer-agreement"


def agreement(world: World, code: str = CODE, vendor: str = "0patch") -> str:
    """An agreement that everything of a vendor needs; the id of its first version."""
    with world.acting():
        added = conditions.add(code, f"{vendor} customer agreement", "customer_agreement")
        obligations.link(added, "vendor", vendor)
        return str(conditions.publish(added, f"# {vendor}\n\nBe **fair**.", by="Nora").id)


def product_terms(world: World, code: str = "patch-terms", product: str = "patch") -> str:
    """Terms that one product is sold by; the id of the version."""
    with world.acting():
        added = conditions.add(code, "Patching terms", "product_terms")
        obligations.link(added, "product", product)
        return str(conditions.publish(added, "Patch on Tuesdays.", by="Nora").id)


def data_use(world: World, code: str = "news") -> str:
    """A use of personal data; the id of the version."""
    with world.acting():
        added = conditions.add(code, "News by mail", "data_use")
        return str(conditions.publish(added, "We write once a month.", by="Nora").id)


def next_version(world: World, code: str = CODE, *, asks_again: bool = True, text: str = "New.") -> str:
    """The agreement changes; the id of its newest version."""
    with world.acting():
        found = conditions.find(code)
        return str(conditions.publish(found, text, by="Nora", asks_again=asks_again).id)


def agreed(terms_id: str, *product_terms: str) -> Agreed:
    """Ticks, from a browser."""
    return Agreed(terms_id, "192.0.2.9", "Tests", "http://shop.test/agreements", product_terms)


def accept(world: World, terms_id: str, who: str = "acme", code: str = CODE) -> None:
    """Somebody's administrator accepts in the shop."""
    with world.acting(who):
        customer = parties.customer(world.customers[who])
        customer_agreements.accept(customer, code, agreed(terms_id), name="Anna", email="anna@people.example")


def evidence(world: World) -> list[TermsAcceptance]:
    """All that was accepted, oldest first."""
    with world.acting():
        return list(db.session().scalars(select(TermsAcceptance).order_by(TermsAcceptance.id)))


def attestation(**changed: object) -> Attestation:
    """What Bea says about Anna."""
    said: dict[str, object] = {
        "first_name": "Anna",
        "last_name": "Berg",
        "email": "anna@acme.example",
        "phone": "",
        "on": datetime.now(UTC).date(),
    }
    return Attestation(**(said | changed))  # pyright: ignore[reportArgumentType]
