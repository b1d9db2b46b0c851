"""The partner programmes of the demo world, on: the tiers of each, its yearly rules, which products belong to
it."""

from sqlalchemy import update

from catalog.products import Product
from core import db, money
from partners import programmes, reauthorisation_rules, tiers
from partners.programmes import Programme
from partners.tiers import Terms
from sandbox.worlds import Entry


def give(programme: Programme, entry: Entry) -> None:
    """Everything of a partner's year that a programme of the file says."""
    programmes.set_year(programme, renews=entry["renews"], notice_days=entry.get("notice_days", 30))
    db.flush()
    belongs = update(Product).where(Product.vendor.in_(entry["vendors"]))
    db.session().execute(belongs.values(programme_id=programme.id))
    only = update(Product).where(Product.code.in_(entry.get("partners_only", [])))
    db.session().execute(only.values(partners_only=True))
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
        reauthorisation_rules.set_rules(
            programme, year["conditions"], opens_days=year["opens_days"], grace_days=year["grace_days"]
        )
    for floor in entry.get("floor", []):
        amount = money.parse(floor["amount"], floor["currency"])
        reauthorisation_rules.add_floor(programme, amount, floor["valid_from"])
