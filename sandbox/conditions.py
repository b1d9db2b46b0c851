"""What has to be agreed to in the demo world: texts, what needs them, and who has accepted already
(sandbox/data/conditions.toml)."""

from contextlib import suppress
from datetime import date
from typing import Any

from sqlalchemy import select

from catalog import loading, obligations
from core import db
from core.clock import business_now
from core.parties import Customer, Membership
from core.settings import settings
from partners import conditions, customer_agreements
from partners.customer_agreements import AcceptedAlready, Attestation
from partners.terms import Agreed, Asked, Kind
from sandbox.worlds import DATA

BROWSER = "Demo"


def publish(by: str) -> None:
    """All of them with their links; the catalogue is there already."""
    for entry in loading.read(DATA / "conditions.toml")["condition"]:
        added = conditions.add(entry["code"], entry["name"], entry["kind"])
        conditions.publish(added, entry["text"], by=by)
        for target in entry.get("links", []):
            what, _colon, which = target.partition(":")
            obligations.link(added, what, which)


def accept() -> None:
    """Who has accepted already, once; the customers' portals are open."""
    for entry in loading.read(DATA / "conditions.toml")["condition"]:
        version = conditions.read(entry["code"])
        for accepted in entry.get("accepted", []):
            with suppress(AcceptedAlready):
                said = agreed(str(version.terms_id))
                _accept(entry["code"], said, business_now().date(), **accepted)


def agreed(terms_id: str = "", asked: list[Asked] | None = None) -> Agreed:
    """The ticks of a demo buyer, who accepts every product's terms."""
    products = tuple(str(one.terms_id) for one in asked or [] if one.kind is Kind.PRODUCT_TERMS)
    return Agreed(terms_id, "127.0.0.1", BROWSER, settings().public_url, products)


def _accept(code: str, said: Agreed, on: date, *, customer: str, by: str, attested_by: str = "") -> None:
    # The first: a provider that takes its services over has a standing of its own for the same company.
    standings = select(Customer).where(Customer.email == customer).order_by(Customer.id).limit(1)
    found: Any = db.session().scalars(standings).one()
    name = db.session().scalars(select(Membership.name).where(Membership.email == by).limit(1)).one()
    if not attested_by:
        customer_agreements.accept(found, code, said, name=name, email=by)
        return
    first, _space, last = name.partition(" ")
    whom = Attestation(first, last, by, "", on)
    customer_agreements.attest(found, code, whom, said, by=attested_by)
