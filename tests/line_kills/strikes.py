"""Where a process dies. Every executed line of our packages is counted (`sys.settrace`, which knows Python
3.11 as well as what follows), and so is every *moment*: a commit, a statement outside a transaction, a piece
sent to a socket. Between two moments nobody outside can tell the lines apart, because what a process only
remembers dies with it; so a place is said as "so many lines after so many moments", which also stays the same
when a loop that waits for an answer turns once more."""

import inspect
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Literal

import psycopg
from psycopg import Connection
from psycopg.pq import TransactionStatus
from psycopg.waiting import Wait

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "core", "partners", "catalog", "subscriptions", "billing", "checkout", "provisioning", "storefront",
    "app.py",
)  # fmt: skip
OURS = tuple(str(ROOT / name) for name in PACKAGES)

Mode = Literal["kill", "stop"]
NEAR = 5
"""Moments before its place from which on a process looks at lines."""
UNANSWERED = -1
"""Instead of a number of lines: in the middle of the next moment, when it is sent and not answered."""


@dataclass(frozen=True, slots=True)
class Place:
    """So many lines of ours after so many moments; UNANSWERED lies within the moment that follows."""

    moment: int
    line: int

    def __str__(self) -> str:
        return f"{self.moment}:{'sent' if self.line == UNANSWERED else self.line}"


@dataclass
class Watch:
    """Counts; and strikes at `place`, or at every passing of the code line `at`. `note` is told the code line
    before. One that neither strikes nor `counts` costs nothing."""

    place: Place | None = None
    at: str = ""
    mode: Mode = "kill"
    counts: bool = False
    note: Callable[[str], object] = lambda _where: None
    lines: list[int] = field(default_factory=lambda: [0])
    """For each moment that was, how many lines followed it."""
    struck: bool = False
    _ours: dict[CodeType, bool] = field(default_factory=dict[CodeType, bool])
    _where: tuple[CodeType, int] | None = None
    _aside: threading.local = field(default_factory=threading.local)
    _lock: Any = field(default_factory=threading.RLock)

    def begin(self) -> None:
        """From now on, in this thread and in those that are started."""
        self._watch_connections()
        self._watch_sockets()
        threading.settrace(self._called)
        if self.place is None or self.place.moment < NEAR:
            self._look_at_lines()

    def _look_at_lines(self) -> None:
        """In this thread, also in the functions that it is in. Looking at lines makes everything some three
        times as slow, so it begins shortly before the place."""
        if sys.gettrace() is None:
            frame = sys._getframe()
            while frame := frame.f_back:
                if self._is_ours(frame.f_code):
                    frame.f_trace = self._passed
            sys.settrace(self._called)

    @contextmanager
    def aside(self) -> Generator[None]:
        """What the test itself does does not count."""
        self._aside.depth = getattr(self._aside, "depth", 0) + 1
        try:
            yield
        finally:
            self._aside.depth -= 1

    # --- Lines ---

    def _called(self, frame: FrameType, _event: str, _given: object) -> Any:
        return self._passed if self._is_ours(frame.f_code) else None

    def _is_ours(self, code: CodeType) -> bool:
        ours = self._ours.get(code)
        if ours is None:
            ours = self._ours[code] = code.co_filename.startswith(OURS)
        return ours

    def _passed(self, frame: FrameType, event: str, _given: object) -> Any:
        if event == "line" and not getattr(self._aside, "depth", 0):
            with self._lock:
                self.lines[-1] += 1
                self._where = frame.f_code, frame.f_lineno
                if self.place == Place(len(self.lines) - 1, self.lines[-1]) or (
                    self.at and self.at == self.where
                ):
                    self.strike()
        return self._passed

    @property
    def where(self) -> str:
        """The line of ours that was executed last."""
        if self._where is None:
            return "the first line"
        code, number = self._where
        return f"{Path(code.co_filename).relative_to(ROOT)}:{number} {code.co_name}"

    def strike(self) -> None:
        """Dies, or stands still once."""
        if self.struck:
            return
        self.struck = True
        self.note(self.where)
        os.kill(os.getpid(), signal.SIGKILL if self.mode == "kill" else signal.SIGSTOP)
        if self.mode == "kill":
            time.sleep(60)  # the signal is on its way

    # --- Moments ---

    def moment(self) -> None:
        """Something left this process. A place that this run did not reach (fewer lines than in the count) is
        struck here at the latest."""
        if getattr(self._aside, "depth", 0):
            return
        with self._lock:
            if self.place and self.place.moment == len(self.lines) - 1 and self.place.line != UNANSWERED:
                self.strike()
            self.lines.append(0)
        if self.place is None or len(self.lines) > self.place.moment - NEAR:
            self._look_at_lines()

    @property
    def _cuts(self) -> bool:
        """Whether the moment that begins now is to stay unanswered."""
        return self.place == Place(len(self.lines) - 1, UNANSWERED) and not getattr(self._aside, "depth", 0)

    def _watch_connections(self) -> None:
        watch, wait = self, Connection.wait

        def waiting(connection: psycopg.Connection[Any], gen: Any, *given: Any, **more: Any) -> Any:
            asks = getattr(gen, "__name__", "").startswith(
                ("_execute", "_commit")
            )  # not what is set only here
            cut = asks and watch._cuts and watch._ends(connection, gen)
            result = wait(connection, watch._half(gen) if cut else gen, *given, **more)
            if asks and connection.pgconn.transaction_status == TransactionStatus.IDLE:
                watch.moment()
            return result

        Connection.wait = waiting  # type: ignore[assignment]  a watched driver

    @staticmethod
    def _ends(connection: psycopg.Connection[Any], gen: Any) -> bool:
        """Whether this lasts: a COMMIT, or what is asked outside a transaction."""
        outside = connection.pgconn.transaction_status == TransactionStatus.IDLE
        name = getattr(gen, "__name__", "")
        commits = name == "_commit_gen"
        return commits or (outside and connection.autocommit and not _begins(gen))

    def _half(self, gen: Any) -> Any:
        """Sends it, and does not wait for the answer."""
        wanted = next(gen)
        while True:
            if wanted == Wait.R:
                time.sleep(0)
                self.strike()
            try:
                wanted = gen.send((yield wanted))
            except StopIteration as ended:
                return ended.value

    def _watch_sockets(self) -> None:
        for name in ("send", "sendall"):
            self._watch_socket(name)

    def _watch_socket(self, name: str) -> None:
        watch, act = self, getattr(socket.socket, name)

        def sending(opened: socket.socket, *given: Any) -> Any:
            cut = watch._cuts
            result = act(opened, *given)
            if cut:
                watch.strike()
            watch.moment()
            return result

        setattr(socket.socket, name, sending)


def _begins(gen: Any) -> bool:
    """Whether a statement only opens a transaction: nothing of it lasts."""
    frame = getattr(gen, "gi_frame", None)
    query = inspect.getgeneratorlocals(gen).get("query") if frame else None
    words = query if isinstance(query, bytes) else str(query).encode()
    return words.startswith(b"BEGIN")
