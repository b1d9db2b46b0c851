"""Links that a person gets by mail: a forgotten password is chosen anew, a new e-mail address is confirmed.
Each works once and not for long, is kept as a hash, and belongs to the shop it was asked for in. Asking is
answered alike for known and unknown addresses, and costs the same: whose address it is, is looked up when
the mail is drawn and when the link is used."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from core import accounts, db, doors, passwords, seals, throttles
from core.accounts import Account
from core.doors import door
from core.errors import Conflict, Refused
from core.events import Event, publish
from core.ids import new_id, new_token, token_hash
from core.languages import _
from core.parties import normal_email
from core.sessions import Browser
from core.tenancy import CLOSED

LIFE = timedelta(hours=1)
PAUSE = timedelta(minutes=1)
MOST, MOST_BY_ADDRESS = 5, 30  # mails to one address, and requests from one machine, within an hour


class AccountLink(db.Model):
    """One link that was asked for. `email` is whom it is mailed to; `person_id` is known from the start for a
    new address only. `nonce` and the installation's key make the token."""

    __tablename__ = "account_links"
    __access__ = CLOSED
    __table_args__ = (
        Index("ix_account_links_email", "email"),
        Index("ix_account_links_expires", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    nonce: Mapped[str]
    email: Mapped[str]
    person_id: Mapped[UUID | None]
    distributor_id: Mapped[UUID]
    storefront_id: Mapped[UUID]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


ADD = door("""
CREATE FUNCTION add_account_link_v1(p_id uuid, p_kind text, p_token bytea, p_nonce text, p_email text, p_person uuid, p_storefront uuid,
  p_life interval)
RETURNS TABLE (link_id uuid) AS $$
  WITH old AS (DELETE FROM account_links WHERE expires_at < now() - interval '7 days')
  INSERT INTO account_links (id, kind, token_hash, nonce, email, person_id, distributor_id, storefront_id, created_at, expires_at)
  SELECT p_id, p_kind, p_token, p_nonce, p_email, p_person, f.distributor_id, f.id, now(), now() + p_life
  FROM storefronts f WHERE f.id = p_storefront RETURNING id
$$""")  # noqa: E501 SQL

# For the mail: a reset is written only to somebody who may sign in where it was asked for.
MAIL = door("""
CREATE FUNCTION mail_account_link_v1(p_id uuid, p_distributor uuid)
RETURNS TABLE (kind text, nonce text, email text, name text, storefront_id uuid, expires_at timestamptz) AS $$
  SELECT l.kind, l.nonce, l.email, p.name, l.storefront_id, l.expires_at
  FROM account_links l
  JOIN persons p ON p.disabled_at IS NULL AND CASE WHEN l.kind = 'reset' THEN p.email = l.email ELSE p.id = l.person_id END
  JOIN storefronts f ON f.distributor_id = l.distributor_id AND f.id = l.storefront_id
  JOIN resellers r ON r.distributor_id = f.distributor_id AND r.id = f.reseller_id
  WHERE l.id = p_id AND l.distributor_id = p_distributor AND l.used_at IS NULL AND l.expires_at > now()
    AND EXISTS (SELECT 1 FROM memberships m WHERE m.distributor_id = l.distributor_id AND m.person_id = p.id AND m.ended_at IS NULL
                AND (r.house OR m.reseller_id = f.reseller_id))
$$""")  # noqa: E501 SQL

LOOK = door("""
CREATE FUNCTION look_account_link_v1(p_token bytea, p_kind text, p_storefront uuid) RETURNS TABLE (email text, name text) AS $$
  SELECT l.email, p.name FROM account_links l
  JOIN persons p ON p.disabled_at IS NULL AND CASE WHEN l.kind = 'reset' THEN p.email = l.email ELSE p.id = l.person_id END
  WHERE l.token_hash = p_token AND l.kind = p_kind AND l.storefront_id = p_storefront AND l.used_at IS NULL AND l.expires_at > now()
$$""")  # noqa: E501 SQL

# The person is locked before the link is taken: of two links, or of one twice, the second finds itself void.
USE_RESET = door("""
CREATE FUNCTION use_reset_v1(p_token bytea, p_storefront uuid, p_hash text) RETURNS TABLE (person_id uuid, email text) AS $$
#variable_conflict use_column
DECLARE owner uuid; address text;
BEGIN
  SELECT p.id, p.email INTO owner, address FROM account_links l JOIN persons p ON p.email = l.email AND p.disabled_at IS NULL
    WHERE l.token_hash = p_token AND l.kind = 'reset' AND l.storefront_id = p_storefront FOR UPDATE OF p;
  UPDATE account_links l SET used_at = now()
    WHERE l.token_hash = p_token AND l.email = address AND l.used_at IS NULL AND l.expires_at > now();
  IF NOT FOUND THEN RETURN; END IF;
  UPDATE persons p SET password_hash = p_hash, password_changed_at = now() WHERE p.id = owner;
  UPDATE account_links l SET used_at = now() WHERE l.email = address AND l.kind = 'reset' AND l.used_at IS NULL;
  DELETE FROM sessions s WHERE s.person_id = owner;
  DELETE FROM second_steps s WHERE s.person_id = owner;
  DELETE FROM throttles t WHERE t.key = 'email:' || address;
  RETURN QUERY SELECT owner, address;
END
$$""")  # noqa: E501 SQL

USE_EMAIL = door("""
CREATE FUNCTION use_email_link_v1(p_token bytea, p_storefront uuid) RETURNS TABLE (person_id uuid, was text, taken boolean) AS $$
#variable_conflict use_column
DECLARE owner uuid; before text; fresh text;
BEGIN
  SELECT p.id, p.email, l.email INTO owner, before, fresh FROM account_links l JOIN persons p ON p.id = l.person_id AND p.disabled_at IS NULL
    WHERE l.token_hash = p_token AND l.kind = 'email' AND l.storefront_id = p_storefront FOR UPDATE OF p;
  UPDATE account_links l SET used_at = now() WHERE l.token_hash = p_token AND l.person_id = owner AND l.used_at IS NULL AND l.expires_at > now();
  IF NOT FOUND THEN RETURN; END IF;
  IF EXISTS (SELECT 1 FROM persons p WHERE p.email = fresh AND p.id <> owner) THEN
    RETURN QUERY SELECT owner, before, true;
    RETURN;
  END IF;
  UPDATE persons p SET email = fresh WHERE p.id = owner;
  UPDATE memberships m SET email = fresh WHERE m.person_id = owner AND m.ended_at IS NULL;
  UPDATE account_links l SET used_at = now() WHERE l.used_at IS NULL AND (l.person_id = owner OR (l.kind = 'reset' AND l.email = before));
  WITH told AS MATERIALIZED (
    SELECT m.distributor_id, gen_random_uuid() AS id, m.reseller_id, m.customer_id, m.id AS about
    FROM memberships m WHERE m.person_id = owner AND m.ended_at IS NULL
  ), lines AS (
    INSERT INTO trail (distributor_id, id, reseller_id, customer_id, at, person_id, object_type, object_id, what, request_id)
    SELECT t.distributor_id, t.id, t.reseller_id, t.customer_id, now(), owner, 'memberships', t.about, 'e-mail changed', '' FROM told t
  )
  INSERT INTO trail_notes (distributor_id, id, reseller_id, customer_id, why, detail)
    SELECT t.distributor_id, t.id, t.reseller_id, t.customer_id, '', jsonb_build_object('was', before, 'is', fresh) FROM told t;
  RETURN QUERY SELECT owner, before, false;
END
$$""")  # noqa: E501 SQL


@dataclass(frozen=True, slots=True)
class LinkAsked(Event):
    """A mail with a link is due, if there is somebody to write to."""

    link_id: UUID


class LinkEnded(Refused):
    """Unknown, used, too old, or of another shop: never told apart."""

    status = 404
    title = "This link does not work any more"

    def __init__(self) -> None:
        super().__init__(_("It was used already, or is too old. Ask for a new one."))


class AddressNotUsable(Conflict):
    """Somebody else signs in with it; only who reads that mailbox gets to know."""

    def __init__(self) -> None:
        super().__init__(_("This address belongs to another account already, so it cannot become yours."))


class SameAddress(Refused):
    """A change that changes nothing."""

    def __init__(self) -> None:
        super().__init__(_("This is the address you have already."))


# --- A forgotten password -----------------------------------------------------------------------------------


def may_ask(email: str, address: str) -> bool:
    """Whether another mail may go to this address now; TooOften when one machine asks for ever more. Counted
    outside the page's transaction, for known and unknown addresses alike."""
    if not throttles.allow(f"reset-ip:{throttles.machine(address)}", most=MOST_BY_ADDRESS):
        raise throttles.TooOften
    return throttles.allow(f"reset:{normal_email(email)}", most=MOST, pause=PAUSE)


def ask_reset(email: str, *, storefront_id: UUID) -> None:
    """A link to choose a new password is on its way to whoever signs in here with this address; nobody may
    be."""
    _add("reset", normal_email(email), None, storefront_id)


def look(token: str, kind: str, *, storefront_id: UUID) -> Any:
    """The address and name that a link is for; LinkEnded for every reason why not. Changes nothing: mail
    scanners open links too."""
    arguments = {"p_token": token_hash(token), "p_kind": kind, "p_storefront": storefront_id}
    found = doors.call(LOOK, arguments)
    if found is None:
        raise LinkEnded
    return found


def hash_password(token: str, password: str, *, storefront_id: UUID) -> str:
    """The new password's hash, outside any transaction; WeakPassword, or LinkEnded before any hashing."""
    look(token, "reset", storefront_id=storefront_id)
    return passwords.hashed(password)


def use_reset(token: str, hashed: str, *, at: Browser) -> None:
    """The new password, once. Every session ends and every other link is void; a second factor stays, so the
    link alone lets nobody in."""
    arguments = {"p_token": token_hash(token), "p_storefront": at.storefront_id, "p_hash": hashed}
    used = doors.call_here(USE_RESET, arguments)
    if not used:
        raise LinkEnded
    accounts.note(used[0].person_id, "password reset", at=at)


# --- Another e-mail address ---------------------------------------------------------------------------------


def may_change_email(account: Account, email: str) -> None:
    """SameAddress, or TooOften."""
    if normal_email(email) == account.email:
        raise SameAddress
    if not throttles.allow(f"email-change:{account.person_id}", most=MOST, pause=timedelta(seconds=10)):
        raise throttles.TooOften


def ask_email(account: Account, email: str, *, at: Browser) -> None:
    """A link to the new address, and a notice to the old one. Nothing changes before the link is used."""
    _add("email", normal_email(email), account.person_id, at.storefront_id)
    accounts.note(account.person_id, "e-mail change asked", at=at, detail=normal_email(email))


def use_email(token: str, *, at: Browser) -> UUID:
    """The new address holds, for signing in and in every standing; the old one hears of it. AddressNotUsable
    if somebody else signs in with it. Whose address it is."""
    try:
        used = doors.call_here(USE_EMAIL, {"p_token": token_hash(token), "p_storefront": at.storefront_id})
    except IntegrityError as error:  # somebody else took it at this moment
        raise AddressNotUsable from error
    if not used:
        raise LinkEnded
    if used[0].taken:
        raise AddressNotUsable
    accounts.note(used[0].person_id, "e-mail changed", at=at, email=used[0].was)
    return used[0].person_id


# --- Making links -------------------------------------------------------------------------------------------


def _add(kind: str, email: str, person_id: UUID | None, storefront_id: UUID) -> None:
    link_id, nonce = new_id(), new_token()
    arguments = {
        "p_id": link_id,
        "p_kind": kind,
        "p_token": token_hash(seals.link_token(kind, nonce)),
        "p_nonce": nonce,
        "p_email": email,
        "p_person": person_id,
        "p_storefront": storefront_id,
        "p_life": LIFE,
    }
    doors.call_here(ADD, arguments)
    publish(LinkAsked(link_id))


@dataclass(frozen=True, slots=True)
class Mailed:
    """What the mail of a link needs."""

    kind: str
    token: str
    email: str
    name: str
    storefront_id: UUID
    expires_at: datetime


def for_mail(link_id: UUID, distributor_id: UUID) -> Mailed | None:
    """The link as it is mailed, in the mail task's transaction; None when there is nobody to write to."""
    rows = doors.call_here(MAIL, {"p_id": link_id, "p_distributor": distributor_id})
    if not rows:
        return None
    row = rows[0]
    token = seals.link_token(row.kind, row.nonce)
    return Mailed(row.kind, token, row.email, row.name, row.storefront_id, row.expires_at)
