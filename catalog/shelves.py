"""A shop's shelf as visitors read it: pages in five orders, narrowed by category, vendor, term and price,
with how many there are of each. Pages are read by keyset, so page 4,000 costs what page 1 costs; numbers come
from counts that the change of the shelf has left (catalog/entries.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnClause,
    Function,
    Integer,
    String,
    Text,
    Uuid,
    bindparam,
    column,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY

from catalog.listings import LAST, SHELF, Card, Listing, card
from core import doors
from core.doors import door
from core.errors import Missing
from core.languages import _, for_later
from core.money import Money
from core.periods import Term
from core.statements import Statement

PAGE = 24
MOST_FOUND = 300  # of so many matches search chooses the best; of more it says that there are more
MOST_VALUES = 10  # of one facet at once

FRONT = "front"
SORTS = {
    FRONT: for_later("Featured first"),
    "name": for_later("Name"),
    "price": for_later("Price, lowest first"),
    "-price": for_later("Price, highest first"),
    "new": for_later("Newest"),
}
BEST = "best"


class Wanted(NamedTuple):
    """What is asked of a shelf; nothing chosen means all of it. `kinds` are "P1Y/P1M" (term and billing),
    `bands` numbers of spans of prices (Band)."""

    category: str = ""
    vendors: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    bands: tuple[int, ...] = ()
    sort: str = FRONT

    @property
    def narrowed(self) -> bool:
        """Whether a facet is chosen; a category has a page of its own."""
        return bool(self.vendors or self.kinds or self.bands)

    @property
    def values(self) -> dict[str, Any]:
        """As the door functions of pages take it."""
        return {**self.chosen, "p_sort": self.sort}

    @property
    def chosen(self) -> dict[str, Any]:
        """As the door functions of numbers take it."""
        return {
            "p_category": self.category,
            "p_vendors": list(self.vendors),
            "p_kinds": list(self.kinds),
            "p_bands": list(self.bands),
        }


@dataclass(frozen=True, slots=True)
class Band:
    """A span of prices, from and up to (not including) so many minor units: 1 to 5, 5 to 10, 10 to 50 and so
    on, the same in every currency. Number 0 is "free"."""

    number: int

    @property
    def least(self) -> int:
        """Its first price."""
        exponent, half = divmod(self.number - 1, 2)
        return 10**exponent * (5 if half else 1) if self.number else 0

    def words(self, currency: str) -> str:
        """For people: "€5.00 to €10.00"."""
        if not self.number:
            return _("Free")
        most = Band(self.number + 1).least
        return _(
            "%(least)s to %(most)s",
            least=Money(self.least, currency).text,
            most=Money(most, currency).text,
        )


def kind_words(kind: str) -> str:
    """For people: "1 year, billed monthly"."""
    term, _slash, billed = kind.partition("/")
    if term == billed:
        return Term(term).label
    return _("%(term)s, paid %(period)s", term=Term(term).label, period=Term(billed).per)


# --- Pages --------------------------------------------------------------------------------------------------

WITHIN = "(cardinality($4) = 0 OR (t.price_minor >= $5 AND t.price_minor < $6))"
MINE = "t.distributor_id = current_setting('app.distributor_id')::uuid AND t.reseller_id = current_setting('app.reseller_id')::uuid AND t.listing_id IS NOT NULL"  # noqa: E501 SQL
# Once more as an index of one vendor wants it, which then gives the order, and an index by price, which then
# begins and ends with the span.
CHOSEN = f"""($1 = '' OR t.category = $1) AND (cardinality($2) = 0 OR t.vendor = ANY ($2)) AND (cardinality($2) <> 1 OR t.vendor = ($2)[1])
        AND (cardinality($3) = 0 OR t.kinds && $3) AND (cardinality($4) = 0 OR t.band = ANY ($4))
        AND {WITHIN}"""  # noqa: E501 SQL
LEAST = """CASE WHEN {band} = 0 THEN 0 ELSE (10::numeric ^ ((least({band}, 30) - 1) / 2))::bigint
    * CASE WHEN least({band}, 30) % 2 = 1 THEN 1 ELSE 5 END END"""
SPAN = f"""
  IF cardinality(p_bands) > 0 THEN  -- a span of prices, so that an index by price begins with it
    least := {LEAST.format(band="(SELECT min(n) FROM unnest(p_bands) n)")};
    above := {LEAST.format(band="(SELECT max(n) + 1 FROM unnest(p_bands) n)")};
  END IF;"""  # noqa: S608 SQL of our own


class Order(NamedTuple):
    """How a list is ordered: by what, with which words its cursor says where a page begins, and what stands
    behind that ($7 the words, $8 the listing)."""

    by: str
    key: str
    behind: str


ORDERS = {
    "name": Order(
        "t.sort_key, t.listing_id", "t.sort_key", "($8 IS NULL OR (t.sort_key, t.listing_id) > ($7, $8))"
    ),
    "price": Order(
        "t.price_minor, t.listing_id", "t.price_minor::text",
        f"{WITHIN} AND ($7 = '' OR (t.price_minor, t.listing_id) > ($7::bigint, $8))",
    ),
    "-price": Order(
        "t.price_minor DESC, t.listing_id DESC", "t.price_minor::text",
        f"{WITHIN} AND ($7 = '' OR (t.price_minor, t.listing_id) < ($7::bigint, $8))",
    ),
    "new": Order(
        "t.listed_at DESC, t.listing_id DESC",
        """to_char(t.listed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')""",
        "($7 = '' OR (t.listed_at, t.listing_id) < ($7::timestamptz, $8))",
    ),
    FRONT: Order(
        "t.place, t.sort_key, t.listing_id", "t.place || '.' || t.sort_key",
        "($8 IS NULL OR (t.place, t.sort_key, t.listing_id) > (split_part($7, '.', 1)::bigint, substr($7, strpos($7, '.') + 1), $8))",  # noqa: E501 SQL
    ),
}  # fmt: skip

ALL = {**ORDERS, BEST: Order("NULL::int", "", "true")}  # those that match best stand in no order of the shelf


def in_order(sql: str, orders: Mapping[str, Order] = ORDERS) -> str:
    """SQL: of these statements, with slots for what an Order says, the one that p_sort asks for."""
    return "CASE p_sort " + "\n    ".join(
        f"WHEN '{name}' THEN $sql$ {sql.format(**order._asdict())} $sql$" for name, order in orders.items()
    ) + " END"  # fmt: skip


FIRST = "00000000-0000-0000-0000-000000000000"
FRONT_PAGE = f"""
    RETURN QUERY SELECT t.listing_id, t.place || '.' || t.sort_key FROM search_texts t WHERE {MINE}{{category}}
      AND (t.place, t.sort_key, t.listing_id) > (from_place, from_name, coalesce(p_after, '{FIRST}')) ORDER BY t.place, t.sort_key, t.listing_id LIMIT {PAGE + 1};"""  # noqa: E501, S608 SQL of our own

# What is asked is folded into the statement before it is planned, so each combination has a plan of its own.
# Only what most visitors ask for, the shop and its categories as they come, has one that is kept: planning it
# takes five times as long as reading it.
PAGE_OF = door(f"""
CREATE FUNCTION shelf_page_v4(p_category text, p_vendors text[], p_kinds text[], p_bands int[], p_sort text, p_key text, p_after uuid, p_most int)
RETURNS TABLE (listing_id uuid, key text) AS $$
DECLARE
  least bigint;
  above bigint;
  from_place bigint := -1;
  from_name text := '';
BEGIN
  IF p_sort = 'front' AND p_most <= {PAGE + 1} AND cardinality(p_vendors || p_kinds) = 0 AND cardinality(p_bands) = 0 THEN
    IF p_after IS NOT NULL THEN from_place := split_part(p_key, '.', 1)::bigint; from_name := substr(p_key, strpos(p_key, '.') + 1); END IF;
    IF p_category = '' THEN{FRONT_PAGE.format(category="")}
    ELSE{FRONT_PAGE.format(category=" AND t.category = p_category")}
    END IF;
    RETURN;
  END IF;{SPAN}
  RETURN QUERY EXECUTE {in_order(f"SELECT t.listing_id, {{key}} FROM search_texts t WHERE {MINE} AND {CHOSEN} AND {{behind}} ORDER BY {{by}} LIMIT $9")}
    USING p_category, p_vendors, p_kinds, p_bands, least, above, p_key, p_after, p_most;
END
$$ ROWS 25""")  # noqa: E501, S608 SQL of our own


KEY = column("key", String())


def cards_of(those: Function[Any], *told: ColumnClause[Any]) -> Statement:
    """The one statement of a page: the door function says which, in their order, and something about each
    (`told`); what they are, and whether they may be seen, is read in the scope (listings.SHELF) and stands
    before that."""
    these = those.table_valued(
        column("listing_id", Uuid()), *told, with_ordinality="place", name="these"
    ).render_derived()
    return Statement(
        SHELF.add_columns(*(these.c[each.name] for each in told))
        .join(these, these.c.listing_id == Listing.id)
        .order_by(these.c.place)
    )


def asked() -> list[BindParameter[Any]]:
    """Wanted.values, as parameters of a door function."""
    text, many = Text(), ARRAY(Text())
    return [
        bindparam("p_category", type_=text), bindparam("p_vendors", type_=many),
        bindparam("p_kinds", type_=many), bindparam("p_bands", type_=ARRAY(Integer())),
        bindparam("p_sort", type_=text), bindparam("p_key", type_=text), bindparam("p_after", type_=Uuid()),
    ]  # fmt: skip


@cache
def _page() -> Statement:
    return cards_of(func.shelf_page_v4(*asked(), bindparam("p_most", type_=Integer())), KEY)


@dataclass(frozen=True, slots=True)
class Page:
    """Cards in their order; `after` begins the page behind it, empty on the last one. `found`: how many match
    a search, at most one more than MOST_FOUND."""

    cards: Sequence[Card]
    after: str
    found: int = 0


def page(wanted: Wanted, *, after: str = "", size: int = PAGE) -> Page:
    """One page of the scope's shelf, beginning behind the cursor `after`; Missing where that is none."""
    key, listing_id = cursor(wanted.sort, after)
    rows = _page().rows(**wanted.values, p_key=key, p_after=listing_id, p_most=size + 1)
    return Page([card(row[:-1]) for row in rows[:size]], behind([(row[0], row[-1]) for row in rows], size))


def behind(keys: Sequence[tuple[UUID, str]], size: int) -> str:
    """The cursor of the page behind one of this size; empty where this is the last."""
    return f"{keys[size - 1][0]}.{keys[size - 1][1]}" if len(keys) > size else ""


def cursor(sort: str, after: str) -> tuple[str, UUID | None]:
    """What `Page.after` says; Missing for what nobody was given."""
    if not after:
        return "", None
    listing_id, _dot, key = after.partition(".")
    try:
        if sort in ("price", "-price", FRONT):
            number = key.partition(".")[0] if sort == FRONT else key
            if not (number.isascii() and number.isdigit() and int(number) < 2**63):
                raise Missing("page")
        elif sort == "new":
            datetime.fromisoformat(key)
        return key, UUID(listing_id)
    except ValueError:
        raise Missing("page") from None


# --- How many there are -------------------------------------------------------------------------------------

# Of `alike`: category, vendor, kinds, band, and of how many products (n).
JUDGED = """judged AS MATERIALIZED (
    SELECT *, p_category = '' OR category = p_category AS c, cardinality(p_vendors) = 0 OR vendor = ANY (p_vendors) AS v,
      cardinality(p_kinds) = 0 OR kinds && p_kinds AS k, cardinality(p_bands) = 0 OR band = ANY (p_bands) AS b FROM alike
  )"""  # noqa: E501 SQL
NUMBERS = f"""
  SELECT 'category', j.category, j.n, coalesce(p.place, {LAST}) FROM (
    SELECT category, sum(n)::bigint AS n FROM judged WHERE v AND k AND b GROUP BY 1) j
  LEFT JOIN category_places p ON p.distributor_id = current_setting('app.distributor_id')::uuid
    AND p.reseller_id = current_setting('app.reseller_id')::uuid AND p.category = j.category
  UNION ALL SELECT 'vendor', vendor, sum(n)::bigint, 0 FROM judged WHERE c AND k AND b GROUP BY 2
  UNION ALL SELECT 'kind', kind, sum(n)::bigint, 0 FROM judged CROSS JOIN unnest(kinds) kind WHERE c AND v AND b GROUP BY 2
  UNION ALL SELECT 'band', band::text, sum(n)::bigint, 0 FROM judged WHERE c AND v AND k GROUP BY 2
  UNION ALL SELECT 'all', '', coalesce(sum(n), 0)::bigint, 0 FROM judged WHERE c AND v AND k AND b
  UNION ALL SELECT 'address', c.name || chr(31) || c.slug, row_number() OVER (ORDER BY coalesce(above.position, c.position), coalesce(above.name, c.name),
      above.id IS NOT NULL, c.position, c.name), 0
    FROM categories c LEFT JOIN categories above ON above.distributor_id = c.distributor_id AND above.id = c.parent_id
    WHERE c.distributor_id = current_setting('app.distributor_id')::uuid"""  # noqa: E501, S608 SQL of our own
COUNTS_OF = door(f"""
CREATE FUNCTION shelf_facets_v5(p_category text, p_vendors text[], p_kinds text[], p_bands int[])
RETURNS TABLE (facet text, value text, products bigint, place bigint) AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY WITH alike AS (
    SELECT category, vendor, kinds, band, c.products AS n FROM shelf_counts c
    WHERE c.distributor_id = current_setting('app.distributor_id')::uuid AND c.reseller_id = current_setting('app.reseller_id')::uuid
  ), {JUDGED}{NUMBERS};
END
$$""")  # noqa: E501, S608 SQL of our own


@dataclass(frozen=True, slots=True)
class Facets:
    """How many products there are of each value, each facet as if nothing were chosen in it; `all`: with
    everything that is chosen. `more`: a search found more than it looks through; then the numbers are of some
    of them and are not shown. Categories stand in the order that the reseller gave them, else in the
    distributor's, those without a row after them by name; `addresses`: category -> its slug, of those that
    have a row."""

    categories: Mapping[str, int]
    vendors: Mapping[str, int]
    kinds: Mapping[str, int]
    bands: Mapping[int, int]
    all: int
    more: bool = False
    addresses: Mapping[str, str] = field(default_factory=dict[str, str])


def facets(wanted: Wanted) -> Facets:
    """Of the scope's shelf."""
    return told(doors.call_here(COUNTS_OF, wanted.chosen))


def told(rows: Sequence[Any]) -> Facets:
    """What NUMBERS say."""
    names = ("category", "vendor", "kind", "band", "all", "found", "address")
    found: dict[str, dict[str, int]] = {name: {} for name in names}
    places: dict[str, int] = {}
    for row in rows:
        found[row.facet][row.value] = int(row.products)
        if row.facet == "category":
            places[row.value] = row.place
    rows = sorted(found["address"], key=lambda each: found["address"][each])
    addresses = dict(each.split("\x1f", 1) for each in rows)
    order = {name: place for place, name in enumerate(addresses)}
    return Facets(
        dict(
            sorted(
                found["category"].items(),
                key=lambda each: (places[each[0]], order.get(each[0], len(order)), each[0]),
            )
        ),
        dict(sorted(found["vendor"].items(), key=lambda each: (-each[1], each[0].lower()))),
        dict(sorted(found["kind"].items())),
        {
            int(number): count
            for number, count in sorted(found["band"].items(), key=lambda each: int(each[0]))
        },
        found["all"].get("", 0),
        found["found"].get("", 0) > MOST_FOUND,
        addresses,
    )
