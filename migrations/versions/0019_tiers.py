"""tiers, what partners sold, commissions, anniversaries, re-authorisation and leaving"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'tiers'
down_revision = 'deals'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.add_column('programmes', sa.Column('renews', sa.Boolean(), server_default=sa.text('false'), nullable=False))
    op.add_column('programmes', sa.Column('notice_days', sa.BigInteger(), server_default='30', nullable=False))
    op.add_column('products', sa.Column('programme_id', sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f('fk_products_distributor_id_programme_id'), 'products', 'programmes', ['distributor_id', 'programme_id'], ['distributor_id', 'id'])
    op.add_column('enrolments', sa.Column('anniversary_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('enrolments', sa.Column('tier_id', sa.Uuid(), nullable=True))
    op.add_column('enrolments', sa.Column('tier_name', sa.Text(), server_default='', nullable=False))
    op.add_column('enrolments', sa.Column('discount', sa.BigInteger(), server_default='0', nullable=False))
    op.add_column('enrolments', sa.Column('commission', sa.BigInteger(), server_default='0', nullable=False))
    op.add_column('enrolments', sa.Column('flagged', sa.Boolean(), server_default=sa.text('false'), nullable=False))
    op.add_column('enrolments', sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('enrolments', sa.Column('ended_because', sa.Enum('term', 'terminated', 'left', 'not_authorised', name='because', native_enum=False, length=40), nullable=True))
    op.add_column('enrolments', sa.Column('end_reason', sa.Text(), server_default='', nullable=False))
    op.execute("UPDATE enrolments SET anniversary_at = signed_at + interval '1 year'")
    op.execute("UPDATE enrolments SET ended_at = ends_at, ended_because = 'term' WHERE state = 'ended'")
    op.alter_column('enrolments', 'anniversary_at', nullable=False)
    op.create_index('ix_enrolments_anniversary', 'enrolments', ['distributor_id', 'anniversary_at'], unique=False, postgresql_where=sa.text("state = 'active'"))
    op.create_table('tiers',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('programme_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('threshold', sa.BigInteger(), nullable=False),
    sa.Column('minimum', sa.BigInteger(), nullable=False),
    sa.Column('discount', sa.BigInteger(), nullable=False),
    sa.Column('commission', sa.BigInteger(), nullable=False),
    sa.Column('benefits', sa.Text(), nullable=False),
    sa.CheckConstraint('discount BETWEEN 0 AND 10000 AND commission BETWEEN 0 AND 10000', name=op.f('ck_tiers_percent')),
    sa.CheckConstraint('threshold >= 0 AND minimum >= 0', name=op.f('ck_tiers_customers')),
    sa.ForeignKeyConstraint(['distributor_id', 'programme_id'], ['programmes.distributor_id', 'programmes.id'], name=op.f('fk_tiers_distributor_id_programme_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_tiers')),
    sa.UniqueConstraint('distributor_id', 'programme_id', 'name', name=op.f('uq_tiers_distributor_id_programme_id_name')),
    sa.UniqueConstraint('distributor_id', 'programme_id', 'threshold', name=op.f('uq_tiers_distributor_id_programme_id_threshold'))
    )
    op.create_table('reauthorisation_rules',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('programme_id', sa.Uuid(), nullable=False),
    sa.Column('conditions', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('opens_days', sa.BigInteger(), nullable=False),
    sa.Column('grace_days', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'programme_id'], ['programmes.distributor_id', 'programmes.id'], name=op.f('fk_reauthorisation_rules_distributor_id_programme_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_reauthorisation_rules')),
    sa.UniqueConstraint('distributor_id', 'programme_id', name=op.f('uq_reauthorisation_rules_distributor_id_programme_id'))
    )
    op.create_table('revenue_floors',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('programme_id', sa.Uuid(), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('floor_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'programme_id'], ['programmes.distributor_id', 'programmes.id'], name=op.f('fk_revenue_floors_distributor_id_programme_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_revenue_floors')),
    sa.UniqueConstraint('distributor_id', 'programme_id', 'valid_from', name=op.f('uq_revenue_floors_distributor_id_programme_id_valid_from'))
    )
    op.create_table('programme_sales',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('programme_id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=False),
    sa.Column('subscription_id', sa.Uuid(), nullable=False),
    sa.Column('sold_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['distributor_id', 'customer_id'], ['customers.distributor_id', 'customers.id'], name=op.f('fk_programme_sales_distributor_id_customer_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'programme_id'], ['programmes.distributor_id', 'programmes.id'], name=op.f('fk_programme_sales_distributor_id_programme_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_programme_sales_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_programme_sales')),
    sa.UniqueConstraint('distributor_id', 'subscription_id', name=op.f('uq_programme_sales_distributor_id_subscription_id'))
    )
    op.create_index('ix_programme_sales_partner', 'programme_sales', ['distributor_id', 'reseller_id', 'programme_id', 'customer_id'], unique=False)
    op.create_table('commissions',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('programme_id', sa.Uuid(), nullable=False),
    sa.Column('enrolment_id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=False),
    sa.Column('programme_name', sa.Text(), nullable=False),
    sa.Column('tier_name', sa.Text(), nullable=False),
    sa.Column('customer_name', sa.Text(), nullable=False),
    sa.Column('service', sa.Text(), nullable=False),
    sa.Column('rate', sa.BigInteger(), nullable=False),
    sa.Column('base_minor', sa.BigInteger(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('earned_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('base_minor >= 0 AND amount_minor >= 0', name=op.f('ck_commissions_amounts')),
    sa.ForeignKeyConstraint(['distributor_id', 'customer_id'], ['customers.distributor_id', 'customers.id'], name=op.f('fk_commissions_distributor_id_customer_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'enrolment_id'], ['enrolments.distributor_id', 'enrolments.id'], name=op.f('fk_commissions_distributor_id_enrolment_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_commissions')),
    sa.UniqueConstraint('distributor_id', 'programme_id', 'reseller_id', 'customer_id', name=op.f('uq_commissions_distributor_id_programme_id_reseller_id_customer_id'))
    )
    op.create_index('ix_commissions_reseller', 'commissions', ['distributor_id', 'reseller_id', 'id'], unique=False)
    op.create_table('tier_decisions',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('enrolment_id', sa.Uuid(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('customers', sa.BigInteger(), nullable=False),
    sa.Column('was_tier', sa.Text(), nullable=False),
    sa.Column('tier', sa.Text(), nullable=False),
    sa.Column('rises', sa.Boolean(), nullable=False),
    sa.Column('flagged', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'enrolment_id'], ['enrolments.distributor_id', 'enrolments.id'], name=op.f('fk_tier_decisions_distributor_id_enrolment_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_tier_decisions')),
    sa.UniqueConstraint('distributor_id', 'enrolment_id', 'at', name=op.f('uq_tier_decisions_distributor_id_enrolment_id_at'))
    )
    op.create_table('leaving_notices',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('enrolment_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.Enum('given', 'withdrawn', 'left', 'void', name='noticestate', native_enum=False, length=40), nullable=False),
    sa.Column('given_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('given_by', sa.Text(), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'enrolment_id'], ['enrolments.distributor_id', 'enrolments.id'], name=op.f('fk_leaving_notices_distributor_id_enrolment_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_leaving_notices'))
    )
    op.create_index('uq_leaving_notices_given', 'leaving_notices', ['distributor_id', 'enrolment_id'], unique=True, postgresql_where=sa.text("state = 'given'"))
    op.create_table('reauthorisations',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('enrolment_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.Enum('open', 'grace', 'passed', 'failed', 'void', name='reauthorisationstate', native_enum=False, length=40), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('grace_days', sa.BigInteger(), nullable=False),
    sa.Column('grace_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('conditions', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('missing', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('floor_minor', sa.BigInteger(), nullable=True),
    sa.Column('currency', sa.Text(), nullable=True),
    sa.Column('reminded', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['distributor_id', 'enrolment_id'], ['enrolments.distributor_id', 'enrolments.id'], name=op.f('fk_reauthorisations_distributor_id_enrolment_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_reauthorisations')),
    sa.UniqueConstraint('distributor_id', 'enrolment_id', 'due_at', name=op.f('uq_reauthorisations_distributor_id_enrolment_id_due_at'))
    )
    op.create_index('ix_reauthorisations_open', 'reauthorisations', ['distributor_id', 'due_at'], unique=False, postgresql_where=sa.text("state IN ('open', 'grace')"))
    op.create_table('reauthorisation_confirmations',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('reauthorisation_id', sa.Uuid(), nullable=False),
    sa.Column('condition', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'reauthorisation_id'], ['reauthorisations.distributor_id', 'reauthorisations.id'], name=op.f('fk_reauthorisation_confirmations_distributor_id_reauthorisation_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_reauthorisation_confirmations')),
    sa.UniqueConstraint('distributor_id', 'reauthorisation_id', 'condition', name=op.f('uq_reauthorisation_confirmations_distributor_id_reauthorisation_id_condition'))
    )
    op.create_table('security_contacts',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('phone', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_security_contacts_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_security_contacts')),
    sa.UniqueConstraint('distributor_id', 'reseller_id', name=op.f('uq_security_contacts_distributor_id_reseller_id'))
    )
    op.create_foreign_key(op.f('fk_enrolments_distributor_id_tier_id'), 'enrolments', 'tiers', ['distributor_id', 'tier_id'], ['distributor_id', 'id'])
