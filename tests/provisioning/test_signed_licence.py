"""Keys that a stranger can check with nothing but the public key."""

import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from provisioning.connectors.base import Action, NeedsAction, Refused, Request, check, perform
from provisioning.connectors.signed_licence import (
    InvalidLicence,
    SignedLicence,
    new_signing_key,
    public_key_of,
    verify,
)

SIGNS = SignedLicence()
KEY = new_signing_key()
TWO_SEATS = Request(
    reference="5b1c1a52-9c7e-4f3b-8f0e-6f0d6a2f3c11",
    action=Action.PROVISION,
    sku="0patch-pro",
    quantity=2,
    customer={"name": "Acme Ltd", "email": "anna@acme.example"},
    settings={"signing_key": KEY},
    asked_on=date(2026, 3, 1),
)


def test_a_key_says_what_was_bought() -> None:
    _, second = (verify(key, public_key_of(KEY)) for key in perform(SIGNS, TWO_SEATS).licences)
    assert (second.sku, second.seat, second.reference) == ("0patch-pro", 2, TWO_SEATS.reference)
    assert second.issued_on == date(2026, 3, 1)
    assert second.issued_to("acme  LTD")
    assert not second.issued_to("Somebody else")


@pytest.mark.promise("QP1")
def test_the_same_request_gives_the_same_keys() -> None:
    assert perform(SIGNS, TWO_SEATS) == perform(SignedLicence(), replace(TWO_SEATS))


def test_every_seat_has_its_own_key() -> None:
    keys = perform(SIGNS, replace(TWO_SEATS, quantity=50)).licences
    assert len(set(keys)) == 50


def test_a_key_may_be_typed_in_small_letters_and_with_spaces() -> None:
    key = perform(SIGNS, TWO_SEATS).licences[0]
    assert verify(f" {key.lower()[:40]}\n{key.lower()[40:]} ", public_key_of(KEY)).seat == 1


def test_no_changed_sign_goes_unnoticed() -> None:
    key = perform(SIGNS, TWO_SEATS).licences[0]
    for at, sign in enumerate(key):
        if sign != "-":
            with pytest.raises(InvalidLicence):
                verify(f"{key[:at]}{'B' if sign == 'A' else 'A'}{key[at + 1 :]}", public_key_of(KEY))


@pytest.mark.parametrize("text", ["", "LIC1", "LIC1-", "LIC1-AAAAA", "hello", "LIC1-" + "A" * 200, "LIC1-é"])
def test_what_is_no_key_is_refused_as_such(text: str) -> None:
    with pytest.raises(InvalidLicence):
        verify(text, public_key_of(KEY))


def test_another_owners_key_is_not_genuine() -> None:
    with pytest.raises(InvalidLicence, match="signature"):
        verify(perform(SIGNS, TWO_SEATS).licences[0], public_key_of(new_signing_key()))


def test_a_reduction_issues_nothing_and_says_who_stays() -> None:
    fewer = replace(TWO_SEATS, action=Action.CHANGE, external_id="it", quantity=3, previous_quantity=5)
    outcome = perform(SIGNS, fewer)
    assert outcome.licences == ()
    assert outcome.details == {"seats_remaining": "1 to 3"}


@pytest.mark.parametrize("key", ["", "nonsense", "-----BEGIN PRIVATE KEY-----\nx\n", "QUJD"])
def test_a_key_that_cannot_sign_is_a_matter_for_the_distributor(key: str) -> None:
    with pytest.raises(NeedsAction):
        check(SIGNS, replace(TWO_SEATS, settings={"signing_key": key}))


def test_a_key_that_is_checked_offline_cannot_be_suspended() -> None:
    with pytest.raises(Refused):
        perform(SIGNS, replace(TWO_SEATS, action=Action.SUSPEND, external_id="it"))


def test_a_stranger_checks_a_key_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "public.pem").write_text(public_key_of(KEY))
    key = perform(SIGNS, TWO_SEATS).licences[1]

    def ask(given: str) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-W",
            "error",
            "-m",
            "provisioning.connectors.signed_licence",
            "verify",
            given,
        ]
        return subprocess.run(
            [*command, "--public-key", str(tmp_path / "public.pem")],
            capture_output=True,
            text=True,
            check=False,
        )

    assert "Genuine: 0patch-pro, seat 2, issued 2026-03-01" in ask(key).stdout
    forged = ask(key[:-1] + ("A" if key[-1] != "A" else "B"))
    assert (forged.returncode, forged.stdout) == (1, "")
    assert "Not genuine" in forged.stderr


PAGE = (Path(__file__).parents[2] / "docs" / "licence-keys.md").read_text(encoding="utf-8")
SHELL, PYTHON = (PAGE.split(f"```{language}\n")[1].split("```")[0] for language in ("sh", "python"))


@pytest.mark.parametrize("recipe", ["openssl", "python"])
def test_the_page_alone_is_enough_to_verify_a_key(recipe: str, tmp_path: Path) -> None:
    key = perform(SIGNS, TWO_SEATS).licences[1]
    public = SignedLicence().publishes({"signing_key": KEY})["Public key"]

    def follow(given: str) -> subprocess.CompletedProcess[str]:
        told = (
            ["sh", "-ec", f"key={given} public={public}\n{SHELL}"]
            if recipe == "openssl"
            else [sys.executable, "-c", f"key, public = {given!r}, {public!r}\n{PYTHON}"]
        )
        return subprocess.run(told, cwd=tmp_path, capture_output=True, text=True)

    assert follow(key).returncode == 0, follow(key).stderr
    wrong = key[:20] + ("A" if key[20] != "A" else "B") + key[21:]
    assert follow(wrong).returncode != 0
