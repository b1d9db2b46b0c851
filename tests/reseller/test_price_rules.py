"""Rules, many prices at once, floors and the order of the shelf, as a reseller meets them; and prices that
follow when the distributor changes what is paid."""

import html
from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import select

from catalog import (
    assortments,
    bulk_prices,
    exchange,
    margin_alarms,
    margin_floors,
    pricing,
    retail,
    retail_rules,
)
from catalog.assortments import Arrangement, Arrival
from catalog.bulk_prices import Asked, How, NothingToUndo
from catalog.listings import Listing
from catalog.margin_alarms import CostAlarm
from catalog.price_lists import PriceList
from catalog.products import Plan, Product
from catalog.retail_rules import Level, Method, Wanted
from catalog.shelf_prices import EVERYTHING
from checkout import orders, popularity
from core import db, parties
from core.events import publish
from core.money import Money
from core.tasks import Task, TaskState
from core.tenancy import same_key
from core.work import WorkItem
from partners import standings, storefronts, tiers
from storefront import margin_mails
from tests.reseller.conftest import Person
from tests.world import World, open_portal


@pytest.fixture(autouse=True)
def open_brightfield(world: World) -> None:
    open_portal(world)


def prices(world: World, reseller: str = "brightfield") -> dict[str, str]:
    """plan -> retail price."""
    with world.acting():
        return {
            code: listing.price.text
            for code, listing in db.session().execute(
                select(Plan.code, Listing)
                .join(Listing, same_key(Listing.plan_id, Plan.id))
                .where(Listing.reseller_id == world.resellers[reseller])
            )
        }


def listing(world: World, code: str) -> str:
    with world.acting("brightfield"):
        joined = same_key(Listing.plan_id, Plan.id)
        return str(db.session().scalars(select(Listing.id).join(Plan, joined).where(Plan.code == code)).one())


def keep(world: World, level: Level, target: str, method: Method, points: int = 0) -> None:
    with world.acting("brightfield"):
        reseller_id = world.resellers["brightfield"]
        aimed = retail_rules.aimed(reseller_id, level, target)
        margin_alarms.keep_rule(reseller_id, Wanted(**aimed, method=method, points=points))


def wholesale(world: World, code: str, price: int) -> None:
    """Northwind changes what its partners pay."""
    with world.acting():
        found = db.session().scalars(select(Plan).where(Plan.code == code)).one()
        price_list = db.session().scalars(select(PriceList)).one()
        pricing.set_wholesale(found, price_list, Money(price, "EUR"))
        pricing.changed(db.session().scalars(select(Product).where(Product.id == found.product_id)).one())


def test_the_most_specific_rule_makes_a_price_and_the_page_says_which(world: World, bea: Person) -> None:
    bea.places("/reseller/prices/rules", level="all", target="", method="percent", value="10")
    bea.places("/reseller/prices/rules", level="vendor", target="Microsoft", method="list", value="-5")
    bea.places("/reseller/prices/rules", level="plan", target="m365-bb-m", method="margin", value="25")
    assert prices(world) == {"patch-y": "€23.33", "m365-bb-m": "€6.80", "m365-bb-y": "€5.32"}
    bea.sees("/reseller/prices", "Everything: what you pay and 10 %", "Microsoft: the list price less 5 %")
    bea.sees(
        f"/reseller/prices/{listing(world, 'm365-bb-m')}",
        "a margin of 25 %",
        "A vendor: the list price less 5 %",
    )
    bea.sees("/reseller/prices/rules", "Microsoft 365 Business Basic, Monthly", "Everything")
    assert "A plan" in bea.get("/reseller/prices/rules.csv").text
    bea.places("/reseller/prices/rounding", ending="100.99", up="y")
    assert prices(world) == {"patch-y": "€23.99", "m365-bb-m": "€6.99", "m365-bb-y": "€5.99"}
    assert "endings that prices in EUR can have" in bea.post("/reseller/prices/rounding", ending="1.5").text
    answer = bea.post(
        "/reseller/prices/rules", level="category", target="Nowhere", method="percent", value="7"
    )
    assert answer.status_code == 422
    assert "something that is on your shelf" in answer.text
    assert 'value="Nowhere"' in answer.text
    for typed in ("", "NaN", "1e309", "1000"):
        refused = bea.post("/reseller/prices/rules", level="all", target="", method="percent", value=typed)
        assert refused.status_code == 422, typed


def test_a_price_set_by_hand_is_the_rule_of_its_plan_until_it_is_given_up(world: World, bea: Person) -> None:
    keep(world, Level.ALL, "", Method.PERCENT, 2000)
    at = listing(world, "patch-y")
    bea.places("/reseller/prices", **{f"price-{at}": "30", "save": at})
    wholesale(world, "patch-y", 20_00)
    assert prices(world)["patch-y"] == "€30.00"
    bea.sees(f"/reseller/prices/{at}", "€30.00, set by hand", "Let the rules make it")
    bea.places(f"/reseller/prices/{at}/release")
    assert prices(world)["patch-y"] == "€24.00"


def test_prices_follow_what_is_paid_at_once_and_shops_show_it(world: World, bea: Person) -> None:
    keep(world, Level.CATEGORY, "Security", Method.PERCENT, 2000)
    assert "€25.45" in bea.client.get("/brightfield/", base_url="http://shop.test").text
    wholesale(world, "patch-y", 22_00)
    assert "€26.40" in bea.client.get("/brightfield/", base_url="http://shop.test").text
    assert prices(world, "house")["patch-y"] == "€24.95"  # whoever has no rule keeps its price
    with world.acting():
        found = db.session().scalars(select(Plan).where(Plan.code == "patch-y")).one()
        price_list = db.session().scalars(select(PriceList)).one()
        steps = {price_list.id: [[10, 20_00], [100, 18_00]]}
        pricing.set_steps(found, list_price=[], cost=[], wholesale=steps)
        pricing.changed(db.session().scalars(select(Product).where(Product.id == found.product_id)).one())
    with world.acting("brightfield"):
        assert retail.page(query="0patch")[0].steps == [[10, 24_00], [100, 21_60]]


def test_prices_follow_another_price_list_and_the_tier(world: World) -> None:
    keep(world, Level.ALL, "", Method.PERCENT, 1000)
    with world.acting():
        other = db.add(PriceList(name="Gold", currency="EUR"))
        db.flush()
        found = db.session().scalars(select(Plan).where(Plan.code == "patch-y")).one()
        pricing.set_wholesale(found, other, Money(10_00, "EUR"))
        reseller = parties.reseller(world.resellers["brightfield"])
        standings.change(reseller, enable_reselling=True, ordering_enabled=True, price_list_id=other.id)
    world.work()
    assert prices(world)["patch-y"] == "€11.00"
    with world.acting():
        publish(tiers.DiscountChanged(world.resellers["brightfield"]))
        kinds = set(db.session().scalars(select(Task.kind).where(Task.state == TaskState.PENDING)))
    assert "follow_rules" in kinds


@pytest.mark.promise("QM9")
def test_a_reseller_reprices_a_category_sees_the_margin_move_and_takes_it_back(
    world: World, bea: Person
) -> None:
    before = prices(world)
    at = listing(world, "m365-bb-m")
    bea.places("/reseller/prices", **{f"price-{at}": "7.00", "save": at})
    asked = {"of": "category:Productivity", "how": "margin", "value": "30"}
    bea.get("/reseller/prices/bulk?category=Productivity")
    seen = html.unescape(bea.post("/reseller/prices/bulk/preview", **asked).text)
    assert "1 / 2" in seen
    assert "21.1 %" in seen  # (7.00 - 5.10) / 7.00 and (5.60 - 4.76) / 5.60
    assert "€6.80" in seen
    assert prices(world) == before | {"m365-bb-m": "€7.00"}  # a preview changes nothing
    all_of_it = asked | {"all_of_it": "y"}
    assert "2 / 2" in bea.post("/reseller/prices/bulk/preview", **all_of_it).text
    bea.places("/reseller/prices/bulk", **all_of_it)
    assert prices(world) == before | {"m365-bb-m": "€7.29", "m365-bb-y": "€6.80"}
    bea.sees("/reseller/prices", "Productivity: a margin of 30 %", "Undo: Productivity: a margin of 30 %")
    bea.places("/reseller/prices/bulk/undo")
    assert prices(world) == before | {"m365-bb-m": "€7.00"}
    bea.sees(f"/reseller/prices/{at}", "€7.00, set by hand")
    assert bea.post("/reseller/prices/bulk/undo").status_code == 409


def test_percent_on_todays_prices_is_done_once_and_what_was_typed_since_stays(world: World) -> None:
    with world.acting("brightfield"):
        reseller_id = world.resellers["brightfield"]
        bulk_prices.change(reseller_id, Asked(EVERYTHING, How.TODAY, points=1000), by="Bea")
    assert prices(world) == {"patch-y": "€27.45", "m365-bb-m": "€6.60", "m365-bb-y": "€6.16"}
    at = listing(world, "patch-y")
    with world.acting("brightfield"):
        retail.reprice({UUID(at): Money(28_00, "EUR")})
        bulk_prices.undo(reseller_id)
    assert prices(world) == {"patch-y": "€28.00", "m365-bb-m": "€6.00", "m365-bb-y": "€5.60"}
    with world.acting("brightfield"), pytest.raises(NothingToUndo):
        bulk_prices.undo(reseller_id)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"how": "percent", "value": "x"}, "Enter a percentage"),
        ({"how": "fixed", "value": "1.234"}, "digits after the point"),
        ({"how": "margin", "value": "100"}, "between 0 and 95"),
        ({"of": "category:Nowhere", "how": "percent", "value": "5"}, "on your shelf"),
        ({"how": "list", "value": "0"}, "No price would be another"),
    ],
)
def test_a_change_of_many_prices_that_cannot_be_is_refused_by_name(
    world: World, bea: Person, asked: Mapping[str, str], words: str
) -> None:
    answer = bea.post("/reseller/prices/bulk", **asked)
    assert answer.status_code in (409, 422)
    assert words in html.unescape(answer.text)
    assert prices(world)["patch-y"] == "€24.95"


# --- Floors -------------------------------------------------------------------------------------------------


def floor(world: World, points: int, *, refuses: bool = False, product: str = "") -> None:
    """Northwind's floor, for all or for a product."""
    with world.acting():
        chosen = db.session().scalar(select(Product).where(Product.code == product)) if product else None
        margin_floors.keep(points, refuses=refuses, product=chosen)
        margin_alarms.look_at_costs()


def costs(world: World, code: str, cost: Money) -> None:
    """The vendor asks something else."""
    with world.acting():
        found = db.session().scalars(select(Plan).where(Plan.code == code)).one()
        pricing.set_cost(found, cost)
        pricing.changed(db.session().scalars(select(Product).where(Product.id == found.product_id)).one())


def alarms(world: World) -> list[tuple[str, int | None, int | None]]:
    """(plan, cost, margin) of Northwind's prices under their floor."""
    with world.acting():
        joined = same_key(Plan.id, CostAlarm.plan_id)
        rows = db.session().execute(
            select(Plan.code, CostAlarm.cost_minor, CostAlarm.margin_points).join(CostAlarm, joined)
        )
        return sorted(rows.all(), key=lambda row: row[0])


@pytest.mark.behaviour("W9")
@pytest.mark.promise("QM9")
def test_a_retail_price_under_the_floor_is_refused_or_taken_with_an_alarm_and_mended(
    world: World, bea: Person
) -> None:
    at, before = listing(world, "patch-y"), prices(world)
    bea.places("/reseller/margins/floors", percent="20", product="", act="refuse")
    answer = bea.post("/reseller/prices", **{f"price-{at}": "25.00", "save": at})
    assert answer.status_code == 422
    assert "less than your margin floor allows" in html.unescape(answer.text)
    assert 'value="25.00"' in answer.text
    refused = bea.post("/reseller/prices/rules", level="all", target="", method="percent", value="10")
    assert refused.status_code == 422
    assert bea.post("/reseller/prices/bulk", of="", how="margin", value="19.9").status_code == 422
    assert prices(world) == before
    bea.places("/reseller/margins/floors", percent="20", product="patch", act="warn")
    bea.places("/reseller/prices", **{f"price-{at}": "25.00", "save": at})
    bea.sees("/reseller/margins", "0patch Pro", "15.2 %", "20.0 %", "Warn me")
    assert "0patch Pro" in bea.get("/reseller/margins.csv").text
    bea.sees(f"/reseller/prices/{at}", "Under your floor")
    bea.places("/reseller/margins/raise", listing=at, act="chosen")
    assert prices(world)["patch-y"] == "€26.52"  # 21.21 / 0.8, upwards
    bea.places("/reseller/margins/raise", act="all")
    bea.sees("/reseller/margins", "No price is under a floor")


def test_a_reseller_is_told_by_mail_when_others_bring_a_price_under_its_floor(world: World) -> None:
    with world.acting("brightfield"):
        reseller_id = world.resellers["brightfield"]
        margin_floors.keep_own(reseller_id, 1000, refuses=True)
        margin_alarms.look_at_shelves(reseller_id)
    wholesale(world, "patch-y", 24_00)
    with world.acting():
        assert "mail_shelf_under_floor" in set(db.session().scalars(select(Task.kind)))
        letter = margin_mails.shelf_under_floor(reseller_id)
        assert letter
        assert letter.subject == "1 price of your shop is under your floor"
    world.put("acme", "patch-y")
    with pytest.raises(margin_floors.PriceInReview):
        world.place("acme")


@pytest.mark.behaviour("W9")
@pytest.mark.promise("QM9")
def test_a_cost_that_breaks_the_floor_is_an_alarm_work_a_refusal_and_mended(world: World) -> None:
    floor(world, 500)
    assert alarms(world) == []
    costs(world, "patch-y", Money(20_50, "EUR"))
    assert alarms(world) == [("patch-y", 20_50, 334)]
    with world.acting():
        assert [item.kind for item in db.session().scalars(select(WorkItem))] == ["margin floor"]
        letter = margin_mails.costs_under_floor(world.distributor_id)
        assert letter
        assert letter.subject == "1 wholesale price is under its floor"
    floor(world, 500, refuses=True, product="patch")
    with pytest.raises(margin_floors.UnderFloor):
        wholesale(world, "patch-y", 21_50)
    world.put("acme", "patch-y", 3)
    with pytest.raises(margin_floors.PriceInReview, match="contact your provider"):
        world.place("acme")
    with world.acting():
        [(found, price_list, price)] = margin_alarms.lacking()
        assert price.text == "€21.58"
        pricing.set_wholesale(found, price_list, price)
        pricing.changed(db.session().scalars(select(Product).where(Product.id == found.product_id)).one())
        assert db.session().scalar(select(WorkItem.closed_because)) == "no price is under its floor any more"
    assert alarms(world) == []
    assert world.order(world.place("acme")).total.text == "€74.85"
    floor(world, 1500, product="patch")  # warns: the order goes on, and is work
    sold = world.buys("acme", "patch-y", 1)
    with world.acting():
        about = select(WorkItem.about_id).where(WorkItem.kind == "sold under the floor")
        assert db.session().scalars(about).all() == [orders.find(sold).id]


@pytest.mark.promise("QM9")
def test_a_cost_in_another_currency_is_judged_by_the_rate_of_the_day_and_never_guessed(world: World) -> None:
    floor(world, 500, refuses=True)
    costs(world, "patch-y", Money(22_14, "USD"))
    assert alarms(world) == [("patch-y", None, None)]  # no rate: not judged, and said
    assert world.order(world.buys("acme", "patch-y"))
    with world.acting():
        exchange.add("EUR", "USD", Decimal("1.08"), exchange.today())
        margin_alarms.look_at_costs()
    assert alarms(world) == [("patch-y", 20_50, 334)]
    world.put("acme", "patch-y")
    with pytest.raises(margin_floors.PriceInReview):
        world.place("acme")
    world.goes_on(days=40, work=False)
    with world.acting():
        margin_alarms.look_at_costs()
        assert exchange.converted(Money(1, "USD"), "EUR") is None
    assert alarms(world) == [("patch-y", None, None)]


# --- The order of the shelf ---------------------------------------------------------------------------------


def front(bea: Person, path: str = "/brightfield/") -> list[str]:
    """The products of a page of the shop, in order."""
    text = html.unescape(bea.client.get(path, base_url="http://shop.test").text)
    names = ("0patch Pro", "Microsoft 365 Business Basic", "Huntress EDR")
    return sorted((name for name in names if f">{name}<" in text), key=lambda name: text.index(f">{name}<"))


@pytest.mark.behaviour("I38")
def test_featured_new_and_popular_products_lead_and_categories_have_their_order(
    world: World, bea: Person
) -> None:
    at = listing(world, "m365-bb-m")
    assert front(bea) == ["0patch Pro", "Microsoft 365 Business Basic"]
    bea.places("/reseller/shelf", listing=at, act="feature")
    assert front(bea) == ["Microsoft 365 Business Basic", "0patch Pro"]
    shop = bea.client.get("/brightfield/", base_url="http://shop.test").text
    assert "Featured" in shop
    assert shop.index("/c/productivity") < shop.index("/c/security")
    bea.places("/reseller/shelf/categories", **{"place-0": "2", "place-1": "1"})
    shop = bea.client.get("/brightfield/", base_url="http://shop.test").text
    assert shop.index("/c/security") < shop.index("/c/productivity")
    bea.places("/reseller/shelf", listing=at, act="unfeature")
    assert front(bea) == ["0patch Pro", "Microsoft 365 Business Basic"]
    world.buys("acme", "patch-y", 2)
    with world.acting():
        assortments.keep(world.resellers["brightfield"], Arrangement(popular=1))
        popularity.arrange()
    assert front(bea) == ["0patch Pro", "Microsoft 365 Business Basic"]
    assert "Popular" in bea.client.get("/brightfield/", base_url="http://shop.test").text
    bea.places("/reseller/shelf", listing=at, act="hide")
    bea.sees("/reseller/shelf?shown=no", "Hidden")
    wrong = bea.post("/reseller/shelf/categories", **{"place-0": "x", "place-1": "1"})
    assert wrong.status_code == 422
    assert bea.post("/reseller/shelf", act="feature").status_code == 422


def open_empty(world: World) -> UUID:
    """Harbour's shop is open, and nothing stands on its shelf."""
    with world.acting():
        shop = storefronts.hold(parties.reseller(world.resellers["harbour"]), "harbour", currency="EUR")
        storefronts.states.move(shop, storefronts.StorefrontState.OPEN)
        retail_rules.put(shop.reseller_id, [Wanted(Level.ALL, "", Method.PERCENT, 1000)])
    return shop.reseller_id


def test_new_plans_are_proposed_at_the_price_of_the_rules_and_accepted_or_dismissed(
    world: World, hugo: Person
) -> None:
    open_empty(world)
    hugo.sees("/reseller/shelf", "3 plans that you could offer")
    hugo.sees("/reseller/shelf/proposals", "0patch Pro", "€21.21", "€23.33")
    patch, basic = str(world.plan("patch-y").id), str(world.plan("m365-bb-m").id)
    hugo.places("/reseller/shelf/proposals", plan=basic, act="dismiss")
    assert "Monthly" not in hugo.sees("/reseller/shelf/proposals", "0patch Pro")
    hugo.places("/reseller/shelf/proposals", plan=patch, act="accept")
    assert prices(world, "harbour") == {"patch-y": "€23.33"}
    assert front(hugo, "/harbour/") == ["0patch Pro"]
    hugo.places("/reseller/shelf/proposals", plan=basic, act="accept")
    assert prices(world, "harbour") == {"patch-y": "€23.33", "m365-bb-m": "€5.61"}


def test_what_the_reseller_wants_offered_at_once_arrives_and_what_it_ignores_is_not_shown(
    world: World,
) -> None:
    reseller_id = open_empty(world)
    with world.acting("harbour"):
        assortments.keep_arrival(reseller_id, "Security", Arrival.OFFER)
    with world.acting():
        assortments.offer_what_is_new()
    world.work()
    assert prices(world, "harbour") == {"patch-y": "€23.33"}  # the rest is proposed
    with world.acting("harbour"):
        assert len(db.session().execute(assortments.proposals(reseller_id)).all()) == 2
        assortments.keep_arrival(reseller_id, "Productivity", Arrival.IGNORE)
        assert db.session().execute(assortments.proposals(reseller_id)).all() == []
