"""Resellers: what each may do, its plan and storefront, its credit, its customers and orders."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import ColumnElement, Select, and_, exists, func, literal_column, or_, select
from werkzeug.wrappers import Response

from billing import credit, credit_terms
from billing.credit import Balance, BalanceKind
from billing.credit_terms import Terms
from billing.ledger import Account, JournalLine
from catalog.price_lists import PriceList
from checkout import activations, reseller_plans
from checkout.orders import Order
from core import db, parties
from core.errors import Missing, Refusal
from core.languages import Words, _
from core.money import Money
from core.parties import Customer, Reseller
from core.tenancy import Side, same_key
from partners import (
    account_managers,
    channels,
    domains,
    enrolments,
    invitations,
    logins,
    roles,
    standings,
    storefronts,
    viewings,
)
from partners.enrolments import Enrolment
from partners.joinings import CHANNELS
from partners.logins import LoginsUsedUp
from partners.roles import ROLES
from partners.storefronts import Storefront, StorefrontState
from partners.tiers import Tier
from storefront import exports, lists, pages, timelines
from storefront.distributor import console, forms
from storefront.distributor.account_managers import as_filter
from storefront.distributor.account_managers import card as manager_card
from storefront.distributor.order_list import orders, rows_of
from storefront.filters import Days
from storefront.forms import Form
from storefront.lists import Column, List
from storefront.moments import moment
from storefront.people import InviteAdministrator
from storefront.visitors import require_role, the_shop, visitor

pages.saying(credit_saved="The credit line is changed. It counts for new purchases only; what runs goes on.")

SHOWS = Words({"portal": "With a storefront", "none": "Without a storefront", "stopped": "Ordering stopped"})


@console.get("/resellers")
def reseller_list() -> Response:
    """Resellers by name."""
    with db.transaction():
        page = lists.page(the_list(), resellers())
    return pages.render("distributor/resellers.html", title=_("Resellers"), page=page)


@console.get("/resellers.csv")
def reseller_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), resellers())


def the_list() -> List:
    """What the list is."""
    return List(
        _("Resellers"),
        "distributor.reseller_list",
        [
            Column("name", _("Reseller"), of=itemgetter("name"), sort=Reseller.name),
            Column("code", _("Code"), of=itemgetter("code"), only_file=True),
            Column("country", _("Country"), of=itemgetter("country"), only_file=True),
            Column("storefront", _("Storefront"), of=itemgetter("shop")),
            Column("alias", _("Alias"), of=itemgetter("alias")),
            Column("tiers", _("Tier"), of=itemgetter("tiers")),
            Column("customers", _("Customers"), of=itemgetter("customers"), kind="num"),
            Column("credit", _("Credit left"), of=itemgetter("credit"), kind="num", money=True),
            Column("manager", _("Account manager"), of=itemgetter("manager")),
            Column(
                "state",
                _("State"),
                of=lambda row: _("Ordering stopped") if row["stopped"] else _("May order"),
            ),
            Column("joined", _("Joined"), of=itemgetter("since"), sort=Reseller.id, only_file=True),
        ],
        Reseller.id,
        rows_of_resellers,
        "name",
        search=found_by,
        views=lists.Choice("show", _("View"), SHOWS.options(), is_like, any_word=_("All")),
        filters=[
            lists.Choice("tier", _("Tier"), tier_options(), is_in_tier, any_word=_("All tiers")),
            as_filter(),
            lists.Choice("prices", _("Price list"), price_list_options(), is_on_list, any_word=_("All")),
            Days("joined", _("Joined"), Reseller.created_at),
        ],
        export="distributor.reseller_file",
        chosen_first=True,
    )


def price_list_options() -> lists.Options:
    """The price lists by name."""
    known = db.session().execute(select(PriceList.id, PriceList.name).order_by(PriceList.name))
    return [(str(list_id), name) for list_id, name in known]


def is_on_list(list_id: str) -> ColumnElement[bool]:
    """Whoever buys by it."""
    return Reseller.price_list_id == UUID(list_id)


def resellers() -> Select[Reseller, Storefront, int]:
    """Resellers, each with its storefront and how many customers it has."""
    customers = select(func.count()).where(same_key(Customer.reseller_id, Reseller.id)).scalar_subquery()
    return (
        select(Reseller, Storefront, customers)
        .select_from(Reseller)
        .outerjoin(
            Storefront,
            same_key(Storefront.reseller_id, Reseller.id) & (Storefront.state != StorefrontState.RELEASED),
        )
    )


KEPT = Storefront.state != literal_column("'released'")
"""A storefront that is a reseller's; an address that was given back is not. The word stands in the statement,
because a plan that is kept for any word cannot use the index of those that are kept."""


def found_by(query: str) -> ColumnElement[bool]:
    """Code and alias whole, name and e-mail by a part."""
    return or_(
        Reseller.code == query.upper(),
        Reseller.id.in_(select(Storefront.reseller_id).where(KEPT, Storefront.alias == query.lower())),
        Reseller.name.icontains(query, autoescape=True),
        Reseller.email.icontains(query, autoescape=True),
    )


def is_like(show: str) -> ColumnElement[bool]:
    """What a view means."""
    own = exists().where(same_key(Storefront.reseller_id, Reseller.id), KEPT)
    match show:
        case "portal":
            return and_(own, ~Reseller.house)
        case "none":
            return ~own
        case "stopped":
            return ~Reseller.ordering_enabled
        case _:
            raise LookupError(show)


def rows_of_resellers(found: Sequence[tuple[Reseller, Storefront | None, int]]) -> list[dict[str, Any]]:
    """Resellers as the list shows them."""
    ids = [reseller.id for reseller, _, _ in found]
    lines, tiers = credit_left(ids), tiers_of(ids)
    looked_after = account_managers.names([reseller.id for reseller, _, _ in found])
    return [
        {
            "name": reseller.name,
            "code": reseller.code,
            "url": url_for("distributor.reseller_page", code=reseller.code),
            "country": reseller.country,
            "shop": shop.state if shop else None,
            "alias": shop.alias if shop else None,
            "tiers": tiers.get(reseller.id, ""),
            "customers": number,
            "credit": lines.get(reseller.id),
            "manager": looked_after.get(reseller.id, ""),
            "house": reseller.house,
            "stopped": not reseller.ordering_enabled,
            "since": moment(reseller.created_at),
        }
        for reseller, shop, number in found
    ]


def tier_options() -> list[tuple[str, str]]:
    """The names of all tiers, and those that an anniversary flagged."""
    names = db.session().scalars(select(Tier.name).distinct().order_by(Tier.name))
    return [("*", _("Flagged")), *((name, name) for name in names)]


def is_in_tier(name: str) -> ColumnElement[bool]:
    """Who is in a tier of this name in any programme, or flagged."""
    of_tier = Enrolment.flagged if name == "*" else Enrolment.tier_name == name
    return Reseller.id.in_(
        select(Enrolment.reseller_id).where(Enrolment.state == enrolments.EnrolmentState.ACTIVE, of_tier)
    )


def tiers_of(reseller_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The tiers of resellers, in words: "Gold, Silver"."""
    chosen = select(Enrolment.reseller_id, Enrolment.tier_name).where(
        Enrolment.reseller_id.in_(reseller_ids),
        Enrolment.state == enrolments.EnrolmentState.ACTIVE,
        Enrolment.tier_name != "",
    )
    found: dict[UUID, list[str]] = {}
    for reseller_id, name in db.session().execute(chosen.order_by(Enrolment.programme_name)):
        found.setdefault(reseller_id, []).append(name)
    return {reseller_id: ", ".join(names) for reseller_id, names in found.items()}


def credit_left(reseller_ids: Sequence[UUID]) -> dict[UUID, Money]:
    """What new purchases may still take, in the shop's currency."""
    rows = db.session().execute(
        select(Balance.reseller_id, func.sum(Balance.ceiling - Balance.reserved))
        .where(Balance.reseller_id.in_(reseller_ids), Balance.currency == the_shop().currency)
        .group_by(Balance.reseller_id)
    )
    return {reseller_id: Money(int(left), the_shop().currency) for reseller_id, left in rows}


# --- One reseller -------------------------------------------------------------------------------------------


@console.get("/resellers/<code>")
def reseller_page(code: str) -> Response:
    """The page."""
    return show(code)


def show(code: str, status: int = 200, *, problem: str | None = None, form: Form | None = None) -> Response:
    """The page, with the refused form filled as it was sent."""
    with db.transaction() as session:
        reseller = standings.find(code)
        shop = storefronts.of_reseller(reseller.id)
        balances = session.scalars(
            select(Balance).where(Balance.reseller_id == reseller.id).order_by(Balance.kind, Balance.currency)
        ).all()
        about = about_reseller(reseller)
        happened = [reseller.id, *([shop.id] if shop else []), *(one.id for one in balances)]
        standing, trail = standing_form(reseller, form), trail_of(reseller.id, happened)
    return pages.render(
        "distributor/reseller.html",
        status,
        title=reseller.name,
        reseller=reseller,
        portal=shop_facts(shop, reseller),
        since=moment(reseller.created_at),
        balances=[
            (
                one.kind,
                Money(one.ceiling, one.currency),
                Money(one.reserved, one.currency),
                Money(one.ceiling - one.reserved, one.currency),
            )
            for one in balances
        ],
        orders_url=url_for("distributor.order_list", q=reseller.name),
        standing=standing,
        credit_form=form if isinstance(form, forms.CreditLine) else forms.CreditLine(prefix="credit-"),
        person_form=form if isinstance(form, InviteAdministrator) else InviteAdministrator(prefix="person-"),
        currency=the_shop().currency,
        problem=problem,
        trail=trail,
        **about,
    )


def about_reseller(reseller: Reseller) -> dict[str, Any]:
    """What its page tells besides what can be changed there."""
    session = db.session()
    latest = orders().where(Order.reseller_id == reseller.id).order_by(Order.id.desc()).limit(10)
    customers = select(func.count()).select_from(Customer).where(Customer.reseller_id == reseller.id)
    return {
        "orders": rows_of([(order, seller, customer) for order, seller, customer in session.execute(latest)]),
        "customers": session.scalar(customers) or 0,
        "plan": plan_of(reseller.id),
        "sells": [CHANNELS[one] for one in sorted(channels.profile(reseller.id))],
        "margin": margin_of(reseller.id),
        "people": [
            (m.name, m.email, ", ".join(ROLES.get(role, role) for role in m.roles))
            for m in parties.members(reseller.id)
        ],
        "programmes": [
            {
                "name": one.programme_name,
                "url": url_for("distributor.partnership_page", enrolment_id=one.id),
                "tier": one.tier_name,
                "flagged": one.flagged and one.state is enrolments.EnrolmentState.ACTIVE,
                "state": one.state.value,
                "until": moment(one.ended_at or one.ends_at),
            }
            for one in enrolments.of_reseller(reseller.id)
        ],
        "offers": activations.offers(reseller),
        "domain": domains.of_reseller(reseller.id),
        "manager": manager_card(reseller),
    }


def trail_of(reseller_id: UUID, of: Sequence[UUID]) -> list[timelines.Entry]:
    """What happened to the reseller and to what belongs to it: its terms of credit, and who looked at its
    console."""
    terms = credit_terms.row_id(reseller_id)
    looks = [one.id for one in viewings.latest(reseller_id)]
    return timelines.of([*of, *([terms] if terms else []), *looks])


def standing_form(reseller: Reseller, refused: Form | None) -> forms.Standing:
    """The form with what holds, or the one that was refused."""
    lists_to_choose = [
        (str(row.id), row.name) for row in db.session().scalars(select(PriceList).order_by(PriceList.name))
    ]
    if isinstance(refused, forms.Standing):
        return refused.offer(lists_to_choose)
    terms = credit_terms.of(reseller.id)
    return forms.Standing(
        prefix="standing-",
        enable_reselling=reseller.enable_reselling,
        ordering_enabled=reseller.ordering_enabled,
        prorate_billing=terms.prorate_billing,
        partial_charges=terms.partial_charges,
        price_list=str(reseller.price_list_id),
    ).offer(lists_to_choose)


def shop_facts(shop: Storefront | None, reseller: Reseller) -> dict[str, Any]:
    """The storefront as the page shows it; `state` empty when there is none."""
    if shop is None:
        return {"state": "", "alias": "", "url": None, "opened": None, "theme": ""}
    url = (
        f"/{shop.alias}/"
        if shop.alias and shop.state is StorefrontState.OPEN
        else "/"
        if reseller.house
        else None
    )
    return {
        "state": shop.state,
        "alias": shop.alias or _("the distributor's own address"),
        "url": url,
        "opened": moment(shop.opened_at),
        "theme": shop.theme,
    }


def plan_of(reseller_id: UUID) -> str:
    """The reseller plan that runs for it."""
    found = reseller_plans.current(reseller_id)
    return f"{found.product_name}, {found.plan_name}" if found else "Basic"


def margin_of(reseller_id: UUID) -> Money:
    """What the ledger says we owe the reseller (negative: it owes us)."""
    chosen = select(func.coalesce(func.sum(JournalLine.minor), 0)).where(
        JournalLine.account == Account.RESELLER,
        JournalLine.reseller_id == reseller_id,
        JournalLine.currency == the_shop().currency,
    )
    return Money(-int(db.session().scalar(chosen) or 0), the_shop().currency)


@console.post("/resellers/<code>/standing")
def save_standing(code: str) -> Response:
    """What it may do, and on which price list."""
    require_role("storefront_manager")
    with db.transaction() as session:
        standings.find(code)
        price_lists = [
            (str(row.id), row.name) for row in session.scalars(select(PriceList).order_by(PriceList.name))
        ]
    form = forms.Standing(request.form, prefix="standing-").offer(price_lists)
    if not form.validate():
        return show(code, 422, form=form)
    with db.transaction():
        reseller = standings.find(code)
        db.session().refresh(reseller, with_for_update=True)  # of two forms at once the second wins whole
        standings.change(
            reseller,
            enable_reselling=form.enable_reselling.data,
            ordering_enabled=form.ordering_enabled.data,
            price_list_id=UUID(form.price_list.data),
        )
        credit_terms.change(
            reseller.id, Terms(bool(form.prorate_billing.data), bool(form.partial_charges.data))
        )
    return pages.see("distributor.reseller_page", "saved", code=code)


@console.post("/resellers/<code>/people")
def invite_administrator(code: str) -> Response:
    """A contact of the reseller becomes somebody who signs in: an administrator, who brings the others in
    (I32, I47)."""
    require_role("admin")
    form = InviteAdministrator(request.form, prefix="person-")
    if not form.validate():
        return show(code, 422, form=form)
    try:
        with db.transaction():
            invitations.invite(
                Side.RESELLER,
                email=form.email.data or "",
                name=form.name.data or "",
                roles=[roles.ADMIN],
                by=visitor().name,
                reseller_id=standings.find(code).id,
            )
    except Missing:
        raise
    except Refusal as refusal:
        with db.transaction():
            if isinstance(refusal, LoginsUsedUp):
                logins.note_refused(standings.find(code), form.email.data or "")
        return show(code, refusal.status, problem=str(refusal), form=form)
    return pages.see("distributor.reseller_page", "invited", code=code)


@console.post("/resellers/<code>/credit")
def save_credit(code: str) -> Response:
    """Sets the credit line or the deposit; never under what orders hold of it."""
    require_role("billing_agent")
    form = forms.CreditLine(request.form, prefix="credit-")
    form.ceiling.currency = the_shop().currency
    ceiling = form.ceiling.money() if form.validate() else None
    if ceiling is None:
        return show(code, 422, form=form)
    try:
        with db.transaction():
            credit.set_ceiling(
                standings.find(code).id, BalanceKind(form.kind.data), ceiling, why=form.why.data or ""
            )
    except Refusal as refusal:
        return show(code, refusal.status, problem=str(refusal), form=form)
    return pages.see("distributor.reseller_page", "credit-saved", code=code)
