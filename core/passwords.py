"""Passwords: argon2id with 19 MiB, t=2, p=1 (OWASP), at most one hash at a time per process so that a log-in
storm cannot stop pages."""

import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import Refused
from core.languages import _

_one = threading.Semaphore(1)


class WeakPassword(Refused):
    """The password rule (I74)."""

    def __init__(self) -> None:
        super().__init__(
            _("A password has at least 8 characters, with a digit, an upper-case letter and a symbol.")
        )


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hashed(password: str) -> str:
    """The hash to store; WeakPassword if the rule is not met."""
    if len(password) < 8 or len(password) > 256 or not strong(password):
        raise WeakPassword
    with _one:
        return _hasher().hash(password)


def strong(password: str) -> bool:
    """A digit, an upper-case letter and a symbol (I74)."""
    return (
        any(c.isdigit() for c in password)
        and any(c.isupper() for c in password)
        and any(not c.isalnum() for c in password)
    )


def matches(stored: str | None, password: str) -> bool:
    """Whether the password is right. Nobody's password (`stored` None) takes the same time and is never
    right."""
    with _one:
        try:
            return _hasher().verify(stored or _decoy(), password[:256]) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


@cache
def _decoy() -> str:
    return _hasher().hash("nobody's password")
