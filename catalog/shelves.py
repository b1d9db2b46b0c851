"""A shop's shelf as visitors read it: pages in five orders, narrowed by category, vendor, term and price,
with how many there are of each; and search, which forgives typing. Pages are read by keyset, so page 4,000
costs what page 1 costs; numbers come from counts that the change of the shelf has left (catalog/entries.py).
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Boolean, Integer, String, Text, Uuid, bindparam, column, func
from sqlalchemy.dialects.postgresql import ARRAY

from catalog import spellings
from catalog.entries import plain
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
MOST_WORDS = 8
MOST_BEGUN = 20  # words that begin with one
SHORT_NUMBER = 2  # digits: so short a number is itself, not the beginning of a hundred others
LONG = 4  # letters of a word that says something by itself

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
        """As the door functions take it."""
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

MINE = "t.distributor_id = current_setting('app.distributor_id')::uuid AND t.reseller_id = current_setting('app.reseller_id')::uuid AND t.listing_id IS NOT NULL"  # noqa: E501 SQL
CHOSEN = """($1 = '' OR t.category = $1) AND (cardinality($2) = 0 OR t.vendor = ANY ($2)) AND (cardinality($2) <> 1 OR t.vendor = ($2)[1])
        AND (cardinality($3) = 0 OR t.kinds && $3) AND (cardinality($4) = 0 OR t.band = ANY ($4)) AND ($5 IS NULL OR t.words @@ $5)
        AND (cardinality($4) = 0 OR (t.price_minor >= $10 AND t.price_minor < $11))"""  # noqa: E501 SQL
LEAST = """CASE WHEN {band} = 0 THEN 0 ELSE (10::numeric ^ ((least({band}, 30) - 1) / 2))::bigint
    * CASE WHEN least({band}, 30) % 2 = 1 THEN 1 ELSE 5 END END"""
# A word stands for itself and for the words of names, vendors and categories that begin with it: an index of
# words finds those at once, while all that begins with "guard" or "8" is gathered from thousands of entries.
# Where there are none, or too many, or the word ends with a star, it is whatever begins with it; an article's
# number that somebody has is that article.
ASKED = f"""
  FOREACH word IN ARRAY p_words LOOP
    bare := btrim({plain("rtrim(word, '*')")});
    CONTINUE WHEN bare = '' OR bare ~ ' ';
    begun := ARRAY(SELECT quote_literal(s.word) FROM search_words s WHERE s.distributor_id = current_setting('app.distributor_id')::uuid
      AND s.word ~>=~ bare AND s.word ~<~ (bare || chr(1114111)) LIMIT {MOST_BEGUN + 1});
    one := CASE WHEN right(word, 1) = '*' THEN to_tsquery('simple', bare || ':*')
      WHEN bare ~ '^[0-9]{{1,{SHORT_NUMBER}}}$' THEN to_tsquery('simple', bare)
      WHEN cardinality(begun) BETWEEN 1 AND {MOST_BEGUN} THEN to_tsquery('simple', bare) || array_to_string(begun, ' | ')::tsquery
      WHEN bare ~ '[0-9].*[0-9].*[0-9]' AND EXISTS (SELECT 1 FROM search_texts t WHERE t.words @@ (shelf && to_tsquery('simple', bare)))
        THEN to_tsquery('simple', bare)
      ELSE to_tsquery('simple', bare || ':*') END;
    said := CASE WHEN said IS NULL THEN one WHEN p_any THEN said || one ELSE said && one END;
  END LOOP;
  IF cardinality(p_words) > 0 THEN  -- the shelf itself is the first of the words
    asked := coalesce(shelf && said, quote_literal('~')::tsquery);
  END IF;"""  # noqa: E501, S608 SQL of our own
ASKING = """
  shelf tsquery := quote_literal('~' || current_setting('app.reseller_id'))::tsquery;
  said tsquery;
  asked tsquery;
  one tsquery;
  word text;
  bare text;
  begun text[];"""

FIRST = "00000000-0000-0000-0000-000000000000"
FRONT_PAGE = f"""
    RETURN QUERY SELECT t.listing_id, t.place || '.' || t.sort_key, 0::bigint FROM search_texts t WHERE {MINE}{{category}}
      AND (t.place, t.sort_key, t.listing_id) > (from_place, from_name, coalesce(p_after, '{FIRST}')) ORDER BY t.place, t.sort_key, t.listing_id LIMIT {PAGE + 1};"""  # noqa: E501, S608 SQL of our own

# What is asked is folded into the statement before it is planned, so each combination has a plan of its own.
# Only what most visitors ask for, the shop and its categories as they come, has one that is kept: planning it
# takes five times as long as reading it.
PAGE_OF = door(f"""
CREATE FUNCTION shelf_page_v3(p_words text[], p_any boolean, p_said text, p_category text, p_vendors text[], p_kinds text[], p_bands int[],
  p_sort text, p_key text, p_after uuid, p_skip int, p_most int) RETURNS TABLE (listing_id uuid, key text, found bigint) AS $$
DECLARE{ASKING}
  least bigint;
  above bigint;
  from_place bigint := -1;
  from_name text := '';
BEGIN
  IF p_sort = 'front' AND p_most <= {PAGE + 1} AND cardinality(p_words || p_vendors || p_kinds) = 0 AND cardinality(p_bands) = 0 THEN
    IF p_after IS NOT NULL THEN from_place := split_part(p_key, '.', 1)::bigint; from_name := substr(p_key, strpos(p_key, '.') + 1); END IF;
    IF p_category = '' THEN{FRONT_PAGE.format(category="")}
    ELSE{FRONT_PAGE.format(category=" AND t.category = p_category")}
    END IF;
    RETURN;
  END IF;
  IF cardinality(p_bands) > 0 THEN  -- a span of prices, so that an index by price begins with it
    least := {LEAST.format(band="(SELECT min(n) FROM unnest(p_bands) n)")};
    above := {LEAST.format(band="(SELECT max(n) + 1 FROM unnest(p_bands) n)")};
  END IF;{ASKED}
  IF p_sort = 'best' THEN
    RETURN QUERY EXECUTE $sql$
      SELECT c.listing_id, '', count(*) OVER () FROM (
        (SELECT t.listing_id, t.name, t.words, t.sort_key FROM search_texts t WHERE {MINE} AND {CHOSEN} AND t.sort_key = $7 LIMIT 10)
        UNION ALL  -- what is called just so is among them, however many others there are
        (SELECT t.listing_id, t.name, t.words, t.sort_key FROM search_texts t WHERE {MINE} AND {CHOSEN} AND t.sort_key <> $7 LIMIT {MOST_FOUND + 1})
      ) c ORDER BY ts_rank('{{0.05, 0.15, 0.3, 1}}', c.words, $6)
        + CASE WHEN c.name = $7 THEN 3 WHEN c.name LIKE $7 || '%' THEN 2 WHEN c.name LIKE '% ' || $7 || '%' THEN 1 ELSE 0 END DESC, c.sort_key, c.listing_id
      OFFSET $8 LIMIT $9
    $sql$ USING p_category, p_vendors, p_kinds, p_bands, asked, said, p_said, p_skip, p_most, least, above;
    RETURN;
  END IF;
  RETURN QUERY EXECUTE CASE p_sort
    WHEN 'price' THEN $sql$ SELECT t.listing_id, t.price_minor::text, 0::bigint FROM search_texts t WHERE {MINE} AND {CHOSEN}
      AND ($6 = '' OR (t.price_minor, t.listing_id) > ($6::bigint, $7)) ORDER BY t.price_minor, t.listing_id LIMIT $8 $sql$
    WHEN '-price' THEN $sql$ SELECT t.listing_id, t.price_minor::text, 0::bigint FROM search_texts t WHERE {MINE} AND {CHOSEN}
      AND ($6 = '' OR (t.price_minor, t.listing_id) < ($6::bigint, $7)) ORDER BY t.price_minor DESC, t.listing_id DESC LIMIT $8 $sql$
    WHEN 'new' THEN $sql$ SELECT t.listing_id, to_char(t.listed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), 0::bigint
      FROM search_texts t WHERE {MINE} AND {CHOSEN}
      AND ($6 = '' OR (t.listed_at, t.listing_id) < ($6::timestamptz, $7)) ORDER BY t.listed_at DESC, t.listing_id DESC LIMIT $8 $sql$
    WHEN 'front' THEN $sql$ SELECT t.listing_id, t.place || '.' || t.sort_key, 0::bigint FROM search_texts t WHERE {MINE} AND {CHOSEN}
      AND ($7 IS NULL OR (t.place, t.sort_key, t.listing_id) > (split_part($6, '.', 1)::bigint, substr($6, strpos($6, '.') + 1), $7))
      ORDER BY t.place, t.sort_key, t.listing_id LIMIT $8 $sql$
    ELSE $sql$ SELECT t.listing_id, t.sort_key, 0::bigint FROM search_texts t WHERE {MINE} AND {CHOSEN}
      AND ($7 IS NULL OR (t.sort_key, t.listing_id) > ($6, $7)) ORDER BY t.sort_key, t.listing_id LIMIT $8 $sql$
    END USING p_category, p_vendors, p_kinds, p_bands, asked, p_key, p_after, p_most, NULL::int, least, above;
END
$$ ROWS 25""")  # noqa: E501, S608 SQL of our own


@cache
def _page() -> Statement:
    """The one statement of a page: the door says which, in their order; what they are, and whether they may
    be seen, is read in the scope."""
    text, many = Text(), ARRAY(Text())
    asked = func.shelf_page_v3(
        bindparam("p_words", type_=many), bindparam("p_any", type_=Boolean()),
        bindparam("p_said", type_=text),
        bindparam("p_category", type_=text), bindparam("p_vendors", type_=many),
        bindparam("p_kinds", type_=many), bindparam("p_bands", type_=ARRAY(Integer())),
        bindparam("p_sort", type_=text), bindparam("p_key", type_=text), bindparam("p_after", type_=Uuid()),
        bindparam("p_skip", type_=Integer()), bindparam("p_most", type_=Integer()),
    )  # fmt: skip
    these = asked.table_valued(
        column("listing_id", Uuid()), column("key", String()), column("found", Integer()),
        with_ordinality="place", name="these",
    ).render_derived()  # fmt: skip
    return Statement(
        SHELF.add_columns(these.c.key, these.c.found)
        .join(these, these.c.listing_id == Listing.id)
        .order_by(these.c.place)
    )


@dataclass(frozen=True, slots=True)
class Page:
    """Cards in their order; `after` begins the page behind it, empty on the last one. `found`: how many match
    a search, at most one more than MOST_FOUND."""

    cards: Sequence[Card]
    after: str
    found: int = 0


def page(wanted: Wanted, *, after: str = "", size: int = PAGE) -> Page:
    """One page of the scope's shelf, beginning behind the cursor `after`; Missing where that is none."""
    key, listing_id = _cursor(wanted.sort, after)
    return _read(wanted, size, p_key=key, p_after=listing_id)


def _read(wanted: Wanted, size: int, **asked: Any) -> Page:
    nothing: dict[str, Any] = {
        "p_words": [],
        "p_any": False,
        "p_said": "",
        "p_key": "",
        "p_after": None,
        "p_skip": 0,
    }
    rows = _page().rows(**{**nothing, **asked}, **wanted.values, p_sort=wanted.sort, p_most=size + 1)
    after = f"{rows[size - 1][0]}.{rows[size - 1][-2]}" if len(rows) > size else ""
    return Page([card(row[:-2]) for row in rows[:size]], after, int(rows[0][-1]) if rows else 0)


def _cursor(sort: str, after: str) -> tuple[str, UUID | None]:
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

COUNTS_OF = door(f"""
CREATE FUNCTION shelf_facets_v4(p_words text[], p_any boolean, p_category text, p_vendors text[], p_kinds text[], p_bands int[])
RETURNS TABLE (facet text, value text, products bigint, place bigint) AS $$
#variable_conflict use_column
DECLARE{ASKING}
BEGIN{ASKED}
  RETURN QUERY WITH alike AS (
    SELECT category, vendor, kinds, band, c.products AS n FROM shelf_counts c WHERE asked IS NULL
      AND c.distributor_id = current_setting('app.distributor_id')::uuid AND c.reseller_id = current_setting('app.reseller_id')::uuid
    UNION ALL SELECT category, vendor, kinds, band, 1 FROM (
      SELECT category, vendor, kinds, band FROM search_texts t WHERE asked IS NOT NULL AND {MINE} AND t.words @@ asked LIMIT {MOST_FOUND + 1}) found
  ), judged AS MATERIALIZED (
    SELECT *, p_category = '' OR category = p_category AS c, cardinality(p_vendors) = 0 OR vendor = ANY (p_vendors) AS v,
      cardinality(p_kinds) = 0 OR kinds && p_kinds AS k, cardinality(p_bands) = 0 OR band = ANY (p_bands) AS b FROM alike
  )
  SELECT 'category', j.category, j.n, coalesce(p.place, {LAST}) FROM (
    SELECT category, sum(n)::bigint AS n FROM judged WHERE v AND k AND b GROUP BY 1) j
  LEFT JOIN category_places p ON p.distributor_id = current_setting('app.distributor_id')::uuid
    AND p.reseller_id = current_setting('app.reseller_id')::uuid AND p.category = j.category
  UNION ALL SELECT 'vendor', vendor, sum(n)::bigint, 0 FROM judged WHERE c AND k AND b GROUP BY 2
  UNION ALL SELECT 'kind', kind, sum(n)::bigint, 0 FROM judged CROSS JOIN unnest(kinds) kind WHERE c AND v AND b GROUP BY 2
  UNION ALL SELECT 'band', band::text, sum(n)::bigint, 0 FROM judged WHERE c AND v AND k GROUP BY 2
  UNION ALL SELECT 'all', '', coalesce(sum(n), 0)::bigint, 0 FROM judged WHERE c AND v AND k AND b
  UNION ALL SELECT 'found', '', coalesce(sum(n), 0)::bigint, 0 FROM judged WHERE asked IS NOT NULL
  UNION ALL SELECT 'address', c.name || chr(31) || c.slug, row_number() OVER (ORDER BY coalesce(above.position, c.position), coalesce(above.name, c.name),
      above.id IS NOT NULL, c.position, c.name), 0
    FROM categories c LEFT JOIN categories above ON above.distributor_id = c.distributor_id AND above.id = c.parent_id
    WHERE c.distributor_id = current_setting('app.distributor_id')::uuid;
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


def facets(wanted: Wanted, words: Sequence[str] = (), *, any_word: bool = False) -> Facets:
    """Of the scope's shelf, or of what a search finds on it."""
    names = ("category", "vendor", "kind", "band", "all", "found", "address")
    found: dict[str, dict[str, int]] = {name: {} for name in names}
    asked = {"p_words": list(words), "p_any": any_word}
    places: dict[str, int] = {}
    for row in doors.call_here(COUNTS_OF, asked | wanted.values):
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


# --- Search -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave. `meant`: the words that were looked for instead, where those that were typed are on
    no shelf; `any_word`: nothing has all of them, so these have some."""

    page: Page
    words: Sequence[str]
    meant: str = ""
    any_word: bool = False


def words_of(typed: str) -> list[str]:
    """The words of what was typed, small, without accents and marks."""
    apart = unicodedata.normalize("NFKD", typed.lower())
    letters = "".join(c for c in apart if not unicodedata.combining(c))
    return "".join(c if c.isalnum() else " " for c in letters).split()[:MOST_WORDS]


def search(typed: str, wanted: Wanted | None = None, *, after: str = "", size: int = PAGE) -> Found:
    """Products that have all the words, or begin with them; else what was probably meant; else those that
    have some of them. Best first unless another order is wanted."""
    wanted = wanted or Wanted(sort=BEST)
    words = words_of(typed)
    if not words:
        return Found(Page([], ""), [])
    found = _look(words, wanted, after, size)
    if found.cards:
        return Found(found, words)
    if (meant := spellings.meant(words)) == words:
        wider = [f"{word}*" for word in words]  # not in names: in what is said about products
        found = _look(wider, wanted, after, size)
        if found.cards:
            return Found(found, wider)
    else:
        found = _look(meant, wanted, after, size)
        if found.cards:
            return Found(found, meant, " ".join(meant))
    long = [word for word in words if len(word) >= LONG]
    if long and len(words) > 1:
        found = _look(long, wanted, after, size, any_word=True)
        if found.cards:
            return Found(found, long, any_word=True)
    return Found(Page([], ""), words)


def _look(words: Sequence[str], wanted: Wanted, after: str, size: int, *, any_word: bool = False) -> Page:
    asked: dict[str, Any] = {
        "p_words": list(words),
        "p_said": " ".join(word.rstrip("*") for word in words),
        "p_any": any_word,
    }
    if wanted.sort != BEST:
        key, listing_id = _cursor(wanted.sort, after)
        return _read(wanted, size, p_key=key, p_after=listing_id, **asked)
    skip = int(after) if after.isascii() and after.isdigit() and len(after) < 5 else 0
    if after and not 0 < skip <= MOST_FOUND:
        raise Missing("page")
    found = _read(wanted, size, p_skip=skip, **asked)
    return replace(found, after=str(skip + size) if found.after and skip + size < MOST_FOUND else "")
