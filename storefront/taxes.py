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


def after_discounts(shown: Rows, net: Money, given: Sequence[tuple[str, Money]]) -> Rows:
    """The sums with what they were before discounts, and each discount by its name, above them."""
    if not given:
        return shown
    named: dict[str, Money] = {}
    for name, amount in given:
        named[name] = named.get(name, Money(0, amount.currency)) + amount
    before = total([net, *named.values()], net.currency)
    taken: Rows = [(name, -amount, None) for name, amount in named.items()]
    return [(_("Before discounts"), before, "muted"), *taken, *shown]


def of_cuts(items: Sequence[BasketItem]) -> list[tuple[str, Money]]:
    """The discounts in a basket: name and amount, line by line."""
    return [(cut.offer.name, cut.unit * item.quantity) for item in items for cut in item.cuts]


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
        net = total([item.total for item in items], currency)
        return after_discounts([(_("Net, without VAT"), net, "total")], net, of_cuts(items))
    shown = [*rows(sums, _("Due today")), *recurring(items, sums)]
    return after_discounts(shown, sums.net, of_cuts(items))


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
