"""What the processes write about themselves: one JSON object a line in production, in UTC, with request,
tenant and actor or with task and kind; a line for people elsewhere. Nothing secret leaves through it: every
value is looked at by `mask`, and no traceback carries the values of local variables."""

import json
import logging
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any, cast

import structlog
from structlog.contextvars import bound_contextvars
from structlog.typing import EventDict, Processor, WrappedLogger

from core import tenancy
from core.settings import settings

HIDDEN = "[hidden]"
SECRET_NAMES = re.compile(
    r"pass(word|wd|phrase)?$|secret|token|csrf|cookie|authori[sz]ation|api_?key|signing_?key|secret_?key"
    r"|signature|credential|session_?id$|nonce|licen[cs]e_?key|^key$|^cvc$|^card",
    re.I,
)
SECRET_TEXTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(sk|rk|pk)_(live|test)_\w+"), HIDDEN),
    (re.compile(r"\bwhsec_[\w+/=-]+"), HIDDEN),
    (re.compile(r"\b(Bearer|Basic)\s+[\w.+/=~-]+", re.I), rf"\1 {HIDDEN}"),
    (re.compile(r"(\w://[^\s:/@]*):[^\s@/]+@"), rf"\1:{HIDDEN}@"),
    (re.compile(r"(/invitations/)[^\s/?\"']+"), rf"\1{HIDDEN}"),
    (re.compile(r"\b((?:__Host-)?s-\w+)=[^\s;,\"']+"), rf"\1={HIDDEN}"),
    (
        re.compile(
            r"([\"']?\b[\w-]*(?:password|passwd|secret|token|api[_-]?key|signature|authorization)[\w-]*[\"']?"
            r"\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s&,;)}\]]+)",
            re.I,
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"\bLIC\d-[\w.=-]{8,}"), HIDDEN),
)
PLAIN = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.+]+Z?|[A-Z]{2,4}-[0-9A-Z]{4,12}"
)
"""Ids, times and codes. None of the above matches one, and every line has new ones."""
CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w.-])")
DEEPEST = 6


def set_up(*more: Processor) -> None:
    """Once per process, before its first line. `more` adds what the caller knows about the line's moment."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *more,
        whose,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        mask,
    ]
    last: Processor = (
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        if settings().log_format == "console"
        else structlog.processors.JSONRenderer(_as_json)
    )
    structlog.configure(
        processors=[*shared, last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=_to_stderr,
        cache_logger_on_first_use=False,
    )
    for handler in [one for one in logging.root.handlers if isinstance(one, Ours)]:
        logging.root.removeHandler(handler)
    ours = Ours(sys.stderr)
    ours.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    logging.root.addHandler(ours)


class Ours(logging.StreamHandler[Any]):
    """The handler through which libraries write in our form."""


def _as_json(line: object, **_: object) -> str:
    return JSON.encode(line)


JSON = json.JSONEncoder(default=str, ensure_ascii=False)


def _to_stderr(*_: object) -> WrappedLogger:
    """Asked for each line, because tests and servers put other streams in its place."""
    return structlog.PrintLogger(sys.stderr)


def about(task: object, kind: str) -> AbstractContextManager[None]:
    """Lines written inside carry the task."""
    return bound_contextvars(task=str(task), kind=kind)


def whose(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Request, tenant and actor of the scope in force, by their ids."""
    scope = tenancy.scope_or_none()
    if scope is not None:
        line.setdefault("distributor", str(scope.distributor_id))
        line.setdefault("side", scope.side.value)
        for name, value in (
            ("reseller", scope.reseller_id),
            ("customer", scope.customer_id),
            ("actor", scope.person_id),
            ("viewing", scope.viewing_id),
            ("request_id", scope.request_id),
        ):
            if value:
                line.setdefault(name, str(value))
    return line


# --- Nothing secret -----------------------------------------------------------------------------------------


def mask(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Every value without secrets; `event` and the traceback too."""
    return {name: masked(value, str(name)) for name, value in line.items()}


def masked(value: Any, name: str = "", depth: int = 0) -> Any:
    """A value without what its name or its text gives away. Numbers and ids stay as they are."""
    if value is not None and not isinstance(value, bool) and names_a_secret(name):
        return HIDDEN
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, bytes):
        return without_secrets(value.decode("utf-8", "replace"))
    if isinstance(value, Mapping):
        if depth >= DEEPEST:
            return "…"
        inside = cast(Mapping[Any, Any], value)
        return {str(key): masked(one, str(key), depth + 1) for key, one in inside.items()}
    if isinstance(value, Sequence | set | frozenset):
        if depth >= DEEPEST:
            return "…"
        return [masked(one, name, depth + 1) for one in cast(Sequence[Any], value)]
    if value is None or isinstance(value, int | float):
        return without_secrets(str(value)) if isinstance(value, int) and value > 10**12 else value
    return without_secrets(str(value))


@lru_cache(1024)
def names_a_secret(name: str) -> bool:
    """Whether what stands under this name is never written."""
    return SECRET_NAMES.search(name) is not None


def without_secrets(text: str) -> str:
    """Keys of gateways, tokens, passwords in addresses, and numbers that could be a card's."""
    return text if PLAIN.fullmatch(text) else _searched(text)


@lru_cache(2048)
def _searched(text: str) -> str:
    """Routes, methods and events come again with every line."""
    for pattern, instead in SECRET_TEXTS:
        text = pattern.sub(instead, text)
    return CARD.sub(lambda found: "[card number]" if is_card(found[0]) else found[0], text)


def is_card(text: str) -> bool:
    """Whether digits add up as a card's do (Luhn)."""
    digits = [int(letter) for letter in text if letter.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) if at % 2 else digit for at, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0
