"""An order that was paid with too little left after the fee waits for the distributor, who covers it."""

from datetime import timedelta

from billing import gateways, payment_pages, payments
from billing.stripe_gateway import PaymentReport, SessionPage
from checkout import orders
from checkout.orders import OrderState
from core import db
from tests.visits import Visit
from tests.world import World, open_portal


def paid_with_a_large_fee(world: World) -> str:
    """Acme paid by card, and the fee ate what wholesale needs; the order's code."""
    open_portal(world)
    code = world.buys("acme", "patch-y", 10)
    with world.acting():
        payment = payments.of_order(orders.find(code).id)
        assert payment
        attempt = payment_pages.current_attempt(payment)
        later = db.session().info["now"] + timedelta(minutes=30)
        payment_pages.opened(attempt.id, SessionPage("cs_test_large_fee", "http://127.0.0.1:9/c", later))
        report = PaymentReport(
            "cs_test_large_fee",
            str(attempt.id),
            gateways.find().account_id,
            payment.amount.minor,
            payment.currency,
            "complete",
            True,
            "pi_test",
            payment.amount.minor // 2,
            None,
        )
        db.flush()
        payments.settle(report)
    return code


def test_an_uncovered_order_is_covered_once_the_reseller_has_credit(world: World, nora: Visit) -> None:
    code = paid_with_a_large_fee(world)
    assert world.order(code).state is OrderState.UNCOVERED
    page = nora.get(f"/distributor/orders/{code}")
    assert "Paid, but not covered" in page.text
    refused = nora.post(f"/distributor/orders/{code}/cover")
    assert refused.status_code == 422
    assert world.order(code).state is OrderState.UNCOVERED
    world.give_credit("brightfield", 500_00)
    assert nora.post(f"/distributor/orders/{code}/cover").status_code == 303
    assert world.order(code).state is OrderState.FUNDED
