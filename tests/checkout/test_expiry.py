"""Orders that nobody pays end by themselves; money that comes too late is kept apart."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from billing import credit, ledger, payment_pages, payments
from billing.ledger import Account, JournalLine
from billing.payments import AttemptState, PaymentState
from billing.stripe_gateway import PaymentReport, SessionPage
from catalog import listings
from checkout import placing
from checkout.orders import Order, OrderState
from checkout.placing import Checkout
from core import claims, db, doors, parties, tenancy
from core.money import Money
from core.work import WorkItem
from partners import storefronts
from provisioning.deliveries import Delivery
from tests.world import World, open_portal


def unpaid_since_yesterday(world: World, code: str) -> None:
    """Its time to pay is over."""
    with world.acting():
        now = db.session().info["now"]
        db.session().execute(
            update(Order).where(Order.code == code).values(expires_at=now - timedelta(seconds=1))
        )


def page_at_stripe(world: World, code: str) -> tuple[str, str]:
    """The buyer opened the page at Stripe: (session id, attempt id)."""
    with world.acting():
        payment = payments.of_order(payments_order(code))
        assert payment
        attempt = payment_pages.current_attempt(payment)
        payment_pages.opened(
            attempt.id,
            SessionPage(
                "cs_late", "https://pay.example/cs_late", db.session().info["now"] + timedelta(minutes=31)
            ),
        )
        return "cs_late", str(attempt.id)


def payments_order(code: str) -> UUID:
    """The order's id."""
    return db.session().scalars(select(Order.id).where(Order.code == code)).one()


def test_an_unpaid_order_is_cancelled_when_its_time_is_over(world: World) -> None:
    open_portal(world)
    late, young = world.buys("acme", "patch-y"), world.buys("acme", "patch-y")
    unpaid_since_yesterday(world, late)
    run_periodic(world)
    assert world.order(late).state is OrderState.CANCELLED
    assert world.order(young).state is OrderState.AWAITING_PAYMENT


def test_the_alias_of_an_unpaid_plan_is_free_again(world: World) -> None:
    code = world.buys("brightfield", "standard-m", alias="brightfield")
    unpaid_since_yesterday(world, code)
    run_periodic(world)
    with world.acting():
        assert storefronts.of_reseller(world.resellers["brightfield"]) is None


def test_credit_held_for_an_unpaid_order_is_given_back(world: World) -> None:
    open_portal(world)
    world.give_credit("brightfield", 100_00)
    sell_below_wholesale(world)
    code = world.buys("acme", "patch-y", 2)
    with world.acting():
        assert credit.available(world.resellers["brightfield"], "EUR") < Money(100_00, "EUR")
    unpaid_since_yesterday(world, code)
    run_periodic(world)
    with world.acting():
        assert credit.available(world.resellers["brightfield"], "EUR") == Money(100_00, "EUR")


@pytest.mark.promise("QM5")
def test_money_after_expiry_goes_to_the_work_queue_and_delivers_nothing(world: World) -> None:
    open_portal(world)
    code = world.buys("acme", "patch-y")
    session_id, attempt_id = page_at_stripe(world, code)
    unpaid_since_yesterday(world, code)
    run_periodic(world)
    total = world.order(code).total
    with world.acting():
        report = PaymentReport(
            session_id,
            attempt_id,
            "acct_test",
            total.minor,
            total.currency,
            "complete",
            True,
            "pi_1",
            62,
            None,
        )
        assert payments.settle(report) is PaymentState.CANCELLED
    with world.acting():
        session = db.session()
        assert session.scalars(select(payments.PaymentAttempt.state)).one() is AttemptState.SURPLUS
        assert session.scalars(select(WorkItem.kind)).all() == ["unexpected payment"]
        assert session.scalars(select(Delivery.id)).all() == []
        assert ledger.balance(Account.UNEXPECTED, "EUR") == -total
        assert session.scalar(select(func.sum(JournalLine.minor))) == 0
    assert world.order(code).state is OrderState.CANCELLED


def test_a_shop_whose_clock_is_ahead_keeps_new_orders_open(world: World) -> None:
    open_portal(world)
    with world.acting():
        parties.the_distributor().business_offset = timedelta(days=40)
    world.put("acme", "patch-y")
    clearance = world.clearance("acme")
    ahead = replace(world.scope("acme"), offset=timedelta(days=40))
    with tenancy.acting_as(ahead), db.transaction(widened_because="placing an order"):
        code = placing.place(
            world.people["acme"], clearance, Checkout("once", world.storefronts["brightfield"])
        )
    run_periodic(world)
    assert world.order(code).state is OrderState.AWAITING_PAYMENT


def sell_below_wholesale(world: World) -> None:
    """Brightfield gives micropatches away for a cent."""
    with world.acting():
        plan = select(listings.Plan.id).where(listings.Plan.code == "patch-y").scalar_subquery()
        shelf = select(listings.Listing).where(
            listings.Listing.reseller_id == world.resellers["brightfield"], listings.Listing.plan_id == plan
        )
        listings.reprice(db.session().scalars(shelf).one(), Money(1, "EUR"))


def run_periodic(world: World) -> None:
    """The dispatcher made sure of the periodic tasks, and the workers did them."""
    doors.call(claims.PERIODIC, {"kinds": ["expire_orders"]})
    world.work()
