"""Free TCP ports on loopback, reserved until the process that wants them listens.

Holding the TCP port itself would get in the way of its server, so the reservation is the UDP port of the
same number: two installations that start at the same moment never choose the same one, and it is gone with
the process that holds it.
"""

import contextlib
import socket
from collections.abc import Iterable

HOST = "127.0.0.1"


class NoneFree(RuntimeError):
    """A hundred ports in a row are taken."""


def reserve(*, preferred: int = 0, reserved: Iterable[int] = ()) -> tuple[int, socket.socket]:
    """The preferred port or the next free one above it (0: any); keep the socket while it is wanted."""
    candidates: Iterable[int] = range(preferred, min(preferred + 100, 65536)) if preferred else [0] * 100
    for candidate in candidates:
        with contextlib.suppress(OSError):
            port = _free(candidate)
            if port not in reserved:
                return port, _hold(port)
    raise NoneFree(f"No free port on {HOST} from {preferred} on.")


def listens(port: int) -> bool:
    """Whether somebody accepts connections there."""
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False


def _free(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that just ended don't count
        probe.bind((HOST, port))
        return int(probe.getsockname()[1])


def _hold(port: int) -> socket.socket:
    held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        held.bind((HOST, port))
    except OSError:
        held.close()
        raise
    return held
