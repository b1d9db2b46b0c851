"""who may come in, how often, and on which terms"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'access'
down_revision = 'relations'
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
    op.create_table('credit_terms',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('prorate_billing', sa.Boolean(), nullable=False),
    sa.Column('partial_charges', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_credit_terms_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_credit_terms')),
    sa.UniqueConstraint('distributor_id', 'reseller_id', name=op.f('uq_credit_terms_distributor_id_reseller_id'))
    )
    op.create_table('programme_credit',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('programme_id', sa.Uuid(), nullable=False),
    sa.Column('limit_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('ordering_enabled', sa.Boolean(), nullable=False),
    sa.Column('prorate_billing', sa.Boolean(), nullable=False),
    sa.Column('partial_charges', sa.Boolean(), nullable=False),
    sa.CheckConstraint('limit_minor >= 0', name=op.f('ck_programme_credit_limit')),
    sa.ForeignKeyConstraint(['distributor_id', 'programme_id'], ['programmes.distributor_id', 'programmes.id'], name=op.f('fk_programme_credit_distributor_id_programme_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_programme_credit')),
    sa.UniqueConstraint('distributor_id', 'programme_id', name=op.f('uq_programme_credit_distributor_id_programme_id'))
    )
    op.create_table('passkeys',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('credential_id', sa.LargeBinary(), nullable=False),
    sa.Column('public_key', sa.LargeBinary(), nullable=False),
    sa.Column('sign_count', sa.BigInteger(), nullable=False),
    sa.Column('host', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_used_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_passkeys')),
    sa.UniqueConstraint('credential_id', name=op.f('uq_passkeys_credential_id'))
    )
    op.create_index('ix_passkeys_person', 'passkeys', ['person_id'], unique=False)
    op.create_table('passkey_challenges',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('challenge_hash', sa.LargeBinary(), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=False),
    sa.Column('host', sa.Text(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_passkey_challenges')),
    sa.UniqueConstraint('challenge_hash', name=op.f('uq_passkey_challenges_challenge_hash'))
    )
