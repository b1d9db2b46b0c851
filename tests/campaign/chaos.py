"""What is done to the town: processes killed and frozen, Valkey wiped, the database restarted."""

import argparse
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import redis

from tests.campaign import towns
from tests.campaign.towns import Town

FROZEN = 5.0
LIFELINE = 10.0  # seconds within which workers end whose web server was killed; half of one when idle
KILLED = (
    "web",
    "web worker",
    "worker-1",
    "worker-2",
    "worker-1",
    "worker-2",
    "dispatcher",
    "stripe",
    "vendor",
    "valkey",
)
STOPPED = ("web worker", "worker-1", "worker-2", "dispatcher")


class Chaos:
    """A shuffled list of strikes, dealt out evenly over the orders."""

    def __init__(self, town: Town, given: argparse.Namespace) -> None:
        self.town = town
        self.strikes: list[Callable[[], str]] = [
            lambda: self._signal(random.choice(KILLED), signal.SIGKILL) for _ in range(given.kills)
        ]
        self.strikes += [lambda: self._freeze(random.choice(STOPPED)) for _ in range(given.stops)]
        self.strikes += [self._flush] * given.flushes + [self._restart] * given.restarts
        random.shuffle(self.strikes)
        self.total, self.done = len(self.strikes), Counter[str]()
        self.outlived: set[str] = set()
        self._frozen: list[tuple[float, int]] = []

    def go_on(self, progress: float) -> None:
        """The next strike, when it is due; frozen processes wake after their time."""
        self.thaw(time.monotonic())
        if self.strikes and self.total - len(self.strikes) < progress * self.total:
            what = self.strikes[-1]()
            if what:  # else what was to be struck is just being started: later
                self.done[what] += 1
                self.strikes.pop()

    def thaw(self, now: float) -> None:
        for due, pid in [entry for entry in self._frozen if entry[0] <= now]:
            self._frozen.remove((due, pid))
            send(pid, signal.SIGCONT)

    def _signal(self, name: str, number: signal.Signals) -> str:
        pid = self.town.pid(name)
        workers = self.town.web_workers() if name == "web" else []
        if not pid or not send(pid, number):
            return ""
        self._see_them_end(workers)
        return f"{number.name} {name.rstrip('-12')}"

    def _see_them_end(self, workers: list[int]) -> None:
        """Nothing helps them: the web is started again only afterwards, and would end what is left. Those
        that are frozen cannot notice anything."""
        frozen = {pid for _until, pid in self._frozen}
        for pid in set(workers) - frozen:
            with suppress(TimeoutError):
                towns.until(lambda pid=pid: not lives(pid), LIFELINE)
            if lives(pid):
                self.outlived.add(f"process {pid}")

    def _freeze(self, name: str) -> str:
        pid = self.town.pid(name)
        if not pid or not send(pid, signal.SIGSTOP):
            return ""
        self._frozen.append((time.monotonic() + FROZEN, pid))
        return f"SIGSTOP {FROZEN:.0f} s {name.rstrip('-12')}"

    def _flush(self) -> str:
        try:
            redis.Redis.from_url(self.town.valkey.url).flushall()
        except redis.RedisError:
            return ""
        return "FLUSHALL"

    def _restart(self) -> str:
        self.town.postgres.restart_immediate()
        return "database restart, immediate"


def send(pid: int, number: signal.Signals) -> bool:
    """Whether there was somebody to get it."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def lives(pid: int) -> bool:
    """Whether it runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
