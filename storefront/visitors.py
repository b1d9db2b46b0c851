"""The shop and the visitor of the request in hand, and the guards of the three surfaces. Whether a role may
do something is a sentence here; whether a row is theirs is the database's business."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import ParamSpec, TypeVar
from urllib.parse import urlencode

from flask import g, redirect, request
from werkzeug.wrappers import Response

from checkout.baskets import Buyer
from core import sessions, tenancy
from core.errors import Denied, Missing, NeedsLogin, Refusal
from core.languages import _
from core.tenancy import Side
from partners.entry_terms import TermsComeFirst
from partners.roles import ROLES
from partners.viewings import ViewingOver
from storefront.shop import Shop, Visitor, scope_for, tokens

P = ParamSpec("P")
R = TypeVar("R")


def the_shop() -> Shop:
    """The shop this request came to."""
    return g.shop


def visitor() -> Visitor:
    """The person at the browser."""
    return g.visitor


def prices_shown() -> bool:
    """Whether this visitor sees this shop's prices: everybody does, unless the shop shows them to its own
    only (I38): its customers, its reseller's staff, and the distributor's. In the house's shop its resellers
    are at home, too."""
    shop, who = the_shop(), visitor()
    if shop.prices_public:
        return True
    if who.side is Side.DISTRIBUTOR:
        return True
    return who.signed_in and (
        who.reseller_id == shop.reseller_id or (shop.house and who.side is Side.RESELLER)
    )


def enter(surface: Side) -> None:
    """Opens the scope of a surface for the rest of the request; called by the surfaces' guards only."""
    g.scope = tenancy.acting_as(scope_for(the_shop(), visitor(), surface, g.request_id))
    g.scope.__enter__()


def leave() -> None:
    """Closes the scope, whatever happened."""
    scope = g.pop("scope", None)
    if scope is not None:
        scope.__exit__(None, None, None)


SELLING = frozenset(
    f"portal.{name}"
    for name in (
        "shelf",
        "category",
        "search",
        "suggest",
        "sitemap",
        "sitemap_part",
        "compare",
        "product",
        "basket",
        "add",
        "change",
        "checkout",
        "place",
        "pay",
        "order_quote_page",
        "order_quote",
        "agree_to_quote",
    )
)
"""Where something is bought: all that a closed shop does not do."""


class ShopClosed(Refusal):
    """The reseller has no plan at the moment (decision 12)."""

    status = 404
    title = "This shop is closed"

    def __init__(self) -> None:
        super().__init__(_("Nothing can be ordered here at the moment."))


SETTING_UP = frozenset(
    f"portal.{name}"
    for name in (
        "two_factor",
        "begin_two_factor",
        "confirm_two_factor",
        "qr_code",
        "sign_out",
        "theme_css",
        "image",
        "choose_look",
    )
)
"""All that is open to whoever needs a second factor and has none."""


class SecondFactorFirst(Denied):
    """The distributor wants a second factor of this role (I74)."""

    title = "Set up two-factor sign-in first"

    def __init__(self) -> None:
        super().__init__(
            _("Your role needs two-factor sign-in. Set it up under “Profile and security”, then go on.")
        )


def second_factor_first() -> Response | None:
    """From every address to the page that sets it up; a form that is sent meanwhile is refused."""
    if not visitor().must_set_up or request.endpoint in SETTING_UP or request.path.startswith("/static/"):
        return None
    if request.method not in ("GET", "HEAD"):
        raise SecondFactorFirst
    return redirect(f"{the_shop().base}/profile/two-factor?said=two-factor-first-bad", 303)


def guard_portal() -> None:
    """Anyone may look at a shop; what is theirs needs `signed_in`. A closed shop sells nothing, but its
    customers still find what they have (decision 12)."""
    if the_shop().closed and request.endpoint in SELLING:
        raise ShopClosed
    enter(Side.CUSTOMER)


def guard_reseller_console() -> Response | None:
    """Staff of a reseller: on the distributor's host any, in a reseller's shop its own. Staff of the
    distributor that looks at this console (view-as) sees what an administrator of the reseller sees, and
    sends nothing."""
    if not visitor().signed_in:
        return to_sign_in()
    if visitor().viewing is not None:
        return guard_view_as()
    if visitor().side is not Side.RESELLER or not (
        the_shop().house or visitor().reseller_id == the_shop().reseller_id
    ):
        raise Missing
    enter(Side.RESELLER)
    return terms_first() if visitor().must_agree else None


def terms_first() -> Response | None:
    """Every address of the console leads to the distributor's terms until one has agreed to them (U4)."""
    if request.endpoint in ("reseller.entry_page", "reseller.agree_to_terms"):
        return None
    if request.method not in SAFE:
        raise TermsComeFirst
    return redirect(f"{the_shop().base}/reseller/agreement", 303)


SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
ACTS = frozenset({"reseller.pay"})
"""Pages that do something outside although they are only asked for."""


def guard_view_as() -> Response | None:
    """The console as its owner sees it, for as long as the look lasts; every form is refused here, whatever
    the page (H9)."""
    looking = visitor().viewing
    if looking is None or visitor().side is not Side.DISTRIBUTOR or not the_shop().house:
        raise Missing
    if looking.over:
        if request.method in SAFE:
            return redirect(f"{the_shop().base}/distributor/?said=view-over", 303)
        raise ViewingOver
    if request.method not in SAFE or request.endpoint in ACTS:
        raise tenancy.OnlyLooking
    g.visitor = replace(
        visitor(),
        side=Side.RESELLER,
        reseller_id=looking.reseller_id,
        price_list_id=looking.price_list_id,
        roles=("admin",),
        standing=looking.name,
    )
    enter(Side.RESELLER)
    return None


def guard_distributor_console() -> Response | None:
    """Staff of the distributor, on the distributor's host only."""
    if not visitor().signed_in:
        return to_sign_in()
    if visitor().side is not Side.DISTRIBUTOR or not the_shop().house:
        raise Missing
    enter(Side.DISTRIBUTOR)
    return None


def to_sign_in() -> Response:
    """To the sign-in page, and back here afterwards; whoever was removed meanwhile is told so first."""
    shop = the_shop()
    sessions.refuse_removed(tokens(request.environ), storefront_id=shop.storefront_id, host=shop.host)
    if request.method != "GET":
        raise NeedsLogin(_("Your session has ended. Please sign in and try again."))
    return redirect(f"{the_shop().base}/sign-in?{urlencode({'next': request.full_path.rstrip('?')})}", 303)


def signed_in_customer(view: Callable[P, R]) -> Callable[P, R | Response]:
    """For portal pages that belong to a customer; others are sent to sign in, staff of other sides are told
    where they are."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R | Response:
        if not visitor().signed_in:
            return to_sign_in()
        if visitor().side is not Side.CUSTOMER:
            raise Denied(
                _(
                    "This page is for customers of this shop. You are signed in as staff; your console is in"
                    " the account menu."
                )
            )
        if visitor().reseller_id != the_shop().reseller_id:
            raise Denied(
                _(
                    "%(standing)s buys in another shop."
                    " Please go to the address that your provider gave you.",
                    standing=visitor().standing,
                )
            )
        return view(*args, **kwargs)

    return guarded


def buyer() -> Buyer:
    """The visitor as a buyer."""
    who = visitor()
    if who.membership_id is None or who.person_id is None or who.reseller_id is None:
        raise NeedsLogin(_("Please sign in to buy."))
    return Buyer(who.membership_id, who.person_id, who.reseller_id, who.customer_id, who.name, who.email)


def has_role(*roles: str) -> bool:
    """Admins may do everything; others what one of their roles allows (I45, I46)."""
    return "admin" in visitor().roles or any(role in visitor().roles for role in roles)


def require_role(*roles: str) -> None:
    """Denied, with the role that is missing."""
    if not has_role(*roles):
        raise Denied(
            _(
                "This needs the role “%(roles)s”. Please ask an administrator of your company.",
                roles="” or “".join(ROLES.get(role, role) for role in roles),
            )
        )
