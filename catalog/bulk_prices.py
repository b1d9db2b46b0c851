"""Many prices changed at once: a part of a shelf gets a rule, or every price of it some percent more or less.
The preview is what will be (shelf_prices.preview). The last change of a shelf can be undone: the rules that
it replaced stand again, and prices that no rule made are what they were."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Select, Uuid, any_, insert, literal, or_, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from catalog import margin_floors, retail_rules, shelf_prices
from catalog.listings import Listing
from catalog.products import Product
from catalog.retail_rules import Level, Method, RetailRule, Wanted, WrongTarget
from catalog.shelf_prices import Part, Preview
from core import db, states, trail
from core.errors import Conflict
from core.languages import _
from core.money import Money
from core.tenancy import Access, ResellerOwned, owned_by, same_key


class BulkState(StrEnum):
    """UNDONE: everything is as it was before."""

    MADE = "made"
    UNDONE = "undone"


class BulkChange(ResellerOwned, db.Model):
    """One change of many prices. `before` are the rules that it replaced or removed, as rows; `made` the ids
    of those that it made."""

    __tablename__ = "bulk_changes"
    __access__ = Access(distributor="rcu", reseller="rcu")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        Index("ix_bulk_changes_reseller", "distributor_id", "reseller_id", "at"),
    )
    LIFE = states.Transitions(
        {BulkState.MADE: [BulkState.UNDONE], BulkState.UNDONE: []}, first=BulkState.MADE
    )

    state: Mapped[BulkState]
    at: Mapped[datetime]
    by: Mapped[str]
    words: Mapped[str]
    changed: Mapped[int] = mapped_column(default=0)
    before: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    made: Mapped[list[str]] = mapped_column(default=list)


class BulkChangeRow(ResellerOwned, db.Model):
    """A price before and after."""

    __tablename__ = "bulk_change_rows"
    __access__ = Access(distributor="rc", reseller="rc")
    __table_args__ = (
        owned_by("bulk_changes", "bulk_change_id"),
        owned_by("listings", "listing_id"),
        Index("ix_bulk_change_rows_change", "distributor_id", "bulk_change_id"),
    )

    bulk_change_id: Mapped[UUID]
    listing_id: Mapped[UUID]
    was_minor: Mapped[int]
    was_steps: Mapped[list[list[int]]] = mapped_column(JSONB)
    now_minor: Mapped[int]
    now_steps: Mapped[list[list[int]]] = mapped_column(JSONB)


class NothingChanges(Conflict):
    """A change without a difference."""

    def __init__(self) -> None:
        super().__init__(_("No price would be another than it is today."))


class NothingToUndo(Conflict):
    """Only the last change, and only once."""

    def __init__(self) -> None:
        super().__init__(_("There is no change of many prices that could be undone."))


class How(StrEnum):
    """What is done to many prices: a method of rules, or percent on today's prices."""

    PERCENT = "percent"
    FIXED = "fixed"
    MARGIN = "margin"
    LIST = "list"
    TODAY = "today"


@dataclass(frozen=True, slots=True)
class Asked:
    """A change as somebody wants it. `part` is what is meant: everything, a category, a vendor, or listings.
    `all_of_it`: rules of single products and plans in it, and prices set by hand, give way."""

    part: Part
    how: How
    points: int = 0
    amount: Money | None = None
    all_of_it: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What a change comes down to: rules that are to stand, and rules that give way; or so many basis points
    on today's prices."""

    wanted: Sequence[Wanted]
    dropped: Sequence[UUID]
    today: int | None = None


# --- What a change comes down to ----------------------------------------------------------------------------


def plan(reseller_id: UUID, asked: Asked) -> Plan:
    """The rules of a change; WrongTarget where its part is empty."""
    meant = _meant(reseller_id, asked.part)
    if db.session().scalar(meant.with_only_columns(Listing.id).limit(1)) is None:
        raise WrongTarget
    if asked.how is How.TODAY:
        return Plan([], [], today=asked.points)
    single = Wanted(
        Level.ALL, "", Method(asked.how.value), asked.points,
        asked.amount.minor if asked.amount else 0, asked.amount.currency if asked.amount else "",
    )  # fmt: skip
    if asked.part.kind == "listings":
        plans = db.session().scalars(meant.with_only_columns(Listing.plan_id)).all()
        return Plan([replace(single, level=Level.PLAN, target=str(one), plan_id=one) for one in plans], [])
    if asked.part.kind:
        single = replace(single, level=Level(asked.part.kind), target=asked.part.value)
    return Plan([single], _giving_way(reseller_id, meant) if asked.all_of_it else [])


def _meant(reseller_id: UUID, part: Part) -> Select[Listing]:
    chosen = select(Listing).where(Listing.reseller_id == reseller_id)
    joined = same_key(Product.id, Listing.product_id)
    if part.kind == "listings":
        return chosen.where(Listing.id.in_(part.value))
    if part.kind:
        column = Product.category if part.kind == "category" else Product.vendor
        return chosen.join(Product, joined).where(column == part.value)
    return chosen


def _giving_way(reseller_id: UUID, meant: Select[Listing]) -> list[UUID]:
    """More specific rules of what is meant: those of single products and plans."""
    named = or_(
        RetailRule.plan_id.in_(meant.with_only_columns(Listing.plan_id)),
        RetailRule.product_id.in_(meant.with_only_columns(Listing.product_id)),
    )
    chosen = select(RetailRule.id).where(RetailRule.reseller_id == reseller_id, named)
    return list(db.session().scalars(chosen))


def preview(reseller_id: UUID, asked: Asked) -> Preview:
    """What the change would make of its part of the shelf; nothing is changed."""
    told = plan(reseller_id, asked)
    return shelf_prices.preview(reseller_id, asked.part, told.wanted, told.dropped, today=told.today)


# --- Changing and undoing -----------------------------------------------------------------------------------


def change(reseller_id: UUID, asked: Asked, *, by: str) -> BulkChange:
    """Makes the change; NothingChanges where no price would be another, UnderFloor where the reseller's own
    floor refuses one of them."""
    shelf_prices.take_turns()
    told = plan(reseller_id, asked)
    expected = shelf_prices.preview(
        reseller_id, asked.part, told.wanted, told.dropped, most=1, today=told.today
    )
    if not expected.changes:
        raise NothingChanges
    if expected.refused:
        raise margin_floors.UnderFloor(expected.refused)
    if told.today is None:
        ids, before = _stand(reseller_id, told)
    else:
        ids, before = shelf_prices.set_by_hand(reseller_id, asked.part, told.today)
    made = db.add(
        BulkChange(
            reseller_id=reseller_id,
            state=BulkState.MADE,
            at=db.session().info["now"],
            by=by,
            words=words(asked),
            before=before,
            made=[str(one) for one in ids],
            changed=expected.changes,
        )
    )
    db.flush()
    trail.write(made, "made", told={"what": made.words, "prices": made.changed})
    shelf_prices.follow(reseller_id, asked.part, bulk=made.id)
    return made


def _stand(reseller_id: UUID, told: Plan) -> tuple[list[UUID], list[dict[str, Any]]]:
    """The rules of a plan stand: their ids, and those that they replaced or that gave way as rows."""
    replaced = or_(
        RetailRule.id == any_(literal(list(told.dropped), ARRAY(Uuid()))),
        tuple_(RetailRule.level, RetailRule.target).in_([(one.level, one.target) for one in told.wanted]),
    )
    chosen = select(RetailRule).where(RetailRule.reseller_id == reseller_id, replaced)
    standing = db.session().scalars(chosen).all()
    before = [_row(one) for one in standing]
    for one in standing:
        db.session().delete(one)
    db.flush()
    rows = retail_rules.rows_of(reseller_id, told.wanted)
    db.session().execute(insert(RetailRule), rows)
    return [row["id"] for row in rows], before


def _row(rule: RetailRule) -> dict[str, Any]:
    kept = {column.name: getattr(rule, column.name) for column in RetailRule.__table__.columns}
    return {
        name: value if isinstance(value, int | list) else None if value is None else str(value)
        for name, value in kept.items()
    }


def last(reseller_id: UUID) -> BulkChange | None:
    """The newest change, if it was not undone."""
    chosen = select(BulkChange).where(BulkChange.reseller_id == reseller_id)
    newest = db.session().scalar(chosen.order_by(BulkChange.at.desc(), BulkChange.id.desc()).limit(1))
    return newest if newest is not None and newest.state is BulkState.MADE else None


# Only what still is as the change left it.
PRICES_BACK = """
UPDATE listings l SET price_minor = r.was_minor, steps = r.was_steps FROM bulk_change_rows r
WHERE r.distributor_id = l.distributor_id AND r.bulk_change_id = %(bulk)s AND l.id = r.listing_id
  AND (l.price_minor, l.steps) = (r.now_minor, r.now_steps) RETURNING l.product_id"""
RULES_GONE = """
DELETE FROM retail_rules r USING bulk_changes c, jsonb_array_elements_text(c.made) m
WHERE c.id = %(bulk)s AND r.distributor_id = c.distributor_id AND r.id = m::uuid"""
RULES_BACK = """
INSERT INTO retail_rules SELECT * FROM jsonb_populate_recordset(NULL::retail_rules, (SELECT before FROM bulk_changes WHERE id = %(bulk)s))
ON CONFLICT (distributor_id, reseller_id, level, target) DO NOTHING"""  # noqa: E501 SQL


def undo(reseller_id: UUID) -> BulkChange:
    """Takes the last change back; what was changed by hand since then stays as it is. Prices that rules make
    are made by today's: what one pays may be another than then."""
    shelf_prices.take_turns()
    if (of := last(reseller_id)) is None:
        raise NothingToUndo
    db.flush()
    with db.told_by_the_driver("bulk_prices.undo"):
        db.driver().execute(RULES_GONE.encode(), {"bulk": of.id})
        products = db.driver().execute(PRICES_BACK.encode(), {"bulk": of.id}).fetchall()
        db.driver().execute(RULES_BACK.encode(), {"bulk": of.id})
    db.session().expire_all()  # the statements went past the session
    states.move(of, BulkState.UNDONE)
    db.flush()
    if products:
        shelf_prices.settle({reseller_id}, {row[0] for row in products})
    shelf_prices.follow(reseller_id)
    return of


def words(asked: Asked) -> str:
    """What was asked for, in a line."""
    if asked.how is How.TODAY:
        what = _("today's price and %(percent)s", percent=retail_rules.percent(asked.points))
    else:
        amount = asked.amount or Money(0, "EUR")
        what = retail_rules.how(
            Wanted(Level.ALL, "", Method(asked.how.value), asked.points, amount.minor, amount.currency)
        )
    if asked.part.kind == "listings":
        where = _("%(n)s chosen plans", n=len(asked.part.value))
    else:
        where = str(asked.part.value) if asked.part.kind else _("everything")
    return f"{where}: {what}"
