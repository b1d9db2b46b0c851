"""Company data asked once, VAT shown before it is paid, terms accepted with evidence, and papers that only
their owner can fetch."""

import csv
import io
from collections.abc import Callable

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from billing.invoices import Invoice
from billing.payments import Payment
from core import db, parties
from core.tenancy import Side
from core.work import WorkItem
from partners import companies
from partners.terms import TermsAcceptance
from storefront.agreements import prose
from tests.portal.conftest import Browser, Cards
from tests.world import World, open_portal, staff

COMPANY = {
    "company-legal_name": "Acme Łódź S.A.",
    "company-street": "ul. Długa 1",
    "company-postcode": "90-001",
    "company-city": "Łódź",
    "company-country": "DE",
    "company-tax_id": "",
}


@pytest.fixture
def newcomer(world: World, shop: Callable[..., Browser]) -> Browser:
    """Nina of a customer that nobody has asked for its company data yet, at Brightfield's shop."""
    open_portal(world)
    reseller = world.resellers["brightfield"]
    with world.acting():
        new = parties.add_customer(reseller, name="Newcomer", email="n@new.example", country="DE")
        world.customers["newcomer"] = new.id
        staff(world, "nina", side=Side.CUSTOMER, reseller_id=reseller, customer_id=new.id)
    return shop("brightfield").sign_in("nina")


def fill(browser: Browser, world: World, quantity: int = 1) -> None:
    """Something in the basket."""
    plan = world.plan("patch-y").id
    assert browser.post("/basket", product="patch", plan=plan, quantity=quantity).status_code == 303


def text_of(pdf: bytes) -> str:
    """The words of a PDF, in reading order, one space between them."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


# --- Company data and VAT -----------------------------------------------------------------------------------


def test_company_data_are_asked_once_kept_on_refusal_and_stand_on_the_order(
    world: World, newcomer: Browser
) -> None:
    world.taxes(19)
    fill(newcomer, world)
    page = newcomer.see("/checkout")
    assert 'name="company-legal_name"' in page
    assert "€29.69" in page, "24.95 and 19 %, as a neighbour would pay"
    refused = newcomer.post("/checkout", on="/checkout", **(COMPANY | {"company-tax_id": "DE1"}))
    assert refused.status_code == 422
    assert "no valid VAT number of Germany" in refused.text
    assert 'value="ul. Długa 1"' in refused.text
    assert newcomer.post("/checkout", on="/checkout", **COMPANY).status_code == 303
    fill(newcomer, world)
    assert 'name="company-legal_name"' not in newcomer.see("/checkout")
    with world.acting():
        invoice = db.session().scalars(select(Invoice)).one()
    assert invoice.buyer["name"] == "Acme Łódź S.A."
    assert (invoice.net.minor, invoice.tax.minor, invoice.total.minor) == (24_95, 4_74, 29_69)


def test_vat_that_the_company_data_change_is_shown_before_anything_is_ordered(
    world: World, newcomer: Browser
) -> None:
    world.taxes(19)
    world.give_credit("brightfield", 100_00)  # wholesale carries VAT that this customer does not pay
    fill(newcomer, world)
    abroad = COMPANY | {"company-country": "FR", "company-tax_id": "FR40303265045"}
    answer = newcomer.post("/checkout", on="/checkout", **abroad)
    assert answer.status_code == 409
    assert "the total is now €24.95" in answer.text
    assert "reverse charge" in answer.text.lower()
    assert newcomer.post("/checkout", on="/checkout").status_code == 303


def test_what_is_kept_already_is_not_changed_by_a_checkout(world: World, anna: Browser) -> None:
    fill(anna, world)
    assert anna.post("/checkout", on="/checkout", **COMPANY).status_code == 303
    with world.acting():
        kept = companies.of(world.customers["acme"])
    assert kept is not None
    assert kept.legal_name == "Acme GmbH"


def test_the_companys_page_changes_what_comes_and_not_what_was(world: World, anna: Browser) -> None:
    fill(anna, world)
    anna.post("/checkout", on="/checkout")
    assert anna.post("/company", on="/company", **COMPANY).status_code == 303
    assert "Acme Łódź S.A." in anna.see("/company")
    with world.acting():
        assert db.session().scalars(select(Invoice)).one().buyer["name"] == "Acme GmbH"


def test_net_vat_and_gross_stand_wherever_money_is_ordered(world: World, anna: Browser) -> None:
    world.taxes(19)
    fill(anna, world, 3)
    for path in ("/basket", "/checkout"):
        page = anna.see(path)
        assert all(amount in page for amount in ("€74.85", "€14.22", "€89.07", "VAT 19 %")), path
    code = anna.post("/checkout", on="/checkout").location.split("/orders/")[1].split("/")[0]
    with world.acting():
        invoice_id = db.session().scalars(select(Invoice.id)).one()
        assert db.session().scalars(select(Payment)).one().amount.minor == 89_07
    for path in (f"/orders/{code}", f"/invoices/{invoice_id}"):
        page = anna.see(path)
        assert all(amount in page for amount in ("€74.85", "€14.22", "€89.07")), path


def test_a_missing_rate_is_said_in_the_basket_and_told_the_distributor(world: World, anna: Browser) -> None:
    with world.acting():
        kept = companies.of(world.resellers["brightfield"])
        assert kept is not None
        kept.country = "PL"
    fill(anna, world)
    assert "no tax rate for Poland yet" in anna.see("/basket")
    answer = anna.post("/checkout", on="/checkout", seen_total="2495")
    assert answer.status_code == 422
    assert "Nothing was ordered" in answer.text
    with world.acting():
        item = db.session().scalars(select(WorkItem)).one()
    assert "Poland" in item.words


# --- Terms --------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("I71", "W13")
def test_terms_are_agreed_to_once_per_version_with_evidence(
    world: World, anna: Browser, shop: Callable[..., Browser]
) -> None:
    bea = shop().sign_in("bea")
    assert bea.post("/reseller/terms", on="/reseller/terms", text="# Terms\nPay **us**.").status_code == 303
    fill(anna, world)
    assert "<strong>us</strong>" in anna.see("/terms")
    page = anna.see("/checkout")
    box = page.split('name="agreed"')[1].split(">")[0]
    assert "required" in box
    assert "checked" not in box
    version = box.split('value="')[1].split('"')[0]
    refused = anna.post("/checkout", on="/checkout")
    assert refused.status_code == 422
    assert "tick the box" in refused.text
    assert anna.post("/checkout", on="/checkout", agreed=version).status_code == 303
    fill(anna, world)
    assert 'name="agreed"' not in anna.see("/checkout"), "agreed to already"
    with world.acting():
        kept = db.session().scalars(select(TermsAcceptance)).one()
    assert (kept.name, kept.number, kept.address) == ("Anna", 1, "127.0.0.1")
    assert kept.url.endswith("/brightfield/checkout")
    rows = list(csv.DictReader(io.StringIO(bea.get("/reseller/terms/accepted.csv").data.decode("utf-8-sig"))))
    assert [(row["company"], row["order"], row["products"]) for row in rows] == [
        ("Acme GmbH", kept.order_code, "0patch Pro, Yearly")
    ]
    assert bea.post("/reseller/terms", on="/reseller/terms", text="Pay faster.").status_code == 303
    stale = anna.post("/checkout", on="/checkout", agreed=version)
    assert stale.status_code == 409
    assert "terms have changed" in stale.text


def test_terms_are_words_and_never_markup() -> None:
    drawn = prose("## A & B\n<script>alert(1)</script> **bold**\n\n- one\n- <b onclick=x>two</b>\nend")
    assert "<script" not in drawn
    assert "<b " not in drawn
    assert drawn.startswith("<h3>A &amp; B</h3><p>&lt;script&gt;")
    assert (
        "<strong>bold</strong></p><ul><li>one</li><li>&lt;b onclick=x&gt;two&lt;/b&gt;</li></ul><p>end</p>"
        in drawn
    )


# --- Papers -------------------------------------------------------------------------------------------------


def test_a_pro_forma_becomes_an_invoice_with_a_receipt(world: World, newcomer: Browser, cards: Cards) -> None:
    world.taxes(19)
    fill(newcomer, world, 3)
    placed = newcomer.post("/checkout", on="/checkout", **COMPANY)
    code = placed.location.split("/orders/")[1].split("/")[0]
    with world.acting():
        invoice_id = db.session().scalars(select(Invoice.id)).one()
    at = f"/invoices/{invoice_id}"
    draft = newcomer.get(f"{at}/invoice.pdf")
    assert draft.headers["Content-Disposition"] == f'attachment; filename="pro-forma-{code}.pdf"'
    assert "no-store" in draft.headers["Cache-Control"]
    assert "Pro forma invoice" in text_of(draft.data)
    assert newcomer.get(f"{at}/receipt.pdf").status_code == 404
    newcomer.follow(cards.pay(newcomer.get(f"/orders/{code}/pay").location))
    world.work(5)
    paid = newcomer.get(f"{at}/invoice.pdf")
    words = text_of(paid.data)
    for said in (
        "Invoice", "Brightfield GmbH", "80331 München", "Acme Łódź S.A.", "90-001 Łódź", "0patch Pro, Yearly",
        "€24.95", "€74.85", "VAT 19 %", "€14.22", "€89.07", "Page 1 of 1", "Paid on",
    ):  # fmt: skip
        assert said in words, said
    assert "Pro forma" not in words
    receipt = text_of(newcomer.get(f"{at}/receipt.pdf").data)
    assert "Receipt" in receipt
    assert "We have received €89.07" in receipt
    assert "Order confirmation" in text_of(newcomer.get(f"/orders/{code}/confirmation.pdf").data)


@pytest.mark.promise("QS5")
def test_a_paper_is_its_owners_and_its_sellers(
    world: World, anna: Browser, shop: Callable[..., Browser]
) -> None:
    fill(anna, world)
    code = anna.post("/checkout", on="/checkout").location.split("/orders/")[1].split("/")[0]
    with world.acting():
        invoice_id = db.session().scalars(select(Invoice.id)).one()
    of_portal = (f"/invoices/{invoice_id}/invoice.pdf", f"/orders/{code}/confirmation.pdf")
    of_reseller = (
        f"/reseller/money/invoices/{invoice_id}/invoice.pdf",
        f"/reseller/orders/{code}/confirmation.pdf",
    )
    zoe, bea, hugo = shop("harbour").sign_in("zoe"), shop().sign_in("bea"), shop().sign_in("hugo")
    nora = shop().sign_in("nora")
    assert {anna.get(path).status_code for path in of_portal} == {200}
    assert {bea.get(path).status_code for path in of_reseller} == {200}
    assert nora.get(f"/distributor/invoices/{invoice_id}/invoice.pdf").status_code == 200
    assert {zoe.get(path).status_code for path in of_portal} == {404}
    assert {hugo.get(path).status_code for path in of_reseller} == {404}
    assert {shop("brightfield").get(path).status_code for path in of_portal} == {303}
