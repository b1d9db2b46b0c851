"""The second step of signing in: codes of an authenticator app (TOTP, RFC 6238: six digits, 30 seconds) and
ten recovery codes. The secret is sealed, recovery codes are keyed hashes; the step that was used last is
kept, so a code works once; every attempt is counted on the person's row *before* it is looked at, so that
many at once are no more than five."""

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import pyotp
from pyotp.totp import TOTP
from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from core import db, doors, seals
from core.doors import door
from core.errors import Conflict, Missing, Refused
from core.ids import ALPHABET, new_id
from core.languages import _
from core.parties import normal_email
from core.tenancy import CLOSED

PERIOD = 30  # seconds of one step
DRIFT = 1  # steps that a phone's clock may be off, either way
CODES = 10
DIGITS = re.compile(r"[0-9]{6}")


class Factor(db.Model):
    """A person's authenticator app; not in force before `confirmed_at`."""

    __tablename__ = "factors"
    __access__ = CLOSED

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    secret: Mapped[str]
    last_step: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]


class RecoveryCode(db.Model):
    """One of ten ways in when the phone is lost."""

    __tablename__ = "recovery_codes"
    __access__ = CLOSED
    __table_args__ = (Index("uq_recovery_codes_person", "person_id", "code_hash", unique=True),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID]
    code_hash: Mapped[bytes]
    used_at: Mapped[datetime | None]


BEGIN = door("""
CREATE FUNCTION begin_factor_v1(p_person uuid, p_secret text) RETURNS TABLE (secret text) AS $$
  INSERT INTO factors AS f (person_id, secret, last_step, failures, created_at) VALUES (p_person, p_secret, 0, 0, now())
  ON CONFLICT (person_id) DO UPDATE SET secret = excluded.secret, created_at = now(), last_step = 0, failures = 0, locked_until = NULL
  WHERE f.confirmed_at IS NULL RETURNING f.secret
$$""")  # noqa: E501 SQL

READ = door("""
CREATE FUNCTION factor_v1(p_person uuid) RETURNS TABLE (secret text, confirmed_at timestamptz, locked_until timestamptz) AS $$
  SELECT f.secret, f.confirmed_at, f.locked_until FROM factors f WHERE f.person_id = p_person
$$""")  # noqa: E501 SQL

# Counted first: whoever tries a thousand codes at once has tried five.
TRY = door("""
CREATE FUNCTION try_factor_v1(p_person uuid) RETURNS TABLE (secret text, at_second bigint, failures bigint) AS $$
  UPDATE factors f SET
    failures = CASE WHEN f.locked_until IS NULL THEN f.failures + 1 ELSE 1 END,
    locked_until = CASE WHEN f.locked_until IS NULL AND f.failures + 1 >= 5 THEN now() + interval '15 minutes' END
  WHERE f.person_id = p_person AND (f.locked_until IS NULL OR f.locked_until <= now())
  RETURNING f.secret, extract(epoch FROM now())::bigint, f.failures
$$""")  # noqa: E501 SQL

USE_STEP = door("""
CREATE FUNCTION use_step_v1(p_person uuid, p_step bigint) RETURNS TABLE (used boolean) AS $$
  UPDATE factors SET last_step = p_step, failures = 0, locked_until = NULL
  WHERE person_id = p_person AND last_step < p_step AND confirmed_at IS NOT NULL RETURNING true
$$""")

USE_CODE = door("""
CREATE FUNCTION use_recovery_code_v1(p_person uuid, p_code bytea) RETURNS TABLE (used boolean) AS $$
  WITH gone AS (UPDATE recovery_codes SET used_at = now() WHERE person_id = p_person AND code_hash = p_code AND used_at IS NULL RETURNING 1)
  UPDATE factors SET failures = 0, locked_until = NULL WHERE person_id = p_person AND confirmed_at IS NOT NULL AND EXISTS (SELECT 1 FROM gone)
  RETURNING true
$$""")  # noqa: E501 SQL

CONFIRM = door("""
CREATE FUNCTION confirm_factor_v1(p_person uuid, p_step bigint, p_codes bytea[]) RETURNS TABLE (confirmed boolean) AS $$
  WITH done AS (
    UPDATE factors SET confirmed_at = now(), last_step = p_step, failures = 0, locked_until = NULL
    WHERE person_id = p_person AND confirmed_at IS NULL AND last_step < p_step RETURNING person_id
  ), old AS (DELETE FROM recovery_codes c USING done d WHERE c.person_id = d.person_id),
  fresh AS (INSERT INTO recovery_codes (id, person_id, code_hash) SELECT gen_random_uuid(), d.person_id, c FROM done d, unnest(p_codes) c)
  SELECT true FROM done
$$""")  # noqa: E501 SQL

RENEW = door("""
CREATE FUNCTION renew_recovery_codes_v1(p_person uuid, p_codes bytea[]) RETURNS TABLE (renewed bigint) AS $$
  WITH mine AS (SELECT f.person_id FROM factors f WHERE f.person_id = p_person AND f.confirmed_at IS NOT NULL FOR UPDATE),
  old AS (DELETE FROM recovery_codes c USING mine m WHERE c.person_id = m.person_id),
  fresh AS (INSERT INTO recovery_codes (id, person_id, code_hash) SELECT gen_random_uuid(), m.person_id, c FROM mine m, unnest(p_codes) c RETURNING 1)
  SELECT count(*) FROM fresh
$$""")  # noqa: E501 SQL

REMOVE = door("""
CREATE FUNCTION remove_factor_v2(p_person uuid) RETURNS TABLE (removed boolean) AS $$
  WITH codes AS (DELETE FROM recovery_codes WHERE person_id = p_person), keys AS (DELETE FROM passkeys WHERE person_id = p_person)
  DELETE FROM factors WHERE person_id = p_person RETURNING confirmed_at IS NOT NULL
$$""")  # noqa: E501 SQL

# An operator's act, for somebody who has lost phone and codes: the person is signed out everywhere, and it is
# written into the trail of every company that they belong to.
RESET = door("""
CREATE FUNCTION reset_factor_v2(p_email text, p_why text, p_by text) RETURNS TABLE (person_id uuid, had boolean) AS $$
#variable_conflict use_column
DECLARE owner uuid; was boolean;
BEGIN
  SELECT p.id INTO owner FROM persons p WHERE p.email = p_email FOR UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  DELETE FROM recovery_codes c WHERE c.person_id = owner;
  DELETE FROM passkeys k WHERE k.person_id = owner;
  DELETE FROM factors f WHERE f.person_id = owner;
  was := FOUND;
  DELETE FROM sessions s WHERE s.person_id = owner;
  DELETE FROM second_steps s WHERE s.person_id = owner;
  INSERT INTO account_events (id, person_id, at, what, email, host, address, agent, detail)
    VALUES (gen_random_uuid(), owner, now(), 'two-factor reset by the operator', p_email, '', '', p_by, p_why);
  WITH told AS MATERIALIZED (
    SELECT m.distributor_id, gen_random_uuid() AS id, m.reseller_id, m.customer_id, m.id AS about
    FROM memberships m WHERE m.person_id = owner AND m.ended_at IS NULL
  ), lines AS (
    INSERT INTO trail (distributor_id, id, reseller_id, customer_id, at, person_id, object_type, object_id, what, request_id)
    SELECT t.distributor_id, t.id, t.reseller_id, t.customer_id, now(), owner, 'memberships', t.about, 'two-factor reset by the operator', ''
    FROM told t
  )
  INSERT INTO trail_notes (distributor_id, id, why, detail)
    SELECT t.distributor_id, t.id, p_why, jsonb_build_object('by', p_by) FROM told t;
  RETURN QUERY SELECT owner, was;
END
$$""")  # noqa: E501 SQL


class WrongCode(Refused):
    """Wrong, too old, or used already: never told apart."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "This code does not work. Wait for the next one, which comes every 30 seconds; each works"
                " once."
            )
        )


class FactorLocked(Refused):
    """Five wrong codes (I74)."""

    status = 429

    def __init__(self, until: datetime) -> None:
        super().__init__(
            _("Too many wrong codes. Please try again after %(until)s UTC.", until=f"{until:%H:%M}")
        )


class HasFactor(Conflict):
    """One at a time."""

    def __init__(self) -> None:
        super().__init__(
            _("Two-factor sign-in is switched on already. Switch it off first to set up another app.")
        )


@dataclass(frozen=True, slots=True)
class SetUp:
    """What the app needs: the secret as text, and as the address that a QR code carries."""

    secret: str
    address: str


def begin(person_id: UUID, *, email: str, issuer: str) -> SetUp:
    """A fresh secret, not in force yet; HasFactor if there is one in force."""
    secret = pyotp.random_base32()
    if not doors.call(BEGIN, {"p_person": person_id, "p_secret": seals.sealed(secret)}):
        raise HasFactor
    return _set_up(secret, email, issuer)


def begun(person_id: UUID, *, email: str, issuer: str) -> SetUp | None:
    """The secret that waits to be confirmed; one in force is never shown again."""
    row = doors.call(READ, {"p_person": person_id})
    if row is None or row.confirmed_at is not None:
        return None
    return _set_up(seals.unsealed(row.secret), email, issuer)


def _set_up(secret: str, email: str, issuer: str) -> SetUp:
    return SetUp(secret, TOTP(secret).provisioning_uri(name=email, issuer_name=issuer or "Shop"))


def step_of(secret: str, code: str, at_second: int) -> int | None:
    """The step whose code it is, by the database's clock, or None."""
    app = TOTP(secret)
    now = at_second // PERIOD
    matching = [
        step
        for step in range(now - DRIFT, now + DRIFT + 1)
        if hmac.compare_digest(app.generate_otp(step).encode(), code.encode())
    ]
    return matching[-1] if matching else None


def confirmable_step(person_id: UUID, code: str) -> int:
    """The step of a right code for the secret that waits; WrongCode, or FactorLocked."""
    tried = _try(person_id)
    step = step_of(seals.unsealed(tried.secret), _digits(code), tried.at_second)
    if step is None:
        raise WrongCode
    return step


def confirm(person_id: UUID, step: int) -> list[str]:
    """In force from now on; the recovery codes, which are shown this once. In the page's transaction."""
    codes = _fresh_codes()
    arguments = {"p_person": person_id, "p_step": step, "p_codes": _hashes(person_id, codes)}
    if not doors.call_here(CONFIRM, arguments):
        raise HasFactor
    return codes


def check(person_id: UUID, code: str) -> str:
    """Uses a code up: "app" or "recovery code", which it was. WrongCode (counted) or FactorLocked otherwise.
    Outside any transaction: what was tried stays counted, whatever the page does then."""
    tried = _try(person_id)
    digits = _digits(code)
    if DIGITS.fullmatch(digits):
        step = step_of(seals.unsealed(tried.secret), digits, tried.at_second)
        if step is not None and doors.call(USE_STEP, {"p_person": person_id, "p_step": step}):
            return "app"
    elif doors.call(USE_CODE, {"p_person": person_id, "p_code": _hash(person_id, code)}):
        return "recovery code"
    raise WrongCode


def renew_codes(person_id: UUID) -> list[str]:
    """Ten new recovery codes; those before are worth nothing. In the page's transaction."""
    codes = _fresh_codes()
    renewed = doors.call_here(RENEW, {"p_person": person_id, "p_codes": _hashes(person_id, codes)})
    if not renewed[0].renewed:
        raise Missing("second factor")
    return codes


def remove(person_id: UUID) -> None:
    """Signing in takes the password alone again. In the page's transaction."""
    doors.call_here(REMOVE, {"p_person": person_id})


def reset(email: str, *, why: str, by: str) -> bool:
    """For somebody who lost everything: an operator's act, written down. Whether there was one to remove;
    Missing for an unknown address."""
    if not why.strip():
        raise Refused(_("Say why, and how you know that it is really them."))
    done = doors.call(RESET, {"p_email": normal_email(email), "p_why": why.strip(), "p_by": by})
    if done is None:
        raise Missing("account")
    return done.had


class _Tried:
    secret: str
    at_second: int


def _try(person_id: UUID) -> _Tried:
    tried = doors.call(TRY, {"p_person": person_id})
    if tried is not None:
        return tried
    row = doors.call(READ, {"p_person": person_id})
    if row is None or row.locked_until is None:
        raise WrongCode
    raise FactorLocked(row.locked_until)


def _digits(code: str) -> str:
    return "".join(code.split())


def _fresh_codes() -> list[str]:
    """Ten codes of ten signs, some 49 bits each."""
    words = ["".join(secrets.choice(ALPHABET) for _ in range(10)) for _ in range(CODES)]
    return [f"{word[:5]}-{word[5:]}" for word in words]


def _hashes(person_id: UUID, codes: list[str]) -> list[bytes]:
    return [_hash(person_id, code) for code in codes]


def _hash(person_id: UUID, code: str) -> bytes:
    plain = "".join(sign for sign in code.upper() if sign.isalnum())
    return seals.keyed_hash("recovery code", f"{person_id}:{plain}")
