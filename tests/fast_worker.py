"""Worker and web processes for tests that wait for leases and settle times: the product's own, with a
connector that is patient for seconds instead of half a minute. They are forked from the test process, which
has everything imported already, so that they start at once; from there on each is a process like any other:
it can be killed, frozen and told by FAULT where to fail."""

import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from socket import socket

from werkzeug.serving import make_server

import app
from core import db, doorbell, drain, faults, tasks
from core.tasks import Limits
from provisioning import fulfilment, moves, vendor_calls, withdrawals
from provisioning.connectors import http_service
from provisioning.connectors.registry import CONNECTORS

TIMEOUT, DEADLINE, SETTLE, MARGIN, PROCESSING = 1.0, 0.7, 2.5, 0.3, 0.7
LEASE = TIMEOUT + DEADLINE + MARGIN
SLOTS = 8


def shorten(*, look_up: bool = True) -> None:
    """Makes the connector `http_service` and its tasks impatient, in this process."""
    able = replace(
        http_service.CAPABILITIES,
        look_up=look_up,
        slots=SLOTS,
        timeout=timedelta(seconds=TIMEOUT),
        send_deadline=timedelta(seconds=DEADLINE),
        settle=timedelta(seconds=SETTLE),
        longest_processing=timedelta(seconds=PROCESSING),
    )
    CONNECTORS["http_service"] = http_service.HttpService(capabilities=able)
    tasks.register(replace(fulfilment.DELIVER, limits=short_limits))
    tasks.register(replace(withdrawals.WITHDRAW, limits=short_limits))
    tasks.register(replace(moves.TRANSFER, limits=short_limits))
    drain.LANES["http_service"] = lambda: short_limits("http_service")


def short_limits(lane: str) -> Limits:
    """The connector's limits with a short lease, too."""
    return replace(vendor_calls.limits_of(lane), margin=timedelta(seconds=MARGIN))


def shorten_all() -> None:
    """Every kind of task gives up a dead worker's lease in seconds, in this process."""
    for kind in list(tasks.KINDS.values()):
        tasks.register(replace(kind, limits=partial(_short, kind.limits)))
    for lane, limits in list(drain.LANES.items()):
        drain.LANES[lane] = partial(_short, lambda _lane, limits=limits: limits(), lane)


def _short(limits: Callable[[str], Limits], lane: str) -> Limits:
    return replace(
        limits(lane),
        timeout=timedelta(seconds=TIMEOUT),
        send_deadline=timedelta(seconds=DEADLINE),
        settle=timedelta(seconds=SETTLE),
        margin=timedelta(seconds=MARGIN),
    )


class Forked:
    """A process of ours. `fault` is what FAULT would say; `env` is told to it alone."""

    def __init__(
        self, folder: Path, name: str, *, fault: str = "", env: Mapping[str, str] | None = None
    ) -> None:
        self.log = folder / f"{name}.log"
        self.exit: int | None = None
        db.reset()  # nothing that is open here may be shared with the child
        doorbell.connection().close()
        self.pid = os.fork()
        if not self.pid:
            self._become(folder, {**(env or {}), "FAULT": fault, "FAULT_MARKS": str(folder)})

    def _become(self, folder: Path, env: Mapping[str, str]) -> None:
        try:
            output = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(output, 1)
            os.dup2(output, 2)
            sys.stdout = sys.stderr = os.fdopen(2, "w", buffering=1)
            logging.basicConfig(stream=sys.stderr, force=True)
            os.environ |= env
            faults.MARKS = str(folder)
            faults.NAME, faults.MODE, faults.SECONDS, faults.NTH = faults.chosen()
            faults.HITS.clear()
            db.reset()
            doorbell.connection.cache_clear()
            doorbell.queue.cache_clear()
            self.live()
        except BaseException:
            logging.exception("the process ends")
        finally:
            os._exit(1)

    def live(self) -> None:
        """What the process is for."""
        raise NotImplementedError

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def poll(self) -> int | None:
        """Its exit code, or minus the signal that ended it; None while it lives."""
        if self.exit is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.exit = os.waitstatus_to_exitcode(status)
        return self.exit

    def wait(self, seconds: float = 40) -> int:
        """Its exit code, once it has ended."""
        until = time.monotonic() + seconds
        while self.poll() is None:
            if time.monotonic() > until:
                raise TimeoutError(
                    f"process {self.pid} is still alive; its log:\n{self.log.read_text()[-2000:]}"
                )
            time.sleep(0.02)
        return self.exit or 0

    def frozen(self, seconds: float = 40) -> None:
        """Waits until it has stopped itself."""
        until = time.monotonic() + seconds
        while Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
            if time.monotonic() > until:
                raise TimeoutError(
                    f"the worker did not stop itself; its log:\n{self.log.read_text()[-2000:]}"
                )
            time.sleep(0.02)

    def end(self) -> None:
        """SIGKILL, if it lives."""
        if self.exit is None:
            self.signal(signal.SIGKILL)
            self.wait()


class Worker(Forked):
    """A worker process. `rq` listens for the bell instead of looking by itself; `everything` is impatient,
    not only deliveries."""

    def __init__(
        self,
        folder: Path,
        name: str = "worker",
        *,
        fault: str = "",
        look_up: bool = True,
        slots: int = 8,
        rq: bool = False,
        everything: bool = False,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.look_up, self.rq, self.everything = look_up, rq, everything
        super().__init__(folder, name, fault=fault, env={**(env or {}), "WORKER_SLOTS": str(slots)})

    def live(self) -> None:
        if self.everything:
            shorten_all()
        shorten(look_up=self.look_up)
        doorbell.listen(on_stop=drain.leave) if self.rq else look_for_ever()


class Web(Forked):
    """A web process behind a listening socket that outlives it, so that whoever calls while it is dead is
    answered by the next."""

    def __init__(
        self,
        folder: Path,
        listening: socket,
        *,
        name: str = "web",
        fault: str = "",
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.listening = listening
        super().__init__(folder, name, fault=fault, env=env)

    def live(self) -> None:
        shorten()
        host, port = self.listening.getsockname()
        make_server(host, port, app.create_app(), threaded=True, fd=self.listening.fileno()).serve_forever()


def look_for_ever() -> None:
    """Rings for itself, so that a test about something else needs no Redis. An error fails one ring, as in
    RQ."""
    while True:
        try:
            drain.answer_the_bell()
        except Exception:
            logging.exception("the ring failed")
        time.sleep(0.05)


def main() -> None:
    """`python -m tests.fast_worker`: the `worker` command with this patience, for the campaign; FAST_* say it
    in seconds."""
    global TIMEOUT, DEADLINE, SETTLE, MARGIN, PROCESSING
    TIMEOUT, DEADLINE, SETTLE, MARGIN, PROCESSING = (
        float(os.environ[f"FAST_{name}"])
        for name in ("TIMEOUT", "DEADLINE", "SETTLE", "MARGIN", "PROCESSING")
    )
    app.create_app()
    shorten()
    doorbell.listen(on_stop=drain.leave)


if __name__ == "__main__":
    main()
