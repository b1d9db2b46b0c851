"""Which tests run one after the other in one of the two processes: those that share something that is slow to
start (an installation, a browser, servers). All others go wherever there is room."""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = (
    "tests/browser/",
    "tests/mail/",
    "tests/provisioning/test_fault_matrix.py",
    "tests/reseller/test_domain.py",
    "tests/resilience/",
    "tests/sandbox/stripe/",
    "tests/sandbox/test_demo.py",
    "tests/sandbox/test_vendor.py",
    "tests/tenancy/test_routes.py",
    "tests/test_doctor.py",
    "tests/themes/",
)


class Together(LoadScopeScheduling):
    """One unit of work for each of these places, and one for every other test."""

    def _split_scope(self, nodeid: str) -> str:
        return next((place for place in TOGETHER if nodeid.startswith(place)), nodeid)


@pytest.hookimpl
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """This module is a plugin."""
    return Together(config, log)
