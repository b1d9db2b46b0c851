"""What a transaction in which many things happen does once, for all of them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from core import db, events
from core.events import Event, ForAll, Later
from core.tasks import Task
from tests.world import World


@dataclass(frozen=True, slots=True)
class Rang(Event):
    """Something that happens often."""

    who: str


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What a reaction to all of them was told, each time."""
    told: list[list[str]] = []

    def listen(rings: Sequence[Rang]) -> None:
        told.append([ring.who for ring in rings])

    monkeypatch.setattr(events, "_reactions", {Rang: [ForAll(listen), Later("mail_rang", key="who")]})
    return told


def mails() -> list[str]:
    db.flush()
    return sorted(
        task.args["who"] for task in db.session().scalars(select(Task).where(Task.kind == "mail_rang"))
    )


def test_what_happens_together_is_told_once_at_the_end(world: World, heard: list[list[str]]) -> None:
    with world.acting():
        with events.together():
            for who in ("anna", "ben", "carl"):
                events.publish(Rang(who))
            assert (heard, mails()) == ([], [])
        assert (heard, mails()) == ([["anna", "ben", "carl"]], ["anna", "ben", "carl"])
        events.publish(Rang("dora"))
        assert (heard[1:], mails()[3:]) == ([["dora"]], ["dora"])


def test_what_a_savepoint_undoes_has_never_happened(world: World, heard: list[list[str]]) -> None:
    with world.acting():
        with events.together():
            events.publish(Rang("kept"))
            with suppress(ZeroDivisionError), db.savepoint():
                events.publish(Rang("undone"))
                raise ZeroDivisionError
        assert mails() == ["kept"]


def test_a_block_that_fails_tells_nobody(world: World, heard: list[list[str]]) -> None:
    with world.acting():
        with suppress(ZeroDivisionError), events.together():
            events.publish(Rang("anna"))
            raise ZeroDivisionError
        assert (heard, mails()) == ([], [])
