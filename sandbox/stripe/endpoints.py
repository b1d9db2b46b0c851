"""Webhook endpoints: where an account's events go. The secret is told once, at creation, as Stripe tells it.
Only addresses of this machine are taken: a sandbox has no business calling out."""

import ipaddress
from urllib.parse import urlsplit

from . import API_VERSION, deliveries, lists
from .operations import Operation
from .parameters import Flag, Many, Metadata, Text, Url, fields, listing
from .refusals import Json, bad_parameter
from .store import Act, new_id


def create(act: Act, params: Json) -> Json:
    return open_endpoint(act, params, new_id("whsec_", 32))


def open_endpoint(act: Act, params: Json, secret: str) -> Json:
    endpoint: Json = {
        "id": new_id("we_1", 23),
        "object": "webhook_endpoint",
        "api_version": params.get("api_version", API_VERSION),
        "application": None,
        "created": act.second,
        "description": params.get("description"),
        "enabled_events": some_events(params["enabled_events"]),
        "livemode": False,
        "metadata": params.get("metadata", {}),
        "status": "enabled",
        "url": local_url(params["url"]),
    }
    act.add(endpoint, {"secret": secret})
    return {**endpoint, "secret": secret}


def some_events(names: list[str]) -> list[str]:
    if not names:
        raise bad_parameter("You must select at least one event.", "enabled_events")
    return names


def local_url(url: str) -> str:
    host = urlsplit(url).hostname or ""
    if host != "localhost" and not host.endswith(".localhost") and not is_loopback(host):
        raise bad_parameter(
            "Invalid URL: the sandbox delivers webhooks to this machine only.", "url", "url_invalid"
        )
    return url


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def retrieve(act: Act, params: Json, endpoint_id: str) -> Json:
    return act.get("webhook_endpoint", endpoint_id)


def update(act: Act, params: Json, endpoint_id: str) -> Json:
    endpoint = act.get("webhook_endpoint", endpoint_id)
    if "url" in params:
        endpoint["url"] = local_url(params["url"])
    if "enabled_events" in params:
        endpoint["enabled_events"] = some_events(params["enabled_events"])
    if "disabled" in params:
        endpoint["status"] = "disabled" if params["disabled"] else "enabled"
    for name in ("description", "metadata"):
        if name in params:
            endpoint[name] = params[name]
    return act.save(endpoint)


def delete(act: Act, params: Json, endpoint_id: str) -> Json:
    endpoint = act.get("webhook_endpoint", endpoint_id)
    act.remove(endpoint)
    deliveries.give_up(act, endpoint_id)
    return {"id": endpoint_id, "object": "webhook_endpoint", "deleted": True}


def browse(act: Act, params: Json) -> Json:
    return lists.page(act, "webhook_endpoint", "/v1/webhook_endpoints", params)


SHAPES = {
    "url": Url(),
    "enabled_events": Many(Text()),
    "description": Text(unset=True),
    "metadata": Metadata(),
}
ONE = "/v1/webhook_endpoints/<endpoint_id>"
OPERATIONS = [
    Operation(
        "POST", "/v1/webhook_endpoints", fields("url", "enabled_events", api_version=Text(), **SHAPES), create
    ),
    Operation("GET", "/v1/webhook_endpoints", listing(), browse),
    Operation("GET", ONE, fields(), retrieve),
    Operation("POST", ONE, fields(disabled=Flag(), **SHAPES), update),
    Operation("DELETE", ONE, fields(), delete),
]
