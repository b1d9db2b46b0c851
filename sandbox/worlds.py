"""The files of the demo world (sandbox/data) as values."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from core.tenancy import Scope, Side

DATA = Path(__file__).parent / "data"
FILES = (
    "catalogue.toml",
    "world.toml",
    "programmes.toml",
    "conditions.toml",
    "relations.toml",
    "quotes.toml",
)

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Demo:
    """The world as its file tells it, and whose it is in the database."""

    world: Entry
    distributor_id: UUID

    def scope(self) -> Scope:
        """The distributor's."""
        return Scope(Side.DISTRIBUTOR, self.distributor_id)


def fingerprint() -> str:
    """Changes when the files of the demo world change."""
    content = b"".join((DATA / name).read_bytes() for name in FILES)
    return hashlib.sha256(content).hexdigest()
