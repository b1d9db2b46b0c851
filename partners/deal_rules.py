"""What a programme says about deals, as data: whether it takes any, for how long an approved one holds its
lead, when its end is announced, for which reasons a lead may be rejected, and whether a customer may be taken
on before its lead is approved."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, select
from sqlalchemy.orm import Mapped

from core import db, trail
from core.errors import Refused
from core.languages import _, for_later
from core.tenancy import Access, DistributorOwned, owned_by
from partners.programmes import Programme

MOST_REASONS = 12
LONGEST_REASON = 200
REASONS = (
    for_later("Already assigned to a different reseller."),
    for_later("Judged inauthentic."),
    for_later("Already a customer."),
)
"""What a programme begins with (H30)."""


class DealRules(DistributorOwned, db.Model):
    """The rules of one programme; without a row it takes no deals. `reasons`: what a reviewer chooses from;
    the first is also what a reseller reads whose lead is held by another. `before_customers`: no customer
    before its lead is approved (H10). `extension_days`: so much longer a reviewer may keep a deal, once."""

    __tablename__ = "deal_rules"
    __access__ = Access(distributor="rcu", door="r")
    __table_args__ = (
        owned_by("programmes", "programme_id"),
        UniqueConstraint("distributor_id", "programme_id"),
        CheckConstraint("valid_days >= 1 AND notice_days >= 0 AND notice_days < valid_days", name="days"),
    )

    programme_id: Mapped[UUID]
    takes_deals: Mapped[bool]
    valid_days: Mapped[int]
    notice_days: Mapped[int]
    extension_days: Mapped[int]
    reasons: Mapped[list[str]]
    before_customers: Mapped[bool]


@dataclass(frozen=True, slots=True)
class Rules:
    """The same as a value; what it is before anybody has said anything."""

    takes_deals: bool = False
    valid_days: int = 90
    notice_days: int = 14
    extension_days: int = 0
    reasons: Sequence[str] = REASONS
    before_customers: bool = False


class RulesRefused(Refused):
    """No reason to choose from, too many, or days that do not fit."""


def of(programme_id: UUID) -> Rules:
    """What is in force; read as the distributor, whose rules they are."""
    row = _row(programme_id)
    return Rules(**{name: getattr(row, name) for name in asdict(Rules())}) if row else Rules()


def keep(programme: Programme, rules: Rules) -> None:
    """Counts from the next act on: what is approved keeps its days."""
    reasons = list(dict.fromkeys(words for reason in rules.reasons if (words := " ".join(reason.split()))))
    if not reasons:
        raise RulesRefused(_("Write at least one reason: whoever is rejected is told why."))
    if len(reasons) > MOST_REASONS or max(map(len, reasons)) > LONGEST_REASON:
        raise RulesRefused(
            _(
                "At most %(most)s reasons of %(longest)s characters each.",
                most=MOST_REASONS,
                longest=LONGEST_REASON,
            )
        )
    if rules.notice_days >= rules.valid_days:
        raise RulesRefused(_("The notice has to come after the beginning: fewer days than a deal is valid."))
    fresh: dict[str, Any] = asdict(rules) | {"reasons": reasons}
    row = _row(programme.id)
    if row is None:
        db.add(DealRules(programme_id=programme.id, **fresh))
        changed = fresh
    else:
        changed = {name: value for name, value in fresh.items() if getattr(row, name) != value}
        for name, value in changed.items():
            setattr(row, name, value)
    db.flush()
    if changed:
        trail.write(programme, "rules of deals changed", **changed)


def _row(programme_id: UUID) -> DealRules | None:
    return db.session().scalar(select(DealRules).where(DealRules.programme_id == programme_id))
