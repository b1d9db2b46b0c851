"""Worlds in which much has happened: each is played once in a test process, and kept as a template."""

from collections.abc import Callable
from typing import Any, TypeVar

from core import db, doorbell
from sandbox.servers import Postgres
from tests.copies import Copies, on_server

Thing = TypeVar("Thing")


class Scenes:
    """What was built upon a fresh copy of the world, by name, with the database as it was then."""

    def __init__(self, server: Postgres, owner: str) -> None:
        self._server, self._owner = server, owner
        self._kept: dict[str, tuple[Any, Copies]] = {}

    def begin(self, name: str, build: Callable[[], Thing]) -> Thing:
        """What `build` gave back, over a copy of the database as it left it. It gives the same thing each
        time; whoever changes it copies it first."""
        if name not in self._kept:
            built = build()
            db.reset()
            template = f"shop_scene_{len(self._kept)}"
            on_server(self._server, f"CREATE DATABASE {template} TEMPLATE shop OWNER {self._owner}")
            self._kept[name] = (built, Copies(self._server, template, "shop", self._owner))
        built, copies = self._kept[name]
        db.reset()
        doorbell.connection().flushall()
        copies.fresh()
        return built

    def close(self) -> None:
        """The server may stop."""
        for _built, copies in self._kept.values():
            copies.close()
