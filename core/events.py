"""Past-tense facts with ids. What follows a fact is read in one table (app.py: REACTIONS): a *now* reaction
runs in the same transaction and may refuse; a *later* reaction becomes a durable task in the same
transaction. Nothing is sent before the commit."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from core import db, tasks


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all facts; fields are ids and short words only."""


@dataclass(frozen=True, slots=True)
class Later:
    """A reaction as a durable task of `kind`; `key` names the field that makes it unique (one mail per object
    and event)."""

    kind: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class ForAll:
    """A now-reaction to several events at once: where many things happen in one transaction, it asks the
    database once for all of them (`together`)."""

    act: Callable[[Sequence[Any]], object]


Reaction = Callable[[Any], object] | Later | ForAll
Reactions = Mapping[type[Event], Sequence[Reaction]]

_reactions: dict[type[Event], Sequence[Reaction]] = {}


def install(reactions: Reactions) -> None:
    """Called once by app.py."""
    _reactions.clear()
    _reactions.update(reactions)


@dataclass(slots=True)
class _Gathered:
    """What is told, and what becomes a task, at the end of `together`."""

    events: dict[ForAll, list[Event]] = field(default_factory=dict[ForAll, list[Event]])
    tasks: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


_gathered: ContextVar[_Gathered | None] = ContextVar("gathered", default=None)


@contextmanager
def together() -> Generator[None]:
    """For a transaction in which many things happen: reactions that are `ForAll`, and tasks, wait for the end
    of the block. When the block fails nothing of them happens; what is published in a savepoint, which may be
    undone by itself, does not wait."""
    gathered = _Gathered()
    token = _gathered.set(gathered)
    try:
        yield
    finally:
        _gathered.reset(token)
    for reaction, events in gathered.events.items():
        reaction.act(events)
    tasks.add_rows(gathered.tasks)


def publish(event: Event) -> None:
    """Says that something happened, in the transaction that made it happen."""
    gathered = None if db.session().in_nested_transaction() else _gathered.get()
    for reaction in _reactions.get(type(event), ()):
        if isinstance(reaction, Later):
            new = _task(reaction, event)
            gathered.tasks.append(new) if gathered else tasks.add_rows([new])
        elif not isinstance(reaction, ForAll):
            reaction(event)
        elif gathered:
            gathered.events.setdefault(reaction, []).append(event)
        else:
            reaction.act([event])


def _task(reaction: Later, event: Event) -> dict[str, Any]:
    values = {name: str(value) if isinstance(value, UUID) else value for name, value in asdict(event).items()}
    unique = f"{reaction.kind}:{values[reaction.key]}" if reaction.key else None
    return tasks.row(reaction.kind, values, key=unique)
