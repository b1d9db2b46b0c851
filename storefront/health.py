"""Health for machines: `/livez` says the process lives, `/readyz` that it can serve (database answers,
migrations are in, no policy is missing; Redis away is degraded, not down). `/metrics` and `/healthz?verbose`
tell how the installation does, to who holds METRICS_TOKEN; without that setting they are not there."""

import hmac
import json
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core import db, doorbell
from core.errors import Missing
from core.settings import settings
from storefront import figures, schema

health = Blueprint("health", __name__)


@health.get("/livez")
def livez() -> Response:
    """The process answers."""
    return Response("ok", content_type="text/plain")


@health.get("/favicon.ico")
def favicon() -> Response:
    """Browsers ask for it by themselves; the shops have none."""
    return Response(status=204, headers={"Cache-Control": "public, max-age=86400"})


@health.get("/readyz")
def readyz() -> Response:
    """200 when a page can be served, 503 with the reasons otherwise."""
    reasons = reasons_to_wait()
    state = {
        "ready": not reasons,
        "reasons": reasons,
        "redis": "ok" if redis_answers() else "away: tasks wait for the dispatcher",
    }
    return as_json(state, 200 if not reasons else 503)


@health.get("/metrics")
def metrics() -> Response:
    """For Prometheus."""
    require_token()
    try:
        return Response(figures.exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")
    except (DBAPIError, PoolTimeout):
        return Response(status=503)


@health.get("/healthz")
def healthz() -> Response:
    """In short as `/readyz`; `?verbose` for operators: what waits, since when, whether it grows."""
    if "verbose" not in request.args:
        return readyz()
    require_token()
    reasons = reasons_to_wait()
    redis = redis_answers()
    try:
        queue: Any = figures.in_words(figures.read()) if not reasons else None
    except (DBAPIError, PoolTimeout):
        queue = None
    state = {
        "status": "down" if reasons else "ok" if redis else "degraded",
        "reasons": reasons,
        "redis": "ok" if redis else "away: tasks wait for the dispatcher",
        "revision": schema.newest(),
        "queue": queue,
        "doctor": last_doctor(),
    }
    return as_json(state, 503 if reasons else 200)


def require_token() -> None:
    """Missing for everybody else: that there is something is told to nobody."""
    said = request.headers.get("Authorization", "").removeprefix("Bearer ")
    token = settings().metrics_token
    if not token or not hmac.compare_digest(said.encode(), token.encode()):
        raise Missing("page")


def reasons_to_wait() -> list[str]:
    """Why no page can be served, in words."""
    try:
        with db.engine().connect() as connection:
            return schema.problems(connection, db.database())
    except (DBAPIError, PoolTimeout):
        return ["The database does not answer."]


def redis_answers() -> bool:
    """Whether the doorbell has a wire."""
    try:
        return bool(doorbell.connection().ping())
    except (RedisError, OSError):
        return False


def doctors_note() -> Path:
    """Where `doctor` leaves what it found, on the machine it ran on."""
    return settings().instance / "doctor.json"


def last_doctor() -> Any:
    """When the doctor last looked and how much it found; none if it never did here."""
    try:
        return json.loads(doctors_note().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def as_json(state: dict[str, Any], status: int) -> Response:
    """For machines."""
    return Response(json.dumps(state), status, content_type="application/json")
