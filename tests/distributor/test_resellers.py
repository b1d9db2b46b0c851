"""Resellers from the back office: what they may do, their credit, and a plan activated for them."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, update

from billing import credit
from billing.credit import Balance
from checkout.orders import Order, OrderState, PayBy
from core import db
from core.money import Money
from core.parties import Reseller
from partners import storefronts
from partners.storefronts import StorefrontState
from tests.visits import Visit, make_app
from tests.world import World


def page_of(world: World, name: str) -> str:
    """The path of a reseller's page."""
    with world.acting():
        chosen = select(Reseller.code).where(Reseller.id == world.resellers[name])
        return f"/distributor/resellers/{db.session().scalars(chosen).one()}"


def the_shop_of(world: World, name: str) -> storefronts.Storefront | None:
    """Its storefront."""
    with world.acting():
        return storefronts.of_reseller(world.resellers[name])


@pytest.mark.behaviour("I5", "I6", "I20", "I21")
def test_the_back_office_activates_a_plan_and_its_storefront_opens(world: World, nora: Visit) -> None:
    world.give_credit("brightfield", 100_00)
    at = page_of(world, "brightfield")
    placed = nora.post(f"{at}/activate", {"plan": "standard-m", "alias": "brightfield", "request_key": "one"})
    assert placed.status_code == 303, placed.text
    world.work()
    shop = the_shop_of(world, "brightfield")
    assert shop
    assert shop.state is StorefrontState.OPEN
    assert nora.get("/brightfield/").status_code == 200
    repeated = nora.post(
        f"{at}/activate", {"plan": "standard-m", "alias": "brightfield", "request_key": "one"}
    )
    assert repeated.location == placed.location
    with world.acting():
        order = db.session().scalars(select(Order)).one()
        assert (order.state, order.placed_by, order.email) == (
            OrderState.FUNDED,
            "Nora",
            "bea@brightfield.example",
        )
        assert credit.available(world.resellers["brightfield"], "EUR") == Money(51_00, "EUR")


@pytest.mark.behaviour("I20")
def test_without_an_alias_nothing_is_ordered(world: World, nora: Visit) -> None:
    world.give_credit("brightfield", 100_00)
    refused = nora.post(f"{page_of(world, 'brightfield')}/activate", {"plan": "standard-m", "alias": ""})
    assert refused.status_code == 422
    assert "Storefront alias is needed." in refused.text
    assert the_shop_of(world, "brightfield") is None


@pytest.mark.behaviour("I15", "I19")
def test_refusals_are_named_and_order_nothing(world: World, nora: Visit) -> None:
    at = page_of(world, "brightfield")
    unfunded = nora.post(f"{at}/activate", {"plan": "standard-m", "alias": "bright"})
    assert "€0.00 of credit left" in unfunded.text
    assert 'value="bright"' in unfunded.text
    world.give_credit("harbour", 100_00)
    world.buys("harbour", "standard-m", pay_by=PayBy.ACCOUNT, alias="harbour")
    taken = nora.post(f"{at}/activate", {"plan": "free-m", "alias": "harbour"})
    assert (taken.status_code, "already taken" in taken.text) == (409, True)
    with world.acting():
        db.session().execute(
            update(Reseller)
            .where(Reseller.id == world.resellers["brightfield"])
            .values(enable_reselling=False)
        )
    assert (
        "not enabled for reselling" in nora.post(f"{at}/activate", {"plan": "free-m", "alias": "bright"}).text
    )
    assert nora.post(f"{at}/activate", {"plan": "patch-y", "alias": "bright"}).status_code == 422
    with world.acting():
        assert db.session().scalar(select(func.count()).select_from(Order)) == 1


def test_the_free_plan_is_activated_with_nothing_due(world: World, nora: Visit) -> None:
    assert (
        nora.post(
            f"{page_of(world, 'brightfield')}/activate", {"plan": "free-m", "alias": "brightfield"}
        ).status_code
        == 303
    )
    world.work()
    shop = the_shop_of(world, "brightfield")
    assert shop
    assert shop.state is StorefrontState.OPEN


@pytest.mark.behaviour("I6")
def test_another_plan_is_activated_for_the_same_alias_but_the_same_plan_is_not(
    world: World, nora: Visit
) -> None:
    at = page_of(world, "brightfield")
    assert nora.post(f"{at}/activate", {"plan": "free-m", "alias": "brightfield"}).status_code == 303
    early = nora.post(f"{at}/activate", {"plan": "free-m", "alias": "brightfield"})
    assert (early.status_code, "under way" in early.text) == (409, True)
    world.work()
    again = nora.post(f"{at}/activate", {"plan": "free-m", "alias": "brightfield"})
    assert (again.status_code, "is on Free, Monthly already" in again.text) == (409, True)
    world.give_credit("brightfield", 49_00)
    assert 'value="brightfield"' in nora.get(f"{at}/activate").text
    assert nora.post(f"{at}/activate", {"plan": "standard-m", "alias": "brightfield"}).status_code == 303


def test_two_of_staff_at_the_same_moment_activate_once(world: World) -> None:
    at = page_of(world, "brightfield")
    visits = [Visit(make_app()).sign_in("nora") for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(
                lambda visit: (
                    visit.post(f"{at}/activate", {"plan": "free-m", "alias": "brightfield"}).status_code
                ),
                visits,
            )
        )
    assert sorted(answers)[0] == 303
    with world.acting():
        assert db.session().scalar(select(func.count()).select_from(Order)) == 1


def credit_form(amount: str, why: str = "Grew well", kind: str = "credit") -> dict[str, str]:
    """The credit form as somebody fills it."""
    return {"credit-kind": kind, "credit-ceiling": amount, "credit-why": why}


@pytest.mark.promise("QM7")
def test_a_credit_line_is_never_lowered_under_what_orders_hold(world: World, nora: Visit) -> None:
    at = page_of(world, "harbour")
    assert nora.post(f"{at}/credit", credit_form("100")).status_code == 303
    world.buys("harbour", "standard-m", pay_by=PayBy.ACCOUNT, alias="harbour")
    refused = nora.post(f"{at}/credit", credit_form("48.99"))
    assert refused.status_code == 422
    assert "Orders hold €49.00 of this already" in refused.text
    assert 'value="48.99"' in refused.text
    assert nora.post(f"{at}/credit", credit_form("49")).status_code == 303
    with world.acting():
        assert db.session().scalars(select(Balance.ceiling)).one() == 49_00
    assert "Grew well" in nora.get(at).text


def test_a_credit_line_needs_an_amount_and_a_reason(world: World, nora: Visit) -> None:
    at = page_of(world, "harbour")
    for form in (credit_form("many"), credit_form("-5"), credit_form("5.001"), credit_form("10", why="")):
        assert nora.post(f"{at}/credit", form).status_code == 422, form


def test_standing_is_changed_and_written_into_the_trail(world: World, nora: Visit) -> None:
    at = page_of(world, "brightfield")
    listed = re.search(r'<option selected value="([^"]+)">Partners', nora.get(at).text)
    assert listed
    assert (
        nora.post(
            f"{at}/standing", {"standing-enable_reselling": "y", "standing-price_list": listed[1]}
        ).status_code
        == 303
    )
    with world.acting():
        reseller = (
            db.session().scalars(select(Reseller).where(Reseller.id == world.resellers["brightfield"])).one()
        )
        assert (reseller.enable_reselling, reseller.ordering_enabled) == (True, False)
    assert "ordering stopped" in nora.get(at).text
    assert nora.post(f"{at}/standing", {"standing-price_list": "somebody else's"}).status_code == 422
