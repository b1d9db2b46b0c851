"""Licence keys that anybody can verify without asking us: one per seat, signed with Ed25519 (RFC 8032). A key
follows from the request's reference and the seat's number alone, so that a repeated request issues the same
keys again.

A key is `LIC1-` and groups of base32 (RFC 4648): a payload (reference, seat, day, customer, SKU), then its
signature. To check one with nothing but the public key, as docs/licence-keys.md says, or:

    python -m provisioning.connectors.signed_licence verify KEY --public-key FILE
"""

import argparse
import base64
import hashlib
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core.languages import _, for_later
from provisioning.connectors.base import Action, Capabilities, Field, NeedsAction, Outcome, Refused, Request

PREFIX = "LIC1"
GROUP = 5
PAYLOAD = struct.Struct(
    ">16sIH8s"
)  # reference, seat, days since 1970 (0: not stated), start of the customer's hash
SIGNATURE_BYTES = 64
EPOCH = date(1970, 1, 1)


class InvalidLicence(ValueError):
    """The key is not one that this public key's owner issued."""


@dataclass(frozen=True)
class Licence:
    """What a genuine key says."""

    sku: str
    seat: int
    reference: str
    issued_on: date | None
    customer_hash: str

    def issued_to(self, name: str) -> bool:
        return _customer_hash(name).hex() == self.customer_hash


class SignedLicence:
    key = "signed_licence"
    label = "Signed licence keys"
    keeps_because = for_later("Its licence keys are signed for their owner and cannot be moved.")
    fields = (
        Field(
            "signing_key",
            "Signing key",
            "secret",
            hint="An Ed25519 private key, as PEM or as base64 of its 32 bytes.",
            asked_of="distributor",
            reads=lambda text: read_signing_key(text),
        ),
    )
    # A key that is verified offline cannot be switched off and on, so neither suspend nor resume is offered.
    capabilities = Capabilities(
        idempotent=True,
        look_up=True,
        actions=frozenset({Action.PROVISION, Action.CHANGE, Action.END}),
        timeout=timedelta(seconds=5),
        send_deadline=timedelta(seconds=5),
        settle=timedelta(seconds=11),
        slots=4,
    )

    def publishes(self, settings: Mapping[str, str]) -> dict[str, str]:
        """What strangers need to verify keys (docs/licence-keys.md)."""
        try:
            return {_("Public key"): public_key_line(settings.get("signing_key", ""))}
        except (ValueError, TypeError):
            return {}

    def check(self, request: Request) -> None:
        _signing_key(request)
        if len(request.sku.encode()) > 100:
            raise Refused("This product's code is too long to be written into a licence key.", code="sku")

    def provision(self, request: Request) -> Outcome:
        keys = _issue(request, range(1, request.quantity + 1))
        return Outcome(request.reference, keys, note=_count(len(keys)))

    def change(self, request: Request) -> Outcome:
        """Keys for the added seats only; after a reduction the seats with the lowest numbers remain."""
        keys = _issue(request, range(request.previous_quantity + 1, request.quantity + 1))
        remaining = {"seats_remaining": f"1 to {request.quantity}" if request.quantity else "none"}
        return Outcome(request.external_id or request.reference, keys, _count(len(keys)), remaining)

    def suspend(self, request: Request) -> Outcome:
        raise Refused("Licence keys that are verified offline cannot be suspended.", code="not_supported")

    def resume(self, request: Request) -> Outcome:
        raise Refused("Licence keys that are verified offline cannot be suspended.", code="not_supported")

    def end(self, request: Request) -> Outcome:
        note = "No further keys are issued; keys already handed out still verify offline."
        return Outcome(request.external_id or request.reference, note=note)

    def look_up(self, request: Request) -> Outcome | None:
        """The answer follows from the request alone, so it is the same before and after."""
        return getattr(self, request.action.value)(request)


def verify(key: str, public_key: Ed25519PublicKey | str) -> Licence:
    """What the key says, if the owner of the public key (PEM, or base64 of 32 bytes) issued it;
    InvalidLicence if not."""
    owner = read_public_key(public_key) if isinstance(public_key, str) else public_key
    payload, signature = _parse(key)
    try:
        owner.verify(signature, _signed(payload))
    except InvalidSignature:
        raise InvalidLicence("The signature is not by the owner of this public key.") from None
    reference, seat, days, customer = PAYLOAD.unpack_from(payload)
    return Licence(
        sku=payload[PAYLOAD.size :].decode(),
        seat=seat,
        reference=str(UUID(bytes=reference)),
        issued_on=EPOCH + timedelta(days=days) if days else None,
        customer_hash=customer.hex(),
    )


def new_signing_key() -> str:
    """A fresh private key as PEM, the form that the setting takes."""
    return (
        Ed25519PrivateKey.generate()
        .private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        .decode()
    )


def public_key_of(signing_key: str) -> str:
    """The public half as PEM: what a distributor publishes so that others can verify."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return read_signing_key(signing_key).public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def public_key_line(signing_key: str) -> str:
    """The same in one line, as it is shown: base64 of its SubjectPublicKeyInfo."""
    return "".join(public_key_of(signing_key).splitlines()[1:-1])


def read_signing_key(text: str) -> Ed25519PrivateKey:
    """PEM or base64 of 32 bytes; ValueError otherwise."""
    if "-----BEGIN" not in text:
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text.strip(), validate=True))
    found = serialization.load_pem_private_key(text.strip().encode(), password=None)
    if not isinstance(found, Ed25519PrivateKey):
        raise ValueError("not an Ed25519 key")
    return found


def read_public_key(text: str) -> Ed25519PublicKey:
    """PEM or base64 of 32 bytes; ValueError otherwise."""
    if "-----BEGIN" not in text:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text.strip(), validate=True))
    found = serialization.load_pem_public_key(text.strip().encode())
    if not isinstance(found, Ed25519PublicKey):
        raise ValueError("not an Ed25519 key")
    return found


def _signing_key(request: Request) -> Ed25519PrivateKey:
    try:
        return read_signing_key(request.settings["signing_key"])
    # A key that is encrypted, or of a kind unknown to the library, raises neither KeyError nor ValueError.
    except Exception:
        raise NeedsAction("The signing key is missing or is not an Ed25519 private key.") from None


def _issue(request: Request, seats: range) -> tuple[str, ...]:
    signer = _signing_key(request)
    payloads = [_payload(request, seat) for seat in seats]
    return tuple(_write(payload, signer.sign(_signed(payload))) for payload in payloads)


def _payload(request: Request, seat: int) -> bytes:
    days = (request.asked_on - EPOCH).days if request.asked_on else 0
    customer = _customer_hash(request.customer.get("name", ""))
    return PAYLOAD.pack(UUID(request.reference).bytes, seat, days, customer) + request.sku.encode()


def _customer_hash(name: str) -> bytes:
    return hashlib.sha256(" ".join(name.casefold().split()).encode()).digest()[:8]


def _signed(payload: bytes) -> bytes:
    # The prefix is part of what is signed, so that a later form of key cannot be read as this one.
    return PREFIX.encode() + b"\0" + payload


def _write(payload: bytes, signature: bytes) -> str:
    text = base64.b32encode(payload + signature).decode().rstrip("=")
    return "-".join([PREFIX, *(text[at : at + GROUP] for at in range(0, len(text), GROUP))])


def _parse(key: str) -> tuple[bytes, bytes]:
    prefix, _hyphen, rest = "".join(key.upper().split()).partition("-")
    text = rest.replace("-", "")
    try:
        content = base64.b32decode(text + "=" * (-len(text) % 8))
    except ValueError:
        raise InvalidLicence("This is not a licence key; a sign is missing or mistyped.") from None
    payload, signature = content[:-SIGNATURE_BYTES], content[-SIGNATURE_BYTES:]
    # Unused bits at the end would let several texts stand for one key.
    as_written = _write(payload, signature).replace("-", "")
    if len(payload) <= PAYLOAD.size or as_written != prefix + text:
        raise InvalidLicence("This is not a licence key; a sign is missing or mistyped.")
    return payload, signature


def _count(keys: int) -> str:
    return {0: "No new licence keys.", 1: "1 licence key."}.get(keys, f"{keys} licence keys.")


def _command(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m provisioning.connectors.signed_licence")
    verbs = parser.add_subparsers(dest="verb", required=True)
    checking = verbs.add_parser("verify", help="say what a licence key says, if it is genuine")
    checking.add_argument("key")
    checking.add_argument("--public-key", required=True, type=Path, help="file with it, PEM or base64")
    given = parser.parse_args(arguments)
    try:
        licence = verify(given.key, given.public_key.read_text())
    except (OSError, ValueError) as refusal:
        sys.stderr.write(f"Not genuine: {refusal}\n")
        return 1
    day = licence.issued_on.isoformat() if licence.issued_on else "a day not stated"
    said = f"{licence.sku}, seat {licence.seat}, issued {day}, reference {licence.reference}"
    sys.stdout.write(f"Genuine: {said}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(_command(sys.argv[1:]))
