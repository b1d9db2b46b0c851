"""Becoming a partner, by its rules: what an application must bring, in which order things happen, what is
signed and what comes of it."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from core import db, parties, tenancy
from core.errors import Missing
from core.parties import Membership, Reseller
from core.states import IllegalMove
from core.tasks import Task
from core.tenancy import Scope, Side
from partners import application_reviews, applications, enrolments, programmes
from partners.application_reviews import NoReason
from partners.applications import Application, ApplicationIncomplete, ApplicationState
from partners.enrolments import AlreadyEnrolled, Enrolment, EnrolmentState, NotAPartner
from partners.invitations import Invitation
from partners.programmes import AgreementRefused, NothingToSign, Settings
from partners.signatures import (
    AgreementNotAccepted,
    AgreementSignature,
    AlreadySigned,
    AnotherVersion,
    NotAnAdministrator,
)
from tests.partners.programme_stage import (
    LENA,
    apply,
    approve,
    open_programme,
    sign,
    the_application,
    the_programme,
    token,
    visitor_of,
)
from tests.races import at_once, raised
from tests.world import World, staff


def mails(kind: str) -> int:
    return len(db.session().scalars(select(Task).where(Task.kind == kind)).all())


# --- Applying -----------------------------------------------------------------------------------------------


@pytest.mark.behaviour("H1")
@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("company", " ", "company's name"),
        ("website", "", "asks for it"),
        ("website", "nothing at all", "address of your website"),
        ("website", "javascript:alert(1)", "address of your website"),
        ("website", "ftp://lakeside.example", "address of your website"),
        ("experience", "", "asks for it"),
        ("email", "lena", "e-mail address"),
    ],
)
def test_an_application_without_what_is_asked_for_is_refused(
    world: World, field: str, typed: str, words: str
) -> None:
    open_programme(world)
    with pytest.raises(ApplicationIncomplete) as refused:
        apply(world, **{field: typed})
    assert words in refused.value.problems[field]
    with world.acting():
        assert db.session().scalars(select(Application)).all() == []


def test_a_programme_asks_for_what_it_lists_and_keeps_nothing_else(world: World) -> None:
    open_programme(world, evidence=("country",))
    with pytest.raises(ApplicationIncomplete) as refused:
        apply(world, country="XX")
    assert set(refused.value.problems) == {"country"}
    apply(world, country="de")
    with world.acting():
        assert the_application().evidence == {"country": "DE"}


def test_a_programme_that_is_closed_is_not_there_for_applicants(world: World) -> None:
    open_programme(world, takes_applications=False)
    with pytest.raises(Missing):
        apply(world)


def test_whoever_applies_twice_gets_the_link_again_and_nothing_is_said(world: World) -> None:
    open_programme(world)
    apply(world)
    apply(world, company="Somebody else")
    with world.acting():
        [application] = db.session().scalars(select(Application)).all()
        assert application.company == LENA["company"]
        assert (mails("mail_application_received"), mails("mail_application_again")) == (1, 1)


def test_twice_at_the_same_moment_is_one_application(world: World) -> None:
    open_programme(world)
    assert raised(at_once(lambda: apply(world), lambda: apply(world), lambda: apply(world))) == []
    with world.acting():
        assert len(db.session().scalars(select(Application)).all()) == 1


@pytest.mark.promise("QS1")
def test_a_visitor_can_read_no_application_not_even_its_own(world: World) -> None:
    open_programme(world)
    apply(world)
    for scope in (visitor_of(world), world.scope("acme"), world.scope("brightfield")):
        with pytest.raises(DBAPIError, match="permission denied"), tenancy.acting_as(scope), db.transaction():
            db.session().scalars(select(Application)).all()


def test_the_link_stands_in_the_mail_only(world: World) -> None:
    open_programme(world)
    apply(world)
    link = token(world)
    with world.acting():
        row = the_application()
        assert link not in (row.nonce, row.token_hash.hex())
        task = db.session().scalars(select(Task).where(Task.kind == "mail_application_received")).one()
        assert link not in str(task.args)
        assert applications.by_link(link) is row
        with pytest.raises(Missing):
            applications.by_link(row.nonce)


# --- Reviewing ----------------------------------------------------------------------------------------------


@pytest.mark.behaviour("H4")
def test_no_step_can_be_skipped_or_taken_twice(world: World) -> None:
    open_programme(world)
    apply(world)
    link = token(world)
    with pytest.raises(IllegalMove, match="is submitted, so it cannot become signed"):
        sign(world, link, "")
    with world.acting():
        application_reviews.ask_back(the_application(), "Since when?", by="Nora")
    with pytest.raises(IllegalMove, match="asked back, so it cannot become approved"), world.acting():
        application_reviews.approve(the_application(), by="Nora")
    with world.acting():
        applications.answer(the_application(), "Since 2018.", LENA)
        assert the_application().state is ApplicationState.SUBMITTED
    version = approve(world)
    with pytest.raises(IllegalMove, match="approved, so it cannot become declined"), world.acting():
        application_reviews.decline(the_application(), "No.", by="Nora")
    sign(world, link, version)
    with pytest.raises(IllegalMove, match="signed, so it cannot become withdrawn"), world.acting():
        applications.withdraw(the_application())


def test_nobody_is_declined_or_asked_without_a_word(world: World) -> None:
    open_programme(world)
    apply(world)
    for act in (application_reviews.decline, application_reviews.ask_back):
        with pytest.raises(NoReason), world.acting():
            act(the_application(), "  ", by="Nora")
    with world.acting():
        assert the_application().state is ApplicationState.SUBMITTED
        application_reviews.decline(the_application(), "We look for somebody else.", by="Nora")
        assert mails("mail_application_declined") == 1
    apply(world)  # and may come again
    with world.acting():
        assert the_application().state is ApplicationState.SUBMITTED


def test_an_answer_says_something_and_betters_what_was_brought(world: World) -> None:
    open_programme(world)
    apply(world)
    with world.acting():
        application_reviews.ask_back(the_application(), "Which website?", by="Nora")
    with pytest.raises(ApplicationIncomplete), world.acting():
        applications.answer(the_application(), "", LENA)
    with pytest.raises(ApplicationIncomplete), world.acting():
        applications.answer(the_application(), "This one.", LENA | {"website": ""})
    with world.acting():
        applications.answer(the_application(), "This one.", LENA | {"website": "https://new.example"})
    with world.acting():
        row = the_application()
        assert (row.evidence["website"], row.answer) == ("https://new.example", "This one.")


def test_a_programme_opens_and_approves_with_an_agreement_only(world: World) -> None:
    open_programme(world)
    with world.acting():
        gold = the_programme()
        settings = Settings("Silver", "For all.", gold.price_list_id)
        silver = programmes.add("silver", settings)
        with pytest.raises(NothingToSign):
            programmes.change(
                silver, Settings("Silver", "For all.", gold.price_list_id, takes_applications=True)
            )
    with world.acting():
        tomorrow = programmes.publish(the_programme("silver"), "Later.", valid_from=world_day(1), by="Nora")
        assert programmes.in_force(tomorrow.programme_id) is None


def world_day(days: int) -> date:
    return (db.session().info["now"] + timedelta(days=days)).date()


# --- Signing ------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("H2", "H3", "M9")
def test_credentials_are_issued_after_the_signature_and_not_before(world: World) -> None:
    open_programme(world)
    apply(world)
    link, version = token(world), approve(world)
    with world.acting():
        assert db.session().scalars(select(Reseller).where(Reseller.name == LENA["company"])).all() == []
        assert db.session().scalars(select(Invitation)).all() == []
    sign(world, link, version)
    with world.acting():
        reseller = db.session().scalars(select(Reseller).where(Reseller.name == LENA["company"])).one()
        invited = db.session().scalars(select(Invitation)).one()
        assert (invited.reseller_id, invited.email, invited.side, invited.roles) == (
            reseller.id,
            LENA["email"],
            Side.RESELLER,
            ["admin"],
        )
        assert mails("mail_invitation") == 1
        enrolments.refuse_unless_active(the_programme(), reseller.id)


@pytest.mark.behaviour("M11")
def test_the_evidence_says_who_signed_which_text_when_and_whether_it_was_warned(world: World) -> None:
    open_programme(world, irreversible=True)
    apply(world)
    version = approve(world)
    sign(world, token(world), version)
    with world.acting():
        kept = db.session().scalars(select(AgreementSignature)).one()
        agreement = programmes.in_force(the_programme().id)
        assert agreement
        assert (kept.digest, kept.number, str(kept.agreement_id)) == (agreement.digest, 1, version)
        assert (kept.name, kept.email, kept.address, kept.irreversible) == (
            LENA["name"],
            LENA["email"],
            "192.0.2.9",
            True,
        )
        application = the_application()
        assert application.LIFE[application.state] == frozenset()  # nothing leads back


def test_without_the_tick_nothing_is_signed(world: World) -> None:
    open_programme(world)
    apply(world)
    approve(world)
    with pytest.raises(AgreementNotAccepted):
        sign(world, token(world), "")
    with world.acting():
        assert the_application().state is ApplicationState.APPROVED


def test_an_application_keeps_to_the_version_it_was_shown_and_another_is_refused(world: World) -> None:
    open_programme(world)
    apply(world)
    first = approve(world)
    with world.acting():
        second = str(programmes.publish(the_programme(), "Be fairer.", valid_from=None, by="Nora").id)
    with pytest.raises(AnotherVersion):
        sign(world, token(world), second)
    sign(world, token(world), first)
    with world.acting():
        assert str(db.session().scalars(select(AgreementSignature.agreement_id)).one()) == first


def test_an_old_version_is_refused_once_a_newer_one_is_shown(world: World) -> None:
    open_programme(world)
    apply(world)
    first = approve(world)
    with world.acting():
        second = programmes.publish(the_programme(), "Be fairer.", valid_from=None, by="Nora")
        assert application_reviews.show_the_newest(the_programme()) == 1
    with pytest.raises(AnotherVersion):
        sign(world, token(world), first)
    sign(world, token(world), str(second.id))


def test_a_version_is_new_has_words_and_begins_today_at_the_earliest(world: World) -> None:
    open_programme(world)
    with world.acting():
        same = programmes.newest(the_programme().id)
        assert same
        for text, day in ((same.text, 0), ("", 0), ("Other.", -1)):
            with pytest.raises(AgreementRefused):
                programmes.publish(the_programme(), text, valid_from=world_day(day), by="Nora")


def test_of_many_signatures_at_once_one_wins(world: World) -> None:
    open_programme(world)
    apply(world)
    link, version = token(world), approve(world)
    ends = at_once(*[lambda: sign(world, link, version)] * 4)
    assert [type(end) for end in raised(ends)] == [AlreadySigned] * 3
    with world.acting():
        assert len(db.session().scalars(select(Enrolment)).all()) == 1
        assert len(db.session().scalars(select(Reseller).where(Reseller.name == LENA["company"])).all()) == 1
        assert len(db.session().scalars(select(Invitation)).all()) == 1


def test_an_administrator_of_a_reseller_enrols_it_and_brings_no_second_one(world: World) -> None:
    open_programme(world)
    apply(world, email="bea@people.example", name="Bea")
    version = approve(world, "bea@people.example")
    sign(world, token(world, "bea@people.example"), version)
    with world.acting("brightfield"):
        [mine] = enrolments.of_reseller(world.resellers["brightfield"])
        assert mine.programme_name == "Gold partners"
    with world.acting():
        assert db.session().scalars(select(Invitation)).all() == []
    apply(world, email="bea@people.example", name="Bea")
    again = approve(world, "bea@people.example")
    with pytest.raises(AlreadyEnrolled):
        sign(world, token(world, "bea@people.example"), again)


@pytest.mark.behaviour("M24")
def test_who_is_no_administrator_binds_no_reseller(world: World) -> None:
    open_programme(world)
    with world.acting():
        staff(world, "ben", side=Side.RESELLER, reseller_id=world.resellers["brightfield"])
        ben = db.session().scalars(select(Membership).where(Membership.name == "Ben")).one()
        ben.roles = ["buyer"]
    apply(world, email="ben@people.example", name="Ben")
    version = approve(world, "ben@people.example")
    with pytest.raises(NotAnAdministrator):
        sign(world, token(world, "ben@people.example"), version)


# --- The term -----------------------------------------------------------------------------------------------


@pytest.mark.behaviour("H17")
def test_a_partnership_is_valid_for_one_year_from_the_signature(world: World) -> None:
    open_programme(world)
    apply(world, email="bea@people.example", name="Bea")
    version = approve(world, "bea@people.example")
    sign(world, token(world, "bea@people.example"), version)
    with world.acting():
        [partner] = enrolments.of_reseller(world.resellers["brightfield"])
        ends = partner.ends_at
    world.goes_on(to=ends - timedelta(minutes=1))
    with world.acting():
        enrolments.refuse_unless_active(the_programme(), world.resellers["brightfield"])
    world.goes_on(to=ends)
    with world.acting():
        [partner] = enrolments.of_reseller(world.resellers["brightfield"])
        assert partner.state is EnrolmentState.ENDED
        with pytest.raises(NotAPartner):
            enrolments.refuse_unless_active(the_programme(), world.resellers["brightfield"])
        assert mails("mail_partnership_ended") == 1


# --- Walls --------------------------------------------------------------------------------------------------


@pytest.mark.promise("QS1")
def test_a_link_of_one_distributor_leads_nowhere_at_another(world: World) -> None:
    open_programme(world)
    apply(world)
    link = token(world)
    other, _ = parties.found_distributor(
        name="Southwind", code="southwind", currency="EUR", email="desk@southwind.example", sandbox=True
    )
    with tenancy.acting_as(Scope(Side.DISTRIBUTOR, other)), db.transaction():
        assert programmes.offered() == []
        with pytest.raises(Missing):
            applications.by_link(link)
