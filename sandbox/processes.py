"""Keeping a list of processes alive: started in stages, restarted when they die, reaped, stopped in the
opposite order.

A keeper knows nothing about what it keeps. It starts children from the thread that calls it and must be
called again and again (`watch`), since nothing here runs in the background.
"""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sandbox import children

WAITS = (0.1, 0.5, 1, 2, 5, 10, 30)
"""Seconds before the first, second, ... restart in a row."""

STEADY = 60.0
"""Seconds after which a process counts as healthy again and its waits begin anew."""


class StepFailed(RuntimeError):
    """A step of the start ended badly; the message ends with the last lines of its log."""


class Stopped(Exception):
    """Somebody asked to stop while a step was running."""


@dataclass(frozen=True)
class Process:
    """A command with a name; `count` of it run, and each has `patience` seconds to end when told to."""

    name: str
    command: Sequence[str | Path]
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    count: int = 1
    patience: float = 10


class Kept(Protocol):
    """What a keeper can keep alive: a replica of a process, or a server."""

    @property
    def pid(self) -> int | None: ...
    def start(self) -> object: ...
    def stop(self) -> None: ...


class Replica:
    """One running copy of a process; its output goes to its own log."""

    def __init__(self, process: Process, name: str, *, env: Mapping[str, str], logs: Path) -> None:
        self.process, self.name = process, name
        self.env = {**env, **process.env}
        self.log = logs / f"{name}.log"
        self.child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self.child.pid if self.child and self.child.poll() is None else None

    def start(self) -> None:
        if self.child:
            children.kill(self.child)  # what a dead parent left behind would hold its port
        self.child = children.start(self.process.command, log=self.log, env=self.env)

    def stop(self) -> None:
        if self.child:
            children.stop(self.child, patience=self.process.patience)

    def describe_end(self) -> str:
        code = self.child.poll() if self.child else None
        return f"killed by {signal.Signals(-code).name}" if code and code < 0 else f"exit code {code}"


@dataclass
class _Watched:
    name: str
    kept: Kept
    started: float
    failures: int = 0
    due: float | None = None


class Keeper:
    """Runs steps, keeps processes and servers alive, and tells `say` what happens, a line at a time.

    `env` is the whole environment of what it starts, nothing is inherited; it may be changed before a start.
    """

    def __init__(self, *, logs: Path, env: Mapping[str, str], say: Callable[[str], None]) -> None:
        self.logs, self.env, self.say = logs, dict(env), say
        self.stopping = threading.Event()
        self._stages: list[list[_Watched]] = []
        self._steps: list[Replica] = []
        children.adopt_orphans()

    @property
    def pids(self) -> dict[str, int | None]:
        """Every kept thing by name, with its process while it lives."""
        return {watched.name: watched.kept.pid for stage in self._stages for watched in stage}

    def run(self, *steps: Process) -> None:
        """Run commands side by side to their end; one that fails stops the start."""
        self._steps = [Replica(step, step.name, env=self.env, logs=self.logs) for step in steps]
        try:
            for replica in self._steps:
                replica.start()
            for replica in self._steps:
                self._finish(replica)
        finally:
            for replica in self._steps:
                replica.stop()
            self._steps = []

    def start(self, *processes: Process) -> None:
        """Start processes as one stage and keep them alive from now on."""
        self.keep({replica.name: replica for process in processes for replica in self._replicas(process)})

    def keep(self, things: Mapping[str, Kept]) -> None:
        """Start these as one stage and keep them alive; stages are stopped in the opposite order."""
        stage: list[_Watched] = []
        self._stages.append(stage)
        for name, kept in things.items():
            kept.start()
            stage.append(_Watched(name, kept, started=time.monotonic()))

    def watch(self, until: Callable[[], bool] = lambda: False) -> None:
        """Look after everything until told to stop, or until the condition holds."""
        while not self.stopping.wait(0.1):
            self.look()
            if until():
                return

    def look(self) -> None:
        """One round: notice deaths, restart what is due, reap what nobody waits for."""
        for stage in self._stages:
            for watched in stage:
                if watched.kept.pid is None:
                    self._revive(watched)
        self._reap()

    def wait_for(self, name: str, answers: Callable[[], bool], *, patience: float) -> None:
        """Wait until a kept process answers; give up when it keeps dying, or after `patience` seconds."""
        deadline = time.monotonic() + patience
        watched = next(found for stage in self._stages for found in stage if found.name == name)
        while not answers():
            if self.stopping.wait(0.05):
                raise Stopped
            self.look()
            if watched.failures >= 3:
                raise StepFailed(f"{name} keeps dying:\n{self._tail(name)}")
            if time.monotonic() > deadline:
                raise StepFailed(f"{name} did not answer within {patience:.0f} s:\n{self._tail(name)}")

    def stop(self) -> None:
        """Stop everything, the last stage first, each stage together."""
        while self._stages:
            stage = self._stages.pop()
            with ThreadPoolExecutor(max_workers=len(stage) or 1) as pool:
                for watched in stage:
                    pool.submit(watched.kept.stop)
        self._reap()

    def _tail(self, name: str) -> str:
        return children.tail(self.logs / f"{name}.log")

    def _replicas(self, process: Process) -> list[Replica]:
        names = (
            [process.name]
            if process.count == 1
            else [f"{process.name}-{n + 1}" for n in range(process.count)]
        )
        return [Replica(process, name, env=self.env, logs=self.logs) for name in names]

    def _finish(self, replica: Replica) -> None:
        while replica.pid is not None:
            if self.stopping.wait(0.02):
                raise Stopped
            self.look()
        if replica.child is None or replica.child.returncode != 0:
            raise StepFailed(
                f"{replica.name} failed ({replica.describe_end()}):\n{children.tail(replica.log)}"
            )

    def _revive(self, watched: _Watched) -> None:
        now = time.monotonic()
        if watched.due is None:
            self._plan(watched, now)
        elif now >= watched.due:
            watched.due, watched.started = None, now
            try:
                watched.kept.start()
            except (OSError, RuntimeError) as error:
                self.say(f"{watched.name} could not be started: {error}")

    def _plan(self, watched: _Watched, now: float) -> None:
        watched.failures = 1 if now - watched.started > STEADY else watched.failures + 1
        wait = WAITS[min(watched.failures, len(WAITS)) - 1]
        watched.due = now + wait
        how = f" ({watched.kept.describe_end()})" if isinstance(watched.kept, Replica) else ""
        self.say(f"{watched.name} ended{how}; starts again in {wait:g} s")

    def _reap(self) -> None:
        """Wait for orphans of killed children, which are ours by adoption: else they stay as zombies."""
        # Asking for `pid` reaps our own dead; what is left is an orphan, or one of ours that died just now.
        ours = {*self.pids.values(), *(step.pid for step in self._steps)}
        with contextlib.suppress(ChildProcessError):
            while found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                if found.si_pid in ours:
                    return
                os.waitpid(found.si_pid, 0)
