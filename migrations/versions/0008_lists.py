"""lists: the reasons and details of the trail move to a table of the side that wrote them; indexes of long lists"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'lists'
down_revision = 'endings'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; there is no way back but a restore. Who wrote an old reason is not known, so it is the distributor's."""
    op.create_table('trail_notes',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=True),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('detail', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'id'], ['trail.distributor_id', 'trail.id'], name=op.f('fk_trail_notes_distributor_id_id'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_trail_notes'))
    )
    op.execute("ALTER TABLE trail NO FORCE ROW LEVEL SECURITY")  # the owner reads its rows; rights are applied again afterwards
    op.add_column('trail', sa.Column('told', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False))
    op.execute("UPDATE trail SET told = jsonb_strip_nulls(jsonb_build_object('on', detail->'on', 'by', detail->'by', 'days', detail->'days', 'ends', detail->'ends')) WHERE object_type = 'subscriptions'")
    op.execute("INSERT INTO trail_notes (distributor_id, id, why, detail) SELECT distributor_id, id, why, detail FROM trail WHERE why <> '' OR detail <> '{}'::jsonb")
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    op.drop_column('trail', 'why')
    op.drop_column('trail', 'detail')
    op.create_index('ix_tasks_parked', 'tasks', ['next_at'], unique=False, postgresql_where=sa.text("state = 'parked'"))
    op.create_index('ix_payments_pending', 'payments', ['created_at'], unique=False, postgresql_where=sa.text("state = 'pending'"))
    op.create_index('ix_stripe_events_waiting', 'stripe_events', ['received_at'], unique=False, postgresql_where=sa.text('handled_at IS NULL AND (session_id IS NOT NULL OR attempt_id IS NOT NULL)'))
    op.create_index('ix_customers_name', 'customers', ['distributor_id', 'name', 'id'], unique=False)
