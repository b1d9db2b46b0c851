"""Servers that nobody here has written, on Python's own HTTP library: they answer what a test tells them."""

import json
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Says = Callable[[BaseHTTPRequestHandler, bytes], None]


@contextmanager
def vendor(says: Says, protocol: str = "HTTP/1.1") -> Generator[dict[str, str]]:
    """Python's own server, with everything answered by `says`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = protocol

        def _answer(self) -> None:
            says(self, self.rfile.read(int(self.headers.get("Content-Length") or 0)))

        do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = _answer

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        yield {
            "base_url": f"http://127.0.0.1:{server.server_port}",
            "api_key": "k",
            "network": "loopback",
        }
        server.shutdown()


def saying(
    status: int,
    content: Mapping[str, Any] | bytes,
    kind: str = "application/json",
    **headers: str,
) -> Says:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()

    def say(to: BaseHTTPRequestHandler, _body: bytes) -> None:
        to.send_response(status)
        for name, value in {"content-type": kind, "content-length": str(len(body)), **headers}.items():
            to.send_header(name, value)
        to.end_headers()
        to.wfile.write(body)

    return say
