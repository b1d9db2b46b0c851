"""The invited person's side of an invitation: looking at a link, using it, asking for a newer one. Nobody has
a scope here yet, so all of it goes through door functions, each of which answers the same for a link that is
unknown, used, revoked or too old."""

from dataclasses import dataclass
from uuid import UUID

from core import doors, passwords, sessions
from core.doors import door
from core.events import publish
from core.ids import new_id, new_token, token_hash
from core.sessions import Proven
from partners import logins
from partners.invitations import LIFE, InvitationSent, NotInvited, token_of
from partners.logins import Logins, LoginsUsedUp

# What every door below asks: the link's shop belongs to the inviter (or is the distributor's own), and the
# link is still good.
_GOOD = """i.token_hash = p_token AND i.state = 'pending' AND f.id = p_storefront
      AND f.distributor_id = i.distributor_id AND (r.house OR f.reseller_id = i.reseller_id)"""

LOOK = door(f"""
CREATE FUNCTION look_invitation_v1(p_token bytea, p_storefront uuid)
RETURNS TABLE (email text, name text, standing text, invited_by text, known boolean) AS $$
  SELECT i.email, i.name, coalesce(c.name, mr.name, d.name), i.invited_by,
    EXISTS (SELECT 1 FROM persons p WHERE p.email = i.email AND p.password_hash IS NOT NULL)
  FROM invitations i
  JOIN storefronts f ON f.distributor_id = i.distributor_id
  JOIN resellers r ON r.distributor_id = f.distributor_id AND r.id = f.reseller_id
  JOIN distributors d ON d.id = i.distributor_id
  LEFT JOIN resellers mr ON mr.distributor_id = i.distributor_id AND mr.id = i.reseller_id
  LEFT JOIN customers c ON c.distributor_id = i.distributor_id AND c.id = i.customer_id
  WHERE {_GOOD} AND i.expires_at > now()
$$""")  # noqa: S608 a constant of ours

# One statement: the row lock of the UPDATE lets one of two concurrent clicks through, the other finds it
# accepted. A known address joins only as the person whose password was checked, and a reseller's person only
# where a login is free.
ACCEPT = door(f"""
CREATE FUNCTION accept_invitation_v2(p_token bytea, p_storefront uuid, p_known uuid, p_new uuid, p_name text,
  p_hash text)
RETURNS TABLE (person_id uuid, membership_id uuid, email text) AS $$
  WITH taken AS (
    UPDATE invitations i SET state = 'accepted', accepted_at = now()
    FROM storefronts f JOIN resellers r ON r.distributor_id = f.distributor_id AND r.id = f.reseller_id
    WHERE {_GOOD} AND i.expires_at > now()
      AND NOT EXISTS (SELECT 1 FROM persons p WHERE p.email = i.email
        AND (p.disabled_at IS NOT NULL OR (p.password_hash IS NOT NULL AND p.id IS DISTINCT FROM p_known)))
      AND (i.side <> 'reseller' OR {logins.IS_FREE}(i.distributor_id, i.reseller_id))
    RETURNING i.distributor_id, i.id, i.reseller_id, i.customer_id, i.side, i.email, i.name, i.roles
  ), person AS (
    INSERT INTO persons AS p (id, email, name, password_hash, created_at)
    SELECT coalesce(p_known, p_new), t.email, p_name, p_hash, now() FROM taken t
    ON CONFLICT (email) DO UPDATE SET password_hash = coalesce(p.password_hash, excluded.password_hash)
    RETURNING p.id, p.name
  ), member AS (
    INSERT INTO memberships AS m
      (distributor_id, id, reseller_id, customer_id, person_id, side, email, name, roles, created_at)
    SELECT t.distributor_id, gen_random_uuid(), t.reseller_id, t.customer_id, p.id, t.side, t.email, p.name,
      t.roles, now()
    FROM taken t CROSS JOIN person p
    ON CONFLICT (distributor_id, person_id, reseller_id, customer_id) WHERE ended_at IS NULL DO UPDATE SET
      roles = (SELECT jsonb_agg(DISTINCT role) FROM jsonb_array_elements(m.roles || excluded.roles) role)
    RETURNING m.distributor_id, m.id, m.person_id, m.reseller_id, m.customer_id, m.email
  ), noted AS (
    INSERT INTO trail (distributor_id, id, reseller_id, customer_id, at, person_id, object_type, object_id,
      what, request_id)
    SELECT t.distributor_id, gen_random_uuid(), t.reseller_id, t.customer_id, now(), p.id, 'invitations',
      t.id, 'pending -> accepted', ''
    FROM taken t CROSS JOIN person p
    UNION ALL
    SELECT m.distributor_id, gen_random_uuid(), m.reseller_id, m.customer_id, now(), m.person_id,
      'memberships', m.id, 'added', ''
    FROM member m
  )
  SELECT m.person_id, m.id, m.email FROM member m
$$""")  # noqa: S608 a constant of ours

RENEW = door(f"""
CREATE FUNCTION renew_invitation_v1(p_token bytea, p_storefront uuid, p_nonce text, p_fresh bytea,
  p_life interval)
RETURNS TABLE (invitation_id uuid, sending bigint) AS $$
  UPDATE invitations i
  SET nonce = p_nonce, token_hash = p_fresh, expires_at = now() + p_life, sending = i.sending + 1
  FROM storefronts f JOIN resellers r ON r.distributor_id = f.distributor_id AND r.id = f.reseller_id
  WHERE {_GOOD} AND i.expires_at <= now() RETURNING i.id, i.sending
$$""")  # noqa: S608 a constant of ours

# Whether a good link was of no use because no login is free, which is written down.
WITHOUT_LOGIN = door(f"""
CREATE FUNCTION invitation_without_login_v1(p_token bytea, p_storefront uuid)
RETURNS TABLE (programme text, most bigint, people bigint, invited bigint) AS $$
  WITH refused AS (
    SELECT i.distributor_id, i.id, i.reseller_id, l.* FROM invitations i
    JOIN storefronts f ON f.distributor_id = i.distributor_id
    JOIN resellers r ON r.distributor_id = f.distributor_id AND r.id = f.reseller_id
    CROSS JOIN LATERAL {logins.LOGINS}(i.distributor_id, i.reseller_id) l
    WHERE {_GOOD} AND i.expires_at > now() AND i.side = 'reseller' AND l.people >= l.most
  ), noted AS (
    INSERT INTO trail (distributor_id, id, reseller_id, at, object_type, object_id, what, request_id)
    SELECT n.distributor_id, gen_random_uuid(), n.reseller_id, now(), 'invitations', n.id,
      'refused: no login is free', '' FROM refused n
  )
  SELECT programme, most, people, invited FROM refused
$$""")  # noqa: S608 a constant of ours


# Whoever was added to a reseller's list and has an account needs no link (P9): proving who they are is
# enough, at any time before the reseller withdraws it. A disabled person is nobody.
CLAIM = door("""
CREATE FUNCTION claim_added_v1(p_person uuid, p_storefront uuid) RETURNS TABLE (membership_id uuid) AS $$
  WITH taken AS (
    UPDATE invitations i SET state = 'accepted', accepted_at = now()
    FROM persons p CROSS JOIN storefronts f
    WHERE p.id = p_person AND p.disabled_at IS NULL AND p.password_hash IS NOT NULL AND f.id = p_storefront
      AND i.distributor_id = f.distributor_id AND i.email = p.email AND i.state = 'pending' AND i.adds
      AND i.customer_id IS NOT NULL
    RETURNING i.distributor_id, i.id, i.reseller_id, i.customer_id, i.side, i.email, i.roles, p.id AS person_id, p.name
  ), member AS (
    INSERT INTO memberships AS m (distributor_id, id, reseller_id, customer_id, person_id, side, email, name, roles, created_at)
    SELECT t.distributor_id, gen_random_uuid(), t.reseller_id, t.customer_id, t.person_id, t.side, t.email, t.name, t.roles, now() FROM taken t
    ON CONFLICT (distributor_id, person_id, reseller_id, customer_id) WHERE ended_at IS NULL DO UPDATE SET roles = m.roles
    RETURNING m.distributor_id, m.id, m.person_id, m.reseller_id, m.customer_id
  ), noted AS (
    INSERT INTO trail (distributor_id, id, reseller_id, customer_id, at, person_id, object_type, object_id, what, request_id)
    SELECT t.distributor_id, gen_random_uuid(), t.reseller_id, t.customer_id, now(), t.person_id, 'invitations', t.id,
      'pending -> accepted', '' FROM taken t
    UNION ALL
    SELECT m.distributor_id, gen_random_uuid(), m.reseller_id, m.customer_id, now(), m.person_id, 'memberships', m.id, 'added', ''
    FROM member m
  )
  SELECT m.id FROM member m
$$""")  # noqa: E501 SQL

HAS_ACCOUNT = door("""
CREATE FUNCTION has_account_v1(p_email text) RETURNS TABLE (known boolean) AS $$
  SELECT EXISTS (SELECT 1 FROM persons p WHERE p.email = p_email AND p.password_hash IS NOT NULL AND p.disabled_at IS NULL)
$$""")  # noqa: E501 SQL


# Somebody tried to come in by a link that is over: whoever invited reads it in the timeline. A link that was
# replaced by a newer one, or never existed, leads to no row.
REFUSED = door("""
CREATE FUNCTION note_refused_invitation_v1(p_token bytea, p_line uuid) RETURNS TABLE (invitation_id uuid) AS $$
  WITH over AS (
    SELECT i.* FROM invitations i WHERE i.token_hash = p_token AND (i.state <> 'pending' OR i.expires_at <= now()) LIMIT 1
  ), noted AS (
    INSERT INTO trail (distributor_id, id, reseller_id, customer_id, at, object_type, object_id, what, told, request_id)
    SELECT o.distributor_id, p_line, o.reseller_id, NULL, now(), 'invitations', o.id, 'was refused: its link is over',
      jsonb_build_object('by', o.email, 'because', CASE WHEN o.state = 'pending' THEN 'expired' ELSE o.state END), ''
    FROM over o
  )
  SELECT o.id FROM over o
$$""")  # noqa: E501 SQL


@dataclass(frozen=True, slots=True)
class Invited:
    """What the page of a good link shows. `known`: the address has an account, so its password is asked for
    instead of a new one."""

    email: str
    name: str
    standing: str
    invited_by: str
    known: bool


@dataclass(frozen=True, slots=True)
class Joined:
    """Who came in, and in which standing; enough to open a session."""

    proven: Proven
    membership_id: UUID
    email: str


def look(token: str, *, storefront_id: UUID) -> Invited:
    """What a link invites to, in this shop; NotInvited for every reason why not. Changes nothing: mail
    scanners open links too."""
    row = doors.call(LOOK, {"p_token": token_hash(token), "p_storefront": storefront_id})
    if row is None:
        raise NotInvited
    return Invited(row.email, row.name, row.standing, row.invited_by, row.known)


def accept(token: str, *, storefront_id: UUID, name: str, password: str, address: str) -> Joined:
    """Uses the link, once. A known address proves itself by its existing password (WrongLogin, Locked), an
    unknown one chooses its own (WeakPassword). LoginsUsedUp where the programme allows no
    more (H37). No transaction may be open: the hash takes its time, and the door is one statement."""
    invited = look(token, storefront_id=storefront_id)
    known = sessions.prove(invited.email, password, address=address) if invited.known else None
    joined = doors.call(
        ACCEPT,
        {
            "p_token": token_hash(token),
            "p_storefront": storefront_id,
            "p_known": known.person_id if known else None,
            "p_new": new_id(),
            "p_name": name.strip() or invited.name,
            "p_hash": None if known else passwords.hashed(password),
        },
    )
    if joined is None:
        refused = doors.call(WITHOUT_LOGIN, {"p_token": token_hash(token), "p_storefront": storefront_id})
        raise LoginsUsedUp(Logins(*refused)) if refused else NotInvited
    proven = known or Proven(joined.person_id, None, False)
    return Joined(proven, joined.membership_id, joined.email)


def ask_again(token: str, *, storefront_id: UUID) -> None:
    """Somebody holds a link that is too old and asks for a new one: it goes to the invited address. Every
    other link changes nothing, and the caller answers the same. Runs in the page's transaction."""
    nonce = new_token()
    fresh = token_hash(token_of(nonce))
    arguments = {
        "p_token": token_hash(token),
        "p_storefront": storefront_id,
        "p_nonce": nonce,
        "p_fresh": fresh,
        "p_life": LIFE,
    }
    for row in doors.call_here(RENEW, arguments):
        publish(InvitationSent(row.invitation_id, f"{row.invitation_id}:{row.sending}"))


def note_refusal(token: str) -> None:
    """A used, withdrawn or late link was sent once more: it stands in the invitation's timeline."""
    doors.call(REFUSED, {"p_token": token_hash(token), "p_line": new_id()})


def claim(person_id: UUID, *, storefront_id: UUID) -> None:
    """Whoever has just proven who they are gets the standings at this shop's distributor that resellers have
    added them to. Called before a session is opened, because one of these may be the reason to come."""
    doors.call_all(CLAIM, {"p_person": person_id, "p_storefront": storefront_id})


def has_account(email: str) -> bool:
    """Whether the address signs in somewhere: for the words of a mail to that address, and nothing else that
    anybody could read."""
    return doors.call_here(HAS_ACCOUNT, {"p_email": email})[0].known
