"""the distributor's catalogue editor: states with dates, schemas, upgrades, pictures, translations, categories"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = 'catalogue'
down_revision = 'offers'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.add_column('product_types', sa.Column('attributes', JSONB(), server_default=sa.text("'[]'"), nullable=False))
    op.add_column('product_types', sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True))
    for table in ('products', 'plans'):  # their names are ours
        op.add_column(table, sa.Column('state', sa.Enum('draft', 'published', 'retired', name='salestate', native_enum=False, length=40), server_default='published', nullable=False))
        op.execute(sa.table(table, sa.column('state'), sa.column('published')).update().where(~sa.column('published')).values(state='retired'))
        for column in ('publish_at', 'retire_at', 'archived_at'):
            op.add_column(table, sa.Column(column, sa.DateTime(timezone=True), nullable=True))
        op.add_column(table, sa.Column('attributes', JSONB(), server_default=sa.text("'{}'"), nullable=False))
        op.add_column(table, sa.Column('replaced_by_id', sa.Uuid(), nullable=True))
        op.create_foreign_key(op.f(f'fk_{table}_distributor_id_replaced_by_id'), table, table, ['distributor_id', 'replaced_by_id'], ['distributor_id', 'id'])
        op.create_index(f'ix_{table}_turns', table, ['distributor_id'], unique=False, postgresql_where=sa.text('publish_at IS NOT NULL OR retire_at IS NOT NULL'))
    op.add_column('products', sa.Column('picture', sa.Text(), server_default='', nullable=False))
    op.add_column('products', sa.Column('picture_alt', sa.Text(), server_default='', nullable=False))
    op.add_column('plans', sa.Column('markets', JSONB(), server_default=sa.text("'[]'"), nullable=False))
    op.add_column('plans', sa.Column('segments', JSONB(), server_default=sa.text("'[]'"), nullable=False))
    op.add_column('customers', sa.Column('segment', sa.Enum('commercial', 'education', 'charity', name='segment', native_enum=False, length=40), server_default='commercial', nullable=False))
    op.create_table('plan_upgrades',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('from_plan_id', sa.Uuid(), nullable=False),
    sa.Column('to_plan_id', sa.Uuid(), nullable=False),
    sa.Column('moves', sa.Enum('all', 'some', name='moves', native_enum=False, length=40), nullable=False),
    sa.CheckConstraint('from_plan_id <> to_plan_id', name=op.f('ck_plan_upgrades_onwards')),
    sa.ForeignKeyConstraint(['distributor_id', 'from_plan_id'], ['plans.distributor_id', 'plans.id'], name=op.f('fk_plan_upgrades_distributor_id_from_plan_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'to_plan_id'], ['plans.distributor_id', 'plans.id'], name=op.f('fk_plan_upgrades_distributor_id_to_plan_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_plan_upgrades')),
    sa.UniqueConstraint('distributor_id', 'from_plan_id', 'to_plan_id', name=op.f('uq_plan_upgrades_distributor_id_from_plan_id_to_plan_id'))
    )
    op.create_index('ix_plan_upgrades_to', 'plan_upgrades', ['distributor_id', 'to_plan_id'], unique=False)
    op.create_table('product_pictures',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('product_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('alt', sa.Text(), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('width', sa.BigInteger(), nullable=False),
    sa.Column('height', sa.BigInteger(), nullable=False),
    sa.Column('page', sa.LargeBinary(), nullable=False),
    sa.Column('card', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['distributor_id', 'product_id'], ['products.distributor_id', 'products.id'], name=op.f('fk_product_pictures_distributor_id_product_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_product_pictures')),
    sa.UniqueConstraint('distributor_id', 'product_id', 'name', name=op.f('uq_product_pictures_distributor_id_product_id_name'))
    )
    op.create_index('ix_product_pictures_name', 'product_pictures', ['distributor_id', 'name'], unique=False)
    op.create_table('categories',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('slug', sa.Text(), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('parent_id', sa.Uuid(), nullable=True),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('parent_id <> id', name=op.f('ck_categories_parent')),
    sa.ForeignKeyConstraint(['distributor_id', 'parent_id'], ['categories.distributor_id', 'categories.id'], name=op.f('fk_categories_distributor_id_parent_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_categories')),
    sa.UniqueConstraint('distributor_id', 'name', name=op.f('uq_categories_distributor_id_name')),
    sa.UniqueConstraint('distributor_id', 'slug', name=op.f('uq_categories_distributor_id_slug'))
    )
    op.create_table('translations',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('product_id', sa.Uuid(), nullable=True),
    sa.Column('plan_id', sa.Uuid(), nullable=True),
    sa.Column('category_id', sa.Uuid(), nullable=True),
    sa.Column('language', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('summary', sa.Text(), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.CheckConstraint('num_nonnulls(product_id, plan_id, category_id) = 1', name=op.f('ck_translations_one')),
    sa.ForeignKeyConstraint(['distributor_id', 'category_id'], ['categories.distributor_id', 'categories.id'], name=op.f('fk_translations_distributor_id_category_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'plan_id'], ['plans.distributor_id', 'plans.id'], name=op.f('fk_translations_distributor_id_plan_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'product_id'], ['products.distributor_id', 'products.id'], name=op.f('fk_translations_distributor_id_product_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_translations'))
    )
    op.create_index('ix_translations_plan', 'translations', ['distributor_id', 'plan_id'], unique=False)
    op.create_index('uq_translations_words', 'translations', ['distributor_id', 'product_id', 'plan_id', 'category_id', 'language'], unique=True, postgresql_nulls_not_distinct=True)
