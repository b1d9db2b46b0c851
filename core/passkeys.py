"""Passkeys (WebAuthn): besides the codes of an app, a person's devices may prove who they are. A passkey is
bound to the host it was made at and is of no use at another, while one account is used at many: so it comes
on top of two-factor sign-in by app and recovery codes, which work everywhere, and goes with it
(docs/decisions/0022-passkeys-come-on-top.md). Instead of a code it is the second step; where the device has
recognised its owner, it is both steps at once. Each challenge is ours, for one host and use, and answered
once."""

import ipaddress
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from core import accounts, db, doors, sessions, sign_ins
from core.accounts import Account
from core.doors import door
from core.errors import Conflict, Missing, Refused
from core.ids import new_id, token_hash
from core.languages import _
from core.sessions import Browser, Opened, Proven
from core.tenancy import CLOSED

MOST = 20  # passkeys of one person
REGISTER, SECOND, FIRST = "register", "second step", "sign in"


class Passkey(db.Model):
    """One passkey: what the authenticator calls it, its public key, and how often it says it was used."""

    __tablename__ = "passkeys"
    __access__ = CLOSED
    __table_args__ = (Index("ix_passkeys_person", "person_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID]
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary())
    sign_count: Mapped[int]
    host: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class PasskeyChallenge(db.Model):
    """What a browser was asked to sign, until it has answered or five minutes are over."""

    __tablename__ = "passkey_challenges"
    __access__ = CLOSED

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    challenge_hash: Mapped[bytes] = mapped_column(LargeBinary(), unique=True)
    purpose: Mapped[str]
    host: Mapped[str]
    person_id: Mapped[UUID | None]
    expires_at: Mapped[datetime]


ASK = door("""
CREATE FUNCTION ask_passkey_v1(p_challenge bytea, p_purpose text, p_host text, p_person uuid) RETURNS TABLE (challenge_id uuid) AS $$
  WITH late AS (DELETE FROM passkey_challenges WHERE expires_at < now())
  INSERT INTO passkey_challenges (id, challenge_hash, purpose, host, person_id, expires_at)
  VALUES (gen_random_uuid(), p_challenge, p_purpose, p_host, p_person, now() + interval '5 minutes') RETURNING id
$$""")  # noqa: E501 SQL

ANSWER = door("""
CREATE FUNCTION answer_passkey_v1(p_challenge bytea, p_purpose text, p_host text, p_person uuid) RETURNS TABLE (answered boolean) AS $$
  DELETE FROM passkey_challenges WHERE challenge_hash = p_challenge AND purpose = p_purpose AND host = p_host
    AND person_id IS NOT DISTINCT FROM p_person AND expires_at > now() RETURNING true
$$""")  # noqa: E501 SQL

# The factor's row is locked: of a passkey that is added while two-factor sign-in is switched off, nothing
# stays.
ADD = door("""
CREATE FUNCTION add_passkey_v1(p_person uuid, p_credential bytea, p_key bytea, p_count bigint, p_host text, p_name text, p_most bigint)
RETURNS TABLE (passkey_id uuid) AS $$
  WITH mine AS (SELECT f.person_id FROM factors f WHERE f.person_id = p_person AND f.confirmed_at IS NOT NULL FOR UPDATE)
  INSERT INTO passkeys (id, person_id, credential_id, public_key, sign_count, host, name, created_at)
  SELECT gen_random_uuid(), m.person_id, p_credential, p_key, p_count, p_host, p_name, now() FROM mine m
  WHERE (SELECT count(*) FROM passkeys k WHERE k.person_id = p_person) < p_most
  ON CONFLICT (credential_id) DO NOTHING RETURNING id
$$""")  # noqa: E501 SQL

MINE = door("""
CREATE FUNCTION passkeys_of_v1(p_person uuid)
RETURNS TABLE (id uuid, credential_id bytea, host text, name text, created_at timestamptz, last_used_at timestamptz) AS $$
  SELECT k.id, k.credential_id, k.host, k.name, k.created_at, k.last_used_at FROM passkeys k WHERE k.person_id = p_person
  ORDER BY k.created_at, k.id
$$""")  # noqa: E501 SQL

FIND = door("""
CREATE FUNCTION passkey_v1(p_credential bytea, p_host text) RETURNS TABLE (id uuid, person_id uuid, public_key bytea, sign_count bigint) AS $$
  SELECT k.id, k.person_id, k.public_key, k.sign_count FROM passkeys k
  JOIN factors f ON f.person_id = k.person_id AND f.confirmed_at IS NOT NULL
  WHERE k.credential_id = p_credential AND k.host = p_host
$$""")  # noqa: E501 SQL

USE = door("""
CREATE FUNCTION use_passkey_v1(p_id uuid, p_before bigint, p_count bigint) RETURNS TABLE (used boolean) AS $$
  UPDATE passkeys SET sign_count = p_count, last_used_at = now() WHERE id = p_id AND sign_count = p_before RETURNING true
$$""")  # noqa: E501 SQL

REMOVE = door("""
CREATE FUNCTION remove_passkey_v1(p_person uuid, p_id uuid) RETURNS TABLE (name text) AS $$
  DELETE FROM passkeys k WHERE k.person_id = p_person AND k.id = p_id RETURNING k.name
$$""")


class PasskeyRefused(Refused):
    """Not one of ours, not for this host, answered before, or too late: never told apart."""

    def __init__(self) -> None:
        super().__init__(
            _("This passkey does not work here. Try again, or use your password and a code instead.")
        )


class NoPasskeyHere(Refused):
    """Browsers take no bare number for a name."""

    def __init__(self) -> None:
        super().__init__(
            _("Passkeys need an address with a name, such as https://shop.example; this one is a number.")
        )


class AppFirst(Conflict):
    """A passkey works at one address; the app and its recovery codes work at all."""

    def __init__(self) -> None:
        super().__init__(
            _("Set up two-factor sign-in with an app first: a passkey is of use at one address only.")
        )


class TooManyPasskeys(Refused):
    """Nobody has twenty devices."""

    def __init__(self) -> None:
        super().__init__(
            _("You have %(most)s passkeys, or this one is known already. Remove one first.", most=MOST)
        )


@dataclass(frozen=True, slots=True)
class At:
    """Where a passkey is asked for: the host it belongs to, and the origin that the browser signs."""

    host: str
    origin: str
    shop: str


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A passkey that was proven and is not kept yet."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    host: str


def usable(host: str) -> bool:
    """Whether browsers make passkeys for this host at all: it has to be a name."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return bool(host)
    return False


# --- One's own ----------------------------------------------------------------------------------------------


def of_person(person_id: UUID) -> list[Any]:
    """A person's passkeys at all hosts, oldest first."""
    return doors.call_all(MINE, {"p_person": person_id})


def begin(account: Account, *, at: At) -> str:
    """What the browser needs to make one, as JSON. The caller has asked for the password."""
    _refuse_number(at)
    if account.two_steps_since is None:
        raise AppFirst
    known = [bytes(one.credential_id) for one in of_person(account.person_id) if one.host == at.host]
    from core import authenticators  # noqa: PLC0415 18 MB that only who uses a passkey needs

    return authenticators.to_make(
        host=at.host,
        shop=at.shop,
        person=account.person_id.bytes,
        email=account.email,
        name=account.name,
        challenge=_ask(REGISTER, at.host, account.person_id),
        known=known,
    )


def prove_new(account: Account, answer: str, *, at: At) -> NewPasskey:
    """What an authenticator has made for our challenge, which is used up by it; PasskeyRefused. Outside any
    transaction."""
    from core import authenticators  # noqa: PLC0415 18 MB that only who uses a passkey needs

    try:
        challenge = authenticators.said_by_new(answer)
        _answer(challenge, REGISTER, at.host, account.person_id)
        made = authenticators.made(answer, challenge=challenge, host=at.host, origin=at.origin)
    except authenticators.NotProven:
        raise PasskeyRefused from None
    return NewPasskey(made.credential_id, made.public_key, made.sign_count, at.host)


def add(account: Account, made: NewPasskey, *, name: str, browser: Browser) -> None:
    """Of use from now on. In the page's transaction."""
    added = doors.call_here(
        ADD,
        {
            "p_person": account.person_id,
            "p_credential": made.credential_id,
            "p_key": made.public_key,
            "p_count": made.sign_count,
            "p_host": made.host,
            "p_name": " ".join(name.split())[:60] or _("Passkey"),
            "p_most": MOST,
        },
    )
    if not added:
        raise TooManyPasskeys
    accounts.note(account.person_id, "passkey added", at=browser)


def remove(person_id: UUID, passkey_id: UUID, *, browser: Browser) -> None:
    """Of no use any more; Missing if it is nobody's or somebody else's. In the page's transaction."""
    if not doors.call_here(REMOVE, {"p_person": person_id, "p_id": passkey_id}):
        raise Missing("passkey")
    accounts.note(person_id, "passkey removed", at=browser)


# --- Signing in ---------------------------------------------------------------------------------------------


def ask_second(token: str, *, at: At, browser: Browser) -> str:
    """What the browser needs to show one as the second step, as JSON; StepEnded if nobody waits here."""
    _refuse_number(at)
    waiting = sign_ins.look(token, at=browser)
    known = [bytes(one.credential_id) for one in of_person(waiting.person_id) if one.host == at.host]
    from core import authenticators  # noqa: PLC0415 18 MB that only who uses a passkey needs

    challenge = _ask(SECOND, at.host, waiting.person_id)
    return authenticators.to_show(host=at.host, challenge=challenge, known=known, verified=False)


def ask_first(*, at: At) -> str:
    """What the browser needs to show one without a password, as JSON: any of its own for this host."""
    _refuse_number(at)
    from core import authenticators  # noqa: PLC0415 18 MB that only who uses a passkey needs

    return authenticators.to_show(host=at.host, challenge=_ask(FIRST, at.host, None), known=[], verified=True)


def finish_second(token: str, answer: str, *, at: At, browser: Browser) -> tuple[Opened, str]:
    """The passkey instead of the code: the session, and where they wanted to go. PasskeyRefused or
    StepEnded."""
    waiting = sign_ins.look(token, at=browser)
    person_id = _prove(answer, SECOND, waiting.person_id, at=at)
    if person_id != waiting.person_id:
        raise PasskeyRefused
    return sign_ins.let_in(token, waiting, at=browser, what="signed in with a passkey")


def sign_in(answer: str, *, at: At, browser: Browser, welcome: Callable[[UUID], None]) -> Opened:
    """The passkey instead of password and code, where the device has recognised its owner. PasskeyRefused
    otherwise, also when this shop is not theirs. `welcome` is told who it is before their standing is looked
    for, as at every other way in (core/sign_ins.py)."""
    person_id = _prove(answer, FIRST, None, at=at)
    welcome(person_id)
    opened = sessions.open_for(
        Proven(person_id, None, True), at=browser, second=True, what="signed in with a passkey alone"
    )
    if opened is None:
        raise PasskeyRefused
    return opened


def _prove(answer: str, purpose: str, person_id: UUID | None, *, at: At) -> UUID:
    """Whose passkey has answered our challenge. Outside any transaction: a challenge stays used up."""
    from core import authenticators  # noqa: PLC0415 18 MB that only who uses a passkey needs

    try:
        claimed = authenticators.said(answer)
        _answer(claimed.challenge, purpose, at.host, person_id)
        known = doors.call(FIND, {"p_credential": claimed.credential_id, "p_host": at.host})
        if known is None:
            raise PasskeyRefused
        count = authenticators.shown(
            answer,
            challenge=claimed.challenge,
            host=at.host,
            origin=at.origin,
            public_key=bytes(known.public_key),
            count=known.sign_count,
            verified=purpose == FIRST,
        )
    except authenticators.NotProven:
        raise PasskeyRefused from None
    if not doors.call(USE, {"p_id": known.id, "p_before": known.sign_count, "p_count": count}):
        raise PasskeyRefused
    return known.person_id


def _ask(purpose: str, host: str, person_id: UUID | None) -> bytes:
    challenge = secrets.token_bytes(32)
    doors.call(
        ASK,
        {
            "p_challenge": _hashed(challenge),
            "p_purpose": purpose,
            "p_host": host,
            "p_person": person_id,
        },
    )
    return challenge


def _answer(challenge: bytes, purpose: str, host: str, person_id: UUID | None) -> None:
    """Uses a challenge up; PasskeyRefused if it is not ours, not for this, or answered already."""
    arguments = {
        "p_challenge": _hashed(challenge),
        "p_purpose": purpose,
        "p_host": host,
        "p_person": person_id,
    }
    if not doors.call(ANSWER, arguments):
        raise PasskeyRefused


def _hashed(challenge: bytes) -> bytes:
    return token_hash(challenge.hex())


def _refuse_number(at: At) -> None:
    if not usable(at.host):
        raise NoPasskeyHere
