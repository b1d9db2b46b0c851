"""conditions of products, customer agreements with their links, consents"""

import sqlalchemy as sa
from alembic import op

revision = 'agreement'
down_revision = 'tiers'
branch_labels = None
depends_on = None

KINDS = ('sale', 'customer_agreement', 'product_terms', 'data_use')


def kind() -> sa.Enum:
    return sa.Enum(*KINDS, name='kind', native_enum=False, length=40)


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.create_table('conditions',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('kind', kind(), nullable=False),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_conditions')),
    sa.UniqueConstraint('distributor_id', 'code', name=op.f('uq_conditions_distributor_id_code'))
    )
    op.create_table('condition_links',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('condition_id', sa.Uuid(), nullable=False),
    sa.Column('product_id', sa.Uuid(), nullable=True),
    sa.Column('product_type_id', sa.Uuid(), nullable=True),
    sa.Column('vendor', sa.Text(), nullable=True),
    sa.CheckConstraint('num_nonnulls(product_id, product_type_id, vendor) = 1', name=op.f('ck_condition_links_one')),
    sa.ForeignKeyConstraint(['distributor_id', 'condition_id'], ['conditions.distributor_id', 'conditions.id'], name=op.f('fk_condition_links_distributor_id_condition_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'product_id'], ['products.distributor_id', 'products.id'], name=op.f('fk_condition_links_distributor_id_product_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'product_type_id'], ['product_types.distributor_id', 'product_types.id'], name=op.f('fk_condition_links_distributor_id_product_type_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_condition_links'))
    )
    op.create_index('uq_condition_links_target', 'condition_links', ['distributor_id', 'condition_id', 'product_id', 'product_type_id', 'vendor'], unique=True, postgresql_nulls_not_distinct=True)
    op.create_table('agreement_links',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('condition_id', sa.Uuid(), nullable=False),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('sent_by', sa.Text(), nullable=False),
    sa.Column('state', sa.Enum('pending', 'used', 'revoked', name='linkstate', native_enum=False, length=40), nullable=False),
    sa.Column('nonce', sa.Text(), nullable=False),
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('sending', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'condition_id'], ['conditions.distributor_id', 'conditions.id'], name=op.f('fk_agreement_links_distributor_id_condition_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'customer_id'], ['customers.distributor_id', 'customers.id'], name=op.f('fk_agreement_links_distributor_id_customer_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_agreement_links'))
    )
    op.create_index('ix_agreement_links_customer', 'agreement_links', ['distributor_id', 'customer_id', 'id'], unique=False)
    op.create_index('ix_agreement_links_token_hash', 'agreement_links', ['distributor_id', 'token_hash'], unique=True)
    op.create_index('uq_agreement_links_pending', 'agreement_links', ['distributor_id', 'customer_id', 'condition_id', 'email'], unique=True, postgresql_where=sa.text("state = 'pending'"))

    op.add_column('programmes', sa.Column('resellers_attest', sa.Boolean(), server_default=sa.text('false'), nullable=False))

    op.add_column('terms', sa.Column('condition_id', sa.Uuid(), nullable=True))
    op.add_column('terms', sa.Column('asks_again', sa.Boolean(), server_default=sa.text('true'), nullable=False))
    op.create_foreign_key(op.f('fk_terms_distributor_id_condition_id'), 'terms', 'conditions', ['distributor_id', 'condition_id'], ['distributor_id', 'id'])
    op.drop_constraint(op.f('ck_terms_standing'), 'terms')
    op.create_check_constraint(op.f('ck_terms_standing'), 'terms', 'standing_id = coalesce(condition_id, reseller_id, distributor_id)')

    op.add_column('terms_acceptances', sa.Column('company_id', sa.Uuid(), nullable=True))
    op.add_column('terms_acceptances', sa.Column('kind', kind(), server_default='sale', nullable=False))
    op.add_column('terms_acceptances', sa.Column('way', sa.Enum('order', 'portal', 'link', 'attested', name='way', native_enum=False, length=40), server_default='order', nullable=False))
    for column in ('title', 'products', 'phone', 'attested_by'):
        op.add_column('terms_acceptances', sa.Column(column, sa.Text(), server_default='', nullable=False))
    op.alter_column('terms_acceptances', 'order_code', server_default='')
    op.add_column('terms_acceptances', sa.Column('accepted_on', sa.Date(), nullable=True))
    op.execute(
        "UPDATE terms_acceptances a SET accepted_on = (a.accepted_at AT TIME ZONE 'UTC')::date, company_id = coalesce("
        "(SELECT c.company_id FROM customers c WHERE c.distributor_id = a.distributor_id AND c.id = a.buyer_id), "
        "(SELECT r.company_id FROM resellers r WHERE r.distributor_id = a.distributor_id AND r.id = a.buyer_id))"
    )
    op.alter_column('terms_acceptances', 'accepted_on', nullable=False)
    op.alter_column('terms_acceptances', 'company_id', nullable=False)
    op.alter_column('terms_acceptances', 'order_id', nullable=True)
    op.alter_column('terms_acceptances', 'person_id', nullable=True)
    op.drop_constraint(op.f('uq_terms_acceptances_distributor_id_order_id'), 'terms_acceptances')
    op.create_unique_constraint(op.f('uq_terms_acceptances_distributor_id_order_id_terms_id'), 'terms_acceptances', ['distributor_id', 'order_id', 'terms_id'])
    op.create_index('ix_terms_acceptances_reseller', 'terms_acceptances', ['distributor_id', 'reseller_id', 'id'], unique=False)
    op.create_index('ix_terms_acceptances_company', 'terms_acceptances', ['distributor_id', 'company_id', 'terms_id'], unique=False)
    op.create_index('uq_terms_acceptances_agreement', 'terms_acceptances', ['distributor_id', 'company_id', 'terms_id'], unique=True, postgresql_where=sa.text('order_id IS NULL'))

    op.create_table('consents',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=True),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('condition_id', sa.Uuid(), nullable=False),
    sa.Column('terms_id', sa.Uuid(), nullable=False),
    sa.Column('membership_id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('given', sa.Boolean(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('company', sa.Text(), nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('browser', sa.Text(), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'condition_id'], ['conditions.distributor_id', 'conditions.id'], name=op.f('fk_consents_distributor_id_condition_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'membership_id'], ['memberships.distributor_id', 'memberships.id'], name=op.f('fk_consents_distributor_id_membership_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'terms_id'], ['terms.distributor_id', 'terms.id'], name=op.f('fk_consents_distributor_id_terms_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_consents'))
    )
    op.create_index('ix_consents_member', 'consents', ['distributor_id', 'membership_id', 'condition_id', 'id'], unique=False)
    op.create_index('ix_consents_reseller', 'consents', ['distributor_id', 'reseller_id', 'id'], unique=False)
