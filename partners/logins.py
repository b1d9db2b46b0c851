"""How many people of a reseller may sign in, and whether their sign-in address is theirs to change: rules of
the programmes that it is an active partner of (H37, H38). Of several limits the strictest counts. Only a
reseller's own people count; the distributor's staff sign in as themselves (C5). Programmes are the
distributor's to read, so whoever asks from another side goes through a door function."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import UniqueConstraint, false, select
from sqlalchemy.orm import Mapped, mapped_column

from core import db, doors, tenancy, trail
from core.doors import door
from core.errors import Refused
from core.languages import _, counted
from core.parties import Reseller
from core.tenancy import Access, DistributorOwned, owned_by
from partners.programmes import Programme


class ProgrammeAccess(DistributorOwned, db.Model):
    """A programme's rules of access. `logins`: how many people of a reseller may sign in, none for any
    number; `email_fixed`: the address that one signs in with cannot be changed."""

    __tablename__ = "programme_access"
    __access__ = Access(distributor="rcu", door="r")
    __table_args__ = (
        owned_by("programmes", "programme_id"),
        UniqueConstraint("distributor_id", "programme_id"),
    )

    programme_id: Mapped[UUID]
    logins: Mapped[int | None]
    email_fixed: Mapped[bool] = mapped_column(default=False, server_default=false())


# The programmes that a reseller is an active partner of, and what each says.
_RULES = """enrolments e
      JOIN distributors d ON d.id = e.distributor_id
      JOIN programmes p ON p.distributor_id = e.distributor_id AND p.id = e.programme_id
      JOIN programme_access a ON a.distributor_id = e.distributor_id AND a.programme_id = e.programme_id"""
_ACTIVE = "e.state = 'active' AND e.ends_at > now() + d.business_offset"

LOGINS = door(f"""
CREATE FUNCTION logins_v1(p_distributor uuid, p_reseller uuid)
RETURNS TABLE (programme text, most bigint, people bigint, invited bigint) AS $$
  SELECT strictest.name, strictest.logins,
    (SELECT count(*) FROM memberships m
      WHERE m.distributor_id = p_distributor AND m.reseller_id = p_reseller AND m.side = 'reseller' AND m.ended_at IS NULL),
    (SELECT count(*) FROM invitations i
      WHERE i.distributor_id = p_distributor AND i.reseller_id = p_reseller AND i.side = 'reseller' AND i.state = 'pending' AND i.expires_at > now())
  FROM (SELECT p.name, a.logins FROM {_RULES}
    WHERE e.distributor_id = p_distributor AND e.reseller_id = p_reseller AND {_ACTIVE} AND a.logins IS NOT NULL
    ORDER BY a.logins, p.name LIMIT 1) strictest
$$""")  # noqa: E501, S608 SQL of constants of ours

# Asked by the statement that lets somebody in (partners/acceptances.py). The lock makes those who want the
# same reseller's last login take turns; whoever waited counts what the other has done.
IS_FREE = door(f"""
CREATE FUNCTION login_is_free_v1(p_distributor uuid, p_reseller uuid) RETURNS boolean AS $$
DECLARE most bigint;
BEGIN
  SELECT min(a.logins) INTO most FROM {_RULES}
    WHERE e.distributor_id = p_distributor AND e.reseller_id = p_reseller AND {_ACTIVE};
  IF most IS NULL THEN RETURN true; END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended(p_reseller::text, 37));
  RETURN most > (SELECT count(*) FROM memberships m
    WHERE m.distributor_id = p_distributor AND m.reseller_id = p_reseller AND m.side = 'reseller' AND m.ended_at IS NULL);
END
$$""")  # noqa: E501, S608 SQL of constants of ours

EMAIL_FIXED = door(f"""
CREATE FUNCTION email_fixed_v1(p_person uuid, p_note boolean) RETURNS TABLE (programme text) AS $$
  WITH bound AS (
    SELECT m.distributor_id, m.id, m.reseller_id, p.name FROM memberships m
      JOIN {_RULES} ON e.distributor_id = m.distributor_id AND e.reseller_id = m.reseller_id
    WHERE m.person_id = p_person AND m.side = 'reseller' AND m.ended_at IS NULL AND {_ACTIVE} AND a.email_fixed
    ORDER BY p.name LIMIT 1
  ), noted AS (
    INSERT INTO trail (distributor_id, id, reseller_id, at, person_id, object_type, object_id, what, request_id)
    SELECT b.distributor_id, gen_random_uuid(), b.reseller_id, now(), p_person, 'memberships', b.id,
      'refused: the sign-in address is fixed', '' FROM bound b WHERE p_note
  )
  SELECT name FROM bound
$$""")  # noqa: E501, S608 SQL of constants of ours


@dataclass(frozen=True, slots=True)
class Logins:
    """What the strictest programme allows, and how much of it is taken: by people, and by invitations that
    can still be accepted."""

    programme: str
    most: int
    people: int
    invited: int

    @property
    def left(self) -> int:
        """For how many more somebody can be invited."""
        return max(0, self.most - self.people - self.invited)


class LoginsUsedUp(Refused):
    """More people than the programme allows (H37)."""

    status = 409

    def __init__(self, logins: Logins) -> None:
        super().__init__(
            counted(
                "%(programme)s allows %(n)s login, and no login is free. Remove somebody or withdraw an"
                " invitation first.",
                "%(programme)s allows %(n)s logins, and no login is free. Remove somebody or withdraw an"
                " invitation first.",
                logins.most,
                programme=logins.programme,
            )
        )


class EmailFixed(Refused):
    """The address that one signs in with is the one that was approved (H38)."""

    status = 403

    def __init__(self, programme: str) -> None:
        super().__init__(
            _(
                "%(programme)s fixes the address that you sign in with, so it cannot be changed here. Ask"
                " your distributor to invite another one.",
                programme=programme,
            )
        )


# --- What a programme says ----------------------------------------------------------------------------------


def rules_of(programme: Programme) -> ProgrammeAccess:
    """A programme's rules; those of one that has said nothing are not kept."""
    chosen = select(ProgrammeAccess).where(ProgrammeAccess.programme_id == programme.id)
    return db.session().scalar(chosen) or ProgrammeAccess(
        programme_id=programme.id, logins=None, email_fixed=False
    )


def set_rules(programme: Programme, *, logins: int | None, email_fixed: bool) -> None:
    """Counts from the next act on: nobody who is in loses a login."""
    db.flush()
    db.session().refresh(programme, with_for_update=True)  # of two forms at once one makes the row
    rules = rules_of(programme)
    if (rules.logins, rules.email_fixed) == (logins, email_fixed):
        return
    rules.logins, rules.email_fixed = logins, email_fixed
    db.add(rules)
    trail.write(programme, "access changed", logins=logins or "any number", email_fixed=email_fixed)


# --- What it means for a reseller ---------------------------------------------------------------------------


def of_reseller(reseller_id: UUID) -> Logins | None:
    """The logins of a reseller inside the scope; None where no programme limits them."""
    arguments = {"p_distributor": tenancy.current().distributor_id, "p_reseller": reseller_id}
    found = doors.call_here(LOGINS, arguments)
    return Logins(*found[0]) if found else None


def refuse_if_used_up(reseller_id: UUID, *, holding: int = 0) -> None:
    """LoginsUsedUp when another invitation could not be accepted; `holding`: how many of the taken ones are
    for the same person."""
    logins = of_reseller(reseller_id)
    if logins is not None and logins.left + holding <= 0:
        raise LoginsUsedUp(logins)


def note_refused(reseller: Reseller, email: str) -> None:
    """Somebody wanted more logins than there are: in a transaction of its own, after the refusal."""
    trail.write(reseller, "refused: no login is free", told={"email": email})


def fixed_by(person_id: UUID) -> str:
    """The programme that fixes a person's sign-in address, or ""."""
    found = doors.call(EMAIL_FIXED, {"p_person": person_id, "p_note": False})
    return str(found.programme) if found else ""


def refuse_if_fixed(person_id: UUID) -> None:
    """EmailFixed, and a line in the trail, for whoever may not change the sign-in address. Outside any
    transaction: the line stays."""
    if found := doors.call(EMAIL_FIXED, {"p_person": person_id, "p_note": True}):
        raise EmailFixed(found.programme)
