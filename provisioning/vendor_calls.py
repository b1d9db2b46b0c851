"""How every task asks a connector: with the distributor's settings, outside any transaction, and with the
connector's answers in the words of the task contract (core/tasks.py)."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import select

from core import db, drain
from core.settings import settings
from core.statements import Statement
from core.tasks import Again, Final, Limits, NeedsPerson, Unclear
from provisioning.connectors import base
from provisioning.connectors.base import Action, Outcome, Request
from provisioning.connectors.registry import CONNECTORS, connector
from provisioning.deliveries import ConnectorSettings

PAUSE, PAUSED = timedelta(seconds=30), "This connector is paused by the distributor."
CONFIGURED = Statement(select(ConnectorSettings.connector, ConnectorSettings.settings))


def settings_by_connector() -> dict[str, dict[str, str]]:
    """The distributor's settings of each connector; read in a widened transaction."""
    return {key: as_values(own) for key, own in CONFIGURED.rows()}


def is_paused(connector_key: str) -> bool:
    """Whether the distributor has paused a connector; read in a widened transaction."""
    chosen = select(ConnectorSettings.paused).where(ConnectorSettings.connector == connector_key)
    return bool(db.session().scalar(chosen))


def as_values(own: Mapping[str, Any]) -> dict[str, str]:
    """A connector's settings as it gets them. Which network it may reach is the installation's decision,
    never a row's (SSRF)."""
    return {key: str(value) for key, value in own.items()} | {
        "network": "loopback" if settings().sandbox else "public"
    }


@dataclass(frozen=True, slots=True)
class Call:
    """Values for a pool thread."""

    connector: str
    request: Request


def ask_vendor(call: Call) -> Outcome:
    """In a pool thread: the connector's answer in the words of the task contract."""
    with _translated(call.request.action):
        return base.perform(connector(call.connector), call.request)


def look_up(call: Call) -> Outcome | None:
    """In a pool thread: what became of it; None when the vendor says that it has nothing."""
    with _translated(call.request.action):
        return base.look_up(connector(call.connector), call.request)


@contextmanager
def _translated(action: Action) -> Generator[None]:
    """Connectors know nothing of tasks: their four exceptions become the task's. A purchase may be refused
    for good; an end may not: a person sees to it that it ends."""
    try:
        yield
    except base.TryLater as later:
        raise Again(later.after, later.message, accepted=later.accepted) from later
    except base.NeedsAction as needs:
        raise NeedsPerson(needs.message) from needs
    except base.Refused as no:
        if action is Action.END:
            raise NeedsPerson(f"The vendor does not end it: {no.message}") from no
        raise Final(no.message) from no
    except base.Unclear as unclear:
        raise Unclear(unclear.message) from unclear


def limits_of(lane: str) -> Limits:
    """A connector's patience as the task engine reads it."""
    if lane not in CONNECTORS:
        return Limits()
    able = connector(lane).capabilities
    return Limits(
        timeout=able.timeout,
        send_deadline=able.send_deadline,
        settle=able.settle,
        slots=able.slots,
        look_up=able.look_up,
    )


for _key in CONNECTORS:
    drain.LANES[_key] = partial(limits_of, _key)
