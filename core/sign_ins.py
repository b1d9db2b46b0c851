"""Coming in: the password, and the code of whoever has a second factor. A sign-in that waits for its code is
a row, bound to one shop and host: the password was right, nobody is in yet. It ends with the code, with ten
minutes, or with a change of the password; the browser holds a random token and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from core import db, doors, factors, sessions
from core.doors import door
from core.errors import NeedsLogin
from core.ids import new_id, new_token, token_hash
from core.languages import _
from core.parties import normal_email
from core.sessions import Browser, Opened, Proven, WrongLogin
from core.tenancy import CLOSED


class SecondStep(db.Model):
    """One sign-in between password and code."""

    __tablename__ = "second_steps"
    __access__ = CLOSED
    __table_args__ = (Index("ix_second_steps_person", "person_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    person_id: Mapped[UUID]
    membership_id: Mapped[UUID]
    storefront_id: Mapped[UUID]
    host: Mapped[str]
    target: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


BEGIN = door("""
CREATE FUNCTION begin_second_step_v1(p_person uuid, p_proof text, p_storefront uuid, p_host text, p_token bytea, p_membership uuid, p_target text)
RETURNS TABLE (step_id uuid) AS $$
  WITH person AS (
    SELECT p.id FROM persons p WHERE p.id = p_person AND p.disabled_at IS NULL AND p.password_hash = p_proof FOR SHARE
  ), late AS (DELETE FROM second_steps WHERE expires_at < now())
  INSERT INTO second_steps (id, token_hash, person_id, membership_id, storefront_id, host, target, created_at, expires_at)
  SELECT gen_random_uuid(), p_token, p.id, m.id, f.id, p_host, p_target, now(), now() + interval '10 minutes'
  FROM person p CROSS JOIN storefronts f
  JOIN resellers r ON r.distributor_id = f.distributor_id AND r.id = f.reseller_id
  JOIN memberships m ON m.distributor_id = f.distributor_id AND m.person_id = p.id AND m.ended_at IS NULL
  WHERE f.id = p_storefront AND (r.house OR m.reseller_id = f.reseller_id) AND (p_membership IS NULL OR m.id = p_membership)
  ORDER BY CASE m.side WHEN 'distributor' THEN 0 WHEN 'reseller' THEN 1 ELSE 2 END, m.created_at LIMIT 1
  RETURNING id
$$""")  # noqa: E501 SQL

LOOK = door("""
CREATE FUNCTION second_step_v1(p_token bytea, p_storefront uuid, p_host text)
RETURNS TABLE (person_id uuid, membership_id uuid, email text, target text) AS $$
  SELECT s.person_id, s.membership_id, p.email, s.target FROM second_steps s JOIN persons p ON p.id = s.person_id AND p.disabled_at IS NULL
  WHERE s.token_hash = p_token AND s.storefront_id = p_storefront AND s.host = p_host AND s.expires_at > now()
$$""")  # noqa: E501 SQL

FINISH = door("""
CREATE FUNCTION finish_second_step_v1(p_token bytea) RETURNS TABLE (person_id uuid, password_hash text) AS $$
  DELETE FROM second_steps s USING persons p WHERE s.token_hash = p_token AND p.id = s.person_id RETURNING s.person_id, p.password_hash
$$""")  # noqa: E501 SQL


class StepEnded(NeedsLogin):
    """Ten minutes are over, or the password was changed."""

    def __init__(self) -> None:
        super().__init__(_("Please sign in again: the time to enter the code is over."))


@dataclass(frozen=True, slots=True)
class Step:
    """The code is still missing; the token goes into a cookie of its own and nowhere else."""

    token: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who is about to come in, and where they wanted to go."""

    person_id: UUID
    membership_id: UUID
    email: str
    target: str


def sign_in(
    email: str,
    password: str,
    *,
    at: Browser,
    target: str = "",
    welcome: Callable[[UUID], None] = lambda _person_id: None,
) -> Opened | Step:
    """A session at this shop, or the step that is missing; WrongLogin or Locked otherwise, in the same words
    for every reason why not. `welcome` is told who it is before their standing is looked for."""
    proven = sessions.prove(email, password, address=at.address)
    welcome(proven.person_id)
    keys = sessions.throttle_keys(normal_email(email), at.address)
    entered = enter(proven, at=at, target=target, keys=keys)
    if entered is None:
        sessions.count_failure(keys)
        raise WrongLogin
    return entered


def enter(
    proven: Proven,
    *,
    at: Browser,
    target: str = "",
    keys: list[str] | None = None,
    membership_id: UUID | None = None,
) -> Opened | Step | None:
    """What somebody gets who has proven who they are; None when this shop is not theirs."""
    if not proven.two_steps:
        return sessions.open_for(proven, at=at, keys=keys, membership_id=membership_id)
    token = new_token()
    row = doors.call(
        BEGIN,
        {
            "p_person": proven.person_id,
            "p_proof": proven.proof,
            "p_storefront": at.storefront_id,
            "p_host": at.host,
            "p_token": token_hash(token),
            "p_membership": membership_id,
            "p_target": target[:2000],
        },
    )
    return Step(token) if row else None


def look(token: str, *, at: Browser) -> Waiting:
    """Who waits; StepEnded if nobody does, here."""
    arguments = {"p_token": token_hash(token), "p_storefront": at.storefront_id, "p_host": at.host}
    row = doors.call(LOOK, arguments) if token else None
    if row is None:
        raise StepEnded
    return Waiting(row.person_id, row.membership_id, row.email, row.target)


def finish(token: str, code: str, *, at: Browser) -> tuple[Opened, str]:
    """The code lets them in; WrongCode, FactorLocked or StepEnded otherwise. The session, and where they
    wanted to go."""
    waiting = look(token, at=at)
    by = factors.check(waiting.person_id, code)
    what = "signed in with a recovery code" if by == "recovery code" else "signed in with a code"
    return let_in(token, waiting, at=at, what=what)


def let_in(token: str, waiting: Waiting, *, at: Browser, what: str) -> tuple[Opened, str]:
    """The second step is proven: the session, once, and where they wanted to go. StepEnded otherwise."""
    done = doors.call(FINISH, {"p_token": token_hash(token)})
    if done is None:
        raise StepEnded
    proven = Proven(done.person_id, done.password_hash, True)
    keys = sessions.throttle_keys(waiting.email, at.address)
    opened = sessions.open_for(
        proven, at=at, keys=keys, membership_id=waiting.membership_id, second=True, what=what
    )
    if opened is None:
        raise StepEnded
    return opened, waiting.target
