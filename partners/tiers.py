"""The tiers of a programme: how many customers a partner needs in a year for each, with how many it stays
in it, and what it gives (discount on wholesale, commission, benefits). A tier is a row of data. Partners
begin in the lowest; `partners.anniversaries` decides anew each year, by `awarded`. What a tier gives is
copied to the enrolments in it: the programme's rows are the distributor's to read, and prices are asked for
often."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Row, UniqueConstraint, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from core import db, doors, trail
from core.doors import door
from core.errors import Conflict, Missing, Refused
from core.events import Event, publish
from core.languages import _
from core.tenancy import Access, DistributorOwned, owned_by
from partners import enrolments
from partners.enrolments import Enrolment, EnrolmentState, PartnershipBegun
from partners.programmes import Programme

ALL = 10_000  # basis points of the whole
MOST_CUSTOMERS = 1_000_000


class Tier(DistributorOwned, db.Model):
    """One tier. `threshold`: customers in the year from which it is awarded; `minimum`: with fewer one does
    not keep it (of the lowest: with fewer one is flagged). `discount` and `commission` are basis points."""

    __tablename__ = "tiers"
    __access__ = Access(distributor="rcud", door="r")
    __table_args__ = (
        owned_by("programmes", "programme_id"),
        UniqueConstraint("distributor_id", "programme_id", "name"),
        UniqueConstraint("distributor_id", "programme_id", "threshold"),
        CheckConstraint("threshold >= 0 AND minimum >= 0", name="customers"),
        CheckConstraint("discount BETWEEN 0 AND 10000 AND commission BETWEEN 0 AND 10000", name="percent"),
    )

    programme_id: Mapped[UUID]
    name: Mapped[str]
    threshold: Mapped[int]
    minimum: Mapped[int]
    discount: Mapped[int]
    commission: Mapped[int]
    benefits: Mapped[str] = mapped_column(default="")


@dataclass(frozen=True, slots=True)
class DiscountChanged(Event):
    """A reseller pays another part of its price list for the products of a programme."""

    reseller_id: UUID


@dataclass(frozen=True, slots=True)
class Terms:
    """A tier as a form gives it."""

    name: str
    threshold: int
    minimum: int
    discount: int = 0
    commission: int = 0
    benefits: str = ""


class TierUnnamed(Refused):
    """Partners read its name."""

    def __init__(self) -> None:
        super().__init__(_("A tier needs a name of at most 40 characters, such as Gold."))


class TierNameTaken(Conflict):
    """A name means one tier of a programme."""

    def __init__(self, name: str) -> None:
        super().__init__(_("There is a tier called %(name)s already.", name=name))


class TiersOverlap(Refused):
    """A number of customers has to mean one tier."""


class PercentRefused(Refused):
    """Nobody gives more than all of it."""

    def __init__(self) -> None:
        super().__init__(_("Enter a percentage between 0 and 100, such as 10 or 12.5."))


class TierHeld(Conflict):
    """Whoever is in a tier was promised it."""

    def __init__(self, name: str, partners: int) -> None:
        super().__init__(
            _(
                "%(partners)s partners are in %(name)s. It can be removed when nobody is in it.",
                partners=partners,
                name=name,
            )
        )


class LowestTier(Conflict):
    """New partners begin there."""

    def __init__(self, name: str) -> None:
        super().__init__(_("New partners begin in %(name)s: remove the tiers above it first.", name=name))


# --- Which tier a number of customers means -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Award:
    """What an anniversary decides. `flagged`: fewer customers than even the lowest tier expects."""

    tier: Tier
    flagged: bool


def awarded(tiers: Sequence[Tier], current_id: UUID | None, customers: int) -> Award:
    """The tier for so many customers in the year; `tiers` is not empty and the lowest first. The tier one is
    in is kept down to its minimum (H24); above it, and below the minimum, thresholds decide (H21-H23)."""
    reached = max((tier for tier in tiers if tier.threshold <= customers), key=_order, default=tiers[0])
    current = next((tier for tier in tiers if tier.id == current_id), tiers[0])
    kept = current if current.threshold > reached.threshold and customers >= current.minimum else reached
    return Award(kept, customers < tiers[0].minimum)


def _order(tier: Tier) -> int:
    return tier.threshold


def percent(basis_points: int) -> str:
    """ "10 %", "12.5 %"."""
    return f"{Decimal(basis_points).scaleb(-2).normalize():f} %"


def parse_percent(text: str) -> int:
    """What a person typed ("10", "12,5 %") in basis points; PercentRefused otherwise."""
    try:
        points = Decimal(text.strip().rstrip("%").strip().replace(",", ".")) * 100
    except ArithmeticError:  # no number, or one too large to be one
        raise PercentRefused from None
    if not points.is_finite() or not 0 <= points <= ALL or points != int(points):
        raise PercentRefused
    return int(points)


# --- The distributor's side ---------------------------------------------------------------------------------


def of_programme(programme_id: UUID) -> list[Tier]:
    """The lowest first; none is a programme without tiers."""
    chosen = select(Tier).where(Tier.programme_id == programme_id).order_by(Tier.threshold)
    return list(db.session().scalars(chosen))


def held(programme_id: UUID) -> dict[UUID, int]:
    """tier -> how many active partners are in it."""
    chosen = (
        select(Enrolment.tier_id, func.count())
        .where(Enrolment.programme_id == programme_id, Enrolment.state == EnrolmentState.ACTIVE)
        .group_by(Enrolment.tier_id)
    )
    return {tier_id: number for tier_id, number in db.session().execute(chosen) if tier_id}


def find(programme: Programme, tier_id: UUID) -> Tier:
    """A tier of the programme."""
    chosen = select(Tier).where(Tier.programme_id == programme.id, Tier.id == tier_id)
    if (found := db.session().scalar(chosen)) is None:
        raise Missing("tier")
    return found


def add(programme: Programme, terms: Terms) -> Tier:
    """One more. Partners who are in no tier yet begin in the lowest (H19)."""
    _hold(programme)
    present = of_programme(programme.id)
    _check(terms, present)
    added = db.add(Tier(programme_id=programme.id, **_columns(terms)))
    db.flush()
    trail.write(programme, f"tier {added.name} added", **_columns(terms))
    _place_the_rest(programme)
    return added


def change(programme: Programme, tier: Tier, terms: Terms) -> None:
    """Counts from now on: the discount for the next order, the threshold at the next anniversary."""
    _hold(programme)
    _check(terms, [one for one in of_programme(programme.id) if one.id != tier.id])
    fresh = _columns(terms)
    changed = {name: value for name, value in fresh.items() if getattr(tier, name) != value}
    for name, value in changed.items():
        setattr(tier, name, value)
    if changed:
        trail.write(programme, f"tier {tier.name} changed", **changed)
        db.flush()
        db.session().execute(
            update(Enrolment)
            .where(Enrolment.tier_id == tier.id, Enrolment.state == EnrolmentState.ACTIVE)
            .values(tier_name=tier.name, discount=tier.discount, commission=tier.commission)
        )
    if "discount" in changed:
        held = select(Enrolment.reseller_id).where(Enrolment.tier_id == tier.id)
        for reseller_id in db.session().scalars(held.where(Enrolment.state == EnrolmentState.ACTIVE)).all():
            publish(DiscountChanged(reseller_id))


def remove(programme: Programme, tier: Tier) -> None:
    """TierHeld while somebody is in it, LowestTier while there are others above it."""
    _hold(programme)
    present = of_programme(programme.id)
    if partners := held(programme.id).get(tier.id, 0):
        raise TierHeld(tier.name, partners)
    if tier.id == present[0].id and len(present) > 1:
        raise LowestTier(tier.name)
    trail.write(programme, f"tier {tier.name} removed")
    db.session().execute(update(Enrolment).where(Enrolment.tier_id == tier.id).values(tier_id=None))
    db.session().delete(tier)
    db.flush()


def put(enrolment: Enrolment, tier: Tier) -> None:
    """The partner is in this tier from now on, with what it gives."""
    if enrolment.discount != tier.discount:
        publish(DiscountChanged(enrolment.reseller_id))
    enrolment.tier_id, enrolment.tier_name = tier.id, tier.name
    enrolment.discount, enrolment.commission = tier.discount, tier.commission


def welcome(event: PartnershipBegun) -> None:
    """A new partner begins in the lowest tier (H19)."""
    start(enrolments.find(event.enrolment_id))


def start(enrolment: Enrolment) -> None:
    """Puts a partner into the lowest tier, where there are tiers."""
    if lowest := next(iter(of_programme(enrolment.programme_id)), None):
        put(enrolment, lowest)


def _place_the_rest(programme: Programme) -> None:
    without = select(Enrolment).where(
        Enrolment.programme_id == programme.id,
        Enrolment.state == EnrolmentState.ACTIVE,
        Enrolment.tier_id.is_(None),
    )
    for enrolment in db.session().scalars(without).all():
        start(enrolment)
        trail.write(enrolment, "tier given", told={"tier": enrolment.tier_name})


def _hold(programme: Programme) -> None:
    """Changes of one programme's tiers take turns, so that they are judged together."""
    db.session().refresh(programme, with_for_update=True)


def _columns(terms: Terms) -> dict[str, Any]:
    return {
        "name": terms.name.strip(),
        "threshold": terms.threshold,
        "minimum": terms.minimum,
        "discount": terms.discount,
        "commission": terms.commission,
        "benefits": terms.benefits.strip(),
    }


def _check(terms: Terms, others: Sequence[Tier]) -> None:
    """Refuses by name what would leave a number of customers without one meaning."""
    name = terms.name.strip()
    if not name or len(name) > 40:
        raise TierUnnamed
    if any(tier.name.lower() == name.lower() for tier in others):
        raise TierNameTaken(name)
    if not (0 <= terms.threshold <= MOST_CUSTOMERS and 0 <= terms.minimum <= MOST_CUSTOMERS):
        raise TiersOverlap(_("Customers are a whole number from 0 to a million."))
    if not (0 <= terms.discount <= ALL and 0 <= terms.commission <= ALL):
        raise PercentRefused
    rows = sorted(
        [(tier.threshold, tier.minimum, tier.name) for tier in others]
        + [(terms.threshold, terms.minimum, name)]
    )
    for (below, _least, under), (threshold, minimum, over) in zip(rows, rows[1:], strict=False):
        if below == threshold:
            raise TiersOverlap(
                _(
                    "%(one)s and %(other)s would both begin at %(n)s customers.",
                    one=under,
                    other=over,
                    n=below,
                )
            )
        if minimum > threshold:
            raise TiersOverlap(
                _(
                    "%(name)s would be awarded from %(from)s customers and lost below %(minimum)s.",
                    **{"name": over, "from": threshold, "minimum": minimum},
                )
            )
        if minimum <= below:
            raise TiersOverlap(
                _(
                    "%(over)s would be kept with %(minimum)s customers, where %(under)s begins.",
                    over=over,
                    minimum=minimum,
                    under=under,
                )
            )
    lowest, following = rows[0], rows[1] if len(rows) > 1 else None
    if following and lowest[1] > following[0]:
        raise TiersOverlap(
            _(
                "%(under)s would expect more customers than %(over)s begins with.",
                under=lowest[2],
                over=following[2],
            )
        )


# --- The partner's side -------------------------------------------------------------------------------------

# What a reseller may know of tiers: those of the programmes it is in.
OWN = door("""
CREATE FUNCTION tiers_of_partner_v1(p_programme uuid)
RETURNS TABLE (id uuid, name text, threshold bigint, minimum bigint, discount bigint, commission bigint, benefits text) AS $$
  SELECT t.id, t.name, t.threshold, t.minimum, t.discount, t.commission, t.benefits FROM tiers t
  WHERE t.distributor_id = current_setting('app.distributor_id')::uuid AND t.programme_id = p_programme
    AND EXISTS (SELECT 1 FROM enrolments e WHERE e.distributor_id = t.distributor_id AND e.programme_id = t.programme_id
      AND e.reseller_id = nullif(current_setting('app.reseller_id'), '')::uuid AND e.state = 'active')
  ORDER BY t.threshold
$$""")  # noqa: E501 SQL


def of_partner(programme_id: UUID) -> list[Row[Any]]:
    """The tiers of a programme that the scope's reseller is in now (id, name, threshold, minimum, discount,
    commission, benefits), the lowest first; none for any other."""
    return doors.call_here(OWN, {"p_programme": programme_id})
