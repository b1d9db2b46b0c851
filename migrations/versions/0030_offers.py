"""what may be ordered together, and how much of it"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = 'offers'
down_revision = 'quotes'
branch_labels = None
depends_on = None


def number(name: str, default: str = '0') -> sa.Column[int]:
    """A whole number that rows from before have, too."""
    return sa.Column(name, sa.BigInteger(), server_default=default, nullable=False)


def values(name: str, default: str = '{}') -> sa.Column[dict[str, str]]:
    """Data that rows from before have none of."""
    return sa.Column(name, JSONB(), server_default=sa.text(f"'{default}'"), nullable=False)


def flag(name: str) -> sa.Column[bool]:
    """No, for rows from before."""
    return sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False)


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    for column in (values('order_fields', '[]'), values('variables'), number('cancellation_days'), number('reduction_days')):
        op.add_column('product_types', column)
    for column in (
        number('quantity_step', '1'), flag('conditional'), flag('once_per_customer'), number('trial_days'),
        sa.Column('cancellation_days', sa.BigInteger(), nullable=True), sa.Column('reduction_days', sa.BigInteger(), nullable=True),
    ):
        op.add_column('plans', column)
    op.create_check_constraint(op.f('ck_plans_quantity_step'), 'plans', 'quantity_step >= 1')
    op.create_table('plan_links',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('plan_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Enum('base', 'needs', 'part', name='linkkind', native_enum=False, length=40), nullable=False),
    sa.Column('product_id', sa.Uuid(), nullable=True),
    sa.Column('part_id', sa.Uuid(), nullable=True),
    sa.Column('match', sa.Enum('any', 'at_most', 'exactly', name='match', native_enum=False, length=40), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.CheckConstraint("num_nonnulls(product_id, part_id) = 1 AND (kind = 'part') = (part_id IS NOT NULL) AND part_id IS DISTINCT FROM plan_id", name=op.f('ck_plan_links_one')),
    sa.ForeignKeyConstraint(['distributor_id', 'part_id'], ['plans.distributor_id', 'plans.id'], name=op.f('fk_plan_links_distributor_id_part_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'plan_id'], ['plans.distributor_id', 'plans.id'], name=op.f('fk_plan_links_distributor_id_plan_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'product_id'], ['products.distributor_id', 'products.id'], name=op.f('fk_plan_links_distributor_id_product_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_plan_links'))
    )
    op.create_index('uq_plan_links_target', 'plan_links', ['distributor_id', 'plan_id', 'kind', 'product_id', 'part_id'], unique=True, postgresql_nulls_not_distinct=True)
    op.create_index('ix_plan_links_product', 'plan_links', ['distributor_id', 'product_id', 'kind'], unique=False)
    op.add_column('basket_lines', sa.Column('base_id', sa.Uuid(), nullable=True))
    op.add_column('subscriptions', sa.Column('base_id', sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f('fk_subscriptions_distributor_id_base_id'), 'subscriptions', 'subscriptions', ['distributor_id', 'base_id'], ['distributor_id', 'id'])
    op.create_index('ix_subscriptions_base', 'subscriptions', ['distributor_id', 'base_id'], unique=False, postgresql_where=sa.text('base_id IS NOT NULL'))
    for column in (
        sa.Column('base_line_id', sa.Uuid(), nullable=True), sa.Column('base_id', sa.Uuid(), nullable=True),
        sa.Column('bundle', sa.Text(), server_default='', nullable=False),
        number('bundle_number'), number('trial_days'), number('cancellation_days'), number('reduction_days'),
    ):
        op.add_column('order_lines', column)
    op.create_foreign_key(op.f('fk_order_lines_distributor_id_base_line_id'), 'order_lines', 'order_lines', ['distributor_id', 'base_line_id'], ['distributor_id', 'id'])
    op.create_foreign_key(op.f('fk_order_lines_distributor_id_base_id'), 'order_lines', 'subscriptions', ['distributor_id', 'base_id'], ['distributor_id', 'id'])
    op.add_column('order_costs', values('variables'))
    op.create_table('taken_offers',
    sa.Column('distributor_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('reseller_id', sa.Uuid(), nullable=False),
    sa.Column('customer_id', sa.Uuid(), nullable=True),
    sa.Column('buyer_id', sa.Uuid(), nullable=False),
    sa.Column('plan_id', sa.Uuid(), nullable=False),
    sa.Column('order_id', sa.Uuid(), nullable=False),
    sa.Column('order_line_id', sa.Uuid(), nullable=False),
    sa.Column('taken_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('released_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['distributor_id', 'order_id'], ['orders.distributor_id', 'orders.id'], name=op.f('fk_taken_offers_distributor_id_order_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'order_line_id'], ['order_lines.distributor_id', 'order_lines.id'], name=op.f('fk_taken_offers_distributor_id_order_line_id')),
    sa.ForeignKeyConstraint(['distributor_id', 'plan_id'], ['plans.distributor_id', 'plans.id'], name=op.f('fk_taken_offers_distributor_id_plan_id')),
    sa.PrimaryKeyConstraint('distributor_id', 'id', name=op.f('pk_taken_offers'))
    )
    op.create_index('uq_taken_offers_once', 'taken_offers', ['distributor_id', 'buyer_id', 'plan_id'], unique=True, postgresql_where=sa.text('released_at IS NULL'))
    op.create_index('ix_taken_offers_order', 'taken_offers', ['distributor_id', 'order_id'], unique=False)
    op.create_index('ix_taken_offers_line', 'taken_offers', ['distributor_id', 'order_line_id'], unique=False)
