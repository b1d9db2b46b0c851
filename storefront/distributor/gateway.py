"""Card payments: the distributor's own Stripe account, its keys (write-only), the webhook's address, and a
check that the key works."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from flask import request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from billing import gateways, stripe_gateway
from billing.gateways import Gateway
from core import db
from core.errors import Refusal
from core.languages import _
from core.money import Money
from core.settings import settings
from storefront import pages
from storefront.distributor import console, forms
from storefront.visitors import require_role, the_shop

pages.saying(registered="Stripe rings at this address from now on; the signing secret is stored.")


@console.get("/gateway")
def gateway_page() -> Response:
    """The page."""
    return show()


def stored() -> Gateway | None:
    """The gateway, if one is set up."""
    return db.session().scalar(select(Gateway).order_by(Gateway.id).limit(1))


def address(gateway: Gateway) -> str:
    """Where Stripe rings."""
    return settings().public_url.rstrip("/") + url_for("webhooks.stripe", code=gateway.code).removeprefix(
        the_shop().base
    )


def show(
    status: int = 200,
    *,
    form: forms.GatewayKeys | None = None,
    problem: str | None = None,
    answer: str | None = None,
) -> Response:
    """The page with its form; secrets are never shown again."""
    with db.transaction():
        gateway = stored()
    if form is None:
        form = forms.GatewayKeys(
            account_id=gateway.account_id if gateway else "",
            fee_percent=f"{Decimal(gateway.fee_basis_points) / 100:f}" if gateway else "1.5",
            fee_fixed=str(Money(gateway.fee_fixed_minor if gateway else 25, the_shop().currency).amount),
        )
    return pages.render(
        "distributor/gateway.html",
        status,
        title=_("Card payments"),
        form=form,
        gateway=bool(gateway),
        webhook=address(gateway) if gateway else None,
        has_key=bool(gateway and gateway.secret_key),
        has_secret=bool(gateway and gateway.webhook_secret),
        sandbox=bool(settings().stripe_sandbox_url),
        currency=the_shop().currency,
        problem=problem,
        answer=answer,
    )


@console.post("/gateway")
def save_gateway() -> Response:
    """Keeps the account; an empty secret keeps the stored one."""
    require_role("cloud_administrator")
    form = forms.GatewayKeys(request.form)
    form.fee_fixed.currency = the_shop().currency
    fine = form.validate()
    points = basis_points(form.fee_percent.data or "")
    if points is None:
        form.fee_percent.errors = [_("Enter a percentage between 0 and 20, such as 1.5.")]
    fixed = form.fee_fixed.money() if fine else None
    if points is None or fixed is None:
        return show(422, form=form)
    try:
        with db.transaction():
            gateways.save(
                account_id=(form.account_id.data or "").strip(),
                secret_key=(form.secret_key.data or "").strip(),
                webhook_secret=(form.webhook_secret.data or "").strip(),
                fee_basis_points=points,
                fee_fixed_minor=fixed.minor,
                api_base=settings().stripe_sandbox_url or "https://api.stripe.com",
            )
    except Refusal as refusal:
        return show(refusal.status, form=form, problem=str(refusal))
    return pages.see("distributor.gateway_page", "saved")


def basis_points(text: str) -> int | None:
    """1.5 -> 150; none for what is no sensible percentage."""
    try:
        points = Decimal(text.strip().rstrip("%").strip().replace(",", ".")) * 100
    except ArithmeticError:  # no number, or one too large to be one
        return None
    return int(points) if points.is_finite() and 0 <= points <= 2000 and points == int(points) else None


@console.post("/gateway/check")
def check_gateway() -> Response:
    """Asks Stripe something harmless with the stored key."""
    require_role("cloud_administrator")
    with db.transaction():
        account = gateways.find().account()
    try:
        next(iter(stripe_gateway.events_since(account, datetime.now(UTC) - timedelta(minutes=5))), None)
    except Refusal as refusal:
        return show(refusal.status, problem=str(refusal))
    return show(answer=_("Stripe answers for %(account)s.", account=account.account_id))


@console.post("/gateway/register")
def register_webhook() -> Response:
    """Has Stripe send its events here, and keeps the signing secret that it tells only once."""
    require_role("cloud_administrator")
    with db.transaction():
        gateway = gateways.find()
        account, where = gateway.account(), address(gateway)
    try:
        made = stripe_gateway.register_endpoint(account, where)
    except Refusal as refusal:
        return show(refusal.status, problem=str(refusal))
    with db.transaction():
        known = gateways.find()
        gateways.save(
            account_id=known.account_id,
            secret_key="",
            webhook_secret=made.secret,
            fee_basis_points=known.fee_basis_points,
            fee_fixed_minor=known.fee_fixed_minor,
        )
    with suppress(Refusal):  # events come; what is left of an earlier time goes the next time
        stripe_gateway.forget_other_endpoints(account, where, made)
    return pages.see("distributor.gateway_page", "registered")
