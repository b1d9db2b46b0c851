"""The reseller's commission records: one for each customer that it won in a programme."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import or_, select
from werkzeug.wrappers import Response

from core import db
from core.languages import _
from partners.commissions import Commission
from storefront import commissions, exports, lists, pages
from storefront.filters import Amounts, Days
from storefront.lists import Column, List
from storefront.reseller import console
from storefront.visitors import the_shop


@console.get("/commissions")
def commission_list() -> Response:
    """The list."""
    with db.transaction():
        page = lists.page(the_list(), select(Commission))
    return pages.render("reseller/commissions.html", title=_("Commissions"), page=page)


@console.get("/commissions.csv")
def commission_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), select(Commission))


def the_list() -> List:
    """What the list is."""
    return List(
        _("Commissions"),
        "reseller.commission_list",
        [
            Column("customer", _("Customer"), itemgetter("customer"), Commission.customer_name),
            Column("service", _("First service"), itemgetter("service")),
            Column("programme", _("Programme"), itemgetter("programme"), Commission.programme_name),
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
        search=lambda query: or_(
            Commission.customer_name.icontains(query, autoescape=True),
            Commission.programme_name.icontains(query, autoescape=True),
            Commission.service.icontains(query, autoescape=True),
        ),
        filters=[
            Days("earned", _("Earned"), Commission.earned_at),
            Amounts(
                "amount", _("Commission"), Commission.amount_minor, Commission.currency, the_shop().currency
            ),
        ],
        export="reseller.commission_file",
    )


def rows_of(found: Sequence[tuple[Commission]]) -> list[dict[str, Any]]:
    """Records as the list shows them."""
    return [commissions.row_of(one) for (one,) in found]
