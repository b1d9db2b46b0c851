"""company data, dated tax rates, terms with acceptances; net, tax and gross on orders, charges and invoices"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'papers'
down_revision = '90721d581e2f'
branch_labels = None
depends_on = None

KIND = sa.Enum('domestic', 'reverse_charge', 'export', name='taxkind', native_enum=False, length=40)
LEGS = ('orders', 'invoices')
LINES = ('order_lines', 'invoice_lines')


def upgrade() -> None:
    """What exists was sold without tax: net and gross are the same there."""
    op.create_table('company_details',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=True),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('standing_id', sa.Uuid(), nullable=False),
    sa.Column('legal_name', sa.Text(), nullable=False),
    sa.Column('street', sa.Text(), nullable=False),
    sa.Column('postcode', sa.Text(), nullable=False),
    sa.Column('city', sa.Text(), nullable=False),
    sa.Column('country', sa.Text(), nullable=False),
    sa.Column('tax_id', sa.Text(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('standing_id = coalesce(customer_id, reseller_id, distributor_id)', name=op.f('ck_company_details_standing')),
    sa.CheckConstraint('customer_id IS NULL OR reseller_id IS NOT NULL', name=op.f('ck_company_details_side')),
    sa.ForeignKeyConstraint(['distributor_id', 'customer_id'], ['customers.distributor_id', 'customers.id'], name=op.f('fk_company_details_distributor_id_customer_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_company_details_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_company_details')),
    sa.UniqueConstraint('distributor_id', 'standing_id', name=op.f('uq_company_details_distributor_id_standing_id'))
    )
    op.create_table('tax_rates',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('country', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('basis_points', sa.BigInteger(), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('basis_points >= 0 AND basis_points <= 10000', name=op.f('ck_tax_rates_basis_points')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_tax_rates')),
    sa.UniqueConstraint('distributor_id', 'country', 'valid_from', name=op.f('uq_tax_rates_distributor_id_country_valid_from'))
    )
    op.create_table('terms',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=True),
    sa.Column('standing_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('published_by', sa.Text(), nullable=False),
    sa.CheckConstraint('standing_id = coalesce(reseller_id, distributor_id)', name=op.f('ck_terms_standing')),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_terms_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_terms')),
    sa.UniqueConstraint('distributor_id', 'standing_id', 'number', name=op.f('uq_terms_distributor_id_standing_id_number'))
    )
    op.create_table('terms_acceptances',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('terms_id', sa.Uuid(), nullable=False),
    sa.Column('buyer_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('order_id', sa.Uuid(), nullable=False),
    sa.Column('order_code', sa.Text(), nullable=False),
    sa.Column('company', sa.Text(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('browser', sa.Text(), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'terms_id'], ['terms.distributor_id', 'terms.id'], name=op.f('fk_terms_acceptances_distributor_id_terms_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_terms_acceptances')),
    sa.UniqueConstraint('distributor_id', 'order_id', name=op.f('uq_terms_acceptances_distributor_id_order_id'))
    )
    op.create_index('ix_terms_acceptances_buyer', 'terms_acceptances', ['distributor_id', 'terms_id', 'buyer_id'], unique=False)

    for table in LEGS:  # forced row security blinds the owner too; migrate declares it anew afterwards
        op.execute(f'ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY')
    for table in LEGS:
        op.add_column(table, sa.Column('net_minor', sa.BigInteger(), nullable=False, server_default='0'))
        op.add_column(table, sa.Column('tax_minor', sa.BigInteger(), nullable=False, server_default='0'))
        op.add_column(table, sa.Column('tax_kind', KIND, nullable=False, server_default='domestic'))
        op.add_column(table, sa.Column('tax_name', sa.Text(), nullable=False, server_default=''))
        op.execute(f'UPDATE {table} SET net_minor = total_minor')  # noqa: S608 our own names
        op.create_check_constraint(op.f(f'ck_{table}_gross'), table, 'total_minor = net_minor + tax_minor')
        op.alter_column(table, 'net_minor', server_default=None)
        op.alter_column(table, 'tax_minor', server_default=None)
        op.alter_column(table, 'tax_kind', server_default=None)
        op.alter_column(table, 'tax_name', server_default=None)
    for side in ('seller', 'buyer'):
        op.add_column('orders', sa.Column(side, postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default='{}'))
        op.execute(f'UPDATE orders o SET {side} = i.{side} FROM invoices i WHERE i.distributor_id = o.distributor_id AND i.order_id = o.id')  # noqa: S608 our own names
        op.alter_column('orders', side, server_default=None)
    for table in LINES:
        op.add_column(table, sa.Column('tax_minor', sa.BigInteger(), nullable=False, server_default='0'))
        op.add_column(table, sa.Column('tax_basis_points', sa.BigInteger(), nullable=False, server_default='0'))
    op.add_column('order_wholesale', sa.Column('tax_minor', sa.BigInteger(), nullable=False, server_default='0'))
    op.add_column('charges', sa.Column('tax_minor', sa.BigInteger(), nullable=False, server_default='0'))
    op.add_column('charges', sa.Column('tax_name', sa.Text(), nullable=False, server_default=''))
    op.add_column('charges', sa.Column('tax_kind', KIND, nullable=False, server_default='domestic'))
    for table in LEGS:
        op.execute(f'ALTER TABLE {table} FORCE ROW LEVEL SECURITY')
