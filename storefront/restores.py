"""After a restore, before anything is sent (QC7): the gateway is asked for every page that we made since the
backup, and every vendor for what it has sold. What is known is settled, what is lost is put on the work
queue. It may be repeated; only when it came to its end may web and workers start again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from billing import foreign_refunds, payments, refund_outcomes, strays, stripe_gateway, stripe_refunds
from billing.gateways import Gateway
from billing.payments import AttemptState
from billing.stripe_gateway import MadePage
from checkout import orders
from core import db, doors, tenancy
from core.errors import Missing
from core.tenancy import Scope, Side
from provisioning import restorations, vendor_calls
from provisioning.connectors import base
from provisioning.connectors.registry import CONNECTORS
from storefront.doctor import DISTRIBUTORS

LONGEST_PAGE = timedelta(hours=25)  # a page made so long before the backup may have been paid after it


@dataclass
class Found:
    """What the world knew and the database did not."""

    distributor: str
    doubted: int = 0
    settled: int = 0
    adopted: int = 0
    paid_for_nothing: int = 0
    closed: int = 0
    refunds: int = 0
    orphans: int = 0
    unlisted: tuple[str, ...] = ()

    def words(self) -> str:
        """For the person who restores."""
        unlisted = (
            f" {', '.join(self.unlisted)} cannot list what was sold: compare with the vendor by hand."
            if self.unlisted
            else ""
        )
        lines = (
            f"{self.distributor}:",
            f"{self.doubted} deliveries are looked up before anything is bought.",
            f"{self.settled} payments were found paid; {self.adopted} of their pages were unknown here.",
            f"{self.paid_for_nothing} payments are for orders that are gone;"
            f" {self.closed} open pages of such orders were closed.",
            f"{self.refunds} refunds at gateways have no record here.",
            f"{self.orphans} purchases at vendors have no record here.{unlisted}",
        )
        return "\n  ".join(lines)


def reconcile() -> list[Found]:
    """Compares every distributor's world; GatewayDown, GatewayRefused or a ConnectorError when somebody
    cannot be asked, and then it has to be repeated."""
    found: list[Found] = []
    for row in doors.call_all(DISTRIBUTORS, {}):
        scope = Scope(Side.DISTRIBUTOR, row.id, offset=row.business_offset, request_id="restore")
        with tenancy.acting_as(scope):
            with db.transaction():
                restored = restorations.unfinished()
                since = restored.backup_at if restored else None
            if since is not None:
                found.append(_compare(row.name, since))
    return found


def _compare(name: str, since: datetime) -> Found:
    found = Found(name)
    with db.transaction() as session:
        found.doubted = restorations.doubt()
        gateways = list(session.scalars(select(Gateway)))
        configured = vendor_calls.settings_by_connector()
    for gateway in gateways:
        for page in stripe_gateway.pages_since(gateway.account(), since - LONGEST_PAGE):
            _ask_about(page, gateway, found)
        for given in stripe_refunds.since(gateway.account(), since):
            with db.transaction():
                if refund_outcomes.settle(given) is None:
                    foreign_refunds.note(given)
                    found.refunds += 1
    unlisted: list[str] = []
    for key, values in configured.items():
        listed = base.purchases(CONNECTORS[key], values, since) if key in CONNECTORS else []
        if listed is None:
            unlisted.append(CONNECTORS[key].label)
            continue
        with db.transaction():
            found.orphans += restorations.list_orphans(key, listed)
    found.unlisted = tuple(unlisted)
    with db.transaction():
        found.doubted = max(found.doubted, restorations.doubt())
        restorations.finish()
    return found


def _ask_about(page: MadePage, gateway: Gateway, found: Found) -> None:
    """One page at the gateway: settled, adopted and settled, or about an order that is gone."""
    with db.transaction():
        known = payments.attempt_of(page.session_id, page.attempt_id)
        adopted = known
        if known is None:
            try:
                payment = payments.of_order(orders.find(page.order_code).id)
            except Missing:
                payment = None
            adopted = strays.adopt(payment, page) if payment else None
        settled = adopted is not None and adopted.state not in (AttemptState.OPEN, AttemptState.EXPIRED)
        if adopted is None and page.paid:
            strays.paid_for_nothing(page)
            found.paid_for_nothing += 1
    if adopted is None:
        if page.status == "open":
            stripe_gateway.expire_session(gateway.account(), page.session_id)
            found.closed += 1
        return
    found.adopted += known is None
    if settled or page.status == "open":
        return
    report = stripe_gateway.report(gateway.account(), page.session_id)
    with db.transaction():
        payments.settle(report)
    found.settled += page.paid
