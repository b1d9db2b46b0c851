"""A reseller's own promotions: what lowers its retail prices, borne by itself."""

from werkzeug.wrappers import Response

from storefront.promotions import Desk
from storefront.reseller import console, menu

DESK = Desk("reseller", menu.reseller_id, "storefront_manager")


@console.get("/promotions")
def promotion_list() -> Response:
    """The list."""
    return DESK.listing()


@console.get("/promotions.csv")
def promotion_file() -> Response:
    """The same as a file."""
    return DESK.file()


@console.get("/promotions/new")
def new_promotion() -> Response:
    """The form."""
    return DESK.new()


@console.post("/promotions/new")
def add_promotion() -> Response:
    """One more draft."""
    return DESK.add()


@console.get("/promotions/<code>")
def promotion_page(code: str) -> Response:
    """One promotion, its uses and what it cost so far."""
    return DESK.one(code)


@console.get("/promotions/<code>/edit")
def edit_promotion(code: str) -> Response:
    """A draft in its form."""
    return DESK.edit(code)


@console.post("/promotions/<code>/edit")
def change_promotion(code: str) -> Response:
    """Another draft in its place."""
    return DESK.change(code)


@console.post("/promotions/<code>/publish")
def publish_promotion(code: str) -> Response:
    """It runs from its first day on."""
    return DESK.publish(code)


@console.post("/promotions/<code>/stop")
def stop_promotion(code: str) -> Response:
    """Not any more."""
    return DESK.stop(code)
