"""Deals on the distributor's pages: the queue with its count, near matches, decisions, and the rules."""

import html

import pytest
from sqlalchemy import select, update

from core import db, parties
from core.parties import Membership
from partners import deal_rules, deals
from tests.partners.deal_stage import REASONS, approve, open_deals, register, reject, state_of
from tests.partners.programme_stage import the_programme
from tests.visits import Visit
from tests.world import World

RULES = "/distributor/programmes/gold/deals"


@pytest.fixture
def queue(world: World) -> World:
    """Brightfield's deal waits; a customer of Harbour's is called alike."""
    open_deals(world, extension_days=30)
    with world.acting():
        parties.add_customer(
            world.resellers["harbour"], name="Otterbach Logistics B.V.", email="x@otterbach.example"
        )
    register(world)
    return world


def code_of(world: World) -> str:
    with world.acting():
        return db.session().scalars(select(deals.Deal.code).order_by(deals.Deal.id)).first() or ""


def see(nora: Visit, path: str, *words: str) -> str:
    answer = nora.get(path)
    assert answer.status_code == 200, answer.text[-2000:]
    text = html.unescape(answer.text)
    for word in words:
        assert word in text, f"{word!r} is not on {path}"
    return text


@pytest.mark.behaviour("H29", "H32")
def test_the_reviewer_sees_who_is_called_alike_and_approves(queue: World, nora: Visit) -> None:
    code = code_of(queue)
    see(nora, "/distributor/deals?show=new", code, "Brightfield", "€4,800.00")
    assert 'count--accent">1' in see(nora, "/distributor/")
    page = see(
        nora, f"/distributor/deals/{code}", "Otterbach Logistics B.V.", "Harbour", "Approve for 90 days"
    )
    assert "Olga Otter" in page
    assert "same domain" in page
    assert "Otterbach Logistics B.V. is a customer of Harbour already" in page
    answer = nora.post(f"/distributor/deals/{code}/approve", {"version": "1"})
    assert answer.status_code == 303
    assert state_of(queue, code) == "approved"
    see(nora, f"/distributor/deals/{code}", "89 days left", "Keep it 30 days longer")
    late = nora.post(f"/distributor/deals/{code}/reject", {"version": "1", "reason": REASONS[0]})
    assert late.status_code == 409
    assert "has changed since" in late.text
    assert nora.post(f"/distributor/deals/{code}/extend", {"version": "2"}).status_code == 303
    see(nora, f"/distributor/deals/{code}", "119 days left")
    again = nora.post(f"/distributor/deals/{code}/extend", {"version": "3"})
    assert again.status_code == 422
    assert code in see(nora, "/distributor/deals.csv?show=active&q=brightfield")


@pytest.mark.behaviour("H30")
def test_a_rejection_chooses_one_of_three_reasons_which_the_reseller_reads(queue: World, nora: Visit) -> None:
    code = code_of(queue)
    page = see(nora, f"/distributor/deals/{code}", *REASONS)
    assert page.count('name="reason"') == 3
    for wrong in ({}, {"reason": "Because."}):
        refused = nora.post(f"/distributor/deals/{code}/reject", {"version": "1"} | wrong)
        assert refused.status_code == 422
        assert "Choose one of the reasons" in refused.text
    assert (
        nora.post(f"/distributor/deals/{code}/reject", {"version": "1", "reason": REASONS[2]}).status_code
        == 303
    )
    bea = Visit(nora.app).sign_in("bea")
    assert REASONS[2] in bea.get(f"/reseller/deals/{code}").text
    assert REASONS[2] in bea.get("/reseller/deals").text


def test_only_reviewers_decide(queue: World, nora: Visit) -> None:
    code = code_of(queue)
    with queue.acting():
        db.session().execute(
            update(Membership).where(Membership.name == "Nora").values(roles=["billing_agent"])
        )
    see(nora, f"/distributor/deals/{code}", "Only storefront managers")
    assert nora.post(f"/distributor/deals/{code}/approve", {"version": "1"}).status_code == 403
    assert nora.post(RULES, {"valid_days": "1"}).status_code == 403
    assert state_of(queue, code) == "pending"


def test_the_rules_of_a_programme_have_a_page_below_it(queue: World, nora: Visit) -> None:
    see(nora, "/distributor/programmes/gold", RULES)
    page = see(nora, RULES, *REASONS)
    assert 'value="90"' in page
    typed = {
        "takes_deals": "y",
        "valid_days": "60",
        "notice_days": "60",
        "extension_days": "0",
        "reasons": "Taken.\nNo.",
    }
    refused = nora.post(RULES, typed)
    assert refused.status_code == 422
    assert "fewer days" in refused.text
    assert "Taken.\nNo." in refused.text
    assert nora.post(RULES, typed | {"valid_days": ""}).status_code == 422
    assert nora.post(RULES, typed | {"notice_days": "7"}).status_code == 303
    with queue.acting():
        assert deal_rules.of(the_programme().id) == deal_rules.Rules(True, 60, 7, 0, ["Taken.", "No."], False)
    approve(queue, code_of(queue))
    see(nora, f"/distributor/deals/{code_of(queue)}", "59 days left")


def test_the_queue_is_empty_filtered_and_sorted(queue: World, nora: Visit) -> None:
    reject(queue, code_of(queue))
    see(nora, "/distributor/deals?show=active", "No deal matches")
    see(nora, "/distributor/deals?show=closed&state=rejected&sort=-seats", "Rejected")
    see(nora, "/distributor/deals?registered.from=2020-01-01&kind=shared", "No deal matches")
