"""Which tests run one after the other in one process: those that share something that is slow to start (an
installation, a browser, servers), or to read. They begin first, the longest before the others, so that no
process is busy with them when there is nothing left for the others. All other tests go wherever there is
room."""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = (
    "tests/browser/",
    "tests/tenancy/test_routes.py",
    "tests/provisioning/test_fault_matrix.py",
    "tests/themes/",
    "tests/resilience/",
    "tests/provisioning/test_mutants.py",
    "tests/sandbox/stripe/",
    "tests/mail/",
    "tests/sandbox/test_demo.py",
    "tests/reseller/test_domain.py",
    "tests/test_house_rules.py",
    "tests/sandbox/test_vendor.py",
    "tests/test_doctor.py",
)
"""The longest first."""


def place_of(nodeid: str) -> int:
    """Which of these places a test belongs to; one behind the last for all others."""
    return next((n for n, place in enumerate(TOGETHER) if nodeid.startswith(place)), len(TOGETHER))


class Together(LoadScopeScheduling):
    """One unit of work for each of these places, and one for every other test."""

    def _split_scope(self, nodeid: str) -> str:
        return (*TOGETHER, nodeid)[place_of(nodeid)]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order in which they begin."""
    items.sort(key=lambda item: place_of(item.nodeid))


@pytest.hookimpl
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """This module is a plugin. xdist would begin with the places that have the most tests."""
    config.option.loadscopereorder = False
    return Together(config, log)
