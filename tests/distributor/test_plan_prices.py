"""Prices by quantity at the consoles: typed into a table, followed by other plans, explained to whoever may
see them."""

import html
import re

import pytest
from sqlalchemy import select

from catalog.listings import Listing
from catalog.price_lists import WholesalePrice
from catalog.products import PlanCost
from core import db
from tests.distributor.test_catalogue import INPUT
from tests.forms import forms_of
from tests.visits import Visit
from tests.world import World, open_portal

PATCH = "/distributor/catalogue/patch/prices/patch-y"
MONTH = "/distributor/catalogue/m365-bb/prices/m365-bb-m"


def words(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def table(visit: Visit, at: str, *rows: tuple[str, ...]) -> dict[str, str]:
    """The table of steps with these rows typed into it: number of units, then a price for each column."""
    [form] = [one for one in forms_of(visit.get(at).text) if "from-0" in one.fields]
    sent = {name: values[0] for name, values in form.fields.items() if name != "csrf_token"}
    columns = [name.removesuffix("-0") for name in sent if name.endswith("-0")]
    for number, row in enumerate(rows):
        sent |= {f"{column}-{number}": value for column, value in zip(columns, row, strict=True)}
    return sent


def stored(world: World, code: str) -> tuple[object, object, object]:
    """The steps of list price, cost and wholesale."""
    plan = world.plan(code)
    with world.acting():
        of = (PlanCost.plan_id == plan.id, WholesalePrice.plan_id == plan.id)
        cost = db.session().scalars(select(PlanCost).where(of[0])).one()
        wholesale = db.session().scalars(select(WholesalePrice).where(of[1])).one()
        return plan.steps, cost.steps, wholesale.steps


def test_steps_are_typed_into_a_table_and_a_wrong_one_saves_nothing(world: World, nora: Visit) -> None:
    saved = nora.post(PATCH, table(nora, PATCH, ("10", "23.95", "", "20,50"), ("50", "21.95", "17", "19")))
    assert saved.status_code == 303
    assert stored(world, "patch-y") == ([[10, 23_95], [50, 21_95]], [[50, 17_00]], [[10, 20_50], [50, 19_00]])
    page = words(nora.get(PATCH).text)
    assert "list price by quantity: 10: €23.95, 50: €21.95" in page
    assert "from 10: €23.95, 50: €21.95" in words(nora.get("/distributor/catalogue/patch").text)
    as_it_is = table(nora, PATCH)
    for typed, said in (
        (("10", "23.95", "", ""), "more than 50"),  # below the row of 50
        (("60", "NaN", "", ""), "amount such as 12.50"),
        (("60", "-1", "", ""), "amount such as 12.50"),
        (("60", "1.2345", "", ""), "2 digits after the point"),
        (("60", "1e309", "", ""), "amount such as 12.50"),
        (("2.5", "20", "", ""), "whole number of units from 2"),
        (("", "20", "", ""), "whole number of units from 2"),
        (("60", "", "", ""), "Enter a price"),
    ):
        third = [name for name in as_it_is if name.endswith("-2")]
        sent = as_it_is | dict(zip(third, typed, strict=True))
        refused = nora.post(PATCH, sent)
        assert refused.status_code == 422, typed
        assert said in words(refused.text), typed
        assert all(f'value="{value}"' in refused.text for value in typed if value)
    assert stored(world, "patch-y")[0] == [[10, 23_95], [50, 21_95]]


@pytest.mark.behaviour("P22")
def test_a_month_costs_a_tenth_of_the_year_and_goes_on_doing_so(world: World, nora: Visit) -> None:
    year = world.plan("m365-bb-y")
    assert nora.post(MONTH, {"act": "factor", "base": "m365-bb-y", "factor": "0,1"}).status_code == 303
    at = "/distributor/catalogue/m365-bb/prices/m365-bb-y"
    rows = table(nora, at, ("20", "50.05", "40", "45"), ("100", "44.44", "", ""))
    assert nora.post(at, rows).status_code == 303
    month = world.plan("m365-bb-m")
    assert (month.list_minor, month.steps) == (56, [[20, 501], [100, 444]])  # 5.60 a year; half a cent is up
    assert stored(world, "m365-bb-m")[1:] == ([[20, 4_00]], [[20, 4_50]])
    page = nora.get("/distributor/catalogue/m365-bb").text
    assert "Yearly × 0.1" in page
    assert f"list-{month.id}" not in page
    form = dict(INPUT.findall(page))
    form |= {"name": "Mail", "summary": "Mail.", f"list-{year.id}": "72.00", f"on-{year.id}": "1"}
    assert nora.post("/distributor/catalogue/m365-bb", form).status_code == 303
    assert world.plan("m365-bb-m").list_minor == 7_20
    off = {name: "" for name in form if name.startswith(f"w-{year.id}")}
    assert nora.post("/distributor/catalogue/m365-bb", form | off).status_code == 303
    with world.acting():
        month_id = WholesalePrice.plan_id == month.id
        assert db.session().scalar(select(WholesalePrice.id).where(month_id)) is None, "off the list with it"
    forged = nora.post("/distributor/catalogue/m365-bb", form | {f"list-{month.id}": "1.00"})
    assert forged.status_code == 422
    assert world.plan("m365-bb-m").list_minor == 7_20
    assert nora.post(MONTH, {"from-0": "10", "list-0": "1", "act": "steps"}).status_code == 422
    for base, factor, said in (
        ("m365-bb-m", "0.1", "Choose another plan"),
        ("patch-y", "0.1", "Choose another plan"),
        ("m365-bb-y", "0", "Enter a factor"),
        ("m365-bb-y", "NaN", "Enter a factor"),
        ("m365-bb-y", "1e309", "Enter a factor"),
        ("m365-bb-y", "0.1234567", "Enter a factor"),
    ):
        refused = nora.post(MONTH, {"act": "factor", "base": base, "factor": factor})
        assert refused.status_code == 422, factor
        assert said in refused.text, factor
    circle = nora.post(at, {"act": "factor", "base": "m365-bb-m", "factor": "10"})
    assert circle.status_code == 422
    assert nora.post(MONTH, {"act": "end"}).status_code == 303
    assert world.plan("m365-bb-m").priced_as_id is None
    assert world.plan("m365-bb-m").list_minor == 7_20


def test_each_console_is_told_why_as_far_as_it_may_see(world: World, nora: Visit) -> None:
    open_portal(world)
    nora.post(PATCH, table(nora, PATCH, ("10", "23.95", "15", "20.50")))
    with world.acting():
        plan = world.plan
        chosen = select(Listing).where(Listing.reseller_id == world.resellers["brightfield"])
    plan_id = plan("patch-y").id
    with world.acting():
        listing = db.session().scalars(chosen.where(Listing.plan_id == plan_id)).one()
    bea = Visit(nora.app).sign_in("bea")
    at = f"/reseller/prices/{listing.id}/volume"
    saved = bea.post(at, {"from-0": "10", "price-0": "22.22", "from-1": "", "price-1": ""})
    assert saved.status_code == 303
    seen = words(bea.get(at, quantity="10").text)
    assert "From 10 seats on -€0.71" in seen  # 21.21 -> 20.50
    assert "From 10 seats on -€2.73" in seen  # 24.95 -> 22.22
    assert "For 10: €222.20" in seen
    for hidden in ("What the vendor asks", "Recommended price", "€15.00"):
        assert hidden not in seen
    said = words(nora.get(PATCH, quantity="10", reseller="").text)
    assert "What the vendor asks" in said
    assert "Enter a whole number" in words(bea.get(at, quantity="NaN").text)
    refused = bea.post(at, {"from-0": "10", "price-0": "1.234"})
    assert refused.status_code == 422
    assert 'value="1.234"' in refused.text
    assert "€22.22" in Visit(nora.app, "/brightfield").get("/p/patch/price", quantity="10").text
