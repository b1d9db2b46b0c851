"""The form by which a customer asks its reseller for a quote."""

from tests.portal.conftest import Browser
from tests.world import World


def test_the_form_keeps_what_was_typed_and_leads_to_the_quotes(world: World, anna: Browser) -> None:
    plan = f"quantity-{world.plan('patch-y').id}"
    assert 'href="/brightfield/quotes/ask?product=patch"' in anna.see("/p/patch")
    wrong = anna.post("/quotes/ask", on="/quotes/ask?product=patch", words="Soon.", **{plan: "many"})
    assert wrong.status_code == 422
    assert 'value="many"' in wrong.text
    assert "Soon.</textarea>" in wrong.text
    assert "Enter how many" in anna.post("/quotes/ask", on="/quotes/ask?product=patch").text
    assert "What is it about?" in anna.see("/quotes/ask")
    anna.post("/basket", product="patch", plan=world.plan("patch-y").id, quantity=12)
    assert 'value="12"' in anna.see("/quotes/ask")
    assert anna.post("/quotes/ask", on="/quotes/ask", **{plan: "12"}).status_code == 303
    assert "Waits for an offer" in anna.see("/quotes")
