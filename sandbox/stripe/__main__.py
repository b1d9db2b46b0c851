"""`python -m sandbox.stripe --port 0 --data instance/stripe`: serve the Stripe sandbox on loopback. The first
line printed is its address. Werkzeug's threaded server is enough: it starts at once and is one process to
kill."""

import argparse
import logging
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from . import payments
from .server import Sandbox, Settings

SWEEP_EVERY = 0.5
log = logging.getLogger(__name__)


class Quiet(WSGIRequestHandler):
    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Not a line per request: the sandbox's own page lists what happened."""

    def connection_dropped(self, error: BaseException, environ: dict[str, Any] | None = None) -> None:
        """Also the mood that hangs up ends here: the connection must really close."""
        self.close_connection = True


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.stripe", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--data", type=Path, required=True, help="folder of the store")
    parser.add_argument("--account", action="append", default=[], help="name of an account; none means any")
    parser.add_argument(
        "--webhook-url", help="every account's endpoint; {account} is replaced by acct_<name>"
    )
    parser.add_argument("--public-url", help="address of the payment pages, if not that of the request")
    parser.add_argument("--record", action="store_true", help="keep every request and answer, for tests")
    return parser.parse_args()


def sweep(sandbox: Sandbox) -> None:
    """Close sessions whose time is over, for as long as the process lives."""
    while True:
        time.sleep(SWEEP_EVERY)
        try:
            close_overdue(sandbox)
        except Exception:
            log.exception("the sweep for overdue sessions went wrong")


def close_overdue(sandbox: Sandbox) -> None:
    with sandbox.store.look() as act:
        overdue = act.db.execute(
            "SELECT account, id FROM objects WHERE kind = 'checkout.session' "
            "AND json_extract(body, '$.status') = 'open' "
            "AND json_extract(body, '$.expires_at') <= ? LIMIT 100",
            (int(act.now),),
        ).fetchall()
    for row in overdue:
        mood = sandbox.moods.of(row["account"])["webhooks"]
        with sandbox.store.act(row["account"], webhook_mood=mood) as act:
            payments.still_open(act, act.get("checkout.session", row["id"]))
    if overdue:
        sandbox.postman.ring()


def stop(number: int, frame: FrameType | None) -> None:
    sys.exit(0)


def main() -> None:
    given = arguments()
    signal.signal(signal.SIGTERM, stop)
    settings = Settings(given.data, tuple(given.account), given.webhook_url, given.public_url, given.record)
    sandbox = Sandbox(settings)
    server = make_server("127.0.0.1", given.port, sandbox, threaded=True, request_handler=Quiet)
    server.daemon_threads = True  # type: ignore[attr-defined]  threaded=True makes it a ThreadingMixIn
    sandbox.postman.start()
    threading.Thread(target=sweep, args=(sandbox,), name="sweep", daemon=True).start()
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
