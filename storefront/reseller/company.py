"""The reseller's own company data: what stands on its papers, as buyer and as seller."""

from werkzeug.wrappers import Response

from core import db, parties
from partners import companies
from storefront import companies as company_forms
from storefront import pages
from storefront.companies import Company
from storefront.moments import moment
from storefront.reseller import console, menu
from storefront.visitors import has_role, require_role

pages.saying(
    company_saved="Saved. It stands on orders and invoices from now on; older papers stay as they are."
)


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
        title="Company",
        form=form or company_forms.form_of(row, name=name, country=country),
        kept=row,
        country=companies.country_name(row.country) if row else "",
        changed=moment(row.changed_at) if row else None,
        may_change=has_role("admin"),
    )


@console.post("/company")
def save_company() -> Response:
    """New data from now on."""
    require_role("admin")
    form = company_forms.answer(reseller_id=menu.reseller_id())
    if form:
        return show(form, 422)
    return pages.see("reseller.company_page", "company-saved")
