"""Guards of the pages, lists and exports, and of what themes fill in."""

from tests.mutants.trials import Mutant

LISTS = "tests/lists/test_lists.py::test_"
SIGNING_IN = "tests/portal/test_sign_in_rules.py::test_"
JOINING_PAGES = "tests/portal/test_joining_pages.py::test_"
PARTNERS = "tests/reseller/test_partnerships.py::test_"
LOOKING = "tests/distributor/test_view_as.py::test_"
PLAN_PRICES = "tests/distributor/test_plan_prices.py::test_"
ACCOUNTING = "tests/reseller/test_accounts.py::test_"
SHOP_PAGES = "tests/portal/test_shop_pages.py::test_"

ODD = "tests/portal/test_odd_requests.py::test_"

MUTANTS = (
    Mutant(
        "few threads wait for bodies",
        "storefront/bodies.py",
        "if not self.reading.acquire(timeout=PATIENCE):",
        "self.reading = threading.BoundedSemaphore(9); self.reading.acquire()\n        if False:",
        "tests/portal/test_bodies.py::test_who_sends_slowly_takes_few_threads_from_the_others",
    ),
    Mutant(
        "a form has an end",
        "storefront/bodies.py",
        "most = LONGEST_FORM if is_form else self.largest",
        "most = self.largest",
        "tests/portal/test_bodies.py::test_what_is_larger_than_any_form_is_not_taken_apart",
    ),
    Mutant(
        "no text writes a place of a kept page",
        "storefront/pages.py",
        "{MARK}:(",
        "(?:{MARK}:)?(",
        f"{ODD}a_text_that_looks_like_a_place_of_a_kept_page_is_a_text",
    ),
    Mutant(
        "sealed cursors",
        "storefront/cursors.py",
        "if not hmac.compare_digest(raw[:SEAL], _mark(raw[SEAL:], about)):",
        "if False:",
        LISTS + "a_cursor_is_good_only_for_its_list_its_order_and_its_scope",
    ),
    Mutant(
        "a price that is another's is changed there",
        "storefront/distributor/product_prices.py",
        "errors[name] = str(factors.PricedAsAnother(plan.name))",
        "pass",
        f"{PLAN_PRICES}a_month_costs_a_tenth_of_the_year_and_goes_on_doing_so",
    ),
    Mutant(
        "a file is what its content says",
        "storefront/evidence_files.py",
        "if data.startswith(PDF) and END_OF_PDF in data[-2048:]:",
        'if name.endswith(".pdf"):',
        f"{JOINING_PAGES}a_refused_file_keeps_the_rest_of_the_form",
    ),
    Mutant(
        "formulas",
        "storefront/exports.py",
        ".startswith(BEGINS_A_FORMULA)",
        '.startswith("never")',
        LISTS + "no_cell_becomes_a_formula",
    ),
    Mutant(
        "figures for who holds the token",
        "storefront/health.py",
        "if not token or not hmac.compare_digest(said.encode(), token.encode()):",
        "if False:",
        "tests/core/test_figures.py::test_nobody_else_is_told",
    ),
    Mutant(
        "a link leads to http, https or mailto",
        "storefront/markdown.py",
        "urlsplit(url.strip()).scheme.lower() in LINKS",
        "True",
        "tests/distributor/test_markdown.py::test_a_link_leads_to_a_page_or_a_mailbox_and_nowhere_else",
    ),
    Mutant(
        "language-key",
        "storefront/pages.py",
        "        languages.language(),\n        prices_shown(),",
        "        prices_shown(),",
        "tests/portal/test_appearance.py::test_testers_turn_a_sandbox_around_and_it_stays_so",
    ),
    Mutant(
        "what was kept for those who see prices",
        "storefront/pages.py",
        "        prices_shown(),\n        *key,\n",
        "        *key,\n",
        f"{SHOP_PAGES}a_visitor_sees_no_price_anywhere_until_signed_in",
    ),
    Mutant(
        "only an administrator changes roles",
        "storefront/people.py",
        "require_role(roles.ADMIN)\n        asked =",
        "asked =",
        "tests/portal/test_people.py::test_who_is_no_administrator_changes_nothing_by_page_or_by_hand",
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
        "look-target",
        "storefront/portal/looks.py",
        'redirect(safe_target(came_from()) or f"{at}/", 303)',
        'redirect(came_from() or f"{at}/", 303)',
        "tests/portal/test_appearance.py::test_one_comes_back_to_where_one_was_and_never_to_another_site",
    ),
    Mutant(
        "a dashboard reaches its own services",
        "storefront/reseller/accounts.py",
        "if owner is None or owner.code != code:",
        "if False:",
        f"{ACCOUNTING}a_service_of_another_customer_is_not_reached_through_a_dashboard",
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
        "providers are for partners",
        "storefront/reseller/providers.py",
        "if not menu.is_enrolled():",
        "if False:",
        f"{PARTNERS}partners_compare_providers_and_ask_for_an_invitation",
    ),
    Mutant(
        "nothing starts before the world was asked",
        "storefront/schema.py",
        "if not found and connection.exec_driver_sql(STILL_TO_COMPARE).scalar():",
        "if found and not found:",
        "tests/resilience/test_restore.py::test_nothing_starts_before_a_restored_database_was_compared",
    ),
    Mutant(
        "a second factor before anything else",
        "storefront/visitors.py",
        "if not visitor().must_set_up or request.endpoint in SETTING_UP",
        "if True or request.endpoint in SETTING_UP",
        f"{SIGNING_IN}whoever_needs_a_second_factor_sets_it_up_before_anything_else_from_every_address",
    ),
    Mutant(
        "the terms come first",
        "storefront/visitors.py",
        "return terms_first() if visitor().must_agree else None",
        "return None",
        f"{ACCOUNTING}the_terms_come_before_every_page_and_lead_to_the_accounts",
    ),
    Mutant(
        "a look sends nothing",
        "storefront/visitors.py",
        "if request.method not in SAFE or request.endpoint in ACTS:",
        "if False:",
        f"{LOOKING}every_form_of_the_partners_console_is_refused_by_name",
    ),
    Mutant(
        "a look ends",
        "storefront/visitors.py",
        "if looking.over:",
        "if False:",
        f"{LOOKING}a_look_is_over_when_its_time_is_its_session_is_or_when_she_manages_no_more",
    ),
    Mutant(
        "who was removed is told",
        "storefront/visitors.py",
        "sessions.refuse_removed(tokens(request.environ), ",
        "dict(",
        "tests/tenancy/test_sessions.py::test_a_membership_that_ended_ends_its_sessions_at_the_next_request",
    ),
    Mutant(
        "prices for its own only",
        "storefront/visitors.py",
        "if shop.prices_public:",
        "if shop.prices_public or not who.signed_in:",
        f"{SHOP_PAGES}a_visitor_sees_no_price_anywhere_until_signed_in",
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
        "filled in is escaped",
        "whitelabel_themes/loader.py",
        "{name: escape(value) for name, value in values.items()}",
        "values",
        "tests/themes/test_words.py::test_each_language_has_its_own_templates_and_fills_in_what_it_is_given",
    ),
    Mutant(
        "two at once are no database that is away",
        "storefront/errors.py",
        'if getattr(error.orig, "sqlstate", None) != TWICE:',
        "if True:",
        "tests/portal/test_odd_requests.py::test_only_a_database_that_is_away_is_said_to_be",
    ),
    Mutant(
        "a way on that a header can hold",
        "storefront/portal/access.py",
        "and target.isprintable()",
        "",
        "tests/portal/test_odd_requests.py::test_what_no_header_can_hold_is_no_way_on",
    ),
    Mutant(
        "spans of prices that a price can be in",
        "storefront/portal/facets.py",
        "and int(text) <= LAST_BAND",
        "",
        f"{SHOP_PAGES}filters_are_links_that_add_and_take_away",
    ),
    Mutant(
        "one seat for one person",
        "subscriptions/subscriptions.py",
        "db.session().execute(select(func.pg_advisory_xact_lock(func.hashtextextended(whose, 0))))",
        "pass",
        "tests/portal/test_orders.py::test_of_two_clicks_at_once_for_one_person_one_gives_a_seat",
    ),
    Mutant(
        "blanks are no name",
        "storefront/forms.py",
        "if _only_blanks(field):",
        "if not field.name:",
        "tests/distributor/test_product_editor.py::test_blanks_are_no_name",
    ),
    Mutant(
        "a card's words are no markup",
        "storefront/portal/cards.py",
        "str(escape(BETWEEN.join(said)))",
        "str(BETWEEN.join(said))",
        "tests/portal/test_shelf.py::test_a_card_says_what_its_product_says_and_is_no_markup",
    ),
)
