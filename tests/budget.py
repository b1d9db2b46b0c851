"""The time budget of docs/testing.md, held by the test run itself: seconds of test time by kind, printed at
the end, asserted when the whole suite ran."""

import os
from collections import defaultdict
from pathlib import PurePosixPath

import pytest

BUDGET = {
    "rules": 300.0,
    "walls": 380.0,
    "durable": 520.0,
    "sandbox": 220.0,
    "looks": 150.0,
    "pages": 480.0,
    "browser": 720.0,
    "losses": 130.0,
}
KINDS = {
    "tenancy": "walls",
    "provisioning": "durable",
    "sandbox": "sandbox",
    "themes": "looks",
    "portal": "pages",
    "reseller": "pages",
    "distributor": "pages",
    "lists": "pages",
    "mail": "pages",
    "browser": "browser",
    "resilience": "losses",
}


def kind_of(node_id: str) -> str:
    """Which budget a test spends."""
    parts = PurePosixPath(node_id.split("::", 1)[0]).parts
    return KINDS.get(parts[1], "rules") if len(parts) > 2 else "rules"


class Budget:
    """Sums call, setup and teardown of every test by kind."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Every phase counts: a slow fixture is slow too."""
        self.spent[kind_of(report.nodeid)] += report.duration

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Seconds spent, beside what may be spent."""
        terminalreporter.write_line("test time by kind, summed over processes (budget):")
        for kind in sorted(self.spent):
            terminalreporter.write_line(f"  {kind:<8} {self.spent[kind]:6.0f} s  ({BUDGET[kind]:.0f} s)")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A kind over its budget fails the run; a campaign takes as long as it takes."""
        over = [kind for kind, seconds in self.spent.items() if seconds > BUDGET[kind]]
        if over and session.exitstatus == 0 and not os.environ.get("CAMPAIGN_SIZE"):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            print(f"over the time budget: {', '.join(over)}")  # noqa: T201 the runner's own voice
