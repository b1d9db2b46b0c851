"""deals and their rules; indexes by which near matches are found"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'deals'
down_revision = 'price_imports'
branch_labels = None
depends_on = None

HOLDS = "state IN ('pending', 'approved')"


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.create_table('deal_rules',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('programme_id', sa.Uuid(), nullable=False),
    sa.Column('takes_deals', sa.Boolean(), nullable=False),
    sa.Column('valid_days', sa.BigInteger(), nullable=False),
    sa.Column('notice_days', sa.BigInteger(), nullable=False),
    sa.Column('extension_days', sa.BigInteger(), nullable=False),
    sa.Column('reasons', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('before_customers', sa.Boolean(), nullable=False),
    sa.CheckConstraint('valid_days >= 1 AND notice_days >= 0 AND notice_days < valid_days', name=op.f('ck_deal_rules_days')),
    sa.ForeignKeyConstraint(['distributor_id', 'programme_id'], ['programmes.distributor_id', 'programmes.id'], name=op.f('fk_deal_rules_distributor_id_programme_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_deal_rules')),
    sa.UniqueConstraint('distributor_id', 'programme_id', name=op.f('uq_deal_rules_distributor_id_programme_id'))
    )
    op.create_table('deals',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('programme_id', sa.Uuid(), nullable=False),
    sa.Column('programme_name', sa.Text(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('kind', sa.Enum('independent', 'shared', name='dealkind', native_enum=False, length=40), nullable=False),
    sa.Column('company', sa.Text(), nullable=False),
    sa.Column('website', sa.Text(), nullable=False),
    sa.Column('country', sa.Text(), nullable=False),
    sa.Column('name_key', sa.Text(), nullable=False),
    sa.Column('domain', sa.Text(), nullable=False),
    sa.Column('tax_id', sa.Text(), nullable=False),
    sa.Column('contact_name', sa.Text(), nullable=False),
    sa.Column('contact_email', sa.Text(), nullable=False),
    sa.Column('products', sa.Text(), nullable=False),
    sa.Column('seats', sa.BigInteger(), nullable=False),
    sa.Column('closes_on', sa.Date(), nullable=False),
    sa.Column('value_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('comment', sa.Text(), nullable=False),
    sa.Column('may_share', sa.Boolean(), nullable=False),
    sa.Column('may_contact', sa.Boolean(), nullable=False),
    sa.Column('state', sa.Enum('pending', 'approved', 'rejected', 'won', 'lost', 'withdrawn', 'expired', name='dealstate', native_enum=False, length=40), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('registered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('registered_by', sa.Text(), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by', sa.Text(), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('notice_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('noticed', sa.Boolean(), nullable=False),
    sa.Column('extended', sa.Boolean(), nullable=False),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('order_code', sa.Text(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.CheckConstraint("state <> 'approved' OR ends_at IS NOT NULL", name=op.f('ck_deals_ends')),
    sa.CheckConstraint("(state = 'rejected') = (reason <> '')", name=op.f('ck_deals_reason')),
    sa.ForeignKeyConstraint(['distributor_id', 'customer_id'], ['customers.distributor_id', 'customers.id'], name=op.f('fk_deals_distributor_id_customer_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'programme_id'], ['programmes.distributor_id', 'programmes.id'], name=op.f('fk_deals_distributor_id_programme_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_deals_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_deals')),
    sa.UniqueConstraint('distributor_id', 'code', name=op.f('uq_deals_distributor_id_code'))
    )
    op.create_index('ix_deals_ends', 'deals', ['distributor_id', 'ends_at'], unique=False, postgresql_where=sa.text("state = 'approved'"))
    op.create_index('ix_deals_like', 'deals', ['company'], unique=False, postgresql_using='gin', postgresql_ops={'company': 'gin_trgm_ops'})
    op.create_index('ix_deals_reseller', 'deals', ['distributor_id', 'reseller_id', 'id'], unique=False)
    op.create_index('ix_deals_state', 'deals', ['distributor_id', 'state', 'id'], unique=False)
    op.create_index('uq_deals_name_key', 'deals', ['distributor_id', 'name_key', 'country'], unique=True, postgresql_where=sa.text(f"{HOLDS} AND name_key <> ''"))
    op.create_index('uq_deals_domain', 'deals', ['distributor_id', 'domain'], unique=True, postgresql_where=sa.text(f"{HOLDS} AND domain <> ''"))
    op.create_index('uq_deals_tax_id', 'deals', ['distributor_id', 'tax_id'], unique=True, postgresql_where=sa.text(f"{HOLDS} AND tax_id <> ''"))
    op.create_index('ix_customers_like', 'customers', ['name'], unique=False, postgresql_using='gin', postgresql_ops={'name': 'gin_trgm_ops'})
    op.create_index('ix_customers_domain', 'customers', ['distributor_id', sa.text("split_part(email, '@', 2)")], unique=False)
    op.create_index('ix_company_details_tax_id', 'company_details', ['distributor_id', 'tax_id'], unique=False, postgresql_where=sa.text("tax_id <> ''"))
