"""Refunds of the distributor: the list with its policy, giving back a line or a part of it by hand after its
exact money was shown, mending what failed, and credit notes."""

from uuid import UUID

from flask import request, url_for
from sqlalchemy import ColumnElement, or_
from werkzeug.wrappers import Response

from billing import credit_notes, refund_outcomes, refund_policies, refunds
from billing.refund_policies import Party, WhenRefused
from billing.refunds import Because, Refund, RefundState
from checkout import line_refunds, orders
from checkout.line_refunds import Borne, Preview
from checkout.orders import Order, OrderLine
from core import db
from core.errors import Missing, Refusal
from core.ids import new_token
from core.languages import Words, _
from core.money import Money
from provisioning import deliveries, line_cancellations, undelivered
from storefront import downloads, exports, lists, pages, refund_views
from storefront.distributor import console
from storefront.distributor.forms import ByHand, Reason, Refunding
from storefront.distributor.order_page import key_of
from storefront.filters import Days
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.visitors import require_role, visitor

SHOWS = Words({"failed": "Failed", "under-way": "On the way", "done": "Given back"})
pages.saying(
    given_back="The refund is on its way; each step is on the order.",
    cancelling_line="It is being cancelled. Money goes back when nothing of it is at the vendor.",
    tried_again="The gateway is asked again. What may be under way there is looked up first.",
    paid_otherwise="Noted as paid past the gateway.",
)


# --- The list -----------------------------------------------------------------------------------------------


@console.get("/refunds")
def refund_list() -> Response:
    """All refunds, newest first, and what was decided about them."""
    return show_list()


def show_list(status: int = 200, *, form: Refunding | None = None) -> Response:
    """The page, with the policy's form as it was sent."""
    with db.transaction():
        policy = refund_policies.current()
        page = lists.page(the_list(), refund_views.statement())
    form = form or Refunding(
        when_refused=policy.when_refused.value, fee_when_refused=policy.fee_when_refused.value
    )
    return pages.render("distributor/refunds.html", status, title=_("Refunds"), page=page, form=form)


@console.get("/refunds.csv")
def refund_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), refund_views.statement())


def the_list() -> List:
    """What the list is."""
    return List(
        _("Refunds"),
        "distributor.refund_list",
        [
            Column("order", _("Order"), lambda row: row.order),
            Column("what", _("What"), lambda row: row.title),
            Column("reason", _("Reason"), lambda row: row.reason, only_file=True),
            Column("note", _("Credit note"), lambda row: row.note, only_file=True),
            Column("state", _("State"), lambda row: row.words),
            Column(
                "amount",
                _("Buyer gets"),
                lambda row: row.amount,
                sort=Refund.amount_minor,
                kind="num",
                money=True,
            ),
            Column("wholesale", _("Wholesale"), lambda row: row.wholesale, kind="num", money=True),
            Column("margin", _("Reseller's margin"), lambda row: row.margin, kind="num", money=True),
            Column("fee", _("Card fee kept"), lambda row: row.fee, kind="num", money=True),
            Column("bearer", _("Fee borne by"), lambda row: row.bearer, only_file=True),
            Column("asked", _("Asked for"), lambda row: row.asked, Refund.id),
            Column("done", _("Done"), lambda row: row.done, only_file=True),
        ],
        Refund.id,
        lambda found: [refund_views.view(*row) for row in found],
        "-asked",
        search=lambda query: or_(
            Order.code == query.upper(),
            Refund.external_id == query,
            OrderLine.product_name.icontains(query, autoescape=True),
        ),
        views=lists.Choice("show", _("View"), SHOWS.options(), stands, any_word=_("All")),
        filters=[Days("asked", _("Asked for"), Refund.requested_at)],
        export="distributor.refund_file",
    )


def stands(show: str) -> ColumnElement[bool]:
    """What a view means."""
    states = {
        "failed": (RefundState.FAILED,),
        "under-way": (RefundState.REQUESTED, RefundState.UNKNOWN, RefundState.SENT),
        "done": (RefundState.DONE, RefundState.PAID_OTHERWISE),
    }
    return Refund.state.in_(states[show])


@console.post("/refunds/policy")
def decide() -> Response:
    """What happens from now on when a vendor refuses."""
    require_role("billing_agent")
    form = Refunding(request.form)
    if not form.validate():
        return show_list(422, form=form)
    with db.transaction():
        refund_policies.decide(
            when_refused=WhenRefused(form.when_refused.data),
            fee_when_refused=Party(form.fee_when_refused.data),
        )
    return pages.see("distributor.refund_list", "saved")


# --- By hand ------------------------------------------------------------------------------------------------


@console.get("/order-lines/<line_id>/refund")
def refund_page(line_id: str) -> Response:
    """A line's refund: what is left of it; with an amount, exactly what would move in both legs."""
    form = ByHand(request.args if "amount" in request.args else None)
    return show_refund(lists.identifier(line_id, "order line"), form, asked="amount" in request.args)


def show_refund(
    line_id: UUID, form: ByHand, status: int = 200, *, asked: bool, problem: str | None = None
) -> Response:
    """The page; `asked`: the form was filled, so its money is shown."""
    exact: Preview | None = None
    with db.transaction():
        line = line_refunds.line_of(line_id)
        order = orders.of_id(line.order_id)
        left = line.gross - refunds.given_back(line.id, line.currency).amount
        form.amount.currency = line.currency
        if not asked:
            form.amount.data = str(left.amount)
        elif form.validate():
            try:
                exact = line_refunds.preview(line.id, amount_of(form, left), borne=borne_of(form))
            except Refusal as refusal:
                problem, status = problem or str(refusal), status if status != 200 else refusal.status
        else:
            status = 422
    return pages.render(
        "distributor/refund.html",
        status,
        title=_("Refund of %(code)s", code=order.code),
        order=order,
        line=line,
        left=left,
        form=form,
        exact=exact,
        key=new_token(),
        bearer=refund_views.BEARERS[exact.fee_borne_by] if exact else "",
        problem=problem,
    )


def amount_of(form: ByHand, left: Money) -> Money | None:
    """The typed amount; none means all that is left, in both legs."""
    typed = form.amount.money()
    return None if typed == left else typed


def borne_of(form: ByHand) -> Borne:
    """Who bears it."""
    return Borne(form.borne.data or Borne.AS_SOLD)


@console.post("/order-lines/<line_id>/refund")
def refund_line(line_id: str) -> Response:
    """Gives back what was shown; a second submit of the same page gives back nothing more."""
    require_role("billing_agent")
    known, form = lists.identifier(line_id, "order line"), ByHand(request.form)
    with db.transaction():
        line = line_refunds.line_of(known)
        code = orders.of_id(line.order_id).code
    form.amount.currency = line.currency
    key = request.form.get("key", "")[:100]
    if not form.validate() or not key:
        return show_refund(known, form, 422, asked=True)
    try:
        with db.transaction():
            left = line.gross - refunds.given_back(known, line.currency).amount
            line_refunds.give_back(
                known,
                key=f"hand:{key}",
                because=Because.BY_HAND,
                why=form.why.data or "",
                by=visitor().name,
                amount=amount_of(form, left),
                borne=borne_of(form),
            )
    except Refusal as refusal:
        return show_refund(known, form, refusal.status, asked=True, problem=str(refusal))
    return pages.see("distributor.order_page", "given-back", code=code)


# --- What was refused, what is to be cancelled, what failed -------------------------------------------------


@console.post("/deliveries/<delivery_id>/give-back")
def give_back(delivery_id: str) -> Response:
    """Gives back a line that its vendor refused, where the distributor wanted to be asked."""
    require_role("billing_agent")
    known = lists.identifier(delivery_id, "delivery")
    with db.transaction():
        order = orders.of_id(deliveries.find(known).order_id)
    with db.transaction():
        undelivered.give_back(known, by=visitor().name)
    if request.form.get("back") == "work":
        return pages.see("distributor.work_queue", "given-back")
    return pages.see("distributor.order_page", "given-back", code=order.code)


@console.post("/deliveries/<delivery_id>/cancel")
def cancel_delivery(delivery_id: str) -> Response:
    """Cancels a line that is being delivered."""
    require_role("subscriptions_manager")
    known = lists.identifier(delivery_id, "delivery")
    form = Reason(request.form, prefix=f"cancel-{key_of(known)}-")
    with db.transaction():
        order = orders.of_id(deliveries.find(known).order_id)
    why = (form.why.data or "").strip() or "Cancelled in the console"
    with db.transaction():
        line_cancellations.ask(known, by=visitor().name, why=why[:500])
    return pages.see("distributor.order_page", "cancelling-line", code=order.code)


@console.post("/refunds/<refund_id>/retry")
def retry_refund(refund_id: str) -> Response:
    """A failed refund is asked for again."""
    return mend(refund_id, "tried-again", again=True)


@console.post("/refunds/<refund_id>/paid")
def paid_otherwise(refund_id: str) -> Response:
    """A failed refund was paid past the gateway."""
    return mend(refund_id, "paid-otherwise", again=False)


def mend(refund_id: str, said: str, *, again: bool) -> Response:
    """Does one of the two and goes back to the order."""
    require_role("billing_agent")
    known = lists.identifier(refund_id, "refund")
    why = (Reason(request.form, prefix=f"paid-{key_of(known)}-").why.data or "").strip()[:500]
    with db.transaction():
        refund = refunds.find(known)
        code = orders.of_id(refund.order_id).code
        if again:
            refund_outcomes.try_again(refund, why=why or "asked for in the console")
        else:
            refund_outcomes.paid_otherwise(refund, why=why)
    return pages.see("distributor.order_page", said, code=code)


# --- Credit notes -------------------------------------------------------------------------------------------


@console.get("/credit-notes/<note_id>")
def credit_note(note_id: str) -> Response:
    """One credit note, printable."""
    with db.transaction() as session:
        note = credit_notes.find(lists.identifier(note_id, "credit note"))
        lines = credit_notes.lines(note.id)
        order = session.get(Order, (note.distributor_id, note.order_id))
        if order is None:
            raise Missing("credit note")
    return pages.render(
        "distributor/credit_note.html",
        title=_("Credit note %(number)s", number=note.label),
        note=note,
        lines=lines,
        order=order.code,
        issued=moment(note.issued_at),
        paper_url=url_for("distributor.credit_note_paper", note_id=note.id),
    )


@console.get("/credit-notes/<note_id>/credit-note.pdf")
def credit_note_paper(note_id: str) -> Response:
    """The credit note as a file."""
    return downloads.credit_note(lists.identifier(note_id, "credit note"))
