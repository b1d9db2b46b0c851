"""sheets of any vendor: what their columns mean, volume steps, dates; what vendors say about their things"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'imports'
down_revision = 'newsletters'
branch_labels = None
depends_on = None

JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.alter_column('price_imports', 'product_type_id', nullable=True)
    op.add_column('price_imports', sa.Column('whole', sa.Boolean(), server_default='true', nullable=False))
    op.add_column('price_imports', sa.Column('any_origin', sa.Boolean(), server_default='false', nullable=False))
    op.add_column('price_imports', sa.Column('market', sa.Text(), server_default='', nullable=False))
    op.add_column('price_imports', sa.Column('segment', sa.Text(), server_default='', nullable=False))
    op.add_column('price_imports', sa.Column('as_of', sa.DateTime(timezone=True), nullable=True))
    op.add_column('price_imports', sa.Column('next_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('price_imports', sa.Column('problem', sa.Text(), server_default='', nullable=False))
    op.add_column('price_imports', sa.Column('told', JSON, server_default='{}', nullable=False))
    op.add_column('price_import_rows', sa.Column('published', sa.Boolean(), server_default='true', nullable=False))
    for name in ('category', 'description', 'product_type', 'relation', 'target_code'):
        op.add_column('price_import_rows', sa.Column(name, sa.Text(), server_default='', nullable=False))
    for name in ('minimum', 'maximum', 'was_minimum', 'was_maximum'):
        op.add_column('price_import_rows', sa.Column(name, sa.BigInteger(), nullable=True))
    for name in ('list_steps', 'cost_steps', 'wholesale_steps', 'was_list_steps', 'was_cost_steps', 'was_wholesale_steps'):
        op.add_column('price_import_rows', sa.Column(name, JSON, server_default='[]', nullable=False))
    # what was applied before quantities were looked at can still be undone
    op.execute("UPDATE price_import_rows r SET minimum = p.minimum_quantity, maximum = p.maximum_quantity, was_minimum = p.minimum_quantity,"
               " was_maximum = p.maximum_quantity FROM plans p WHERE p.distributor_id = r.distributor_id AND p.id = r.plan_id")
    op.create_table('sheet_sources',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('heads', JSON, nullable=False),
    sa.Column('meaning', JSON, nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_sheet_sources')),
    sa.UniqueConstraint('distributor_id', 'name', name=op.f('uq_sheet_sources_distributor_id_name'))
    )
    op.create_table('sheet_files',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('file_name', sa.Text(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('heads', JSON, nullable=False),
    sa.Column('samples', JSON, nullable=False),
    sa.Column('asked', JSON, nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_sheet_files')),
    sa.UniqueConstraint('distributor_id', 'code', name=op.f('uq_sheet_files_distributor_id_code'))
    )
    op.create_table('vendor_relations',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('relation', sa.Enum('add_on', 'upgrade', 'partial_upgrade', 'needs', name='relation', native_enum=False, length=40), nullable=False),
    sa.Column('from_code', sa.Text(), nullable=False),
    sa.Column('to_code', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_vendor_relations')),
    sa.UniqueConstraint('distributor_id', 'source', 'relation', 'from_code', 'to_code', name=op.f('uq_vendor_relations_said'))
    )
    op.create_table('service_sources',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('connector', sa.Text(), nullable=False),
    sa.Column('price_list_id', sa.Uuid(), nullable=False),
    sa.Column('share_points', sa.BigInteger(), nullable=False),
    sa.Column('category', sa.Text(), nullable=False),
    sa.Column('nightly', sa.Boolean(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('import_code', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'price_list_id'], ['price_lists.distributor_id', 'price_lists.id'], name=op.f('fk_service_sources_distributor_id_price_list_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_service_sources')),
    sa.UniqueConstraint('distributor_id', 'connector', name=op.f('uq_service_sources_distributor_id_connector'))
    )
