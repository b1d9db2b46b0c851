"""Guards of relations between resellers and customers: who creates a customer, how far away it may be, what
it lets its provider do."""

from tests.mutants.trials import Mutant

RELATIONS = "tests/partners/test_relations.py::test_"
DELEGATING = "tests/reseller/test_admin_rights.py::test_"

MUTANTS = (
    Mutant(
        "a customer is of one's own region",
        "partners/channels.py",
        "_refuse_elsewhere(customer, rules)",
        "pass",
        f"{RELATIONS}a_customer_is_won_within_the_country_or_region_only",
    ),
    Mutant(
        "rights are asked for within one region",
        "partners/admin_rights.py",
        "relation_rules.refuse_elsewhere(",
        "dict(found=",
        f"{RELATIONS}admin_rights_are_asked_for_where_the_programme_has_them_and_within_the_region",
    ),
    Mutant(
        "rights are asked for where a programme has them",
        "partners/admin_rights.py",
        "if not may_be_asked(found):",
        "if False:",
        f"{RELATIONS}admin_rights_are_asked_for_where_the_programme_has_them_and_within_the_region",
    ),
    Mutant(
        "an administrator answers about rights",
        "partners/admin_rights.py",
        "if not who.is_admin: raise OnlyAdministrators states.move",
        "states.move",
        f"{RELATIONS}only_an_administrator_of_the_customer_answers_and_what_they_said_is_kept",
    ),
    Mutant(
        "a removal is confirmed",
        "partners/admin_rights.py",
        "if who.is_admin and not sure:",
        "if False:",
        f"{RELATIONS}the_rights_open_the_services_until_they_are_removed",
    ),
    Mutant(
        "removed rights open nothing",
        "partners/admin_rights.py",
        "if said in (RightsState.DECLINED, RightsState.REMOVED):",
        "if False:",
        f"{RELATIONS}a_support_type_opens_nothing_that_the_customer_has_taken_away",
    ),
    Mutant(
        "a state alone gives no rights",
        "partners/admin_rights.py",
        "return state is said is RightsState.GRANTED or co_managed",
        "return state is RightsState.GRANTED or co_managed",
        f"{RELATIONS}a_support_type_opens_nothing_that_the_customer_has_taken_away",
    ),
    Mutant(
        "a dashboard opens with rights only",
        "storefront/reseller/accounts.py",
        "admin_rights.refuse_unless_open(customer) own",
        "own",
        f"{DELEGATING}a_customer_takes_the_rights_away_and_its_provider_stays_bound",
    ),
    Mutant(
        "the agreement comes with the relation",
        "partners/relations.py",
        "raise AgreementMissing(row.name)",
        "continue",
        f"{DELEGATING}rights_and_agreement_are_answered_with_the_invitation_and_nothing_is_lost",
    ),
    Mutant(
        "an indirect reseller creates no customer",
        "partners/channels.py",
        "relation_rules.refuse_to_create(rules)",
        "pass",
        f"{RELATIONS}an_indirect_reseller_creates_no_customer_and_its_provider_does",
    ),
    Mutant(
        "the provider creates for its own programmes",
        "partners/customer_requests.py",
        "if one.rules.provider_creates and one.channel is Channel.INDIRECT",
        "if True",
        f"{RELATIONS}what_cannot_be_created_is_not_asked_for",
    ),
    Mutant(
        "a console without agents has no dashboards",
        "partners/relation_rules.py",
        'if "no_agents" in goes_without(reseller_id):',
        "if False:",
        f"{DELEGATING}a_console_goes_without_what_its_programmes_leave_out",
    ),
)
