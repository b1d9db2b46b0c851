"""What the distributor's reviewer decides about a deal: approve it, for so many days; reject it, for one of
the programme's reasons; keep it longer, once."""

from datetime import timedelta

from sqlalchemy import select

from core import db, states, trail
from core.clock import business_now
from core.errors import Refused
from core.events import publish
from core.languages import _
from partners import deal_rules, deals, enrolments, programmes
from partners.deals import Deal, DealApproved, DealRejected, DealState


class ReasonMissing(Refused):
    """Exactly one of the programme's reasons (H30)."""

    def __init__(self) -> None:
        super().__init__(_("Choose one of the reasons: the reseller reads it."))


class NotExtendable(Refused):
    """The programme allows no longer time, or it was given already."""

    def __init__(self) -> None:
        super().__init__(_("This deal cannot be kept any longer."))


def to_decide(code: str, seen: str) -> Deal:
    """A deal of the distributor, locked, as the version that the reviewer saw: of two reviewers the second
    finds what the first decided."""
    chosen = select(Deal).where(Deal.code == code).with_for_update()
    return deals.as_seen(db.session().scalar(chosen), seen)


def approve(deal: Deal, *, by: str) -> None:
    """The lead is the reseller's for the programme's days, counted by the business clock (H32)."""
    programme = programmes.of_id(deal.programme_id)
    enrolments.refuse_unless_active(programme, deal.reseller_id)
    rules, now = deal_rules.of(programme.id), business_now()
    ends = now + timedelta(days=rules.valid_days)
    deal.ends_at, deal.notice_at = ends, ends - timedelta(days=rules.notice_days)
    states.move(deal, DealState.APPROVED, told={"until": f"{ends:%Y-%m-%d}"})
    _decided(deal, by)
    publish(DealApproved(deal.id))


def reject(deal: Deal, reason: str, *, by: str) -> None:
    """For good, with one of the programme's reasons, which the reseller reads (H29, H30)."""
    if reason not in deal_rules.of(deal.programme_id).reasons:
        raise ReasonMissing
    deal.reason = reason
    deals.close(deal, DealState.REJECTED, told={"reason": reason})
    _decided(deal, by)
    publish(DealRejected(deal.id))


def extend(deal: Deal, *, by: str) -> None:
    """Once, by the programme's days."""
    days = deal_rules.of(deal.programme_id).extension_days
    ends, notice = deal.ends_at, deal.notice_at
    if deal.state is not DealState.APPROVED or ends is None or notice is None or deal.extended or not days:
        raise NotExtendable
    if ends <= business_now():
        raise NotExtendable
    more = timedelta(days=days)
    deal.ends_at, deal.notice_at = ends + more, notice + more
    deal.extended, deal.noticed, deal.version = True, False, deal.version + 1
    trail.write(deal, "extended", told={"until": f"{ends + more:%Y-%m-%d}", "by": by})


def _decided(deal: Deal, by: str) -> None:
    deal.decided_at, deal.decided_by = business_now(), by
    if deal.state is DealState.APPROVED:
        deal.version += 1
