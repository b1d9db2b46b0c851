"""A partner's year by its rules: the yearly re-authorisation with its conditions, grace and end, the revenue
floor with its days, leaving with notice, and the end that a distributor puts to a partnership."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from core import clock, db, trail
from core.money import Money
from core.tasks import Task
from partners import (
    enrolments,
    leavings,
    programmes,
    reauthorisation_rules,
    reauthorisations,
    security_contacts,
)
from partners.enrolments import Because, EnrolmentState, NoReasonToEnd, NotActive, NotAPartner
from partners.leavings import AlreadyLeaving, LeavingNotice, NoNotice, NotConfirmed, NoticeState
from partners.reauthorisation_rules import DaysRefused, FloorRefused, UnknownCondition
from partners.reauthorisations import NothingToConfirm, Reauthorisation, ReauthorisationState
from partners.security_contacts import ContactRefused
from provisioning import reauthorising
from tests.partners.tier_stage import enrol, open_tiers, standing, years_pass
from tests.races import at_once, raised
from tests.world import World, open_portal

ALL = ("membership", "authority", "revenue", "two_factor", "security_contact")


def ask_for(world: World, *conditions: str, floor: Money | None = None) -> None:
    """The programme asks for these once a year."""
    with world.acting():
        programme = programmes.find("gold")
        reauthorisation_rules.set_rules(programme, conditions, opens_days=30, grace_days=20)
        if floor:
            reauthorisation_rules.add_floor(programme, floor, date(2024, 1, 1))


def the_check(world: World, partner: UUID) -> Reauthorisation:
    with world.acting():
        found = reauthorisations.newest(partner)
        assert found
        return found


def confirm(world: World, partner: UUID, *conditions: str) -> None:
    with world.acting("brightfield"):
        for condition in conditions:
            reauthorisations.confirm(enrolments.find(partner), condition, by="Bea")


def mails(world: World, kind: str) -> int:
    with world.acting():
        return len(db.session().scalars(select(Task.id).where(Task.kind == kind)).all())


# --- Re-authorisation ---------------------------------------------------------------------------------------


@pytest.mark.behaviour("M13")
def test_the_check_opens_before_the_anniversary_and_whoever_meets_it_goes_on(world: World) -> None:
    open_tiers(world)
    ask_for(world, "membership", "authority", "security_contact")
    partner = enrol(world)
    years_pass(world, partner, less=timedelta(days=31))
    with world.acting():
        assert reauthorisations.newest(partner) is None
    years_pass(world, partner, less=timedelta(days=29))
    check = the_check(world, partner)
    assert (check.state, check.missing) == (
        ReauthorisationState.OPEN,
        ["membership", "authority", "security_contact"],
    )
    assert mails(world, "mail_reauthorisation_due") == 1
    confirm(world, partner, "membership", "authority", "authority")
    with world.acting("brightfield"):
        security_contacts.keep(
            world.resellers["brightfield"], name="Bea", email="bea@people.example", phone=""
        )
    years_pass(world, partner, less=timedelta(days=1))
    assert the_check(world, partner).state is ReauthorisationState.PASSED
    assert mails(world, "mail_reauthorised") == 1
    years_pass(world, partner)
    world.goes_on(days=40)
    assert standing(world, partner).state is EnrolmentState.ACTIVE


@pytest.mark.behaviour("M13")
def test_whoever_lacks_something_is_told_again_and_again_and_then_deauthorised(world: World) -> None:
    open_tiers(world)
    ask_for(world, "membership", "authority")
    partner = enrol(world)
    for left in (29, 6, 0.5):
        years_pass(world, partner, less=timedelta(days=left))
    assert mails(world, "mail_reauthorisation_due") == 3
    confirm(world, partner, "authority")
    years_pass(world, partner)
    check = the_check(world, partner)
    assert (check.state, check.missing) == (ReauthorisationState.GRACE, ["membership"])
    world.goes_on(days=19)
    assert standing(world, partner).state is EnrolmentState.ACTIVE
    world.goes_on(days=2)
    ended = standing(world, partner)
    assert (ended.state, ended.ended_because) == (EnrolmentState.ENDED, Because.NOT_AUTHORISED)
    assert ended.end_reason == "Active membership"
    assert the_check(world, partner).state is ReauthorisationState.FAILED
    with pytest.raises(NotAPartner), world.acting():
        enrolments.refuse_unless_active(programmes.find("gold"), world.resellers["brightfield"])
    with pytest.raises(NothingToConfirm):
        confirm(world, partner, "membership")


def test_what_is_brought_within_the_grace_is_in_time(world: World) -> None:
    open_tiers(world)
    ask_for(world, "membership")
    partner = enrol(world)
    years_pass(world, partner)
    assert the_check(world, partner).state is ReauthorisationState.GRACE
    confirm(world, partner, "membership")
    world.goes_on(days=21)
    assert the_check(world, partner).state is ReauthorisationState.PASSED
    assert standing(world, partner).state is EnrolmentState.ACTIVE


@pytest.mark.behaviour("M2")
def test_below_the_revenue_floor_there_is_notice_and_then_restriction(world: World) -> None:
    open_portal(world)
    open_tiers(world)
    ask_for(world, "revenue", floor=Money(100_00, "EUR"))
    partner = enrol(world)
    world.goes_on(days=300)
    world.fund_by_hand(world.buys("acme", "patch-y", 4))  # 84.84 of wholesale
    world.work()
    with world.acting():
        earned = reauthorising.revenue(world.resellers["brightfield"], "EUR", clock.business_now())
        assert earned == Money(84_84, "EUR")
        strangers = reauthorising.revenue(world.resellers["harbour"], "EUR", clock.business_now())
        assert strangers == Money(0, "EUR")
        later = clock.business_now() + timedelta(days=366)
        assert reauthorising.revenue(world.resellers["brightfield"], "EUR", later) == Money(0, "EUR")
    years_pass(world, partner)
    assert the_check(world, partner).missing == ["revenue"]
    assert mails(world, "mail_reauthorisation_due") == 2  # it opened, and its grace began
    world.goes_on(days=21)
    with pytest.raises(NotAPartner), world.acting():
        enrolments.refuse_unless_active(programmes.find("gold"), world.resellers["brightfield"])


@pytest.mark.behaviour("M13")
def test_the_revenue_that_reaches_the_floor_is_enough(world: World) -> None:
    open_tiers(world)
    ask_for(world, "revenue", floor=Money(1_000_00, "USD"))
    partner = enrol(world)
    with world.acting():
        check = reauthorisations.open_for(enrolments.find(partner))
        assert check
        assert reauthorisations.missing(check, Money(999_99, "USD")) == ["revenue"]
        assert reauthorisations.missing(check, None) == ["revenue"]
        assert reauthorisations.missing(check, Money(1_000_00, "USD")) == []


@pytest.mark.behaviour("M2")
def test_a_floor_counts_from_its_day_on(world: World) -> None:
    open_tiers(world)
    with world.acting():
        programme = programmes.find("gold")
        today = clock.business_now().date()
        assert reauthorisation_rules.floor_on(programme.id, today) is None
        reauthorisation_rules.add_floor(programme, Money(300_000_00, "USD"), date(2024, 10, 1))
        later = today + timedelta(days=100)
        reauthorisation_rules.add_floor(programme, Money(1_000_000_00, "USD"), later)
        floors = [
            reauthorisation_rules.floor_on(programme.id, day)
            for day in (date(2024, 9, 30), date(2024, 10, 1), later - timedelta(days=1), later)
        ]
        assert floors == [
            None,
            Money(300_000_00, "USD"),
            Money(300_000_00, "USD"),
            Money(1_000_000_00, "USD"),
        ]
        for floor, day in ((Money(1, "USD"), today - timedelta(days=1)), (Money(1, "USD"), later)):
            with pytest.raises(FloorRefused):
                reauthorisation_rules.add_floor(programme, floor, day)


@pytest.mark.behaviour("M13")
def test_every_administrator_needs_the_second_factor(world: World) -> None:
    open_tiers(world)
    ask_for(world, "two_factor")
    partner = enrol(world)
    with world.acting():
        check = reauthorisations.open_for(enrolments.find(partner))
        assert check
        assert reauthorisations.missing(check, None) == ["two_factor"]
        assert reauthorisations.admins_without_factor(world.resellers["brightfield"]) == 1
    with world.acting("harbour"):  # another reseller learns nothing of it
        assert reauthorisations.admins_without_factor(world.resellers["brightfield"]) == 0


def test_what_cannot_be_asked_for_or_said_is_refused(world: World) -> None:
    open_tiers(world)
    partner = enrol(world)
    with world.acting():
        programme = programmes.find("gold")
        with pytest.raises(UnknownCondition):
            reauthorisation_rules.set_rules(programme, ["luck"], opens_days=30, grace_days=30)
        for opens, grace in ((0, 30), (30, 0), (181, 30), (30, 181)):
            with pytest.raises(DaysRefused):
                reauthorisation_rules.set_rules(programme, [], opens_days=opens, grace_days=grace)
    with pytest.raises(NothingToConfirm):
        confirm(world, partner, "membership")  # none is open
    for name, email in (("", "a@b.example"), ("Bea", "nowhere"), ("Bea", "@")):
        with pytest.raises(ContactRefused), world.acting("brightfield"):
            security_contacts.keep(world.resellers["brightfield"], name=name, email=email, phone="")


def test_a_check_that_is_open_keeps_what_it_asked_for(world: World) -> None:
    open_tiers(world)
    ask_for(world, "membership")
    partner = enrol(world)
    with world.acting():
        reauthorisations.open_for(enrolments.find(partner))
    ask_for(world, *ALL)
    with world.acting():
        again = reauthorisations.open_for(enrolments.find(partner))
        assert again
        assert again.conditions == ["membership"]


# --- Leaving ------------------------------------------------------------------------------------------------


def give(world: World, partner: UUID, *, confirmed: bool = True) -> datetime:
    with world.acting("brightfield"):
        return leavings.give(enrolments.find(partner), by="Bea", confirmed=confirmed)


@pytest.mark.behaviour("M14")
def test_a_partner_leaves_thirty_days_after_its_notice_and_is_one_until_then(world: World) -> None:
    open_tiers(world)
    partner = enrol(world)
    with pytest.raises(NotConfirmed):
        give(world, partner, confirmed=False)
    with world.acting():
        now = clock.business_now()
    day = give(world, partner)
    assert timedelta(days=30) <= day - now < timedelta(days=30, minutes=1)
    with pytest.raises(AlreadyLeaving):
        give(world, partner)
    world.goes_on(days=29)
    assert standing(world, partner).state is EnrolmentState.ACTIVE
    world.goes_on(to=day)
    left = standing(world, partner)
    assert (left.state, left.ended_because, left.ended_at) == (
        EnrolmentState.ENDED,
        Because.LEFT,
        left.ended_at,
    )
    assert [mails(world, f"mail_{kind}") for kind in ("notice_given", "notice_confirmed")] == [1, 1]
    with world.acting():
        assert db.session().scalars(select(LeavingNotice.state)).all() == [NoticeState.LEFT]
        assert "notice given" in [line.what for line in trail.of(partner)]
    with pytest.raises(NotActive):
        give(world, partner)


@pytest.mark.behaviour("M14")
def test_a_notice_is_withdrawn_before_its_day_and_not_after_it(world: World) -> None:
    open_tiers(world)
    partner = enrol(world)
    give(world, partner)
    with world.acting("brightfield"):
        leavings.withdraw(enrolments.find(partner))
    world.goes_on(days=31)
    assert standing(world, partner).state is EnrolmentState.ACTIVE
    day = give(world, partner)
    world.goes_on(to=day, work=False)
    with pytest.raises(NoNotice), world.acting("brightfield"):
        leavings.withdraw(enrolments.find(partner))


def test_the_days_of_notice_are_the_programmes(world: World) -> None:
    open_tiers(world)
    with world.acting():
        programmes.set_year(programmes.find("gold"), renews=True, notice_days=60)
        now = clock.business_now()
    assert (give(world, enrol(world)) - now).days == 60


def test_notice_given_twice_at_once_is_one_notice(world: World) -> None:
    open_tiers(world)
    partner = enrol(world)
    errors = raised(at_once(lambda: give(world, partner), lambda: give(world, partner)))
    assert [type(error) for error in errors] == [AlreadyLeaving]
    with world.acting():
        assert len(db.session().scalars(select(LeavingNotice)).all()) == 1


# --- Put out ------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("H39")
def test_a_partnership_ends_when_it_is_terminated_and_what_was_open_is_void(world: World) -> None:
    open_tiers(world)
    ask_for(world, "membership")
    partner = enrol(world)
    give(world, partner)
    with world.acting():
        reauthorisations.open_for(enrolments.find(partner))
        with pytest.raises(NoReasonToEnd):
            enrolments.terminate(enrolments.find(partner), "  ")
        enrolments.terminate(enrolments.find(partner), "It resold our keys.")
    with world.acting():
        assert db.session().scalars(select(LeavingNotice.state)).all() == [NoticeState.VOID]
        assert reauthorisations.newest(partner).state is ReauthorisationState.VOID  # type: ignore[union-attr]
        with pytest.raises(NotActive):
            enrolments.terminate(enrolments.find(partner), "Once more.")
    assert mails(world, "mail_partnership_ended") == 1


def test_a_partner_signs_on_the_last_of_february_and_has_its_anniversary_on_the_twenty_eighth(
    world: World,
) -> None:
    open_tiers(world)
    world.goes_on(to=datetime(2028, 2, 29, 12, tzinfo=UTC), work=False)
    partner = enrol(world)
    assert f"{standing(world, partner).anniversary_at:%Y-%m-%d}" == "2029-02-28"
    for expected in ("2030-02-28", "2031-02-28", "2032-02-29"):
        years_pass(world, partner)
        assert f"{standing(world, partner).anniversary_at:%Y-%m-%d}" == expected
