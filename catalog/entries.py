"""What a shop's lists, facets and search are read from: one flat row for each product on a shelf, kept by
`index` whenever a shelf changes. Row-level security keeps GIN indexes from being used, so the
tables are closed: only door functions reach them, and those look at the scope's shelf alone. What is counted
by category, vendor, term and price stands in a table of counts, so that no page ever counts a shelf."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Index, Text, UniqueConstraint, func, literal_column
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from core import db, doors
from core.doors import door
from core.ids import new_id
from core.tenancy import CLOSED

SAMPLE = "(get_byte(uuid_send(product_id), 15) < 16)"
"""SQL: whether an entry is one of the sixteenth part of every shelf that has an index of words of its own, in
which a word that thousands have is looked up at once. By the last byte of the product, which is any."""


class SearchText(db.Model):
    """A product on a shelf, as lists and search read it. `listing_id`: the plan that stands for it; `kinds`:
    term and billing of its plans ("P1Y/P1M"); `band`: which span of prices it is in (shelves.Band); `place`:
    what stands in front (catalog/assortments.py); `words` begin with the shelf they belong to, and are those
    of every language that the product is written in; `digest` tells whether they are still right."""

    __tablename__ = "search_texts"
    __access__ = CLOSED
    __table_args__ = (
        Index("ix_search_texts_words", "words", postgresql_using="gin"),
        Index(
            "ix_search_texts_sample_words",
            "words",
            postgresql_using="gin",
            postgresql_where=literal_column(SAMPLE),
            postgresql_with={"fastupdate": "off"},  # what waits to be put in is read by every search
        ),
        Index("ix_search_texts_by_place", "distributor_id", "reseller_id", "place", "sort_key", "listing_id"),
        Index("ix_search_texts_by_name", "distributor_id", "reseller_id", "sort_key", "listing_id"),
        Index("ix_search_texts_by_price", "distributor_id", "reseller_id", "price_minor", "listing_id"),
        Index("ix_search_texts_by_age", "distributor_id", "reseller_id", "listed_at", "listing_id"),
        Index(
            "ix_search_texts_category_place",
            "distributor_id",
            "reseller_id",
            "category",
            "place",
            "sort_key",
            "listing_id",
        ),
        Index(
            "ix_search_texts_vendor_place",
            "distributor_id",
            "reseller_id",
            "vendor",
            "place",
            "sort_key",
            "listing_id",
        ),
        UniqueConstraint("distributor_id", "reseller_id", "product_id"),
    )

    distributor_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    reseller_id: Mapped[UUID]
    product_id: Mapped[UUID]
    name: Mapped[str]
    words: Mapped[str] = mapped_column(TSVECTOR())
    listing_id: Mapped[UUID | None]
    sort_key: Mapped[str] = mapped_column(default="", server_default="")
    category: Mapped[str] = mapped_column(default="", server_default="")
    vendor: Mapped[str] = mapped_column(default="", server_default="")
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text()), default=list, server_default="{}")
    band: Mapped[int] = mapped_column(default=0, server_default="0")
    price_minor: Mapped[int] = mapped_column(default=0, server_default="0")
    place: Mapped[int] = mapped_column(default=1000, server_default="1000")
    listed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    digest: Mapped[str] = mapped_column(default="", server_default="")


class SearchWord(db.Model):
    """A word of a name, a vendor or a category: what a mistyped word may have meant."""

    __tablename__ = "search_words"
    __access__ = CLOSED
    __table_args__ = (
        UniqueConstraint("distributor_id", "word"),
        Index(
            "ix_search_words_near", "word", postgresql_using="gin", postgresql_ops={"word": "gin_trgm_ops"}
        ),
        Index(
            "ix_search_words_beginning",
            "distributor_id",
            "word",
            postgresql_ops={"word": "text_pattern_ops"},
        ),
    )

    distributor_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    word: Mapped[str]


class ShelfCount(db.Model):
    """How many products of a shelf are alike in all that one filters by."""

    __tablename__ = "shelf_counts"
    __access__ = CLOSED
    __table_args__ = (
        UniqueConstraint(
            "distributor_id",
            "reseller_id",
            "category",
            "vendor",
            "kinds",
            "band",
            name="uq_shelf_counts_alike",
        ),
    )

    distributor_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    reseller_id: Mapped[UUID]
    category: Mapped[str]
    vendor: Mapped[str]
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    band: Mapped[int]
    products: Mapped[int]


# Words as they are indexed and as they are asked for: without accents, and without the punctuation that the
# parser would make addresses, numbers and compounds of.
PUNCTUATION = r"""[][_./:,;+&()@#|=<>"!?*{}~^$%''’\\-]+"""


def plain(text: str) -> str:
    """SQL: words of a text, apart."""
    return f"regexp_replace(unaccent({text}), '{PUNCTUATION}', ' ', 'g')"


def _words(text: str, weight: str) -> str:
    return f"setweight(to_tsvector('simple', {plain(text)}), '{weight}')"


GERMAN = "replace(replace(replace(lower(concat_ws(' ', name, vendor, category, called)), 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue')"  # noqa: E501 SQL
WORDS = " || ".join(
    [
        _words("name", "A"),
        _words("concat_ws(' ', vendor, category, called)", "B"),
        _words("plans", "C"),
        _words("concat_ws(' ', summary, said)", "D"),
        f"CASE WHEN lower(concat_ws('', name, vendor, category, called)) ~ '[äöü]' THEN {_words(GERMAN, 'B')} ELSE ''::tsvector END",  # noqa: E501 SQL
        "array_to_tsvector(ARRAY['~' || reseller_id])",
    ]
)
BAND = """CASE WHEN price_minor = 0 THEN 0 ELSE 2 * (length(price_minor::text) - 1)
  + CASE WHEN left(price_minor::text, 1) >= '5' THEN 2 ELSE 1 END END"""
TRANSLATED = "FROM translations t WHERE t.distributor_id = o.distributor_id AND t.product_id = o.id"
# What is sold in other countries is not shown; where the shop's country is not known, nothing is hidden.
SOLD_HERE = """(p.markets = '[]' OR EXISTS (SELECT 1 FROM resellers r
      WHERE r.distributor_id = $1 AND r.id = $2
        AND (r.country = '' OR jsonb_exists(p.markets, r.country))))"""
# What only partners sell is hidden in the shops of others (catalog/partner_products.py).
SOLD_BY_IT = """(NOT o.partners_only
      OR EXISTS (SELECT 1 FROM enrolments e WHERE e.distributor_id = $1 AND e.reseller_id = $2
        AND e.programme_id = o.programme_id AND e.state = 'active')
      OR EXISTS (SELECT 1 FROM resellers r WHERE r.distributor_id = $1 AND r.id = $2 AND r.house))"""
SHELF = f"""
  SELECT s.*, {BAND} AS band, md5(concat_ws(chr(31), name, vendor, category, plans, summary, called, said)) AS digest FROM (
    SELECT l.distributor_id, l.reseller_id, l.product_id, o.name, o.vendor, o.category, o.summary,
      (array_agg(l.id ORDER BY l.lead DESC, l.price_minor, l.id))[1] AS listing_id,
      (array_agg(l.price_minor ORDER BY l.lead DESC, l.price_minor, l.id))[1] AS price_minor,
      (array_agg(l.place ORDER BY l.lead DESC, l.price_minor, l.id))[1] AS place,
      min(l.sort_key) AS sort_key,
      array_agg(DISTINCT p.term || '/' || p.billing_period) AS kinds,
      string_agg(concat_ws(' ', p.name, p.sku, p.code, (SELECT string_agg(t.name, ' ' ORDER BY t.language) FROM translations t
        WHERE t.distributor_id = p.distributor_id AND t.plan_id = p.id)), ' ' ORDER BY p.code) AS plans,
      (SELECT string_agg(t.name, ' ' ORDER BY t.language) {TRANSLATED}) AS called,
      (SELECT string_agg(t.summary, ' ' ORDER BY t.language) {TRANSLATED}) AS said
    FROM listings l
    JOIN plans p ON p.distributor_id = l.distributor_id AND p.id = l.plan_id AND p.published AND {SOLD_HERE}
    JOIN products o ON o.distributor_id = l.distributor_id AND o.id = l.product_id AND o.published AND {SOLD_BY_IT}
    WHERE l.distributor_id = $1 AND l.reseller_id = $2 AND l.published AND ($3 IS NULL OR l.product_id = ANY ($3))
    GROUP BY l.distributor_id, l.reseller_id, l.product_id, o.distributor_id, o.id
  ) s"""  # noqa: E501, S608 our own names
A_LOT = 300  # products at once
REAL_WORD = "length(w) BETWEEN 3 AND 40 AND w !~ '^~|[0-9].*[0-9].*[0-9]'"
"""Of what is indexed, what a person may have meant: no numbers of articles."""

COLUMNS = "listing_id, sort_key, category, vendor, kinds, band, price_minor, place, digest"


def of(table: str) -> str:
    """COLUMNS of a table."""
    return ", ".join(f"{table}.{column}" for column in COLUMNS.split(", "))


THESE = "distributor_id = $1 AND reseller_id = $2 AND ($3 IS NULL OR product_id = ANY ($3))"
# Whoever changes a shelf changes its counts by what it found before and what it leaves: one after the other,
# so that nobody takes away what another has taken away already. EXECUTE, because a plan for all products is
# none for one of them; and without nested loops over a whole shelf, which is what PostgreSQL takes for small
# until it has been analysed (20,000 products took 70 s).
INDEX = door(f"""
CREATE FUNCTION index_listings_v4(p_reseller uuid, p_products uuid[]) RETURNS TABLE (indexed bigint) AS $$
DECLARE
  distributor uuid := current_setting('app.distributor_id')::uuid;
  loops text := current_setting('enable_nestloop');
BEGIN
  IF current_setting('app.reseller_id') NOT IN ('', p_reseller::text) THEN RETURN; END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended(p_reseller::text, 34));
  IF p_products IS NULL OR cardinality(p_products) > {A_LOT} THEN PERFORM set_config('enable_nestloop', 'off', true); END IF;
  RETURN QUERY EXECUTE $sql$
  WITH mine AS MATERIALIZED ({SHELF}
  ), old AS MATERIALIZED (
    SELECT * FROM search_texts WHERE {THESE}
  ), fresh AS MATERIALIZED (
    SELECT product_id, {WORDS} AS words FROM mine m
    WHERE NOT EXISTS (SELECT 1 FROM old WHERE old.product_id = m.product_id AND old.digest = m.digest)
  ), gone AS (
    DELETE FROM search_texts t WHERE {THESE} AND NOT EXISTS (SELECT 1 FROM mine m WHERE m.product_id = t.product_id)
  ), put AS (
    INSERT INTO search_texts (distributor_id, id, reseller_id, product_id, name, words, {COLUMNS})
    SELECT m.distributor_id, coalesce(old.id, gen_random_uuid()), m.reseller_id, m.product_id, lower(unaccent(m.name)),
      coalesce(fresh.words, old.words), {of("m")}
    FROM mine m LEFT JOIN old ON old.product_id = m.product_id LEFT JOIN fresh ON fresh.product_id = m.product_id
    WHERE ({of("m")}) IS DISTINCT FROM ({of("old")})
    ON CONFLICT (distributor_id, reseller_id, product_id) DO UPDATE SET name = excluded.name, words = excluded.words,
      ({COLUMNS}) = ROW ({of("excluded")})
    RETURNING 1
  ), vocabulary AS (
    INSERT INTO search_words (distributor_id, id, word) SELECT $1, gen_random_uuid(), w FROM (
      SELECT DISTINCT w FROM fresh, unnest(tsvector_to_array(ts_filter(words, '{{a,b}}'))) w WHERE {REAL_WORD}
    ) new ORDER BY w ON CONFLICT DO NOTHING
  ), counted AS (
    INSERT INTO shelf_counts AS c (distributor_id, id, reseller_id, category, vendor, kinds, band, products)
    SELECT $1, gen_random_uuid(), $2, category, vendor, kinds, band, sum(n) FROM (
      SELECT category, vendor, kinds, band, 1 AS n FROM mine
      UNION ALL SELECT category, vendor, kinds, band, -1 FROM old WHERE listing_id IS NOT NULL
    ) changes GROUP BY 4, 5, 6, 7 HAVING sum(n) <> 0
    ON CONFLICT (distributor_id, reseller_id, category, vendor, kinds, band) DO UPDATE SET products = c.products + excluded.products
  ) SELECT count(*) FROM put
  $sql$ USING distributor, p_reseller, p_products;
  PERFORM set_config('enable_nestloop', loops, true);
  DELETE FROM shelf_counts c WHERE c.distributor_id = distributor AND c.reseller_id = p_reseller AND c.products <= 0;
END
$$""")  # noqa: E501, S608 SQL of our own


def index(reseller_id: UUID, products: Collection[UUID] | None = None) -> int:
    """Brings the entries of a shelf to what it offers now, all of them or those of some products; how many
    changed."""
    known = None if products is None else sorted(set(products))
    db.flush()
    return int(doors.call_here(INDEX, {"p_reseller": reseller_id, "p_products": known})[0].indexed)
