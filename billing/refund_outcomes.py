"""What becomes of a refund: `settle` is the one way in which the gateway's word about it becomes true here,
whoever brings it; a person mends what failed. The card itself is asked by billing/refund_calls.py."""

from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import select

from billing import ledger, payments, refunds
from billing.ledger import Account
from billing.refunds import BY_BANK, CALL, PAID_BACK, Refund, RefundState
from billing.stripe_refunds import RefundReport
from core import db, parties, states, tasks, trail, work
from core.errors import Refused
from core.faults import fault
from core.languages import _
from core.money import Money
from core.tasks import TaskState


class NotFailed(Refused):
    """Only a refund that failed can be tried again or settled by hand."""

    def __init__(self, state: RefundState) -> None:
        super().__init__(_("This refund is %(state)s; there is nothing to mend.", state=state))


def settle(report: RefundReport) -> RefundState | None:
    """What the gateway reports about one of our refunds becomes true here, once, however often and by whom it
    is told. Returns its state, or None when the refund is not ours."""
    refund = refunds.of_key(report.key)
    if refund is None or refund.payment_id is None:
        return None
    payments.lock(refund.payment_id)
    db.session().refresh(refund, with_for_update=True)
    if refund.state is RefundState.PAID_OTHERWISE:
        _paid_twice(refund, report)
    elif (report.amount_minor, report.currency) != (refund.amount_minor, refund.currency):
        _fail(refund, f"The gateway reports {Money(report.amount_minor, report.currency).text} instead.")
    elif report.came_back:
        if not _is_history(refund, report):
            refund.external_id = report.refund_id
            _fail(refund, f"The bank did not take it: {report.failure or report.status}.")
    elif refund.state is not RefundState.DONE:
        refund.external_id = report.refund_id
        if report.status == "succeeded":
            done(refund)
        elif refund.state is not RefundState.SENT:
            states.move(refund, RefundState.SENT)
    fault("refund.settled")
    return refund.state


def _is_history(refund: Refund, report: RefundReport) -> bool:
    """Whether a try that came back is known already, or is not the one under way any more."""
    taken = refund.state in (RefundState.SENT, RefundState.DONE)
    return refund.external_id is not None and (refund.external_id == report.refund_id) != taken


def _paid_twice(refund: Refund, report: RefundReport) -> None:
    """The gateway gave back what a person had paid otherwise meanwhile."""
    if not report.came_back:
        work.open_item(
            "refunded twice",
            about_type="refunds",
            about_id=refund.id,
            order_id=refund.order_id,
            words=f"{refund.amount.text} were paid past the gateway, and the gateway gave them back, too.",
            suggestion="Ask the buyer to return one of the two.",
        )


def done(refund: Refund, to: RefundState = RefundState.DONE) -> None:
    """The buyer has it: what was owed to it is paid in the books, and nobody has to act any more."""
    if refund.state is RefundState.DONE:
        return
    states.move(refund, to)
    refund.done_at = db.session().info["now"]
    if refund.way in PAID_BACK:
        paid_from = Account.BANK if to is RefundState.PAID_OTHERWISE else Account.STRIPE
        ledger.post(
            f"refund {refund.call_key} paid",
            [(Account.REFUNDS, refund.amount, None), (paid_from, -refund.amount, None)],
            order_id=refund.order_id,
        )
    work.close_about(refund.id, "Refunded.")
    work.close_about(uuid5(NAMESPACE_URL, refund.key), "It is known here again.")


def _fail(refund: Refund, words: str) -> None:
    """The buyer's money is still with us, and a person must act."""
    if refund.state is RefundState.DONE:
        refund.done_at = None
        ledger.post(
            f"refund {refund.call_key} came back",
            [(Account.STRIPE, refund.amount, None), (Account.REFUNDS, -refund.amount, None)],
            order_id=refund.order_id,
        )
    if refund.state is not RefundState.FAILED:
        states.move(refund, RefundState.FAILED, why=words)
    work.open_item(
        "failed refund",
        about_type="refunds",
        about_id=refund.id,
        order_id=refund.order_id,
        words=f"{refund.amount.text} did not reach the buyer. {words}",
        suggestion="Mend the cause and try again; or pay it by bank transfer and say so.",
    )


def by_hand(refund: Refund) -> None:
    """No gateway has it: a person transfers it back and says so."""
    states.move(refund, RefundState.FAILED, why=BY_BANK)
    work.open_item(
        "refund by bank",
        about_type="refunds",
        about_id=refund.id,
        order_id=refund.order_id,
        words=f"{refund.amount.text} are to be paid back. {BY_BANK}",
        suggestion="Transfer them to the account they came from, and say so on the order.",
    )


def failed(refund_id: UUID, words: str) -> None:
    """The task that asks the gateway cannot go on by itself."""
    refund = refunds.find(refund_id)
    db.session().refresh(refund, with_for_update=True)
    if refund.state not in (RefundState.DONE, RefundState.PAID_OTHERWISE):
        _fail(refund, words)


def unclear(refund_id: UUID, words: str) -> None:
    """Asked, but no clear answer came."""
    refund = refunds.find(refund_id)
    if refund.state is RefundState.REQUESTED:
        states.move(refund, RefundState.UNKNOWN, why=words)


def try_again(refund: Refund, *, why: str = "") -> None:
    """A failed refund is asked for once more: the same call where it may still be under way there, which is
    looked up first; a new one where the bank sent it back."""
    asked = select(tasks.Task).where(tasks.Task.key == f"{CALL}:{refund.call_key}")
    task = db.session().scalar(asked.with_for_update())  # before the payment, as a worker does
    refund = _hold_what_failed(refund)
    if task is not None and task.state is TaskState.PARKED:
        tasks.retry(task, why=why)
    else:
        refund.tries += 1
        tasks.add(CALL, {"refund": str(refund.id)}, key=f"{CALL}:{refund.call_key}", lane="stripe")
    states.move(refund, RefundState.REQUESTED, why=why)
    work.close_about(refund.id, "Tried again.")


def paid_otherwise(refund: Refund, *, why: str) -> None:
    """A person paid a failed refund past the gateway, and says how."""
    refund = _hold_what_failed(refund)
    if not why.strip():
        raise Refused(_("Say how it was paid."))
    task = db.session().scalar(select(tasks.Task).where(tasks.Task.key == f"{CALL}:{refund.call_key}"))
    if task is not None and task.state in (*tasks.OPEN, TaskState.PARKED):
        tasks.close(task, TaskState.REFUSED, why=why)
    trail.write(refund, "paid past the gateway", why=why, by=parties.the_distributor().name)
    done(refund, RefundState.PAID_OTHERWISE)


def _hold_what_failed(refund: Refund) -> Refund:
    """The refund locked, after its payment; NotFailed unless it waits for a person."""
    if refund.payment_id is not None:
        payments.lock(refund.payment_id)
    db.session().refresh(refund, with_for_update=True)
    if refund.state is not RefundState.FAILED:
        raise NotFailed(refund.state)
    return refund
