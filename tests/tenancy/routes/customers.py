"""A customer's routes."""

from tests.tenancy.routes.owners import CUSTOMER, Route, mine

ROUTES: dict[str, Route] = {
    "GET /basket": Route(CUSTOMER),
    "POST /basket": Route(CUSTOMER, page="/p/patch", form={"quantity": "2"}),
    "POST /basket/change": Route(CUSTOMER, page="/basket", form={"quantity-*": "5"}, foreign=True),
    "GET /checkout": Route(CUSTOMER),
    "POST /checkout": Route(CUSTOMER, page="/checkout", form={"+agreed": "{terms}"}),
    "GET /quotes": Route(CUSTOMER),
    "GET /quotes.csv": Route(CUSTOMER),
    "GET /quotes/<code>": mine(CUSTOMER, code="quote"),
    "GET /quotes/<code>/quote.pdf": mine(CUSTOMER, code="quote"),
    "POST /quotes/<code>/ask": Route(
        CUSTOMER, {"code": "quote"}, page="/quotes/{quote}", form={"words": "How long?"}
    ),
    "POST /quotes/<code>/decline": Route(
        CUSTOMER, {"code": "quote"}, page="/quotes/{quote}", form={"reason": "Too dear."}
    ),
    "GET /quotes/<code>/order": mine(CUSTOMER, code="quote"),
    "POST /quotes/<code>/order": Route(
        CUSTOMER, {"code": "quote"}, page="/quotes/{quote}/order", form={"+agreed": "{terms}"}
    ),
    "GET /orders": Route(CUSTOMER),
    "GET /orders.csv": Route(CUSTOMER),
    "GET /orders/<code>": mine(CUSTOMER, code="order"),
    "GET /orders/<code>/progress": Route(CUSTOMER, {"code": "order"}, ok=(200, 286)),
    "GET /orders/<code>/pay": Route(CUSTOMER, {"code": "unpaid"}, ok=(503,)),
    "POST /orders/<code>/cancel": Route(CUSTOMER, {"code": "unpaid"}, page="/orders/{unpaid}"),
    "POST /deliveries/<uuid:delivery_id>/cancel": Route(
        CUSTOMER, {"delivery_id": "delivery"}, page="/orders/{parked_order}"
    ),
    "GET /credit-notes/<uuid:note_id>": mine(CUSTOMER, note_id="credit_note"),
    "GET /credit-notes/<uuid:note_id>/credit-note.pdf": mine(CUSTOMER, note_id="credit_note"),
    "GET /services": Route(CUSTOMER),
    "GET /services.csv": Route(CUSTOMER),
    "GET /services/<code>": mine(CUSTOMER, code="subscription"),
    "POST /services/<code>/assign": Route(
        CUSTOMER, {"code": "subscription"}, page="/services/{subscription}", form={"to": "agnes@acme.example"}
    ),
    "POST /services/<code>/release": Route(
        CUSTOMER, {"code": "subscription"}, page="/services/{subscription}", foreign=True
    ),
    "GET /services/<code>/cancel": mine(CUSTOMER, code="subscription"),
    "POST /services/<code>/cancel": Route(
        CUSTOMER, {"code": "subscription"}, page="/services/{subscription}/cancel"
    ),
    "POST /services/<code>/keep": Route(CUSTOMER, {"code": "cancelled"}, page="/services/{cancelled}"),
    "GET /invoices": Route(CUSTOMER),
    "GET /invoices.csv": Route(CUSTOMER),
    "GET /invoices/<uuid:invoice_id>": mine(CUSTOMER, invoice_id="invoice"),
    "GET /invoices/<uuid:invoice_id>/invoice.pdf": mine(CUSTOMER, invoice_id="invoice"),
    "GET /invoices/<uuid:invoice_id>/receipt.pdf": Route(CUSTOMER, {"invoice_id": "invoice"}, ok=(404,)),
    "GET /orders/<code>/confirmation.pdf": mine(CUSTOMER, code="order"),
    "GET /agreements": Route(CUSTOMER),
    "POST /agreements/<code>": Route(  # each for its own company
        CUSTOMER,
        {"code": "=customer-agreement"},
        page="/agreements/{agreement}",
        form={"+agreed": "{agreement_version}"},
    ),
    "GET /people": Route(CUSTOMER),
    "GET /people.csv": Route(CUSTOMER),
    "POST /people": Route(
        CUSTOMER, page="/people", form={"name": "Pia", "email": "pia@acme.example", "roles": "buyer"}
    ),
    "POST /people/roles": Route(CUSTOMER, page="/people", form={"+role-{agent}": "buyer"}, foreign=True),
    "POST /people/<person_id>/remove": mine(CUSTOMER, person_id="agent"),
    "POST /people/invitations/<invitation_id>/resend": Route(
        CUSTOMER, {"invitation_id": "own_invitation"}, page="/people"
    ),
    "POST /people/invitations/<invitation_id>/revoke": Route(
        CUSTOMER, {"invitation_id": "own_invitation"}, page="/people"
    ),
    "GET /company": Route(CUSTOMER),
    "POST /company": Route(CUSTOMER, page="/company", form={"company-city": "Berlin"}),
    "POST /orders/<code>/by-card": Route(
        CUSTOMER, {"code": "asked_transfer"}, page="/orders/{asked_transfer}"
    ),
    "GET /quotes/ask": Route(CUSTOMER, query="product=patch"),
    "POST /quotes/ask": Route(CUSTOMER, page="/quotes/ask?product=patch", form={"quantity-*": "3"}),
}
