"""Orders that ask to be paid by bank transfer, or were: sales answers, and whoever keeps the money records
what has arrived."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from operator import itemgetter
from typing import Any

from flask import request, url_for
from sqlalchemy import ColumnElement, Select, or_, select
from werkzeug.wrappers import Response
from wtforms import DateField, StringField
from wtforms.validators import InputRequired, Length

from billing import bank_transfers
from billing.bank_transfers import LONGEST, BankAccount, BankTransfer, BankTransferState
from checkout import bank_transfer_requests, orders
from checkout.orders import Order
from core import db
from core.clock import business_now
from core.errors import Missing, Refusal
from core.languages import Words, _
from core.parties import Customer, Reseller
from core.tenancy import same_key
from storefront import exports, lists, pages, timelines
from storefront.distributor import console
from storefront.distributor.forms import AmountField
from storefront.filters import Amounts, Days
from storefront.forms import Form
from storefront.lists import Column, List
from storefront.moments import day, moment
from storefront.visitors import has_role, require_role, the_shop, visitor

MONEY = "billing_agent"
DUE = timedelta(days=14)
WORDS = Words(
    {
        "asked": "Waits for our answer",
        "granted": "Money awaited",
        "declined": "Declined",
        "received": "Received",
        "ended": "Ended unpaid",
    }
)
pages.saying(
    transfer_granted="Granted. The buyer gets the account by mail.",
    transfer_declined="Declined. The buyer gets your reason by mail and may pay by card.",
    transfer_recorded="Recorded. What is paid is on its way.",
    transfer_given_back="The books say that it was given back.",
)


class Grant(Form):
    """Where to, with which reference, until when."""

    holder = StringField("Account holder", [InputRequired("Whose account is it?"), Length(max=LONGEST)])
    account = StringField(
        "IBAN or account number",
        [InputRequired("Which account?"), Length(max=LONGEST)],
        description="The digits of an IBAN are checked.",
    )
    bank = StringField("Bank and BIC", [Length(max=LONGEST)])
    reference = StringField(
        "Reference", [InputRequired("What is the buyer to name?"), Length(max=LONGEST)],
        description="What the buyer names, so that you find the payment.",
    )  # fmt: skip
    due_on = DateField(
        "Last day",
        [InputRequired("Choose a day.")],
        description="The order is kept five days longer, because banks take their time.",
    )


class Decline(Form):
    """Why not."""

    why = StringField("Reason", [InputRequired("Say why; the buyer reads it."), Length(max=500)])


class Receipt(Form):
    """What the bank statement says."""

    amount = AmountField("Amount that has arrived")
    received_on = DateField("Day it arrived", [InputRequired("Choose the day.")])
    reference = StringField(
        "Reference of the movement",
        [InputRequired("As your bank statement names it."), Length(max=LONGEST)],
        description="The bank's own name of this movement: each is recorded once.",
    )


@console.get("/bank-transfers")
def bank_transfer_list() -> Response:
    """What waits for an answer comes first."""
    with db.transaction():
        page = lists.page(the_list(), statement())
    return pages.render("distributor/bank_transfers.html", title=_("Bank transfers"), page=page)


@console.get("/bank-transfers.csv")
def bank_transfer_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), statement())


def the_list() -> List:
    """What the list is."""
    return List(
        _("Bank transfers"),
        "distributor.bank_transfer_list",
        [
            Column("order", _("Order"), itemgetter("order")),
            Column("who", _("Buyer"), itemgetter("who")),
            Column("reseller", _("Reseller"), itemgetter("reseller"), Reseller.name),
            Column("state", _("State"), itemgetter("words")),
            Column(
                "amount", _("Amount"), itemgetter("amount"), BankTransfer.amount_minor, kind="num", money=True
            ),
            Column("reference", _("Reference"), itemgetter("reference"), only_file=True),
            Column("due", _("Last day"), itemgetter("due"), lists.first_if_empty(BankTransfer.due_on)),
            Column("asked", _("Asked"), itemgetter("asked"), BankTransfer.id),
        ],
        BankTransfer.id,
        rows_of,
        "-asked",
        search=found_by,
        views=lists.Choice(
            "show",
            _("View"),
            WORDS.options(),
            lambda word: BankTransfer.state == BankTransferState(word),
            any_word=_("All"),
        ),
        filters=[
            Days("asked", _("Asked"), BankTransfer.asked_at),
            Amounts(
                "amount", _("Amount"), BankTransfer.amount_minor, BankTransfer.currency, the_shop().currency
            ),
        ],
        export="distributor.bank_transfer_file",
    )


def statement() -> Select[BankTransfer, str, str, str]:
    """Requests with order and names."""
    return (
        select(BankTransfer, Order.code, Reseller.name, Customer.name)
        .join(Order, same_key(Order.id, BankTransfer.order_id))
        .join(Reseller, same_key(Reseller.id, BankTransfer.reseller_id))
        .outerjoin(Customer, same_key(Customer.id, BankTransfer.customer_id))
    )


def found_by(query: str) -> ColumnElement[bool]:
    """An order or a reference whole, names by a part."""
    return or_(
        Order.code == query.upper(),
        BankTransfer.reference == query,
        Reseller.name.icontains(query, autoescape=True),
        Customer.name.icontains(query, autoescape=True),
    )


def rows_of(found: Sequence[tuple[BankTransfer, str, str, str | None]]) -> list[dict[str, Any]]:
    """Requests as the list shows them."""
    return [
        {
            "order": code,
            "url": url_for("distributor.bank_transfer_page", code=code),
            "who": customer or _("%(reseller)s (for itself)", reseller=reseller),
            "reseller": reseller,
            "state": one.state.value,
            "words": WORDS[one.state.value],
            "amount": one.amount,
            "reference": one.reference,
            "due": day(one.due_on) if one.due_on else "–",
            "asked": moment(one.asked_at),
        }
        for one, code, reseller, customer in found
    ]


# --- One of them --------------------------------------------------------------------------------------------


@console.get("/bank-transfers/<code>")
def bank_transfer_page(code: str) -> Response:
    """The request about an order, its answer, and what came."""
    return show(code)


def show(
    code: str,
    status: int = 200,
    *,
    grant: Grant | None = None,
    decline: Decline | None = None,
    receipt: Receipt | None = None,
    problem: str = "",
) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        order = orders.find(code)
        one = bank_transfers.of_order(order.id)
        if one is None:
            raise Missing("bank transfer")
        came = bank_transfers.receipts(one.id)
        apart = bank_transfers.apart(one)
        account = bank_transfers.last_account(one.currency)
        timeline = timelines.of([one.id])
        today = business_now().date()
    grant = grant or Grant(
        holder=account.holder if account else the_shop().legal_name,
        account=account.account if account else "",
        bank=account.bank if account else "",
        reference=code,
        due_on=today + DUE,
    )
    return pages.render(
        "distributor/bank_transfer.html",
        status,
        title=_("Bank transfer for %(code)s", code=code),
        order=order,
        one=one,
        words=WORDS[one.state.value],
        asked=moment(one.asked_at),
        answered=moment(one.answered_at),
        due=day(one.due_on) if one.due_on else "",
        kept_until=moment(order.expires_at),
        came=[(row, day(row.received_on), moment(row.recorded_at)) for row in came],
        apart=apart,
        grant=grant,
        decline=decline or Decline(prefix="decline-"),
        receipt=receipt
        or Receipt(amount=str(one.amount.amount) if one.open else "", received_on=today, prefix="receipt-"),
        timeline=timeline,
        problem=problem,
        may_act=has_role(MONEY),
    )


def act(code: str, said: str, do: Callable[[], object], **form: Any) -> Response:
    """Does it; a refusal keeps what was typed."""
    try:
        with db.transaction():
            do()
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, refusal.status, problem=str(refusal), **form)
    return pages.see("distributor.bank_transfer_page", said, code=code)


@console.post("/bank-transfers/<code>/grant")
def grant_bank_transfer(code: str) -> Response:
    """The buyer may transfer the money."""
    require_role(MONEY)
    form = Grant(request.form)
    if not form.validate():
        return show(code, 422, grant=form)
    to = BankAccount(form.holder.data or "", form.account.data or "", form.bank.data or "")
    return act(
        code,
        "transfer-granted",
        lambda: bank_transfer_requests.grant(
            code, to, reference=form.reference.data or "", due_on=form.due_on.data, by=visitor().name
        ),
        grant=form,
    )


@console.post("/bank-transfers/<code>/decline")
def decline_bank_transfer(code: str) -> Response:
    """The buyer pays by card."""
    require_role(MONEY)
    form = Decline(request.form, prefix="decline-")
    if not form.validate():
        return show(code, 422, decline=form)
    return act(
        code,
        "transfer-declined",
        lambda: bank_transfer_requests.decline(code, reason=form.why.data or "", by=visitor().name),
        decline=form,
    )


@console.post("/bank-transfers/<code>/receipts")
def record_bank_transfer(code: str) -> Response:
    """The money is on the account: the order is funded and delivered."""
    require_role(MONEY)
    form = Receipt(request.form, prefix="receipt-")
    with db.transaction():
        order = orders.find(code)
    form.amount.currency = order.currency
    if not form.validate() or (amount := form.amount.money()) is None or form.received_on.data is None:
        return show(code, 422, receipt=form)
    received_on = form.received_on.data
    return act(
        code,
        "transfer-recorded",
        lambda: bank_transfers.record(
            order.id,
            amount,
            received_on=received_on,
            reference=form.reference.data or "",
            by=visitor().name,
        ),
        receipt=form,
    )


@console.post("/bank-transfers/<code>/given-back")
def give_back_bank_transfer(code: str) -> Response:
    """What nobody had asked for is on its way back."""
    require_role(MONEY)
    with db.transaction():
        order = orders.find(code)
    return act(
        code,
        "transfer-given-back",
        lambda: bank_transfers.given_back(order.id, by=visitor().name),
    )
