"""The legal data of a standing, as it stands on papers: asked once, before the first order. It belongs to the
standing (the distributor, a reseller, a customer) and is never shared through the company; papers carry a
copy, so a change is for what comes after it. VAT numbers are checked for their form only, offline."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import cast
from uuid import UUID

from babel import Locale
from sqlalchemy import CheckConstraint, Index, UniqueConstraint, literal_column, select
from sqlalchemy.orm import Mapped, mapped_column
from stdnum.eu import vat
from stdnum.exceptions import ValidationError

from core import db, tenancy, trail
from core.errors import Refused
from core.languages import _, for_later
from core.tenancy import Access, CustomerOwned, owned_by

EU = frozenset(
    [
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT",
        "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
    ]
)  # fmt: skip
LONGEST = {"legal_name": 200, "street": 200, "postcode": 20, "city": 100, "tax_id": 40}


class CompanyDetails(CustomerOwned, db.Model):
    """Name, address and tax id of a standing; `standing_id` is the customer, else the reseller, else the
    distributor itself. The house reseller has none of its own: it is the distributor."""

    __tablename__ = "company_details"
    __access__ = Access(distributor="rcu", reseller="rcu", customer="rcu", door="r")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        owned_by("customers", "customer_id"),
        UniqueConstraint("distributor_id", "standing_id"),
        Index(
            "ix_company_details_tax_id",
            "distributor_id",
            "tax_id",
            postgresql_where=literal_column("tax_id <> ''"),
        ),
        CheckConstraint("standing_id = coalesce(customer_id, reseller_id, distributor_id)", name="standing"),
        CheckConstraint("customer_id IS NULL OR reseller_id IS NOT NULL", name="side"),
    )

    reseller_id: Mapped[UUID | None] = mapped_column(sort_order=-18)  # pyright: ignore[reportIncompatibleVariableOverride]  may be empty here
    standing_id: Mapped[UUID]
    legal_name: Mapped[str]
    street: Mapped[str]
    postcode: Mapped[str]
    city: Mapped[str]
    country: Mapped[str]
    tax_id: Mapped[str]
    changed_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Details:
    """What a person typed about a company, or what is kept. `country`: two letters; `tax_id`: may be
    empty."""

    legal_name: str
    street: str
    postcode: str
    city: str
    country: str
    tax_id: str = ""


class CompanyIncomplete(Refused):
    """Something is missing or has not the form it must have; `problems` is field -> sentence."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(_("Please look at your company's data."))
        self.problems = dict(problems)


def normal(typed: Details) -> Details:
    """One spelling: trimmed, country and tax id in capitals without spaces; CompanyIncomplete says what is
    wrong."""
    words = {name: " ".join(getattr(typed, name).split()) for name in LONGEST}
    country = typed.country.strip().upper()
    problems = {
        name: _("Please enter the %(label)s.", label=label)
        for name, label in {
            "legal_name": for_later("legal name"),
            "street": for_later("street and number"),
            "postcode": "postcode",
            "city": "city",
        }.items()
        if not words[name]
    }
    problems |= {
        name: _("At most %(longest)s characters.", longest=longest)
        for name, longest in LONGEST.items()
        if len(words[name]) > longest
    }
    if country not in countries():
        problems["country"] = _("Please choose the country.")
    words["tax_id"] = words["tax_id"].upper().replace(" ", "")
    if words["tax_id"] and country in EU and "tax_id" not in problems:
        try:
            words["tax_id"] = vat_number(words["tax_id"], country)
        except ValueError as wrong:
            problems["tax_id"] = str(wrong)
    if problems:
        raise CompanyIncomplete(problems)
    return Details(
        words["legal_name"], words["street"], words["postcode"], words["city"], country, words["tax_id"]
    )


def vat_number(text: str, country: str) -> str:
    """A VAT number of an EU country in its one spelling; ValueError with a sentence for anything else. Its
    form and check digits only: whether it is registered, no one is asked."""
    prefix = "EL" if country == "GR" else country
    number = text if text.startswith(prefix) else prefix + text
    try:
        return str(vat.validate(number))
    except ValidationError:
        raise ValueError(
            _(
                "This is no valid VAT number of %(country)s; it begins with %(prefix)s. Leave it empty if"
                " you have none.",
                country=country_name(country),
                prefix=prefix,
            )
        ) from None


@cache
def countries() -> Mapping[str, str]:
    """Two letters -> name, by name; the EU's first letters are no rule, names are."""
    named = cast("Mapping[str, str]", Locale("en").territories)
    known = {
        code: name
        for code, name in named.items()
        if len(code) == 2 and code.isalpha() and code not in NO_COUNTRIES
    }
    return dict(sorted(known.items(), key=lambda pair: pair[1]))


NO_COUNTRIES = frozenset(["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"])


def country_name(code: str) -> str:
    """ "Germany" for DE; the code itself where nobody knows it."""
    return countries().get(code, code)


def of(standing_id: UUID) -> CompanyDetails | None:
    """What is kept about a standing of the scope."""
    return db.session().scalar(select(CompanyDetails).where(CompanyDetails.standing_id == standing_id))


def keep(
    typed: Details, *, reseller_id: UUID | None = None, customer_id: UUID | None = None
) -> CompanyDetails:
    """The data of a standing from now on: the customer's, else the reseller's, else the distributor's own.
    CompanyIncomplete when something is missing."""
    fine, now = normal(typed), db.session().info["now"]
    standing = customer_id or reseller_id or tenancy.current().distributor_id
    row = of(standing)
    was = as_details(row) if row is not None else None
    if row is None:
        row = CompanyDetails(
            distributor_id=tenancy.current().distributor_id,
            reseller_id=reseller_id,
            customer_id=customer_id,
            standing_id=standing,
        )
    for name in ("legal_name", "street", "postcode", "city", "country", "tax_id"):
        setattr(row, name, getattr(fine, name))
    row.changed_at = now
    db.add(row)
    db.flush()
    if was != fine:
        trail.write(row, "company data changed" if was else "company data entered")
    return row


def as_details(row: CompanyDetails) -> Details:
    """The kept data as a value."""
    return Details(row.legal_name, row.street, row.postcode, row.city, row.country, row.tax_id)
