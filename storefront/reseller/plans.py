"""Reseller plans: the comparison, and buying one. A plan goes through the same checkout as any product:
checked with its connector, placed in one commit, paid on the gateway's page or on account (I3, I7, I18,
I19)."""

from typing import Any

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from billing import credit, tax
from billing.tax import Chain, Sums, TaxUndecided
from catalog import obligations
from checkout import baskets, orders, placing, reseller_plans
from checkout.baskets import Buyer
from checkout.orders import OrderState, PayBy
from checkout.placing import Checkout
from checkout.reseller_plans import NoPlansOffered, OpeningsPaused, PlanOffer
from core import db, parties
from core.clock import business_now
from core.errors import Missing, Refusal
from core.ids import new_token
from core.languages import _
from core.parties import Reseller
from partners import companies, storefronts
from partners.storefronts import AliasTaken, Storefront, StorefrontState
from provisioning import clearances, vendor_calls
from provisioning.clearances import FieldProblem
from provisioning.connectors import fields as connector_fields
from provisioning.connectors.registry import connector
from storefront import agreements, endings, pages, taxes
from storefront import companies as company_forms
from storefront.companies import Company
from storefront.forms import choices
from storefront.moments import moment
from storefront.reseller import console, discounts, menu
from storefront.reseller.forms import PAYMENTS, BuyPlan
from storefront.visitors import buyer, require_role, the_shop
from whitelabel_themes.loader import base

# --- The comparison -----------------------------------------------------------------------------------------


@console.get("/plans")
def plan_page() -> Response:
    """Basic and what there is above it; the current one is marked (I1, I2, I17). What is missing is said,
    each by itself (I16)."""
    with db.transaction(widened_because="checking with connectors"):
        paused = vendor_calls.is_paused("reseller_plan")
    with db.transaction():
        standing = parties.reseller(menu.reseller_id())
        own = reseller_plans.current(standing.id)
        waiting = reseller_plans.under_way(standing.id)
        offered = reseller_plans.offers()
        storefront = menu.own_storefront()
        ending, now = endings.ending_of(own) if own else None, business_now()
    because = why_not(standing, under_way=waiting is not None, paused=paused)
    cards = [
        basic(current=own is None),
        *(
            card(each, current=own is not None and own.plan_id == each.plan_id, because=because)
            for each in offered
        ),
    ]
    return pages.render(
        "reseller/plans.html",
        title=_("Your plan"),
        plans=cards,
        current=own,
        waiting=waiting,
        storefront=storefront,
        ending=ending,
        closed=storefront is not None and storefront.state is StorefrontState.CLOSED,
        kept_until=moment(storefront.alias_kept_until, now) if storefront else None,
        portal_url=menu.portal_url(storefront, absolute=True),
        enabled=standing.enable_reselling,
        missing=[
            *([str(NoPlansOffered())] if not offered else []),
            *([str(OpeningsPaused())] if paused else []),
        ],
    )


def why_not(standing: Reseller, *, under_way: bool, paused: bool) -> str | None:
    """The reason that stands on every plan, if there is one."""
    if not standing.enable_reselling:
        return _("Not enabled for your account.")
    if paused:
        return _("The opening of storefronts is paused.")
    return _("An order for a plan is under way.") if under_way else None


def basic(*, current: bool) -> dict[str, Any]:
    """Basic is what one has without a plan."""
    return {
        "code": "basic",
        "name": "Basic",
        "price": None,
        "per": "",
        "flag": _("Your plan") if current else None,
        "because": _("This is what you have today.") if current else _("Included in every plan."),
        "unit_minor": None,
        "url": "",
        "act": "",
        "note": _("What every reseller has"),
        "features": [
            (_("The distributor's shop and its prices"), True),
            (_("Orders for yourself"), True),
            (_("Your own storefront"), False),
        ],
    }


def card(offer: PlanOffer, *, current: bool, because: str | None) -> dict[str, Any]:
    """A plan as parts/prices.html compares it."""
    return {
        "code": offer.code,
        "name": offer.product,
        "price": offer.price if offer.price.minor else None,
        "was": offer.list_price if offer.cuts else None,
        "per": offer.per,
        "note": _("%(summary)s Term: %(term)s.", summary=offer.summary, term=offer.term),
        "features": features(offer),
        "flag": _("Your plan") if current else None,
        "because": _("This is what you have today.") if current else because,
        "unit_minor": None,
        "url": url_for("reseller.plan_form", code=offer.code),
        "act": _("Choose %(product)s", product=offer.product),
    }


def features(offer: PlanOffer) -> list[tuple[str, bool]]:
    """The plan's features in words: a yes or no, or a word of how much."""
    named = [
        (key.replace("_", " ").capitalize().replace("api", "API"), value)
        for key, value in offer.features.items()
    ]
    return [
        (name if isinstance(value, bool) else f"{name}: {value}", value is not False) for name, value in named
    ]


# --- Buying -------------------------------------------------------------------------------------------------


@console.get("/plans/<code>")
def plan_form(code: str) -> Response:
    """The alias and the payment (I18)."""
    require_role("buyer")
    return show_form(code, BuyPlan(request_key=new_token()))


@console.post("/plans/<code>")
def buy_plan(code: str) -> Response:
    """Places the order; a taken alias is refused before any payment (I19). The same form sent twice gives the
    first order."""
    require_role("buyer")
    form, who = BuyPlan(request.form), buyer()
    if (placed := earlier(who, form)) is not None:
        return to_order(placed)
    company = company_forms.sent() if company_forms.was_sent() else None
    if not form.validate() or not kept_company(company):
        return show_form(code, form, status=422, company=company)
    try:
        return to_order(place(who, code, form))
    except Missing:
        raise
    except Refusal as refusal:
        if isinstance(refusal, TaxUndecided):
            taxes.report(refusal)
        if (placed := earlier(who, form)) is not None:
            return to_order(placed)
        return show_form(code, form, refusal)


@console.post("/plans/<code>/discount")
def redeem_code_for_plan(code: str) -> Response:
    """Types a partner code in before ordering (P24); the form shows the price with it."""
    require_role("buyer")
    typed = request.form.get("code", "")[:80]
    try:
        discounts.redeem(typed)
    except Refusal as refusal:
        form = BuyPlan(request_key=new_token())
        return show_form(code, form, status=refusal.status, code_typed=typed, code_problem=str(refusal))
    return pages.see("reseller.plan_form", "code-kept", code=code)


def kept_company(form: Company | None) -> bool:
    """Keeps the company data that the form asked for, once; False with the problems at their fields."""
    if form is None:
        return True
    with db.transaction():
        known = companies.of(menu.reseller_id()) is not None
        return known or company_forms.keep(form, reseller_id=menu.reseller_id())


@console.get("/plans/alias")
def check_alias() -> Response:
    """Whether an alias can be had, while one types; the order decides."""
    alias = request.args.get("alias", "").strip().lower()
    problem = alias_problem(alias) if alias else None
    page = (
        pages.environment(base())
        .get_template("reseller/parts/alias.html")
        .render(alias=alias, problem=problem, address=menu.address_of(alias))
    )
    return Response(page, content_type="text/html; charset=utf-8")


def alias_problem(alias: str) -> str | None:
    """What is wrong with an alias, in words."""
    try:
        refuse_alias(alias)
    except Refusal as refusal:
        return str(refusal)
    return None


def refuse_alias(alias: str) -> None:
    """FieldProblem for its form or a reserved word, AliasTaken when somebody has it."""
    if problems := connector_fields.problems(
        connector("reseller_plan").fields, {"alias": alias}, asked_of="buyer"
    ):
        raise FieldProblem(problems)
    with db.transaction(widened_because="checking with connectors"):
        if storefronts.is_taken(alias):
            raise AliasTaken(alias)


def earlier(who: Buyer, form: BuyPlan) -> str | None:
    """The order this form has placed already."""
    if not form.request_key.data:
        return None
    with db.transaction():
        return placing.earlier(who, form.request_key.data)


def place(who: Buyer, code: str, form: BuyPlan) -> str:
    """Basket, clearance, order; refusals by name."""
    with db.transaction(widened_because="checking with connectors"):
        configured, paused = vendor_calls.settings_by_connector(), vendor_calls.is_paused("reseller_plan")
    with db.transaction():
        standing, kept = parties.reseller(who.reseller_id), alias_of(storefronts.of_reseller(who.reseller_id))
        reseller_plans.refuse_if_not_now(who.reseller_id, reseller_plans.offer(code), paused=paused)
    alias = kept or form.alias.data or ""
    if kept is None:
        refuse_alias(alias)
    with db.transaction():
        reseller_plans.choose(who, reseller_plans.offer(code), alias)
        basket = baskets.items(who)
    clearance = clearances.clear(
        basket, configured, {"name": standing.name, "email": standing.email, "country": standing.country}
    )
    seen = int(form.seen_total.data) if form.seen_total.data else None
    checkout = Checkout(
        form.request_key.data or new_token(),
        the_shop().storefront_id,
        PayBy(form.pay_by.data),
        seen,
        agreements.agreed(),
    )
    with db.transaction(widened_because="placing an order"):
        return placing.place(who, clearance, checkout)


def alias_of(storefront: Storefront | None) -> str | None:
    """The alias that stays with a storefront; None while the reseller has none to keep."""
    return (
        storefront.alias
        if storefront is not None and storefront.state is not storefronts.StorefrontState.HELD
        else None
    )


def to_order(code: str) -> Response:
    """To the payment where one is due, else to the order."""
    with db.transaction():
        order = orders.find(code)
    due = order.state is OrderState.AWAITING_PAYMENT and order.pay_by is PayBy.CARD
    return redirect(url_for("reseller.pay" if due else "reseller.order_page", code=code), 303)


def show_form(
    code: str,
    form: BuyPlan,
    refusal: Refusal | None = None,
    status: int = 200,
    company: Company | None = None,
    code_typed: str = "",
    code_problem: str | None = None,
) -> Response:
    """The form, filled as it was; a problem of the alias stands at its field."""
    with db.transaction():
        offer = reseller_plans.offer(code)
        standing, storefront = parties.reseller(menu.reseller_id()), menu.own_storefront()
        own, waiting = reseller_plans.current(standing.id), reseller_plans.under_way(standing.id)
        sums, untaxed, chain = taxed(standing.id, offer)
        on_account = bool(offer.price.minor) and credit.covers(
            standing.id, sums.gross if sums else offer.price
        )
        left = credit.available(standing.id, offer.price.currency)
        asked = obligations.asked(standing.id, None, [offer.plan_id])
    form.pay_by.choices = choices(PAYMENTS.options() if on_account else PAYMENTS.options()[:1])
    form.seen_total.data = str(sums.gross.minor) if sums else ""
    message = str(refusal) if refusal else untaxed or None
    if chain.buyer.known:
        company = None
    elif company is None:
        company = company_forms.form_of(None, name=standing.name, country=standing.country)
    if isinstance(refusal, FieldProblem | AliasTaken):
        form.alias.errors, message = [str(refusal)], None
    return pages.render(
        "reseller/plan_form.html",
        refusal.status if refusal else status,
        title=_("Choose %(product)s", product=offer.product),
        offer=offer,
        plan=card(offer, current=False, because=None),
        form=form,
        message=message,
        current=own,
        waiting=waiting,
        enabled=standing.enable_reselling,
        kept_alias=alias_of(storefront),
        left=left,
        address=menu.address_of(""),
        on_account=on_account,
        sums=taxes.rows(sums, _("Due today")) if sums else [],
        note=_(tax.NOTES[sums.treatment.kind]) if sums else "",
        total=sums.gross if sums else None,
        company=company,
        ticks=agreements.ticks(asked),
        distributor=chain.distributor.legal_name,
        code_typed=code_typed,
        code_problem=code_problem,
    )


def taxed(reseller_id: Any, offer: PlanOffer) -> tuple[Sums | None, str, Chain]:
    """What a plan costs with tax, or why nobody can say it."""
    chain = tax.chain(reseller_id, None)
    try:
        return tax.sums([offer.price], tax.between(chain.seller, chain.buyer)), "", chain
    except TaxUndecided as refusal:
        return None, str(refusal), chain
