"""Value added tax: one dated rate per country, and the rule that says which treatment a sale has
(docs/decisions/0011). Prices are net; tax is rounded per line, and sums are sums of lines (QM4). A country
without a rate refuses the order by name: nothing is ever taxed with a silent zero."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import CheckConstraint, UniqueConstraint, select
from sqlalchemy.orm import Mapped

from core import db, doors, tenancy, trail, work
from core.clock import business_now
from core.doors import door
from core.errors import Conflict, Refused
from core.languages import _, for_later
from core.money import Money, total
from core.tenancy import Access, DistributorOwned
from partners.companies import EU, countries, country_name

MOST = 10_000  # basis points: a rate is at most the price itself


class TaxRate(DistributorOwned, db.Model):
    """What a country takes from a day on (UTC, by the business clock); the newest that has begun is in force.
    Never changed: what was invoiced by it must be explainable."""

    __tablename__ = "tax_rates"
    __access__ = Access(distributor="rc", door="r")
    __table_args__ = (
        UniqueConstraint("distributor_id", "country", "valid_from"),
        CheckConstraint("basis_points >= 0 AND basis_points <= 10000", name="basis_points"),
    )

    country: Mapped[str]
    name: Mapped[str]
    basis_points: Mapped[int]
    valid_from: Mapped[date]
    created_at: Mapped[datetime]


class TaxKind(StrEnum):
    """DOMESTIC: the seller's country takes its rate. REVERSE_CHARGE: the buyer owes the tax (EU). EXPORT: the
    supply is not taxed here."""

    DOMESTIC = "domestic"
    REVERSE_CHARGE = "reverse_charge"
    EXPORT = "export"


NOTES = {
    TaxKind.DOMESTIC: "",
    TaxKind.REVERSE_CHARGE: for_later(
        "Reverse charge: the recipient of the service owes the VAT"
        " (articles 44 and 196 of Directive 2006/112/EC)."
    ),
    TaxKind.EXPORT: for_later(
        "Not subject to VAT in the seller's country: the place of supply is where the"
        " recipient is established."
    ),
}
"""What a paper says about a treatment."""


@dataclass(frozen=True, slots=True)
class Treatment:
    """How a sale is taxed. `name` as it stands beside the amount, such as "VAT 19 %"."""

    kind: TaxKind
    name: str
    basis_points: int

    def on(self, net: Money) -> Money:
        """The tax of one line, rounded half up."""
        return net.times(Fraction(self.basis_points, 10_000))


@dataclass(frozen=True, slots=True)
class Sums:
    """Net, tax and gross of a sale: sums of its lines."""

    net: Money
    tax: Money
    treatment: Treatment

    @property
    def gross(self) -> Money:
        """What is paid."""
        return self.net + self.tax


def sums(lines: Sequence[Money], treatment: Treatment) -> Sums:
    """The sums of net lines, with the tax rounded per line; there is at least one line."""
    currency = lines[0].currency
    return Sums(total(lines, currency), total([treatment.on(line) for line in lines], currency), treatment)


# --- Who sells to whom --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Party:
    """A side of a sale as its papers name it. `known`: its company data were entered; before that, name and
    country are what the standing says. `rate_*`: what its own country takes today, none without a rate."""

    known: bool
    legal_name: str
    email: str
    street: str
    postcode: str
    city: str
    country: str
    tax_id: str
    rate_points: int | None
    rate_name: str

    def snapshot(self, email: str = "") -> dict[str, Any]:
        """The copy that orders and invoices keep."""
        return {
            "name": self.legal_name,
            "street": self.street,
            "postcode": self.postcode,
            "city": self.city,
            "country": self.country,
            "tax_id": self.tax_id,
            "email": email or self.email,
        }


@dataclass(frozen=True, slots=True)
class Chain:
    """The sides of an order: the distributor sells to the reseller, which sells to the customer, if there is
    one."""

    distributor: Party
    reseller: Party
    customer: Party | None

    @property
    def seller(self) -> Party:
        """Who sells in the leg that the buyer pays."""
        return self.reseller if self.customer else self.distributor

    @property
    def buyer(self) -> Party:
        """Who pays."""
        return self.customer or self.reseller


# A narrow scope sees no other standing's rows, and both sides of a sale decide its tax. The ids are those of
# the caller's own order or shop. plpgsql, because it keeps its plan.
CHAIN = door("""
CREATE FUNCTION tax_chain_v1(p_distributor uuid, p_reseller uuid, p_customer uuid, p_on date)
RETURNS TABLE (side text, known boolean, legal_name text, email text, street text, postcode text, city text,
  country text, tax_id text, rate_points bigint, rate_name text) AS $$
#variable_conflict use_column
BEGIN RETURN QUERY
  SELECT s.side, c.id IS NOT NULL, coalesce(c.legal_name, s.name), s.email, coalesce(c.street, ''),
    coalesce(c.postcode, ''), coalesce(c.city, ''), coalesce(c.country, s.country, ''),
    coalesce(c.tax_id, ''), t.basis_points, coalesce(t.name, '')
  FROM (
    SELECT 'distributor'::text AS side, d.id AS standing_id, d.name, d.contact_email AS email, ''::text AS country
    FROM distributors d WHERE d.id = p_distributor
    UNION ALL
    SELECT 'reseller', CASE WHEN r.house THEN r.distributor_id ELSE r.id END, r.name, r.email, r.country
    FROM resellers r WHERE r.distributor_id = p_distributor AND r.id = p_reseller
    UNION ALL
    SELECT 'customer', u.id, u.name, u.email, u.country
    FROM customers u WHERE u.distributor_id = p_distributor AND u.id = p_customer
  ) s
  LEFT JOIN company_details c ON c.distributor_id = p_distributor AND c.standing_id = s.standing_id
  LEFT JOIN LATERAL (
    SELECT r.basis_points, r.name FROM tax_rates r WHERE r.distributor_id = p_distributor
      AND r.country = coalesce(c.country, s.country) AND r.valid_from <= p_on
    ORDER BY r.valid_from DESC LIMIT 1
  ) t ON true; END
$$""")  # noqa: E501 SQL


def chain(reseller_id: UUID, customer_id: UUID | None) -> Chain:
    """Everybody in a sale with their country's rate of today (business clock), in one statement; in any
    scope, about the scope's own reseller and customer."""
    rows = doors.call_here(
        CHAIN,
        {
            "p_distributor": tenancy.current().distributor_id,
            "p_reseller": reseller_id,
            "p_customer": customer_id,
            "p_on": today(),
        },
    )
    sides = {str(row[0]): Party(*list(row)[1:]) for row in rows}
    return Chain(sides["distributor"], sides["reseller"], sides.get("customer"))


def today() -> date:
    """The day of the business clock, UTC."""
    return business_now().astimezone(UTC).date()


def between(seller: Party, buyer: Party) -> Treatment:
    """How a sale is taxed (docs/decisions/0011). NoTaxRate, or NoSellerData while the seller's country is not
    known; a buyer whose country is not known counts as the seller's neighbour until it says otherwise."""
    if not seller.country:
        raise NoSellerData(seller.legal_name)
    country = buyer.country or seller.country
    if seller.country == country:
        return _at_home(seller)
    if seller.country not in EU or country not in EU:
        return Treatment(TaxKind.EXPORT, "VAT 0 % (outside)", 0)
    if buyer.tax_id:
        return Treatment(TaxKind.REVERSE_CHARGE, "VAT 0 % (reverse charge)", 0)
    return _at_home(seller)


def _at_home(seller: Party) -> Treatment:
    if seller.rate_points is None:
        raise NoTaxRate(seller.country)
    return Treatment(TaxKind.DOMESTIC, seller.rate_name, seller.rate_points)


# --- Refusals -----------------------------------------------------------------------------------------------


class TaxUndecided(Refused):
    """An order that nobody can tax is refused; `item` is what the distributor reads on its work queue."""

    about: str
    item: tuple[str, str]


class NoTaxRate(TaxUndecided):
    """A country without a rate: never a silent zero."""

    def __init__(self, country: str) -> None:
        name = country_name(country)
        super().__init__(
            _(
                "There is no tax rate for %(name)s yet, so this cannot be ordered. We have told the"
                " distributor.",
                name=name,
            )
        )
        self.about = country
        self.item = (
            f"An order was refused because there is no tax rate for {name} ({country}).",
            f"Add the rate of {name} under Tax rates.",
        )


class NoSellerData(TaxUndecided):
    """Who sells is not known well enough to write an invoice."""

    def __init__(self, seller: str) -> None:
        super().__init__(
            _(
                "%(seller)s has not entered its company data yet, so nothing can be invoiced. We have told"
                " the distributor.",
                seller=seller,
            )
        )
        self.about = seller
        self.item = (
            f"An order was refused because the company data of {seller} are missing.",
            f"Enter them under Company, or ask {seller} to.",
        )


class NoBuyerData(Refused):
    """An invoice needs the buyer's name and address: asked once, before the first order."""

    def __init__(self) -> None:
        super().__init__(_("Company data are missing: please enter them first, they stand on the invoice."))


def refuse_unknown(chain: Chain) -> None:
    """NoSellerData or NoBuyerData unless both sides of the paid leg, and the distributor, can stand on a
    paper."""
    for seller in (chain.seller, chain.distributor):
        if not seller.known:
            raise NoSellerData(seller.legal_name)
    if not chain.buyer.known:
        raise NoBuyerData


def report(refusal: TaxUndecided) -> None:
    """Puts what was missing on the distributor's work queue; in a transaction of its own, because the refused
    one is undone."""
    words, suggestion = refusal.item
    work.open_item(
        "tax undecided",
        about_type="tax_rates",
        about_id=_about(refusal.about),
        words=words,
        suggestion=suggestion,
    )


def _about(what: str) -> UUID:
    """One item per country or seller."""
    return uuid5(tenancy.current().distributor_id, f"tax:{what}")


def settled(what: str) -> None:
    """The missing rate or data are there: nobody waits for them any more."""
    work.close_about(_about(what), "Entered.")


# --- Rates --------------------------------------------------------------------------------------------------


class RateIsPast(Refused):
    """A rate that changes what was sold already."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "This country has a rate already, so a new one begins today at the earliest: what was"
                " invoiced stays as it is."
            )
        )


class RateExists(Conflict):
    """Two rates of one country on one day."""

    def __init__(self, name: str) -> None:
        super().__init__(_("There is a rate from that day already: %(name)s.", name=name))


class WrongRate(Refused):
    """No rate can be read from this."""


def add_rate(country: str, name: str, basis_points: int, valid_from: date) -> TaxRate:
    """A country's rate from a day on. The first of a country may lie in the past, the next ones may not."""
    if country not in countries():
        raise WrongRate(_("Please choose the country."))
    if not 0 <= basis_points <= MOST:
        raise WrongRate(_("A rate is between 0 and 100 percent."))
    known = rates(country)
    same = next((rate for rate in known if rate.valid_from == valid_from), None)
    if same is not None:
        raise RateExists(same.name)
    if known and valid_from < today():
        raise RateIsPast
    added = db.add(
        TaxRate(
            distributor_id=tenancy.current().distributor_id,
            country=country,
            name=" ".join(name.split()) or f"VAT {percent(basis_points)}",
            basis_points=basis_points,
            valid_from=valid_from,
            created_at=db.session().info["now"],
        )
    )
    db.flush()
    trail.write(added, f"{country}: {added.name} from {valid_from}")
    settled(country)
    return added


def rates(country: str = "") -> list[TaxRate]:
    """All rates, newest first within a country."""
    chosen = select(TaxRate).order_by(TaxRate.country, TaxRate.valid_from.desc())
    return list(db.session().scalars(chosen.where(TaxRate.country == country) if country else chosen))


def percent(basis_points: int) -> str:
    """ "19 %", "5.5 %"."""
    whole, rest = divmod(basis_points, 100)
    return f"{whole}.{rest:02d}".rstrip("0") + " %" if rest else f"{whole} %"
