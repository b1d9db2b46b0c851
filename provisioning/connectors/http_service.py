"""Delivers through any vendor that speaks our JSON contract over HTTP (docs/connector-http.md): we choose the
reference, the vendor may answer 202 and finish later, and what became of a request can be looked up by its
reference.
"""

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import httpx

from provisioning.connectors import http_answers as answers
from provisioning.connectors import outbound
from provisioning.connectors.base import (
    Action,
    Capabilities,
    Field,
    NeedsAction,
    Outcome,
    Purchase,
    Request,
    TryLater,
    Unclear,
    problems,
)
from provisioning.connectors.definitions import Definition

LARGEST_ANSWER = 4 * 1024 * 1024  # ten thousand long licence keys
CONNECTIONS = 64
PAUSE_WHEN_AWAY = timedelta(seconds=15)
MOST_PAGES = 1000
LONGEST_LIST = 45.0  # seconds for all pages of what a vendor offers
NOBODY = UUID(int=0)

SETTINGS = (
    Field("base_url", "Address of the vendor's service", "url", asked_of="distributor"),
    Field("api_key", "API key", "secret", asked_of="distributor"),
)
BUYER_FIELDS = (
    Field(
        "domain",
        "Your domain",
        "domain",
        required=False,
        hint="The domain under which the service is to be set up, if you already have one.",
    ),
)
# The contract asks vendors to be idempotent; whether one is we cannot see, so we look up before a repeat.
CAPABILITIES = Capabilities(
    idempotent=False,
    look_up=True,
    actions=frozenset(Action),
    timeout=timedelta(seconds=10),
    send_deadline=timedelta(seconds=5),
    longest_processing=timedelta(seconds=10),
    settle=timedelta(seconds=30),
    slots=16,
)


class HttpService:
    """One per kind of vendor; address and key come with each request. `settings["network"]` ("public" unless
    it says "loopback") must be set by the installation, never taken from a form."""

    def __init__(
        self,
        key: str = "http_service",
        label: str = "Vendor service over HTTP",
        *,
        buyer_fields: tuple[Field, ...] = BUYER_FIELDS,
        capabilities: Capabilities = CAPABILITIES,
    ) -> None:
        self.key = key
        self.label = label
        self.fields = SETTINGS + buyer_fields
        self.capabilities = capabilities
        self._clients: dict[outbound.Network, httpx.Client] = {}
        self._making = threading.Lock()

    def check(self, request: Request) -> None:
        wanted = _content(request) | {"action": request.action.value, "subscription": request.external_id}
        answers.raise_unless_fine(self._call(request, "POST", "check", wanted))

    def provision(self, request: Request) -> Outcome:
        return self._act(request, "PUT", f"subscriptions/{request.reference}", _content(request))

    def change(self, request: Request) -> Outcome:
        wanted = {"sku": request.sku, "quantity": request.quantity}
        return self._act(request, "PATCH", _subscription(request), wanted)

    def suspend(self, request: Request) -> Outcome:
        return self._act(request, "POST", f"{_subscription(request)}/suspend")

    def resume(self, request: Request) -> Outcome:
        return self._act(request, "POST", f"{_subscription(request)}/resume")

    def end(self, request: Request) -> Outcome:
        return self._act(request, "DELETE", _subscription(request))

    def transfer(self, request: Request) -> Outcome:
        wanted = {"sku": request.sku, "quantity": request.quantity, "customer": dict(request.customer)}
        return self._act(request, "POST", f"{_subscription(request)}/transfer", wanted)

    def look_up(self, request: Request) -> Outcome | None:
        where = "subscriptions" if request.action is Action.PROVISION else "operations"
        return answers.found(request, self._call(request, "GET", f"{where}/{request.reference}"))

    def purchases(self, settings: Mapping[str, str], since: datetime) -> list[Purchase]:
        """The vendor's own list, page by page; a vendor without one is Unclear."""
        asking = Request(str(NOBODY), Action.PROVISION, "", 0, settings=settings)
        found, after = list[Purchase](), ""
        for _ in range(MOST_PAGES):
            query = urlencode({"since": since.astimezone(UTC).isoformat(), "after": after})
            page = answers.listed(self._call(asking, "GET", f"subscriptions?{query}"))
            found += [
                Purchase(one.reference, one.id, one.sku, one.quantity, one.state)
                for one in page.subscriptions
            ]
            if not page.next or page.next == after:
                return found
            after = page.next
        raise Unclear("The vendor's list does not come to an end.")

    def definition(self, settings: Mapping[str, str]) -> Definition:
        """What the vendor offers, page by page; all of it, or Unclear."""
        asking = Request(str(NOBODY), Action.PROVISION, "", 0, settings=settings)
        until, found, after = time.monotonic() + LONGEST_LIST, list[answers.Defined](), ""
        while time.monotonic() < until and len(found) < MOST_PAGES:
            page = answers.defined(self._call(asking, "GET", f"definition?{urlencode({'after': after})}"))
            found.append(page)
            if not page.next or page.next == after:
                return answers.definition(found)
            after = page.next
        raise Unclear("The vendor's list does not come to an end.")

    def _act(
        self, request: Request, method: str, path: str, content: dict[str, Any] | None = None
    ) -> Outcome:
        return answers.outcome(request, self._call(request, method, path, content))

    def _call(
        self, request: Request, method: str, path: str, content: dict[str, Any] | None = None
    ) -> answers.Answer:
        client, url, headers = self._prepared(request, path)
        try:
            with (
                outbound.within(self.capabilities.timeout.total_seconds()),
                client.stream(method, url, json=content, headers=headers) as response,
            ):
                return answers.Answer(response.status_code, response.headers, _body(response))
        except (outbound.AddressRefused, httpx.UnsupportedProtocol, httpx.InvalidURL):
            raise NeedsAction("The address of the vendor's service is not one that may be called.") from None
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as away:
            # No connection, so nothing was sent: this one is certain.
            raise TryLater(PAUSE_WHEN_AWAY, "The vendor cannot be reached.", accepted=False) from away
        except httpx.TimeoutException as late:
            raise Unclear("The vendor did not answer in time.") from late
        except httpx.HTTPError as broken:
            raise Unclear("The connection to the vendor broke before it had answered.") from broken

    def _prepared(self, request: Request, path: str) -> tuple[httpx.Client, str, dict[str, str]]:
        settings = {name: text for name, text in request.settings.items() if name != "network"}
        key = settings.get("api_key", "")
        if problems(SETTINGS, settings, asked_of="distributor") or not (key.isascii() and key.isprintable()):
            raise NeedsAction("The address or the API key of the vendor's service is missing or malformed.")
        network: outbound.Network = "loopback" if request.settings.get("network") == "loopback" else "public"
        headers = {
            "Authorization": f"Bearer {key}",
            "Accept": "application/json, application/problem+json",
            # A compressed answer could be small on the wire and huge here.
            "Accept-Encoding": "identity",
            "User-Agent": "distributor-storefront",
            "Idempotency-Key": request.reference,
        }
        return self._client(network), f"{settings['base_url'].rstrip('/')}/v1/{path}", headers

    def _client(self, network: outbound.Network) -> httpx.Client:
        with self._making:
            if network not in self._clients:
                timeout = self.capabilities.timeout.total_seconds()
                self._clients[network] = outbound.client(network, timeout=timeout, connections=CONNECTIONS)
            return self._clients[network]


def _content(request: Request) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "sku": request.sku,
        "quantity": request.quantity,
        "customer": dict(request.customer),
        "fields": dict(request.fields),
    }
    return wanted | ({"variables": dict(request.variables)} if request.variables else {})


def _subscription(request: Request) -> str:
    return f"subscriptions/{quote(request.external_id or '', safe='')}"


def _body(response: httpx.Response) -> bytes:
    """The whole body; nothing if it is larger than an honest one or encoded although we forbade it."""
    if response.headers.get("content-encoding", "").strip().lower() not in ("", "identity"):
        return b""
    body = bytearray()
    for piece in response.iter_raw():
        body += piece
        if len(body) > LARGEST_ANSWER:
            return b""
    return bytes(body)
