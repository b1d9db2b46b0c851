"""A subscription ends with its term: noticed before, ended at the vendor, and called ended only when the
vendor has confirmed it. The clock is the distributor's; time is passed with the time machine."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from catalog.products import ProductType
from checkout import orders, reseller_plans
from checkout.orders import PayBy
from core import db, periods, states, tenancy, trail
from core.ids import new_id
from core.tasks import Task
from core.tenancy import Side
from core.work import WorkItem
from partners.storefronts import Storefront, StorefrontState
from provisioning import connections, lifecycles, openings, resolutions
from provisioning.connectors.base import Action
from provisioning.deliveries import ConnectorSettings, Delivery, DeliveryState, VendorRecord
from storefront import doctor
from subscriptions import cancellations, subscriptions
from subscriptions.cancellations import Cancellation, CancellationState
from subscriptions.subscriptions import Licence, LicenceState, Subscription, SubscriptionState
from tests.races import at_once, raised
from tests.vendors import KEY, Vendor, in_the_end
from tests.world import World, open_portal

DAY = timedelta(days=1)
EARLIEST, LATEST = datetime(2024, 1, 1), datetime(2040, 1, 1)  # noqa: DTZ001 hypothesis adds the zone


@pytest.fixture
def patches(world: World) -> World:
    """Acme has three licences for a year, one of them in use."""
    open_portal(world)
    world.fund_by_hand(world.buys("acme", "patch-y", 3))
    world.work()
    with world.acting("acme"):
        subscriptions.assign(the(), "anton@acme.example")
    return world


@pytest.fixture
def mailboxes(world: World, vendor: Vendor) -> World:
    """Acme has a mailbox for a month, delivered by the vendor over HTTP."""
    open_portal(world)
    with world.acting():
        db.add(ConnectorSettings(connector="http_service", settings=vendor.settings))
    world.fund_by_hand(world.buys("acme", "m365-bb-m"))
    world.work()
    return world


def the() -> Subscription:
    """The only subscription of this world."""
    return db.session().scalars(select(Subscription)).one()


def end_of(world: World) -> datetime:
    with world.acting():
        ends = the().ends_at
    assert ends
    return ends


def state(world: World) -> SubscriptionState:
    with world.acting():
        return the().state


def the_end(world: World) -> Delivery:
    with world.acting():
        return db.session().scalars(select(Delivery).where(Delivery.action == Action.END.value)).one()


def announced(world: World) -> list[str]:
    """The notices that became mails: how many days before the end."""
    with world.acting():
        keys = db.session().scalars(select(Task.key).where(Task.kind == "mail_service_ends_soon"))
        return sorted(str(key).rpartition(":")[2] for key in keys)


# --- Ending -------------------------------------------------------------------------------------------------


def test_a_subscription_ends_with_its_term_and_its_licences_are_revoked(patches: World) -> None:
    ends = end_of(patches)
    patches.goes_on(to=ends - timedelta(seconds=5))
    assert state(patches) is SubscriptionState.ACTIVE
    patches.goes_on(to=ends)
    assert state(patches) is SubscriptionState.ENDED
    with patches.acting("acme"):
        seats = subscriptions.licences(the().id)
        assert {(seat.state, seat.assignee) for seat in seats} == {(LicenceState.REVOKED, None)}
        taken = [entry.told.get("taken_from") for seat in seats for entry in trail.of(seat.id)]
    assert "anton@acme.example" in taken
    assert doctor.examine() == []


@pytest.mark.parametrize("mood", [{"kind": "busy", "seconds": 1}, {"kind": "error_500_after", "times": 1}])
def test_it_is_ending_and_not_ended_until_the_vendor_s_answer_is_recorded(
    mailboxes: World, vendor: Vendor, mood: dict[str, object]
) -> None:
    vendor.feels(mood)
    mailboxes.goes_on(to=end_of(mailboxes))
    assert state(mailboxes) is SubscriptionState.ENDING
    assert the_end(mailboxes).state in (DeliveryState.PROCESSING, DeliveryState.UNKNOWN)
    vendor.feels()
    assert in_the_end(lambda: mailboxes.work(2) or state(mailboxes) is SubscriptionState.ENDED)
    assert vendor.sold(str(the_end(mailboxes).reference)) == 1
    assert doctor.examine() == []


def test_an_end_that_the_vendor_refuses_goes_to_a_person_who_says_when_it_is_done(
    mailboxes: World, vendor: Vendor
) -> None:
    vendor.feels({"kind": "refuse", "message": "Unpaid usage is open."})
    mailboxes.goes_on(to=end_of(mailboxes))
    end = the_end(mailboxes)
    with mailboxes.acting():
        [item] = db.session().scalars(select(WorkItem).where(WorkItem.about_id == end.id))
        assert (item.kind, item.words) == ("parked end", "The vendor does not end it: Unpaid usage is open.")
        kinds = set(db.session().scalars(select(Task.kind)))
        assert the().state is SubscriptionState.ENDING
    assert "mail_needs_attention" in kinds
    assert not kinds & {"mail_we_are_on_it", "mail_delivery_refused", "mail_service_ended"}
    assert doctor.examine() == []
    with mailboxes.acting(), pytest.raises(resolutions.NotGivenUp):
        resolutions.refuse(end.id, why="Let it be.")
    with mailboxes.acting():
        resolutions.resolve(end.id, external_id="sub-1", licences=(), why="Ended at the vendor's own desk.")
    assert state(mailboxes) is SubscriptionState.ENDED
    assert doctor.examine() == []


def test_what_the_vendor_has_ended_already_is_ended(mailboxes: World, vendor: Vendor) -> None:
    with mailboxes.acting():
        known_as = db.session().scalars(select(VendorRecord.external_id)).one()
    url = f"{vendor.url}/v1/subscriptions/{known_as}"
    headers = {"Authorization": f"Bearer {KEY}", "Idempotency-Key": "somebody-else"}
    assert httpx.delete(url, headers=headers).status_code == 200
    mailboxes.goes_on(to=end_of(mailboxes))
    assert state(mailboxes) is SubscriptionState.ENDED


def test_a_paused_connector_ends_nothing_until_it_goes_on(mailboxes: World, vendor: Vendor) -> None:
    with mailboxes.acting():
        connections.pause("http_service", why="Maintenance.")
    mailboxes.goes_on(to=end_of(mailboxes))
    assert state(mailboxes) is SubscriptionState.ENDING
    with mailboxes.acting():
        assert connections.resume("http_service") == 1
    mailboxes.work()
    assert state(mailboxes) is SubscriptionState.ENDED


def test_seats_are_not_assigned_while_it_is_ending(patches: World) -> None:
    with patches.acting():
        lifecycles.begin_end(the(), why="Its term is over.")
    with patches.acting("acme"), pytest.raises(subscriptions.NotAssignable, match="it is ending"):
        subscriptions.assign(the(), "bert@acme.example")


@pytest.mark.promise("QP8")
def test_nothing_but_a_recorded_end_leads_to_ended(patches: World) -> None:
    life = Subscription.LIFE
    assert [was for was in life if SubscriptionState.ENDED in life[was]] == [SubscriptionState.ENDING]
    with patches.acting(), pytest.raises(states.IllegalMove):
        subscriptions.end(the())
    assert state(patches) is SubscriptionState.ACTIVE


def test_a_service_that_does_not_end_with_its_term_runs_on_until_it_is_cancelled(patches: World) -> None:
    with patches.acting():
        db.session().execute(update(ProductType).values(ends_at_term=False))
    ends = end_of(patches)
    patches.goes_on(to=ends + 40 * DAY)
    assert state(patches) is SubscriptionState.ACTIVE
    assert announced(patches) == []
    assert doctor.examine() == []
    with patches.acting("acme"):
        asked = cancellations.cancel(the(), by="Anna")
        assert asked.ends_at == periods.nth(the().starts_at or ends, 2, periods.Term.YEAR)
    patches.goes_on(to=asked.ends_at)
    assert state(patches) is SubscriptionState.ENDED


# --- Notices ------------------------------------------------------------------------------------------------


def test_the_owner_is_told_30_7_and_1_days_before_the_end(patches: World) -> None:
    ends = end_of(patches)
    told: list[list[str]] = []
    for days in (31, 30, 29, 7, 2, 1):
        patches.goes_on(to=ends - days * DAY)
        told.append(announced(patches))
    assert told == [[], ["30"], ["30"], ["30", "7"], ["30", "7"], ["1", "30", "7"]]


@pytest.mark.behaviour("P46")
def test_a_monthly_service_is_not_announced_as_ending_when_it_has_just_begun(
    mailboxes: World,
) -> None:
    ends = end_of(mailboxes)
    mailboxes.goes_on(to=ends - 8 * DAY)
    assert announced(mailboxes) == []
    mailboxes.goes_on(to=ends - 7 * DAY)
    assert announced(mailboxes) == ["7"]


def test_after_a_pause_of_the_scheduler_only_the_latest_notice_is_sent(patches: World) -> None:
    patches.goes_on(to=end_of(patches) - 3 * DAY)
    assert announced(patches) == ["7"]


def test_after_a_pause_over_the_end_it_ends_without_belated_notices(patches: World) -> None:
    patches.goes_on(to=end_of(patches) + 3 * DAY)
    assert announced(patches) == []
    assert state(patches) is SubscriptionState.ENDED


def test_however_often_and_by_however_many_the_clock_is_looked_at_each_act_is_done_once(
    patches: World,
) -> None:
    ends = end_of(patches)
    for until, kind in ((ends - 7 * DAY, "mail_service_ends_soon"), (ends, "deliver")):
        patches.goes_on(to=until, work=False)

        def look() -> None:
            with patches.acting():
                lifecycles.watch()

        assert raised(at_once(*[look] * 6)) == []
        with patches.acting():
            added = db.session().scalars(select(Task).where(Task.kind == kind)).all()
        assert len(added) == (1 if kind != "deliver" else 2)


def test_one_subscription_whose_clock_fails_holds_up_no_other(patches: World) -> None:
    patches.fund_by_hand(patches.buys("acme", "patch-y", 1))
    patches.work()
    with patches.acting():
        broken, sound = db.session().scalars(select(Subscription).order_by(Subscription.id))
        broken.order_line_id = new_id()
    patches.goes_on(days=400)
    with patches.acting():
        after = dict(db.session().execute(select(Subscription.id, Subscription.state)).all())
    assert after == {broken.id: SubscriptionState.ACTIVE, sound.id: SubscriptionState.ENDED}


@given(
    starts=st.datetimes(EARLIEST, LATEST, timezones=st.just(UTC)),
    term=st.sampled_from(periods.Term),
    days=st.lists(st.integers(0, 400), max_size=6),
    late=st.timedeltas(timedelta(), timedelta(days=1200)),
)
def test_notices_lie_in_the_second_half_of_a_term_and_one_at_most_is_due(
    starts: datetime, term: periods.Term, days: list[int], late: timedelta
) -> None:
    ends = periods.end_of(starts, term)
    times = lifecycles.notices(starts, ends, days)
    assert times == sorted(times)
    assert all(starts < at < ends and (at - starts) >= (ends - starts) / 2 for at, _ in times)
    due = lifecycles.latest(times, starts + late)
    assert due == min((number for at, number in times if at <= starts + late), default=None)


# --- Cancelling ---------------------------------------------------------------------------------------------


def test_a_customer_cancels_to_the_end_of_the_term_and_may_keep_it_until_then(patches: World) -> None:
    ends = end_of(patches)
    with patches.acting("acme"):
        asked = cancellations.cancel(the(), by="Anna")
        assert (asked.ends_at, asked.side) == (ends, Side.CUSTOMER)
    with patches.acting("acme"), pytest.raises(cancellations.AlreadyCancelled):
        cancellations.cancel(the(), by="Anna")
    with patches.acting("acme"):
        cancellations.keep(the(), by="Anna")
    with patches.acting("acme"), pytest.raises(cancellations.NotCancelled):
        cancellations.keep(the(), by="Anna")
    with patches.acting("acme"):
        cancellations.cancel(the(), by="Anna")
    with patches.acting("acme"):
        told = [(entry.what, entry.person_id) for entry in trail.of(the().id)]
    anna = patches.people["acme"].person_id
    assert told[-3:] == [("cancelled", anna), ("kept", anna), ("cancelled", anna)]
    patches.goes_on(to=ends)
    assert state(patches) is SubscriptionState.ENDED
    with patches.acting():
        found = db.session().scalars(select(Cancellation.state).order_by(Cancellation.id)).all()
    assert found == [CancellationState.WITHDRAWN, CancellationState.DONE]
    assert doctor.examine() == []


@pytest.mark.promise("QP11")
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/St_Johns"])
def test_one_may_cancel_or_keep_until_the_last_second_of_the_term_and_not_at_its_end(
    patches: World, zone: str
) -> None:
    ends = end_of(patches).astimezone(ZoneInfo(zone))
    with patches.acting("acme"):
        service, second = the(), timedelta(seconds=1)
        assert cancellations.end_if_cancelled(service, ends - second) == ends
        for late in (ends, ends + second):
            with pytest.raises(cancellations.TermIsOver):
                cancellations.end_if_cancelled(service, late)
        asked = cancellations.cancel(service, by="Anna")
        cancellations.refuse_unless_kept(service, asked, ends - second)
        for late in (ends, ends + second):
            with pytest.raises(cancellations.TermIsOver):
                cancellations.refuse_unless_kept(service, asked, late)


def test_what_the_seller_cancelled_the_buyer_cannot_take_back_but_the_seller_can(patches: World) -> None:
    with patches.acting("brightfield"):
        cancellations.cancel(the(), by="Bea of Brightfield")
    with patches.acting("acme"), pytest.raises(cancellations.CancelledByOthers, match="Bea of Brightfield"):
        cancellations.keep(the(), by="Anna")
    with patches.acting("brightfield"):
        cancellations.keep(the(), by="Bea")
    with patches.acting("acme"):
        cancellations.cancel(the(), by="Anna")
    with patches.acting("brightfield"):
        cancellations.keep(the(), by="Bea")


@pytest.mark.promise("QP7")
def test_of_many_who_cancel_at_once_one_does_and_there_is_one_end(patches: World) -> None:
    def cancel(who: str) -> Callable[[], None]:
        def act() -> None:
            with patches.acting(who):
                cancellations.cancel(the(), by=who)

        return act

    ends = at_once(*[cancel(who) for who in ("acme", "brightfield") * 5])
    assert len([end for end in ends if isinstance(end, cancellations.AlreadyCancelled)]) == 9
    patches.goes_on(to=end_of(patches))
    with patches.acting():
        assert the().state is SubscriptionState.ENDED
        assert len(db.session().scalars(select(Cancellation)).all()) == 1


@pytest.mark.promise("QP7")
def test_of_keeping_and_ending_at_the_same_instant_exactly_one_wins(patches: World) -> None:
    with patches.acting():
        db.session().execute(update(ProductType).values(ends_at_term=False))
    with patches.acting("acme"):
        asked = cancellations.cancel(the(), by="Anna")
    patches.goes_on(to=asked.ends_at - timedelta(seconds=30), work=False)

    def keep() -> None:
        with patches.acting("acme"):
            cancellations.keep(the(), by="Anna")

    def end() -> None:
        late = replace(patches.scope(), offset=patches.offset + timedelta(minutes=2))
        with tenancy.acting_as(late), db.transaction():
            lifecycles.watch()

    [kept, ended] = at_once(keep, end)
    assert ended is None
    with patches.acting():
        stands = db.session().scalars(select(Cancellation)).one().state
        outcome = (the().state, stands, type(kept))
    assert outcome in (
        (SubscriptionState.ACTIVE, CancellationState.WITHDRAWN, type(None)),
        (SubscriptionState.ENDING, CancellationState.ASKED, cancellations.TermIsOver),
    )


# --- Reseller plans -----------------------------------------------------------------------------------------


@pytest.fixture
def standard(world: World) -> World:
    """Brightfield is on Standard, its shop is open, and Acme has bought there."""
    world.give_credit("brightfield", 1000_00)
    world.buys("brightfield", "standard-m", pay_by=PayBy.ACCOUNT, alias="brightfield")
    world.work()
    with world.acting():
        world.storefronts["brightfield"] = shop().id
    world.fund_by_hand(world.buys("acme", "patch-y", 2))
    world.work()
    return world


def shop() -> Storefront:
    """Brightfield's storefront, whatever its state."""
    chosen = select(Storefront).where(Storefront.alias == "brightfield").order_by(Storefront.id.desc())
    return db.session().scalars(chosen.limit(1)).one()


def plan(world: World) -> Subscription:
    """Brightfield's plan, the latest one."""
    chosen = select(Subscription).where(Subscription.customer_id.is_(None)).order_by(Subscription.id.desc())
    with world.acting():
        return db.session().scalars(chosen.limit(1)).one()


@pytest.mark.behaviour("I27", "I29")
def test_when_its_plan_ends_the_shop_is_closed_and_its_customers_services_go_on(standard: World) -> None:
    ends = plan(standard).ends_at
    now = standard.goes_on(to=ends)
    assert plan(standard).state is SubscriptionState.ENDED
    with standard.acting("acme"):
        assert the().state is SubscriptionState.ACTIVE
        assert {seat.state for seat in db.session().scalars(select(Licence))} == {LicenceState.FREE}
    with standard.acting("brightfield"):
        assert reseller_plans.current(standard.resellers["brightfield"]) is None
        assert shop().state is StorefrontState.CLOSED
        assert now < (shop().alias_kept_until or now) <= now + 30 * DAY
    assert doctor.examine() == []


def test_a_closed_shop_opens_again_as_it_was_with_another_plan(standard: World) -> None:
    standard.goes_on(to=plan(standard).ends_at)
    standard.buys("brightfield", "standard-m", pay_by=PayBy.ACCOUNT, alias="brightfield")
    standard.work()
    with standard.acting():
        assert (shop().id, shop().state) == (standard.storefronts["brightfield"], StorefrontState.OPEN)
        assert shop().alias_kept_until is None
    standard.goes_on(days=20)
    with standard.acting():
        assert shop().state is StorefrontState.OPEN


def test_the_address_of_a_closed_shop_is_free_after_the_grace_unless_a_plan_comes_or_a_service_runs(
    standard: World,
) -> None:
    standard.goes_on(to=plan(standard).ends_at)
    with standard.acting():
        kept_until = shop().alias_kept_until
    assert kept_until
    standard.goes_on(to=kept_until - timedelta(minutes=1))
    with standard.acting():
        assert shop().state is StorefrontState.CLOSED
    waiting = standard.buys("brightfield", "standard-m", alias="brightfield")
    standard.goes_on(to=kept_until)
    with standard.acting():
        assert shop().state is StorefrontState.CLOSED
        orders.cancel(orders.find(waiting), why="Changed its mind.")
    with standard.acting():
        assert openings.release_aliases() == 0  # Acme's service still runs
    with standard.acting("acme"):
        last = the().ends_at
    standard.goes_on(to=last)
    with standard.acting():
        openings.release_aliases()
        assert shop().state is StorefrontState.RELEASED


@pytest.mark.behaviour("I26")
def test_a_plan_that_is_replaced_ends_by_its_own_delivery_and_the_shop_stays_open(standard: World) -> None:
    first = plan(standard)
    standard.buys("brightfield", "free-m", alias="brightfield", pay_by=PayBy.ACCOUNT)
    standard.work()
    with standard.acting():
        ended = db.session().scalars(select(Subscription).where(Subscription.id == first.id)).one()
        assert ended.state is SubscriptionState.ENDED
        assert shop().state is StorefrontState.OPEN
        told = [entry.why for entry in trail.of(first.id) if entry.what == "active -> ending"]
    assert told == ["Another plan took its place."]
    assert doctor.examine() == []
