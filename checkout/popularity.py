"""Which products are popular in a shop: those ordered most often by its customers within the last ninety
days. Every few hours shelves are arranged anew by it, and by what is still new (catalog/assortments.py)."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select

from catalog import assortments
from catalog.assortments import ShelfSetting
from catalog.products import Plan
from checkout.orders import Order, OrderLine, OrderState
from core import db, tasks
from core.clock import business_now
from core.tasks import Claimed, Kind, Repeat
from core.tenancy import same_key

SPAN = timedelta(days=90)


def most_ordered(reseller_id: UUID, most: int) -> list[UUID]:
    """Products of a shop by the number of orders, the most ordered first; equal ones by age."""
    chosen = (
        select(Plan.product_id)
        .join(OrderLine, same_key(OrderLine.plan_id, Plan.id))
        .join(Order, same_key(Order.id, OrderLine.order_id))
        .where(
            Order.reseller_id == reseller_id,
            Order.customer_id.is_not(None),
            Order.state != OrderState.CANCELLED,
            Order.created_at > business_now() - SPAN,
        )
        .group_by(Plan.product_id)
        .order_by(func.count(func.distinct(Order.id)).desc(), Plan.product_id)
        .limit(most)
    )
    return list(db.session().scalars(chosen))


def arrange() -> None:
    """Every shelf whose reseller wants new or popular products in front."""
    wanting = select(ShelfSetting).where((ShelfSetting.new_days > 0) | (ShelfSetting.popular > 0))
    for setting in db.session().scalars(wanting.order_by(ShelfSetting.reseller_id)).all():
        popular = most_ordered(setting.reseller_id, setting.popular) if setting.popular else []
        assortments.arrange(setting.reseller_id, popular=popular)


def _arrange(_task: Claimed) -> None:
    arrange()


ARRANGE = tasks.register(Kind("arrange_shelves", Repeat.SAFE, prepare=_arrange, every=timedelta(hours=6)))
