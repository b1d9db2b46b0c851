"""To whom a plan is sold: countries and segments are data of the plan, asked at checkout. Nothing named means
everybody. A shop in another country does not show it either: not in its lists (catalog/entries.py), nor where
somebody asks for it by its address."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Text, column, func, literal_column, or_, select

from catalog.products import Plan
from core.doors import door
from core.errors import Refused
from core.languages import Words, _, for_later
from core.parties import Segment
from partners.companies import countries, country_name

# A visitor's scope cannot read resellers, and needs to know nothing else of them.
SHOP_COUNTRY = door("""
CREATE FUNCTION shop_country_v1() RETURNS TABLE (country text) AS $$
  SELECT r.country FROM resellers r WHERE r.distributor_id = current_setting('app.distributor_id')::uuid
    AND r.id = nullif(current_setting('app.reseller_id'), '')::uuid
$$""")
COUNTRY: ColumnElement[str] = func.coalesce(
    select(column("country", Text)).select_from(func.shop_country_v1()).scalar_subquery(), ""
)
"""The country of the scope's shop, as a column; empty where it is not known."""


def sold_here(plan: type[Plan] = Plan) -> ColumnElement[bool]:
    """Whether the scope's shop sells a plan, as a condition: where its country is not known, it sells all."""
    return or_(
        plan.markets == literal_column("'[]'::jsonb"), COUNTRY == "", func.jsonb_exists(plan.markets, COUNTRY)
    )


SEGMENTS = Words(
    {
        Segment.COMMERCIAL: for_later("Commercial"),
        Segment.EDUCATION: for_later("Education"),
        Segment.CHARITY: for_later("Charity"),
    }
)


class NotInThisMarket(Refused):
    """The plan is not sold in the buyer's country."""

    def __init__(self, product: str, country: str, sold_in: Sequence[str]) -> None:
        super().__init__(
            _(
                "%(product)s is not sold in %(country)s. It is sold in: %(countries)s.",
                product=product,
                country=country_name(country),
                countries=", ".join(map(country_name, sold_in)),
            )
        )


class NotInThisShop(Refused):
    """The plan is sold in other countries than the shop's."""

    def __init__(self, product: str, country: str, sold_in: Sequence[str]) -> None:
        super().__init__(
            _(
                "%(product)s is not sold by shops in %(country)s. It is sold in: %(countries)s.",
                product=product,
                country=country_name(country),
                countries=", ".join(map(country_name, sold_in)),
            )
        )


class NotForThisSegment(Refused):
    """The plan is for other kinds of companies."""

    def __init__(self, product: str, sold_to: Sequence[str]) -> None:
        super().__init__(
            _(
                "%(product)s is only sold to: %(segments)s. Your company is not registered as such; please"
                " ask us.",
                product=product,
                segments=", ".join(SEGMENTS[one] for one in sold_to),
            )
        )


class WrongMarkets(Refused):
    """A country that there is not."""

    field = "markets"

    def __init__(self, word: str) -> None:
        super().__init__(_("“%(word)s” is no country: two letters each, such as DE, AT, CH.", word=word))


@dataclass(frozen=True, slots=True)
class Eligible:
    """Who may buy a plan, and of which kind the buyer of a line is; a reseller that buys for itself has no
    kind, and is asked for none. `lacks_id`: the programme whose partners alone sell it, where the seller is
    none of them (catalog/partner_products.py)."""

    markets: Sequence[str] = ()
    segments: Sequence[str] = ()
    buyer: Segment | None = None
    lacks_id: UUID | None = None


def holds(sold_in: Sequence[str], country: str) -> bool:
    """Whether a shop in this country sells what is sold in these; one whose country is not known sells
    all."""
    return not sold_in or not country or country in sold_in


def refuse_unless_sold_to(country: str, lines: Iterable[tuple[str, Eligible]]) -> None:
    """NotInThisMarket or NotForThisSegment for the first (product, eligible) that is not sold to a buyer in
    this country."""
    for product, sold_to in lines:
        if sold_to.markets and country not in sold_to.markets:
            raise NotInThisMarket(product, country, sold_to.markets)
        if sold_to.segments and sold_to.buyer is not None and sold_to.buyer not in sold_to.segments:
            raise NotForThisSegment(product, sold_to.segments)


def refuse_unless_sold_by(country: str, lines: Iterable[tuple[str, Eligible]]) -> None:
    """NotInThisShop for the first (product, eligible) whose markets are elsewhere; a shop whose country is
    not known sells all."""
    for product, sold_to in lines:
        if not holds(sold_to.markets, country):
            raise NotInThisShop(product, country, sold_to.markets)


def read(typed: str) -> list[str]:
    """Countries as people type them ("de, AT ch"), each once, in their order; WrongMarkets names what is
    none."""
    known = countries()
    found: list[str] = []
    for word in typed.replace(",", " ").replace(";", " ").upper().split():
        if word not in known:
            raise WrongMarkets(word)
        if word not in found:
            found.append(word)
    return found
