"""What belongs together, in words: the lines of an order that are add-ons or parts of a bundle, and the
services that extend one another."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from checkout.orders import OrderLine
from core import db
from core.languages import _
from subscriptions import subscriptions
from subscriptions.subscriptions import SHOWN, Subscription, SubscriptionState

GONE = (SubscriptionState.FAILED, SubscriptionState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Together:
    """A service beside what it extends, and what extends it."""

    base: Subscription | None
    add_ons: Sequence[Subscription]

    def __bool__(self) -> bool:
        return bool(self.base or self.add_ons)


def of_lines(lines: Sequence[OrderLine]) -> dict[UUID, str]:
    """line -> what it belongs to; one statement where an add-on extends what ran already."""
    names = {line.id: line.product_name for line in lines}
    earlier = [line.base_id for line in lines if line.base_id]
    if earlier:
        rows = db.session().execute(
            select(Subscription.id, Subscription.product_name, Subscription.code).where(
                Subscription.id.in_(earlier)
            )
        )
        names |= {id_: f"{name} ({code})" for id_, name, code in rows}
    said: dict[UUID, str] = {}
    for line in lines:
        base = names.get(line.base_line_id or line.base_id or line.id) if _extends(line) else None
        words = [
            _("In the bundle %(bundle)s", bundle=line.bundle) if line.bundle else "",
            _("Add-on to %(base)s", base=base) if base else "",
        ]
        if any(words):
            said[line.id] = " · ".join(filter(None, words))
    return said


def _extends(line: OrderLine) -> bool:
    return line.base_line_id is not None or line.base_id is not None


def of_service(service: Subscription) -> Together:
    """What a service extends, and what extends it, as far as the scope may see it."""
    base = None
    if service.base_id is not None:
        base = db.session().scalar(select(Subscription).where(Subscription.id == service.base_id, SHOWN))
    shown = [state for state in SubscriptionState if state not in (*GONE, SubscriptionState.GONE)]
    return Together(base, subscriptions.add_ons(service.id, *shown))
