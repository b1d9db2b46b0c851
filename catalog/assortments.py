"""A reseller's shelf: what stands on it and what comes first. Featured products lead, in their order; then,
if the reseller wants, new and popular ones; then all others by name. The order is written into the listings
(`place`, `flag`), so that a page of the shop is still one look at an index. Categories have an order of their
own. New plans of the distributor arrive as the reseller says, by category: offered at once, proposed, or not
at all; a proposal is a plan that could stand on the shelf and was not dismissed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Select,
    UniqueConstraint,
    and_,
    case,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from catalog import listings, margin_alarms
from catalog.listings import LAST, Flag, Listing
from catalog.price_lists import WholesalePrice
from catalog.products import Audience, Plan, Product, ProductType
from catalog.shelf_prices import Part
from core import db, tasks, tenancy, trail
from core.clock import business_now
from core.errors import Conflict, Missing, Refused
from core.languages import Words, _
from core.parties import Reseller
from core.tasks import Claimed, Kind, Repeat
from core.tenancy import Access, ResellerOwned, owned_by, same_key
from partners import storefronts
from partners.storefronts import Storefront, StorefrontState

MOST_FEATURED = 24
NEW_AT, POPULAR_AT = 100, 200  # places after the featured ones
MOST_DAYS, MOST_POPULAR = 365, 24


class Arrival(StrEnum):
    """What happens with a new plan of the distributor."""

    OFFER = "offer"
    PROPOSE = "propose"
    IGNORE = "ignore"


ARRIVALS = Words(
    {
        Arrival.OFFER: "Offer it at once, at the price of your rules",
        Arrival.PROPOSE: "Propose it to you",
        Arrival.IGNORE: "Ignore it",
    }
)


class ShelfSetting(ResellerOwned, db.Model):
    """How a shelf is arranged. `new_days`: a product is new for so long (0: none is); `popular`: so many of
    the most ordered come to the front (0: none). `arrival` is for categories without a rule of their own."""

    __tablename__ = "shelf_settings"
    __access__ = Access(distributor="rcu", reseller="rcu")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        UniqueConstraint("distributor_id", "reseller_id"),
        CheckConstraint("new_days BETWEEN 0 AND 365 AND popular BETWEEN 0 AND 24", name="bounds"),
    )

    new_days: Mapped[int] = mapped_column(default=0)
    popular: Mapped[int] = mapped_column(default=0)
    arrival: Mapped[Arrival] = mapped_column(default=Arrival.PROPOSE)


class ArrivalRule(ResellerOwned, db.Model):
    """What happens with new plans of a category."""

    __tablename__ = "arrival_rules"
    __access__ = Access(distributor="rcud", reseller="rcud")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        UniqueConstraint("distributor_id", "reseller_id", "category"),
    )

    category: Mapped[str]
    arrival: Mapped[Arrival]


class Dismissal(ResellerOwned, db.Model):
    """A proposal that the reseller does not want to see again."""

    __tablename__ = "dismissed_plans"
    __access__ = Access(distributor="rcd", reseller="rcd")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        owned_by("plans", "plan_id"),
        UniqueConstraint("distributor_id", "reseller_id", "plan_id"),
    )

    plan_id: Mapped[UUID]
    at: Mapped[datetime]


class TooManyFeatured(Conflict):
    """What everything is, nothing is."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "At most %(most)s products are featured. Take another from the front first.",
                most=MOST_FEATURED,
            )
        )


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The settings as values."""

    new_days: int = 0
    popular: int = 0
    arrival: Arrival = Arrival.PROPOSE


# --- What comes first ---------------------------------------------------------------------------------------


def featured(reseller_id: UUID) -> list[UUID]:
    """Products that lead the shelf, in their order."""
    chosen = select(Listing.product_id, func.min(Listing.place)).where(
        Listing.reseller_id == reseller_id, Listing.flag == Flag.FEATURED
    )
    rows = db.session().execute(chosen.group_by(Listing.product_id).order_by(func.min(Listing.place)))
    return [product_id for product_id, _place in rows]


def feature(reseller_id: UUID, product_ids: Sequence[UUID]) -> None:
    """These come to the front, behind those that are there; Missing where one is not on the shelf."""
    standing = featured(reseller_id)
    wanted = [*standing, *(one for one in dict.fromkeys(product_ids) if one not in standing)]
    if len(wanted) > MOST_FEATURED:
        raise TooManyFeatured
    _on_shelf(reseller_id, product_ids)
    _place(reseller_id, wanted)


def unfeature(reseller_id: UUID, product_ids: Sequence[UUID]) -> None:
    """These go back among the others."""
    _on_shelf(reseller_id, product_ids)
    _place(reseller_id, [one for one in featured(reseller_id) if one not in set(product_ids)])


def move_up(reseller_id: UUID, product_id: UUID) -> None:
    """One place nearer to the front; Missing where it is not featured."""
    standing = featured(reseller_id)
    if product_id not in standing:
        raise Missing("product")
    at = standing.index(product_id)
    standing[max(0, at - 1) : at + 1] = [product_id, *standing[max(0, at - 1) : at]]
    _place(reseller_id, standing)


def _on_shelf(reseller_id: UUID, product_ids: Sequence[UUID]) -> None:
    chosen = select(func.count(func.distinct(Listing.product_id)))
    mine = (Listing.reseller_id == reseller_id) & Listing.product_id.in_(product_ids)
    if (db.session().scalar(chosen.where(mine)) or 0) < len(set(product_ids)):
        raise Missing("product")


def _place(reseller_id: UUID, wanted: Sequence[UUID]) -> None:
    """The featured products are these, in this order; what follows them is arranged anew."""
    shelf = db.session().scalars(select(Listing).where(Listing.reseller_id == reseller_id).limit(1)).first()
    if shelf is not None:
        names = select(Product.name).where(Product.id.in_(wanted)).order_by(Product.name)
        told = ", ".join(db.session().scalars(names))
        storefront = storefronts.of_reseller(reseller_id)
        if storefront is not None:
            trail.write(storefront, "featured products changed", told={"products": told or "none"})
    arrange(reseller_id, featured_=wanted)


def arrange(
    reseller_id: UUID, *, featured_: Sequence[UUID] | None = None, popular: Sequence[UUID] | None = None
) -> None:
    """Writes place and flag of every listing: the featured products, those that are new by the reseller's
    setting, the popular ones (`popular`, most ordered first; those of before where none are given)."""
    setting, mine = of(reseller_id), Listing.reseller_id == reseller_id
    leading = list(featured(reseller_id) if featured_ is None else featured_)
    liked = (_flagged(reseller_id, Flag.POPULAR) if popular is None else list(popular))[: setting.popular]
    fresh = and_(
        literal(setting.new_days > 0),
        Listing.listed_at > business_now() - _days(setting.new_days),
    )
    place: Any = case(
        *((Listing.product_id == one, at) for at, one in enumerate(leading, start=1)),
        (fresh, NEW_AT),
        *((Listing.product_id == one, at) for at, one in enumerate(liked, start=POPULAR_AT)),
        else_=LAST,
    )
    flag: Any = case(
        (Listing.product_id.in_(leading), Flag.FEATURED.value),
        (fresh, Flag.NEW.value),
        (Listing.product_id.in_(liked), Flag.POPULAR.value),
        else_=Flag.NONE.value,
    )
    changes = or_(Listing.place != place, Listing.flag != flag)
    done = db.session().execute(
        update(Listing)
        .where(mine, changes)
        .values(place=place, flag=flag)
        .execution_options(synchronize_session=False)
        .returning(Listing.product_id)
    )
    if moved := set(done.scalars()):
        db.session().expire_all()
        listings.changed(reseller_id, moved)


def _days(number: int) -> Any:
    return func.make_interval(0, 0, 0, number)


def _flagged(reseller_id: UUID, flag: Flag) -> list[UUID]:
    chosen = select(Listing.product_id, func.min(Listing.place)).where(
        Listing.reseller_id == reseller_id, Listing.flag == flag
    )
    rows = db.session().execute(chosen.group_by(Listing.product_id).order_by(func.min(Listing.place)))
    return [product_id for product_id, _place in rows]


def of(reseller_id: UUID) -> Arrangement:
    """The reseller's settings, or those that hold without any."""
    row = db.session().scalar(select(ShelfSetting).where(ShelfSetting.reseller_id == reseller_id))
    return Arrangement(row.new_days, row.popular, row.arrival) if row is not None else Arrangement()


def keep(reseller_id: UUID, wanted: Arrangement) -> None:
    """From now on."""
    if not (0 <= wanted.new_days <= MOST_DAYS and 0 <= wanted.popular <= MOST_POPULAR):
        raise Refused(
            _(
                "A product is new for at most %(days)s days, and at most %(most)s are called popular.",
                days=MOST_DAYS,
                most=MOST_POPULAR,
            )
        )
    row = db.session().scalar(select(ShelfSetting).where(ShelfSetting.reseller_id == reseller_id))
    if row is None:
        row = db.add(ShelfSetting(reseller_id=reseller_id))
    row.new_days, row.popular, row.arrival = wanted.new_days, wanted.popular, wanted.arrival
    db.flush()
    trail.write(
        row,
        "arrangement changed",
        told={"new for days": wanted.new_days, "popular": wanted.popular, "new plans": wanted.arrival},
    )
    arrange(reseller_id)


# --- Categories ---------------------------------------------------------------------------------------------


def order_categories(reseller_id: UUID, names: Sequence[str]) -> None:
    """The shop lists its categories in this order; those that are not named follow by name."""
    known = set(listings.all_categories(reseller_id))
    if unknown := [name for name in names if name not in known]:
        raise Missing(unknown[0] if len(unknown[0]) < 40 else "category")
    db.session().execute(
        delete(listings.CategoryPlace).where(listings.CategoryPlace.reseller_id == reseller_id)
    )
    for at, name in enumerate(dict.fromkeys(names), start=1):
        db.add(listings.CategoryPlace(reseller_id=reseller_id, category=name, place=at))
    db.flush()
    storefronts.touch_shelf(reseller_id)


class WrongPlace(Refused):
    """Places are whole numbers."""

    def __init__(self, category: str) -> None:
        super().__init__(_("%(category)s: enter a whole number, such as 1.", category=category))


def by_numbers(names: Sequence[str], typed: Sequence[str]) -> list[str]:
    """Names in the order of the numbers typed beside them, equal ones by name; WrongPlace for anything
    else."""
    for name, number in zip(names, typed, strict=True):
        if not (number.isascii() and number.isdigit() and len(number) < 4):
            raise WrongPlace(name)
    return [name for _number, name in sorted(zip(map(int, typed), names, strict=True))]


# --- What is new --------------------------------------------------------------------------------------------


def arrival_rules(reseller_id: UUID) -> dict[str, Arrival]:
    """category -> what happens with new plans in it, where that differs from the setting."""
    rows = db.session().scalars(select(ArrivalRule).where(ArrivalRule.reseller_id == reseller_id))
    return {row.category: row.arrival for row in rows}


def keep_arrival(reseller_id: UUID, category: str, arrival: Arrival | None) -> None:
    """For new plans of a category from now on; none is what the setting says."""
    db.session().execute(
        delete(ArrivalRule).where(ArrivalRule.reseller_id == reseller_id, ArrivalRule.category == category)
    )
    if arrival is not None:
        kept = db.add(ArrivalRule(reseller_id=reseller_id, category=category, arrival=arrival))
        db.flush()
        trail.write(kept, "kept", told={"category": category, "new plans": arrival})


def _offerable() -> ColumnElement[bool]:
    """Plans that customers may buy at all."""
    return and_(
        ProductType.audience == Audience.CUSTOMER,
        Plan.published,
        Product.published,
    )


def could_stand(reseller_id: UUID) -> Select[Plan, Product, WholesalePrice]:
    """Plans with a price for this reseller that are not on its shelf."""
    listed = exists().where(
        same_key(Listing.plan_id, Plan.id),
        Listing.reseller_id == reseller_id,
    )
    return (
        select(Plan, Product, WholesalePrice)
        .join(Product, same_key(Product.id, Plan.product_id))
        .join(ProductType, same_key(ProductType.id, Product.product_type_id))
        .join(Reseller, (Reseller.distributor_id == Plan.distributor_id) & (Reseller.id == reseller_id))
        .join(
            WholesalePrice,
            same_key(WholesalePrice.plan_id, Plan.id)
            & (WholesalePrice.price_list_id == Reseller.price_list_id),
        )
        .where(_offerable(), ~listed)
    )


def dismissed(reseller_id: UUID) -> ColumnElement[bool]:
    """Whether a plan was dismissed."""
    return exists().where(
        same_key(Dismissal.plan_id, Plan.id),
        Dismissal.reseller_id == reseller_id,
    )


def proposals(reseller_id: UUID) -> Select[Plan, Product, WholesalePrice]:
    """What waits for the reseller: it could stand on the shelf, its category is one to be proposed, and it
    was not dismissed."""
    return could_stand(reseller_id).where(
        ~dismissed(reseller_id), _arrives(reseller_id, [Arrival.PROPOSE, Arrival.OFFER])
    )


def _arrives(reseller_id: UUID, how: Sequence[Arrival]) -> ColumnElement[bool]:
    """Whether plans of a category arrive in one of these ways."""
    rules = arrival_rules(reseller_id)
    named = [category for category, arrival in rules.items() if arrival in how]
    by_rule = Product.category.in_(named)
    if of(reseller_id).arrival in how:
        return or_(by_rule, Product.category.not_in(list(rules)))
    return by_rule


def accept(reseller_id: UUID, plan_ids: Sequence[UUID]) -> int:
    """Puts plans on the shelf, at the price of the reseller's rules, else at the list price; how many. What
    is not to be had, or stands there already, is left out."""
    added = _put(reseller_id, could_stand(reseller_id).where(Plan.id.in_(plan_ids)))
    db.session().execute(
        delete(Dismissal).where(Dismissal.reseller_id == reseller_id, Dismissal.plan_id.in_(plan_ids))
    )
    return added


def dismiss(reseller_id: UUID, plan_ids: Sequence[UUID]) -> int:
    """The reseller does not want these; how many were proposed."""
    proposed = proposals(reseller_id).where(Plan.id.in_(plan_ids)).with_only_columns(Plan.id)
    now, owner = db.session().info["now"], tenancy.current().distributor_id
    found = db.session().scalars(proposed).all()
    for plan_id in found:
        row = db.add(Dismissal(distributor_id=owner, reseller_id=reseller_id, plan_id=plan_id, at=now))
        db.flush()
        trail.write(row, "dismissed")
    return len(found)


def _put(reseller_id: UUID, chosen: Select[Plan, Product, WholesalePrice]) -> int:
    """Adds listings for plans of the select, all in two statements."""
    scope, now = tenancy.current(), business_now()
    columns = chosen.with_only_columns(
        literal(scope.distributor_id, type_=Listing.distributor_id.type),
        func.gen_random_uuid(),
        literal(reseller_id, type_=Listing.reseller_id.type),
        Plan.id,
        Plan.product_id,
        func.lower(Product.name),
        literal(False),
        literal(True),
        Plan.list_minor,
        Plan.currency,
        Plan.steps,
        literal(now, type_=Listing.listed_at.type),
    )
    names = ["distributor_id", "id", "reseller_id", "plan_id", "product_id", "sort_key", "lead", "published"]
    added = (
        db.session()
        .execute(
            insert(Listing)
            .from_select([*names, "price_minor", "currency", "steps", "listed_at"], columns)
            .on_conflict_do_nothing()
            .returning(Listing.plan_id, Listing.product_id)
        )
        .all()
    )
    if added:
        margin_alarms.shelf_changed(reseller_id, Part("plans", [row[0] for row in added]))
        listings.lead_anew(reseller_id, [row[1] for row in added])
        arrange(reseller_id)
        listings.changed(reseller_id, {row[1] for row in added})
    return len(added)


def arrive(reseller_id: UUID, plan_ids: Sequence[UUID] | None = None) -> int:
    """Offers what is new where the reseller wants that; how many plans. What was dismissed stays away."""
    chosen = could_stand(reseller_id).where(~dismissed(reseller_id), _arrives(reseller_id, [Arrival.OFFER]))
    return _put(reseller_id, chosen if plan_ids is None else chosen.where(Plan.id.in_(plan_ids)))


def take_in(reseller_id: UUID, distributor_id: UUID) -> None:
    """The distributor puts everything on a shelf: as its reseller wants new plans to arrive, and all of it
    where it never said how."""
    said = select(ShelfSetting.id).where(ShelfSetting.reseller_id == reseller_id)
    if db.session().scalar(said) is not None or arrival_rules(reseller_id):
        arrive(reseller_id)
    else:
        listings.stock(reseller_id, distributor_id)
        margin_alarms.shelf_changed(reseller_id)


def offer_what_is_new() -> None:
    """After plans were added: a task for each open shop whose reseller wants new ones offered at once."""
    wants = select(ShelfSetting.reseller_id).where(ShelfSetting.arrival == Arrival.OFFER)
    by_rule = select(ArrivalRule.reseller_id).where(ArrivalRule.arrival == Arrival.OFFER)
    open_ = select(Storefront.reseller_id).where(
        Storefront.state == StorefrontState.OPEN,
        or_(Storefront.reseller_id.in_(wants), Storefront.reseller_id.in_(by_rule)),
    )
    for reseller_id in db.session().scalars(open_):
        tasks.add("stock_shelf", {"reseller_id": str(reseller_id)})


def _stock(task: Claimed) -> None:
    arrive(UUID(task.args["reseller_id"]))


STOCK = tasks.register(Kind("stock_shelf", Repeat.SAFE, prepare=_stock, alone=True))
