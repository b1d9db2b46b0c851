"""What a vendor's service offers arrives in the catalogue without being typed (I13, I14): asked, compared,
looked at, taken over; and later differences are a review, not a surprise."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from catalog import plan_links, upgrades
from catalog.price_imports import ImportRow, ImportState, PriceImport, RowKind
from catalog.price_lists import PriceList
from catalog.products import Audience, Plan, PlanCost, Product, ProductType
from catalog.service_sources import ServiceSource
from catalog.upgrades import Moves
from catalog.vendor_relations import Related, Relation, VendorRelation
from core import db
from core.tasks import Task, TaskState
from core.work import WorkItem
from provisioning import service_definitions
from provisioning.connectors import base, http_service
from provisioning.connectors.base import ConnectorError, NeedsAction, Refused, TryLater, Unclear
from provisioning.connectors.definitions import Definition
from provisioning.connectors.http_service import HttpService
from provisioning.connectors.signed_licence import SignedLicence
from provisioning.service_definitions import BeingAsked, CannotDefine
from tests.vendors import Vendor
from tests.visits import Visit, make_app
from tests.world import World

MAIL, BACKUP = "marlow-mail-starter-m", "marlow-backup-server-m"
AT = "/distributor/connectors/http_service/services"
SERVICE = HttpService()


@dataclass
class Desk:
    """Nora at the connector's page."""

    nora: Visit
    world: World
    vendor: Vendor

    def asks(self, *, nightly: bool = False) -> None:
        """Presses the button; a worker asks."""
        form = {"price_list": str(self.world.price_list_id), "share": "80", "category": "Cloud"}
        answer = self.nora.post(AT, form | ({"nightly": "y"} if nightly else {}))
        assert answer.status_code == 303, answer.text[-2000:]
        self.world.work()

    def offers(self, **changes: Any) -> None:
        """The vendor changes what it lists."""
        httpx.post(f"{self.vendor.url}/_sandbox/offering", json=changes).raise_for_status()

    def takes_over(self) -> None:
        """Confirms the newest list."""
        assert self.nora.post(f"/distributor/price-imports/{self.code}/confirm").status_code == 303
        self.world.work()

    @property
    def code(self) -> str:
        """The newest list."""
        with self.world.acting():
            return db.session().scalars(select(ServiceSource.import_code)).one()

    def newest(self) -> tuple[ImportState, dict[str, int]]:
        """Its state and what it would change."""
        with self.world.acting():
            found = db.session().scalars(select(PriceImport).where(PriceImport.code == self.code_now())).one()
            return found.state, dict(found.counts)

    def code_now(self) -> str:
        """The same inside a transaction."""
        return db.session().scalars(select(ServiceSource.import_code)).one()

    def items(self) -> list[str]:
        """What waits on the work queue about vendors' lists."""
        with self.world.acting():
            chosen = select(WorkItem.words).where(
                WorkItem.kind == service_definitions.DIFFERS, WorkItem.closed_at.is_(None)
            )
            return list(db.session().scalars(chosen))


@pytest.fixture
def desk(shop: World, vendor: Vendor) -> Desk:
    """With a vendor that lists its services."""
    return Desk(Visit(make_app()).sign_in("nora"), shop, vendor)


@pytest.mark.behaviour("I14")
@pytest.mark.behaviour("I83", "M70")
def test_what_the_vendor_lists_is_looked_at_and_taken_over_with_types_steps_and_relations(desk: Desk) -> None:
    desk.asks()
    assert desk.newest() == (ImportState.PREVIEWED, {"new": 9 + 8})
    page = desk.nora.get(AT).text
    assert "Nothing is changed yet." in page
    page = desk.nora.get(f"/distributor/price-imports/{desk.code}").text
    assert "Mail domain, Postmaster&#39;s address (optional)" in page
    assert "marlow-archive → marlow-mail-starter" in page
    assert "from 100: €1.40; from 500: €1.20" in page
    with desk.world.acting():
        assert not db.session().scalars(select(Plan).where(Plan.code == MAIL)).all()

    desk.takes_over()
    with desk.world.acting():
        session = db.session()
        plan = session.scalars(select(Plan).where(Plan.code == MAIL)).one()
        product = session.scalars(select(Product).where(Product.id == plan.product_id)).one()
        kind = session.scalars(select(ProductType).where(ProductType.id == product.product_type_id)).one()
        assert (plan.list_price.text, plan.steps) == ("€1.60", [[100, 1_40], [500, 1_20]])
        assert (plan.minimum_quantity, plan.maximum_quantity, plan.sku) == (5, 5000, "KM-ST")
        assert session.scalars(select(PlanCost).where(PlanCost.plan_id == plan.id)).one().cost_minor == 1_12
        assert (kind.code, kind.connector, kind.unit) == ("marlow-mailbox", "http_service", "mailbox")
        said = {
            Related(one.relation, one.from_code, one.to_code)
            for one in session.scalars(select(VendorRelation))
        }
    assert [one["label"] for one in kind.order_fields] == ["Mail domain", "Postmaster's address"]
    assert Related(Relation.NEEDS, "marlow-vault", "marlow-backup-server") in said
    assert Related(Relation.PARTIAL, MAIL, "marlow-mail-complete-m") in said
    assert Related(Relation.UPGRADE, MAIL, "marlow-mail-starter-y") in said
    with desk.world.acting():
        archive = db.session().scalars(select(Plan).where(Plan.code.startswith("marlow-archive"))).first()
        assert archive
        assert "marlow-mail-starter" in plan_links.of(archive).bases
        ways = {(step.code, step.moves) for step in upgrades.steps(plan.id) if not step.down}
        assert {("marlow-mail-complete-m", Moves.SOME), ("marlow-mail-starter-y", Moves.ALL)} <= ways
    assert "Marlow Mail Starter" in desk.nora.get("/search", q="marlow").text
    assert "marlow-vault" in desk.nora.get(AT).text

    desk.nora.post(f"/distributor/price-imports/{desk.code}/undo")
    desk.world.work()
    with desk.world.acting():
        assert not db.session().scalars(select(VendorRelation)).all()
        assert not plan_links.of(archive).bases
        assert not upgrades.steps(plan.id)
    assert not desk.world.plan(MAIL).published


@pytest.mark.behaviour("I13")
def test_only_a_connector_that_is_connected_and_lists_its_services_is_asked(desk: Desk) -> None:
    assert desk.nora.get("/distributor/connectors/signed_licence/services").status_code == 404
    with desk.world.acting():
        the_list = db.session().scalars(select(PriceList)).one()
        asking: dict[str, Any] = {
            "price_list": the_list,
            "share_points": 8000,
            "category": "Cloud",
            "nightly": False,
            "by": "Nora",
        }
        with pytest.raises(CannotDefine):
            service_definitions.ask("signed_licence", **asking)
        service_definitions.ask("http_service", **asking)
        with pytest.raises(BeingAsked):
            service_definitions.ask("http_service", **asking)
    with pytest.raises(Refused):
        base.definition(SignedLicence(), {})


def test_a_later_difference_is_one_review_and_changes_nothing_by_itself(desk: Desk) -> None:
    desk.asks(nightly=True)
    desk.takes_over()
    desk.world.goes_on(days=1)
    desk.world.work()
    assert desk.items() == [], "it lists what the catalogue has"

    desk.offers(prices={MAIL: "1.90"}, withdrawn=[BACKUP], added=True)
    desk.world.goes_on(days=1)
    desk.world.work()
    [words] = desk.items()
    assert "2 retired" in words, "the plan, and what could be upgraded to it"
    assert desk.newest()[1]["changed"] == 1
    assert desk.world.plan(MAIL).list_price.text == "€1.60"
    assert desk.world.plan(BACKUP).published

    first = desk.code
    desk.world.goes_on(days=1)
    desk.world.work()
    assert (len(desk.items()), desk.code) == (1, first), "the same difference is not said again"
    desk.nora.post(f"/distributor/price-imports/{first}/discard")
    assert desk.items() == []
    desk.world.goes_on(days=1)
    desk.world.work()
    assert desk.items() == [], "somebody has decided about exactly this"

    desk.offers(prices={MAIL: "2.00"})
    desk.world.goes_on(days=1)
    desk.world.work()
    assert len(desk.items()) == 1
    desk.takes_over()
    assert desk.items() == []
    assert desk.world.plan(MAIL).list_price.text == "€2.00"


def test_a_list_that_contradicts_the_catalogue_says_where(desk: Desk) -> None:
    with desk.world.acting():
        mine = ProductType(code="marlow-device", name="Mine", connector="signed_licence")
        mine.audience = Audience.CUSTOMER
        db.add(mine)
        db.session().scalars(select(Plan).where(Plan.code == "patch-y")).one().code = MAIL
    desk.asks()
    with desk.world.acting():
        of = db.session().scalars(select(PriceImport)).one()
        problems = {
            row.plan_code: row.why
            for row in db.session().scalars(
                select(ImportRow).where(ImportRow.import_id == of.id, ImportRow.kind == RowKind.PROBLEM)
            )
        }
    assert "Another connector delivers" in problems[BACKUP]
    assert "another origin" in problems[MAIL]


MOODS: list[tuple[dict[str, Any], type[ConnectorError]]] = [
    ({"kind": "slow", "seconds": 1}, Unclear),
    ({"kind": "garble"}, Unclear),
    ({"kind": "error_500_before"}, Unclear),
    ({"kind": "down"}, Unclear),
    ({"kind": "busy", "seconds": 2}, TryLater),
    ({"kind": "refuse", "message": "Not for you."}, Refused),
    ({"kind": "inquire"}, NeedsAction),
]


@pytest.mark.parametrize(("mood", "error"), MOODS)
def test_a_vendor_in_a_mood_gives_no_list_rather_than_half_of_one(
    vendor: Vendor, mood: dict[str, Any], error: type[ConnectorError]
) -> None:
    vendor.feels(mood | {"on": "definitions"})
    able = replace(http_service.CAPABILITIES, timeout=timedelta(seconds=0.4))
    with pytest.raises(error):
        base.definition(HttpService(capabilities=able), vendor.settings)


def test_the_list_is_read_to_its_last_page(vendor: Vendor) -> None:
    told = base.definition(SERVICE, vendor.settings)
    assert isinstance(told, Definition)
    assert (len(told.types), len(told.products), len(told.upgrades)) == (2, 6, 4)
    with pytest.raises(NeedsAction):
        base.definition(SERVICE, vendor.settings | {"network": "public"})


def test_what_came_of_asking_stands_on_the_page(desk: Desk) -> None:
    desk.vendor.feels({"kind": "refuse", "message": "No list for this key.", "on": "definitions"})
    desk.asks()
    page = desk.nora.get(AT).text
    assert "The vendor gave no list" in page
    assert "No list for this key." in page
    with desk.world.acting():
        [task] = db.session().scalars(select(Task).where(Task.kind == "get_services"))
        assert task.state is TaskState.REFUSED
        assert UUID(task.args["source_id"])
    desk.vendor.feels()
    desk.asks()
    assert desk.newest()[0] is ImportState.PREVIEWED
