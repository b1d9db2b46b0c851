"""plans priced as another times a factor"""

import sqlalchemy as sa
from alembic import op

revision = 'steps'
down_revision = 'volumes'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.add_column('plans', sa.Column('priced_as_id', sa.Uuid(), nullable=True))
    op.add_column('plans', sa.Column('factor', sa.Numeric(), nullable=True))
    op.create_foreign_key(
        op.f('fk_plans_distributor_id_priced_as_id'), 'plans', 'plans', ['distributor_id', 'priced_as_id'], ['distributor_id', 'id']
    )
    op.create_check_constraint(op.f('ck_plans_factor'), 'plans', '(priced_as_id IS NULL) = (factor IS NULL) AND factor > 0 AND priced_as_id <> id')
    op.create_index('ix_plans_priced_as', 'plans', ['distributor_id', 'priced_as_id'], unique=False)
