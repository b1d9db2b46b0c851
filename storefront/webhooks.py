"""Where Stripe rings: the event is verified, stored once and answered; a task does the rest
(decision 5)."""

import structlog
from flask import Blueprint, Response, request

from billing import stripe_events
from billing.stripe_gateway import ForgedEvent

log = structlog.get_logger("webhooks")
webhooks = Blueprint("webhooks", __name__)


@webhooks.post("/webhooks/stripe/<code>")
def stripe(code: str) -> Response:
    """200 for what Stripe signed, new or not; 400 for a forgery, with no effect at all."""
    try:
        new = stripe_events.receive(
            code, request.get_data(cache=False), request.headers.get("Stripe-Signature")
        )
    except ForgedEvent as forged:
        log.warning("webhook.forged", code=code, reason=str(forged), address=request.remote_addr)
        return Response("refused", 400, content_type="text/plain")
    return Response("stored" if new else "known", content_type="text/plain")
