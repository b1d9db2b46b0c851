"""Lives are tables. `move` is the only way a state changes; it writes the trail row in the same transaction (decision 8, QP8)."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from core import trail
from core.errors import Conflict


class IllegalMove(Conflict):
    """The state table does not list this move."""

    def __init__(self, what: str, was: str, to: str) -> None:
        super().__init__(f"This {what} is {was.replace('_', ' ')}, so it cannot become {to.replace('_', ' ')}.")


class Living(trail.Tracked, Protocol):
    """An object with a state and the table of its life."""

    LIFE: "Transitions"
    state: StrEnum


class Transitions(dict[StrEnum, frozenset[StrEnum]]):
    """state -> states it may become. Closed and reachable, checked by a test over every table in `TABLES`."""

    def __init__(self, moves: Mapping[StrEnum, Sequence[StrEnum]], *, first: StrEnum) -> None:
        super().__init__({state: frozenset(targets) for state, targets in moves.items()})
        self.first = first
        TABLES.append(self)

    def unreachable(self) -> set[StrEnum]:
        """States no path from the first leads to."""
        seen = {self.first}
        queue = [self.first]
        while queue:
            for target in self.get(queue.pop(), frozenset()) - seen:
                seen.add(target)
                queue.append(target)
        return set(self) - seen


TABLES: list[Transitions] = []


def move(thing: Living, to: StrEnum, *, why: str = "", **detail: object) -> None:
    """Changes the state, or raises IllegalMove. The caller's transaction holds both the change and its trail row."""
    was = thing.state
    if to not in thing.LIFE[was]:
        raise IllegalMove(type(thing).__name__.lower(), was, to)
    thing.state = to
    trail.write(thing, f"{was} -> {to}", why=why, **detail)
