"""Lives are tables. `move` is the only way a state changes; it writes the trail row in the same transaction
(QP8)."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from core import trail
from core.errors import Conflict
from core.languages import _
from core.tenancy import DistributorOwned


class IllegalMove(Conflict):
    """The state table does not list this move."""

    def __init__(self, what: str, was: str, to: str) -> None:
        super().__init__(
            _(
                "This %(what)s is %(was)s, so it cannot become %(to)s.",
                what=what,
                was=was.replace("_", " "),
                to=to.replace("_", " "),
            )
        )


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


def move(
    thing: DistributorOwned,
    to: StrEnum,
    *,
    why: str = "",
    told: Mapping[str, object] | None = None,
    **detail: object,
) -> None:
    """Changes the `state` of a row whose class has a table `LIFE`, or raises IllegalMove. The caller's
    transaction holds both the change and its trail row."""
    living: Any = thing
    was: StrEnum = living.state
    if to not in living.LIFE[was]:
        raise IllegalMove(type(thing).__name__.lower(), was, to)
    living.state = to
    trail.write(thing, f"{was} -> {to}", why=why, told=told, **detail)
