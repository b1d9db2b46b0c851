"""Guards of a partner's standing: roles, log-ins, tiers, years, resources, storefronts, hosts."""

from tests.mutants.trials import Mutant

DOMAINS = "tests/reseller/test_domain.py::test_"
ROLES = "tests/partners/test_roles.py::test_"
LOGINS = "tests/partners/test_logins.py::test_"
SIGNING_IN = "tests/portal/test_sign_in_rules.py::test_"
TIERS = "tests/partners/test_tiers.py::test_"
YEARS = "tests/partners/test_partner_years.py::test_"
GIVING = "tests/reseller/test_resources.py::test_"
MANAGING = "tests/partners/test_account_managers.py::test_"

MUTANTS = (
    Mutant(
        "a letter that looks alike is alike",
        "partners/leads.py",
        "(read := word.translate(ALIKE))",
        "(read := word)",
        "tests/partners/test_deals.py::test_a_company_is_recognised_under_its_spellings",
    ),
    Mutant(
        "who left manages nobody",
        "partners/account_managers.py",
        "Membership.ended_at.is_(None)\n        & or_(",
        "Membership.id.is_not(None)\n        & or_(",
        f"{MANAGING}a_manager_who_leaves_the_staff_leaves_the_reseller_without_one",
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
        "nobody is put out without a reason",
        "partners/enrolments.py",
        "if not reason.strip():",
        "if False:",
        f"{YEARS}a_partnership_ends_when_it_is_terminated_and_what_was_open_is_void",
    ),
    Mutant(
        "a notice is withdrawn before its day",
        "partners/leavings.py",
        "if notice is None or notice.ends_at <= business_now():",
        "if notice is None:",
        f"{YEARS}a_notice_is_withdrawn_before_its_day_and_not_after_it",
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
        "one open request of a kind",
        "partners/requests.py",
        "raise AskedAlready(kind.label) from error",
        "raise",
        f"{GIVING}a_request_is_handed_in_answered_and_told_by_mail",
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
        "who moved away is counted no more",
        "partners/sales.py",
        "lost(subscription_id) db.add(",
        "db.add(",
        "tests/provisioning/test_moves.py"
        "::test_what_has_moved_counts_for_its_new_provider_and_no_longer_for_the_old",
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
        "a session that nobody uses",
        "partners/storefronts.py",
        "AND s.last_seen_at > now() - s.idle",
        "",
        f"{SIGNING_IN}a_session_ends_without_a_click_and_at_the_latest_as_the_distributor_says",
    ),
    Mutant(
        "a domain opens no other shop",
        "partners/storefronts.py",
        "IF by_alias THEN SELECT n.id INTO front",
        "IF true THEN SELECT n.id INTO front",
        DOMAINS + "under_its_own_name_a_shop_is_a_place_of_its_own",
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
        "tiers are read by partners only",
        "partners/tiers.py",
        "AND e.reseller_id = nullif(current_setting('app.reseller_id'), '')::uuid AND",
        "AND",
        f"{TIERS}a_reseller_reads_the_tiers_of_its_own_programmes_and_nobody_elses",
    ),
    Mutant(
        "only the manager looks",
        "partners/viewings.py",
        "if not may_look(reseller, person_id, admin=admin):",
        "if False:",
        f"{MANAGING}only_the_partners_manager_looks_and_only_with_a_reason",
    ),
)
