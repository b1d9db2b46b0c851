"""Promotions: discounts for a time. The distributor's lower the wholesale price of its resellers, borne by
itself or by the vendor; a reseller's own lower its retail prices, borne by the reseller. Which runs is a
state that a durable task moves on its dates; what that means for a price is catalog/reductions.py, and who
has it on which order checkout/discounts.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import literal_column

from catalog import goods, listings, partner_codes, price_lists, reductions, sales
from catalog.deductions import Deduction
from catalog.reductions import Bearer, Offer
from core import db, states, tasks, trail
from core.clock import business_now
from core.doors import call_here, door
from core.errors import Missing, Refused
from core.ids import new_code, new_id
from core.languages import Words, _
from core.money import Money
from core.parties import Customer, Distributor, Reseller
from core.tasks import Claimed, Kind, Repeat
from core.tenancy import Access, DistributorOwned, current, owned_by
from partners import storefronts
from partners.tiers import Tier


class PromotionState(StrEnum):
    """STOPPED: by a person, before its last day or before it began."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    ENDED = "ended"
    STOPPED = "stopped"


STATES = Words(
    {
        "draft": "Draft",
        "scheduled": "Scheduled",
        "running": "Running",
        "ended": "Ended",
        "stopped": "Stopped",
    }
)


class Promotion(Deduction, DistributorOwned, db.Model):
    """One promotion. `reseller_id`: whose it is; empty is the distributor's, which no reseller can select.
    `buyers`: the resellers and tiers, or the customers, that have it; empty is all. `for_everybody`: nothing
    about a buyer decides, so shelves show it, as the catalogue was in its version `drawn_for`. `counted`:
    uses or their value have a limit, kept in `uses` and `spent_minor` under the row's lock."""

    __tablename__ = "promotions"
    __access__ = Access(distributor="rcu", reseller="rcu", door="r")
    __table_args__ = (
        UniqueConstraint("distributor_id", "code"),
        owned_by("resellers", "reseller_id"),
        CheckConstraint(
            "(basis_points BETWEEN 1 AND 10000 AND minor = 0) OR (basis_points = 0 AND minor > 0)",
            name="off",
        ),
        CheckConstraint("(reseller_id IS NULL) = (bearer <> 'reseller')", name="bearer"),
        CheckConstraint("ends_on >= starts_on", name="dates"),
        CheckConstraint("minimum_quantity >= 1", name="minimum"),
        CheckConstraint("uses >= 0 AND uses <= most_uses", name="uses"),
        CheckConstraint("spent_minor >= 0 AND spent_minor <= most_minor", name="spent"),
        Index(
            "ix_promotions_running",
            "distributor_id",
            "reseller_id",
            postgresql_where=literal_column("state = 'running'"),
        ),
        Index(
            "ix_promotions_turns",
            "distributor_id",
            "state",
            postgresql_where=literal_column("state IN ('scheduled', 'running')"),
        ),
    )
    LIFE = states.Transitions(
        {
            PromotionState.DRAFT: [PromotionState.SCHEDULED, PromotionState.RUNNING, PromotionState.STOPPED],
            PromotionState.SCHEDULED: [PromotionState.RUNNING, PromotionState.STOPPED],
            PromotionState.RUNNING: [PromotionState.ENDED, PromotionState.STOPPED],
            PromotionState.ENDED: [],
            PromotionState.STOPPED: [],
        },
        first=PromotionState.DRAFT,
    )

    reseller_id: Mapped[UUID | None] = mapped_column(sort_order=-18)
    state: Mapped[PromotionState]
    bearer: Mapped[Bearer]
    minor: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str]
    buyers: Mapped[dict[str, list[str]]] = mapped_column(JSONB, default=dict)
    buyers_words: Mapped[str] = mapped_column(default="")
    minimum_quantity: Mapped[int] = mapped_column(default=1)
    new_customers: Mapped[bool] = mapped_column(default=False)
    once_per_customer: Mapped[bool] = mapped_column(default=False)
    most_minor: Mapped[int | None]
    spent_minor: Mapped[int] = mapped_column(default=0)
    counted: Mapped[bool] = mapped_column(default=False)
    for_everybody: Mapped[bool] = mapped_column(default=False)
    drawn_for: Mapped[UUID | None]


# --- Refusals -----------------------------------------------------------------------------------------------


class WrongDiscount(Refused):
    """Either a percentage, or an amount per unit."""

    field = "percent"

    def __init__(self) -> None:
        super().__init__(
            _("Say how much: a percentage above 0 and up to 100, or an amount per unit, not both.")
        )


class WrongDates(Refused):
    """It ends after it begins, and not before today."""

    field = "ends_on"

    def __init__(self) -> None:
        super().__init__(
            _("The last day is the first day or later, and not in the past; a day is written 2026-11-30.")
        )


class WrongLimit(Refused):
    """Limits are whole numbers and amounts above nothing."""

    def __init__(self) -> None:
        super().__init__(_("A limit or minimum is at least 1; leave it empty where there is none."))


class Unnamed(Refused):
    """The buyer reads its name."""

    field = "name"

    def __init__(self) -> None:
        super().__init__(_("Give it a name of at most 60 characters; the buyer reads it."))


class UnknownBuyers(Refused):
    """Only partners, tiers and customers there are."""

    field = "buyers"

    def __init__(self) -> None:
        super().__init__(_("Choose from those there are; somebody chosen is not there any more."))


class NotADraft(Refused):
    """What was announced stays as it was announced."""

    def __init__(self) -> None:
        super().__init__(
            _("Only a draft can be changed. Stop this one and make another, so that nobody is misled.")
        )


# --- What it says -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Terms:
    """What a promotion is, as its form says it. `goods` and `buyers` are words of the form
    ("vendors:Microsoft", "customers:<id>"); amounts are minor units of the shop's currency."""

    name: str
    basis_points: int = 0
    minor: int = 0
    currency: str = "EUR"
    goods: Sequence[str] = ()
    buyers: Sequence[str] = ()
    bearer: Bearer = Bearer.DISTRIBUTOR
    minimum_quantity: int = 1
    combines: bool = False
    new_customers: bool = False
    once_per_customer: bool = False
    starts_on: date | None = None
    ends_on: date | None = None
    most_uses: int | None = None
    most_minor: int | None = None


def basis_points(text: str) -> int:
    """A percentage from what was typed ("12.5", "12,5 %"); WrongDiscount otherwise."""
    cleaned = text.strip().removesuffix("%").strip().replace(",", ".")
    try:
        exact = Decimal(cleaned) * 100
    except ArithmeticError:  # no number, or one too large to be one
        raise WrongDiscount from None
    if not exact.is_finite() or not 0 < exact <= 10_000 or exact != int(exact):  # a long number costs much
        raise WrongDiscount
    return int(exact)


def today() -> date:
    """By the business clock."""
    return business_now().date()


def add(terms: Terms, *, reseller_id: UUID | None = None, by: str) -> Promotion:
    """A draft; `reseller_id` says whose."""
    promotion = Promotion(
        id=new_id(),
        reseller_id=reseller_id,
        code=new_code("PRM"),
        state=PromotionState.DRAFT,
        created_at=db.session().info["now"],
        created_by=by,
        uses=0,
        spent_minor=0,
    )
    _say(promotion, terms)
    db.add(promotion)
    db.flush()
    trail.write(promotion, "made", told={"by": by})
    return promotion


def change(promotion: Promotion, terms: Terms) -> None:
    """Another draft in the place of this one; NotADraft once it is published."""
    if promotion.state is not PromotionState.DRAFT:
        raise NotADraft
    _say(promotion, terms)
    trail.write(promotion, "changed")


def _say(promotion: Promotion, terms: Terms) -> None:
    _refuse_unless_sound(terms)
    mine = promotion.reseller_id is not None
    promotion.name = terms.name.strip()
    promotion.basis_points, promotion.minor = terms.basis_points, terms.minor
    promotion.currency = terms.currency
    promotion.bearer = Bearer.RESELLER if mine else terms.bearer
    if (promotion.bearer is Bearer.RESELLER) is not mine:
        raise WrongDiscount
    promotion.goods = goods.read(terms.goods)
    promotion.goods_words = goods.in_words(promotion.goods)
    promotion.buyers, promotion.buyers_words = _buyers(terms.buyers, promotion.reseller_id)
    promotion.minimum_quantity = terms.minimum_quantity
    promotion.combines = terms.combines
    promotion.new_customers, promotion.once_per_customer = terms.new_customers, terms.once_per_customer
    promotion.starts_on, promotion.ends_on = terms.starts_on or today(), terms.ends_on
    promotion.most_uses, promotion.most_minor = terms.most_uses, terms.most_minor
    promotion.counted = terms.most_uses is not None or terms.most_minor is not None
    promotion.for_everybody = (
        mine
        and not promotion.buyers
        and not (terms.new_customers or terms.once_per_customer or promotion.counted)
        and terms.minimum_quantity == 1
    )


def _refuse_unless_sound(terms: Terms) -> None:
    if not 1 <= len(terms.name.strip()) <= 60:
        raise Unnamed
    percent, amount = terms.basis_points, terms.minor
    if bool(percent) is bool(amount) or not 0 <= percent <= 10_000 or not 0 <= amount < 10**15:
        raise WrongDiscount
    first = terms.starts_on or today()
    if terms.ends_on is not None and terms.ends_on < max(first, today()):
        raise WrongDates
    limits = [one for one in (terms.most_uses, terms.most_minor) if one is not None]
    if any(not 1 <= one < 10**15 for one in (*limits, terms.minimum_quantity)):
        raise WrongLimit


def _buyers(chosen: Sequence[str], reseller_id: UUID | None) -> tuple[dict[str, list[str]], str]:
    """Who has it, and their names in a line. A reseller chooses among its customers, the distributor among
    resellers and tiers."""
    kinds = {"customers"} if reseller_id else {"resellers", "tiers"}
    found: dict[str, dict[str, str]] = {}
    for word in chosen:
        kind, _colon, value = word.partition(":")
        if kind not in kinds:
            raise UnknownBuyers
        found.setdefault(kind, {})[value] = ""
    for kind, values in found.items():
        known = {str(one): name for one, name in _known(kind, list(values), reseller_id)}
        if set(known) != set(values):
            raise UnknownBuyers
        found[kind] = known
    names = sorted(name for known in found.values() for name in known.values())
    return {kind: sorted(known) for kind, known in sorted(found.items())}, ", ".join(names)


def _known(kind: str, values: Sequence[str], reseller_id: UUID | None) -> list[tuple[UUID, str]]:
    model = {"customers": Customer, "resellers": Reseller, "tiers": Tier}[kind]
    try:
        chosen = select(model.id, model.name).where(model.id.in_([UUID(value) for value in values]))
    except ValueError:
        return []
    if kind == "customers":
        chosen = chosen.where(Customer.reseller_id == reseller_id)
    return [(one, name) for one, name in db.session().execute(chosen)]


def buyer_choices(reseller_id: UUID | None, most: int = 300) -> list[tuple[str, str]]:
    """(word, name) of whom it may be kept to."""
    session = db.session()
    if reseller_id is not None:
        mine = select(Customer.id, Customer.name).where(
            Customer.reseller_id == reseller_id, Customer.ended_at.is_(None)
        )
        rows = session.execute(mine.order_by(Customer.name).limit(most))
        return [(f"customers:{one}", name) for one, name in rows]
    tiers = session.execute(select(Tier.id, Tier.name).order_by(Tier.name))
    resellers = session.execute(select(Reseller.id, Reseller.name).order_by(Reseller.name).limit(most))
    return [
        *((f"tiers:{one}", _("Tier: %(name)s", name=name)) for one, name in tiers),
        *((f"resellers:{one}", name) for one, name in resellers),
    ]


# --- Its life -----------------------------------------------------------------------------------------------


def publish(promotion: Promotion) -> None:
    """It runs from its first day on: at once where that is today."""
    day = today()
    if promotion.ends_on is not None and promotion.ends_on < day:
        raise WrongDates
    if promotion.starts_on > day:
        states.move(promotion, PromotionState.SCHEDULED)
    else:
        states.move(promotion, PromotionState.RUNNING)
        _tell_shelf(promotion)


def stop(promotion: Promotion) -> None:
    """Not any more, from the next request on; what was ordered with it stays as it was ordered."""
    states.move(promotion, PromotionState.STOPPED)
    _tell_shelf(promotion)


def turn() -> int:
    """Begins and ends what is due by the business clock; says how many moved."""
    moved, day = 0, today()
    due = (
        select(Promotion)
        .where(
            ((Promotion.state == PromotionState.SCHEDULED) & (Promotion.starts_on <= day))
            | ((Promotion.state == PromotionState.RUNNING) & (Promotion.ends_on < day))
        )
        .order_by(Promotion.id)
        .with_for_update(skip_locked=True)
    )
    for promotion in db.session().scalars(due).all():
        if promotion.state is PromotionState.SCHEDULED:
            states.move(promotion, PromotionState.RUNNING)
        if promotion.ends_on is not None and promotion.ends_on < day:
            states.move(promotion, PromotionState.ENDED)
        _tell_shelf(promotion)
        moved += 1
    return moved + partner_codes.turn(day) + follow_the_catalogue()


def follow_the_catalogue(most: int = 50) -> int:
    """What is on sale on a shelf follows products that changed their category, vendor or programme; says how
    many shelves changed. Baskets and orders do not wait for it."""
    version = db.session().scalars(select(Distributor.catalogue_version)).one()
    behind = (
        (Promotion.state == PromotionState.RUNNING)
        & Promotion.for_everybody
        & Promotion.drawn_for.is_distinct_from(version)
    )
    shelves = select(Promotion.reseller_id).where(behind).distinct().limit(most)
    changed = 0
    for reseller_id in db.session().scalars(shelves).all():
        if reseller_id is not None and sales.refresh(reseller_id):
            storefronts.touch_shelf(reseller_id)
            changed += 1
        mine = (Promotion.reseller_id == reseller_id) & behind
        db.session().execute(update(Promotion).where(mine).values(drawn_for=version))
    return changed


def _tell_shelf(promotion: Promotion) -> None:
    """Prices of the shelf and its version change together with the state."""
    if promotion.reseller_id is not None and promotion.for_everybody:
        db.flush()
        listings.changed(promotion.reseller_id)


def _turn(_task: Claimed) -> None:
    turn()


TURN = tasks.register(Kind("turn_promotions", Repeat.SAFE, prepare=_turn, every=timedelta(minutes=1)))


# --- Reading ------------------------------------------------------------------------------------------------


def find(code: str, *, to_change: bool = False) -> Promotion:
    """A promotion of the scope's side by its code: the distributor's own, or the reseller's own."""
    chosen = select(Promotion).where(
        Promotion.code == code, Promotion.reseller_id.is_not_distinct_from(current().reseller_id)
    )
    found = db.session().scalar(chosen.with_for_update() if to_change else chosen)
    if found is None:
        raise Missing("promotion")
    return found


RUNNING_FOR = door("""
CREATE FUNCTION promotions_for_v1(p_reseller uuid) RETURNS TABLE (name text, basis_points bigint, minor bigint, currency text, goods text, minimum bigint, combines boolean, new_customers boolean, once boolean, ends_on date) AS $$
  SELECT d.name, d.basis_points, d.minor, d.currency, d.goods_words, d.minimum_quantity, d.combines, d.new_customers, d.once_per_customer, d.ends_on
  FROM promotions d
  WHERE d.distributor_id = current_setting('app.distributor_id')::uuid AND d.reseller_id IS NULL AND d.state = 'running'
    AND current_setting('role') ~ '_as_(reseller|distributor)$' AND current_setting('app.reseller_id') IN ('', p_reseller::text)
    AND (d.buyers = '{}' OR d.buyers->'resellers' ? p_reseller::text OR EXISTS (SELECT 1 FROM enrolments e
      WHERE e.distributor_id = d.distributor_id AND e.reseller_id = p_reseller AND e.state = 'active' AND d.buyers->'tiers' ? e.tier_id::text))
  ORDER BY d.id
$$""")  # noqa: E501 SQL


@dataclass(frozen=True, slots=True)
class Running:
    """A promotion of the distributor's as a reseller that has it may read it: never who bears it, who else
    has it, or what is left."""

    name: str
    basis_points: int
    minor: int
    currency: str
    goods: str
    minimum: int
    combines: bool
    new_customers: bool
    once: bool
    ends_on: date | None


def running_for(reseller_id: UUID) -> list[Running]:
    """What the distributor has running for a reseller."""
    return [Running(*row) for row in call_here(RUNNING_FOR, {"p_reseller": reseller_id})]


# What a promotion would sell below wholesale, of the reseller's own list in whose scope it is asked.
BELOW = f"""
SELECT o.name || ', ' || p.name, l.price_minor, l.currency, w.price_minor, e.discount
FROM promotions d JOIN listings l ON l.reseller_id = d.reseller_id AND l.published
JOIN plans p ON p.id = l.plan_id JOIN products o ON o.id = l.product_id
JOIN wholesale_prices w ON w.plan_id = l.plan_id AND w.currency = l.currency
LEFT JOIN enrolments e ON e.programme_id = o.programme_id AND e.state = 'active'
WHERE d.id = %(promotion)s AND {goods.holds("l.plan_id")} ORDER BY o.name, p.name"""  # noqa: S608 our own words


def below_wholesale(promotion: Promotion) -> list[str]:
    """Plans that a reseller would sell for less than it pays, standing alone and before discounts of its own;
    in its scope."""
    offer = Offer(promotion.id, promotion.name, promotion.basis_points, promotion.minor, promotion.currency)
    with db.told_by_the_driver("below wholesale"):
        rows = db.driver().execute(BELOW.encode(), {"promotion": promotion.id}).fetchall()
    return [
        name
        for name, minor, currency, wholesale, discount in rows
        if reductions.lowered(Money(minor, currency), reductions.cuts(Money(minor, currency), [offer]))
        < price_lists.discounted(Money(wholesale, currency), discount)
    ]
