"""Which dashboards a person has, and the way to one that is at home in another shop: a ticket of one use and
sixty seconds, bound to the person, the standing, the shop and the host, and worth nothing once the session
that asked for it has ended. A reseller's shop lists that reseller's dashboards only, the
distributor's host lists all."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from core import db, doors, sessions
from core.doors import door
from core.errors import Conflict, Missing, Refused
from core.ids import new_id, new_token, token_hash
from core.languages import _
from core.sessions import Browser, Opened, Proven
from core.tenancy import CLOSED


class Ticket(db.Model):
    """A person on their way to another shop."""

    __tablename__ = "tickets"
    __access__ = CLOSED
    __table_args__ = (Index("ix_tickets_session", "session_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    session_id: Mapped[UUID]
    person_id: Mapped[UUID]
    membership_id: Mapped[UUID]
    storefront_id: Mapped[UUID]
    host: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


# Where a standing is at home: the distributor's staff and resellers on the distributor's host, a customer in
# its reseller's open shop, at that shop's own verified host if it has one, else under its alias.
STANDINGS = door("""
CREATE FUNCTION standings_v2(p_session uuid)
RETURNS TABLE (membership_id uuid, side text, label text, under text, current boolean, storefront_id uuid, code text, alias text, host text) AS $$
  SELECT m.id, m.side, coalesce(c.name, r.name, d.name), CASE WHEN c.id IS NOT NULL THEN r.name WHEN r.id IS NOT NULL THEN d.name ELSE '' END,
    m.id = s.membership_id, w.id, w.code, CASE WHEN w.id <> f.id AND own.host IS NULL THEN w.alias END,
    CASE WHEN w.id <> f.id THEN own.host END
  FROM sessions s JOIN storefronts f ON f.distributor_id = s.distributor_id AND f.id = s.storefront_id
  JOIN resellers h ON h.distributor_id = f.distributor_id AND h.id = f.reseller_id
  JOIN memberships m ON m.person_id = s.person_id AND m.distributor_id = s.distributor_id AND m.ended_at IS NULL
  JOIN distributors d ON d.id = m.distributor_id
  LEFT JOIN resellers r ON r.distributor_id = m.distributor_id AND r.id = m.reseller_id
  LEFT JOIN customers c ON c.distributor_id = m.distributor_id AND c.id = m.customer_id
  LEFT JOIN storefronts o ON m.side = 'customer' AND o.distributor_id = m.distributor_id AND o.reseller_id = m.reseller_id AND o.state = 'open'
  JOIN storefronts w ON w.distributor_id = s.distributor_id AND w.id = coalesce(o.id, f.id)
  LEFT JOIN LATERAL (SELECT n.host FROM hosts n WHERE n.distributor_id = w.distributor_id AND n.storefront_id = w.id AND NOT n.aliases
                     ORDER BY n.id LIMIT 1) own ON true
  WHERE s.id = p_session AND (h.house OR m.reseller_id = f.reseller_id) ORDER BY 2, 3
$$""")  # noqa: E501 SQL

GIVE = door("""
CREATE FUNCTION give_ticket_v1(p_session uuid, p_token bytea, p_membership uuid, p_storefront uuid, p_host text)
RETURNS TABLE (ticket_id uuid) AS $$
  WITH late AS (DELETE FROM tickets WHERE expires_at < now())
  INSERT INTO tickets (id, token_hash, session_id, person_id, membership_id, storefront_id, host, created_at, expires_at)
  SELECT gen_random_uuid(), p_token, s.id, s.person_id, m.id, p_storefront, h.host, now(), now() + interval '60 seconds'
  FROM sessions s
  JOIN memberships m ON m.id = p_membership AND m.distributor_id = s.distributor_id AND m.person_id = s.person_id AND m.ended_at IS NULL
  JOIN hosts h ON h.host = p_host AND h.distributor_id = s.distributor_id AND (h.storefront_id = p_storefront OR h.aliases)
  WHERE s.id = p_session RETURNING id
$$""")  # noqa: E501 SQL

# At another host it is not even found, so trying it there does not use it up; neither does a browser in which
# somebody else is signed in.
TAKE = door("""
CREATE FUNCTION take_ticket_v2(p_token bytea, p_storefront uuid, p_host text, p_here uuid)
RETURNS TABLE (person_id uuid, membership_id uuid, password_hash text, until timestamptz) AS $$
  DELETE FROM tickets t USING sessions s, persons p
  WHERE t.token_hash = p_token AND t.storefront_id = p_storefront AND t.host = p_host AND t.expires_at > now()
    AND s.id = t.session_id AND s.person_id = t.person_id AND s.expires_at > now()
    AND p.id = t.person_id AND (p_here IS NULL OR p_here = t.person_id)
  RETURNING t.person_id, t.membership_id, p.password_hash, s.expires_at
$$""")


class TicketEnded(Refused):
    """Used, too late, of another host, or of somebody else: never told apart."""

    status = 404
    title = "This way in is closed"

    def __init__(self) -> None:
        super().__init__(
            _(
                "It opens once and within a minute, for the person who asked for it. Go back and choose the"
                " account again, or sign in here."
            )
        )


@dataclass(frozen=True, slots=True)
class Given:
    """A ticket: the token goes into the address of the redirect and nowhere else."""

    token: str
    host: str


def standings(session_id: UUID) -> list[Any]:
    """Every dashboard that this shop may list, the current one marked (U33-U35)."""
    return doors.call_all(STANDINGS, {"p_session": session_id})


def standing(session_id: UUID, membership_id: str) -> Any:
    """One of them; Missing otherwise."""
    found = next((s for s in standings(session_id) if str(s.membership_id) == membership_id), None)
    if found is None:
        raise Missing("account")
    return found


def give(session_id: UUID, chosen: Any, *, host: str) -> Given:
    """A ticket to the shop where the chosen standing is at home: on its own host, else under its alias on
    ours."""
    token = new_token()
    arguments = {
        "p_session": session_id,
        "p_token": token_hash(token),
        "p_membership": chosen.membership_id,
        "p_storefront": chosen.storefront_id,
        "p_host": chosen.host or host,
    }
    if doors.call(GIVE, arguments) is None:
        raise Conflict(_("This account has moved at this moment. Please choose it again."))
    return Given(token, chosen.host or host)


def take(token: str, *, at: Browser, here: UUID | None) -> Opened:
    """A session at this host, once. `here` is who is signed in in this browser already, if anybody."""
    arguments = {
        "p_token": token_hash(token),
        "p_storefront": at.storefront_id,
        "p_host": at.host,
        "p_here": here,
    }
    row = doors.call(TAKE, arguments) if token else None
    proven = Proven(row.person_id, row.password_hash, True) if row else None
    opened = (
        sessions.open_for(
            proven,
            at=at,
            membership_id=row.membership_id,
            second=True,
            what="came from another shop",
            until=row.until,
        )
        if row and proven
        else None
    )
    if opened is None:
        raise TicketEnded
    return opened
