"""The distributor's own company data: what stands on its papers, as buyer and as seller."""

from werkzeug.wrappers import Response

from billing import tax
from core import db, parties
from core.tenancy import current
from partners import companies
from storefront import companies as company_forms
from storefront import pages
from storefront.companies import Company
from storefront.distributor import console
from storefront.visitors import require_role


@console.get("/company")
def company_page() -> Response:
    """What is kept."""
    return show()


def show(form: Company | None = None, status: int = 200) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        row = companies.of(current().distributor_id)
        name = parties.the_distributor().name
    return pages.render(
        "distributor/company.html",
        status,
        **company_forms.page_values(row, form, name=name),
    )


@console.post("/company")
def save_company() -> Response:
    """New data from now on."""
    require_role("admin")
    form = company_forms.answer()
    if form:
        return show(form, 422)
    with db.transaction():
        tax.settled(parties.the_distributor().name)
    return pages.see("distributor.company_page", "company-saved")
