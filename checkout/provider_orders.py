"""Orders that the distributor places, as the provider, for a customer whom one of its resellers won as an
indirect reseller (M18, M29): the same order as the customer's own would be, at the reseller's prices, on the
reseller's account. For everybody else the customer or its reseller orders, and nobody but them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, select

from catalog import partner_products, reductions
from catalog.listings import Listing, NotOffered
from catalog.products import Audience, Plan, Product, ProductType
from checkout import baskets, placing
from checkout.baskets import BasketItem, BasketLine, Buyer
from checkout.orders import PayBy
from checkout.placing import Checkout, Clearance
from checkout.quantities import check_quantity
from core import db
from core.errors import Refused
from core.ids import new_id
from core.languages import _
from core.money import Money
from core.parties import Customer
from core.tenancy import same_key
from partners import channels
from partners.joinings import Channel


@dataclass(frozen=True, slots=True)
class ProviderOffer:
    """A plan on the shelf of the customer's reseller, at what the customer pays."""

    plan_code: str
    title: str
    price: Money
    per: str


class NotIndirect(Refused):
    """Direct customers are their reseller's alone."""

    status = 403

    def __init__(self) -> None:
        super().__init__(_("This customer is a direct one: it, or its reseller, orders, and nobody else."))


def refuse_unless_indirect(customer: Customer) -> None:
    """NotIndirect for a customer that its reseller serves directly."""
    if channels.of_customer(customer) is not Channel.INDIRECT:
        raise NotIndirect


def sold(customer: Customer) -> Select[Plan, Product, ProductType, Listing]:
    """What stands on the shelf of the customer's reseller and is bought by customers, by name."""
    return (
        select(Plan, Product, ProductType, Listing)
        .join(Product, same_key(Product.id, Plan.product_id))
        .join(ProductType, same_key(ProductType.id, Product.product_type_id))
        .join(Listing, same_key(Listing.plan_id, Plan.id))
        .where(
            ProductType.audience != Audience.RESELLER,
            Plan.published,
            Product.published,
            Listing.published,
            Listing.reseller_id == customer.reseller_id,
        )
        .order_by(Product.name, Plan.code)
    )


def may_be_sold(customer: Customer) -> Select[Plan, Product, ProductType, Listing]:
    """The same without what is for partners of a programme that its reseller is none of."""
    return sold(customer).where(~partner_products.missing(customer.reseller_id))


def offers(customer: Customer) -> list[ProviderOffer]:
    """What may be ordered for the customer, by name."""
    return [
        ProviderOffer(
            plan.code,
            f"{product.name}, {plan.name}",
            reductions.shown(listing.price, listing.sale).price,
            plan.billing_period.per,
        )
        for plan, product, _kind, listing in db.session().execute(may_be_sold(customer).limit(500))
    ]


def item(customer: Customer, plan_code: str, quantity: int, fields: Mapping[str, str]) -> BasketItem:
    """The line as its connector is asked about it; NotOffered or WrongQuantity otherwise."""
    row = db.session().execute(sold(customer).where(Plan.code == plan_code)).first()
    if row is None:
        raise NotOffered
    plan, product, kind, listing = row
    check_quantity(quantity, plan.minimum_quantity, plan.maximum_quantity, kind.unit, plan.quantity_step)
    line = BasketItem(
        new_id(),
        plan.id,
        product.code,
        product.name,
        plan.name,
        plan.sku,
        kind.unit,
        plan.billing_period.per,
        plan.term.label,
        quantity,
        plan.minimum_quantity,
        plan.maximum_quantity,
        listing.volume.at(quantity),
        dict(fields),
        kind.connector,
        product_id=product.id,
        step=plan.quantity_step,
        conditional=plan.conditional,
        once=plan.once_per_customer,
        order_fields=kind.order_fields,
        variables=kind.variables,
    )
    [found] = baskets.arranged(customer.reseller_id, customer.id, [line])
    if found.refused:
        raise Refused(found.refused)
    return found


def order(
    customer: Customer,
    line: BasketItem,
    clearance: Clearance,
    *,
    by: Buyer,
    storefront_id: UUID,
    request_key: str,
) -> str:
    """Places and funds it on the reseller's account; its code. A repeated request gives the first order."""
    refuse_unless_indirect(customer)
    return order_alone(customer, line, clearance, by=by, storefront_id=storefront_id, request_key=request_key)


def order_alone(
    customer: Customer,
    line: BasketItem,
    clearance: Clearance,
    *,
    by: Buyer,
    storefront_id: UUID,
    request_key: str,
) -> str:
    """One line as an order of its own for a customer, on its reseller's account, whoever orders it: whatever
    lay in that person's basket gives way. Terms are not asked; a customer agreement is."""
    if (placed := placing.earlier(by, request_key)) is not None:
        return placed
    mine = (BasketLine.membership_id == by.membership_id) & (BasketLine.reseller_id == customer.reseller_id)
    db.session().execute(delete(BasketLine).where(mine))
    db.add(
        BasketLine(
            reseller_id=customer.reseller_id,
            customer_id=customer.id,
            membership_id=by.membership_id,
            plan_id=line.plan_id,
            quantity=line.quantity,
            fields=dict(line.fields),
            added_at=db.session().info["now"],
        )
    )
    db.flush()
    wish = Checkout(request_key, storefront_id, PayBy.ACCOUNT, asks_terms=False)
    return placing.place(by, clearance, wish)


def asking(customer: Customer, plan_code: str) -> tuple[str, list[dict[str, Any]]]:
    """Which connector delivers the plan, and what its product type asks besides; NotOffered otherwise."""
    row = db.session().execute(sold(customer).where(Plan.code == plan_code)).first()
    if row is None:
        raise NotOffered
    return row[2].connector, row[2].order_fields
