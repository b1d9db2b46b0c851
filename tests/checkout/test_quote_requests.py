"""A customer asks its reseller for a quote: it becomes a draft that only the reseller sees, and the customer
hears of the offer, or that there is none."""

import pytest

from catalog.listings import NotOffered
from checkout import quote_answers, quote_requests, quotes
from checkout.quote_requests import QuoteRequestState
from checkout.quotes import Quote, QuoteState
from core import db, tenancy
from core.errors import Missing, Refusal
from storefront import mailer, quote_mails
from tests.checkout import quote_stage
from tests.world import World, open_portal


def asks(world: World, plan: str = "patch-y", quantity: int = 300, who: str = "acme") -> str:
    """Acme asks; the code of the draft."""
    if "brightfield" not in world.storefronts:
        open_portal(world)
    plan_id = world.plan(plan).id
    with tenancy.acting_as(world.scope(who)), db.transaction(widened_because="asking for a quote"):
        asked = quote_requests.ask(world.people[who], [(plan_id, quantity)], "For the new office.")
        return quotes.of_id(asked.quote_id).code


def draft(world: World, code: str, who: str = "brightfield") -> Quote:
    with world.acting(who):
        return quotes.find(code)


@pytest.mark.behaviour("P27")
def test_a_customer_asks_and_its_reseller_fills_the_draft_and_sends_it(world: World) -> None:
    code = asks(world)
    made = draft(world, code)
    assert (made.state, made.email, made.total.minor) == (QuoteState.DRAFT, "anna@people.example", 300 * 2495)
    with world.acting("acme"), pytest.raises(Missing):
        quotes.find(code)
    with world.acting("acme"):
        [waits] = quote_requests.unanswered()
        assert (waits.state, waits.wanted) == (QuoteRequestState.WAITING, ["300 × 0patch Pro, Yearly"])
    with world.acting():
        told = quote_mails.wanted(waits.id)
        assert told
        assert told.to == "bea@brightfield.example"
        assert "For the new office." in mailer.draw(told)[1]
    quote_stage.send(world, code)
    with world.acting("acme"):
        assert quotes.find(code).state is QuoteState.SENT
        assert not quote_requests.unanswered()
    with world.acting():
        assert quote_mails.wanted(waits.id) is None


def test_a_draft_thrown_away_is_told_to_whoever_asked(world: World) -> None:
    code = asks(world)
    with world.acting("brightfield"):
        quote_answers.withdraw(quotes.hold(code))
    with world.acting("acme"):
        [asked] = quote_requests.unanswered()
        assert asked.state is QuoteRequestState.DECLINED
    with world.acting():
        told = quote_mails.not_offered(asked.id)
        assert (told.to, "300 × 0patch Pro" in mailer.draw(told)[1]) == ("anna@people.example", True)


def test_nothing_is_asked_for_that_could_not_be_quoted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    open_portal(world)
    with pytest.raises(NotOffered):
        asks(world, "standard-m", 1)
    with pytest.raises(Refusal, match="The maximum is 300"):
        asks(world, "m365-bb-y", 301)
    monkeypatch.setattr(quote_requests, "MOST_WAITING", 1)
    asks(world)
    with pytest.raises(quote_requests.StillWaiting):
        asks(world)
    assert len(quote_stage.all_of(world)) == 1
