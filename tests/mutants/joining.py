"""Guards on the way in: applications, papers, signatures, invitations, channels, terms."""

from tests.mutants.trials import Mutant

APPLYING = "tests/partners/test_applications.py::test_"
LOGINS = "tests/partners/test_logins.py::test_"
AGREEING = "tests/partners/test_customer_agreements.py::test_"
JOINING = "tests/partners/test_joining.py::test_"
JOINING_PAGES = "tests/portal/test_joining_pages.py::test_"
CUSTOMERS = "tests/partners/test_customers.py::test_"
ADDING = "tests/reseller/test_adding_customers.py::test_"
PARTNERS = "tests/reseller/test_partnerships.py::test_"

MUTANTS = (
    Mutant(
        "a login has to be free to join",
        "partners/acceptances.py",
        "AND (i.side <> 'reseller' OR {logins.IS_FREE}(i.distributor_id, i.reseller_id))",
        "",
        f"{LOGINS}nobody_joins_beyond_the_logins_of_the_programme_and_the_trail_says_so",
    ),
    Mutant(
        "signing in accepts being added alone",
        "partners/acceptances.py",
        "AND i.state = 'pending' AND i.adds",
        "AND i.state = 'pending'",
        f"{CUSTOMERS}signing_in_accepts_nothing_but_being_added",
    ),
    Mutant(
        "no step of an application is skipped",
        "partners/applications.py",
        "ApplicationState.APPROVED: [\n                ApplicationState.SIGNED,",
        "ApplicationState.APPROVED: [\n                *(s for s in ApplicationState if s != 'approved'),",
        f"{APPLYING}no_step_can_be_skipped_or_taken_twice",
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
        "partners/application_reviews.py",
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
        "a link grows too old",
        "partners/applications.py",
        "if not however_old and expired(found):",
        "if False:",
        f"{JOINING}a_link_is_good_for_thirty_days_from_its_last_mail_and_a_new_one_ends_it",
    ),
    Mutant(
        "what is signed is not taken back",
        "partners/application_reviews.py",
        "if application.state is not ApplicationState.APPROVED:\n        raise NotApproved",
        "if application is None:\n        raise NotApproved",
        f"{JOINING}an_approval_is_taken_back_before_the_signature_and_never_after",
    ),
    Mutant(
        "an application for nobody's eyes",
        "partners/applications.py",
        'Access(distributor="rcu", customer="c", public="c", door="ru")',
        'Access(distributor="rcu", customer="rc", public="rc", door="ru")',
        f"{APPLYING}a_visitor_can_read_no_application_not_even_its_own",
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
        "another application's document",
        "partners/documents.py",
        "ApplicationDocument.id == document_id, ApplicationDocument.application_id == application_id",
        "ApplicationDocument.id == document_id",
        f"{JOINING_PAGES}files_are_told_by_their_content_redrawn_and_seen_by_applicant_and_reviewer_only",
    ),
    Mutant(
        "a current profile",
        "partners/enrolling.py",
        "if companies.of(reseller_id) is None:",
        "if False:",
        f"{JOINING}who_enrols_has_a_current_profile_and_a_partner_id",
    ),
    Mutant(
        "the personal link stays in the mail",
        "partners/invitations.py",
        "if words.strip() and words.count(LINK) != 1:",
        "if False:",
        f"{ADDING}the_mail_is_ones_own_but_keeps_the_link",
    ),
    Mutant(
        "late answers are on the queue",
        "partners/late_answers.py",
        "Application.due_at <= business_now(),",
        "Application.due_at > business_now(),",
        f"{JOINING}verification_takes_up_to_its_days_and_is_on_the_work_queue_after_them",
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
        "only an administrator accepts",
        "partners/signatures.py",
        'if known_by and "admin" in one.roles:',
        "if known_by:",
        f"{JOINING}only_an_administrator_accepts_for_the_company",
    ),
    Mutant(
        "terms accepted",
        "partners/terms.py",
        "if agreed is None or not agreed.terms_id:\n        raise TermsNotAccepted",
        "if agreed is None or not agreed.terms_id:\n                continue",
        "tests/portal/test_papers.py::test_terms_are_agreed_to_once_per_version_with_evidence",
    ),
    Mutant(
        "an agreement before an order",
        "partners/terms.py",
        "needed = [one for one in asked if not one.accepted]",
        "needed = [o for o in asked if not o.accepted and o.kind is not Kind.CUSTOMER_AGREEMENT]",
        f"{AGREEING}nothing_is_ordered_before_the_agreement_is_accepted",
    ),
    Mutant(
        "terms of a product are ticked",
        "partners/terms.py",
        "elif agreed is None or str(one.terms_id) not in agreed.product_terms:",
        "elif False:",
        f"{AGREEING}the_checkout_is_blocked_until_the_products_terms_are_ticked",
    ),
)
