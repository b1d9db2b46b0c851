"""the newsletter, its copies, and who declined it"""

import sqlalchemy as sa
from alembic import op

revision = 'newsletters'
down_revision = 'support_hours'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.create_table('newsletters',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('programme_id', sa.Uuid(), nullable=True),
    sa.Column('programme_name', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('copies', sa.BigInteger(), nullable=False),
    sa.Column('sent_by', sa.Text(), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'programme_id'], ['programmes.distributor_id', 'programmes.id'], name=op.f('fk_newsletters_distributor_id_programme_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_newsletters')),
    sa.UniqueConstraint('distributor_id', 'code', name=op.f('uq_newsletters_distributor_id_code'))
    )
    op.create_table('newsletter_copies',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('newsletter_id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'newsletter_id'], ['newsletters.distributor_id', 'newsletters.id'], name=op.f('fk_newsletter_copies_distributor_id_newsletter_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_newsletter_copies_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_newsletter_copies')),
    sa.UniqueConstraint('distributor_id', 'reseller_id', 'newsletter_id', name=op.f('uq_newsletter_copies_distributor_id_reseller_id_newsletter_id'))
    )
    op.create_table('newsletters_declined',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'reseller_id'], ['resellers.distributor_id', 'resellers.id'], name=op.f('fk_newsletters_declined_distributor_id_reseller_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_newsletters_declined')),
    sa.UniqueConstraint('distributor_id', 'reseller_id', name=op.f('uq_newsletters_declined_distributor_id_reseller_id'))
    )
