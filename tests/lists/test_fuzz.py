"""Whatever an address says to a list, it answers with rows of its own scope, or refuses in words (QS4). FUZZ
says how many addresses are tried; the campaign tries thousands."""

import os
import re
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lists.conftest import Trade

LISTS = {
    "anna": ("/orders", "/services", "/invoices"),
    "bea": (
        "/reseller/orders",
        "/reseller/customers",
        "/reseller/subscriptions",
        "/reseller/money",
        "/reseller/prices",
        "/reseller/team",
        "/reseller/deals",
    ),
    "nora": (
        "/distributor/orders",
        "/distributor/resellers",
        "/distributor/customers",
        "/distributor/subscriptions",
        "/distributor/deliveries",
        "/distributor/invoices",
        "/distributor/payments",
        "/distributor/catalogue",
        "/distributor/plans",
        "/distributor/tasks",
        "/distributor/webhooks",
        "/distributor/staff",
        "/distributor/work",
        "/distributor/deals",
    ),
}
NAMES = (
    "q", "sort", "size", "after", "before", "show", "state", "placed", "total", "since", "ends", "date",
    "category", "payment", "leg", "about", "amount", "price", "ordering", "issued", "customer_id",
    "reseller_id", "distributor_id",
)  # fmt: skip
OPERATORS = (
    "",
    ".not",
    ".from",
    ".to",
    ".least",
    ".most",
    ".or",
    ".in",
    ".like",
    ".gt",
    "[$ne]",
    "__in",
    ".not.not",
    ".",
)
VALUES = (
    "", "unpaid", "funded", "draft", "due", "active", "own", "mails", "to-customers", "-placed", "placed",
    "-total", "name", "-name", "id", "distributor_id", "50", "0", "-1", "1e9", "99999999999999999999",
    "2026-11-01", "2026-02-30", "0001-01-01", "9999-12-31", "100.00", "-5", "1e5", "NaN", "12,50",
    "' OR 1=1 --", "%", "_%_", "\\", "zebra", "Zebra", "Harbour", "*", "null", "true", "{}", "[]", "ORD-",
    "00000000-0000-0000-0000-000000000000", "\ufeff", "\u202e", "𝔘",
)  # fmt: skip
name = st.builds(str.__add__, st.sampled_from(NAMES), st.sampled_from(OPERATORS)) | st.text(max_size=8)
value = (
    st.sampled_from(VALUES)
    | st.text(max_size=40)
    | st.text("0123456789.-", max_size=30)
    | st.just("x" * 3000)
)
asked = st.lists(st.tuples(name, value), max_size=6)
OWN = re.compile(r"ORD-[0-9A-Z]{4,}")


@pytest.mark.promise("QS4")
def test_no_address_opens_a_list_or_breaks_it(trade: Trade) -> None:
    people = {"anna": trade.anna, "bea": trade.bea, "nora": trade.nora}
    places = [(who, path) for who, paths in LISTS.items() for path in paths]
    foreign = ("Zebra", "Hugo", "zoe@", *trade.zebra)

    @settings(
        max_examples=int(os.environ.get("FUZZ", "200")),
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(st.sampled_from(places), asked, st.booleans())
    def look(place: tuple[str, str], words: list[tuple[str, str]], as_file: bool) -> None:
        who, path = place
        said = urlencode([(n.encode("utf-8", "replace"), v.encode("utf-8", "replace")) for n, v in words])
        answer = people[who].client.get(people[who].url(f"{path}{'.csv' if as_file else ''}?{said}"))
        assert answer.status_code in (200, 400, 404, 422), (path, said)
        if answer.status_code != 200 or who == "nora":
            return
        shown = answer.text.split("<tbody>")[-1].split("</tbody>")[0] if not as_file else answer.text
        assert not [word for word in foreign if word in shown], (path, said)
        assert set(OWN.findall(shown)) <= set(trade.acme), (path, said)

    look()
