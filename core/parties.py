"""Who exists: persons and companies (global and closed), and their standings: distributor, reseller,
customer, membership. Each side sees only its own standing; name, address and contacts belong to the
standing and are never shared through the company."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Interval, UniqueConstraint, bindparam, select, text
from sqlalchemy.orm import Mapped, mapped_column

from core import db, doors, trail
from core.doors import door
from core.errors import Missing
from core.ids import new_code, new_id
from core.statements import Statement
from core.tenancy import CLOSED, Access, CustomerOwned, DistributorOwned, ResellerOwned, Side, owned_by


class Person(db.Model):
    """A human being who signs in; global, reached by door functions only."""

    __tablename__ = "persons"
    __access__ = CLOSED

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str | None]
    password_changed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class Company(db.Model):
    """An id that two standings of one company may share; nothing else, on purpose."""

    __tablename__ = "companies"
    __access__ = Access(distributor="", door="rc")

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


class Distributor(db.Model):
    """Who runs a shop."""

    __tablename__ = "distributors"
    __access__ = Access(distributor="ru", reseller="r", customer="r", public="r", door="rc")

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    code: Mapped[str] = mapped_column(unique=True)
    currency: Mapped[str]
    contact_email: Mapped[str]
    sandbox: Mapped[bool] = mapped_column(default=False)
    business_offset: Mapped[timedelta] = mapped_column(Interval(), default=timedelta())
    catalogue_version: Mapped[UUID] = mapped_column(default=new_id)
    view_minutes: Mapped[int] = mapped_column(default=30, server_default="30")


class Reseller(DistributorOwned, db.Model):
    """A company's standing with one distributor. `enable_reselling` is I15; the house reseller carries the
    distributor's own shop."""

    __tablename__ = "resellers"
    __access__ = Access(distributor="rcu", reseller="ru", door="r")
    __table_args__ = (
        UniqueConstraint("distributor_id", "code"),
        owned_by("price_lists", "price_list_id"),
        Index("ix_resellers_name", "distributor_id", "name", "id"),
        Index("ix_resellers_company", "company_id"),
    )

    company_id: Mapped[UUID]
    code: Mapped[str]
    name: Mapped[str]
    email: Mapped[str]
    country: Mapped[str] = mapped_column(default="")
    price_list_id: Mapped[UUID]
    enable_reselling: Mapped[bool] = mapped_column(default=True)
    ordering_enabled: Mapped[bool] = mapped_column(default=True)
    house: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class OrderedBy(StrEnum):
    """Who may order for a customer (H45): itself, or only its reseller."""

    CUSTOMER = "customer"
    RESELLER = "reseller"


class Segment(StrEnum):
    """What kind of company a customer is; some plans are sold to some kinds only (catalog/markets.py)."""

    COMMERCIAL = "commercial"
    EDUCATION = "education"
    CHARITY = "charity"


class Customer(ResellerOwned, db.Model):
    """A company's standing with one reseller, which also says of which kind the company is (`segment`)."""

    __tablename__ = "customers"
    __access__ = Access(distributor="rcu", reseller="rcu", customer="r", door="r")
    __table_args__ = (
        UniqueConstraint("distributor_id", "code"),
        owned_by("resellers", "reseller_id"),
        Index("ix_customers_reseller", "distributor_id", "reseller_id", "name", "id"),
        Index("ix_customers_name", "distributor_id", "name", "id"),
        Index("ix_customers_like", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
        Index("ix_customers_domain", "distributor_id", text("split_part(email, '@', 2)")),
    )

    company_id: Mapped[UUID]
    code: Mapped[str]
    name: Mapped[str]
    email: Mapped[str]
    country: Mapped[str] = mapped_column(default="")
    ordered_by: Mapped[OrderedBy] = mapped_column(default=OrderedBy.CUSTOMER)
    segment: Mapped[Segment] = mapped_column(default=Segment.COMMERCIAL, server_default="commercial")
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Membership(CustomerOwned, db.Model):
    """A person's roles in one distributor, reseller or customer. E-mail and name are copies: each side sees
    only its own standing. The e-mail follows the person, a name only where it said the same
    (docs/decisions/0016-accounts-follow-the-person.md)."""

    __tablename__ = "memberships"
    __access__ = Access(distributor="rcu", reseller="rcu", customer="rcu", door="rcu")
    __table_args__ = (
        CheckConstraint(
            "(side = 'distributor' AND reseller_id IS NULL AND customer_id IS NULL)"
            " OR (side = 'reseller' AND reseller_id IS NOT NULL AND customer_id IS NULL)"
            " OR (side = 'customer' AND reseller_id IS NOT NULL AND customer_id IS NOT NULL)",
            name="side",
        ),
        owned_by("resellers", "reseller_id"),
        owned_by("customers", "customer_id"),
        Index("ix_memberships_person", "person_id"),
        Index(
            "ix_memberships_customer",
            "distributor_id",
            "customer_id",
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(
            "uq_memberships_standing",
            "distributor_id",
            "person_id",
            "reseller_id",
            "customer_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
    )

    reseller_id: Mapped[UUID | None] = mapped_column(sort_order=-18)  # pyright: ignore[reportIncompatibleVariableOverride]  may be empty here
    person_id: Mapped[UUID]
    side: Mapped[Side]
    email: Mapped[str]
    name: Mapped[str]
    roles: Mapped[list[str]]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


def normal_email(text: str) -> str:
    """One spelling of an address: trimmed, lower case."""
    return text.strip().lower()


def the_distributor() -> Distributor:
    """The distributor of the scope."""
    return db.session().scalars(select(Distributor)).one()


def reseller(reseller_id: UUID) -> Reseller:
    """A reseller inside the scope; Missing if it is not there or not theirs."""
    found = db.session().scalar(select(Reseller).where(Reseller.id == reseller_id))
    if found is None:
        raise Missing("reseller")
    return found


def customer(customer_id: UUID) -> Customer:
    """A customer inside the scope; Missing if it is not there or not theirs."""
    found = db.session().scalar(select(Customer).where(Customer.id == customer_id))
    if found is None:
        raise Missing("customer")
    return found


@dataclass(frozen=True, slots=True)
class Purchaser:
    """A customer as its checkout knows it: columns, not a row that is written back."""

    id: UUID
    reseller_id: UUID
    name: str
    email: str
    country: str
    ordered_by: OrderedBy


def purchaser(customer_id: UUID) -> Purchaser:
    """The customer who is about to order, inside the scope; Missing if it is not theirs, or was removed."""
    found = PURCHASER.rows(customer=customer_id)
    if not found:
        raise Missing("customer")
    return Purchaser(*found[0])


PURCHASER = Statement(
    select(
        Customer.id,
        Customer.reseller_id,
        Customer.name,
        Customer.email,
        Customer.country,
        Customer.ordered_by,
    ).where(Customer.id == bindparam("customer"), Customer.ended_at.is_(None))
)


def add_customer(reseller_id: UUID, *, name: str, email: str, country: str = "") -> Customer:
    """A new customer of a reseller, with a company of its own until two standings are linked."""
    added = db.add(
        Customer(
            reseller_id=reseller_id,
            company_id=new_id(),
            code=new_code("CUS", 6),
            name=name.strip(),
            email=normal_email(email),
            country=country,
            created_at=db.session().info["now"],
        )
    )
    db.flush()
    trail.write(added, "added")
    return added


def members(reseller_id: UUID | None = None, customer_id: UUID | None = None) -> list[Membership]:
    """Who belongs to a standing now, by name."""
    chosen = select(Membership).where(Membership.ended_at.is_(None)).order_by(Membership.name, Membership.id)
    if reseller_id:
        chosen = chosen.where(Membership.reseller_id == reseller_id)
    return list(
        db.session().scalars(
            chosen.where(Membership.customer_id == customer_id)
            if customer_id
            else chosen.where(Membership.customer_id.is_(None))
        )
    )


# --- Founding: what exists before anybody can sign in -------------------------------------------------------

FOUND = door("""
CREATE FUNCTION found_distributor_v1(p_id uuid, p_name text, p_code text, p_currency text, p_email text, p_sandbox boolean, p_version uuid)
RETURNS TABLE (id uuid, is_new boolean) AS $$
  WITH made AS (
    INSERT INTO distributors (id, name, code, currency, contact_email, sandbox, business_offset, catalogue_version)
    VALUES (p_id, p_name, p_code, p_currency, p_email, p_sandbox, interval '0', p_version) ON CONFLICT (code) DO NOTHING RETURNING distributors.id
  )
  SELECT made.id, true FROM made UNION ALL SELECT d.id, false FROM distributors d WHERE d.code = p_code AND NOT EXISTS (SELECT 1 FROM made)
$$""")  # noqa: E501 SQL

ADD_PERSON = door("""
CREATE FUNCTION add_person_v1(p_id uuid, p_email text, p_name text, p_hash text) RETURNS TABLE (id uuid, is_new boolean) AS $$
  WITH made AS (
    INSERT INTO persons (id, email, name, password_hash, created_at) VALUES (p_id, p_email, p_name, p_hash, now())
    ON CONFLICT (email) DO NOTHING RETURNING persons.id
  )
  SELECT made.id, true FROM made UNION ALL SELECT p.id, false FROM persons p WHERE p.email = p_email AND NOT EXISTS (SELECT 1 FROM made)
$$""")  # noqa: E501 SQL


def found_distributor(
    *, name: str, code: str, currency: str, email: str, sandbox: bool = False
) -> tuple[UUID, bool]:
    """A new distributor, or the one with this code; (id, whether it is new). An operator's act: no page does
    it."""
    arguments = {
        "p_id": new_id(),
        "p_name": name,
        "p_code": code,
        "p_currency": currency,
        "p_email": email,
        "p_sandbox": sandbox,
        "p_version": new_id(),
    }
    row = doors.call(FOUND, arguments)
    if row is None:
        raise LookupError(f"the distributor {code} is being founded elsewhere at this moment")
    return row.id, row.is_new


def add_person(*, email: str, name: str, password_hash: str | None) -> UUID:
    """A new person, or the one with this e-mail, whose password is then left alone."""
    row = doors.call_here(
        ADD_PERSON,
        {"p_id": new_id(), "p_email": normal_email(email), "p_name": name, "p_hash": password_hash},
    )[0]
    return row.id


def add_reseller(
    *,
    name: str,
    email: str,
    price_list_id: UUID,
    country: str = "",
    house: bool = False,
    enable_reselling: bool = True,
    company_id: UUID | None = None,
) -> Reseller:
    """A new reseller of the scope's distributor, of a company of its own unless one is named."""
    added = db.add(
        Reseller(
            company_id=company_id or new_id(),
            code=new_code("RES", 6),
            name=name.strip(),
            email=normal_email(email),
            country=country,
            price_list_id=price_list_id,
            house=house,
            enable_reselling=enable_reselling,
            created_at=db.session().info["now"],
        )
    )
    db.flush()
    trail.write(added, "added")
    return added


def add_member(
    person_id: UUID,
    *,
    side: Side,
    email: str,
    name: str,
    roles: list[str],
    reseller_id: UUID | None = None,
    customer_id: UUID | None = None,
) -> Membership:
    """Gives a person a standing."""
    added = db.add(
        Membership(
            person_id=person_id,
            side=side,
            email=normal_email(email),
            name=name,
            roles=roles,
            reseller_id=reseller_id,
            customer_id=customer_id,
            created_at=db.session().info["now"],
        )
    )
    db.flush()
    trail.write(added, "added", side=side)
    return added
