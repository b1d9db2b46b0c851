"""`make bench`: pages, baskets and orders against the limit pages of the same run; order to active; tasks a
second; start and memory.

    python -m benchmarks [pages] [place] [imports] [delivery] [start]     (all without arguments)

Ratios count, absolute figures do not: the machine is shared. Floors are those of docs/speed.md; the exit
code is 1 when one is missed.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
from sqlalchemy.engine import make_url

from benchmarks import delivery, imports, load, seed, start
from sandbox.ports import reserve
from sandbox.servers import Postgres, Valkey

BIN = Path(sys.executable).parent
GRANIAN = [str(BIN / "granian")]
PRODUCT = [sys.executable, "serve.py"]  # the same, with the product loaded before the workers are forked
OPTIONS = [
    "--interface",
    "wsgi",
    "--host",
    "127.0.0.1",
    "--workers",
    "2",
    "--blocking-threads",
    "4",
    "--no-ws",
    "--log-level",
    "error",
]


def zipf(count: int, rng: random.Random, draws: int) -> list[int]:
    """Numbers 1..count, the n-th drawn in proportion to 1/n."""
    return rng.choices(range(1, count + 1), weights=[1 / n for n in range(1, count + 1)], k=draws)


@contextmanager
def serving(
    app: str, port: int, extra: list[str], env: dict[str, str], probe: str
) -> Generator[subprocess.Popen[bytes]]:
    """A server of two processes with four threads each, until the block ends."""
    with Path(tempfile.gettempdir(), "bench-servers.log").open("ab") as nowhere:
        process = subprocess.Popen(
            [*(PRODUCT if app.startswith("app:") else GRANIAN), *OPTIONS, "--port", str(port), *extra, app],
            env={**os.environ, **env},
            stdout=nowhere,
            stderr=nowhere,
        )
        try:
            wait_for(f"http://127.0.0.1:{port}{probe}")
            yield process
        finally:
            process.terminate()
            process.wait(15)


def wait_for(url: str) -> None:
    """Until the address answers."""
    said = "no answer"
    for _ in range(150):
        try:
            answer = httpx.get(url, timeout=5)
            if answer.status_code == 200:
                return
            said = answer.text
        except httpx.HTTPError as error:
            said = str(error)
        time.sleep(0.1)
    raise SystemExit(f"{url} did not come up: {said}")


class Report:
    """Lines of the result, and whether a floor was missed."""

    def __init__(self) -> None:
        self.missed: list[str] = []

    def ratio(self, name: str, floor: float, product: load.Result, limit: load.Result, ratio: float) -> None:
        """A page against its limit."""
        self.say(
            name,
            f"{ratio:.2f} of the limit",
            ratio >= floor and not product.bad,
            f">= {floor}",
            f"{product.per_second:,.0f}/s p50 {product.p50:.1f} p99 {product.p99:.1f} ms;"
            f" limit {limit.per_second:,.0f}/s p50 {limit.p50:.1f} p99 {limit.p99:.1f} ms;"
            f" {product.bad} bad answers",
        )

    def say(self, name: str, figure: str, good: bool, floor: str, detail: str = "") -> None:
        """One line."""
        sys.stdout.write(f"{'ok  ' if good else 'MISS'} {name:<34} {figure:<22} (floor {floor})  {detail}\n")
        sys.stdout.flush()
        if not good:
            self.missed.append(name)


def free_port() -> int:
    """A port nobody has."""
    port, taken = reserve()
    for each in taken if isinstance(taken, list | tuple) else [taken]:
        each.close()
    return port


def pages(report: Report, port: int, limit: int, seeded: seed.Seeded, admin_url: str) -> None:
    """Lists and products, drawn by Zipf over shops and over their first pages and products."""
    rng = random.Random(7)
    shops, products = zipf(seeded.shops, rng, 4000), zipf(seeded.products, rng, 4000)
    cursors = {shop: shelf_cursors(port, shop) for shop in set(shops)}
    page_of = zipf(12, rng, 4000)
    lists = [
        f"/shop{s}/" + (f"?after={cursors[s][p - 2]}" if p > 1 and p - 2 < len(cursors[s]) else "")
        for s, p in zip(shops, page_of, strict=True)
    ]
    details = [f"/shop{s}/p/p{p}" for s, p in zip(shops, products, strict=True)]
    buyers = [
        (rng.randrange(0, seeded.buyers // seeded.shops) * seeded.shops + s - 1) or seeded.shops
        for s in shops
    ]
    limit_lists = [load.Request("GET", f"/list?after={(p - 1) * 24}") for p in page_of]
    limit_details = [load.Request("GET", f"/detail/{p}") for p in products]

    def both(name: str, floor: float, mix: list[load.Request], limits: list[load.Request]) -> None:
        load.play(port, mix, seconds=4)
        report.ratio(
            name,
            floor,
            *load.side_by_side(
                lambda: load.play(port, mix, seconds=5), lambda: load.play(limit, limits, seconds=5)
            ),
        )
        sys.stdout.write(f"     {kept_pages(port, mix, admin_url)}\n")

    both("list, anonymous", 0.5, [load.Request("GET", p) for p in lists], limit_lists)
    both(
        "list, logged in",
        0.5,
        [load.Request("GET", p, seed.cookie(s, b)) for p, s, b in zip(lists, shops, buyers, strict=True)],
        limit_lists,
    )
    both("detail", 0.4, [load.Request("GET", p) for p in details], limit_details)


def kept_pages(port: int, mix: list[load.Request], admin_url: str) -> str:
    """How many pages were put together from kept fragments: such a page is one transaction, the one that
    opens the request; drawing anew takes a second one."""
    before = transactions(admin_url)
    asked = load.play(port, mix, seconds=5).per_second * 5
    drawn = max(transactions(admin_url) - before - asked, 0)
    return f"fragment hit rate {1 - drawn / asked:.1%} of {asked:,.0f} pages"


def transactions(admin_url: str) -> int:
    """Transactions that the shop's database has seen; its processes report them once a second."""
    time.sleep(1.5)
    with psycopg.connect(admin_url.replace("postgresql+psycopg", "postgresql")) as connection:
        row = connection.execute(
            "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
        return int(row[0]) if row else 0


def shelf_cursors(port: int, shop: int) -> list[str]:
    """Where the first pages of a shop's shelf begin, by following its links."""
    found: list[str] = []
    path = f"/shop{shop}/"
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        for _ in range(3 if shop > 20 else 11):
            text = client.get(path).text
            at = text.find("after=")
            if at < 0:
                break
            cursor = text[at + 6 :].split('"', 1)[0].split("&", 1)[0]
            if cursor in found:
                break
            found.append(cursor)
            path = f"/shop{shop}/?after={cursor}"
    return found


def cold(report: Report, limit: int, env: dict[str, str], static: list[str]) -> None:
    """Lists with no fragment kept."""
    port = free_port()
    with serving("app:create_app", port, ["--factory", *static], {**env, "FRAGMENT_BYTES": "0"}, "/readyz"):
        rng = random.Random(8)
        mix = [load.Request("GET", f"/shop{s}/") for s in zipf(seed.SHOPS, rng, 2000)]
        limits = [load.Request("GET", "/list?after=0")]
        load.play(port, mix, seconds=3)
        report.ratio(
            "list, no fragment kept",
            0.2,
            *load.side_by_side(
                lambda: load.play(port, mix, seconds=5), lambda: load.play(limit, limits, seconds=5)
            ),
        )


def basket(report: Report, port: int, limit: int, seeded: seed.Seeded, plans: list[str]) -> None:
    """Adding to the basket, logged in."""
    rng = random.Random(9)
    mix = []
    for _ in range(6000):
        buyer = rng.randrange(1, seeded.buyers)
        shop = buyer % seeded.shops + 1
        body = f"csrf_token={seed.CSRF}&plan={rng.choice(plans)}&quantity=1"
        mix.append(load.Request("POST", f"/shop{shop}/basket", seed.cookie(shop, buyer), body))
    limits = [load.Request("POST", "/cart", "", "p=1")]
    load.play(port, mix, seconds=3)
    report.ratio(
        "basket add",
        0.25,
        *load.side_by_side(
            lambda: load.play(port, mix, seconds=5), lambda: load.play(limit, limits, seconds=5)
        ),
    )


def place(report: Report, port: int, limit: int, seeded: seed.Seeded, admin_url: str) -> None:
    """Placing: each request orders one buyer's basket of two lines."""
    buyers = list(range(1, seeded.buyers))
    limits = [load.Request("POST", "/order", "", "p=1")]
    results = []
    before = commits(admin_url)
    for turn in range(3):
        seed.run(admin_url, "DELETE FROM basket_lines WHERE distributor_id = %(d)s", seeded.distributor_id)
        seed.fill_baskets(admin_url, seeded.distributor_id)
        totals = basket_totals(admin_url)
        mix = [
            load.Request(
                "POST",
                f"/shop{b % seeded.shops + 1}/checkout",
                seed.cookie(b % seeded.shops + 1, b),
                f"csrf_token={seed.CSRF}&request_key=bench-{turn}-{b}-{'x' * 20}&seen_total={totals[b]}",
            )
            for b in buyers
            if b in totals
        ]
        results.append((load.play(port, mix, seconds=5), load.play(limit, limits, seconds=5)))
    product, limit_result = load.middle([p for p, _ in results]), load.middle([li for _, li in results])
    placed = commits(admin_url) - before
    report.ratio(
        "place request",
        0.2,
        product,
        limit_result,
        sorted(p.per_second / li.per_second for p, li in results)[1],
    )
    sys.stdout.write(f"     orders placed meanwhile: {placed:,}\n")


def basket_totals(admin_url: str) -> dict[int, int]:
    """Buyer -> what the checkout page would have shown: with 19 % VAT, rounded by line."""
    totals = """
        SELECT substr(c.code, 2)::int,
          sum(l.price_minor * b.quantity + round(l.price_minor * b.quantity * 0.19))::bigint FROM basket_lines b
        JOIN customers c ON c.distributor_id = b.distributor_id AND c.id = b.customer_id
        JOIN listings l ON l.distributor_id = b.distributor_id AND l.reseller_id = b.reseller_id AND l.plan_id = b.plan_id
        GROUP BY 1
    """  # noqa: E501 SQL
    with psycopg.connect(admin_url.replace("postgresql+psycopg", "postgresql")) as connection:
        return {int(buyer): int(total) for buyer, total in connection.execute(totals).fetchall()}


def commits(admin_url: str) -> int:
    """Orders in the database."""
    with psycopg.connect(admin_url.replace("postgresql+psycopg", "postgresql")) as connection:
        row = connection.execute("SELECT count(*) FROM orders").fetchone()
        return int(row[0]) if row else 0


def memory(process: subprocess.Popen[bytes]) -> list[float]:
    """PSS of the workers in MiB."""
    found: list[float] = []
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for pid in children:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                found.append(int(line.split()[1]) / 1024)
    return found


def main(parts: list[str]) -> int:
    """Everything that was asked for; the number of missed floors."""
    report = Report()
    with (
        tempfile.TemporaryDirectory() as room,
        Postgres(Path(room) / "pg") as postgres,
        Valkey(Path(room) / "valkey") as valkey,
    ):
        env = installation(Path(room), postgres, valkey)
        os.environ.update(env)
        import app  # noqa: F401, PLC0415 every table and door function is known once it is imported
        from core import db, roles  # noqa: PLC0415 settings are read from the environment made above
        from storefront import schema  # noqa: PLC0415 likewise

        roles.create(postgres.admin_url(), "shop")
        began = time.perf_counter()
        schema.migrate(env["OWNER_DATABASE_URL"])
        report.say(
            "empty-database migration",
            f"{time.perf_counter() - began:.1f} s",
            time.perf_counter() - began <= 10,
            "<= 10 s",
        )
        subprocess.run(
            [
                sys.executable,
                "-m",
                "whitelabel_themes.assets",
                "--out",
                str(Path(env["INSTANCE"]) / "static"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        if {"pages", "place", "imports"} & set(parts):
            seeded = seed.seed(postgres.admin_url("shop"))
            plans = some_plans(postgres.admin_url("shop"))
            db.reset()
            limit_env = limits_database(postgres, valkey)
            static = [
                "--static-path-mount",
                str(Path(env["INSTANCE"]) / "static"),
                "--static-path-route",
                "/static",
            ]
            port, limit = free_port(), free_port()
            with (
                serving("benchmarks.limits:app", limit, [], limit_env, "/hello"),
                serving("app:create_app", port, ["--factory", *static], env, "/readyz") as product,
            ):
                if "pages" in parts:
                    pages(report, port, limit, seeded, postgres.admin_url("shop"))
                    cold(report, limit, env, static)
                    basket(report, port, limit, seeded, plans)
                if "place" in parts:
                    place(report, port, limit, seeded, postgres.admin_url("shop"))
                if "imports" in parts:
                    imports.measure(report, Path(room), port, seeded, env)
                used = memory(product)
                report.say(
                    "memory per web process",
                    f"{max(used):.0f} MiB",
                    max(used) <= 130,
                    "<= 130 MiB",
                    f"{[round(u) for u in used]}",
                )
        if "delivery" in parts:
            delivery.measure(report, Path(room), postgres, valkey, env)
        if "start" in parts:
            start.measure(report, Path(room))
    sys.stdout.write(json.dumps({"missed": report.missed}) + "\n")
    return len(report.missed)


def installation(room: Path, postgres: Postgres, valkey: Valkey) -> dict[str, str]:
    """The environment of the installation that is measured."""
    url = make_url(postgres.admin_url("shop"))
    return {
        "ENVIRONMENT": "test",
        "INSTANCE": str(room / "instance"),
        "SECRET_KEY": "benchmarks-only-secret-key-of-forty-chars",
        "DATABASE_URL": url.set(username="shop_app").render_as_string(),
        "OWNER_DATABASE_URL": url.set(username="shop_owner").render_as_string(),
        "REDIS_URL": valkey.url,
        "PUBLIC_URL": "http://127.0.0.1",
        "SMTP_URL": "smtp://127.0.0.1:9",
        "LOG_LINES": "json",  # as in production
    }


def limits_database(postgres: Postgres, valkey: Valkey) -> dict[str, str]:
    """The database of the limit pages, on the same server."""
    from benchmarks.limits import SCHEMA  # noqa: PLC0415 needs its environment

    plain = postgres.admin_url().replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute("CREATE DATABASE limits")
    dsn = postgres.admin_url("limits").replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(SCHEMA)
        connection.execute("ANALYZE")
    return {"LIMIT_DSN": dsn, "LIMIT_REDIS": valkey.url}


def some_plans(admin_url: str) -> list[str]:
    """Plans to put into baskets."""
    with psycopg.connect(admin_url.replace("postgresql+psycopg", "postgresql")) as connection:
        return [
            str(row[0])
            for row in connection.execute("SELECT id FROM plans WHERE code <> 'first-m' LIMIT 200").fetchall()
        ]


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:] or ["pages", "place", "imports", "delivery", "start"]) else 0)
