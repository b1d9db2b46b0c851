"""Providers: the distributors of this installation as resellers see them. A distributor writes its entry in
the directory, with what it offers beside its catalogue (M22); a company that is a partner of some programme
sees the entries side by side, and the list of the distributors whose reseller it is (M20, M25). Each standing
is at another distributor, so both are read through doors that begin at one's own session."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Mapped

from core import db, doors, trail
from core.doors import door
from core.errors import Denied, Refused
from core.ids import new_id
from core.languages import Words, _
from core.tenancy import Access, DistributorOwned

OFFERS = Words(
    {
        "training": "Training",
        "assistance": "Technical assistance",
        "marketing": "Marketing help",
        "finance": "Finance",
        "credit_terms": "Credit terms",
    }
)
"""What providers differ by (M22); an entry says a few words to each, or nothing where it is not offered."""
LONGEST_OFFER, LONGEST_ABOUT, LONGEST_COUNTRIES = 200, 1000, 200


class ProviderEntry(DistributorOwned, db.Model):
    """A distributor in the directory. `offers`: code of OFFERS -> a few words; what is not there is not
    offered."""

    __tablename__ = "provider_entries"
    __access__ = Access(distributor="rcu", door="r")
    __table_args__ = (UniqueConstraint("distributor_id"),)

    published: Mapped[bool]
    about: Mapped[str]
    countries: Mapped[str]
    offers: Mapped[dict[str, Any]]
    changed_at: Mapped[datetime]


class EntryIncomplete(Refused):
    """An entry that others see says something."""

    def __init__(self) -> None:
        super().__init__(_("Say who you are, and at least one thing that you offer, before others see it."))


class EntryTooLong(Refused):
    """A comparison has room for a few words."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "At most %(about)s characters about you, %(offer)s for each offer.",
                about=LONGEST_ABOUT,
                offer=LONGEST_OFFER,
            )
        )


class NotEnrolled(Denied):
    """Other providers are shown to partners (M20)."""

    title = "For partners only"

    def __init__(self) -> None:
        super().__init__(
            _("Providers are shown to companies that are partners of a programme. Yours is none so far.")
        )


# --- A distributor's own entry ------------------------------------------------------------------------------


def entry() -> ProviderEntry | None:
    """The entry of the scope's distributor."""
    return db.session().scalar(select(ProviderEntry))


def keep(*, published: bool, about: str, countries: str, offers: Mapping[str, str]) -> ProviderEntry:
    """Writes the entry; what is published counts at once."""
    said = {code: " ".join(offers.get(code, "").split()) for code in OFFERS}
    said = {code: words for code, words in said.items() if words}
    about, countries = about.strip(), " ".join(countries.split())
    if any(len(words) > LONGEST_OFFER for words in said.values()):
        raise EntryTooLong
    if len(about) > LONGEST_ABOUT or len(countries) > LONGEST_COUNTRIES:
        raise EntryTooLong
    if published and not (about and said):
        raise EntryIncomplete
    row = db.session().scalar(select(ProviderEntry).with_for_update()) or ProviderEntry(
        id=new_id(), published=False
    )
    was = row.published
    row.published, row.about, row.countries, row.offers = published, about, countries, said
    row.changed_at = db.session().info["now"]
    db.add(row)
    db.flush()
    trail.write(row, "changed" if was == published else "published" if published else "hidden")
    return row


# --- What a reseller sees -----------------------------------------------------------------------------------

# Whose session it is, and whether their company is a partner of any programme of any distributor.
WHOSE = """
  SELECT m.person_id, m.distributor_id, r.id AS reseller_id, r.company_id,
    EXISTS (SELECT 1 FROM resellers x JOIN enrolments e ON e.distributor_id = x.distributor_id AND e.reseller_id = x.id
            WHERE x.company_id = r.company_id AND e.state = 'active') AS enrolled
  FROM sessions s JOIN memberships m ON m.distributor_id = s.distributor_id AND m.id = s.membership_id AND m.ended_at IS NULL
  JOIN resellers r ON r.distributor_id = m.distributor_id AND r.id = m.reseller_id AND NOT r.house
  WHERE s.id = p_session AND m.side = 'reseller'
"""  # noqa: E501 SQL

ENROLLED = door(f"""
CREATE FUNCTION is_enrolled_v1(p_session uuid) RETURNS TABLE (enrolled boolean) AS $$
  SELECT me.enrolled FROM ({WHOSE}) me
$$""")  # noqa: S608 a constant of ours

PROVIDERS = door(f"""
CREATE FUNCTION providers_v1(p_session uuid)
RETURNS TABLE (code text, name text, reseller text, reseller_code text, since timestamptz, current boolean, member boolean, programmes text, host text) AS $$
  SELECT d.code, d.name, x.name, x.code, x.created_at, x.id = me.reseller_id,
    EXISTS (SELECT 1 FROM memberships m WHERE m.distributor_id = x.distributor_id AND m.reseller_id = x.id AND m.customer_id IS NULL
            AND m.person_id = me.person_id AND m.ended_at IS NULL),
    (SELECT coalesce(string_agg(e.programme_name, ', ' ORDER BY e.programme_name), '') FROM enrolments e
     WHERE e.distributor_id = x.distributor_id AND e.reseller_id = x.id AND e.state = 'active'),
    coalesce((SELECT h.host FROM hosts h JOIN storefronts f ON f.distributor_id = h.distributor_id AND f.id = h.storefront_id
     JOIN resellers o ON o.distributor_id = f.distributor_id AND o.id = f.reseller_id AND o.house
     WHERE h.distributor_id = d.id ORDER BY h.id LIMIT 1), '')
  FROM ({WHOSE}) me
  JOIN resellers x ON NOT x.house AND (x.company_id = me.company_id OR EXISTS (
    SELECT 1 FROM memberships m WHERE m.person_id = me.person_id AND m.distributor_id = x.distributor_id AND m.reseller_id = x.id
      AND m.customer_id IS NULL AND m.ended_at IS NULL))
  JOIN distributors d ON d.id = x.distributor_id
  ORDER BY d.name, x.name LIMIT 500
$$""")  # noqa: E501, S608 SQL of ours

DIRECTORY = door(f"""
CREATE FUNCTION provider_directory_v1(p_session uuid)
RETURNS TABLE (code text, name text, about text, countries text, offers jsonb, mine boolean, asked text, reason text) AS $$
  SELECT d.code, d.name, p.about, p.countries, p.offers,
    EXISTS (SELECT 1 FROM resellers x WHERE x.distributor_id = d.id AND x.company_id = me.company_id),
    coalesce(q.state, ''), coalesce(q.reason, '')
  FROM ({WHOSE}) me
  JOIN provider_entries p ON p.published
  JOIN distributors d ON d.id = p.distributor_id
  LEFT JOIN LATERAL (SELECT r.state, r.reason FROM partner_requests r WHERE r.distributor_id = d.id AND r.company_id = me.company_id
                     ORDER BY r.asked_at DESC LIMIT 1) q ON true
  WHERE me.enrolled ORDER BY d.name, d.id LIMIT 500
$$""")  # noqa: E501, S608 SQL of ours


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry of the directory as a reseller sees it. `asked`: the state of the newest request of its
    company, or nothing; `reason`: what it was declined with."""

    code: str
    name: str
    about: str
    countries: str
    offers: Mapping[str, str]
    mine: bool
    asked: str
    reason: str


def is_enrolled(session_id: UUID) -> bool:
    """Whether the company of this session's reseller is a partner of some programme."""
    rows = doors.call_all(ENROLLED, {"p_session": session_id})
    return bool(rows) and rows[0].enrolled


def refuse_unless_enrolled(session_id: UUID) -> None:
    """NotEnrolled for everybody else."""
    if not is_enrolled(session_id):
        raise NotEnrolled


def of_session(session_id: UUID) -> list[Any]:
    """The distributors whose reseller the company is, or the person belongs to, this one among them."""
    return doors.call_all(PROVIDERS, {"p_session": session_id})


def directory(session_id: UUID) -> list[Listed]:
    """Every published entry, by name; nothing for whoever is no partner."""
    return [Listed(*row) for row in doors.call_all(DIRECTORY, {"p_session": session_id})]
