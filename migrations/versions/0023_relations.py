"""customers' comments, invitations in one's own words, partner invitations, the directory of providers"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'relations'
down_revision = 'joining'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.add_column('invitations', sa.Column('words', sa.Text(), server_default='', nullable=False))
    op.add_column('invitations', sa.Column('adds', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index('ix_invitations_adds', 'invitations', ['distributor_id', 'email'], unique=False, postgresql_where=sa.text("state = 'pending' AND adds"))
    op.create_index('ix_memberships_customer', 'memberships', ['distributor_id', 'customer_id'], unique=False, postgresql_where=sa.text("ended_at IS NULL"))
    op.create_index('ix_resellers_company', 'resellers', ['company_id'], unique=False)
    op.create_table('customer_comments',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'customer_id'], ['customers.distributor_id', 'customers.id'], name=op.f('fk_customer_comments_distributor_id_customer_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_customer_comments_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_customer_comments')),
    sa.UniqueConstraint('distributor_id', 'reseller_id', 'customer_id', name=op.f('uq_customer_comments_distributor_id_reseller_id_customer_id'))
    )
    op.create_table('partner_invitations',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('company', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('programme_id', sa.Uuid(), nullable=True),
    sa.Column('price_list_id', sa.Uuid(), nullable=False),
    sa.Column('invited_by', sa.Text(), nullable=False),
    sa.Column('state', sa.Enum('pending', 'accepted', 'revoked', name='partnerinvitationstate', native_enum=False, length=40), nullable=False),
    sa.Column('nonce', sa.Text(), nullable=False),
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('sending', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('accepted_by', sa.Text(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=True),
    sa.ForeignKeyConstraint(['distributor_id', 'price_list_id'], ['price_lists.distributor_id', 'price_lists.id'], name=op.f('fk_partner_invitations_distributor_id_price_list_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'programme_id'], ['programmes.distributor_id', 'programmes.id'], name=op.f('fk_partner_invitations_distributor_id_programme_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_partner_invitations_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_partner_invitations')),
    sa.UniqueConstraint('distributor_id', 'code', name=op.f('uq_partner_invitations_distributor_id_code'))
    )
    op.create_index('ix_partner_invitations_token_hash', 'partner_invitations', ['distributor_id', 'token_hash'], unique=True)
    op.create_index('uq_partner_invitations_pending', 'partner_invitations', ['distributor_id', 'email'], unique=True, postgresql_where=sa.text("state = 'pending'"))
    op.create_table('provider_entries',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('published', sa.Boolean(), nullable=False),
    sa.Column('about', sa.Text(), nullable=False),
    sa.Column('countries', sa.Text(), nullable=False),
    sa.Column('offers', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_provider_entries')),
    sa.UniqueConstraint('distributor_id', name=op.f('uq_provider_entries_distributor_id'))
    )
    op.create_table('partner_requests',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('company_id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('company', sa.Text(), nullable=False),
    sa.Column('country', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('state', sa.Enum('asked', 'invited', 'declined', name='partnerrequeststate', native_enum=False, length=40), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_partner_requests')),
    sa.UniqueConstraint('distributor_id', 'code', name=op.f('uq_partner_requests_distributor_id_code'))
    )
    op.create_index('ix_partner_requests_company', 'partner_requests', ['company_id', 'asked_at'], unique=False)
    op.create_index('uq_partner_requests_asked', 'partner_requests', ['distributor_id', 'company_id'], unique=True, postgresql_where=sa.text("state = 'asked'"))
