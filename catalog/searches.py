"""Search on a shop's shelf, which forgives typing: the page of what matches best or in another order, and how
many there are of each category, vendor, term and price. All of it is looked up in the index of words; words
that a great part of the shelf has are looked up in that of a sample (entries.SAMPLE), so that a search costs
what it shows and not what it matches."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Boolean, Integer, Text, bindparam, column, func
from sqlalchemy.dialects.postgresql import ARRAY

from catalog import spellings
from catalog.entries import SAMPLE, plain
from catalog.listings import card
from catalog.shelves import (
    ALL,
    BEST,
    CHOSEN,
    JUDGED,
    KEY,
    MINE,
    MOST_FOUND,
    NUMBERS,
    PAGE,
    SPAN,
    Facets,
    Page,
    Wanted,
    asked,
    behind,
    cards_of,
    cursor,
    in_order,
    told,
)
from core import doors
from core.doors import door
from core.errors import Missing
from core.statements import Statement

MOST_WORDS = 8
MOST_BEGUN = 20  # words that begin with one
SHORT_NUMBER = 2  # digits: so short a number is itself, not the beginning of a hundred others
LONG = 4  # letters of a word that says something by itself
FAR = 1000  # entries of a list that are looked through for what much of the shelf has

# Nothing of a shelf may be read row by row, and how often a word occurs is not known before it is looked up:
# PostgreSQL took words that nobody has for words of 500 entries and read the whole table for the first 300 of
# them (25 ms of 100,000). So plans are kept, know no sequential scan, and the scope's columns are written so
# that no index but that of the words can be meant.
INDEXED = "SET enable_seqscan = off SET plan_cache_mode = force_generic_plan"
MATCHES = f"t.words @@ asked AND ({MINE}) IS TRUE"
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
      WHEN bare ~ '[0-9].*[0-9].*[0-9]' AND (
        EXISTS (SELECT 1 FROM search_texts t WHERE {SAMPLE} AND t.words @@ (shelf && to_tsquery('simple', bare)))
        OR EXISTS (SELECT 1 FROM search_texts t WHERE t.words @@ (shelf && to_tsquery('simple', bare)))
      ) THEN to_tsquery('simple', bare)
      ELSE to_tsquery('simple', bare || ':*') END;
    said := CASE WHEN said IS NULL THEN one WHEN p_any THEN said || one ELSE said && one END;
  END LOOP;
  asked := coalesce(shelf && said, quote_literal('~')::tsquery);  -- the shelf itself is the first of the words"""  # noqa: E501, S608 SQL of our own
ASKING = """
  shelf tsquery := quote_literal('~' || current_setting('app.reseller_id'))::tsquery;
  said tsquery;
  asked tsquery;
  one tsquery;
  word text;
  bare text;
  begun text[];"""


def gathered(columns: str, narrowed: str = "", these: str = "") -> str:
    """SQL: `gathered`, some matches, at most one more than MOST_FOUND: of the sample where it has so many,
    else of the whole shelf. `narrowed`: what else they have to be. `these`: a variable with the entries that
    it is, where they are known already."""
    most = f"LIMIT {MOST_FOUND + 1}"
    known = f" AND {these} IS NULL" if these else ""
    entries = f"SELECT {columns} FROM search_texts t WHERE"  # noqa: S608 SQL of our own
    also = f" UNION ALL {entries} {MINE} AND t.id = ANY ({these}){narrowed}" if these else ""
    return f"""sampled AS MATERIALIZED (
    {entries} {SAMPLE} AND {MATCHES}{narrowed}{known} {most}
  ), others AS MATERIALIZED (
    {entries} (SELECT count(*) FROM sampled) <= {MOST_FOUND} AND {MATCHES}{narrowed}{known} {most}
  ), gathered AS (
    SELECT * FROM sampled WHERE (SELECT count(*) FROM sampled) > {MOST_FOUND} UNION ALL SELECT * FROM others{also}
  )"""  # noqa: E501, S608 SQL of our own


CHOICE = ("", "p_category", "p_vendors", "p_kinds", "p_bands", "least", "above")
THESE = f"(everything OR ({re.sub(r'[$]([1-6])', lambda each: CHOICE[int(each[1])], CHOSEN)}))"
FACTS = "t.listing_id, t.name, t.words, t.sort_key"
# In another order, or narrowed by facets. What a great part of the shelf has is looked for along the order
# for a while. Where that is no page of them, because they all stand at the end ("microsoft", by name), and
# where words are rare, indexes of words and of facets are laid upon each other: planning that costs little
# beside reading entries that are not wanted.
OTHERWISE = f"""
  IF NOT (everything AND p_sort = '{BEST}') THEN
    broad := (SELECT count(*) FROM (SELECT 1 FROM search_texts t WHERE {SAMPLE} AND {MATCHES} LIMIT {MOST_FOUND + 1}) c) > {MOST_FOUND};
    IF broad AND p_sort <> '{BEST}' THEN
      EXECUTE {{along}} USING p_category, p_vendors, p_kinds, p_bands, least, above, p_key, p_after, p_most, asked INTO walked, these;
      IF walked = {FAR} AND cardinality(these) < p_most THEN these := NULL; END IF;
    END IF;
    IF these IS NULL AND (broad OR p_sort <> '{BEST}') THEN
      PERFORM set_config('enable_indexscan', 'off', true);
      EXECUTE {{upon}} USING p_category, p_vendors, p_kinds, p_bands, least, above, p_key, p_after,
        CASE p_sort WHEN '{BEST}' THEN {MOST_FOUND + 1} ELSE p_most END, asked INTO these;
      PERFORM set_config('enable_indexscan', 'on', true);
    END IF;
  END IF;""".format(  # noqa: E501, S608 SQL of our own
    along=in_order(f"""SELECT count(*), coalesce((array_agg(t.id) FILTER (WHERE t.words @@ $10 AND {CHOSEN}))[1:$9], '{{{{}}}}')
        FROM (SELECT * FROM search_texts t WHERE {MINE} AND {{behind}} ORDER BY {{by}} LIMIT {FAR}) t"""),  # noqa: E501, S608 SQL of our own
    upon=in_order(f"""SELECT coalesce(array_agg(c.id), '{{{{}}}}')
        FROM (SELECT t.id FROM search_texts t WHERE {MINE} AND t.words @@ $10 AND {CHOSEN} AND {{behind}} ORDER BY {{by}} LIMIT $9) c""", ALL),  # noqa: E501, S608 SQL of our own
)  # fmt: skip
# Best: what is called just so is among them, however many others there are.
PAGE_OF = door(f"""
CREATE FUNCTION shelf_search_v1(p_words text[], p_any boolean, p_said text, p_category text, p_vendors text[], p_kinds text[], p_bands int[],
  p_sort text, p_key text, p_after uuid, p_skip int, p_most int) RETURNS TABLE (listing_id uuid, key text, found bigint) AS $$
DECLARE{ASKING}
  least bigint;
  above bigint;
  everything boolean := p_category = '' AND cardinality(p_vendors || p_kinds) = 0 AND cardinality(p_bands) = 0;
  broad boolean;
  walked bigint;
  these uuid[];
BEGIN{ASKED}{SPAN}{OTHERWISE}
  IF p_sort = '{BEST}' THEN
    RETURN QUERY WITH {gathered(FACTS, f" AND t.sort_key <> p_said AND {THESE}", "these")}
      SELECT c.listing_id, '', count(*) OVER () FROM (
        (SELECT {FACTS} FROM search_texts t WHERE {MINE} AND t.sort_key = p_said AND t.words @@ asked AND {THESE} LIMIT 10)
        UNION ALL SELECT * FROM gathered
      ) c ORDER BY ts_rank('{{0.05, 0.15, 0.3, 1}}', c.words, said)
        + CASE WHEN c.name = p_said THEN 3 WHEN c.name LIKE p_said || '%' THEN 2 WHEN c.name LIKE '% ' || p_said || '%' THEN 1 ELSE 0 END DESC,
        c.sort_key, c.listing_id
      OFFSET p_skip LIMIT p_most;
    RETURN;
  END IF;
  RETURN QUERY EXECUTE {in_order(f"SELECT t.listing_id, {{key}}, 0::bigint FROM search_texts t WHERE {MINE} AND t.id = ANY ($1) ORDER BY {{by}}")}
    USING these;
END
$$ ROWS 25 {INDEXED}""")  # noqa: E501, S608 SQL of our own
COUNTS_OF = door(f"""
CREATE FUNCTION search_facets_v1(p_words text[], p_any boolean, p_category text, p_vendors text[], p_kinds text[], p_bands int[])
RETURNS TABLE (facet text, value text, products bigint, place bigint) AS $$
#variable_conflict use_column
DECLARE{ASKING}
BEGIN{ASKED}
  RETURN QUERY WITH {gathered("category, vendor, kinds, band")}, alike AS (SELECT *, 1 AS n FROM gathered), {JUDGED}{NUMBERS}
  UNION ALL SELECT 'found', '', count(*), 0 FROM judged;
END
$$ {INDEXED}""")  # noqa: E501, S608 SQL of our own


@cache
def _page() -> Statement:
    return cards_of(
        func.shelf_search_v1(
            bindparam("p_words", type_=ARRAY(Text())), bindparam("p_any", type_=Boolean()),
            bindparam("p_said", type_=Text()), *asked(), bindparam("p_skip", type_=Integer()),
            bindparam("p_most", type_=Integer()),
        ),
        KEY, column("found", Integer()),
    )  # fmt: skip


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
    best = wanted.sort == BEST
    skip = int(after) if best and after.isascii() and after.isdigit() and len(after) < 5 else 0
    if best and after and not 0 < skip <= MOST_FOUND:
        raise Missing("page")
    key, listing_id = ("", None) if best else cursor(wanted.sort, after)
    rows = _page().rows(
        **wanted.values, p_words=list(words), p_any=any_word, p_said=" ".join(w.rstrip("*") for w in words),
        p_key=key, p_after=listing_id, p_skip=skip, p_most=size + 1,
    )  # fmt: skip
    following = behind([(row[0], row[-2]) for row in rows], size)
    if best:
        following = str(skip + size) if following and skip + size < MOST_FOUND else ""
    return Page([card(row[:-2]) for row in rows[:size]], following, int(rows[0][-1]) if rows else 0)


def facets(wanted: Wanted, words: Sequence[str], *, any_word: bool = False) -> Facets:
    """Of what a search for these words finds on the scope's shelf."""
    return told(doors.call_here(COUNTS_OF, {"p_words": list(words), "p_any": any_word} | wanted.chosen))
