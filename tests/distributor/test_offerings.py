"""The distributor says how plans are ordered: on a page, and in catalogue files; what could not be ordered is
refused by name, and nothing is saved."""

import copy
import re
from typing import Any

import pytest
from sqlalchemy import select

from catalog import catalogue_files, loading, offering_files, order_fields, plan_links, products
from catalog.plan_links import Match
from catalog.products import Product
from core import db, trail
from provisioning.connectors.registry import CONNECTORS
from sandbox.worlds import DATA
from tests.checkout.offer_stage import CATALOGUE, open_offers, plan, product
from tests.visits import Visit
from tests.world import World


def faults(**changes: Any) -> list[str]:
    """What a file says that has one more product with such a plan."""
    content = copy.deepcopy(dict(CATALOGUE))
    content["product"].append(product("extra", "Extra", plan("extra-y", "1.00") | changes))
    return catalogue_files.problems(content, frozenset(CONNECTORS))


@pytest.mark.behaviour("H72")
def test_the_demo_sells_five_levels_of_device_management_at_one_price_for_every_platform() -> None:
    content = loading.read(DATA / "catalogue.toml")
    assert catalogue_files.problems(content, frozenset(CONNECTORS)) == []
    levels = [one for one in content["product"] if one["vendor"] == "Hexnode"]
    assert [one["name"].split()[-1] for one in levels] == [
        "Express", "Pro", "Enterprise", "Ultimate", "Ultra",
    ]  # fmt: skip
    for level in levels:
        assert len({offer["term"] for offer in level["plan"]}) == len(level["plan"]), (
            "a price for a term, whatever the device"
        )


@pytest.mark.behaviour("I83", "M70")
def test_a_file_says_what_a_type_asks_and_how_each_plan_is_ordered(world: World) -> None:
    open_offers(world)
    with world.acting():
        shield = plan_links.of(products.plan("shield-y"))
        assert (shield.bases, shield.match) == (("patch",), Match.AT_MOST)
        assert plan_links.of(products.plan("suite-y")).parts == ("patch-y", "shield-y")
        assert (products.plan("packs-y").quantity_step, products.plan("packs-y").conditional) == (5, False)
        assert products.plan("welcome-y").conditional
        assert plan_links.of(products.plan("audit-y")).needs == ("patch",)
        assert plan_links.of(products.plan("pro-m")).minimum == 20
        kind = products.type_of(products.plan("sized-y").id)
        assert [one["name"] for one in kind.order_fields] == ["region", "tag"]
        assert (kind.variables, kind.cancellation_days) == ({"family": "tailored"}, 7)
        assert trail.of(products.plan("pro-y").id) == [], "what a file says first is no change"
    assert faults() == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"step": 0}, "step is a whole number from 1 on, not 0"),
        ({"step": 2.5}, "step is a whole number"),
        ({"minimum": 11, "maximum": 14, "step": 5}, "No multiple of 5 lies between 11 and 14"),
        ({"add_on_of": []}, "an add-on needs a base"),
        ({"add_on_of": "patch"}, "add_on_of is a list of codes"),
        ({"add_on_of": ["extra"]}, "add_on_of is its own product"),
        ({"add_on_of": ["patch"], "add_on_quantity": "half"}, "one of any, at_most, exactly, not 'half'"),
        ({"parts": ["extra-y", "patch-y"]}, "a bundle cannot be a part of itself"),
        ({"parts": ["patch-y"]}, "at least two different parts"),
        ({"parts": ["patch-y", "shield-y"], "add_on_of": ["patch"]}, "an add-on or a bundle, not both"),
        ({"trial_days": -1}, "trial_days is a number of days from 0 to 366, not -1"),
        ({"cancellation_days": 400}, "cancellation_days is a number of days from 0 to 366, not 400"),
        ({"once_per_customer": "yes"}, "once_per_customer is true or false"),
    ],
)
def test_a_fault_in_a_file_is_named_before_anything_is_written(changes: dict[str, Any], words: str) -> None:
    [found] = faults(**changes)
    assert "extra-y" in found
    assert words in found


def test_what_leads_round_in_a_circle_is_named() -> None:
    tied = [
        product("a", "A", plan("a-y", "1", needs=["b"])),
        product("b", "B", plan("b-y", "1", needs=["c"])),
        product("c", "C", plan("c-y", "1", needs=["a"])),
    ]
    found = list(offering_files.problems_of_plans([(one, one["plan"]) for one in tied]))  # type: ignore[misc]  plans are lists
    assert found[0] == "Product a: needs leads round in a circle back to it."


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ({"name": "Price", "label": "Price"}, "small letters"),
        ({"name": "a", "label": ""}, "needs a label"),
        ({"name": "a", "label": "A", "kind": "money"}, "allowed are: text, choice, number, email, domain"),
        ({"name": "a", "label": "A", "kind": "choice"}, "needs its choices"),
        ({"name": "a", "label": "A", "pattern": "("}, "no regular expression"),
        ({"name": "a", "label": "A", "pattern": "(a+)+b"}, "repeats nothing that is repeated"),
        ({"name": "a", "label": "A", "price": "1"}, "says price, which a question does not have"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(field: dict[str, Any], words: str) -> None:
    with pytest.raises(order_fields.WrongField, match=words):
        order_fields.checked([field])


def test_the_page_saves_the_rules_of_one_plan_or_says_why_not(world: World, nora: Visit) -> None:
    open_offers(world)
    at = "/distributor/catalogue/devices/ordering"
    id_ = world.plan("devices-y").id
    typed = {
        "plan": str(id_),
        **{
            f"{id_.hex}-{name}": value
            for name, value in {
                "minimum": "20", "maximum": "100", "step": "10", "bases": "patch, m365-bb",
                "match": "exactly", "needs": "", "parts": "", "trial_days": "7", "cancellation_days": "",
                "reduction_days": "",
            }.items()
        },
    }  # fmt: skip
    for name, wrong, words in (
        ("bases", "nothing", "No product has the code “nothing”."),
        ("needs", "devices", "cannot need or extend itself"),
        ("parts", "patch-y, m365-bb-m", "an add-on or a bundle, not both"),
        ("minimum", "NaN", "Not a valid integer value"),
        ("trial_days", "400", "from 0 to 366"),
    ):
        answer = nora.post(at, typed | {f"{id_.hex}-{name}": wrong})
        assert answer.status_code == 422, (name, answer.text)
        assert words in re.sub(r"\s+", " ", answer.text)
        assert f'value="{wrong}"' in answer.text, "what was typed is kept"
    assert not world.plan("devices-y").conditional
    assert nora.post(at, typed).status_code == 303
    with world.acting():
        kept = plan_links.of(products.plan("devices-y"))
        assert (kept.minimum, kept.step, kept.trial_days, kept.cancellation_days) == (20, 10, 7, None)
        assert (kept.bases, kept.match) == (("patch", "m365-bb"), Match.EXACTLY)
        assert "ordering rules changed" in str([entry.what for entry in trail.of(id_)])
    assert "0patch Devices, Yearly" in nora.get("/distributor/catalogue/patch/ordering").text
    loop = typed | {"plan": str(world.plan("patch-y").id)}
    loop = {name.replace(id_.hex, world.plan("patch-y").id.hex): value for name, value in loop.items()}
    circle = nora.post(
        "/distributor/catalogue/patch/ordering",
        loop | {f"{world.plan('patch-y').id.hex}-bases": "devices"},
    )
    assert "leads round in a circle" in circle.text


def test_a_file_that_only_the_database_can_refute_loads_nothing(world: World) -> None:
    tied = copy.deepcopy(dict(CATALOGUE))
    tied["product"][0]["plan"][0]["add_on_of"] = ["gone"]
    with (
        pytest.raises(loading.BadCatalogue, match="shield-y: No product has the code “gone”"),
        world.acting(),
    ):
        loading.load(tied, {})
    with world.acting():
        assert db.session().scalar(select(Product).where(Product.code == "shield")) is None
