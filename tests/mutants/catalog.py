"""Guards of what is sold and for how much."""

from tests.mutants.trials import Mutant

IMPORTS = "tests/distributor/test_price_imports.py::test_"
RULES = "tests/reseller/test_price_rules.py::test_"
SCHEDULED = "tests/catalog/test_scheduled_prices.py::test_"
TIERS = "tests/partners/test_tiers.py::test_"
VOLUMES = "tests/catalog/test_volumes.py::test_"
PLAN_PRICES = "tests/distributor/test_plan_prices.py::test_"
DISCOUNTS = "tests/checkout/test_discounts.py::test_"
SEARCHES = "tests/catalog/test_searches.py::test_"
SHELVES = "tests/catalog/test_shelves.py::test_"
EDITOR = "tests/distributor/test_product_editor.py::test_"
UPGRADES = "tests/catalog/test_upgrades.py::test_"

MUTANTS = (
    Mutant(
        "an overtaken form changes nothing",
        "catalog/editing.py",
        "if sent != seen(values):",
        "if False:",
        EDITOR + "whoever_is_overtaken_sees_both_values_and_loses_nothing",
    ),
    Mutant(
        "counts take away what was there",
        "catalog/entries.py",
        "band, -1 FROM old WHERE listing_id IS NOT NULL",
        "band, -1 FROM old WHERE false",
        f"{SHELVES}counts_follow_every_change_and_are_what_a_count_would_give",
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
        "a floor that refuses stops the order",
        "catalog/margin_floors.py",
        "raise PriceInReview(product)",
        "pass",
        RULES + "a_cost_that_breaks_the_floor_is_an_alarm_work_a_refusal_and_mended",
    ),
    Mutant(
        "what only partners sell is on no list of others",
        "catalog/entries.py",
        "AND o.published AND {SOLD_BY_IT}",
        "AND o.published",
        "tests/distributor/test_partner_products.py::test_only_partners_sell_what_is_kept_for_them",
    ),
    Mutant(
        "a file waits for its turn before it holds anything",
        "storefront/distributor/catalogue_loading.py",
        "    shelf_prices.take_turns()  #",
        "    #",
        "tests/distributor/test_wrong_fields.py"
        "::test_who_loads_a_file_waits_for_a_change_of_prices_before_it_holds_anything",
    ),
    Mutant(
        "what is sold elsewhere has no page here",
        "catalog/listings.py",
        "        markets.sold_here(),\n",
        "",
        "tests/portal/test_markets.py::test_what_is_sold_elsewhere_has_no_page_price_or_button_here",
    ),
    Mutant(
        "what is sold in some countries only",
        "catalog/markets.py",
        "if sold_to.markets and country not in sold_to.markets:",
        "if False:",
        EDITOR + "a_plan_is_sold_in_its_markets_and_segments_only",
    ),
    Mutant(
        "a pattern repeats no repetition",
        "catalog/order_fields.py",
        "or NESTED.search(pattern)",
        "",
        "tests/distributor/test_offerings.py::test_a_question_that_cannot_be_asked_is_refused",
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
        "needs never lead round in a circle",
        "catalog/plan_links.py",
        "_refuse_circle(own, bases.values(), LinkKind.BASE)",
        "pass",
        "tests/distributor/test_offerings.py::test_the_page_saves_the_rules_of_one_plan_or_says_why_not",
    ),
    Mutant(
        "a price changed by hand stays",
        "catalog/price_changes.py",
        "IS DISTINCT FROM (r.was_list_minor, r.was_published, r.was_cost_minor, r.was_wholesale_minor,",
        "IS DISTINCT FROM (p.list_minor, p.published, c.cost_minor, w.price_minor,",
        IMPORTS + "what_somebody_changed_meanwhile_is_left_alone_and_said",
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
        "the newest import is undone first",
        "catalog/price_imports.py",
        "raise NotTheLast(newer)",
        "pass",
        IMPORTS + "undoing_brings_the_old_prices_back_and_takes_new_plans_off",
    ),
    Mutant(
        "a slip of the pen retires nothing",
        "catalog/import_comparisons.py",
        "named = {problem.plan_code for problem in sheet.problems}",
        "named = set()",
        "tests/distributor/test_sheet_imports.py::test_a_line_that_cannot_be_read_leaves_its_plan_as_it_is",
    ),
    Mutant(
        "an ended partnership has no price",
        "catalog/price_lists.py",
        "        Enrolment.state == EnrolmentState.ACTIVE,\n",
        "",
        f"{TIERS}a_changed_discount_counts_for_the_next_order_and_an_ended_partnership_has_none",
    ),
    Mutant(
        "a wholesale price is held to its floor",
        "catalog/pricing.py",
        "margin_floors.check_wholesale(plan, price)",
        "pass",
        RULES + "a_cost_that_breaks_the_floor_is_an_alarm_work_a_refusal_and_mended",
    ),
    Mutant(
        "what follows another plan is kept in line with it",
        "catalog/pricing.py",
        "plan.list_minor = price.minor factors.pass_on([plan.id])",
        "plan.list_minor = price.minor",
        f"{PLAN_PRICES}a_month_costs_a_tenth_of_the_year_and_goes_on_doing_so",
    ),
    Mutant(
        "a published promotion stays as it was announced",
        "catalog/promotions.py",
        "raise NotADraft",
        "pass",
        "tests/distributor/test_promotions.py::test_a_promotion_goes_from_the_form_to_its_uses_and_its_end",
    ),
    Mutant(
        "a search uses indexes only",
        "catalog/searches.py",
        "SET enable_seqscan = off",
        "SET enable_seqscan = on",
        f"{SEARCHES}no_search_reads_a_shelf_row_by_row",
    ),
    Mutant(
        "a walk that met too few gathers all",
        "catalog/searches.py",
        "IF walked = {FAR} AND cardinality(these) < p_most THEN these := NULL; END IF;",
        "",
        f"{SEARCHES}what_all_have_what_a_few_have_and_what_one_has_is_found_in_every_order",
    ),
    Mutant(
        "what the sample lacks is looked up in the whole shelf",
        "catalog/searches.py",
        "SELECT * FROM others",
        "SELECT * FROM others WHERE false",
        f"{SEARCHES}what_all_have_what_a_few_have_and_what_one_has_is_found_in_every_order",
    ),
    Mutant(
        "shelves follow a promotion",
        "catalog/promotions.py",
        "db.flush() listings.changed(promotion.reseller_id)",
        "db.flush()",
        "tests/distributor/test_promotions.py::test_a_resellers_promotion_stands_on_the_shelf_in_basket_and_order_at_the_same_price",
    ),
    Mutant(
        "not more value than is left",
        "catalog/reductions.py",
        "gone |= over",
        "return chosen",
        DISCOUNTS + "who_has_a_promotion_is_asked_for_every_order",
    ),
    Mutant(
        "a floor that refuses stops the price",
        "catalog/retail.py",
        "margin_floors.of_shelf(reseller_id),",
        "{},",
        RULES + "a_retail_price_under_the_floor_is_refused_or_taken_with_an_alarm_and_mended",
    ),
    Mutant(
        "the page names the rule that made the price",
        "catalog/retail_rules.py",
        "SPECIFIC = tuple(reversed(Level))",
        "SPECIFIC = tuple(Level)",
        "tests/catalog/test_retail_rules.py::test_the_most_specific_rule_that_covers_a_plan_makes_its_price",
    ),
    Mutant(
        "the most specific rule makes the price",
        "catalog/shelf_prices.py",
        "coalesce(r1.id, r2.id, r3.id, r4.id, r5.id)",
        "coalesce(r5.id, r4.id, r3.id, r2.id, r1.id)",
        RULES + "the_most_specific_rule_makes_a_price_and_the_page_says_which",
    ),
    Mutant(
        "words of the own shelf only",
        "catalog/spellings.py",
        "WHERE {ON_THE_SHELF.format(word=\"to_tsquery('simple', quote_literal(n.word))\")}) END;",
        "WHERE true) END;",
        f"{SHELVES}nobody_finds_or_is_told_words_of_another_shelf",
    ),
    Mutant(
        "edits of the upgrade graph take turns",
        "catalog/upgrades.py",
        "select(Distributor).with_for_update(key_share=True)",
        "select(Distributor)",
        UPGRADES + "two_edits_at_once_cannot_close_a_circle_together",
    ),
    Mutant(
        "a step counts from its first unit on",
        "catalog/volumes.py",
        "for begin, minor in steps if begin <= quantity]",
        "for begin, minor in steps if begin < quantity]",
        f"{VOLUMES}a_quantity_has_the_price_of_the_last_step_that_it_reaches",
    ),
    Mutant(
        "a workbook that unpacks to far more is not unpacked",
        "catalog/workbooks.py",
        "if part.file_size > SMALL and part.file_size > RATIO * max(part.compress_size, 1):",
        "if False:",
        "tests/catalog/test_sheet_files.py::test_what_is_not_what_it_says_or_would_not_fit_is_refused_by_name",
    ),
    Mutant(
        "a catalogue file is of the kinds that its readers go by",
        "catalog/catalogue_files.py",
        "if misshapen := list(catalogue_shapes.problems(content)):",
        "if misshapen := list(content.get('misshapen', [])):",
        "tests/distributor/test_catalogue.py::test_a_value_of_another_kind_is_named_and_nothing_breaks",
    ),
    Mutant(
        "a price list is told apart by its name",
        "catalog/price_list_editing.py",
        "if db.session().scalar(taken if but is None else taken.where(PriceList.id != but.id)) is not None:",
        "if not words:",
        "tests/distributor/test_price_lists.py::test_what_no_list_can_be_is_refused_by_name",
    ),
)
