"""Quotes: what they freeze, who may say what to them, and that one is one order."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from catalog.listings import Listing
from catalog.price_lists import WholesalePrice
from catalog.products import Plan, PlanCost
from checkout import baskets, orders, quote_answers, quote_drafts, quotes
from checkout.orders import Order, OrderLine, OrderWholesale
from checkout.placing import OnlyYourResellerOrders
from checkout.quote_drafts import NoShopYet, NotADraft, QuoteIncomplete, Said
from checkout.quote_orders import NoLongerSold
from checkout.quote_sending import NothingQuoted, OnlyYouOrder
from checkout.quotes import Quote, QuoteCost, QuoteLine, QuoteOver, QuoteState, QuoteWholesale
from core import db, parties, tenancy
from core.errors import Missing
from core.money import Money
from core.parties import OrderedBy
from core.tasks import Task
from core.throttles import MOST_LETTERS, TooOften
from partners import companies, deals
from partners.channels import CustomerChannel
from partners.invitations import Invitation
from partners.leads import LeadTaken
from tests.checkout import quote_stage
from tests.partners import deal_stage
from tests.races import at_once, raised
from tests.world import World, a_company, staff


def orders_placed(world: World) -> int:
    with world.acting():
        return db.session().scalar(select(func.count()).select_from(Order)) or 0


def mails(world: World) -> list[str]:
    with world.acting():
        kinds = db.session().scalars(
            select(Task.kind).where(Task.kind.like("mail_quote_%")).order_by(Task.id)
        )
        return [kind.removeprefix("mail_quote_") for kind in kinds]


def change_wholesale(world: World, minor: int) -> None:
    plan_id = world.plan("patch-y").id
    with world.acting():
        db.session().execute(
            update(WholesalePrice).where(WholesalePrice.plan_id == plan_id).values(price_minor=minor)
        )


# --- Accepting ----------------------------------------------------------------------------------------------


@pytest.mark.behaviour("P27")
def test_an_accepted_quote_is_one_order_at_exactly_its_prices(world: World) -> None:
    code = quote_stage.sent(world, quantity=5, price=2000)
    change_wholesale(world, 1900)
    world.put("acme", "m365-bb-m", 3)  # what is in the basket has nothing to do with it
    placed = quote_stage.orders(world, code)
    assert quote_stage.orders(world, code) == placed, "a second yes gives the first order"
    assert orders_placed(world) == 1
    with world.acting("acme"):
        assert [(one.product_code, one.quantity) for one in baskets.items(world.people["acme"])] == [
            ("m365-bb", 3)
        ]
    with world.acting():
        order, quote = orders.find(placed), quotes.find(code)
        [line] = db.session().scalars(select(OrderLine))
        assert (line.quantity, line.unit_minor, order.net.text) == (5, 2000, "€100.00")
        assert db.session().scalars(select(OrderWholesale.unit_minor)).one() == 1900, "the day's wholesale"
        assert db.session().scalars(select(QuoteWholesale.unit_minor)).one() == 2121, "as it was then"
        assert (quote.state, quote.order_id) == (QuoteState.ACCEPTED, order.id)
    assert mails(world) == ["sent", "accepted"]
    world.pay(placed)
    assert world.order(placed).state == "funded"


def test_of_two_who_accept_at_once_both_get_the_same_order(world: World) -> None:
    with world.acting():
        staff(
            world,
            "arne",
            side=tenancy.Side.CUSTOMER,
            reseller_id=world.resellers["brightfield"],
            customer_id=world.customers["acme"],
        )
    world.customers["arne"] = world.customers["acme"]
    for at in range(3):
        code = quote_stage.sent(world)
        ends = at_once(
            *(lambda who=who: quote_stage.orders(world, code, who) for who in ("acme", "arne") * 2)  # noqa: B023 run at once
        )
        assert raised(ends) == []
        assert len(set(ends)) == 1
        assert orders_placed(world) == at + 1


def test_accepting_and_withdrawing_at_once_ends_one_way(world: World) -> None:
    def withdraw(code: str) -> None:
        with world.acting("brightfield"):
            quote_answers.withdraw(quotes.hold(code))

    for _round in range(3):
        code, before = quote_stage.sent(world), orders_placed(world)
        ends = at_once(lambda: quote_stage.orders(world, code), lambda: withdraw(code))  # noqa: B023 run at once
        [refused] = raised(ends)
        assert isinstance(refused, QuoteOver)
        accepted = quote_stage.state_of(world, code) is QuoteState.ACCEPTED
        assert orders_placed(world) - before == int(accepted)


def test_what_cannot_be_ordered_any_more_is_refused_with_the_way_out(world: World) -> None:
    code = quote_stage.sent(world)
    with world.acting():
        db.session().execute(update(Plan).where(Plan.code == "patch-y").values(published=False))
    with pytest.raises(NoLongerSold, match="Ask for a new quote"):
        quote_stage.orders(world, code)
    plan_id = world.plan("patch-y").id
    with world.acting():
        db.session().execute(update(Plan).where(Plan.code == "patch-y").values(published=True))
        shelf = update(Listing).where(Listing.plan_id == plan_id)
        db.session().execute(shelf.values(published=False))
    with pytest.raises(NoLongerSold, match="Ask for a new quote"):
        quote_stage.orders(world, code)
    with world.acting():
        db.session().execute(shelf.values(published=True))
        parties.customer(world.customers["acme"]).ordered_by = OrderedBy.RESELLER
    with pytest.raises(OnlyYourResellerOrders):
        quote_stage.orders(world, code)
    with world.acting():
        parties.customer(world.customers["acme"]).ordered_by = OrderedBy.CUSTOMER
    with world.acting("zebra"), pytest.raises(Missing):
        quotes.find(code)
    with pytest.raises(Missing):
        quote_stage.orders(world, code, "zebra")
    world.goes_on(days=15, work=False)
    with pytest.raises(QuoteOver, match="expired"):
        quote_stage.orders(world, code)
    assert orders_placed(world) == 0


def test_an_order_given_up_unpaid_opens_the_quote_again_while_it_is_valid(world: World) -> None:
    code = quote_stage.sent(world)
    first = quote_stage.orders(world, code)
    with world.acting():
        orders.cancel(orders.find(first), why="Not paid.")
    assert quote_stage.state_of(world, code) is QuoteState.SENT
    second = quote_stage.orders(world, code)
    assert second != first
    world.goes_on(days=15, work=False)
    with world.acting():
        orders.cancel(orders.find(second), why="Not paid.")
    assert quote_stage.state_of(world, code) is QuoteState.EXPIRED


# --- Writing ------------------------------------------------------------------------------------------------


def test_a_draft_is_the_resellers_alone_and_a_sent_version_is_never_changed(world: World) -> None:
    code = quote_stage.draft(world)
    with world.acting("acme"):
        assert db.session().scalars(select(Quote.code)).all() == []
        assert db.session().scalars(select(QuoteLine.id)).all() == []
    quote_stage.send(world, code)
    with world.acting("acme"):
        assert db.session().scalars(select(Quote.code)).all() == [code]
        assert len(quotes.lines(quotes.find(code).id)) == 1
    with world.acting("harbour"):
        assert db.session().scalars(select(Quote.code)).all() == []
    with world.acting("brightfield"):
        with pytest.raises(NotADraft):
            quote_drafts.add_line(quotes.find(code), world.people["bea"].membership_id)
        newer = quote_drafts.change(quotes.find(code), by="Bea")
        assert (newer.code, newer.version, quote_drafts.change(quotes.find(code), by="Bea").code) == (
            f"{code}-2",
            2,
            f"{code}-2",
        )
        [line] = quotes.lines(newer.id)
        said = Said({line.id: (9, Money(2200, "EUR"))}, newer.valid_until, "Cheaper.")
        quote_drafts.keep(newer, said)
    assert quote_stage.state_of(world, code) is QuoteState.SENT
    quote_stage.send(world, f"{code}-2")
    with pytest.raises(QuoteOver, match="newer version"):
        quote_stage.orders(world, code)
    placed = quote_stage.orders(world, f"{code}-2")
    assert world.order(placed).net_minor == 9 * 2200
    with world.acting("brightfield"), pytest.raises(QuoteOver, match="accepted"):
        quote_drafts.change(quotes.find(code), by="Bea")


def test_only_the_distributor_reads_costs_and_no_customer_what_its_reseller_pays(world: World) -> None:
    with world.acting():
        plan_id = db.session().scalars(select(Plan.id).where(Plan.code == "patch-y")).one()
        db.session().execute(update(PlanCost).where(PlanCost.plan_id == plan_id).values(cost_minor=1500))
    quote_stage.sent(world)
    with world.acting():
        assert db.session().scalars(select(QuoteCost.unit_minor)).all() == [1500]
    for who, table in (("brightfield", QuoteCost), ("acme", QuoteCost), ("acme", QuoteWholesale)):
        with pytest.raises(Exception, match="permission denied"), world.acting(who):
            db.session().scalars(select(table.id)).all()


def test_a_quote_says_at_each_field_what_is_wrong_and_keeps_what_it_was(world: World) -> None:
    code = quote_stage.draft(world)
    with world.acting("brightfield"):
        quote = quotes.find(code)
        [line] = quotes.lines(quote.id)
        late = quote.valid_until + timedelta(days=400)
        with pytest.raises(QuoteIncomplete) as refused:
            quote_drafts.keep(quote, Said({line.id: (20_000, Money(10**11, "EUR"))}, late, "x" * 4001))
        assert set(refused.value.problems) == {
            "valid_until",
            "message",
            f"quantity-{line.id}",
            f"price-{line.id}",
        }
        assert (line.quantity, line.unit_minor, quote.message) == (5, 2300, "As we spoke.")
        quote_drafts.remove_line(quote, line.id)
    with pytest.raises(NothingQuoted):
        quote_stage.send(world, code)
    with world.acting():
        parties.customer(world.customers["acme"]).ordered_by = OrderedBy.RESELLER
    with pytest.raises(OnlyYouOrder):
        quote_stage.sent(world)


def test_without_an_open_storefront_nobody_is_quoted(world: World) -> None:
    with world.acting("brightfield"), pytest.raises(NoShopYet):
        quote_drafts.begin(parties.customer(world.customers["acme"]), by="Bea")


# --- A lead that somebody else holds ------------------------------------------------------------------------


@pytest.mark.behaviour("H33")
def test_nobody_quotes_or_accepts_where_another_partners_deal_holds_the_lead(world: World) -> None:
    deal_stage.open_deals(world)
    early, agreed = (quote_stage.sent(world, to=quote_stage.OTTERBACH) for _ in range(2))
    quote_stage.agrees(world, agreed)
    drafted = quote_stage.draft(world, to=quote_stage.OTTERBACH)
    deal_stage.approved(world, "harbour")
    with pytest.raises(LeadTaken):
        quote_stage.draft(world, to=quote_stage.OTTERBACH)
    with pytest.raises(LeadTaken):
        quote_stage.send(world, drafted)
    with pytest.raises(LeadTaken):
        quote_stage.agrees(world, early)
    with world.acting():
        customer_id = quotes.find(agreed).customer_id
        assert customer_id
        staff(
            world,
            "olga",
            side=tenancy.Side.CUSTOMER,
            reseller_id=world.resellers["brightfield"],
            customer_id=customer_id,
        )
    world.customers["olga"] = customer_id
    with pytest.raises(LeadTaken):
        quote_stage.orders(world, agreed, "olga")
    assert orders_placed(world) == 0
    with world.acting():  # once the deal is over, everybody may
        deals.withdraw(db.session().scalars(select(deals.Deal)).one())
    quote_stage.draft(world, to=quote_stage.OTTERBACH)


def test_a_prospect_that_agrees_becomes_a_customer_by_invitation_and_then_orders(world: World) -> None:
    code = quote_stage.sent(world, to=quote_stage.OTTERBACH)
    customer_id = quote_stage.agrees(world, code)
    assert quote_stage.agrees(world, code) == customer_id, "yes twice is yes once"
    with world.acting():
        [invited] = db.session().scalars(select(Invitation).where(Invitation.customer_id == customer_id))
        assert (invited.email, invited.roles) == ("olga@otterbach.example", ["admin"])
        won = db.session().scalars(select(CustomerChannel).where(CustomerChannel.customer_id == customer_id))
        assert won.one().channel == "direct"
        assert parties.customer(customer_id).name == "Otterbach Logistik GmbH"
        assert quotes.find(code).state is QuoteState.AGREED
        companies.keep(
            a_company("Otterbach"), reseller_id=world.resellers["brightfield"], customer_id=customer_id
        )
        staff(
            world,
            "olga",
            side=tenancy.Side.CUSTOMER,
            reseller_id=world.resellers["brightfield"],
            customer_id=customer_id,
        )
    world.customers["olga"] = customer_id
    placed = quote_stage.orders(world, code, "olga")
    assert world.order(placed).net_minor == 11500
    assert mails(world) == ["sent", "accepted", "accepted"]


# --- What is said -------------------------------------------------------------------------------------------


def test_questions_and_answers_stand_on_both_sides_and_no_ends_it(world: World) -> None:
    code = quote_stage.sent(world)

    def by_customer(act: Callable[[Quote], object]) -> None:
        scope = world.scope("acme")
        with tenancy.acting_as(scope), db.transaction(widened_because="following a quote"):
            act(quotes.hold(code))

    by_customer(lambda quote: quote_answers.ask(quote, "Is support in it?", name="Anna"))
    assert quote_stage.state_of(world, code) is QuoteState.ASKED
    with world.acting("brightfield"):
        quote_answers.answer(quotes.hold(code), "It is.", name="Bea")
    for who in ("acme", "brightfield"):
        with world.acting(who):
            said = [(one.name, one.words, one.by_reseller) for one in quotes.messages(quotes.find(code))]
            assert said == [("Anna", "Is support in it?", False), ("Bea", "It is.", True)]
    with pytest.raises(quotes.EmptyWords):
        by_customer(lambda quote: quote_answers.ask(quote, "  ", name="Anna"))
    by_customer(lambda quote: quote_answers.decline(quote, "Too dear.", name="Anna"))
    with pytest.raises(QuoteOver, match="declined"):
        quote_stage.orders(world, code)
    assert mails(world) == ["sent", "asked", "answered", "declined"]


def test_five_questions_wait_for_an_answer_and_no_more(world: World) -> None:
    code = quote_stage.sent(world)

    def asks() -> None:
        with tenancy.acting_as(world.scope("acme")), db.transaction(widened_because="following a quote"):
            quote_answers.ask(quotes.hold(code), "And now?", name="Anna")

    for _time in range(quote_answers.MOST_WAITING):
        asks()
    with pytest.raises(quote_answers.EnoughAsked, match="5 questions wait"):
        asks()
    with world.acting("brightfield"):
        quote_answers.answer(quotes.hold(code), "Soon.", name="Bea")
    asks()


def test_a_quote_fills_no_mailbox_with_answers_that_nobody_asked_for(world: World) -> None:
    code = quote_stage.sent(world)  # the first letter
    with world.acting("brightfield"):
        for _time in range(MOST_LETTERS - 1):
            quote_answers.answer(quotes.hold(code), "Buy now!", name="Bea")
        with pytest.raises(TooOften):
            quote_answers.answer(quotes.hold(code), "Buy now!", name="Bea")


def test_it_ends_on_its_day_by_the_distributors_clock_after_a_reminder(world: World) -> None:
    code, draft = quote_stage.sent(world), quote_stage.draft(world)
    world.goes_on(days=12)
    assert mails(world) == ["sent", "expiring"]
    world.goes_on(days=1)
    assert quote_stage.state_of(world, code) is QuoteState.SENT
    world.goes_on(days=2)
    assert quote_stage.state_of(world, code) is QuoteState.EXPIRED
    assert quote_stage.state_of(world, draft) is QuoteState.DRAFT
    assert mails(world) == ["sent", "expiring", "expired"]
