"""Connectors: what each can do, its settings with write-only secrets, pause and resume, and a pre-check that
proves the settings."""

from collections.abc import Mapping
from typing import Any

from flask import request, url_for
from werkzeug.wrappers import Response

from core import db
from core.errors import Refusal
from core.languages import Words, _
from provisioning import connections
from provisioning.connections import BadSettings, Connection
from provisioning.connectors import base
from provisioning.connectors.base import Action
from storefront import pages
from storefront.distributor import console, forms
from storefront.visitors import require_role

pages.saying(paused="Paused: nothing new is sent to this vendor.", resumed="Resumed: what waited is due now.")


ACTIONS = Words(
    {
        Action.PROVISION: "Provision",
        Action.CHANGE: "Change",
        Action.SUSPEND: "Suspend",
        Action.RESUME: "Resume",
        Action.END: "End",
        Action.TRANSFER: "Transfer",
    }
)


@console.get("/connectors")
def connector_list() -> Response:
    """All of them with their capabilities."""
    return show()


def show(
    status: int = 200,
    *,
    key: str = "",
    typed: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
    answer: tuple[bool, str] | None = None,
    problem: str | None = None,
) -> Response:
    """The page; `key` is the connector that an act was about."""
    with db.transaction():
        found = connections.overview()
    rows = [
        row(
            one,
            typed if one.connector.key == key else None,
            problems or {} if one.connector.key == key else {},
        )
        for one in found
    ]
    return pages.render(
        "distributor/connectors.html",
        status,
        title=_("Connectors"),
        rows=rows,
        actions=[ACTIONS[action] for action in Action],
        key=key,
        answer=answer,
        problem=problem,
        pause_form=forms.Reason(prefix="pause-"),
    )


def row(one: Connection, typed: Mapping[str, str] | None, problems: Mapping[str, str]) -> dict[str, Any]:
    """A connector as the page shows it: what was typed stays, secrets never come back."""
    able = one.connector.capabilities
    fields = [
        {
            "name": field.name,
            "label": _(field.label),
            "secret": field.kind == "secret",
            "hint": _(field.hint),
            "stored": field.name in one.stored,
            "value": ""
            if field.kind == "secret"
            else typed.get(field.name, "")
            if typed is not None
            else one.shown.get(field.name, ""),
            "error": problems.get(field.name),
            "required": field.required,
        }
        for field in connections.asked(one.connector)
    ]
    return {
        "key": one.connector.key,
        "label": _(one.connector.label),
        "paused": one.paused,
        "ready": one.ready,
        "products": one.products,
        "waiting": one.waiting,
        "published": list(one.published.items()),
        "fields": fields,
        "can": [(action.value, action in able.actions) for action in Action],
        "idempotent": able.idempotent,
        "look_up": able.look_up,
        "timeout": f"{able.timeout.total_seconds():g} s",
        "settle": f"{able.settle.total_seconds():g} s",
        "slots": able.slots,
        "services_url": url_for("distributor.connector_services", key=one.connector.key)
        if base.can_define(one.connector)
        else None,
        "waiting_url": url_for("distributor.task_list", q=one.connector.key),
    }


@console.post("/connectors/<key>")
def save_connector(key: str) -> Response:
    """Keeps the settings."""
    require_role("cloud_administrator")
    typed = request.form.to_dict()
    try:
        with db.transaction():
            connections.save(key, typed)
    except BadSettings as refusal:
        return show(refusal.status, key=key, typed=typed, problems=refusal.problems)
    return pages.see("distributor.connector_list", "saved", _anchor=key)


@console.post("/connectors/<key>/pause")
def pause(key: str) -> Response:
    """Nothing new is sent."""
    require_role("cloud_administrator")
    form = forms.Reason(request.form, prefix="pause-")
    if not form.validate():
        return show(422, key=key, problem=_("Say in a few words why the connector is paused."))
    with db.transaction():
        connections.pause(key, why=form.why.data or "")
    return pages.see("distributor.connector_list", "paused", _anchor=key)


@console.post("/connectors/<key>/resume")
def resume(key: str) -> Response:
    """What waited is due now, and the bell rings."""
    require_role("cloud_administrator")
    with db.transaction():
        connections.resume(key)
    return pages.see("distributor.connector_list", "resumed", _anchor=key)


@console.post("/connectors/<key>/test")
def test(key: str) -> Response:
    """Asks the vendor, outside any transaction, whether an order would work."""
    require_role("cloud_administrator")
    try:
        with db.transaction():
            connector, asked = connections.probe(key)
    except Refusal as refusal:
        return show(refusal.status, key=key, problem=str(refusal))
    return show(key=key, answer=connections.ask(connector, asked))
