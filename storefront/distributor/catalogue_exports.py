"""The whole catalogue as a file, with every price list and cost."""

from werkzeug.wrappers import Response

from catalog import catalogue_export
from core import db
from storefront import catalogue_exports
from storefront.distributor import console


@console.get("/catalogue-export.csv", defaults={"ending": "csv"})
@console.get("/catalogue-export.xlsx", defaults={"ending": "xlsx"})
def export_catalogue(ending: str) -> Response:
    """It can be given back as a price sheet, changed or not."""
    with db.transaction():
        return catalogue_exports.answer(catalogue_export.whole(), "catalogue", ending)
