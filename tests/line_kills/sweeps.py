"""Which lines of a story are tried, and what came of each. First the story is told by a process to which
nothing happens: it says how many lines there are, and what there is to be in the end."""

import contextlib
import json
import logging
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import httpx

from billing import stripe_gateway
from core import db, doorbell
from tests.line_kills import portraits
from tests.line_kills.stage import Stage
from tests.line_kills.strikes import UNANSWERED, Place, Watch
from tests.sandbox.stripe import world as stripe_world

Variant = Literal["kill", "again", "stop"]
"""Killed once; killed again whenever the next process comes to the same line of code; stopped until others
have taken over, and then woken."""
LONG = 180.0
FROZEN = 0.8
"""Seconds: longer than the send deadline of the tests (`tests/fast_worker.py`)."""


@dataclass(frozen=True)
class Story:
    """`build` makes what was before, `act` is what happens, by people who do again what was not answered;
    `mood` is how the vendor feels."""

    name: str
    act: Callable[[Stage], object]
    build: Callable[[Stage], object] = lambda _stage: None
    mood: tuple[dict[str, object], ...] = ()


@dataclass
class Sweep:
    """One story and how often somebody died in it."""

    stage: Stage
    story: Story
    lines: list[int] = field(default_factory=list[int])
    wanted: dict[str, object] = field(default_factory=dict[str, object])
    seconds: float = 0.0
    tried: int = 0
    missed: int = 0
    found: list[str] = field(default_factory=list[str])

    def count(self) -> "Sweep":
        """The story as nobody disturbs it: once here, so that those who die later have their statements
        compiled, and once to be counted."""
        self._begin()
        self._tell()
        began = time.monotonic()
        self._begin()
        code = self._ends(self._process(Watch(counts=True)))
        self.seconds = time.monotonic() - began
        assert code == 0, f"{self.story.name} does not come to its end:\n{self._said()}"
        self.lines = json.loads((self.stage.folder / "lines.json").read_text())
        self.wanted = self.stage.portrait()
        faults = self.stage.faults(deaths=0)
        assert not faults, f"{self.story.name}, undisturbed: {faults}"
        return self

    def places(self, each: int, chance: random.Random) -> Iterator[Place]:
        """Within every moment, and after it: the first line, the last, and others, `each` in all."""
        for moment, lines in enumerate(self.lines):
            yield Place(moment, UNANSWERED)
            chosen = {1, lines} if each > 1 else set[int]()
            chosen |= set(chance.sample(range(1, lines + 1), min(lines, each)))
            yield from (Place(moment, line) for line in sorted(chosen)[:each] if 0 < line <= lines)

    def every(self) -> Iterator[Place]:
        """Every line that was executed."""
        for moment, lines in enumerate(self.lines):
            yield from (Place(moment, line) for line in range(1, lines + 1))

    def strike(self, place: Place, variant: Variant = "kill") -> list[str]:
        """Somebody dies there, and a clean process goes on; what is wrong then."""
        self._begin()
        self.tried += 1
        where = self.stage.folder / "where"
        where.unlink(missing_ok=True)
        watch = Watch(place, mode="stop" if variant == "stop" else "kill", note=where.write_text)
        pid = self._process(watch)
        wrong = self._frozen(pid) if variant == "stop" else self._dead(self._ends(pid))
        line = where.read_text() if where.exists() else ""
        if not line:
            self.missed += 1
        if variant == "again" and line:
            self.stage.time_passes()
            wrong += self._dead(self._ends(self._process(Watch(at=line))))
        self.stage.time_passes()
        if self._ends(self._process(Watch())) != 0:
            wrong.append(f"whoever went on did not come to the end:\n{self._said()}")
        else:
            wrong += portraits.difference(self.wanted, self.stage.portrait())
        wrong += self.stage.faults(deaths=2 if variant == "again" else 1)
        if wrong:
            self.found += [f"{self.story.name} {variant} {place} at {line}: {one}" for one in wrong]
        return wrong

    def _begin(self) -> None:
        self.stage.watch = Watch()
        self.stage.set(self.story.name, self.story.build)
        self.stage.vendor.feels(*self.story.mood)
        (self.stage.folder / "said").write_text("")

    def _dead(self, code: int) -> list[str]:
        """Killed, or at its end because it never came to the place."""
        return [] if code in (0, -signal.SIGKILL) else [f"it ended with {code} by itself:\n{self._said()}"]

    def _frozen(self, pid: int) -> list[str]:
        """It stands still; its leases end, others work for a while; it wakes and goes on."""
        if not self._stands(pid):
            return self._dead(self._ends(pid))
        self.stage.time_passes()
        other = self._process(Watch(), act=lambda: self._a_while())
        time.sleep(FROZEN)
        os.kill(pid, signal.SIGCONT)
        self._ends(other)
        return self._dead(self._ends(pid))

    def _a_while(self) -> None:
        """A worker takes what it can get."""
        with contextlib.suppress(Exception):
            self.stage.work(1)
            self.stage.ring()
            self.stage.work(1)

    @staticmethod
    def _stands(pid: int) -> bool:
        """Whether it stops itself before it ends."""
        until = time.monotonic() + LONG
        while time.monotonic() < until:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            if state in "TZ":
                return state == "T"
            time.sleep(0.005)
        raise TimeoutError("it neither stops nor ends")

    # --- Processes ---

    def _process(self, watch: Watch, act: Callable[[], object] | None = None) -> int:
        """A process with everything loaded, and nothing open."""
        db.reset()
        doorbell.connection().close()
        pid = os.fork()
        if pid:
            return pid
        try:
            self._become(watch)
            (act or self._tell)()
            if not act:
                with watch.aside():
                    (self.stage.folder / "lines.json").write_text(json.dumps(watch.lines))
            os._exit(0)
        except BaseException:
            logging.exception("the process ends")
        finally:
            os._exit(1)

    def _become(self, watch: Watch) -> None:
        output = os.open(self.stage.folder / "said", os.O_WRONLY | os.O_APPEND)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdout = sys.stderr = os.fdopen(2, "w", buffering=1)
        logging.basicConfig(stream=sys.stderr, force=True)
        db.reset()
        doorbell.connection.cache_clear()
        doorbell.queue.cache_clear()
        stripe_world.BROWSER = httpx.Client()
        stripe_gateway._client.cache_clear()
        self.stage.watch = watch
        if watch.counts or watch.place or watch.at:
            watch.begin()

    def _tell(self) -> None:
        self.story.act(self.stage)
        self.stage.finish()

    def _ends(self, pid: int) -> int:
        until = time.monotonic() + LONG
        while True:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > until:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                return 99
            time.sleep(0.004)

    def _said(self) -> str:
        return (self.stage.folder / "said").read_text()[-6000:]
