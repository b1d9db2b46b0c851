"""Search on a shelf of thousands: what it finds does not depend on how it is looked up, and no shelf is read
row by row for it."""

from typing import Any

import pytest
from sqlalchemy import create_engine, text

from catalog import searches
from catalog.shelves import BEST, MOST_FOUND, SORTS, Wanted
from core import db, doors
from sandbox.servers import Postgres
from tests.world import World, open_portal

THOUSANDS = 6400
LATE = 1200  # by name there are more before it than are walked through
# Exactly a sixteenth of them is in the sample. Everything is a flood; from LATE on by name, things are late;
# every 400th is of a small maker.
ENTRIES = """
INSERT INTO search_texts (distributor_id, id, reseller_id, product_id, listing_id, name, sort_key, vendor, kinds, price_minor, place, words)
SELECT r.distributor_id, gen_random_uuid(), r.id, (left(md5(g::text), 30) || lpad(to_hex(g % 256), 2, '0'))::uuid, gen_random_uuid(), 'entry ' || lpad(g::text, 5, '0'),
  'entry ' || lpad(g::text, 5, '0'), CASE WHEN g % 400 = 0 THEN 'Small' ELSE 'Large' END, '{P1M/P1M}', g, 1000,
  array_to_tsvector(ARRAY['~' || r.id, 'flood', 'number' || g] || CASE WHEN g >= :late THEN ARRAY['late'] ELSE '{}' END)
FROM generate_series(1, :many) g, resellers r WHERE r.name = 'Brightfield'"""  # noqa: E501 SQL


@pytest.fixture
def flooded(world: World, postgres: Postgres) -> World:
    """Brightfield's shelf with thousands of entries, planted past every lock."""
    open_portal(world)
    engine = create_engine(postgres.admin_url("shop"))
    with engine.begin() as connection:
        connection.execute(text("SET session_replication_role = replica"))
        connection.execute(text(ENTRIES), {"many": THOUSANDS, "late": LATE})
    engine.dispose()
    return world


def looked_up(
    words: list[str], wanted: Wanted, *, skip: int = 0, key: str = "", after: Any = None
) -> list[Any]:
    """(listing, key, found) as the door function of a page says it."""
    asked = {"p_words": words, "p_any": False, "p_said": " ".join(words), "p_key": key, "p_after": after}
    return doors.call_here(searches.PAGE_OF, asked | wanted.values | {"p_skip": skip, "p_most": 25})


def names(numbers: Any) -> list[str]:
    return [f"entry {number:05}" for number in numbers]


def test_what_all_have_what_a_few_have_and_what_one_has_is_found_in_every_order(
    flooded: World,
) -> None:
    with flooded.acting("brightfield"):
        first, second = (looked_up(["flood"], Wanted(sort=BEST), skip=skip) for skip in (0, 25))
        assert [len(first), len(second)] == [25, 25]
        assert {row.found for row in first} == {MOST_FOUND + 1}
        assert not {row.listing_id for row in first} & {row.listing_id for row in second}
        assert searches.facets(Wanted(sort=BEST), ["flood"]).more
        by_name = looked_up(["flood"], Wanted(sort="name"))
        assert [row.key for row in by_name] == names(range(1, 26))
        last = by_name[-1]
        following = looked_up(["flood"], Wanted(sort="name"), key=last.key, after=last.listing_id)
        assert [row.key for row in following] == names(range(26, 51))
        assert [row.key for row in looked_up(["late"], Wanted(sort="name"))] == names(range(LATE, LATE + 25))
        dearest = looked_up(["late"], Wanted(sort="-price"))
        assert [row.key for row in dearest] == [str(THOUSANDS - n) for n in range(25)]
        for sort in (BEST, *SORTS):
            assert len(looked_up(["number5777"], Wanted(sort=sort))) == 1, sort
        assert searches.facets(Wanted(sort=BEST), ["number5777"]).all == 1
        small = [*range(400, THOUSANDS + 1, 400)]
        best = looked_up(["flood"], Wanted(vendors=("Small",), sort=BEST))
        assert {row.found for row in best} == {len(small)} == {len(best)}
        by_name = looked_up(["flood"], Wanted(vendors=("Small",), sort="name"))
        assert [row.key for row in by_name] == names(small)
        cheapest = looked_up(["late"], Wanted(vendors=("Small",), sort="price"))
        assert [row.key for row in cheapest] == [str(n) for n in small if n >= LATE]


def test_no_search_reads_a_shelf_row_by_row(flooded: World) -> None:
    with flooded.acting("brightfield"):
        for sort in (BEST, *SORTS):
            for wanted in (Wanted(sort=sort), Wanted("", ("Small",), ("P1M/P1M",), (7,), sort)):
                for typed in ("late", "number5777", "5777"):
                    looked_up([typed], wanted)
                    searches.facets(wanted, [typed])
        searches.search("micorsoft flood")
        read = db.driver().execute(
            "SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname IN ('search_texts', 'search_words')"
        )
        assert [row[0] for row in read.fetchall()] == [0, 0]
