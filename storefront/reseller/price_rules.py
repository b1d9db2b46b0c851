"""The rules that make a reseller's prices, how they are rounded, and why one price is what it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import Select, or_, select
from werkzeug.wrappers import Response
from wtforms import BooleanField, SelectField, StringField

from catalog import listings, margin_alarms, margin_floors, retail, retail_rules, rounding
from catalog.products import Plan, Product
from catalog.retail import RetailPrice
from catalog.retail_rules import Level, Method, RetailRule, Rule, Wanted, WrongValue
from catalog.shelf_prices import Part
from core import db, money
from core.errors import Refusal
from core.languages import _
from core.money import Money
from core.tenancy import same_key
from storefront import exports, lists, pages, timelines
from storefront.forms import Form, choices
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.reseller import console, menu
from storefront.reseller.margins import margin
from storefront.visitors import has_role, require_role

pages.saying(
    rule_kept="The rule holds. Your shop shows its prices already.",
    rule_removed="The rule is gone. Prices that no other rule makes stay as they are.",
    rounding_kept="Saved. Prices that rules make are rounded like this from now on.",
    hand_given_up="The price set by hand is gone: your rules make it again.",
)


class NewRule(Form):
    """One more rule."""

    level = SelectField(
        "For", choices=choices(retail_rules.LEVELS.options()), default="category", validate_choice=False
    )
    target = StringField(
        "Which",
        description="Name of the category or vendor, code of the product or plan. Empty for everything.",
    )
    method = SelectField(
        "Price", choices=choices(retail_rules.METHODS.options()), default="percent", validate_choice=False
    )
    value = StringField("Percent or amount")


class NewRounding(Form):
    """How prices of one currency are rounded."""

    ending = SelectField("Round", validate_choice=False)
    up = BooleanField("Always upwards")


@console.get("/prices/rules")
def rule_list() -> Response:
    """The rules, with the forms."""
    return show(NewRule())


@console.get("/prices/rules.csv")
def rule_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), rules())


def the_list() -> List:
    """What the list is."""
    return List(
        _("Price rules"),
        "reseller.rule_list",
        [
            Column("target", _("For"), lambda row: row["what"], RetailRule.target),
            Column("level", _("Level"), lambda row: row["level"], RetailRule.level),
            Column("how", _("Price"), lambda row: row["how"]),
            Column("made", _("Since"), lambda row: row["made"], RetailRule.made_at),
            Column("acts", _("Acts"), kind="acts"),
        ],
        RetailRule.id,
        rows_of,
        "level",
        search=lambda query: or_(
            RetailRule.target.icontains(query, autoescape=True),
            Product.name.icontains(query, autoescape=True),
            Plan.name.icontains(query, autoescape=True),
        ),
        filters=[
            lists.Choice(
                "level", _("For"), retail_rules.LEVELS.options(), lambda word: RetailRule.level == Level(word)
            ),
            lists.Choice(
                "method",
                _("Price"),
                retail_rules.METHODS.options(),
                lambda word: RetailRule.method == Method(word),
            ),
        ],
        export="reseller.rule_file",
    )


def rules() -> Select[RetailRule, Product, Plan]:
    """Rules with what they are for."""
    return (
        select(RetailRule, Product, Plan)
        .outerjoin(Plan, same_key(Plan.id, RetailRule.plan_id))
        .outerjoin(
            Product,
            (Product.distributor_id == RetailRule.distributor_id)
            & or_(Product.id == RetailRule.product_id, Product.id == Plan.product_id),
        )
    )


def rows_of(found: Sequence[tuple[RetailRule, Product | None, Plan | None]]) -> list[dict[str, Any]]:
    """Rules as the list shows them."""
    return [
        {
            "id": rule.id,
            "what": f"{product.name}, {plan.name}"
            if product and plan
            else product.name
            if product
            else rule.target or _("Everything"),
            "level": retail_rules.LEVELS[rule.level],
            "how": retail_rules.how(rule),
            "made": moment(rule.made_at),
        }
        for rule, product, plan in found
    ]


def show(form: NewRule, status: int = 200, *, problem: str | None = None) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        reseller_id = menu.reseller_id()
        page = lists.page(the_list(), rules())
        known = rounding.of(reseller_id)
        words = [*listings.all_categories(reseller_id), *listings.all_vendors(reseller_id)]
    currency = own_currency()
    rule = known.get(currency, rounding.EXACT)
    rounding_form = NewRounding(ending=rule.code, up=rule.up)
    rounding_form.ending.choices = choices(rounding.endings(currency))
    return pages.render(
        "reseller/price_rules.html",
        status,
        title=_("Price rules"),
        page=page,
        form=form,
        rounding=rounding_form,
        currency=currency,
        targets=words,
        problem=problem,
        may_change=has_role("storefront_manager"),
        back_url=url_for("reseller.price_list"),
    )


def own_currency() -> str:
    """What the reseller's shop sells in."""
    storefront = menu.own_storefront()
    return storefront.currency if storefront else "EUR"


@console.post("/prices/rules")
def add_rule() -> Response:
    """One more rule, in the place of one for the same."""
    require_role("storefront_manager")
    form = NewRule(request.form)
    try:
        level = Level(lists.at_most(retail_rules.LEVELS.options(), form.level.data or ""))
        method = Method(lists.at_most(retail_rules.METHODS.options(), form.method.data or ""))
        value = value_of(method, form.value.data or "", own_currency())
        with db.transaction():
            reseller_id = menu.reseller_id()
            aimed = retail_rules.aimed(reseller_id, level, (form.target.data or "").strip())
            margin_alarms.keep_rule(reseller_id, Wanted(**aimed, method=method, **value))
    except Refusal as refusal:
        return show(form, refusal.status, problem=form.tell(refusal))
    return pages.see("reseller.rule_list", "rule-kept")


def value_of(method: Method, typed: str, currency: str) -> dict[str, Any]:
    """What a person typed for a method; WrongValue otherwise."""
    if method in (Method.FIXED, Method.ABSOLUTE):
        try:
            amount = retail_rules.check_amount(money.parse(typed, currency))
        except ValueError as error:
            raise WrongValue(_(str(error))) from None
        return {"amount_minor": amount.minor, "currency": amount.currency}
    return {"points": retail_rules.parse_points(typed or ("0" if method is Method.LIST else ""), method)}


@console.post("/prices/rules/<rule_id>/remove")
def remove_rule(rule_id: str) -> Response:
    """The next specific rule makes the prices, or they stay."""
    require_role("storefront_manager")
    with db.transaction():
        retail_rules.drop(retail_rules.find(lists.identifier(rule_id, "rule")))
        margin_alarms.shelf_changed(menu.reseller_id())
    return pages.see("reseller.rule_list", "rule-removed")


@console.post("/prices/rounding")
def keep_rounding() -> Response:
    """How prices that rules make are rounded from now on."""
    require_role("storefront_manager")
    form = NewRounding(request.form)
    try:
        with db.transaction():
            reseller_id = menu.reseller_id()
            if rounding.keep(reseller_id, own_currency(), form.ending.data or "", up=bool(form.up.data)):
                margin_alarms.shelf_changed(reseller_id)
    except Refusal as refusal:
        return show(NewRule(), refusal.status, problem=str(refusal))
    return pages.see("reseller.rule_list", "rounding-kept")


# --- Why one price is what it is ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One step towards a price, in words."""

    what: str
    why: str
    amount: Money | None
    note: str = ""


@console.get("/prices/<uuid:listing_id>")
def price_page(listing_id: UUID) -> Response:
    """A price, step by step."""
    with db.transaction():
        price = retail.find(listing_id)
        reseller_id = menu.reseller_id()
        found = retail_rules.in_order(retail_rules.of(reseller_id, [price.target]), price.target)
        by = rounding.of(reseller_id).get(price.retail.currency, rounding.EXACT)
        floors = margin_floors.of_shelf(reseller_id)
        trail = timelines.of([listing_id])
    floor = floors.get(price.target.product_id) or floors.get(None)
    first = found[0] if found else None
    return pages.render(
        "reseller/price.html",
        title=_("Why this price: %(product)s", product=price.product),
        price=price,
        steps=steps_of(price, first, by),
        others=[(retail_rules.LEVELS[one.level], retail_rules.how(one)) for one in found[1:]],
        by_hand=first is not None and first.level is Level.PLAN,
        margin=margin(price.retail, price.wholesale) if price.wholesale else None,
        floor=retail_rules.percent(floor.points) if floor else None,
        under=bool(
            floor and price.wholesale and margin_floors.is_under(price.retail, price.wholesale, floor.points)
        ),
        volume=[(begin, Money(minor, price.retail.currency)) for begin, minor in price.steps],
        trail=trail,
        may_change=has_role("storefront_manager"),
        back_url=url_for("reseller.price_list"),
    )


def steps_of(price: RetailPrice, rule: Rule | None, by: rounding.Rounding) -> list[Step]:
    """From what is paid to what is asked."""
    steps = [
        Step(_("List price"), _("what the distributor recommends"), price.recommended),
        Step(
            _("You pay"),
            _("your price list, after the discount of your tier")
            if price.wholesale
            else _("no wholesale price: this plan cannot be sold"),
            price.wholesale,
        ),
    ]
    if rule is None:
        return [
            *steps,
            Step(_("Your price"), _("no rule covers this plan, so it keeps its price"), price.retail),
        ]
    level = retail_rules.LEVELS[rule.level]
    named = f"{level}: {rule.target}" if rule.level in (Level.CATEGORY, Level.VENDOR) else level
    exact = retail_rules.made(rule, paid=price.wholesale, recommended=price.recommended, by=rounding.EXACT)
    steps.append(Step(_("Rule"), retail_rules.how(rule), exact, named))
    if rule.method is not Method.ABSOLUTE and by != rounding.EXACT:
        words = rounding.words(price.retail.currency, by.step, by.ending)
        how = _("upwards") if by.up else _("to the nearest")
        final = retail_rules.made(rule, paid=price.wholesale, recommended=price.recommended, by=by)
        steps.append(Step(_("Rounded"), words, final, how))
    return [*steps, Step(_("Your price"), _("what your shop shows"), price.retail)]


@console.post("/prices/<uuid:listing_id>/release")
def release_price(listing_id: UUID) -> Response:
    """Gives up the price that was set by hand: the next specific rule makes it."""
    require_role("storefront_manager")
    with db.transaction():
        price = retail.find(listing_id)
        reseller_id = menu.reseller_id()
        for rule in retail_rules.of(reseller_id, [price.target]):
            if rule.level is Level.PLAN:
                retail_rules.drop(rule)
        margin_alarms.shelf_changed(reseller_id, Part("plans", [price.target.plan_id]))
    return pages.see("reseller.price_page", "hand-given-up", listing_id=listing_id)
