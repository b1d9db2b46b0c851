"""The distributor finds a customer among few and among very many."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from core import db, doors
from core.ids import new_code, new_id
from core.parties import Customer
from partners import customer_search
from tests.visits import Visit
from tests.world import World


def add(world: World, reseller: str, names: list[str]) -> None:
    with world.acting():
        now = db.session().info["now"]
        for name in names:
            db.add(
                Customer(
                    reseller_id=world.resellers[reseller],
                    company_id=new_id(),
                    code=new_code("CUS"),
                    name=name,
                    email="it@somewhere.example",
                    created_at=now,
                )
            )


@pytest.fixture
def found(world: World, nora: Visit) -> Callable[[str], list[str]]:
    """What the distributor's list shows for some words, by name."""

    def search(words: str) -> list[str]:
        shown = nora.get("/distributor/customers.csv", q=words).text.splitlines()[1:]
        return [line.split(",")[0] for line in shown]

    return search


def test_a_customer_is_found_by_a_part_of_its_name_its_code_or_its_reseller(
    world: World, found: Callable[[str], list[str]]
) -> None:
    add(world, "harbour", ["100 % Sail", "1000 Sails", "Under_score"])
    assert found("SAIL") == ["100 % Sail", "1000 Sails"]
    assert (found("0 %"), found("r_s"), found("a%l")) == (["100 % Sail"], ["Under_score"], [])
    with world.acting():
        code = db.session().scalars(select(Customer.code).where(Customer.name == "Under_score")).one()
    assert found(code.lower()) == ["Under_score"]
    assert {"100 % Sail", "1000 Sails", "Under_score"} <= set(found("arbou"))
    assert "Acme" not in found("arbou")
    with world.acting("harbour"):  # the door is the distributor's
        assert doors.call_here(customer_search.FIND, {"p_part": "%Sail%", "p_code": "", "p_most": 9}) == []


def test_words_that_very_many_have_find_all_of_them(world: World, found: Callable[[str], list[str]]) -> None:
    many = [f"Works {number:04}" for number in range(customer_search.FEW + 5)]
    add(world, "harbour", many)
    assert found("works") == many
    assert found("works 0003") == ["Works 0003"]
