"""Lists: an address carries everything, pages lead there and back, a cursor is worth something only where it
was written, and a file holds what the page shows."""

import csv
import io
import re
from typing import Any

import pytest

from core.money import Money
from storefront import exports, lists
from tests.lists.conftest import Trade
from tests.visits import Visit

ORDER = re.compile(r"/orders/(ORD-\w+)\"")
NEXT = re.compile(r'rel="next" href="([^"]+)"')
PREVIOUS = re.compile(r'rel="prev" href="([^"]+)"')


def codes(page: str) -> list[str]:
    """Orders of a page, in its order."""
    return list(dict.fromkeys(ORDER.findall(page)))


def follow(visit: Visit, pattern: re.Pattern[str], page: str) -> str | None:
    """The page that a link of the pager leads to."""
    found = pattern.search(page)
    if not found:
        return None
    answer = visit.client.get(f"http://{visit.host}{found[1].replace('&amp;', '&')}")
    assert answer.status_code == 200
    return answer.text


def rows(answer: Any) -> list[dict[str, str]]:
    """A file as a program reads it."""
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_pages_lead_forth_and_back_and_show_every_row_once(
    trade: Trade, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "SIZES", (2,))
    for sort in ("", "-placed", "placed", "total", "-total"):
        whole = codes(trade.nora.get("/distributor/orders", sort=sort).text)
        page = trade.nora.get("/distributor/orders", sort=sort, size=2).text
        assert PREVIOUS.search(page) is None
        forth = [codes(page)]
        while following := follow(trade.nora, NEXT, page):
            page = following
            forth.append(codes(page))
        back = [codes(page)]
        while preceding := follow(trade.nora, PREVIOUS, page):
            page = preceding
            back.append(codes(page))
        assert sum(forth, []) == whole, sort
        assert sorted(whole) == sorted(trade.acme + trade.zebra), sort
        assert back == forth[::-1], sort


def test_heads_sort_and_say_so(trade: Trade) -> None:
    page = trade.nora.get("/distributor/orders", sort="total").text
    assert 'aria-sort="ascending"' in page
    assert "sort=-total" in page
    assert "sort=-placed" not in page.split("<tbody>")[0].split("<thead>")[1]
    by_total = rows(trade.nora.get("/distributor/orders.csv", sort="-total"))
    assert [row["Total"] for row in by_total] == sorted(
        (row["Total"] for row in by_total), key=float, reverse=True
    )


@pytest.mark.promise("QS4")
def test_filters_narrow_together(trade: Trade) -> None:
    see = trade.nora.get
    assert len(codes(see("/distributor/orders", show="unpaid").text)) == 4
    assert len(codes(see("/distributor/orders", **{"show": "unpaid", "total.least": "49"}).text)) == 3
    assert (
        len(codes(see("/distributor/orders", **{"show": "unpaid", "total.least": "49", "q": "acme"}).text))
        == 2
    )
    assert codes(see("/distributor/orders", **{"placed.from": "2100-01-01"}).text) == []
    assert len(codes(see("/distributor/orders", **{"placed.to": "2100-01-01"}).text)) == 6
    assert len(codes(see("/distributor/orders", **{"show.not": "unpaid"}).text)) == 2


def test_what_cannot_be_read_is_left_out_and_said_and_no_file_is_made_of_it(trade: Trade) -> None:
    page = trade.nora.get(
        "/distributor/orders", **{"placed.from": "yesterday", "total.like": "%", "show": "all"}
    )
    assert page.status_code == 200
    for words in ("“yesterday” is no day", "“total.like” is no filter", "“all” is not offered here"):
        assert words in page.text
    assert len(codes(page.text)) == 6
    refused = trade.nora.get("/distributor/orders.csv", **{"placed.from": "yesterday"})
    assert refused.status_code == 422
    assert "is no day" in refused.text


@pytest.mark.promise("QS4")
def test_a_cursor_is_good_only_for_its_list_its_order_and_its_scope(
    trade: Trade, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "SIZES", (1,))
    found = NEXT.search(trade.bea.get("/reseller/orders", size=1).text)
    assert found
    cursor = found[1].split("after=")[1].split("&")[0]
    good = {"size": 1, "after": cursor}
    assert trade.bea.get("/reseller/orders", **good).status_code == 200
    assert trade.bea.get("/reseller/orders", **good, sort="total").status_code == 404
    assert trade.bea.get("/reseller/subscriptions", **good).status_code == 404
    assert trade.hugo.get("/reseller/orders", **good).status_code == 404
    for at in range(0, len(cursor) - 1, 7):
        forged = cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :]
        assert trade.bea.get("/reseller/orders", size=1, after=forged).status_code == 404, at


@pytest.mark.promise("QS5")
def test_a_file_holds_what_the_page_shows_and_nothing_of_others(trade: Trade) -> None:
    own = rows(trade.bea.get("/reseller/orders.csv"))
    assert {row["Order"] for row in own} == set(trade.acme)
    assert {row["Customer"] for row in own} == {"Acme"}
    assert {(row["Customer pays, net"], row["Customer pays, net, currency"]) for row in own} == {
        ("24.95", "EUR"),
        ("49.90", "EUR"),
    }
    assert "Zebra" not in trade.bea.get("/reseller/customers.csv").text
    assert {row["Order"] for row in rows(trade.anna.get("/orders.csv"))} == set(trade.acme)
    assert "You pay" not in trade.anna.get("/orders.csv").text
    assert {row["Order"] for row in rows(trade.nora.get("/distributor/orders.csv", q="zebra"))} == set(
        trade.zebra
    )
    answer = trade.nora.get("/distributor/orders.csv")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="order-list-')
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_list_that_is_too_long_for_a_file_is_refused_whole(
    trade: Trade, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "BATCH", 2)
    assert len(rows(trade.nora.get("/distributor/orders.csv"))) == 6
    monkeypatch.setattr(exports, "MOST", 5)
    refused = trade.nora.get("/distributor/orders.csv")
    assert refused.status_code == 422
    assert "more than 5 rows" in refused.text


@pytest.mark.parametrize(
    "typed",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "＝1", '=HYPERLINK("x")'],
)
def test_no_cell_becomes_a_formula(typed: str) -> None:
    assert exports.cell(typed) == f"'{typed}"


def test_numbers_and_plain_words_stay_as_they_are() -> None:
    assert [exports.cell(value) for value in (-5, "Acme, “Ltd”", None, True)] == [
        "-5",
        "Acme, “Ltd”",
        "",
        "yes",
    ]
    assert exports.cells(Money(-1250, "EUR"), money=True) == ["-12.50", "EUR"]
