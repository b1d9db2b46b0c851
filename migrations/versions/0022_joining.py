"""How one joins a programme, documents of applications, verification, and channels."""

import sqlalchemy as sa
from alembic import op

revision = 'joining'
down_revision = 'transfers'
branch_labels = None
depends_on = None

UNDER_WAY = "state IN ('submitted', 'verifying', 'asked_back', 'approved')"


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.add_column('applications', sa.Column('link_sent_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False))
    op.add_column('applications', sa.Column('applicant_id', sa.Uuid(), nullable=True))
    op.add_column('applications', sa.Column('due_at', sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(op.f('fk_applications_distributor_id_applicant_id'), 'applications', 'resellers', ['distributor_id', 'applicant_id'], ['distributor_id', 'id'])
    op.drop_index('uq_applications_under_way', table_name='applications')
    op.create_index('uq_applications_under_way', 'applications', ['distributor_id', 'programme_id', 'email'], unique=True, postgresql_where=sa.text(UNDER_WAY))
    op.create_index('uq_applications_applicant', 'applications', ['distributor_id', 'programme_id', 'applicant_id'], unique=True, postgresql_where=sa.text(f'applicant_id IS NOT NULL AND {UNDER_WAY}'))
    op.create_index('ix_applications_due', 'applications', ['distributor_id', 'due_at'], unique=False, postgresql_where=sa.text("state IN ('submitted', 'verifying')"))
    op.create_table('joinings',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('programme_id', sa.Uuid(), nullable=False),
    sa.Column('documents', sa.Enum('none', 'optional', 'required', name='paperwork', native_enum=False, length=40), nullable=False),
    sa.Column('documents_hint', sa.Text(), nullable=False),
    sa.Column('verifies', sa.Boolean(), nullable=False),
    sa.Column('verification_days', sa.BigInteger(), nullable=False),
    sa.Column('channel', sa.Enum('direct', 'indirect', name='channel', native_enum=False, length=40), nullable=False),
    sa.Column('link_days', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'programme_id'], ['programmes.distributor_id', 'programmes.id'], name=op.f('fk_joinings_distributor_id_programme_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_joinings')),
    sa.UniqueConstraint('distributor_id', 'programme_id', name=op.f('uq_joinings_distributor_id_programme_id'))
    )
    op.create_table('application_documents',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('application_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('media_type', sa.Text(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.Column('added_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'application_id'], ['applications.distributor_id', 'applications.id'], name=op.f('fk_application_documents_distributor_id_application_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_application_documents')),
    sa.UniqueConstraint('distributor_id', 'application_id', 'number', name='uq_application_documents_number')
    )
    op.create_table('reseller_channels',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('channel', sa.Enum('direct', 'indirect', name='channel', native_enum=False, length=40), nullable=False),
    sa.Column('programme_id', sa.Uuid(), nullable=True),
    sa.Column('programme_name', sa.Text(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'programme_id'], ['programmes.distributor_id', 'programmes.id'], name=op.f('fk_reseller_channels_distributor_id_programme_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_reseller_channels_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_reseller_channels')),
    sa.UniqueConstraint('distributor_id', 'reseller_id', 'programme_id', 'channel', name='uq_reseller_channels_way', postgresql_nulls_not_distinct=True)
    )
    op.create_table('direct_notices',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('counts_from', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lifted', sa.Boolean(), nullable=False),
    sa.Column('announced_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('announced_by', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_direct_notices_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_direct_notices'))
    )
    op.create_index('ix_direct_notices_reseller', 'direct_notices', ['distributor_id', 'reseller_id', 'id'], unique=False)
    op.create_table('customer_channels',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('channel', sa.Enum('direct', 'indirect', name='channel', native_enum=False, length=40), nullable=False),
    sa.Column('programme_id', sa.Uuid(), nullable=True),
    sa.Column('programme_name', sa.Text(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'customer_id'], ['customers.distributor_id', 'customers.id'], name=op.f('fk_customer_channels_distributor_id_customer_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_customer_channels_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_customer_channels')),
    sa.UniqueConstraint('distributor_id', 'customer_id', 'reseller_id', name=op.f('uq_customer_channels_distributor_id_customer_id_reseller_id'))
    )
