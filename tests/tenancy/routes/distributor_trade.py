"""A distributor's trade: orders, deliveries, money, work."""

from tests.tenancy.routes.owners import DISTRIBUTOR, WHY, Route, mine

ROUTES: dict[str, Route] = {
    "GET /distributor/deliveries": Route(DISTRIBUTOR),
    "GET /distributor/deliveries.csv": Route(DISTRIBUTOR),
    "POST /distributor/deliveries/<delivery_id>/retry": Route(
        DISTRIBUTOR, {"delivery_id": "delivery"}, page="/distributor/orders/{parked_order}"
    ),
    "POST /distributor/deliveries/<delivery_id>/resolve": Route(
        DISTRIBUTOR,
        {"delivery_id": "delivery"},
        page="/distributor/orders/{parked_order}",
        form=WHY | {"*external_id": "vendor-1"},
    ),
    "POST /distributor/deliveries/<delivery_id>/refuse": Route(
        DISTRIBUTOR, {"delivery_id": "delivery"}, page="/distributor/orders/{parked_order}", form=WHY
    ),
    "GET /distributor/orders/<code>/confirmation.pdf": mine(DISTRIBUTOR, code="order"),
    "GET /distributor/invoices/<invoice_id>/invoice.pdf": mine(DISTRIBUTOR, invoice_id="invoice"),
    "GET /distributor/invoices/<invoice_id>/receipt.pdf": Route(
        DISTRIBUTOR, {"invoice_id": "invoice"}, ok=(404,)
    ),
    "POST /distributor/deliveries/<delivery_id>/cancel": Route(
        DISTRIBUTOR, {"delivery_id": "delivery"}, page="/distributor/orders/{parked_order}", form=WHY
    ),
    "POST /distributor/deliveries/<delivery_id>/give-back": Route(
        DISTRIBUTOR, {"delivery_id": "delivery"}, changes=False, ok=(422,)
    ),  # it is not refused
    "GET /distributor/order-lines/<line_id>/refund": mine(DISTRIBUTOR, line_id="line"),
    "POST /distributor/order-lines/<line_id>/refund": Route(
        DISTRIBUTOR,
        {"line_id": "line"},
        form={"amount": "1.00", "borne": "as_sold", "why": "Because.", "key": "k"},
    ),
    "GET /distributor/refunds": Route(DISTRIBUTOR),
    "GET /distributor/refunds.csv": Route(DISTRIBUTOR),
    "POST /distributor/refunds/policy": Route(
        DISTRIBUTOR, page="/distributor/refunds", form={"when_refused": "ask"}
    ),
    "POST /distributor/refunds/<refund_id>/retry": Route(
        DISTRIBUTOR, {"refund_id": "refund"}, changes=False, ok=(422,)
    ),  # it has not failed
    "POST /distributor/refunds/<refund_id>/paid": Route(
        DISTRIBUTOR, {"refund_id": "refund"}, changes=False, ok=(422,), form={"why": "Because."}
    ),
    "GET /distributor/credit-notes/<note_id>": mine(DISTRIBUTOR, note_id="credit_note"),
    "GET /distributor/credit-notes/<note_id>/credit-note.pdf": mine(DISTRIBUTOR, note_id="credit_note"),
    "GET /distributor/quotes": Route(DISTRIBUTOR),
    "GET /distributor/quotes.csv": Route(DISTRIBUTOR),
    "GET /distributor/quotes/<code>": mine(DISTRIBUTOR, code="quote"),
    "GET /distributor/quotes/<code>/quote.pdf": mine(DISTRIBUTOR, code="quote"),
    "GET /distributor/invoices": Route(DISTRIBUTOR),
    "GET /distributor/invoices.csv": Route(DISTRIBUTOR),
    "GET /distributor/orders": Route(DISTRIBUTOR),
    "GET /distributor/orders.csv": Route(DISTRIBUTOR),
    "GET /distributor/orders/<code>": mine(DISTRIBUTOR, code="order"),
    "POST /distributor/orders/<code>/cancel": Route(
        DISTRIBUTOR, {"code": "unpaid"}, page="/distributor/orders/{unpaid}", form=WHY
    ),
    "POST /distributor/orders/<code>/cover": Route(
        DISTRIBUTOR,
        {"code": "unpaid"},
        changes=False,
        ok=(200, 303, 422),
    ),
    "GET /distributor/payments": Route(DISTRIBUTOR),
    "GET /distributor/payments.csv": Route(DISTRIBUTOR),
    "GET /distributor/subscriptions": Route(DISTRIBUTOR),
    "GET /distributor/subscriptions/<code>": mine(DISTRIBUTOR, code="subscription"),
    "GET /distributor/subscriptions/<code>/cancel": mine(DISTRIBUTOR, code="plan"),
    "POST /distributor/subscriptions/<code>/cancel": Route(
        DISTRIBUTOR, {"code": "plan"}, page="/distributor/subscriptions/{plan}/cancel"
    ),
    "POST /distributor/subscriptions/<code>/keep": Route(
        DISTRIBUTOR, {"code": "cancelled_plan"}, page="/distributor/subscriptions/{cancelled_plan}"
    ),
    "GET /distributor/subscriptions.csv": Route(DISTRIBUTOR),
    "GET /distributor/transfers": Route(DISTRIBUTOR),
    "GET /distributor/transfers.csv": Route(DISTRIBUTOR),
    "GET /distributor/transfers/<code>": mine(DISTRIBUTOR, code="transfer"),
    "GET /distributor/transfers/<code>/progress": Route(DISTRIBUTOR, {"code": "transfer"}, ok=(200, 286)),
    "POST /distributor/transfers/<code>/accept": Route(
        DISTRIBUTOR, {"code": "transfer"}, page="/distributor/transfers/{transfer}"
    ),
    "POST /distributor/transfers/<code>/reject": Route(
        DISTRIBUTOR,
        {"code": "transfer"},
        page="/distributor/transfers/{transfer}",
        form={"reason": "No room."},
    ),
    "POST /distributor/transfers/calls/<call_id>/<act>": Route(
        DISTRIBUTOR, {"call_id": "transfer_call", "act": "=retry"}, page="/distributor/transfers/{stuck}"
    ),
    "GET /distributor/transfers/transition": Route(DISTRIBUTOR),
    "POST /distributor/transfers/transition": Route(
        DISTRIBUTOR,
        page="/distributor/transfers/transition",
        form={"code": "{reseller}"},
        ok=(409,),
        changes=False,
    ),  # it is in transition
    "POST /distributor/transfers/transition/<code>/end": Route(
        DISTRIBUTOR, {"code": "reseller"}, page="/distributor/transfers/transition"
    ),
    "GET /distributor/tasks": Route(DISTRIBUTOR),
    "GET /distributor/tasks.csv": Route(DISTRIBUTOR),
    "POST /distributor/tasks/<task_id>/retry": Route(DISTRIBUTOR, {"task_id": "task"}),
    "GET /distributor/webhooks": Route(DISTRIBUTOR),
    "GET /distributor/webhooks.csv": Route(DISTRIBUTOR),
    "GET /distributor/work": Route(DISTRIBUTOR),
    "GET /distributor/work.csv": Route(DISTRIBUTOR),
    "POST /distributor/work/<item_id>/close": Route(
        DISTRIBUTOR, {"item_id": "item"}, page="/distributor/work", form=WHY
    ),
    "POST /distributor/work/retry": Route(
        DISTRIBUTOR, page="/distributor/work", form={"+item": "{item}"}, foreign=True
    ),
    "GET /distributor/bank-transfers": Route(DISTRIBUTOR),
    "GET /distributor/bank-transfers.csv": Route(DISTRIBUTOR),
    "GET /distributor/bank-transfers/<code>": mine(DISTRIBUTOR, code="asked_transfer"),
    "POST /distributor/bank-transfers/<code>/grant": Route(
        DISTRIBUTOR,
        {"code": "asked_transfer"},
        page="/distributor/bank-transfers/{asked_transfer}",
        form={"account": "12-34-56 7"},
    ),
    "POST /distributor/bank-transfers/<code>/decline": Route(
        DISTRIBUTOR,
        {"code": "asked_transfer"},
        page="/distributor/bank-transfers/{asked_transfer}",
        form={"decline-why": "By card, please."},
    ),
    "POST /distributor/bank-transfers/<code>/receipts": Route(
        DISTRIBUTOR,
        {"code": "granted_transfer"},
        page="/distributor/bank-transfers/{granted_transfer}",
        form={"receipt-reference": "N-9"},
    ),
    "POST /distributor/bank-transfers/<code>/given-back": Route(
        DISTRIBUTOR, {"code": "paid_transfer"}, page="/distributor/bank-transfers/{paid_transfer}"
    ),
    "GET /distributor/find": Route(DISTRIBUTOR, query="q=patch"),
}
