"""Loading a catalogue file, and putting what is new on the shelves."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask import request
from sqlalchemy import select
from werkzeug.wrappers import Response

from catalog import assortments, catalogue_files, listings, loading, margin_alarms, shelf_prices
from catalog.loading import BadCatalogue, Loaded
from core import db
from core.languages import _
from core.parties import Reseller
from partners.storefronts import Storefront, StorefrontState
from provisioning.connectors.registry import CONNECTORS
from storefront import pages
from storefront.distributor import console, forms, product_prices
from storefront.visitors import require_role

pages.saying(
    stocked=(
        "Open shelves have the new plans now, where their resellers did not say otherwise. Each may change or"
        " hide them."
    ),
)


@console.get("/catalogue-file")
def catalogue_file() -> Response:
    """Where a file is loaded."""
    return show_file(forms.Upload())


@console.post("/catalogue-file")
def load_file() -> Response:
    """Loads what is new in a file; a file with faults changes nothing, and every fault is named."""
    require_role("storefront_manager")
    form = forms.Upload(request.form)
    upload = request.files.get("file")
    if not form.validate() or upload is None or not upload.filename:
        return show_file(form, 422, faults=[] if form.errors else [_("Choose a file first.")])
    try:
        share = Decimal((form.share.data or "").strip().rstrip("%").replace(",", ".")) / 100
        content = catalogue_files.parse(upload.read())
    except ArithmeticError:  # no number, or one too large to be one
        return show_file(form, 422, faults=[_("The wholesale share is a number of percent, such as 85.")])
    except BadCatalogue as error:
        return show_file(form, 422, faults=[str(error)])
    if faults := catalogue_files.problems(content, frozenset(CONNECTORS)):
        return show_file(form, 422, faults=faults)
    if not 0 < share <= 1:
        return show_file(form, 422, faults=[_("The wholesale share is more than 0 and at most 100 percent.")])
    try:
        with db.transaction():
            loaded = load(content, share)
    except BadCatalogue as error:  # only the database knows: a base or a part that is not there
        return show_file(form, 422, faults=[str(error)])
    return show_file(
        forms.Upload(share=form.share.data), loaded=loaded, already=len(content["product"]) - loaded.products
    )


def load(content: Mapping[str, Any], share: Decimal) -> Loaded:
    """Loads for every price list of the file's currency, and puts what is new on the distributor's own
    shelf."""
    shelf_prices.take_turns()  # before anything is held that a change of prices comes to last
    names = [one.name for one in product_prices.all_price_lists() if one.currency == content["currency"]]
    loaded = loading.load(content, {name: share for name in names})
    house = db.session().scalar(select(Reseller).where(Reseller.house))
    if house is not None and loaded.plans:
        listings.stock(house.id, house.distributor_id)
        assortments.offer_what_is_new()
        margin_alarms.look_at_costs()
    return loaded


@console.post("/catalogue-file/stock")
def stock_shelves() -> Response:
    """Puts every plan that is not there yet on every open shelf whose reseller wants that."""
    require_role("storefront_manager")
    with db.transaction() as session:
        shops = session.scalars(select(Storefront).where(Storefront.state == StorefrontState.OPEN)).all()
        for shop in shops:
            assortments.take_in(shop.reseller_id, shop.distributor_id)
    return pages.see("distributor.catalogue_file", "stocked")


def show_file(
    form: forms.Upload,
    status: int = 200,
    *,
    faults: Sequence[str] = (),
    loaded: Loaded | None = None,
    already: int = 0,
) -> Response:
    """The page with its report."""
    return pages.render(
        "distributor/catalogue_file.html",
        status,
        title=_("Load a catalogue file"),
        form=form,
        faults=faults[:50],
        more=max(0, len(faults) - 50),
        loaded=loaded,
        already=already,
    )
