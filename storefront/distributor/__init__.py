"""The distributor's console: dashboard, catalogue, resellers, orders, work queue."""

from importlib import import_module
from pkgutil import iter_modules

from flask import Blueprint

from storefront.visitors import guard_distributor_console

console = Blueprint("distributor", __name__, url_prefix="/distributor")
console.before_request(guard_distributor_console)

for _module in iter_modules(__path__):  # every file of this folder hangs its views on the blueprint
    import_module(f"{__name__}.{_module.name}")
