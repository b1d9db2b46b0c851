"""Joining in its breadth: documents, verification, links that become too old, approvals taken back, a
direct seller that becomes an indirect reseller, and the channel of each customer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from billing.credit import CreditExceeded
from checkout import provider_orders
from checkout.baskets import Buyer
from checkout.orders import Order
from checkout.provider_orders import NotIndirect
from core import db, parties, tenancy
from core.parties import Customer, Membership
from core.states import IllegalMove
from core.tasks import Task
from core.work import WorkItem
from partners import (
    application_reviews,
    applications,
    channels,
    companies,
    documents,
    enrolling,
    invitations,
    joinings,
    signatures,
)
from partners.application_reviews import NoReason, NotApproved
from partners.applications import ApplicationIncomplete, ApplicationState, LinkExpired
from partners.channels import CustomerChannel, NotYourChannel, NoWayToSell, ResellerChannel, TheProviderOrders
from partners.documents import Brought
from partners.enrolling import Contact, DataNotCurrent, EnrolsAlready, NothingToAccept
from partners.enrolments import AlreadyEnrolled
from partners.joinings import Channel, Paperwork, Rules, after_business_days
from partners.signatures import AlreadySigned, NotItsAdministrator, Signatory
from partners.terms import Agreed
from provisioning import clearances, vendor_calls
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
from tests.world import World, a_company, open_portal, staff

PDF = Brought("register.pdf", "application/pdf", b"%PDF-1.7\nan extract\n%%EOF")
VERIFIES = Rules(verifies=True, verification_days=4, channel=Channel.INDIRECT)
BECAUSE = "enrolling a reseller"


def rules(world: World, chosen: Rules, code: str = "gold") -> None:
    with world.acting():
        joinings.keep(the_programme(code), chosen)


def state_of(world: World, email: str = LENA["email"]) -> ApplicationState:
    with world.acting():
        return the_application(email).state


# --- Documents ----------------------------------------------------------------------------------------------


def test_a_programme_that_asks_for_documents_is_not_applied_to_without_one(world: World) -> None:
    open_programme(world)
    rules(world, Rules(documents=Paperwork.REQUIRED))
    with pytest.raises(ApplicationIncomplete) as refused:
        apply(world, website="")
    assert set(refused.value.problems) == {"documents", "website"}  # all that is wrong, at once
    hand_in(world, PDF)
    with world.acting():
        [kept] = documents.of(the_application().id)
        assert (kept.name, kept.media_type, kept.size) == ("register.pdf", "application/pdf", len(PDF.data))
        assert documents.find(the_application().id, kept.id) == PDF


def hand_in(world: World, *brought: Brought) -> None:
    with tenancy.acting_as(visitor_of(world)), db.transaction():
        applications.apply(
            "gold",
            company=LENA["company"],
            name=LENA["name"],
            email=LENA["email"],
            evidence=LENA,
            brought=brought,
        )


def test_a_programme_that_asks_for_none_keeps_none_and_more_than_five_are_refused(world: World) -> None:
    open_programme(world)
    hand_in(world, PDF)
    with world.acting():
        assert documents.of(the_application().id) == []
        applications.withdraw(the_application())
    rules(world, Rules(documents=Paperwork.OPTIONAL))
    with pytest.raises(ApplicationIncomplete):
        hand_in(world, *[PDF] * 6)


@pytest.mark.promise("QS1")
def test_documents_are_read_by_no_visitor_customer_or_reseller(world: World) -> None:
    open_programme(world)
    rules(world, Rules(documents=Paperwork.REQUIRED))
    hand_in(world, PDF)
    for scope in (visitor_of(world), world.scope("acme"), world.scope("brightfield")):
        with pytest.raises(DBAPIError, match="permission denied"), tenancy.acting_as(scope), db.transaction():
            db.session().scalars(select(documents.ApplicationDocument)).all()


# --- Verification -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "days", "due"),
    [
        ("2026-11-23T09:00", 4, "2026-11-27T09:00"),  # Monday to Friday
        ("2026-11-26T09:00", 4, "2026-12-02T09:00"),  # Thursday, over the weekend
        ("2026-11-28T09:00", 1, "2026-12-01T00:00"),  # Saturday counts from Monday on
        ("2026-11-27T23:59", 1, "2026-11-30T23:59"),
    ],
)
def test_business_days_leave_out_weekends(at: str, days: int, due: str) -> None:
    begins, ends = (datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (at, due))
    assert after_business_days(begins, days) == ends


@pytest.mark.behaviour("M6", "M7")
def test_verification_takes_up_to_its_days_and_is_on_the_work_queue_after_them(world: World) -> None:
    open_programme(world)
    rules(world, VERIFIES)
    apply(world)
    assert state_of(world) is ApplicationState.VERIFYING
    with world.acting():
        due = the_application().due_at
        assert due is not None
        assert due == after_business_days(the_application().link_sent_at, 4)
    world.goes_on(to=due - timedelta(minutes=1))
    assert waiting(world) == []
    world.goes_on(to=due)
    [item] = waiting(world)
    assert LENA["company"] in item.words
    with world.acting():
        application_reviews.approve(the_application(), by="Nora")
    assert waiting(world) == []
    with world.acting():
        mailed = db.session().scalars(select(Task).where(Task.kind == "mail_application_approved")).all()
        assert len(mailed) == 1


def waiting(world: World) -> list[WorkItem]:
    with world.acting():
        chosen = select(WorkItem).where(WorkItem.kind == "late application", WorkItem.closed_at.is_(None))
        return list(db.session().scalars(chosen))


def test_what_a_person_closed_on_the_queue_does_not_come_back(world: World) -> None:
    open_programme(world)
    apply(world)
    world.goes_on(days=20)
    [item] = waiting(world)
    with world.acting():
        applications.work.resolve(item.id, "They are on holiday.")
    world.goes_on(days=1)
    assert waiting(world) == []


@pytest.mark.behaviour("H4")
def test_what_is_verified_skips_no_step_either(world: World) -> None:
    open_programme(world)
    rules(world, VERIFIES)
    apply(world)
    with pytest.raises(IllegalMove, match="is verifying, so it cannot become signed"):
        sign(world, token(world), "")
    with world.acting():
        application_reviews.ask_back(the_application(), "Which id?", by="Nora")
    with world.acting():
        applications.answer(the_application(), "4711.", LENA)
        assert the_application().state is ApplicationState.VERIFYING


# --- An approval is taken back ------------------------------------------------------------------------------


def test_an_approval_is_taken_back_before_the_signature_and_never_after(world: World) -> None:
    open_programme(world)
    apply(world)
    version = approve(world)
    with pytest.raises(NoReason), world.acting():
        application_reviews.take_back(the_application(), " ", by="Nora")
    with world.acting():
        application_reviews.take_back(the_application(), "The register knows no such company.", by="Nora")
        assert the_application().agreement_id is None
    with pytest.raises(IllegalMove, match="is submitted, so it cannot become signed"):
        sign(world, token(world), version)
    assert approve(world) == version
    with world.acting():
        mailed = db.session().scalars(select(Task.kind).where(Task.kind.like("mail_application_%"))).all()
        assert mailed.count("mail_application_approved") == 2
        assert mailed.count("mail_application_taken_back") == 1
    sign(world, token(world), version)
    with pytest.raises(NotApproved), world.acting():
        application_reviews.take_back(the_application(), "Too late.", by="Nora")


# --- The link -----------------------------------------------------------------------------------------------


def test_a_link_is_good_for_thirty_days_from_its_last_mail_and_a_new_one_ends_it(world: World) -> None:
    open_programme(world)
    apply(world)
    old = token(world)
    world.goes_on(days=29)
    with world.acting():
        applications.by_link(old)
        application_reviews.ask_back(the_application(), "Since when?", by="Nora")
    world.goes_on(days=29)
    with world.acting():
        applications.by_link(old)  # the question brought it once more
    world.goes_on(days=1)
    with pytest.raises(LinkExpired), world.acting():
        applications.by_link(old)
    with world.acting():
        applications.renew_link(applications.by_link(old, to_change=True, however_old=True))
    fresh = token(world)
    assert fresh != old
    with world.acting():
        assert applications.by_link(fresh).company == LENA["company"]
        with pytest.raises(applications.Missing):
            applications.by_link(old, however_old=True)


# --- From direct seller to indirect reseller ----------------------------------------------------------------


def enrol(world: World, who: str = "brightfield", **changed: str) -> None:
    """A reseller enrols in the gold programme from its console."""
    contact = Contact("Carl Contact", "carl@brightfield.example")
    with tenancy.acting_as(world.scope(who)), db.transaction(widened_because=BECAUSE):
        enrolling.enrol(the_programme(), world.resellers[who], contact, LENA | changed)


def accept(world: World, version: str, who: str = "brightfield") -> None:
    """Its administrator accepts."""
    me = world.people[who]
    with tenancy.acting_as(world.scope(who)), db.transaction(widened_because=BECAUSE):
        found = enrolling.to_accept(the_programme(), world.resellers[who])
        agreed = Agreed(version, "192.0.2.9", "Tests", "http://shop.test/accept")
        signatures.sign(found, agreed, Signatory(me.name, me.email, me.membership_id))


def become_indirect(world: World, who: str = "brightfield") -> None:
    """From direct seller to both."""
    open_programme(world, irreversible=True)
    rules(world, VERIFIES)
    enrol(world, who)
    accept(world, approve(world, "carl@brightfield.example"), who)


@pytest.mark.behaviour("M4", "M9", "M10", "M11")
def test_a_direct_seller_becomes_both_on_the_same_standing_and_there_is_no_way_back(world: World) -> None:
    with world.acting("brightfield"):
        assert channels.profile(world.resellers["brightfield"]) == {Channel.DIRECT}
        resellers = world.resellers["brightfield"]
    become_indirect(world)
    with world.acting("brightfield"):
        assert channels.profile(resellers) == {Channel.DIRECT, Channel.INDIRECT}
    with world.acting():
        assert len(db.session().scalars(select(parties.Reseller)).all()) == len(world.resellers)
        kept = db.session().scalars(select(signatures.AgreementSignature)).one()
        assert (kept.name, kept.irreversible) == ("Bea", True)
    for act in ("UPDATE reseller_channels SET channel = 'direct'", "DELETE FROM reseller_channels"):
        for who in ("northwind", "brightfield"):
            with pytest.raises(DBAPIError, match="permission denied"), world.acting(who):
                db.session().connection().exec_driver_sql(act)
    with pytest.raises(AlreadyEnrolled):
        enrol(world)


@pytest.mark.behaviour("M9")
def test_without_acceptance_the_indirect_capability_stays_off(world: World) -> None:
    open_programme(world)
    rules(world, VERIFIES)
    enrol(world)
    with pytest.raises(NothingToAccept):
        accept(world, "")
    approve(world, "carl@brightfield.example")
    with world.acting("brightfield"):
        assert [way.channel for way in channels.ways(world.resellers["brightfield"])] == [Channel.DIRECT]
        with pytest.raises(NotYourChannel):
            win(world, "brightfield", str(UUID(int=1)))


@pytest.mark.behaviour("M3")
def test_only_an_administrator_accepts_for_the_company(world: World) -> None:
    open_programme(world)
    enrol(world)
    version = approve(world, "carl@brightfield.example")
    with pytest.raises(NotItsAdministrator):  # the contact's link alone is not enough
        sign(world, token(world, "carl@brightfield.example"), version)
    with world.acting():
        db.session().execute(update(Membership).where(Membership.name == "Bea").values(roles=["buyer"]))
    with pytest.raises(NotItsAdministrator):
        accept(world, version)
    with world.acting():
        db.session().execute(update(Membership).where(Membership.name == "Bea").values(roles=["admin"]))
    accept(world, version)
    with pytest.raises(AlreadySigned):
        accept(world, version)


@pytest.mark.behaviour("M12")
def test_who_enrols_has_a_current_profile_and_a_partner_id(world: World) -> None:
    open_programme(world, evidence=("partner_id",))
    with pytest.raises(ApplicationIncomplete) as refused:
        enrol(world)
    assert set(refused.value.problems) == {"partner_id"}
    with world.acting():
        newcomer = parties.add_reseller(
            name="Newcomer", email="nina@newcomer.example", price_list_id=world.price_list_id
        )
        world.resellers["newcomer"] = newcomer.id
    with pytest.raises(DataNotCurrent):
        enrol(world, "newcomer", partner_id="4711")
    enrol(world, partner_id="4711")
    with pytest.raises(EnrolsAlready):
        enrol(world, partner_id="4711")


def test_of_two_enrolments_at_once_one_is_handed_in(world: World) -> None:
    open_programme(world)
    ends = at_once(*[lambda: enrol(world)] * 3)
    assert [type(end) for end in raised(ends)] == [EnrolsAlready] * 2


# --- Channels of customers ----------------------------------------------------------------------------------


def win(world: World, reseller: str, chosen: str = "", name: str = "Nova") -> Customer:
    """A reseller invites a customer; in its own transaction."""
    email = f"{name.lower()}@nova.example"
    customer, _invited = invitations.invite_customer(name, email=email, name=name, by="Bea", channel=chosen)
    return customer


def an_indirect_customer(world: World) -> str:
    """Brightfield wins Nova through the programme, whose Nina can order."""
    with world.acting():
        programme_id = str(the_programme().id)
    with world.acting("brightfield"):
        customer_id = win(world, "brightfield", programme_id).id
    with world.acting():
        world.customers["nova"] = customer_id
        world.people["nova"] = staff(
            world,
            "nina",
            side=tenancy.Side.CUSTOMER,
            reseller_id=world.resellers["brightfield"],
            customer_id=customer_id,
        )
    return "nova"


@pytest.mark.behaviour("M15", "M16", "M18")
def test_direct_customers_stay_direct_and_indirect_ones_are_ordered_for_by_the_provider(world: World) -> None:
    become_indirect(world)
    nova = an_indirect_customer(world)
    with world.acting("brightfield"):
        own = {name: channels.of_customer(parties.customer(world.customers[name])) for name in ("acme", nova)}
    assert own == {"acme": Channel.DIRECT, "nova": Channel.INDIRECT}
    open_portal(world)
    with pytest.raises(TheProviderOrders):
        world.buys(nova, "patch-y")
    assert world.buys("acme", "patch-y").startswith("ORD-")
    with world.acting():
        assert len(db.session().scalars(select(Order)).all()) == 1
    with pytest.raises(DBAPIError, match="permission denied"), world.acting("brightfield"):
        db.session().execute(update(CustomerChannel).values(channel=Channel.DIRECT))


def test_an_indirect_reseller_alone_wins_indirect_customers_and_none_after_its_term(world: World) -> None:
    open_programme(world)
    rules(world, VERIFIES)
    apply(world)
    sign(world, token(world), approve(world))
    with world.acting():
        lakeside = db.session().scalars(select(ResellerChannel.reseller_id)).one()
    scope = replace(world.scope("brightfield"), reseller_id=lakeside)
    with tenancy.acting_as(scope), db.transaction():
        assert channels.profile(lakeside) == {Channel.INDIRECT}
        assert channels.of_customer(win(world, "lakeside")) is Channel.INDIRECT
        with pytest.raises(NotYourChannel):
            win(world, "lakeside", "direct", "Other")
    world.goes_on(days=370)
    scope = replace(scope, offset=world.offset)
    with pytest.raises(NoWayToSell), tenancy.acting_as(scope), db.transaction():
        win(world, "lakeside", name="Later")


# --- The provider orders ------------------------------------------------------------------------------------


def ordered_by_nora(world: World, customer: str, *, key: str = "once") -> str:
    """Nora orders two patches for a customer of Brightfield's."""
    nora = world.people["nora"]
    with world.acting():
        buyer = parties.customer(world.customers[customer])
        line = provider_orders.item(buyer, "patch-y", 2, {})
        by = Buyer(nora.membership_id, nora.person_id, buyer.reseller_id, buyer.id, "Nora", buyer.email)
        configured = vendor_calls.settings_by_connector()
    clearance = clearances.clear([line], configured, {"name": customer})
    with world.acting():
        return provider_orders.order(
            parties.customer(world.customers[customer]),
            line,
            clearance,
            by=by,
            storefront_id=world.storefronts["brightfield"],
            request_key=key,
        )


@pytest.mark.behaviour("M15", "M18", "M29")
def test_the_provider_orders_for_indirect_customers_and_for_no_direct_one(world: World) -> None:
    become_indirect(world)
    nova = an_indirect_customer(world)
    open_portal(world)
    with world.acting():
        company = a_company("Nova")
        companies.keep(company, reseller_id=world.resellers["brightfield"], customer_id=world.customers[nova])
    with pytest.raises(CreditExceeded):
        ordered_by_nora(world, nova)
    world.give_credit("brightfield", 100_00)
    code = ordered_by_nora(world, nova)
    assert ordered_by_nora(world, nova) == code  # the same form once more
    placed = world.order(code)
    assert (placed.customer_id, placed.placed_by, placed.state) == (world.customers[nova], "Nora", "funded")
    with pytest.raises(NotIndirect):
        ordered_by_nora(world, "acme")
