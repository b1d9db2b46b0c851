"""Partners of all programmes: which tier each is in, how many customers it has sold to and kept, and whom an
anniversary flagged."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

from flask import url_for
from sqlalchemy import ColumnElement, Select, func, or_, select
from werkzeug.wrappers import Response

from core import db
from core.clock import business_now
from core.languages import Words, _
from core.parties import Reseller
from core.tenancy import same_key
from partners import sales
from partners.enrolments import Enrolment, EnrolmentState
from partners.leavings import LeavingNotice, NoticeState
from partners.programmes import Programme
from partners.sales import Sale
from partners.tiers import Tier
from storefront import exports, lists, pages
from storefront.distributor import console
from storefront.filters import Days
from storefront.lists import Column, List
from storefront.moments import moment

SHOWS = Words({"active": "Active", "flagged": "Flagged", "leaving": "Leaving", "ended": "Ended"})


@console.get("/partnerships")
def partnership_list() -> Response:
    """The list."""
    with db.transaction():
        page = lists.page(the_list(), partnerships())
    return pages.render("distributor/partnerships.html", title=_("Partners"), page=page)


@console.get("/partnerships.csv")
def partnership_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), partnerships())


def the_list() -> List:
    """What the list is; call it in a transaction, because programmes and tiers are rows."""
    programmes = db.session().execute(select(Programme.code, Programme.name).order_by(Programme.name)).all()
    names = db.session().scalars(select(Tier.name).distinct().order_by(Tier.name)).all()
    return List(
        _("Partners"),
        "distributor.partnership_list",
        [
            Column("partner", _("Partner"), itemgetter("partner"), Reseller.name),
            Column("programme", _("Programme"), itemgetter("programme"), Enrolment.programme_name),
            Column("tier", _("Tier"), itemgetter("tier"), Enrolment.tier_name),
            Column("customers", _("Customers"), itemgetter("customers"), kind="num"),
            Column("state", _("State"), itemgetter("words")),
            Column("anniversary", _("Anniversary"), itemgetter("anniversary"), Enrolment.anniversary_at),
            Column("since", _("Since"), itemgetter("since"), Enrolment.id, only_file=True),
            Column("until", _("Until"), itemgetter("until"), only_file=True),
        ],
        Enrolment.id,
        rows_of,
        "partner",
        search=lambda query: or_(
            Reseller.code == query.upper(), Reseller.name.icontains(query, autoescape=True)
        ),
        views=lists.Choice("show", _("View"), SHOWS.options(), is_like, any_word=_("All")),
        filters=[
            lists.Choice(
                "programme",
                _("Programme"),
                [(code, name) for code, name in programmes],
                lambda code: Enrolment.programme_id.in_(select(Programme.id).where(Programme.code == code)),
                _("All programmes"),
            ),
            lists.Choice(
                "tier",
                _("Tier"),
                [(name, name) for name in names],
                lambda name: Enrolment.tier_name == name,
                _("All tiers"),
            ),
            Days("signed", _("Signed"), Enrolment.signed_at),
        ],
        export="distributor.partnership_file",
    )


def partnerships() -> Select[Enrolment, str, str]:
    """Enrolments with the name and code of their reseller."""
    return select(Enrolment, Reseller.name, Reseller.code).join(
        Reseller, same_key(Reseller.id, Enrolment.reseller_id)
    )


def is_like(show: str) -> ColumnElement[bool]:
    """What a view means."""
    active = Enrolment.state == EnrolmentState.ACTIVE
    if show == "ended":
        return ~active
    if show == "flagged":
        return active & Enrolment.flagged
    if show == "leaving":
        return Enrolment.id.in_(
            select(LeavingNotice.enrolment_id).where(LeavingNotice.state == NoticeState.GIVEN)
        )
    return active


def rows_of(found: Sequence[tuple[Enrolment, str, str]]) -> list[dict[str, Any]]:
    """Partners as the list shows them; one statement more for a page."""
    customers = customers_of([one for one, _, _ in found])
    return [
        {
            "partner": reseller,
            "url": url_for("distributor.partnership_page", enrolment_id=one.id),
            "code": code,
            "programme": one.programme_name,
            "tier": one.tier_name,
            "customers": customers.get((one.reseller_id, one.programme_id), 0),
            "state": one.state.value,
            "words": _("Active") if one.state is EnrolmentState.ACTIVE else _("Ended"),
            "flagged": one.flagged and one.state is EnrolmentState.ACTIVE,
            "anniversary": moment(one.anniversary_at) if one.state is EnrolmentState.ACTIVE else None,
            "since": moment(one.signed_at),
            "until": moment(one.ended_at or one.ends_at),
        }
        for one, reseller, code in found
    ]


def customers_of(page: Sequence[Enrolment]) -> dict[tuple[UUID, UUID], int]:
    """(reseller, programme) -> customers sold to and kept until now."""
    counted = (
        select(Sale.reseller_id, Sale.programme_id, func.count(func.distinct(Sale.customer_id)))
        .where(Sale.reseller_id.in_({one.reseller_id for one in page}), sales.running(business_now()))
        .group_by(Sale.reseller_id, Sale.programme_id)
    )
    return {(reseller, programme): number for reseller, programme, number in db.session().execute(counted)}
