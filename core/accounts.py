"""A person's own account: name, e-mail address, password, and what happened to it. Persons are global and
closed, so all of it goes through door functions; each act writes the account's history in its own
transaction and says so to the person by mail (docs/decisions/0016-accounts-follow-the-person.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from core import db, doors, passwords, sessions
from core.doors import door
from core.errors import Conflict, Missing, Refused
from core.events import Event, publish
from core.ids import new_id
from core.languages import _
from core.sessions import Browser
from core.tenancy import Access


class AccountEvent(db.Model):
    """One line of a person's own history, which nobody can change. `email` is the address at that time: a
    notice about a change goes to the one before it."""

    __tablename__ = "account_events"
    __access__ = Access(door="rc")
    __table_args__ = (Index("ix_account_events_person", "person_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID]
    at: Mapped[datetime]
    what: Mapped[str]
    email: Mapped[str]
    storefront_id: Mapped[UUID | None]
    host: Mapped[str]
    address: Mapped[str]
    agent: Mapped[str]
    detail: Mapped[str] = mapped_column(default="", server_default="")


ACCOUNT = door("""
CREATE FUNCTION account_v1(p_person uuid)
RETURNS TABLE (email text, name text, password_changed_at timestamptz, two_steps_since timestamptz, codes_left bigint) AS $$
  SELECT p.email, p.name, p.password_changed_at,
    (SELECT f.confirmed_at FROM factors f WHERE f.person_id = p.id),
    (SELECT count(*) FROM recovery_codes c WHERE c.person_id = p.id AND c.used_at IS NULL)
  FROM persons p WHERE p.id = p_person AND p.disabled_at IS NULL
$$""")  # noqa: E501 SQL

NOTE = door("""
CREATE FUNCTION note_account_event_v1(p_id uuid, p_person uuid, p_what text, p_email text, p_storefront uuid, p_host text, p_address text,
  p_agent text, p_detail text)
RETURNS TABLE (id uuid) AS $$
  INSERT INTO account_events AS e (id, person_id, at, what, email, storefront_id, host, address, agent, detail)
  SELECT p_id, p.id, now(), p_what, CASE WHEN p_email = '' THEN p.email ELSE p_email END, p_storefront, p_host, p_address, p_agent, p_detail
  FROM persons p WHERE p.id = p_person RETURNING e.id
$$""")  # noqa: E501 SQL

EVENTS = door("""
CREATE FUNCTION account_events_v1(p_person uuid, p_most bigint)
RETURNS TABLE (at timestamptz, what text, shop text, host text, address text, agent text, detail text, storefront_id uuid) AS $$
  SELECT e.at, e.what, coalesce(f.name, ''), e.host, e.address, e.agent, e.detail, e.storefront_id
  FROM account_events e LEFT JOIN storefronts f ON f.id = e.storefront_id
  WHERE e.person_id = p_person ORDER BY e.at DESC, e.id DESC LIMIT p_most
$$""")  # noqa: E501 SQL

EVENT = door("""
CREATE FUNCTION account_event_v1(p_id uuid, p_distributor uuid)
RETURNS TABLE (at timestamptz, what text, email text, name text, storefront_id uuid, host text, address text, agent text, detail text) AS $$
  SELECT e.at, e.what, e.email, p.name, e.storefront_id, e.host, e.address, e.agent, e.detail
  FROM account_events e JOIN persons p ON p.id = e.person_id
  JOIN storefronts f ON f.id = e.storefront_id AND f.distributor_id = p_distributor
  WHERE e.id = p_id
$$""")  # noqa: E501 SQL

# The old hash is compared, so that of two changes at once one is refused. The person's row is locked first,
# in this function and in every other that changes a password: links, sessions and second steps that are
# begun meanwhile wait, and then find the password changed.
CHANGE_PASSWORD = door("""
CREATE FUNCTION change_password_v1(p_person uuid, p_old text, p_new text, p_session uuid) RETURNS TABLE (ended bigint) AS $$
DECLARE gone bigint;
BEGIN
  PERFORM 1 FROM persons p WHERE p.id = p_person AND p.password_hash = p_old AND p.disabled_at IS NULL FOR UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  UPDATE persons p SET password_hash = p_new, password_changed_at = now() WHERE p.id = p_person;
  UPDATE account_links l SET used_at = now() FROM persons p
    WHERE p.id = p_person AND l.email = p.email AND l.kind = 'reset' AND l.used_at IS NULL;
  DELETE FROM second_steps WHERE person_id = p_person;
  WITH others AS (DELETE FROM sessions WHERE person_id = p_person AND id <> p_session RETURNING 1) SELECT count(*) INTO gone FROM others;
  RETURN QUERY SELECT gone;
END
$$""")  # noqa: E501 SQL

# What said the same as before follows; a standing that knows the person by another name keeps it.
RENAME = door("""
CREATE FUNCTION rename_person_v1(p_person uuid, p_membership uuid, p_name text) RETURNS TABLE (was text) AS $$
  WITH before AS (SELECT p.name FROM persons p WHERE p.id = p_person FOR UPDATE),
  copies AS (
    UPDATE memberships m SET name = p_name FROM before b
    WHERE m.person_id = p_person AND m.ended_at IS NULL AND (m.name = b.name OR m.id = p_membership)
  ), renamed AS (UPDATE persons p SET name = p_name FROM before b WHERE p.id = p_person RETURNING b.name)
  SELECT name FROM renamed
$$""")


@dataclass(frozen=True, slots=True)
class AccountChanged(Event):
    """Something about an account changed that its person should hear of, even if they did it."""

    event_id: UUID


class PasswordChangedMeanwhile(Conflict):
    """Two changes at once."""

    def __init__(self) -> None:
        super().__init__(_("Your password was changed elsewhere at this moment. Please sign in again."))


class SamePassword(Refused):
    """A change that changes nothing."""

    def __init__(self) -> None:
        super().__init__(_("This is the password you have already. Choose another one."))


class NoName(Refused):
    """People are called something."""

    def __init__(self) -> None:
        super().__init__(_("Please write your name."))


class NotYourPassword(Refused):
    """The password that proves it is really you."""

    def __init__(self) -> None:
        super().__init__(_("This is not your password."))


@dataclass(frozen=True, slots=True)
class Account:
    """A person as their own profile shows them."""

    person_id: UUID
    email: str
    name: str
    password_changed_at: datetime | None
    two_steps_since: datetime | None
    codes_left: int


def find(person_id: UUID) -> Account:
    """One's own account; Missing if it is disabled."""
    row = doors.call(ACCOUNT, {"p_person": person_id})
    if row is None:
        raise Missing("account")
    return Account(
        person_id, row.email, row.name, row.password_changed_at, row.two_steps_since, row.codes_left
    )


def prove(account: Account, password: str, *, address: str) -> str:
    """That the person at the browser knows the password; its hash. NotYourPassword (counted like a failed
    log-in) or Locked otherwise."""
    try:
        proven = sessions.prove(account.email, password, address=address)
    except sessions.WrongLogin:
        raise NotYourPassword from None
    if proven.person_id != account.person_id or proven.proof is None:
        raise NotYourPassword
    return proven.proof


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A change of password, hashed: `proof` is the old one's hash."""

    proof: str
    hashed: str


def choose_password(account: Account, *, old: str, new: str, address: str) -> NewPassword:
    """Checks the old password and hashes the new one, which takes its time: outside any transaction.
    NotYourPassword, Locked, SamePassword or WeakPassword."""
    proof = prove(account, old, address=address)
    if old == new:
        raise SamePassword
    return NewPassword(proof, passwords.hashed(new))


def change_password(account: Account, chosen: NewPassword, *, session_id: UUID) -> int:
    """The new password holds; every other session ends, every reset link is void, the second factor stays.
    How many sessions ended."""
    arguments = {
        "p_person": account.person_id,
        "p_old": chosen.proof,
        "p_new": chosen.hashed,
        "p_session": session_id,
    }
    changed = doors.call_here(CHANGE_PASSWORD, arguments)
    if not changed:
        raise PasswordChangedMeanwhile
    return changed[0].ended


def rename(account: Account, name: str, *, membership_id: UUID) -> None:
    """The person's name, here and in every standing that called them the same."""
    name = " ".join(name.split())[:120]
    if not name:
        raise NoName
    doors.call_here(RENAME, {"p_person": account.person_id, "p_membership": membership_id, "p_name": name})


# --- What happened ------------------------------------------------------------------------------------------


def note(
    person_id: UUID, what: str, *, at: Browser, email: str = "", detail: str = "", tell: bool = True
) -> None:
    """Adds a line to the person's history, in this transaction; `tell` also mails it to them, at `email` or
    the address they have now."""
    event_id = new_id()
    arguments = {
        "p_id": event_id,
        "p_person": person_id,
        "p_what": what,
        "p_email": email,
        "p_storefront": at.storefront_id,
        "p_host": at.host,
        "p_address": at.address,
        "p_agent": at.agent,
        "p_detail": detail,
    }
    doors.call_here(NOTE, arguments)
    if tell:
        publish(AccountChanged(event_id))


def history(person_id: UUID, most: int = 20) -> Sequence[Any]:
    """What happened last, newest first."""
    return doors.call_all(EVENTS, {"p_person": person_id, "p_most": most})


def event(event_id: UUID, distributor_id: UUID) -> Any:
    """One line, for the mail about it; None unless it happened in a shop of this distributor."""
    found = doors.call_here(EVENT, {"p_id": event_id, "p_distributor": distributor_id})
    return found[0] if found else None
