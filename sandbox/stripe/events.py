"""Events: what happened, with the object as it was at that moment, written in the transaction that did it."""

import json

from . import API_VERSION, deliveries, lists
from .operations import Operation
from .parameters import Flag, Many, Span, Text, fields, listing
from .refusals import Json
from .store import Act, new_id


def record(act: Act, kind: str, thing: Json, previous: Json | None = None) -> Json:
    """Write an event about the object and a delivery for every endpoint that wants it."""
    data: Json = {"object": json.loads(json.dumps(thing))}
    if previous is not None:
        data["previous_attributes"] = previous
    endpoints = [each["id"] for each in act.every("webhook_endpoint") if wants(each, kind)]
    event: Json = {
        "id": new_id("evt_1", 23),
        "object": "event",
        "api_version": API_VERSION,
        "created": act.second,
        "data": data,
        "livemode": False,
        "pending_webhooks": len(endpoints),
        "request": {"id": act.request_id, "idempotency_key": act.idempotency_key},
        "type": kind,
    }
    act.add(event)
    deliveries.enqueue(act, event["id"], endpoints)
    return event


def wants(endpoint: Json, kind: str) -> bool:
    return endpoint["status"] == "enabled" and (
        "*" in endpoint["enabled_events"] or kind in endpoint["enabled_events"]
    )


def with_pending(act: Act, event: Json) -> Json:
    return {**event, "pending_webhooks": deliveries.waiting_for(act, event["id"])}


def retrieve(act: Act, params: Json, event_id: str) -> Json:
    return with_pending(act, act.get("event", event_id))


def browse(act: Act, params: Json) -> Json:
    kinds = params.get("types") or ([params["type"]] if "type" in params else [])
    answer = lists.page(act, "event", "/v1/events", params, {"type": kinds} if kinds else None)
    answer["data"] = [with_pending(act, event) for event in answer["data"]]
    if "delivery_success" in params:
        settled = params["delivery_success"]
        answer["data"] = [each for each in answer["data"] if (each["pending_webhooks"] == 0) == settled]
    return answer


OPERATIONS = [
    Operation("GET", "/v1/events/<event_id>", fields(), retrieve),
    Operation(
        "GET",
        "/v1/events",
        listing(created=Span(), type=Text(), types=Many(Text(), most=20), delivery_success=Flag()),
        browse,
    ),
]
