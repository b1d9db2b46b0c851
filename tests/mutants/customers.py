"""Guards of a reseller's customers: who they are, what they agreed to, who supports them, deals."""

from tests.mutants.trials import Mutant

NEWS = "tests/partners/test_newsletters.py::test_"
SEARCH = "tests/distributor/test_customer_search.py::test_"
DEALS = "tests/partners/test_deals.py::test_"
AGREEING = "tests/partners/test_customer_agreements.py::test_"
TRANSFERS = "tests/provisioning/test_transfers.py::test_"
CUSTOMERS = "tests/partners/test_customers.py::test_"
ADDING = "tests/reseller/test_adding_customers.py::test_"
ACCOUNTING = "tests/reseller/test_accounts.py::test_"

MUTANTS = (
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
        "a comment is the reseller's",
        "partners/customers.py",
        '__access__ = Access(reseller="rcu")',
        '__access__ = Access(distributor="r", reseller="rcu")',
        f"{ADDING}a_private_comment_is_the_resellers_alone",
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
        "the clock of support stops at weekends",
        "partners/support_hours.py",
        "if day.weekday() in self.days:",
        "if self.days:",
        "tests/partners/test_support_hours.py::test_the_clock_stops_at_weekends",
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
)
