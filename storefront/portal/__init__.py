"""The customer's portal, themed per shop: shelf, product, basket, checkout, order progress, services,
invoices, sign-in."""

from importlib import import_module
from pkgutil import iter_modules

from flask import Blueprint

from storefront.visitors import guard_portal

portal = Blueprint("portal", __name__)
portal.before_request(guard_portal)

for _module in iter_modules(__path__):  # every file of this folder hangs its views on the blueprint
    import_module(f"{__name__}.{_module.name}")
