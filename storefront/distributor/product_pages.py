"""What every page of a product has: its head, its tabs, and what stands there when somebody else saved
meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from wtforms import BooleanField, Field, SelectField, SelectMultipleField

from catalog import editing
from catalog.products import Product, SaleState
from core.languages import Words, _, for_later
from storefront.forms import Form

ROLE = "storefront_manager"
PAGES = (
    (for_later("Prices"), "product_page"),
    (for_later("Details"), "product_details"),
    (for_later("Ordering"), "product_ordering"),
    (for_later("Pictures"), "product_pictures"),
    (for_later("Languages"), "product_languages"),
    (for_later("Upgrades"), "product_upgrades"),
)
"""(label, endpoint) in the order of the tabs; each endpoint takes the product's `code`."""
STATES = Words(
    {
        SaleState.DRAFT: for_later("Draft"),
        SaleState.PUBLISHED: for_later("Published"),
        SaleState.RETIRED: for_later("Retired"),
    }
)


def head(product: Product) -> dict[str, Any]:
    """What distributor/product_head.html draws; call it in the transaction that read the product."""
    return {
        "name": product.name,
        "code": product.code,
        "vendor": product.vendor,
        "state": product.state.value,
        "archived": product.archived_at is not None,
        "tabs": [
            (
                _(label),
                url_for(f"distributor.{endpoint}", code=product.code),
                request.endpoint == f"distributor.{endpoint}",
            )
            for label, endpoint in PAGES
        ],
    }


@dataclass(frozen=True, slots=True)
class Both:
    """A field that two people changed: what is stored now, and what was typed here."""

    label: str
    theirs: str
    mine: str


def both(form: Form, stored: Mapping[str, Any]) -> list[Both]:
    """The fields of a refused form that are stored otherwise by now."""
    return [
        Both(field.label.text, said(field, stored[field.name]), said(field, field.data))
        for field in form
        if field.name in stored and plain(field.data) != plain(stored[field.name])
    ]


def plain(value: Any) -> Any:
    """A value as a browser sends it back."""
    return "" if value is None else value.replace("\r\n", "\n").strip() if isinstance(value, str) else value


def said(field: Field, value: Any) -> str:
    """A value as people read it."""
    if isinstance(field, BooleanField):
        return _("Yes") if value else _("No")
    if isinstance(field, SelectField | SelectMultipleField):
        words = {str(choice[0]): str(choice[1]) for choice in field.iter_choices()}
        many = value if isinstance(value, list) else [value]
        return ", ".join(words.get(str(one), str(one)) for one in many) or "–"
    return str(value) if value not in (None, "") else "–"


def sent() -> str:
    """The values that the form was filled with, as it says."""
    return request.form.get("seen", "")[:40]


seen = editing.seen
