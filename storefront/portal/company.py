"""The customer's company data: what stands on its orders and invoices. Its administrators change it."""

from werkzeug.wrappers import Response

from core import db, parties
from partners import companies
from storefront import companies as company_forms
from storefront import pages
from storefront.companies import Company
from storefront.portal import portal
from storefront.portal.checkouts import current_customer
from storefront.visitors import require_role, signed_in_customer


@portal.get("/company")
@signed_in_customer
def company() -> Response:
    """What is kept."""
    return company_page()


def company_page(form: Company | None = None, status: int = 200) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        customer, row = parties.customer(current_customer()), companies.of(current_customer())
    return pages.render(
        "portal/company.html",
        status,
        **company_forms.page_values(row, form, name=customer.name, country=customer.country),
    )


@portal.post("/company")
@signed_in_customer
def save_company() -> Response:
    """New data from now on."""
    require_role("admin")
    with db.transaction():
        customer = parties.customer(current_customer())
    form = company_forms.answer(reseller_id=customer.reseller_id, customer_id=customer.id)
    return company_page(form, 422) if form else pages.see("portal.company", "company-saved")
