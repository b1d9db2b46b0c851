"""Connectors, the gateway, tasks, webhooks and the time machine."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from billing import gateways
from billing.gateways import Gateway
from billing.stripe_events import StripeEventRow
from core import db, parties
from core.parties import Distributor
from core.tasks import Task, TaskState
from provisioning.deliveries import ConnectorSettings, Delivery, DeliveryState
from tests.vendors import KEY, Vendor, running_vendor
from tests.visits import Visit
from tests.world import World, open_portal


@pytest.fixture
def vendor(tmp_path: Path, world: World) -> Iterator[Vendor]:
    """A vendor that really answers."""
    with running_vendor(tmp_path) as running:
        with world.acting():
            db.add(ConnectorSettings(connector="http_service", settings=running.settings))
        yield running


def test_secrets_are_write_only_and_an_empty_one_keeps_the_stored(
    world: World, nora: Visit, vendor: Vendor
) -> None:
    page = nora.get("/distributor/connectors").text
    assert vendor.url in page
    assert KEY not in page
    assert (
        nora.post(
            "/distributor/connectors/http_service", {"base_url": vendor.url + "/v2", "api_key": ""}
        ).status_code
        == 303
    )
    with world.acting():
        kept = (
            db.session()
            .scalars(select(ConnectorSettings.settings).where(ConnectorSettings.connector == "http_service"))
            .one()
        )
    assert kept == {"base_url": vendor.url + "/v2", "api_key": KEY, "network": "loopback"}


def test_wrong_settings_are_refused_with_the_input_kept(world: World, nora: Visit, vendor: Vendor) -> None:
    refused = nora.post(
        "/distributor/connectors/http_service", {"base_url": "ftp://vendor", "api_key": "a new one"}
    )
    assert refused.status_code == 422
    assert "must be a web address" in refused.text
    assert 'value="ftp://vendor"' in refused.text
    assert "a new one" not in refused.text
    no_key = nora.post("/distributor/connectors/signed_licence", {"signing_key": "NaN"})
    assert no_key.status_code == 422, "with it every delivery of keys would stop"
    assert "Signing key does not look right: An Ed25519 private key" in no_key.text


def test_the_pre_check_really_asks_the_vendor(world: World, nora: Visit, vendor: Vendor) -> None:
    assert "would deliver" in nora.post("/distributor/connectors/http_service/test").text
    vendor.kill()
    assert "The pre-check failed" in nora.post("/distributor/connectors/http_service/test").text
    vendor.start()
    assert nora.post("/distributor/connectors/teleport/test").status_code == 404


def test_a_paused_connector_sends_nothing_and_goes_on_when_resumed(
    world: World, nora: Visit, vendor: Vendor
) -> None:
    open_portal(world)
    code = world.buys("acme", "m365-bb-m", 5)
    assert nora.post("/distributor/connectors/http_service/pause", {"pause-why": ""}).status_code == 422
    assert (
        nora.post("/distributor/connectors/http_service/pause", {"pause-why": "The vendor moves"}).status_code
        == 303
    )
    world.fund_by_hand(code)
    world.work()
    assert vendor.state()["purchases"] == {}
    assert "paused by the distributor" in nora.get(f"/distributor/orders/{code}").text
    assert nora.post("/distributor/connectors/http_service/resume").status_code == 303
    world.work()
    with world.acting():
        assert db.session().scalars(select(Delivery.state)).all() == [DeliveryState.SUCCESS]


def gateway_form(**changed: str) -> dict[str, str]:
    """The gateway's form as somebody fills it."""
    return {
        "account_id": "acct_new",
        "secret_key": "",
        "webhook_secret": "",
        "fee_percent": "1.4",
        "fee_fixed": "0.30",
    } | changed


def test_the_gateways_keys_are_write_only(world: World, nora: Visit) -> None:
    page = nora.get("/distributor/gateway").text
    assert "sk_test_test" not in page
    assert "whsec_" + "t" * 32 not in page
    assert "/webhooks/stripe/whk-test" in page
    assert nora.post("/distributor/gateway", gateway_form(secret_key="sk_test_new")).status_code == 303
    with world.acting():
        kept = db.session().scalars(select(Gateway)).one()
    assert (kept.account_id, kept.secret_key, kept.webhook_secret) == (
        "acct_new",
        "sk_test_new",
        "whsec_" + "t" * 32,
    )
    assert (kept.fee_basis_points, kept.fee_fixed_minor) == (140, 30)


def test_a_gateway_form_that_makes_no_sense_is_refused(world: World, nora: Visit) -> None:
    for wrong in ({"fee_percent": "lots"}, {"fee_percent": "99"}, {"fee_fixed": "-1"}, {"account_id": ""}):
        assert nora.post("/distributor/gateway", gateway_form(**wrong)).status_code == 422, wrong
    with world.acting():
        assert gateways.find().account_id == "acct_test"


def test_a_gateway_that_does_not_answer_is_said(world: World, nora: Visit) -> None:
    answer = nora.post("/distributor/gateway/check")
    assert answer.status_code == 503
    assert "does not answer right now" in answer.text


def test_a_parked_task_is_found_and_retried(busy: World, nora: Visit) -> None:
    with busy.acting():
        task_id = db.session().scalars(select(Task.id).where(Task.state != TaskState.DONE)).first()
        db.session().execute(
            update(Task)
            .where(Task.id == task_id)
            .values(state=TaskState.PARKED, note="The mail server says no.")
        )
    assert "The mail server says no." in nora.get("/distributor/tasks", show="parked").text
    assert "wait for a person too" in nora.get("/distributor/work").text
    assert nora.post(f"/distributor/tasks/{task_id}/retry", {"show": "parked"}).status_code == 303
    with busy.acting():
        assert db.session().scalars(select(Task.state).where(Task.id == task_id)).one() is TaskState.PENDING


def test_a_finished_task_is_not_done_again(busy: World, nora: Visit) -> None:
    with busy.acting():
        task_id = db.session().scalars(select(Task.id).where(Task.state == TaskState.DONE)).first()
    assert "nothing is left to do" in nora.post(f"/distributor/tasks/{task_id}/retry").text


def test_webhooks_are_listed_with_what_was_made_of_them(world: World, nora: Visit) -> None:
    with world.acting():
        now = db.session().info["now"]
        for event, session_id, handled in (
            ("evt_paid", "cs_1", now),
            ("evt_waits", "cs_2", None),
            ("evt_foreign", None, None),
        ):
            db.add(
                StripeEventRow(
                    account_id="acct_test",
                    event_id=event,
                    type="checkout.session.completed",
                    session_id=session_id,
                    payload={},
                    received_at=now,
                    handled_at=handled,
                    outcome="looked up" if handled else "",
                )
            )
    shown = {
        show: [
            event
            for event in ("evt_paid", "evt_waits", "evt_foreign")
            if event in nora.get("/distributor/webhooks", show=show).text
        ]
        for show in ("handled", "waiting", "foreign")
    }
    assert shown == {"handled": ["evt_paid"], "waiting": ["evt_waits"], "foreign": ["evt_foreign"]}


def test_the_time_machine_goes_forward_only(world: World, nora: Visit) -> None:
    for days in ("0", "-1", "soon", "367"):
        assert nora.post("/distributor/time", {"days": days}).status_code == 422, days
    assert nora.post("/distributor/time", {"days": "31"}).status_code == 303
    with world.acting():
        assert parties.the_distributor().business_offset == timedelta(days=31)
    assert "31 days" in nora.get("/distributor/time").text


def test_only_a_sandbox_has_a_time_machine(world: World, nora: Visit) -> None:
    with world.acting():
        db.session().execute(update(Distributor).values(sandbox=False))
    assert nora.get("/distributor/time").status_code == 404
    assert "Time machine" not in nora.get("/distributor/").text
    assert nora.post("/distributor/time", {"days": "1"}).status_code == 404
