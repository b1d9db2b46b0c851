"""A programme's tiers and its partners on the distributor's pages: forms that refuse by name and come back
filled, lists that find, and what partners see of it at their own console."""

import re
from html import unescape

import pytest
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from catalog.products import Product
from core import db, trail
from core.ids import new_id
from core.parties import Membership
from core.tenancy import Side
from partners import enrolments, programmes, reauthorisations, tiers
from partners.enrolments import EnrolmentState
from storefront.distributor.programme_tiers import prefix_of
from tests.partners.tier_stage import enrol, open_tiers, standing, win, years_pass
from tests.visits import Visit
from tests.world import World

TIERS = "/distributor/programmes/gold/tiers"
DIAMOND = {
    "name": "Diamond",
    "threshold": "50",
    "minimum": "50",
    "discount": "25",
    "commission": "9,5",
    "benefits": "A yearly dinner.",
}


@pytest.fixture
def bea(world: World, nora: Visit) -> Visit:
    """Bea of Brightfield at her console."""
    return Visit(nora.app).sign_in("bea")


def send(visit: Visit, path: str, **form: str) -> TestResponse:
    return visit.post(path, form)


def text(visit: Visit, path: str) -> str:
    answer = visit.get(path)
    assert answer.status_code == 200, unescape(answer.text)[-2000:]
    return unescape(answer.text)


def test_a_tier_is_added_changed_and_removed_on_its_page(world: World, nora: Visit) -> None:
    open_tiers(world)
    page = text(nora, TIERS)
    assert re.findall(r"Change (\w+)</summary>", page) == ["Silver", "Gold", "Platinum"]
    assert send(nora, TIERS, **DIAMOND).status_code == 303
    assert "A yearly dinner." in text(nora, TIERS)
    with world.acting():
        diamond = tiers.of_programme(programmes.find("gold").id)[-1]
    assert (diamond.discount, diamond.commission) == (2500, 950)
    own = f"{TIERS}/{diamond.id}"
    changed = {
        f"{prefix_of(diamond.id)}{name}": value for name, value in (DIAMOND | {"discount": "30"}).items()
    }
    assert send(nora, own, **changed).status_code == 303
    with world.acting():
        assert tiers.of_programme(programmes.find("gold").id)[-1].discount == 3000
    assert send(nora, f"{own}/remove").status_code == 303
    assert "Diamond" not in re.sub(r"<aside.*", "", text(nora, TIERS), flags=re.DOTALL)


WRONG = [
    ({"name": "gold"}, "There is a tier called gold already."),
    ({"threshold": "10"}, "Gold and Diamond would both begin at 10 customers."),
    ({"threshold": "-1"}, "A whole number from 0"),
    ({"discount": "101"}, "between 0 and 100"),
    ({"commission": "lots"}, "between 0 and 100"),
    ({"name": ""}, "A tier needs a name."),
]


def test_a_refused_tier_comes_back_as_it_was_typed(world: World, nora: Visit) -> None:
    open_tiers(world)
    for changed, words in WRONG:
        answer = send(nora, TIERS, **DIAMOND | changed)
        page = unescape(answer.text)
        assert answer.status_code in (409, 422)
        assert words in page
        assert "A yearly dinner." in page


def test_only_an_administrator_changes_tiers(world: World, nora: Visit) -> None:
    open_tiers(world)
    with world.acting():
        chosen = update(Membership).where(Membership.side == Side.DISTRIBUTOR)
        db.session().execute(chosen.values(roles=["billing_agent"]))
    assert "Only an administrator changes programmes." in text(nora, TIERS)
    assert send(nora, TIERS, **DIAMOND).status_code == 403
    assert send(nora, f"{TIERS}/{new_id()}/remove").status_code == 403


def test_a_product_is_put_into_a_programme_on_its_page_and_taken_out_again(world: World, nora: Visit) -> None:
    open_tiers(world)
    path = "/distributor/catalogue/patch/details"
    assert re.search(r'<option selected value="gold">Gold partners', text(nora, path))
    words = {"name": "0patch Pro", "vendor": "0patch", "category": "Security", "summary": "Micropatches."}

    def programme() -> str:
        with world.acting():
            found = db.session().scalars(select(Product.programme_id).where(Product.code == "patch")).one()
            return programmes.of_id(found).code if found else ""

    for chosen in ("", "gold"):
        seen = re.search(r'name="seen" value="([^"]+)"', text(nora, path))
        assert seen
        assert send(nora, path, **words, seen=seen[1], programme=chosen).status_code == 303
        assert programme() == chosen
    seen = re.search(r'name="seen" value="([^"]+)"', text(nora, path))
    assert seen
    assert send(nora, path, **words, seen=seen[1], programme="nothing").status_code == 422
    assert programme() == "gold"


@pytest.mark.behaviour("H26")
def test_the_tier_is_shown_in_the_users_menu(world: World, bea: Visit) -> None:
    open_tiers(world)
    assert "Silver" not in text(bea, "/reseller/")
    partner = enrol(world)
    page = text(bea, "/reseller/")
    menu = page[page.index("Your account") : page.index("Sign out")]
    assert re.search(rf'href="/reseller/programmes/{partner}">.*?Silver', menu, re.DOTALL)


@pytest.mark.behaviour("H44")
def test_the_dashboard_shows_how_the_partner_does_in_each_programme(world: World, bea: Visit) -> None:
    open_tiers(world)
    enrol(world)
    win(world, 4)
    page = text(bea, "/reseller/")
    assert "No sale yet this month." in page
    card = page[page.index("Gold partners") :]
    assert re.search(r"New this year</dt><dd[^>]*>4", card)
    assert "€12.00" in card  # 3 % of four times 100
    assert re.search(r"<strong>4</strong> of 10 customers to Gold", card)


@pytest.mark.behaviour("H25")
def test_a_partner_reads_its_tier_what_the_next_needs_and_what_each_gives(world: World, bea: Visit) -> None:
    open_tiers(world)
    partner = enrol(world)
    win(world, 10)
    years_pass(world, partner)
    page = text(bea, f"/reseller/programmes/{partner}")
    for words in ("A demo portal and a joint event.", "20 %", "8 %", "of 25 customers to Platinum", "Risen"):
        assert words in page
    assert re.search(r"Gold\s*<span[^>]*>.{0,200}Yours", page, re.DOTALL)
    assert "Details" in text(bea, "/reseller/programmes")


def test_partners_are_found_by_tier_flag_and_name_and_go_into_a_file(world: World, nora: Visit) -> None:
    open_tiers(world)
    first, second = enrol(world), enrol(world, "harbour")
    win(world, 12)
    years_pass(world, second)
    assert standing(world, first).tier_name == "Gold"
    listed = "/distributor/partnerships"
    everybody = text(nora, listed)
    assert "Brightfield" in everybody
    assert "Harbour" in everybody
    rows = re.compile(r'cell--title"><a href="/distributor/partnerships/[^"]+">(\w+)')
    assert rows.findall(text(nora, f"{listed}?tier=Gold")) == ["Brightfield"]
    assert rows.findall(text(nora, f"{listed}?show=flagged")) == ["Harbour"]
    assert rows.findall(text(nora, f"{listed}?q=harb")) == ["Harbour"]
    assert rows.findall(text(nora, f"{listed}?show=leaving")) == []
    assert "Brightfield,Gold partners,Gold,12" in nora.get(f"{listed}.csv").text
    resellers = re.compile(r'cell--title"><a href="/distributor/resellers/[^"]+">(\w+)')
    assert resellers.findall(text(nora, "/distributor/resellers?tier=Gold")) == ["Brightfield"]
    assert resellers.findall(text(nora, "/distributor/resellers?tier=*")) == ["Harbour"]


@pytest.mark.behaviour("H6")
def test_commissions_are_listed_for_both_sides_each_its_own(world: World, nora: Visit, bea: Visit) -> None:
    open_tiers(world)
    enrol(world)
    enrol(world, "harbour")
    win(world, 2)
    win(world, 1, "harbour")
    assert text(nora, "/distributor/commissions").count("€3.00") == 3
    assert text(bea, "/reseller/commissions").count("€3.00") == 2
    assert text(bea, "/reseller/commissions?q=customer 1").count("€3.00") == 1
    assert bea.get("/reseller/commissions.csv").text.count("0patch Pro") == 2
    assert text(nora, "/distributor/commissions?q=harbour").count("€3.00") == 1


def test_the_distributor_ends_a_partnership_with_a_reason_or_not_at_all(world: World, nora: Visit) -> None:
    open_tiers(world)
    partner = enrol(world)
    own = f"/distributor/partnerships/{partner}"
    text(nora, own)
    refused = send(nora, f"{own}/end", reason=" ")
    assert refused.status_code == 422
    assert "Say why: the partner reads it." in unescape(refused.text)
    assert standing(world, partner).state is EnrolmentState.ACTIVE
    assert send(nora, f"{own}/end", reason="It resold our keys.").status_code == 303
    assert "It resold our keys." in text(nora, own)
    again = send(nora, f"{own}/end", reason="Once more.")
    assert again.status_code == 409
    assert "has ended already" in unescape(again.text)


@pytest.mark.behaviour("M14")
def test_a_partner_gives_notice_and_withdraws_it_on_its_page(world: World, bea: Visit) -> None:
    open_tiers(world)
    partner = enrol(world)
    own = f"/reseller/programmes/{partner}"
    assert "You leave 30 days after your notice" in text(bea, own)
    slipped = send(bea, f"{own}/leave")
    assert slipped.status_code == 422
    assert "Tick the box" in unescape(slipped.text)
    assert send(bea, f"{own}/leave", sure="1").status_code == 303
    assert "You leave on" in text(bea, own)
    twice = send(bea, f"{own}/leave", sure="1")
    assert (twice.status_code, "Notice is given already" in unescape(twice.text)) == (409, True)
    assert send(bea, f"{own}/stay").status_code == 303
    assert send(bea, f"{own}/stay").status_code == 409
    with world.acting():
        refusals = [line.told["because"] for line in trail.of(partner) if line.what == "refused"]
    assert [words.split(":")[0] for words in refusals] == [
        "Tick the box",
        "Notice is given already",
        "There is no notice that could be withdrawn.",
    ]
    assert standing(world, partner).state is EnrolmentState.ACTIVE


@pytest.mark.behaviour("M13")
def test_a_partner_sees_each_condition_with_its_state_and_meets_them_on_its_page(
    world: World, nora: Visit, bea: Visit
) -> None:
    open_tiers(world)
    partner = enrol(world)
    year = "/distributor/programmes/gold/year"
    text(nora, year)
    kept = {"renews": "y", "notice_days": "30", "opens_days": "30", "grace_days": "30"}
    asked = {f"asks_{code}": "y" for code in ("membership", "authority", "security_contact")}
    assert send(nora, year, **kept, **asked).status_code == 303
    with world.acting():
        reauthorisations.open_for(enrolments.find(partner))
    own = f"/reseller/programmes/{partner}"
    page = text(bea, own)
    assert page.count("Missing") == 3
    for condition in ("membership", "authority"):
        assert send(bea, f"{own}/confirm", condition=condition).status_code == 303
    forged = send(bea, f"{own}/confirm", condition="security_contact")
    assert (forged.status_code, "nothing to confirm" in unescape(forged.text)) == (409, True)
    unknown = send(bea, f"{own}/confirm", condition="revenue; drop")
    assert unknown.status_code == 409
    wrong = send(bea, f"{own}/contact", **{"contact-name": "Bea", "contact-email": "nowhere"})
    assert (wrong.status_code, "needs a name and an e-mail" in unescape(wrong.text)) == (422, True)
    sent = {"contact-name": "Bea", "contact-email": "bea@people.example", "contact-phone": "112"}
    assert send(bea, f"{own}/contact", **sent).status_code == 303
    world.goes_on(days=1)
    assert "Authorised" in text(bea, own)
    assert "Bea, bea@people.example 112" in text(nora, f"/distributor/partnerships/{partner}")


def test_a_floor_is_added_with_its_day_and_never_changed(world: World, nora: Visit) -> None:
    open_tiers(world)
    year = "/distributor/programmes/gold/year"
    text(nora, year)
    first = {"floor-amount": "300000", "floor-currency": "USD", "floor-valid_from": "2020-01-01"}
    assert send(nora, f"{year}/floors", **first).status_code == 303
    late = send(nora, f"{year}/floors", **first | {"floor-valid_from": "2025-01-01"})
    assert (late.status_code, "today on at the earliest" in unescape(late.text)) == (409, True)
    next_one = {"floor-amount": "1000000", "floor-currency": "USD", "floor-valid_from": "2099-10-01"}
    assert send(nora, f"{year}/floors", **next_one).status_code == 303
    page = text(nora, year)
    assert page.index("$1,000,000.00") < page.index("$300,000.00")
    assert "In force" in page
    assert send(nora, f"{year}/floors", **next_one | {"floor-amount": "1 mio"}).status_code == 422
