"""The records: a small JSON file, replaced as a whole whenever one is set or taken away."""

import json
import threading
from pathlib import Path

MOST = 200


class Records:
    """TXT records by name; several values may stand under one."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file, self._lock = folder / "records.json", threading.Lock()
        self._known: dict[str, list[str]] = (
            json.loads(self._file.read_text(encoding="utf-8")) if self._file.exists() else {}
        )

    def all(self) -> list[tuple[str, str]]:
        """Every (name, value), by name."""
        with self._lock:
            return [(name, value) for name in sorted(self._known) for value in self._known[name]]

    def of(self, name: str) -> list[str]:
        """The values under a name, whatever its case and with or without its final dot."""
        with self._lock:
            return list(self._known.get(_plain(name), ()))

    def add(self, name: str, value: str) -> None:
        """Sets one more value; the same again changes nothing."""
        with self._lock:
            values = self._known.setdefault(_plain(name), [])
            if value not in values and sum(map(len, self._known.values())) < MOST:
                values.append(value)
            self._write()

    def remove(self, name: str, value: str) -> None:
        """Takes one value away."""
        with self._lock:
            values = self._known.get(_plain(name), [])
            if value in values:
                values.remove(value)
            if not values:
                self._known.pop(_plain(name), None)
            self._write()

    def _write(self) -> None:
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps(self._known, indent=2), encoding="utf-8")
        draft.replace(self._file)


def _plain(name: str) -> str:
    return name.strip().rstrip(".").lower()
