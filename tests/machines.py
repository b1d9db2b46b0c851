"""The servers that the tests start: those of the wheels, or others of this machine (docs/testing.md):
TEST_POSTGRES_BIN names a folder with initdb and postgres, TEST_REDIS_SERVER a redis-server."""

import os
from collections.abc import Mapping
from pathlib import Path

from sandbox.servers import Postgres, Valkey


def postgres(data: Path, settings: Mapping[str, str]) -> Postgres:
    """A PostgreSQL that is not started yet."""
    named = os.environ.get("TEST_POSTGRES_BIN")
    return Postgres(data, settings=settings, bin_dir=Path(named) if named else None)


def valkey(data: Path) -> Valkey:
    """A Valkey or Redis that is not started yet."""
    named = os.environ.get("TEST_REDIS_SERVER")
    return Valkey(data, binary=Path(named) if named else None)
