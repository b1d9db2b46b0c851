"""Orders, services, invoices: what their owner sees at every state, and that nobody else sees anything."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from billing.invoices import Invoice
from core import db, states
from core.errors import Refusal
from core.parties import Membership
from core.trail import TrailEntry
from provisioning.deliveries import Delivery, DeliveryState
from subscriptions import subscriptions
from subscriptions.subscriptions import Licence, LicenceState, Subscription, SubscriptionState
from tests.portal.conftest import Browser
from tests.races import at_once, raised
from tests.world import World


@pytest.fixture
def order(world: World, anna: Browser) -> str:
    """Ten licences, paid and not delivered yet."""
    world.give_credit("brightfield", 5000_00)
    code = world.buys("acme", "patch-y", 10)
    world.fund_by_hand(code)
    return code


@pytest.fixture
def service(world: World, order: str) -> str:
    """The delivered service of that order."""
    world.work()
    with world.acting():
        return db.session().scalars(select(Subscription.code)).one()


def becomes(world: World, state: DeliveryState, note: str = "") -> None:
    """The delivery came to this state."""
    with world.acting():
        delivery = db.session().scalars(select(Delivery)).one()
        for step in (DeliveryState.PROCESSING, state):
            if delivery.state is not step:
                states.move(delivery, step)
        delivery.note = note


@pytest.mark.parametrize(
    ("state", "words", "live"),
    [
        (DeliveryState.PROCESSING, "is setting it up", True),
        (DeliveryState.UNKNOWN, "You will not be charged twice", True),
        (DeliveryState.NEEDS_ACTION, "Your payment is safe", False),
        (
            DeliveryState.REFUSED,
            "We refund it or agree with you on something else",
            True,
        ),  # its refund begins
    ],
)
def test_every_state_of_a_delivery_says_what_happens_next(
    world: World, anna: Browser, order: str, state: DeliveryState, words: str, *, live: bool
) -> None:
    becomes(
        world,
        state,
        "Tenant 4711 is blocked." if state is DeliveryState.REFUSED else "wrong API key at the vendor",
    )
    page = anna.see(f"/orders/{order}")
    assert words in page
    assert ("data-poll" in page) is live
    assert ('<noscript><meta http-equiv="refresh"' in page) is live
    assert ("did not take this order" in page) is (state is DeliveryState.REFUSED)
    assert "API key" not in page
    assert "4711" not in page  # a vendor's words are for those who deal with it
    assert anna.get(f"/orders/{order}/progress").status_code == (200 if live else 286)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (DeliveryState.PROCESSING, "Being delivered"),
        (DeliveryState.UNKNOWN, "We are checking"),
        (DeliveryState.NEEDS_ACTION, "We are working on it"),
        (DeliveryState.REFUSED, "Not delivered in full"),
    ],
)
def test_the_list_says_what_the_page_of_the_order_says(
    world: World, anna: Browser, order: str, state: DeliveryState, words: str
) -> None:
    becomes(world, state)
    row = next(row for row in anna.see("/orders").split("<tr>") if order in row)
    assert words in row
    assert words in anna.see(f"/orders/{order}").split("</h1>")[1].split("</header>")[0]
    file = anna.get("/orders.csv").text
    assert words in next(line for line in file.splitlines() if order in line)


def test_progress_answers_nothing_while_nothing_changes_and_stops_at_the_end(
    world: World, anna: Browser, order: str
) -> None:
    address = anna.see(f"/orders/{order}").split('data-poll hx-get="/brightfield')[1].split('"')[0]
    assert anna.get(address).status_code == 204
    becomes(world, DeliveryState.PROCESSING)
    moved = anna.get(address)
    assert moved.status_code == 200
    assert "is setting it up" in moved.text
    world.work()
    ended = anna.get(address)
    assert ended.status_code == 286
    assert "Ready to use" in ended.text
    assert "data-poll" not in ended.text


def test_lists_search_filter_and_page(
    world: World, anna: Browser, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    unpaid = world.buys("acme", "patch-y", 1)
    assert unpaid in anna.see("/orders")
    assert unpaid not in anna.see("/orders?state=funded")
    assert unpaid in anna.see(f"/orders?q={unpaid.lower()[4:]}")
    assert "No order matches" in anna.see("/orders?q=zzz")
    assert service in anna.see("/services?q=0patch")
    assert "No service matches" in anna.see("/services?state=ended")
    assert unpaid in anna.see("/invoices?state=draft")
    assert "No invoice matches" in anna.see("/invoices?q=zzz-99")
    monkeypatch.setattr("storefront.lists.SIZES", (1,))
    first = anna.see("/orders?size=1")
    following = first.split('rel="next" href="/brightfield')[1].split('"')[0].replace("&amp;", "&")
    assert unpaid in first
    assert unpaid not in anna.see(following)
    assert anna.get("/orders?after=nonsense").status_code == 404


def test_empty_lists_say_what_to_do(anna: Browser) -> None:
    for path, words in (
        ("/orders", "No orders yet"),
        ("/services", "No services yet"),
        ("/invoices", "No invoices yet"),
        ("/basket", "basket is empty"),
    ):
        assert words in anna.see(path)


@pytest.mark.promise("QS1")
def test_a_stranger_finds_nothing(
    world: World, shop: Callable[..., Browser], anna: Browser, order: str, service: str
) -> None:
    with world.acting():
        invoice = db.session().scalars(select(Invoice.id)).one()
        seat = db.session().scalars(select(Licence.id).order_by(Licence.number)).first()
    anna.post(f"/services/{service}/assign", on=f"/services/{service}", to="paul")
    zoe = shop("harbour").sign_in("zoe")
    for path in (
        f"/orders/{order}",
        f"/orders/{order}/progress",
        f"/orders/{order}/pay",
        f"/services/{service}",
        f"/invoices/{invoice}",
    ):
        assert anna.get(path).status_code in (200, 286, 303), path
        assert zoe.get(path).status_code == 404, path
        assert shop("brightfield").get(path).status_code == 303, path
    for path, fields in (
        (f"/orders/{order}/cancel", {}),
        (f"/services/{service}/assign", {"to": "zoe"}),
        (f"/services/{service}/release", {"seat": str(seat)}),
    ):
        assert zoe.post(path, on="/basket", **fields).status_code == 404, path
    with world.acting():
        assert db.session().scalars(select(Licence.assignee).where(Licence.id == seat)).one() == "paul"
    for path in ("/orders", "/services", "/invoices"):
        assert "ORD-" not in zoe.see(path)
        assert "SUB-" not in zoe.see(path)


@pytest.mark.promise("QS6")
def test_a_cookie_of_one_shop_is_worth_nothing_in_another(
    world: World, shop: Callable[..., Browser], anna: Browser
) -> None:
    other = shop("harbour")
    other.client.set_cookie(anna.cookie_name, anna.cookie, domain="shop.test", path="/")
    assert "Sign in" in other.see("/")
    assert other.get("/orders").status_code == 303
    assert "Anna" in anna.see("/")


@pytest.mark.promise("QS6")
def test_a_renamed_cookie_opens_nothing_either(
    world: World, shop: Callable[..., Browser], anna: Browser
) -> None:
    other = shop("harbour")
    theirs = shop("harbour").sign_in("zoe")
    other.client.set_cookie(theirs.cookie_name, anna.cookie, domain="shop.test", path="/")
    assert other.get("/orders").status_code == 303


@pytest.mark.parametrize(
    ("roles", "path", "allowed"),
    [
        (["billing_agent"], "/invoices", True),
        (["cloud_administrator"], "/invoices", False),
        (["buyer"], "/checkout", True),
        (["subscriptions_manager"], "/checkout", False),
    ],
)
@pytest.mark.behaviour("I45", "I46")
def test_roles_decide_what_a_member_may_do(
    world: World, anna: Browser, roles: list[str], path: str, *, allowed: bool
) -> None:
    anna.post("/basket", product="patch", plan=world.plan("patch-y").id, quantity=1)
    with world.acting():
        member = (
            db.session()
            .scalars(select(Membership).where(Membership.id == world.people["anna"].membership_id))
            .one()
        )
        member.roles = roles
    answer = anna.get(path)
    assert answer.status_code == (200 if allowed else 403)
    assert allowed or "Please ask an administrator" in answer.text


# --- Seats ----------------------------------------------------------------------------------------


def test_a_seat_is_given_and_taken_back_and_the_trail_says_so(
    world: World, anna: Browser, service: str
) -> None:
    page = f"/services/{service}"
    assert anna.post(f"{page}/assign", on=page, to=" paul@acme.example ").status_code == 303
    again = anna.post(f"{page}/assign", on=page, to="Paul@acme.example")
    assert again.status_code == 422
    assert "has a seat" in again.text
    assert anna.post(f"{page}/assign", on=page, to="   ").status_code == 422
    with world.acting():
        seat = db.session().scalars(select(Licence).where(Licence.state == LicenceState.ASSIGNED)).one()
        assert seat.assignee == "paul@acme.example"
    assert anna.post(f"{page}/release", on=page, seat=seat.id).status_code == 303
    with world.acting():
        said = (
            db.session()
            .scalars(select(TrailEntry.what).where(TrailEntry.object_id == seat.id).order_by(TrailEntry.at))
            .all()
        )
    assert said == ["free -> assigned", "assigned -> free"]
    assert anna.post(f"{page}/release", on=page, seat="nonsense").status_code == 404


def test_no_seat_of_a_service_that_is_not_active(world: World, anna: Browser, service: str) -> None:
    with world.acting():
        states.move(db.session().scalars(select(Subscription)).one(), SubscriptionState.SUSPENDED)
    refused = anna.post(f"/services/{service}/assign", on=f"/services/{service}", to="paul")
    assert refused.status_code == 422
    assert "while the service is active" in refused.text


@pytest.mark.promise("QP5")
def test_twenty_at_once_get_exactly_the_ten_seats(world: World, service: str) -> None:
    def ask(number: int) -> bool:
        try:
            with world.acting("acme"):
                subscriptions.assign(subscriptions.find(service), f"person-{number}@acme.example")
        except Refusal:
            return False
        return True

    for _ in range(3):
        with ThreadPoolExecutor(8) as pool:
            got = list(pool.map(ask, range(20)))
        with world.acting():
            seats = db.session().scalars(select(Licence)).all()
            assert len({seat.assignee for seat in seats}) == 10
            assert sum(got) == 10
            for seat in seats:
                subscriptions.release(subscriptions.find(service), seat.id)


def test_of_two_clicks_at_once_for_one_person_one_gives_a_seat(world: World, service: str) -> None:
    def click() -> None:
        with world.acting("acme"):
            subscriptions.assign(subscriptions.find(service), "Ben@acme.example")

    for _ in range(3):
        [refused] = raised(at_once(click, click))
        assert isinstance(refused, subscriptions.HasSeat)
        with world.acting():
            [seat] = db.session().scalars(select(Licence).where(Licence.assignee.is_not(None))).all()
            subscriptions.release(subscriptions.find(service), seat.id)


def test_a_draft_invoice_says_so_and_a_paid_one_has_its_number(world: World, anna: Browser) -> None:
    world.buys("acme", "patch-y", 1)
    link = anna.see("/invoices").split('href="/brightfield/invoices/')[1].split('"')[0]
    assert "This is a draft" in anna.see(f"/invoices/{link}")
    assert anna.get("/invoices/nonsense").status_code == 404
