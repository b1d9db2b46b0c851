"""Past-tense facts with ids. What follows a fact is read in one table (app.py: REACTIONS): a *now* reaction
runs in the same transaction and may refuse; a *later* reaction becomes a durable task in the same
transaction (decision 5). Nothing is sent before the commit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from core import tasks


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all facts; fields are ids and short words only."""


@dataclass(frozen=True, slots=True)
class Later:
    """A reaction as a durable task of `kind`; `key` names the field that makes it unique (one mail per object
    and event)."""

    kind: str
    key: str = ""


Reaction = Callable[[Any], object] | Later
Reactions = Mapping[type[Event], Sequence[Reaction]]

_reactions: dict[type[Event], Sequence[Reaction]] = {}


def install(reactions: Reactions) -> None:
    """Called once by app.py."""
    _reactions.clear()
    _reactions.update(reactions)


def publish(event: Event) -> None:
    """Says that something happened, in the transaction that made it happen."""
    for reaction in _reactions.get(type(event), ()):
        if isinstance(reaction, Later):
            values = {
                name: str(value) if isinstance(value, UUID) else value
                for name, value in asdict(event).items()
            }
            unique = f"{reaction.kind}:{values[reaction.key]}" if reaction.key else None
            tasks.add(reaction.kind, values, key=unique)
        else:
            reaction(event)
