"""Files of price sheets between being given and being read: kept for a person who says what the columns mean,
or for a worker where the file is too large to wait for. Whatever was read is not kept."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from catalog import import_previews, mapped_sheets, price_imports, price_sheets, sheet_files
from catalog.price_imports import ImportState, PriceImport
from catalog.priced_lines import Sheet
from catalog.sheet_files import NotASheet
from catalog.sheet_mappings import Meaning, meaning_of
from core import db, states, tasks
from core.clock import business_now
from core.errors import Missing
from core.ids import new_code, new_id
from core.tasks import Claimed, Kind, Repeat
from core.tenancy import Access, DistributorOwned

READ_AT_ONCE = 512 * 1024
KEPT = timedelta(days=1)


class SheetFile(DistributorOwned, db.Model):
    """A file with the names of its columns, a few rows, and what its form says it is for."""

    __tablename__ = "sheet_files"
    __access__ = Access(distributor="rcd")
    __table_args__ = (UniqueConstraint("distributor_id", "code"),)

    code: Mapped[str]
    file_name: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    heads: Mapped[list[str]]
    samples: Mapped[dict[str, Any]]
    asked: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


def keep(
    content: bytes, file_name: str, heads: list[str], rows: list[list[str]], asked: dict[str, Any]
) -> SheetFile:
    """For a day: what nobody came back to is forgotten when the next one comes."""
    now = db.session().info["now"]
    db.session().execute(delete(SheetFile).where(SheetFile.created_at < now - KEPT))
    made = db.add(
        SheetFile(
            id=new_id(),
            code=new_code("FILE", 8),
            file_name=file_name[:200],
            content=content,
            heads=heads,
            samples={"rows": rows},
            asked=asked,
            created_at=now,
        )
    )
    db.flush()
    return made


def find(code: str) -> SheetFile:
    """A file that waits for its columns."""
    found = db.session().scalar(select(SheetFile).where(SheetFile.code == code))
    if found is None:
        raise Missing("file")
    return found


def forget(file: SheetFile) -> None:
    """It was read, or nobody wants it."""
    db.session().delete(file)
    db.flush()


# --- Reading ------------------------------------------------------------------------------------------------


def read(content: bytes, of: PriceImport, meaning: Meaning | None) -> None:
    """Reads a small file at once, a large one by a worker. NotASheet leaves nothing behind in the caller's
    transaction, which it undoes."""
    if len(content) <= READ_AT_ONCE:
        import_previews.stage(of, _sheet(content, of, meaning))
        return
    file = keep(content, of.file_name, [], [], meaning.as_data() if meaning else {})
    tasks.add("read_price_sheet", {"import_id": str(of.id), "file": file.code})


def _sheet(content: bytes, of: PriceImport, meaning: Meaning | None) -> Sheet:
    table, at = sheet_files.opened(content, of.file_name), of.as_of or business_now()
    if meaning is None:
        return price_sheets.read_table(
            table, currency=of.currency, market=of.market, segment=of.segment, at=at
        )
    return mapped_sheets.read_table(
        table, meaning, currency=of.currency, market=of.market, segment=of.segment, at=at
    )


def _read(task: Claimed) -> None:
    of = price_imports.locked(UUID(task.args["import_id"]))
    if of.state is not ImportState.READING:
        return
    file = find(task.args["file"])
    try:
        sheet = _sheet(file.content, of, meaning_of(file.asked) if file.asked else None)
    except NotASheet as refusal:
        of.problem = str(refusal)
        states.move(of, ImportState.UNREADABLE)
    else:
        import_previews.stage(of, sheet)
    forget(file)


READ = tasks.register(Kind("read_price_sheet", Repeat.SAFE, prepare=_read, alone=True))
