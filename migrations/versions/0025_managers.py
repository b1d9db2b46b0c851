"""partner account managers, and looks at partners' consoles"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'managers'
down_revision = 'access'
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
    op.create_table('account_rules',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('programme_id', sa.Uuid(), nullable=False),
    sa.Column('terms_first', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'programme_id'], ['programmes.distributor_id', 'programmes.id'], name=op.f('fk_account_rules_distributor_id_programme_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_account_rules')),
    sa.UniqueConstraint('distributor_id', 'programme_id', name=op.f('uq_account_rules_distributor_id_programme_id'))
    )
    op.create_table('support_types',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('programme_id', sa.Uuid(), nullable=False),
    sa.Column('label', sa.Text(), nullable=False),
    sa.Column('definition', sa.Text(), nullable=False),
    sa.Column('needs_qualification', sa.Boolean(), nullable=False),
    sa.Column('co_managed', sa.Boolean(), nullable=False),
    sa.Column('offered', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'programme_id'], ['programmes.distributor_id', 'programmes.id'], name=op.f('fk_support_types_distributor_id_programme_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_support_types')),
    sa.UniqueConstraint('distributor_id', 'programme_id', 'label', name=op.f('uq_support_types_distributor_id_programme_id_label'))
    )
    op.create_table('qualifications',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('enrolment_id', sa.Uuid(), nullable=False),
    sa.Column('managed_service', sa.Boolean(), nullable=False),
    sa.Column('remediation', sa.Boolean(), nullable=False),
    sa.Column('evidence', sa.Text(), nullable=False),
    sa.Column('recorded_by', sa.Text(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'enrolment_id'], ['enrolments.distributor_id', 'enrolments.id'], name=op.f('fk_qualifications_distributor_id_enrolment_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_qualifications')),
    sa.UniqueConstraint('distributor_id', 'enrolment_id', name=op.f('uq_qualifications_distributor_id_enrolment_id'))
    )
    op.create_table('customer_supports',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('support_type_id', sa.Uuid(), nullable=False),
    sa.Column('label', sa.Text(), nullable=False),
    sa.Column('co_managed', sa.Boolean(), nullable=False),
    sa.Column('chosen_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'customer_id'], ['customers.distributor_id', 'customers.id'], name=op.f('fk_customer_supports_distributor_id_customer_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'support_type_id'], ['support_types.distributor_id', 'support_types.id'], name=op.f('fk_customer_supports_distributor_id_support_type_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_customer_supports')),
    sa.UniqueConstraint('distributor_id', 'reseller_id', 'customer_id', name=op.f('uq_customer_supports_distributor_id_reseller_id_customer_id'))
    )
    op.create_index('ix_customer_supports_type', 'customer_supports', ['distributor_id', 'support_type_id'], unique=False)
    op.create_table('entry_acceptances',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('membership_id', sa.Uuid(), nullable=False),
    sa.Column('terms_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('browser', sa.Text(), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'membership_id'], ['memberships.distributor_id', 'memberships.id'], name=op.f('fk_entry_acceptances_distributor_id_membership_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'terms_id'], ['terms.distributor_id', 'terms.id'], name=op.f('fk_entry_acceptances_distributor_id_terms_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_entry_acceptances')),
    sa.UniqueConstraint('distributor_id', 'membership_id', 'terms_id', name=op.f('uq_entry_acceptances_distributor_id_membership_id_terms_id'))
    )
    op.create_table('resource_files',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_resource_files')),
    sa.UniqueConstraint('distributor_id', 'digest', name=op.f('uq_resource_files_distributor_id_digest'))
    )
    op.create_table('resources',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('programme_id', sa.Uuid(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('summary', sa.Text(), nullable=False),
    sa.Column('sort', sa.Enum('badge', 'video', 'webinar', 'case_study', 'whitepaper', 'datasheet', 'course', name='sort', native_enum=False, length=40), nullable=False),
    sa.Column('audience', sa.Enum('partners', 'resellers', name='audience', native_enum=False, length=40), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('file_id', sa.Uuid(), nullable=True),
    sa.Column('shown', sa.Boolean(), nullable=False),
    sa.Column('added_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'file_id'], ['resource_files.distributor_id', 'resource_files.id'], name=op.f('fk_resources_distributor_id_file_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'programme_id'], ['programmes.distributor_id', 'programmes.id'], name=op.f('fk_resources_distributor_id_programme_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_resources'))
    )
    op.create_index('ix_resources_programme', 'resources', ['distributor_id', 'programme_id', 'title'], unique=False)
    op.create_table('request_kinds',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('programme_id', sa.Uuid(), nullable=False),
    sa.Column('label', sa.Text(), nullable=False),
    sa.Column('explanation', sa.Text(), nullable=False),
    sa.Column('questions', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('yearly', sa.Boolean(), nullable=False),
    sa.Column('offered', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'programme_id'], ['programmes.distributor_id', 'programmes.id'], name=op.f('fk_request_kinds_distributor_id_programme_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_request_kinds')),
    sa.UniqueConstraint('distributor_id', 'programme_id', 'label', name=op.f('uq_request_kinds_distributor_id_programme_id_label'))
    )
    op.create_table('programme_requests',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('kind_id', sa.Uuid(), nullable=False),
    sa.Column('label', sa.Text(), nullable=False),
    sa.Column('programme_name', sa.Text(), nullable=False),
    sa.Column('yearly', sa.Boolean(), nullable=False),
    sa.Column('answers', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('state', sa.Enum('submitted', 'granted', 'declined', 'withdrawn', 'expired', name='requeststate', native_enum=False, length=40), nullable=False),
    sa.Column('reply', sa.Text(), nullable=False),
    sa.Column('answered_by', sa.Text(), nullable=False),
    sa.Column('handed_in_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('renewals', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'kind_id'], ['request_kinds.distributor_id', 'request_kinds.id'], name=op.f('fk_programme_requests_distributor_id_kind_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_programme_requests_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_programme_requests')),
    sa.UniqueConstraint('distributor_id', 'code', name=op.f('uq_programme_requests_distributor_id_code'))
    )
    op.create_index('ix_programme_requests_reseller', 'programme_requests', ['distributor_id', 'reseller_id', 'id'], unique=False)
    op.create_index('ix_programme_requests_state', 'programme_requests', ['distributor_id', 'state', 'id'], unique=False)
    op.create_index('uq_programme_requests_open', 'programme_requests', ['distributor_id', 'reseller_id', 'kind_id'], unique=True, postgresql_where=sa.text("state = 'submitted'"))
