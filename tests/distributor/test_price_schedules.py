"""A price change on the distributor's pages: written down, previewed, confirmed, called off."""

from datetime import timedelta

from core.clock import business_now
from tests.visits import Visit
from tests.world import World

NEW = "/distributor/price-changes/new"


def test_a_price_change_is_written_down_previewed_confirmed_and_called_off(world: World, nora: Visit) -> None:
    assert "No price change yet" in nora.get("/distributor/price-changes").text
    with world.acting():
        day = business_now().date() + timedelta(days=60)
    typed = {"title": "", "starts_on": "soon", "notice_days": "-1", "category": "Security"}
    wrong = nora.post(NEW, typed | {"percent-list": "1e309", "percent-cost": "3"})
    assert wrong.status_code == 422
    for words in ("what it is about", "day from tomorrow on", "from 0 to 180", "percentage between -90"):
        assert words in wrong.text, words
    assert 'value="1e309"' in wrong.text
    typed = {"title": "Next year", "starts_on": str(day), "notice_days": "30", "category": "Security"}
    nothing = nora.post(NEW, typed)
    assert (nothing.status_code, "No price would be different" in nothing.text) == (422, True)
    made = nora.post(NEW, typed | {"percent-list": "10"})
    assert made.status_code == 303
    place = made.location.partition("?")[0].removeprefix("http://shop.test")
    page = nora.get(place).text
    for words in ("Not confirmed yet", "€24.95", "€27.45", "+10.0 %", "Brightfield, Harbour"):
        assert words in page, words
    assert "27.45" in nora.get(f"{place}/prices.csv").text
    assert nora.post(f"{place}/confirm", {}).status_code == 303
    assert "Happens by itself" in nora.get(place).text
    assert nora.post(f"{place}/cancel", {}).status_code == 303
    again = nora.post(f"{place}/confirm", {})
    assert (again.status_code, "cannot become scheduled" in again.text) == (409, True)
    by_hand = nora.get(f"{NEW}?product=patch").text
    assert "Wholesale on Partners" in by_hand
