"""Which rule makes a retail price, what it makes, how that is rounded; and that the statement which writes
prices into shelves makes the same."""

import json
from collections.abc import Sequence
from fractions import Fraction
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from catalog import retail_rules, rounding, shelf_prices
from catalog.listings import Listing
from catalog.products import Plan
from catalog.retail_rules import Level, Method, Target, Wanted, WrongValue
from catalog.rounding import OFFERED, Rounding
from core import db, money
from core.money import Money
from core.tenancy import same_key
from tests.sizes import often
from tests.world import World, open_portal

PLAN = Target(uuid4(), uuid4(), "Microsoft", "Productivity", "EUR")


def rule(level: Level, method: Method = Method.PERCENT, **more: object) -> Wanted:
    return Wanted(**{"level": level, "target": PLAN.at(level), "method": method, **more})  # type: ignore[arg-type]


currencies = st.sampled_from(["EUR", "JPY", "KWD"])
roundings = currencies.flatmap(
    lambda code: st.sampled_from(OFFERED[money.exponent(code)]).flatmap(
        lambda pair: st.booleans().map(lambda up: Rounding(*pair, up))
    )
)


@given(st.integers(0, 10**9), st.integers(1, 10_000), roundings)
@settings(max_examples=often(80, 10_000), deadline=None)
def test_a_rounded_price_has_its_ending_and_is_the_nearest_or_the_next(n: int, d: int, by: Rounding) -> None:
    exact = Fraction(n, d)
    price = rounding.to(exact, by)
    if not exact:
        assert price == 0
        return
    assert price >= by.ending
    assert (price - by.ending) % by.step == 0
    lowest = price == by.ending
    if by.up:
        assert price >= exact
        assert lowest or price - exact < by.step
    else:
        assert (lowest and exact <= price) or abs(price - exact) * 2 <= by.step


@given(st.lists(st.tuples(st.sampled_from(list(Level)), st.sampled_from(["", "EUR", "USD"])), max_size=8))
@settings(max_examples=often(40, 10_000), deadline=None)
def test_the_most_specific_rule_that_covers_a_plan_makes_its_price(found: list[tuple[Level, str]]) -> None:
    rules = [rule(level, currency=currency) for level, currency in found]
    strangers = [Wanted(Level.VENDOR, "Huntress", Method.LIST), Wanted(Level.PLAN, str(uuid4()), Method.LIST)]
    standing = retail_rules.in_order([*strangers, *rules], PLAN)
    covering = [one for one in rules if one.currency != "USD"]
    assert len(standing) == len(covering)
    if covering:
        assert standing[0].level == max((one.level for one in covering), key=list(Level).index)


@pytest.mark.parametrize(
    ("wanted", "price"),
    [
        (rule(Level.ALL, points=2500), "€10.63"),
        (rule(Level.ALL, points=-5000), "€4.25"),
        (rule(Level.ALL, Method.FIXED, amount_minor=150, currency="EUR"), "€10.00"),
        (rule(Level.ALL, Method.MARGIN, points=1500), "€10.00"),
        (rule(Level.ALL, Method.LIST, points=-1000), "€9.00"),
        (rule(Level.ALL, Method.ABSOLUTE, amount_minor=999, currency="EUR"), "€9.99"),
    ],
)
def test_each_method_makes_its_price(wanted: Wanted, price: str) -> None:
    paid, recommended = Money(850, "EUR"), Money(1000, "EUR")
    made = retail_rules.made(wanted, paid=paid, recommended=recommended, by=rounding.EXACT)
    assert made is not None
    assert made.text == price


def test_a_rule_on_what_is_paid_makes_nothing_where_that_is_not_known() -> None:
    for method in (Method.PERCENT, Method.FIXED, Method.MARGIN):
        wanted = rule(Level.ALL, method, points=1000)
        assert retail_rules.made(wanted, paid=None, recommended=Money(1, "EUR"), by=rounding.EXACT) is None


@pytest.mark.parametrize("typed", ["", "much", "NaN", "1e309", "1e999999", "-91", "901", "1.005"])
def test_a_percentage_nobody_means_is_refused(typed: str) -> None:
    with pytest.raises(WrongValue, match="between -90 and 900"):
        retail_rules.parse_points(typed, Method.PERCENT)
    with pytest.raises(WrongValue, match="between 0 and 95"):
        retail_rules.parse_points("95.5" if typed == "901" else typed, Method.MARGIN)


# --- The statement ------------------------------------------------------------------------------------------

rows = st.tuples(
    st.integers(0, 10**7),  # what the list says
    st.integers(0, 10**7),  # wholesale
    st.lists(st.integers(0, 10**7), max_size=3),  # its volume steps
    st.sampled_from(list(Method)),
    st.integers(-9000, 90_000),
    st.integers(0, 10**6),
)


def rounded(currency: str) -> st.SearchStrategy[Rounding]:
    pairs = st.sampled_from(OFFERED[money.exponent(currency)])
    return st.tuples(pairs, st.booleans()).map(lambda both: Rounding(*both[0], both[1]))


Case = tuple[int, int, list[int], Method, int, int]


@given(st.lists(rows, min_size=1, max_size=3), rounded("EUR"), st.integers(0, 3000))
@settings(max_examples=often(12, 3_400), deadline=None)
def in_sql_as_in_words(world: World, cases: Sequence[Case], by: Rounding, discount: int) -> None:
    """Each case is put on one of Brightfield's three listings, and the shelf is priced by the statement."""
    with world.acting():
        reseller_id = world.resellers["brightfield"]
        listings = (
            db.session()
            .scalars(select(Listing).where(Listing.reseller_id == reseller_id).order_by(Listing.id))
            .all()
        )
        values = []
        for listing, (listed, paid, steps, method, points, amount) in zip(listings, cases, strict=False):
            points = min(max(points, 0), 9500) if method is Method.MARGIN else points
            values.append((listing, listed, paid, steps, method, points, amount))
        found = shelf_prices_of(reseller_id, values, by, discount)
        for listing, listed, paid, steps, method, points, amount in values:
            currency = "EUR" if method is Method.FIXED else ""
            wanted = Wanted(Level.PLAN, str(listing.plan_id), method, points, amount, currency)
            expected = [
                retail_rules.made(
                    wanted,
                    paid=Money(each, "EUR").times(Fraction(10_000 - discount, 10_000)),
                    recommended=Money(listed, "EUR"),
                    by=by,
                )
                for each in [
                    paid,
                    *(steps if method in (Method.PERCENT, Method.FIXED, Method.MARGIN) else []),
                ]
            ]
            assert found[listing.id] == [one.minor for one in expected if one is not None]


def shelf_prices_of(
    reseller_id: UUID,
    values: Sequence[tuple[Listing, int, int, list[int], Method, int, int]],
    by: Rounding,
    discount: int,
) -> dict[UUID, list[int]]:
    """The statement over values instead of tables: only its arithmetic."""
    plain = [
        {
            "id": str(listing.id), "list_minor": listed, "wholesale_minor": paid, "discount": discount,
            "wholesale_steps": [[at, minor] for at, minor in enumerate(steps, start=2)],
            "method": method.value, "points": points, "amount_minor": amount,
        }
        for listing, listed, paid, steps, method, points, amount in values
    ]  # fmt: skip
    sql = f"""WITH shelf AS (SELECT s.*, '[]'::jsonb AS list_steps, 0::bigint AS was_minor, '[]'::jsonb AS was_steps, s.id AS rule_id, %(distributor)s::uuid AS distributor_id, %(reseller)s::uuid AS reseller_id,
      'EUR' AS currency FROM jsonb_to_recordset(%(rows)s::jsonb) AS s (id uuid, list_minor bigint, wholesale_minor bigint, discount bigint, wholesale_steps jsonb)),
    rules AS (SELECT r.*, 'plan' AS level, '' AS target, '[]'::jsonb AS steps FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (id uuid, method text, points bigint, amount_minor bigint)),
    rounding_rules AS (SELECT %(distributor)s::uuid AS distributor_id, %(reseller)s::uuid AS reseller_id, 'EUR' AS currency,
      %(step)s::bigint AS step, %(ending)s::bigint AS ending, %(up)s::boolean AS up),
    {shelf_prices.ARITHMETIC} SELECT id, now_minor, now_steps FROM made"""  # noqa: E501, S608 SQL of ours
    arguments = {
        "rows": json.dumps(plain), "distributor": uuid4(), "reseller": reseller_id,
        "step": by.step, "ending": by.ending, "up": by.up,
    }  # fmt: skip
    made = db.driver().execute(sql.encode(), arguments).fetchall()
    return {listing_id: [first, *(minor for _begin, minor in steps)] for listing_id, first, steps in made}


def test_the_statement_makes_what_the_rules_say(world: World) -> None:
    open_portal(world)
    in_sql_as_in_words(world)


def test_rules_wholesale_tier_and_list_price_are_written_into_the_shelf(world: World) -> None:
    open_portal(world)
    with world.acting():
        reseller_id = world.resellers["brightfield"]
        retail_rules.put(reseller_id, [Wanted(Level.CATEGORY, "Productivity", Method.PERCENT, 2500)])
        retail_rules.put(reseller_id, [Wanted(Level.VENDOR, "0patch", Method.MARGIN, 2000)])
        assert shelf_prices.follow(reseller_id) == {reseller_id}
        assert shelf_prices.follow(reseller_id) == set()  # nothing is written twice
        lines = {
            code: (listing.price.text, listing.lead)
            for listing, code in db.session().execute(
                select(Listing, Plan.code)
                .join(Plan, same_key(Plan.id, Listing.plan_id))
                .where(Listing.reseller_id == reseller_id)
            )
        }
        assert lines == {
            "patch-y": ("€26.51", True), "m365-bb-m": ("€6.38", False), "m365-bb-y": ("€5.95", True),
        }  # fmt: skip
