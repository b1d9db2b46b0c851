"""Guards of deliveries: bought once, ended once, moved once."""

from tests.mutants.trials import Mutant

ENDINGS = "tests/provisioning/test_endings.py::test_"
WINDOWS = "tests/provisioning/test_windows.py::test_"
CANCELLING = "tests/provisioning/test_cancelling.py::test_"
ITEMS = "tests/provisioning/test_work_items.py::test_"
TRANSFERS = "tests/provisioning/test_transfers.py::test_"
MOVES = "tests/provisioning/test_moves.py::test_"
OFFERS = "tests/checkout/test_offers.py::test_"
ADD_ONS = "tests/provisioning/test_add_ons.py::test_"
RESTORED = (
    "tests/resilience/test_restore.py"
    "::test_after_a_restore_nothing_is_bought_or_charged_twice_and_nothing_is_forgotten"
)

MUTANTS = (
    Mutant(
        "nothing is sent while the base is to come",
        "provisioning/add_ons.py",
        "if base in COMES:",
        "if False:",
        ADD_ONS + "what_an_add_on_does_follows_from_its_base",
    ),
    Mutant(
        "an add-on of what never came is refused",
        "provisioning/add_ons.py",
        "if base not in STANDING:",
        "if False:",
        OFFERS + "a_refused_base_refuses_its_add_on_and_both_go_back",
    ),
    Mutant(
        "an add-on waits for its base",
        "provisioning/fulfilment.py",
        "add_ons.after_its_base(under)",
        "pass",
        OFFERS + "a_refused_base_refuses_its_add_on_and_both_go_back",
    ),
    Mutant(
        "a moved service ends under its new id",
        "provisioning/fulfilment.py",
        "func.coalesce(TransferCall.new_external_id, VendorRecord.external_id)",
        "func.coalesce(VendorRecord.external_id, TransferCall.new_external_id)",
        MOVES + "what_has_moved_ends_at_the_vendor_under_its_new_id",
    ),
    Mutant(
        "the same reference after a restore",
        "provisioning/fulfilment.py",
        '"reference": restorations.reference_of(line.id, Action.PROVISION),',
        '"reference": uuid4(),',
        RESTORED,
    ),
    Mutant(
        "an old order is doubted when it is funded",
        "provisioning/fulfilment.py",
        "if any(restored for _, _, restored in rows):",
        "if not rows:",
        "tests/resilience/test_restore.py::test_an_order_from_before_a_restore_that_is_paid_later_is_looked_up_first",
    ),
    Mutant(
        "nothing cancelled becomes active",
        "provisioning/fulfilment.py",
        "if delivery.action == Action.PROVISION and (found.cancellation or delivery.state not in GOING_ON):",
        "if False:",
        CANCELLING + "what_the_vendor_works_on_is_ended_there_before_money_goes_back",
    ),
    Mutant(
        "nothing cancelled is sent",
        "provisioning/fulfilment.py",
        "if wish is not None and not task.intent_open:",
        "if False:",
        CANCELLING + "a_wish_that_comes_while_a_worker_has_it_in_hand_is_heard_before_it_asks",
    ),
    Mutant(
        "a delivery waits for one thing",
        "provisioning/stops.py",
        'work.close_about(delivery.id, f"It is a {kind} now.", but=kind)',
        "",
        ITEMS + "an_unknown_delivery_that_is_parked_waits_for_one_thing",
    ),
    Mutant(
        "delivered after a refusal is known",
        "provisioning/fulfilment.py",
        "_bought_all_the_same(delivery, outcome) return",
        "return",
        ITEMS + "what_is_delivered_after_a_person_refused_it_is_known_to_somebody",
    ),
    Mutant(
        "add-ons end with their base",
        "provisioning/lifecycles.py",
        'begin_end(add_on, why="What it extends ends.")',
        "pass",
        OFFERS + "an_add_on_for_what_runs_belongs_to_it_and_ends_with_it",
    ),
    Mutant(
        "an add-on that comes late ends too",
        "provisioning/lifecycles.py",
        'begin_end(subscription, why="What it extends has ended.")',
        "pass",
        OFFERS + "an_add_on_that_comes_after_its_base_has_ended_ends_too",
    ),
    Mutant(
        "the latest notice alone",
        "provisioning/lifecycles.py",
        "return due[-1] if due else None",
        "return due[0] if due else None",
        ENDINGS + "after_a_pause_of_the_scheduler_only_the_latest_notice_is_sent",
    ),
    Mutant(
        "an add-on left behind waits for a person",
        "provisioning/moves.py",
        "is not None and base[0] is ItemState.MOVED:\n        _queue(",
        "is not None and base[0] is ItemState.ASKED:\n        _queue(",
        "tests/provisioning/test_add_ons.py::test_an_add_on_that_the_vendor_does_not_move_after_its_base_waits_for_a_person",
    ),
    Mutant(
        "the quantity of the request",
        "provisioning/moves.py",
        "quantity=found.mine.quantity, price",
        "quantity=held.quantity, price",
        TRANSFERS + "a_change_of_quantity_after_the_request_is_not_carried_over",
    ),
    Mutant(
        "a move is doubted after a restore",
        "provisioning/restorations.py",
        "known += db.session().scalars(moving)",
        "pass",
        MOVES + "after_a_restore_a_move_is_looked_up_before_it_is_asked_again",
    ),
    Mutant(
        "doubt after a restore",
        "provisioning/restorations.py",
        'held = {"intent_open": True,',
        'held = {"intent_open": False,',
        RESTORED,
    ),
    Mutant(
        "a declined difference is not presented again",
        "provisioning/service_definitions.py",
        "if quiet and not _is_news(source, found.digest):",
        "if False:",
        "tests/provisioning/test_service_definitions.py"
        "::test_a_later_difference_is_one_review_and_changes_nothing_by_itself",
    ),
    Mutant(
        "add-ons travel with their base",
        "provisioning/transfer_requests.py",
        "_with_add_ons(_chosen(reseller_id, customer, asking.subscription_codes))",
        "_chosen(reseller_id, customer, asking.subscription_codes)",
        ADD_ONS + "add_ons_travel_with_their_base_and_never_alone",
    ),
    Mutant(
        "deciding and withdrawing take turns",
        "provisioning/transfers.py",
        "select(Transfer) .where(Transfer.code == code, ~Transfer.incoming) .with_for_update()",
        "select(Transfer).where(Transfer.code == code, ~Transfer.incoming)",
        TRANSFERS + "of_accepting_and_withdrawing_at_once_exactly_one_wins",
    ),
    Mutant(
        "first a relation",
        "provisioning/transfer_requests.py",
        "if not asking.extend: raise NoRelation(provider.name)",
        "if not asking.extend: theirs = customer",
        TRANSFERS + "without_a_relation_between_provider_and_customer_nothing_is_asked_for",
    ),
    Mutant(
        "the customer agrees to a transfer",
        "provisioning/transfer_requests.py",
        "if not asking.consent:",
        "if False:",
        TRANSFERS + "without_the_customers_consent_nothing_is_copied_or_asked",
    ),
    Mutant(
        "one customer in a request",
        "provisioning/transfer_requests.py",
        "if any(one.customer_id != customer.id for one in found):",
        "if False:",
        TRANSFERS + "a_request_is_about_one_or_more_subscriptions_of_one_customer",
    ),
    Mutant(
        "only the provider accepts",
        "provisioning/transfer_answers.py",
        'own; what cannot any more stays where it is and says why."""'
        " leaving, coming = transfers.halves(code) if coming.reseller_id != provider_id:",
        'own; what cannot any more stays where it is and says why."""\n'
        "    leaving, coming = transfers.halves(code)\n    if False:",
        TRANSFERS + "only_the_provider_decides_and_only_the_asker_withdraws",
    ),
    Mutant(
        "looked at again when it is accepted",
        "provisioning/transfer_answers.py",
        "why = _why_not_now(subscription)",
        "why = None",
        TRANSFERS + "what_became_unmovable_before_it_was_accepted_stays_and_says_why",
    ),
    Mutant(
        "a window has an end",
        "provisioning/windows.py",
        "if at < until:",
        "if True:",
        WINDOWS + "the_window_is_open_to_its_last_instant_and_not_at_it",
    ),
    Mutant(
        "each leg gives back the share of its own price",
        "provisioning/windows.py",
        "share=share,",
        "",
        WINDOWS + "what_the_reseller_paid_goes_back_by_the_share_of_its_own_price",
    ),
    Mutant(
        "what goes back is what was shown",
        "provisioning/windows.py",
        "if seen != window.back.minor:",
        "if False:",
        WINDOWS + "within_a_cancellation_window_the_days_that_have_not_begun_go_back",
    ),
    Mutant(
        "one end at once is one",
        "subscriptions/cancellations.py",
        "if earlier is not None and earlier.back is not None:",
        "if False:",
        WINDOWS + "of_many_who_end_it_one_does_whoever_cancelled_it_before",
    ),
    Mutant(
        "a key that cannot be read is not kept",
        "provisioning/connectors/fields.py",
        "return None if self._can_be_read(value) else self._not_right()",
        "return None",
        "tests/distributor/test_engine.py::test_wrong_settings_are_refused_with_the_input_kept",
    ),
    Mutant(
        "no window for what was taken over",
        "provisioning/windows.py",
        "(OrderLine.id == subscription.order_line_id) & (OrderLine.reseller_id == subscription.reseller_id)",
        "OrderLine.id == subscription.order_line_id",
        WINDOWS + "what_was_taken_over_from_another_provider_has_no_window",
    ),
    Mutant(
        "an add-on ends once",
        "provisioning/windows.py",
        "and not _ends_at_once(add_on)",
        "",
        WINDOWS + "add_ons_end_with_their_base_each_paid_back_by_its_own_window",
    ),
)
