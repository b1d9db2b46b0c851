"""Whatever a browser sends to basket and checkout, an order costs what a model computes from the shelf and
from what stands in the basket on the server (QM3). The model knows prices, steps and tax, and nothing of our
code. SEED repeats a run."""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from catalog import listings, loading
from sandbox.servers import Postgres
from tests.portal.conftest import HIDDEN, SHOP, Browser
from tests.sizes import often
from tests.world import World

CASES = often(60, 5000)
ODD = (
    "-1",
    "0",
    "-0",
    "NaN",
    "nan",
    "Infinity",
    "1e309",
    "1e3",
    "1000000000000",
    "99999999999999999999",
    "2.5",
    "2,5",
    "0.1",
    "+3",
    " 4 ",
    "1_000",
    "0x10",
    "٣",
    "５",
    "1\n2",
    "true",
    "null",
    "",
    "[]",
    "{}",
    "9999999",
    "10001",
    "%00",
    "1;DROP TABLE orders",
    "<b>1</b>",
)
FORGED = (
    "price",
    "price_minor",
    "unit_price",
    "unit_price_minor",
    "total",
    "total_minor",
    "net",
    "tax",
    "currency",
    "discount",
    "discount_code",
    "discount_percent",
    "code",
    "coupon",
    "wholesale",
    "cost",
    "steps",
    "term",
    "billing_period",
    "reseller_id",
    "customer_id",
    "membership_id",
    "distributor_id",
    "person_id",
    "listing_id",
    "price_list_id",
    "seller",
    "buyer",
    "tax_id",
    "pay_by",
    "fund",
    "state",
    "lines[0][price]",
    "line.price_minor",
    "order[total]",
    "__proto__[price]",
)
MORE = {
    "currency": "EUR",
    "product_type": [
        {"code": "licence", "name": "Keys", "connector": "signed_licence", "audience": "customer"}
    ],
    "product": [
        {
            "code": "guard",
            "type": "licence",
            "name": "Guard",
            "vendor": "Hexnode",
            "category": "Security",
            "summary": "It guards.",
            "plan": [
                {"code": "guard-m", "name": "Monthly", "term": "P1M", "price": "3.33", "minimum": 3},
                {"code": "guard-y", "name": "Yearly", "term": "P1Y", "price": "33.10", "maximum": 40},
            ],
        }
    ],
}
STEPS = {"patch-y": "[[5, 2011], [20, 1507]]", "guard-m": "[[10, 299]]"}


@dataclass
class Tamperer:
    """Anna's browser in bad hands, and the database as its administrator sees it."""

    world: World
    anna: Browser
    admin: psycopg.Connection[Any]
    rng: random.Random
    token: str
    strange: list[str] = field(default_factory=list)
    seen: set[Any] = field(default_factory=set)
    keys: list[str] = field(default_factory=list)
    placed: int = 0
    expected: tuple[int, list[tuple[str, int]]] = (0, [])

    def rows(self, query: str, *values: Any) -> list[Any]:
        """What stands in the database."""
        return self.admin.execute(query.encode(), values).fetchall()

    def send(self, path: str, fields: list[tuple[str, str]]) -> TestResponse:
        """A form, some of it twice, with forged fields and at times a stale token; or the same as JSON."""
        for name in self.rng.sample(FORGED, self.rng.choice((0, 1, 1, 2, 4))):
            fields.append((name, self.rng.choice((*ODD, "1", "0.01", "JPY", *self.strange))))
        if self.rng.random() < 0.15 and fields:
            name = self.rng.choice(fields)[0]
            fields.insert(self.rng.randrange(len(fields)), (name, self.rng.choice((*ODD, *self.strange))))
        if self.rng.random() < 0.1 and fields:
            at = self.rng.randrange(len(fields))
            fields[at] = (fields[at][0] + self.rng.choice(("[]", "[0]", "[price]", ".x", " ")), fields[at][1])
        token = self.token if self.rng.random() < 0.93 else self.rng.choice(("", "x", self.token[::-1]))
        if self.rng.random() < 0.04:
            return self.anna.client.post(
                f"/brightfield{path}", base_url=SHOP, json=dict([*fields, ("csrf_token", token)])
            )
        data = MultiDict([*fields, ("csrf_token", token)])
        return self.anna.client.post(f"/brightfield{path}", base_url=SHOP, data=data)

    def plan(self) -> str:
        """A plan: mostly one of the shelf, at times somebody else's, or none at all."""
        mine = self.rows(
            "SELECT id::text FROM plans WHERE code IN ('patch-y', 'guard-m', 'guard-y') ORDER BY 1"
        )
        return self.rng.choice([*(row[0] for row in mine)] * 4 + [*self.strange, str(uuid4()), "", "1"])

    def quantity(self) -> str:
        """A number of units: good, or odd."""
        return str(self.rng.randrange(1, 45)) if self.rng.random() < 0.6 else self.rng.choice(ODD)

    def add(self) -> TestResponse:
        """Into the basket."""
        return self.send(
            "/basket", [("product", "patch"), ("plan", self.plan()), ("quantity", self.quantity())]
        )

    def change(self) -> TestResponse:
        """Other quantities, of our lines and of a neighbour's."""
        lines = [row[0] for row in self.rows("SELECT id::text FROM basket_lines")] or [str(uuid4())]
        chosen = self.rng.sample(lines, self.rng.randrange(1, len(lines) + 1))
        fields = [(f"quantity-{line}", self.quantity()) for line in chosen]
        if self.rng.random() < 0.15:
            fields.append(("remove", self.rng.choice(lines)))
        return self.send("/basket/change", fields)

    def checkout(self) -> TestResponse:
        """The form of the checkout's page, changed; at times the price changes between the two."""
        form = dict(HIDDEN.findall(self.anna.get("/checkout").text))
        form.pop("csrf_token", None)
        self.keys.append(form.get("request_key", "k" * 30))
        if self.rng.random() < 0.3:
            form["seen_total"] = self.rng.choice((*ODD, "1", str(self.rng.randrange(99999))))
        if self.rng.random() < 0.15:
            form["request_key"] = self.rng.choice((*self.keys, *ODD))
        if self.rng.random() < 0.15:
            self.admin.execute("UPDATE listings SET price_minor = price_minor + 1 WHERE price_minor > 0")
        self.expected = self.model()
        return self.send("/checkout", list(form.items()))

    def model(self) -> tuple[int, list[tuple[str, int]]]:
        """What Anna's basket costs: the step of each quantity times it, and 19 % of each line."""
        total, lines = 0, []
        for plan, quantity, price, steps in self.rows(
            "SELECT b.plan_id::text, b.quantity, l.price_minor, l.steps FROM basket_lines b"
            " JOIN memberships m ON m.id = b.membership_id AND m.email = 'anna@people.example'"
            " JOIN listings l ON l.plan_id = b.plan_id AND l.reseller_id = b.reseller_id AND l.published"
        ):
            unit = next((minor for begin, minor in sorted(steps, reverse=True) if quantity >= begin), price)
            net = Decimal(unit * quantity)
            total += int(net + (net * Decimal("0.19")).quantize(Decimal(1), ROUND_HALF_UP))
            lines.append((plan, quantity))
        return total, sorted(lines)

    def judge(self, what: str) -> None:
        """Every order that is new costs what the model says; every basket keeps to what may be ordered."""
        for order_id, total, currency, customer in self.rows(
            "SELECT o.id, o.total_minor, o.currency, c.name FROM orders o"
            " JOIN customers c ON c.id = o.customer_id"
        ):
            if order_id in self.seen:
                continue
            self.seen.add(order_id)
            self.placed += 1
            lines = sorted(
                self.rows("SELECT plan_id::text, quantity FROM order_lines WHERE order_id = %s", order_id)
            )
            assert (total, lines) == self.expected, what
            assert (currency, customer) == ("EUR", "Acme"), what
        odd = self.rows(
            "SELECT b.quantity, p.code FROM basket_lines b JOIN plans p ON p.id = b.plan_id"
            " JOIN customers c ON c.id = b.customer_id"
            " WHERE b.quantity NOT BETWEEN p.minimum_quantity AND p.maximum_quantity"
            " OR c.name = 'Zebra' AND b.quantity <> 7 OR NOT EXISTS (SELECT 1 FROM listings l"
            "   WHERE l.plan_id = b.plan_id AND l.reseller_id = b.reseller_id)"
        )
        assert not odd, (what, odd)


@pytest.mark.promise("QM3")
def test_no_forged_basket_or_checkout_ever_costs_anything_but_the_models_total(
    world: World, anna: Browser, shop: Callable[..., Browser], postgres: Postgres
) -> None:
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(10**9)))
    print(f"SEED={seed}")  # noqa: T201 to repeat it
    with world.acting():
        loading.load(MORE, {"Partners": Decimal("0.85")})
    world.taxes(19)
    shop("harbour")
    with world.acting():
        for reseller in ("brightfield", "harbour"):
            listings.stock(world.resellers[reseller], world.distributor_id)
    world.give_credit("brightfield", 10**9)
    world.put("zebra", "patch-y", 7)
    url = postgres.admin_url("shop").replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url, autocommit=True) as admin:
        for code, steps in STEPS.items():
            admin.execute(
                "UPDATE listings SET steps = %s FROM plans p WHERE p.id = plan_id AND p.code = %s",
                (steps, code),
            )
        token = dict(HIDDEN.findall(anna.see("/basket")))["csrf_token"]
        hands = Tamperer(world, anna, admin, random.Random(seed), token)
        hands.strange = [
            str(row[0])
            for row in hands.rows(
                "SELECT id FROM plans WHERE code = 'standard-m' UNION ALL SELECT id FROM basket_lines"
                " UNION ALL SELECT id FROM resellers UNION ALL SELECT id FROM customers"
            )
        ]
        for number in range(CASES):
            act = hands.rng.choice((hands.add, hands.add, hands.change, hands.checkout, hands.checkout))
            answer = act()
            what = f"SEED={seed}, case {number}: {act.__name__} {answer.status_code}"
            assert answer.status_code < 500 or "did not answer" in answer.text, (what, answer.text[-2000:])
            hands.judge(what)
        assert hands.placed >= CASES // 40, "too few were placed to tell anything"
