"""Stripe, as values: a payment page is asked for and reported on; an event is read only when its signature
holds. Refunds are in billing/stripe_refunds.py, disputes in billing/stripe_disputes.py. No database and no
pages here, and the only file that imports Stripe's library. Nothing is retried inside: a page tries again
when its visitor does and a task when it is due, both under the same idempotency key."""

import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, cast

from core.errors import Refusal, Refused, Unavailable
from core.faults import fault
from core.languages import _

if TYPE_CHECKING:
    from stripe import StripeClient
    from stripe._v1_services import V1Services
    from stripe.params.checkout import SessionCreateParams, SessionCreateParamsLineItem

# The version whose official OpenAPI document the contract tests hold both sides to.
API_VERSION = "2026-05-27.dahlia"
CONNECT_SECONDS, ANSWER_SECONDS = 1.5, 3.5  # 5 s in all: somebody waits before a page
SHORTEST_STAY, LONGEST_STAY = timedelta(minutes=30), timedelta(hours=24)  # Stripe's bounds for expires_at
SIGNATURE_TOLERANCE = 300
MOST_LINES = 100
EVENTS_OF_INTEREST = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.refunded",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
)
# Where Stripe's unit is not ISO 4217's minor unit: (multiply, divide) (https://docs.stripe.com/currencies).
UNIT_FACTORS = {"ISK": (100, 1), "UGX": (100, 1), "MGA": (1, 100)}
THREE_DECIMALS = frozenset(("BHD", "JOD", "KWD", "OMR", "TND"))


class GatewayDown(Unavailable):
    """No answer, or none that says whether it was done. `replayed`: Stripe keeps this failure under the
    idempotency key and will repeat it for 24 hours, so only a new key can succeed."""

    def __init__(self, detail: str, *, replayed: bool = False) -> None:
        super().__init__(_("The card payment service does not answer right now."))
        self.detail, self.replayed = detail, replayed


class GatewayRefused(Refused):
    """Stripe understood and said no; `code` is its documented error code."""

    def __init__(self, message: str, *, code: str | None = None, status: int | None = None) -> None:
        super().__init__(_("The card payment service refused this: %(message)s", message=message))
        self.message, self.code, self.http_status = message, code, status


class AttemptStale(GatewayRefused):
    """Too old to open a page for: Stripe wants at least 30 minutes of it left. Make a new attempt."""

    def __init__(self) -> None:
        super().__init__(
            _("this payment attempt has run out of time; please start a new one."), code="attempt_stale"
        )


class ForgedEvent(Refusal):
    """A webhook that this account's Stripe did not send, or not within the last five minutes."""

    status: ClassVar[int] = 400
    title: ClassVar[str] = "Not a webhook of ours"


@dataclass(frozen=True)
class GatewayAccount:
    """A distributor's own Stripe account. Secrets stay out of `repr`, and so out of logs."""

    account_id: str
    secret_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    api_base: str = "https://api.stripe.com"


class AttemptLine(NamedTuple):
    name: str
    quantity: int
    unit_minor: int


@dataclass(frozen=True)
class AttemptRequest:
    """One try to collect an amount. Everything in it must be the same each time the attempt is sent, as the
    attempt's id is the idempotency key and Stripe refuses a changed body; hence `created_at`, from which the
    page's end counts."""

    attempt_id: str
    order_code: str
    amount_minor: int
    currency: str
    description: str
    lines: tuple[AttemptLine | tuple[str, int, int], ...]
    shop_name: str
    customer_email: str | None
    success_url: str
    cancel_url: str
    created_at: datetime
    expires_in: timedelta = timedelta(hours=1)
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def expires_at(self) -> datetime:
        return self.created_at + self.expires_in


@dataclass(frozen=True)
class SessionPage:
    session_id: str
    url: str | None  # None: the page is closed, paid or expired
    expires_at: datetime


@dataclass(frozen=True)
class MadePage:
    """A page that we once asked for, as the gateway's list tells it."""

    session_id: str
    attempt_id: str
    order_code: str
    url: str | None
    status: Literal["open", "complete", "expired"]
    paid: bool
    amount_minor: int
    currency: str
    email: str
    created: datetime
    expires_at: datetime


@dataclass(frozen=True)
class PaymentReport:
    """What Stripe says of a session. `fee_minor` is None until Stripe has booked it, and where it is in
    another currency than the payment (then `booked` is true all the same); `declined` is the reason of the
    last decline, in Stripe's plain words."""

    session_id: str
    attempt_id: str | None
    account_id: str
    amount_minor: int
    currency: str
    status: Literal["open", "complete", "expired"]
    paid: bool
    payment_intent: str | None
    fee_minor: int | None
    declined: str | None
    booked: bool = True


@dataclass(frozen=True)
class StripeEvent:
    event_id: str
    type: str
    account_id: str
    created: datetime
    session_id: str | None
    attempt_id: str | None
    payment_intent: str | None
    object: dict[str, Any]
    dispute_id: str | None = None
    refund_id: str | None = None


def open_session(account: GatewayAccount, attempt: AttemptRequest) -> SessionPage:
    """Ask for the hosted page of an attempt; the same attempt always gets the same page, within 24 hours.

    Payment methods are the account's own choice in its Stripe dashboard (dynamic), so none is named here."""
    _refuse_stale(attempt)
    with asking(account) as stripe:
        session = stripe.checkout.sessions.create(
            params=_session_params(attempt), options={"idempotency_key": attempt.attempt_id}
        )
    return SessionPage(session.id, session.url, moment_of(session.expires_at))


def report(account: GatewayAccount, session_id: str) -> PaymentReport:
    """How a session stands, asked at the account itself; a session of another account is GatewayRefused."""
    with asking(account) as stripe:
        session = stripe.checkout.sessions.retrieve(
            session_id, params={"expand": ["payment_intent.latest_charge.balance_transaction"]}
        )
    return _report_of(account, session.to_dict())


def pages_since(account: GatewayAccount, since: datetime) -> list[MadePage]:
    """Every page of ours made at or after a moment, oldest first; pages of others at this account are left
    out."""
    with asking(account) as stripe:
        newest_first = stripe.checkout.sessions.list(
            params={"created": {"gte": int(since.timestamp())}, "limit": 100}
        )
        found = [session.to_dict() for session in newest_first.auto_paging_iter()]
    return [page for session in reversed(found) if (page := _made_page(session))]


def _made_page(session: dict[str, Any]) -> MadePage | None:
    marks: dict[str, str] = session.get("metadata") or {}
    if "attempt_id" not in marks or "order_code" not in marks:
        return None
    currency = str(session["currency"]).upper()
    payer: dict[str, Any] = session.get("customer_details") or {}
    return MadePage(
        session_id=session["id"],
        attempt_id=marks["attempt_id"],
        order_code=marks["order_code"],
        url=session.get("url"),
        status=session["status"],
        paid=session["payment_status"] == "paid",
        amount_minor=minor_amount(session["amount_total"], currency),
        currency=currency,
        email=payer.get("email") or session.get("customer_email") or "",
        created=moment_of(session["created"]),
        expires_at=moment_of(session["expires_at"]),
    )


def expire_session(account: GatewayAccount, session_id: str) -> None:
    """Close an open page. GatewayRefused when it is not open any more: then ask for its report."""
    with asking(account) as stripe:
        stripe.checkout.sessions.expire(session_id)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an account sends its events, and the signing secret, which Stripe tells only once."""

    id: str
    secret: str = field(repr=False)


def register_endpoint(account: GatewayAccount, url: str) -> Endpoint:
    """Have the account send its events to a URL."""
    with asking(account) as stripe:
        made = stripe.webhook_endpoints.create(
            params={"url": url, "enabled_events": list(EVENTS_OF_INTEREST)}
        )
    if not made.secret:
        raise GatewayDown("the new webhook endpoint came without a secret")
    return Endpoint(made.id, made.secret)


def forget_other_endpoints(account: GatewayAccount, url: str, kept: Endpoint) -> None:
    """Of the endpoints at this URL only `kept` stays: nobody has the secrets of the others any more (whoever
    registered them died before the secret was kept, or registered anew), and what they send is refused."""
    with asking(account) as stripe:
        known = stripe.webhook_endpoints.list(params={"limit": 100}).auto_paging_iter()
        for other in [one.id for one in known if one.url == url and one.id != kept.id]:
            stripe.webhook_endpoints.delete(other)


def read_event(account: GatewayAccount, payload: bytes, signature: str | None) -> StripeEvent:
    """The event in a webhook's body, if this account's secret signed exactly these bytes in the last five
    minutes."""
    if not account.webhook_secret.strip():
        raise ForgedEvent("This account has no webhook secret, so no event can be trusted.")
    if not signature:
        raise ForgedEvent("The Stripe-Signature header is missing.")
    stripe = _stripe()
    try:
        stripe.WebhookSignature.verify_header(payload, signature, account.webhook_secret, SIGNATURE_TOLERANCE)
        body: Any = json.loads(payload)
    except (stripe.SignatureVerificationError, ValueError) as problem:
        raise ForgedEvent("The signature does not fit this body.") from problem
    event = cast(dict[str, Any], body) if isinstance(body, dict) else {}
    kind = event.get("object")
    if not event.get("id") or (kind != "event" and not str(kind).startswith("v2.")):
        raise ForgedEvent("The body is not an event.")
    if (event.get("account") or account.account_id) != account.account_id:
        raise ForgedEvent("The event belongs to another account.")
    return _event_of(account, event)


def events_since(account: GatewayAccount, since: datetime) -> Iterator[StripeEvent]:
    """Every event of interest created at or after a moment, oldest first; Stripe keeps 30 days of them.

    Stripe lists newest first, so all pages are read before the first event is given."""
    with asking(account) as stripe:
        newest_first = stripe.events.list(
            params={
                "created": {"gte": int(since.timestamp())},
                "types": list(EVENTS_OF_INTEREST),
                "limit": 100,
            }
        )
        found = [event.to_dict() for event in newest_first.auto_paging_iter()]
    for event in reversed(found):
        yield _event_of(account, event)


def stripe_amount(minor: int, currency: str) -> int:
    """ISO 4217 minor units in Stripe's unit; GatewayRefused for an amount that no card can be charged."""
    multiply, divide = UNIT_FACTORS.get(currency, (1, 1))
    if minor % divide or (currency in THREE_DECIMALS and minor % 10):
        raise GatewayRefused(
            f"an amount of {minor} minor units cannot be charged in {currency}.", code="invalid_amount"
        )
    return minor * multiply // divide


def minor_amount(amount: int, currency: str) -> int:
    """Stripe's unit in ISO 4217 minor units; the inverse of `stripe_amount`."""
    multiply, divide = UNIT_FACTORS.get(currency, (1, 1))
    return amount * divide // multiply


def moment_of(seconds: int) -> datetime:
    """Stripe's time as ours, UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def _stripe() -> ModuleType:
    import stripe  # noqa: PLC0415 - costs 0.4 s and 17 MB: only processes that speak to Stripe pay for it

    stripe.enable_telemetry = False
    return stripe


@lru_cache(maxsize=64)
def _client(account: GatewayAccount) -> "StripeClient":
    """One client per account, so that connections are kept; retries are ours (see the module's first
    words)."""
    stripe = _stripe()
    return stripe.StripeClient(
        account.secret_key,
        stripe_version=API_VERSION,
        base_addresses={"api": account.api_base.rstrip("/")},
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=(CONNECT_SECONDS, ANSWER_SECONDS)),
    )


@contextmanager
def asking(account: GatewayAccount) -> "Generator[V1Services]":
    """The API of an account, for a call. Stripe's errors as ours: a 4xx is GatewayRefused, except 409 and 429
    which, like the rest, may pass: GatewayDown. So may a 4xx that is not in Stripe's words (APIError): it is
    from something on the way."""
    stripe = _stripe()
    fault("stripe.before_call")
    try:
        yield _client(account).v1
        fault("stripe.answered")
    except stripe.StripeError as problem:
        status: int | None = problem.http_status
        theirs = not isinstance(problem, stripe.APIError)
        if theirs and status is not None and 400 <= status < 500 and status not in (409, 429):
            message = problem.user_message or str(problem)
            raise GatewayRefused(message, code=problem.code, status=status) from problem
        headers: Mapping[str, str] = problem.headers or {}
        replayed = headers.get("Idempotent-Replayed") == "true"
        raise GatewayDown(f"{type(problem).__name__}: {problem}", replayed=replayed) from problem


def _refuse_stale(attempt: AttemptRequest) -> None:
    if not SHORTEST_STAY <= attempt.expires_in <= LONGEST_STAY:
        raise ValueError(
            f"a payment page stays open {SHORTEST_STAY} to {LONGEST_STAY}, not {attempt.expires_in}"
        )
    if attempt.expires_at - datetime.now(UTC) < SHORTEST_STAY:
        raise AttemptStale


def _session_params(attempt: AttemptRequest) -> "SessionCreateParams":
    marks = {**attempt.metadata, "attempt_id": attempt.attempt_id, "order_code": attempt.order_code}
    params: SessionCreateParams = {
        "mode": "payment",
        "line_items": _line_items(attempt),
        "success_url": attempt.success_url,
        "cancel_url": attempt.cancel_url,
        "client_reference_id": attempt.attempt_id,
        "expires_at": int(attempt.expires_at.timestamp()),
        "metadata": marks,
        "payment_intent_data": {"metadata": marks, "description": attempt.description},
        "branding_settings": {"display_name": attempt.shop_name},
    }
    if attempt.customer_email:
        params["customer_email"] = attempt.customer_email
    return params


def _line_items(attempt: AttemptRequest) -> "list[SessionCreateParamsLineItem]":
    """The lines as the payer reads them; one line for the whole where Stripe's form cannot hold them."""
    lines = [AttemptLine(*line) for line in attempt.lines]
    total = sum(line.quantity * line.unit_minor for line in lines)
    if total != attempt.amount_minor:
        raise ValueError(
            f"the lines of {attempt.order_code} add up to {total}, not to {attempt.amount_minor}"
        )
    if len(lines) > MOST_LINES or not all(_fits(line, attempt.currency) for line in lines):
        lines = [AttemptLine(attempt.description, 1, attempt.amount_minor)]
    return [
        {
            "price_data": {
                "currency": attempt.currency.lower(),
                "unit_amount": stripe_amount(line.unit_minor, attempt.currency),
                "product_data": {"name": line.name},
            },
            "quantity": line.quantity,
        }
        for line in lines
    ]


def _fits(line: AttemptLine, currency: str) -> bool:
    """Whether Stripe can hold the line by itself: a tax of 1.235 KWD, for instance, it cannot."""
    try:
        return line.quantity >= 1 and stripe_amount(line.unit_minor, currency) >= 0
    except GatewayRefused:
        return False


def _report_of(account: GatewayAccount, session: dict[str, Any]) -> PaymentReport:
    currency = str(session["currency"]).upper()
    payment: dict[str, Any] = session.get("payment_intent") or {}
    decline: dict[str, Any] = payment.get("last_payment_error") or {}
    paid = session["payment_status"] == "paid"
    return PaymentReport(
        session_id=session["id"],
        attempt_id=session.get("client_reference_id"),
        account_id=account.account_id,
        amount_minor=minor_amount(session["amount_total"], currency),
        currency=currency,
        status=session["status"],
        paid=paid,
        payment_intent=payment.get("id"),
        fee_minor=_fee_of(payment, currency) if paid else None,
        declined=None if paid else decline.get("message"),
        booked=not paid or bool(_entry_of(payment)),
    )


def _fee_of(payment: dict[str, Any], currency: str) -> int | None:
    entry = _entry_of(payment)
    if str(entry.get("currency", "")).upper() != currency:
        return None
    return minor_amount(entry["fee"], currency)


def _entry_of(payment: dict[str, Any]) -> dict[str, Any]:
    """The balance transaction of a payment's charge; empty until Stripe has written it."""
    charge: dict[str, Any] = payment.get("latest_charge") or {}
    return charge.get("balance_transaction") or {}


def _event_of(account: GatewayAccount, event: dict[str, Any]) -> StripeEvent:
    """What we read of an event. One of a kind that we do not know, such as Stripe's thin ones (v2), is about
    nothing: to refuse it would make Stripe send it for days and then switch the endpoint off."""
    data: dict[str, Any] = event.get("data") or {}
    thing: dict[str, Any] = data.get("object") or {}
    marks: dict[str, str] = thing.get("metadata") or {}
    kind = thing.get("object")
    return StripeEvent(
        event_id=event["id"],
        type=event.get("type") or "",
        account_id=account.account_id,
        created=_created(event),
        session_id=thing["id"] if kind == "checkout.session" else None,
        attempt_id=marks.get("attempt_id"),
        payment_intent=thing["id"] if kind == "payment_intent" else _id_of(thing.get("payment_intent")),
        object=cast(dict[str, Any], _storable(thing or event)),
        dispute_id=thing["id"] if kind == "dispute" else None,
        refund_id=thing["id"] if kind == "refund" else None,
    )


def _created(event: dict[str, Any]) -> datetime:
    """Thin events tell their time in words of ISO 8601, all others in seconds."""
    told = event["created"]
    return datetime.fromisoformat(told) if isinstance(told, str) else moment_of(told)


def _id_of(thing: Any) -> str | None:
    """A thing is told by its id, or whole where it was expanded."""
    return cast(dict[str, Any], thing)["id"] if isinstance(thing, dict) else thing


def _storable(told: Any) -> Any:
    """As PostgreSQL can hold it: JSON may say signs that no text there has, such as the zero in a name."""
    if isinstance(told, str):
        return told.replace("\0", "").encode(errors="replace").decode()
    if isinstance(told, list):
        return [_storable(part) for part in cast(list[Any], told)]
    if isinstance(told, dict):
        return {_storable(name): _storable(part) for name, part in cast(dict[str, Any], told).items()}
    return told
