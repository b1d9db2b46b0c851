"""Rendered pieces of pages, kept in process under the versions they depend on (decision 14). A fragment holds
no token, person or basket; its key holds everything it depends on, so a price change shows on the next
request and one shop's pieces never show in another."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

from markupsafe import Markup

from core.settings import settings


class Fragments:
    """Least recently used first out, by bytes."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.size = 0
        self.hits = 0
        self.misses = 0
        self._kept: OrderedDict[Hashable, Markup] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], str]) -> Markup:
        """The piece under this key, made now if it is not there."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                self.hits += 1
                return found
            self.misses += 1
        made = Markup(make())  # noqa: S704 `make` draws a template, whose values are escaped there
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self.size += len(made)
                while self.size > self.capacity:
                    _, dropped = self._kept.popitem(last=False)
                    self.size -= len(dropped)
        return made

    def clear(self) -> None:
        """Forgets everything (tests and benchmarks)."""
        with self._lock:
            self._kept.clear()
            self.size = 0


FRAGMENTS = Fragments(settings().fragment_bytes)
FRAMES = Fragments(4 * 1024 * 1024)
"""Frames of pages (storefront.pages.kept): few per shop, so that pieces never push them out."""
