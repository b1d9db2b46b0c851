"""The mails about paying by bank transfer: sales is asked at the distributor, the buyer gets its answer from
the shop where it ordered, with everything that its bank asks for."""

from collections.abc import Sequence
from uuid import UUID

from billing import bank_transfers
from billing.bank_transfers import BankTransfer, BankTransferState
from checkout import orders
from checkout.orders import Order
from core import parties
from core.languages import _
from storefront import links, mail
from storefront.mailer import Mail
from storefront.moments import day


def asked(bank_transfer_id: UUID) -> Mail | None:
    """To the distributor: somebody waits for an answer; nothing when it was given meanwhile."""
    transfer = bank_transfers.of_id(bank_transfer_id)
    if transfer.state is not BankTransferState.ASKED:
        return None
    order, us = orders.of_id(transfer.order_id), parties.the_distributor()
    shop = mail.sender(links.house())
    facts = [
        (_("Order"), order.code),
        (_("Buyer"), str(order.buyer.get("name", order.placed_by))),
        (_("Asked by"), transfer.asked_by),
        (_("Total, with VAT"), transfer.amount.text),
    ]
    values = {
        "words": _("A buyer asks to pay by bank transfer. Nothing is delivered before the money is there."),
        "facts": facts,
        "quote": "",
        "act": _("Answer it"),
        "url": f"{shop.url}/distributor/bank-transfers/{order.code}",
        "note": "",
    }
    subject = _("%(code)s asks for bank transfer: %(total)s", code=order.code, total=transfer.amount.text)
    reason = _("You get this mail because you run %(shop)s.", shop=shop.name)
    return Mail("application", shop, us.contact_email, us.name, subject, reason, values)


def granted(bank_transfer_id: UUID) -> Mail | None:
    """To the buyer: where to, how much, until when; nothing when it pays otherwise by now."""
    transfer = bank_transfers.of_id(bank_transfer_id)
    if transfer.state is not BankTransferState.GRANTED or transfer.due_on is None:
        return None
    order = orders.of_id(transfer.order_id)
    facts = [
        (_("Amount"), transfer.amount.text),
        (_("To"), transfer.holder),
        (_("Account"), transfer.account),
        *([(_("Bank"), transfer.bank)] if transfer.bank else []),
        (_("Reference"), transfer.reference),
        (_("Until"), day(transfer.due_on)),
    ]
    return _to_the_buyer(
        transfer,
        order,
        _("Please transfer %(total)s for your order %(code)s", total=transfer.amount.text, code=order.code),
        _("You may pay by bank transfer. As soon as the money has arrived, your order is delivered."),
        facts,
        note=_("Name the reference, so that your payment is found."),
    )


def declined(bank_transfer_id: UUID) -> Mail:
    """To the buyer: why not, and what is left."""
    transfer = bank_transfers.of_id(bank_transfer_id)
    order = orders.of_id(transfer.order_id)
    return _to_the_buyer(
        transfer,
        order,
        _("Please pay your order %(code)s by card", code=order.code),
        _("It cannot be paid by bank transfer. It is kept for you for a day, and you may pay it by card."),
        [(_("Total, with VAT"), transfer.amount.text)],
        quote=transfer.reason,
        act=_("Pay it"),
    )


def received(bank_transfer_id: UUID) -> Mail:
    """To the buyer: the money is there."""
    transfer = bank_transfers.of_id(bank_transfer_id)
    order = orders.of_id(transfer.order_id)
    return _to_the_buyer(
        transfer,
        order,
        _("Your payment for %(code)s has arrived", code=order.code),
        _("Thank you. The delivery of your order begins now; your invoice stands on its page."),
        [(_("Amount"), transfer.amount.text)],
    )


def _to_the_buyer(
    about: BankTransfer, order: Order, subject: str, words: str, facts: Sequence[tuple[str, str]], *,
    quote: str = "", note: str = "", act: str = "",
) -> Mail:  # fmt: skip
    ours = about.customer_id is None
    shop = mail.sender(links.house() if ours else links.open_shop_of(about.reseller_id))
    values = {
        "words": words,
        "facts": [(_("Order"), order.code), *facts],
        "quote": quote,
        "act": act or _("See your order"),
        "url": f"{shop.url}/reseller/orders/{order.code}" if ours else f"{shop.url}/orders/{order.code}",
        "note": note,
    }
    reason = _("You get this mail because you ordered %(code)s at %(shop)s.", code=order.code, shop=shop.name)
    return Mail("application", shop, order.email, order.placed_by, subject, reason, values)


mail.register("mail_bank_transfer_asked", "bank_transfer_id", asked)
mail.register("mail_bank_transfer_granted", "bank_transfer_id", granted)
mail.register("mail_bank_transfer_declined", "bank_transfer_id", declined)
mail.register("mail_bank_transfer_received", "bank_transfer_id", received)
