"""Sheets of any vendor: their columns are given a meaning once; volume steps, days to come; and the catalogue
that is exported and given back."""

import csv
import io
from decimal import Decimal

import pytest
from sqlalchemy import select

from catalog import factors, volumes
from catalog.price_imports import ImportRow, ImportState, PriceImport, RowKind
from catalog.price_lists import WholesalePrice
from catalog.products import Plan, PlanCost
from catalog.sheet_uploads import SheetFile
from core import db
from tests.distributor.test_price_imports import Desk, desk  # noqa: F401 a fixture
from tests.visits import Visit
from tests.world import open_portal

HEADS = "Item;Product;Maker;RRP;Net;Contract;Qty from;Qty to;Valid from;Valid until"
ACME = f"""{HEADS}
AC-1;Acme Backup;Acme;12,00;9,00;Yearly;1;9;;
AC-1;Acme Backup;Acme;11,00;8,50;Yearly;10;;;
AC-2;Acme Vault;Acme;5,00;4,00;Monthly;;;;
""".encode()
CHOSEN = {
    "source": "Acme",
    "to_product": "Product",
    "to_list_price": "RRP",
    "to_cost": "Net",
    "to_term": "Contract",
    "to_sku": "Item",
    "to_vendor": "Maker",
    "to_range_from": "Qty from",
    "to_range_to": "Qty to",
    "to_effective_from": "Valid from",
    "to_effective_until": "Valid until",
    "per_term": "",
    "whole": "y",
}
BACKUP, VAULT = "ac-1-p1y-p1y", "ac-2-p1m-p1m"


def columns_of(desk: Desk, content: bytes, name: str = "acme.csv", **typed: str) -> str:  # noqa: F811
    """Gives a sheet that nobody knows; the address where its columns are chosen."""
    answer = desk.give(content, name=name, **typed)
    assert answer.status_code == 303, answer.text[-3000:]
    return "/distributor/price-imports/files/" + answer.location.split("/files/")[1].split("?")[0]


def read(desk: Desk, content: bytes, chosen: dict[str, str], name: str = "acme.csv", **typed: str) -> str:  # noqa: F811
    """Chooses the columns too; the address of the preview."""
    answer = desk.nora.post(columns_of(desk, content, name, **typed), chosen)
    assert answer.status_code == 303, answer.text[-3000:]
    return "/distributor/price-imports/" + answer.location.split("/price-imports/")[1].split("?")[0]


def kinds(desk: Desk, at: str) -> dict[str, int]:  # noqa: F811
    """How many rows of each kind an import has."""
    with desk.world.acting():
        code = at.rsplit("/", 1)[1]
        return dict(db.session().scalars(select(PriceImport).where(PriceImport.code == code)).one().counts)


def test_another_vendors_sheet_is_read_by_what_its_columns_mean_and_known_the_next_time(desk: Desk) -> None:  # noqa: F811
    at = columns_of(desk, ACME)
    page = desk.nora.get(at).text
    assert "AC-1" in page, "samples are shown"
    assert '<option selected value="RRP">' in page, "what a name suggests is chosen already"
    refused = desk.nora.post(at, CHOSEN | {"to_list_price": "", "to_cost": "RRP", "source": "Acme"})
    assert refused.status_code == 422
    assert "List price is needed" in refused.text
    assert 'value="Acme"' in refused.text

    preview = read(desk, ACME, CHOSEN)
    assert kinds(desk, preview) == {"new": 2}
    page = desk.nora.get(preview).text
    assert "from 10: €11.00" in page
    assert desk.offered(BACKUP) is None
    desk.nora.post(f"{preview}/confirm")
    desk.world.work()
    assert desk.offered(BACKUP) == ("€12.00", "€9.00", "€10.20", True)
    with desk.world.acting():
        session = db.session()
        plan = session.scalars(select(Plan).where(Plan.code == BACKUP)).one()
        wholesale = session.scalars(select(WholesalePrice).where(WholesalePrice.plan_id == plan.id)).one()
        cost = session.scalars(select(PlanCost).where(PlanCost.plan_id == plan.id)).one()
        assert volumes.at(plan.list_price, plan.steps, 10).text == "€11.00"
        assert (wholesale.steps, cost.steps) == ([[10, 9_35]], [[10, 8_50]])
        assert not session.scalars(select(SheetFile).where(SheetFile.file_name != "acme.csv")).all()

    cheaper = ACME.replace(b"11,00;8,50;Yearly;10", b"10,00;8,00;Yearly;20").replace(b";1;9;", b";1;19;")
    at = columns_of(desk, cheaper)
    page = desk.nora.get(at).text
    assert "The last file of this source had the same columns" in page
    assert 'value="Acme"' in page
    second = read(desk, cheaper.split(b"AC-2")[0], CHOSEN)
    assert kinds(desk, second) == {"changed": 1, "retired": 1}
    assert "from 10: €11.00 → from 20: €10.00" in desk.nora.get(second).text
    desk.nora.post(f"{second}/confirm")
    desk.world.work()
    assert desk.world.plan(BACKUP).steps == [[20, 10_00]]
    assert not desk.world.plan(VAULT).published
    desk.nora.post(f"{second}/undo")
    desk.world.work()
    assert desk.world.plan(BACKUP).steps == [[10, 11_00]]
    assert desk.world.plan(VAULT).published


def test_a_line_that_cannot_be_read_leaves_its_plan_as_it_is(desk: Desk) -> None:  # noqa: F811
    first = read(desk, ACME, CHOSEN)
    desk.nora.post(f"{first}/confirm")
    desk.world.work()
    wrong = ACME.replace(b"AC-2;Acme Vault;Acme;5,00", b"AC-2;Acme Vault;Acme;-5")
    second = read(desk, wrong, CHOSEN)
    assert kinds(desk, second) == {"unchanged": 1, "problem": 1}, "not retired because of a slip"
    assert "RRP: Write an amount of zero or more" in desk.nora.get(second).text


def test_a_plan_whose_prices_follow_another_s_is_not_priced_by_a_sheet(desk: Desk) -> None:  # noqa: F811
    with desk.world.acting():
        yearly = db.session().scalars(select(Plan).where(Plan.code == "m365-bb-y")).one()
        monthly = db.session().scalars(select(Plan).where(Plan.code == "m365-bb-m")).one()
        factors.follow(monthly, yearly, Decimal("1.5"))
        price = monthly.list_price
    sheet = ACME.replace(b"AC-2;Acme Vault", b"m365-bb-m;Microsoft 365 Business Basic")
    at = read(desk, sheet, CHOSEN | {"to_plan_code": "Item", "to_sku": "", "any_origin": "y", "whole": ""})
    assert kinds(desk, at) == {"new": 1, "problem": 1}
    assert "follow another plan" in desk.nora.get(at).text
    assert price.text != "€5.00"


def test_prices_of_a_day_to_come_are_applied_on_that_day(desk: Desk) -> None:  # noqa: F811
    def on_sale(price: bytes) -> bytes:
        return ACME.replace(b";Monthly;;;;", b";Monthly;;;;2026-12-31") + (
            b"AC-2;Acme Vault;Acme;" + price + b";4,00;Monthly;;;2027-01-01;\n"
        )

    today = read(desk, on_sale(b"6,00"), CHOSEN)
    assert "begin on 2027-01-01" in desk.nora.get(today).text
    desk.nora.post(f"{today}/confirm")
    desk.world.work()
    assert desk.offered(VAULT) == ("€5.00", "€4.00", "€4.25", True)
    assert desk.give(ACME, name="acme.csv", as_of="2020-01-01").status_code in (303, 422)

    later = read(desk, on_sale(b"6,00"), CHOSEN, as_of="2027-01-01")
    assert kinds(desk, later) == {"changed": 1, "unchanged": 1, "left_out": 1}
    confirmed = desk.nora.post(f"{later}/confirm")
    assert "said=import-scheduled" in confirmed.location
    desk.world.work()
    assert desk.offered(VAULT) == ("€5.00", "€4.00", "€4.25", True)
    assert "Waits for its day" in desk.nora.get(later).text
    desk.world.goes_on(days=60)
    desk.world.work()
    assert desk.offered(VAULT) == ("€6.00", "€4.00", "€5.10", True)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_the_exported_catalogue_is_taken_back_without_a_difference(desk: Desk, ending: str) -> None:  # noqa: F811
    if ending == "csv":
        first = read(desk, ACME, CHOSEN)
        desk.nora.post(f"{first}/confirm")
        desk.world.work()
    with desk.world.acting():
        plan = db.session().scalars(select(Plan).where(Plan.code == "patch-y")).one()
        plan.steps, plan.published = [[5, 22_00]], False
        priced = select(WholesalePrice).where(WholesalePrice.plan_id == plan.id)
        db.session().scalars(priced).one().steps = [[5, 19_00], [50, 17_00]]
    answer = desk.nora.get(f"/distributor/catalogue-export.{ending}")
    assert answer.status_code == 200
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    at = columns_of(desk, answer.data, f"catalogue.{ending}")
    page = desk.nora.get(at).text
    chosen = {"source": "Catalogue", "any_origin": "y"}
    for name in ("plan_code", "wholesale", "range_from", "on_sale", "cost", "term"):
        assert f'id="to_{name}"' in page
    with desk.world.acting():
        heads = db.session().scalars(select(SheetFile.heads)).one()
    ours = {f"to_{head}": head for head in heads if head not in ("product_type", "wholesale: Partners")}
    answer = desk.nora.post(at, chosen | ours | {"to_wholesale": "wholesale: Partners"})
    assert answer.status_code == 303, answer.text[-2000:]
    with desk.world.acting():
        source = select(PriceImport.id).where(PriceImport.source == "file-catalogue:de")
        rows = db.session().scalars(select(ImportRow).where(ImportRow.import_id.in_(source))).all()
        assert {row.kind for row in rows} == {RowKind.UNCHANGED}, [row.why for row in rows]
        assert len(rows) == len(db.session().scalars(select(Plan)).all())


def test_a_resellers_export_has_its_prices_and_no_cost(desk: Desk) -> None:  # noqa: F811
    open_portal(desk.world)
    bea = Visit(desk.nora.app).sign_in("bea")
    answer = bea.get("/reseller/prices-export.csv")
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    patch = next(row for row in rows if row["plan_code"] == "patch-y")
    assert (patch["you_pay"], patch["your_price"], patch["currency"]) == ("21.21", "24.95", "EUR")
    assert not any("cost" in name for name in rows[0])
    assert bea.get("/distributor/catalogue-export.csv").status_code in (403, 404)


def test_a_large_file_is_read_by_a_worker(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr("catalog.sheet_uploads.READ_AT_ONCE", 10)
    at = read(desk, ACME, CHOSEN)
    assert "A worker reads it" in desk.nora.get(at).text
    desk.world.work()
    assert kinds(desk, at) == {"new": 2}
    assert desk.nora.get(at).text.count("Waits for you")
    torn = read(desk, ACME + b'"', CHOSEN)
    desk.world.work()
    assert "cannot be read as CSV" in desk.nora.get(torn).text
    with desk.world.acting():
        states = set(db.session().scalars(select(PriceImport.state)))
        assert states == {ImportState.PREVIEWED, ImportState.UNREADABLE}
        assert not db.session().scalars(select(SheetFile)).all()
