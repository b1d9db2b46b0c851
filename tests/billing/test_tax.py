"""Tax: which rate, from which day, on which sale; line taxes that add up; books in which the reseller's
margin is net."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from billing import ledger, tax
from billing.invoices import Charge, Invoice, InvoiceLine
from billing.ledger import Account
from billing.tax import (
    NoBuyerData,
    NoSellerData,
    NoTaxRate,
    Party,
    RateExists,
    RateIsPast,
    TaxKind,
    Treatment,
)
from checkout import orders
from checkout.orders import OrderLine, OrderState, OrderWholesale, PayBy
from checkout.placing import PriceChanged
from core import db, parties, tenancy
from core.money import Money, total
from core.work import WorkItem
from partners import companies
from partners.companies import CompanyDetails, CompanyIncomplete, Details
from tests.world import World, a_company, open_portal


def party(country: str, tax_id: str = "", rate: int | None = 1900) -> Party:
    """A company somewhere, in a country with a rate."""
    return Party(True, "Co", "", "", "", "", country, tax_id, rate, f"VAT of {country}")


# --- The rule -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seller", "buyer", "kind", "points"),
    [
        (party("DE"), party("DE"), TaxKind.DOMESTIC, 1900),
        (party("DE"), party("DE", "DE136695976"), TaxKind.DOMESTIC, 1900),
        (party("DE"), party("FR", "FR40303265045"), TaxKind.REVERSE_CHARGE, 0),
        (party("DE"), party("FR"), TaxKind.DOMESTIC, 1900),
        (party("DE"), party("US"), TaxKind.EXPORT, 0),
        (party("DE"), party("CH", "CHE123"), TaxKind.EXPORT, 0),
        (party("CH", rate=810), party("CH"), TaxKind.DOMESTIC, 810),
        (party("CH", rate=810), party("DE", "DE136695976"), TaxKind.EXPORT, 0),
        (party("DE"), party(""), TaxKind.DOMESTIC, 1900),
    ],
)
def test_the_countries_and_the_vat_number_decide(
    seller: Party, buyer: Party, kind: TaxKind, points: int
) -> None:
    found = tax.between(seller, buyer)
    assert (found.kind, found.basis_points) == (kind, points)
    assert bool(tax.NOTES[found.kind]) == (kind is not TaxKind.DOMESTIC)


def test_a_country_without_a_rate_is_refused_by_name() -> None:
    with pytest.raises(NoTaxRate, match="no tax rate for Poland"):
        tax.between(party("PL", rate=None), party("PL"))
    with pytest.raises(NoSellerData):
        tax.between(party(""), party("DE"))


@pytest.mark.promise("QM4")
@given(
    lines=st.lists(st.integers(0, 10**9), min_size=1, max_size=40),
    points=st.integers(0, 10_000),
    currency=st.sampled_from(["EUR", "JPY", "KWD"]),
)
def test_line_taxes_add_up_whatever_their_order(lines: list[int], points: int, currency: str) -> None:
    nets = [Money(minor, currency) for minor in lines]
    treatment = Treatment(TaxKind.DOMESTIC, "VAT", points)
    sums = tax.sums(nets, treatment)
    each = [treatment.on(net) for net in nets]
    assert sums.tax == total(each, currency)
    assert (
        sums.gross == sums.net + sums.tax == total([n + t for n, t in zip(nets, each, strict=True)], currency)
    )
    assert tax.sums(nets[::-1], treatment) == sums
    for net, taxed in zip(nets, each, strict=True):
        assert abs(taxed.minor * 10_000 - net.minor * points) * 2 <= 10_000


# --- From a day on ------------------------------------------------------------------------------------------


def test_a_rate_is_in_force_from_its_first_day_of_the_business_clock(world: World) -> None:
    with world.acting():
        first = tax.today() + timedelta(days=10)
        tax.add_rate("DE", "VAT 19 %", 1900, first)
    rates: list[int | None] = []
    for days in (0, 9, 10):
        later = replace(world.scope("acme"), offset=timedelta(days=days))
        with tenancy.acting_as(later), db.transaction():
            chain = tax.chain(world.resellers["brightfield"], world.customers["acme"])
        rates.append(chain.seller.rate_points)
    assert rates == [0, 0, 1900]


def test_what_was_sold_is_not_taxed_anew(world: World) -> None:
    with world.acting():
        with pytest.raises(RateIsPast):
            tax.add_rate("DE", "", 1900, tax.today() - timedelta(days=1))
        tax.add_rate("FR", "", 2000, date(2014, 1, 1))
        with pytest.raises(RateExists):
            tax.add_rate("FR", "", 2100, date(2014, 1, 1))
        assert [rate.name for rate in tax.rates("FR")] == ["VAT 20 %"]


# --- In an order --------------------------------------------------------------------------------------------


@pytest.mark.promise("QM3")
@pytest.mark.promise("QM4")
def test_an_order_carries_net_tax_and_gross_in_both_legs(world: World) -> None:
    open_portal(world)
    world.taxes(19)
    world.put("acme", "patch-y", 3)  # 3 x 24.95 = 74.85, VAT 14.22; wholesale 3 x 21.21 = 63.63, VAT 12.09
    code = world.place("acme", seen_total=89_07)
    order = world.order(code)
    assert (order.net.minor, order.tax.minor, order.total.minor) == (74_85, 14_22, 89_07)
    assert order.tax_name == "VAT 19 %"
    assert order.seller["name"] == "Brightfield GmbH"
    assert order.buyer["city"] == "München"
    with world.acting():
        session = db.session()
        line = session.scalars(select(OrderLine)).one()
        leg = session.scalars(select(OrderWholesale)).one()
        charge = session.scalars(select(Charge)).one()
        invoice = session.scalars(select(Invoice)).one()
        of_invoice = session.scalars(select(InvoiceLine)).one()
    assert (line.total.minor, line.tax.minor, line.gross.minor) == (74_85, 14_22, 89_07)
    assert (leg.total.minor, leg.tax.minor) == (63_63, 12_09)
    assert charge.gross.minor == 75_72
    assert (invoice.net, invoice.tax, invoice.total) == (order.net, order.tax, order.total)
    assert (of_invoice.tax_minor, of_invoice.tax_basis_points) == (14_22, 1900)
    assert invoice.seller == order.seller


@pytest.mark.promise("QM3")
def test_the_total_that_was_seen_is_the_gross_one(world: World) -> None:
    open_portal(world)
    world.taxes(19)
    world.put("acme", "patch-y", 3)
    with pytest.raises(PriceChanged, match="€89.07"):
        world.place("acme", seen_total=74_85)


@pytest.mark.promise("QM1")
def test_the_books_keep_the_margin_net_and_the_tax_apart(world: World) -> None:
    world.taxes(19)
    world.give_credit("brightfield", 500_00)
    code = world.buys("brightfield", "standard-m", alias="bright", pay_by=PayBy.ACCOUNT)
    order = world.order(code)
    assert order.total.minor == 58_31
    assert order.state is OrderState.FUNDED
    with world.acting():
        owed = {
            account: ledger.balance(account, "EUR").minor
            for account in (
                Account.RESELLER,
                Account.RESELLER_TAX,
                Account.WHOLESALE_SALES,
                Account.SALES_TAX,
            )
        }
        held = db.session().scalars(select(orders.credit.Hold.minor)).one()
    assert list(owed.values()) == [49_00, 9_31, -49_00, -9_31]
    assert held == 58_31, "what is owed, tax included, is held of the credit"


def test_an_order_is_refused_and_the_distributor_told_where_no_rate_is(world: World) -> None:
    open_portal(world)
    with world.acting("brightfield"):
        moved = a_company("Brightfield", country="PL")
        companies.keep(moved, reseller_id=world.resellers["brightfield"])
    world.put("acme", "patch-y")
    with world.acting("acme"):
        me = world.people["acme"]
        chain = tax.chain(me.reseller_id, me.customer_id)
    assert chain.seller.rate_points is None
    # Brightfield in Poland sells to Germany, Acme has no VAT number: Poland's rate, which nobody has entered.
    with pytest.raises(NoTaxRate) as refused:
        world.place("acme")
    with world.acting():
        tax.report(refused.value)
        item = db.session().scalars(select(WorkItem).where(WorkItem.kind == "tax undecided")).one()
        assert "Poland" in item.words
        tax.add_rate("PL", "", 2300, tax.today())
        assert item.closed_at is not None
    assert world.order(world.place("acme")).tax_name == "VAT 23 %"


def test_nothing_is_sold_before_both_sides_can_stand_on_a_paper(world: World) -> None:
    open_portal(world)
    world.put("acme", "patch-y")
    with world.acting():
        new = parties.add_customer(world.resellers["brightfield"], name="New", email="n@new.example")
        session = db.session()
        row = session.scalars(
            select(CompanyDetails).where(CompanyDetails.standing_id == world.customers["acme"])
        ).one()
        row.standing_id = row.customer_id = new.id
    with pytest.raises(NoBuyerData):
        world.place("acme")


# --- Company data -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        (Details("", "", "", "", "", ""), {"legal_name", "street", "postcode", "city", "country"}),
        (Details("A", "B 1", "1", "C", "XX", ""), {"country"}),
        (Details("A", "B 1", "1", "C", "DE", "DE136695977"), {"tax_id"}),
        (Details("A", "B 1", "1", "C", "DE", "FR40303265045"), {"tax_id"}),
        (Details("A" * 201, "B 1", "1", "C", "US", ""), {"legal_name"}),
    ],
)
def test_company_data_are_refused_by_field(typed: Details, wrong: set[str]) -> None:
    with pytest.raises(CompanyIncomplete) as refused:
        companies.normal(typed)
    assert set(refused.value.problems) == wrong


def test_a_vat_number_has_one_spelling() -> None:
    fine = companies.normal(Details(" Łódź  S.A. ", "ul. Długa 1", "90-001", "Łódź", "pl", ""))
    assert (fine.legal_name, fine.country) == ("Łódź S.A.", "PL")
    for typed in ("DE 136 695 976", "136695976", "de136695976"):
        assert companies.normal(Details("A", "B", "1", "C", "DE", typed)).tax_id == "DE136695976"
    greek = companies.normal(Details("A", "B", "1", "C", "GR", "EL094259216"))
    assert greek.tax_id == "EL094259216"


def test_a_standing_keeps_its_own_company_data_only(world: World) -> None:
    with world.acting("acme"):
        assert companies.of(world.customers["zebra"]) is None
        assert companies.of(world.resellers["brightfield"]) is None
        rows = db.session().scalars(select(CompanyDetails)).all()
    assert [row.legal_name for row in rows] == ["Acme GmbH"]
