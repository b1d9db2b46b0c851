"""What the lines of a basket become in an order: a bundle its parts, each with its exact share of the price;
an add-on a line that belongs to its base. What the rules of the plans refuse is refused here, by name."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY

from catalog import exchange, partner_products, translations, volumes
from catalog.markets import Eligible
from catalog.plan_links import LinkKind, PlanLink
from catalog.products import PlanCost
from checkout import offers, pricing
from checkout.baskets import Buyer, parted
from checkout.offer_readings import Part, Wanted
from checkout.offers import Finding
from checkout.pricing import PricedLine, Terms
from checkout.taken_offers import Taking
from core.ids import new_id
from core.money import Money, total
from core.statements import Statement

COSTS = Statement(
    select(PlanCost.plan_id, PlanCost.cost_minor, PlanCost.currency, PlanCost.steps).where(
        PlanCost.plan_id == any_(bindparam("plans", type_=ARRAY(Uuid())))
    )
)
BASES = Statement(
    select(PlanLink.plan_id, PlanLink.product_id).where(
        PlanLink.plan_id == any_(bindparam("plans", type_=ARRAY(Uuid()))), PlanLink.kind == LinkKind.BASE
    )
)


def compose(buyer: Buyer, lines: Sequence[PricedLine]) -> list[PricedLine]:
    """The lines of the order. Works as the distributor; no statement where no plan has conditions.

    Raises NeedsBase, ChooseBase, WrongBase, WrongForBase, NeedsProduct, OncePerCustomer, PartRefused."""
    if not any(line.terms.conditional for line in lines):
        return list(lines)
    findings = offers.look(buyer.reseller_id, buyer.customer_id, [_wanted(line) for line in lines])
    offers.refuse_unless(findings)
    own = {line.line_id: line.order_line_id for line in lines}
    composed: list[PricedLine] = []
    number = 0
    for line in lines:
        found = findings.get(line.line_id, Finding())
        if not found.parts:
            line = pricing.judged(line) if line.terms.conditional else line
        if found.parts:
            number += 1
            composed += translations.in_words(_parts(buyer, line, found.parts, number))
        elif found.base is not None and found.base.in_basket:
            composed.append(replace(line, base_line_id=own[found.base.id]))
        else:
            composed.append(replace(line, base_id=found.base.id if found.base else None))
    return composed


def _wanted(line: PricedLine) -> Wanted:
    terms = line.terms
    return Wanted(
        line.line_id, line.plan_id, terms.product_id, line.product, line.plan, line.quantity,
        terms.conditional, terms.once, terms.base_id,
    )  # fmt: skip


def _costs(parts: Sequence[Part], quantity: int) -> Mapping[UUID, Money]:
    """plan -> what its vendor asks for one, when so many are bought."""
    rows: Sequence[Sequence[Any]] = COSTS.rows(plans=[part.plan_id for part in parts]) if parts else []
    return {
        plan_id: volumes.at(Money(minor, currency), steps, quantity)
        for plan_id, minor, currency, steps in rows
    }


def _together(costs: Mapping[UUID, Money], currency: str) -> Money | None:
    """What the vendors ask for one bundle, as far as its parts have costs; none where nothing is known."""
    known = [exchange.converted(cost, currency) for cost in costs.values()]
    sums = [cost for cost in known if cost is not None]
    return total(sums, currency) if sums else None


def _for_partners(buyer: Buyer, parts: Sequence[Part]) -> Mapping[UUID, UUID]:
    """product -> the programme whose partners alone sell it, of parts that this reseller may not sell."""
    of = {part.product_id: part.for_partners_of for part in parts if part.for_partners_of}
    kept = partner_products.kept_from(buyer.reseller_id, of) if of else ()
    return {product_id: of[product_id] for product_id in kept}


def _parts(buyer: Buyer, bundle: PricedLine, parts: Sequence[Part], number: int) -> list[PricedLine]:
    """A bundle as lines: both legs are split by the same weights, and add up to the bundle's price and to its
    discounts exactly."""
    costs = _costs(parts, bundle.quantity)
    bundle = pricing.judged(bundle, _together(costs, bundle.wholesale.currency))
    for_others = _for_partners(buyer, parts)
    retail = parted(bundle.list_price, bundle.retail_cuts, parts)
    wholesale = parted(bundle.list_wholesale, bundle.wholesale_cuts, parts)
    lines = [
        PricedLine(
            bundle.line_id, bundle.quantity, bundle.fields, part.plan_id, part.product, part.plan, part.sku,
            part.unit, part.term, part.billing_period, part.connector, False, retail[at][0], wholesale[at][0],
            costs.get(part.plan_id), Eligible(
                part.markets, part.segments, bundle.sold_to.buyer, for_others.get(part.product_id)
            ),
            Terms(
                part.product_id, part.step, part.conditional, part.once, part.trial_days,
                part.cancellation_days, part.reduction_days, part.variables, None,
            ),
            bundle.broken, retail[at][1], wholesale[at][1], order_line_id=new_id(),
            bundle=f"{bundle.product}, {bundle.plan}", bundle_number=number,
        )
        for at, part in enumerate(parts)
    ]  # fmt: skip
    return _below_their_bases(lines)


def _below_their_bases(lines: Sequence[PricedLine]) -> list[PricedLine]:
    """An add-on in a bundle belongs to the part that it extends; the bases come first."""
    adding = [line.plan_id for line in lines if line.terms.conditional]
    bases: dict[UUID, set[UUID]] = {}
    for plan_id, product_id in BASES.rows(plans=adding) if adding else ():
        bases.setdefault(plan_id, set()).add(product_id)
    of_product = {line.terms.product_id: line.order_line_id for line in lines}
    tied = [
        replace(
            line,
            base_line_id=next(
                (of_product[one] for one in bases.get(line.plan_id, ()) if one in of_product), None
            ),
        )
        for line in lines
    ]
    return sorted(tied, key=lambda line: line.base_line_id is not None)


def takings(bundled: Mapping[UUID, PricedLine], lines: Sequence[PricedLine]) -> list[Taking]:
    """What of an order is offered once per customer: lines and parts of bundles, and bundles themselves,
    which their first part stands for. `bundled`: the lines of the basket, by id."""
    found = [
        Taking(line.plan_id, line.order_line_id, line.product, line.plan) for line in lines if line.terms.once
    ]
    first = {line.line_id: line.order_line_id for line in reversed(lines) if line.bundle}
    found += [
        Taking(bundled[line_id].plan_id, order_line, bundled[line_id].product, bundled[line_id].plan)
        for line_id, order_line in first.items()
        if bundled[line_id].terms.once
    ]
    return found
