"""What the provider does for an indirect customer, as the reseller reads it (M21): it orders, it bills the
reseller, and it supports it."""

from dataclasses import dataclass

from sqlalchemy import func, select

from billing.invoices import Charge, ChargeState
from checkout.orders import Order
from core import db
from core.money import Money
from core.parties import Customer
from core.tenancy import same_key
from partners import support_hours
from partners.channels import CustomerChannel
from storefront.opening_hours import Said, said
from storefront.reseller import support
from storefront.reseller.support import Contact
from storefront.visitors import the_shop


@dataclass(frozen=True, slots=True)
class Provider:
    """`owed`: what it has charged for this customer and not been paid for yet, by currency; `hours` and
    `contact`: when and where its support is."""

    name: str
    orders: int
    owed: tuple[Money, ...]
    hours: Said | None
    contact: Contact


def of(customer: Customer, won: CustomerChannel | None) -> Provider:
    """For a customer of ours; inside a transaction."""
    ordered = select(func.count()).select_from(Order).where(Order.customer_id == customer.id)
    joined = same_key(Order.id, Charge.order_id)
    owed = (
        select(Charge.currency, func.sum(Charge.total_minor + Charge.tax_minor - Charge.credited_minor))
        .join(Order, joined)
        .where(Order.customer_id == customer.id, Charge.state == ChargeState.DUE)
        .group_by(Charge.currency)
        .order_by(Charge.currency)
    )
    programme = won.programme_id if won else None
    times = support_hours.of_reseller(customer.reseller_id)
    hours = next((one for programme_id, _name, one in times if programme_id == programme), None)
    return Provider(
        the_shop().distributor_name,
        db.session().scalar(ordered) or 0,
        tuple(Money(int(minor), currency) for currency, minor in db.session().execute(owed)),
        said(hours) if hours else None,
        support.contact(),
    )
