"""Who is at the browser: log-in, sessions and their throttles, all rows of PostgreSQL reached by door
functions. A session is bound to one storefront and one host; its cookie's token is stored as
a hash; it is new at every log-in and at every change of what it may do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Interval, text
from sqlalchemy.orm import Mapped, mapped_column

from core import db, doors, passwords, throttles
from core.doors import door
from core.errors import Missing, NeedsLogin, Refused
from core.ids import new_id, new_token, token_hash
from core.languages import _
from core.parties import normal_email
from core.tenancy import CLOSED


class SessionRow(db.Model):
    """One signed-in browser at one shop. It ends at `expires_at`, and when it is not used for `idle`."""

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
    idle: Mapped[timedelta] = mapped_column(Interval(), server_default=text("interval '1 hour'"))
    address: Mapped[str] = mapped_column(default="", server_default="")
    agent: Mapped[str] = mapped_column(default="", server_default="")
    viewing_id: Mapped[UUID | None]


class Throttle(db.Model):
    """Failed log-ins by e-mail and by address."""

    __tablename__ = "throttles"
    __access__ = CLOSED
    __table_args__ = (Index("ix_throttles_touched", "touched_at"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    locked_until: Mapped[datetime | None]
    touched_at: Mapped[datetime]


LOOK_UP = door("""
CREATE FUNCTION login_person_v2(p_email text, p_keys text[])
RETURNS TABLE (person_id uuid, password_hash text, two_steps boolean, locked_until timestamptz) AS $$
  SELECT p.id, p.password_hash, EXISTS (SELECT 1 FROM factors f WHERE f.person_id = p.id AND f.confirmed_at IS NOT NULL),
    (SELECT max(t.locked_until) FROM throttles t WHERE t.key = ANY (p_keys) AND t.locked_until > now())
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
# distributor's host everyone. What was proven must still hold, under a lock: a password that is being changed
# at this moment opens nothing, and whoever has a second factor has passed it. It lasts as long as the
# distributor's rules say, and no longer than the session that it comes from in another shop. Each sign-in
# forgets some sessions and failures that are over since yesterday, so that neither table grows.
OPEN = door("""
CREATE FUNCTION open_session_v3(p_person uuid, p_proof text, p_second boolean, p_storefront uuid, p_host text, p_token bytea, p_csrf text,
  p_keys text[], p_membership uuid, p_address text, p_agent text, p_what text, p_until timestamptz)
RETURNS TABLE (session_id uuid, membership_id uuid) AS $$
  WITH person AS (
    SELECT p.id, p.email FROM persons p
    WHERE p.id = p_person AND p.disabled_at IS NULL AND (p_proof IS NULL OR p.password_hash = p_proof)
      AND (p_second OR NOT EXISTS (SELECT 1 FROM factors f WHERE f.person_id = p.id AND f.confirmed_at IS NOT NULL))
    FOR SHARE OF p
  ), cleared AS (DELETE FROM throttles WHERE key = ANY (p_keys) AND key LIKE 'email:%'),
  over AS (DELETE FROM sessions WHERE id IN (
    SELECT o.id FROM sessions o WHERE o.expires_at < now() - interval '1 day' ORDER BY o.expires_at LIMIT 100 FOR UPDATE SKIP LOCKED)),
  forgotten AS (DELETE FROM throttles WHERE NOT key = ANY (p_keys) AND key IN (
    SELECT t.key FROM throttles t WHERE t.touched_at < now() - interval '1 day' ORDER BY t.touched_at LIMIT 100 FOR UPDATE SKIP LOCKED)),
  standing AS (
    SELECT m.id, m.distributor_id, p.email FROM person p CROSS JOIN storefronts f
    JOIN resellers r ON r.distributor_id = f.distributor_id AND r.id = f.reseller_id
    JOIN memberships m ON m.distributor_id = f.distributor_id AND m.person_id = p.id AND m.ended_at IS NULL
    WHERE f.id = p_storefront AND (r.house OR m.reseller_id = f.reseller_id) AND (p_membership IS NULL OR m.id = p_membership)
    ORDER BY CASE m.side WHEN 'distributor' THEN 0 WHEN 'reseller' THEN 1 ELSE 2 END, m.created_at LIMIT 1
  ), noted AS (
    INSERT INTO account_events (id, person_id, at, what, email, storefront_id, host, address, agent, detail)
    SELECT gen_random_uuid(), p_person, now(), p_what, s.email, p_storefront, p_host, p_address, p_agent, '' FROM standing s WHERE p_what <> ''
  )
  INSERT INTO sessions (id, token_hash, distributor_id, storefront_id, host, person_id, membership_id, csrf, created_at, last_seen_at, expires_at,
    idle, address, agent)
  SELECT gen_random_uuid(), p_token, s.distributor_id, p_storefront, p_host, p_person, s.id, p_csrf, now(), now(),
    least(p_until, now() + coalesce(r.longest_minutes, 480) * interval '1 minute'), coalesce(r.idle_minutes, 60) * interval '1 minute',
    p_address, p_agent
  FROM standing s LEFT JOIN sign_in_rules r ON r.distributor_id = s.distributor_id RETURNING id, membership_id
$$""")  # noqa: E501 SQL

# Whoever looked at a partner's console from this session looks no more (partners/viewings.py).
END = door("""
CREATE FUNCTION end_session_v2(p_token bytea) RETURNS TABLE (ended bigint) AS $$
  WITH gone AS (DELETE FROM sessions WHERE token_hash = p_token RETURNING distributor_id, viewing_id),
  looked AS (UPDATE viewings v SET ended_at = now() FROM gone WHERE v.distributor_id = gone.distributor_id AND v.id = gone.viewing_id AND v.ended_at IS NULL)
  SELECT count(*) FROM gone
$$""")  # noqa: E501 SQL

TOUCH = door("""
CREATE FUNCTION touch_session_v1(p_session uuid) RETURNS TABLE (touched bigint) AS $$
  WITH seen AS (UPDATE sessions SET last_seen_at = now() WHERE id = p_session RETURNING 1) SELECT count(*) FROM seen
$$""")  # noqa: E501 SQL

ROTATE = door("""
CREATE FUNCTION rotate_session_v2(p_session uuid, p_token bytea, p_csrf text, p_membership uuid, p_viewing uuid)
RETURNS TABLE (session_id uuid) AS $$
  WITH looked AS (
    UPDATE viewings v SET ended_at = now() FROM sessions s
    WHERE s.id = p_session AND v.distributor_id = s.distributor_id AND v.id = s.viewing_id AND v.ended_at IS NULL
  )
  UPDATE sessions SET token_hash = p_token, csrf = p_csrf, membership_id = coalesce(p_membership, membership_id), viewing_id = p_viewing
  WHERE id = p_session RETURNING id
$$""")  # noqa: E501 SQL

# Tickets need no mention: each ends with the session that asked for it.
END_OTHERS = door("""
CREATE FUNCTION end_other_sessions_v1(p_person uuid, p_session uuid) RETURNS TABLE (ended bigint) AS $$
  WITH gone AS (DELETE FROM sessions WHERE person_id = p_person AND id IS DISTINCT FROM p_session RETURNING id),
  steps AS (DELETE FROM second_steps WHERE person_id = p_person)
  SELECT count(*) FROM gone
$$""")  # noqa: E501 SQL

END_ONE = door("""
CREATE FUNCTION end_one_session_v1(p_person uuid, p_session uuid) RETURNS TABLE (ended uuid) AS $$
  DELETE FROM sessions WHERE person_id = p_person AND id = p_session RETURNING id
$$""")

# A reseller's shop shows what was opened there; the distributor's host shows everything, like its chooser.
MINE = door("""
CREATE FUNCTION sessions_of_v2(p_session uuid)
RETURNS TABLE (session_id uuid, shop text, host text, address text, agent text, created_at timestamptz, last_seen_at timestamptz,
  current boolean, here boolean) AS $$
  SELECT o.id, f.name, o.host, o.address, o.agent, o.created_at, o.last_seen_at, o.id = s.id, h.house OR o.storefront_id = s.storefront_id
  FROM sessions s
  JOIN storefronts w ON w.id = s.storefront_id AND w.distributor_id = s.distributor_id
  JOIN resellers h ON h.distributor_id = w.distributor_id AND h.id = w.reseller_id
  JOIN sessions o ON o.person_id = s.person_id AND o.expires_at > now() AND o.last_seen_at > now() - o.idle
  JOIN storefronts f ON f.distributor_id = o.distributor_id AND f.id = o.storefront_id
  WHERE s.id = p_session ORDER BY o.id = s.id DESC, o.last_seen_at DESC
$$""")  # noqa: E501 SQL


# A session whose standing was taken away ends here, and the trail says that it was used; hashes of 32 bytes,
# one after the other, as in open_request.
REMOVED = door("""
CREATE FUNCTION end_removed_session_v1(p_tokens bytea, p_storefront uuid, p_host text) RETURNS TABLE (standing text) AS $$
  WITH gone AS (
    DELETE FROM sessions s USING memberships m
    WHERE s.storefront_id = p_storefront AND s.host = p_host AND s.expires_at > now() AND m.distributor_id = s.distributor_id
      AND m.id = s.membership_id AND m.ended_at IS NOT NULL
      AND s.token_hash IN (SELECT substr(p_tokens, place * 32 + 1, 32) FROM generate_series(0, length(p_tokens) / 32 - 1) place)
    RETURNING m.distributor_id, m.id, m.reseller_id, m.customer_id, m.person_id
  ), noted AS (
    INSERT INTO trail (distributor_id, id, reseller_id, customer_id, at, person_id, object_type, object_id, what, request_id)
    SELECT g.distributor_id, gen_random_uuid(), g.reseller_id, g.customer_id, now(), g.person_id, 'memberships', g.id,
      'refused after the removal', '' FROM gone g
  )
  SELECT coalesce(c.name, r.name, d.name) FROM gone g JOIN distributors d ON d.id = g.distributor_id
  LEFT JOIN resellers r ON r.distributor_id = g.distributor_id AND r.id = g.reseller_id
  LEFT JOIN customers c ON c.distributor_id = g.distributor_id AND c.id = g.customer_id
$$""")  # noqa: E501 SQL


class Removed(NeedsLogin):
    """Whoever was taken out of an account is out at the next request."""

    title = "You do not belong to this account any more"

    def __init__(self, standing: str) -> None:
        super().__init__(
            _(
                "Somebody has removed you from %(standing)s, so your session has ended. If you have other"
                " accounts, sign in again.",
                standing=standing,
            )
        )


class WrongLogin(Refused):
    """The same words for an unknown e-mail, a wrong password and a person without access to this shop."""

    def __init__(self) -> None:
        super().__init__(_("E-mail and password do not match an account of this shop."))


class Locked(Refused):
    """Too many failures (I74)."""

    status = 429

    def __init__(self, until: datetime) -> None:
        super().__init__(
            _("Too many failed attempts. Please try again after %(until)s UTC.", until=f"{until:%H:%M}")
        )


@dataclass(frozen=True, slots=True)
class Browser:
    """From where somebody acts, as sessions and the account's history note it."""

    storefront_id: UUID
    host: str
    address: str
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Proven:
    """Whose password it was. `proof` is the hash that it matched, so that a password changed meanwhile opens
    nothing; `two_steps`: a code is needed as well."""

    person_id: UUID
    proof: str | None
    two_steps: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session: the token goes into the cookie and nowhere else."""

    session_id: UUID
    token: str


def throttle_keys(email: str, address: str) -> list[str]:
    """What failures are counted by."""
    return [f"email:{email}", f"ip:{throttles.machine(address)}"]


def prove(email: str, password: str, *, address: str) -> Proven:
    """Whose password it is; WrongLogin (counted) or Locked otherwise."""
    email = normal_email(email)
    keys = throttle_keys(email, address)
    known = refuse_locked(email, keys)
    if passwords.matches(known.password_hash if known else None, password) and known and known.person_id:
        refuse_locked(email, keys)  # by those who failed meanwhile: many at once are no more than five
        return Proven(known.person_id, known.password_hash, known.two_steps)
    count_failure(keys)
    raise WrongLogin


def refuse_locked(email: str, keys: list[str]) -> Any:
    """Who signs in with this address, if anybody; Locked where too many failed."""
    known = doors.call(LOOK_UP, {"p_email": email, "p_keys": keys})
    if known and known.locked_until:
        raise Locked(known.locked_until)
    return known


def count_failure(keys: list[str]) -> None:
    """Another failed log-in for these keys; the fifth within an hour locks the address (I74)."""
    doors.call(FAILED, {"p_keys": keys})


def open_for(
    proven: Proven,
    *,
    at: Browser,
    keys: list[str] | None = None,
    membership_id: UUID | None = None,
    second: bool = False,
    what: str = "signed in",
    until: datetime | None = None,
) -> Opened | None:
    """A session for somebody proven; None when this shop is not theirs, when the password is not theirs any
    more, or when their second step is missing."""
    token = new_token()
    row = doors.call(
        OPEN,
        {
            "p_person": proven.person_id,
            "p_proof": proven.proof,
            "p_second": second,
            "p_storefront": at.storefront_id,
            "p_host": at.host,
            "p_token": token_hash(token),
            "p_csrf": new_token(),
            "p_keys": keys or [],
            "p_membership": membership_id,
            "p_address": at.address,
            "p_agent": at.agent,
            "p_what": what,
            "p_until": until,
        },
    )
    return Opened(row.session_id, token) if row else None


def end(token: str) -> None:
    """Signs out."""
    doors.call(END, {"p_token": token_hash(token)})


def refuse_removed(tokens: Sequence[str], *, storefront_id: UUID, host: str) -> None:
    """Removed, once, for a browser whose session was of a standing that somebody took away."""
    if not tokens:
        return
    hashes = b"".join(token_hash(token) for token in tokens)
    row = doors.call(REMOVED, {"p_tokens": hashes, "p_storefront": storefront_id, "p_host": host})
    if row is not None:
        raise Removed(row.standing)


# --- One's own sessions; inside the page's transaction ------------------------------------------------------


def rotate(session_id: UUID, *, membership_id: UUID | None = None, viewing_id: UUID | None = None) -> Opened:
    """The same session under a new token, in another standing if one is given: what the browser had before is
    worth nothing (QS6). Looking at a partner's console begins with `viewing_id`, and ends with every other
    rotation."""
    token = new_token()
    arguments = {
        "p_session": session_id,
        "p_token": token_hash(token),
        "p_csrf": new_token(),
        "p_membership": membership_id,
        "p_viewing": viewing_id,
    }
    if not doors.call_here(ROTATE, arguments):
        raise NeedsLogin(_("Your session has ended. Please sign in and try again."))
    return Opened(session_id, token)


def end_others(person_id: UUID, *, but: UUID | None) -> int:
    """Everywhere else, in every shop, this person is signed out; how many sessions ended."""
    return doors.call_here(END_OTHERS, {"p_person": person_id, "p_session": but})[0].ended


def end_one(person_id: UUID, session_id: UUID) -> None:
    """One of this person's sessions ends; Missing if it is nobody's or somebody else's."""
    if not doors.call_here(END_ONE, {"p_person": person_id, "p_session": session_id}):
        raise Missing("session")


def of_person(session_id: UUID) -> list[Any]:
    """Every living session of whoever has this one; `here` tells those that this shop may show."""
    return doors.call_all(MINE, {"p_session": session_id})
