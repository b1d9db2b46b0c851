"""promotions, partner codes, and what discounts took off orders"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'promotions'
down_revision = 'retail'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.create_table('partner_codes',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.Enum('scheduled', 'running', 'ended', 'revoked', name='codestate', native_enum=False, length=40), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('basis_points', sa.BigInteger(), nullable=False),
    sa.Column('goods', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('goods_words', sa.Text(), nullable=False),
    sa.Column('combines', sa.Boolean(), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.Column('most_uses', sa.BigInteger(), nullable=True),
    sa.Column('uses', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Text(), nullable=False),
    sa.CheckConstraint('basis_points BETWEEN 1 AND 10000', name=op.f('ck_partner_codes_percent')),
    sa.CheckConstraint('ends_on >= starts_on', name=op.f('ck_partner_codes_dates')),
    sa.CheckConstraint('uses >= 0 AND uses <= most_uses', name=op.f('ck_partner_codes_uses')),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_partner_codes_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_partner_codes')),
    sa.UniqueConstraint('distributor_id', 'code', name=op.f('uq_partner_codes_distributor_id_code'))
    )
    op.create_index('ix_partner_codes_running', 'partner_codes', ['distributor_id', 'reseller_id'], unique=False, postgresql_where=sa.text("state = 'running'"))
    op.create_table('promotions',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=True),
    sa.Column('state', sa.Enum('draft', 'scheduled', 'running', 'ended', 'stopped', name='promotionstate', native_enum=False, length=40), nullable=False),
    sa.Column('bearer', sa.Enum('distributor', 'vendor', 'reseller', name='bearer', native_enum=False, length=40), nullable=False),
    sa.Column('minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('buyers', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('buyers_words', sa.Text(), nullable=False),
    sa.Column('minimum_quantity', sa.BigInteger(), nullable=False),
    sa.Column('new_customers', sa.Boolean(), nullable=False),
    sa.Column('once_per_customer', sa.Boolean(), nullable=False),
    sa.Column('most_minor', sa.BigInteger(), nullable=True),
    sa.Column('spent_minor', sa.BigInteger(), nullable=False),
    sa.Column('counted', sa.Boolean(), nullable=False),
    sa.Column('for_everybody', sa.Boolean(), nullable=False),
    sa.Column('drawn_for', sa.Uuid(), nullable=True),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('basis_points', sa.BigInteger(), nullable=False),
    sa.Column('goods', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('goods_words', sa.Text(), nullable=False),
    sa.Column('combines', sa.Boolean(), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.Column('most_uses', sa.BigInteger(), nullable=True),
    sa.Column('uses', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Text(), nullable=False),
    sa.CheckConstraint("(reseller_id IS NULL) = (bearer <> 'reseller')", name=op.f('ck_promotions_bearer')),
    sa.CheckConstraint('(basis_points BETWEEN 1 AND 10000 AND minor = 0) OR (basis_points = 0 AND minor > 0)', name=op.f('ck_promotions_off')),
    sa.CheckConstraint('ends_on >= starts_on', name=op.f('ck_promotions_dates')),
    sa.CheckConstraint('minimum_quantity >= 1', name=op.f('ck_promotions_minimum')),
    sa.CheckConstraint('spent_minor >= 0 AND spent_minor <= most_minor', name=op.f('ck_promotions_spent')),
    sa.CheckConstraint('uses >= 0 AND uses <= most_uses', name=op.f('ck_promotions_uses')),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_promotions_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_promotions')),
    sa.UniqueConstraint('distributor_id', 'code', name=op.f('uq_promotions_distributor_id_code'))
    )
    op.create_index('ix_promotions_running', 'promotions', ['distributor_id', 'reseller_id'], unique=False, postgresql_where=sa.text("state = 'running'"))
    op.create_index('ix_promotions_turns', 'promotions', ['distributor_id', 'state'], unique=False, postgresql_where=sa.text("state IN ('scheduled', 'running')"))
    op.create_table('code_redemptions',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('code_id', sa.Uuid(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'code_id'], ['partner_codes.distributor_id', 'partner_codes.id'], name=op.f('fk_code_redemptions_distributor_id_code_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_code_redemptions')),
    sa.UniqueConstraint('distributor_id', 'code_id', name=op.f('uq_code_redemptions_distributor_id_code_id'))
    )
    op.create_table('order_discounts',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('order_id', sa.Uuid(), nullable=False),
    sa.Column('order_line_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('promotion_id', sa.Uuid(), nullable=True),
    sa.Column('code_id', sa.Uuid(), nullable=True),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('bearer', sa.Enum('distributor', 'vendor', 'reseller', name='bearer', native_enum=False, length=40), nullable=False),
    sa.Column('unit_minor', sa.BigInteger(), nullable=False),
    sa.Column('total_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.CheckConstraint("customer_id IS NULL OR bearer = 'reseller'", name=op.f('ck_order_discounts_bearer')),
    sa.CheckConstraint('num_nonnulls(promotion_id, code_id) = 1', name=op.f('ck_order_discounts_source')),
    sa.CheckConstraint('unit_minor > 0 AND total_minor > 0', name=op.f('ck_order_discounts_amount')),
    sa.ForeignKeyConstraint(['distributor_id', 'code_id'], ['partner_codes.distributor_id', 'partner_codes.id'], name=op.f('fk_order_discounts_distributor_id_code_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'order_line_id'], ['order_lines.distributor_id', 'order_lines.id'], name=op.f('fk_order_discounts_distributor_id_order_line_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'promotion_id'], ['promotions.distributor_id', 'promotions.id'], name=op.f('fk_order_discounts_distributor_id_promotion_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_order_discounts'))
    )
    op.create_index('ix_order_discounts_order', 'order_discounts', ['distributor_id', 'order_id'], unique=False)
    op.create_index('ix_order_discounts_promotion', 'order_discounts', ['distributor_id', 'promotion_id'], unique=False)
    op.create_table('order_wholesale_discounts',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('order_id', sa.Uuid(), nullable=False),
    sa.Column('order_line_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('promotion_id', sa.Uuid(), nullable=True),
    sa.Column('code_id', sa.Uuid(), nullable=True),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('bearer', sa.Enum('distributor', 'vendor', 'reseller', name='bearer', native_enum=False, length=40), nullable=False),
    sa.Column('unit_minor', sa.BigInteger(), nullable=False),
    sa.Column('total_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.CheckConstraint("bearer <> 'reseller'", name=op.f('ck_order_wholesale_discounts_bearer')),
    sa.CheckConstraint('num_nonnulls(promotion_id, code_id) = 1', name=op.f('ck_order_wholesale_discounts_source')),
    sa.CheckConstraint('unit_minor > 0 AND total_minor > 0', name=op.f('ck_order_wholesale_discounts_amount')),
    sa.ForeignKeyConstraint(['distributor_id', 'code_id'], ['partner_codes.distributor_id', 'partner_codes.id'], name=op.f('fk_order_wholesale_discounts_distributor_id_code_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'order_line_id'], ['order_lines.distributor_id', 'order_lines.id'], name=op.f('fk_order_wholesale_discounts_distributor_id_order_line_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'promotion_id'], ['promotions.distributor_id', 'promotions.id'], name=op.f('fk_order_wholesale_discounts_distributor_id_promotion_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_order_wholesale_discounts'))
    )
    op.create_index('ix_order_wholesale_discounts_code', 'order_wholesale_discounts', ['distributor_id', 'code_id'], unique=False)
    op.create_index('ix_order_wholesale_discounts_order', 'order_wholesale_discounts', ['distributor_id', 'order_id'], unique=False)
    op.create_index('ix_order_wholesale_discounts_promotion', 'order_wholesale_discounts', ['distributor_id', 'promotion_id'], unique=False)
    op.add_column('listings', sa.Column('sale', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True))
    op.add_column('order_lines', sa.Column('list_minor', sa.BigInteger(), nullable=True))
    op.add_column('order_wholesale', sa.Column('list_minor', sa.BigInteger(), nullable=True))
    op.create_check_constraint(op.f('ck_order_lines_list'), 'order_lines', 'list_minor >= unit_minor')
    op.create_check_constraint(op.f('ck_order_wholesale_list'), 'order_wholesale', 'list_minor >= unit_minor')
