"""Many partners: 10,000 resellers and 100,000 customers under one distributor. Its lists are drawn over their
whole range (first page, last page, and cursors between), sorted, filtered and searched, and so are those of
its programmes (`benchmarks.programmes`); every address has to answer with p95 <= 300 ms and in as many
statements as with ten resellers.

    python -m benchmarks.scale [resellers]
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from sqlalchemy.engine import make_url

from benchmarks import programmes
from benchmarks.lists import FAST, TARGET, prepare
from core import tenancy
from core.tenancy import Scope, Side
from sandbox.servers import Postgres, Valkey
from storefront import cursors
from tests import world as worlds
from tests.visits import Visit, make_app
from tests.world import World

TIMES = 25
RESELLERS = 10_000
FEW = 10
CUSTOMERS_EACH = 10
WHERE = (0.0, 0.2, 0.4, 0.6, 0.8, 0.999)
"""Shares of a list at which a page is drawn, besides the first and the last one."""
COUNTED = {**FAST, "shared_preload_libraries": "pg_stat_statements"}

FILL = """
SET session_replication_role = replica;
INSERT INTO resellers (distributor_id, id, company_id, code, name, email, country, price_list_id, enable_reselling,
  ordering_enabled, house, created_at)
SELECT r.distributor_id, gen_random_uuid(), gen_random_uuid(), 'RES-' || g, initcap(substr(md5(g::text), 1, 7)) || ' Partners ' || g,
  'office' || g || '@partner.example', (ARRAY['DE','AT','NL','FR'])[1 + g %% 4], r.price_list_id, true, g %% 50 > 0, false,
  now() - g * interval '1 hour'
FROM generate_series(%(from)s, %(to)s) g, (SELECT * FROM resellers WHERE name = 'Brightfield') r;
INSERT INTO storefronts (distributor_id, id, reseller_id, code, alias, name, state, theme, settings, currency, version,
  shelf_version, created_at)
SELECT distributor_id, gen_random_uuid(), id, 's-' || lower(code), 'shop' || substr(code, 5), name, 'open', 'aurora', '{}', 'EUR',
  gen_random_uuid(), gen_random_uuid(), now()
FROM resellers WHERE code LIKE 'RES-%%' AND substr(code, 5) ~ '^[0-9]+$' AND substr(code, 5)::int BETWEEN %(from)s AND %(to)s
  AND substr(code, 5)::int %% 2 = 0;
INSERT INTO balances (distributor_id, id, reseller_id, kind, currency, ceiling, reserved)
SELECT distributor_id, gen_random_uuid(), id, 'credit', 'EUR', 100000, 0
FROM resellers WHERE substr(code, 5) ~ '^[0-9]+$' AND substr(code, 5)::int BETWEEN %(from)s AND %(to)s;
INSERT INTO customers (distributor_id, id, reseller_id, company_id, code, name, email, country, ordered_by, created_at, ended_at)
SELECT r.distributor_id, gen_random_uuid(), r.id, gen_random_uuid(), 'CUS-' || substr(r.code, 5) || 'N' || c,
  initcap(substr(md5(r.code || c), 1, 8)) || ' Works ' || substr(r.code, 5), 'it' || c || '@' || lower(r.code) || '.example', r.country, 'customer',
  now() - substr(r.code, 5)::int * interval '7 minutes' - c * interval '1 minute', CASE WHEN c = 9 AND r.country = 'FR' THEN now() END
FROM resellers r, generate_series(1, %(each)s) c
WHERE substr(r.code, 5) ~ '^[0-9]+$' AND substr(r.code, 5)::int BETWEEN %(from)s AND %(to)s;
INSERT INTO subscriptions (distributor_id, id, reseller_id, customer_id, code, plan_id, order_line_id, product_name, plan_name, unit,
  quantity, licences_issued, term, billing_period, price_minor, currency, state, created_at)
SELECT c.distributor_id, gen_random_uuid(), c.reseller_id, c.id, 'SUB-' || substr(c.code, 5), p.id, gen_random_uuid(), 'Mail', 'Monthly', 'seat',
  3, 0, 'P1M', 'P1M', 600, 'EUR', 'active', now()
FROM customers c, (SELECT * FROM plans LIMIT 1) p
WHERE c.code LIKE 'CUS-%%N%%' AND split_part(substr(c.code, 5), 'N', 1) ~ '^[0-9]+$'
  AND split_part(substr(c.code, 5), 'N', 1)::int BETWEEN %(from)s AND %(to)s AND right(c.code, 1) IN ('1', '4', '7');
"""  # noqa: E501 SQL


@dataclass(frozen=True, slots=True)
class Drawn:
    """A list that is drawn over its whole range: where it stands, and its orders as (sort word, column, the
    direction); `name` is its endpoint, for which its cursors are sealed."""

    path: str
    name: str
    table: str
    orders: Sequence[tuple[str, str, str]]


LISTS = (
    Drawn(
        "/distributor/resellers",
        "distributor.reseller_list",
        "resellers",
        (("name", "name", "ASC"), ("-name", "name", "DESC"), ("-joined", "id", "DESC")),
    ),
    Drawn(
        "/distributor/customers",
        "distributor.customer_list",
        "customers",
        (
            ("name", "name", "ASC"),
            ("-name", "name", "DESC"),
            ("country", "country", "ASC"),
            ("-since", "id", "DESC"),
        ),
    ),
)
ADDRESSES = (
    "/distributor/resellers?show=portal",
    "/distributor/resellers?show=none",
    "/distributor/resellers?show=stopped",
    "/distributor/resellers?joined.from=2020-01-01",
    "/distributor/resellers?q=partners 7",
    "/distributor/resellers?q=office5@partner",
    "/distributor/resellers?q=RES-5",
    "/distributor/resellers?q=nobody-at-all",
    "/distributor/customers?show=with",
    "/distributor/customers?show=without",
    "/distributor/customers?show=ended",
    "/distributor/customers?since.from=2020-01-01&sort=-since",
    "/distributor/customers?q=works 7",
    "/distributor/customers?q=partners 5",
    "/distributor/customers?q=CUS-5N3",
    "/distributor/customers?q=nobody-at-all",
    "/distributor/resellers/RES-5",
    "/distributor/customers/CUS-5N3",
    "/distributor/",
)


def main(resellers: int) -> int:
    """Figures on the screen; 1 when an address is too slow or needs more statements than with a few."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with Postgres(root / "pg", settings=COUNTED) as postgres, Valkey(root / "valkey") as valkey:
            prepare(postgres, valkey, root)
            world = worlds.found()
            programmes.begin(world)
            url = make_url(postgres.admin_url("shop")).set(drivername="postgresql")
            with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as admin:
                admin.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
                fill(admin, 1, FEW)
                programmes.fill(admin, 1, FEW)
                nora = Visit(make_app()).sign_in("nora")
                few = {address: statements(admin, nora, path) for address, path in asked(admin, world)}
                fill(admin, FEW + 1, resellers)
                programmes.fill(admin, FEW + 1, resellers)
                return measure(admin, nora, world, few)


def fill(admin: psycopg.Connection[Any], first: int, last: int) -> None:
    """Resellers of these numbers, each with its customers, as the administrator."""
    numbers = {"from": first, "to": last, "each": CUSTOMERS_EACH}
    for statement in FILL.split(";\n"):
        if statement.strip():
            admin.execute((statement % numbers).encode())
    admin.execute("VACUUM ANALYZE")


def asked(admin: psycopg.Connection[Any], world: World) -> Iterator[tuple[str, str]]:
    """What is asked for: a name that is the same for few and many, and the address."""
    for one in LISTS:
        for word, column, direction in one.orders:
            sort = f"sort={word}"
            yield f"{one.path}?{sort}", f"{one.path}?{sort}"
            for share in WHERE:
                cursor = cursor_at(admin, world, one, word, column, direction, share)
                yield f"{one.path}?{sort} at {share:.1%}", f"{one.path}?{sort}&after={quote(cursor)}"
    for address in (*ADDRESSES, *programmes.ADDRESSES):
        yield address, address.replace(" ", "+")


def cursor_at(
    admin: psycopg.Connection[Any],
    world: World,
    one: Drawn,
    word: str,
    column: str,
    direction: str,
    share: float,
) -> str:
    """The cursor that a page in the middle of a list would carry."""
    total = admin.execute(f"SELECT count(*) FROM {one.table}".encode()).fetchone()  # noqa: S608 our own names
    assert total
    row = admin.execute(
        f"SELECT {column}, id FROM {one.table} ORDER BY {column} {direction}, id {direction}"  # noqa: S608 our own names
        f" OFFSET {int(share * (total[0] - 1))} LIMIT 1".encode()
    ).fetchone()
    assert row
    with tenancy.acting_as(Scope(Side.DISTRIBUTOR, world.distributor_id)):
        return cursors.seal(row[0], row[1], f"{one.name} [] [] {word}")


def statements(admin: psycopg.Connection[Any], visit: Visit, path: str) -> int:
    """How many statements the server sees for one page, once everything is warm."""
    for _ in range(2):
        answer = visit.client.get(visit.url(path))
        assert answer.status_code == 200, (path, answer.status_code)
    return min(counted(admin, visit, path) for _ in range(3))  # once a minute a session notes that it is used


def counted(admin: psycopg.Connection[Any], visit: Visit, path: str) -> int:
    """The statements of one request."""
    admin.execute("SELECT pg_stat_statements_reset()")
    visit.client.get(visit.url(path))
    row = admin.execute(
        "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%'"
    ).fetchone()
    return int(row[0]) if row else 0


def measure(admin: psycopg.Connection[Any], visit: Visit, world: World, few: dict[str, int]) -> int:
    """Each address again and again."""
    bad, all_of_them = 0, list[float]()
    print(f"{'address':<62} {'p50':>7} {'p95':>7} ms {'statements':>11}")
    for name, path in asked(admin, world):
        many = statements(admin, visit, path)
        took: list[float] = []
        for _ in range(TIMES):
            began = time.perf_counter()
            answer = visit.client.get(visit.url(path))
            took.append((time.perf_counter() - began) * 1000)
            assert answer.status_code == 200, (path, answer.status_code)
        all_of_them += took
        p95 = statistics.quantiles(took, n=20)[-1]
        wrong = f"{'  slow' if p95 > TARGET else ''}{'  more than with few' if many > few[name] else ''}"
        bad += bool(wrong)
        print(f"{name:<62} {statistics.median(took):7.1f} {p95:7.1f} {f'{few[name]} {many}':>14}{wrong}")
    p95 = statistics.quantiles(all_of_them, n=20)[-1]
    print(f"{'all of them':<62} {statistics.median(all_of_them):7.1f} {p95:7.1f}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else RESELLERS))
