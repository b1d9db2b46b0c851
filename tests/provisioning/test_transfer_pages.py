"""Transfers at the browser: both resellers' consoles, the distributor's, the customer's portal, the mails."""

import html

import pytest
from sqlalchemy import select

from core import db, parties
from core.tasks import Task
from core.work import WorkItem
from provisioning.transfers import ItemState, TransferState
from subscriptions.subscriptions import SubscriptionState
from tests.provisioning.moving import (
    befriend,
    half,
    in_transition,
    items,
    serve,
    serve_by_hand,
    service,
    taken_over,
)
from tests.vendors import Vendor
from tests.visits import Visit, make_app
from tests.world import World


def text(visit: Visit, path: str) -> str:
    """The words of a page that must be there."""
    answer = visit.get(path)
    assert answer.status_code == 200, (path, answer.status)
    return html.unescape(answer.text)


def code_of(world: World, customer: str = "acme") -> str:
    """A customer's code."""
    with world.acting():
        return parties.customer(world.customers[customer]).code


def asks(world: World, visit: Visit, *codes: str, **form: object) -> str:
    """Sends the form; the code of the request that it made."""
    filled = {"customer": code_of(world), "subscription": list(codes), "provider": "house", "consent": "1"}
    answer = visit.post("/reseller/transfers/new", filled | {"extend": "1"} | form)
    assert answer.status_code == 303, html.unescape(answer.text)[-3000:]
    return answer.location.split("/transfers/")[1].split("?")[0]


def mails(world: World) -> set[str]:
    """Which mails about transfers are due or gone."""
    with world.acting():
        kinds = db.session().scalars(select(Task.kind).where(Task.kind.like("mail_transfer%")))
        return {kind.removeprefix("mail_transfer_") for kind in kinds}


@pytest.mark.behaviour("M43", "M44", "M45", "M46", "M50", "M51")
def test_bea_hands_over_to_hugo_from_the_invitation_to_the_moved_service(shop: World, vendor: Vendor) -> None:
    service_code, keys = serve(shop), serve(shop, "patch-y", 1)
    in_transition(shop)
    app = make_app()
    bea, hugo = Visit(app).sign_in("bea"), Visit(app).sign_in("hugo")
    with shop.acting():
        brightfield = parties.reseller(shop.resellers["brightfield"]).code
    assert hugo.post("/reseller/transfers/partners", {"code": "RES-NOBODY"}).status_code == 422
    assert hugo.post("/reseller/transfers/partners", {"code": brightfield.lower()}).status_code == 303
    page = text(bea, "/reseller/transfers/partners")
    assert "In transition since" in page
    pair = page.split("/transfers/partners/TPA-")[1].split("/")[0]
    assert bea.post(f"/reseller/transfers/partners/TPA-{pair}/accept").status_code == 303
    assert code_of(shop) in text(bea, "/reseller/transfers/new")
    assert "No customer matches" in text(bea, "/reseller/transfers/new?q=nobody-at-all")
    form = text(bea, f"/reseller/transfers/new?customer={code_of(shop)}")
    assert "signed for their owner" in form
    assert "Harbour" in form
    refused = bea.post(
        "/reseller/transfers/new",
        {"customer": code_of(shop), "subscription": keys, "provider": "house", "consent": "1"},
    )
    assert refused.status_code == 422
    assert "buy it again at the other provider" in html.unescape(refused.text)
    request = asks(shop, bea, service_code, provider=f"TPA-{pair}", words="They move to you.")
    assert "They move to you." in text(hugo, f"/reseller/transfers/{request}")
    assert "Withdraw the request" in text(bea, f"/reseller/transfers/{request}")
    assert hugo.post(f"/reseller/transfers/{request}/reject", {"reason": ""}).status_code == 422
    assert hugo.post(f"/reseller/transfers/{request}/accept").status_code == 303
    page = text(bea, f"/reseller/transfers/{request}")
    assert "Being moved" in page
    assert f"/reseller/transfers/{request}/progress" in page  # asked for every two seconds
    assert bea.get(f"/reseller/transfers/{request}/progress").status_code == 200
    shop.work(10)
    assert bea.get(f"/reseller/transfers/{request}/progress").status_code == 286
    [new] = taken_over(shop, request)
    assert new.code in text(hugo, f"/reseller/transfers/{request}")
    assert new.code not in text(bea, f"/reseller/transfers/{request}")
    assert "Moved to Harbour" in text(bea, f"/reseller/subscriptions/{service_code}")
    assert "Taken over from another provider" in text(hugo, f"/reseller/subscriptions/{new.code}")
    anna = Visit(app, "/brightfield").sign_in("anna")
    assert "Moved to Harbour" in text(anna, f"/services/{service_code}")
    assert mails(shop) == {
        "partner_invited",
        "partner_answered",
        "asked",
        "decided",
        "finished_here",
        "finished_there",
        "told_customer",
    }


@pytest.mark.behaviour("M46", "M47")
def test_the_house_decides_at_the_distributors_console_and_lists_find_it(shop: World) -> None:
    code = serve(shop)
    in_transition(shop)
    app = make_app()
    bea, nora, hugo = Visit(app).sign_in("bea"), Visit(app).sign_in("nora"), Visit(app).sign_in("hugo")
    first = asks(shop, bea, code)
    again = bea.post(
        "/reseller/transfers/new",
        {"customer": code_of(shop), "subscription": code, "provider": "house", "consent": "1"},
    )
    assert again.status_code == 409
    assert first in again.text
    assert nora.post(f"/distributor/transfers/{first}/reject", {"reason": "Not yet."}).status_code == 303
    assert "Not yet." in text(bea, f"/reseller/transfers/{first}")
    second = asks(shop, bea, code)
    assert bea.post(f"/reseller/transfers/{second}/withdraw").status_code == 303
    third = asks(shop, bea, code)
    assert 'Transfers</span><span class="count count--accent">1<' in nora.get("/distributor/staff").text
    assert hugo.get(f"/reseller/transfers/{third}").status_code == 404
    assert hugo.post(f"/reseller/transfers/{third}/withdraw").status_code == 404
    for page in (
        text(nora, "/distributor/transfers?q=acme"),
        text(bea, "/reseller/transfers?show=out&sort=customer"),
    ):
        assert all(one in page for one in (first, second, third))
    assert third not in text(bea, "/reseller/transfers?state=withdrawn")
    assert "No transfer matches" in text(bea, "/reseller/transfers?show=in")
    assert third in text(nora, "/distributor/transfers.csv")
    assert third in text(bea, "/reseller/transfers.csv?state=asked")
    assert nora.post(f"/distributor/transfers/{third}/accept").status_code == 303
    shop.work(10)
    assert half(shop, third).state is TransferState.DONE


def test_what_the_vendor_refuses_or_leaves_open_is_said_and_a_person_can_go_on(
    shop: World, vendor: Vendor
) -> None:
    first, second = serve(shop), serve(shop)
    in_transition(shop)
    app = make_app()
    bea, nora = Visit(app).sign_in("bea"), Visit(app).sign_in("nora")
    vendor.feels({"kind": "refuse", "message": "Not to them.", "times": 1}, {"kind": "inquire", "times": 1})
    request = asks(shop, bea, first, second)
    nora.post(f"/distributor/transfers/{request}/accept")
    shop.work(10)
    page = text(nora, f"/distributor/transfers/{request}")
    assert "Not to them." in page
    states = {item.state for item in items(shop, request)}
    assert states == {ItemState.REFUSED, ItemState.NEEDS_ACTION}
    assert "Not to them." not in text(bea, f"/reseller/transfers/{request}")
    assert {service(shop, code).state for code in (first, second)} == {
        SubscriptionState.ACTIVE,
        SubscriptionState.MOVING,
    }
    with shop.acting():
        [item] = db.session().scalars(select(WorkItem).where(WorkItem.closed_at.is_(None)))
        assert (item.kind, request in item.words) == ("parked transfer", True)
    call = page.split("/transfers/calls/")[1].split("/")[0]
    assert nora.post(f"/distributor/transfers/calls/{call}/resolve", {"why": ""}).status_code == 422
    vendor.feels()
    assert nora.post(f"/distributor/transfers/calls/{call}/retry").status_code == 303
    shop.work(10)
    assert half(shop, request).state is TransferState.PARTLY
    assert "Not everything has moved" in text(bea, f"/reseller/transfers/{request}")


def test_what_a_person_has_seen_at_the_vendor_is_noted_or_stays(shop: World, vendor: Vendor) -> None:
    first, second = serve(shop), serve(shop)
    in_transition(shop)
    app = make_app()
    bea, nora = Visit(app).sign_in("bea"), Visit(app).sign_in("nora")
    vendor.feels({"kind": "inquire"})
    request = asks(shop, bea, first, second)
    nora.post(f"/distributor/transfers/{request}/accept")
    shop.work(10)
    page = text(nora, f"/distributor/transfers/{request}")
    calls = list(dict.fromkeys(part.split("/")[0] for part in page.split("/transfers/calls/")[1:]))
    resolved = nora.post(
        f"/distributor/transfers/calls/{calls[0]}/resolve", {"external_id": "sub-by-hand", "why": "I looked."}
    )
    assert resolved.status_code == 303
    assert (
        nora.post(f"/distributor/transfers/calls/{calls[1]}/refuse", {"why": "They said no."}).status_code
        == 303
    )
    assert [item.state for item in items(shop, request)] == [ItemState.MOVED, ItemState.REFUSED]
    assert (service(shop, first).state, service(shop, second).state) == (
        SubscriptionState.MOVED,
        SubscriptionState.ACTIVE,
    )


def test_who_is_no_administrator_or_manager_may_look_and_not_act(world: World) -> None:
    code, pair = serve_by_hand(world), befriend(world)
    in_transition(world)
    with world.acting():
        bea_is = db.session().scalars(
            select(parties.Membership).where(parties.Membership.id == world.people["bea"].membership_id)
        )
        bea_is.one().roles = ["billing_agent"]
    bea = Visit(make_app()).sign_in("bea")
    filled = {"customer": code_of(world), "subscription": code, "provider": "house", "consent": "1"}
    assert bea.post("/reseller/transfers/new", filled).status_code == 403
    assert bea.post(f"/reseller/transfers/partners/{pair}/end").status_code == 403
    assert bea.post("/reseller/transfers/partners", {"code": "RES-X"}).status_code == 403
    assert "Only subscriptions managers" in text(bea, f"/reseller/transfers/new?customer={code_of(world)}")


def test_the_distributor_says_who_is_in_transition(world: World) -> None:
    nora = Visit(make_app()).sign_in("nora")
    with world.acting():
        code = parties.reseller(world.resellers["brightfield"]).code
    assert nora.post("/distributor/transfers/transition", {"code": "RES-NOBODY"}).status_code == 404
    assert nora.post("/distributor/transfers/transition", {"code": code}).status_code == 303
    assert nora.post("/distributor/transfers/transition", {"code": code}).status_code == 409
    assert "Brightfield" in text(nora, "/distributor/transfers/transition")
    assert nora.post(f"/distributor/transfers/transition/{code}/end").status_code == 303
    assert "Nobody is in transition" in text(nora, "/distributor/transfers/transition")
