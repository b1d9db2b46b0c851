"""How much of a thing a test does: enough to notice a mistake in `make test`, the promised figure in
`make campaign`, which sets CAMPAIGN_SIZE."""

import os


def often(in_tests: int, in_campaign: int) -> int:
    """The number of times."""
    return in_campaign if os.environ.get("CAMPAIGN_SIZE") else in_tests
