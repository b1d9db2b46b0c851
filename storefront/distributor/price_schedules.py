"""Prices that change on a day: the list, writing a change down (for a category by percent, for a product by
hand), and one with whom it concerns, its prices, and its acts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from operator import itemgetter
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import Select, func, or_, select
from werkzeug.wrappers import Response

from catalog import price_days, scheduled_prices
from catalog.price_lists import PriceList
from catalog.products import Plan, Product
from catalog.scheduled_prices import (
    NOTICE_DAYS,
    Key,
    Leg,
    PriceSchedule,
    ScheduledPrice,
    ScheduleIncomplete,
    ScheduleState,
    Today,
)
from checkout import price_effects
from checkout.price_effects import Effects
from core import clock, db
from core import money as moneys
from core.errors import Missing, Refusal
from core.languages import Words, _
from core.money import Money
from core.tenancy import same_key
from storefront import exports, lists, pages, timelines
from storefront.distributor import console, product_prices
from storefront.filters import Days
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.visitors import has_role, require_role, visitor

ROLE = "storefront_manager"
STATES = Words(
    {"draft": "Waits for you", "scheduled": "Scheduled", "applied": "In force", "cancelled": "Called off"}
)
TONES = {"draft": "warn", "scheduled": "wait", "applied": "ok", "cancelled": "neutral"}
LEGS = Words({"list": "List price", "wholesale": "Wholesale", "cost": "Cost"})
pages.saying(
    schedule_written="This is what would change, and for whom. Nothing happens before you confirm it.",
    schedule_confirmed="Scheduled. Until its day it can be called off.",
    schedule_cancelled="Called off. Nothing was changed; whoever was told hears of it.",
)


# --- The list -----------------------------------------------------------------------------------------------


@console.get("/price-changes")
def schedule_list() -> Response:
    """The next day first."""
    with db.transaction():
        page = lists.page(the_list(), statement())
    return pages.render(
        "distributor/price_schedules.html", title=_("Price changes"), page=page, may_change=has_role(ROLE)
    )


@console.get("/price-changes.csv")
def schedule_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), statement())


def statement() -> Select[PriceSchedule, int]:
    """Changes with how many prices each has."""
    prices = (
        select(func.count())
        .select_from(ScheduledPrice)
        .where(
            same_key(ScheduledPrice.schedule_id, PriceSchedule.id),
        )
        .scalar_subquery()
    )
    return select(PriceSchedule, prices)


def the_list() -> List:
    """What the list is."""
    return List(
        _("Price changes"),
        "distributor.schedule_list",
        [
            Column("title", _("What"), itemgetter("title"), PriceSchedule.title),
            Column("code", _("Code"), itemgetter("code"), only_file=True),
            Column("state", _("State"), itemgetter("words")),
            Column("day", _("From"), itemgetter("day"), PriceSchedule.starts_at),
            Column("prices", _("Prices"), itemgetter("prices"), kind="num"),
            Column("told", _("Resellers told"), itemgetter("told")),
            Column("by", _("By"), itemgetter("by"), PriceSchedule.made_by),
            Column("made", _("Written down"), itemgetter("made"), PriceSchedule.id),
        ],
        PriceSchedule.id,
        rows_of,
        "-made",
        search=lambda query: or_(
            PriceSchedule.code.icontains(query, autoescape=True),
            PriceSchedule.title.icontains(query, autoescape=True),
        ),
        filters=[
            lists.Choice(
                "state",
                _("State"),
                STATES.options(),
                lambda word: PriceSchedule.state == ScheduleState(word),
            ),
            Days("day", _("From"), PriceSchedule.starts_at),
        ],
        export="distributor.schedule_file",
    )


def rows_of(found: Sequence[tuple[PriceSchedule, int]]) -> list[dict[str, Any]]:
    """Changes as the list shows them."""
    now = clock.business_now()
    return [
        {
            "code": one.code,
            "title": one.title,
            "url": url_for("distributor.schedule_page", code=one.code),
            "words": STATES[one.state.value],
            "tone": TONES[one.state.value],
            "day": f"{one.starts_on:%-d %B %Y}",
            "prices": many,
            "told": moment(one.told_at, now),
            "by": one.made_by,
            "made": moment(one.created_at),
        }
        for one, many in found
    ]


# --- Writing one down ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """One price of a product, today and as it was typed."""

    name: str
    label: str
    today: Money | None
    currency: str


@console.get("/price-changes/new")
def new_schedule() -> Response:
    """For a category by percent; for a product (`?product=`) by hand."""
    return show_new(request.args.get("product", "")[:100])


def show_new(
    product_code: str,
    status: int = 200,
    *,
    problem: str | None = None,
    problems: Mapping[str, str] | None = None,
) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        product = product_prices.find(product_code) if product_code else None
        rows = cells_of(product) if product else []
        chosen = select(Product.category).where(Product.published).distinct().order_by(Product.category)
        categories = list(db.session().scalars(chosen))
    typed = {name: value[:2100] for name, value in request.form.items()}
    return pages.render(
        "distributor/new_price_schedule.html",
        status,
        title=_("Schedule a price change"),
        product=product,
        rows=rows,
        categories=categories,
        typed={"notice_days": str(NOTICE_DAYS), **typed},
        problem=problem,
        problems=problems or {},
    )


def cells_of(product: Product) -> list[tuple[str, list[Cell]]]:
    """Plan -> its prices, in the order of the product's page."""
    prices = scheduled_prices.prices_today(Product.id == product.id)
    price_lists = product_prices.all_price_lists()
    rows: list[tuple[str, list[Cell]]] = []
    for plan in own_plans(product):
        keys: list[tuple[Key, str]] = [
            ((plan.id, Leg.LIST, None), _("List price")),
            ((plan.id, Leg.COST, None), _("Cost")),
            *(
                ((plan.id, Leg.WHOLESALE, one.id), _("Wholesale on %(list)s", list=one.name))
                for one in price_lists
            ),
        ]
        rows.append(
            (
                plan.name,
                [
                    Cell(name_of(key), label, amount(prices.get(key)), plan.currency)
                    for key, label in keys
                    # a cost in the vendor's own currency is changed where it is kept
                    if (today := prices.get(key)) is None or today.currency == plan.currency
                ],
            )
        )
    return rows


def own_plans(product: Product) -> list[Plan]:
    """Its plans that are not priced as another one."""
    return [plan for plan in product_prices.plans_of(product.code) if plan.priced_as_id is None]


def name_of(key: Key) -> str:
    """The field of a price."""
    return "-".join(str(part) for part in ("price", key[1].value, key[0], *([key[2]] if key[2] else [])))


def amount(today: Today | None) -> Money | None:
    """A price as money, if there is one."""
    return None if today is None or today.minor is None else Money(today.minor, today.currency)


@console.post("/price-changes/new")
def write_schedule() -> Response:
    """A draft with its preview; nothing happens before it is confirmed."""
    require_role(ROLE)
    code = request.form.get("product", "")[:100]
    try:
        with db.transaction():
            made = written(code)
    except Missing:
        raise
    except ScheduleIncomplete as refusal:
        return show_new(code, 422, problem=str(refusal), problems=refusal.problems)
    except Refusal as refusal:
        return show_new(code, refusal.status, problem=str(refusal))
    return pages.see("distributor.schedule_page", "schedule-written", code=made)


def written(product_code: str) -> str:
    """The code of the draft; ScheduleIncomplete with all that is wrong at once."""
    form, wrong = request.form, dict[str, str]()
    prices: dict[Key, Money] = {}
    percents: dict[Leg, Decimal] = {}
    try:
        if product_code:
            prices = prices_of(product_prices.find(product_code))
        else:
            percents = percents_of()
    except ScheduleIncomplete as refusal:
        wrong = refusal.problems
    try:
        draft = scheduled_prices.begin(
            form.get("title", ""),
            starts_on=day_of(form.get("starts_on", "")),
            notice_days=number_of(form.get("notice_days", "")),
            words=form.get("words", ""),
            by=visitor().name,
        )
    except ScheduleIncomplete as refusal:
        raise ScheduleIncomplete({**refusal.problems, **wrong}) from None
    if wrong:
        raise ScheduleIncomplete(wrong)
    if product_code:
        scheduled_prices.change_to(draft, prices)
    else:
        scheduled_prices.change_by(draft, form.get("category", "")[:200], percents)
    return draft.code


def day_of(text: str) -> date | None:
    """A day as browsers send one, or none."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def number_of(text: str) -> int | None:
    """A whole number of days, or none."""
    cleaned = text.strip()
    return int(cleaned) if cleaned.isascii() and cleaned.isdigit() and len(cleaned) < 5 else None


def percents_of() -> dict[Leg, Decimal]:
    """By how much each leg changes; empty fields change nothing."""
    found: dict[Leg, Decimal] = {}
    problems: dict[str, str] = {}
    for leg in Leg:
        try:
            percent = scheduled_prices.parse_percent(request.form.get(f"percent-{leg}", ""))
        except ValueError as wrong:
            problems[f"percent-{leg}"] = str(wrong)
            continue
        if percent is not None:
            found[leg] = percent
    if problems:
        raise ScheduleIncomplete(problems)
    return found


def prices_of(product: Product) -> dict[Key, Money]:
    """The prices that were typed; empty fields change nothing."""
    found: dict[Key, Money] = {}
    problems: dict[str, str] = {}
    ids = {name_of(key): key for key in keys_of(product)}
    for name, key in ids.items():
        text = request.form.get(name, "").strip()
        if not text:
            continue
        try:
            found[key] = moneys.parse(text, currency_of(product, key[0]))
        except ValueError as wrong:
            problems[name] = _(str(wrong))
    if problems:
        raise ScheduleIncomplete(problems)
    return found


def keys_of(product: Product) -> list[Key]:
    """Every price that the product may have."""
    price_lists = product_prices.all_price_lists()
    return [
        key
        for plan in own_plans(product)
        for key in (
            (plan.id, Leg.LIST, None),
            (plan.id, Leg.COST, None),
            *((plan.id, Leg.WHOLESALE, one.id) for one in price_lists),
        )
    ]


def currency_of(product: Product, plan_id: UUID) -> str:
    """A plan is priced in one currency."""
    return next(plan.currency for plan in product_prices.plans_of(product.code) if plan.id == plan_id)


# --- One of them --------------------------------------------------------------------------------------------


@console.get("/price-changes/<code>")
def schedule_page(code: str) -> Response:
    """What changes, whom it concerns, and what may be done."""
    return show(code)


def show(code: str, status: int = 200, *, problem: str | None = None) -> Response:
    """The page, with what was refused."""
    with db.transaction():
        schedule = scheduled_prices.find(code)
        page = lists.page(the_prices(), prices(schedule))
        effects = price_effects.of(schedule)
        timeline, now = timelines.of([schedule.id]), clock.business_now()
        values = {
            "starts": moment(schedule.starts_at, now),
            "told": moment(schedule.told_at, now),
            "applied": moment(schedule.applied_at, now),
        }
    return pages.render(
        "distributor/price_schedule.html",
        status,
        title=schedule.title,
        schedule=schedule,
        words=STATES[schedule.state.value],
        tone=TONES[schedule.state.value],
        page=page,
        effects=effects,
        legs=legs_of(effects),
        timeline=timeline,
        problem=problem,
        may_change=has_role(ROLE),
        **values,
    )


def legs_of(effects: Effects) -> list[tuple[str, int, str]]:
    """Leg, how many prices, by how much."""
    return [
        (f"{LEGS[one.leg.value]}{f', {one.price_list}' if one.price_list else ''}", one.prices, span(one))
        for one in effects.legs
    ]


def span(one: price_effects.LegEffect) -> str:
    """ "+2.0 % to +5.0 %"."""
    if one.least is None or one.most is None:
        return _("new prices")
    least, most = f"{one.least:+.1f} %", f"{one.most:+.1f} %"
    return least if least == most else _("%(least)s to %(most)s", least=least, most=most)


def prices(schedule: PriceSchedule) -> Select[ScheduledPrice, str, str, str]:
    """The prices of one, with product, plan and price list."""
    return (
        select(ScheduledPrice, Product.name, Plan.name, func.coalesce(PriceList.name, ""))
        .join(Plan, same_key(Plan.id, ScheduledPrice.plan_id))
        .join(Product, same_key(Product.id, Plan.product_id))
        .outerjoin(PriceList, same_key(PriceList.id, ScheduledPrice.price_list_id))
        .where(ScheduledPrice.schedule_id == schedule.id)
    )


def the_prices() -> List:
    """The prices of one change, as a list of its own."""
    return List(
        _("Prices"),
        "distributor.schedule_page",
        [
            Column("product", _("Product"), itemgetter("product"), Product.name),
            Column("plan", _("Plan"), itemgetter("plan"), only_file=True),
            Column("leg", _("Price"), itemgetter("leg"), ScheduledPrice.id),
            Column("was", _("Today"), itemgetter("was"), kind="num", money=True),
            Column("new", _("Then"), itemgetter("new"), ScheduledPrice.minor, kind="num", money=True),
            Column("change", _("Change"), itemgetter("change"), kind="num"),
            Column("stale", _("Left as it was"), itemgetter("stale"), only_file=True),
        ],
        ScheduledPrice.id,
        price_rows,
        "product",
        search=lambda query: or_(
            *(name.icontains(query, autoescape=True) for name in (Product.name, Plan.name, Plan.sku))
        ),
        filters=[
            lists.Choice("leg", _("Price"), LEGS.options(), lambda word: ScheduledPrice.leg == Leg(word))
        ],
        export="distributor.schedule_prices",
    )


def price_rows(found: Sequence[tuple[ScheduledPrice, str, str, str]]) -> list[dict[str, Any]]:
    """Prices as the table shows them."""
    return [
        {
            "product": product,
            "plan": plan,
            "leg": f"{LEGS[row.leg.value]}{f', {price_list}' if price_list else ''}",
            "was": row.was,
            "new": row.price,
            "change": change_of(row),
            "steps": len(row.steps),
            "stale": row.stale,
        }
        for row, product, plan, price_list in found
    ]


def change_of(row: ScheduledPrice) -> str:
    """In percent, where there was a price."""
    if not row.was_minor:
        return _("new")
    return f"{Decimal((row.minor - row.was_minor) * 100) / row.was_minor:+.1f} %"


@console.get("/price-changes/<code>/prices.csv")
def schedule_prices(code: str) -> Response:
    """The prices as a file."""
    with db.transaction():
        return exports.answer(the_prices(), prices(scheduled_prices.find(code)))


@console.post("/price-changes/<code>/confirm")
def confirm_schedule(code: str) -> Response:
    """It happens on its day."""
    return act_on(code, price_days.confirm, "schedule-confirmed")


@console.post("/price-changes/<code>/cancel")
def cancel_schedule(code: str) -> Response:
    """It does not happen."""
    return act_on(code, price_days.cancel, "schedule-cancelled")


def act_on(code: str, act: Callable[[PriceSchedule], None], said: str) -> Response:
    """One act on one of them, held meanwhile."""
    require_role(ROLE)
    try:
        with db.transaction():
            act(scheduled_prices.find(code))
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, refusal.status, problem=str(refusal))
    return pages.see("distributor.schedule_page", said, code=code)
