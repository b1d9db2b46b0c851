"""Partner discount codes (P24 to P26): the distributor's sales issue one to one reseller; once that reseller
has typed it in, it lowers the wholesale price of what it is for, on every order, until its last day, its last
use or its revocation. Whatever is wrong with a code is refused with one and the same sentence: nobody finds
out whether it exists, or whose it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped
from sqlalchemy.sql import literal_column

from catalog import goods
from catalog.deductions import Deduction
from core import db, parties, states, throttles, trail
from core.clock import business_now
from core.errors import Missing, Refused
from core.events import Event, publish
from core.ids import new_code, new_id
from core.languages import Words, _
from core.tenancy import Access, ResellerOwned, current, owned_by

LENGTH = 10
MOST_GUESSES = 10
"""an hour, of one reseller, right ones included"""


class CodeState(StrEnum):
    """RUNNING: it can be typed in, and counts once it was."""

    SCHEDULED = "scheduled"
    RUNNING = "running"
    ENDED = "ended"
    REVOKED = "revoked"


STATES = Words({"scheduled": "Scheduled", "running": "Valid", "ended": "Expired", "revoked": "Revoked"})


class PartnerCode(Deduction, ResellerOwned, db.Model):
    """A code of one reseller: no other can select it. `note`: the distributor's words to the reseller."""

    __tablename__ = "partner_codes"
    __access__ = Access(distributor="rcu", reseller="r", door="r")
    __table_args__ = (
        UniqueConstraint("distributor_id", "code"),
        owned_by("resellers", "reseller_id"),
        CheckConstraint("basis_points BETWEEN 1 AND 10000", name="percent"),
        CheckConstraint("ends_on >= starts_on", name="dates"),
        CheckConstraint("uses >= 0 AND uses <= most_uses", name="uses"),
        Index(
            "ix_partner_codes_running",
            "distributor_id",
            "reseller_id",
            postgresql_where=literal_column("state = 'running'"),
        ),
    )
    LIFE = states.Transitions(
        {
            CodeState.SCHEDULED: [CodeState.RUNNING, CodeState.REVOKED],
            CodeState.RUNNING: [CodeState.ENDED, CodeState.REVOKED],
            CodeState.ENDED: [],
            CodeState.REVOKED: [],
        },
        first=CodeState.SCHEDULED,
    )

    state: Mapped[CodeState]
    note: Mapped[str]

    @property
    def used_up(self) -> bool:
        """Whether its last use is taken."""
        return self.most_uses is not None and self.uses >= self.most_uses


class CodeRedemption(ResellerOwned, db.Model):
    """That a reseller typed its code in, and who did; from then on it counts."""

    __tablename__ = "code_redemptions"
    __access__ = Access(distributor="r", reseller="rc", door="r")
    __table_args__ = (
        UniqueConstraint("distributor_id", "code_id"),
        owned_by("partner_codes", "code_id"),
    )

    code_id: Mapped[UUID]
    at: Mapped[datetime]
    name: Mapped[str]


@dataclass(frozen=True, slots=True)
class CodeIssued(Event):
    """The reseller is told its code."""

    code_id: UUID


class WrongCode(Refused):
    """P26: unknown, another partner's, not valid yet or any more, used up, revoked: all the same."""

    def __init__(self) -> None:
        super().__init__(_("This code is not valid. Please check it, or ask your distributor."))


class WrongTerms(Refused):
    """What a code has to say."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "A code takes more than 0 % and at most 100 % off, ends after it begins and not in the past,"
                " and may be used at least once."
            )
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """What a code gives: `combines` on top of promotions, else instead of them where it is the better of the
    two. `goods` are words of a form (catalog/goods.py)."""

    name: str
    basis_points: int
    goods: Sequence[str] = ()
    combines: bool = True
    starts_on: date | None = None
    ends_on: date | None = None
    most_uses: int | None = None
    note: str = ""


def issue(reseller_id: UUID, terms: Terms, *, by: str) -> PartnerCode:
    """A new code for one reseller, which gets a mail."""
    day = business_now().date()
    first = terms.starts_on or day
    if (
        not 1 <= terms.basis_points <= 10_000
        or (terms.ends_on is not None and terms.ends_on < max(first, day))
        or (terms.most_uses is not None and not 1 <= terms.most_uses < 10**9)
        or not 1 <= len(terms.name.strip()) <= 60
    ):
        raise WrongTerms
    chosen = goods.read(terms.goods)
    code = PartnerCode(
        id=new_id(),
        reseller_id=parties.reseller(reseller_id).id,
        code=new_code("PC", LENGTH),
        state=CodeState.SCHEDULED,
        name=terms.name.strip(),
        basis_points=terms.basis_points,
        goods=chosen,
        goods_words=goods.in_words(chosen),
        combines=terms.combines,
        starts_on=first,
        ends_on=terms.ends_on,
        most_uses=terms.most_uses,
        uses=0,
        note=terms.note.strip()[:500],
        created_at=db.session().info["now"],
        created_by=by,
    )
    db.add(code)
    db.flush()
    trail.write(code, "issued", told={"by": by})
    if first <= day:
        states.move(code, CodeState.RUNNING)
    publish(CodeIssued(code.id))
    return code


def revoke(code: PartnerCode, *, why: str) -> None:
    """It counts no more, from the next order on."""
    states.move(code, CodeState.REVOKED, why=why)


def turn(day: date) -> int:
    """Begins and ends the codes that are due; says how many."""
    due = (
        select(PartnerCode)
        .where(
            ((PartnerCode.state == CodeState.SCHEDULED) & (PartnerCode.starts_on <= day))
            | ((PartnerCode.state == CodeState.RUNNING) & (PartnerCode.ends_on < day))
        )
        .order_by(PartnerCode.id)
        .with_for_update(skip_locked=True)
    )
    moved = db.session().scalars(due).all()
    for code in moved:
        if code.state is CodeState.SCHEDULED:
            states.move(code, CodeState.RUNNING)
        if code.ends_on is not None and code.ends_on < day:
            states.move(code, CodeState.ENDED)
    return len(moved)


def may_guess(reseller_id: UUID, address: str) -> bool:
    """Whether this reseller, and this machine, may try a code now, which counts. Outside of any
    transaction."""
    by_machine = throttles.allow(f"code-ip:{throttles.machine(address)}", most=5 * MOST_GUESSES)
    return by_machine and throttles.allow(f"code:{reseller_id}", most=MOST_GUESSES)


def redeem(text: str, *, by: str) -> PartnerCode:
    """Keeps a code on the reseller's account, in whose scope this is; WrongCode for every other. Typing it
    again changes nothing."""
    typed = "".join(text.split()).upper()[:40]
    mine = select(PartnerCode).where(
        PartnerCode.code == typed, PartnerCode.reseller_id == current().reseller_id
    )
    code = db.session().scalar(mine)
    if code is None or code.state is not CodeState.RUNNING or code.used_up:
        raise WrongCode
    first = (
        insert(CodeRedemption)
        .values(
            distributor_id=code.distributor_id,
            id=new_id(),
            reseller_id=code.reseller_id,
            code_id=code.id,
            at=db.session().info["now"],
            name=by,
        )
        .on_conflict_do_nothing()
        .returning(CodeRedemption.id)
    )
    if db.session().scalar(first) is not None:
        trail.write(code, "typed in", told={"by": by})
    return code


def redemption_of(code_id: UUID) -> CodeRedemption | None:
    """Who typed it in, if anybody did."""
    return db.session().scalar(select(CodeRedemption).where(CodeRedemption.code_id == code_id))


def find(code: str, *, to_change: bool = False) -> PartnerCode:
    """A code by its letters, inside the scope."""
    chosen = select(PartnerCode).where(PartnerCode.code == code)
    found = db.session().scalar(chosen.with_for_update() if to_change else chosen)
    if found is None:
        raise Missing("code")
    return found


def of_id(code_id: UUID) -> PartnerCode:
    """A code by its id, inside the scope."""
    found = db.session().scalar(select(PartnerCode).where(PartnerCode.id == code_id))
    if found is None:
        raise Missing("code")
    return found
