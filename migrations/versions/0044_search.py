"""a sample of every shelf has an index of words of its own"""

import sqlalchemy as sa
from alembic import op

revision = 'search'
down_revision = 'shelves'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.create_index(
        'ix_search_texts_sample_words', 'search_texts', ['words'], postgresql_using='gin',
        postgresql_where=sa.text('(get_byte(uuid_send(product_id), 15) < 16)'),
        postgresql_with={'fastupdate': 'off'},
    )
