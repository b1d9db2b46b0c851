"""A price sheet of 50,000 lines: how long a worker takes to read it into a preview with every difference, and
to apply it, with how much memory, and how the shop answers meanwhile. The worker is a process of its own:

    python -m benchmarks.imports read FILE | apply | change      (as `measure` calls it)
"""

import csv
import io
import json
import os
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

LINES = 50_000
SECONDS, MEBIBYTES, SLOWEST = 60, 400, 500
IDLE = 8.0  # seconds of watching the shop while nothing is imported
HEADS = [
    *("ProductTitle", "ProductId", "SkuId", "SkuTitle", "Publisher", "SkuDescription", "UnitOfMeasure"),
    *("TermDuration", "BillingPlan", "Market", "Currency", "UnitPrice", "PricingTierRangeMin"),
    *("PricingTierRangeMax", "EffectiveStartDate", "EffectiveEndDate", "Tags", "ERP Price", "Segment"),
]
BILLED = (("P1M", "Monthly"), ("P1Y", "Monthly"), ("P1Y", "Annual"), ("P3Y", "Annual"), ("P3Y", "Triennial"))


def lines(dearer: int = 0) -> Generator[list[str]]:
    """Head and lines of a vendor's sheet: five plans a product; every tenth with two ranges of quantity."""
    yield HEADS
    number = 0
    while number < LINES:
        product, (term, billing) = number // 5, BILLED[number % 5]
        price = 3600 + product % 97 * 36 + dearer
        ranges = [("", "", price)] if number % 10 else [("1", "299", price), ("300", "", price - 36)]
        for begin, end, at in ranges:
            number += 1
            yield [
                f"Product {product}",
                f"CFQ{product:09d}",
                "0001",
                f"Product {product}",
                "Maker Corporation",
                "A sentence about what this product does for you, and one about who makes it.",
                "",
                term,
                billing,
                "DE",
                "EUR",
                f"{at * 0.8:.2f}",
                begin,
                end,
                "2/1/2023 0:00",
                "11/30/9999 23:59",
                "License",
                f"{at:.2f}",
                "Commercial",
            ]


def measure(report: Any, room: Path, port: int, seeded: Any, env: Mapping[str, str]) -> None:
    """Read, applied; read again with other prices, applied; the same as a workbook, read."""
    from catalog import workbooks  # noqa: PLC0415 needs the environment

    env = {**env, "BENCH_DISTRIBUTOR": str(seeded.distributor_id)}
    for number, (word, dearer) in enumerate((("new", 0), ("changed", 72))):
        file = room / f"sheet-{number}.csv"
        into = io.StringIO()
        csv.writer(into).writerows(lines(dearer))
        file.write_text(into.getvalue())
        read = worker(env, "read", str(file))
        say(report, f"sheet of {LINES:,}, {word}: dry run", read, f"{read['rows']}")
        idle = watched(port, IDLE)
        with watching(port) as meanwhile:
            applied = worker(env, "apply")
        say(report, f"sheet of {LINES:,}, {word}: apply", applied, f"{applied['rows']}")
        before, during = p95(idle), p95(meanwhile)
        report.say(
            f"list while it is applied, {word}",
            f"p95 {during:.0f} ms",
            during <= SLOWEST,
            f"<= {SLOWEST} ms",
            f"idle {before:.0f} ms; {len(meanwhile)} pages, slowest {max(meanwhile, default=0):.0f} ms",
        )
    book = room / "sheet.xlsx"
    with book.open("wb") as out:
        workbooks.write(out, lines(72))
    read = worker(env, "read", str(book))
    say(report, f"workbook of {LINES:,}: dry run", read, f"{read['rows']}")


def say(report: Any, name: str, found: Mapping[str, Any], detail: str) -> None:
    """One line for the time and one for the memory."""
    report.say(name, f"{found['seconds']:.1f} s", found["seconds"] <= SECONDS, f"<= {SECONDS} s", detail)
    peak = found["peak"]
    report.say(f"{name}, peak", f"{peak:.0f} MiB", peak <= MEBIBYTES, f"<= {MEBIBYTES} MiB")


def worker(env: Mapping[str, str], *words: str) -> dict[str, Any]:
    """What the process says at its end."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.imports", *words],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return json.loads(done.stdout.splitlines()[-1])


# --- The shop meanwhile -------------------------------------------------------------------------------------


@contextmanager
def watching(port: int) -> Generator[list[float]]:
    """Milliseconds of one page of the shop after another, until the block ends."""
    took, over = list[float](), threading.Event()

    def look() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            shop = 0
            while not over.is_set():
                shop = shop % 50 + 1
                began = time.perf_counter()
                client.get(f"/shop{shop}/").raise_for_status()
                took.append((time.perf_counter() - began) * 1000)
                over.wait(0.01)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield took
    finally:
        over.set()
        thread.join()


def watched(port: int, seconds: float) -> list[float]:
    """The same for some seconds."""
    with watching(port) as took:
        time.sleep(seconds)
    return took


def p95(took: list[float]) -> float:
    """Of so many."""
    return statistics.quantiles(took, n=20)[-1] if len(took) > 1 else 0.0


# --- The worker ---------------------------------------------------------------------------------------------


def main(words: list[str]) -> int:
    """One act, by the durable task that a worker does; a line of JSON at the end."""
    from sqlalchemy import select  # noqa: PLC0415 likewise

    import app  # noqa: F401, PLC0415 every kind of task is known
    from catalog import price_imports, sheet_uploads  # noqa: PLC0415 likewise
    from catalog.price_imports import PriceImport  # noqa: PLC0415 likewise
    from catalog.price_lists import PriceList  # noqa: PLC0415 likewise
    from catalog.products import ProductType  # noqa: PLC0415 likewise
    from core import db, tenancy  # noqa: PLC0415 likewise
    from core.drain import Drain  # noqa: PLC0415 likewise
    from core.tenancy import Scope, Side  # noqa: PLC0415 likewise

    scope = Scope(Side.DISTRIBUTOR, UUID(os.environ["BENCH_DISTRIBUTOR"]))
    newest = select(PriceImport).order_by(PriceImport.id.desc()).limit(1)
    with tenancy.acting_as(scope), db.transaction() as session:
        if words[0] == "read":
            file = Path(words[1])
            made = price_imports.begin(
                file_name=file.name,
                source=price_imports.source_of_sheet("DE"),
                price_list=session.scalars(select(PriceList)).one(),
                product_type_id=session.scalars(select(ProductType.id)).one(),
                category="Cloud",
                share_points=8500,
                by="Bench",
                market="DE",
            )
            sheet_uploads.read(file.read_bytes(), made, None)
        else:
            price_imports.confirm(session.scalars(newest).one())
    began = time.perf_counter()
    drain = Drain(slots=2)
    drain.run(300)
    drain.close()
    took = time.perf_counter() - began
    with tenancy.acting_as(scope), db.transaction() as session:
        of = session.scalars(newest).one()
        rows = f"{of.state.value}: {of.outcome or of.counts}"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"seconds": took, "peak": peak, "rows": rows}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
