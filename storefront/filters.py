"""Filters of lists. An address names a filter, one of its operators and a value; what that means as a
condition is written here and in the list's declaration, never taken from the address (QS4). Conditions are
AND-ed to what the scope shows already. A value that cannot be read is left out and said."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, not_, or_
from werkzeug.datastructures import MultiDict

from core import money
from core.languages import _

Options = Sequence[tuple[str, str]]
MOST_VALUES = 20
LONGEST_SAID = 40


@dataclass(frozen=True, slots=True)
class Control:
    """One field of the filter bar as the templates draw it; `kind` is "choice", "day" or "amount"."""

    name: str
    label: str
    kind: str
    value: str
    options: Options = ()


@dataclass(slots=True)
class Read:
    """What an address says to one filter."""

    conditions: list[ColumnElement[bool]] = field(default_factory=list[ColumnElement[bool]])
    kept: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    controls: list[Control] = field(default_factory=list[Control])
    problems: list[str] = field(default_factory=list[str])


class Filter(Protocol):
    """Something a list can be narrowed by."""

    @property
    def name(self) -> str: ...
    @property
    def operators(self) -> tuple[str, ...]: ...
    def read(self, given: MultiDict[str, str]) -> Read: ...


def said(text: str) -> str:
    """A word of the address, short enough to be repeated to its reader."""
    return f"“{text[:LONGEST_SAID]}{'…' if len(text) > LONGEST_SAID else ''}”"


@dataclass(frozen=True)
class Choice:
    """One of a few words. `state=paid` is that word, repeated it is any of them, `state.not=paid` is all but
    it. `meaning` turns a word that was offered into its condition."""

    name: str
    label: str
    options: Options
    meaning: Callable[[str], ColumnElement[bool]]
    any_word: str = ""
    operators: tuple[str, ...] = ("", "not")

    def read(self, given: MultiDict[str, str]) -> Read:
        """Words that nobody offered are left out."""
        found, offered = Read(), dict(self.options)
        for operator in self.operators:
            name = f"{self.name}.{operator}" if operator else self.name
            words = list(dict.fromkeys(word for word in given.getlist(name) if word))[:MOST_VALUES]
            known = [word for word in words if word in offered]
            found.problems += [
                _(
                    "%(word)s is not offered here (%(filter)s), so it was left out.",
                    word=said(word),
                    filter=self.label,
                )
                for word in words
                if word not in offered
            ]
            if known:
                meant = or_(*(self.meaning(word) for word in known))
                found.conditions.append(not_(meant) if operator else meant)
                found.kept[name] = known
        chosen = found.kept.get(self.name, [""])[0]
        found.controls.append(
            Control(self.name, self.label, "choice", chosen, [("", self.any_word or _("Any")), *self.options])
        )
        return found


@dataclass(frozen=True)
class Days:
    """From one day to another, both included, in UTC."""

    name: str
    label: str
    column: Any
    operators: tuple[str, ...] = ("from", "to")

    def read(self, given: MultiDict[str, str]) -> Read:
        """`placed.from=2026-11-01`."""
        found = Read()
        ends = {"from": _("%(what)s from", what=self.label), "to": _("%(what)s to", what=self.label)}
        for operator in self.operators:
            name = f"{self.name}.{operator}"
            text = given.get(name, "").strip()
            day = _day(text)
            if text and day is None:
                found.problems.append(
                    _("%(text)s is no day; write it as 2026-11-30. The filter was left out.", text=said(text))
                )
            elif day is not None:
                found.conditions.append(
                    self.column >= day if operator == "from" else self.column < day + timedelta(days=1)
                )
                found.kept[name] = [text]
            found.controls.append(Control(name, ends[operator], "day", text if day is not None else ""))
        return found


def _day(text: str) -> datetime | None:
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    if day is None or not 1990 <= day.year <= 2200:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


@dataclass(frozen=True)
class Amounts:
    """At least and at most, in one currency: amounts of other currencies are not compared with it."""

    name: str
    label: str
    minor: Any
    currency_column: Any
    currency: str
    operators: tuple[str, ...] = ("least", "most")

    def read(self, given: MultiDict[str, str]) -> Read:
        """`total.least=100.00`."""
        found, filled = Read(), {"what": self.label, "currency": self.currency}
        labels = {
            "least": _("%(what)s at least (%(currency)s)", **filled),
            "most": _("%(what)s at most (%(currency)s)", **filled),
        }
        for operator in self.operators:
            name = f"{self.name}.{operator}"
            text = given.get(name, "").strip()
            amount = None
            if text:
                try:
                    amount = money.parse(text[:40], self.currency).minor
                except ValueError:
                    found.problems.append(
                        _(
                            "%(text)s is no amount in %(currency)s. The filter was left out.",
                            text=said(text),
                            currency=self.currency,
                        )
                    )
            if amount is not None:
                compared = self.minor >= amount if operator == "least" else self.minor <= amount
                found.conditions.append(and_(self.currency_column == self.currency, compared))
                found.kept[name] = [text]
            found.controls.append(
                Control(name, labels[operator], "amount", text if amount is not None else "")
            )
        return found


def stray(given: Mapping[str, Any], filters: Sequence[Filter]) -> list[str]:
    """Operators that a filter does not have: said, never tried."""
    known = {f"{one.name}.{operator}" for one in filters for operator in one.operators}
    names = {one.name for one in filters}
    return [
        _("%(name)s is no filter of this list, so it was left out.", name=said(name))
        for name in given
        if "." in name and name.split(".", 1)[0] in names and name not in known
    ][:5]
