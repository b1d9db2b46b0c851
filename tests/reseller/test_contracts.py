"""A reseller adds a subscription for a customer: three inputs, the step of the typed number, and who supports
the customer from then on."""

import re

import pytest
from sqlalchemy import select

from catalog.price_lists import WholesalePrice
from checkout.orders import OrderWholesale
from core import db, parties
from core.parties import OrderedBy
from partners import support_types
from partners.support_types import Described
from tests.forms import forms_of
from tests.partners import programme_stage
from tests.reseller.conftest import Person
from tests.reseller.test_accounts import code_of, options, qualify, type_id
from tests.world import World, open_portal

ADD = "/reseller/subscriptions/add"
VENDOR, PARTNER = "Vendor supported", "Partner supported"


@pytest.fixture(autouse=True)
def secured(world: World) -> None:
    """Brightfield is a qualified partner, has credit, and pays less from 10 and 100 on."""
    open_portal(world)
    programme_stage.open_programme(world, "secure")
    programme_stage.apply(world, "secure", email="bea@people.example")
    version = programme_stage.approve(world, "bea@people.example")
    programme_stage.sign(world, programme_stage.token(world, "bea@people.example"), version)
    with world.acting():
        programme = programme_stage.the_programme("secure")
        support_types.keep_type(programme, Described(VENDOR, "The vendor answers and mends."))
        support_types.keep_type(programme, Described(PARTNER, "You answer.", needs_qualification=True))
    qualify(world)
    steps(world, "m365-bb-y", [[10, 4_00], [100, 3_00]])
    steps(world, "patch-y", [[100, 15_00]])
    world.give_credit("brightfield", 2000_00)


def steps(world: World, plan: str, rows: list[list[int]]) -> None:
    plan_id = world.plan(plan).id
    with world.acting():
        db.session().scalars(
            select(WholesalePrice).where(WholesalePrice.plan_id == plan_id)
        ).one().steps = rows


def form_of(bea: Person, customer: str, product: str = "m365-bb", **query: str) -> dict[str, str]:
    """What the form holds before anything is typed."""
    more = "".join(f"&{name}={value}" for name, value in query.items())
    page = bea.sees(f"{ADD}?customer={customer}&product={product}{more}")
    [form] = [one for one in forms_of(page) if one.method == "post" and "request_key" in one.fields]
    return {name: values[0] for name, values in form.fields.items()}


@pytest.mark.behaviour("P17", "U16", "U17", "U18", "U19", "U20", "U21")
def test_a_reseller_adds_a_subscription_with_three_inputs(world: World, bea: Person) -> None:
    acme = code_of(world)
    with world.acting("brightfield"):
        support_types.choose(parties.customer(world.customers["acme"]), type_of(world, VENDOR))
    bea.sees("/reseller/money", f"{ADD}")
    bea.sees("/reseller/customers", f"{ADD}")
    bea.sees(f"/reseller/customers/{acme}/settings", f"{ADD}?customer={acme}")
    typed = form_of(bea, acme)
    assert set(typed) == {"request_key", "customer", "product", "support", "quantity", "plan"}
    assert (typed["quantity"], typed["support"]) == ("", type_id(world, VENDOR))
    page = bea.sees(f"{ADD}?customer={acme}&product=m365-bb")
    assert options(page) == [VENDOR, PARTNER]
    assert "Monthly: billed each month, for one year" in page
    at = f"{ADD}/price?customer={acme}&product=m365-bb&plan=m365-bb-y"
    bea.sees(f"{at}&quantity=9", "You pay per seat", "€4.76", "€42.84")
    bea.sees(f"{at}&quantity=10", "€4.00", "€40.00")
    bea.sees(f"{at}&quantity=100", "€3.00", "€300.00", "€560.00")
    bea.sees(f"{at}&quantity=1", "The minimum is 2 seats")
    said = form_of(bea, acme, "patch") | {"quantity": "100", "support": type_id(world, PARTNER)}
    placed = bea.places(ADD, **said)
    order = world.order(re.findall(r"ORD-\w+", placed)[0])
    assert (order.total.text, order.placed_by, order.state) == ("€2,495.00", "Bea", "funded")
    with world.acting():
        leg = db.session().scalars(select(OrderWholesale).where(OrderWholesale.order_id == order.id)).one()
        assert (leg.unit_minor, leg.total_minor) == (15_00, 1500_00)
    with world.acting("brightfield"):
        kept = support_types.of_customer(world.customers["acme"])
        assert kept
        assert kept.label == PARTNER
    assert order.code in bea.places(ADD, **said), "the same form once more gives the first order"


def type_of(world: World, label: str):
    """The id of a support type, as a rule takes it."""
    return support_types.offered(world.resellers["brightfield"])[[VENDOR, PARTNER].index(label)].id


@pytest.mark.behaviour("U13")
def test_plan_prices_stand_in_the_section_of_what_is_billed(world: World, bea: Person) -> None:
    bea.sees("/reseller/money", "/reseller/money/plan-prices")
    page = bea.sees("/reseller/money/plan-prices?q=patch", "0patch Pro, Yearly", "€21.21", "100: €15.00")
    assert "Business Basic" not in page
    assert "100: €15.00" in bea.get("/reseller/money/plan-prices.csv").text


@pytest.mark.behaviour("H45", "U18")
def test_a_refused_form_comes_back_as_it_was_and_changes_nothing(world: World, bea: Person) -> None:
    acme = code_of(world)
    with world.acting():
        parties.customer(world.customers["acme"]).ordered_by = OrderedBy.RESELLER
    typed = form_of(bea, acme, "patch") | {"support": type_id(world, PARTNER)}
    for quantity, words in (
        ("", "whole number"),
        ("-1", "whole number"),
        ("1e309", "whole number"),
        ("2.5", "whole number"),
        ("0", "The minimum is 1 seat;"),
        ("10001", "The maximum is 10000 seats"),
    ):
        refused = bea.post(ADD, **typed | {"quantity": quantity})
        assert refused.status_code == 422
        assert words in refused.text
        assert f'value="{quantity}"' in refused.text
    for changed, status in (
        ({"support": ""}, 422),
        ({"plan": "standard-m"}, 422),
        ({"customer": code_of(world, "zebra")}, 404),
        ({"quantity": "150"}, 422),  # more than its credit
    ):
        assert bea.post(ADD, **typed | {"quantity": "5"} | changed).status_code == status
    with world.acting("brightfield"):
        assert support_types.of_customer(world.customers["acme"]) is None
    assert bea.places(ADD, **typed | {"quantity": "5"}).startswith("/reseller/orders/ORD-")
