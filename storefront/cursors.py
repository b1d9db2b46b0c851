"""Where a page of a list begins, as the address carries it: sealed with the installation's key for one list,
one order and one scope. What was not sealed here, or for something else, is no cursor (QS4)."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from core import tenancy
from core.settings import settings

SEAL = 12  # bytes; the rest is what was sealed
LONGEST = 2000


def seal(value: Any, key: UUID, about: str) -> str:
    """The text of a cursor: the sort value and the id of a row. It is signed, not secret: it holds no more
    than the page it stands on."""
    body = json.dumps([*frozen(value), str(key)], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_mark(body, about) + body).rstrip(b"=").decode()


def opened(text: str, about: str) -> tuple[Any, UUID] | None:
    """The value and id that were sealed for this list, order and scope; None for everything else."""
    if len(text) > LONGEST or not text.isascii():
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if not hmac.compare_digest(raw[:SEAL], _mark(raw[SEAL:], about)):
        return None
    kind, value, key = json.loads(raw[SEAL:])
    return READERS[kind](value), UUID(key)


def frozen(value: Any) -> tuple[str, str | int]:
    """A sort value with its kind, as JSON can carry it."""
    if isinstance(value, datetime):
        return "t", value.isoformat()
    if isinstance(value, UUID):
        return "u", str(value)
    return ("i", int(value)) if isinstance(value, int) else ("s", str(value))


READERS: dict[str, Callable[[Any], Any]] = {"t": datetime.fromisoformat, "u": UUID, "i": int, "s": str}


def _mark(body: bytes, about: str) -> bytes:
    whose = ",".join(f"{name}={value}" for name, value in tenancy.current().ids().items())
    message = b"\0".join((b"cursor", about.encode(), whose.encode(), body))
    return hmac.new(settings().secret_key.encode(), message, hashlib.sha256).digest()[:SEAL]
