"""A distributor's programmes with many partners in them: 10,000 partners and as many applications, 20,000
deals, 100,000 commissions, invitations and accepted terms. `benchmarks.scale` asks for every list of them,
and for the reviewer's page that looks for whoever is called alike, as it does for resellers and customers.
"""

from typing import Any

import psycopg

from partners import deal_rules
from tests.partners import agreement_stage, deal_stage, test_invitations, tier_stage
from tests.partners.programme_stage import the_programme
from tests.world import World

PARTNERS = """
DROP TABLE IF EXISTS made, made_customers;
CREATE TEMP TABLE made AS
  SELECT substr(code, 5)::int AS n, id AS reseller_id, name, email, created_at AS at, gen_random_uuid() AS application_id,
    gen_random_uuid() AS enrolment_id
  FROM resellers WHERE code LIKE 'RES-%%' AND substr(code, 5) ~ '^[0-9]+$' AND substr(code, 5)::int BETWEEN %(first)s AND %(last)s;
CREATE TEMP TABLE made_customers AS
  SELECT m.n, m.reseller_id, m.enrolment_id, c.id AS customer_id, c.name, c.email, c.created_at AS at
  FROM made m JOIN customers c ON c.reseller_id = m.reseller_id
"""  # noqa: E501 SQL

# fmt: off
PER_RESELLER = (
    ("applications", "'id', m.application_id, 'code', 'APP-' || m.n, 'company', m.name, 'email', m.email, 'nonce', m.n::text, 'token_hash', sha256(m.n::text::bytea), 'submitted_at', m.at, 'state', (ARRAY['submitted', 'signed', 'declined'])[1 + m.n % 3]"),  # noqa: E501 SQL
    ("enrolments", "'id', m.enrolment_id, 'reseller_id', m.reseller_id, 'application_id', m.application_id, 'signed_at', m.at, 'tier_name', (ARRAY['Silver', 'Gold', 'Platinum'])[1 + m.n % 3]"),  # noqa: E501 SQL
    ("deals", "'id', gen_random_uuid(), 'code', 'DEA-' || m.n, 'reseller_id', m.reseller_id, 'company', m.name || ' Logistik GmbH', 'name_key', 'key ' || m.n, 'domain', 'd' || m.n || '.example', 'tax_id', '', 'value_minor', m.n * 100, 'registered_at', m.at, 'state', (ARRAY['pending', 'approved', 'expired', 'lost'])[1 + m.n % 4], 'ends_at', m.at + interval '90 days'"),  # noqa: E501 SQL
    ("deals", "'id', gen_random_uuid(), 'code', 'OLD-' || m.n, 'reseller_id', m.reseller_id, 'company', 'Otterbach ' || m.n, 'name_key', 'old ' || m.n, 'domain', '', 'tax_id', '', 'registered_at', m.at, 'state', 'expired', 'ends_at', m.at"),  # noqa: E501 SQL
)
PER_CUSTOMER = (
    ("commissions", "'id', gen_random_uuid(), 'reseller_id', m.reseller_id, 'customer_id', m.customer_id, 'customer_name', m.name, 'enrolment_id', m.enrolment_id, 'amount_minor', m.n, 'earned_at', m.at"),  # noqa: E501 SQL
    ("invitations", "'id', gen_random_uuid(), 'reseller_id', m.reseller_id, 'customer_id', m.customer_id, 'email', m.email, 'name', m.name, 'nonce', m.customer_id::text, 'token_hash', sha256(m.customer_id::text::bytea), 'created_at', m.at"),  # noqa: E501 SQL
    ("terms_acceptances", "'id', gen_random_uuid(), 'reseller_id', m.reseller_id, 'buyer_id', m.customer_id, 'company_id', m.customer_id, 'company', m.name, 'email', m.email, 'order_id', gen_random_uuid(), 'order_code', 'ORD-' || m.n, 'accepted_at', m.at"),  # noqa: E501 SQL
)
# fmt: on

ADDRESSES = (
    "/distributor/deals",
    "/distributor/deals?show=new",
    "/distributor/deals?sort=company",
    "/distributor/deals?sort=-until",
    "/distributor/deals?q=logistik",
    "/distributor/deals?q=nobody-at-all",
    "/distributor/deals/DEA-4",
    "/distributor/applications",
    "/distributor/applications?q=partners 7",
    "/distributor/applications?q=nobody-at-all",
    "/distributor/partnerships",
    "/distributor/partnerships?q=partners 7",
    "/distributor/partnerships?q=nobody-at-all",
    "/distributor/programmes",
    "/distributor/programmes/gold",
    "/distributor/commissions",
    "/distributor/commissions?q=works 7",
    "/distributor/commissions?q=nobody-at-all",
    "/distributor/invitations",
    "/distributor/invitations?q=works 7",
    "/distributor/invitations?q=nobody-at-all",
    "/distributor/acceptances",
    "/distributor/acceptances?q=works 7",
    "/distributor/acceptances?q=nobody-at-all",
    "/distributor/managers",
    "/distributor/work",
)


def begin(world: World) -> None:
    """One of each thing, made by the product's own functions; the many are copies of it."""
    tier_stage.open_tiers(world)
    with world.acting():
        deal_rules.keep(the_programme(), deal_rules.Rules(takes_deals=True))
    tier_stage.enrol(world)
    tier_stage.win(world, 1)
    deal_stage.register(world)
    test_invitations.invite(world)
    agreement_stage.accept(world, agreement_stage.agreement(world))


def fill(admin: psycopg.Connection[Any], first: int, last: int) -> None:
    """What the partners of these numbers and their customers have, as the administrator; `scale.fill` made
    them."""
    for statement in (PARTNERS % {"first": first, "last": last}).split(";\n"):
        admin.execute(statement.encode())
    for source, tables in (("made", PER_RESELLER), ("made_customers", PER_CUSTOMER)):
        for table, changed in tables:
            admin.execute(
                f"INSERT INTO {table} SELECT (jsonb_populate_record(s.t, jsonb_build_object({changed}))).*"  # noqa: S608 our own names
                f" FROM (SELECT t FROM {table} t LIMIT 1) s CROSS JOIN {source} m".encode()
            )
    admin.execute("VACUUM ANALYZE")
