"""The promotions and partner codes of the demo world, made by the functions that pages use; once."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from catalog import loading, partner_codes, promotions
from catalog.partner_codes import PartnerCode
from catalog.promotions import Promotion
from catalog.reductions import Bearer
from core import db, tenancy
from core.parties import Reseller
from core.tenancy import Side
from sandbox.worlds import DATA, Demo, Entry


def begin(demo: Demo) -> None:
    """Publishes and issues what the file says, and types in the codes that somebody uses."""
    told = loading.read(DATA / "promotions.toml")
    with tenancy.acting_as(demo.scope()), db.transaction():
        if db.session().scalar(select(Promotion.id).limit(1)) is not None:
            return
        by_name = {row.name: row.id for row in db.session().scalars(select(Reseller))}
        for entry in told["promotion"]:
            mine = by_name[entry["reseller"]] if "reseller" in entry else None
            promotions.publish(promotions.add(_terms(entry), reseller_id=mine, by=entry["by"]))
        issued = [(entry, _issue(entry, by_name[entry["reseller"]])) for entry in told["code"]]
        typed = [(code.reseller_id, code.code, e["typed_in_by"]) for e, code in issued if "typed_in_by" in e]
    for reseller_id, code, who in typed:
        scope = replace(demo.scope(), side=Side.RESELLER, reseller_id=reseller_id)
        with tenancy.acting_as(scope), db.transaction():
            partner_codes.redeem(code, by=who)


def _terms(entry: Entry) -> promotions.Terms:
    return promotions.Terms(
        entry["name"],
        basis_points=promotions.basis_points(entry["percent"]),
        goods=entry["goods"],
        bearer=Bearer(entry.get("bearer", "distributor")),
        new_customers=entry.get("new_customers", False),
        ends_on=promotions.today() + timedelta(days=entry["days"]),
    )


def _issue(entry: Entry, reseller_id: UUID) -> PartnerCode:
    terms = partner_codes.Terms(
        entry["name"],
        promotions.basis_points(entry["percent"]),
        goods=entry["goods"],
        ends_on=promotions.today() + timedelta(days=entry["days"]),
        most_uses=entry["most_uses"],
        note=entry["note"],
    )
    return partner_codes.issue(reseller_id, terms, by="Nora Lindqvist")
