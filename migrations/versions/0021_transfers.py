"""transfers of subscriptions between providers"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'transfers'
down_revision = 'agreement'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.add_column('product_types', sa.Column('by_usage', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column('product_types', 'by_usage', server_default=None)
    op.create_index('ix_resellers_name', 'resellers', ['distributor_id', 'name', 'id'], unique=False)
    op.create_table('transfer_partners',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('takes', sa.Boolean(), nullable=False),
    sa.Column('other_id', sa.Uuid(), nullable=False),
    sa.Column('other_name', sa.Text(), nullable=False),
    sa.Column('state', sa.Enum('invited', 'accepted', 'declined', 'ended', name='pairstate', native_enum=False, length=40), nullable=False),
    sa.Column('invited_by', sa.Text(), nullable=False),
    sa.Column('invited_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answered_by', sa.Text(), nullable=False),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['distributor_id', 'other_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_transfer_partners_distributor_id_other_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_transfer_partners_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_transfer_partners'))
    )
    op.create_index('uq_transfer_partners_standing', 'transfer_partners', ['distributor_id', 'reseller_id', 'other_id', 'takes'], unique=True, postgresql_where=sa.text("state IN ('invited', 'accepted')"))
    op.create_table('partners_in_transition',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_partners_in_transition_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_partners_in_transition'))
    )
    op.create_index('uq_partners_in_transition_now', 'partners_in_transition', ['distributor_id', 'reseller_id'], unique=True, postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table('relation_extensions',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('provider_name', sa.Text(), nullable=False),
    sa.Column('stated_by', sa.Text(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=True),
    sa.Column('stated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('copied', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'customer_id'], ['customers.distributor_id', 'customers.id'], name=op.f('fk_relation_extensions_distributor_id_customer_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_relation_extensions_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_relation_extensions'))
    )
    op.create_table('transfers',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('incoming', sa.Boolean(), nullable=False),
    sa.Column('other_id', sa.Uuid(), nullable=False),
    sa.Column('other_name', sa.Text(), nullable=False),
    sa.Column('customer_name', sa.Text(), nullable=False),
    sa.Column('state', sa.Enum('asked', 'withdrawn', 'rejected', 'moving', 'done', 'partly', 'failed', name='transferstate', native_enum=False, length=40), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('asked_by', sa.Text(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_by', sa.Text(), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['distributor_id', 'customer_id'], ['customers.distributor_id', 'customers.id'], name=op.f('fk_transfers_distributor_id_customer_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'other_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_transfers_distributor_id_other_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_transfers_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_transfers')),
    sa.UniqueConstraint('distributor_id', 'code', 'incoming', name=op.f('uq_transfers_distributor_id_code_incoming'))
    )
    op.create_index('ix_transfers_waiting', 'transfers', ['distributor_id', 'reseller_id'], unique=False, postgresql_where=sa.text("incoming AND state = 'asked'"))
    op.create_index('ix_transfers_reseller', 'transfers', ['distributor_id', 'reseller_id', 'id'], unique=False)
    op.create_table('transfer_items',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('transfer_id', sa.Uuid(), nullable=False),
    sa.Column('incoming', sa.Boolean(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('subscription_id', sa.Uuid(), nullable=True),
    sa.Column('product_name', sa.Text(), nullable=False),
    sa.Column('plan_name', sa.Text(), nullable=False),
    sa.Column('unit', sa.Text(), nullable=False),
    sa.Column('quantity', sa.BigInteger(), nullable=False),
    sa.Column('term_ends_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('state', sa.Enum('asked', 'dropped', 'moving', 'unknown', 'needs_action', 'moved', 'refused', name='itemstate', native_enum=False, length=40), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('quantity >= 1', name=op.f('ck_transfer_items_quantity')),
    sa.ForeignKeyConstraint(['distributor_id', 'subscription_id'], ['subscriptions.distributor_id', 'subscriptions.id'], name=op.f('fk_transfer_items_distributor_id_subscription_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'transfer_id'], ['transfers.distributor_id', 'transfers.id'], name=op.f('fk_transfer_items_distributor_id_transfer_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_transfer_items')),
    sa.UniqueConstraint('distributor_id', 'transfer_id', 'number', name=op.f('uq_transfer_items_distributor_id_transfer_id_number'))
    )
    op.create_index('uq_transfer_items_open', 'transfer_items', ['distributor_id', 'subscription_id'], unique=True, postgresql_where=sa.text("NOT incoming AND state IN ('asked', 'moving', 'unknown', 'needs_action')"))
    op.create_table('transfer_calls',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('item_id', sa.Uuid(), nullable=False),
    sa.Column('their_item_id', sa.Uuid(), nullable=False),
    sa.Column('subscription_id', sa.Uuid(), nullable=False),
    sa.Column('new_subscription_id', sa.Uuid(), nullable=True),
    sa.Column('task_id', sa.Uuid(), nullable=False),
    sa.Column('reference', sa.Uuid(), nullable=False),
    sa.Column('connector', sa.Text(), nullable=False),
    sa.Column('sku', sa.Text(), nullable=False),
    sa.Column('external_id', sa.Text(), nullable=False),
    sa.Column('new_external_id', sa.Text(), nullable=False),
    sa.Column('details', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'item_id'], ['transfer_items.distributor_id', 'transfer_items.id'], name=op.f('fk_transfer_calls_distributor_id_item_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'new_subscription_id'], ['subscriptions.distributor_id', 'subscriptions.id'], name=op.f('fk_transfer_calls_distributor_id_new_subscription_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'subscription_id'], ['subscriptions.distributor_id', 'subscriptions.id'], name=op.f('fk_transfer_calls_distributor_id_subscription_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'task_id'], ['tasks.distributor_id', 'tasks.id'], name=op.f('fk_transfer_calls_distributor_id_task_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'their_item_id'], ['transfer_items.distributor_id', 'transfer_items.id'], name=op.f('fk_transfer_calls_distributor_id_their_item_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_transfer_calls')),
    sa.UniqueConstraint('distributor_id', 'item_id', name=op.f('uq_transfer_calls_distributor_id_item_id')),
    sa.UniqueConstraint('distributor_id', 'reference', name=op.f('uq_transfer_calls_distributor_id_reference'))
    )
    op.create_index('ix_transfer_calls_new', 'transfer_calls', ['distributor_id', 'new_subscription_id'], unique=False)
