"""who may come in, how often, and on which terms"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'access'
down_revision = 'programmes'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.create_table('programme_access',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('programme_id', sa.Uuid(), nullable=False),
    sa.Column('logins', sa.BigInteger(), nullable=True),
    sa.Column('email_fixed', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'programme_id'], ['programmes.distributor_id', 'programmes.id'], name=op.f('fk_programme_access_distributor_id_programme_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_programme_access')),
    sa.UniqueConstraint('distributor_id', 'programme_id', name=op.f('uq_programme_access_distributor_id_programme_id'))
    )
    op.create_table('sign_in_rules',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('idle_minutes', sa.BigInteger(), nullable=False),
    sa.Column('longest_minutes', sa.BigInteger(), nullable=False),
    sa.Column('two_factor', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.CheckConstraint('idle_minutes > 0 AND idle_minutes <= longest_minutes', name=op.f('ck_sign_in_rules_minutes')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_sign_in_rules')),
    sa.UniqueConstraint('distributor_id', name=op.f('uq_sign_in_rules_distributor_id'))
    )
    op.add_column('sessions', sa.Column('idle', sa.Interval(), server_default=sa.text("interval '1 hour'"), nullable=False))
