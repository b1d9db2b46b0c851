"""Orders that nobody paid end by themselves: every minute the unpaid ones whose time is over are cancelled,
which voids their draft invoice and gives back alias and credit. Money that arrives later is kept apart and
shown to a person (QM5)."""

from datetime import timedelta

from checkout import orders
from core import tasks
from core.tasks import Claimed, Kind, Repeat


def _expire(_task: Claimed) -> None:
    """Everything is done in the task's own transaction; nothing is left to call."""
    orders.expire_unpaid()


EXPIRE = tasks.register(Kind("expire_orders", Repeat.SAFE, prepare=_expire, every=timedelta(minutes=1)))
