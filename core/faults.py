"""Named fault points. In production `fault()` does nothing; tests and the crash campaign choose one by
FAULT="name:mode[:seconds][@n]" with mode raise | hang | kill | stop, at the n-th hit (default 1). Every name
below is struck in tests/provisioning/test_fault_matrix.py; every call to the outside passes one before and
one after (tests/test_house_rules.py)."""

import os
import signal
import time
from pathlib import Path

POINTS = (
    "place.before_commit",
    "pay.session_opened",
    "webhook.stored",
    "settle.before_commit",
    "stripe.before_call",
    "stripe.answered",
    "outbound.before_call",
    "outbound.answered",
    "refund.requested",
    "refund.settled",
    "task.claimed",
    "task.intent_committed",
    "task.before_send",
    "task.answered",
    "task.recorded",
    "mail.before_send",
    "mail.sent",
)


class Injected(RuntimeError):
    """The error of mode `raise`."""


def chosen() -> tuple[str, str, float, int]:
    """What FAULT says: name, mode, seconds, at which hit."""
    spec, _, nth = os.environ.get("FAULT", "").partition("@")
    name, mode, seconds = [*spec.split(":"), "", "", ""][:3]
    return name, mode, float(seconds or 3), int(nth or 1)


NAME, MODE, SECONDS, NTH = chosen()
HITS: dict[str, int] = {}
MARKS = os.environ.get(
    "FAULT_MARKS", ""
)  # a folder: every point that is passed leaves an empty file there, one that struck "name.mode"


def fault(name: str) -> None:
    """Marks a place where a process may die. `name` is one of POINTS."""
    if not NAME and not MARKS:
        return
    if MARKS:
        Path(MARKS, name).touch()
    if name != NAME:
        return
    HITS[name] = HITS.get(name, 0) + 1
    if HITS[name] != NTH:
        return
    if MARKS:
        Path(MARKS, f"{name}.{MODE}").touch()
    if MODE == "raise":
        raise Injected(name)
    if MODE == "hang":
        time.sleep(SECONDS)
    elif MODE == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif MODE == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
