"""partner account managers, and looks at partners' consoles"""

import sqlalchemy as sa
from alembic import op

revision = 'managers'
down_revision = 'programmes'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.add_column('distributors', sa.Column('view_minutes', sa.BigInteger(), server_default='30', nullable=False))
    op.add_column('sessions', sa.Column('viewing_id', sa.Uuid(), nullable=True))
    op.create_table('partner_managers',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('membership_id', sa.Uuid(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'membership_id'], ['memberships.distributor_id', 'memberships.id'], name=op.f('fk_partner_managers_distributor_id_membership_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_partner_managers_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_partner_managers')),
    sa.UniqueConstraint('distributor_id', 'reseller_id', name=op.f('uq_partner_managers_distributor_id_reseller_id'))
    )
    op.create_index('ix_partner_managers_membership', 'partner_managers', ['distributor_id', 'membership_id'], unique=False)
    op.create_table('viewings',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('state', sa.Enum('open', 'ended', name='viewingstate', native_enum=False, length=40), nullable=False),
    sa.Column('begun_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_viewings_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_viewings'))
    )
    op.create_index('ix_viewings_reseller', 'viewings', ['distributor_id', 'reseller_id', 'id'], unique=False)
    op.create_index('ix_viewings_open', 'viewings', ['distributor_id', 'until'], unique=False, postgresql_where=sa.text("state = 'open'"))
