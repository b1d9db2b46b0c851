"""Loads a catalogue from a readable file (TOML): product types, products, plans with recommended price,
wholesale and cost. Loading the same file again changes nothing; a plan that is there keeps what was
sold."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select

from catalog import factors, furnishing, offering_files, volumes
from catalog.furnishing import BadCatalogue
from catalog.price_lists import PriceList, WholesalePrice
from catalog.products import (
    GRACE_DAYS,
    NOTICE_DAYS,
    Audience,
    Plan,
    PlanCost,
    Product,
    ProductType,
    touch_catalogue,
)
from catalog.volumes import Volume
from core import db
from core.errors import Refusal
from core.ids import new_id
from core.money import Money, exponent
from core.periods import Term


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many new rows a file gave."""

    products: int
    plans: int


def read(path: Path) -> Mapping[str, Any]:
    """The file's content; BadCatalogue if it is not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BadCatalogue(f"{path.name}: {error}") from error


def amount(text: str, currency: str, where: str) -> Money:
    """An amount as a catalogue writes it: "12.50"."""
    try:
        minor = Decimal(str(text)).scaleb(exponent(currency))
    except ArithmeticError:
        raise BadCatalogue(f"{where}: {text!r} is no amount.") from None
    if not minor.is_finite() or not minor < 10**15:
        raise BadCatalogue(f"{where}: {text!r} is no amount.")
    if minor != int(minor) or minor < 0:
        raise BadCatalogue(f"{where}: {text!r} has too many digits for {currency}, or is negative.")
    return Money(int(minor), currency)


def price_list(name: str, currency: str) -> PriceList:
    """A price list by name, made if it is not there."""
    found = db.session().scalar(select(PriceList).where(PriceList.name == name))
    if found is None:
        found = db.add(PriceList(name=name, currency=currency))
        db.flush()
    return found


LONGEST_DAYS = 366
NEEDED = {
    "product type": ("code", "name", "connector", "audience"),
    "product": ("code", "type", "name", "vendor", "category", "summary", "plan"),
    "plan": ("code", "name", "term"),
}


def check(content: Mapping[str, Any]) -> None:
    """BadCatalogue names the first entry that cannot be loaded and what is wrong with it; nothing is written
    yet."""
    currency = str(content.get("currency", ""))
    if len(currency) != 3 or not currency.isupper():
        raise BadCatalogue('The file names no currency, such as currency = "EUR".')
    for entry in content.get("product_type", []):
        _complete("product type", entry)
        _one_of(entry["code"], "audience", entry["audience"], Audience)
        _check_clock(entry)
    kinds = [entry["code"] for entry in content.get("product_type", [])]
    for entry in content.get("product", []):
        _complete("product", entry)
        _one_of(entry["code"], "type", entry["type"], kinds)
        codes = [offer.get("code") for offer in entry["plan"] if "priced_as" not in offer]
        for offer in entry["plan"]:
            _complete("plan", offer, f" of {entry['code']}")
            _check_plan(offer, currency)
            if "priced_as" in offer:
                _one_of(offer["code"], "priced_as", offer["priced_as"], codes)
    _unique("product", [entry["code"] for entry in content.get("product", [])])
    _unique("plan", [offer["code"] for entry in content.get("product", []) for offer in entry["plan"]])
    offered = [(entry, entry["plan"]) for entry in content.get("product", [])]
    for fault in (
        *offering_files.problems_of_types(content.get("product_type", [])),
        *offering_files.problems_of_plans(offered),
    ):
        raise BadCatalogue(fault)


def _check_plan(offer: Mapping[str, Any], currency: str) -> None:
    for key in ("term", "billing"):
        _one_of(offer["code"], key, offer.get(key, offer["term"]), Term)
    for key in ("price", "wholesale", "cost"):
        amount(offer.get(key, "0"), currency, offer["code"])
        volume(offer, key, currency)
    if problem := own_price_or_factor(offer):
        raise BadCatalogue(f"{offer['code']}: {problem}")
    least, most = offer.get("minimum", 1), offer.get("maximum", 10_000)
    if not isinstance(least, int) or not isinstance(most, int) or not 1 <= least <= most:
        raise BadCatalogue(
            f"{offer['code']}: minimum and maximum are whole numbers, at least 1, the smaller first."
        )


def own_price_or_factor(offer: Mapping[str, Any]) -> str:
    """What is wrong with where the prices of a plan come from, or nothing: a `price` of its own, or another
    plan of the product (`priced_as`) and a `factor`."""
    if "priced_as" not in offer and "factor" not in offer:
        return "" if offer.get("price") else "it has no price, and is not priced_as another plan."
    if "price" in offer or "steps" in offer:
        return "a plan has a price of its own or is priced_as another one, not both."
    try:
        factors.parse(str(offer.get("factor", "")))
    except Refusal as refusal:
        return f"its factor: {refusal}"
    return "" if "priced_as" in offer else "a factor needs the plan that it is priced_as."


STEPS = {"price": "steps", "wholesale": "wholesale_steps", "cost": "cost_steps"}


def volume(offer: Mapping[str, Any], key: str, currency: str) -> Volume:
    """A price of a plan with its steps, such as `steps = [[10, "23.95"], [50, "21.95"]]`: from 10 units on,
    and from 50 on. BadCatalogue where they cannot be read or do not rise."""
    where = f"{offer['code']}, {STEPS[key]}"
    price = amount(offer.get(key, "0"), currency, where)
    steps: list[list[int]] = []
    for step in offer.get(STEPS[key], []):
        match step:
            case [int(begin), str(written)]:
                steps.append([begin, amount(written, currency, where).minor])
            case _:
                raise BadCatalogue(
                    f'{where}: a step is a number of units and an amount in quotes, such as [10, "23.95"].'
                )
    try:
        return Volume(price, volumes.checked(steps))
    except Refusal as refusal:
        raise BadCatalogue(f"{where}: {refusal}") from None


def _check_clock(entry: Mapping[str, Any]) -> None:
    """The clock of a product type: notices in days before the end, the grace after it, and a yes or no."""
    notices: object = entry.get("notice_days", [])
    numbers: list[object] = [*notices] if isinstance(notices, list) else [None]  # pyright: ignore[reportUnknownVariableType]  checked one by one
    for days in [*numbers, entry.get("grace_days", 0)]:
        if not isinstance(days, int) or not 0 <= days <= LONGEST_DAYS:
            raise BadCatalogue(
                f"{entry['code']}: notice_days is a list of days, grace_days one number,"
                f" each from 0 to {LONGEST_DAYS}."
            )
    _one_of(entry["code"], "ends_at_term", str(entry.get("ends_at_term", True)).lower(), ("true", "false"))


def _complete(what: str, entry: Mapping[str, Any], where: str = "") -> None:
    missing = [key for key in NEEDED[what] if not entry.get(key)]
    if missing:
        raise BadCatalogue(
            f"The {what} {entry.get('code', '(without a code)')}{where} lacks: {', '.join(missing)}."
        )


def _one_of(where: str, key: str, value: object, allowed: Iterable[str]) -> None:
    names = [str(each) for each in allowed]
    if value not in names:
        raise BadCatalogue(f"{where}: {key} is {value!r}; allowed are: {', '.join(names)}.")


def _unique(what: str, codes: list[str]) -> None:
    twice = sorted({code for code in codes if codes.count(code) > 1})
    if twice:
        raise BadCatalogue(f"Two {what}s have the code {twice[0]}.")


def load(content: Mapping[str, Any], wholesale_of: Mapping[str, Decimal]) -> Loaded:
    """Adds what is new. `wholesale_of` says for each price list which share of the recommended price its
    resellers pay, unless a plan names its own `wholesale`."""
    check(content)
    currency = content["currency"]
    lists = {name: price_list(name, currency) for name in wholesale_of}
    kinds = {entry["code"]: _product_type(entry) for entry in content["product_type"]}
    known = set(db.session().scalars(select(Product.code)))
    products, new = 0, list[Mapping[str, Any]]()
    for entry in content["product"]:
        if entry["code"] in known:
            continue
        product = _product(entry, kinds[entry["type"]])
        products += 1
        for offer in entry["plan"]:
            _plan(
                product.id,
                kinds[entry["type"]],
                offer,
                currency,
                {lists[name].id: share for name, share in wholesale_of.items()},
            )
            new.append(offer)
        _follow(product.id, entry)
    db.flush()
    if products:
        furnishing.furnish(content)
        try:
            offering_files.keep(new)
        except offering_files.BadOffering as fault:
            raise BadCatalogue(str(fault)) from fault
        touch_catalogue()
    return Loaded(products, len(new))


def _product_type(entry: Mapping[str, Any]) -> ProductType:
    found = db.session().scalar(select(ProductType).where(ProductType.code == entry["code"]))
    if found is None:
        found = db.add(
            ProductType(
                code=entry["code"],
                name=entry["name"],
                connector=entry["connector"],
                audience=Audience(entry["audience"]),
                opens_storefront=entry.get("opens_storefront", False),
                unit=entry.get("unit", "seat"),
                notice_days=entry.get("notice_days", list(NOTICE_DAYS)),
                ends_at_term=entry.get("ends_at_term", True),
                grace_days=entry.get("grace_days", GRACE_DAYS),
                by_usage=entry.get("by_usage", False),
                attributes=furnishing.schema_of(entry),
                **offering_files.type_values(entry),
            )
        )
        db.flush()
    return found


def _product(entry: Mapping[str, Any], kind: ProductType) -> Product:
    product = db.add(
        Product(
            id=new_id(),
            product_type_id=kind.id,
            code=entry["code"],
            name=entry["name"],
            vendor=entry["vendor"],
            category=entry["category"],
            summary=entry["summary"],
            description=entry.get("description", ""),
            attributes=furnishing.values_of(entry, kind),
            transfer_from=entry.get("transfer_from"),
            **furnishing.sale_of(entry),
        )
    )
    db.flush()
    return product


def _plan(
    product_id: UUID,
    kind: ProductType,
    offer: Mapping[str, Any],
    currency: str,
    shares: Mapping[UUID, Decimal],
) -> None:
    price = volume(offer, "price", currency)
    plan = db.add(
        Plan(
            id=new_id(),
            product_id=product_id,
            code=offer["code"],
            sku=offer.get("sku", offer["code"]),
            name=offer["name"],
            term=Term(offer["term"]),
            billing_period=Term(offer.get("billing", offer["term"])),
            minimum_quantity=offer.get("minimum", 1),
            maximum_quantity=offer.get("maximum", 10_000),
            list_minor=price.price.minor,
            steps=factors.stored(price),
            currency=currency,
            features=offer.get("features", {}),
            attributes=furnishing.values_of(offer, kind),
            **furnishing.sale_of(offer),
            **furnishing.sold_to(offer),
        )
    )
    db.flush()
    if "priced_as" in offer:
        return
    cost = volume(offer, "cost", currency) if "cost" in offer else price.times(Decimal("0.78"))
    db.add(
        PlanCost(plan_id=plan.id, cost_minor=cost.price.minor, steps=factors.stored(cost), currency=currency)
    )
    for list_id, share in shares.items():
        own = volume(offer, "wholesale", currency) if "wholesale" in offer else price.times(share)
        db.add(
            WholesalePrice(
                price_list_id=list_id,
                plan_id=plan.id,
                price_minor=own.price.minor,
                steps=factors.stored(own),
                currency=currency,
            )
        )


def _follow(product_id: UUID, entry: Mapping[str, Any]) -> None:
    """Plans that are priced as another one, after all of them are there."""
    following = [offer for offer in entry["plan"] if "priced_as" in offer]
    if not following:
        return
    db.flush()
    plans = {one.code: one for one in db.session().scalars(select(Plan).where(Plan.product_id == product_id))}
    for offer in following:
        factors.follow(plans[offer["code"]], plans[offer["priced_as"]], factors.parse(str(offer["factor"])))
