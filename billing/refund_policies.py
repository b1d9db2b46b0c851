"""What a distributor has decided about refunds: whether a line that its vendor refused is given back by
itself, and who bears the card fee that the gateway keeps. A distributor that decided nothing gives back by
itself and bears the fee of what its vendors refuse (docs/decisions/0010)."""

from enum import StrEnum

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Mapped

from core import db, trail
from core.tenancy import Access, DistributorOwned


class WhenRefused(StrEnum):
    """ASK: a person of the distributor decides from the work queue."""

    AUTOMATIC = "automatic"
    ASK = "ask"


class Party(StrEnum):
    """Who bears something of a refund."""

    DISTRIBUTOR = "distributor"
    RESELLER = "reseller"


class RefundPolicy(DistributorOwned, db.Model):
    """One row per distributor that decided something."""

    __tablename__ = "refund_policies"
    __access__ = Access(distributor="rcu")
    __table_args__ = (UniqueConstraint("distributor_id"),)

    when_refused: Mapped[WhenRefused]
    fee_when_refused: Mapped[Party]


def current() -> RefundPolicy:
    """The policy in force; not a stored row where nothing was decided. The distributor's scope."""
    stored = db.session().scalar(select(RefundPolicy))
    return stored or RefundPolicy(when_refused=WhenRefused.AUTOMATIC, fee_when_refused=Party.DISTRIBUTOR)


def decide(*, when_refused: WhenRefused, fee_when_refused: Party, why: str = "") -> RefundPolicy:
    """From now on; what was refused before stays as it is."""
    stored = db.session().scalar(select(RefundPolicy).with_for_update())
    if stored is None:
        stored = db.add(RefundPolicy(when_refused=when_refused, fee_when_refused=fee_when_refused))
    stored.when_refused, stored.fee_when_refused = when_refused, fee_when_refused
    db.flush()
    trail.write(stored, "settings changed", why=why, when_refused=when_refused, fee=fee_when_refused)
    return stored
