"""The direct connection of a worker: it claims tasks and holds a session-level advisory lock on each
(docs/architecture.md, durable tasks). The locks outlive a frozen worker's lease and end with its connection;
behind a transaction pooler they would protect nothing."""

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from core import addresses, claims
from core.settings import settings
from core.tasks import Claimed, Limits

DEFAULT_LEASE = timedelta(seconds=25)


class LocksLost(RuntimeError):
    """The connection that held our locks is gone: others may have our tasks."""


class Locks:
    """What this worker holds. Once `lost`, it stays lost: whoever goes on needs a new one."""

    def __init__(self) -> None:
        self._connection = psycopg.connect(
            addresses.conninfo(settings().database_url),
            autocommit=True,
            connect_timeout=5,
            application_name="storefront-locks",
        )
        self.held: set[UUID] = set()
        self.lost = False

    def claim(self, worker: UUID, wanted: int, lanes: dict[str, Limits]) -> list[Claimed]:
        """Due tasks with lease and lock; those whose lock somebody else holds are left to them. A task that
        has been under way with us for longer than its lease is no new one: the server gives a lock once more
        to whoever has it, so its lease was renewed, that is all."""
        limits = {
            lane: {"slots": able.slots, "lease": f"{able.lease.total_seconds()} seconds"}
            for lane, able in lanes.items()
        }
        asked = [worker, wanted, Jsonb(limits), DEFAULT_LEASE]
        rows = self._ask(f"SELECT * FROM {claims.CLAIM}(%s, %s, %s, %s)", asked)  # noqa: S608 a name of ours
        claimed = [Claimed(*row) for row in rows]
        again = [_key(task.id) for task in claimed if task.id in self.held]
        claimed = [task for task in claimed if task.id not in self.held]
        self.held.update(task.id for task in claimed)
        if again:
            self._unlock(again)
        return claimed

    def take_again(self, task_ids: Iterable[UUID]) -> None:
        """After the old connection was lost: the locks of what is still under way, as far as nobody else has
        them."""
        keys = {_key(task_id): task_id for task_id in task_ids}
        rows = (
            self._ask("SELECT k, pg_try_advisory_lock(k) FROM unnest(%s::bigint[]) k", [list(keys)])
            if keys
            else []
        )
        self.held.update(keys[key] for key, taken in rows if taken)

    def keep(self, task_ids: Collection[UUID]) -> None:
        """Gives back every lock but these."""
        done = self.held.difference(task_ids)
        if done and not self.lost:
            self._unlock([_key(task_id) for task_id in done])
            self.held -= done

    def _unlock(self, keys: list[int]) -> None:
        self._ask("SELECT pg_advisory_unlock(k) FROM unnest(%s::bigint[]) k", [keys])

    def close(self) -> None:
        """Ends the connection and with it every lock."""
        self.lost = True
        self._connection.close()

    def _ask(self, query: Any, parameters: list[Any]) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(query, parameters).fetchall()
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            self.lost = True
            raise LocksLost("the connection that held our locks is gone") from error


def _key(task_id: UUID) -> int:
    """The lock's number: the random half of the id, as the claim computes it too."""
    return int.from_bytes(task_id.bytes[8:], "big", signed=True)
