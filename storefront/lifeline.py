"""A web worker does not outlive its server. Granian's workers notice nothing when their main process is
killed: they would go on answering on the port beside the server that is started next, with old code and old
settings. So each watches who its parent is, and ends at once when that changes; what it was doing is as safe
as after any kill (QC1)."""

import multiprocessing
import os
import sys
import threading
import time

LOOK = 0.5  # seconds between looks


def follow_the_server() -> bool:
    """Ends this process soon after the one that started it as a worker; says whether there is one. Processes
    of their own (commands, tests, another server's workers) are left alone."""
    server = multiprocessing.parent_process()
    if server is None or server.pid is None:
        return False
    threading.Thread(target=_follow, args=[server.pid], name="lifeline", daemon=True).start()
    return True


def _follow(server: int) -> None:
    # Asked of the kernel again and again: a pipe to the server would be held open by the other workers, too.
    while os.getppid() == server:
        time.sleep(LOOK)
    sys.stderr.write(f"the server ({server}) is gone: its worker {os.getpid()} ends too\n")
    sys.stderr.flush()
    os._exit(1)
