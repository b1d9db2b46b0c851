"""A service is ended at once and paid back within the window that was sold with it: all of the price within a
trial, the days that have not begun within a cancellation window; and never before the vendor has confirmed
the end."""

from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import select, update

from billing.refunds import Refund, RefundShare
from catalog import listings
from catalog.listings import Listing
from catalog.products import Plan
from checkout.orders import OrderWholesale
from core import db
from core.clock import business_now
from core.money import Money
from provisioning import windows
from provisioning.deliveries import ConnectorSettings
from storefront import doctor
from subscriptions import cancellations, subscriptions
from subscriptions.cancellations import AlreadyCancelled
from subscriptions.subscriptions import Subscription, SubscriptionState
from tests.checkout.offer_stage import open_offers
from tests.provisioning.moving import serve
from tests.races import at_once, raised
from tests.world import World, open_portal

PAID = Money(3 * 24_95, "EUR")
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def bought(world: World, **window: int) -> datetime:
    """Acme pays for three licences of a plan with a window; when they were delivered."""
    open_portal(world)
    with world.acting():
        db.session().execute(update(Plan).where(Plan.code == "patch-y").values(**window))
    world.fund_by_hand(world.buys("acme", "patch-y", 3))
    world.work()
    with world.acting():
        starts = the().starts_at
    assert starts
    return starts


def the() -> Subscription:
    return db.session().scalars(select(Subscription)).one()


def refunds_of(world: World) -> list[tuple[Money, str]]:
    with world.acting():
        return [(one.amount, one.why) for one in db.session().scalars(select(Refund))]


def uses(world: World, seen: Money | None = None) -> None:
    """Anna ends it, having read what goes back; or some other amount."""
    with world.acting("acme"):
        window = windows.of(the(), business_now())
        shown = seen or (window.back if window else PAID)
        windows.use(the(), by="Anna", seen=shown.minor)


def test_within_its_trial_it_ends_at_once_and_all_goes_back_once(world: World) -> None:
    starts = bought(world, trial_days=30)
    world.goes_on(days=12)
    uses(world)
    assert refunds_of(world) == []
    world.work()
    with world.acting():
        assert the().state is SubscriptionState.ENDED
        ends = the().ends_at
    assert ends
    assert ends < starts + 13 * DAY
    assert refunds_of(world) == [(PAID, windows.WHY)]
    world.goes_on(days=1)
    assert refunds_of(world) == [(PAID, windows.WHY)]
    assert doctor.examine() == []


def test_the_window_is_open_to_its_last_instant_and_not_at_it(world: World) -> None:
    starts = bought(world, cancellation_days=7)
    with world.acting("acme"):
        last = windows.of(the(), starts + 7 * DAY - SECOND)
        assert last
        assert (last.until, last.trial) == (starts + 7 * DAY, False)
        assert windows.of(the(), starts + 7 * DAY) is None
    world.goes_on(to=starts + 7 * DAY)
    with pytest.raises(windows.WindowIsOver):
        uses(world)


def test_within_a_cancellation_window_the_days_that_have_not_begun_go_back(world: World) -> None:
    starts = bought(world, cancellation_days=7)
    days = (starts.replace(year=starts.year + 1) - starts).days
    with world.acting("acme"):
        shown = [windows.of(the(), starts + n * DAY) for n in range(3)]
    rest = [PAID.times(Fraction(days - n, days)) for n in (1, 2, 3)]
    assert [one.back for one in shown if one] == rest
    world.goes_on(to=starts + 2 * DAY)
    with pytest.raises(windows.BackChanged, match="Another day has begun"):
        uses(world, seen=rest[1])
    uses(world)
    world.work()
    assert refunds_of(world) == [(rest[2], windows.WHY)]
    assert doctor.examine() == []


@pytest.mark.parametrize("retail", [0, 1])
def test_what_the_reseller_paid_goes_back_by_the_share_of_its_own_price(world: World, retail: int) -> None:
    open_portal(world)
    world.give_credit("brightfield", 1_000_00)
    with world.acting():
        db.session().execute(update(Plan).where(Plan.code == "patch-y").values(cancellation_days=7))
    plan_id = world.plan("patch-y").id
    with world.acting("brightfield"):
        shelf = db.session().scalars(select(Listing).where(Listing.plan_id == plan_id)).one()
        listings.reprice(shelf, Money(retail, "EUR"))
    code = world.buys("acme", "patch-y")
    if retail:
        world.fund_by_hand(code)
    world.work()
    with world.acting("acme"):
        windows.use(the(), by="Anna", seen=retail)
    world.work()
    with world.acting():
        sold, starts = db.session().scalars(select(OrderWholesale)).one(), the().starts_at
        assert starts
        days = (starts.replace(year=starts.year + 1) - starts).days
        [back] = db.session().scalars(select(RefundShare.wholesale_minor))
        assert back == sold.total.times(Fraction(days - 1, days)).minor < sold.total.minor
    assert doctor.examine() == []


def test_what_has_no_window_is_cancelled_with_its_term_only(world: World) -> None:
    bought(world, trial_days=0)
    with pytest.raises(windows.WindowIsOver):
        uses(world)
    with world.acting("acme"):
        cancellations.cancel(the(), by="Anna")
    world.work()
    with world.acting():
        assert the().state is SubscriptionState.ACTIVE
    assert refunds_of(world) == []


def test_of_many_who_end_it_one_does_whoever_cancelled_it_before(world: World) -> None:
    bought(world, trial_days=30)
    with world.acting("brightfield"):
        cancellations.cancel(the(), by="Bea of Brightfield")
    refused = raised(at_once(*[lambda: uses(world)] * 4))
    assert [type(one) for one in refused] == [AlreadyCancelled] * 3
    with pytest.raises(AlreadyCancelled):
        uses(world)
    world.work()
    assert refunds_of(world) == [(PAID, windows.WHY)]


def test_nothing_goes_back_before_the_vendor_has_confirmed_the_end(world: World) -> None:
    bought(world, trial_days=30)
    with world.acting():
        db.session().execute(update(ConnectorSettings).values(paused=True))
    uses(world)
    world.work(1)
    with world.acting():
        assert the().state is SubscriptionState.ENDING
    assert refunds_of(world) == []


def test_what_was_taken_over_from_another_provider_has_no_window(world: World) -> None:
    bought(world, trial_days=30)
    with world.acting():
        subscriptions.begin_move(the(), to="Harbour")
        taken = subscriptions.move(
            the(),
            reseller_id=world.resellers["harbour"],
            customer_id=world.customers["zebra"],
            quantity=3,
            price=PAID,
            keys=(),
            to="Harbour",
            vanishes=False,
        )
        assert windows.of(taken, business_now()) is None


def test_add_ons_end_with_their_base_each_paid_back_by_its_own_window(shop: World) -> None:
    open_offers(shop)
    with shop.acting():
        db.session().execute(update(Plan).values(trial_days=30))
    base, add_on = serve(shop), serve(shop, "mail-shield-y", 1)
    with shop.acting("acme"):
        for code in (add_on, base):  # the add-on first, by itself: its base has nothing more to say of it
            service = subscriptions.find(code)
            window = windows.of(service, business_now())
            assert window
            windows.use(service, by="Anna", seen=window.back.minor)
    shop.work()
    with shop.acting():
        left = {one.code: one.state for one in db.session().scalars(select(Subscription))}
        assert left == {base: SubscriptionState.ENDED, add_on: SubscriptionState.ENDED}
    assert len(refunds_of(shop)) == 2
    assert doctor.examine() == []
