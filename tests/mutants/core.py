"""Guards of the database, the queue, sign-in and logs, of the migrations and of the table of reactions."""

from tests.mutants.trials import Mutant

DURABLE = "tests/provisioning/test_durable.py::test_"
QUEUE = "tests/core/test_queue.py::test_"
ITEMS = "tests/provisioning/test_work_items.py::test_"
ACCOUNTS = "tests/portal/test_accounts.py::test_"
FACTORS = "tests/portal/test_two_factor.py::test_"
DOMAINS = "tests/reseller/test_domain.py::test_"
PASSKEYS = "tests/portal/test_passkeys.py::test_"
SIGNING_IN = "tests/portal/test_sign_in_rules.py::test_"
TRANSFERS = "tests/provisioning/test_transfers.py::test_"
DISCOUNTS = "tests/checkout/test_discounts.py::test_"
MANAGING = "tests/partners/test_account_managers.py::test_"

MUTANTS = (
    Mutant(
        "who stands still is cut off",
        "core/roles.py",
        "SET idle_in_transaction_session_timeout = '{STANDS_STILL}'",
        "SET idle_in_transaction_session_timeout = 0",
        "tests/resilience/test_standing_still.py::test_whoever_stands_still_in_a_transaction_is_cut_off",
    ),
    Mutant(
        "a restore bars the database first",
        "storefront/backups.py",
        "bar(control, name, schema.RESTORING)",
        "",
        "tests/resilience/test_restore.py::test_nothing_starts_before_a_restored_database_was_compared",
    ),
    Mutant(
        "uses come back",
        "app.py",
        "discounts.release, bank_transfer_requests.end,",
        "bank_transfer_requests.end,",
        DISCOUNTS + "an_order_that_is_given_up_gives_its_uses_back",
    ),
    Mutant(
        "every stop is told",
        "app.py",
        'Later("mail_needs_attention"),',
        'Later("mail_needs_attention", key="delivery_id"),',
        ITEMS + "every_stop_is_told_to_the_distributor_and_the_buyer_once",
    ),
    Mutant(
        "a reset link works once",
        "core/account_links.py",
        "WHERE l.token_hash = p_token AND l.email = address AND l.used_at IS NULL AND l.expires_at > now();",
        "WHERE l.token_hash = p_token AND l.email = address AND l.expires_at > now();",
        ACCOUNTS + "of_one_link_used_twice_at_once_one_wins",
    ),
    Mutant(
        "links wait for the person",
        "core/account_links.py",
        "l.kind = 'reset' AND l.storefront_id = p_storefront FOR UPDATE OF p;",
        "l.kind = 'reset' AND l.storefront_id = p_storefront;",
        ACCOUNTS + "of_two_links_used_at_once_one_wins_and_every_other_is_void",
    ),
    Mutant(
        "lock",
        "core/claims.py",
        "locked AS MATERIALIZED ( SELECT h.distributor_id, h.id, pg_try_advisory_lock(",
        "locked AS MATERIALIZED (SELECT h.distributor_id, h.id, 0 = abs(0 * ",
        DURABLE + "lock_while_a_frozen_worker_may_still_call_nobody_else_buys",
    ),
    Mutant(
        "slots",
        "core/claims.py",
        "coalesce((lanes -> q.lane ->> 'slots')::int, 16) - (",
        "coalesce((lanes -> q.lane ->> 'slots')::int, 16) - 0 * (",
        QUEUE + "the_slots_of_a_connector_hold_over_workers_that_claim_at_once",
    ),
    Mutant(
        "fair",
        "core/claims.py",
        "ORDER BY d.turn, d.next_at LIMIT wanted",
        "ORDER BY d.next_at LIMIT wanted",
        QUEUE + "a_thousand_tasks_of_one_distributor_do_not_starve_another",
    ),
    Mutant(
        "deadline",
        "core/drain.py",
        "if plan.decided.age > kind.limits(plan.task.lane).send_deadline.total_seconds():",
        "if False:",
        DURABLE + "deadline_a_worker_that_froze_before_the_call_does_not_make_it_when_it_wakes",
    ),
    Mutant(
        "look-up",
        "core/drain.py",
        "elif task.intent_open and repeat is Repeat.LOOK_UP:",
        "elif False:",
        DURABLE + "look_up_what_was_done_without_an_answer_is_found_not_bought",
    ),
    Mutant(
        "answers are kept",
        "core/drain.py",
        "self._reconnect(error)",
        "self._reconnect(error); self.flying.clear()",
        DURABLE + "answers_that_arrive_during_a_database_restart_are_kept_and_not_asked_again",
    ),
    Mutant(
        "intent before the call",
        "core/drain.py",
        'changes.write() fault("task.intent_committed")',
        'pass\n        fault("task.intent_committed")',
        DURABLE + "wherever_a_worker_fails_everything_is_bought_once",
    ),
    Mutant(
        "a code works once",
        "core/factors.py",
        "WHERE person_id = p_person AND last_step < p_step AND confirmed_at IS NOT NULL RETURNING true",
        "WHERE person_id = p_person AND confirmed_at IS NOT NULL RETURNING true",
        FACTORS + "a_code_works_once_in_any_browser_and_never_backwards",
    ),
    Mutant(
        "passwords are asked for five times, however many at once",
        "core/sessions.py",
        "refuse_locked(email, keys)  # by those",
        "pass  # by those",
        "tests/core/test_small_rules.py::test_the_right_one_among_many_at_once_is_too_late",
    ),
    Mutant(
        "letters to strangers have an end",
        "core/throttles.py",
        "if not allow_here(key, most=MOST_LETTERS):",
        "if not key:",
        "tests/partners/test_invitations.py::test_nobody_fills_a_mailbox_with_invitations",
    ),
    Mutant(
        "wrong codes are counted",
        "core/factors.py",
        "AND (f.locked_until IS NULL OR f.locked_until <= now()) RETURNING f.secret",
        "RETURNING f.secret",
        FACTORS + "a_hundred_guesses_at_once_are_five",
    ),
    Mutant(
        "a renewed lease is no new claim",
        "core/locks.py",
        "claimed = [task for task in claimed if task.id not in self.held]",
        "pass",
        QUEUE + "a_call_that_takes_longer_than_its_lease_is_not_made_again_by_the_same_worker",
    ),
    Mutant(
        "masked logs",
        "core/logs.py",
        "structlog.processors.format_exc_info, mask,",
        "structlog.processors.format_exc_info,",
        "tests/core/test_logs.py::test_what_looks_like_a_secret_is_hidden_wherever_it_stands",
    ),
    Mutant(
        "settle",
        "core/outcomes.py",
        "if left := unsettled(kind, task):",
        "if left := None:",
        DURABLE + "settle_a_purchase_that_takes_effect_late_is_not_made_twice",
    ),
    Mutant(
        "an unclear attempt stays open",
        "core/outcomes.py",
        'was_open = phase == "look_up" or (phase == "prepare" and task.intent_open)',
        'was_open = phase == "look_up"',
        DURABLE + "a_pause_does_not_make_an_unclear_attempt_forgotten",
    ),
    Mutant(
        "fence",
        "core/outcomes.py",
        'Task.leased_by == bindparam("worker"), _IS_OPEN',
        "_IS_OPEN",
        QUEUE + "an_unclear_answer_counts_only_from_the_worker_who_holds_the_task",
    ),
    Mutant(
        "unknown kinds keep their intent",
        "core/outcomes.py",
        'does not know {task.kind!r}.", task.intent_open',
        'does not know {task.kind!r}.", False',
        QUEUE + "a_task_of_newer_code_is_left_to_newer_code_as_it_is",
    ),
    Mutant(
        "a passkey takes up what one was added to",
        "core/passkeys.py",
        "welcome(person_id) opened =",
        "opened =",
        "tests/portal/test_passkeys.py::test_whoever_was_added_to_a_list_comes_in_by_a_passkey_too",
    ),
    Mutant(
        "a passkey answers our challenge",
        "core/passkeys.py",
        "if not doors.call(ANSWER, arguments):",
        "if doors.call(ANSWER, arguments) is False:",
        f"{PASSKEYS}an_answer_is_worth_something_once_at_its_own_address_and_to_its_own_question",
    ),
    Mutant(
        "the passkey of whoever waits",
        "core/passkeys.py",
        "if person_id != waiting.person_id:",
        "if False:",
        f"{PASSKEYS}a_passkey_alone_is_no_way_round_the_password_of_somebody_else",
    ),
    Mutant(
        "a passkey alone from a device that knows its owner",
        "core/passkeys.py",
        "verified=purpose == FIRST,",
        "verified=False,",
        f"{PASSKEYS}a_device_that_knows_its_owner_lets_in_without_a_password",
    ),
    Mutant(
        "no session grows by a ticket",
        "core/sessions.py",
        "least(p_until, now() + coalesce",
        "least(NULL, now() + coalesce",
        f"{SIGNING_IN}a_way_into_another_shop_makes_no_session_longer",
    ),
    Mutant(
        "the second step",
        "core/sessions.py",
        "AND (p_second OR NOT EXISTS (",
        "AND (true OR NOT EXISTS (",
        FACTORS + "the_database_lets_nobody_past_the_second_step",
    ),
    Mutant(
        "no look-up, no repeat",
        "core/tasks.py",
        "Repeat.NEVER if self.repeat is Repeat.LOOK_UP and",
        "Repeat.SAFE if",
        DURABLE + "what_cannot_be_looked_up_goes_to_a_person_and_is_never_repeated",
    ),
    Mutant(
        "a retry stays unclear",
        "core/tasks.py",
        "still_open = task.intent_open and not absent",
        "still_open = False",
        DURABLE + "a_parked_task_that_a_person_retries_is_looked_up_first",
    ),
    Mutant(
        "a leased task is nobody's",
        "core/tasks.py",
        'if task.leased_until is not None and task.leased_until > db.session().info["now"]:',
        "if False:",
        DURABLE + "nobody_changes_a_task_that_a_worker_has_in_its_hands",
    ),
    Mutant(
        "a look is read-only",
        "core/tenancy.py",
        "if scope.only_looks:",
        "if False:",
        f"{MANAGING}postgresql_itself_changes_nothing_for_whoever_only_looks",
    ),
    Mutant(
        "a ticket is bound to its host",
        "core/tickets.py",
        "WHERE t.token_hash = p_token AND t.storefront_id = p_storefront AND t.host = p_host AND",
        "WHERE t.token_hash = p_token AND t.storefront_id = p_storefront AND",
        DOMAINS + "a_ticket_is_worth_nothing_at_another_host_of_the_same_shop",
    ),
    Mutant(
        "forwards only",
        "core/time_machine.py",
        "if ahead <= distributor.business_offset:",
        "if False:",
        "tests/core/test_time_machine.py::test_it_goes_forwards_only",
    ),
    Mutant(
        "sandboxes only",
        "core/time_machine.py",
        "if not distributor.sandbox:",
        "if False:",
        "tests/core/test_time_machine.py::test_a_real_distributor_has_no_time_machine",
    ),
    Mutant(
        "a reason is its writer's",
        "core/trail.py",
        "reseller_id=reseller_id if scope.reseller_id else None,",
        "reseller_id=reseller_id,",
        "tests/lists/test_timelines.py::test_no_other_side_can_select_the_distributors_reasons",
    ),
    Mutant(
        "fund",
        "migrations/versions/*.py",
        "action NOT IN ('provision', 'increase', 'extend', 'convert') OR fund_id IS NOT NULL",
        "true",
        DURABLE + "no_delivery_without_a_fund",
    ),
    Mutant(
        "one holds a lead",
        "migrations/versions/*_deals.py",
        "HOLDS = \"state IN ('pending', 'approved')\"",
        "HOLDS = \"state IN ('nobody')\"",
        "tests/reseller/test_deal_race.py::test_of_two_resellers_at_once_exactly_one_registers_the_lead",
    ),
    Mutant(
        "one open request for each subscription",
        "migrations/versions/*_transfers.py",
        "op.create_index('uq_transfer_items_open', 'transfer_items', ['distributor_id', 'subscription_id'],"
        " unique=True,",
        "op.create_index('uq_transfer_items_open', 'transfer_items', ['distributor_id', 'subscription_id'],"
        " unique=False,",
        TRANSFERS + "of_two_requests_at_once_exactly_one_wins",
    ),
    Mutant(
        "what a savepoint undoes is not kept",
        "core/events.py",
        "None if db.session().in_nested_transaction() else _gathered.get()",
        "_gathered.get()",
        "tests/core/test_events.py::test_what_a_savepoint_undoes_has_never_happened",
    ),
)
