"""Orders that a reseller places for a customer of its own (H45, P17, U16): the same order as the customer's
own would be, at the reseller's prices, on the reseller's account. Who supports the customer is said with it,
and changes on its account too (U18). Indirect customers are the provider's to order for."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from catalog.volumes import Volume
from checkout import placing, provider_orders
from checkout.baskets import BasketItem, Buyer
from checkout.placing import Clearance
from core import db
from core.errors import Refused
from core.languages import _
from core.parties import Customer
from core.periods import Term
from partners import channels, support_types
from partners.channels import TheProviderOrders
from partners.joinings import Channel


@dataclass(frozen=True, slots=True)
class Interval:
    """A plan of the chosen product, by how it is billed: what U21 calls the billing interval."""

    plan_id: UUID
    plan_code: str
    plan: str
    term: Term
    billed: Term
    minimum: int
    maximum: int
    unit: str
    retail: Volume
    step: int


class NothingToOrder(Refused):
    """None of the product's plans stands on the shelf."""

    def __init__(self) -> None:
        super().__init__(_("This product is not on your shelf, so you cannot order it for a customer."))


def refuse_unless_ours(customer: Customer) -> None:
    """TheProviderOrders for an indirect customer, CustomerEnded for one that was taken off the list."""
    if customer.ended_at is not None:
        raise placing.CustomerEnded
    if channels.of_customer(customer) is Channel.INDIRECT:
        raise TheProviderOrders


def products(customer: Customer) -> list[tuple[str, str]]:
    """(code, name) of what may be ordered for the customer: what stands on its reseller's shelf."""
    found: Mapping[str, str] = {
        product.code: product.name
        for _plan, product, _kind, _listing in db.session().execute(provider_orders.may_be_sold(customer))
    }
    return list(found.items())


def intervals(customer: Customer, product_code: str) -> list[Interval]:
    """The plans of a product, the longest billing interval first; NothingToOrder for one without."""
    found = [
        Interval(
            plan.id,
            plan.code,
            plan.name,
            plan.term,
            plan.billing_period,
            plan.minimum_quantity,
            plan.maximum_quantity,
            kind.unit,
            listing.volume,
            plan.quantity_step,
        )
        for plan, product, kind, listing in db.session().execute(provider_orders.sold(customer))
        if product.code == product_code
    ]
    if not found:
        raise NothingToOrder
    return sorted(found, key=lambda one: (-one.billed.months, -one.term.months, one.plan_code))


def order(
    customer: Customer,
    line: BasketItem,
    clearance: Clearance,
    *,
    support: UUID | None,
    by: Buyer,
    storefront_id: UUID,
    request_key: str,
) -> str:
    """Says who supports the customer, places the order and funds it on the reseller's account, all of it or
    nothing; the order's code. A repeated request gives the first order. Runs in a transaction widened for
    "placing an order"."""
    if (placed := placing.earlier(by, request_key)) is not None:
        return placed
    refuse_unless_ours(customer)
    support_types.choose(customer, support)
    return provider_orders.order_alone(
        customer, line, clearance, by=by, storefront_id=storefront_id, request_key=request_key
    )
