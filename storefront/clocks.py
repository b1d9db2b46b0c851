"""The business clocks of an installation, for the command line: shown for every distributor, moved for one
sandbox at a time."""

from datetime import UTC, datetime
from typing import Any

from core import clock, db, doors, parties, tenancy, time_machine
from core.errors import Refused
from core.tenancy import Scope, Side
from storefront.doctor import DISTRIBUTORS


class WhichDistributor(Refused):
    """A clock is moved on purpose."""

    def __init__(self, codes: list[str]) -> None:
        super().__init__(f"Say whose clock: --distributor with one of {', '.join(codes) or 'none yet'}.")


def show_or_move(
    code: str | None, *, days: int | None = None, months: int | None = None, to: datetime | None = None
) -> list[tuple[str, datetime]]:
    """Names and business times, after the move if one is asked for."""
    known = {code_of(row): row for row in doors.call_all(DISTRIBUTORS, {})}
    moving = days is not None or months is not None or to is not None
    chosen = [code] if code else list(known)
    if code is not None and code not in known or moving and len(chosen) != 1:
        raise WhichDistributor(sorted(known))
    shown: list[tuple[str, datetime]] = []
    for each in chosen:
        row = known[each]
        with acting_for(row), db.transaction():
            if moving:
                at = to.replace(tzinfo=UTC) if to else time_machine.after(days=days or 0, months=months or 0)
                shown.append((row.name, clock.machine_now() + time_machine.go(at)))
            else:
                shown.append((row.name, clock.business_now()))
    return shown


def code_of(row: Any) -> str:
    """The distributor's code."""
    with acting_for(row), db.transaction():
        return parties.the_distributor().code


def acting_for(row: Any) -> Any:
    """The distributor's own scope, by its own clock."""
    return tenancy.acting_as(
        Scope(Side.DISTRIBUTOR, row.id, offset=row.business_offset, request_id="command")
    )
