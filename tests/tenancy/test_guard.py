"""The second lock, in Python: no transaction without a scope, new rows are stamped and checked, and what is
loaded is looked at once more, even where PostgreSQL itself would let it through."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import DBAPIError

from checkout import orders
from checkout.orders import OrderWholesale
from core import db, parties, tenancy
from core.ids import new_id
from core.parties import Customer, Membership
from core.tenancy import NoScope, OutsideScope, Side
from core.trail import TrailEntry
from core.work import WorkItem
from tests.world import World, open_portal


@contextmanager
def with_open_walls(world: World, who: str) -> Generator[None]:
    """The first lock fails: PostgreSQL answers as for the distributor, while Python still acts for `who`."""
    with world.acting(who):
        wide = replace(world.scope(who), side=Side.DISTRIBUTOR)
        db.session().execute(tenancy.OPEN_SCOPE, tenancy.opening(wide, db.database()))
        yield


def test_no_transaction_begins_without_a_scope(world: World) -> None:
    with pytest.raises(NoScope), db.transaction():
        pass


def test_a_transaction_inside_a_transaction_is_a_bug(world: World) -> None:
    with world.acting(), pytest.raises(db.InTransaction), db.transaction():
        pass


def test_domain_code_outside_a_transaction_is_told_so(world: World) -> None:
    with tenancy.acting_as(world.scope()), pytest.raises(db.InTransaction):
        parties.the_distributor()


def test_a_new_row_gets_the_ids_of_the_scope(world: World) -> None:
    with world.acting("acme"):
        entry = db.add(
            TrailEntry(at=db.session().info["now"], object_type="x", object_id=new_id(), what="seen")
        )
        db.flush()
        assert (entry.distributor_id, entry.reseller_id, entry.customer_id) == (
            world.distributor_id,
            world.resellers["brightfield"],
            world.customers["acme"],
        )


@pytest.mark.promise("QS2")
@pytest.mark.parametrize("foreign", ["distributor_id", "reseller_id", "customer_id"])
def test_a_new_row_of_somebody_else_is_refused_before_it_is_sent(world: World, foreign: str) -> None:
    with world.acting("acme"):
        db.add(
            TrailEntry(
                at=db.session().info["now"],
                object_type="x",
                object_id=new_id(),
                what="seen",
                **{foreign: new_id()},
            )
        )
        with pytest.raises(OutsideScope):
            db.flush()
        db.session().expunge_all()


def test_a_row_cannot_be_given_to_somebody_else(world: World) -> None:
    with world.acting("brightfield"):
        acme = parties.customer(world.customers["acme"])
        acme.reseller_id = world.resellers["harbour"]
        with pytest.raises(OutsideScope):
            db.flush()
        db.session().expunge_all()


@pytest.mark.promise("QS2")
def test_with_the_first_lock_open_the_tripwire_refuses_what_it_loads(world: World) -> None:
    with with_open_walls(world, "brightfield"):
        assert db.session().scalars(select(Customer.name).order_by(Customer.name)).all() == ["Acme", "Zebra"]
        with pytest.raises(OutsideScope):
            db.session().scalars(select(Customer)).all()
    with with_open_walls(world, "acme"), pytest.raises(OutsideScope):
        db.session().scalars(select(Membership)).all()


@pytest.mark.promise("QS2")
def test_with_the_guard_off_postgresql_still_shows_nothing_foreign(world: World) -> None:
    with world.acting("brightfield"):
        assert db.session().execute(text("SELECT name FROM customers")).scalars().all() == ["Acme"]
        theirs = text("UPDATE customers SET name = 'Ours' WHERE name = 'Zebra' RETURNING id")
        assert db.session().execute(theirs).all() == []


def test_many_rows_at_once_are_checked_like_one(world: World) -> None:
    item = {
        "id": new_id(),
        "kind": "x",
        "about_type": "x",
        "about_id": new_id(),
        "words": "",
        "suggestion": "",
        "opened_at": "2026-01-01T00:00:00Z",
        "closed_because": "",
    }
    with world.acting():
        with pytest.raises(OutsideScope):
            db.insert_all({WorkItem: [item | {"distributor_id": new_id()}]})
        db.insert_all({WorkItem: [item | {"distributor_id": world.distributor_id}]})


def test_a_reference_to_a_row_of_another_tenant_cannot_exist(world: World) -> None:
    other = parties.found_distributor(
        name="Southwind", code="southwind", currency="EUR", email="x@southwind.example"
    )[0]
    foreign = replace(world.scope(), distributor_id=other)
    with pytest.raises(DBAPIError, match="foreign key"), tenancy.acting_as(foreign), db.transaction():
        parties.add_customer(world.resellers["brightfield"], name="Stolen", email="x@x.example")


# --- Widening ---------------------------------------------------------------------------------------------


def test_the_reasons_to_widen_are_counted(world: World) -> None:
    assert {
        "placing an order",
        "checking with connectors",
        "opening a payment page",
        "giving up an order",
        "reporting what an order lacked",
        "drawing a paper",
        "letting a domain go",
        "cancelling a delivery",
        "following an application's link",
        "following an agreement's link",
        "registering a deal",
        "handing over subscriptions",
        "enrolling a reseller",
        "following a partner's invitation",
        "following an invitation",
        "looking after a customer",
        "sending a quote",
        "following a quote",
        "asking for a quote",
    } == tenancy.WIDENED.allowed


def test_nobody_widens_for_a_reason_of_their_own(world: World) -> None:
    with tenancy.acting_as(world.scope("acme")):
        with pytest.raises(OutsideScope), db.transaction(widened_because="I want to"):
            pass
        with db.transaction(), pytest.raises(OutsideScope), db.widened("I want to"):
            pass


def test_what_is_widened_stays_inside_the_distributor_and_is_narrow_again_afterwards(world: World) -> None:
    parties.found_distributor(name="Southwind", code="southwind", currency="EUR", email="x@southwind.example")
    with tenancy.acting_as(world.scope("acme")), db.transaction():
        with db.widened("placing an order"):
            assert len(db.session().scalars(select(Customer)).all()) == 2
            assert parties.the_distributor().name == "Northwind"
            assert tenancy.current().side is Side.DISTRIBUTOR
        assert tenancy.current().side is Side.CUSTOMER
        assert db.session().scalars(select(Customer.name)).all() == ["Acme"]


def test_both_locks_are_narrow_again_after_an_error_inside(world: World) -> None:
    with tenancy.acting_as(world.scope("acme")), db.transaction():
        with pytest.raises(LookupError), db.widened("placing an order"):
            raise LookupError
        assert tenancy.current().side is Side.CUSTOMER
        assert db.session().scalars(select(Customer.name)).all() == ["Acme"]
        with pytest.raises(DBAPIError, match="permission denied"), db.savepoint():
            db.session().scalars(select(OrderWholesale)).all()
    with (
        tenancy.acting_as(world.scope("acme")),
        pytest.raises(LookupError),
        db.transaction(widened_because="placing an order"),
    ):
        raise LookupError
    with tenancy.acting_as(world.scope("acme")), db.transaction():
        assert db.session().scalars(select(Customer.name)).all() == ["Acme"]


def test_a_database_error_inside_leaves_no_wide_scope_behind(world: World) -> None:
    with tenancy.acting_as(world.scope("acme")):
        with pytest.raises(DBAPIError), db.transaction(), db.widened("placing an order"):
            db.session().execute(text("SELECT 1 / 0"))
        assert tenancy.current().side is Side.CUSTOMER
        with db.transaction():
            assert db.session().scalars(select(Customer.name)).all() == ["Acme"]


# --- Small print ------------------------------------------------------------------------------------------


def test_foreign_and_missing_are_never_told_apart(world: World) -> None:
    open_portal(world)
    code = world.buys("acme", "patch-y")
    words = []
    for wanted in (code, "ORD-NOWHERE1"):
        with world.acting("zebra"), pytest.raises(orders.Missing) as refusal:
            orders.find(wanted)
        words.append(str(refusal.value))
    assert len(set(words)) == 1


def test_no_relationship_loads_itself() -> None:
    lazy = [
        f"{mapper.class_.__name__}.{name}"
        for mapper in db.Model.registry.mappers
        for name, _ in inspect(mapper).relationships.items()
    ]
    assert lazy == []


def test_lazy_loading_is_refused() -> None:
    class Lazy:
        is_relationship_load, lazy_loaded_from = True, object()

    with pytest.raises(RuntimeError, match="lazy loading"):
        tenancy.no_lazy_surprises(Lazy())  # type: ignore[arg-type]  the two attributes are all that it reads
