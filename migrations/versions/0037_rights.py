"""relations with customers: rules of programmes, admin rights and their answers, requests for customers"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'rights'
down_revision = 'windows'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.create_table('relation_rules',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('programme_id', sa.Uuid(), nullable=False),
    sa.Column('provider_creates', sa.Boolean(), nullable=False),
    sa.Column('asks_rights', sa.Boolean(), nullable=False),
    sa.Column('agreement_first', sa.Boolean(), nullable=False),
    sa.Column('same_area', sa.Boolean(), nullable=False),
    sa.Column('region', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('no_dashboard', sa.Boolean(), nullable=False),
    sa.Column('no_agents', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'programme_id'], ['programmes.distributor_id', 'programmes.id'], name=op.f('fk_relation_rules_distributor_id_programme_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_relation_rules')),
    sa.UniqueConstraint('distributor_id', 'programme_id', name=op.f('uq_relation_rules_distributor_id_programme_id'))
    )
    op.create_table('admin_rights',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('state', sa.Enum('asked', 'granted', 'declined', 'withdrawn', 'removed', name='rightsstate', native_enum=False, length=40), nullable=False),
    sa.Column('asked_by', sa.Text(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'customer_id'], ['customers.distributor_id', 'customers.id'], name=op.f('fk_admin_rights_distributor_id_customer_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_admin_rights_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_admin_rights'))
    )
    op.create_index('ix_admin_rights_customer', 'admin_rights', ['distributor_id', 'customer_id', 'id'], unique=False)
    op.create_index('uq_admin_rights_open', 'admin_rights', ['distributor_id', 'reseller_id', 'customer_id'], unique=True, postgresql_where=sa.text("state IN ('asked', 'granted')"))
    op.create_table('rights_answers',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('rights_id', sa.Uuid(), nullable=False),
    sa.Column('said', sa.Enum('asked', 'granted', 'declined', 'withdrawn', 'removed', name='rightsstate', native_enum=False, length=40), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('browser', sa.Text(), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'rights_id'], ['admin_rights.distributor_id', 'admin_rights.id'], name=op.f('fk_rights_answers_distributor_id_rights_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_rights_answers'))
    )
    op.create_index('ix_rights_answers_rights', 'rights_answers', ['distributor_id', 'rights_id'], unique=False)
    op.create_table('customer_requests',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('programme_id', sa.Uuid(), nullable=False),
    sa.Column('programme_name', sa.Text(), nullable=False),
    sa.Column('company', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('country', sa.Text(), nullable=False),
    sa.Column('rights', sa.Boolean(), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('state', sa.Enum('asked', 'created', 'declined', 'withdrawn', name='customerrequeststate', native_enum=False, length=40), nullable=False),
    sa.Column('asked_by', sa.Text(), nullable=False),
    sa.Column('asker_email', sa.Text(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('decided_by', sa.Text(), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'customer_id'], ['customers.distributor_id', 'customers.id'], name=op.f('fk_customer_requests_distributor_id_customer_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'programme_id'], ['programmes.distributor_id', 'programmes.id'], name=op.f('fk_customer_requests_distributor_id_programme_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_customer_requests_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_customer_requests')),
    sa.UniqueConstraint('distributor_id', 'code', name=op.f('uq_customer_requests_distributor_id_code'))
    )
    op.create_index('ix_customer_requests_reseller', 'customer_requests', ['distributor_id', 'reseller_id', 'id'], unique=False)
    op.create_index('ix_customer_requests_state', 'customer_requests', ['distributor_id', 'state', 'id'], unique=False)
    op.create_index('uq_customer_requests_asked', 'customer_requests', ['distributor_id', 'reseller_id', 'email'], unique=True, postgresql_where=sa.text("state = 'asked'"))
