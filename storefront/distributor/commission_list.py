"""Commission records of all partners: one for each customer that was won."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement, Select, or_, select
from werkzeug.wrappers import Response

from core import db
from core.languages import _
from core.parties import Reseller
from core.tenancy import same_key
from partners.commissions import Commission
from storefront import commissions, exports, lists, pages
from storefront.distributor import console
from storefront.filters import Amounts, Days
from storefront.lists import Column, List
from storefront.visitors import the_shop


@console.get("/commissions")
def commission_list() -> Response:
    """The list."""
    with db.transaction():
        page = lists.page(the_list(), records())
    return pages.render("distributor/commissions.html", title=_("Commissions"), page=page)


@console.get("/commissions.csv")
def commission_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), records())


def the_list() -> List:
    """What the list is."""
    return List(
        _("Commissions"),
        "distributor.commission_list",
        [
            Column("partner", _("Partner"), itemgetter("partner"), Reseller.name),
            Column("customer", _("Customer"), itemgetter("customer"), Commission.customer_name),
            Column("service", _("First service"), itemgetter("service")),
            Column("programme", _("Programme"), itemgetter("programme")),
            Column("tier", _("Tier"), itemgetter("tier")),
            Column("rate", _("Rate"), itemgetter("rate"), Commission.rate, kind="num"),
            Column("base", _("Of"), itemgetter("base"), kind="num", money=True),
            Column(
                "amount",
                _("Commission"),
                itemgetter("amount"),
                Commission.amount_minor,
                kind="num",
                money=True,
            ),
            Column("earned", _("Earned"), itemgetter("earned"), Commission.id),
        ],
        Commission.id,
        rows_of,
        "-earned",
        search=found_by,
        filters=[
            Days("earned", _("Earned"), Commission.earned_at),
            Amounts(
                "amount", _("Commission"), Commission.amount_minor, Commission.currency, the_shop().currency
            ),
        ],
        export="distributor.commission_file",
    )


def records() -> Select[Commission, str, str]:
    """Records with the name and code of their reseller."""
    return select(Commission, Reseller.name, Reseller.code).join(
        Reseller, same_key(Reseller.id, Commission.reseller_id)
    )


def found_by(query: str) -> ColumnElement[bool]:
    """Names by a part of them."""
    names = (Reseller.name, Commission.customer_name, Commission.programme_name, Commission.service)
    return or_(*(name.icontains(query, autoescape=True) for name in names))


def rows_of(found: Sequence[tuple[Commission, str, str]]) -> list[dict[str, Any]]:
    """Records as the list shows them."""
    return [
        {
            **commissions.row_of(one),
            "partner": reseller,
            "url": url_for("distributor.reseller_page", code=code),
        }
        for one, reseller, code in found
    ]
