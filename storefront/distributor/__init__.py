"""The distributor's console: dashboard, catalogue, resellers, orders, work queue."""

from flask import Blueprint

from storefront.visitors import guard_distributor_console

console = Blueprint("distributor", __name__, url_prefix="/distributor")
console.before_request(guard_distributor_console)
