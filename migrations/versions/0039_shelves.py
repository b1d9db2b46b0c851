"""words that begin with what is typed, by an index"""

from alembic import op

revision = 'shelves'
down_revision = 'wire'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Brings the database here."""
    op.create_index(
        'ix_search_words_beginning', 'search_words', ['distributor_id', 'word'], postgresql_ops={'word': 'text_pattern_ops'}
    )


def downgrade() -> None:
    """Takes it back."""
    op.drop_index('ix_search_words_beginning', table_name='search_words')
