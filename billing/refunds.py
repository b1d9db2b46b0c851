"""Refunds: what is given back of an order line, in both legs. A refund is requested under the lock of its
payment, so that all of them never exceed what was captured (QM6; the database holds it too), and once per
key. The card is asked by a durable task (billing/refund_calls.py); `settle` is the one way a refund becomes
done, whoever brings the gateway's word. Who bears what is said in `refund_shares`, which no customer can
select."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, composite, mapped_column

from billing import bank_transfers, credit, credit_notes, invoices, ledger, payments
from billing.ledger import Account
from billing.payments import FundKind, Payment
from billing.refund_policies import Party
from billing.stripe_refunds import RefundReport
from core import db, parties, states, tasks, trail, work
from core.errors import Missing, Refused
from core.events import Event, publish
from core.faults import fault
from core.languages import _
from core.money import Money, total
from core.tasks import TaskState
from core.tenancy import Access, CustomerOwned, ResellerOwned, owned_by

CALL = "refund"  # the kind of task, in billing/refund_calls.py


class RefundState(StrEnum):
    """SENT: the gateway has taken it, the bank has not. UNKNOWN: asked, but no clear answer came; it is
    looked up before anything is asked again. FAILED: a person must act; the buyer's money is still with
    us. PAID_OTHERWISE: a person paid it past the gateway."""

    REQUESTED = "requested"
    UNKNOWN = "unknown"
    SENT = "sent"
    DONE = "done"
    FAILED = "failed"
    PAID_OTHERWISE = "paid_otherwise"


class Because(StrEnum):
    """Why something is given back."""

    REFUSED = "refused"
    CANCELLED = "cancelled"
    BY_HAND = "by_hand"


class Way(StrEnum):
    """Where it goes. TRANSFER: from the bank, by a person, as it came. ACCOUNT: off what the reseller owes.
    NOTHING: no money moved for it."""

    CARD = "card"
    TRANSFER = "transfer"
    ACCOUNT = "account"
    NOTHING = "nothing"


PAID_BACK = (Way.CARD, Way.TRANSFER)
"""Money that leaves us for the buyer."""
BY_BANK = "It was paid by bank transfer, so a person pays it back from the bank."


class Refund(CustomerOwned, db.Model):
    """The retail leg: what the buyer gets back, gross; `tax` is the part of it that is VAT. Its `key` is its
    mark at the gateway and the idempotency key of the first call: the same again where a restore has lost the
    row and it is requested anew. `tries` counts the calls that came back and were begun anew."""

    __tablename__ = "refunds"
    __access__ = Access(distributor="rcu", reseller="r", customer="r")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        owned_by("customers", "customer_id"),
        owned_by("payments", "payment_id"),
        UniqueConstraint("distributor_id", "key"),
        Index("ix_refunds_order", "distributor_id", "order_id"),
        Index("ix_refunds_line", "distributor_id", "order_line_id"),
        CheckConstraint("amount_minor >= 0 AND tax_minor >= 0 AND tax_minor <= amount_minor", name="amount"),
        CheckConstraint(
            "(way IN ('card', 'transfer')) = (payment_id IS NOT NULL)", name="a_card_has_a_payment"
        ),
    )
    LIFE = states.Transitions(
        {
            RefundState.REQUESTED: [
                RefundState.UNKNOWN,
                RefundState.SENT,
                RefundState.DONE,
                RefundState.FAILED,
            ],
            RefundState.UNKNOWN: [RefundState.SENT, RefundState.DONE, RefundState.FAILED],
            RefundState.SENT: [RefundState.DONE, RefundState.FAILED],
            RefundState.FAILED: [
                RefundState.REQUESTED,
                RefundState.UNKNOWN,
                RefundState.SENT,
                RefundState.DONE,
                RefundState.PAID_OTHERWISE,
            ],
            RefundState.DONE: [RefundState.FAILED],
            RefundState.PAID_OTHERWISE: [],
        },
        first=RefundState.REQUESTED,
    )

    key: Mapped[str]
    order_id: Mapped[UUID]
    order_line_id: Mapped[UUID]
    payment_id: Mapped[UUID | None]
    way: Mapped[Way]
    because: Mapped[Because]
    why: Mapped[str] = mapped_column(default="")
    state: Mapped[RefundState]
    amount_minor: Mapped[int]
    tax_minor: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str]
    tries: Mapped[int] = mapped_column(default=1)
    external_id: Mapped[str | None]
    requested_by: Mapped[str] = mapped_column(default="")
    requested_at: Mapped[datetime]
    done_at: Mapped[datetime | None]

    amount: Mapped[Money] = composite(Money, "amount_minor", "currency")
    tax: Mapped[Money] = composite(Money, "tax_minor", "currency")

    @property
    def call_key(self) -> str:
        """The idempotency key of the present try."""
        return self.key if self.tries == 1 else f"{self.key}-{self.tries}"


class RefundShare(ResellerOwned, db.Model):
    """The wholesale leg and who bears what, net: the distributor gives `wholesale` back to the reseller (and
    `wholesale_tax` with it), the reseller gives up its margin, which is what lies between the net prices; the
    gateway's fee does not come back."""

    __tablename__ = "refund_shares"
    __access__ = Access(distributor="rc", reseller="r")
    __table_args__ = (
        owned_by("refunds", "refund_id"),
        UniqueConstraint("distributor_id", "refund_id"),
        CheckConstraint(
            "wholesale_minor >= 0 AND wholesale_tax_minor >= 0 AND fee_minor >= 0", name="amounts"
        ),
    )

    refund_id: Mapped[UUID]
    order_line_id: Mapped[UUID]
    wholesale_minor: Mapped[int]
    wholesale_tax_minor: Mapped[int] = mapped_column(default=0)
    margin_minor: Mapped[int]
    fee_minor: Mapped[int]
    fee_borne_by: Mapped[Party]
    currency: Mapped[str]

    wholesale: Mapped[Money] = composite(Money, "wholesale_minor", "currency")
    wholesale_tax: Mapped[Money] = composite(Money, "wholesale_tax_minor", "currency")
    margin: Mapped[Money] = composite(Money, "margin_minor", "currency")
    fee: Mapped[Money] = composite(Money, "fee_minor", "currency")


@dataclass(frozen=True, slots=True)
class Claim:
    """What is to be given back of one order line in both legs: `amount` is gross and holds `tax`, `wholesale`
    is net; `key` makes it happen once. Made by checkout.line_refunds, which knows the line."""

    key: str
    order_id: UUID
    order_line_id: UUID
    line_number: int
    reseller_id: UUID
    customer_id: UUID | None
    amount: Money
    tax: Money
    wholesale: Money
    wholesale_tax: Money
    because: Because
    why: str
    by: str
    fee_borne_by: Party


@dataclass(frozen=True, slots=True)
class RefundRequested(Event):
    """A buyer is to get money back; nothing can lose it any more."""

    refund_id: UUID


class MoreThanCaptured(Refused):
    """QM6: never more back than came in."""

    def __init__(self, left: Money) -> None:
        super().__init__(_("Only %(left)s of this payment are left to give back.", left=left.text))


class NotFailed(Refused):
    """Only a refund that failed can be tried again or settled by hand."""

    def __init__(self, state: RefundState) -> None:
        super().__init__(_("This refund is %(state)s; there is nothing to mend.", state=state))


# --- Asking -------------------------------------------------------------------------------------------------


def of_key(key: str) -> Refund | None:
    """The refund made under a key."""
    return db.session().scalar(select(Refund).where(Refund.key == key))


def find(refund_id: UUID) -> Refund:
    """A refund inside the scope."""
    found = db.session().scalar(select(Refund).where(Refund.id == refund_id))
    if found is None:
        raise Missing("refund")
    return found


def of_order(order_id: UUID) -> list[Refund]:
    """Refunds of an order, oldest first."""
    chosen = select(Refund).where(Refund.order_id == order_id).order_by(Refund.id)
    return list(db.session().scalars(chosen))


def share_of(refund_id: UUID) -> RefundShare:
    """Its wholesale leg; no customer can ask for it."""
    return db.session().scalars(select(RefundShare).where(RefundShare.refund_id == refund_id)).one()


@dataclass(frozen=True, slots=True)
class Given:
    """What of a line is on its way back already: retail gross and the tax in it, wholesale net and its
    tax."""

    amount: Money
    tax: Money
    wholesale: Money
    wholesale_tax: Money


def given_back(order_line_id: UUID, currency: str) -> Given:
    """What of a line is on its way back already."""
    retail, shares = Refund.order_line_id == order_line_id, RefundShare.order_line_id == order_line_id
    columns = (
        (Refund.amount_minor, retail),
        (Refund.tax_minor, retail),
        (RefundShare.wholesale_minor, shares),
        (RefundShare.wholesale_tax_minor, shares),
    )
    sums = [
        select(func.coalesce(func.sum(column), 0)).where(mine).scalar_subquery() for column, mine in columns
    ]
    amount, taxed, wholesale, wholesale_tax = (
        Money(int(minor), currency) for minor in db.session().execute(select(*sums)).one()
    )
    return Given(amount, taxed, wholesale, wholesale_tax)


def back_to_the_buyer(order_line_id: UUID, currency: str) -> Money:
    """What of a line the buyer has got back or is getting, gross; its own to read."""
    of_line = select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
        Refund.order_line_id == order_line_id
    )
    return Money(int(db.session().scalar(of_line) or 0), currency)


def fee_share(payment: Payment, amount: Money) -> Money:
    """What of the gateway's fee falls on a refund of `amount`: by its part of the captured money, so that all
    of them together are exactly the fee."""
    captured, fee, before = payment.captured_minor or 0, payment.fee_minor or 0, payment.refunded_minor
    if not captured:
        return Money(0, payment.currency)
    upto = before + amount.minor
    parts = [Money(fee, payment.currency).split([so_far, captured - so_far])[0] for so_far in (before, upto)]
    return parts[1] - parts[0]


# --- Requesting ---------------------------------------------------------------------------------------------


def request(claim: Claim) -> Refund:
    """Everything that follows from giving back, in this transaction: both legs in the books, the charge, the
    hold, the credit note, and the task that asks the card. A key that is there already is refused by the
    database: checkout.line_refunds asks for it first.

    Raises MoreThanCaptured. The caller holds the order's lock, and the payment's before it."""
    fund = payments.fund_of(claim.order_id)
    if fund is None:
        raise Refused(_("Nothing was paid for this order, so there is nothing to give back."))
    by_card = fund.kind is FundKind.PAYMENT and claim.amount.minor > 0
    payment = payments.lock(fund.payment_id) if by_card and fund.payment_id else None
    if payment is not None and claim.amount > payments.refundable(payment):
        raise MoreThanCaptured(payments.refundable(payment))
    way = Way.ACCOUNT if fund.kind is FundKind.CREDIT else Way.NOTHING
    if payment is not None:
        way = Way.TRANSFER if bank_transfers.has_paid(claim.order_id) else Way.CARD
    refund = db.add(
        Refund(
            reseller_id=claim.reseller_id, customer_id=claim.customer_id, key=claim.key,
            order_id=claim.order_id, order_line_id=claim.order_line_id,
            payment_id=payment.id if payment else None, way=way, because=claim.because, why=claim.why,
            state=RefundState.REQUESTED, amount_minor=claim.amount.minor, tax_minor=claim.tax.minor,
            currency=claim.amount.currency,
            tries=1, requested_by=claim.by, requested_at=db.session().info["now"],
        )
    )  # fmt: skip
    fee = fee_share(payment, claim.amount) if payment else Money(0, claim.amount.currency)
    db.flush()
    share = _share(refund, claim, fee)
    _book(refund, share)
    invoices.credit(claim.order_line_id, claim.wholesale + claim.wholesale_tax)
    credit.shrink(claim.order_id, uncovered(claim.order_id, claim.amount.currency))
    invoice = invoices.of_order(claim.order_id)
    if invoice is not None and invoice.number and claim.amount.minor:
        credit_notes.issue(
            invoice,
            refund_id=refund.id,
            line_number=claim.line_number,
            amount=claim.amount,
            tax=claim.tax,
            reason=claim.why,
        )
    trail.write(refund, "requested", why=claim.why, amount=claim.amount.text, by=claim.by)
    if way is Way.TRANSFER:
        _by_hand(refund)
    elif payment is not None:
        tasks.add(CALL, {"refund": str(refund.id)}, key=f"{CALL}:{refund.call_key}", lane="stripe")
    else:
        _done(refund)
    publish(RefundRequested(refund.id))
    fault("refund.requested")
    return refund


def _share(refund: Refund, claim: Claim, fee: Money) -> RefundShare:
    borne_by = claim.fee_borne_by if claim.customer_id else Party.DISTRIBUTOR
    share = db.add(
        RefundShare(
            reseller_id=refund.reseller_id, refund_id=refund.id, order_line_id=refund.order_line_id,
            wholesale_minor=claim.wholesale.minor, wholesale_tax_minor=claim.wholesale_tax.minor,
            margin_minor=(claim.amount - claim.tax - claim.wholesale).minor,
            fee_minor=fee.minor, fee_borne_by=borne_by, currency=refund.currency,
        )
    )  # fmt: skip
    db.flush()
    return share


def _book(refund: Refund, share: RefundShare) -> None:
    """The sale is taken back in both legs: the reseller's margin with it. A fee that the reseller bore at the
    capture comes back to it where the distributor bears it now."""
    nothing = Money(0, refund.currency)
    back, taxed = (refund.amount, refund.tax) if refund.way in PAID_BACK else (nothing, nothing)
    moved = refund.customer_id is not None and share.fee_borne_by is Party.DISTRIBUTOR
    fee = share.fee if moved else nothing
    ledger.post(
        f"refund {refund.id} owed",
        [
            (Account.REFUNDS, -back, None),
            (Account.WHOLESALE_SALES, share.wholesale, None),
            (Account.SALES_TAX, share.wholesale_tax, None),
            (Account.FEES, fee, None),
            (Account.RESELLER_TAX, taxed - share.wholesale_tax, refund.reseller_id),
            (Account.RESELLER, back - taxed - share.wholesale - fee, refund.reseller_id),
        ],
        order_id=refund.order_id,
    )


def uncovered(order_id: UUID, currency: str) -> Money:
    """What of an order's wholesale, gross, is covered by neither its payment nor a refund: all that it still
    has to hold of the reseller's credit."""
    wholesale = total([charge.left for charge in invoices.charges(order_id)], currency)
    fund = payments.fund_of(order_id)
    if fund is None or fund.payment_id is None:
        return wholesale
    payment = payments.lock(fund.payment_id)
    returned = select(func.coalesce(func.sum(RefundShare.fee_minor), 0)).where(
        RefundShare.refund_id.in_(select(Refund.id).where(Refund.order_id == order_id)),
        RefundShare.fee_borne_by == Party.DISTRIBUTOR,
    )
    fees = int(db.session().scalar(returned) or 0) if payment.customer_id else 0
    left = payments.left_of(payment).minor - payment.refunded_minor + fees
    return Money(max(0, wholesale.minor - left), currency)


# --- Settling -----------------------------------------------------------------------------------------------


def settle(report: RefundReport) -> RefundState | None:
    """What the gateway reports about one of our refunds becomes true here, once, however often and by whom it
    is told. Returns its state, or None when the refund is not ours."""
    refund = of_key(report.key)
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
            _done(refund)
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


def _done(refund: Refund, to: RefundState = RefundState.DONE) -> None:
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


def _by_hand(refund: Refund) -> None:
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
    refund = find(refund_id)
    db.session().refresh(refund, with_for_update=True)
    if refund.state not in (RefundState.DONE, RefundState.PAID_OTHERWISE):
        _fail(refund, words)


def unclear(refund_id: UUID, words: str) -> None:
    """Asked, but no clear answer came."""
    refund = find(refund_id)
    if refund.state is RefundState.REQUESTED:
        states.move(refund, RefundState.UNKNOWN, why=words)


def try_again(refund: Refund, *, why: str = "") -> None:
    """A failed refund is asked for once more: the same call where it may still be under way there, which is
    looked up first; a new one where the bank sent it back."""
    asked = select(tasks.Task).where(tasks.Task.key == f"{CALL}:{refund.call_key}")
    task = db.session().scalar(asked.with_for_update())  # before the payment, as a worker does
    refund = _failed(refund)
    if task is not None and task.state is TaskState.PARKED:
        tasks.retry(task, why=why)
    else:
        refund.tries += 1
        tasks.add(CALL, {"refund": str(refund.id)}, key=f"{CALL}:{refund.call_key}", lane="stripe")
    states.move(refund, RefundState.REQUESTED, why=why)
    work.close_about(refund.id, "Tried again.")


def paid_otherwise(refund: Refund, *, why: str) -> None:
    """A person paid a failed refund past the gateway, and says how."""
    refund = _failed(refund)
    if not why.strip():
        raise Refused(_("Say how it was paid."))
    task = db.session().scalar(select(tasks.Task).where(tasks.Task.key == f"{CALL}:{refund.call_key}"))
    if task is not None and task.state in (*tasks.OPEN, TaskState.PARKED):
        tasks.close(task, TaskState.REFUSED, why=why)
    trail.write(refund, "paid past the gateway", why=why, by=parties.the_distributor().name)
    _done(refund, RefundState.PAID_OTHERWISE)


def _failed(refund: Refund) -> Refund:
    if refund.payment_id is not None:
        payments.lock(refund.payment_id)
    db.session().refresh(refund, with_for_update=True)
    if refund.state is not RefundState.FAILED:
        raise NotFailed(refund.state)
    return refund


TALLY = (
    """
    CREATE OR REPLACE FUNCTION refunds_are_tallied() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'what a refund gives back never changes' USING ERRCODE = 'check_violation', DETAIL = OLD.id::text;
      END IF;
      UPDATE payments SET refunded_minor = refunded_minor + NEW.amount_minor
        WHERE distributor_id = NEW.distributor_id AND id = NEW.payment_id;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'a refund of a payment that cannot be seen' USING ERRCODE = 'check_violation', DETAIL = NEW.id::text;
      END IF;
      RETURN NULL;
    END $$
    """,  # noqa: E501 SQL
    "DROP TRIGGER IF EXISTS refunds_tally ON refunds",
    "CREATE TRIGGER refunds_tally AFTER INSERT ON refunds FOR EACH ROW WHEN (NEW.payment_id IS NOT NULL)"
    " EXECUTE FUNCTION refunds_are_tallied()",
    "DROP TRIGGER IF EXISTS refunds_fixed ON refunds",
    "CREATE TRIGGER refunds_fixed BEFORE UPDATE OF amount_minor, tax_minor, currency, payment_id, order_line_id, key ON refunds"  # noqa: E501 SQL
    " FOR EACH ROW WHEN (OLD.amount_minor <> NEW.amount_minor OR OLD.tax_minor <> NEW.tax_minor OR OLD.currency <> NEW.currency OR OLD.key <> NEW.key"  # noqa: E501 SQL
    " OR OLD.payment_id IS DISTINCT FROM NEW.payment_id OR OLD.order_line_id <> NEW.order_line_id)"
    " EXECUTE FUNCTION refunds_are_tallied()",
)
"""Applied by every migration: each refund adds itself to its payment, whose check refuses more than was
captured, whatever code wrote the row."""
