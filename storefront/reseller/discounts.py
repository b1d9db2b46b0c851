"""The reseller's discounts: its partner codes, a place to type one in, and what the distributor has running
for it."""

from flask import request
from werkzeug.wrappers import Response

from catalog import deductions, partner_codes, promotions
from core import db
from core.errors import Refusal
from core.languages import _
from core.throttles import TooOften
from storefront import exports, lists, pages
from storefront import partner_codes as code_lists
from storefront.moments import day
from storefront.reseller import console, menu
from storefront.visitors import has_role, require_role, visitor

pages.saying(code_kept="The code is kept on your account and counts from your next order on.")


@console.get("/discounts")
def code_list() -> Response:
    """Codes, the field for one more, and the distributor's promotions."""
    return show()


def show(status: int = 200, *, typed: str = "", problem: str | None = None) -> Response:
    """The page, with a refused code as it was typed."""
    with db.transaction():
        page = lists.page(code_lists.the_list("reseller"), code_lists.statement())
        running = [
            {
                "name": one.name,
                "off": deductions.off_in_words(one.basis_points, one.minor, one.currency),
                "goods": one.goods,
                "ends": day(one.ends_on) if one.ends_on else None,
                "minimum": one.minimum,
                "new_customers": one.new_customers,
                "once": one.once,
            }
            for one in promotions.running_for(menu.reseller_id())
        ]
    return pages.render(
        "reseller/discounts.html",
        status,
        title=_("Discounts"),
        page=page,
        running=running,
        typed=typed,
        problem=problem,
        may_redeem=has_role("buyer"),
    )


@console.get("/discounts.csv")
def code_file() -> Response:
    """The codes as a file."""
    with db.transaction():
        return exports.answer(code_lists.the_list("reseller"), code_lists.statement())


@console.post("/discounts")
def redeem_code() -> Response:
    """Keeps a code on the account (P24); whatever is wrong with it is said in one sentence (P26)."""
    require_role("buyer")
    typed = request.form.get("code", "")[:80]
    try:
        redeem(typed)
    except Refusal as refusal:
        return show(refusal.status, typed=typed, problem=str(refusal))
    return pages.see("reseller.code_list", "code-kept")


def redeem(typed: str) -> None:
    """WrongCode, or TooOften for whoever guesses; also where an order is made."""
    if not partner_codes.may_guess(menu.reseller_id(), request.remote_addr or ""):
        raise TooOften
    with db.transaction():
        partner_codes.redeem(typed, by=visitor().name)
