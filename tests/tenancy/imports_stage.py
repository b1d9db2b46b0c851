"""For the route sweep: Northwind has been given a sheet whose columns nobody has explained, knows one source
of sheets, and has asked a vendor what it offers."""

from sqlalchemy import select

from catalog import import_previews, price_changes, price_imports, price_sheets, sheet_mappings, sheet_uploads
from catalog.price_lists import PriceList
from catalog.products import ProductType
from catalog.service_sources import ServiceSource
from catalog.sheet_mappings import Meaning
from catalog.vendor_relations import Relation, VendorRelation
from core import db
from tests.catalog.test_price_sheets import sheet_of
from tests.world import World

HEADS = ["Item", "Product", "Price", "Term"]
SHEET = b"Item,Product,Price,Term\nAC-1,Acme Backup,12.00,P1Y\n"


def a_sheet_file(world: World) -> str:
    """The code of the file."""
    with world.acting():
        session = db.session()
        price_list = session.scalars(select(PriceList).where(PriceList.id == world.price_list_id)).one()
        type_id = session.scalars(select(ProductType.id).where(ProductType.code == "cloud")).one()
        asked = {
            "market": "",
            "segment": "",
            "as_of": "",
            "price_list": str(price_list.id),
            "product_type": str(type_id),
            "category": "Cloud",
            "share": 8500,
        }
        sheet_mappings.keep(
            "Acme",
            HEADS,
            Meaning({"sku": "Item", "product": "Product", "list_price": "Price", "term": "Term"}),
        )
        db.add(
            ServiceSource(
                connector="signed_licence", price_list_id=price_list.id, share_points=8500, category="Cloud"
            )
        )
        db.add(
            VendorRelation(
                source="connector:http_service", relation=Relation.UPGRADE, from_code="one", to_code="two"
            )
        )
        rows = [["AC-1", "Acme Backup", "12.00", "P1Y"]]
        return sheet_uploads.keep(SHEET, "acme.csv", HEADS, rows, asked).code


def a_price_sheet(world: World, *, applied: bool = False) -> str:
    """Nora has read a price sheet and not decided, or it was applied; its code."""
    with world.acting():
        session = db.session()
        made = import_previews.preview(
            price_sheets.read(
                sheet_of({"SkuId": "0009"} if applied else {}),
                currency="EUR",
                market="DE",
                at=session.info["now"],
            ),
            file_name="prices.csv",
            market="DE",
            product_type_id=session.scalars(select(ProductType.id).where(ProductType.code == "cloud")).one(),
            price_list=session.scalars(select(PriceList).where(PriceList.id == world.price_list_id)).one(),
            category="Cloud",
            share_points=8500,
            by="Nora",
        )
        if applied:
            price_imports.confirm(made)
            price_changes.apply(made)
        return made.code
