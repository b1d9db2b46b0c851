"""Admin rights at a customer, from the reseller's side: asking for them, asking no more, giving them back
(M34). What they open is the customer's dashboard (accounts.py)."""

from werkzeug.wrappers import Response

from core import db, trail
from core.errors import Missing, Refusal
from partners import admin_rights
from storefront import pages
from storefront.reseller import console, customers
from storefront.visitors import require_role

pages.saying(
    rights_asked="Asked. An administrator of the customer decides; you read the answer here and by mail.",
    rights_withdrawn="You have no admin rights there, and ask for none.",
)


@console.post("/customers/<code>/rights")
def ask_rights(code: str) -> Response:
    """Asks the customer's administrators (M34)."""
    require_role("storefront_manager", "buyer")
    try:
        with db.transaction():
            admin_rights.ask(customers.find(code), by=customers.by())
    except Missing:
        raise
    except Refusal as refusal:
        with db.transaction():
            trail.write(customers.find(code), "refused to ask for admin rights", why=str(refusal))
        return customers.show(code, removal=refusal)
    return pages.see("reseller.customer_page", "rights-asked", code=code)


@console.post("/customers/<code>/rights/withdraw")
def withdraw_rights(code: str) -> Response:
    """Asks no more, or gives them back."""
    require_role("storefront_manager", "buyer")
    with db.transaction():
        admin_rights.withdraw(admin_rights.to_change(customers.find(code).id), by=customers.by())
    return pages.see("reseller.customer_page", "rights-withdrawn", code=code)
