"""The partners of the demo world: the tiers of each programme, its yearly rules, which products belong to it,
and who has signed already."""

from sqlalchemy import select, update

from catalog.products import Product
from core import db, money
from partners import applications, programmes, reauthorisations, signatures, tiers
from partners.applications import Application
from partners.programmes import Programme
from partners.terms import Agreed
from partners.tiers import Terms
from sandbox.worlds import Entry


def give_tiers(programme: Programme, entry: Entry) -> None:
    """Everything of a partner's year that a programme of the file says."""
    programmes.set_year(programme, renews=entry["renews"], notice_days=entry.get("notice_days", 30))
    db.flush()
    belongs = update(Product).where(Product.vendor.in_(entry["vendors"]))
    db.session().execute(belongs.values(programme_id=programme.id))
    for tier in entry.get("tier", []):
        tiers.add(
            programme,
            Terms(
                tier["name"],
                tier["threshold"],
                tier["minimum"],
                tiers.parse_percent(tier["discount"]),
                tiers.parse_percent(tier["commission"]),
                tier["benefits"],
            ),
        )
    if "year" in entry:
        year = entry["year"]
        reauthorisations.set_rules(
            programme, year["conditions"], opens_days=year["opens_days"], grace_days=year["grace_days"]
        )
    for floor in entry.get("floor", []):
        amount = money.parse(floor["amount"], floor["currency"])
        reauthorisations.add_floor(programme, amount, floor["valid_from"])


def enrol(entry: Entry) -> None:
    """Applies, is approved and signs, each by the function that the pages use."""
    applications.apply(
        entry["programme"],
        company=entry["reseller"],
        name=entry["name"],
        email=entry["email"],
        evidence=entry["evidence"],
    )
    newest = select(Application).where(Application.email == entry["email"]).order_by(Application.id.desc())
    application = db.session().scalars(newest.limit(1)).one()
    applications.approve(application, by="Nora Lindqvist")
    db.flush()
    signatures.sign(application, Agreed(str(application.agreement_id), "192.0.2.7", "", ""))
