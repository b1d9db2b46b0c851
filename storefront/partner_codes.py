"""Partner codes as both consoles list them."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from flask import url_for
from sqlalchemy import Select, or_, select

from catalog import deductions
from catalog.partner_codes import STATES, CodeRedemption, CodeState, PartnerCode
from checkout import discounts
from core.languages import _
from core.parties import Reseller
from core.tenancy import same_key
from storefront import lists
from storefront.filters import Days
from storefront.lists import Column, List
from storefront.moments import day

TONES = {
    "scheduled": ("wait", "calendar"),
    "running": ("ok", "circle-check"),
    "ended": ("neutral", "circle-slash"),
    "revoked": ("bad", "ban"),
}


def the_list(at: str) -> List:
    """The codes of a console: the distributor's with their resellers, or a reseller's own."""
    ours = at == "distributor"
    return List(
        _("Partner codes"),
        f"{at}.code_list",
        [
            Column("code", _("Code"), itemgetter("code"), PartnerCode.code),
            *([Column("reseller", _("Reseller"), itemgetter("reseller"), Reseller.name)] if ours else []),
            Column("off", _("Off"), itemgetter("off"), PartnerCode.basis_points, kind="num"),
            Column("goods", _("For"), itemgetter("goods")),
            Column("state", _("State"), itemgetter("words")),
            Column("issued", _("Issued"), itemgetter("issued"), PartnerCode.id),
            Column("ends", _("Last day"), itemgetter("ends")),
            Column("uses", _("Orders"), itemgetter("uses"), kind="num"),
        ],
        PartnerCode.id,
        rows_of(at),
        "-issued",
        search=lambda query: or_(
            PartnerCode.code.icontains(query, autoescape=True),
            PartnerCode.name.icontains(query, autoescape=True),
            PartnerCode.goods_words.icontains(query, autoescape=True),
            *([Reseller.name.icontains(query, autoescape=True)] if ours else []),
        ),
        views=lists.Choice(
            "show",
            _("View"),
            STATES.options(),
            lambda word: PartnerCode.state == CodeState(word),
            any_word=_("All"),
        ),
        filters=[Days("issued", _("Issued"), PartnerCode.created_at)],
        export=f"{at}.code_file",
    )


def statement() -> Select[PartnerCode, str, CodeRedemption]:
    """Codes with the names of their resellers, and who typed them in."""
    joined = same_key(Reseller.id, PartnerCode.reseller_id)
    typed = same_key(CodeRedemption.code_id, PartnerCode.id)
    return (
        select(PartnerCode, Reseller.name, CodeRedemption)
        .join(Reseller, joined)
        .outerjoin(CodeRedemption, typed)
    )


def rows_of(at: str) -> Any:
    """What makes the rows of a console's list."""

    def rows(found: Sequence[tuple[PartnerCode, str, CodeRedemption | None]]) -> list[dict[str, Any]]:
        used = discounts.used([one.id for one, _name, _typed in found], wholesale=True)
        return [row_of(at, one, name, typed, used.get(one.id, (0, None))[0]) for one, name, typed in found]

    return rows


def row_of(
    at: str, one: PartnerCode, reseller: str, typed: CodeRedemption | None, orders: int
) -> dict[str, Any]:
    """A code as a list shows it."""
    return {
        "code": one.code,
        "name": one.name,
        "url": url_for("distributor.code_page", code=one.code) if at == "distributor" else None,
        "reseller": reseller,
        "off": deductions.off_in_words(one.basis_points, 0, ""),
        "goods": one.goods_words,
        "words": _("Used up") if one.used_up else STATES[one.state.value],
        "tone": TONES["ended"] if one.used_up else TONES[one.state.value],
        "issued": day(one.created_at.date()),
        "starts": day(one.starts_on),
        "ends": day(one.ends_on) if one.ends_on else "–",
        "uses": _("%(uses)s of %(most)s", uses=orders, most=one.most_uses)
        if one.most_uses is not None
        else orders,
        "typed": typed is not None,
        "note": one.note,
    }
