"""what goes back when a service is ended at once, within its window"""

import sqlalchemy as sa
from alembic import op

revision = 'windows'
down_revision = 'promotions'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.add_column('cancellations', sa.Column('back_minor', sa.BigInteger(), nullable=True))
    op.add_column('cancellations', sa.Column('currency', sa.Text(), nullable=True))
    op.create_check_constraint(op.f('ck_cancellations_back'), 'cancellations', '(back_minor IS NULL) = (currency IS NULL) AND back_minor >= 0')
