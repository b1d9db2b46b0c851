"""Guards of the money and of the standing right that it pays for."""

from tests.mutants.trials import Mutant

ENDINGS = "tests/provisioning/test_endings.py::test_"
REFUNDS = "tests/billing/test_refunds.py::test_"
PAYMENTS = "tests/billing/test_payments.py::test_"
WEBHOOKS = "tests/billing/test_webhooks.py::test_"
AGREEING = "tests/partners/test_customer_agreements.py::test_"
ADDING = "tests/reseller/test_adding_customers.py::test_"
WIRE = "tests/checkout/test_bank_transfer_requests.py::test_"

MUTANTS = (
    Mutant(
        "endpoints without a secret go",
        "storefront/distributor/gateway.py",
        "stripe_gateway.forget_other_endpoints(account, where, made)",
        "pass",
        WEBHOOKS + "an_endpoint_whose_secret_nobody_kept_goes_when_the_next_is_registered",
    ),
    Mutant(
        "credit defaults are for new partners",
        "billing/credit_terms.py",
        'if row is None or reseller.created_at != db.session().info["now"]:',
        "if row is None:",
        "tests/billing/test_credit_terms.py::test_who_is_a_reseller_already_keeps_its_terms",
    ),
    Mutant(
        "settled under a lock",
        "billing/payments.py",
        "select(Payment) .where(Payment.id == payment_id) .with_for_update()",
        "select(Payment).where(Payment.id == payment_id)",
        PAYMENTS + "settling_waits_for_whoever_is_cancelling",
    ),
    Mutant(
        "paid closes the other pages",
        "billing/payments.py",
        "close_pages(payment) on_us = fee",
        "on_us = fee",
        PAYMENTS + "when_one_page_is_paid_the_others_are_closed",
    ),
    Mutant(
        "a page that opens too late is closed",
        "billing/payment_pages.py",
        "payments.close_pages(payment) return payment.state",
        "return payment.state",
        PAYMENTS + "a_page_that_opens_while_its_order_is_cancelled_is_closed_and_nobody_is_led_to_it",
    ),
    Mutant(
        "a refund is looked for before it is asked",
        "billing/refund_calls.py",
        "payment, made = _payment_of(call), look_up(call)",
        "payment, made = _payment_of(call), None",
        "tests/billing/test_foreign_refunds.py::test_a_refund_that_a_restore_lost_is_found_and_not_made_again",
    ),
    Mutant(
        "never more back than captured",
        "billing/refund_requests.py",
        "if payment is not None and claim.amount > payments.refundable(payment):",
        "if False:",
        REFUNDS + "no_more_goes_back_than_was_captured_whatever_the_line_says",
    ),
    Mutant(
        "the database counts refunds",
        "billing/refunds.py",
        "UPDATE payments SET refunded_minor = refunded_minor + NEW.amount_minor",
        "UPDATE payments SET refunded_minor = refunded_minor + 0 * NEW.amount_minor",
        REFUNDS + "no_more_goes_back_than_was_captured_whatever_the_line_says",
    ),
    Mutant(
        "signature",
        "billing/stripe_gateway.py",
        "stripe.WebhookSignature.verify_header("
        "payload, signature, account.webhook_secret, SIGNATURE_TOLERANCE)",
        "pass",
        WEBHOOKS + "a_forgery_is_refused_without_any_effect",
    ),
    Mutant(
        "no silent zero",
        "billing/tax.py",
        "if seller.rate_points is None:",
        "if False:",
        "tests/billing/test_tax.py::test_a_country_without_a_rate_is_refused_by_name",
    ),
    Mutant(
        "what the seller cancelled",
        "subscriptions/cancellations.py",
        "if not may_take_back(tenancy.current().side, cancelled):",
        "if False:",
        ENDINGS + "what_the_seller_cancelled_the_buyer_cannot_take_back_but_the_seller_can",
    ),
    Mutant(
        "what runs holds a customer",
        "subscriptions/holdings.py",
        "if held:",
        "if not held:",
        f"{ADDING}who_still_holds_something_stays_and_the_page_says_the_way_out",
    ),
    Mutant(
        "an agreement before a seat",
        "subscriptions/subscriptions.py",
        "obligations.refuse_unless_agreed(subscription.reseller_id, subscription.customer_id,"
        " subscription.plan_id)",
        "pass",
        f"{AGREEING}no_seat_changes_while_an_agreement_is_missing",
    ),
    Mutant(
        "ended only by recording",
        "subscriptions/subscriptions.py",
        "SubscriptionState.ACTIVE: [ SubscriptionState.SUSPENDED, SubscriptionState.ENDING,"
        " SubscriptionState.MOVING, ],",
        "SubscriptionState.ACTIVE: list(SubscriptionState),",
        ENDINGS + "nothing_but_a_recorded_end_leads_to_ended",
    ),
    Mutant(
        "a movement is recorded once",
        "billing/bank_transfers.py",
        "if not _keep(transfer, amount, received_on, reference, by): raise RecordedAlready(reference)",
        "_keep(transfer, amount, received_on, reference, by)",
        WIRE + "one_movement_is_recorded_once_also_by_two_people_at_one_moment",
    ),
    Mutant(
        "a part of the money is not the money",
        "billing/bank_transfers.py",
        "if awaited and amount < payment.amount: raise TooLittle(amount, payment.amount)",
        "pass",
        WIRE + "nothing_is_delivered_before_the_money_is_recorded_and_then_the_books_balance",
    ),
)
