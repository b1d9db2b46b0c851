"""retail rules, rounding, margin floors, exchange rates, and the order of shelves"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = 'retail'
down_revision = 'catalogue'
branch_labels = None
depends_on = None

LEVELS = sa.Enum('all', 'category', 'vendor', 'product', 'plan', name='level', native_enum=False, length=40)
METHODS = sa.Enum('percent', 'fixed', 'margin', 'list', 'absolute', name='method', native_enum=False, length=40)
ARRIVALS = sa.Enum('offer', 'propose', 'ignore', name='arrival', native_enum=False, length=40)
FLAGS = sa.Enum('', 'featured', 'new', 'popular', name='flag', native_enum=False, length=40)


def of_reseller(name: str, *columns: sa.schema.SchemaItem) -> None:
    """A table of resellers' rows."""
    op.create_table(
        name,
        sa.Column('distributor_id', sa.Uuid(), nullable=False),
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('reseller_id', sa.Uuid(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint('distributor_id', 'id', name=f'pk_{name}'),
    )


def to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    """A foreign key inside one distributor."""
    return sa.ForeignKeyConstraint(
        ['distributor_id', column],
        [f'{target}.distributor_id', f'{target}.id'],
        name=f'fk_{table}_distributor_id_{column}',
    )


def one(table: str, *columns: str) -> sa.UniqueConstraint:
    """A unique key inside one distributor."""
    return sa.UniqueConstraint('distributor_id', *columns, name='_'.join(('uq', table, 'distributor_id', *columns)))


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.add_column('listings', sa.Column('place', sa.BigInteger(), server_default='1000', nullable=False))
    op.add_column('listings', sa.Column('flag', FLAGS, server_default='', nullable=False))
    op.add_column(
        'listings',
        sa.Column('listed_at', sa.DateTime(timezone=True), server_default='2020-01-01 00:00:00+00', nullable=False),
    )
    op.add_column('search_texts', sa.Column('place', sa.BigInteger(), server_default='1000', nullable=False))
    op.drop_index('ix_search_texts_category', table_name='search_texts')
    op.drop_index('ix_search_texts_vendor', table_name='search_texts')
    for name, columns in (('by_place', []), ('category_place', ['category']), ('vendor_place', ['vendor'])):
        op.create_index(
            f'ix_search_texts_{name}',
            'search_texts',
            ['distributor_id', 'reseller_id', *columns, 'place', 'sort_key', 'listing_id'],
        )
    op.drop_index('ix_listings_shelf', table_name='listings')
    op.create_index(
        'ix_listings_shelf',
        'listings',
        ['distributor_id', 'reseller_id', 'place', 'sort_key', 'id'],
        postgresql_where=sa.text('lead AND published'),
    )
    of_reseller(
        'category_places',
        sa.Column('category', sa.Text(), nullable=False),
        sa.Column('place', sa.BigInteger(), nullable=False),
        to('category_places', 'reseller_id', 'resellers'),
        one('category_places', 'reseller_id', 'category'),
    )
    of_reseller(
        'rounding_rules',
        sa.Column('currency', sa.Text(), nullable=False),
        sa.Column('step', sa.BigInteger(), nullable=False),
        sa.Column('ending', sa.BigInteger(), nullable=False),
        sa.Column('up', sa.Boolean(), nullable=False),
        to('rounding_rules', 'reseller_id', 'resellers'),
        one('rounding_rules', 'reseller_id', 'currency'),
        sa.CheckConstraint('step >= 1 AND ending >= 0 AND ending < step', name='ck_rounding_rules_ending'),
    )
    of_reseller(
        'retail_rules',
        sa.Column('level', LEVELS, nullable=False),
        sa.Column('target', sa.Text(), nullable=False),
        sa.Column('product_id', sa.Uuid(), nullable=True),
        sa.Column('plan_id', sa.Uuid(), nullable=True),
        sa.Column('method', METHODS, nullable=False),
        sa.Column('points', sa.BigInteger(), nullable=False),
        sa.Column('amount_minor', sa.BigInteger(), nullable=False),
        sa.Column('currency', sa.Text(), nullable=False),
        sa.Column('steps', JSONB(), server_default='[]', nullable=False),
        sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
        to('retail_rules', 'reseller_id', 'resellers'),
        to('retail_rules', 'product_id', 'products'),
        to('retail_rules', 'plan_id', 'plans'),
        one('retail_rules', 'reseller_id', 'level', 'target'),
        sa.CheckConstraint('amount_minor >= 0', name='ck_retail_rules_amount'),
        sa.CheckConstraint('points BETWEEN -9000 AND 90000', name='ck_retail_rules_points'),
    )
    of_reseller(
        'bulk_changes',
        sa.Column('state', sa.Enum('made', 'undone', name='bulkstate', native_enum=False, length=40), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('by', sa.Text(), nullable=False),
        sa.Column('words', sa.Text(), nullable=False),
        sa.Column('changed', sa.BigInteger(), nullable=False),
        sa.Column('before', JSONB(), nullable=False),
        sa.Column('made', JSONB(), nullable=False),
        to('bulk_changes', 'reseller_id', 'resellers'),
    )
    op.create_index('ix_bulk_changes_reseller', 'bulk_changes', ['distributor_id', 'reseller_id', 'at'])
    of_reseller(
        'bulk_change_rows',
        sa.Column('bulk_change_id', sa.Uuid(), nullable=False),
        sa.Column('listing_id', sa.Uuid(), nullable=False),
        sa.Column('was_minor', sa.BigInteger(), nullable=False),
        sa.Column('was_steps', JSONB(), nullable=False),
        sa.Column('now_minor', sa.BigInteger(), nullable=False),
        sa.Column('now_steps', JSONB(), nullable=False),
        to('bulk_change_rows', 'bulk_change_id', 'bulk_changes'),
        to('bulk_change_rows', 'listing_id', 'listings'),
    )
    op.create_index('ix_bulk_change_rows_change', 'bulk_change_rows', ['distributor_id', 'bulk_change_id'])
    op.create_table(
        'margin_floors',
        sa.Column('distributor_id', sa.Uuid(), nullable=False),
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('target', sa.Text(), nullable=False),
        sa.Column('reseller_id', sa.Uuid(), nullable=True),
        sa.Column('product_id', sa.Uuid(), nullable=True),
        sa.Column('points', sa.BigInteger(), nullable=False),
        sa.Column('refuses', sa.Boolean(), nullable=False),
        to('margin_floors', 'reseller_id', 'resellers'),
        to('margin_floors', 'product_id', 'products'),
        one('margin_floors', 'target'),
        sa.CheckConstraint('points BETWEEN 0 AND 9500', name='ck_margin_floors_points'),
        sa.PrimaryKeyConstraint('distributor_id', 'id', name='pk_margin_floors'),
    )
    of_reseller(
        'retail_floors',
        sa.Column('target', sa.Text(), nullable=False),
        sa.Column('product_id', sa.Uuid(), nullable=True),
        sa.Column('points', sa.BigInteger(), nullable=False),
        sa.Column('refuses', sa.Boolean(), nullable=False),
        to('retail_floors', 'reseller_id', 'resellers'),
        to('retail_floors', 'product_id', 'products'),
        one('retail_floors', 'reseller_id', 'target'),
        sa.CheckConstraint('points BETWEEN 0 AND 9500', name='ck_retail_floors_points'),
    )
    op.create_table(
        'cost_alarms',
        sa.Column('distributor_id', sa.Uuid(), nullable=False),
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('plan_id', sa.Uuid(), nullable=False),
        sa.Column('price_list_id', sa.Uuid(), nullable=False),
        sa.Column('reseller_id', sa.Uuid(), nullable=True),
        sa.Column('whom', sa.Text(), nullable=False),
        sa.Column('price_minor', sa.BigInteger(), nullable=False),
        sa.Column('currency', sa.Text(), nullable=False),
        sa.Column('cost_minor', sa.BigInteger(), nullable=True),
        sa.Column('margin_points', sa.BigInteger(), nullable=True),
        sa.Column('floor_points', sa.BigInteger(), nullable=False),
        sa.Column('since', sa.DateTime(timezone=True), nullable=False),
        to('cost_alarms', 'plan_id', 'plans'),
        to('cost_alarms', 'price_list_id', 'price_lists'),
        to('cost_alarms', 'reseller_id', 'resellers'),
        one('cost_alarms', 'plan_id', 'price_list_id', 'whom'),
        sa.PrimaryKeyConstraint('distributor_id', 'id', name='pk_cost_alarms'),
    )
    op.create_index('ix_cost_alarms_since', 'cost_alarms', ['distributor_id', 'since', 'id'])
    of_reseller(
        'shelf_alarms',
        sa.Column('listing_id', sa.Uuid(), nullable=False),
        sa.Column('price_minor', sa.BigInteger(), nullable=False),
        sa.Column('currency', sa.Text(), nullable=False),
        sa.Column('paid_minor', sa.BigInteger(), nullable=False),
        sa.Column('margin_points', sa.BigInteger(), nullable=True),
        sa.Column('floor_points', sa.BigInteger(), nullable=False),
        sa.Column('since', sa.DateTime(timezone=True), nullable=False),
        to('shelf_alarms', 'listing_id', 'listings'),
        to('shelf_alarms', 'reseller_id', 'resellers'),
        one('shelf_alarms', 'listing_id'),
    )
    op.create_index('ix_shelf_alarms_since', 'shelf_alarms', ['distributor_id', 'reseller_id', 'since', 'id'])
    op.create_table(
        'exchange_rates',
        sa.Column('distributor_id', sa.Uuid(), nullable=False),
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('base', sa.Text(), nullable=False),
        sa.Column('currency', sa.Text(), nullable=False),
        sa.Column('day', sa.Date(), nullable=False),
        sa.Column('rate', sa.Numeric(), nullable=False),
        sa.Column('source', sa.Text(), nullable=False),
        sa.Column('added_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('added_by', sa.Uuid(), nullable=True),
        one('exchange_rates', 'base', 'currency', 'day'),
        sa.CheckConstraint('rate > 0', name='ck_exchange_rates_rate'),
        sa.PrimaryKeyConstraint('distributor_id', 'id', name='pk_exchange_rates'),
    )
    op.create_index('ix_exchange_rates_day', 'exchange_rates', ['distributor_id', 'day'])
    of_reseller(
        'shelf_settings',
        sa.Column('new_days', sa.BigInteger(), nullable=False),
        sa.Column('popular', sa.BigInteger(), nullable=False),
        sa.Column('arrival', ARRIVALS, nullable=False),
        to('shelf_settings', 'reseller_id', 'resellers'),
        one('shelf_settings', 'reseller_id'),
        sa.CheckConstraint('new_days BETWEEN 0 AND 365 AND popular BETWEEN 0 AND 24', name='ck_shelf_settings_bounds'),
    )
    of_reseller(
        'arrival_rules',
        sa.Column('category', sa.Text(), nullable=False),
        sa.Column('arrival', ARRIVALS, nullable=False),
        to('arrival_rules', 'reseller_id', 'resellers'),
        one('arrival_rules', 'reseller_id', 'category'),
    )
    of_reseller(
        'dismissed_plans',
        sa.Column('plan_id', sa.Uuid(), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), nullable=False),
        to('dismissed_plans', 'reseller_id', 'resellers'),
        to('dismissed_plans', 'plan_id', 'plans'),
        one('dismissed_plans', 'reseller_id', 'plan_id'),
    )
    # Forced row security blinds the owner, too; what is declared is in force again after every upgrade.
    for table in ('listings', 'plans'):
        op.execute(f'ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY')
    # A retail price that is not the recommended one was set by hand: it is the rule of its plan.
    op.execute("""
INSERT INTO retail_rules (distributor_id, id, reseller_id, level, target, plan_id, method, points, amount_minor, currency, steps, made_at)
SELECT l.distributor_id, gen_random_uuid(), l.reseller_id, 'plan', l.plan_id::text, l.plan_id, 'absolute', 0, l.price_minor, l.currency, l.steps, now()
FROM listings l JOIN plans p ON p.distributor_id = l.distributor_id AND p.id = l.plan_id WHERE l.price_minor <> p.list_minor""")
