"""The customer's portal, themed per shop: shelf, product, basket, checkout, order progress, services, invoices, sign-in."""

from flask import Blueprint

from storefront.visitors import guard_portal

portal = Blueprint("portal", __name__)
portal.before_request(guard_portal)

from storefront.portal import access, basket, looks, orders, shelf  # noqa: E402, F401 the views hang themselves on the blueprint
