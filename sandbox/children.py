"""Child processes that never outlive their parent.

Each child leads its own session, so that Ctrl-C in a terminal reaches only the supervisor, which then stops
the others in order. On Linux the kernel sends the child a farewell signal when its parent dies, however it
dies. The kernel means the parent *thread*: start children from the main thread, or from one that lives as
long as they should.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox import privileges

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def start(
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    farewell: signal.Signals = signal.SIGTERM,
    user: str | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a command that writes to the end of `log` and gets the signal `farewell` when we die."""
    log.parent.mkdir(parents=True, exist_ok=True)
    parent = os.getpid()
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            cwd=cwd,
            **privileges.identity(user),
            start_new_session=True,
            preexec_fn=lambda: _die_with(parent, farewell),
        )


def stop(
    child: subprocess.Popen[bytes], *, sign: signal.Signals = signal.SIGTERM, patience: float = 10
) -> int:
    """Ask the child to end, wait `patience` seconds, kill what is left of its group; the exit code."""
    with contextlib.suppress(ProcessLookupError):
        child.send_signal(sign)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(patience)
    return kill(child)


def kill(child: subprocess.Popen[bytes]) -> int:
    """SIGKILL the child and everything it started in its process group, and reap all of it; the exit code.

    Reaping matters: PostgreSQL takes an unreaped zombie for a running server and refuses to start again.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    code = child.wait()
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-child.pid, 0) != (0, 0):
            pass
    return code


def adopt_orphans() -> None:
    """Grandchildren whose parent was killed become ours (Linux), so that `kill` can reap them."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def tail(log: Path, lines: int = 20) -> str:
    """The last lines of a log, for an error message."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _die_with(parent: int, farewell: signal.Signals) -> None:
    _prctl(PR_SET_PDEATHSIG, farewell)
    if os.getppid() != parent:  # it died before we asked to be told
        os._exit(1)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
