"""Activates a reseller plan for a reseller from the back office (I5, I6, I20, I21)."""

from flask import request
from werkzeug.wrappers import Response

from checkout import activations
from checkout.baskets import Buyer
from core import db
from core.errors import Denied, Refusal
from core.ids import new_token
from core.languages import _
from core.parties import Reseller
from partners import standings, storefronts
from provisioning import clearances, vendor_calls
from storefront import pages
from storefront.distributor import console, forms
from storefront.forms import SelectChoice
from storefront.visitors import require_role, the_shop, visitor

pages.saying(activated="The plan is ordered and funded; its delivery opens the storefront in a moment.")


@console.get("/resellers/<code>/activate")
def activation_page(code: str) -> Response:
    """Which plan, under which alias."""
    with db.transaction():
        shop = storefronts.of_reseller(standings.find(code).id)
    return show(code, forms.Activation(alias=shop.alias if shop else ""), new_token())


def show(
    code: str, form: forms.Activation, key: str, status: int = 200, *, problem: str | None = None
) -> Response:
    """The form."""
    with db.transaction():
        reseller = standings.find(code)
        offers = activations.offers(reseller)
        left = activations.credit.available(reseller.id, the_shop().currency)
    form.plan.choices = [
        SelectChoice(offer.plan_code, f"{offer.title}: {offer.price.text} {offer.per}") for offer in offers
    ]
    return pages.render(
        "distributor/activation.html",
        status,
        title=_("Activate a reseller plan"),
        reseller=reseller,
        form=form,
        key=key,
        offers=offers,
        left=left,
        problem=problem,
    )


@console.post("/resellers/<code>/activate")
def activate(code: str) -> Response:
    """Asks the connector, then places and funds the order in one transaction."""
    require_role("subscriptions_manager")
    form, key = forms.Activation(request.form), request.form.get("request_key", "")[:100] or new_token()
    try:
        with db.transaction():
            reseller = standings.find(code)
            line = activations.item(reseller, form.plan.data or "", form.alias.data or "")
            settings = vendor_calls.settings_by_connector()
        clearance = clearances.clear(
            [line], settings, {"name": reseller.name, "email": reseller.email, "country": reseller.country}
        )
        with db.transaction():
            order = activations.activate(
                standings.find(code),
                line,
                clearance,
                by=in_the_name_of(reseller),
                storefront_id=the_shop().storefront_id,
                request_key=key,
            )
    except clearances.FieldProblem as refusal:
        form.alias.errors = [
            *form.alias.errors,
            *(words for name, words in refusal.problems.items() if name == "alias"),
        ]
        return show(code, form, key, refusal.status, problem=str(refusal) if not form.alias.errors else None)
    except Refusal as refusal:
        return show(code, form, key, refusal.status, problem=str(refusal))
    return pages.see("distributor.order_page", "activated", code=order)


def in_the_name_of(reseller: Reseller) -> Buyer:
    """The member of staff as the buyer for a reseller: the mails go to the reseller."""
    who = visitor()
    if who.membership_id is None or who.person_id is None:
        raise Denied(_("Sign in to order for a reseller."))
    return Buyer(who.membership_id, who.person_id, reseller.id, None, who.name, reseller.email)
