"""The reseller's console: dashboard, plans, customers, prices, orders, branding. A calm instrument, never
themed."""

from importlib import import_module
from pkgutil import iter_modules

from flask import Blueprint

from storefront.visitors import guard_reseller_console

console = Blueprint("reseller", __name__, url_prefix="/reseller")
console.before_request(guard_reseller_console)

for _module in iter_modules(__path__):  # every file of this folder hangs its views on the blueprint
    import_module(f"{__name__}.{_module.name}")
