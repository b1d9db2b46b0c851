"""Stands between the application and PostgreSQL and cuts connections where it hurts most (QC3): the server
has received COMMIT and answered, but the answer never reaches the client, who cannot know whether it was
done. Or the COMMIT itself is lost. It reads just enough of PostgreSQL's protocol (messages of a type byte and
a length) to see a COMMIT pass."""

import contextlib
import random
import shutil
import socket
import struct
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

SOCKET = ".s.PGSQL.5432"


class Proxy:
    """Listens on a unix socket in a folder of its own; `folder` goes into the URL's `host`.

    `strike` is asked at each COMMIT and says "" (let it pass), "after" (cut when the server has done it) or
    "before" (cut before the server hears of it)."""

    def __init__(self, server_folder: Path) -> None:
        self.target = str(server_folder / SOCKET)
        self.folder = Path(tempfile.mkdtemp(prefix="cut-", dir="/tmp"))
        self.strike: Callable[[], str] = str
        self.commits, self.cuts = 0, 0
        self._guard = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.folder / SOCKET))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Takes no new connections; those that are open end with their clients."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def cut_next(self, how: str = "after", *, passing: int = 0) -> None:
        """Cuts one COMMIT, after letting `passing` of them through."""
        left = [passing]

        def strike() -> str:
            left[0] -= 1
            return how if left[0] == -1 else ""

        self.strike = strike

    def cut_by_chance(self, chance: float, seed: int) -> None:
        """Cuts so many of all COMMITs, nine in ten of them after they were done."""
        lots = random.Random(seed)

        def strike() -> str:
            if lots.random() >= chance:
                return ""
            return "after" if lots.random() < 0.9 else "before"

        self.strike = strike

    def spare(self) -> None:
        """Cuts nothing any more."""
        self.strike = str

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self.target)
            except OSError:
                client.close()
                continue
            pair = _Pair(self, client, server)
            for work in (pair.up, pair.down):
                threading.Thread(target=work, daemon=True).start()

    def asked(self) -> str:
        """What is to become of the COMMIT that passes now."""
        with self._guard:
            self.commits += 1
            how = self.strike()
            self.cuts += bool(how)
            return how


class _Pair:
    """One connection of a client, and the one to the server behind it."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self.proxy, self.client, self.server = proxy, client, server
        self.doomed = False

    def up(self) -> None:
        """Client to server."""
        with contextlib.suppress(OSError, EOFError):
            self.server.sendall(_message(self.client, typed=False))
            while True:
                message = _message(self.client)
                if _is_commit(message):
                    how = self.proxy.asked()
                    if how == "before":
                        break
                    self.doomed = self.doomed or how == "after"
                self.server.sendall(message)
        self._end(unless_doomed=True)

    def down(self) -> None:
        """Server to client; of a doomed connection the answer to COMMIT is kept back and everything ends."""
        with contextlib.suppress(OSError, EOFError):
            while True:
                message = _message(self.server)
                if not self.doomed:
                    self.client.sendall(message)
                elif message[:1] == b"Z":  # the server is ready again, so the COMMIT is done
                    break
        self._end()

    def _end(self, *, unless_doomed: bool = False) -> None:
        if unless_doomed and self.doomed:
            return
        for each in (self.client, self.server):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def _message(source: socket.socket, *, typed: bool = True) -> bytes:
    """The next whole message; the first one of a client has no type."""
    head = _exactly(source, 5 if typed else 4)
    return head + _exactly(source, struct.unpack("!I", head[-4:])[0] - 4)


def _exactly(source: socket.socket, size: int) -> bytes:
    got = bytearray()
    while len(got) < size:
        if not (piece := source.recv(size - len(got))):
            raise EOFError
        got += piece
    return bytes(got)


def _is_commit(message: bytes) -> bool:
    """COMMIT as a simple query, or parsed under whatever name."""
    if message[:1] == b"Q":
        return message[5:].rstrip(b"\0").strip().upper() == b"COMMIT"
    return message[:1] == b"P" and message[5:].split(b"\0")[1].strip().upper() == b"COMMIT"
