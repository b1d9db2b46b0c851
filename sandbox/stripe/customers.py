"""Customers: who pays, as far as Stripe needs to know."""

from . import events, lists
from .operations import Operation
from .parameters import Fields, Metadata, Span, Text, fields, listing
from .refusals import Json
from .store import Act, new_id

ADDRESS = Fields(
    {part: Text(unset=True) for part in ("city", "country", "line1", "line2", "postal_code", "state")}
)
DETAILS = fields(
    email=Text(512, unset=True),
    name=Text(256, unset=True),
    description=Text(unset=True),
    phone=Text(20, unset=True),
    address=ADDRESS,
    metadata=Metadata(),
)


def create(act: Act, params: Json) -> Json:
    customer: Json = {
        "id": new_id("cus_", 14),
        "object": "customer",
        "address": whole_address(params.get("address")),
        "balance": 0,
        "created": act.second,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": params.get("description"),
        "email": params.get("email"),
        "livemode": False,
        "metadata": {key: value for key, value in params.get("metadata", {}).items() if value},
        "name": params.get("name"),
        "phone": params.get("phone"),
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
    act.add(customer)
    events.record(act, "customer.created", customer)
    return customer


def whole_address(given: Json | None) -> Json | None:
    return {part: given.get(part) for part in ADDRESS.shapes} if given else None


def retrieve(act: Act, params: Json, customer_id: str) -> Json:
    return act.get("customer", customer_id)


def update(act: Act, params: Json, customer_id: str) -> Json:
    customer = act.get("customer", customer_id)
    before = dict(customer)
    for name in ("email", "name", "description", "phone"):
        if name in params:
            customer[name] = params[name]
    if "address" in params:
        customer["address"] = whole_address(params["address"])
    if "metadata" in params:
        merged = {**customer["metadata"], **params["metadata"]}
        customer["metadata"] = {key: value for key, value in merged.items() if value}
    act.save(customer)
    changed = {name: old for name, old in before.items() if customer[name] != old}
    events.record(act, "customer.updated", customer, changed)
    return customer


def browse(act: Act, params: Json) -> Json:
    where = {"email": [params["email"]]} if "email" in params else None
    return lists.page(act, "customer", "/v1/customers", params, where)


OPERATIONS = [
    Operation("POST", "/v1/customers", DETAILS, create),
    Operation("GET", "/v1/customers", listing(created=Span(), email=Text(512)), browse),
    Operation("GET", "/v1/customers/<customer_id>", fields(), retrieve),
    Operation("POST", "/v1/customers/<customer_id>", DETAILS, update),
]
