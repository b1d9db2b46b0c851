"""What is over is forgotten: failures and what was asked for too often, by when they were touched last."""

from alembic import op

revision = 'forgetting'
down_revision = 'joins'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An index finds the old ones."""
    op.create_index('ix_throttles_touched', 'throttles', ['touched_at'])


def downgrade() -> None:
    """Takes it back."""
    op.drop_index('ix_throttles_touched', 'throttles')
