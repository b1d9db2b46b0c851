"""to which kinds of companies a plan of an imported sheet is sold"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = 'sells'
down_revision = 'search'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.add_column('price_import_rows', sa.Column('segments', JSONB(), server_default='[]', nullable=False))
