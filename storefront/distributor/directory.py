"""Our entry in the directory of providers, which partners of every distributor of the installation read side
by side (M22)."""

from flask import request
from werkzeug.wrappers import Response
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import Length

from core import db
from core.errors import Refusal
from core.languages import Words, _
from partners import providers
from partners.providers import OFFERS
from storefront import pages, timelines
from storefront.distributor import console
from storefront.forms import Form
from storefront.moments import moment
from storefront.visitors import has_role, require_role

HINTS = Words(
    {
        "training": "Such as: free certification courses, monthly.",
        "assistance": "Such as: engineers on the phone, working days 8 to 18.",
        "marketing": "Such as: campaigns to co-brand, half of the cost borne.",
        "finance": "Such as: yearly terms paid monthly.",
        "credit_terms": "Such as: 30 days net after a check.",
    }
)


class Entry(Form):
    """What other companies read about us; one field for each offer (`offer_...`)."""

    published = BooleanField(
        "In the directory",
        description="On: partners of every distributor of this installation see the entry, and may ask for an"
        " invitation.",
    )
    about = TextAreaField(
        "Who we are",
        [Length(max=providers.LONGEST_ABOUT)],
        description="Two or three sentences.",
    )
    countries = StringField(
        "Where we sell", [Length(max=providers.LONGEST_COUNTRIES)], description="Countries or regions."
    )


for _code in OFFERS:
    setattr(Entry, f"offer_{_code}", StringField("", [Length(max=providers.LONGEST_OFFER)]))


def with_words(form: Entry) -> Entry:
    """The offers' fields in the words of today's language."""
    for code in OFFERS:
        form[f"offer_{code}"].label.text = OFFERS[code]
        form[f"offer_{code}"].description = HINTS[code]
    return form


@console.get("/directory")
def directory_page() -> Response:
    """The entry as it is."""
    return show()


def show(form: Entry | None = None, status: int = 200, *, problem: str | None = None) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        kept = providers.entry()
        timeline = timelines.of([kept.id]) if kept else []
    offers = kept.offers if kept else {}
    filled = Entry(
        published=bool(kept and kept.published),
        about=kept.about if kept else "",
        countries=kept.countries if kept else "",
        **{f"offer_{code}": offers.get(code, "") for code in OFFERS},
    )
    form = with_words(form or filled)
    return pages.render(
        "distributor/directory.html",
        status,
        title=_("Directory entry"),
        form=form,
        offers=[form[f"offer_{code}"] for code in OFFERS],
        published=bool(kept and kept.published),
        changed=moment(kept.changed_at) if kept else None,
        timeline=timeline,
        may_change=has_role("admin"),
        problem=problem,
    )


@console.post("/directory")
def save_directory() -> Response:
    """Others read it at once."""
    require_role("admin")
    form = with_words(Entry(request.form))
    if not form.validate():
        return show(form, 422)
    try:
        with db.transaction():
            providers.keep(
                published=form.published.data,
                about=form.about.data or "",
                countries=form.countries.data or "",
                offers={code: form[f"offer_{code}"].data or "" for code in OFFERS},
            )
    except Refusal as refusal:
        return show(form, refusal.status, problem=str(refusal))
    return pages.see("distributor.directory_page", "saved")
