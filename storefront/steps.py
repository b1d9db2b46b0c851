"""A step of an order's progress, as parts/progress.html draws it."""

from dataclasses import dataclass

from storefront.moments import Moment


@dataclass(frozen=True, slots=True)
class Step:
    """`state`: done, now, todo, wait or wrong."""

    state: str
    title: str
    words: str | None = None
    time: Moment | None = None
    detail: str | None = None
