"""Checkout Sessions: a payment asked for, open until it is paid or its time is over."""

from . import amounts, events, lists
from .operations import Operation
from .parameters import Choice, Fields, Many, Metadata, Span, Text, Url, Whole, fields, listing
from .refusals import Json, Refusal, bad_parameter
from .store import Act, Store, new_id

SHORTEST, LONGEST = 30 * 60, 24 * 3600
PRODUCT = Fields({"name": Text(), "description": Text(40_000), "metadata": Metadata()}, ("name",))
PRICE = Fields(
    {"currency": Text(3), "unit_amount": Whole(0), "product_data": PRODUCT},
    ("currency", "unit_amount", "product_data"),
)
LINE = Fields({"price_data": PRICE, "quantity": Whole(1)}, ("price_data", "quantity"))
MESSAGE = Fields({"message": Text(1200)}, ("message",))
CREATE = fields(
    "mode",
    "success_url",
    "line_items",
    mode=Choice(("payment",)),
    line_items=Many(LINE),
    success_url=Url(),
    cancel_url=Url(),
    client_reference_id=Text(200),
    customer=Text(),
    customer_email=Text(800),
    expires_at=Whole(),
    locale=Text(10),
    submit_type=Choice(("auto", "book", "donate", "pay")),
    metadata=Metadata(),
    branding_settings=Fields({"display_name": Text()}),
    custom_text=Fields({"submit": MESSAGE}),
    payment_intent_data=Fields(
        {
            "metadata": Metadata(),
            "description": Text(1000),
            "receipt_email": Text(800),
            "statement_descriptor_suffix": Text(22),
        }
    ),
)


def create(act: Act, params: Json) -> Json:
    currency = one_currency(params["line_items"])
    total = sum(line["price_data"]["unit_amount"] * line["quantity"] for line in params["line_items"])
    amounts.check_total(total, currency)
    if "customer" in params and "customer_email" in params:
        raise bad_parameter(
            "You may only specify one of these parameters: customer, customer_email.", "customer"
        )
    if "customer" in params:
        act.get("customer", params["customer"], "customer")
    session = blank(act, params, currency, total)
    items = [item(act, line, currency) for line in params["line_items"]]
    listed = {
        "object": "list",
        "data": items,
        "has_more": False,
        "url": f"/v1/checkout/sessions/{session['id']}/line_items",
    }
    return act.add(
        session, {"line_items": listed, "payment_intent_data": params.get("payment_intent_data", {})}
    )


def one_currency(lines: list[Json]) -> str:
    if not lines:
        raise bad_parameter("Missing required param: line_items.", "line_items", "parameter_missing")
    currencies = {line["price_data"]["currency"].lower() for line in lines}
    if len(currencies) > 1:
        raise bad_parameter("All line items must have the same currency.", "line_items")
    currency = currencies.pop()
    if not currency.isascii() or not currency.isalpha() or len(currency) != 3:
        raise bad_parameter(f"Invalid currency: {currency}.", "line_items[0][price_data][currency]")
    return currency


def ends_at(act: Act, params: Json) -> int:
    wanted = params.get("expires_at", act.second + LONGEST)
    if wanted < act.second + SHORTEST:
        raise bad_parameter(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
            "expires_at",
        )
    if wanted > act.second + LONGEST:
        raise bad_parameter(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
            "expires_at",
        )
    return wanted


def blank(act: Act, params: Json, currency: str, total: int) -> Json:
    session_id = new_id("cs_test_", 58)
    return {
        "id": session_id,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "after_expiration": None,
        "allow_promotion_codes": None,
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": None,
        "branding_settings": branding(act, params),
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "created": act.second,
        "currency": currency,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": params.get("custom_text", {}).get("submit"),
            "terms_of_service_acceptance": None,
        },
        "customer": params.get("customer"),
        "customer_creation": None if "customer" in params else "if_required",
        "customer_details": customer_details(params.get("customer_email")),
        "customer_email": params.get("customer_email"),
        "discounts": [],
        "expires_at": ends_at(act, params),
        "invoice": None,
        "invoice_creation": None,
        "livemode": False,
        "locale": params.get("locale"),
        "metadata": params.get("metadata", {}),
        "mode": "payment",
        "origin_context": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "if_required",
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": params.get("submit_type"),
        "subscription": None,
        "success_url": params["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{act.base_url}/c/pay/{session_id}",
        "wallet_options": None,
    }


def branding(act: Act, params: Json) -> Json:
    return {
        "background_color": "#ffffff",
        "border_style": "rounded",
        "button_color": "#0074d4",
        "display_name": params.get("branding_settings", {}).get("display_name", act.account),
        "font_family": "default",
        "icon": None,
        "logo": None,
    }


def customer_details(email: str | None, name: str | None = None) -> Json | None:
    if email is None:
        return None
    details: Json = {
        "address": None,
        "email": email,
        "name": name,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": None,
    }
    return details


def item(act: Act, line: Json, currency: str) -> Json:
    price, quantity = line["price_data"], line["quantity"]
    total = price["unit_amount"] * quantity
    return {
        "id": new_id("li_1", 23),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": currency,
        "description": price["product_data"]["name"],
        "metadata": {},
        "price": {
            "id": new_id("price_1", 23),
            "object": "price",
            "active": False,
            "billing_scheme": "per_unit",
            "created": act.second,
            "currency": currency,
            "custom_unit_amount": None,
            "livemode": False,
            "lookup_key": None,
            "metadata": {},
            "nickname": None,
            "product": new_id("prod_", 14),
            "recurring": None,
            "tax_behavior": "unspecified",
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "one_time",
            "unit_amount": price["unit_amount"],
            "unit_amount_decimal": str(price["unit_amount"]),
        },
        "quantity": quantity,
    }


def retrieve(act: Act, params: Json, session_id: str) -> Json:
    return act.get("checkout.session", session_id)


def browse(act: Act, params: Json) -> Json:
    where = {name: [params[name]] for name in ("status", "payment_intent", "customer") if name in params}
    return lists.page(act, "checkout.session", "/v1/checkout/sessions", params, where)


def browse_items(act: Act, params: Json, session_id: str) -> Json:
    act.get("checkout.session", session_id)
    return act.private(session_id)["line_items"]


def expire(act: Act, params: Json, session_id: str) -> Json:
    session = act.get("checkout.session", session_id)
    if session["status"] != "open":
        raise Refusal(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a '
            f"status of `{session['status']}`.",
        )
    return close(act, session)


def close(act: Act, session: Json) -> Json:
    """End an open session unpaid, and the payment it may have begun."""
    session.update(status="expired", url=None)
    act.save(session)
    if session["payment_intent"]:
        payment = act.get("payment_intent", session["payment_intent"])
        payment.update(
            status="canceled", canceled_at=act.second, cancellation_reason="automatic", next_action=None
        )
        act.save(payment)
        events.record(act, "payment_intent.canceled", payment)
    events.record(act, "checkout.session.expired", session)
    return session


def owner_of(store: Store, session_id: str) -> str | None:
    """The account a session belongs to: its page is opened by people without a key."""
    with store.connection() as db:
        row = db.execute(
            "SELECT account FROM objects WHERE id = ? AND kind = 'checkout.session'", (session_id,)
        ).fetchone()
    return row["account"] if row else None


ONE = "/v1/checkout/sessions/<session_id>"
OPERATIONS = [
    Operation("POST", "/v1/checkout/sessions", CREATE, create),
    Operation(
        "GET",
        "/v1/checkout/sessions",
        listing(
            created=Span(),
            status=Choice(("open", "complete", "expired")),
            payment_intent=Text(),
            customer=Text(),
        ),
        browse,
    ),
    Operation("GET", ONE, fields(), retrieve),
    Operation("GET", f"{ONE}/line_items", listing(), browse_items),
    Operation("POST", f"{ONE}/expire", fields(), expire),
]
