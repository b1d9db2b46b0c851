"""Somebody nobody knows becomes a selling partner, in a real browser: applies, is approved, signs, chooses a
password and stands in its own console."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Shop
from tests.browser.test_accounts import linked
from tests.browser.test_story import as_person, browse

pytestmark = pytest.mark.xdist_group("browser")

COMPANY, EMAIL, PASSWORD = "Meridian Care", "mara@meridian.example", "Tides-and-winds-9"


@pytest.mark.behaviour("H2", "H3", "H4", "M7", "M9")
def test_an_applicant_becomes_a_selling_partner(chromium: Browser, shop: Shop) -> None:
    mara, nora = browse(chromium), as_person(chromium, shop, "nora@")
    mara.goto(shop.url)
    mara.get_by_role("navigation", name="Sections").get_by_role("link", name="Become a partner").click()
    mara.get_by_role("link", name="Apply to Device management partners").click()
    mara.get_by_label("Company").fill(COMPANY)
    mara.get_by_label("Your name").fill("Mara Lund")
    mara.get_by_label("E-mail").fill(EMAIL)
    mara.get_by_label("Website").fill("meridian.example")
    mara.get_by_label("Prior experience").fill("Five years of software as a service for clinics.")
    mara.get_by_role("button", name="Hand it in").click()
    expect(mara.get_by_text("A mail is on its way")).to_be_visible()
    mara.goto(linked(shop, EMAIL, "We have your application", "/applications/"))
    expect(mara.get_by_text("A reviewer looks at it.")).to_be_visible()

    nora.goto(f"{shop.url}/distributor/applications")
    nora.get_by_role("link", name=COMPANY).click()
    expect(nora.get_by_text("Five years of software as a service")).to_be_visible()
    nora.get_by_role("button", name="Approve").click()
    expect(nora.get_by_text("The applicant gets the link to the agreement")).to_be_visible()

    mara.goto(linked(shop, EMAIL, "Approved", "/applications/"))
    expect(mara.get_by_text("Partnership agreement: device management")).to_be_visible()
    mara.get_by_label(re.compile("I have read this agreement")).check()
    mara.get_by_role("button", name="Sign the agreement").click()
    expect(mara.get_by_text("Signed. You are a partner now.")).to_be_visible()

    mara.goto(linked(shop, EMAIL, f"invites you to {COMPANY}", "/invitations/"))
    mara.get_by_label("Choose a password").fill(PASSWORD)
    mara.get_by_role("button", name="Accept and sign in").click()
    mara.wait_for_url(re.compile("/reseller/"))
    expect(mara.get_by_text(COMPANY).first).to_be_visible()
    mara.goto(f"{shop.url}/reseller/plans")
    expect(mara.get_by_role("heading", level=1)).to_be_visible()
