"""Identifiers: UUIDv7 for rows (time-ordered, so indexes stay local), short random codes for people, random
tokens for links."""

import hashlib
import os
import secrets
import time
from uuid import UUID

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no 0/O, 1/I/L: codes are read out on the phone


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, the rest random. PostgreSQL 15 has no uuidv7()."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    return UUID(int=(value & ~(0x3 << 62)) | (0x2 << 62))


def new_code(prefix: str, length: int = 8) -> str:
    """A code people can say, as in ORD-7KX2M9QF; 31^8 values, uniqueness is the table's."""
    number = secrets.randbelow(len(ALPHABET) ** length)
    letters: list[str] = []
    for _ in range(length):
        number, place = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[place])
    return f"{prefix}-{''.join(letters)}"


def new_token() -> str:
    """256 random bits for a link or a cookie; only its hash is stored."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What the database keeps of a token (SHA-256; the token is random, so no salt is needed)."""
    return hashlib.sha256(token.encode()).digest()
