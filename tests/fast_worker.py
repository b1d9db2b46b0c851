"""A worker process for tests that wait for leases and settle times: the product's own worker, with a
connector that is patient for seconds instead of half a minute. It is forked from the test process, which
has everything imported already, so that it starts at once; from there on it is a process like any other:
it can be killed, frozen and told by FAULT where to fail."""

import logging
import os
import signal
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import app
from core import db, doorbell, drain, faults, tasks
from core.tasks import Limits
from provisioning import fulfilment
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
    drain.LANES["http_service"] = lambda: short_limits("http_service")


def short_limits(lane: str) -> Limits:
    """The connector's limits with a short lease, too."""
    return replace(fulfilment.limits_of(lane), margin=timedelta(seconds=MARGIN))


class Worker:
    """A worker process of ours. `fault` is what FAULT would say; `rq` listens for the bell instead of looking
    by itself."""

    def __init__(
        self,
        folder: Path,
        name: str = "worker",
        *,
        fault: str = "",
        look_up: bool = True,
        slots: int = 8,
        rq: bool = False,
    ) -> None:
        self.log = folder / f"{name}.log"
        self.exit: int | None = None
        db.reset()  # nothing that is open here may be shared with the child
        doorbell.connection().close()
        self.pid = os.fork()
        if not self.pid:
            self._become(fault, folder, look_up, slots, rq)

    def _become(self, fault: str, folder: Path, look_up: bool, slots: int, rq: bool) -> None:
        try:
            output = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(output, 1)
            os.dup2(output, 2)
            sys.stdout = sys.stderr = os.fdopen(2, "w", buffering=1)
            logging.basicConfig(stream=sys.stderr, force=True)
            os.environ |= {"FAULT": fault, "FAULT_MARKS": str(folder), "WORKER_SLOTS": str(slots)}
            faults.MARKS = str(folder)
            faults.NAME, faults.MODE, faults.SECONDS, faults.NTH = faults.chosen()
            faults.HITS.clear()
            db.reset()
            doorbell.connection.cache_clear()
            doorbell.queue.cache_clear()
            shorten(look_up=look_up)
            doorbell.listen(on_stop=drain.leave) if rq else look_for_ever()
        finally:
            os._exit(1)

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def wait(self, seconds: float = 10) -> int:
        """Its exit code, or minus the signal that ended it."""
        until = time.monotonic() + seconds
        while self.exit is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.exit = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > until:
                raise TimeoutError(
                    f"worker {self.pid} is still alive; its log:\n{self.log.read_text()[-2000:]}"
                )
            else:
                time.sleep(0.02)
        return self.exit

    def frozen(self, seconds: float = 10) -> None:
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
