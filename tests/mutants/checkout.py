"""Guards between basket and funded order."""

from tests.mutants.trials import Mutant

REFUNDS = "tests/billing/test_refunds.py::test_"
CANCELLING = "tests/provisioning/test_cancelling.py::test_"
QUOTES = "tests/checkout/test_quotes.py::test_"
TIERS = "tests/partners/test_tiers.py::test_"
AGREEING = "tests/partners/test_customer_agreements.py::test_"
JOINING = "tests/partners/test_joining.py::test_"
PLAN_PRICES = "tests/distributor/test_plan_prices.py::test_"
OFFERS = "tests/checkout/test_offers.py::test_"
WIRE = "tests/checkout/test_bank_transfer_requests.py::test_"
DISCOUNTS = "tests/checkout/test_discounts.py::test_"

MUTANTS = (
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
        "a shelf of one's own shop",
        "checkout/baskets.py",
        "AND l.reseller_id = m.reseller_id",
        "",
        "tests/portal/test_basket.py::test_the_short_way_into_a_basket_asks_all_that_the_long_one_does",
    ),
    Mutant(
        "what the rules find is raised at placing",
        "checkout/compositions.py",
        "offers.refuse_unless(findings)",
        "pass",
        OFFERS + "what_needs_something_is_ordered_once_that_runs",
    ),
    Mutant(
        "the last use is held",
        "checkout/discounts.py",
        "hold(locks) found, _again = _may_have(reseller_id, customer_id, plans)",
        "pass",
        DISCOUNTS + "of_two_orders_at_once_one_has_the_last_use",
    ),
    Mutant(
        "customers hear of retail discounts only",
        "checkout/discounts.py",
        "CASE WHEN d.reseller_id IS NULL THEN b.trade ELSE",
        "CASE WHEN d.reseller_id IS NULL THEN true ELSE",
        DISCOUNTS + "a_customers_scope_hears_of_no_wholesale_discount_and_a_reseller_of_no_others",
    ),
    Mutant(
        "a reseller is not told what the vendor asks",
        "checkout/explanations.py",
        "Side.RESELLER: frozenset({Leg.WHOLESALE, Leg.RETAIL}),",
        "Side.RESELLER: frozenset(Leg),",
        f"{PLAN_PRICES}each_console_is_told_why_as_far_as_it_may_see",
    ),
    Mutant(
        "one key, one refund",
        "checkout/line_refunds.py",
        "if (earlier := refunds.of_key(key)) is not None:",
        "if (earlier := None) is not None:",
        REFUNDS + "one_key_is_one_refund_however_many_ask_at_once",
    ),
    Mutant(
        "nothing that runs is given back whole",
        "checkout/line_refunds.py",
        "if whole and state in COMES:",
        "if False:",
        CANCELLING + "a_line_that_runs_or_comes_is_not_given_back_whole",
    ),
    Mutant(
        "no more of an add-on than its base has",
        "checkout/offers.py",
        "match is Match.AT_MOST and total > found.base.quantity",
        "False",
        OFFERS + "an_add_on_is_ordered_and_delivered_with_its_base_and_ends_with_it",
    ),
    Mutant(
        "parts are held to their own numbers",
        "checkout/offers.py",
        "check_quantity(bundle.quantity, part.minimum, part.maximum, part.unit, part.step)",
        "pass",
        OFFERS + "parts_of_a_bundle_are_held_to_their_own_numbers",
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
        "a customer does not read what its reseller lacks",
        "checkout/placing.py",
        "raise NotTakenNow from None",
        "raise",
        "tests/checkout/test_orders.py::test_what_the_payment_will_not_cover_is_refused_by_name_without_credit",
    ),
    Mutant(
        "a customer whose reseller orders is not its reseller",
        "checkout/placing.py",
        "and not by_the_reseller():",
        "and False:",
        "tests/checkout/test_orders.py::test_a_customer_whose_reseller_orders_for_it_cannot_order",
    ),
    Mutant(
        "an agreement before an order on one's behalf",
        "checkout/placing.py",
        "if not checkout.asks_terms and buyer.customer_id is None:",
        "if not checkout.asks_terms:",
        f"{AGREEING}nor_does_anybody_order_on_its_behalf",
    ),
    Mutant(
        "the provider orders for an indirect customer",
        "checkout/placing.py",
        "if not by_the_provider():",
        "if False:",
        f"{JOINING}direct_customers_stay_direct_and_indirect_ones_are_ordered_for_by_the_provider",
    ),
    Mutant(
        "the tier's price is in the order too",
        "checkout/pricing.py",
        "wholesale = discounted(listed, discount) if listed is not None else None",
        "wholesale = listed",
        f"{TIERS}the_tier_lowers_the_wholesale_price_the_same_wherever_it_is_shown_and_ordered",
    ),
    Mutant(
        "an order is priced at its volume step",
        "checkout/pricing.py",
        "return volumes.at(Money(minor, currency), steps or (), quantity)",
        "return Money(minor, currency)",
        "tests/checkout/test_orders.py::test_a_line_is_priced_at_the_volume_step_of_its_own_quantity",
    ),
    Mutant(
        "nobody else orders for a direct customer",
        "checkout/provider_orders.py",
        "if channels.of_customer(customer) is not Channel.INDIRECT:",
        "if False:",
        f"{JOINING}the_provider_orders_for_indirect_customers_and_for_no_direct_one",
    ),
    Mutant(
        "nobody quotes a held lead",
        "checkout/quote_drafts.py",
        "refuse_a_lead_of_others(draft)",
        "",
        f"{QUOTES}nobody_quotes_or_accepts_where_another_partners_deal_holds_the_lead",
    ),
    Mutant(
        "what is sold no more is refused with the way out",
        "checkout/quote_orders.py",
        "refuse_unless_sold(quoted(quote)) raise",
        "raise",
        f"{QUOTES}what_cannot_be_ordered_any_more_is_refused_with_the_way_out",
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
        "who supports a customer changes on its account too",
        "checkout/reseller_orders.py",
        "support_types.choose(customer, support)",
        "pass",
        "tests/reseller/test_contracts.py::test_a_reseller_adds_a_subscription_with_three_inputs",
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
        "bank transfer has its number",
        "checkout/bank_transfer_requests.py",
        "if number is None or licences[product_id] < number:",
        "if number is None:",
        WIRE + "99_licences_are_refused_bank_transfer_and_100_may_ask_for_it",
    ),
    Mutant(
        "floors look after promotions",
        "checkout/pricing.py",
        "[one if one.terms.conditional else judged(one) for one in lines]",
        "lines",
        DISCOUNTS + "floors_judge_what_is_left_after_promotions_that_one_bears_oneself",
    ),
    Mutant(
        "only partners of its programme sell a product",
        "checkout/placing.py",
        "partner_products.refuse_unless_partner(sold_to)",
        "pass",
        "tests/distributor/test_partner_products.py::test_only_partners_sell_what_is_kept_for_them",
    ),
    Mutant(
        "a part of a bundle that only partners sell",
        "checkout/compositions.py",
        "for_others.get(part.product_id)",
        "None",
        "tests/distributor/test_partner_products.py::test_a_bundle_with_a_part_for_partners_is_theirs_too",
    ),
    Mutant(
        "an add-on of a quote has its base there",
        "checkout/baskets.py",
        "if len(here) == 1:",
        "if len(here) == 9:",
        "tests/checkout/test_offers.py"
        "::test_an_add_on_of_a_quote_belongs_to_the_line_that_it_extends_whatever_runs",
    ),
    Mutant(
        "a quote that could not be ordered is not sent",
        "checkout/quote_sending.py",
        "    _refuse_what_could_not_be_ordered(quote, items)\n    _refuse",
        "    _refuse",
        "tests/portal/test_markets.py::test_a_quote_that_could_not_be_ordered_is_not_sent",
    ),
    Mutant(
        "a shop sells in its country",
        "checkout/placing.py",
        "markets.refuse_unless_sold_by(taxed.chain.seller.country, sold_to)",
        "pass",
        "tests/distributor/test_product_editor.py::test_a_plan_is_sold_in_its_markets_and_segments_only",
    ),
    Mutant(
        "five questions wait and no more",
        "checkout/quote_answers.py",
        "if len(last) == MOST_WAITING and not any(last):",
        "if False:",
        "tests/checkout/test_quotes.py::test_five_questions_wait_for_an_answer_and_no_more",
    ),
)
