"""Net, tax and gross as pages show them, and what happens when nobody can say the tax."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from billing import tax
from billing.tax import Chain, Sums, TaxUndecided
from checkout.baskets import BasketItem
from core import db
from core.languages import _
from core.money import Money, total

Rows = list[tuple[str, Money, str | None]]


def of_basket(items: Sequence[BasketItem], chain: Chain) -> Sums | None:
    """What a basket costs with tax, or None when it is empty. TaxUndecided."""
    if not items:
        return None
    lines = [amount for item in items for amount in item.amounts]
    return tax.sums(lines, tax.between(chain.seller, chain.buyer))


def rows(sums: Sums, word: str) -> Rows:
    """Net, tax and `word` ("Due today") with the gross amount."""
    return three(sums.net, sums.tax, sums.treatment.name, sums.gross, word)


def three(net: Money, taxed: Money, name: str, gross: Money, word: str = "") -> Rows:
    """The three sums of an order or an invoice."""
    return [(_("Net"), net, None), (name or _("VAT"), taxed, "muted"), (word or _("Total"), gross, "total")]


def of_order(order: Any, word: str = "") -> Rows:
    """The sums of an order or an invoice, as they were when it was placed."""
    return three(order.net, order.tax, order.tax_name, order.total, word)


def recurring(items: Sequence[BasketItem], sums: Sums) -> Rows:
    """What comes again with each period, with tax."""
    currency = sums.net.currency
    again = {
        item.per: total(
            [
                amount + sums.treatment.on(amount)
                for each in items
                if each.per == item.per
                for amount in each.amounts
            ],
            currency,
        )
        for item in items
    }
    return [(_("Then %(period)s, with VAT", period=per), amount, "muted") for per, amount in again.items()]


def basket_rows(items: Sequence[BasketItem], sums: Sums | None) -> Rows:
    """The summary of a basket: without a tax that can be said, its net sum and nothing that pretends to be
    the amount due."""
    if not items:
        return []
    if sums is None:
        currency = items[0].unit_price.currency
        return [(_("Net, without VAT"), total([item.total for item in items], currency), "total")]
    return [*rows(sums, _("Due today")), *recurring(items, sums)]


def try_basket(
    items: Sequence[BasketItem], reseller_id: UUID, customer_id: UUID | None
) -> tuple[Sums | None, str, Chain]:
    """The sums of a basket, or why there are none in words; in the transaction we are in."""
    chain = tax.chain(reseller_id, customer_id)
    try:
        return of_basket(items, chain), "", chain
    except TaxUndecided as refusal:
        return None, str(refusal), chain


def report(refusal: TaxUndecided) -> None:
    """The distributor learns what was missing: the refused transaction is undone, so this is one of its
    own."""
    with db.transaction(widened_because="reporting what an order lacked"):
        tax.report(refusal)
