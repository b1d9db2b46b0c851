"""A shop of 100,000 plans beside the same shop with 1,000: lists, facets, searches and products with nothing
kept, drawn over the whole range, each against the limit pages of the same minute; then warm, against the
limits. Search and the upkeep of a shelf are measured in the database. 1,000 resellers with price lists of
their own must cost a page no more statements than one.

    python -m benchmarks.shelves [plans]
"""

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psycopg

from benchmarks import load, seed
from benchmarks.__main__ import Report, free_port, installation, limits_database, serving, zipf
from core import db, roles
from sandbox.servers import Postgres, Valkey
from storefront import schema

FEW, MANY, RESELLERS = 1_000, 100_000, 1_000
COUNTED = {"shared_preload_libraries": "pg_stat_statements"}
SEARCH_MS = 20.0
SHAPES = (
    "Guard",
    "Backup",
    "Mail",
    "Identity",
    "Endpoint",
    "Teams",
    "Archive",
    "Exchange",
    "Device",
    "Cloud",
)
KINDS = ("Business", "Enterprise", "Starter", "Premium", "Education", "Frontline", "Government", "Essentials")
MAKERS = ("Microsoft", "Hexnode", "Huntress", "Acronis", "Fabrikam", "Contoso", "Adatum", "Litware")

# Product n of so many: names of real words, 40 makers of very different size, 12 categories.
GROW = """
INSERT INTO products (distributor_id, id, product_type_id, code, name, vendor, category, summary, description, published)
SELECT %(d)s, gen_random_uuid(), t.id, 'q' || g,
  (%(makers)s::text[])[1 + g %% 8] || ' ' || (%(shapes)s::text[])[1 + g / 8 %% 10] || ' ' || (%(kinds)s::text[])[1 + g / 80 %% 8] || ' ' || g,
  (%(makers)s::text[])[1 + g %% 8] || CASE WHEN g %% 5 > 0 THEN '' ELSE ' ' || (g / 8 %% 5) END, 'Category ' || (g * 7 %% 12),
  'What it does for ' || (%(kinds)s::text[])[1 + g %% 7] || ' customers, and a sentence about who makes it.', repeat('More words. ', 20), true
FROM generate_series(%(first)s::int, %(last)s::int) g, product_types t WHERE t.distributor_id = %(d)s AND t.code = 'key';
INSERT INTO plans (distributor_id, id, product_id, code, sku, name, term, billing_period, minimum_quantity, maximum_quantity, list_minor, currency,
  features, published)
SELECT distributor_id, gen_random_uuid(), id, code || '-m', 'CFQ7TTC0' || code, 'Plan', (ARRAY['P1M','P1Y','P3Y'])[1 + substr(code, 2)::int %% 3],
  'P1M', 1, 10000, 100 + substr(code, 2)::int * 7919 %% 40000, 'EUR', '{}', true
FROM products WHERE distributor_id = %(d)s AND code ~ '^q[0-9]' AND substr(code, 2)::int BETWEEN %(first)s AND %(last)s;
INSERT INTO wholesale_prices (distributor_id, id, price_list_id, plan_id, price_minor, currency)
SELECT p.distributor_id, gen_random_uuid(), r.price_list_id, p.id, p.list_minor * 8 / 10, 'EUR'
FROM plans p JOIN resellers r ON r.distributor_id = p.distributor_id AND r.code = 'R1'
WHERE p.distributor_id = %(d)s AND p.code ~ '^q[0-9]' AND substr(p.sku, 10)::int BETWEEN %(first)s AND %(last)s;
INSERT INTO listings (distributor_id, id, reseller_id, plan_id, product_id, sort_key, lead, published, price_minor, currency)
SELECT p.distributor_id, gen_random_uuid(), r.id, pl.id, p.id, lower(p.name), true, true, pl.list_minor + 10, 'EUR'
FROM products p JOIN plans pl ON pl.distributor_id = p.distributor_id AND pl.product_id = p.id
JOIN resellers r ON r.distributor_id = p.distributor_id AND r.code = 'R1'
WHERE p.distributor_id = %(d)s AND p.code ~ '^q[0-9]' AND substr(p.code, 2)::int BETWEEN %(first)s AND %(last)s;
"""  # noqa: E501 SQL
# Each with a price list of its own and a shelf of twenty.
TENANTS = """
INSERT INTO price_lists (distributor_id, id, name, currency)
SELECT %(d)s, gen_random_uuid(), 'Own ' || g, 'EUR' FROM generate_series(%(first)s::int, %(last)s::int) g;
INSERT INTO resellers (distributor_id, id, company_id, code, name, email, country, price_list_id, enable_reselling, ordering_enabled, house, created_at)
SELECT %(d)s, gen_random_uuid(), gen_random_uuid(), 'R' || substr(l.name, 5), 'Reseller ' || substr(l.name, 5), 'r@example.org', 'DE', l.id, true, true,
  false, now() FROM price_lists l WHERE l.distributor_id = %(d)s AND l.name LIKE 'Own %%' AND substr(l.name, 5)::int BETWEEN %(first)s AND %(last)s;
INSERT INTO storefronts (distributor_id, id, reseller_id, code, alias, name, state, theme, settings, currency, version, shelf_version, created_at)
SELECT distributor_id, gen_random_uuid(), id, 's-' || lower(code), 'shop' || substr(code, 2), name, 'open', 'aurora', '{}', 'EUR', gen_random_uuid(),
  gen_random_uuid(), now() FROM resellers WHERE distributor_id = %(d)s AND code ~ '^R[0-9]' AND substr(code, 2)::int BETWEEN %(first)s AND %(last)s;
INSERT INTO wholesale_prices (distributor_id, id, price_list_id, plan_id, price_minor, currency)
SELECT r.distributor_id, gen_random_uuid(), r.price_list_id, p.id, p.list_minor * 8 / 10 + substr(r.code, 2)::int, 'EUR'
FROM resellers r JOIN plans p ON p.distributor_id = r.distributor_id AND p.code IN (SELECT 'q' || g || '-m' FROM generate_series(1, 20) g)
WHERE r.distributor_id = %(d)s AND r.code ~ '^R[0-9]' AND substr(r.code, 2)::int BETWEEN greatest(%(first)s, 2) AND %(last)s;
INSERT INTO listings (distributor_id, id, reseller_id, plan_id, product_id, sort_key, lead, published, price_minor, currency)
SELECT r.distributor_id, gen_random_uuid(), r.id, p.id, p.product_id, lower(o.name), true, true, p.list_minor + substr(r.code, 2)::int, 'EUR'
FROM resellers r JOIN plans p ON p.distributor_id = r.distributor_id AND p.code IN (SELECT 'q' || g || '-m' FROM generate_series(1, 20) g)
JOIN products o ON o.distributor_id = p.distributor_id AND o.id = p.product_id
WHERE r.distributor_id = %(d)s AND r.code ~ '^R[0-9]' AND substr(r.code, 2)::int BETWEEN greatest(%(first)s, 2) AND %(last)s;
"""  # noqa: E501 SQL


@dataclass
class Bench:
    """The database as its administrator sees it, and what was measured so far."""

    admin: psycopg.Connection[Any]
    distributor: Any
    report: Report
    rng: random.Random

    def run(self, statements: str, first: int, last: int) -> None:
        """Bulk statements for these numbers."""
        values = {
            "d": self.distributor, "first": first, "last": last,
            "makers": list(MAKERS), "shapes": list(SHAPES), "kinds": list(KINDS),
        }  # fmt: skip
        for statement in statements.split(";\n"):
            if statement.strip():
                self.admin.execute(statement.encode(), values)

    def as_shop(self, reseller: str, act: Callable[[psycopg.Cursor[Any]], Any]) -> Any:
        """In a transaction of this reseller's public scope."""
        with self.admin.transaction(), self.admin.cursor() as cursor:
            found = cursor.execute("SELECT id FROM resellers WHERE code = %s", (reseller,)).fetchone()
            assert found
            cursor.execute(
                "SELECT set_config('role', 'shop_as_public', true),"
                " set_config('app.distributor_id', %s, true), set_config('app.reseller_id', %s, true)",
                (str(self.distributor), str(found[0])),
            )
            return act(cursor)

    def index(self, reseller: str, products: list[Any] | None = None) -> float:
        """Brings the shelf's entries up to date; seconds."""

        def act(cursor: psycopg.Cursor[Any]) -> float:
            mine = "(SELECT current_setting('app.reseller_id')::uuid)"
            began = time.perf_counter()
            cursor.execute(f"SELECT * FROM index_listings_v4({mine}, %s)".encode(), (products,))  # noqa: S608 ours
            return time.perf_counter() - began

        return self.as_shop(reseller, act)

    def sample(self, count: int) -> list[tuple[str, str, int, str]]:
        """Products all over the shelf: (cursor by name, code, price, name)."""
        rows = self.admin.execute(
            "SELECT t.listing_id, t.place || '.' || t.sort_key, p.code, t.price_minor, p.name"
            " FROM search_texts t JOIN products p ON p.id = t.product_id"
            " JOIN resellers r ON r.id = t.reseller_id"
            " WHERE r.code = 'R1' ORDER BY md5(t.product_id::text) LIMIT %s",
            (count,),
        ).fetchall()
        return [(f"{row[0]}.{row[1]}", row[2], row[3], row[4]) for row in rows]


def mixes(bench: Bench) -> dict[str, list[load.Request]]:
    """Pages over the whole range."""
    found = bench.sample(1500)

    def asked(path: str, **query: str) -> load.Request:
        return load.Request("GET", f"/shop1{path}{'?' if query else ''}{urlencode(query)}")

    facets = [  # each fills a page at both sizes
        {"vendor": "Huntress", "sort": "price"},
        {"vendor": "Microsoft", "term": "P1Y/P1M"},
        {"term": "P1Y/P1M", "sort": "-price"},
        {"price": "7", "sort": "new"},
        {"price": "8", "term": "P3Y/P1M", "sort": "price"},
    ]
    return {
        "list": [asked("/", after=cursor) for cursor, *_ in found],
        "facet": [
            asked(f"/c/category-{n % 12}", after="") if n % 6 == 5 else asked("/", **facets[n % 6])
            for n in range(1500)
        ],
        "search": [asked("/search", q=query) for query in queries(found)],
        "detail": [asked(f"/p/{quote(code)}") for _, code, *_ in found],
    }


def queries(found: list[tuple[str, str, int, str]]) -> list[str]:
    """What people type: names, articles, beginnings, broad words, and slips of the fingers; what finds one
    product finds one at every size, what fills a page fills it at every size."""
    made: list[str] = []
    for place, (_cursor, code, _price, name) in enumerate(found):
        maker, shape, kind, number = name.split()
        typed = (
            f"{maker} {shape} {number}",
            shape.lower(),
            f"CFQ7TTC0{code}",
            f"{maker[:5]}".lower(),
            f"{maker[1]}{maker[0]}{maker[2:]}".lower(),
            number,
            kind,
            maker,
        )
        made.append(typed[place % 8])
    return made


def cold(bench: Bench, env: dict[str, str], limit: int, static: list[str]) -> dict[str, float]:
    """Pages with no fragment kept, as shares of the limit's list of the same minute."""
    port, shares = free_port(), dict[str, float]()
    with serving("app:create_app", port, ["--factory", *static], {**env, "FRAGMENT_BYTES": "0"}, "/readyz"):
        for name, mix in mixes(bench).items():
            limits = [load.Request("GET", "/detail/5" if name == "detail" else "/list?after=0")]
            load.play(port, mix, seconds=2)
            product, limited, share = load.side_by_side(
                lambda mix=mix: load.play(port, mix, seconds=4),
                lambda limits=limits: load.play(limit, limits, seconds=3),
            )
            shares[name] = share
            sys.stdout.write(
                f"     {name:<8} {product.per_second:7,.0f}/s p50 {product.p50:.1f} p99 {product.p99:.1f} ms,"
                f" {product.bad} bad answers; {share:.3f} of the limit's {limited.per_second:,.0f}/s\n"
            )
            if product.bad:
                bench.report.missed.append(f"{name}: bad answers")
    return shares


def warm(bench: Bench, env: dict[str, str], limit: int, static: list[str]) -> None:
    """First pages and products, drawn by Zipf, as visitors come."""
    port, found = free_port(), bench.sample(2000)
    with serving("app:create_app", port, ["--factory", *static], env, "/readyz"):
        pages = ["/shop1/", *(f"/shop1/?after={quote(cursor)}" for cursor, *_ in found[:11])]
        lists = [load.Request("GET", pages[p - 1]) for p in zipf(12, bench.rng, 3000)]
        details = [load.Request("GET", f"/shop1/p/{found[p - 1][1]}") for p in zipf(2000, bench.rng, 4000)]
        for name, floor, mix, limits in (
            ("warm list, 100,000 plans", 0.5, lists, [load.Request("GET", "/list?after=0")]),
            ("warm detail, 100,000 plans", 0.4, details, [load.Request("GET", "/detail/5")]),
        ):
            load.play(port, mix, seconds=4)
            bench.report.ratio(
                name, floor,
                *load.side_by_side(
                    lambda mix=mix: load.play(port, mix, seconds=4),
                    lambda limits=limits: load.play(limit, limits, seconds=4),
                ),
            )  # fmt: skip


def in_the_database(bench: Bench) -> None:
    """Searches and the numbers of facets, one after the other."""
    words = [query.lower().split() for query in queries(bench.sample(400))]
    call = "SELECT * FROM shelf_search_v1(%s, false, %s, '', '{}', '{}', '{}', 'best', '', NULL, 0, 25)"
    numbers = "SELECT * FROM search_facets_v1(%s, false, '', '{}', '{}', '{}')"
    whole = "SELECT * FROM shelf_facets_v5('', '{}', '{}', '{}')"
    mend = "SELECT * FROM near_words_v2(%s)"

    def timed(statement: str, *arguments: Any) -> float:
        began = time.perf_counter()
        bench.as_shop("R1", lambda cursor: cursor.execute(statement.encode(), arguments).fetchall())
        return (time.perf_counter() - began) * 1000

    for each in words[:20]:
        timed(call, each, " ".join(each))
    for name, took in (
        ("search", [timed(call, each, " ".join(each)) for each in words]),
        ("numbers of a search", [timed(numbers, each) for each in words]),
        ("numbers of the shelf", [timed(whole) for _ in range(100)]),
        (
            "mending a word",
            [timed(mend, [f"{w[1]}{w[0]}{w[2:]}" for w in each if len(w) > 3]) for each in words],
        ),
    ):
        p95 = statistics.quantiles(took, n=20)[-1]
        bench.report.say(
            f"{name}, in the database", f"p95 {p95:.1f} ms", p95 <= SEARCH_MS, f"<= {SEARCH_MS:g} ms",
            f"p50 {statistics.median(took):.1f}, worst {max(took):.1f} ms",
        )  # fmt: skip


def upkeep(bench: Bench) -> None:
    """What a change of the shelf costs."""
    one = bench.admin.execute(
        "SELECT product_id FROM search_texts t JOIN resellers r ON r.id = t.reseller_id"
        " WHERE r.code = 'R1' LIMIT 300"
    ).fetchall()
    nothing = bench.index("R1")
    took: list[float] = []
    for (product,) in one:
        bench.admin.execute(
            "UPDATE listings SET price_minor = price_minor + 777 WHERE product_id = %s", (product,)
        )
        took.append(bench.index("R1", [product]) * 1000)
    p95 = statistics.quantiles(took, n=20)[-1]
    bench.report.say(
        "upkeep of one product's entry", f"p95 {p95:.1f} ms", p95 <= 20, "<= 20 ms",
        f"p50 {statistics.median(took):.1f} ms",
    )  # fmt: skip
    bench.report.say("looking through a whole shelf", f"{nothing:.1f} s", nothing <= 5, "<= 5 s")
    bench.admin.execute(
        "UPDATE listings SET price_minor = price_minor * 2"
        " WHERE reseller_id = (SELECT id FROM resellers WHERE code = 'R1')"
    )
    doubled = bench.index("R1")
    bench.report.say("every price of a shelf changed", f"{doubled:.1f} s", doubled <= 30, "<= 30 s")


def statements_of(bench: Bench, port: int, path: str) -> int:
    """What the server sees for one page that is drawn anew."""
    import httpx  # noqa: PLC0415 only here

    for _ in range(4):
        assert httpx.get(f"http://127.0.0.1:{port}{path}", timeout=10).status_code == 200, path
    counted: list[int] = []
    for _ in range(3):
        bench.admin.execute("SELECT bench.pg_stat_statements_reset()")
        httpx.get(f"http://127.0.0.1:{port}{path}", timeout=10)
        row = bench.admin.execute(
            "SELECT coalesce(sum(calls), 0) FROM bench.pg_stat_statements"
            " WHERE toplevel AND query NOT LIKE '%pg_stat_statements%'"
        ).fetchone()
        counted.append(int(row[0]) if row else 0)
    return min(counted)


PAGES = ("/shop2/", "/shop2/?vendor=Microsoft", "/shop2/search?q=guard", "/shop2/p/q7", "/shop2/c/category-1")


def tenants(bench: Bench, env: dict[str, str], static: list[str]) -> None:
    """Statements of a page with two resellers and with a thousand, each with a price list of its own."""
    port = free_port()
    with serving("app:create_app", port, ["--factory", *static], {**env, "FRAGMENT_BYTES": "0"}, "/readyz"):
        few = [statements_of(bench, port, path) for path in PAGES]
        bench.run(TENANTS, 3, RESELLERS)
        for number in range(3, RESELLERS + 1):
            bench.index(f"R{number}")
        bench.admin.execute("ANALYZE")
        many = [statements_of(bench, port, path) for path in PAGES]
    bench.report.say(
        f"statements of a page, {RESELLERS:,} resellers", f"{many}", many == few, f"{few} with two",
    )  # fmt: skip


def main(plans: int) -> int:
    """All of it; the number of missed floors."""
    report = Report()
    with (
        tempfile.TemporaryDirectory() as room,
        Postgres(Path(room) / "pg", settings=COUNTED) as postgres,
        Valkey(Path(room) / "valkey") as valkey,
    ):
        env = installation(Path(room), postgres, valkey)
        os.environ.update(env)
        import app  # noqa: F401, PLC0415 every table and door function is known once it is imported

        roles.create(postgres.admin_url(), "shop")
        schema.migrate(env["OWNER_DATABASE_URL"])
        folder = Path(env["INSTANCE"]) / "static"
        build = [sys.executable, "-m", "whitelabel_themes.assets", "--out", str(folder)]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
        static = ["--static-path-mount", str(folder), "--static-path-route", "/static"]
        distributor = seed.found()
        db.reset()
        url = postgres.admin_url("shop").replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute("CREATE SCHEMA bench")  # away from what the shop looks after
            admin.execute("CREATE EXTENSION pg_stat_statements SCHEMA bench")
            bench = Bench(admin, distributor, report, random.Random(11))
            bench.run(TENANTS, 1, 2)
            limit = free_port()
            with serving("benchmarks.limits:app", limit, [], limits_database(postgres, valkey), "/hello"):
                grow(bench, 1, FEW)
                few = cold(bench, env, limit, static)
                grow(bench, FEW + 1, plans)
                many = cold(bench, env, limit, static)
                for name, share in many.items():
                    kept = share / few[name]
                    report.say(
                        f"{name}, nothing kept: {plans:,} against {FEW:,}", f"{kept:.2f} of the speed",
                        kept >= 0.8, ">= 0.8",
                    )  # fmt: skip
                in_the_database(bench)
                warm(bench, env, limit, static)
            upkeep(bench)
            tenants(bench, env, static)
    sys.stdout.write(f"missed: {report.missed}\n")
    return len(report.missed)


def grow(bench: Bench, first: int, last: int) -> None:
    """Products of these numbers, on the shelf, indexed and analysed."""
    bench.run(GROW, first, last)
    if first == 1:
        bench.run(TENANTS.split(";\n", 3)[-1], 1, 2)
    took = bench.index("R1")
    bench.index("R2")
    bench.admin.execute("VACUUM ANALYZE")
    sys.stdout.write(f"     {last - first + 1:,} new products indexed in {took:.1f} s\n")


if __name__ == "__main__":
    sys.exit(1 if main(int(sys.argv[1]) if len(sys.argv) > 1 else MANY) else 0)
