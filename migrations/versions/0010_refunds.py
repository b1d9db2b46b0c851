"""refunds, credit notes and cancellations"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
revision = 'refunds'
down_revision = 'resilience'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.create_table('refund_policies',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('when_refused', sa.Enum('automatic', 'ask', name='whenrefused', native_enum=False, length=40), nullable=False),
    sa.Column('fee_when_refused', sa.Enum('distributor', 'reseller', name='party', native_enum=False, length=40), nullable=False),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_refund_policies')),
    sa.UniqueConstraint('distributor_id', name=op.f('uq_refund_policies_distributor_id'))
    )
    op.create_table('refunds',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('order_id', sa.Uuid(), nullable=False),
    sa.Column('order_line_id', sa.Uuid(), nullable=False),
    sa.Column('payment_id', sa.Uuid(), nullable=True),
    sa.Column('way', sa.Enum('card', 'account', 'nothing', name='way', native_enum=False, length=40), nullable=False),
    sa.Column('because', sa.Enum('refused', 'cancelled', 'by_hand', name='because', native_enum=False, length=40), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('state', sa.Enum('requested', 'unknown', 'sent', 'done', 'failed', 'paid_otherwise', name='refundstate', native_enum=False, length=40), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('tax_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('tries', sa.BigInteger(), nullable=False),
    sa.Column('external_id', sa.Text(), nullable=True),
    sa.Column('requested_by', sa.Text(), nullable=False),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(way = 'card') = (payment_id IS NOT NULL)", name=op.f('ck_refunds_a_card_has_a_payment')),
    sa.CheckConstraint('amount_minor >= 0 AND tax_minor >= 0 AND tax_minor <= amount_minor', name=op.f('ck_refunds_amount')),
    sa.ForeignKeyConstraint(['distributor_id', 'customer_id'], ['customers.distributor_id', 'customers.id'], name=op.f('fk_refunds_distributor_id_customer_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'payment_id'], ['payments.distributor_id', 'payments.id'], name=op.f('fk_refunds_distributor_id_payment_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_refunds_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_refunds')),
    sa.UniqueConstraint('distributor_id', 'key', name=op.f('uq_refunds_distributor_id_key'))
    )
    op.create_index('ix_refunds_line', 'refunds', ['distributor_id', 'order_line_id'], unique=False)
    op.create_index('ix_refunds_order', 'refunds', ['distributor_id', 'order_id'], unique=False)
    op.create_table('credit_notes',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('invoice_id', sa.Uuid(), nullable=False),
    sa.Column('order_id', sa.Uuid(), nullable=False),
    sa.Column('refund_id', sa.Uuid(), nullable=False),
    sa.Column('series', sa.Text(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('invoice_label', sa.Text(), nullable=False),
    sa.Column('seller', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('buyer', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('net_minor', sa.BigInteger(), nullable=False),
    sa.Column('tax_minor', sa.BigInteger(), nullable=False),
    sa.Column('tax_kind', sa.Enum('domestic', 'reverse_charge', 'export', name='taxkind', native_enum=False, length=40), nullable=False),
    sa.Column('tax_name', sa.Text(), nullable=False),
    sa.Column('total_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('issued_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('total_minor > 0 AND total_minor = net_minor + tax_minor', name=op.f('ck_credit_notes_total')),
    sa.ForeignKeyConstraint(['distributor_id', 'customer_id'], ['customers.distributor_id', 'customers.id'], name=op.f('fk_credit_notes_distributor_id_customer_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'invoice_id'], ['invoices.distributor_id', 'invoices.id'], name=op.f('fk_credit_notes_distributor_id_invoice_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'refund_id'], ['refunds.distributor_id', 'refunds.id'], name=op.f('fk_credit_notes_distributor_id_refund_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_credit_notes_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_credit_notes')),
    sa.UniqueConstraint('distributor_id', 'refund_id', name=op.f('uq_credit_notes_distributor_id_refund_id')),
    sa.UniqueConstraint('distributor_id', 'series', 'number', name=op.f('uq_credit_notes_distributor_id_series_number'))
    )
    op.create_index('ix_credit_notes_customer', 'credit_notes', ['distributor_id', 'customer_id', 'id'], unique=False)
    op.create_index('ix_credit_notes_invoice', 'credit_notes', ['distributor_id', 'invoice_id'], unique=False)
    op.create_table('refund_shares',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('refund_id', sa.Uuid(), nullable=False),
    sa.Column('order_line_id', sa.Uuid(), nullable=False),
    sa.Column('wholesale_minor', sa.BigInteger(), nullable=False),
    sa.Column('wholesale_tax_minor', sa.BigInteger(), nullable=False),
    sa.Column('margin_minor', sa.BigInteger(), nullable=False),
    sa.Column('fee_minor', sa.BigInteger(), nullable=False),
    sa.Column('fee_borne_by', sa.Enum('distributor', 'reseller', name='party', native_enum=False, length=40), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.CheckConstraint('wholesale_minor >= 0 AND wholesale_tax_minor >= 0 AND fee_minor >= 0', name=op.f('ck_refund_shares_amounts')),
    sa.ForeignKeyConstraint(['distributor_id', 'refund_id'], ['refunds.distributor_id', 'refunds.id'], name=op.f('fk_refund_shares_distributor_id_refund_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_refund_shares')),
    sa.UniqueConstraint('distributor_id', 'refund_id', name=op.f('uq_refund_shares_distributor_id_refund_id'))
    )
    op.create_table('credit_note_lines',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('credit_note_id', sa.Uuid(), nullable=False),
    sa.Column('invoice_line', sa.BigInteger(), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('quantity', sa.BigInteger(), nullable=False),
    sa.Column('unit_minor', sa.BigInteger(), nullable=False),
    sa.Column('total_minor', sa.BigInteger(), nullable=False),
    sa.Column('tax_minor', sa.BigInteger(), nullable=False),
    sa.Column('tax_basis_points', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'credit_note_id'], ['credit_notes.distributor_id', 'credit_notes.id'], name=op.f('fk_credit_note_lines_distributor_id_credit_note_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_credit_note_lines'))
    )
    op.create_index('ix_credit_note_lines_note', 'credit_note_lines', ['distributor_id', 'credit_note_id'], unique=False)
    op.create_table('line_cancellations',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('order_id', sa.Uuid(), nullable=False),
    sa.Column('delivery_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.Enum('asked', 'never_bought', 'withdrawing', 'withdrawn', 'stands', name='linecancellationstate', native_enum=False, length=40), nullable=False),
    sa.Column('asked_by', sa.Text(), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['distributor_id', 'delivery_id'], ['deliveries.distributor_id', 'deliveries.id'], name=op.f('fk_line_cancellations_distributor_id_delivery_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_line_cancellations')),
    sa.UniqueConstraint('distributor_id', 'delivery_id', name=op.f('uq_line_cancellations_distributor_id_delivery_id'))
    )
    op.create_index('ix_line_cancellations_order', 'line_cancellations', ['distributor_id', 'order_id'], unique=False)
    op.add_column('charges', sa.Column('credited_minor', sa.BigInteger(), server_default='0', nullable=False))
    op.add_column('payments', sa.Column('refunded_minor', sa.BigInteger(), server_default='0', nullable=False))
    op.create_check_constraint(
        op.f('ck_charges_credited'), 'charges', 'credited_minor >= 0 AND credited_minor <= total_minor + tax_minor'
    )
    op.create_check_constraint(
        op.f('ck_payments_never_more_back_than_captured'), 'payments',
        'refunded_minor >= 0 AND refunded_minor <= coalesce(captured_minor, 0)',
    )
