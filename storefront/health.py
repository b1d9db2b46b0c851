"""Health for machines: `/livez` says the process lives, `/readyz` that it can serve (database answers,
migrations are in, no policy is missing; Redis away is degraded, not down)."""

import json

from flask import Blueprint, Response
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core import db, doorbell
from storefront import schema

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
    try:
        with db.engine().connect() as connection:
            reasons = schema.problems(connection, db.database())
    except (DBAPIError, PoolTimeout):
        reasons = ["The database does not answer."]
    state = {
        "ready": not reasons,
        "reasons": reasons,
        "redis": "ok" if redis_answers() else "away: tasks wait for the dispatcher",
    }
    return Response(json.dumps(state), 200 if not reasons else 503, content_type="application/json")


def redis_answers() -> bool:
    """Whether the doorbell has a wire."""
    try:
        return bool(doorbell.connection().ping())
    except (RedisError, OSError):
        return False
