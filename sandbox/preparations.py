"""Remembers that an installation was prepared by this very code: its next start then need not build static
files, roles and schema once more, which takes longer than all the rest. A changed file, other packages or
another cluster prepare anew, and so does whoever starts after a start that failed. The web refuses to serve
from a database that does not fit, whatever is remembered here."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from sandbox.installations import ROOT

NO_PART = ("node_modules", "instance", "tests", "docs", "benchmarks", "__pycache__")


class Preparations:
    """Of one installation, whose cluster is in its folder and has been started. What counts is the code as it
    is now, whatever is changed while it prepares."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "prepared"
        self.needed = (folder / "postgres" / "PG_VERSION", folder / "static", folder / "demo.json")
        self.mark = _mark([*parts(ROOT), self.needed[0]])

    def recall(self) -> bool:
        """Whether everything is as the last start left it. Forgotten with that: `keep` says it anew."""
        if not self.file.exists():
            return False
        kept = self.file.read_text()
        self.file.unlink()
        return all(path.exists() for path in self.needed) and kept == self.mark

    def keep(self) -> None:
        """This start has come to its end."""
        self.file.write_text(self.mark)


def _mark(files: Iterable[Path]) -> str:
    mark = hashlib.sha256()
    for path in files:
        if path.exists():
            seen = path.stat()
            mark.update(f"{path} {seen.st_size} {seen.st_mtime_ns}\n".encode())
    return mark.hexdigest()


def parts(root: Path) -> Iterator[Path]:
    """Every file that the product or its start consists of."""
    for folder, inside, files in os.walk(root):
        inside[:] = sorted(name for name in inside if not name.startswith((".", *NO_PART)))
        yield from (Path(folder, name) for name in sorted(files))
