"""Subscriptions move between providers (M43-M51): first a relation, then a request that is accepted, rejected
or withdrawn, then the vendor's answer."""

import pytest
from sqlalchemy import func, select, update

from catalog import products
from core import db, parties, states
from core.errors import Missing
from core.tenancy import Side
from partners import companies, extensions
from partners.extensions import (
    NoConsent,
    NotAnExistingCustomer,
    NotAProvider,
    NotInTransition,
    RelationExtension,
)
from provisioning import movables, transfer_answers
from provisioning.transfer_answers import NoReasonGiven
from provisioning.transfer_requests import (
    AskedAlready,
    CannotBeMoved,
    NoRelation,
    NothingChosen,
    NotOfThisCustomer,
    TooMany,
)
from provisioning.transfers import ItemState, Transfer, TransferState
from storefront import doctor
from subscriptions import cancellations, subscriptions
from subscriptions.subscriptions import LicenceState, Subscription, SubscriptionState
from tests.provisioning.moving import (
    BEA,
    HUGO,
    accept,
    ask,
    befriend,
    customers_of,
    half,
    in_transition,
    items,
    serve,
    serve_by_hand,
    service,
    taken_over,
    together,
)
from tests.races import at_once, raised
from tests.vendors import Vendor
from tests.world import World, staff


def harbour_knows_acme(world: World) -> None:
    """Anna of Acme has accepted an invitation of Harbour's: it is a customer there, too."""
    with world.acting():
        customer = parties.add_customer(
            world.resellers["harbour"], name="Acme (new)", email="anna@acme.example"
        )
        anna = world.people["acme"]
        parties.add_member(
            anna.person_id,
            side=Side.CUSTOMER,
            email=anna.email,
            name=anna.name,
            roles=["admin"],
            reseller_id=world.resellers["harbour"],
            customer_id=customer.id,
        )


# --- First a relation ---------------------------------------------------------------------------------------


@pytest.mark.behaviour("M43")
def test_without_a_relation_between_provider_and_customer_nothing_is_asked_for(world: World) -> None:
    code, pair = serve_by_hand(world), befriend(world)
    with pytest.raises(NoRelation, match="Harbour has no relation"):
        ask(world, code, provider=pair, extend=False)
    harbour_knows_acme(world)  # by the provider's own invitation
    assert half(world, ask(world, code, provider=pair, extend=False)).state is TransferState.ASKED


@pytest.mark.behaviour("M43", "M44")
def test_a_partner_in_transition_extends_the_relation_and_the_billing_data_are_copied(world: World) -> None:
    code, pair = serve_by_hand(world), befriend(world)
    in_transition(world)
    ask(world, code, provider=pair)
    [theirs] = [one for one in customers_of(world, "harbour") if one.name == "Acme"]
    with world.acting():
        mine = parties.customer(world.customers["acme"])
        assert (theirs.email, theirs.country, theirs.company_id) == (
            mine.email,
            mine.country,
            mine.company_id,
        )
        was, now = companies.of(mine.id), companies.of(theirs.id)
        assert was
        assert now
        assert companies.as_details(was) == companies.as_details(now)
        [evidence] = db.session().scalars(select(RelationExtension))
        assert (evidence.provider_name, evidence.stated_by) == ("Harbour", BEA)
        assert parties.members(customer_id=theirs.id) == []  # nobody gets a right by it


@pytest.mark.behaviour("M44")
def test_only_partners_in_transition_extend_and_only_what_was_theirs_before(world: World) -> None:
    code, pair = serve_by_hand(world), befriend(world)
    with pytest.raises(NotInTransition, match="you are none"):
        ask(world, code, provider=pair)
    in_transition(world)
    with world.acting():
        parties.customer(world.customers["acme"]).created_at = db.session().info["now"]
    with pytest.raises(NotAnExistingCustomer, match="after your transition had begun"):
        ask(world, code, provider=pair)
    assert len(customers_of(world, "harbour")) == 1  # Zebra, as before


@pytest.mark.behaviour("M44")
def test_only_providers_whose_invitation_was_accepted_can_be_chosen(world: World) -> None:
    code = serve_by_hand(world)
    in_transition(world)
    pair = together(
        world,
        "harbour",
        lambda: (
            extensions.invite(
                world.resellers["harbour"], parties.reseller(world.resellers["brightfield"]).code, by=HUGO
            ).code
        ),
    )
    for provider in (pair, "TPA-NOBODY", ""):
        with pytest.raises(NotAProvider):
            ask(world, code, provider=provider)
    with pytest.raises(Missing):  # whoever has invited cannot say yes for the other
        together(
            world,
            "harbour",
            lambda: extensions.answer(world.resellers["harbour"], pair, accepts=True, by=HUGO),
        )


@pytest.mark.behaviour("M44")
def test_without_the_customers_consent_nothing_is_copied_or_asked(world: World) -> None:
    code, pair = serve_by_hand(world), befriend(world)
    in_transition(world)
    with pytest.raises(NoConsent):
        ask(world, code, provider=pair, consent=False)
    assert len(customers_of(world, "harbour")) == 1
    harbour_knows_acme(world)
    with pytest.raises(NoConsent):
        ask(world, code, provider=pair, consent=False)


# --- The request --------------------------------------------------------------------------------------------


@pytest.mark.behaviour("M45")
def test_a_request_is_about_one_or_more_subscriptions_of_one_customer(world: World) -> None:
    in_transition(world)
    first, second = serve_by_hand(world), serve_by_hand(world, quantity=3)
    with world.acting():
        ember = parties.add_customer(world.resellers["brightfield"], name="Ember", email="eve@ember.example")
        world.customers["ember"] = ember.id
        world.people["ember"] = staff(
            world,
            "eve",
            side=Side.CUSTOMER,
            reseller_id=world.resellers["brightfield"],
            customer_id=ember.id,
        )
        companies.keep(
            companies.Details("Ember GmbH", "Weg 1", "80331", "Munich", "DE"),
            reseller_id=world.resellers["brightfield"],
            customer_id=ember.id,
        )
    embers = serve_by_hand(world, who="ember")
    with pytest.raises(NotOfThisCustomer):
        ask(world, first, embers)
    with pytest.raises(NothingChosen):
        ask(world)
    with pytest.raises(TooMany):
        ask(world, *(f"SUB-{number}" for number in range(26)))
    with pytest.raises(Missing):
        ask(world, first, "SUB-NOBODYS")
    code = ask(world, first, second, first)
    assert [(item.product_name, item.quantity) for item in items(world, code)] == [
        ("Microsoft 365 Business Basic", 2),
        ("Microsoft 365 Business Basic", 3),
    ]
    assert (half(world, code).other_name, half(world, code, incoming=True).other_name) == (
        "Northwind",
        "Brightfield",
    )


@pytest.mark.behaviour("M46", "M50")
def test_what_the_provider_accepts_moves_under_a_new_id_and_the_old_one_is_suspended(
    shop: World, vendor: Vendor
) -> None:
    code, pair = serve(shop, quantity=2), befriend(shop)
    in_transition(shop)
    with shop.acting():
        subscriptions.assign(subscriptions.find(code), "anna@acme.example")
        before = subscriptions.find(code).ends_at
    request = ask(shop, code, provider=pair)
    accept(shop, request)
    assert half(shop, request).state is half(shop, request, incoming=True).state is TransferState.DONE
    [new] = taken_over(shop, request)
    old = service(shop, code)
    assert (old.state, old.next_act_at) == (SubscriptionState.MOVED, None)
    assert new.code != old.code
    assert (new.state, new.quantity, new.ends_at) == (SubscriptionState.ACTIVE, 2, before)
    assert new.reseller_id == shop.resellers["harbour"]
    with shop.acting():
        seats = subscriptions.licences(new.id)
        assert [seat.assignee for seat in seats] == ["anna@acme.example", None]
        assert {seat.state for seat in subscriptions.licences(old.id)} == {LicenceState.REVOKED}
    assert vendor.state()["counts"]["active"] == 1  # of two, the old one is suspended there, too
    assert doctor.examine() == []


@pytest.mark.behaviour("M50")
def test_what_is_billed_by_usage_vanishes_from_the_source(shop: World, vendor: Vendor) -> None:
    code = serve(shop)
    in_transition(shop)
    with shop.acting():
        products.type_of(subscriptions.find(code).plan_id).by_usage = True
    accept(shop, ask(shop, code), "house")
    assert service(shop, code).state is SubscriptionState.GONE
    for side in ("brightfield", "acme"):
        with shop.acting(side), pytest.raises(Missing):
            subscriptions.find(code)


@pytest.mark.behaviour("M46")
def test_the_provider_rejects_with_a_reason_that_the_asker_reads(world: World) -> None:
    code = serve_by_hand(world)
    in_transition(world)
    request = ask(world, code)
    with pytest.raises(NoReasonGiven):
        together(
            world,
            "house",
            lambda: transfer_answers.reject(world.resellers["house"], request, reason=" ", by=HUGO),
        )
    together(
        world,
        "house",
        lambda: transfer_answers.reject(world.resellers["house"], request, reason="No room.", by=HUGO),
    )
    assert (half(world, request).state, half(world, request).reason) == (TransferState.REJECTED, "No room.")
    assert service(world, code).state is SubscriptionState.ACTIVE
    assert half(world, ask(world, code)).state is TransferState.ASKED  # it is free again


@pytest.mark.behaviour("M46")
def test_only_the_provider_decides_and_only_the_asker_withdraws(world: World) -> None:
    code = serve_by_hand(world)
    in_transition(world)
    request = ask(world, code)
    for who in ("brightfield", "harbour"):
        with pytest.raises(Missing):
            together(
                world, who, lambda who=who: transfer_answers.accept(world.resellers[who], request, by=BEA)
            )
        with pytest.raises(Missing):
            together(
                world,
                who,
                lambda who=who: transfer_answers.reject(world.resellers[who], request, reason="No.", by=BEA),
            )
    for who in ("house", "harbour"):
        with pytest.raises(Missing):
            together(
                world, who, lambda who=who: transfer_answers.withdraw(world.resellers[who], request, by=HUGO)
            )


@pytest.mark.behaviour("M47")
def test_a_subscription_is_in_one_open_request_until_that_is_withdrawn(world: World) -> None:
    code, pair = serve_by_hand(world), befriend(world)
    in_transition(world)
    request = ask(world, code)
    with pytest.raises(AskedAlready, match=f"{request}.*Withdraw"):
        ask(world, code, provider=pair)
    together(
        world,
        "brightfield",
        lambda: transfer_answers.withdraw(world.resellers["brightfield"], request, by=BEA),
    )
    assert half(world, request, incoming=True).state is TransferState.WITHDRAWN
    assert half(world, ask(world, code, provider=pair)).state is TransferState.ASKED
    with pytest.raises(states.IllegalMove):
        together(world, "house", lambda: transfer_answers.accept(world.resellers["house"], request, by=HUGO))


@pytest.mark.behaviour("M47")
def test_of_two_requests_at_once_exactly_one_wins(world: World) -> None:
    in_transition(world)
    ask(world, serve_by_hand(world))  # so that the relation is there already
    wins = [len(raised(at_once(*[lambda code=code: ask(world, code)] * 2))) for code in several(world, 5)]
    assert wins == [1] * 5
    with world.acting():
        assert db.session().scalar(select(func.count()).where(Transfer.incoming)) == 6


@pytest.mark.behaviour("M46", "M47")
def test_of_accepting_and_withdrawing_at_once_exactly_one_wins(world: World) -> None:
    in_transition(world)
    for code in several(world, 4):
        request = ask(world, code)
        ends = at_once(
            lambda request=request: together(
                world, "house", lambda: transfer_answers.accept(world.resellers["house"], request, by=HUGO)
            ),
            lambda request=request: together(
                world,
                "brightfield",
                lambda: transfer_answers.withdraw(world.resellers["brightfield"], request, by=BEA),
            ),
        )
        assert len(raised(ends)) == 1
        moving = half(world, request).state is TransferState.MOVING
        assert moving == (service(world, code).state is SubscriptionState.MOVING)


@pytest.mark.behaviour("M49")
def test_a_change_of_quantity_after_the_request_is_not_carried_over(shop: World) -> None:
    code = serve(shop, quantity=3)
    in_transition(shop)
    request = ask(shop, code)
    with shop.acting():
        subscriptions.find(code).quantity = 5
    accept(shop, request, "house")
    [new] = taken_over(shop, request)
    assert new.quantity == 3


# --- What cannot be moved -----------------------------------------------------------------------------------


REASONS = {
    "pending": "still being delivered",
    "suspended": "is suspended",
    "ending": "being ended",
    "ended": "does not run any more",
    "failed": "does not run any more",
    "moved": "has moved",
}


@pytest.mark.behaviour("M51")
def test_what_does_not_run_is_refused_with_its_reason_and_the_way_out(world: World) -> None:
    code = serve_by_hand(world)
    in_transition(world)
    for state, words in REASONS.items():
        with world.acting():
            db.session().execute(update(Subscription).values(state=SubscriptionState(state)))
            [shown] = movables.movable(world.customers["acme"], reseller_id=world.resellers["brightfield"])
            assert words in str(shown.why_not)
        with pytest.raises(CannotBeMoved, match=f"{words}.*cancel it here and to buy it again"):
            ask(world, code)


@pytest.mark.behaviour("M51")
def test_what_is_cancelled_or_signed_for_its_owner_is_refused_beforehand(world: World) -> None:
    in_transition(world)
    cancelled, keys = serve_by_hand(world), serve_by_hand(world, "patch-y")
    with world.acting("acme"):
        cancellations.cancel(subscriptions.find(cancelled), by="Anna")
    with pytest.raises(CannotBeMoved, match="cancelled to the end of its term"):
        ask(world, cancelled)
    with pytest.raises(CannotBeMoved, match="signed for their owner"):
        ask(world, keys)


@pytest.mark.behaviour("M51")
def test_what_became_unmovable_before_it_was_accepted_stays_and_says_why(shop: World) -> None:
    in_transition(shop)
    kept, goes = serve(shop), serve(shop)
    request = ask(shop, kept, goes)
    with shop.acting("acme"):
        cancellations.cancel(subscriptions.find(kept), by="Anna")
    accept(shop, request, "house")
    first, second = items(shop, request)
    assert (first.state, "cancelled" in first.note) == (ItemState.DROPPED, True)
    assert second.state is ItemState.MOVED
    assert half(shop, request).state is TransferState.PARTLY


def several(world: World, count: int) -> list[str]:
    """So many subscriptions of Acme's."""
    return [serve_by_hand(world) for _ in range(count)]
