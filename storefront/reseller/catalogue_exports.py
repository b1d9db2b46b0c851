"""The reseller's whole shelf as a file: what it pays and what it asks."""

from werkzeug.wrappers import Response

from catalog import catalogue_export
from core import db
from storefront import catalogue_exports
from storefront.reseller import console


@console.get("/prices-export.csv", defaults={"ending": "csv"})
@console.get("/prices-export.xlsx", defaults={"ending": "xlsx"})
def export_prices(ending: str) -> Response:
    """Every plan that may be sold, hidden ones too."""
    with db.transaction():
        return catalogue_exports.answer(catalogue_export.shelf(), "prices", ending)
