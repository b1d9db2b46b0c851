"""What a customer sees and does about the end of a service, what its reseller may do for it, and what is left
of a shop whose plan has ended."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from catalog.products import Plan
from checkout.orders import PayBy
from core import db
from core.parties import Membership
from provisioning import lifecycles
from storefront.portal.services import WORDS
from subscriptions import cancellations, subscriptions
from subscriptions.subscriptions import Subscription, SubscriptionState
from tests.portal.conftest import Browser
from tests.world import World

Open = Callable[..., Browser]


@pytest.fixture
def service(world: World, anna: Browser) -> str:
    """Acme's licences for a year; the code of the service."""
    world.fund_by_hand(world.buys("acme", "patch-y", 2))
    world.work()
    return the(world).code


def the(world: World) -> Subscription:
    """The subscription of a customer."""
    with world.acting():
        return db.session().scalars(select(Subscription).where(Subscription.customer_id.is_not(None))).one()


def ends(world: World) -> str:
    """The end as pages write it."""
    at = the(world).ends_at
    return f"{at:%-d %b %Y, %H:%M} UTC" if at else ""


def test_the_page_says_before_the_end_when_it_ends_and_how_to_go_on(
    world: World, anna: Browser, service: str
) -> None:
    page = anna.see(f"/services/{service}")
    assert f"Ends on {ends(world)}" in page
    assert "Renewals are not offered yet: order it again before that day" in page
    assert 'href="/brightfield/p/patch"' in page


@pytest.mark.behaviour("H61", "P52")
def test_a_customer_cancels_after_reading_what_that_means_and_keeps_it_after_all(
    world: World, anna: Browser, service: str
) -> None:
    asked = anna.see(f"/services/{service}/cancel")
    assert ends(world) in asked
    assert "its licences are no longer valid" in asked
    assert anna.post(f"/services/{service}/cancel", on=f"/services/{service}/cancel").status_code == 303
    page = anna.see(f"/services/{service}")
    assert f"Cancelled: ends on {ends(world)}" in page
    assert "Anna cancelled it." in page
    assert "Keep it" in page
    assert "Cancelled" in anna.see("/services")
    assert anna.post(f"/services/{service}/cancel", on=f"/services/{service}").status_code == 409
    assert anna.post(f"/services/{service}/keep", on=f"/services/{service}").status_code == 303
    page = anna.see(f"/services/{service}")
    assert "Kept after all" in page
    assert "Cancelled to the end of the term" in page
    assert f"Ends on {ends(world)}" in page


def test_within_its_window_the_page_says_what_goes_back_and_holds_to_it(
    world: World, anna: Browser, service: str
) -> None:
    assert "End it now" not in anna.see(f"/services/{service}")
    assert anna.get(f"/services/{service}/cancel?when=now").status_code == 409
    with world.acting():
        db.session().execute(update(Plan).where(Plan.code == "patch-y").values(trial_days=30))
    world.fund_by_hand(world.buys("acme", "patch-y", 2))
    world.work()
    with world.acting():
        service = (
            db.session().scalars(select(Subscription.code).order_by(Subscription.id.desc())).first() or ""
        )
    assert "49.90 would go back now" in anna.see(f"/services/{service}")
    asked = f"/services/{service}/cancel?when=now"
    assert "This cannot be taken back" in anna.see(asked)
    at = f"/services/{service}/cancel"
    assert anna.post(at, on=asked, when="now", back="9999").status_code == 409
    assert anna.post(at, on=asked, when="now", back="4990").status_code == 303
    page = anna.see(f"/services/{service}")
    assert "Being ended at once" in page
    assert "Ended at once, within its window" in page
    assert "Keep it" not in page
    world.work()
    assert "Ended on" in anna.see(f"/services/{service}")


def test_while_it_is_ending_the_page_says_ending_and_afterwards_ended(
    world: World, anna: Browser, service: str
) -> None:
    world.goes_on(to=the(world).ends_at, work=False)
    with world.acting():
        lifecycles.watch()
    page = anna.see(f"/services/{service}")
    assert f"Ending since {ends(world)}" in page
    assert "Ended" not in page
    world.work()
    page = anna.see(f"/services/{service}")
    assert f"Ended on {ends(world)}" in page
    assert page.count("Revoked") == 2
    assert "Cancel at the end" not in page
    assert anna.get(f"/services/{service}/cancel").status_code == 409


def test_a_person_without_the_role_may_look_but_not_cancel(world: World, anna: Browser, service: str) -> None:
    with world.acting():
        member = db.session().scalars(select(Membership).where(Membership.name == "Anna")).one()
        member.roles = ["buyer"]
    assert "Your role may not cancel" in anna.see(f"/services/{service}")
    assert anna.get(f"/services/{service}/cancel").status_code == 403
    assert anna.post(f"/services/{service}/cancel", on=f"/services/{service}").status_code == 403


def test_its_reseller_cancels_for_the_customer_who_reads_who_did_it(
    world: World, shop: Open, anna: Browser, service: str
) -> None:
    bea = shop().sign_in("bea")
    at = f"/reseller/subscriptions/{service}"
    assert "Acme" in bea.see(f"{at}/cancel")
    assert bea.post(f"{at}/cancel", on=f"{at}/cancel").status_code == 303
    page = anna.see(f"/services/{service}")
    assert "Bea of Brightfield cancelled it." in page
    assert "Keep it" not in page
    assert anna.post(f"/services/{service}/keep", on=f"/services/{service}").status_code == 403
    assert bea.post(f"{at}/keep", on=at).status_code == 303
    assert "Kept after all" in bea.see(at)


def test_the_distributor_leaves_a_customer_s_service_to_its_reseller(
    world: World, shop: Open, service: str
) -> None:
    nora = shop().sign_in("nora")
    at = f"/distributor/subscriptions/{service}"
    assert "the two of them cancel or keep it" in nora.see(at)
    assert nora.get(f"{at}/cancel").status_code == 409
    assert nora.post(f"{at}/cancel", on=at).status_code == 403
    with world.acting():
        assert cancellations.standing(subscriptions.find(service).id) is None


@pytest.mark.behaviour("I29")
def test_a_closed_shop_sells_nothing_and_its_customers_still_find_what_they_have(
    world: World, shop: Open
) -> None:
    world.give_credit("brightfield", 500_00)
    world.buys("brightfield", "standard-m", pay_by=PayBy.ACCOUNT, alias="brightfield")
    world.work()
    with world.acting():
        plan = db.session().scalars(select(Subscription)).one()
        world.storefronts["brightfield"] = world.storefronts["northwind"]
    anna = shop("brightfield").sign_in("anna")
    world.fund_by_hand(world.buys("acme", "patch-y", 1))
    world.work()
    code = the(world).code
    bea, nora = shop().sign_in("bea"), shop().sign_in("nora")
    assert "Standard: Ends on" in bea.see("/reseller/plans")
    at = f"/distributor/subscriptions/{plan.code}"
    assert nora.post(f"{at}/cancel", on=f"{at}/cancel").status_code == 303
    assert "Nora of Northwind cancelled it." in bea.see(f"/reseller/subscriptions/{plan.code}")
    world.goes_on(to=plan.ends_at)
    for path in ("/", "/p/patch", "/search?q=patch", "/basket", "/checkout"):
        answer = anna.get(path)
        assert (answer.status_code, "Nothing can be ordered at Brightfield" in answer.text) == (404, True), (
            path
        )
    for path in ("/services", f"/services/{code}", "/orders", "/invoices", "/help"):
        anna.see(path)
    assert "Sign in to see what you have" in shop("brightfield").get("/").text
    assert "is closed" in bea.see("/reseller/plans")
    assert "Your storefront is closed" in bea.see("/reseller/branding")
    assert the(world).state is SubscriptionState.ACTIVE


def test_every_state_has_its_words() -> None:
    assert set(WORDS) == {state.value for state in SubscriptionState}
