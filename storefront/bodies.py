"""The body of a request, read before anything else is done. Our server hands a request on with its head
alone, and a thread that waits for the rest serves nobody else meanwhile, for as long as the sender likes; so
does one that takes a million fields apart. A reverse proxy that keeps bodies until they are whole (nginx
does) leaves nothing to wait for; without one, a dozen slow senders would stop the shop, and now they stop
nothing but forms."""

import io
import tempfile
import threading
from collections.abc import Callable, Iterable
from typing import IO
from wsgiref.types import InputStream, StartResponse, WSGIEnvironment

Wsgi = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]
Refuse = Callable[[WSGIEnvironment, StartResponse, int], Iterable[bytes]]

BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})
FORM = "application/x-www-form-urlencoded"
LONGEST_FORM = 2 * 1024 * 1024  # bytes: 100,000 signs of terms in any script, each written as nine
MOST_FIELDS = 10_000
LONGEST_QUERY = 32 * 1024
PIECE = 64 * 1024
IN_MEMORY = 1024 * 1024  # a longer body is a file

READING = 2  # threads of a process that may wait for bodies; it has four
PATIENCE = 0.5  # seconds that others wait for one of them: a body that is there is read in far less


class Bodies:
    """WSGI middleware around everything: the application gets bodies that are there, of a size that it may
    take apart. `largest`: bytes of the largest that any of its forms takes."""

    def __init__(self, inner: Wsgi, refuse: Refuse, largest: int) -> None:
        self.inner, self.refuse, self.largest = inner, refuse, largest
        self.reading = threading.BoundedSemaphore(READING)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """On with the request; 414 for its address, 413, 408 or 503 for its body."""
        if len(environ.get("QUERY_STRING", "")) > LONGEST_QUERY:
            return self.refuse(environ, start_response, 414)
        length = environ.get("CONTENT_LENGTH", "")
        if not (length or "HTTP_TRANSFER_ENCODING" in environ):
            return self.inner(environ, start_response)
        if environ["REQUEST_METHOD"] in BODILESS:
            environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(), "0"
            return self.inner(environ, start_response)
        return self.with_body(environ, start_response, int(length) if length.isdecimal() else None)

    def with_body(
        self, environ: WSGIEnvironment, start_response: StartResponse, length: int | None
    ) -> Iterable[bytes]:
        """On, once all of it has come."""
        is_form = environ.get("CONTENT_TYPE", "").lower().lstrip().startswith(FORM)
        most = LONGEST_FORM if is_form else self.largest
        if length is not None and length > most:
            return self.refuse(environ, start_response, 413)
        if not self.reading.acquire(timeout=PATIENCE):
            return self.refuse(environ, start_response, 503)
        end = most + 1 if length is None else length
        kept: IO[bytes] = io.BytesIO() if end <= IN_MEMORY else tempfile.TemporaryFile()  # noqa: SIM115 closed below
        try:
            came = read(environ["wsgi.input"], end, kept)
        except OSError:  # who sent it is gone
            kept.close()
            return self.refuse(environ, start_response, 408)
        finally:
            self.reading.release()
        if came > most or (is_form and kept.read().count(b"&") >= MOST_FIELDS):
            kept.close()
            return self.refuse(environ, start_response, 413)
        kept.seek(0)
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = kept, str(came)
        try:
            return self.inner(environ, start_response)
        finally:
            kept.close()  # whoever wants it has taken it apart by now


def read(stream: InputStream, end: int, into: IO[bytes]) -> int:
    """Reads a body, at most so many bytes; how many came."""
    came = 0
    while came < end and (piece := stream.read(min(PIECE, end - came))):
        into.write(piece)
        came += len(piece)
    into.seek(0)
    return came
