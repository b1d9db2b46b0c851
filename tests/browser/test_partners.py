"""Somebody nobody knows becomes a selling partner of each of the five programmes, in a real browser: applies
with what the programme asks for, is reviewed or verified, signs, chooses a password, opens a storefront on
the free plan and wins the first customer by the channel of the programme, or registers its first deal."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.browser.conftest import Shop
from tests.browser.test_accounts import linked
from tests.browser.test_story import as_person, browse

PASSWORD = "Tides-and-winds-9"
PROOF: FilePayload = {"name": "proof.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\nproof\n%%EOF"}


@dataclass(frozen=True)
class Applicant:
    """Who applies to which programme, and what comes of it. `brings`: label -> what is typed or chosen;
    `says`: the beginning of the agreement; `supported`: the one support type it may choose (U6)."""

    programme: str
    company: str
    email: str
    says: str
    brings: dict[str, str]
    waits: str = "A reviewer looks at it."
    proof: bool = False
    final: bool = False
    channel: str = "Direct"
    supported: str = ""
    deals: bool = False
    name: str = field(default="Mara Lund")


APPLICANTS = [
    Applicant(
        "Device management partners",
        "Meridian Care",
        "mara@meridian.example",
        "Partnership agreement: device management",
        {"Website": "meridian.example", "Prior experience": "Five years of software as a service."},
        deals=True,
    ),
    Applicant(
        "Managed security resellers",
        "Nightwatch Systems",
        "nadia@nightwatch.example",
        "Reseller terms: managed security",
        {"Website": "nightwatch.example", "Managed service": "A desk that mends incidents from afar."},
        proof=True,
        supported="Vendor supported",
    ),
    Applicant(
        "Storefront resellers",
        "Orchard Market",
        "olga@orchard.example",
        "Reseller agreement: storefronts",
        {"Location": "Germany"},
    ),
    Applicant(
        "Cloud solutions, indirect resellers",
        "Pinewood Cloud",
        "pia@pinewood.example",
        "Indirect reseller agreement",
        {"Location": "Germany", "Partner id": "6001244"},
        waits="We verify what you told us.",
        final=True,
        channel="Indirect",
    ),
    Applicant(
        "Patching resellers",
        "Rivet Works",
        "rosa@rivet.example",
        "Reseller terms: patching",
        {"Prior experience": "Workstations of ninety workshops."},
    ),
]


@pytest.fixture(scope="module")
def nora(chromium: Browser, shop: Shop) -> Iterator[Page]:
    """The reviewer of all five."""
    page = as_person(chromium, shop, "nora@")
    yield page
    page.context.close()


@pytest.mark.behaviour("H2", "H3", "H4", "M7", "M9", "U1", "U2")
@pytest.mark.parametrize("who", APPLICANTS, ids=lambda who: who.company.split()[0].lower())
def test_an_applicant_becomes_a_selling_partner(
    chromium: Browser, shop: Shop, nora: Page, who: Applicant
) -> None:
    mara = browse(chromium)
    apply(mara, shop, who)
    mara.goto(linked(shop, who.email, "We have your application", "/applications/"))
    expect(mara.get_by_text(who.waits)).to_be_visible()
    approve(nora, shop, who)
    mara.goto(linked(shop, who.email, "Approved", "/applications/"))
    expect(mara.get_by_text(who.says)).to_be_visible()
    expect(mara.get_by_text("there is no undo")).to_have_count(1 if who.final else 0)
    mara.get_by_label(re.compile("I have read this agreement")).check()
    mara.get_by_role("button", name="Sign the agreement").click()
    expect(mara.get_by_text("Signed. You are a partner now.")).to_be_visible()
    mara.goto(linked(shop, who.email, f"invites you to {who.company}", "/invitations/"))
    mara.get_by_label("Choose a password").fill(PASSWORD)
    mara.get_by_role("button", name="Accept and sign in").click()
    mara.wait_for_url(re.compile("/reseller/"))
    if who.deals:
        register_a_deal(mara, shop)
    elif who.channel == "Indirect":
        ask_for_a_customer(mara, nora, shop)
    else:
        win_a_customer(mara, shop, who)
    mara.context.close()


def apply(page: Page, shop: Shop, who: Applicant) -> None:
    """The programme's form, with what it asks for."""
    page.goto(f"{shop.url}/partners")
    page.get_by_role("link", name=f"Apply to {who.programme}").click()
    page.get_by_label("Company").fill(who.company)
    page.get_by_label("Your name").fill(who.name)
    page.get_by_label("E-mail").fill(who.email)
    for label, words in who.brings.items():
        found = page.get_by_label(label)
        if found.evaluate("element => element.tagName") == "SELECT":
            found.select_option(label=words)
        else:
            found.fill(words)
    if who.proof:
        page.get_by_label("Documents").set_input_files(PROOF)
    page.get_by_role("button", name="Hand it in").click()
    expect(page.get_by_text("A mail is on its way")).to_be_visible()


def approve(page: Page, shop: Shop, who: Applicant) -> None:
    """The reviewer reads what was brought."""
    page.goto(f"{shop.url}/distributor/applications")
    page.get_by_role("link", name=who.company).click()
    for words in who.brings.values():
        expect(page.get_by_text(words).first).to_be_visible()
    if who.proof:
        expect(page.get_by_role("link", name="proof.pdf")).to_be_visible()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("The applicant gets the link to the agreement")).to_be_visible()


def register_a_deal(page: Page, shop: Shop) -> None:
    """A programme that lets customers in by their deals: its partner registers the first."""
    page.goto(f"{shop.url}/reseller/deals/new")
    said = {
        "company": "Harbour Clinic",
        "contact_name": "Cara Client",
        "contact_email": "cara@harbour-clinic.example",
        "products": "Device management",
        "seats": "20",
        "value": "900.00",
        "closes_on": "2099-01-31",
    }
    for name, words in said.items():
        page.locator(f"main [name={name}]").fill(words)
    page.locator("main [name=country]").select_option("DE")
    page.locator("main [name=may_share]").check()
    page.locator("main form[data-guard] button[type=submit]").last.click()
    page.wait_for_url(re.compile("/reseller/deals/(?!new)"))
    expect(page.get_by_role("heading", name="Harbour Clinic").first).to_be_visible()


def ask_for_a_customer(page: Page, nora: Page, shop: Shop) -> None:
    """A programme whose provider creates the customers: its partner asks for the first, and gets it."""
    page.goto(f"{shop.url}/reseller/customers/invite")
    page.goto(f"{shop.url}/reseller/customers/requests/new")
    for label, words in (("company", "Kiln Bakery"), ("name", "Karl Kiln"), ("email", "karl@kiln.example")):
        page.locator(f"main [name={label}]").fill(words)
    page.locator("main [name=country]").select_option("DE")
    page.get_by_role("button", name="Ask the distributor").click()
    page.wait_for_url(re.compile("said="))
    nora.goto(f"{shop.url}/distributor/customers/requests")
    nora.get_by_role("link", name="Kiln Bakery").click()
    nora.get_by_role("button", name="Create the customer").click()
    nora.wait_for_url(re.compile("said="))
    page.goto(f"{shop.url}/reseller/customers")
    page.get_by_role("link", name="Kiln Bakery", exact=True).click()
    expect(page.get_by_text(re.compile("^Indirect\\b")).first).to_be_visible()
    assert shop.url in shop.mail("karl@kiln.example", "")["text"]


def win_a_customer(page: Page, shop: Shop, who: Applicant) -> None:
    """Opens a storefront on the free plan, and wins a customer."""
    alias = who.company.split()[0].lower()
    page.goto(f"{shop.url}/reseller/company")
    for name, words in (
        ("legal_name", who.company),
        ("street", "Main Street 1"),
        ("postcode", "20095"),
        ("city", "Hamburg"),
    ):
        page.locator(f"main input[name$={name}]").fill(words)
    page.locator("main select[name$=country]").select_option("DE")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(re.compile("said="))
    page.goto(f"{shop.url}/reseller/plans/plan-free-m")
    page.get_by_label("Storefront alias").fill(alias)
    page.locator("main form button[type=submit]").last.click()
    expect(page.get_by_text("Your storefront is open").first).to_be_visible(timeout=90_000)
    page.goto(f"{shop.url}/reseller/customers/invite")
    page.locator("input[name=company]").fill(f"{alias} customer")
    page.locator("input[name=name]").fill("Cara Client")
    page.locator("input[name=email]").fill(f"cara@{alias}.example")
    if who.supported:
        expect(page.locator("select[name=support] option")).to_have_text(["Please choose", who.supported])
        page.get_by_label("Support type").select_option(label=who.supported)
    page.get_by_role("button", name="Send the invitation").click()
    page.wait_for_url(re.compile("said="))
    expect(page.get_by_text(re.compile(f"^{who.channel}\\b")).first).to_be_visible()
    assert shop.url in shop.mail(f"cara@{alias}.example", "")["text"]
