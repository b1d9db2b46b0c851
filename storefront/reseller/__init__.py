"""The reseller's console: dashboard, plans, customers, prices, orders, branding. A calm instrument, never themed."""

from flask import Blueprint

from storefront.visitors import guard_reseller_console

console = Blueprint("reseller", __name__, url_prefix="/reseller")
console.before_request(guard_reseller_console)
