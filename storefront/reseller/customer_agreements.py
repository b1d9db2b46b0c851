"""The agreements of one of our customers: where they stand, attesting, and mailing the link."""

from functools import partial

from werkzeug.wrappers import Response

from storefront import customer_agreements
from storefront.reseller import console
from storefront.reseller.customers import find

AT = "/customers/<code>/agreements"


@console.get(AT)
def customer_agreements_page(code: str) -> Response:
    """Where they stand."""
    return customer_agreements.show("reseller", partial(find, code))


@console.post(f"{AT}/<agreement>/attest")
def attest_agreement(code: str, agreement: str) -> Response:
    """On our word, where our programme lets us (M39)."""
    return customer_agreements.attest("reseller", partial(find, code), agreement)


@console.post(f"{AT}/<agreement>/link")
def send_agreement_link(code: str, agreement: str) -> Response:
    """The customer accepts itself."""
    return customer_agreements.send("reseller", partial(find, code), agreement)


@console.post(f"{AT}/links/<link_id>/resend")
def resend_agreement_link(code: str, link_id: str) -> Response:
    """A new link."""
    return customer_agreements.resend("reseller", partial(find, code), link_id)


@console.post(f"{AT}/links/<link_id>/revoke")
def revoke_agreement_link(code: str, link_id: str) -> Response:
    """The link ends."""
    return customer_agreements.revoke("reseller", partial(find, code), link_id)
