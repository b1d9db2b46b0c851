"""Conditions: what has to be agreed to besides the seller's terms. A customer agreement is accepted once for
a company before anything is ordered or changed for it (M37, M41), product terms are ticked with an order
(I71), a use of personal data is consented to by each person, or not (I72). Each is a text of the
distributor's in versions (partners/terms.py); which products the first two belong to says
catalog/obligations.py."""

import re
from typing import Any
from uuid import UUID

from sqlalchemy import Row, UniqueConstraint, select
from sqlalchemy.orm import Mapped

from core import db, doors, tenancy, trail
from core.doors import door
from core.errors import Conflict, Missing, Refused
from core.languages import Words, _
from core.tenancy import Access, DistributorOwned, same_key
from partners import terms
from partners.terms import Kind, Terms

CODE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
KINDS = Words(
    {
        "customer_agreement": "Customer agreement",
        "product_terms": "Product terms",
        "data_use": "Use of personal data",
    }
)
"""kind -> its name."""


class Condition(DistributorOwned, db.Model):
    """One condition of the distributor's; everybody may know that it is there and read its text."""

    __tablename__ = "conditions"
    __access__ = Access(distributor="rcu", reseller="r", customer="r", public="r", door="r")
    __table_args__ = (UniqueConstraint("distributor_id", "code"),)

    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[Kind]


class ConditionTaken(Conflict):
    """A code names one condition of a distributor."""

    def __init__(self, code: str) -> None:
        super().__init__(_("There is a condition with the code %(code)s already.", code=code))


class BadCondition(Refused):
    """What it is, what it is called, and the word of its address."""


class NotTicked(Refused):
    """Nobody agrees by accident."""

    def __init__(self) -> None:
        super().__init__(_("Please read the text and tick its box."))


# A version as anybody may read it; the newest unless a number is given.
READ = door("""
CREATE FUNCTION condition_read_v1(p_distributor uuid, p_code text, p_number bigint)
RETURNS TABLE (condition_id uuid, code text, name text, kind text, terms_id uuid, number bigint, words text, digest text, published_at timestamptz, newest bigint) AS $$
#variable_conflict use_column
BEGIN RETURN QUERY
  SELECT c.id, c.code, c.name, c.kind::text, t.id, t.number, t.text, t.digest, t.published_at, (SELECT max(n.number) FROM terms n WHERE n.distributor_id = p_distributor AND n.standing_id = c.id)
  FROM conditions c JOIN terms t ON t.distributor_id = c.distributor_id AND t.standing_id = c.id
  WHERE c.distributor_id = p_distributor AND c.code = p_code AND (p_number IS NULL OR t.number = p_number)
  ORDER BY t.number DESC LIMIT 1; END
$$""")  # noqa: E501 SQL


def add(code: str, name: str, kind: str) -> Condition:
    """A new one. Nothing is asked before it has a text, and (unless it is about personal data) a product."""
    if kind not in KINDS:
        raise BadCondition(_("Choose what it is."))
    if not CODE.fullmatch(code):
        raise BadCondition(
            _("A code has at most 40 small letters, digits and hyphens, such as customer-agreement.")
        )
    if db.session().scalar(select(Condition.id).where(Condition.code == code)):
        raise ConditionTaken(code)
    added = db.add(Condition(code=code, name=_named(name), kind=Kind(kind)))
    db.flush()
    trail.write(added, "added")
    return added


def rename(condition: Condition, name: str) -> None:
    """Under another name from now on; what was accepted keeps the name it had."""
    was, condition.name = condition.name, _named(name)
    trail.write(condition, "renamed", was=was)


def _named(name: str) -> str:
    words = " ".join(name.split())
    if not words or len(words) > 120:
        raise BadCondition(_("Give it a name of at most 120 characters."))
    return words


def publish(condition: Condition, text: str, *, by: str, asks_again: bool = True) -> Terms:
    """The next version of its text, from now on."""
    db.session().refresh(condition, with_for_update=True)  # versions take turns, so that numbers do
    added = terms.publish(text, condition_id=condition.id, by=by, asks_again=asks_again)
    trail.write(condition, f"version {added.number} published", digest=added.digest)
    return added


def find(code: str) -> Condition:
    """A condition of the scope's distributor."""
    found = db.session().scalar(select(Condition).where(Condition.code == code))
    if found is None:
        raise Missing("page")
    return found


def of_version(terms_id: UUID) -> Condition:
    """The condition whose text a version is; works as the distributor."""
    joined = same_key(Terms.condition_id, Condition.id)
    chosen = select(Condition).join(Terms, joined).where(Terms.id == terms_id)
    return db.session().scalars(chosen).one()


def of_kind(kind: Kind) -> list[Condition]:
    """All of one kind, by name."""
    chosen = select(Condition).where(Condition.kind == kind)
    return list(db.session().scalars(chosen.order_by(Condition.name, Condition.id)))


def read(code: str, number: int | None = None) -> Row[Any]:
    """A version of a condition's text, in any scope: condition_id, code, name, kind, terms_id, number, words,
    digest, published_at, newest. Missing where there is none."""
    arguments = {
        "p_distributor": tenancy.current().distributor_id,
        "p_code": code,
        "p_number": number,
    }
    rows = doors.call_here(READ, arguments)
    if not rows:
        raise Missing("text")
    return rows[0]


def refuse_unless_newest(read: Any, ticked: str) -> UUID:
    """The version whose box was ticked, if it is the one in force: NotTicked or TermsChanged else."""
    if not ticked:
        raise NotTicked
    if ticked != str(read.terms_id) or read.number != read.newest:
        raise terms.TermsChanged
    return read.terms_id
