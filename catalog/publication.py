"""What is on sale, from a day to a day: drafts are published, what is published is retired, at once or on its
day by a task. The state moves here and nowhere else; shops show it on the next request, because the moving
transaction writes fresh versions, so a page and an order never disagree."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import aliased

from catalog import assortments, listings, margin_alarms, markets
from catalog.listings import Listing
from catalog.products import Audience, Plan, Product, ProductType, SaleState, touch_catalogue
from core import db, states, tasks, trail
from core.clock import business_now
from core.errors import Missing, Refused
from core.languages import _
from core.parties import Reseller
from core.tasks import Claimed, Kind, Repeat
from core.tenancy import same_key
from partners.companies import country_name

AT_ONCE = 500
Offering = Product | Plan


class NothingToSell(Refused):
    """A product is published when somebody could buy it."""

    def __init__(self) -> None:
        super().__init__(_("Add a plan first: a product without one cannot be bought."))


class WrongDays(Refused):
    """Days that are over, or the wrong way round."""


class NoReplacement(Refused):
    """What replaces something is another thing that is sold to the same buyers."""

    def __init__(self) -> None:
        super().__init__(
            _("Choose something else that is published, for the same buyers, and not replaced in turn.")
        )


class Archived(Refused):
    """It was put away."""

    def __init__(self) -> None:
        super().__init__(_("This is in the archive. Take it out of the archive first."))


def publish(row: Offering) -> None:
    """On sale from now on; nothing happens where it is already."""
    if row.state is SaleState.PUBLISHED:
        return
    if row.archived_at is not None:
        raise Archived
    if isinstance(row, Product) and not plans_of(row.id):
        raise NothingToSell
    row.publish_at = None
    if row.retire_at is not None and row.retire_at <= business_now():
        row.retire_at = None
    row.replaced_by_id = None
    _move(row, SaleState.PUBLISHED)


def withdraw(row: Offering) -> None:
    """Back to the drafts: in no shop, until it is published again."""
    if row.state is not SaleState.DRAFT:
        row.publish_at = row.retire_at = None
        _move(row, SaleState.DRAFT)


def retire(row: Offering, replaced_by: Offering | None = None) -> None:
    """No new orders from now on; what was sold of it goes on, and its pages say what replaces it."""
    row.publish_at = row.retire_at = None
    replace(row, replaced_by)
    if row.state is not SaleState.RETIRED:
        _move(row, SaleState.RETIRED)


def replace(row: Offering, by: Offering | None) -> None:
    """What is bought instead of it. NoReplacement for itself, what is retired, or what leads back."""
    wanted = by.id if by else None
    if by is not None and (
        type(by) is not type(row)
        or by.id == row.id
        or by.state is not SaleState.PUBLISHED
        or by.replaced_by_id is not None
        or audience_of(by) is not audience_of(row)
    ):
        raise NoReplacement
    if wanted != row.replaced_by_id:
        row.replaced_by_id = wanted
        trail.write(row, f"replaced by {by.name}" if by else "replaced by nothing")


def schedule(row: Offering, publish_on: date | None, retire_on: date | None) -> None:
    """The days (UTC, business clock) on which the state moves by itself; an empty one never. A day that is
    over, or a retirement before the publication, is WrongDays."""
    today = business_now().date()
    starts, ends = at_midnight(publish_on), at_midnight(retire_on)
    if (starts, ends) == (row.publish_at, row.retire_at):
        return
    if row.archived_at is not None:
        raise Archived
    if publish_on is not None and row.state is SaleState.PUBLISHED:
        raise WrongDays(_("It is published already. Leave the day of publication empty."))
    for day in (publish_on, retire_on):
        if day is not None and day <= today:
            raise WrongDays(_("Choose a day after today, %(today)s.", today=today.isoformat()))
    if publish_on is not None and retire_on is not None and retire_on <= publish_on:
        raise WrongDays(_("It would be retired before it is published: choose a later day."))
    if publish_on is not None and isinstance(row, Product) and not plans_of(row.id):
        raise NothingToSell
    row.publish_at, row.retire_at = starts, ends
    trail.write(row, "days set", publish_on=publish_on or "", retire_on=retire_on or "")


def at_midnight(day: date | None) -> datetime | None:
    """The beginning of a day."""
    return datetime.combine(day, time(), UTC) if day else None


def plans_of(product_id: UUID) -> list[Plan]:
    """The plans of a product that are not in the archive, cheapest first."""
    chosen = select(Plan).where(Plan.product_id == product_id, Plan.archived_at.is_(None))
    return list(db.session().scalars(chosen.order_by(Plan.list_minor, Plan.code)))


def audience_of(row: Offering) -> Audience:
    """Who buys it."""
    chosen = select(ProductType.audience).join(Product, same_key(Product.product_type_id, ProductType.id))
    product_id = row.product_id if isinstance(row, Plan) else row.id
    return db.session().scalars(chosen.where(Product.id == product_id)).one()


def _move(row: Offering, to: SaleState) -> None:
    states.move(row, to)
    row.published = to is SaleState.PUBLISHED


@dataclass(frozen=True, slots=True)
class Retired:
    """What is no longer sold, and what is instead, where this shop sells that."""

    name: str
    vendor: str
    instead: str
    instead_code: str


def retired(product_code: str) -> Retired:
    """A retired product that was on the scope's shelf; Missing for anything else."""
    other = aliased(Product)
    chosen = (
        select(Product.id, Product.name, Product.vendor, other.name, other.code)
        .join(Listing, same_key(Listing.product_id, Product.id))
        .outerjoin(
            other,
            same_key(other.id, Product.replaced_by_id) & other.published,
        )
        .where(Product.code == product_code, Product.state == SaleState.RETIRED)
        .limit(1)
    )
    found = db.session().execute(chosen).first()
    if found is None:
        raise Missing("product")
    _id, name, vendor, instead, code = found
    return Retired(name, vendor, instead or "", code or "")


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What shops of other countries sell: where they are, and the country of this one."""

    name: str
    vendor: str
    country: str
    countries: list[str]


def elsewhere(product_code: str) -> Elsewhere | None:
    """A product on the scope's shelf none of whose plans is sold in the shop's country."""
    chosen = (
        select(Product.name, Product.vendor, markets.COUNTRY, Plan.markets)
        .join(Plan, same_key(Plan.product_id, Product.id))
        .join(Listing, same_key(Listing.plan_id, Plan.id))
        .where(Product.code == product_code, Product.published, Plan.published, Listing.published)
        .limit(200)
    )
    rows = db.session().execute(chosen).all()
    if not rows:
        return None
    name, vendor, country, _markets = rows[0]
    countries = {one for *_rest, sold_in in rows for one in sold_in}
    return Elsewhere(name, vendor, country_name(country), sorted(map(country_name, countries)))


def replacement(plan_id: UUID) -> Retired | None:
    """What is sold instead of a plan that is retired, or whose product is; none while it is neither, and with
    an empty `instead` where nothing is."""
    own, other, theirs = aliased(Product), aliased(Product), aliased(Product)
    successor = aliased(Plan)
    chosen = (
        select(
            own.name,
            own.vendor,
            func.coalesce(theirs.name, other.name, ""),
            func.coalesce(theirs.code, other.code, ""),
        )
        .select_from(Plan)
        .join(own, same_key(own.id, Plan.product_id))
        .outerjoin(
            successor,
            same_key(successor.id, Plan.replaced_by_id) & successor.published,
        )
        .outerjoin(
            theirs,
            same_key(theirs.id, successor.product_id) & theirs.published,
        )
        .outerjoin(other, same_key(other.id, own.replaced_by_id) & other.published)
        .where(Plan.id == plan_id, (Plan.state == SaleState.RETIRED) | (own.state == SaleState.RETIRED))
    )
    found = db.session().execute(chosen).first()
    return Retired(*found) if found else None


# --- What follows -------------------------------------------------------------------------------------------


def changed(products: Iterable[Product]) -> None:
    """After any change of products and their plans: what is new is on the distributor's own shelf, another
    plan stands for its product where the first has left, retail prices follow their rules and floors are
    looked at, search follows in every shop, and every shop's fragments end. Shops whose resellers want new
    plans offered at once have those by a task."""
    db.flush()
    ids = list({product.id for product in products})
    if put_on_the_house_shelf(ids):
        assortments.offer_what_is_new()
    plans = select(Plan.id).where(Plan.product_id.in_(ids)).order_by(Plan.id)
    margin_alarms.prices_changed(db.session().scalars(plans).all())
    choose_leads(ids)
    on_shelves = select(Listing.reseller_id).where(Listing.product_id.in_(ids)).distinct()
    for reseller_id in db.session().scalars(on_shelves.order_by(Listing.reseller_id)).all():
        listings.changed(reseller_id, ids)
    touch_catalogue()


def put_on_the_house_shelf(product_ids: Sequence[UUID]) -> int:
    """Published plans that customers buy, at the list price, where the house does not offer them yet; how
    many."""
    house = db.session().scalar(select(Reseller).where(Reseller.house))
    if house is None:
        return 0
    listed = (
        select(Listing.id)
        .where(Listing.plan_id == Plan.id, Listing.reseller_id == house.id)
        .correlate(Plan)
        .exists()
    )
    missing = (
        select(Plan, Product)
        .join(Product, same_key(Product.id, Plan.product_id))
        .join(ProductType, same_key(ProductType.id, Product.product_type_id))
        .where(
            Product.id.in_(product_ids),
            ProductType.audience == Audience.CUSTOMER,
            Plan.published,
            Product.published,
            ~listed,
        )
    )
    found = db.session().execute(missing).all()
    for plan, product in found:
        db.add(
            Listing(
                reseller_id=house.id,
                plan_id=plan.id,
                product_id=product.id,
                sort_key=product.name.lower(),
                lead=False,
                price_minor=plan.list_minor,
                currency=plan.currency,
                steps=plan.steps,
                listed_at=business_now(),
            )
        )
    db.flush()
    return len(found)


def choose_leads(product_ids: Sequence[UUID]) -> None:
    """On every shelf, the cheapest plan that can be bought stands for its product in lists."""
    ranked = (
        select(
            Listing.id,
            (
                func.row_number().over(
                    partition_by=(Listing.reseller_id, Listing.product_id),
                    order_by=(
                        (Listing.published & Plan.published).desc(),
                        Listing.price_minor,
                        Listing.id,
                    ),
                )
                == 1
            ).label("leads"),
        )
        .join(Plan, same_key(Plan.id, Listing.plan_id))
        .where(Listing.product_id.in_(product_ids))
        .subquery()
    )
    db.session().execute(
        update(Listing)
        .where(Listing.id == ranked.c.id, Listing.lead != ranked.c.leads)
        .values(lead=ranked.c.leads)
        .execution_options(synchronize_session=False)
    )
    for row in db.session().identity_map.values():
        if isinstance(row, Listing):
            db.session().expire(row, ["lead"])


# --- On its day ---------------------------------------------------------------------------------------------


def turn() -> int:
    """Publishes and retires whatever's day has come; how many. What cannot be published (its last plan was
    archived meanwhile) loses its day and says why in its timeline."""
    products: dict[UUID, Product] = {}
    turned = 0
    for model in (Product, Plan):
        for row in due(model):
            turned += _turn(row)
            product = row if isinstance(row, Product) else _product_of(row)
            products[product.id] = product
    if products:
        changed(products.values())
    return turned


def due(model: type[Product] | type[Plan]) -> Sequence[Offering]:
    """Rows whose day has come, held until the end of the transaction."""
    now = business_now()
    chosen = select(model).where(or_(model.publish_at <= now, model.retire_at <= now))
    return db.session().scalars(chosen.order_by(model.id).limit(AT_ONCE).with_for_update()).all()


def _turn(row: Offering) -> bool:
    now = business_now()
    if row.publish_at is not None and row.publish_at <= now:
        row.publish_at = None
        try:
            publish(row)
        except Refused as refusal:
            trail.write(row, "not published on its day", why=str(refusal))
    if row.retire_at is not None and row.retire_at <= now:
        row.retire_at = None
        if row.state is not SaleState.RETIRED:
            _move(row, SaleState.RETIRED)
    return True


def _product_of(plan: Plan) -> Product:
    return db.session().scalars(select(Product).where(Product.id == plan.product_id)).one()


def _turn_all(_task: Claimed) -> None:
    turn()


TURN = tasks.register(Kind("publish_and_retire", Repeat.SAFE, prepare=_turn_all, every=timedelta(minutes=10)))


IN_STEP = (
    """
    CREATE OR REPLACE FUNCTION state_and_published_agree() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'UPDATE' AND NEW.state IS DISTINCT FROM OLD.state THEN
        NEW.published := NEW.state = 'published';
      ELSIF NEW.published THEN
        NEW.state := 'published';
      ELSIF NEW.state = 'published' THEN
        NEW.state := 'retired';
      END IF;
      RETURN NEW;
    END $$
    """,
    *(
        statement
        for table in ("products", "plans")
        for statement in (
            f"DROP TRIGGER IF EXISTS {table}_in_step ON {table}",
            f"CREATE TRIGGER {table}_in_step BEFORE INSERT OR UPDATE OF state, published ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION state_and_published_agree()",
        )
    ),
)
"""Applied by every migration: whoever writes one of the two (price imports write `published` of 50,000 rows
in one statement) has written both."""
