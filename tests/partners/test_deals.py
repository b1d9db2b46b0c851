"""Deals: who may register which lead, who decides about it, whom it holds off, and how it ends (H5, H10,
H29-H36, M80)."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from core import db, parties, states
from core.tasks import Task
from core.tenancy import Side
from partners import (
    companies,
    deal_matches,
    deal_registrations,
    deal_reviews,
    deal_rules,
    deals,
    enrolments,
    invitations,
)
from partners.deal_registrations import (
    DealClosed,
    LeadHeld,
    LeadIncomplete,
    LeadWaits,
    RegisteredAlready,
    TakesNoDeals,
)
from partners.deal_reviews import NotExtendable, ReasonMissing
from partners.deal_rules import Rules, RulesRefused
from partners.deals import DealChanged, DealState
from partners.enrolments import NotAPartner
from partners.leads import DealComesFirst, LeadTaken, bare_name, domain_of, tax_key
from tests.partners.deal_stage import (
    REASONS,
    approve,
    approved,
    enrol,
    lead,
    open_deals,
    register,
    reject,
    state_of,
    the_deal,
)
from tests.partners.programme_stage import open_programme, the_programme
from tests.races import at_once, raised
from tests.world import World, a_company, open_portal, staff

OTTERBACH = "Otterbach Logistik"


def mails(world: World, kind: str) -> int:
    with world.acting():
        return len(db.session().scalars(select(Task).where(Task.kind == kind)).all())


def invites(
    world: World, reseller: str, company: str, email: str = "x@elsewhere.example", country: str = "DE"
):
    with world.acting(reseller):
        return invitations.invite_customer(company, email=email, name="X", by="Bea", country=country)[0].id


# --- Registering --------------------------------------------------------------------------------------------


@pytest.mark.behaviour("H5")
def test_only_an_active_partner_registers(world: World) -> None:
    open_deals(world, "brightfield")
    with pytest.raises(NotAPartner):
        register(world, "harbour")
    code = register(world)
    with world.acting():
        [mine] = enrolments.of_reseller(world.resellers["brightfield"])
        ends = mine.ends_at
    world.goes_on(to=ends, work=False)
    with pytest.raises(NotAPartner):
        register(world, company="Another", website="", tax_id="")
    with pytest.raises(NotAPartner):  # and what waits cannot be approved any more
        approve(world, code)
    assert state_of(world, code) == "pending"


def test_a_programme_without_deals_refuses_by_name(world: World) -> None:
    open_deals(world, takes_deals=False)
    with pytest.raises(TakesNoDeals):
        register(world)
    open_programme(world, "silver")
    enrol(world, "brightfield", "silver")
    with pytest.raises(TakesNoDeals):
        register(world, programme="silver")


@pytest.mark.behaviour("H29", "M80")
def test_a_lead_is_pending_then_approved_or_rejected_and_no_state_is_skipped(world: World) -> None:
    open_deals(world)
    code = register(world)
    with world.acting():
        deal = the_deal(code)
        assert (deal.state, deal.ends_at, deal.value.text) == (DealState.PENDING, None, "€4,800.00")
        assert (deal.may_share, deal.may_contact, deal.kind.value) == (True, False, "independent")
        with pytest.raises(states.IllegalMove):
            deals.expire(deal)
        with pytest.raises(states.IllegalMove):
            deals.lose(deal, "")
    approve(world, code)
    for act in (approve, reject):
        with pytest.raises(states.IllegalMove):
            act(world, code)
    other = register(world, company="Another", website="", tax_id="")
    reject(world, other)
    with pytest.raises(states.IllegalMove):
        approve(world, other)
    assert (mails(world, "mail_deal_registered"), mails(world, "mail_deal_waits")) == (2, 2)
    assert (mails(world, "mail_deal_approved"), mails(world, "mail_deal_rejected")) == (1, 1)


LACKS: list[tuple[str, object, str]] = [
    ("company", " ", "company's name"),
    ("company", "!!!", "has letters"),
    ("country", "XX", "choose the country"),
    ("website", "nothing at all", "own website"),
    ("website", "gmail.com", "own website"),
    ("tax_id", "DE1", "no valid VAT number"),
    ("contact_email", "olga", "e-mail address"),
    ("products", "", "interested in"),
    ("seats", 0, "At least one"),
    ("may_share", False, "consent"),
]


def test_what_a_registration_lacks_is_said_at_its_field(world: World) -> None:
    with world.acting():
        for field, typed, words in LACKS:
            with pytest.raises(LeadIncomplete) as refused:
                deal_registrations.checked(lead(**{field: typed}))
            assert words in refused.value.problems[field]


def test_a_company_is_recognised_under_its_spellings() -> None:
    assert bare_name("Müller & Söhne GmbH & Co. KG") == "muller sohne"
    assert bare_name("ACME, Inc.") == bare_name("acme") == "acme"
    assert bare_name("Zorg B.V.") == "zorg"
    assert bare_name("AG") == "ag"
    assert bare_name("Ac\u200bme\u00ad") == bare_name("\u202eACME") == "acme"  # what nobody sees
    assert bare_name("\u0410\u0441m\u0435") == bare_name("\u0410\u0421\u041c\u0415") == "acme"  # Cyrillic
    assert bare_name("\u0391cm\u0395") == "acme"  # Greek
    assert bare_name("\u0420\u043e\u0433\u0430") == "\u0440\u043e\u0433\u0430"  # no Latin word
    assert domain_of("https://www.Otterbach.example:8080/start?x=1") == "otterbach.example"
    assert domain_of("olga@otterbach.example") == "otterbach.example"
    assert domain_of("http://shop.mail.otterbach.example./") == domain_of("OTTERBACH.example")
    assert domain_of("www.acme.co.uk") == domain_of("eu.acme.co.uk") == "acme.co.uk"
    assert domain_of("https://müller.example") == domain_of("www.xn--mller-kva.example")
    assert domain_of("acme.sharepoint.com") != domain_of("zebra.sharepoint.com")
    assert domain_of("co.uk") == domain_of("sharepoint.com") == domain_of("anna@mx.gmail.com") == ""
    assert domain_of("olga@gmail.com") == domain_of("nothing at all") == domain_of("http://[") == ""
    for form in ("d.o.o.", "Pvt. Ltd.", "UG (haftungsbeschränkt)", "S.à r.l.", "Oyj"):
        assert bare_name(f"Acme {form}") == "acme"
    assert bare_name("\u0410\u0421\u041c\u0415 GmbH") == "acme"  # in Cyrillic letters
    assert bare_name("\u039dorthwind") == bare_name("Northwind")  # with a Greek one
    assert bare_name("S\u00f8ren & \u0141ukasz") == "soren lukasz"
    assert tax_key("de 136 695\u00a0976") == tax_key("\uff24\uff25136695976") == "DE136695976"


# --- Who holds a lead ---------------------------------------------------------------------------------------


@pytest.mark.behaviour("H31")
@pytest.mark.parametrize(
    "same",
    [
        {"website": "", "tax_id": "", "company": "OTTERBACH Logistik"},
        {"company": "Otters", "tax_id": "", "website": "otterbach.example"},
        {"company": "Otters", "website": "", "tax_id": "136695976"},
    ],
    ids=["name", "domain", "tax id"],
)
def test_a_lead_that_another_holds_is_refused_with_the_first_reason(
    world: World, same: dict[str, str]
) -> None:
    open_deals(world)
    code = register(world)
    with pytest.raises(LeadWaits):
        register(world, "harbour", **same)
    approve(world, code)
    with pytest.raises(LeadHeld, match=REASONS[0].rstrip(".")):
        register(world, "harbour", **same)
    with pytest.raises(RegisteredAlready, match=code):
        register(world, "brightfield", **same)
    with world.acting("harbour"):
        assert db.session().scalars(select(deals.Deal)).all() == []


def test_one_name_in_two_countries_is_two_companies(world: World) -> None:
    open_deals(world)
    approved(world)
    register(world, "harbour", country="NL", website="", tax_id="")


@pytest.mark.behaviour("H31")
def test_of_two_at_the_same_moment_one_is_written(world: World) -> None:
    open_deals(world)
    ends = at_once(*(lambda who=who: register(world, who) for who in ("brightfield", "harbour") * 2))
    assert len(ends) - len(raised(ends)) == 1
    assert {type(end) for end in raised(ends)} <= {LeadWaits, RegisteredAlready}
    with world.acting():
        assert len(db.session().scalars(select(deals.Deal)).all()) == 1


@pytest.mark.behaviour("H33", "H34")
def test_nobody_else_takes_the_company_on_or_its_order(world: World) -> None:
    open_deals(world)
    open_portal(world, "harbour")
    register(world, website="zebra.example", tax_id="")
    world.buys("zebra", "patch-y")  # what only waits holds nobody off
    with world.acting():
        pending = db.session().scalars(select(deals.Deal)).one().code
    approve(world, pending)
    world.put("zebra", "patch-y")
    with pytest.raises(LeadTaken, match="Another partner") as refused:
        world.place("zebra")
    assert "Brightfield" not in str(refused.value)
    for company, email in (("Otterbach Logistik AG", "x@else.example"), ("Zebra", "zoe@zebra.example")):
        with pytest.raises(LeadTaken):
            invites(world, "harbour", company, email)
    with pytest.raises(LeadTaken):  # a country that is not said hides nothing
        invites(world, "harbour", OTTERBACH, country="")
    invites(world, "harbour", OTTERBACH, country="NL")
    invites(world, "brightfield", OTTERBACH)


@pytest.mark.behaviour("H34")
def test_the_distributors_own_sales_are_held_off_too(world: World) -> None:
    open_deals(world)
    approved(world, website="", tax_id="DE136695976")
    with world.acting():
        own = parties.add_customer(world.resellers["house"], name="Otters", email="o@o.example", country="DE")
        companies.keep(
            a_company("Otters", tax_id="DE136695976"), reseller_id=own.reseller_id, customer_id=own.id
        )
    with world.acting():
        world.customers["otters"] = own.id
        world.people["otters"] = staff(
            world, "otto", side=Side.CUSTOMER, reseller_id=own.reseller_id, customer_id=own.id
        )
    world.put("otters", "patch-y")
    with pytest.raises(LeadTaken):
        world.place("otters")


@pytest.mark.behaviour("H10")
def test_where_the_programme_says_so_a_customer_comes_after_the_approval(world: World) -> None:
    open_deals(world, before_customers=True)
    with pytest.raises(DealComesFirst, match="Register it under Deals"):
        invites(world, "brightfield", OTTERBACH)
    code = register(world)
    with pytest.raises(DealComesFirst):
        invites(world, "brightfield", OTTERBACH)
    approve(world, code)
    invites(world, "brightfield", OTTERBACH)
    with pytest.raises(DealComesFirst):
        invites(world, "brightfield", "Somebody else")


# --- Reviewing ----------------------------------------------------------------------------------------------


@pytest.mark.behaviour("H30")
def test_one_of_the_programmes_reasons_is_chosen_and_told(world: World) -> None:
    assert len(REASONS) == 3
    assert [reason.split()[0] for reason in REASONS] == ["Already", "Judged", "Already"]
    open_deals(world)
    code = register(world)
    for wrong in ("", "Because.", REASONS[0].upper()):
        with pytest.raises(ReasonMissing):
            reject(world, code, wrong)
    assert state_of(world, code) == "pending"
    reject(world, code, REASONS[2])
    with world.acting("brightfield"):
        assert deals.find(code).reason == REASONS[2]
    register(world, "harbour")  # a rejected lead is free


def test_rules_need_a_reason_and_days_that_fit(world: World) -> None:
    open_programme(world)
    with world.acting():
        for wrong in (
            Rules(reasons=(" ",)),
            Rules(valid_days=10, notice_days=10),
            Rules(reasons=("x",) * 1 + tuple(map(str, range(20)))),
        ):
            with pytest.raises(RulesRefused):
                deal_rules.keep(the_programme(), wrong)
        deal_rules.keep(the_programme(), Rules(reasons=(" One. ", "One.", "Two  two.")))
        assert deal_rules.of(the_programme().id).reasons == ["One.", "Two two."]


@pytest.mark.behaviour("M80")
def test_a_change_names_the_version_that_it_saw(world: World) -> None:
    open_deals(world)
    code = register(world)
    mine = world.resellers["brightfield"]
    with world.acting():
        deal = deals.to_change(code, mine, "1")
        deal_registrations.change(deal, lead(seats=55))
        assert (deal.seats, deal.version) == (55, 2)
    for seen in ("1", "", "two"):
        with pytest.raises(DealChanged), world.acting():
            deals.to_change(code, mine, seen)
        with pytest.raises(DealChanged), world.acting():
            deal_reviews.to_decide(code, seen)
    with world.acting():
        deals.withdraw(deals.to_change(code, mine, "2"))
    with pytest.raises(DealClosed), world.acting():
        deal_registrations.change(deals.to_change(code, mine, "3"), lead(seats=56))


def test_of_two_reviewers_at_once_one_decides(world: World) -> None:
    open_deals(world)
    code = register(world)

    def decides(reason: str) -> None:
        with world.acting():
            deal = deal_reviews.to_decide(code, "1")
            if reason:
                deal_reviews.reject(deal, reason, by="Nora")
            else:
                deal_reviews.approve(deal, by="Milan")

    ends = at_once(lambda: decides(""), lambda: decides(REASONS[0]), lambda: decides(REASONS[1]))
    assert [type(end) for end in raised(ends)] == [DealChanged] * 2


def test_near_matches_name_whoever_holds_them(world: World) -> None:
    open_deals(world)
    with world.acting():
        for reseller, name, email in (
            ("harbour", "Otterbach Logistics B.V.", "hi@else.example"),
            ("house", "Otter Shipping", "hello@otterbach.example"),
            ("harbour", "Completely Different", "x@different.example"),
        ):
            added = parties.add_customer(world.resellers[reseller], name=name, email=email, country="DE")
            if reseller == "harbour":
                number = "DE136695976" if "Different" in name else ""
                companies.keep(
                    a_company(name, tax_id=number), reseller_id=added.reseller_id, customer_id=added.id
                )
        parties.add_customer(world.resellers["harbour"], name="Aspen Bakery", email="a@aspen.example")
    reject(world, register(world, "harbour"))
    code = register(world)
    with world.acting():
        found = {match.name: match for match in deal_matches.near(the_deal(code))}
    assert set(found) == {
        "Otterbach Logistik GmbH",
        "Otterbach Logistics B.V.",
        "Otter Shipping",
        "Completely Different",
    }
    assert found["Completely Different"].same_tax
    assert {name for name, match in found.items() if match.stopped} == {
        "Completely Different",
        "Otter Shipping",
    }
    assert (found["Otter Shipping"].same_domain, found["Otter Shipping"].house) == (True, True)
    assert found["Otterbach Logistics B.V."].percent > 60
    assert (found["Otterbach Logistik GmbH"].state, found["Otterbach Logistik GmbH"].held_by) == (
        "rejected",
        "Harbour",
    )


@pytest.mark.promise("QS1")
def test_near_matches_are_the_distributors_alone(world: World) -> None:
    open_deals(world)
    code = register(world)
    reject(world, code)
    again = register(world)
    with world.acting("brightfield"):
        assert deal_matches.near(deals.find(again)) == []
        with pytest.raises(DBAPIError, match="permission denied"):
            db.session().execute(select(deal_rules.DealRules.id)).all()


# --- Ends ---------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("H32", "H35", "H36")
def test_a_deal_is_valid_for_90_days_to_the_hour_and_then_free(world: World) -> None:
    open_deals(world)
    code = approved(world)
    with world.acting():
        ends = the_deal(code).ends_at
        decided = the_deal(code).decided_at
        assert ends
        assert decided
        assert ends - decided == timedelta(days=90)
    world.goes_on(to=ends - timedelta(hours=1))
    assert state_of(world, code) == "approved"
    assert mails(world, "mail_deal_expiring") == 1
    with pytest.raises(LeadHeld):
        register(world, "harbour")
    with pytest.raises(LeadTaken):
        invites(world, "harbour", OTTERBACH)
    world.goes_on(to=ends)
    assert state_of(world, code) == "expired"
    assert (mails(world, "mail_deal_expired"), mails(world, "mail_deal_expiring")) == (1, 1)
    invites(world, "harbour", OTTERBACH)
    register(world, "harbour")


@pytest.mark.behaviour("H35", "H36")
def test_a_lead_is_free_at_its_end_though_no_task_has_come_round(world: World) -> None:
    open_deals(world)
    code = approved(world)
    with world.acting():
        ends = the_deal(code).ends_at
        assert ends
    world.goes_on(to=ends, work=False)
    invites(world, "harbour", OTTERBACH)
    register(world, "harbour")
    assert state_of(world, code) == "expired"


def test_a_deal_may_be_kept_longer_once(world: World) -> None:
    open_deals(world, extension_days=30)
    code = register(world)
    with pytest.raises(NotExtendable), world.acting():
        deal_reviews.extend(the_deal(code), by="Nora")
    approve(world, code)
    with world.acting():
        deal = the_deal(code)
        before = deal.ends_at
        deal_reviews.extend(deal, by="Nora")
        assert before
        assert deal.ends_at == before + timedelta(days=30)
        with pytest.raises(NotExtendable):
            deal_reviews.extend(deal, by="Nora")


@pytest.mark.behaviour("H33")
def test_an_order_that_is_paid_for_wins_the_deal(world: World) -> None:
    open_deals(world)
    open_portal(world)
    code = approved(world, company="Acme", website="", tax_id="")
    elsewhere = approved(world, "harbour", website="", tax_id="")
    order = world.buys("acme", "patch-y")
    assert state_of(world, code) == "approved"
    world.fund_by_hand(order)
    with world.acting():
        deal = the_deal(code)
        assert (deal.state, deal.order_code, deal.customer_id) == (
            DealState.WON,
            order,
            world.customers["acme"],
        )
    assert (mails(world, "mail_deal_won"), mails(world, "mail_deal_sold")) == (1, 1)
    world.fund_by_hand(world.buys("acme", "patch-y"))
    assert state_of(world, elsewhere) == "approved"


def test_what_the_reseller_gives_up_is_free(world: World) -> None:
    open_deals(world)
    mine = world.resellers["brightfield"]
    code = approved(world)
    with world.acting():
        deals.lose(deals.to_change(code, mine, "2"), "Too dear.")
    other = register(world)
    with world.acting():
        deals.withdraw(deals.to_change(other, mine, "1"))
    register(world, "harbour")
    assert [state_of(world, one) for one in (code, other)] == ["lost", "withdrawn"]
