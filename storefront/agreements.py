"""Terms on pages: the text drawn safely, the tick of a checkout, and the owner's evidence as CSV."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import nh3
from flask import request
from markupsafe import Markup, escape
from sqlalchemy import select
from werkzeug.wrappers import Response

from checkout.orders import OrderLine
from core import db, parties
from partners import terms
from partners.terms import Agreed, Asked, Kind, TermsAcceptance
from storefront.moments import moment

BOLD = re.compile(r"\*\*(.+?)\*\*")
HEADING = re.compile(r"(#{1,3})\s+(.*)")
ITEM = re.compile(r"[-*]\s+(.*)")
TAGS = {"h2", "h3", "h4", "p", "ul", "li", "strong"}
COLUMNS = (
    "accepted_at", "version", "sha256", "company", "name", "email", "address", "browser", "url", "order",
    "products",
)  # fmt: skip
MOST_TICKS = 50
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def ticked() -> str:
    """The version whose box is ticked in this form, or nothing."""
    return request.form.get("agreed", "")[:40]


def agreed() -> Agreed | None:
    """What an order's form says about terms, with where it came from; nothing where no box is ticked."""
    said = saying(request.base_url)
    return said if said.terms_id or said.product_terms else None


def saying(url: str) -> Agreed:
    """The same, ticked or not; `url` is what the evidence names, without a secret of its address."""
    products = tuple(one[:40] for one in request.form.getlist("product_terms")[:MOST_TICKS])
    agent = request.headers.get("User-Agent", "")
    return Agreed(ticked(), request.remote_addr or "", agent, url, products)


@dataclass(frozen=True, slots=True)
class Tick:
    """A box of a checkout: the terms of the seller, or (with a title) of products."""

    field: str
    terms_id: UUID
    number: int
    code: str
    title: str
    products: str
    ticked: bool


def ticks(asked: Sequence[Asked]) -> list[Tick]:
    """The boxes of an order that is still to be agreed to, as they were sent."""
    sent = {ticked(), *request.form.getlist("product_terms")}
    return [
        Tick(
            "agreed" if one.kind is Kind.SALE else "product_terms",
            one.terms_id,
            one.number,
            one.code,
            one.title,
            one.products,
            str(one.terms_id) in sent,
        )
        for one in asked
        if not one.accepted and one.kind is not Kind.CUSTOMER_AGREEMENT
    ]


def administrators(customer_id: UUID) -> list[str]:
    """Who of a customer may accept an agreement for it, by name."""
    return [one.name for one in parties.members(customer_id=customer_id) if "admin" in one.roles]


def prose(text: str) -> Markup:
    """A text with headings (#), lists (-) and bold (**) as HTML; everything else is only words."""
    return Markup(nh3.clean("".join(_blocks(text)), tags=TAGS, attributes={}))  # noqa: S704 cleaned by nh3


def _blocks(text: str) -> Iterator[str]:
    paragraph: list[str] = []
    items: list[str] = []
    for line in [*text.splitlines(), ""]:
        words = line.strip()
        heading, item = HEADING.fullmatch(words), ITEM.fullmatch(words)
        if paragraph and (heading or item or not words):
            yield f"<p>{' '.join(paragraph)}</p>"
            paragraph = []
        if items and not item:
            yield f"<ul>{''.join(items)}</ul>"
            items = []
        if heading:
            level = len(heading[1]) + 1
            yield f"<h{level}>{_inline(heading[2])}</h{level}>"
        elif item:
            items.append(f"<li>{_inline(item[1])}</li>")
        elif words:
            paragraph.append(_inline(words))


def _inline(words: str) -> str:
    return BOLD.sub(r"<strong>\1</strong>", str(escape(words)))


def export(standing_id: UUID) -> Response:
    """Everybody who accepted the seller's terms, as a CSV file."""
    with db.transaction() as session:
        rows = list(session.scalars(terms.evidence(standing_id)))
        bought: dict[UUID, list[str]] = {}
        for order_id, name, plan in session.execute(
            select(OrderLine.order_id, OrderLine.product_name, OrderLine.plan_name)
            .where(OrderLine.order_id.in_([row.order_id for row in rows if row.order_id]))
            .order_by(OrderLine.number)
        ):
            bought.setdefault(order_id, []).append(f"{name}, {plan}")
    text = _csv([COLUMNS, *(_line(row, bought.get(row.order_id or row.id, [])) for row in rows)])
    return Response(
        text.encode("utf-8-sig"),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="terms-accepted.csv"',
            "Cache-Control": "private, no-store",
        },
    )


def _line(row: TermsAcceptance, products: list[str]) -> tuple[str, ...]:
    return (
        row.accepted_at.isoformat(), str(row.number), row.digest, row.company, row.name, row.email,
        row.address, row.browser, row.url, row.order_code, "; ".join(products),
    )  # fmt: skip


def _csv(rows: Iterable[Iterable[str]]) -> str:
    """What begins like a formula is marked as text: the file is opened in spreadsheets."""
    file = io.StringIO()
    csv.writer(file).writerows(
        [f"'{word}" if word.startswith(FORMULA) else word for word in row] for row in rows
    )
    return file.getvalue()


def history(standing_id: UUID) -> list[dict[str, Any]]:
    """The versions of a seller as its page lists them, in the transaction we are in."""
    return [
        {
            "number": row.number,
            "published": moment(row.published_at),
            "by": row.published_by,
            "digest": row.digest[:12],
            "accepted": many,
        }
        for row, many in terms.versions(standing_id)
    ]
