"""A vendor's price sheet: read, compared, applied by a worker, undone; nothing half, nothing behind one's
back."""

import io
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from catalog import price_changes, pricing
from catalog.listings import Listing
from catalog.price_imports import ImportState, PriceImport
from catalog.price_lists import WholesalePrice
from catalog.products import Plan, PlanCost, ProductType
from core import db
from core.clock import business_now
from core.money import Money
from core.parties import Membership
from core.tenancy import Side
from tests.catalog.test_price_sheets import sheet_of
from tests.visits import Visit
from tests.world import World, staff

BASIC = "cfq7ttc0lh18-0001-p1y-p1m"
PREMIUM = "cfq7ttc0lchc-0002-p1y-p1m"
BETTER = {
    "ProductId": "CFQ7TTC0LCHC",
    "SkuId": "0002",
    "SkuTitle": "Microsoft 365 Business Premium",
    "ERP Price": "264",
    "UnitPrice": "211.20",
}
FIRST = sheet_of({}, BETTER)
SECOND = sheet_of({"ERP Price": "72", "UnitPrice": "54"})  # dearer, and Premium is gone


@dataclass
class Desk:
    """Nora's console, where price sheets are given."""

    nora: Visit
    world: World

    def give(self, content: bytes, *, name: str = "prices.csv", **typed: str) -> TestResponse:
        """Gives a sheet for the list and the type that there are."""
        with self.world.acting():
            type_id = db.session().scalars(select(ProductType.id).where(ProductType.code == "cloud")).one()
        form = {
            "market": "DE",
            "price_list": str(self.world.price_list_id),
            "product_type": str(type_id),
            "category": "Microsoft 365",
            "share": "85",
            "file": (io.BytesIO(content), name),
        }
        return self.nora.post(
            "/distributor/price-imports/new", form | typed, content_type="multipart/form-data"
        )

    def read(self, content: bytes, **typed: str) -> str:
        """Gives a sheet that can be read; the address of its preview."""
        answer = self.give(content, **typed)
        assert answer.status_code == 303, answer.text[-3000:]
        return "/distributor/price-imports/" + answer.location.split("/price-imports/")[1].split("?")[0]

    def takes_over(self, content: bytes) -> str:
        """Reads, confirms, and a worker applies."""
        at = self.read(content)
        assert self.nora.post(f"{at}/confirm").status_code == 303
        self.world.work()
        assert "In the catalogue" in self.nora.get(at).text
        return at

    def offered(self, code: str) -> tuple[str, str, str, bool] | None:
        """List price, cost, wholesale of a plan, and whether it can be bought; none if it is not there."""
        with self.world.acting():
            session = db.session()
            plan = session.scalar(select(Plan).where(Plan.code == code))
            if plan is None:
                return None
            cost = session.scalars(select(PlanCost).where(PlanCost.plan_id == plan.id)).one().cost
            wholesale = session.scalars(select(WholesalePrice).where(WholesalePrice.plan_id == plan.id)).one()
            return plan.list_price.text, cost.text, wholesale.price.text, plan.published


@pytest.fixture
def desk(nora: Visit, world: World) -> Desk:
    """Nora, with a world that has never seen a sheet."""
    return Desk(nora, world)


def test_a_sheet_becomes_a_preview_and_changes_nothing(desk: Desk) -> None:
    at = desk.read(sheet_of({}, BETTER, {"UnitPrice": "-1"}, {"Market": "FR"}))
    page = desk.nora.get(at).text
    for words in ("Waits for you", "Microsoft 365 Business Premium", "€22.00", "€17.60", "€18.70", "Line"):
        assert words in page
    assert "UnitPrice: Write an amount of zero or more" in page
    assert "It is for another market." in page
    assert desk.offered(BASIC) is None
    assert "Business Basic" not in desk.nora.get(f"{at}?kind=problem&q=Premium").text.split("<tbody")[-1]
    file = desk.nora.get(f"{at}.csv").text
    assert "cfq7ttc0lchc-0002-p1y-p1m" in file


def test_what_is_confirmed_is_applied_by_a_worker_and_stands_on_the_distributors_shelf(desk: Desk) -> None:
    at = desk.read(FIRST + sheet_of({"Segment": "Education"}).split(b"\n", 1)[1])
    assert desk.nora.post(f"{at}/confirm").status_code == 303
    assert "Being applied" in desk.nora.get(at).text
    assert desk.offered(BASIC) is None, "before the worker nothing is there"
    desk.world.work()
    assert desk.offered(BASIC) == ("€5.00", "€4.00", "€4.25", True)
    assert desk.offered(PREMIUM) == ("€22.00", "€17.60", "€18.70", True)
    assert "Microsoft 365 Business Premium" in desk.nora.get("/search", q="business premium").text
    with desk.world.acting():
        listed = select(Listing.listed_at).join(Plan, Plan.id == Listing.plan_id).where(Plan.code == BASIC)
        assert business_now() - db.session().scalars(listed).one() < timedelta(minutes=5), "it is new"
        sold_to = {one.code: one.segments for one in db.session().scalars(select(Plan))}
        assert (sold_to[BASIC], sold_to[f"{BASIC[:17]}-education{BASIC[17:]}"]) == ([], ["education"])
    assert "Sold to: Education" in desk.nora.get("/p/cfq7ttc0lh18-0001-education").text
    assert desk.nora.post(f"{at}/confirm").status_code == 409, "once"


def test_the_next_sheet_shows_old_and_new_and_retires_what_it_does_not_name(desk: Desk) -> None:
    desk.takes_over(FIRST)
    at = desk.read(SECOND)
    page = desk.nora.get(at).text
    assert "€5.00" in page
    assert "€6.00" in page
    assert desk.offered(PREMIUM) == ("€22.00", "€17.60", "€18.70", True)
    desk.nora.post(f"{at}/confirm")
    desk.world.work()
    assert desk.offered(BASIC) == ("€6.00", "€4.50", "€5.10", True)
    assert desk.offered(PREMIUM) == ("€22.00", "€17.60", "€18.70", False)
    assert desk.world.plan("patch-y").published, "a plan of another origin is none of the sheet's business"


def test_the_same_sheet_again_changes_nothing_and_cannot_be_applied(desk: Desk) -> None:
    desk.takes_over(FIRST)
    at = desk.read(FIRST)
    assert "No difference" in desk.nora.get(at).text
    refused = desk.nora.post(f"{at}/confirm")
    assert refused.status_code == 409
    assert "changes nothing" in refused.text
    assert desk.nora.post(f"{at}/discard").status_code == 303
    assert desk.nora.post(f"{at}/confirm").status_code == 409


def test_undoing_brings_the_old_prices_back_and_takes_new_plans_off(desk: Desk) -> None:
    first = desk.takes_over(FIRST)
    second = desk.takes_over(SECOND)
    refused = desk.nora.post(f"{first}/undo")
    assert refused.status_code == 409
    assert "came after it" in refused.text
    assert desk.nora.post(f"{second}/undo").status_code == 303
    desk.world.work()
    assert "Undone" in desk.nora.get(second).text
    assert desk.offered(BASIC) == ("€5.00", "€4.00", "€4.25", True)
    assert desk.offered(PREMIUM) == ("€22.00", "€17.60", "€18.70", True)
    desk.nora.post(f"{first}/undo")
    desk.world.work()
    assert desk.offered(BASIC) == ("€5.00", "€4.00", "€4.25", False)


def test_what_somebody_changed_meanwhile_is_left_alone_and_said(desk: Desk) -> None:
    desk.takes_over(FIRST)
    at = desk.read(SECOND)
    with desk.world.acting():
        plan = db.session().scalars(select(Plan).where(Plan.code == BASIC)).one()
        pricing.set_list_price(plan, Money(5_55, "EUR"))
    desk.nora.post(f"{at}/confirm")
    desk.world.work()
    assert desk.offered(BASIC) == ("€5.55", "€4.00", "€4.25", True)
    page = desk.nora.get(f"{at}?kind=stale").text
    assert "Somebody changed it after the file was read" in page
    assert desk.offered(PREMIUM) == ("€22.00", "€17.60", "€18.70", False), "the rest of it counts"


def test_a_cost_in_another_currency_is_neither_compared_nor_replaced(desk: Desk) -> None:
    desk.takes_over(FIRST)
    at = desk.read(SECOND)
    with desk.world.acting():
        plan = db.session().scalars(select(Plan).where(Plan.code == BASIC)).one()
        cost = db.session().scalars(select(PlanCost.cost_minor).where(PlanCost.plan_id == plan.id)).one()
        pricing.set_cost(plan, Money(cost, "USD"))  # as many cents as before
    before = desk.offered(BASIC)
    assert "What this plan costs is in USD." in desk.nora.get(desk.read(SECOND)).text
    assert desk.nora.post(f"{at}/confirm").status_code == 303
    desk.world.work()
    assert desk.offered(BASIC) == before


def test_a_resellers_shelf_and_what_was_sold_keep_their_prices(desk: Desk) -> None:
    desk.takes_over(FIRST)
    before = shelves(desk.world)
    desk.takes_over(SECOND)
    assert shelves(desk.world) == before


def shelves(world: World) -> dict[UUID, int]:
    """Listing -> its price in minor units, of every shop."""
    with world.acting():
        rows = db.session().execute(select(Listing.id, Listing.price_minor)).all()
    return {row[0]: row[1] for row in rows}


@pytest.mark.parametrize(
    ("content", "typed", "words"),
    [
        (b"PK\x03\x04", {}, "Excel or ZIP"),
        (b"name\nx\n", {}, "no columns but name"),
        (FIRST, {"share": "NaN"}, "percent"),
        (FIRST, {"share": "0"}, "percent"),
        (FIRST, {"share": "101"}, "percent"),
        (FIRST, {"market": "Germany"}, "Two letters"),
        (FIRST, {"category": ""}, "Name a category"),
        (FIRST, {"price_list": "00000000-0000-0000-0000-000000000000"}, "Not a valid choice"),
    ],
)
def test_a_refused_file_or_form_comes_back_filled(
    desk: Desk, content: bytes, typed: dict[str, str], words: str
) -> None:
    answer = desk.give(content, **typed)
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{typed.get("share", "85")}"' in answer.text
    with desk.world.acting():
        assert not db.session().scalars(select(PriceImport)).all()


def test_a_worker_that_dies_in_between_leaves_nothing_half(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = desk.read(FIRST)
    desk.nora.post(f"{at}/confirm")
    with pytest.raises(RuntimeError, match="in the middle"):
        apply_up_to_the_last(desk.world, monkeypatch)
    assert desk.offered(BASIC) is None
    monkeypatch.undo()
    desk.world.work()
    assert desk.offered(BASIC) == ("€5.00", "€4.00", "€4.25", True)


def apply_up_to_the_last(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Applies the import and fails before its last act."""

    def fail(_of: PriceImport) -> None:
        raise RuntimeError("in the middle")

    monkeypatch.setattr(price_changes, "_tell_shops", fail)
    with world.acting():
        price_changes.apply(db.session().scalars(select(PriceImport)).one())


def test_who_may_not_change_the_catalogue_may_look_but_not_import(desk: Desk) -> None:
    at = desk.read(FIRST)
    with desk.world.acting():
        member = staff(desk.world, "carl", side=Side.DISTRIBUTOR).membership_id
        db.session().get_one(Membership, (desk.world.distributor_id, member)).roles = ["billing_agent"]
    carl = Visit(desk.nora.app).sign_in("carl")
    assert "Apply it" not in carl.get(at).text
    assert carl.post(f"{at}/confirm").status_code == 403
    assert carl.get("/distributor/price-imports/new").status_code == 403
    with desk.world.acting():
        assert db.session().scalars(select(PriceImport)).one().state is ImportState.PREVIEWED
