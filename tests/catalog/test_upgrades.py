"""Ways from plan to plan: as a graph by itself, and drawn by two people at once."""

from threading import Barrier, Thread
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import editing, upgrades
from catalog.editing import PlanDetails, ProductDetails, TypeDetails
from catalog.products import Audience, Plan
from catalog.upgrades import LeadsBack, Moves, OtherType
from core import db, tenancy
from core.errors import Refused
from core.money import Money
from core.periods import Term
from tests.world import World

A, B, C, D = (uuid5(UUID(int=0), letter) for letter in "ABCD")


@pytest.mark.behaviour("I59")
def test_owners_go_on_by_every_branch_that_begins_at_their_plan() -> None:
    edges = {A: [B, C], B: [D]}
    assert upgrades.paths(edges, A) == [(B, D), (C,)]
    assert upgrades.paths(edges, B) == [(D,)]
    assert upgrades.paths(edges, C) == upgrades.paths(edges, D) == []
    assert upgrades.tree(edges, A) == [
        upgrades.Branch(B, [upgrades.Branch(D, [])]),
        upgrades.Branch(C, []),
    ]


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=25))
def test_edges_that_lead_nowhere_back_never_make_a_circle(wanted: list[tuple[int, int]]) -> None:
    edges: dict[UUID, list[UUID]] = {}
    for begin, end in ((UUID(int=one), UUID(int=other)) for one, other in wanted):
        if begin != end and upgrades.way(edges, end, begin) is None:
            edges.setdefault(begin, []).append(end)
    for start in edges:
        for walked in upgrades.paths(edges, start):
            assert start not in walked
            assert len(set(walked)) == len(walked)
            assert not edges.get(walked[-1]), "a way ends where nothing leads on"


def five_editions(world: World) -> dict[str, UUID]:
    """UEM with the plans Express, Pro, Enterprise, Ultimate and Ultra."""
    with world.acting():
        kind = editing.product_type("cloud")
        product = editing.add_product(
            "uem", kind, ProductDetails("UEM", "Hexnode", "Devices", "Devices.", "")
        )
        return {
            name: editing.add_plan(product, f"uem-{name.lower()}", edition(name, minor), share=1).id
            for name, minor in (
                ("Express", 100), ("Pro", 180), ("Enterprise", 320), ("Ultimate", 450), ("Ultra", 600)
            )
        }  # fmt: skip


def edition(name: str, minor: int) -> PlanDetails:
    return PlanDetails(name, name.upper(), Term.MONTH, Term.MONTH, 1, 5000, Money(minor, "EUR"))


def draw(world: World, source: UUID, target: UUID, moves: Moves = Moves.ALL) -> None:
    with world.acting():
        session = db.session()
        begin, end = (
            session.get(Plan, (world.distributor_id, source)),
            session.get(Plan, (world.distributor_id, target)),
        )
        assert begin
        assert end
        upgrades.add(begin, end, moves)


@pytest.mark.behaviour("I58", "I60")
def test_an_upgrade_stays_in_its_type_never_leads_back_and_brings_its_downgrade(world: World) -> None:
    plans = five_editions(world)
    draw(world, plans["Express"], plans["Pro"], Moves.SOME)
    draw(world, plans["Pro"], plans["Ultra"])
    with pytest.raises(LeadsBack, match="UEM, Ultra → UEM, Express → UEM, Pro → UEM, Ultra"):
        draw(world, plans["Ultra"], plans["Express"])
    with pytest.raises(OtherType, match="Yearly belongs to another product type"):
        draw(world, plans["Express"], world.plan("patch-y").id)
    with world.acting():
        up, down = upgrades.steps(plans["Pro"])
    assert (up.plan, up.moves, up.down) == ("Ultra", Moves.ALL, False)
    assert (down.plan, down.moves, down.down) == ("Express", Moves.SOME, True)


def test_two_edits_at_once_cannot_close_a_circle_together(world: World) -> None:
    plans = five_editions(world)
    ready, outcomes = Barrier(2), list[str]()

    def edit(source: UUID, target: UUID) -> None:
        with tenancy.acting_as(world.scope()):
            try:
                with db.transaction() as session:
                    begin = session.get(Plan, (world.distributor_id, source))
                    end = session.get(Plan, (world.distributor_id, target))
                    assert begin
                    assert end
                    ready.wait(10)
                    upgrades.add(begin, end, Moves.ALL)
            except Refused as refusal:
                outcomes.append(type(refusal).__name__)
            else:
                outcomes.append("added")

    both = [
        Thread(target=edit, args=pair)
        for pair in ((plans["Pro"], plans["Ultra"]), (plans["Ultra"], plans["Pro"]))
    ]
    for one in both:
        one.start()
    for one in both:
        one.join(20)
    assert sorted(outcomes) == ["LeadsBack", "added"]


def test_a_type_is_made_with_its_schema_and_keeps_what_was_sold_with_it(world: World) -> None:
    details = TypeDetails("Cloud", "signed_licence", Audience.CUSTOMER, False, "seat", [30], 30, True, False)
    with world.acting(), pytest.raises(editing.TypeInUse):
        editing.change_type(editing.product_type("cloud"), details)
