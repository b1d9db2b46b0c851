"""Plays a list of requests with wrk and counts what came back."""

import os
import re
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("mix.lua")
CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a mix."""

    method: str
    path: str
    cookie: str = ""
    body: str = ""

    def line(self) -> str:
        """As mix.lua reads it."""
        return f"{self.method}\t{self.path}\t{self.cookie}\t{self.body}"


@dataclass(frozen=True, slots=True)
class Result:
    """Requests per second, latencies in ms, and what was not a 2xx or 3xx."""

    per_second: float
    p50: float
    p99: float
    bad: int


def play(port: int, mix: Sequence[Request], *, seconds: float, host: str = "127.0.0.1") -> Result:
    """Loopback only: the mix over and over for some seconds on 16 keep-alive connections."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing: apt-get install wrk")
    with tempfile.NamedTemporaryFile("w", suffix=".mix") as file:
        file.write("\n".join(request.line() for request in mix) + "\n")
        file.flush()
        said = subprocess.run(
            [
                "wrk",
                "-t1",
                f"-c{CONNECTIONS}",
                f"-d{seconds:g}s",
                "--timeout",
                "20s",
                "--latency",
                "-s",
                str(SCRIPT),
                f"http://127.0.0.1:{port}",
            ],
            env={**os.environ, "MIX": file.name, "MIX_HOST": host},
            capture_output=True,
            text=True,
            check=False,
        ).stdout

    def found(pattern: str) -> str:
        match = re.search(pattern, said)
        return match[1] if match else "0"

    return Result(
        float(found(r"Requests/sec:\s+([\d.]+)")),
        milliseconds(found(r"\n\s+50%\s+(\S+)")),
        milliseconds(found(r"\n\s+99%\s+(\S+)")),
        int(found(r"Non-2xx or 3xx responses: (\d+)")),
    )


def milliseconds(text: str) -> float:
    """wrk's "1.20ms", "980us" or "1.02s"."""
    match = re.match(r"([\d.]+)(us|ms|s|m)$", text)
    return (
        float(match[1]) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}[match[2]] if match else float("nan")
    )


def side_by_side(
    product: Callable[[], Result], limit: Callable[[], Result], runs: int = 3
) -> tuple[Result, Result, float]:
    """The medians of both and of their ratio, taken in turn so that a noisy neighbour disturbs both."""
    pairs = [(product(), limit()) for _ in range(runs)]
    ratio = statistics.median(p.per_second / max(li.per_second, 0.01) for p, li in pairs)
    return middle([p for p, _ in pairs]), middle([li for _, li in pairs]), ratio


def middle(results: Sequence[Result]) -> Result:
    """Median of each figure; refusals are summed."""
    return Result(
        statistics.median(r.per_second for r in results),
        statistics.median(r.p50 for r in results),
        statistics.median(r.p99 for r in results),
        sum(r.bad for r in results),
    )
