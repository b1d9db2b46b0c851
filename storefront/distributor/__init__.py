"""The distributor's console: dashboard, catalogue, resellers, orders, work queue."""

from flask import Blueprint

from storefront.visitors import guard_distributor_console

console = Blueprint("distributor", __name__, url_prefix="/distributor")
console.before_request(guard_distributor_console)

from storefront.distributor import (  # noqa: E402, F401 the views hang themselves on the blueprint
    activations,
    catalogue,
    connectors,
    dashboard,
    gateway,
    house,
    menu,
    order_list,
    order_page,
    queue,
    records,
    resellers,
)
