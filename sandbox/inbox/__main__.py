"""`python -m sandbox.inbox`: takes mail on one port of loopback, shows it on another."""

import logging
import signal
import sys
from pathlib import Path

import click
from aiosmtpd.controller import Controller
from werkzeug.serving import make_server

from sandbox.inbox.mails import Mails
from sandbox.inbox.pages import create_app
from sandbox.inbox.smtp import Taker

HOST = "127.0.0.1"


@click.command()
@click.option("--smtp-port", type=int, required=True, help="Where mail is taken.")
@click.option("--http-port", type=int, required=True, help="Where it is shown (0: any).")
@click.option("--data", type=click.Path(path_type=Path), required=True, help="The folder that keeps it.")
def main(smtp_port: int, http_port: int, data: Path) -> None:
    """Take every mail, show it to whoever looks. Loopback only."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    signal.signal(signal.SIGTERM, end)
    mails = Mails(data)
    page = make_server(HOST, http_port, create_app(mails), threaded=True)
    taker = Controller(Taker(mails), hostname=HOST, port=smtp_port, server_kwargs={"enable_SMTPUTF8": True})
    taker.start()
    try:
        click.echo(f"Mail to smtp://{HOST}:{smtp_port}, shown on http://{HOST}:{page.server_port}/")
        page.serve_forever()
    finally:
        taker.stop()


def end(_signal: int, _frame: object) -> None:
    """SIGTERM is the ordinary way to end."""
    sys.exit(0)


if __name__ == "__main__":
    main()
