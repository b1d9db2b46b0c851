"""Price lists made by the distributor's people. A list begins empty or with the prices of another one;
what a plan costs on it is changed where the plan's prices are. Nobody buys by a list before it is given to
somebody."""

from typing import Any

from sqlalchemy import func, insert, literal, select
from sqlalchemy.exc import IntegrityError

from catalog import exchange, margin_alarms
from catalog.price_lists import PriceList, WholesalePrice
from core import db, trail
from core.errors import Conflict, Refused
from core.languages import _

LONGEST = 60


class NameTaken(Conflict):
    """Lists are told apart by their names."""

    def __init__(self, name: str) -> None:
        super().__init__(_("There is a price list “%(name)s” already.", name=name))


class UnknownCurrency(Refused):
    """A currency that nobody has."""

    def __init__(self) -> None:
        super().__init__(_("Enter the code of a currency, such as EUR."))


class OtherCurrency(Refused):
    """Prices are copied, never converted."""

    def __init__(self, currency: str) -> None:
        super().__init__(
            _("That list is in %(currency)s. Prices are copied in their own currency.", currency=currency)
        )


def add(name: str, currency: str, *, like: PriceList | None = None) -> PriceList:
    """One more list, with the prices of another one from the first moment on if that is named; NameTaken,
    UnknownCurrency or OtherCurrency otherwise."""
    if currency not in exchange.currencies():
        raise UnknownCurrency
    if like is not None and like.currency != currency:
        raise OtherCurrency(like.currency)
    made = db.add(PriceList(name=_free(name), currency=currency))
    _written(made)
    begun = f"added with the prices of {like.name}" if like else "added"
    trail.write(made, begun, currency=currency)
    if like is not None:
        _copy(like, made)
        margin_alarms.look_at_costs()
    return made


def rename(price_list: PriceList, name: str) -> None:
    """What it is called from now on; orders and prices keep to the list, not to its name."""
    if (words := name.strip()[:LONGEST]) == price_list.name:
        return
    was = price_list.name
    price_list.name = _free(words, but=price_list)
    _written(price_list)
    trail.write(price_list, "renamed", was=was, name=words)


def _free(name: str, *, but: PriceList | None = None) -> str:
    words = name.strip()[:LONGEST]
    taken = select(PriceList.id).where(func.lower(PriceList.name) == words.lower())
    if db.session().scalar(taken if but is None else taken.where(PriceList.id != but.id)) is not None:
        raise NameTaken(words)
    return words


def _written(price_list: PriceList) -> None:
    """Whoever was faster by a moment has the name."""
    try:
        db.flush()
    except IntegrityError as error:
        raise NameTaken(price_list.name) from error


def _copy(like: PriceList, made: PriceList) -> None:
    """Every price with its steps, in one statement."""
    names = ["distributor_id", "id", "price_list_id", "plan_id", "price_minor", "currency", "steps"]
    columns: list[Any] = [
        WholesalePrice.distributor_id,
        func.gen_random_uuid(),
        literal(made.id, type_=WholesalePrice.price_list_id.type),
        WholesalePrice.plan_id,
        WholesalePrice.price_minor,
        WholesalePrice.currency,
        WholesalePrice.steps,
    ]
    prices = select(*columns).where(WholesalePrice.price_list_id == like.id)
    db.session().execute(insert(WholesalePrice).from_select(names, prices))
