"""The books: every entry sums to zero, whoever writes it and however; nothing is changed or deleted
afterwards (QM1)."""

import random
from uuid import UUID

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.sql import func

from billing import ledger
from billing.ledger import Account, JournalEntry, JournalLine, Unbalanced
from core import db
from core.ids import new_id
from core.money import Money
from tests.world import World


def entry(world: World) -> UUID:
    """A journal entry without lines, by plain SQL."""
    made = new_id()
    db.session().execute(
        insert(JournalEntry),
        [
            {
                "distributor_id": world.distributor_id,
                "id": made,
                "at": db.session().info["now"],
                "about": str(made),
                "order_id": None,
            }
        ],
    )
    return made


def line(world: World, entry_id: UUID, minor: int, currency: str = "EUR") -> None:
    row = {
        "distributor_id": world.distributor_id,
        "id": new_id(),
        "entry_id": entry_id,
        "account": Account.STRIPE,
        "minor": minor,
        "currency": currency,
    }
    db.session().execute(insert(JournalLine), [row | {"reseller_id": None}])


@pytest.mark.promise("QM1")
@pytest.mark.parametrize(
    "lines", [[(1, "EUR")], [(5, "EUR"), (-4, "EUR")], [(5, "EUR"), (-5, "USD")]], ids=str
)
def test_the_database_refuses_an_unbalanced_entry_even_of_the_distributor_itself(
    world: World, lines: list[tuple[int, str]]
) -> None:
    def book() -> None:
        with world.acting():
            made = entry(world)
            for minor, currency in lines:
                line(world, made, minor, currency)

    with pytest.raises(IntegrityError, match="does not sum to zero"):
        book()
    with world.acting():
        assert db.session().scalar(select(func.count()).select_from(JournalLine)) == 0


@pytest.mark.promise("QM1")
def test_a_line_added_to_an_old_entry_is_refused(world: World) -> None:
    with world.acting():
        ledger.post(
            "sale", [(Account.STRIPE, Money(5, "EUR"), None), (Account.UNEXPECTED, Money(-5, "EUR"), None)]
        )
    with world.acting():
        old = db.session().scalars(select(JournalEntry.id)).one()
    with pytest.raises(IntegrityError, match="does not sum to zero"), world.acting():
        line(world, old, 1)


@pytest.mark.promise("QM1")
def test_an_entry_cannot_be_hidden_from_the_check_by_another_scope(world: World) -> None:
    elsewhere = text("SELECT set_config('app.distributor_id', :other, true)").bindparams(other=str(new_id()))

    def book_and_look_away() -> None:
        with world.acting():
            line(world, entry(world), 7)
            db.session().execute(elsewhere)

    with pytest.raises(IntegrityError, match="does not sum to zero"):
        book_and_look_away()


@pytest.mark.promise("QM1")
@pytest.mark.parametrize(
    "act", ["UPDATE {} SET distributor_id = distributor_id", "DELETE FROM {}", "TRUNCATE {}"]
)
@pytest.mark.parametrize("table", ["journal_entries", "journal_lines"])
@pytest.mark.parametrize("who", ["northwind", "brightfield", "acme"])
def test_nobody_may_change_or_delete_what_is_booked(world: World, who: str, table: str, act: str) -> None:
    with pytest.raises(DBAPIError, match="permission denied"), world.acting(who):
        db.session().execute(text(act.format(table)))


@pytest.mark.promise("QM1")
def test_a_thousand_random_postings_leave_a_trial_balance_of_zero(world: World) -> None:
    draw = random.Random(20_261_122)
    for batch in range(20):
        with world.acting():
            for number in range(50):
                currency, parts = (
                    draw.choice(["EUR", "JPY", "KWD"]),
                    [draw.randint(-(10**9), 10**9) for _ in range(draw.randint(1, 4))],
                )
                amounts = [Money(minor, currency) for minor in (*parts, -sum(parts))]
                ledger.post(
                    f"{batch}.{number}", [(draw.choice(list(Account)), amount, None) for amount in amounts]
                )
        with world.acting():
            sums = (
                db.session()
                .execute(
                    select(JournalLine.currency, func.sum(JournalLine.minor)).group_by(JournalLine.currency)
                )
                .all()
            )
            assert {total for _, total in sums} == {0}
    with world.acting():
        assert db.session().scalar(select(func.count()).select_from(JournalEntry)) == 1000


def test_a_fact_is_booked_once(world: World) -> None:
    sale = [(Account.STRIPE, Money(5, "EUR"), None), (Account.UNEXPECTED, Money(-5, "EUR"), None)]
    with world.acting():
        ledger.post("sale", sale)
    with pytest.raises(IntegrityError), world.acting():
        ledger.post("sale", sale)


def test_what_does_not_add_up_is_a_bug_before_it_reaches_the_database(world: World) -> None:
    with world.acting():
        with pytest.raises(Unbalanced):
            ledger.post("odd", [(Account.STRIPE, Money(5, "EUR"), None)])
        with pytest.raises(Unbalanced):
            ledger.post(
                "mixed", [(Account.STRIPE, Money(5, "EUR"), None), (Account.FEES, Money(-5, "USD"), None)]
            )
