"""The world of the benchmarks: 100 shops with 1,000 products each on their shelf, customers with sessions,
baskets that are ready to be ordered. The distributor and its house shop are made by the product's own
functions, the bulk by statements of the administrator."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

import psycopg

from billing import gateways, tax
from catalog import loading
from core import db, parties, tenancy
from core.tenancy import Scope, Side
from partners import companies, storefronts
from partners.companies import Details
from provisioning.connectors.signed_licence import new_signing_key
from provisioning.deliveries import ConnectorSettings

SHOPS = 100
PRODUCTS = 1000
BUYERS = 6000
CSRF = "benchmark-token"


@dataclass(frozen=True, slots=True)
class Seeded:
    """What the load scripts need to know."""

    distributor_id: UUID
    shops: int
    products: int
    buyers: int


CATALOGUE = {
    "currency": "EUR",
    "product_type": [
        {"code": "key", "name": "Licence keys", "connector": "signed_licence", "audience": "customer"}
    ],
    "product": [
        {
            "code": "first",
            "type": "key",
            "name": "First",
            "vendor": "Maker",
            "category": "Security",
            "summary": "First of many.",
            "plan": [{"code": "first-m", "name": "Monthly", "term": "P1M", "price": "5.00"}],
        }
    ],
}

BULK = """
INSERT INTO products (distributor_id, id, product_type_id, code, name, vendor, category, summary, description, published)
SELECT %(d)s, gen_random_uuid(), t.id, 'p' || g, 'Product ' || lpad(g::text, 4, '0'), 'Maker ' || g %% 20, 'Category ' || g %% 12,
       'A sentence about what this product does for you, and one about who makes it.', repeat('More words. ', 20), true
FROM generate_series(1, %(products)s) g, product_types t WHERE t.distributor_id = %(d)s AND t.code = 'key';
INSERT INTO plans (distributor_id, id, product_id, code, sku, name, term, billing_period, minimum_quantity, maximum_quantity, list_minor, currency,
                   features, published)
SELECT distributor_id, gen_random_uuid(), id, code || '-m', code, 'Monthly', 'P1M', 'P1M', 1, 10000, 500 + length(name) * 7, 'EUR', '{}', true
FROM products WHERE distributor_id = %(d)s AND code <> 'first';
INSERT INTO plan_costs (distributor_id, id, plan_id, cost_minor, currency)
SELECT distributor_id, gen_random_uuid(), id, list_minor * 7 / 10, 'EUR' FROM plans p WHERE distributor_id = %(d)s ON CONFLICT DO NOTHING;
INSERT INTO wholesale_prices (distributor_id, id, price_list_id, plan_id, price_minor, currency)
SELECT p.distributor_id, gen_random_uuid(), l.id, p.id, p.list_minor * 8 / 10, 'EUR' FROM plans p, price_lists l
WHERE p.distributor_id = %(d)s AND l.distributor_id = %(d)s ON CONFLICT DO NOTHING;
INSERT INTO resellers (distributor_id, id, company_id, code, name, email, country, price_list_id, enable_reselling, ordering_enabled, house, created_at)
SELECT %(d)s, gen_random_uuid(), gen_random_uuid(), 'R' || g, 'Reseller ' || g, 'r@example.org', 'DE', l.id, true, true, false, now()
FROM generate_series(1, %(shops)s) g, price_lists l WHERE l.distributor_id = %(d)s;
INSERT INTO storefronts (distributor_id, id, reseller_id, code, alias, name, state, theme, settings, currency, version, shelf_version, created_at)
SELECT distributor_id, gen_random_uuid(), id, 's-' || lower(code), 'shop' || substr(code, 2), name, 'open', 'aurora', '{}', 'EUR', gen_random_uuid(),
       gen_random_uuid(), now()
FROM resellers WHERE distributor_id = %(d)s AND NOT house;
INSERT INTO listings (distributor_id, id, reseller_id, plan_id, product_id, sort_key, lead, published, price_minor, currency)
SELECT p.distributor_id, gen_random_uuid(), r.id, pl.id, p.id, lower(p.name), true, true, pl.list_minor + 10, 'EUR'
FROM products p JOIN plans pl ON pl.distributor_id = p.distributor_id AND pl.product_id = p.id
JOIN resellers r ON r.distributor_id = p.distributor_id AND NOT r.house WHERE p.distributor_id = %(d)s;
SELECT set_config('app.distributor_id', %(d)s::text, false), set_config('app.reseller_id', '', false);
SELECT i.* FROM resellers r CROSS JOIN LATERAL index_listings_v4(r.id, NULL) i WHERE r.distributor_id = %(d)s AND NOT r.house;
INSERT INTO customers (distributor_id, id, reseller_id, company_id, code, name, email, country, ordered_by, created_at)
SELECT r.distributor_id, gen_random_uuid(), r.id, gen_random_uuid(), 'C' || g, 'Customer ' || g, 'c@example.org', 'DE', 'customer', now()
FROM generate_series(1, %(buyers)s) g JOIN resellers r ON r.distributor_id = %(d)s AND r.code = 'R' || (g %% %(shops)s + 1);
INSERT INTO company_details (distributor_id, id, reseller_id, customer_id, standing_id, legal_name, street, postcode, city, country, tax_id, changed_at)
SELECT distributor_id, gen_random_uuid(), id, NULL, id, name || ' GmbH', 'Hauptstrasse 1', '80331', 'Munich', 'DE', '', now()
FROM resellers WHERE distributor_id = %(d)s AND NOT house
UNION ALL SELECT distributor_id, gen_random_uuid(), reseller_id, id, id, name || ' GmbH', 'Hauptstrasse 1', '80331', 'Munich', 'DE', '', now()
FROM customers WHERE distributor_id = %(d)s;
INSERT INTO persons (id, email, name, created_at) SELECT gen_random_uuid(), 'buyer' || g || '@example.org', 'Buyer ' || g, now()
FROM generate_series(1, %(buyers)s) g;
INSERT INTO memberships (distributor_id, id, reseller_id, customer_id, person_id, side, email, name, roles, created_at)
SELECT c.distributor_id, gen_random_uuid(), c.reseller_id, c.id, p.id, 'customer', p.email, p.name, '["admin"]', now()
FROM customers c JOIN persons p ON p.email = 'buyer' || substr(c.code, 2) || '@example.org' WHERE c.distributor_id = %(d)s;
INSERT INTO sessions (id, token_hash, distributor_id, storefront_id, host, person_id, membership_id, csrf, created_at, last_seen_at, expires_at)
SELECT gen_random_uuid(), sha256(convert_to('token-' || substr(c.code, 2), 'UTF8')), m.distributor_id, f.id, '127.0.0.1', m.person_id, m.id, %(csrf)s,
       now(), now() + interval '1 hour', now() + interval '1 day'
FROM memberships m JOIN customers c ON c.distributor_id = m.distributor_id AND c.id = m.customer_id
JOIN storefronts f ON f.distributor_id = m.distributor_id AND f.reseller_id = m.reseller_id WHERE m.distributor_id = %(d)s;
"""  # noqa: E501 SQL

FILL = """
INSERT INTO basket_lines (distributor_id, id, reseller_id, customer_id, membership_id, plan_id, quantity, fields, added_at)
SELECT m.distributor_id, gen_random_uuid(), m.reseller_id, m.customer_id, m.id, l.plan_id, 1 + k, '{}', now()
FROM memberships m CROSS JOIN generate_series(1, 2) k
JOIN LATERAL (SELECT plan_id FROM listings l WHERE l.distributor_id = m.distributor_id AND l.reseller_id = m.reseller_id ORDER BY sort_key
              OFFSET k + (hashtext(m.email) & 63) LIMIT 1) l ON true
WHERE m.distributor_id = %(d)s AND m.side = 'customer' ON CONFLICT DO NOTHING
"""  # noqa: E501 SQL


def seed(admin_url: str) -> Seeded:
    """Fills an empty, migrated database."""
    distributor_id = found()
    run(admin_url, BULK, distributor_id)
    return Seeded(distributor_id, SHOPS, PRODUCTS, BUYERS)


def found() -> UUID:
    """The distributor with its own shop, in an empty, migrated database."""
    distributor_id, _ = parties.found_distributor(
        name="Bench", code="bench", currency="EUR", email="desk@example.org", sandbox=True
    )
    with tenancy.acting_as(Scope(Side.DISTRIBUTOR, distributor_id)), db.transaction():
        prices = loading.price_list("Partners", "EUR")
        loading.load(CATALOGUE, {"Partners": Decimal("0.8")})
        house = parties.add_reseller(
            name="Bench", email="desk@example.org", price_list_id=prices.id, house=True
        )
        storefronts.open_house(house, name="Bench", hosts=["127.0.0.1"], currency="EUR")
        companies.keep(Details("Bench GmbH", "Hauptstrasse 1", "80331", "Munich", "DE"))
        tax.add_rate("DE", "VAT 19 %", 1900, date(2021, 1, 1))
        db.add(ConnectorSettings(connector="signed_licence", settings={"signing_key": new_signing_key()}))
        db.add(
            gateways.Gateway(
                code="bench",
                account_id="acct_bench",
                secret_key="sk_test_bench",  # noqa: S106 opens nothing: nobody listens at api_base
                webhook_secret="whsec_" + "b" * 32,
                api_base="http://127.0.0.1:9",
            )
        )
    return distributor_id


def fill_baskets(admin_url: str, distributor_id: UUID) -> None:
    """Two lines in every buyer's basket, ready to be ordered."""
    run(admin_url, FILL, distributor_id)


def run(admin_url: str, statements: str, distributor_id: UUID) -> None:
    """As the server's administrator, whom row-level security does not bind."""
    values = {"d": distributor_id, "shops": SHOPS, "products": PRODUCTS, "buyers": BUYERS, "csrf": CSRF}
    with psycopg.connect(
        admin_url.replace("postgresql+psycopg", "postgresql"), autocommit=True
    ) as connection:
        for statement in statements.split(";\n"):
            if statement.strip():
                connection.execute(statement.encode(), values)
        connection.execute("ANALYZE")


def cookie(shop: int, buyer: int) -> str:
    """The session cookie of a buyer of a shop."""
    return f"s-s-r{shop}=token-{buyer}"
