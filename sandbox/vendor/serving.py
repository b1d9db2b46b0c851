"""A small HTTP/1.1 server for one WSGI application: a thread for each connection, connections kept alive, and
the socket within reach of the application, which may hang up without an answer. Werkzeug's closes each
connection after one request, and production servers rightly do not let an application break one off.
"""

import io
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from wsgiref.types import WSGIApplication

from werkzeug.test import run_wsgi_app

LARGEST_BODY = 1024 * 1024
CONNECTION = "vendor.connection"


class Server(ThreadingHTTPServer):
    """Serves until it is stopped; `server_port` says where if port 0 was asked for."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, host: str, port: int, app: WSGIApplication) -> None:
        super().__init__((host, port), _Handler)
        self.app = app

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that gave up waiting is everyday business here.
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer: two would wait for the client's delayed acknowledgement
    disable_nagle_algorithm = True

    def answer(self) -> None:
        server = cast(Server, self.server)
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > LARGEST_BODY or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self.send_error(413)
            return
        body = self.rfile.read(int(length))
        pieces, status, headers = run_wsgi_app(
            server.app, self._environ(body, server.server_port), buffered=True
        )
        content = b"".join(pieces)
        self.send_response(int(status.split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Calls are shown on the page, not on standard error."""

    def _environ(self, body: bytes, port: int) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        headers = {f"HTTP_{name.upper().replace('-', '_')}": text for name, text in self.headers.items()}
        return headers | {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": str(self.client_address[0]),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            CONNECTION: self.connection,
        }
