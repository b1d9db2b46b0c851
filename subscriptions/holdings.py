"""What a customer holds of a reseller. As long as something runs or is still to come, the two are not parted
(P13)."""

from sqlalchemy import select

from core import db, parties
from core.errors import Conflict
from core.languages import _
from partners.customers import RelationshipEnding
from subscriptions.subscriptions import Subscription, SubscriptionState

OVER = (SubscriptionState.ENDED, SubscriptionState.FAILED, SubscriptionState.CANCELLED)
NAMED = 3  # services that the refusal names; the page shows all


class StillHolds(Conflict):
    """Something runs for the customer."""

    title = "This customer still has services"

    def __init__(self, customer: str, services: list[str]) -> None:
        named = ", ".join(services[:NAMED]) + (", …" if len(services) > NAMED else "")
        super().__init__(
            _(
                "%(customer)s still has %(services)s. Cancel what runs first: once it has ended, the customer"
                " can be removed.",
                customer=customer,
                services=named,
            )
        )


def refuse_if_held(event: RelationshipEnding) -> None:
    """Now-reaction: StillHolds undoes the removal, and is the answer."""
    chosen = select(Subscription.product_name, Subscription.code).where(
        Subscription.customer_id == event.customer_id, Subscription.state.not_in(OVER)
    )
    held = [f"{name} ({code})" for name, code in db.session().execute(chosen.order_by(Subscription.id))]
    if held:
        raise StillHolds(parties.customer(event.customer_id).name, held)
