"""quotes from a reseller to a customer; prices that change on a day"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'quotes'
down_revision = 'shop'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.create_table('quotes',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('series', sa.Text(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Enum('draft', 'sent', 'asked', 'answered', 'agreed', 'accepted', 'declined', 'expired', 'withdrawn', 'replaced', name='quotestate', native_enum=False, length=40), nullable=False),
    sa.Column('for_customer_id', sa.Uuid(), nullable=True),
    sa.Column('company', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('country', sa.Text(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('message', sa.Text(), nullable=False),
    sa.Column('valid_until', sa.Date(), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reminded', sa.Boolean(), nullable=False),
    sa.Column('total_minor', sa.BigInteger(), nullable=False),
    sa.Column('nonce', sa.Text(), nullable=False),
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('made_by', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('order_id', sa.Uuid(), nullable=True),
    sa.Column('order_code', sa.Text(), nullable=False),
    sa.Column('attempt', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('version >= 1', name=op.f('ck_quotes_version')),
    sa.ForeignKeyConstraint(['distributor_id', 'customer_id'], ['customers.distributor_id', 'customers.id'], name=op.f('fk_quotes_distributor_id_customer_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'for_customer_id'], ['customers.distributor_id', 'customers.id'], name=op.f('fk_quotes_distributor_id_for_customer_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'order_id'], ['orders.distributor_id', 'orders.id'], name=op.f('fk_quotes_distributor_id_order_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_quotes_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_quotes')),
    sa.UniqueConstraint('distributor_id', 'code', name=op.f('uq_quotes_distributor_id_code')),
    sa.UniqueConstraint('distributor_id', 'series', 'version', name=op.f('uq_quotes_distributor_id_series_version'))
    )
    op.create_index('ix_quotes_customer', 'quotes', ['distributor_id', 'customer_id', 'id'], unique=False)
    op.create_index('ix_quotes_open', 'quotes', ['distributor_id', 'ends_at'], unique=False, postgresql_where=sa.text("state IN ('sent', 'asked', 'answered', 'agreed')"))
    op.create_index('ix_quotes_order', 'quotes', ['distributor_id', 'order_id'], unique=False)
    op.create_index('ix_quotes_reseller', 'quotes', ['distributor_id', 'reseller_id', 'id'], unique=False)
    op.create_index('ix_quotes_token_hash', 'quotes', ['distributor_id', 'token_hash'], unique=True)
    op.create_table('quote_lines',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('quote_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('plan_id', sa.Uuid(), nullable=False),
    sa.Column('product_name', sa.Text(), nullable=False),
    sa.Column('plan_name', sa.Text(), nullable=False),
    sa.Column('unit', sa.Text(), nullable=False),
    sa.Column('quantity', sa.BigInteger(), nullable=False),
    sa.Column('term', sa.Enum('P1M', 'P1Y', 'P3Y', name='term', native_enum=False, length=40), nullable=False),
    sa.Column('billing_period', sa.Enum('P1M', 'P1Y', 'P3Y', name='term', native_enum=False, length=40), nullable=False),
    sa.Column('unit_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.CheckConstraint('quantity >= 1 AND unit_minor >= 0', name=op.f('ck_quote_lines_amounts')),
    sa.ForeignKeyConstraint(['distributor_id', 'plan_id'], ['plans.distributor_id', 'plans.id'], name=op.f('fk_quote_lines_distributor_id_plan_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'quote_id'], ['quotes.distributor_id', 'quotes.id'], name=op.f('fk_quote_lines_distributor_id_quote_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_quote_lines')),
    sa.UniqueConstraint('distributor_id', 'quote_id', 'plan_id', name=op.f('uq_quote_lines_distributor_id_quote_id_plan_id'))
    )
    op.create_table('quote_wholesale',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('quote_id', sa.Uuid(), nullable=False),
    sa.Column('quote_line_id', sa.Uuid(), nullable=False),
    sa.Column('unit_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'quote_line_id'], ['quote_lines.distributor_id', 'quote_lines.id'], name=op.f('fk_quote_wholesale_distributor_id_quote_line_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_quote_wholesale')),
    sa.UniqueConstraint('distributor_id', 'quote_line_id', name=op.f('uq_quote_wholesale_distributor_id_quote_line_id'))
    )
    op.create_table('quote_costs',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('quote_id', sa.Uuid(), nullable=False),
    sa.Column('quote_line_id', sa.Uuid(), nullable=False),
    sa.Column('unit_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'quote_line_id'], ['quote_lines.distributor_id', 'quote_lines.id'], name=op.f('fk_quote_costs_distributor_id_quote_line_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_quote_costs')),
    sa.UniqueConstraint('distributor_id', 'quote_line_id', name=op.f('uq_quote_costs_distributor_id_quote_line_id'))
    )
    op.create_table('quote_messages',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('quote_id', sa.Uuid(), nullable=False),
    sa.Column('by_reseller', sa.Boolean(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'quote_id'], ['quotes.distributor_id', 'quotes.id'], name=op.f('fk_quote_messages_distributor_id_quote_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_quote_messages'))
    )
    op.create_index('ix_quote_messages_quote', 'quote_messages', ['distributor_id', 'quote_id', 'id'], unique=False)
    op.create_table('price_schedules',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('state', sa.Enum('draft', 'scheduled', 'applied', 'cancelled', name='schedulestate', native_enum=False, length=40), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('notice_days', sa.BigInteger(), nullable=False),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('made_by', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('applied_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('notice_days >= 0', name=op.f('ck_price_schedules_notice_days')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_price_schedules')),
    sa.UniqueConstraint('distributor_id', 'code', name=op.f('uq_price_schedules_distributor_id_code'))
    )
    op.create_index('ix_price_schedules_due', 'price_schedules', ['distributor_id', 'state', 'starts_at'], unique=False)
    op.create_table('scheduled_prices',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('schedule_id', sa.Uuid(), nullable=False),
    sa.Column('plan_id', sa.Uuid(), nullable=False),
    sa.Column('leg', sa.Enum('list', 'wholesale', 'cost', name='leg', native_enum=False, length=40), nullable=False),
    sa.Column('price_list_id', sa.Uuid(), nullable=True),
    sa.Column('was_minor', sa.BigInteger(), nullable=True),
    sa.Column('was_steps', postgresql.JSONB(astext_type=sa.Text()), server_default='[]', nullable=False),
    sa.Column('minor', sa.BigInteger(), nullable=False),
    sa.Column('steps', postgresql.JSONB(astext_type=sa.Text()), server_default='[]', nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('stale', sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.CheckConstraint("(leg = 'wholesale') = (price_list_id IS NOT NULL)", name=op.f('ck_scheduled_prices_leg')),
    sa.CheckConstraint('minor >= 0', name=op.f('ck_scheduled_prices_price')),
    sa.ForeignKeyConstraint(['distributor_id', 'plan_id'], ['plans.distributor_id', 'plans.id'], name=op.f('fk_scheduled_prices_distributor_id_plan_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'price_list_id'], ['price_lists.distributor_id', 'price_lists.id'], name=op.f('fk_scheduled_prices_distributor_id_price_list_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'schedule_id'], ['price_schedules.distributor_id', 'price_schedules.id'], name=op.f('fk_scheduled_prices_distributor_id_schedule_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_scheduled_prices')),
    sa.UniqueConstraint('distributor_id', 'schedule_id', 'plan_id', 'leg', 'price_list_id', name='uq_scheduled_prices_price', postgresql_nulls_not_distinct=True)
    )
    op.create_table('price_notices',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('schedule_id', sa.Uuid(), nullable=False),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_price_notices_distributor_id_reseller_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'schedule_id'], ['price_schedules.distributor_id', 'price_schedules.id'], name=op.f('fk_price_notices_distributor_id_schedule_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_price_notices')),
    sa.UniqueConstraint('distributor_id', 'schedule_id', 'reseller_id', name=op.f('uq_price_notices_distributor_id_schedule_id_reseller_id'))
    )
