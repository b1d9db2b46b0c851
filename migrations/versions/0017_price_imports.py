"""imports of price sheets and their rows; where a plan comes from"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'price_imports'
down_revision = 'programmes'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.add_column('plans', sa.Column('source', sa.Text(), server_default='', nullable=False))
    op.create_table('price_imports',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('file_name', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('state', sa.Enum('previewed', 'applying', 'applied', 'undoing', 'undone', 'discarded', name='importstate', native_enum=False, length=40), nullable=False),
    sa.Column('product_type_id', sa.Uuid(), nullable=False),
    sa.Column('price_list_id', sa.Uuid(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('category', sa.Text(), nullable=False),
    sa.Column('share_points', sa.BigInteger(), nullable=False),
    sa.Column('counts', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('outcome', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Text(), nullable=False),
    sa.Column('applied_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['distributor_id', 'price_list_id'], ['price_lists.distributor_id', 'price_lists.id'], name=op.f('fk_price_imports_distributor_id_price_list_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'product_type_id'], ['product_types.distributor_id', 'product_types.id'], name=op.f('fk_price_imports_distributor_id_product_type_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_price_imports')),
    sa.UniqueConstraint('distributor_id', 'code', name=op.f('uq_price_imports_distributor_id_code'))
    )
    op.create_index('ix_price_imports_state', 'price_imports', ['distributor_id', 'state', 'id'])
    op.create_table('price_import_rows',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('import_id', sa.Uuid(), nullable=False),
    sa.Column('line', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Enum('new', 'changed', 'unchanged', 'retired', 'left_out', 'problem', 'stale', name='rowkind', native_enum=False, length=40), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('column', sa.Text(), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('plan_id', sa.Uuid(), nullable=True),
    sa.Column('plan_code', sa.Text(), nullable=False),
    sa.Column('plan', sa.Text(), nullable=False),
    sa.Column('sku', sa.Text(), nullable=False),
    sa.Column('term', sa.Text(), nullable=False),
    sa.Column('billing_period', sa.Text(), nullable=False),
    sa.Column('product_code', sa.Text(), nullable=False),
    sa.Column('vendor', sa.Text(), nullable=False),
    sa.Column('summary', sa.Text(), nullable=False),
    sa.Column('list_minor', sa.BigInteger(), nullable=True),
    sa.Column('cost_minor', sa.BigInteger(), nullable=True),
    sa.Column('wholesale_minor', sa.BigInteger(), nullable=True),
    sa.Column('was_list_minor', sa.BigInteger(), nullable=True),
    sa.Column('was_cost_minor', sa.BigInteger(), nullable=True),
    sa.Column('was_wholesale_minor', sa.BigInteger(), nullable=True),
    sa.Column('was_published', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'import_id'], ['price_imports.distributor_id', 'price_imports.id'], name=op.f('fk_price_import_rows_distributor_id_import_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_price_import_rows'))
    )
    op.create_index('ix_price_import_rows_kind', 'price_import_rows', ['distributor_id', 'import_id', 'kind', 'line', 'id'])
    op.create_index('ix_price_import_rows_line', 'price_import_rows', ['distributor_id', 'import_id', 'line', 'id'])
