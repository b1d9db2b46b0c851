"""One sandbox for all tests here, an account of its own for each, and Stripe's document held against every
request that the sandbox accepted and every answer that it gave, whatever the test was about."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from billing import stripe_gateway
from billing.stripe_gateway import GatewayAccount
from tests.sandbox.stripe import contract
from tests.sandbox.stripe.world import Receiver, StripeSandbox, new_account


@pytest.fixture(scope="session")
def stripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StripeSandbox]:
    sandbox = StripeSandbox(tmp_path_factory.mktemp("stripe"), "--record")
    yield sandbox
    sandbox.stop()


@pytest.fixture
def own_stripe(tmp_path: Path) -> Iterator[StripeSandbox]:
    """A sandbox to kill."""
    sandbox = StripeSandbox(tmp_path)
    yield sandbox
    sandbox.kill()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def account(stripe: StripeSandbox) -> GatewayAccount:
    return new_account(stripe)


@pytest.fixture
def shop(account: GatewayAccount, receiver: Receiver) -> GatewayAccount:
    """An account whose events reach the receiver."""
    return replace(account, webhook_secret=stripe_gateway.register_endpoint(account, receiver.url).secret)


@pytest.fixture(autouse=True)
def hold_to_the_document(request: pytest.FixtureRequest) -> Iterator[None]:
    if "stripe" not in request.fixturenames:
        yield
        return
    stripe: StripeSandbox = request.getfixturevalue("stripe")
    yield
    for asked in stripe.get(f"requests?after={stripe.judged}")["requests"]:
        stripe.judged = asked["seq"]
        method, path, status = asked["method"], asked["path"], asked["status"]
        if asked["answer"].get("error", {}).get("message", "").startswith("Unrecognized request URL"):
            continue
        pairs = asked["form"] if method != "GET" else parse_qsl(asked["query"], keep_blank_values=True)
        if status == 200:
            contract.check_request(method, path, [tuple(pair) for pair in pairs])
        contract.check_answer(method, path, status, json.loads(json.dumps(asked["answer"])))
