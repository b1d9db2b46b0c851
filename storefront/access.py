"""What a log line knows of the request it was written in, and one line for a request itself: for those that
change something, that are slow or that failed, and for every page of a partner that somebody of the
distributor's staff looks at (view-as); for all of them where ACCESS_LOG says "all"."""

import math
import time
from typing import Any

import structlog
from flask import Response, g, has_request_context, request
from structlog.typing import EventDict

from core.settings import settings

log = structlog.get_logger("access")

SLOW = 1.0  # seconds
READS = frozenset({"GET", "HEAD", "OPTIONS"})


def of_the_request(_logger: Any, _method: str, line: EventDict) -> EventDict:
    """Request id, shop, visitor and route; nothing is read before a line is written, so requests that write
    none pay nothing."""
    if not has_request_context():
        return line
    line.setdefault("request_id", g.get("request_id", ""))
    line.setdefault("method", request.method)
    line.setdefault("route", request.url_rule.rule if request.url_rule else "")
    shop, visitor = g.get("shop"), g.get("visitor")
    if shop is not None:
        line.setdefault("distributor", str(shop.distributor_id))
        line.setdefault("shop", shop.code)
    if visitor is not None and visitor.person_id is not None:
        line.setdefault("actor", str(visitor.person_id))
        if visitor.viewing is not None and not visitor.viewing.over:
            line.setdefault("viewing", str(visitor.viewing.id))
            line.setdefault("viewed", str(visitor.viewing.reseller_id))
    return line


def write(response: Response) -> None:
    """The line of a request, if it earns one. Every request comes by here, so it asks for little."""
    environ = request.environ
    took = time.perf_counter() - environ.get("storefront.began", math.inf)
    quiet = took < SLOW and response.status_code < 500 and environ["REQUEST_METHOD"] in READS
    if quiet and "visitor" in g and g.visitor.viewing is not None:
        quiet = not environ["PATH_INFO"].startswith("/reseller/")
    kept = settings().access_log
    if kept == "none" or (quiet and kept == "changes"):
        return
    log.info("request", status=response.status_code, ms=round(max(took, 0) * 1000, 1))
