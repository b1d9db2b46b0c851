"""support hours of a programme, and until when a request is answered"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'support_hours'
down_revision = 'steps'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.add_column('programme_requests', sa.Column('answer_by', sa.DateTime(timezone=True), nullable=True))
    op.create_table('support_hours',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('programme_id', sa.Uuid(), nullable=False),
    sa.Column('days', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('begins', sa.BigInteger(), nullable=False),
    sa.Column('ends', sa.BigInteger(), nullable=False),
    sa.Column('zone', sa.Text(), nullable=False),
    sa.Column('answer_hours', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('0 <= begins AND begins < ends AND ends <= 1440', name=op.f('ck_support_hours_span')),
    sa.CheckConstraint('answer_hours BETWEEN 0 AND 1000', name=op.f('ck_support_hours_answer')),
    sa.ForeignKeyConstraint(['distributor_id', 'programme_id'], ['programmes.distributor_id', 'programmes.id'], name=op.f('fk_support_hours_distributor_id_programme_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_support_hours')),
    sa.UniqueConstraint('distributor_id', 'programme_id', name=op.f('uq_support_hours_distributor_id_programme_id'))
    )
