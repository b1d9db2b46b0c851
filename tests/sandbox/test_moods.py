"""The moods of the simulators from the command line."""

from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from sandbox import moods
from tests.sandbox.stripe.world import StripeSandbox
from tests.vendors import running_vendor


def say(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(moods.main, list(words))
    assert done.exit_code == code, done.output
    return done.output


def test_stripes_moods_are_set_by_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stripe = StripeSandbox(tmp_path)
    monkeypatch.setenv("STRIPE_SANDBOX_URL", stripe.url)
    try:
        assert "“dropped” for everybody" in say("stripe", "dropped")
        assert stripe.get("moods")["moods"]["*"]["webhooks"]["mode"] == "dropped"
        say("stripe", "delayed", "--seconds", "3", "--account", "acct_one")
        assert stripe.get("moods")["moods"]["acct_one"]["webhooks"]["seconds"] == 3
        say("stripe", "api:down")
        assert stripe.get("moods")["moods"]["*"]["api"]["mode"] == "down"
        say("stripe", "normal")
        assert stripe.get("moods")["moods"]["*"]["webhooks"]["mode"] == "normal"
        assert "moody" in say("stripe", "moody", code=2)
        page = httpx.get(f"{stripe.url}/_sandbox/").text
        assert all(mood in page for mood in ("disable_on_failure", "dropped", "Disputes", "Endpoints"))
    finally:
        stripe.stop()
    assert "is the installation running" in say("stripe", "normal", code=1)


def test_the_vendors_moods_are_set_by_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_vendor(tmp_path) as vendor:
        monkeypatch.setenv("VENDOR_SANDBOX_URL", vendor.url)
        say("vendor", "refuse", "--message", "Not sold here.", "--sku", "business-basic")
        [mood] = httpx.get(f"{vendor.url}/_sandbox/moods").json()["moods"]
        assert (mood["kind"], mood["scope"], mood["of"], mood["message"]) == (
            "refuse",
            "sku",
            "business-basic",
            "Not sold here.",
        )
        assert "add up to more than 1" not in say("vendor", "slow", "--chance", "0.5", "--seconds", "2")
        say("vendor", "instant")
        assert httpx.get(f"{vendor.url}/_sandbox/moods").json()["moods"] == []


def test_without_an_installation_it_says_how_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STRIPE_SANDBOX_URL", raising=False)
    assert "make run" in say("--instance", str(tmp_path), "stripe", "normal", code=1)
