"""Secrets that have to be read again, kept so that whoever reads the database alone cannot: sealed with a
key made of the installation's SECRET_KEY. Without that key they are lost, which for a second factor means
that it has to be set up anew."""

import base64
import hashlib
import hmac
from functools import cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.settings import settings


class Unreadable(RuntimeError):
    """Sealed with another SECRET_KEY than today's."""


@cache
def _fernet(secret: str) -> Fernet:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"sealed in the database")
    return Fernet(base64.urlsafe_b64encode(key.derive(secret.encode())))


def sealed(text: str) -> str:
    """What the database keeps of it."""
    return _fernet(settings().secret_key).encrypt(text.encode()).decode()


def unsealed(kept: str) -> str:
    """What was sealed."""
    try:
        return _fernet(settings().secret_key).decrypt(kept.encode()).decode()
    except InvalidToken as error:
        raise Unreadable("sealed with another SECRET_KEY") from error


def keyed_hash(purpose: str, text: str) -> bytes:
    """A hash that nobody can try out who has the database but not the key: for words short enough to be
    guessed."""
    return hmac.new(settings().secret_key.encode(), f"{purpose}:{text}".encode(), hashlib.sha256).digest()


def link_token(purpose: str, nonce: str) -> str:
    """The token of a link, made of the nonce that the database keeps and the key that it does not: a mail
    that is sent twice carries the same link, and reading the database gives none."""
    return base64.urlsafe_b64encode(keyed_hash(purpose, nonce)).decode().rstrip("=")
