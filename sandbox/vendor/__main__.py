"""`python -m sandbox.vendor --port P --data DIR`: serves on loopback until it is stopped; port 0 takes a free
one. The first line of output says where it listens."""

import argparse
import sys
import threading
from pathlib import Path

from sandbox.vendor.app import create_app
from sandbox.vendor.serving import Server
from sandbox.vendor.store import Store

HOST = "127.0.0.1"
DEFAULT_KEY = "sandbox-key"
LOOK_SECONDS = 0.05


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox.vendor", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of its database; made if it is absent"
    )
    parser.add_argument("--api-key", default=DEFAULT_KEY)
    given = parser.parse_args(arguments)
    given.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = Store(given.data / "vendor.sqlite3")
    threading.Thread(target=_finish_late_work, args=[store], daemon=True).start()
    app = create_app(store, api_key=given.api_key)
    server = Server(HOST, given.port, app)
    sys.stdout.write(f"The vendor listens on http://{HOST}:{server.server_port}/_sandbox/\n")
    sys.stdout.flush()
    server.serve_forever()


def _finish_late_work(store: Store) -> None:
    pause = threading.Event()
    while not pause.wait(LOOK_SECONDS):
        store.finish_due()


if __name__ == "__main__":
    main(sys.argv[1:])
