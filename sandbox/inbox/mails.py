"""The mails that arrived: stored as they came, in one SQLite file, and read when somebody looks."""

import contextlib
import json
import re
import sqlite3
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS mails (
    id INTEGER PRIMARY KEY, received_at TEXT NOT NULL, sender TEXT NOT NULL, recipients TEXT NOT NULL,
    subject TEXT NOT NULL, words TEXT NOT NULL, raw BLOB NOT NULL
)
"""


@dataclass(frozen=True)
class Mail:
    """One mail, as the envelope said and as it came."""

    id: int
    received_at: datetime
    sender: str
    recipients: Sequence[str]
    raw: bytes

    @cached_property
    def message(self) -> EmailMessage:
        return _parse(self.raw)

    @property
    def subject(self) -> str:
        return str(self.message["Subject"] or "(no subject)")

    @property
    def text(self) -> str:
        return _body(self.message, "plain")

    @property
    def html(self) -> str:
        return _body(self.message, "html")

    @property
    def links(self) -> list[str]:
        """Every address a reader could follow, in order, once."""
        found = re.findall(r"https?://[^\s<>\"')]+", self.text) + re.findall(
            r'href="(https?://[^"]+)"', self.html
        )
        return list(dict.fromkeys(link.replace("&amp;", "&") for link in found))

    @property
    def parts(self) -> list[EmailMessage]:
        """The parts that hold something, by the number that their address has."""
        return [part for part in self.message.walk() if not part.is_multipart()]

    @property
    def attachments(self) -> list[tuple[int, str]]:
        named = ((number, part.get_filename()) for number, part in enumerate(self.parts))
        return [(number, name) for number, name in named if name]


class Mails:
    """The box itself; any number of processes and threads may look into it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.file = folder / "mails.sqlite"
        with self._open() as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute(SCHEMA)

    def add(self, sender: str, recipients: Sequence[str], raw: bytes) -> None:
        """Keep a mail; it is on disk when this returns."""
        message = _parse(raw)
        subject = str(message["Subject"] or "")
        words = " ".join(
            [subject, str(message["From"] or ""), sender, *recipients, _body(message, "plain")]
        ).lower()
        with self._open() as database:
            database.execute(
                "INSERT INTO mails (received_at, sender, recipients, subject, words, raw)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (datetime.now(UTC).isoformat(), sender, json.dumps(list(recipients)), subject, words, raw),
            )

    def search(self, words: str = "", *, to: str = "", after: int = 0, limit: int = 200) -> list[Mail]:
        """Newest first: those with every one of the words, to this address, that came after this id."""
        conditions = ["id > ?", *["words LIKE ? ESCAPE '\\'" for _ in words.split()]]
        values: list[str | int] = [after, *[f"%{_literally(word)}%" for word in words.lower().split()]]
        if to:
            conditions.append("EXISTS (SELECT 1 FROM json_each(recipients) WHERE lower(value) = ?)")
            values.append(to.lower())
        where = " AND ".join(conditions)
        query = f"SELECT * FROM mails WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608 words of ours; what was searched for is bound
        with self._open() as database:
            return [_mail(row) for row in database.execute(query, [*values, limit])]

    def get(self, id_: int) -> Mail | None:
        with self._open() as database:
            row = database.execute("SELECT * FROM mails WHERE id = ?", [id_]).fetchone()
        return _mail(row) if row else None

    @contextlib.contextmanager
    def _open(self) -> Generator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(self.file, timeout=10)) as database, database:
            database.row_factory = sqlite3.Row
            yield database


def _mail(row: sqlite3.Row) -> Mail:
    received_at = datetime.fromisoformat(row["received_at"])
    return Mail(row["id"], received_at, row["sender"], json.loads(row["recipients"]), row["raw"])


def _parse(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part else ""


def _literally(word: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", word)
