"""`python -m tests.losses`: the proofs against loss at campaign size, on the same tests: a thousand cut
COMMITs, two hundred orders without Redis, a full disk, five connections, a restore two hundred orders late,
four days without webhooks. `make campaign` runs it after the crash campaign."""

import os
import subprocess
import sys

from tests.mutants.trials import ROOT


def main() -> int:
    """pytest's exit code."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "0",
        "--durations=0",
        "tests/resilience",
        *sys.argv[1:],
    ]
    return subprocess.run(command, cwd=ROOT, env=os.environ | {"CAMPAIGN_SIZE": "1"}).returncode


if __name__ == "__main__":
    sys.exit(main())
