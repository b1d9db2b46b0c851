"""products that only partners of their programme sell"""

import sqlalchemy as sa
from alembic import op

revision = 'joins'
down_revision = 'shelves'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.add_column('products', sa.Column('partners_only', sa.Boolean(), server_default=sa.text('false'), nullable=False))
    op.create_check_constraint(op.f('ck_products_partners_only'), 'products', 'NOT partners_only OR programme_id IS NOT NULL')


def downgrade() -> None:
    """Takes it back."""
    op.drop_constraint(op.f('ck_products_partners_only'), 'products')
    op.drop_column('products', 'partners_only')
