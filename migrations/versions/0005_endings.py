"""Endings: the clock of subscriptions, cancellations, and storefronts that are closed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'endings'
down_revision = 'accounts'
branch_labels = None
depends_on = None

STATES = ("asked", "withdrawn", "done")
SIDES = ("public", "customer", "reseller", "distributor")


def upgrade() -> None:
    """Forward; there is no way back but a restore."""
    op.add_column(
        "product_types",
        sa.Column(
            "notice_days", postgresql.JSONB(astext_type=sa.Text()), server_default="[30, 7, 1]", nullable=False
        ),
    )
    op.add_column(
        "product_types", sa.Column("ends_at_term", sa.Boolean(), server_default=sa.true(), nullable=False)
    )
    op.add_column("product_types", sa.Column("grace_days", sa.BigInteger(), server_default="30", nullable=False))
    op.add_column("storefronts", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("storefronts", sa.Column("alias_kept_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("subscriptions", sa.Column("next_act_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_subscriptions_clock",
        "subscriptions",
        ["distributor_id", "next_act_at"],
        postgresql_where=sa.text("next_act_at IS NOT NULL"),
    )
    # Forced policies bind the owner too, who has none: without this the update would touch no row.
    op.execute("ALTER TABLE subscriptions NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE subscriptions SET next_act_at = starts_at WHERE state IN ('active', 'suspended')")
    op.execute("ALTER TABLE subscriptions FORCE ROW LEVEL SECURITY")
    op.create_table(
        "cancellations",
        sa.Column("distributor_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reseller_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(*STATES, name="cancellationstate", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("side", sa.Enum(*SIDES, name="side", native_enum=False, length=40), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["distributor_id", "subscription_id"],
            ["subscriptions.distributor_id", "subscriptions.id"],
            name=op.f("fk_cancellations_distributor_id_subscription_id"),
        ),
        sa.PrimaryKeyConstraint("distributor_id", "id", name=op.f("pk_cancellations")),
    )
    op.create_index(
        "uq_cancellations_open",
        "cancellations",
        ["distributor_id", "subscription_id"],
        unique=True,
        postgresql_where=sa.text("state = 'asked'"),
    )
    op.create_index(
        "ix_cancellations_due",
        "cancellations",
        ["distributor_id", "ends_at"],
        postgresql_where=sa.text("state = 'asked'"),
    )
