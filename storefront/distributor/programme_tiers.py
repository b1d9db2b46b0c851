"""The tiers of a programme: what each needs and gives, with how many partners are in it; added, changed and
removed here."""

from typing import Any
from uuid import UUID

from flask import request
from werkzeug.wrappers import Response
from wtforms import IntegerField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange

from core import db
from core.errors import Missing, Refusal
from core.languages import _
from partners import programmes, tiers
from partners.tiers import Terms, Tier
from storefront import lists, pages, timelines
from storefront.distributor import console, programme_pages
from storefront.forms import Form
from storefront.visitors import has_role, require_role

pages.saying(
    tier_added="The tier is there. Partners who were in none begin in the lowest.",
    tier_changed="Saved. Its price counts from the next order on, its threshold at the next anniversary.",
    tier_removed="Removed.",
)


class TierForm(Form):
    """One tier."""

    name = StringField("Name", [InputRequired("A tier needs a name."), Length(max=40)])
    threshold = IntegerField(
        "Awarded from",
        [
            InputRequired("Such as 10; of the lowest 0."),
            NumberRange(0, tiers.MOST_CUSTOMERS, "A whole number from 0 to a million."),
        ],
        description="Customers that a partner has sold to and kept at its anniversary. The tier with 0 is"
        " where new partners begin.",
    )
    minimum = IntegerField(
        "Minimum",
        [
            InputRequired("Such as 10; of the lowest 5."),
            NumberRange(0, tiers.MOST_CUSTOMERS, "A whole number from 0 to a million."),
        ],
        description="With fewer customers a partner does not keep the tier. Of the lowest tier: with fewer it"
        " is flagged, and you get a mail.",
    )
    discount = StringField(
        "Discount",
        [InputRequired("Such as 5; 0 for none.")],
        description="Taken off the partner's wholesale price of the products in this programme.",
    )
    commission = StringField(
        "Commission",
        [InputRequired("Such as 3; 0 for none.")],
        description="Recorded once for each customer that is won: of what the partner pays for its first"
        " service.",
    )
    benefits = TextAreaField(
        "Benefits", [Length(max=2000)], description="What else it gives, as partners read it."
    )

    def terms(self) -> Terms:
        """What it says; PercentRefused for what is no percentage."""
        return Terms(
            self.name.data or "",
            self.threshold.data or 0,
            self.minimum.data or 0,
            tiers.parse_percent(self.discount.data or ""),
            tiers.parse_percent(self.commission.data or ""),
            self.benefits.data or "",
        )


@console.get("/programmes/<code>/tiers")
def programme_tiers(code: str) -> Response:
    """The page."""
    return show(code)


def show(
    code: str, status: int = 200, *, sent: TierForm | None = None, of: UUID | None = None, problem: str = ""
) -> Response:
    """The page, with a refused form as it was sent: that of a tier, or of the next one."""
    with db.transaction():
        found = programmes.find(code)
        rows, held = tiers.of_programme(found.id), tiers.held(found.id)
        about = {"code": found.code, "name": found.name, "open": found.takes_applications}
        timeline = timelines.of([found.id])
    if of is not None and of not in {row.id for row in rows}:
        raise Missing("tier")
    shown = [
        {
            "id": row.id,
            "name": row.name,
            "threshold": row.threshold,
            "minimum": row.minimum,
            "discount": tiers.percent(row.discount),
            "commission": tiers.percent(row.commission),
            "benefits": row.benefits,
            "partners": held.get(row.id, 0),
            "form": sent if of == row.id else TierForm(prefix=prefix_of(row.id), data=kept(row)),
            "open": of == row.id and sent is not None,
            "problem": problem if of == row.id else None,
        }
        for row in rows
    ]
    return pages.render(
        "distributor/programme_tiers.html",
        status,
        title=_("Tiers: %(programme)s", programme=about["name"]),
        programme=about,
        tabs=programme_pages.tabs(code),
        tiers=shown,
        form=sent if sent is not None and of is None else TierForm(discount="0", commission="0"),
        problem=problem if of is None else None,
        timeline=timeline,
        may_change=has_role("admin"),
    )


def prefix_of(tier_id: UUID) -> str:
    """Tells the fields of one tier from those of the others."""
    return f"t{tier_id.hex[-8:]}-"


def kept(tier: Tier) -> dict[str, Any]:
    """A tier as its form is filled."""
    return {
        "name": tier.name,
        "threshold": tier.threshold,
        "minimum": tier.minimum,
        "discount": tiers.percent(tier.discount).removesuffix(" %"),
        "commission": tiers.percent(tier.commission).removesuffix(" %"),
        "benefits": tier.benefits,
    }


@console.post("/programmes/<code>/tiers")
def add_tier(code: str) -> Response:
    """One more."""
    require_role("admin")
    form = TierForm(request.form)
    if not form.validate():
        return show(code, 422, sent=form)
    try:
        with db.transaction():
            tiers.add(programmes.find(code), form.terms())
    except Refusal as refusal:
        return refused(code, refusal, sent=form)
    return pages.see("distributor.programme_tiers", "tier-added", code=code)


@console.post("/programmes/<code>/tiers/<tier_id>")
def change_tier(code: str, tier_id: str) -> Response:
    """Counts from now on."""
    require_role("admin")
    of = lists.identifier(tier_id, "tier")
    form = TierForm(request.form, prefix=prefix_of(of))
    if not form.validate():
        return show(code, 422, sent=form, of=of)
    try:
        with db.transaction():
            programme = programmes.find(code)
            tiers.change(programme, tiers.find(programme, of), form.terms())
    except Refusal as refusal:
        return refused(code, refusal, sent=form, of=of)
    return pages.see("distributor.programme_tiers", "tier-changed", code=code)


@console.post("/programmes/<code>/tiers/<tier_id>/remove")
def remove_tier(code: str, tier_id: str) -> Response:
    """Takes away a tier that nobody is in."""
    require_role("admin")
    of = lists.identifier(tier_id, "tier")
    try:
        with db.transaction():
            programme = programmes.find(code)
            tiers.remove(programme, tiers.find(programme, of))
    except Refusal as refusal:
        return refused(code, refusal)
    return pages.see("distributor.programme_tiers", "tier-removed", code=code)


def refused(code: str, refusal: Refusal, *, sent: TierForm | None = None, of: UUID | None = None) -> Response:
    """The page with the refusal; what is not there is a page that is not there."""
    if isinstance(refusal, Missing):
        raise refusal
    return show(code, refusal.status, sent=sent, of=of, problem=str(refusal))
