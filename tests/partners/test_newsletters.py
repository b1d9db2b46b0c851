"""The newsletter: every active partner that has not declined it gets each issue, once (H15)."""

from uuid import UUID

import pytest
from sqlalchemy import select

from core import db
from core.errors import Missing
from core.tasks import Task
from partners import enrolments, newsletters, programmes
from partners.enrolments import EnrolmentState
from partners.newsletters import LONGEST_SUBJECT, NewsletterCopy, NobodyToSendTo, NothingToSend
from storefront import mailer, newsletter_mails
from tests.partners import programme_stage
from tests.partners.tier_stage import enrol, open_tiers
from tests.visits import Visit, make_app
from tests.world import World

NEWS = {"subject": "Gold is  near", "text": "Ten customers are enough.\n\nCall us."}


@pytest.fixture(autouse=True)
def partners(world: World) -> None:
    """Brightfield is a partner of gold, and of nothing else; Harbour of neither."""
    open_tiers(world)
    programme_stage.open_programme(world, "silver")
    enrol(world)


def send(world: World, programme: str = "", **changed: str) -> str:
    with world.acting():
        chosen = programmes.find(programme) if programme else None
        return newsletters.send(chosen, by="Nora", **{**NEWS, **changed}).code


def copies(world: World) -> list[str]:
    """The resellers that have a copy, one word for each."""
    names = {reseller_id: name for name, reseller_id in world.resellers.items()}
    with world.acting():
        return [names[one] for one in db.session().scalars(select(NewsletterCopy.reseller_id))]


@pytest.mark.behaviour("H15")
def test_an_issue_goes_to_the_active_partners_and_is_read_by_mail_and_in_the_console(world: World) -> None:
    code = send(world)
    assert copies(world) == ["brightfield"]
    with world.acting("brightfield"):
        assert newsletters.copy_of(code).subject == "Gold is near"
    with world.acting("harbour"), pytest.raises(Missing):
        newsletters.copy_of(code)
    with world.acting():
        [task] = db.session().scalars(select(Task).where(Task.kind == "mail_newsletter"))
        html, text = mailer.draw(newsletter_mails.issue(UUID(task.args["copy_id"])))
    assert "Ten customers are enough." in html
    assert f"/reseller/newsletters/{code}" in text
    bea = Visit(make_app()).sign_in("bea")
    assert "Gold is near" in bea.get("/reseller/newsletters").text
    assert "Call us." in bea.get(f"/reseller/newsletters/{code}").text
    assert Visit(make_app()).sign_in("hugo").get(f"/reseller/newsletters/{code}").status_code == 404


@pytest.mark.behaviour("H15")
def test_whoever_declined_it_or_is_no_partner_any_more_gets_none(world: World) -> None:
    bea = Visit(make_app()).sign_in("bea")
    assert "gets the next issue" in bea.get("/reseller/newsletters").text
    assert bea.post("/reseller/newsletters", {"wants": "no"}).status_code == 303
    with pytest.raises(NobodyToSendTo):
        send(world)
    assert bea.post("/reseller/newsletters", {"wants": "yes"}).status_code == 303
    with pytest.raises(NobodyToSendTo):
        send(world, "silver")
    send(world, "gold")
    with world.acting():
        for one in enrolments.of_reseller(world.resellers["brightfield"]):
            enrolments.states.move(one, EnrolmentState.ENDED)
    with pytest.raises(NobodyToSendTo):
        send(world)
    assert copies(world) == ["brightfield"]


def test_an_issue_needs_words_and_the_form_comes_back_with_them(world: World) -> None:
    for wrong in ({"subject": " "}, {"text": "\n"}, {"subject": "x" * (LONGEST_SUBJECT + 1)}):
        with pytest.raises(NothingToSend):
            send(world, **wrong)
    nora = Visit(make_app()).sign_in("nora")
    at = "/distributor/newsletters/new"
    refused = nora.post(at, {"programme": "silver", "subject": "Kept", "text": "Also kept"})
    assert refused.status_code == 422
    assert "Nothing was sent" in refused.text
    assert "Also kept" in refused.text
    sent = nora.post(at, {"programme": "", "subject": "News", "text": "Much."})
    assert sent.status_code == 303
    assert "News" in nora.get("/distributor/newsletters.csv").text
