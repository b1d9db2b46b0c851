"""Whether a shop shows its prices to everybody, or to its own people only (I38): one setting of a storefront,
with a page in the console of whoever runs the shop. What visitors see then is decided in one place,
`storefront/visitors.py: prices_shown`."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import request
from werkzeug.wrappers import Response
from wtforms import RadioField

from core import db
from core.errors import Missing, Refused
from core.languages import _
from partners import storefronts
from partners.storefronts import Storefront, StorefrontState
from storefront import pages, timelines
from storefront.forms import Form, SelectChoice
from storefront.visitors import has_role, require_role

pages.saying(
    visibility_saved="Saved. Your shop shows it from the next page on.",
)
EVERYBODY, OWN = "everybody", "own"


class Visibility(Form):
    """Who sees prices."""

    prices = RadioField(
        "Who sees prices",
        choices=[SelectChoice(EVERYBODY, "Everybody"), SelectChoice(OWN, "Whoever has signed in")],
        default=EVERYBODY,
    )


@dataclass(frozen=True, slots=True)
class Desk:
    """The page of one console."""

    page: str
    save: str
    own: Callable[[], Storefront | None]

    def show(self, status: int = 200) -> Response:
        """The setting as it is, and who changed it when."""
        with db.transaction():
            shop = self._shop()
            timeline = timelines.of([shop.id])
            now = EVERYBODY if shop.prices_public else OWN
        return pages.render(
            f"{self.page.partition('.')[0]}/visibility.html",
            status,
            title=_("Visibility of prices"),
            form=Visibility(data={"prices": now}),
            notes={
                EVERYBODY: _("Visitors and search engines see them."),
                OWN: _(
                    "Visitors see products without any price, and are asked to sign in."
                    " Search engines learn no price either."
                ),
            },
            save_url=self.save,
            may_change=has_role("storefront_manager"),
            timeline=timeline,
        )

    def keep(self) -> Response:
        """From the next request on."""
        require_role("storefront_manager")
        chosen = request.form.get("prices", "")
        if chosen not in (EVERYBODY, OWN):
            raise Refused(_("Choose who sees prices: everybody, or whoever has signed in."))
        with db.transaction():
            storefronts.show_prices(self._shop(), to_all=chosen == EVERYBODY)
        return pages.see(self.page, "visibility-saved")

    def _shop(self) -> Storefront:
        found = self.own()
        if found is None or found.state is not StorefrontState.OPEN:
            raise Missing("storefront")
        return found
