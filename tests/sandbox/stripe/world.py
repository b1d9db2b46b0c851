"""The small world of these tests: a sandbox process, a receiver of webhooks, and a shop's account at the
sandbox."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from billing.stripe_gateway import AttemptRequest, GatewayAccount
from sandbox.stripe.store import new_id

Json = dict[str, Any]
BROWSER = httpx.Client()  # making one costs 30 ms


class StripeSandbox:
    """The real process, on a free port; `kill` is kill -9, and starting again takes the same port and
    store."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.options, self.port = folder, options, 0
        self.judged = 0  # the last recorded request that was held to Stripe's document
        self.start()

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "sandbox.stripe",
            "--port",
            str(self.port),
            "--data",
            str(self.folder),
        ]
        self.process = subprocess.Popen([*command, *self.options], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.url = self.process.stdout.readline().strip()
        assert self.url, "the sandbox did not start"
        self.port = int(self.url.rsplit(":", 1)[1])

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)

    def get(self, path: str) -> Json:
        return BROWSER.get(f"{self.url}/_sandbox/{path}").raise_for_status().json()

    def tell(self, act: str, **facts: Any) -> Json:
        answer = BROWSER.post(f"{self.url}/_sandbox/{act}", json=facts, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def counts(self, account: GatewayAccount) -> Json:
        return self.get("state")["accounts"][account.account_id]


@dataclass
class Received:
    payload: bytes
    signature: str
    at: float

    @property
    def event(self) -> Json:
        return json.loads(self.payload)


@dataclass
class Receiver:
    """A shop's webhook address: answers what it is told to, and remembers every delivery that it let in."""

    answers: list[int] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)

    def __post_init__(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append(Received(body, self.headers["Stripe-Signature"], time.monotonic()))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks/stripe"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def types(self) -> list[str]:
        return [each.event["type"] for each in self.received]

    def await_types(self, *types: str) -> list[str]:
        """Wait until as many deliveries as types have come, then return what came."""
        wait_for(lambda: len(self.received) >= len(types))
        return self.types


def wait_for(true: Callable[[], Any], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def new_account(sandbox: StripeSandbox, webhook_secret: str = "") -> GatewayAccount:
    name = new_id("shop", 12)
    return GatewayAccount(f"acct_{name}", f"sk_test_{name}", webhook_secret, sandbox.url)


def an_attempt(amount: int = 12_500, currency: str = "EUR", **changes: Any) -> AttemptRequest:
    facts: Json = {
        "attempt_id": new_id("attempt-", 12),
        "order_code": "ORD-7KX2M9",
        "amount_minor": amount,
        "currency": currency,
        "description": "Order ORD-7KX2M9",
        "lines": (("Microsoft 365 Business Basic", 1, amount),),
        "shop_name": "Brightfield IT",
        "customer_email": "amy@acme.example",
        "success_url": "http://127.0.0.1:9/orders/ORD-7KX2M9/paid?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://127.0.0.1:9/orders/ORD-7KX2M9",
        "created_at": datetime.now(UTC),
        "expires_in": timedelta(hours=1),
    }
    return AttemptRequest(**{**facts, **changes})
