"""What a relation with a provider brings with it, as a part of two pages: the one that an invitation's link
leads to, and the one in the shop. Boxes and choice come back as they were sent."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import g, request

from core import db, parties
from core.errors import Refusal
from core.tenancy import Scope, Side, acting_as
from partners import conditions, relations
from partners.admin_rights import MEANING, NEVER, Answering
from partners.relations import Asked
from storefront import agreements
from storefront.visitors import the_shop

MOST_TICKS = 50


@dataclass(frozen=True, slots=True)
class Text:
    """An agreement that is accepted with the answer."""

    code: str
    name: str
    number: int
    terms_id: str
    body: Any
    ticked: bool


def rights() -> str:
    """What the form says about admin rights: "yes", "no" or nothing."""
    return request.form.get("rights", "")[:3]


def ticked() -> set[str]:
    """The versions whose boxes are ticked."""
    return {one[:40] for one in request.form.getlist("accepts")[:MOST_TICKS]}


def shown(asked: Asked) -> dict[str, Any] | None:
    """What parts/relations.html draws; none where there is nothing to say."""
    if not asked.something:
        return None
    with db.transaction():
        texts = [
            Text(
                row.code,
                row.name,
                row.number,
                str(row.terms_id),
                agreements.prose(conditions.read(row.code).words),
                str(row.terms_id) in ticked(),
            )
            for row in asked.agreements
        ]
    return {
        "offered": asked.offered,
        "asked": asked.rights,
        "by": asked.by,
        "company": asked.company,
        "said": rights(),
        "texts": texts,
        "meaning": MEANING.values(),
        "never": NEVER.values(),
    }


def where(url: str) -> tuple[str, str, str]:
    """Address, browser and page, for the evidence."""
    said = agreements.saying(url)
    return said.address, said.browser, said.url


def enter(asked: Asked, person_id: UUID, name: str, email: str) -> bool:
    """Writes down what was answered with an invitation, in the scope of the standing that it gave; whether it
    could be: a text may have changed since it was looked at, and is asked for again in the shop then."""
    shop = the_shop()
    scope = Scope(
        Side.CUSTOMER,
        shop.distributor_id,
        asked.reseller_id,
        asked.customer_id,
        person_id=person_id,
        offset=shop.offset,
        request_id=g.request_id,
    )
    url = f"{request.base_url.split('/invitations/')[0]}/invitations/…"  # without its secret
    who = Answering(name, email, person_id, True, *where(url))
    try:
        with acting_as(scope), db.transaction():
            relations.enter(parties.customer(asked.customer_id), who, rights=rights(), ticked=ticked())
    except Refusal:
        return False
    return True
