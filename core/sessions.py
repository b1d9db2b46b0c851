"""Who is at the browser: log-in, sessions and their throttles, all rows of PostgreSQL reached by door
functions (decision 10). A session is bound to one storefront and one host; its cookie's token is stored as
a hash; it is new at every log-in."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from core import db, doors, passwords
from core.doors import door
from core.errors import Refused
from core.ids import new_id, new_token, token_hash
from core.parties import normal_email
from core.tenancy import CLOSED


class SessionRow(db.Model):
    """One signed-in browser at one shop."""

    __tablename__ = "sessions"
    __access__ = CLOSED
    __table_args__ = (Index("ix_sessions_person", "person_id"), Index("ix_sessions_expires", "expires_at"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    distributor_id: Mapped[UUID]
    storefront_id: Mapped[UUID]
    host: Mapped[str]
    person_id: Mapped[UUID]
    membership_id: Mapped[UUID]
    csrf: Mapped[str]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Throttle(db.Model):
    """Failed log-ins by e-mail and by address."""

    __tablename__ = "throttles"
    __access__ = CLOSED

    key: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    locked_until: Mapped[datetime | None]
    touched_at: Mapped[datetime]


LOOK_UP = door("""
CREATE FUNCTION login_person_v1(p_email text, p_keys text[])
RETURNS TABLE (person_id uuid, password_hash text, locked_until timestamptz) AS $$
  SELECT p.id, p.password_hash, (SELECT max(t.locked_until) FROM throttles t WHERE t.key = ANY (p_keys) AND t.locked_until > now())
  FROM (SELECT 1) one LEFT JOIN persons p ON p.email = p_email AND p.disabled_at IS NULL
$$""")  # noqa: E501 SQL

FAILED = door("""
CREATE FUNCTION login_failed_v1(p_keys text[]) RETURNS TABLE (failures bigint) AS $$
  INSERT INTO throttles AS t (key, failures, touched_at) SELECT k, 1, now() FROM unnest(p_keys) k
  ON CONFLICT (key) DO UPDATE SET
    failures = CASE WHEN t.touched_at < now() - interval '1 hour' THEN 1 ELSE t.failures + 1 END,
    touched_at = now(),
    locked_until = CASE WHEN t.touched_at >= now() - interval '1 hour' AND t.failures + 1 >= CASE WHEN t.key LIKE 'ip:%' THEN 100 ELSE 5 END
                        THEN now() + interval '15 minutes' ELSE t.locked_until END
  RETURNING t.failures
$$""")  # noqa: E501 SQL

# The newest standing that may be used in this shop: on a reseller's shop its staff and its customers, on the
# distributor's host everyone.
OPEN = door("""
CREATE FUNCTION open_session_v1(p_person uuid, p_storefront uuid, p_host text, p_token bytea, p_csrf text, p_keys text[], p_membership uuid)
RETURNS TABLE (session_id uuid, membership_id uuid) AS $$
  WITH cleared AS (DELETE FROM throttles WHERE key = ANY (p_keys) AND key LIKE 'email:%'),
  standing AS (
    SELECT m.id, m.distributor_id FROM storefronts f
    JOIN resellers r ON r.distributor_id = f.distributor_id AND r.id = f.reseller_id
    JOIN memberships m ON m.distributor_id = f.distributor_id AND m.person_id = p_person AND m.ended_at IS NULL
    WHERE f.id = p_storefront AND (r.house OR m.reseller_id = f.reseller_id) AND (p_membership IS NULL OR m.id = p_membership)
    ORDER BY CASE m.side WHEN 'distributor' THEN 0 WHEN 'reseller' THEN 1 ELSE 2 END, m.created_at LIMIT 1
  )
  INSERT INTO sessions (id, token_hash, distributor_id, storefront_id, host, person_id, membership_id, csrf, created_at, last_seen_at, expires_at)
  SELECT gen_random_uuid(), p_token, s.distributor_id, p_storefront, p_host, p_person, s.id, p_csrf, now(), now(), now() + interval '7 days'
  FROM standing s RETURNING id, membership_id
$$""")  # noqa: E501 SQL

END = door("""
CREATE FUNCTION end_session_v1(p_token bytea) RETURNS TABLE (ended bigint) AS $$
  WITH gone AS (DELETE FROM sessions WHERE token_hash = p_token RETURNING 1) SELECT count(*) FROM gone
$$""")

TOUCH = door("""
CREATE FUNCTION touch_session_v1(p_session uuid) RETURNS TABLE (touched bigint) AS $$
  WITH seen AS (UPDATE sessions SET last_seen_at = now() WHERE id = p_session RETURNING 1) SELECT count(*) FROM seen
$$""")  # noqa: E501 SQL

STANDINGS = door("""
CREATE FUNCTION standings_v1(p_session uuid)
RETURNS TABLE (membership_id uuid, side text, label text, under text, current boolean) AS $$
  SELECT m.id, m.side, coalesce(c.name, r.name, d.name), CASE WHEN c.id IS NOT NULL THEN r.name WHEN r.id IS NOT NULL THEN d.name ELSE '' END,
         m.id = s.membership_id
  FROM sessions s JOIN storefronts f ON f.id = s.storefront_id
  JOIN resellers h ON h.distributor_id = f.distributor_id AND h.id = f.reseller_id
  JOIN memberships m ON m.person_id = s.person_id AND m.distributor_id = s.distributor_id AND m.ended_at IS NULL
  JOIN distributors d ON d.id = m.distributor_id
  LEFT JOIN resellers r ON r.distributor_id = m.distributor_id AND r.id = m.reseller_id
  LEFT JOIN customers c ON c.distributor_id = m.distributor_id AND c.id = m.customer_id
  WHERE s.id = p_session AND (h.house OR m.reseller_id = f.reseller_id) ORDER BY 2, 3
$$""")  # noqa: E501 SQL


class WrongLogin(Refused):
    """The same words for an unknown e-mail, a wrong password and a person without access to this shop."""

    def __init__(self) -> None:
        super().__init__("E-mail and password do not match an account of this shop.")


class Locked(Refused):
    """Too many failures (I74)."""

    status = 429

    def __init__(self, until: datetime) -> None:
        super().__init__(f"Too many failed attempts. Please try again after {until:%H:%M} UTC.")


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session: the token goes into the cookie and nowhere else."""

    session_id: UUID
    token: str


def throttle_keys(email: str, address: str) -> list[str]:
    """What failures are counted by."""
    return [f"email:{email}", f"ip:{address}"]


def sign_in(email: str, password: str, *, storefront_id: UUID, host: str, address: str) -> Opened:
    """Checks the password and opens a session at this shop; WrongLogin or Locked otherwise."""
    person_id = prove(email, password, address=address)
    keys = throttle_keys(normal_email(email), address)
    opened = open_for(person_id, storefront_id=storefront_id, host=host, keys=keys)
    if opened is None:
        doors.call(FAILED, {"p_keys": keys})
        raise WrongLogin
    return opened


def prove(email: str, password: str, *, address: str) -> UUID:
    """Whose password it is; WrongLogin (counted) or Locked otherwise."""
    email = normal_email(email)
    keys = throttle_keys(email, address)
    known = doors.call(LOOK_UP, {"p_email": email, "p_keys": keys})
    if known and known.locked_until:
        raise Locked(known.locked_until)
    if passwords.matches(known.password_hash if known else None, password) and known and known.person_id:
        return known.person_id
    doors.call(FAILED, {"p_keys": keys})
    raise WrongLogin


def open_for(
    person_id: UUID, *, storefront_id: UUID, host: str, keys: list[str], membership_id: UUID | None = None
) -> Opened | None:
    """A session for somebody already proven to be `person_id`; None when this shop is not theirs."""
    token = new_token()
    row = doors.call(
        OPEN,
        {
            "p_person": person_id,
            "p_storefront": storefront_id,
            "p_host": host,
            "p_token": token_hash(token),
            "p_csrf": new_token(),
            "p_keys": keys,
            "p_membership": membership_id,
        },
    )
    return Opened(row.session_id, token) if row else None


def end(token: str) -> None:
    """Signs out."""
    doors.call(END, {"p_token": token_hash(token)})
