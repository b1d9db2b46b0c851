"""The smallest honest Flask pages of the same work: what this machine allows at all. One indexed query and a
compiled template for a list or a product, one upsert for a basket, one transaction and one ring for an
order."""

import os
import random
from functools import cache
from typing import Any

from flask import Flask, Response, jsonify, request
from psycopg_pool import ConnectionPool
from redis import Redis
from rq import Queue

app = Flask(__name__)

PAGE = app.jinja_env.from_string("""<!doctype html><html><head><title>{{ brand }} catalogue</title><link rel=stylesheet href=/s.css></head><body>
<header><a href=/>{{ brand }}</a><nav>{% for c in categories %}<a href="/c/{{ c }}">Category {{ c }}</a>{% endfor %}</nav></header><main>
{% for p in rows %}<article><h3><a href="/p/{{ p[0] }}">{{ p[1] }}</a></h3><p>{{ p[2][:160] }}</p><b>{{ p[3] }} EUR</b>
<form method=post action=/cart><input type=hidden name=p value={{ p[0] }}><button>Add</button></form></article>{% endfor %}
</main><a href="?after={{ rows[-1][0] if rows else 0 }}">Next</a></body></html>""")  # noqa: E501 HTML
ONE = app.jinja_env.from_string("""<!doctype html><html><head><title>{{ p[1] }}</title></head><body><h1>{{ p[1] }}</h1><p>{{ p[2] }}</p>
<b>{{ p[3] }} EUR</b><form method=post action=/cart><input type=hidden name=p value={{ p[0] }}><button>Add</button></form></body></html>""")  # noqa: E501 HTML

SCHEMA = """
CREATE TABLE product (id int PRIMARY KEY, tenant_id int NOT NULL, name text NOT NULL, descr text NOT NULL);
CREATE INDEX ON product (tenant_id, id);
CREATE TABLE price (list_id int, product_id int REFERENCES product, amount numeric NOT NULL, PRIMARY KEY (list_id, product_id));
CREATE TABLE cart_line (cart_id bigint, product_id int, qty int NOT NULL, PRIMARY KEY (cart_id, product_id));
CREATE TABLE orders (id bigserial PRIMARY KEY, customer_id int, total numeric, state text, created_at timestamptz DEFAULT now());
CREATE TABLE order_line (id bigserial PRIMARY KEY, order_id bigint REFERENCES orders, product_id int, qty int, amount numeric);
CREATE TABLE subscription (id bigserial PRIMARY KEY, order_id bigint REFERENCES orders, customer_id int, state text);
CREATE TABLE outbox (id bigserial PRIMARY KEY, topic text, ref bigint);
INSERT INTO product SELECT g, 1, 'Product ' || g, repeat('A sentence about this product. ', 8) FROM generate_series(1, 1000) g;
INSERT INTO price SELECT 1, g, (g % 90) + 9.95 FROM generate_series(1, 1000) g;
"""  # noqa: E501 SQL


@cache
def pool() -> Any:
    """Connections of this process."""
    return ConnectionPool(
        os.environ["LIMIT_DSN"],
        min_size=2,
        max_size=8,
        open=True,
        kwargs={"autocommit": True, "prepare_threshold": 2},
    )


@cache
def queue() -> Queue:
    """A queue nobody listens to."""
    return Queue("limit", connection=Redis.from_url(os.environ["LIMIT_REDIS"]))


@app.get("/hello")
def hello() -> str:
    """No database."""
    return "hello"


@app.get("/list")
def shelf() -> str:
    """24 priced rows by keyset."""
    after = request.args.get("after", 0, int)
    with pool().connection() as c:
        rows = c.execute(
            "select p.id, p.name, p.descr, x.amount from product p"
            " join price x on x.product_id = p.id and x.list_id = %s"
            " where p.tenant_id = %s and p.id > %s order by p.id limit 24",
            (1, 1, after),
        ).fetchall()
    return PAGE.render(rows=rows, brand="Reseller", categories=range(20))


@app.get("/detail/<int:number>")
def detail(number: int) -> str:
    """One row."""
    with pool().connection() as c:
        row = c.execute(
            "select p.id, p.name, p.descr, x.amount from product p"
            " join price x on x.product_id = p.id and x.list_id = 1 where p.id = %s",
            (number,),
        ).fetchone()
    return ONE.render(p=row)


@app.post("/cart")
def cart() -> Response:
    """One upsert, one commit."""
    with pool().connection() as c:
        c.execute(
            "insert into cart_line (cart_id, product_id, qty) values (%s, %s, 1)"
            " on conflict (cart_id, product_id) do update set qty = cart_line.qty + 1",
            (random.getrandbits(40), random.randint(1, 1000)),
        )
    return jsonify(ok=True)


@app.post("/order")
def order() -> Response:
    """Order, two lines, subscription and outbox row in one commit, then one ring."""
    customer = random.randint(1, 1000)
    with pool().connection() as c, c.transaction(), c.pipeline():
        made = c.execute(
            "insert into orders (customer_id, total, state) values (%s, 12.30, 'paid') returning id",
            (customer,),
        ).fetchone()[0]
        c.execute(
            "insert into order_line (order_id, product_id, qty, amount)"
            " values (%s, %s, 1, 6.15), (%s, %s, 1, 6.15)",
            (made, customer, made, customer),
        )
        c.execute(
            "insert into subscription (order_id, customer_id, state) values (%s, %s, 'pending')",
            (made, customer),
        )
        c.execute("insert into outbox (topic, ref) values ('provision', %s)", (made,))
    queue().enqueue("builtins.len", "", result_ttl=0)
    return jsonify(order=made)
