"""What the tests of the looks stand on: the built files, and a site on loopback that serves them as
strictly as the shop."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from jinja2 import Environment

from whitelabel_themes import assets, style_page
from whitelabel_themes.assets import Assets

STRICT = "default-src 'self'; style-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'"


class StrictHandler(SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", STRICT)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture(scope="session")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("static")
    assets.build(folder)
    return folder


@pytest.fixture(scope="session")
def env(static: Path) -> Environment:
    return style_page.environment(Assets(static, prefix="/").url)


@pytest.fixture(scope="module")
def site(static: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(StrictHandler, directory=str(static)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
