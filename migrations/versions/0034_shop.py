"""one flat row for each product on a shelf, counts of them, words for search, and shops that show prices to their own only"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'shop'
down_revision = 'imports'
branch_labels = None
depends_on = None

READ = ('listings', 'plans', 'products', 'search_texts')
# As catalog/entries.py had it on this day.
FILL = r"""
INSERT INTO search_texts (distributor_id, id, reseller_id, product_id, name, words, listing_id, sort_key, category, vendor, kinds, band, price_minor, digest)
SELECT distributor_id, gen_random_uuid(), reseller_id, product_id, lower(unaccent(name)), setweight(to_tsvector('simple', regexp_replace(unaccent(name), '[][_./:,;+&()@#|=<>"!?*{}~^$%''’\\-]+', ' ', 'g')), 'A') || setweight(to_tsvector('simple', regexp_replace(unaccent(vendor || ' ' || category), '[][_./:,;+&()@#|=<>"!?*{}~^$%''’\\-]+', ' ', 'g')), 'B') || setweight(to_tsvector('simple', regexp_replace(unaccent(plans), '[][_./:,;+&()@#|=<>"!?*{}~^$%''’\\-]+', ' ', 'g')), 'C') || setweight(to_tsvector('simple', regexp_replace(unaccent(summary), '[][_./:,;+&()@#|=<>"!?*{}~^$%''’\\-]+', ' ', 'g')), 'D') || CASE WHEN lower(name || vendor || category) ~ '[äöü]' THEN setweight(to_tsvector('simple', regexp_replace(unaccent(replace(replace(replace(lower(name || ' ' || vendor || ' ' || category), 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue')), '[][_./:,;+&()@#|=<>"!?*{}~^$%''’\\-]+', ' ', 'g')), 'B') ELSE ''::tsvector END || array_to_tsvector(ARRAY['~' || reseller_id]), listing_id, sort_key, category, vendor, kinds, band, price_minor, digest
FROM (
  SELECT s.*, CASE WHEN price_minor = 0 THEN 0 ELSE 2 * (length(price_minor::text) - 1)
  + CASE WHEN left(price_minor::text, 1) >= '5' THEN 2 ELSE 1 END END AS band, md5(concat_ws(chr(31), name, vendor, category, plans, summary)) AS digest FROM (
    SELECT l.distributor_id, l.reseller_id, l.product_id, o.name, o.vendor, o.category, o.summary,
      (array_agg(l.id ORDER BY l.lead DESC, l.price_minor, l.id))[1] AS listing_id,
      (array_agg(l.price_minor ORDER BY l.lead DESC, l.price_minor, l.id))[1] AS price_minor,
      min(l.sort_key) AS sort_key,
      array_agg(DISTINCT p.term || '/' || p.billing_period) AS kinds,
      string_agg(concat_ws(' ', p.name, p.sku, p.code), ' ' ORDER BY p.code) AS plans
    FROM listings l
    JOIN plans p ON p.distributor_id = l.distributor_id AND p.id = l.plan_id AND p.published
    JOIN products o ON o.distributor_id = l.distributor_id AND o.id = l.product_id AND o.published
    WHERE l.published
    GROUP BY l.distributor_id, l.reseller_id, l.product_id, o.distributor_id, o.id
  ) s) m"""
COUNT = """
INSERT INTO shelf_counts (distributor_id, id, reseller_id, category, vendor, kinds, band, products)
SELECT distributor_id, gen_random_uuid(), reseller_id, category, vendor, kinds, band, count(*) FROM search_texts GROUP BY 1, 3, 4, 5, 6, 7"""
GATHER = """
INSERT INTO search_words (distributor_id, id, word) SELECT distributor_id, gen_random_uuid(), w FROM (SELECT DISTINCT distributor_id, w FROM search_texts, unnest(tsvector_to_array(ts_filter(words, '{a,b}'))) w
WHERE length(w) BETWEEN 3 AND 40 AND w !~ '^~|[0-9].*[0-9].*[0-9]') words"""


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.add_column('storefronts', sa.Column('prices_public', sa.Boolean(), server_default=sa.text('true'), nullable=False))
    op.drop_index('ix_search_texts_name', table_name='search_texts')
    op.add_column('search_texts', sa.Column('listing_id', sa.Uuid(), nullable=True))
    for name in ('sort_key', 'category', 'vendor', 'digest'):
        op.add_column('search_texts', sa.Column(name, sa.Text(), server_default='', nullable=False))
    op.add_column('search_texts', sa.Column('kinds', postgresql.ARRAY(sa.Text()), server_default='{}', nullable=False))
    op.add_column('search_texts', sa.Column('band', sa.BigInteger(), server_default='0', nullable=False))
    op.add_column('search_texts', sa.Column('price_minor', sa.BigInteger(), server_default='0', nullable=False))
    op.add_column('search_texts', sa.Column('listed_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False))
    for name, columns in (
        ('by_name', ['sort_key', 'listing_id']),
        ('by_price', ['price_minor', 'listing_id']),
        ('by_age', ['listed_at', 'listing_id']),
        ('category', ['category', 'sort_key', 'listing_id']),
        ('vendor', ['vendor', 'sort_key', 'listing_id']),
    ):
        op.create_index(f'ix_search_texts_{name}', 'search_texts', ['distributor_id', 'reseller_id', *columns], unique=False)
    op.create_table('search_words',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('word', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_search_words')),
    sa.UniqueConstraint('distributor_id', 'word', name=op.f('uq_search_words_distributor_id_word'))
    )
    op.create_index('ix_search_words_near', 'search_words', ['word'], unique=False, postgresql_using='gin', postgresql_ops={'word': 'gin_trgm_ops'})
    op.create_table('shelf_counts',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('category', sa.Text(), nullable=False),
    sa.Column('vendor', sa.Text(), nullable=False),
    sa.Column('kinds', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('band', sa.BigInteger(), nullable=False),
    sa.Column('products', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_shelf_counts')),
    sa.UniqueConstraint('distributor_id', 'reseller_id', 'category', 'vendor', 'kinds', 'band', name='uq_shelf_counts_alike')
    )
    for table in READ:  # forced row security blinds the owner too; migrate declares it anew afterwards
        op.execute(f'ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY')
    op.execute('DELETE FROM search_texts')
    for statement in (FILL, COUNT, GATHER):
        op.get_bind().exec_driver_sql(statement.replace('%', '%%'))
    op.execute('SET CONSTRAINTS ALL IMMEDIATE')
    for table in READ:
        op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')
