"""Support types: who gives support to a reseller's customer, the vendor or the reseller itself (U5-U7). The
types are data of a programme, and so is which of them only a qualified reseller may choose, and which of them
opens the customer's dashboard to the reseller (U29). A type is offered or not any more; it is never deleted,
because customers have it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped

from core import db, doors, tenancy, trail
from core.doors import door
from core.errors import Missing, Refused
from core.languages import _
from core.parties import Customer
from core.tenancy import Access, CustomerOwned, DistributorOwned, owned_by, same_key
from partners.programmes import Programme


class AccountRules(DistributorOwned, db.Model):
    """What a programme says about its partners' accounts. `terms_first`: whoever comes into a partner's
    console agrees to the distributor's terms before anything else (U3)."""

    __tablename__ = "account_rules"
    __access__ = Access(distributor="rcu", door="r")
    __table_args__ = (
        owned_by("programmes", "programme_id"),
        UniqueConstraint("distributor_id", "programme_id"),
    )

    programme_id: Mapped[UUID]
    terms_first: Mapped[bool]


class SupportType(DistributorOwned, db.Model):
    """One type of a programme. `co_managed`: the reseller looks after the customer's services itself."""

    __tablename__ = "support_types"
    __access__ = Access(distributor="rcu", door="r")
    __table_args__ = (
        owned_by("programmes", "programme_id"),
        UniqueConstraint("distributor_id", "programme_id", "label"),
    )

    programme_id: Mapped[UUID]
    label: Mapped[str]
    definition: Mapped[str]
    needs_qualification: Mapped[bool]
    co_managed: Mapped[bool]
    offered: Mapped[bool]


class CustomerSupport(CustomerOwned, db.Model):
    """What was chosen for a customer; label and what it opens are as they were when it was chosen."""

    __tablename__ = "customer_supports"
    __access__ = Access(distributor="rcu", reseller="rcu", customer="r")
    __table_args__ = (
        owned_by("customers", "customer_id"),
        owned_by("support_types", "support_type_id"),
        UniqueConstraint("distributor_id", "reseller_id", "customer_id"),
        Index("ix_customer_supports_type", "distributor_id", "support_type_id"),
    )

    support_type_id: Mapped[UUID]
    label: Mapped[str]
    co_managed: Mapped[bool]
    chosen_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Offered:
    """A type as a reseller may choose it, or read about it: `qualified` says whether it may choose those that
    ask for it."""

    id: UUID
    programme: str
    label: str
    definition: str
    needs_qualification: bool
    co_managed: bool
    qualified: bool

    @property
    def open(self) -> bool:
        """Whether this reseller may choose it."""
        return self.qualified or not self.needs_qualification


@dataclass(frozen=True, slots=True)
class Described:
    """A type as the form gives it."""

    label: str
    definition: str
    needs_qualification: bool = False
    co_managed: bool = False
    offered: bool = True


class NoSupportType(Refused):
    """One has to be chosen where the programme has them."""

    def __init__(self) -> None:
        super().__init__(_("Choose who gives support to this customer."))


class UnknownSupportType(Refused):
    """Not one of the reseller's programmes'."""

    def __init__(self) -> None:
        super().__init__(_("Choose one of the support types that your programmes offer."))


class NotQualified(Refused):
    """U7: a forged choice is refused like any other."""

    status = 403

    def __init__(self, label: str) -> None:
        super().__init__(
            _(
                "Your company is not qualified for “%(label)s”. Ask your distributor to record that you can"
                " manage the service and mend incidents from afar.",
                label=label,
            )
        )
        self.label = label


class NotCoManaged(Refused):
    """U30: the dashboard of a customer that the vendor supports is not the reseller's."""

    status = 403
    title = "This customer is not supported by you"

    def __init__(self, customer: str) -> None:
        super().__init__(
            _(
                "You do not support %(customer)s yourself, so its dashboard is not yours to open.",
                customer=customer,
            )
        )


class BadType(Refused):
    """Two types of one programme with one name, or none."""

    def __init__(self) -> None:
        super().__init__(_("A support type needs a name of its own, and a definition."))


# Types of the programmes that a reseller is an active partner of; programmes are the distributor's to read.
OFFERED = door("""
CREATE FUNCTION support_types_offered_v1(p_distributor uuid, p_reseller uuid)
RETURNS TABLE (id uuid, programme text, label text, definition text, needs_qualification boolean, co_managed boolean, qualified boolean) AS $$
  SELECT t.id, e.programme_name, t.label, t.definition, t.needs_qualification, t.co_managed, q.id IS NOT NULL
  FROM enrolments e
    JOIN support_types t ON t.distributor_id = e.distributor_id AND t.programme_id = e.programme_id AND t.offered
    LEFT JOIN qualifications q ON q.distributor_id = e.distributor_id AND q.enrolment_id = e.id AND q.managed_service AND q.remediation
  WHERE e.distributor_id = p_distributor AND e.reseller_id = p_reseller AND e.state = 'active'
  ORDER BY e.programme_name, t.needs_qualification, t.label, t.id
$$""")  # noqa: E501 SQL


def offered(reseller_id: UUID) -> list[Offered]:
    """The types of the reseller's programmes, in its scope; those that it may not choose too."""
    arguments = {"p_distributor": tenancy.current().distributor_id, "p_reseller": reseller_id}
    return [Offered(*row) for row in doors.call_here(OFFERED, arguments)]


def choose(customer: Customer, type_id: UUID | None) -> None:
    """Who supports this customer from now on. Where no programme has types, nothing is chosen; NoSupportType,
    UnknownSupportType or NotQualified otherwise. A type that the customer has stays its own."""
    types = {one.id: one for one in offered(customer.reseller_id)}
    if not types and type_id is None:
        return
    if type_id is None:
        raise NoSupportType
    kept = of_customer(customer.id)
    if kept is not None and kept.support_type_id == type_id:
        return
    chosen = types.get(type_id)
    if chosen is None:
        raise UnknownSupportType
    if not chosen.open:
        raise NotQualified(chosen.label)
    if kept is None:
        kept = db.add(CustomerSupport(reseller_id=customer.reseller_id, customer_id=customer.id))
    kept.support_type_id, kept.label, kept.co_managed = chosen.id, chosen.label, chosen.co_managed
    kept.chosen_at = db.session().info["now"]
    db.flush()
    trail.write(customer, "support type chosen", told={"support": chosen.label})


def of_customer(customer_id: UUID) -> CustomerSupport | None:
    """What was chosen for a customer of the scope."""
    return db.session().scalar(select(CustomerSupport).where(CustomerSupport.customer_id == customer_id))


def of_customers(customer_ids: Sequence[UUID]) -> dict[UUID, CustomerSupport]:
    """The same for a page of them."""
    chosen = select(CustomerSupport).where(CustomerSupport.customer_id.in_(customer_ids))
    return {one.customer_id: one for one in db.session().scalars(chosen) if one.customer_id}


def refuse_unless_co_managed(customer: Customer) -> None:
    """NotCoManaged for every customer that the reseller does not support itself (U30)."""
    kept = of_customer(customer.id)
    if kept is None or not kept.co_managed:
        raise NotCoManaged(customer.name)


# --- The distributor's side -------------------------------------------------------------------------------


def rules(programme_id: UUID) -> AccountRules | None:
    """What a programme says about accounts; none where nobody has said anything."""
    return db.session().scalar(select(AccountRules).where(AccountRules.programme_id == programme_id))


def set_rules(programme: Programme, *, terms_first: bool) -> None:
    """Counts from the next request on."""
    kept = rules(programme.id)
    if kept is None:
        db.add(AccountRules(programme_id=programme.id, terms_first=terms_first))
    elif kept.terms_first == terms_first:
        return
    else:
        kept.terms_first = terms_first
    trail.write(programme, "terms first" if terms_first else "terms not first")


def of_programme(programme_id: UUID) -> list[tuple[SupportType, int]]:
    """Its types by name, each with how many customers have it."""
    number = (
        select(func.count())
        .where(
            same_key(CustomerSupport.support_type_id, SupportType.id),
        )
        .scalar_subquery()
    )
    chosen = select(SupportType, number).where(SupportType.programme_id == programme_id)
    rows = db.session().execute(chosen.order_by(SupportType.label, SupportType.id))
    return [(one, int(many)) for one, many in rows]


def keep_type(programme: Programme, described: Described, type_id: UUID | None = None) -> SupportType:
    """A new type, or one as it is from now on; customers keep what was chosen for them."""
    label = " ".join(described.label.split())
    taken = select(SupportType.id).where(
        SupportType.programme_id == programme.id, func.lower(SupportType.label) == label.lower()
    )
    other = db.session().scalar(taken)
    if not label or not described.definition.strip() or other not in (None, type_id):
        raise BadType
    if type_id is None:
        kept = db.add(SupportType(programme_id=programme.id))
    else:
        kept = db.session().scalar(
            select(SupportType).where(SupportType.id == type_id, SupportType.programme_id == programme.id)
        )
        if kept is None:
            raise Missing("page")
    kept.label, kept.definition = label, described.definition.strip()
    kept.needs_qualification, kept.co_managed = described.needs_qualification, described.co_managed
    kept.offered = described.offered
    db.flush()
    trail.write(programme, "support type saved", label=label)
    return kept
