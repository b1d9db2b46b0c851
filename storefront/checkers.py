"""An invariant of a living installation, as the doctor asks for it: in SQL, so that it shares no code with
what it checks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Checker:
    """An invariant: `sql` finds what breaks it, `words` says so with the columns of a row."""

    name: str
    promise: str
    sql: str
    words: str
