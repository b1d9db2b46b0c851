"""How a deal ends by itself: its days are over, which is announced some days before; or an order of the
company is paid for, and it is won."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from core import db, tasks
from core.clock import business_now
from core.events import publish
from core.parties import Customer
from core.tasks import Claimed, Kind, Repeat
from partners import companies, deals, leads
from partners.deals import Deal, DealExpiring, DealState, DealWon

AT_ONCE = 500


def end_those_over() -> int:
    """Ends every approved deal whose days are over (H35, H36); how many."""
    over = select(Deal).where(Deal.state == DealState.APPROVED, Deal.ends_at <= business_now())
    rows = db.session().scalars(over.order_by(Deal.ends_at).limit(AT_ONCE).with_for_update()).all()
    for deal in rows:
        deals.expire(deal)
    return len(rows)


def announce_ends() -> int:
    """Tells every reseller whose deal ends soon, once for each end; how many."""
    soon = select(Deal).where(
        Deal.state == DealState.APPROVED,
        Deal.notice_at <= business_now(),
        Deal.ends_at > business_now(),
        ~Deal.noticed,
    )
    rows = db.session().scalars(soon.order_by(Deal.ends_at).limit(AT_ONCE).with_for_update()).all()
    for deal in rows:
        deal.noticed = True
        publish(DealExpiring(deal.id, f"{deal.id}:{int(deal.extended)}"))
    return len(rows)


def win(reseller_id: UUID, customer_id: UUID, order_code: str) -> Deal | None:
    """The reseller's living deal with this customer is won by an order that was paid for, if there is one."""
    if not _has_one(reseller_id):
        return None
    customer = db.session().scalars(select(Customer).where(Customer.id == customer_id)).one()
    found = leads.standing(reseller_id, keys_of_customer(customer)).own
    if found is None:
        return None
    deal = db.session().scalars(select(Deal).where(Deal.id == found).with_for_update()).one()
    deal.order_code, deal.customer_id = order_code, customer_id
    deals.close(deal, DealState.WON, told={"order": order_code})
    publish(DealWon(deal.id))
    return deal


def _has_one(reseller_id: UUID) -> bool:
    living = select(Deal.id).where(Deal.reseller_id == reseller_id, Deal.state == DealState.APPROVED)
    return db.session().scalar(living.limit(1)) is not None


def keys_of_customer(customer: Customer) -> leads.Keys:
    """What a customer is recognised by: both its names, its mail domain, its tax id."""
    details = companies.of(customer.id)
    names = [customer.name, *([details.legal_name] if details else [])]
    country = details.country if details else customer.country
    tax_id = details.tax_id if details else ""
    return leads.keys(names, country, addresses=[customer.email], tax_id=tax_id)


def _end(_task: Claimed) -> None:
    announce_ends()
    end_those_over()


END = tasks.register(Kind("end_deals", Repeat.SAFE, prepare=_end, every=timedelta(minutes=10)))
