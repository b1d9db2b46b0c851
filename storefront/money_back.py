"""What an order's page says about money that goes back: one step for each refund of a line, in words that are
true at this moment."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from billing import refunds
from billing.refunds import PAID_BACK, Because, Refund, RefundState, Way
from checkout.orders import OrderLine
from core.languages import _
from provisioning import line_cancellations
from provisioning.line_cancellations import LineCancellation
from storefront.moments import moment
from storefront.steps import Step

UNDER_WAY = (RefundState.REQUESTED, RefundState.UNKNOWN)


def of_lines(order_id: UUID) -> Mapping[UUID, Sequence[Refund]]:
    """Order line -> its refunds, oldest first."""
    found: dict[UUID, list[Refund]] = defaultdict(list)
    for refund in refunds.of_order(order_id):
        found[refund.order_line_id].append(refund)
    return found


def wishes(order_id: UUID) -> Mapping[UUID, LineCancellation]:
    """Delivery -> the wish to cancel it."""
    return line_cancellations.of_order(order_id)


def step(refund: Refund, ours: bool) -> Step:
    """How one refund stands; `ours`: who looks at it is who gets the money."""
    money, asked, done = refund.amount.text, moment(refund.requested_at), moment(refund.done_at)
    title = _("Partly refunded") if refund.because is Because.BY_HAND else _("Refunded")
    if refund.way is Way.TRANSFER and refund.state is not RefundState.PAID_OTHERWISE:
        words = _("%(money)s are paid back by bank transfer, to the account they came from.", money=money)
        return Step("now", _("Money on its way back"), words, asked)
    if refund.state is RefundState.FAILED:
        words = _("%(money)s are with us still: the bank did not take them. We see to it.", money=money)
        return Step("wait", _("Refund delayed"), words, asked)
    if refund.way not in PAID_BACK:
        return Step("done", title, _("%(money)s are off the account.", money=money), done)
    if refund.state is RefundState.PAID_OTHERWISE:
        words = (
            _("%(money)s were paid back by bank transfer.", money=money)
            if refund.way is Way.TRANSFER
            else _("%(money)s were paid by another way than the card.", money=money)
        )
        return Step("done", title, words, done)
    days = (
        _("It can take some days until your bank shows it.")
        if ours
        else _("It can take some days until the customer's bank shows it.")
    )
    if refund.state is RefundState.DONE and done:
        said = (
            _("%(money)s to your card on %(day)s.", money=money, day=done.date)
            if ours
            else _("%(money)s to the customer's card on %(day)s.", money=money, day=done.date)
        )
        return Step("done", title, f"{said} {days}", done)
    said = (
        _("%(money)s go back to your card.", money=money)
        if ours
        else _("%(money)s go back to the customer's card.", money=money)
    )
    return Step("now", _("Money on its way back"), f"{said} {days}", asked)


def last_step(line: OrderLine, given: Sequence[Refund], *, ours: bool, cancelled: bool) -> Step:
    """The end of a line that is not delivered."""
    money = line.gross.text
    if given:
        return step(given[-1], ours)
    if not line.gross:
        return Step("done", _("Nothing to refund"), _("Nothing was due for it."))
    if cancelled:
        return Step("now", _("Money on its way back"), _("%(money)s go back.", money=money))
    words = (
        _("Your %(total)s are with us. We refund it or agree with you on something else.", total=money)
        if ours
        else _("Your distributor decides about the customer's %(total)s.", total=money)
    )
    return Step("wrong", _("Not delivered"), words)


def cancelling(vendor: str, wish: LineCancellation) -> tuple[Step, Step]:
    """Somebody wants it cancelled, and an attempt is open."""
    words = _(
        "First we find out whether %(vendor)s has it already; if so, it is ended there."
        " Then the money goes back.",
        vendor=vendor,
    )
    return Step("wait", _("Being cancelled"), words, moment(wish.asked_at)), Step("todo", _("Money back"))


def withdrawing(vendor: str, wish: LineCancellation | None) -> tuple[Step, Step]:
    """The vendor has it and is asked to end it."""
    words = _(
        "%(vendor)s had it before the cancellation arrived. It is being ended; then the money goes back.",
        vendor=vendor,
    )
    asked = moment(wish.asked_at) if wish else None
    return Step("wait", _("Being cancelled"), words, asked), Step("todo", _("Money back"))
