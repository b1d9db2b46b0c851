"""`python -m sandbox.names`: answers name questions on one port of loopback, shows its records on another."""

import logging
import signal
import sys
import threading
from pathlib import Path

import click
from werkzeug.serving import make_server

from sandbox.names.answers import Server
from sandbox.names.pages import create_app
from sandbox.names.records import Records

HOST = "127.0.0.1"


@click.command()
@click.option("--dns-port", type=int, required=True, help="Where questions are answered, over TCP.")
@click.option("--http-port", type=int, required=True, help="Where records are set (0: any).")
@click.option("--data", type=click.Path(path_type=Path), required=True, help="The folder that keeps them.")
def main(dns_port: int, http_port: int, data: Path) -> None:
    """Answer with the records that somebody has set. Loopback only."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    signal.signal(signal.SIGTERM, end)
    records = Records(data)
    page = make_server(HOST, http_port, create_app(records), threaded=True)
    server = Server((HOST, dns_port), records)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        click.echo(f"Names at {HOST}:{dns_port} (TCP), records on http://{HOST}:{page.server_port}/")
        page.serve_forever()
    finally:
        server.shutdown()


def end(_signal: int, _frame: object) -> None:
    """SIGTERM is the ordinary way to end."""
    sys.exit(0)


if __name__ == "__main__":
    main()
