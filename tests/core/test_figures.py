"""Figures for machines and operators: right in a small world, told to who holds the token, and without the
name of any tenant."""

import json
from collections.abc import Iterator

import pytest

from core.settings import settings
from storefront import figures, health
from tests.visits import Visit, make_app
from tests.world import World, open_portal

TOKEN = "a-token-of-the-operators"


@pytest.fixture
def watched(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path) -> Iterator[Visit]:
    """An installation whose figures may be read."""
    monkeypatch.setenv("METRICS_TOKEN", TOKEN)
    settings.cache_clear()
    open_portal(world)
    yield Visit(make_app())
    monkeypatch.undo()
    settings.cache_clear()


def scrape(visit: Visit) -> dict[str, float]:
    """Every sample by its name with labels."""
    answer = visit.client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_what_waits_is_counted_and_what_was_delivered_is_timed(world: World, watched: Visit) -> None:
    world.buys("acme", "patch-y", 2)
    world.fund_by_hand(world.buys("acme", "patch-y", 3))
    before = scrape(watched)
    assert before['storefront_tasks{lane="signed_licence",state="pending"}'] == 1
    assert before["storefront_tasks_due"] >= 1
    assert before["storefront_mails_waiting"] >= 2
    assert before["storefront_payments_pending"] == 2
    assert before["storefront_delivered"] == 0
    world.work(5)
    after = scrape(watched)
    assert 'storefront_tasks{lane="signed_licence",state="pending"}' not in after
    assert after["storefront_delivered"] == 1
    assert 0 < after['storefront_order_to_active_seconds{quantile="0.5"}'] < 60


def test_no_label_names_a_tenant(world: World, watched: Visit) -> None:
    world.fund_by_hand(world.buys("acme", "patch-y", 3))
    told = json.dumps(scrape(watched)).lower()
    for name in ("northwind", "brightfield", "acme", str(world.distributor_id)):
        assert name not in told


def test_operators_get_words(world: World, watched: Visit) -> None:
    health.doctors_note().write_text('{"at": "2026-11-26T04:00:00+00:00", "found": 0}')
    try:
        answer = watched.client.get("/healthz?verbose", headers={"Authorization": f"Bearer {TOKEN}"})
    finally:
        health.doctors_note().unlink()
    assert answer.status_code == 200
    said = answer.get_json()
    assert said["status"] == "ok"
    assert said["doctor"]["found"] == 0
    assert set(said["queue"]) >= {"due", "oldest_due_seconds", "growing", "unknown", "parked", "work_items"}


def test_redis_away_is_degraded_not_down(watched: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "redis_answers", lambda: False)
    answer = watched.client.get("/healthz?verbose", headers={"Authorization": f"Bearer {TOKEN}"})
    assert (answer.status_code, answer.get_json()["status"]) == (200, "degraded")


@pytest.mark.parametrize("path", ["/metrics", "/healthz?verbose"])
def test_nobody_else_is_told(watched: Visit, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for said in ("", "Bearer ", "Bearer wrong", TOKEN[:-1]):
        assert watched.client.get(path, headers={"Authorization": said}).status_code == 404
    monkeypatch.setenv("METRICS_TOKEN", "")
    settings.cache_clear()
    for said in ("", "Bearer "):
        assert watched.client.get(path, headers={"Authorization": said}).status_code == 404
    assert watched.client.get("/healthz").status_code == 200


def test_a_growing_queue_is_said() -> None:
    def one(name: str, value: float) -> figures.Figure:
        return figures.Figure(name, "", "", value)

    old = [one("oldest_due_seconds", 90), one("tasks_due_minute_before", 5)]
    assert figures.in_words([*old, one("tasks_due_last_minute", 9)])["growing"] is True
    assert figures.in_words([*old, one("tasks_due_last_minute", 2)])["growing"] is False
