"""The reseller's list of customers, with what each has."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from werkzeug.wrappers import Response

from core import db
from core.languages import Words, _
from core.parties import Customer, OrderedBy
from core.tenancy import same_key
from partners import admin_rights, customer_requests, support_types
from partners import customers as customer_lists
from partners.admin_rights import AdminRights, RightsState
from partners.channels import CustomerChannel
from partners.joinings import CHANNELS, Channel
from storefront import exports, lists, pages
from storefront.customer_requests import RIGHTS
from storefront.filters import Days
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.reseller import console, customers, menu
from subscriptions.subscriptions import Subscription, SubscriptionState

SHOWS = Words(
    {"with": "With subscriptions", "without": "Without", "invited": "Invited", "removed": "Removed"}
)
ORDER = Words({"customer": "For itself", "reseller": "Only we order"})


@console.get("/customers")
def customer_list() -> Response:
    """By name, with what each has."""
    with db.transaction():
        page = lists.page(the_list(), listed())
        asks = bool(customer_requests.programmes_of(menu.reseller_id()))
    return pages.render("reseller/customers.html", title=_("Customers"), page=page, asks=asks)


@console.get("/customers.csv")
def customer_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), listed())


def the_list() -> List:
    """What the list is."""
    return List(
        _("Customers"),
        "reseller.customer_list",
        [
            Column("name", _("Customer"), lambda row: row["customer"].name, Customer.name),
            Column("code", _("Code"), lambda row: row["customer"].code, only_file=True),
            Column("email", _("E-mail"), lambda row: row["customer"].email, Customer.email),
            Column("active", _("Active subscriptions"), itemgetter("active"), kind="num"),
            Column("channel", _("Channel"), itemgetter("channel")),
            Column("state", _("State"), itemgetter("state_words"), only_file=True),
            Column("support", _("Support type"), itemgetter("support")),
            Column("rights", _("Admin rights"), itemgetter("rights"), only_file=True),
            Column("ordering", _("Orders"), lambda row: dict(ORDER)[row["customer"].ordered_by]),
            Column("since", _("Since"), itemgetter("since"), Customer.id),
        ],
        Customer.id,
        rows_of,
        "name",
        search=lambda query: or_(
            *(
                column.icontains(query, autoescape=True)
                for column in (Customer.name, Customer.email, Customer.code)
            )
        ),
        views=lists.Choice("show", _("View"), SHOWS.options(), is_like, any_word=_("All")),
        filters=[
            lists.Choice(
                "ordering", _("Orders"), ORDER.options(), lambda word: Customer.ordered_by == OrderedBy(word)
            ),
            lists.Choice("channel", _("Channel"), CHANNELS.options(), by_channel),
            lists.Choice("rights", _("Admin rights"), RIGHTS.options(), by_rights),
            Days("since", _("Since"), Customer.created_at),
        ],
        export="reseller.customer_file",
    )


def listed() -> Select[Customer]:
    """Customers on the list, or those that were taken off it."""
    removed = request.args.get("show") == "removed"
    on_the_list = Customer.ended_at.is_not(None) if removed else Customer.ended_at.is_(None)
    return select(Customer).where(on_the_list)


def is_like(show: str) -> ColumnElement[bool]:
    """What a view means."""
    if show == "removed":
        return Customer.ended_at.is_not(None)
    if show == "invited":
        return customer_lists.nobody_yet()
    running = exists().where(
        same_key(Subscription.customer_id, Customer.id),
        Subscription.state == SubscriptionState.ACTIVE,
    )
    return running if show == "with" else ~running


def rows_of(found: Sequence[tuple[Customer]]) -> list[dict[str, Any]]:
    """Customers as the list shows them; two statements more for a page."""
    ids = [each.id for (each,) in found]
    active, peopled = active_subscriptions(ids), customer_lists.peopled(ids)
    won = channels_of([each.id for (each,) in found])
    supports = support_types.of_customers([each.id for (each,) in found])
    rights, said = admin_rights.states_of(ids), admin_rights.said_last(ids)
    agents = bool(found) and not menu.goes_without("no_agents")
    return [
        {
            "customer": each,
            "url": url_for("reseller.customer_page", code=each.code),
            "settings": url_for("reseller.customer_settings", code=each.code),
            "support": kept.label if (kept := supports.get(each.id)) else "",
            "dashboard": url_for("reseller.customer_dashboard", code=each.code)
            if agents
            and admin_rights.opens(
                rights.get(each.id), said.get(each.id), co_managed=bool(kept and kept.co_managed)
            )
            else None,
            "rights": RIGHTS[rights[each.id].value] if each.id in rights else "",
            "active": active.get(each.id, 0),
            "channel": CHANNELS[won.get(each.id, Channel.DIRECT)],
            "indirect": won.get(each.id) is Channel.INDIRECT,
            "since": moment(each.created_at),
            "state": customers.state_of(each, nobody=each.id not in peopled),
            "state_words": STATES[customers.state_of(each, nobody=each.id not in peopled)],
        }
        for (each,) in found
    ]


def by_rights(word: str) -> ColumnElement[bool]:
    """What the filter means: how it stands now, which the newest request says."""
    newest = (
        select(AdminRights.state)
        .where(same_key(AdminRights.customer_id, Customer.id))
        .order_by(AdminRights.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return newest == RightsState(word)


def by_channel(word: str) -> ColumnElement[bool]:
    """What the filter means."""
    indirect = exists().where(
        same_key(CustomerChannel.customer_id, Customer.id),
        CustomerChannel.channel == Channel.INDIRECT,
    )
    return indirect if word == Channel.INDIRECT else ~indirect


def channels_of(customer_ids: Sequence[UUID]) -> dict[UUID, Channel]:
    """customer -> the channel it was won by, where one was written."""
    chosen = select(CustomerChannel.customer_id, CustomerChannel.channel)
    rows = db.session().execute(chosen.where(CustomerChannel.customer_id.in_(customer_ids)))
    return {customer_id: channel for customer_id, channel in rows if customer_id}


STATES = Words({"active": "Active", "invited": "Invited", "removed": "Removed"})


def active_subscriptions(customer_ids: Sequence[UUID]) -> dict[UUID, int]:
    """customer -> how many subscriptions run."""
    chosen = (
        select(Subscription.customer_id, func.count())
        .where(Subscription.customer_id.in_(customer_ids), Subscription.state == SubscriptionState.ACTIVE)
        .group_by(Subscription.customer_id)
    )
    return {customer_id: count for customer_id, count in db.session().execute(chosen) if customer_id}
