"""The credit terms of a reseller: its page has them all, and a programme says what those begin with that its
signature brings."""

import pytest
from sqlalchemy import select

from billing import credit, credit_terms
from billing.credit_terms import Defaults, Terms
from checkout.placing import OrderingStopped
from core import db
from core.money import Money
from core.parties import Reseller
from partners import acceptances, invitations
from partners.invitations import Invitation
from tests.distributor.conftest import nora  # noqa: F401 at her console
from tests.distributor.test_resellers import page_of
from tests.forms import forms_of
from tests.partners import programme_stage
from tests.visits import Visit
from tests.world import World


def signs(world: World, code: str = "gold", **changed: str) -> None:
    """Lena applies, is approved and signs."""
    programme_stage.apply(world, code, **changed)
    version = programme_stage.approve(world)
    programme_stage.sign(world, programme_stage.token(world), version)


def lakeside() -> Reseller:
    """In the distributor's transaction."""
    return db.session().scalars(select(Reseller).where(Reseller.name == "Lakeside Systems")).one()


def says(world: World, defaults: Defaults, code: str = "gold") -> None:
    with world.acting():
        credit_terms.set_defaults(programme_stage.the_programme(code), defaults)


@pytest.mark.behaviour("I30")
def test_a_new_partner_begins_with_the_terms_of_its_programme(world: World) -> None:
    programme_stage.open_programme(world)
    says(world, Defaults(Money(750_00, "EUR"), True, Terms(prorate_billing=True, partial_charges=False)))
    signs(world)
    with world.acting():
        assert credit_terms.of(lakeside().id) == Terms(prorate_billing=True)
        assert credit.available(lakeside().id, "EUR") == Money(750_00, "EUR")
        assert lakeside().ordering_enabled


@pytest.mark.behaviour("I30")
def test_a_programme_may_let_its_partners_order_nothing_at_first(world: World) -> None:
    programme_stage.open_programme(world)
    says(world, Defaults(Money(0, "EUR"), ordering_enabled=False))
    signs(world)
    with world.acting():
        assert not lakeside().ordering_enabled
        assert credit.available(lakeside().id, "EUR") == Money(0, "EUR")


def test_who_is_a_reseller_already_keeps_its_terms(world: World) -> None:
    for code in ("gold", "silver"):
        programme_stage.open_programme(world, code)
    says(world, Defaults(Money(750_00, "EUR")))
    says(world, Defaults(Money(10_000_00, "EUR"), False, Terms(True, True)), "silver")
    signs(world)
    with world.acting():
        link = invitations.fresh_token(db.session().scalars(select(Invitation)).one())
    acceptances.accept(
        link,
        storefront_id=world.storefronts["northwind"],
        name="Lena",
        password="Chosen-by-me-7",
        address="192.0.2.1",
    )
    signs(world, "silver")
    with world.acting():
        assert credit.available(lakeside().id, "EUR") == Money(750_00, "EUR")
        assert credit_terms.of(lakeside().id) == Terms()
        assert lakeside().ordering_enabled


@pytest.mark.behaviour("I30", "I31")
def test_the_page_of_a_reseller_has_every_term_and_a_price_list_has_to_be_assigned(
    world: World,
    nora: Visit,  # noqa: F811
) -> None:
    at = page_of(world, "brightfield")
    [form] = [one for one in forms_of(nora.get(at).text) if one.action.endswith("/standing")]
    switches = {"enable_reselling", "ordering_enabled"}
    assert {name.removeprefix("standing-") for name in form.fields} == switches | {"price_list", "csrf_token"}
    changed = {f"standing-{name}": "y" for name in ("prorate_billing", "partial_charges", "enable_reselling")}
    assert nora.post(f"{at}/standing", changed).status_code == 422, "no price list"
    none = changed | {"standing-price_list": ""}
    assert nora.post(f"{at}/standing", none).status_code == 422
    fine = changed | {"standing-price_list": str(world.price_list_id)}
    assert nora.post(f"{at}/standing", fine).status_code == 303
    page = nora.get(at).text
    assert "Credit terms changed" in page
    assert "Reseller ordering stopped" in page
    with world.acting():
        assert credit_terms.of(world.resellers["brightfield"]) == Terms(True, True)
    world.put("brightfield", "free-m", alias="brightfield")
    with pytest.raises(OrderingStopped):
        world.place("brightfield")
    money = {"credit-kind": "credit", "credit-ceiling": "900.00", "credit-why": "They asked."}
    assert nora.post(f"{at}/credit", money).status_code == 303
    assert "€900.00" in nora.get(at).text


@pytest.mark.behaviour("I30")
def test_the_programmes_terms_have_a_form(world: World, nora: Visit) -> None:  # noqa: F811
    programme_stage.open_programme(world)
    path = "/distributor/programmes/gold/credit"
    wrong = nora.post(path, {"limit": "lots", "prorate_billing": "y"})
    assert wrong.status_code == 422
    assert 'value="lots"' in wrong.text
    assert nora.post(path, {"limit": "1200.50", "prorate_billing": "y"}).status_code == 303
    with world.acting():
        found = credit_terms.defaults_of(programme_stage.the_programme().id, "EUR")
    assert found == Defaults(Money(1200_50, "EUR"), False, Terms(prorate_billing=True))
