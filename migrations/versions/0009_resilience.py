"""disputes; restores of the database, and whether the world was compared afterwards"""

import sqlalchemy as sa
from alembic import op

revision = 'resilience'
down_revision = 'lists'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.create_table('disputes',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('payment_id', sa.Uuid(), nullable=False),
    sa.Column('order_id', sa.Uuid(), nullable=False),
    sa.Column('dispute_id', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('state', sa.Enum('needs_response', 'under_review', 'won', 'lost', 'closed', name='disputestate', native_enum=False, length=40), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('withdrawn', sa.Boolean(), nullable=False),
    sa.Column('due_by', sa.DateTime(timezone=True), nullable=True),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['distributor_id', 'payment_id'], ['payments.distributor_id', 'payments.id'], name=op.f('fk_disputes_distributor_id_payment_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_disputes')),
    sa.UniqueConstraint('distributor_id', 'dispute_id', name=op.f('uq_disputes_distributor_id_dispute_id'))
    )
    op.create_index('ix_disputes_order', 'disputes', ['distributor_id', 'order_id'])
    op.create_table('restorations',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('backup_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('restored_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_restorations'))
    )
