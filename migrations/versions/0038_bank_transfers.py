"""bank transfers by request, what arrived of them, from how many licences on; quotes that customers ask for"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'wire'
down_revision = 'rights'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.add_column('products', sa.Column('transfer_from', sa.BigInteger(), nullable=True))
    op.create_check_constraint(op.f('ck_products_transfer_from'), 'products', 'transfer_from >= 1')
    op.create_table('bank_transfers',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('order_id', sa.Uuid(), nullable=False),
    sa.Column('payment_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.Enum('asked', 'granted', 'declined', 'received', 'ended', name='banktransferstate', native_enum=False, length=40), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('asked_by', sa.Text(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answered_by', sa.Text(), nullable=False),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('holder', sa.Text(), nullable=False),
    sa.Column('account', sa.Text(), nullable=False),
    sa.Column('bank', sa.Text(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('returned_minor', sa.BigInteger(), server_default='0', nullable=False),
    sa.CheckConstraint("state NOT IN ('granted', 'received') OR due_on IS NOT NULL AND holder <> '' AND account <> '' AND reference <> ''", name=op.f('ck_bank_transfers_granted_says_where_to')),
    sa.CheckConstraint('returned_minor >= 0', name=op.f('ck_bank_transfers_returned')),
    sa.ForeignKeyConstraint(['distributor_id', 'payment_id'], ['payments.distributor_id', 'payments.id'], name=op.f('fk_bank_transfers_distributor_id_payment_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_bank_transfers')),
    sa.UniqueConstraint('distributor_id', 'order_id', name=op.f('uq_bank_transfers_distributor_id_order_id'))
    )
    op.create_index('ix_bank_transfers_asked', 'bank_transfers', ['distributor_id'], unique=False, postgresql_where=sa.text("state = 'asked'"))
    op.create_table('bank_receipts',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('bank_transfer_id', sa.Uuid(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('received_on', sa.Date(), nullable=False),
    sa.Column('recorded_by', sa.Text(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('amount_minor > 0', name=op.f('ck_bank_receipts_amount')),
    sa.ForeignKeyConstraint(['distributor_id', 'bank_transfer_id'], ['bank_transfers.distributor_id', 'bank_transfers.id'], name=op.f('fk_bank_receipts_distributor_id_bank_transfer_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_bank_receipts')),
    sa.UniqueConstraint('distributor_id', 'reference', name=op.f('uq_bank_receipts_distributor_id_reference'))
    )
    op.drop_constraint(op.f('ck_refunds_a_card_has_a_payment'), 'refunds', type_='check')
    op.create_check_constraint(op.f('ck_refunds_a_card_has_a_payment'), 'refunds', "(way IN ('card', 'transfer')) = (payment_id IS NOT NULL)")
    op.create_table('quote_requests',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('quote_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.Enum('waiting', 'quoted', 'declined', name='quoterequeststate', native_enum=False, length=40), nullable=False),
    sa.Column('asked_by', sa.Text(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('wanted', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'customer_id'], ['customers.distributor_id', 'customers.id'], name=op.f('fk_quote_requests_distributor_id_customer_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'quote_id'], ['quotes.distributor_id', 'quotes.id'], name=op.f('fk_quote_requests_distributor_id_quote_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_quote_requests')),
    sa.UniqueConstraint('distributor_id', 'quote_id', name=op.f('uq_quote_requests_distributor_id_quote_id'))
    )
    op.create_index('ix_quote_requests_customer', 'quote_requests', ['distributor_id', 'customer_id', 'state'], unique=False)
