"""Rendered pieces of pages, kept in process under the versions they depend on. A fragment holds
no token, person or basket; its key holds everything it depends on, so a price change shows on the next
request and one shop's pieces never show in another. They are kept as the bytes that are sent: text with one
euro sign takes twice the memory, and would be encoded again for every answer."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sized
from threading import Lock
from typing import Generic, TypeVar

from core.settings import settings

OVERHEAD = 600  # bytes of a key and its place in the order, roughly


class Piece(bytes):
    """Markup as it is sent. Templates may put it into a page as it is."""

    def __html__(self) -> str:
        """Our own templates drew it and escaped what they were given."""
        return self.decode()


K = TypeVar("K", bound=Sized)


class Fragments(Generic[K]):
    """Least recently used first out, by bytes."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.size = 0
        self._kept: OrderedDict[Hashable, K] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], K]) -> K:
        """What is kept under this key, made now if it is not there."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        made = make()
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self.size += len(made) + OVERHEAD
                while self.size > self.capacity and self._kept:
                    _, dropped = self._kept.popitem(last=False)
                    self.size -= len(dropped) + OVERHEAD
        return made

    def clear(self) -> None:
        """Forgets everything (tests and benchmarks)."""
        with self._lock:
            self._kept.clear()
            self.size = 0


class Pieces(dict[str, Piece]):
    """The pieces of one page, kept together: one look instead of one for each."""

    def __len__(self) -> int:
        """Their bytes."""
        return sum(map(len, self.values()))


class Frame:
    """A page with slots: what stands between them, and their names in order."""

    def __init__(self, between: list[bytes], names: list[str]) -> None:
        self.between, self.names = between, names

    def __len__(self) -> int:
        """Its bytes."""
        return sum(map(len, self.between))

    def filled(self, values: dict[str, bytes]) -> bytes:
        """The page with something in each slot."""
        parts: list[bytes] = [b""] * (2 * len(self.names) + 1)
        parts[0::2] = self.between
        parts[1::2] = [values[name] for name in self.names]
        return b"".join(parts)


FRAGMENTS: Fragments[Pieces] = Fragments(settings().fragment_bytes)
SHARED: Fragments[Pieces] = Fragments(4 * 1024 * 1024)
"""Pieces that many pages share, such as the facets of a list: pages that nobody has seen for long never push
them out."""
FRAMES: Fragments[Frame] = Fragments(4 * 1024 * 1024)
"""Frames of pages (storefront.pages.kept): few per shop, so that pieces never push them out."""
