"""Bodies that do not come, that never end, or that are a million fields: whoever sends them takes no thread
from those who look at the shop."""

import io
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from storefront import bodies, errors
from storefront.bodies import FORM, Bodies

Answer = tuple[int, bytes]


def says_what_came(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """The application: gives back what it was sent."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))]


class Senders:
    """Connections whose other end is ours; all of them hang up at the end of the test."""

    def __init__(self) -> None:
        self.app = Bodies(cast(Any, says_what_came), errors.bare, 3 * bodies.IN_MEMORY)
        self.ends: list[socket.socket] = []

    def send(self, first: bytes, *, length: int, method: str = "POST") -> Answer:
        """What somebody is answered who sends so many bytes of so many."""
        ours, theirs = socket.socketpair()
        self.ends += [ours, theirs]
        ours.sendall(first)
        environ = EnvironBuilder("/sign-in", method=method, content_type=FORM).get_environ()
        environ |= {"wsgi.input": theirs.makefile("rb"), "CONTENT_LENGTH": str(length)}
        return self.ask(environ)

    def ask(self, environ: dict[str, Any]) -> Answer:
        pieces, status, _headers = run_wsgi_app(cast(Any, self.app), environ, buffered=True)
        return int(status.split()[0]), b"".join(pieces)

    def hang_up(self) -> None:
        for end in self.ends:
            end.shutdown(socket.SHUT_RDWR)
            end.close()


@pytest.fixture
def senders() -> Iterator[Senders]:
    made = Senders()
    yield made
    made.hang_up()


def test_who_sends_slowly_takes_few_threads_from_the_others(senders: Senders) -> None:
    answers: list[Answer] = []

    def slowly() -> None:
        answers.append(senders.send(b"email=", length=7))

    sending = [threading.Thread(target=slowly) for _each in range(5)]
    for each in sending:
        each.start()
    assert eventually(lambda: len(answers) == 5 - bodies.READING)
    assert {status for status, _body in answers} == {503}  # told at once; the rest waits
    assert senders.send(b"", length=9, method="GET") == (200, b"")
    for end in senders.ends[::2]:
        end.sendall(b"a")
    for each in sending:
        each.join(5)
    assert answers.count((200, b"email=a")) == bodies.READING
    assert senders.send(b"email=b", length=7) == (200, b"email=b")


def eventually(told: Callable[[], bool], within: float = 5) -> bool:
    until = time.monotonic() + within
    while not told() and time.monotonic() < until:
        time.sleep(0.01)
    return told()


def test_a_body_that_breaks_off_is_no_body(senders: Senders) -> None:
    class Broken(io.RawIOBase):
        def readinto(self, _buffer: Any) -> int:
            raise ConnectionResetError

    environ = EnvironBuilder("/", method="POST", content_type=FORM).get_environ()
    assert senders.ask(environ | {"wsgi.input": Broken(), "CONTENT_LENGTH": "7"})[0] == 408


@pytest.mark.parametrize("length", ["", "known"])
def test_what_is_larger_than_any_form_is_not_taken_apart(senders: Senders, length: str) -> None:
    def sent(body: bytes, kind: str) -> int:
        environ = EnvironBuilder("/", method="POST", content_type=kind, data=body).get_environ()
        if not length:
            environ |= {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}
        return senders.ask(environ)[0]

    most = bodies.LONGEST_FORM
    assert sent(b"a" * most, FORM) == 200
    assert sent(b"a" * (most + 1), FORM) == 413
    assert sent(b"a" * (most + 1), FORM.upper()) == 413
    assert sent(b"a&" * (bodies.MOST_FIELDS - 1), FORM) == 200
    assert sent(b"a&" * bodies.MOST_FIELDS, FORM) == 413
    assert sent(b"a" * senders.app.largest, "multipart/form-data") == 200
    assert sent(b"a" * (senders.app.largest + 1), "multipart/form-data") == 413


def test_whoever_asks_for_a_page_sends_no_body(senders: Senders) -> None:
    assert senders.send(b"", length=9, method="GET") == (200, b"")
    long = EnvironBuilder("/search", query_string="q=" + "a" * bodies.LONGEST_QUERY).get_environ()
    status, page = senders.ask(long)
    assert status == 414
    assert b"too long" in page
