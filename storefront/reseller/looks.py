"""Who of the distributor's staff looked at this console, when and why (view-as)."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, select
from werkzeug.wrappers import Response

from core import db
from core.languages import Words, _
from partners import viewings
from partners.viewings import Viewing
from storefront import exports, lists, pages, timelines
from storefront.filters import Days
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.reseller import console, menu

SHOWS = Words({"now": "Going on", "over": "Over"})


@console.get("/looks")
def look_list() -> Response:
    """Looks, newest first, and what happened."""
    with db.transaction():
        page = lists.page(the_list(), select(Viewing))
        latest = viewings.latest(menu.reseller_id(), 50)
        timeline = timelines.of([menu.reseller_id(), *(one.id for one in latest)], 50)
    return pages.render("reseller/looks.html", title=_("Who looked in"), page=page, timeline=timeline)


@console.get("/looks.csv")
def look_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), select(Viewing))


def the_list() -> List:
    """What the list is."""
    return List(
        _("Who looked in"),
        "reseller.look_list",
        [
            Column("who", _("Who"), itemgetter("who"), Viewing.name),
            Column("why", _("Reason"), itemgetter("why")),
            Column("begun", _("Begun"), itemgetter("begun"), Viewing.id),
            Column("over", _("Ended"), itemgetter("over")),
            Column("state", _("State"), itemgetter("words")),
        ],
        Viewing.id,
        rows_of,
        "-begun",
        search=lambda query: (
            Viewing.name.icontains(query, autoescape=True) | Viewing.why.icontains(query, autoescape=True)
        ),
        views=lists.Choice("show", _("View"), SHOWS.options(), is_like, any_word=_("All")),
        filters=[Days("begun", _("Begun"), Viewing.begun_at)],
        export="reseller.look_file",
    )


def is_like(show: str) -> ColumnElement[bool]:
    """What a view means."""
    return viewings.goes_on() if show == "now" else viewings.is_over()


def rows_of(found: Sequence[tuple[Viewing]]) -> list[dict[str, Any]]:
    """Looks as the list shows them."""
    now = db.session().info["now"]
    return [
        {
            "who": one.name,
            "why": one.why,
            "begun": moment(one.begun_at),
            "over": moment(one.over_at()),
            "now": (goes_on := one.over_at() > now),
            "words": SHOWS["now" if goes_on else "over"],
        }
        for (one,) in found
    ]
