"""A subscription moves at its vendor once (QP1, QP3), whoever dies or does not answer meanwhile; and what has
moved ends there under its new id."""

import signal
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, update

from catalog.products import Plan, Product
from core import db, parties, tasks
from core.clock import business_now
from core.tasks import Task, TaskState
from partners import extensions, programmes, sales
from partners.commissions import Commission
from provisioning import (
    lifecycles,
    partner_sales,
    restorations,
    transfer_answers,
    transfer_requests,
)
from provisioning.connectors.base import Action, Refused, Request, look_up, perform
from provisioning.connectors.http_service import HttpService
from provisioning.transfer_calls import TransferCall
from provisioning.transfer_requests import Asking
from provisioning.transfers import ItemState, TransferState
from subscriptions import cancellations, subscriptions
from subscriptions.cancellations import NothingToCancel
from subscriptions.subscriptions import NotAssignable, SubscriptionState
from tests.partners.tier_stage import open_tiers
from tests.provisioning.conftest import Hire, until
from tests.provisioning.moving import (
    HUGO,
    accept,
    ask,
    befriend,
    half,
    in_transition,
    items,
    serve,
    service,
    taken_over,
    together,
)
from tests.provisioning.test_http_service import Asks, asks_of
from tests.vendors import Vendor
from tests.world import World

SERVICE = HttpService()


@pytest.fixture
def asks(vendor: Vendor) -> Asks:
    return lambda *given, **more: asks_of(vendor.settings, *given, **more)


def accepted(world: World, count: int) -> tuple[str, list[str]]:
    """A request about so many subscriptions, accepted and not begun; its code and the references in order.
    Mails are none of these tests' business."""
    codes = [serve(world, quantity=1) for _ in range(count)]
    in_transition(world)
    request = ask(world, *codes)
    together(world, "house", lambda: transfer_answers.accept(world.resellers["house"], request, by=HUGO))
    with world.acting():
        db.session().execute(update(Task).where(Task.kind.like("mail%")).values(state=TaskState.DONE))
        calls = db.session().scalars(select(TransferCall.reference).order_by(TransferCall.id))
        return request, [str(reference) for reference in calls]


def over(world: World, code: str) -> bool:
    """Whether the request has come to its end."""
    return half(world, code).state is not TransferState.MOVING


@pytest.mark.promise("QP1", "QC1")
@pytest.mark.behaviour("M50")
def test_wherever_a_worker_dies_and_however_the_vendor_fails_each_moves_once(
    shop: World, vendor: Vendor, hire: Hire, tmp_path: Path
) -> None:
    request, references = accepted(shop, 4)
    moods = (
        {"kind": "timeout_after_success", "seconds": 1.6},
        {"kind": "error_500_before"},
        {"kind": "slow", "seconds": 0.5},
        {"kind": "error_500_after"},
    )
    vendor.feels(
        *(
            {**mood, "times": 1, "scope": "reference", "of": reference}
            for mood, reference in zip(moods, references, strict=True)
        )
    )
    for point in ("task.before_send", "task.answered"):
        assert hire(point, fault=f"{point}:kill", slots=1).wait() == -signal.SIGKILL
    hire("healthy")
    until(lambda: over(shop, request))
    assert half(shop, request).state is TransferState.DONE
    assert [vendor.sold(reference) for reference in references] == [1] * 4
    assert len(taken_over(shop, request)) == 4


def test_while_it_moves_nothing_else_happens_to_it(shop: World, vendor: Vendor) -> None:
    code = serve(shop)
    in_transition(shop)
    vendor.feels({"kind": "error_500_after"}, {"kind": "error_500_before", "on": "look_ups"})
    request = ask(shop, code)
    accept(shop, request, "house")
    assert items(shop, request)[0].state is ItemState.UNKNOWN
    assert "looked up by itself" in items(shop, request, incoming=True)[0].note
    with shop.acting("acme"):
        with pytest.raises(NothingToCancel):
            cancellations.cancel(subscriptions.find(code), by="Anna")
        with pytest.raises(NotAssignable):
            subscriptions.assign(subscriptions.find(code), "otto@acme.example")
    shop.goes_on(days=60, work=False)  # its term is over, but its clock waits
    with shop.acting():
        lifecycles.watch()
    assert service(shop, code).state is SubscriptionState.MOVING


def test_what_has_moved_ends_at_the_vendor_under_its_new_id(shop: World, vendor: Vendor) -> None:
    code = serve(shop)
    in_transition(shop)
    request = ask(shop, code)
    accept(shop, request, "house")
    [new] = taken_over(shop, request)
    with shop.acting():
        lifecycles.begin_end(subscriptions.find(new.code), why="It was cancelled.")
    shop.work(10)
    assert service(shop, new.code).state is SubscriptionState.ENDED
    assert vendor.state()["counts"]["active"] == 0


def test_what_has_moved_may_move_on(shop: World, vendor: Vendor) -> None:
    code, pair, harbour = serve(shop), befriend(shop), shop.resellers["harbour"]
    in_transition(shop)
    accept(shop, first := ask(shop, code, provider=pair))
    [new] = taken_over(shop, first)
    with shop.acting():
        acme = parties.customer(new.customer_id) if new.customer_id else None
        extensions.begin_transition(parties.reseller(harbour), by="Nora")
    assert acme
    asking = Asking(acme.code, [new.code], "house", consent=True, extend=True)
    second = together(shop, "harbour", lambda: transfer_requests.ask(harbour, asking, by=HUGO).code)
    accept(shop, second, "house")
    assert half(shop, second).state is TransferState.DONE
    with shop.acting():
        before, after = db.session().scalars(select(TransferCall).order_by(TransferCall.id))
        assert after.external_id == before.new_external_id
    assert vendor.state()["counts"]["active"] == 1


def test_what_has_moved_counts_for_its_new_provider_and_no_longer_for_the_old(
    shop: World, vendor: Vendor
) -> None:
    open_tiers(shop)
    code, pair = serve(shop), befriend(shop)
    with shop.acting():
        programme = programmes.find("gold").id
        plan = select(Plan.product_id).where(Plan.id == subscriptions.find(code).plan_id).scalar_subquery()
        product = db.session().scalars(select(Product).where(Product.id == plan)).one()
        product.programme_id = programme
        db.flush()
        partner_sales.take_in(product)
    in_transition(shop)
    assert counted(shop, programme) == {"brightfield": 1, "harbour": 0}
    accept(shop, ask(shop, code, provider=pair))
    assert counted(shop, programme) == {"brightfield": 0, "harbour": 1}
    with shop.acting():
        assert not db.session().scalars(select(Commission)).all(), "it was sold by the other"


def counted(world: World, programme_id: UUID) -> dict[str, int]:
    """How many customers each partner has in a programme."""
    with world.acting():
        return {
            name: sales.customers(world.resellers[name], programme_id, business_now())
            for name in ("brightfield", "harbour")
        }


@pytest.mark.promise("QC7")
def test_after_a_restore_a_move_is_looked_up_before_it_is_asked_again(shop: World, vendor: Vendor) -> None:
    request, [reference] = accepted(shop, 1)
    with shop.acting():
        [call] = db.session().scalars(select(TransferCall))
        assert restorations.doubt() == 1
        task = tasks.find(call.task_id)
        assert (task.state, task.intent_open) == (TaskState.UNKNOWN, True)
    settings = vendor.settings
    asked = Request(
        reference,
        Action.TRANSFER,
        call.sku,
        1,
        external_id=call.external_id,
        customer={"name": "Acme", "email": "x@acme.example", "country": "DE"},
        settings=settings,
    )
    perform(SERVICE, asked)  # in the life that was lost
    shop.work(10)
    assert half(shop, request).state is TransferState.DONE
    assert vendor.sold(reference) == 1


# --- The contract -------------------------------------------------------------------------------------------


def test_a_transfer_answers_with_another_id_and_is_looked_up_by_its_reference(
    vendor: Vendor, asks: Asks
) -> None:
    made = perform(SERVICE, asks())
    other = {"name": "Acme", "email": "it@acme.example", "country": "DE"}
    moving = asks(Action.TRANSFER, external_id=made.external_id, customer=other)
    assert look_up(SERVICE, moving) is None
    moved = perform(SERVICE, moving)
    assert moved.external_id != made.external_id
    assert len(moved.licences) == 10
    assert look_up(SERVICE, moving) == moved
    with pytest.raises(Refused, match="cannot be moved"):  # it is gone from there
        perform(SERVICE, asks(Action.TRANSFER, external_id=made.external_id, customer=other))
