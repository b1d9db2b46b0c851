"""A distributor's rules of signing in, for every shop of its own and of its resellers (I74): after how long a
session ends by itself, when nobody uses it and at the latest, and who needs a second factor. Sessions carry
their limits; whether somebody has to set up a second factor first is asked anew by every request
(partners/storefronts.py: OPEN_REQUEST), so a rule holds from the next click on."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, select
from sqlalchemy.orm import Mapped

from core import db, doors, tenancy, trail
from core.doors import door
from core.errors import Refused
from core.languages import _
from core.tenancy import Access, DistributorOwned

IDLE, LONGEST = 60, 480  # minutes, where a distributor says nothing
SHORTEST_IDLE, LONGEST_OF_ALL = 5, 7 * 24 * 60  # minutes


class SignInRules(DistributorOwned, db.Model):
    """What a distributor says. `idle_minutes`: without a request; `longest_minutes`: in all; `two_factor`:
    who needs a second factor, as "side:role"."""

    __tablename__ = "sign_in_rules"
    __access__ = Access(distributor="rcu", door="r")
    __table_args__ = (
        UniqueConstraint("distributor_id"),
        CheckConstraint("idle_minutes > 0 AND idle_minutes <= longest_minutes", name="minutes"),
    )

    idle_minutes: Mapped[int]
    longest_minutes: Mapped[int]
    two_factor: Mapped[list[str]]


# What is shortened holds for those who are signed in as well; nobody's session is made longer.
SHORTEN = door("""
CREATE FUNCTION shorten_sessions_v1(p_distributor uuid, p_idle bigint, p_longest bigint) RETURNS TABLE (shortened bigint) AS $$
  WITH done AS (
    UPDATE sessions SET idle = p_idle * interval '1 minute', expires_at = least(expires_at, created_at + p_longest * interval '1 minute')
    WHERE distributor_id = p_distributor RETURNING 1
  )
  SELECT count(*) FROM done
$$""")  # noqa: E501 SQL


class UnfitMinutes(Refused):
    """A session that is to end when nobody uses it ends before it would end anyway."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "A session ends without a click after %(least)s minutes at the least, and after 7 days in all"
                " at the most; the first cannot be longer than the second.",
                least=SHORTEST_IDLE,
            )
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules in force."""

    idle_minutes: int = IDLE
    longest_minutes: int = LONGEST
    two_factor: frozenset[str] = frozenset()


def in_force() -> Rules:
    """The rules of the scope's distributor."""
    row = _row()
    return Rules(row.idle_minutes, row.longest_minutes, frozenset(row.two_factor)) if row else Rules()


def set_rules(
    *, idle_minutes: int, longest_minutes: int, two_factor: Iterable[str], known: Collection[str]
) -> None:
    """From the next request on, for everybody who is signed in; UnfitMinutes. `known`: the sides and roles
    that there are."""
    if not SHORTEST_IDLE <= idle_minutes <= longest_minutes <= LONGEST_OF_ALL:
        raise UnfitMinutes
    row = _row() or SignInRules(two_factor=[])
    row.idle_minutes, row.longest_minutes = idle_minutes, longest_minutes
    row.two_factor = sorted(set(two_factor).intersection(known))
    db.add(row)
    db.flush()
    doors.call_here(
        SHORTEN,
        {
            "p_distributor": tenancy.current().distributor_id,
            "p_idle": idle_minutes,
            "p_longest": longest_minutes,
        },
    )
    trail.write(
        row,
        "changed",
        idle_minutes=idle_minutes,
        longest_minutes=longest_minutes,
        two_factor=", ".join(row.two_factor) or "nobody",
    )


def row_id() -> UUID | None:
    """What their timeline is about; None before anything was said."""
    row = _row()
    return row.id if row else None


def _row() -> SignInRules | None:
    return db.session().scalar(select(SignInRules))
