"""The reseller's own company data: what stands on its papers, as buyer and as seller."""

from werkzeug.wrappers import Response

from core import db, parties
from partners import companies
from storefront import companies as company_forms
from storefront import pages
from storefront.companies import Company
from storefront.reseller import console, menu
from storefront.visitors import require_role


@console.get("/company")
def company_page() -> Response:
    """What is kept."""
    return show()


def show(form: Company | None = None, status: int = 200) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        row = companies.of(menu.reseller_id())
        standing = parties.reseller(menu.reseller_id())
        name, country = standing.name, standing.country
    return pages.render(
        "reseller/company.html",
        status,
        **company_forms.page_values(row, form, name=name, country=country),
    )


@console.post("/company")
def save_company() -> Response:
    """New data from now on."""
    require_role("admin")
    form = company_forms.answer(reseller_id=menu.reseller_id())
    if form:
        return show(form, 422)
    return pages.see("reseller.company_page", "company-saved")
