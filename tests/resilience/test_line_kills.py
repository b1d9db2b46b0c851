"""A sample of `python -m tests.line_kills`: a process is killed, killed again and frozen at lines of ours
that a seed chose, and the order ends as if nothing had been."""

import random
from collections.abc import Generator
from pathlib import Path

import pytest

from core import db, drain, tasks
from core.settings import settings
from provisioning.connectors.registry import CONNECTORS
from sandbox.servers import Postgres
from tests.conftest import fresh
from tests.copies import Copies
from tests.line_kills.stage import Stage
from tests.line_kills.stories import STORIES
from tests.line_kills.sweeps import Sweep
from tests.mail.conftest import PostOffice
from tests.sandbox.stripe.world import StripeSandbox
from tests.scenes import Scenes
from tests.vendors import Vendor

SAMPLE = ("kill", "again", "stop")


@pytest.fixture
def stage(
    postgres: Postgres,
    world_copies: Copies,
    scenes: Scenes,
    stripe_process: StripeSandbox,
    vendor_process: Vendor,
    office: PostOffice,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Generator[Stage]:
    """The suite's servers; everything here is impatient until the test is over."""
    monkeypatch.setenv("SMTP_URL", f"smtp://127.0.0.1:{office.smtp}")
    monkeypatch.setattr(tasks, "KINDS", dict(tasks.KINDS))
    monkeypatch.setattr(drain, "LANES", dict(drain.LANES))
    monkeypatch.setitem(CONNECTORS, "http_service", CONNECTORS["http_service"])
    settings.cache_clear()
    stage = Stage(
        postgres,
        stripe_process,
        vendor_process,
        office,
        scenes,
        tmp_path / "stage",
        lambda: fresh(world_copies),
    )
    yield stage
    stage.box.close()
    settings.cache_clear()
    db.reset()


@pytest.mark.promise("QC1", "QC5", "QP1", "QM5", "QC9")
def test_whichever_line_a_process_dies_at_the_order_ends_the_same(stage: Stage) -> None:
    chance = random.Random(5)
    sweep = Sweep(stage, next(story for story in STORIES if story.name == "seats")).count()
    assert sweep.wanted["what was done"] == [
        "deliver 1 done",
        "mail_order_received 1 done",
        "mail_service_ready 1 done",
        "stripe_event 2 done",
    ]
    for variant, place in zip(SAMPLE, chance.sample(list(sweep.places(1, chance)), len(SAMPLE)), strict=True):
        assert sweep.strike(place, variant) == []
    assert (sweep.tried, sweep.missed) == (len(SAMPLE), 0)
