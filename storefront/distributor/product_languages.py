"""What a product and its plans are called in other languages; the first language is on the page Details."""

from typing import Any

from flask import request, url_for
from werkzeug.wrappers import Response

from catalog import editing, publication, translations
from catalog.products import Plan, Product
from catalog.translations import Words
from core import db, languages
from core.errors import Missing, Refusal
from storefront import pages, timelines
from storefront.distributor import console, product_pages
from storefront.distributor.product_pages import ROLE
from storefront.visitors import has_role, require_role

FIRST = next(iter(languages.WRITTEN))


@console.get("/catalogue/<code>/languages")
def product_languages(code: str) -> Response:
    """One language beside the first."""
    return show(code, wanted())


def wanted() -> str:
    """The language of the address, or the first that can be written."""
    chosen = request.args.get("language", FIRST)
    if chosen not in languages.WRITTEN:
        raise Missing("page")
    return chosen


def stored(product: Product, plans: list[Plan], language: str) -> dict[str, str]:
    """Name of field -> what is written."""
    known = translations.of([product, *plans])
    words = known.get((product.id, language), Words())
    return {
        "name": words.name,
        "summary": words.summary,
        "description": words.description,
        **{f"plan-{plan.id}": known.get((plan.id, language), Words()).name for plan in plans},
    }


def show(
    code: str, language: str, status: int = 200, *, problem: str | None = None, overtaken: bool = False
) -> Response:
    """The page, with what was typed where it was refused."""
    with db.transaction():
        product = editing.product(code)
        plans = publication.plans_of(product.id)
        values = stored(product, plans, language)
        known = {spoken for _row, spoken in translations.of([product, *plans])}
        head, trail = product_pages.head(product), timelines.of([product.id])
        own: dict[str, Any] = {
            "name": product.name,
            "summary": product.summary,
            "description": product.description,
        }
        names = [(f"plan-{plan.id}", plan.name) for plan in plans]
    typed = {name: request.form.get(name, "") for name in values} if problem else values
    return pages.render(
        "distributor/product_languages.html",
        status,
        title=head["name"],
        head=head,
        written=language,
        its_name=languages.WRITTEN[language],
        runs=languages.direction(language),
        choices=[
            (
                f"{name} ✓" if one in known else name,
                url_for("distributor.product_languages", code=code, language=one),
                one == language,
            )
            for one, name in languages.WRITTEN.items()
        ],
        own=own,
        typed=typed,
        plans=names,
        theirs={name: value for name, value in values.items() if value != typed[name].strip()}
        if overtaken
        else {},
        seen=product_pages.seen(values),
        trail=trail,
        problem=problem,
        may_change=has_role(ROLE),
    )


@console.post("/catalogue/<code>/languages")
def save_languages(code: str) -> Response:
    """Shops show it on their next request, to whoever reads that language."""
    require_role(ROLE)
    language = wanted()
    try:
        with db.transaction():
            product = editing.product(code, hold=True)
            plans = publication.plans_of(product.id)
            editing.refuse_if_overtaken(stored(product, plans, language), product_pages.sent())
            given = {what: request.form.get(what, "") for what in ("name", "summary", "description")}
            news = [translations.keep(product, language, Words(**given))]
            news += [
                translations.keep(plan, language, Words(request.form.get(f"plan-{plan.id}", "")))
                for plan in plans
            ]
            if any(news):
                publication.changed([product])
    except Refusal as refusal:
        overtaken = isinstance(refusal, editing.Overtaken)
        return show(code, language, refusal.status, problem=str(refusal), overtaken=overtaken)
    return pages.see("distributor.product_languages", "saved", code=code, language=language)
