"""A reseller buys with VAT and by the distributor's terms, and enters its company data once."""

import re

import pytest
from sqlalchemy import delete, select
from sqlalchemy.exc import ProgrammingError

from billing.invoices import Invoice
from billing.payments import Payment
from core import db
from partners import companies, terms
from partners.companies import CompanyDetails
from partners.terms import TermsAcceptance
from tests.reseller.conftest import Person
from tests.world import World

FORM = "/reseller/plans/standard-m"
COMPANY = {
    "company-legal_name": "Brightfield AG",
    "company-street": "Lindenweg 3",
    "company-postcode": "80331",
    "company-city": "München",
    "company-country": "DE",
    "company-tax_id": "DE136695976",
}


def test_a_plan_shows_net_vat_and_gross_and_the_card_is_charged_gross(world: World, bea: Person) -> None:
    world.taxes(19)
    page = bea.sees(FORM, "€49.00", "VAT 19 %", "€9.31", "€58.31")
    seen = re.search(r'name="seen_total"[^>]*value="(\d+)"', page)
    assert seen
    assert seen[1] == "5831"
    stale = bea.post(FORM, alias="bright", pay_by="card", request_key="k", seen_total="4900")
    assert stale.status_code == 409
    bea.places(FORM, alias="bright", pay_by="card", request_key="k", seen_total="5831")
    with world.acting():
        assert db.session().scalars(select(Payment)).one().amount.minor == 58_31
        invoice = db.session().scalars(select(Invoice)).one()
    assert (invoice.seller["name"], invoice.tax.minor) == ("Northwind GmbH", 9_31)


def test_company_data_are_asked_with_the_first_plan(world: World, bea: Person) -> None:
    with world.acting():
        session = db.session()
        row = session.scalars(
            select(CompanyDetails).where(CompanyDetails.standing_id == world.resellers["brightfield"])
        ).one()
        row.standing_id = row.reseller_id = world.resellers["house"]
    bea.sees(FORM, "Your company", "Legal name")
    order = {"alias": "bright", "pay_by": "card", "request_key": "k", "seen_total": "4900"}
    wrong = bea.post(FORM, **order, **(COMPANY | {"company-city": ""}))
    assert wrong.status_code == 422
    assert "Please enter the city" in wrong.text
    assert 'value="Lindenweg 3"' in wrong.text
    bea.places(FORM, **order, **COMPANY)
    with world.acting():
        kept = companies.of(world.resellers["brightfield"])
    assert kept is not None
    assert kept.tax_id == "DE136695976"


@pytest.mark.behaviour("I71")
def test_the_distributors_terms_are_agreed_to_with_the_first_order(world: World, bea: Person) -> None:
    with world.acting():
        version = terms.publish("# Terms\nPay, please.", reseller_id=None, by="Nora").id
    bea.sees("/reseller/terms/distributor", "Pay, please.", "Version 1")
    bea.sees(FORM, "I have read and accept")
    order = {"alias": "bright", "pay_by": "card", "request_key": "k", "seen_total": "4900"}
    assert "tick the box" in bea.post(FORM, **order).text
    bea.places(FORM, **order, agreed=str(version))
    with world.acting():
        kept = db.session().scalars(select(TermsAcceptance)).one()
    assert (kept.company, kept.email, kept.customer_id) == ("Brightfield GmbH", "bea@people.example", None)
    with pytest.raises(ProgrammingError, match="permission denied"), world.acting():
        db.session().execute(delete(TermsAcceptance).where(TermsAcceptance.id == kept.id))
