"""Invoice numbers: one row of numbers per seller and year without a gap, given at settlement, never before
(QM8)."""

import random
from uuid import UUID

import pytest
from sqlalchemy import select

from billing import invoices
from billing.invoices import Invoice, InvoiceState
from billing.tax import TaxKind
from core import db
from core.ids import new_id
from tests.races import at_once, raised
from tests.world import World


class PowerCut(Exception):
    """The transaction does not reach its commit."""


def drafts(world: World, count: int) -> list[UUID]:
    with world.acting():
        rows = [
            Invoice(
                id=new_id(),
                reseller_id=world.resellers["brightfield"],
                customer_id=world.customers["acme"],
                order_id=new_id(),
                state=InvoiceState.DRAFT,
                seller={},
                buyer={},
                net_minor=100,
                tax_minor=0,
                tax_kind=TaxKind.DOMESTIC,
                tax_name="VAT 0 %",
                total_minor=100,
                currency="EUR",
                created_at=db.session().info["now"],
            )
            for _ in range(count)
        ]
        db.session().add_all(rows)
        return [row.id for row in rows]


def issue(world: World, invoice_id: UUID, *, fail: bool = False) -> None:
    with world.acting():
        invoices.settle(invoices.find(invoice_id), "BRI")
        db.flush()
        if fail:
            raise PowerCut


@pytest.mark.promise("QM8")
def test_twenty_issuers_with_a_third_of_them_cut_off_leave_no_gap(world: World) -> None:
    draw, waiting = random.Random(8), drafts(world, 100)
    for start in range(0, 100, 20):
        acts = [(invoice_id, draw.random() < 0.3) for invoice_id in waiting[start : start + 20]]
        failed = raised(
            at_once(*[lambda i=invoice_id, f=fail: issue(world, i, fail=f) for invoice_id, fail in acts])
        )
        assert all(isinstance(error, PowerCut) for error in failed)
        assert len(failed) == sum(fail for _, fail in acts)
    with world.acting():
        numbers = (
            db.session()
            .scalars(select(Invoice.number).where(Invoice.number.is_not(None)).order_by(Invoice.number))
            .all()
        )
        assert len(numbers) < 100
        assert list(numbers) == list(range(1, len(numbers) + 1))


@pytest.mark.promise("QM8")
def test_each_seller_counts_for_itself(world: World) -> None:
    ours, theirs = drafts(world, 2)
    with world.acting():
        invoices.settle(invoices.find(ours), "BRI")
        invoices.settle(invoices.find(theirs), "HAR")
        assert {invoices.find(ours).label[:3], invoices.find(theirs).label[:3]} == {"BRI", "HAR"}
        assert {invoices.find(ours).number, invoices.find(theirs).number} == {1}


def test_a_draft_has_no_number_and_a_void_one_never_gets_one(world: World) -> None:
    draft = drafts(world, 1)[0]
    with world.acting():
        row = invoices.find(draft)
        assert (row.label, row.number) == ("Draft", None)
        invoices.void(row.order_id)
    with world.acting():
        assert (invoices.find(draft).state, invoices.find(draft).number) == (InvoiceState.VOID, None)
