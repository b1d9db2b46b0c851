"""The mails about prices under a floor: to the reseller for its shelf, to the distributor for what it keeps
of wholesale prices. They go where nobody typed the price: after a price sheet, a vendor's cost, a tier."""

from uuid import UUID

from sqlalchemy import func, select

from catalog.margin_alarms import CostAlarm, ShelfAlarm
from core import db, parties
from core.languages import _, counted
from storefront import links, mail
from storefront.mailer import Mail


def shelf_under_floor(reseller_id: UUID) -> Mail | None:
    """To the reseller: how many prices are under its floor; nothing once there are none."""
    counting = select(func.count()).select_from(ShelfAlarm).where(ShelfAlarm.reseller_id == reseller_id)
    if not (number := db.session().scalar(counting) or 0):
        return None
    shop, reseller = mail.sender(links.house()), parties.reseller(reseller_id)
    return Mail(
        "application",
        shop,
        reseller.email,
        reseller.name,
        counted(
            "%(n)s price of your shop is under your floor",
            "%(n)s prices of your shop are under your floor",
            number,
        ),
        _("You get this mail because you sell through %(shop)s.", shop=shop.name),
        {
            "words": _(
                "What you pay has changed, so less stays with you than you want. You can raise the prices to"
                " your floor with one click."
            ),
            "facts": [(_("Prices under your floor"), str(number))],
            "quote": "",
            "act": _("See the prices"),
            "url": f"{shop.url}/reseller/margins",
            "note": "",
        },
    )


def costs_under_floor(_look_id: UUID) -> Mail | None:
    """To the distributor; nothing once there are none."""
    missing = func.count().filter(CostAlarm.margin_points.is_(None))
    number, unjudged = db.session().execute(select(func.count(), missing).select_from(CostAlarm)).one()
    if not number:
        return None
    shop, distributor = mail.sender(links.house()), parties.the_distributor()
    facts = [(_("Prices under their floor"), str(number - unjudged))]
    if unjudged:
        facts.append((_("Without an exchange rate, so not judged"), str(unjudged)))
    return Mail(
        "application",
        shop,
        distributor.contact_email,
        distributor.name,
        counted(
            "%(n)s wholesale price is under its floor", "%(n)s wholesale prices are under their floor", number
        ),
        _("You get this mail because you are the contact of %(name)s.", name=distributor.name),
        {
            "words": _(
                "A vendor's price, a tier or an exchange rate has changed. You can raise the prices to their"
                " floor with one click."
            ),
            "facts": facts,
            "quote": "",
            "act": _("See the prices"),
            "url": f"{shop.url}/distributor/margins",
            "note": "",
        },
    )


mail.register("mail_shelf_under_floor", "reseller_id", shelf_under_floor)
mail.register("mail_costs_under_floor", "look_id", costs_under_floor)
