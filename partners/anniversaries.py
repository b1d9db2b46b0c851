"""The anniversary of a partnership: on it, once a year from the signature, its customers are counted and its
tier is decided anew (H18). Each decision is a row that stays. Anniversary k is clamp(signature + k years), by
the business clock, and counts what was true at that moment, also when its task comes late."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Mapped

from core import db, tasks, trail
from core.clock import business_now
from core.events import Event, publish
from core.periods import Term, holding, nth
from core.tasks import Claimed, Kind, Repeat
from core.tenancy import Access, ResellerOwned, owned_by
from partners import enrolments, reauthorisations, sales, tiers
from partners.enrolments import Enrolment, EnrolmentState


class TierDecision(ResellerOwned, db.Model):
    """What one anniversary decided; tiers by their names of then."""

    __tablename__ = "tier_decisions"
    __access__ = Access(distributor="rc", reseller="r")
    __table_args__ = (
        owned_by("enrolments", "enrolment_id"),
        UniqueConstraint("distributor_id", "enrolment_id", "at"),
    )

    enrolment_id: Mapped[UUID]
    at: Mapped[datetime]
    customers: Mapped[int]
    was_tier: Mapped[str]
    tier: Mapped[str]
    rises: Mapped[bool]
    flagged: Mapped[bool]


@dataclass(frozen=True, slots=True)
class TierDecided(Event):
    """An anniversary was held."""

    decision_id: UUID


@dataclass(frozen=True, slots=True)
class PartnerFlagged(Event):
    """An anniversary found fewer customers than the lowest tier expects."""

    decision_id: UUID


def hold_those_due() -> int:
    """Holds every anniversary whose moment has come; how many."""
    due = (
        select(Enrolment)
        .where(Enrolment.state == EnrolmentState.ACTIVE, Enrolment.anniversary_at <= business_now())
        .order_by(Enrolment.anniversary_at)
        .limit(200)
        .with_for_update()
    )
    held = 0
    for enrolment in db.session().scalars(due).all():
        while enrolment.anniversary_at <= business_now():
            hold(enrolment)
            held += 1
    return held


def hold(enrolment: Enrolment) -> None:
    """Counts at the anniversary that is due, decides the tier where the programme has tiers, and sets the
    next one."""
    at = enrolment.anniversary_at
    reauthorisations.open_for(enrolment)  # where it is not open: a clock may jump over the days before
    year = holding(enrolment.signed_at, Term.YEAR, at)
    enrolment.anniversary_at = nth(enrolment.signed_at, year + 1, Term.YEAR)
    rows = tiers.of_programme(enrolment.programme_id)
    if not rows:
        return
    customers = sales.customers(enrolment.reseller_id, enrolment.programme_id, at)
    award = tiers.awarded(rows, enrolment.tier_id, customers)
    was, before = enrolment.tier_name, {tier.id: tier.threshold for tier in rows}
    rises = award.tier.threshold > before.get(enrolment.tier_id or award.tier.id, 0)
    tiers.put(enrolment, award.tier)
    enrolment.flagged = award.flagged
    decision = db.add(
        TierDecision(
            distributor_id=enrolment.distributor_id,
            reseller_id=enrolment.reseller_id,
            enrolment_id=enrolment.id,
            at=at,
            customers=customers,
            was_tier=was,
            tier=award.tier.name,
            rises=rises,
            flagged=award.flagged,
        )
    )
    db.flush()
    what = "tier kept" if was == award.tier.name else f"tier {was or 'none'} -> {award.tier.name}"
    told = {"customers": customers, "tier": award.tier.name, "anniversary": f"{at:%Y-%m-%d}"}
    if award.flagged:
        told["flagged"] = "below what the lowest tier expects"
    trail.write(enrolment, what, told=told)
    publish(TierDecided(decision.id))
    if award.flagged:
        publish(PartnerFlagged(decision.id))


def decision(decision_id: UUID) -> TierDecision:
    """A decision of the scope."""
    return db.session().scalars(select(TierDecision).where(TierDecision.id == decision_id)).one()


def decisions(enrolment_id: UUID) -> list[TierDecision]:
    """What the anniversaries of a partnership decided, the newest first."""
    chosen = select(TierDecision).where(TierDecision.enrolment_id == enrolment_id)
    return list(db.session().scalars(chosen.order_by(TierDecision.at.desc()).limit(50)))


def _hold(_task: Claimed) -> None:
    """First whoever's term is over and not renewed is let go: no tier is decided for it."""
    enrolments.end_those_over()
    db.flush()
    hold_those_due()


HOLD = tasks.register(Kind("hold_anniversaries", Repeat.SAFE, prepare=_hold, every=timedelta(minutes=10)))
