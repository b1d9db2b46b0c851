"""Guards are proved by taking them away (promises A6): each mutant is one change of one file, and the test
that must then fail. `python -m tests.mutants [name ...]` runs them, all or by name, in copies of the tree,
two at a time; it fails if one survives."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
LINKED = (".venv", "node_modules", ".node")
LEFT_OUT = (".git", "instance*", "*.pyc.*", ".pytest_cache", ".ruff_cache", *LINKED)
NEWS = "tests/partners/test_newsletters.py::test_"
SEARCH = "tests/distributor/test_customer_search.py::test_"
DURABLE = "tests/provisioning/test_durable.py::test_"
ENDINGS = "tests/provisioning/test_endings.py::test_"
REFUNDS = "tests/billing/test_refunds.py::test_"
CANCELLING = "tests/provisioning/test_cancelling.py::test_"
QUEUE = "tests/core/test_queue.py::test_"
ITEMS = "tests/provisioning/test_work_items.py::test_"
PAYMENTS = "tests/billing/test_payments.py::test_"
WEBHOOKS = "tests/billing/test_webhooks.py::test_"
ACCOUNTS = "tests/portal/test_accounts.py::test_"
FACTORS = "tests/portal/test_two_factor.py::test_"
DOMAINS = "tests/reseller/test_domain.py::test_"
LISTS = "tests/lists/test_lists.py::test_"
IMPORTS = "tests/distributor/test_price_imports.py::test_"
RULES = "tests/reseller/test_price_rules.py::test_"
APPLYING = "tests/partners/test_applications.py::test_"
ROLES = "tests/partners/test_roles.py::test_"
LOGINS = "tests/partners/test_logins.py::test_"
PASSKEYS = "tests/portal/test_passkeys.py::test_"
SIGNING_IN = "tests/portal/test_sign_in_rules.py::test_"
DEALS = "tests/partners/test_deals.py::test_"
QUOTES = "tests/checkout/test_quotes.py::test_"
SCHEDULED = "tests/catalog/test_scheduled_prices.py::test_"
TIERS = "tests/partners/test_tiers.py::test_"
YEARS = "tests/partners/test_partner_years.py::test_"
AGREEING = "tests/partners/test_customer_agreements.py::test_"
TRANSFERS = "tests/provisioning/test_transfers.py::test_"
MOVES = "tests/provisioning/test_moves.py::test_"
JOINING = "tests/partners/test_joining.py::test_"
JOINING_PAGES = "tests/portal/test_joining_pages.py::test_"
CUSTOMERS = "tests/partners/test_customers.py::test_"
ADDING = "tests/reseller/test_adding_customers.py::test_"
PARTNERS = "tests/reseller/test_partnerships.py::test_"
LOOKING = "tests/distributor/test_view_as.py::test_"
VOLUMES = "tests/catalog/test_volumes.py::test_"
PLAN_PRICES = "tests/distributor/test_plan_prices.py::test_"
ACCOUNTING = "tests/reseller/test_accounts.py::test_"
GIVING = "tests/reseller/test_resources.py::test_"
OFFERS = "tests/checkout/test_offers.py::test_"
ADD_ONS = "tests/provisioning/test_add_ons.py::test_"
WIRE = "tests/checkout/test_transfer_requests.py::test_"
DISCOUNTS = "tests/checkout/test_discounts.py::test_"
MANAGING = "tests/partners/test_account_managers.py::test_"
SHELVES = "tests/catalog/test_shelves.py::test_"
SHOP_PAGES = "tests/portal/test_shop_pages.py::test_"


EDITOR = "tests/distributor/test_product_editor.py::test_"
UPGRADES = "tests/catalog/test_upgrades.py::test_"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A guard that is missing, and the test that sees it."""

    name: str
    file: str
    old: str
    new: str
    test: str


RESTORED = (
    "tests/resilience/test_restore.py"
    "::test_after_a_restore_nothing_is_bought_or_charged_twice_and_nothing_is_forgotten"
)


MUTANTS = (
    Mutant(
        "the most specific rule makes the price",
        "catalog/shelf_prices.py",
        "coalesce(r1.id, r2.id, r3.id, r4.id, r5.id)",
        "coalesce(r5.id, r4.id, r3.id, r2.id, r1.id)",
        RULES + "the_most_specific_rule_makes_a_price_and_the_page_says_which",
    ),
    Mutant(
        "the page names the rule that made the price",
        "catalog/retail_rules.py",
        "SPECIFIC = tuple(reversed(Level))",
        "SPECIFIC = tuple(Level)",
        "tests/catalog/test_retail_rules.py::test_the_most_specific_rule_that_covers_a_plan_makes_its_price",
    ),
    Mutant(
        "a floor that refuses stops the order",
        "catalog/margin_floors.py",
        "raise PriceInReview(product)",
        "pass",
        RULES + "a_cost_that_breaks_the_floor_is_an_alarm_work_a_refusal_and_mended",
    ),
    Mutant(
        "a floor that refuses stops the price",
        "catalog/retail.py",
        "margin_floors.of_shelf(reseller_id),",
        "{},",
        RULES + "a_retail_price_under_the_floor_is_refused_or_taken_with_an_alarm_and_mended",
    ),
    Mutant(
        "a wholesale price is held to its floor",
        "catalog/pricing.py",
        "margin_floors.check_wholesale(plan, price)",
        "pass",
        RULES + "a_cost_that_breaks_the_floor_is_an_alarm_work_a_refusal_and_mended",
    ),
    Mutant(
        "an old exchange rate is none",
        "catalog/exchange.py",
        "ExchangeRate.day > at - OLDEST,",
        "",
        RULES + "a_cost_in_another_currency_is_judged_by_the_rate_of_the_day_and_never_guessed",
    ),
    Mutant(
        "retail follows wholesale",
        "catalog/margin_alarms.py",
        "shelf_prices.follow(None, part)",
        "pass",
        RULES + "prices_follow_what_is_paid_at_once_and_shops_show_it",
    ),
    Mutant(
        "an overtaken form changes nothing",
        "catalog/editing.py",
        "if sent != seen(values):",
        "if False:",
        EDITOR + "whoever_is_overtaken_sees_both_values_and_loses_nothing",
    ),
    Mutant(
        "edits of the upgrade graph take turns",
        "catalog/upgrades.py",
        "select(Distributor).with_for_update(key_share=True)",
        "select(Distributor)",
        UPGRADES + "two_edits_at_once_cannot_close_a_circle_together",
    ),
    Mutant(
        "what is sold in some countries only",
        "catalog/markets.py",
        "if sold_to.markets and country not in sold_to.markets:",
        "if False:",
        EDITOR + "a_plan_is_sold_in_its_markets_and_segments_only",
    ),
    Mutant(
        "a link leads to http, https or mailto",
        "storefront/markdown.py",
        "urlsplit(url.strip()).scheme.lower() in LINKS",
        "True",
        "tests/distributor/test_markdown.py::test_a_link_leads_to_a_page_or_a_mailbox_and_nowhere_else",
    ),
    Mutant(
        "an add-on waits for its base",
        "provisioning/fulfilment.py",
        "add_ons.after_its_base(under)",
        "pass",
        OFFERS + "a_refused_base_refuses_its_add_on_and_both_go_back",
    ),
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
        "add-ons travel with their base",
        "provisioning/transfers.py",
        "_with_add_ons(_chosen(reseller_id, customer, asking.subscription_codes))",
        "_chosen(reseller_id, customer, asking.subscription_codes)",
        ADD_ONS + "add_ons_travel_with_their_base_and_never_alone",
    ),
    Mutant(
        "what the rules find is raised at placing",
        "checkout/compositions.py",
        "offers.refuse_unless(findings)",
        "pass",
        OFFERS + "what_needs_something_is_ordered_once_that_runs",
    ),
    Mutant(
        "no more of an add-on than its base has",
        "checkout/offers.py",
        "match is Match.AT_MOST and total > found.base.quantity",
        "False",
        OFFERS + "an_add_on_is_ordered_and_delivered_with_its_base_and_ends_with_it",
    ),
    Mutant(
        "an offer is taken once",
        "checkout/taken_offers.py",
        "if not TAKE.rows(",
        "if TAKE.rows(",
        OFFERS + "of_two_orders_at_once_one_takes_the_offer",
    ),
    Mutant(
        "an offer of which nothing came is free again",
        "checkout/taken_offers.py",
        "_release(TakenOffer.order_id == order_id)",
        "pass",
        OFFERS + "an_offer_is_taken_once_per_customer_and_again_after_nothing_came_of_it",
    ),
    Mutant(
        "parts are held to their own numbers",
        "checkout/offers.py",
        "check_quantity(bundle.quantity, part.minimum, part.maximum, part.unit, part.step)",
        "pass",
        OFFERS + "parts_of_a_bundle_are_held_to_their_own_numbers",
    ),
    Mutant(
        "the short way into a basket knows steps",
        "checkout/baskets.py",
        "AND p_quantity % p.quantity_step = 0",
        "",
        "tests/portal/test_offers.py::test_numbers_are_held_to_minimum_and_step_of_each_delivery",
    ),
    Mutant(
        "the short way leaves conditions to the long one",
        "checkout/baskets.py",
        "AND NOT p.conditional",
        "",
        "tests/portal/test_offers.py::test_an_add_on_needs_its_base_and_leaves_the_basket_with_it",
    ),
    Mutant(
        "a pattern repeats no repetition",
        "catalog/order_fields.py",
        "or NESTED.search(pattern)",
        "",
        "tests/distributor/test_offerings.py::test_a_question_that_cannot_be_asked_is_refused",
    ),
    Mutant(
        "needs never lead round in a circle",
        "catalog/plan_links.py",
        "_refuse_circle(own, bases.values(), LinkKind.BASE)",
        "pass",
        "tests/distributor/test_offerings.py::test_the_page_saves_the_rules_of_one_plan_or_says_why_not",
    ),
    Mutant(
        "who moved away is counted no more",
        "partners/sales.py",
        "lost(subscription_id) db.add(",
        "db.add(",
        "tests/provisioning/test_moves.py"
        "::test_what_has_moved_counts_for_its_new_provider_and_no_longer_for_the_old",
    ),
    Mutant(
        "a passkey takes up what one was added to",
        "core/passkeys.py",
        "welcome(person_id) opened =",
        "opened =",
        "tests/portal/test_passkeys.py::test_whoever_was_added_to_a_list_comes_in_by_a_passkey_too",
    ),
    Mutant(
        "a shelf of one's own shop",
        "checkout/baskets.py",
        "AND l.reseller_id = m.reseller_id",
        "",
        "tests/portal/test_basket.py::test_the_short_way_into_a_basket_asks_all_that_the_long_one_does",
    ),
    Mutant(
        "a price changed by hand stays",
        "catalog/price_changes.py",
        "IS DISTINCT FROM (r.was_list_minor, r.was_published, r.was_cost_minor, r.was_wholesale_minor,",
        "IS DISTINCT FROM (p.list_minor, p.published, c.cost_minor, w.price_minor,",
        IMPORTS + "what_somebody_changed_meanwhile_is_left_alone_and_said",
    ),
    Mutant(
        "the newest import is undone first",
        "catalog/price_imports.py",
        "raise NotTheLast(newer)",
        "pass",
        IMPORTS + "undoing_brings_the_old_prices_back_and_takes_new_plans_off",
    ),
    Mutant(
        "a slip of the pen retires nothing",
        "catalog/price_imports.py",
        "named = {problem.plan_code for problem in sheet.problems}",
        "named = set()",
        "tests/distributor/test_sheet_imports.py::test_a_line_that_cannot_be_read_leaves_its_plan_as_it_is",
    ),
    Mutant(
        "a workbook that unpacks to far more is not unpacked",
        "catalog/workbooks.py",
        "if part.file_size > SMALL and part.file_size > RATIO * max(part.compress_size, 1):",
        "if False:",
        "tests/catalog/test_sheet_files.py::test_what_is_not_what_it_says_or_would_not_fit_is_refused_by_name",
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
        "another partner's code",
        "catalog/partner_codes.py",
        "PartnerCode.code == typed, PartnerCode.reseller_id == current().reseller_id",
        "PartnerCode.code == typed",
        DISCOUNTS + "a_code_is_its_resellers_alone_even_where_more_can_be_seen",
    ),
    Mutant(
        "a code that is over",
        "catalog/partner_codes.py",
        "if code is None or code.state is not CodeState.RUNNING or code.used_up:",
        "if code is None:",
        DISCOUNTS + "whatever_is_wrong_with_a_code_is_said_in_one_sentence",
    ),
    Mutant(
        "guesses are counted",
        "storefront/reseller/discounts.py",
        'if not partner_codes.may_guess(menu.reseller_id(), request.remote_addr or ""):',
        "if False:",
        "tests/distributor/test_promotions.py"
        "::test_a_code_is_issued_typed_in_where_a_plan_is_chosen_and_guessed_at_in_vain",
    ),
    Mutant(
        "the last use is held",
        "checkout/discounts.py",
        "hold(locks) found, _again = _may_have(reseller_id, customer_id, plans)",
        "pass",
        DISCOUNTS + "of_two_orders_at_once_one_has_the_last_use",
    ),
    Mutant(
        "uses come back",
        "app.py",
        "discounts.release, ],",
        "],",
        DISCOUNTS + "an_order_that_is_given_up_gives_its_uses_back",
    ),
    Mutant(
        "customers hear of retail discounts only",
        "checkout/discounts.py",
        "CASE WHEN d.reseller_id IS NULL THEN b.trade ELSE",
        "CASE WHEN d.reseller_id IS NULL THEN true ELSE",
        DISCOUNTS + "a_customers_scope_hears_of_no_wholesale_discount_and_a_reseller_of_no_others",
    ),
    Mutant(
        "a published promotion stays as it was announced",
        "catalog/promotions.py",
        "raise NotADraft",
        "pass",
        "tests/distributor/test_promotions.py::test_a_promotion_goes_from_the_form_to_its_uses_and_its_end",
    ),
    Mutant(
        "not more value than is left",
        "catalog/reductions.py",
        "gone |= over",
        "return chosen",
        DISCOUNTS + "who_has_a_promotion_is_asked_for_every_order",
    ),
    Mutant(
        "shelves follow a promotion",
        "catalog/promotions.py",
        "db.flush() listings.changed(promotion.reseller_id)",
        "db.flush()",
        "tests/distributor/test_promotions.py::test_a_resellers_promotion_stands_on_the_shelf_in_basket_and_order_at_the_same_price",
    ),
    Mutant(
        "no silent zero",
        "billing/tax.py",
        "if seller.rate_points is None:",
        "if False:",
        "tests/billing/test_tax.py::test_a_country_without_a_rate_is_refused_by_name",
    ),
    Mutant(
        "terms accepted",
        "partners/terms.py",
        "if agreed is None or not agreed.terms_id:\n        raise TermsNotAccepted",
        "if agreed is None or not agreed.terms_id:\n                continue",
        "tests/portal/test_papers.py::test_terms_are_agreed_to_once_per_version_with_evidence",
    ),
    Mutant(
        "never without an administrator",
        "partners/roles.py",
        "if not left:",
        "if False:",
        f"{ROLES}the_last_administrator_stays_one",
    ),
    Mutant(
        "administrators take turns",
        "partners/roles.py",
        ".with_for_update() .execution_options(populate_existing=True)",
        ".execution_options(populate_existing=True)",
        f"{ROLES}of_two_administrators_who_step_down_at_once_one_stays",
    ),
    Mutant(
        "roles that somebody else has changed",
        "partners/roles.py",
        "if frozenset(person.roles).intersection(organisation.roles) != wish.shown:",
        "if False:",
        f"{ROLES}what_somebody_else_changed_meanwhile_is_not_overwritten",
    ),
    Mutant(
        "only an administrator changes roles",
        "storefront/people.py",
        "require_role(roles.ADMIN)\n        asked =",
        "asked =",
        "tests/portal/test_people.py::test_who_is_no_administrator_changes_nothing_by_page_or_by_hand",
    ),
    Mutant(
        "a login has to be free to join",
        "partners/acceptances.py",
        "AND (i.side <> 'reseller' OR {logins.IS_FREE}(i.distributor_id, i.reseller_id))",
        "",
        f"{LOGINS}nobody_joins_beyond_the_logins_of_the_programme_and_the_trail_says_so",
    ),
    Mutant(
        "a login has to be free to invite",
        "partners/logins.py",
        "if logins is not None and logins.left + holding <= 0:",
        "if False:",
        f"{LOGINS}nobody_is_invited_beyond_the_logins_of_the_programme",
    ),
    Mutant(
        "the sign-in address of a partner",
        "partners/logins.py",
        "raise EmailFixed(found.programme)",
        "return",
        f"{LOGINS}the_sign_in_address_is_fixed_where_the_programme_says_so",
    ),
    Mutant(
        "a second factor before anything else",
        "storefront/visitors.py",
        "if not visitor().must_set_up or request.endpoint in SETTING_UP",
        "if True or request.endpoint in SETTING_UP",
        f"{SIGNING_IN}whoever_needs_a_second_factor_sets_it_up_before_anything_else_from_every_address",
    ),
    Mutant(
        "a session that nobody uses",
        "partners/storefronts.py",
        "AND s.last_seen_at > now() - s.idle",
        "",
        f"{SIGNING_IN}a_session_ends_without_a_click_and_at_the_latest_as_the_distributor_says",
    ),
    Mutant(
        "no session grows by a ticket",
        "core/sessions.py",
        "least(p_until, now() + coalesce",
        "least(NULL, now() + coalesce",
        f"{SIGNING_IN}a_way_into_another_shop_makes_no_session_longer",
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
        "credit defaults are for new partners",
        "billing/credit_terms.py",
        'if row is None or reseller.created_at != db.session().info["now"]:',
        "if row is None:",
        "tests/billing/test_credit_terms.py::test_who_is_a_reseller_already_keeps_its_terms",
    ),
    Mutant(
        "no plan while nothing opens storefronts",
        "checkout/reseller_plans.py",
        "if paused:",
        "if False:",
        "tests/reseller/test_eligibility.py"
        "::test_each_missing_condition_has_its_own_words_and_nothing_is_ordered",
    ),
    Mutant(
        "below its minimum no tier is kept",
        "partners/tiers.py",
        "current.threshold > reached.threshold and customers >= current.minimum",
        "current.threshold > reached.threshold",
        f"{TIERS}each_anniversary_counts_who_was_sold_to_and_kept_and_decides_anew",
    ),
    Mutant(
        "tiers do not overlap",
        "partners/tiers.py",
        "if minimum <= below:",
        "if False:",
        f"{TIERS}tiers_that_would_leave_a_number_without_one_meaning_are_refused",
    ),
    Mutant(
        "who was lost counts no more",
        "partners/sales.py",
        "(Sale.sold_at <= at) & or_(Sale.ended_at.is_(None), Sale.ended_at > at)",
        "(Sale.sold_at <= at) & or_(Sale.ended_at.is_(None), Sale.ended_at.is_not(None))",
        f"{TIERS}each_anniversary_counts_who_was_sold_to_and_kept_and_decides_anew",
    ),
    Mutant(
        "an anniversary counts its own moment",
        "partners/sales.py",
        "(Sale.sold_at <= at) & or_",
        "or_",
        f"{TIERS}an_anniversary_counts_what_was_true_at_its_moment_even_when_it_is_held_late",
    ),
    Mutant(
        "the tier's price is in the order too",
        "checkout/pricing.py",
        "wholesale = discounted(listed, discount) if listed is not None else None",
        "wholesale = listed",
        f"{TIERS}the_tier_lowers_the_wholesale_price_the_same_wherever_it_is_shown_and_ordered",
    ),
    Mutant(
        "an add-on left behind waits for a person",
        "provisioning/moves.py",
        "is not None and base[0] is ItemState.MOVED:\n        _queue(",
        "is not None and base[0] is ItemState.ASKED:\n        _queue(",
        "tests/provisioning/test_add_ons.py::test_an_add_on_that_the_vendor_does_not_move_after_its_base_waits_for_a_person",
    ),
    Mutant(
        "a customer does not read what its reseller lacks",
        "checkout/placing.py",
        "raise NotTakenNow from None",
        "raise",
        "tests/checkout/test_orders.py::test_what_the_payment_will_not_cover_is_refused_by_name_without_credit",
    ),
    Mutant(
        "an order is priced at its volume step",
        "checkout/pricing.py",
        "return volumes.at(Money(minor, currency), steps or (), quantity)",
        "return Money(minor, currency)",
        "tests/checkout/test_orders.py::test_a_line_is_priced_at_the_volume_step_of_its_own_quantity",
    ),
    Mutant(
        "the clock of support stops at weekends",
        "partners/support_hours.py",
        "if day.weekday() in self.days:",
        "if self.days:",
        "tests/partners/test_support_hours.py::test_the_clock_stops_at_weekends",
    ),
    Mutant(
        "whoever declined it gets no newsletter",
        "partners/newsletters.py",
        "Enrolment.state == EnrolmentState.ACTIVE, Enrolment.reseller_id.not_in(declined)",
        "Enrolment.state == EnrolmentState.ACTIVE",
        f"{NEWS}whoever_declined_it_or_is_no_partner_any_more_gets_none",
    ),
    Mutant(
        "whoever is no partner any more gets no newsletter",
        "partners/newsletters.py",
        "Enrolment.state == EnrolmentState.ACTIVE, Enrolment.reseller_id.not_in(declined)",
        "Enrolment.reseller_id.not_in(declined)",
        f"{NEWS}whoever_declined_it_or_is_no_partner_any_more_gets_none",
    ),
    Mutant(
        "very many finds are all found",
        "partners/customer_search.py",
        "if len(found) < FEW:",
        "if len(found) <= FEW:",
        f"{SEARCH}words_that_very_many_have_find_all_of_them",
    ),
    Mutant(
        "the door to customers is the distributor's",
        "partners/customer_search.py",
        "CASE WHEN current_setting('role') LIKE '%\\\\_as\\\\_distributor' THEN",
        "CASE WHEN true THEN",
        f"{SEARCH}a_customer_is_found_by_a_part_of_its_name_its_code_or_its_reseller",
    ),
    Mutant(
        "a step counts from its first unit on",
        "catalog/volumes.py",
        "for begin, minor in steps if begin <= quantity]",
        "for begin, minor in steps if begin < quantity]",
        f"{VOLUMES}a_quantity_has_the_price_of_the_last_step_that_it_reaches",
    ),
    Mutant(
        "what follows another plan is kept in line with it",
        "catalog/pricing.py",
        "plan.list_minor = price.minor factors.pass_on([plan.id])",
        "plan.list_minor = price.minor",
        f"{PLAN_PRICES}a_month_costs_a_tenth_of_the_year_and_goes_on_doing_so",
    ),
    Mutant(
        "a price that is another's is changed there",
        "storefront/distributor/catalogue.py",
        "errors[name] = str(factors.PricedAsAnother(plan.name))",
        "pass",
        f"{PLAN_PRICES}a_month_costs_a_tenth_of_the_year_and_goes_on_doing_so",
    ),
    Mutant(
        "a reseller is not told what the vendor asks",
        "checkout/explanations.py",
        "Side.RESELLER: frozenset({Leg.WHOLESALE, Leg.RETAIL}),",
        "Side.RESELLER: frozenset(Leg),",
        f"{PLAN_PRICES}each_console_is_told_why_as_far_as_it_may_see",
    ),
    Mutant(
        "a customer whose reseller orders is not its reseller",
        "checkout/placing.py",
        "and not by_the_reseller():",
        "and False:",
        "tests/checkout/test_orders.py::test_a_customer_whose_reseller_orders_for_it_cannot_order",
    ),
    Mutant(
        "who supports a customer changes on its account too",
        "checkout/reseller_orders.py",
        "support_types.choose(customer, support)",
        "pass",
        "tests/reseller/test_contracts.py::test_a_reseller_adds_a_subscription_with_three_inputs",
    ),
    Mutant(
        "an ended partnership has no price",
        "catalog/price_lists.py",
        "        Enrolment.state == EnrolmentState.ACTIVE,\n",
        "",
        f"{TIERS}a_changed_discount_counts_for_the_next_order_and_an_ended_partnership_has_none",
    ),
    Mutant(
        "tiers are read by partners only",
        "partners/tiers.py",
        "AND e.reseller_id = nullif(current_setting('app.reseller_id'), '')::uuid AND",
        "AND",
        f"{TIERS}a_reseller_reads_the_tiers_of_its_own_programmes_and_nobody_elses",
    ),
    Mutant(
        "a grace is not cut short",
        "partners/reauthorisations.py",
        "check.grace_until and check.grace_until <= now",
        "check.grace_until",
        f"{YEARS}whoever_lacks_something_is_told_again_and_again_and_then_deauthorised",
    ),
    Mutant(
        "only words of a partner are confirmed",
        "partners/reauthorisations.py",
        "or not CONDITIONS[condition].said",
        "or False",
        "tests/distributor/test_tiers.py"
        "::test_a_partner_sees_each_condition_with_its_state_and_meets_them_on_its_page",
    ),
    Mutant(
        "a notice is withdrawn before its day",
        "partners/leavings.py",
        "if notice is None or notice.ends_at <= business_now():",
        "if notice is None:",
        f"{YEARS}a_notice_is_withdrawn_before_its_day_and_not_after_it",
    ),
    Mutant(
        "nobody is put out without a reason",
        "partners/enrolments.py",
        "if not reason.strip():",
        "if False:",
        f"{YEARS}a_partnership_ends_when_it_is_terminated_and_what_was_open_is_void",
    ),
    Mutant(
        "an agreement before an order",
        "partners/terms.py",
        "needed = [one for one in asked if not one.accepted]",
        "needed = [o for o in asked if not o.accepted and o.kind is not Kind.CUSTOMER_AGREEMENT]",
        f"{AGREEING}nothing_is_ordered_before_the_agreement_is_accepted",
    ),
    Mutant(
        "an agreement before an order on one's behalf",
        "checkout/placing.py",
        "if not checkout.asks_terms and buyer.customer_id is None:",
        "if not checkout.asks_terms:",
        f"{AGREEING}nor_does_anybody_order_on_its_behalf",
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
        "terms of a product are ticked",
        "partners/terms.py",
        "elif agreed is None or str(one.terms_id) not in agreed.product_terms:",
        "elif False:",
        f"{AGREEING}the_checkout_is_blocked_until_the_products_terms_are_ticked",
    ),
    Mutant(
        "the version in force",
        "partners/conditions.py",
        "if ticked != str(read.terms_id) or read.number != read.newest:",
        "if False:",
        f"{AGREEING}one_accepts_the_version_in_force_once",
    ),
    Mutant(
        "no indirect reseller attests",
        "partners/customer_agreements.py",
        "if row.forbidding:",
        "if False:",
        f"{AGREEING}a_reseller_attests_only_where_each_of_its_programmes_lets_it",
    ),
    Mutant(
        "nobody attests the future",
        "partners/customer_agreements.py",
        "elif said.on > business_now().date():",
        "elif False:",
        f"{AGREEING}an_attestation_says_who_and_when",
    ),
    Mutant(
        "an agreement's link works once",
        "partners/agreement_links.py",
        'states.move(link, LinkState.USED, told={"by": words})',
        "pass",
        f"{AGREEING}a_link_accepts_once_for_the_company",
    ),
    Mutant(
        "an agreement's link is of one shop",
        "partners/agreement_links.py",
        "or reseller_id not in (None, found.reseller_id)",
        "",
        f"{AGREEING}a_link_that_is_old_withdrawn_sent_anew_or_of_another_shop_is_none",
    ),
    Mutant(
        "administrators accept",
        "storefront/portal/agreements.py",
        'if not has_role("admin"):',
        "if False:",
        "tests/portal/test_customer_agreements.py"
        "::test_only_an_administrator_accepts_and_only_the_version_in_force",
    ),
    Mutant(
        "no step of an application is skipped",
        "partners/applications.py",
        "ApplicationState.APPROVED: [\n                ApplicationState.SIGNED,",
        "ApplicationState.APPROVED: [\n                *(s for s in ApplicationState if s != 'approved'),",
        f"{APPLYING}no_step_can_be_skipped_or_taken_twice",
    ),
    Mutant(
        "only the qualified support customers",
        "partners/support_types.py",
        "if not chosen.open:",
        "if False:",
        f"{ACCOUNTING}only_qualified_partners_choose_to_support_a_customer_themselves",
    ),
    Mutant(
        "both abilities qualify",
        "partners/support_types.py",
        "AND q.managed_service AND q.remediation",
        "AND q.managed_service",
        f"{ACCOUNTING}a_partner_is_qualified_by_both_abilities_with_evidence",
    ),
    Mutant(
        "a dashboard is for who supports",
        "partners/support_types.py",
        "if kept is None or not kept.co_managed:",
        "if False:",
        f"{ACCOUNTING}the_dashboard_of_a_customer_opens_only_to_the_partner_that_supports_it",
    ),
    Mutant(
        "a dashboard reaches its own services",
        "storefront/reseller/accounts.py",
        "if owner is None or owner.code != code:",
        "if False:",
        f"{ACCOUNTING}a_service_of_another_customer_is_not_reached_through_a_dashboard",
    ),
    Mutant(
        "the terms come first",
        "storefront/visitors.py",
        "return terms_first() if visitor().must_agree else None",
        "return None",
        f"{ACCOUNTING}the_terms_come_before_every_page_and_lead_to_the_accounts",
    ),
    Mutant(
        "a file is what it is",
        "partners/resources.py",
        "if known is None or len(content) > MOST_BYTES:",
        "if known is None:",
        f"{GIVING}only_files_of_a_known_type_and_size_are_taken",
    ),
    Mutant(
        "the library is for active partners",
        "partners/resources.py",
        "AND e.state = 'active'))",
        "))",
        f"{GIVING}the_library_with_the_badge_is_for_active_partners",
    ),
    Mutant(
        "one open request of a kind",
        "partners/requests.py",
        "if db.session().scalar(waiting):",
        "if False:",
        f"{GIVING}a_request_is_handed_in_answered_and_told_by_mail",
    ),
    Mutant(
        "a look sends nothing",
        "storefront/visitors.py",
        "if request.method not in SAFE or request.endpoint in ACTS:",
        "if False:",
        f"{LOOKING}every_form_of_the_partners_console_is_refused_by_name",
    ),
    Mutant(
        "a look is read-only",
        "core/tenancy.py",
        "if scope.only_looks:",
        "if False:",
        f"{MANAGING}postgresql_itself_changes_nothing_for_whoever_only_looks",
    ),
    Mutant(
        "a look ends",
        "storefront/visitors.py",
        "if looking.over:",
        "if False:",
        f"{LOOKING}a_look_is_over_when_its_time_is_its_session_is_or_when_she_manages_no_more",
    ),
    Mutant(
        "only the manager looks",
        "partners/viewings.py",
        "if not may_look(reseller, person_id, admin=admin):",
        "if False:",
        f"{MANAGING}only_the_partners_manager_looks_and_only_with_a_reason",
    ),
    Mutant(
        "who left manages nobody",
        "partners/account_managers.py",
        "Membership.ended_at.is_(None)\n        & or_(",
        "Membership.id.is_not(None)\n        & or_(",
        f"{MANAGING}a_manager_who_leaves_the_staff_leaves_the_reseller_without_one",
    ),
    Mutant(
        "what a programme asks for",
        "partners/applications.py",
        "if problems:\n        raise ApplicationIncomplete(problems)",
        "return",
        f"{APPLYING}an_application_without_what_is_asked_for_is_refused",
    ),
    Mutant(
        "nobody is declined without a word",
        "partners/applications.py",
        "if not words.strip():\n        raise NoReason",
        "if words is None:\n        raise NoReason",
        f"{APPLYING}nobody_is_declined_or_asked_without_a_word",
    ),
    Mutant(
        "a link signs once",
        "partners/applications.py",
        "chosen.with_for_update() if to_change else chosen",
        "chosen",
        f"{APPLYING}of_many_signatures_at_once_one_wins",
    ),
    Mutant(
        "only the version that was shown",
        "partners/signatures.py",
        "if agreed.terms_id != str(application.agreement_id):",
        "if False:",
        f"{APPLYING}an_old_version_is_refused_once_a_newer_one_is_shown",
    ),
    Mutant(
        "no signature without the tick",
        "partners/signatures.py",
        "if not agreed.terms_id:\n        raise AgreementNotAccepted",
        "if not agreed.terms_id:\n        return",
        f"{APPLYING}without_the_tick_nothing_is_signed",
    ),
    Mutant(
        "who is no administrator binds nobody",
        "partners/signatures.py",
        'if "admin" not in membership.roles:',
        "if not membership.roles:",
        f"{APPLYING}who_is_no_administrator_binds_no_reseller",
    ),
    Mutant(
        "a document where one is required",
        "partners/documents.py",
        "if rules.documents is Paperwork.REQUIRED and not brought and not already:",
        "if False:",
        f"{JOINING}a_programme_that_asks_for_documents_is_not_applied_to_without_one",
    ),
    Mutant(
        "documents for nobody else's eyes",
        "partners/documents.py",
        'Access(distributor="rc", customer="c", public="c")',
        'Access(distributor="rc", customer="rc", public="rc", reseller="r")',
        f"{JOINING}documents_are_read_by_no_visitor_customer_or_reseller",
    ),
    Mutant(
        "a file is what its content says",
        "storefront/evidence_files.py",
        "if data.startswith(PDF) and END_OF_PDF in data[-2048:]:",
        'if name.endswith(".pdf"):',
        f"{JOINING_PAGES}a_refused_file_keeps_the_rest_of_the_form",
    ),
    Mutant(
        "another application's document",
        "partners/documents.py",
        "ApplicationDocument.id == document_id, ApplicationDocument.application_id == application_id",
        "ApplicationDocument.id == document_id",
        f"{JOINING_PAGES}files_are_told_by_their_content_redrawn_and_seen_by_applicant_and_reviewer_only",
    ),
    Mutant(
        "a link grows too old",
        "partners/applications.py",
        "if not however_old and expired(found):",
        "if False:",
        f"{JOINING}a_link_is_good_for_thirty_days_from_its_last_mail_and_a_new_one_ends_it",
    ),
    Mutant(
        "what is signed is not taken back",
        "partners/applications.py",
        "if application.state is not ApplicationState.APPROVED:\n        raise NotApproved",
        "if application is None:\n        raise NotApproved",
        f"{JOINING}an_approval_is_taken_back_before_the_signature_and_never_after",
    ),
    Mutant(
        "only an administrator accepts",
        "partners/signatures.py",
        'if known_by and "admin" in one.roles:',
        "if known_by:",
        f"{JOINING}only_an_administrator_accepts_for_the_company",
    ),
    Mutant(
        "a current profile",
        "partners/enrolling.py",
        "if companies.of(reseller_id) is None:",
        "if False:",
        f"{JOINING}who_enrols_has_a_current_profile_and_a_partner_id",
    ),
    Mutant(
        "no way back from a channel",
        "partners/channels.py",
        '"reseller_channels"\n    __access__ = Access(distributor="rc", reseller="r", door="r")',
        '"reseller_channels"\n    __access__ = Access(distributor="rcud", reseller="rcud", door="r")',
        f"{JOINING}a_direct_seller_becomes_both_on_the_same_standing_and_there_is_no_way_back",
    ),
    Mutant(
        "a restricted seller wins nobody directly",
        "partners/channels.py",
        "if direct and not direct_notices.restricted(reseller_id) else []",
        "if direct else []",
        f"{JOINING_PAGES}a_direct_seller_is_told_of_a_restriction_and_wins_no_new_direct_customers_from_its_day_on",
    ),
    Mutant(
        "only the channels one has",
        "partners/channels.py",
        "    raise NotYourChannel\n",
        "    return possible[0]\n",
        f"{JOINING}without_acceptance_the_indirect_capability_stays_off",
    ),
    Mutant(
        "the provider orders for an indirect customer",
        "checkout/placing.py",
        "if not by_the_provider():",
        "if False:",
        f"{JOINING}direct_customers_stay_direct_and_indirect_ones_are_ordered_for_by_the_provider",
    ),
    Mutant(
        "nobody else orders for a direct customer",
        "checkout/provider_orders.py",
        "if channels.of_customer(customer) is not Channel.INDIRECT:",
        "if False:",
        f"{JOINING}the_provider_orders_for_indirect_customers_and_for_no_direct_one",
    ),
    Mutant(
        "late answers are on the queue",
        "partners/late_answers.py",
        "Application.due_at <= business_now(),",
        "Application.due_at > business_now(),",
        f"{JOINING}verification_takes_up_to_its_days_and_is_on_the_work_queue_after_them",
    ),
    Mutant(
        "an address stands on a list once",
        "partners/customers.py",
        "if known is not None and known.ended_at is None:",
        "if False:",
        f"{CUSTOMERS}an_address_stands_on_the_list_once",
    ),
    Mutant(
        "who adds an address waits for who adds it",
        "partners/customers.py",
        "db.session().execute(lock)",
        "str(lock)",
        f"{CUSTOMERS}of_many_who_add_one_address_at_once_one_customer_comes",
    ),
    Mutant(
        "signing in accepts being added alone",
        "partners/acceptances.py",
        "AND i.state = 'pending' AND i.adds",
        "AND i.state = 'pending'",
        f"{CUSTOMERS}signing_in_accepts_nothing_but_being_added",
    ),
    Mutant(
        "what runs holds a customer",
        "subscriptions/holdings.py",
        "if held:",
        "if not held:",
        f"{ADDING}who_still_holds_something_stays_and_the_page_says_the_way_out",
    ),
    Mutant(
        "the personal link stays in the mail",
        "partners/invitations.py",
        "if words.strip() and words.count(LINK) != 1:",
        "if False:",
        f"{ADDING}the_mail_is_ones_own_but_keeps_the_link",
    ),
    Mutant(
        "a comment is the reseller's",
        "partners/customers.py",
        '__access__ = Access(reseller="rcu")',
        '__access__ = Access(distributor="r", reseller="rcu")',
        f"{ADDING}a_private_comment_is_the_resellers_alone",
    ),
    Mutant(
        "administrators bind a company",
        "partners/partner_invitations.py",
        "{one.company_id: one for one in standings if one.admin}",
        "{one.company_id: one for one in standings}",
        f"{PARTNERS}who_is_no_administrator_cannot_accept_and_the_distributor_sees_that_they_tried",
    ),
    Mutant(
        "a partner's link works once",
        "partners/partner_invitations.py",
        "chosen.with_for_update() if to_change else chosen",
        "chosen",
        f"{PARTNERS}of_many_clicks_at_once_one_makes_a_reseller",
    ),
    Mutant(
        "providers are for partners",
        "storefront/reseller/providers.py",
        "if not menu.is_enrolled():",
        "if False:",
        f"{PARTNERS}partners_compare_providers_and_ask_for_an_invitation",
    ),
    Mutant(
        "who was removed is told",
        "storefront/visitors.py",
        "sessions.refuse_removed(tokens(request.environ), ",
        "dict(",
        "tests/tenancy/test_sessions.py::test_a_membership_that_ended_ends_its_sessions_at_the_next_request",
    ),
    Mutant(
        "an application for nobody's eyes",
        "partners/applications.py",
        'Access(distributor="rcu", customer="c", public="c", door="ru")',
        'Access(distributor="rcu", customer="rc", public="rc", door="ru")',
        f"{APPLYING}a_visitor_can_read_no_application_not_even_its_own",
    ),
    Mutant(
        "whoever accepts a quote holds it",
        "checkout/quotes.py",
        "scalar(chosen.with_for_update().execution_options(populate_existing=True))",
        "scalar(chosen)",
        f"{QUOTES}of_two_who_accept_at_once_both_get_the_same_order",
    ),
    Mutant(
        "a quote ends on its day though no task has come round",
        "checkout/quotes.py",
        "if quote.ends_at <= business_now():",
        "if False:",
        f"{QUOTES}what_cannot_be_ordered_any_more_is_refused_with_the_way_out",
    ),
    Mutant(
        "what is sold no more is refused with the way out",
        "checkout/quote_orders.py",
        "refuse_unless_sold(quoted(quote)) raise",
        "raise",
        f"{QUOTES}what_cannot_be_ordered_any_more_is_refused_with_the_way_out",
    ),
    Mutant(
        "nobody quotes a held lead",
        "checkout/quote_drafts.py",
        "refuse_a_lead_of_others(draft)",
        "",
        f"{QUOTES}nobody_quotes_or_accepts_where_another_partners_deal_holds_the_lead",
    ),
    Mutant(
        "a price changed since it was scheduled stays",
        "catalog/price_days.py",
        "r.leg = 'list' AND NOT r.stale",
        "r.leg = 'list'",
        f"{SCHEDULED}what_somebody_changed_meanwhile_is_left_as_it_is",
    ),
    Mutant(
        "one price has one next price",
        "catalog/price_days.py",
        "_refuse_twice(schedule) states.move",
        "states.move",
        f"{SCHEDULED}a_change_that_nobody_can_mean_is_refused_by_name",
    ),
    Mutant(
        "one holds a lead",
        "migrations/versions/*_deals.py",
        "HOLDS = \"state IN ('pending', 'approved')\"",
        "HOLDS = \"state IN ('nobody')\"",
        "tests/reseller/test_deal_race.py::test_of_two_resellers_at_once_exactly_one_registers_the_lead",
    ),
    Mutant(
        "nobody else sells to a held lead",
        "partners/leads.py",
        "if found.taken:",
        "if False:",
        f"{DEALS}nobody_else_takes_the_company_on_or_its_order",
    ),
    Mutant(
        "no customer before its deal",
        "partners/leads.py",
        "if found.demanded and found.own is None:",
        "if False:",
        f"{DEALS}where_the_programme_says_so_a_customer_comes_after_the_approval",
    ),
    Mutant(
        "a deal whose days are over holds nobody off",
        "partners/leads.py",
        "d.state = 'approved' AND d.ends_at > p_now",
        "d.state = 'approved'",
        f"{DEALS}a_lead_is_free_at_its_end_though_no_task_has_come_round",
    ),
    Mutant(
        "only a partner registers a deal",
        "partners/deal_registrations.py",
        "enrolments.refuse_unless_active(programme, reseller_id)",
        "",
        f"{DEALS}only_an_active_partner_registers",
    ),
    Mutant(
        "no rejection without a reason of the programme",
        "partners/deal_reviews.py",
        "if reason not in deal_rules.of(deal.programme_id).reasons:",
        "if not reason:",
        f"{DEALS}one_of_the_programmes_reasons_is_chosen_and_told",
    ),
    Mutant(
        "a deal is changed as it was seen",
        "partners/deals.py",
        "if seen != str(deal.version):",
        "if False:",
        f"{DEALS}a_change_names_the_version_that_it_saw",
    ),
    Mutant(
        "near matches for the distributor only",
        "partners/deal_matches.py",
        "CASE WHEN current_setting('role') LIKE '%\\\\_as\\\\_distributor'"
        " THEN current_setting('app.distributor_id')::uuid END",
        "current_setting('app.distributor_id')::uuid",
        f"{DEALS}near_matches_are_the_distributors_alone",
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
        "deciding and withdrawing take turns",
        "provisioning/transfers.py",
        "select(Transfer) .where(Transfer.code == code, ~Transfer.incoming) .with_for_update()",
        "select(Transfer).where(Transfer.code == code, ~Transfer.incoming)",
        TRANSFERS + "of_accepting_and_withdrawing_at_once_exactly_one_wins",
    ),
    Mutant(
        "first a relation",
        "provisioning/transfers.py",
        "if not asking.extend: raise NoRelation(provider.name)",
        "if not asking.extend: theirs = customer",
        TRANSFERS + "without_a_relation_between_provider_and_customer_nothing_is_asked_for",
    ),
    Mutant(
        "only accepted providers",
        "partners/extensions.py",
        "TransferPartner.state == PairState.ACCEPTED,",
        "",
        TRANSFERS + "only_providers_whose_invitation_was_accepted_can_be_chosen",
    ),
    Mutant(
        "only existing customers are extended",
        "partners/extensions.py",
        "if customer.created_at > transition.since:",
        "if False:",
        TRANSFERS + "only_partners_in_transition_extend_and_only_what_was_theirs_before",
    ),
    Mutant(
        "the customer agrees to a transfer",
        "provisioning/transfers.py",
        "if not asking.consent:",
        "if False:",
        TRANSFERS + "without_the_customers_consent_nothing_is_copied_or_asked",
    ),
    Mutant(
        "one customer in a request",
        "provisioning/transfers.py",
        "if any(one.customer_id != customer.id for one in found):",
        "if False:",
        TRANSFERS + "a_request_is_about_one_or_more_subscriptions_of_one_customer",
    ),
    Mutant(
        "only the provider accepts",
        "provisioning/transfers.py",
        'own; what cannot any more stays where it is and says why.""" leaving, coming = halves(code)'
        " if coming.reseller_id != provider_id:",
        'own; what cannot any more stays where it is and says why."""\n    leaving, coming = halves(code)\n'
        "    if False:",
        TRANSFERS + "only_the_provider_decides_and_only_the_asker_withdraws",
    ),
    Mutant(
        "the quantity of the request",
        "provisioning/moves.py",
        "quantity=found.mine.quantity, price",
        "quantity=held.quantity, price",
        TRANSFERS + "a_change_of_quantity_after_the_request_is_not_carried_over",
    ),
    Mutant(
        "looked at again when it is accepted",
        "provisioning/transfers.py",
        "why = _why_not_now(subscription)",
        "why = None",
        TRANSFERS + "what_became_unmovable_before_it_was_accepted_stays_and_says_why",
    ),
    Mutant(
        "a moved service ends under its new id",
        "provisioning/fulfilment.py",
        "func.coalesce(TransferCall.new_external_id, VendorRecord.external_id)",
        "func.coalesce(VendorRecord.external_id, TransferCall.new_external_id)",
        MOVES + "what_has_moved_ends_at_the_vendor_under_its_new_id",
    ),
    Mutant(
        "a move is doubted after a restore",
        "provisioning/restorations.py",
        "known += db.session().scalars(moving)",
        "pass",
        MOVES + "after_a_restore_a_move_is_looked_up_before_it_is_asked_again",
    ),
    Mutant(
        "the same reference after a restore",
        "provisioning/fulfilment.py",
        '"reference": restorations.reference_of(line.id, Action.PROVISION),',
        '"reference": uuid4(),',
        RESTORED,
    ),
    Mutant(
        "doubt after a restore",
        "provisioning/restorations.py",
        'held = {"intent_open": True,',
        'held = {"intent_open": False,',
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
        "no order is given up unheard",
        "checkout/orders.py",
        "~payments.unheard(Order.id),",
        "",
        "tests/resilience/test_lost_webhooks.py"
        "::test_after_four_days_without_webhooks_one_look_finds_every_payment",
    ),
    Mutant(
        "nothing starts before the world was asked",
        "storefront/schema.py",
        "if not found and connection.exec_driver_sql(STILL_TO_COMPARE).scalar():",
        "if found and not found:",
        "tests/resilience/test_restore.py::test_nothing_starts_before_a_restored_database_was_compared",
    ),
    Mutant(
        "look-target",
        "storefront/portal/looks.py",
        'back = safe_target(f"{path}?{came_from.query}" if came_from.query else path)',
        'back = f"{path}?{came_from.query}" if came_from.query else path',
        "tests/portal/test_appearance.py::test_one_comes_back_to_where_one_was_and_never_to_another_site",
    ),
    Mutant(
        "language-key",
        "storefront/pages.py",
        "        languages.language(),\n        prices_shown(),",
        "        prices_shown(),",
        "tests/portal/test_appearance.py::test_testers_turn_a_sandbox_around_and_it_stays_so",
    ),
    Mutant(
        "settle",
        "core/outcomes.py",
        "if left := unsettled(kind, task):",
        "if left := None:",
        DURABLE + "settle_a_purchase_that_takes_effect_late_is_not_made_twice",
    ),
    Mutant(
        "deadline",
        "core/drain.py",
        "if plan.decided.age > kind.limits(plan.task.lane).send_deadline.total_seconds():",
        "if False:",
        DURABLE + "deadline_a_worker_that_froze_before_the_call_does_not_make_it_when_it_wakes",
    ),
    Mutant(
        "lock",
        "core/claims.py",
        "locked AS MATERIALIZED ( SELECT h.distributor_id, h.id, pg_try_advisory_lock(",
        "locked AS MATERIALIZED (SELECT h.distributor_id, h.id, 0 = abs(0 * ",
        DURABLE + "lock_while_a_frozen_worker_may_still_call_nobody_else_buys",
    ),
    Mutant(
        "look-up",
        "core/drain.py",
        "elif task.intent_open and repeat is Repeat.LOOK_UP:",
        "elif False:",
        DURABLE + "look_up_what_was_done_without_an_answer_is_found_not_bought",
    ),
    Mutant(
        "no look-up, no repeat",
        "core/tasks.py",
        "Repeat.NEVER if self.repeat is Repeat.LOOK_UP and",
        "Repeat.SAFE if",
        DURABLE + "what_cannot_be_looked_up_goes_to_a_person_and_is_never_repeated",
    ),
    Mutant(
        "an unclear attempt stays open",
        "core/outcomes.py",
        'was_open = phase == "look_up" or (phase == "prepare" and task.intent_open)',
        'was_open = phase == "look_up"',
        DURABLE + "a_pause_does_not_make_an_unclear_attempt_forgotten",
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
        "fund",
        "migrations/versions/*.py",
        "action NOT IN ('provision', 'increase', 'extend', 'convert') OR fund_id IS NOT NULL",
        "true",
        DURABLE + "no_delivery_without_a_fund",
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
        "ended only by recording",
        "subscriptions/subscriptions.py",
        "SubscriptionState.ACTIVE: [ SubscriptionState.SUSPENDED, SubscriptionState.ENDING,"
        " SubscriptionState.MOVING, ],",
        "SubscriptionState.ACTIVE: list(SubscriptionState),",
        ENDINGS + "nothing_but_a_recorded_end_leads_to_ended",
    ),
    Mutant(
        "the latest notice alone",
        "provisioning/lifecycles.py",
        "return due[-1] if due else None",
        "return due[0] if due else None",
        ENDINGS + "after_a_pause_of_the_scheduler_only_the_latest_notice_is_sent",
    ),
    Mutant(
        "what the seller cancelled",
        "subscriptions/cancellations.py",
        "if not may_take_back(tenancy.current().side, cancelled):",
        "if False:",
        ENDINGS + "what_the_seller_cancelled_the_buyer_cannot_take_back_but_the_seller_can",
    ),
    Mutant(
        "fence",
        "core/outcomes.py",
        "Task.leased_by == worker, Task.state",
        "Task.state",
        QUEUE + "an_unclear_answer_counts_only_from_the_worker_who_holds_the_task",
    ),
    Mutant(
        "never more back than captured",
        "billing/refunds.py",
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
        "one key, one refund",
        "checkout/line_refunds.py",
        "if (earlier := refunds.of_key(key)) is not None:",
        "if (earlier := None) is not None:",
        REFUNDS + "one_key_is_one_refund_however_many_ask_at_once",
    ),
    Mutant(
        "a refund is looked for before it is asked",
        "billing/refund_calls.py",
        "payment, made = _payment_of(call), look_up(call)",
        "payment, made = _payment_of(call), None",
        "tests/billing/test_foreign_refunds.py::test_a_refund_that_a_restore_lost_is_found_and_not_made_again",
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
        "nothing that runs is given back whole",
        "checkout/line_refunds.py",
        "if whole and state in COMES:",
        "if False:",
        CANCELLING + "a_line_that_runs_or_comes_is_not_given_back_whole",
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
        "unknown kinds keep their intent",
        "core/outcomes.py",
        'does not know {task.kind!r}.", task.intent_open',
        'does not know {task.kind!r}.", False',
        QUEUE + "a_task_of_newer_code_is_left_to_newer_code_as_it_is",
    ),
    Mutant(
        "a renewed lease is no new claim",
        "core/locks.py",
        "claimed = [task for task in claimed if task.id not in self.held]",
        "pass",
        QUEUE + "a_call_that_takes_longer_than_its_lease_is_not_made_again_by_the_same_worker",
    ),
    Mutant(
        "a delivery waits for one thing",
        "provisioning/fulfilment.py",
        'work.close_about(delivery.id, f"It is a {kind} now.", but=kind)',
        "",
        ITEMS + "an_unknown_delivery_that_is_parked_waits_for_one_thing",
    ),
    Mutant(
        "every stop is told",
        "app.py",
        'Later("mail_needs_attention"),',
        'Later("mail_needs_attention", key="delivery_id"),',
        ITEMS + "every_stop_is_told_to_the_distributor_and_the_buyer_once",
    ),
    Mutant(
        "delivered after a refusal is known",
        "provisioning/fulfilment.py",
        "_bought_all_the_same(delivery, outcome) return",
        "return",
        ITEMS + "what_is_delivered_after_a_person_refused_it_is_known_to_somebody",
    ),
    Mutant(
        "workers end with their server",
        "storefront/web.py",
        "lifeline.follow_the_server()",
        "pass",
        "tests/sandbox/test_web_workers.py::"
        "test_when_the_server_is_killed_its_workers_end_and_the_port_is_free",
    ),
    Mutant(
        "a server is no command of ours",
        "storefront/web.py",
        "and context.find_object(ScriptInfo) is not None",
        "",
        "tests/tenancy/test_start.py::test_a_server_with_a_command_line_of_its_own_is_no_command_of_ours",
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
        "_close_pages(payment) on_us = fee",
        "on_us = fee",
        PAYMENTS + "when_one_page_is_paid_the_others_are_closed",
    ),
    Mutant(
        "a page that opens too late is closed",
        "billing/payments.py",
        "_close_pages(payment) return payment.state",
        "return payment.state",
        PAYMENTS + "a_page_that_opens_while_its_order_is_cancelled_is_closed_and_nobody_is_led_to_it",
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
        "a code works once",
        "core/factors.py",
        "WHERE person_id = p_person AND last_step < p_step AND confirmed_at IS NOT NULL RETURNING true",
        "WHERE person_id = p_person AND confirmed_at IS NOT NULL RETURNING true",
        FACTORS + "a_code_works_once_in_any_browser_and_never_backwards",
    ),
    Mutant(
        "wrong codes are counted",
        "core/factors.py",
        "AND (f.locked_until IS NULL OR f.locked_until <= now()) RETURNING f.secret",
        "RETURNING f.secret",
        FACTORS + "a_hundred_guesses_at_once_are_five",
    ),
    Mutant(
        "the second step",
        "core/sessions.py",
        "AND (p_second OR NOT EXISTS (",
        "AND (true OR NOT EXISTS (",
        FACTORS + "the_database_lets_nobody_past_the_second_step",
    ),
    Mutant(
        "a ticket is bound to its host",
        "core/tickets.py",
        "WHERE t.token_hash = p_token AND t.storefront_id = p_storefront AND t.host = p_host AND",
        "WHERE t.token_hash = p_token AND t.storefront_id = p_storefront AND",
        DOMAINS + "a_ticket_is_worth_nothing_at_another_host_of_the_same_shop",
    ),
    Mutant(
        "a domain opens no other shop",
        "partners/storefronts.py",
        "IF by_alias THEN SELECT n.id INTO front",
        "IF true THEN SELECT n.id INTO front",
        DOMAINS + "under_its_own_name_a_shop_is_a_place_of_its_own",
    ),
    Mutant(
        "an unproven name is no host",
        "partners/domains.py",
        "if domain.proof in values:",
        "if values:",
        DOMAINS + "of_two_who_claim_a_name_the_one_who_proves_it_gets_it",
    ),
    Mutant(
        "a name cools",
        "partners/domains.py",
        "domain.free_at = now + COOLING",
        "domain.free_at = now",
        DOMAINS + "a_name_that_was_let_go_leads_nowhere_at_once_and_cools_before_others_may_have_it",
    ),
    Mutant(
        "sealed cursors",
        "storefront/cursors.py",
        "if not hmac.compare_digest(raw[:SEAL], _mark(raw[SEAL:], about)):",
        "if False:",
        LISTS + "a_cursor_is_good_only_for_its_list_its_order_and_its_scope",
    ),
    Mutant(
        "formulas",
        "storefront/exports.py",
        ".startswith(BEGINS_A_FORMULA)",
        '.startswith("never")',
        LISTS + "no_cell_becomes_a_formula",
    ),
    Mutant(
        "a reason is its writer's",
        "core/trail.py",
        "reseller_id=reseller_id if scope.reseller_id else None,",
        "reseller_id=reseller_id,",
        "tests/lists/test_timelines.py::test_no_other_side_can_select_the_distributors_reasons",
    ),
    Mutant(
        "masked logs",
        "core/logs.py",
        "structlog.processors.format_exc_info, mask,",
        "structlog.processors.format_exc_info,",
        "tests/core/test_logs.py::test_what_looks_like_a_secret_is_hidden_wherever_it_stands",
    ),
    Mutant(
        "filled in is escaped",
        "whitelabel_themes/loader.py",
        "{name: escape(value) for name, value in values.items()}",
        "values",
        "tests/themes/test_words.py::test_each_language_has_its_own_templates_and_fills_in_what_it_is_given",
    ),
    Mutant(
        "prices for its own only",
        "storefront/visitors.py",
        "if shop.prices_public:",
        "if shop.prices_public or not who.signed_in:",
        f"{SHOP_PAGES}a_visitor_sees_no_price_anywhere_until_signed_in",
    ),
    Mutant(
        "what was kept for those who see prices",
        "storefront/pages.py",
        "        prices_shown(),\n        *key,\n",
        "        *key,\n",
        f"{SHOP_PAGES}a_visitor_sees_no_price_anywhere_until_signed_in",
    ),
    Mutant(
        "not even by their order",
        "storefront/portal/facets.py",
        "if chosen not in SORTS or (chosen in PRICE_SORTS and not prices_shown()):",
        "if chosen not in SORTS:",
        f"{SHOP_PAGES}a_visitor_sees_no_price_anywhere_until_signed_in",
    ),
    Mutant(
        "structured data cannot end its element",
        "storefront/portal/heads.py",
        'for sign in "<>&\\u2028\\u2029":',
        'for sign in "":',
        f"{SHOP_PAGES}structured_data_never_ends_its_element",
    ),
    Mutant(
        "words of the own shelf only",
        "catalog/spellings.py",
        "WHERE t.words @@ (shelf && to_tsquery('simple', quote_literal(n.word))))) END;",
        "WHERE true)) END;",
        f"{SHELVES}nobody_finds_or_is_told_words_of_another_shelf",
    ),
    Mutant(
        "counts take away what was there",
        "catalog/entries.py",
        "band, -1 FROM old WHERE listing_id IS NOT NULL",
        "band, -1 FROM old WHERE false",
        f"{SHELVES}counts_follow_every_change_and_are_what_a_count_would_give",
    ),
    Mutant(
        "figures for who holds the token",
        "storefront/health.py",
        "if not token or not hmac.compare_digest(said.encode(), token.encode()):",
        "if False:",
        "tests/core/test_figures.py::test_nobody_else_is_told",
    ),
    Mutant(
        "bank transfer has its number",
        "checkout/transfer_requests.py",
        "if number is None or licences[product_id] < number:",
        "if number is None:",
        WIRE + "99_licences_are_refused_bank_transfer_and_100_may_ask_for_it",
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
GATE = (
    "settle",
    "deadline",
    "lock",
    "look-up",
)  # those that random crashes hardly ever expose: in every run of the tests


class DoesNotFit(ValueError):
    """The text to change is not there exactly once: the code moved on and the mutant must follow."""


def survives(mutant: Mutant) -> str:
    """Runs the test without the guard; an empty string if it fails, as it must, else what it said."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        tree = copied(Path(folder) / "tree")
        change(tree, mutant)
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", mutant.test]
        ran = subprocess.run(
            command, cwd=tree, capture_output=True, text=True, timeout=300, env=environment()
        )
        # 1: tests ran and failed; anything else (no such test, an error of collection, a crash) proves
        # nothing
        failed = (
            ran.returncode == 1 and " failed" in ran.stdout and " error" not in ran.stdout.splitlines()[-1]
        )
        return "" if failed else f"exit {ran.returncode}\n{ran.stdout[-3000:]}\n{ran.stderr[-1000:]}"


def copied(tree: Path) -> Path:
    """The project without what it makes, and with what is installed and compiled. What is written at this
    moment is left out (a name that ends in a number): it may be gone before it is copied."""
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
    for name in LINKED:
        if (ROOT / name).exists():
            (tree / name).symlink_to(ROOT / name)
    return tree


def change(tree: Path, mutant: Mutant) -> None:
    """Takes the guard away."""
    [(path, text)] = places(tree, mutant)
    path.write_text(pattern(mutant).sub(lambda _: mutant.new, text))


def places(tree: Path, mutant: Mutant) -> list[tuple[Path, str]]:
    """The one file with the guard, and its text."""
    texts = [(path, path.read_text()) for path in tree.glob(mutant.file)]
    found = [(path, text) for path, text in texts if pattern(mutant).search(text)]
    if len(found) != 1 or len(pattern(mutant).findall(found[0][1])) != 1:
        raise DoesNotFit(f"{mutant.name}: the text is not in {mutant.file} exactly once")
    return found


def pattern(mutant: Mutant) -> re.Pattern[str]:
    """The guard's text, wherever its lines are broken."""
    return re.compile(r"\s+".join(re.escape(word) for word in mutant.old.split()))


def environment() -> dict[str, str]:
    """Ours, without what another installation or test run told us."""
    return {
        name: text
        for name, text in os.environ.items()
        if name in ("PATH", "HOME", "LANG", "TMPDIR", "CHROMIUM", "TEST_INSTANCE")
    }


def run(names: Sequence[str]) -> dict[str, str]:
    """Name -> why it survived, or nothing; two at a time."""
    chosen = [mutant for mutant in MUTANTS if mutant.name in names]
    with ThreadPoolExecutor(2) as pool:
        return dict(zip([mutant.name for mutant in chosen], pool.map(survives, chosen), strict=True))


def main(names: Sequence[str]) -> int:
    """All or those named; 1 if a mutant survived."""
    if unknown := set(names) - {mutant.name for mutant in MUTANTS}:
        sys.stderr.write(f"no such mutant: {', '.join(sorted(unknown))}\n")
        return 2
    results = run(names or [mutant.name for mutant in MUTANTS])
    for name, why in results.items():
        sys.stdout.write(f"  {name:<34} {'SURVIVED' if why else 'red, as it must be'}\n{why}")
    return 1 if any(results.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
