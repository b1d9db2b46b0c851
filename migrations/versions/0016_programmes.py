"""programmes, their agreements, applications, signatures and enrolments"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'programmes'
down_revision = 'refunds'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.create_table('programmes',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('explanation', sa.Text(), nullable=False),
    sa.Column('takes_applications', sa.Boolean(), nullable=False),
    sa.Column('evidence', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('irreversible', sa.Boolean(), nullable=False),
    sa.Column('answer_days', sa.BigInteger(), nullable=False),
    sa.Column('term', sa.Enum('P1M', 'P1Y', 'P3Y', name='term', native_enum=False, length=40), nullable=False),
    sa.Column('price_list_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'price_list_id'], ['price_lists.distributor_id', 'price_lists.id'], name=op.f('fk_programmes_distributor_id_price_list_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_programmes')),
    sa.UniqueConstraint('distributor_id', 'code', name=op.f('uq_programmes_distributor_id_code'))
    )
    op.create_table('agreements',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('programme_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('valid_from', sa.DateTime(timezone=True), nullable=False),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('published_by', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'programme_id'], ['programmes.distributor_id', 'programmes.id'], name=op.f('fk_agreements_distributor_id_programme_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_agreements')),
    sa.UniqueConstraint('distributor_id', 'programme_id', 'number', name=op.f('uq_agreements_distributor_id_programme_id_number'))
    )
    op.create_table('applications',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('programme_id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('company', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('evidence', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('state', sa.Enum('submitted', 'asked_back', 'approved', 'signed', 'declined', 'withdrawn', name='applicationstate', native_enum=False, length=40), nullable=False),
    sa.Column('question', sa.Text(), nullable=False),
    sa.Column('answer', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('agreement_id', sa.Uuid(), nullable=True),
    sa.Column('nonce', sa.Text(), nullable=False),
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('sending', sa.BigInteger(), nullable=False),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'agreement_id'], ['agreements.distributor_id', 'agreements.id'], name=op.f('fk_applications_distributor_id_agreement_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'programme_id'], ['programmes.distributor_id', 'programmes.id'], name=op.f('fk_applications_distributor_id_programme_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_applications')),
    sa.UniqueConstraint('distributor_id', 'code', name=op.f('uq_applications_distributor_id_code'))
    )
    op.create_index('ix_applications_state', 'applications', ['distributor_id', 'state', 'id'], unique=False)
    op.create_index('ix_applications_token_hash', 'applications', ['distributor_id', 'token_hash'], unique=True)
    op.create_index('uq_applications_under_way', 'applications', ['distributor_id', 'programme_id', 'email'], unique=True, postgresql_where=sa.text("state IN ('submitted', 'asked_back', 'approved')"))
    op.create_table('agreement_signatures',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('application_id', sa.Uuid(), nullable=False),
    sa.Column('agreement_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('irreversible', sa.Boolean(), nullable=False),
    sa.Column('company', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('browser', sa.Text(), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('signed_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'agreement_id'], ['agreements.distributor_id', 'agreements.id'], name=op.f('fk_agreement_signatures_distributor_id_agreement_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'application_id'], ['applications.distributor_id', 'applications.id'], name=op.f('fk_agreement_signatures_distributor_id_application_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_agreement_signatures_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_agreement_signatures')),
    sa.UniqueConstraint('distributor_id', 'application_id', name=op.f('uq_agreement_signatures_distributor_id_application_id'))
    )
    op.create_table('enrolments',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('programme_id', sa.Uuid(), nullable=False),
    sa.Column('application_id', sa.Uuid(), nullable=False),
    sa.Column('programme_name', sa.Text(), nullable=False),
    sa.Column('state', sa.Enum('active', 'ended', name='enrolmentstate', native_enum=False, length=40), nullable=False),
    sa.Column('signed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'application_id'], ['applications.distributor_id', 'applications.id'], name=op.f('fk_enrolments_distributor_id_application_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'programme_id'], ['programmes.distributor_id', 'programmes.id'], name=op.f('fk_enrolments_distributor_id_programme_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_enrolments_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_enrolments'))
    )
    op.create_index('ix_enrolments_ends', 'enrolments', ['distributor_id', 'ends_at'], unique=False, postgresql_where=sa.text("state = 'active'"))
    op.create_index('ix_enrolments_reseller', 'enrolments', ['distributor_id', 'reseller_id', 'id'], unique=False)
    op.create_index('uq_enrolments_active', 'enrolments', ['distributor_id', 'programme_id', 'reseller_id'], unique=True, postgresql_where=sa.text("state = 'active'"))
