"""Accepting a customer agreement for a company: by its administrator in the shop, by a mailed link
(partners/agreement_links.py), or on the word of a provider that attests it (M38). Who attests says so by name
and is written down beside whom it names; an indirect reseller never attests (M39). Whatever the way, the
acceptance is the company's: it counts with each of its providers, and when it moves to another (M42)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from core import db, doors, tenancy, trail
from core.clock import business_now
from core.doors import door
from core.errors import Conflict, Missing, Refused
from core.events import Event, publish
from core.ids import new_id
from core.languages import _
from core.parties import Customer, normal_email
from core.tenancy import Side
from partners import conditions
from partners.terms import Agreed, Kind, TermsAcceptance, Way

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
ATTESTERS = ("buyer",)
"""Besides administrators: who sells (M40)."""


@dataclass(frozen=True, slots=True)
class AgreementAccepted(Event):
    """A company has accepted an agreement, or somebody attests that it has."""

    acceptance_id: UUID


@dataclass(frozen=True, slots=True)
class Attestation:
    """What is attested: who of the customer accepted, and on which day (M40)."""

    first_name: str
    last_name: str
    email: str
    phone: str
    on: date | None


class AcceptedAlready(Conflict):
    """Once for a company and version."""

    def __init__(self, title: str) -> None:
        super().__init__(_("“%(title)s” is accepted already.", title=title))


class MayNotAttest(Refused):
    """M39, M40: by its programme, or by the person's role."""

    status = 403


class MayNotAccept(Refused):
    """A company is bound by its administrators."""

    status = 403

    def __init__(self) -> None:
        super().__init__(
            _(
                "Only an administrator of your company accepts agreements."
                " Please ask one of them to open this page."
            )
        )


class AttestationIncomplete(Refused):
    """Something is missing, or cannot be; `problems` is field -> sentence."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = dict(problems)


# What a customer, its reseller and its distributor may know: whether and when the company accepted. Who did
# is told only of what was accepted with this very provider.
STANDING = door("""
CREATE FUNCTION customer_agreements_v1(p_distributor uuid, p_customer uuid)
RETURNS TABLE (code text, name text, terms_id uuid, number bigint, digest text, accepted boolean, accepted_number bigint, accepted_on date, way text, accepted_by text, attested_by text, elsewhere boolean) AS $$
#variable_conflict use_column
BEGIN RETURN QUERY
  SELECT c.code, c.name, v.id, v.number, v.digest, coalesce(a.number >= v.since, false), a.number, a.accepted_on, a.way::text,
    CASE WHEN a.buyer_id = u.id THEN a.name ELSE '' END, CASE WHEN a.buyer_id = u.id THEN a.attested_by ELSE '' END, a.buyer_id IS DISTINCT FROM u.id
  FROM customers u
  JOIN conditions c ON c.distributor_id = u.distributor_id AND c.kind = 'customer_agreement'
  JOIN LATERAL (
    SELECT t.id, t.number, t.digest, (SELECT max(s.number) FROM terms s WHERE s.distributor_id = p_distributor AND s.standing_id = c.id AND s.asks_again) AS since
    FROM terms t WHERE t.distributor_id = p_distributor AND t.standing_id = c.id ORDER BY t.number DESC LIMIT 1
  ) v ON true
  LEFT JOIN LATERAL (
    SELECT x.number, x.accepted_on, x.way, x.name, x.attested_by, x.buyer_id
    FROM terms_acceptances x JOIN terms o ON o.distributor_id = x.distributor_id AND o.id = x.terms_id
    WHERE x.distributor_id = p_distributor AND x.company_id = u.company_id AND o.standing_id = c.id
    ORDER BY x.number DESC, (x.buyer_id = u.id) DESC LIMIT 1
  ) a ON true
  WHERE u.distributor_id = p_distributor AND u.id = p_customer
    AND EXISTS (SELECT 1 FROM condition_links l WHERE l.distributor_id = p_distributor AND l.condition_id = c.id)
  ORDER BY c.name, c.id; END
$$""")  # noqa: E501 SQL

# A reseller may read no programme's settings. It attests where each programme it is in lets it.
MAY_ATTEST = door("""
CREATE FUNCTION may_attest_v1(p_distributor uuid, p_reseller uuid, p_at timestamptz)
RETURNS TABLE (programmes bigint, forbidding text) AS $$
  SELECT count(*), min(p.name) FILTER (WHERE NOT p.resellers_attest)
  FROM enrolments e JOIN programmes p ON p.distributor_id = e.distributor_id AND p.id = e.programme_id
  WHERE e.distributor_id = p_distributor AND e.reseller_id = p_reseller AND e.state = 'active' AND e.ends_at > p_at
$$""")  # noqa: E501 SQL


def standing(customer_id: UUID) -> list[Row[Any]]:
    """Every agreement that a customer of the scope may be asked for, by name: code, name, terms_id, number,
    digest (of the version in force), accepted, and of the acceptance accepted_number, accepted_on, way,
    accepted_by, attested_by, elsewhere (with another provider). The caller has found the customer in its
    scope."""
    arguments = {"p_distributor": tenancy.current().distributor_id, "p_customer": customer_id}
    return doors.call_here(STANDING, arguments)


def refuse_unless_may_attest(customer: Customer, *, distributor: str) -> None:
    """MayNotAttest for a reseller whose programme does not let it (M39): its provider attests. The
    distributor always may."""
    if tenancy.current().side is Side.DISTRIBUTOR:
        return
    arguments = {
        "p_distributor": customer.distributor_id,
        "p_reseller": customer.reseller_id,
        "p_at": business_now(),
    }
    [row] = doors.call_here(MAY_ATTEST, arguments)
    if row.forbidding:
        raise MayNotAttest(
            _(
                "As a partner of %(programme)s you cannot attest: %(distributor)s does, as your provider."
                " You can send the customer the link to accept it itself.",
                programme=row.forbidding,
                distributor=distributor,
            )
        )
    if not row.programmes:
        raise MayNotAttest(
            _(
                "Only partners of a programme that says so may attest. Ask %(distributor)s to attest it,"
                " or send the customer the link to accept it itself.",
                distributor=distributor,
            )
        )


def accept(
    customer: Customer, code: str, agreed: Agreed, *, name: str, email: str, way: Way = Way.PORTAL
) -> TermsAcceptance:
    """For the company of the scope's customer, by somebody of it: NotTicked without the tick,
    TermsChanged for another version than the one in force."""
    version = _agreement(code)
    conditions.refuse_unless_newest(version, agreed.terms_id)
    return _keep(customer, version, way, agreed, accepted_on=business_now().date(), name=name, email=email)


def attest(customer: Customer, code: str, said: Attestation, agreed: Agreed, *, by: str) -> TermsAcceptance:
    """On the word of `by` (M38, M40). Who may is asked before (refuse_unless_may_attest)."""
    version = _agreement(code)
    conditions.refuse_unless_newest(version, agreed.terms_id)
    fine = _checked(said, version)
    return _keep(customer, version, Way.ATTESTED, agreed, attested_by=by, **fine)


def _agreement(code: str) -> Any:
    version = conditions.read(code)
    if version.kind != Kind.CUSTOMER_AGREEMENT:
        raise Missing("text")
    return version


def _checked(said: Attestation, version: Any) -> dict[str, Any]:
    first, last = " ".join(said.first_name.split()), " ".join(said.last_name.split())
    email, phone = normal_email(said.email), " ".join(said.phone.split())
    problems: dict[str, str] = {}
    if not first or len(first) > 100:
        problems["first_name"] = _("Enter the first name of the person who accepted.")
    if not last or len(last) > 100:
        problems["last_name"] = _("Enter the last name of the person who accepted.")
    if len(email) > 254 or not EMAIL.fullmatch(email):
        problems["email"] = _("Enter an e-mail address, such as anna@example.com.")
    if len(phone) > 40 or not phone.isprintable():
        problems["phone"] = _("At most %(most)s characters.", most=40)
    if said.on is None:
        problems["on"] = _("Enter the day on which it was accepted.")
    elif said.on > business_now().date():
        problems["on"] = _("The date cannot be in the future.")
    elif said.on < version.published_at.date():
        problems["on"] = _(
            "Version %(number)s is of %(day)s: nobody can have accepted it before.",
            number=version.number,
            day=f"{version.published_at:%-d %B %Y}",
        )
    if problems:
        raise AttestationIncomplete(problems)
    return {"name": f"{first} {last}", "email": email, "phone": phone, "accepted_on": said.on}


def _keep(customer: Customer, version: Any, way: Way, agreed: Agreed, **said: Any) -> TermsAcceptance:
    """Writes it once; of two at the same moment the second is AcceptedAlready."""
    scope = tenancy.current()
    try:
        with db.savepoint():
            added = db.add(
                TermsAcceptance(
                    id=new_id(),
                    reseller_id=customer.reseller_id,
                    customer_id=customer.id,
                    buyer_id=customer.id,
                    company_id=customer.company_id,
                    terms_id=version.terms_id,
                    number=version.number,
                    digest=version.digest,
                    kind=Kind.CUSTOMER_AGREEMENT,
                    title=version.name,
                    way=way,
                    company=customer.name,
                    person_id=scope.person_id,
                    address=agreed.address[:100],
                    browser=agreed.browser[:300],
                    url=agreed.url[:300],
                    accepted_at=db.session().info["now"],
                    **said,
                )
            )
            db.flush()
    except IntegrityError as error:
        raise AcceptedAlready(version.name) from error
    trail.write(
        customer,
        "agreement attested" if way is Way.ATTESTED else "agreement accepted",
        told={
            "agreement": f"{version.name}, version {version.number}",
            "by": added.attested_by or added.name,
            **({"accepted by": f"{added.name}, {added.accepted_on}"} if added.attested_by else {}),
        },
    )
    publish(AgreementAccepted(added.id))
    return added
