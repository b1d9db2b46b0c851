"""prices by volume"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = 'volumes'
down_revision = 'managers'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    for table in ('plans', 'plan_costs', 'wholesale_prices', 'listings'):
        op.add_column(table, sa.Column('steps', JSONB(), server_default=sa.text("'[]'"), nullable=False))
