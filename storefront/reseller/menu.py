"""The frame of the reseller's console: its name, its places and its sections."""

from typing import Any

from flask import g, request, url_for
from sqlalchemy import inspect

from core import db
from core.errors import Missing
from core.languages import _, for_later
from partners import enrolments, providers, relation_rules, storefronts
from partners.storefronts import Storefront, StorefrontState
from storefront import links, pages
from storefront.visitors import the_shop, visitor

SECTIONS = (
    (for_later("Dashboard"), "dashboard", "layout-dashboard"),
    (for_later("Sales"), None, ""),
    (for_later("Deals"), "deal_list", "briefcase"),
    (for_later("Customers"), "customer_list", "users"),
    (for_later("Quotes"), "quote_list", "file-text"),
    (for_later("Orders"), "order_list", "package"),
    (for_later("Subscriptions"), "subscription_list", "cloud"),
    (for_later("Transfers"), "transfer_list", "truck"),
    (for_later("Invoices and charges"), "money_page", "receipt-text"),
    (for_later("Commissions"), "commission_list", "coins"),
    (for_later("Discounts"), "code_list", "sparkles"),
    (for_later("Your storefront"), None, ""),
    (for_later("Shelf"), "shelf_page", "boxes"),
    (for_later("Prices"), "price_list", "tags"),
    (for_later("Margins"), "margin_list", "coins"),
    (for_later("Promotions"), "promotion_list", "percent"),
    (for_later("Branding"), "branding_page", "palette"),
    (for_later("Visibility"), "visibility_page", "eye"),
    (for_later("Domain"), "domain_page", "globe"),
    (for_later("Plan"), "plan_page", "rocket"),
    (for_later("Account"), None, ""),
    (for_later("Team"), "team_page", "user-check"),
    (for_later("Company"), "company_page", "building-2"),
    (for_later("Invitations"), "invitation_list", "mail"),
    (for_later("Programmes"), "programmes_page", "handshake"),
    (for_later("Indirect providers"), "provider_list", "globe"),
    (for_later("Resources"), "resource_list", "folder"),
    (for_later("Newsletter"), "newsletter_list", "mail"),
    (for_later("Requests"), "request_list", "message-circle"),
    (for_later("Your terms"), "terms_page", "scale"),
    (for_later("Acceptances"), "acceptance_list", "badge-check"),
    (for_later("Who looked in"), "look_list", "eye"),
)


def reseller_id() -> Any:
    """The reseller whose console this is."""
    if (found := visitor().reseller_id) is None:
        raise Missing
    return found


def own_storefront() -> Storefront | None:
    """The reseller's own storefront, read once a request; opens its own transaction where none is open."""
    if "own_storefront" not in g or lost(g.own_storefront):
        if db.in_transaction():
            g.own_storefront = storefronts.of_reseller(reseller_id())
        else:
            with db.transaction():
                g.own_storefront = storefronts.of_reseller(reseller_id())
    return g.own_storefront


def lost(kept: Storefront | None) -> bool:
    """Whether a refusal rolled back the transaction that read it, and its values with it."""
    return kept is not None and inspect(kept).detached and bool(inspect(kept).expired_attributes)


def own_tiers() -> list[tuple[str, str, str]]:
    """(programme, tier, address) of each programme in which the reseller has a tier, for the user's menu
    (H26); read once a request."""
    if "own_tiers" not in g:
        with db.transaction():
            g.own_tiers = [
                (one.programme_name, one.tier_name, url_for("reseller.partnership_page", enrolment_id=one.id))
                for one in enrolments.with_tier(reseller_id())
            ]
    return g.own_tiers


def is_enrolled() -> bool:
    """Whether the company is a partner of some programme, which opens the list of providers (M20); asked once
    a request."""
    if "is_enrolled" not in g:
        session_id = visitor().session_id
        g.is_enrolled = session_id is not None and providers.is_enrolled(session_id)
    return g.is_enrolled


def goes_without(page: str) -> bool:
    """Whether our programmes leave a page out of this console ("no_dashboard", "no_agents": P3); asked once a
    request."""
    if "goes_without" not in g:
        if db.in_transaction():
            g.goes_without = relation_rules.goes_without(reseller_id())
        else:
            with db.transaction():
                g.goes_without = relation_rules.goes_without(reseller_id())
    return page in g.goes_without


def portal_url(storefront: Storefront | None, *, absolute: bool = False) -> str | None:
    """Where the reseller's portal stands, seen from the shop this page came from; None while it is not
    open."""
    if storefront is None or storefront.state is not StorefrontState.OPEN or not storefront.alias:
        return None
    base = the_shop().base
    path = f"{base}/" if storefront.id == the_shop().storefront_id else f"{base}/{storefront.alias}/"
    return f"{request.scheme}://{request.host}{path}" if absolute else path


def address_of(alias: str) -> str:
    """What an alias looks like in the address bar, without the scheme."""
    shop = the_shop()
    if not shop.house and shop.alias is None:  # at a domain of its own, where no alias leads anywhere
        return f"{links.at_host('').partition('://')[2]}/{alias}"
    return f"{request.host}{shop.base if shop.house else ''}/{alias}"


def frame() -> dict[str, Any]:
    """What layouts/console.html expects."""
    at = the_shop().base
    own = own_storefront()
    left_out = {
        *([] if is_enrolled() else ["provider_list"]),
        *(["dashboard"] if goes_without("no_dashboard") else []),
    }
    sections = [section for section in SECTIONS if section[1] not in left_out]
    logo = f"{at}/images/{own.logo}.png" if own and own.logo and own.id == the_shop().storefront_id else None
    return {
        "console": {"name": visitor().standing, "role": _("Reseller"), "logo_url": logo, "css_url": None},
        "places": {
            "home": url_for(f"reseller.{'customer_list' if 'dashboard' in left_out else 'dashboard'}"),
            "search": url_for("reseller.order_list"),
            "shop": portal_url(own),
            "storefront": url_for("reseller.plan_page"),
            "sign_out": f"{at}/sign-out",
            "profile": f"{at}/profile",
            "choose": f"{at}/choose",
            "help": url_for("reseller.help_page"),
        },
        "nav": [entry(*section) for section in sections],
        "query": request.args.get("q", "") if request.endpoint == "reseller.order_list" else "",
        "own_tiers": own_tiers(),
    }


def entry(label: str, endpoint: str | None, icon: str) -> tuple[str, str | None, str, int, bool]:
    """One line of the navigation; the section whose address begins the request's is where one is."""
    if endpoint is None:
        return _(label), None, icon, 0, False
    url = url_for(f"reseller.{endpoint}")
    path = url.removeprefix(the_shop().base)
    inside = request.path == path or (endpoint != "dashboard" and request.path.startswith(f"{path}/"))
    return _(label), url, icon, 0, inside


pages.CONSOLES["reseller"] = frame
