"""Where a page of a list begins, as the address carries it: sealed with the installation's key for one list,
one order and one scope. What was not sealed here, or for something else, is no cursor (QS4)."""

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any

from core import tenancy
from core.settings import settings

SEAL = 12  # bytes; the rest is what was sealed
LONGEST = 2000


def seal(parts: list[Any], about: str) -> str:
    """The text of a cursor. It is signed, not secret: it holds no more than the page it stands on."""
    body = json.dumps(parts, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_mark(body, about) + body).rstrip(b"=").decode()


def opened(text: str, about: str) -> list[Any] | None:
    """What was sealed for this list, order and scope; None for everything else."""
    if len(text) > LONGEST or not text.isascii():
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if not hmac.compare_digest(raw[:SEAL], _mark(raw[SEAL:], about)):
        return None
    return json.loads(raw[SEAL:])


def _mark(body: bytes, about: str) -> bytes:
    whose = ",".join(f"{name}={value}" for name, value in tenancy.current().ids().items())
    message = b"\0".join((b"cursor", about.encode(), whose.encode(), body))
    return hmac.new(settings().secret_key.encode(), message, hashlib.sha256).digest()[:SEAL]
