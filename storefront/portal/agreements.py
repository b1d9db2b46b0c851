"""Agreements and product terms in the shop: their texts for everybody, a customer's agreements with where
each stands, accepting one as an administrator, and the page of a mailed link."""

from collections.abc import Generator
from contextlib import contextmanager

from flask import request
from werkzeug.wrappers import Response

from core import db, parties
from core.errors import Missing, Refusal
from core.languages import _
from core.tenancy import Side
from partners import agreement_links, conditions, customer_agreements
from partners.agreement_links import AgreementLink, NoSuchLink
from partners.conditions import KINDS
from partners.customer_agreements import MayNotAccept
from partners.terms import Kind
from storefront import agreements, pages
from storefront import customer_agreements as shown
from storefront.moments import moment
from storefront.portal import portal
from storefront.portal.checkouts import current_customer
from storefront.visitors import buyer, has_role, signed_in_customer, the_shop, visitor


@portal.get("/agreements")
@signed_in_customer
def agreements_page() -> Response:
    """What is asked of our company, and where it stands."""
    with db.transaction():
        rows = shown.rows_of(current_customer())
    return pages.render("portal/agreements.html", title=_("Agreements"), rows=rows)


@portal.get("/agreements/<code>")
def agreement(code: str) -> Response:
    """The text, for everybody; for a customer, where it stands."""
    return show(code)


def show(code: str, status: int = 200, *, problem: str | None = None) -> Response:
    """The page, with what was refused. An old version stays readable, because somebody agreed to it."""
    asked = request.args.get("number", "") if request.method == "GET" else ""
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else None
    mine = visitor().side is Side.CUSTOMER and visitor().reseller_id == the_shop().reseller_id
    with db.transaction():
        found = conditions.read(code, number)
        is_agreement = found.kind == Kind.CUSTOMER_AGREEMENT
        rows = shown.rows_of(current_customer()) if mine and is_agreement else []
        standing = next((row for row in rows if row["code"] == code), None)
        open_ = standing is not None and not standing["accepted"] and found.number == found.newest
        admins = agreements.administrators(current_customer()) if open_ else []
    return pages.render(
        "portal/agreement.html",
        status,
        title=found.name,
        found=found,
        kind=KINDS[found.kind],
        published=moment(found.published_at),
        body=agreements.prose(found.words),
        row=standing,
        to_accept=open_,
        may_accept=has_role("admin"),
        admins=admins,
        company=visitor().standing,
        problem=problem,
    )


@portal.post("/agreements/<code>")
@signed_in_customer
def accept_agreement(code: str) -> Response:
    """By an administrator, for the company (M38)."""
    me = buyer()
    try:
        with db.transaction():
            customer = parties.customer(current_customer())
            if not has_role("admin"):
                raise MayNotAccept
            said = agreements.saying(request.base_url)
            customer_agreements.accept(customer, code, said, name=me.name, email=me.email)
    except Missing:
        raise
    except Refusal as refusal:
        shown.note_refusal(lambda: parties.customer(current_customer()), "acceptance refused", refusal)
        return show(code, refusal.status, problem=str(refusal))
    return pages.see("portal.agreements_page", "agreement-accepted")


# --- By a link ----------------------------------------------------------------------------------------------


@contextmanager
def following(token: str, *, to_change: bool = False) -> Generator[AgreementLink]:
    """The link, in a transaction that works as the distributor: it is all the right that its holder has, and
    leads to this one agreement of this one customer."""
    reseller_id = None if the_shop().house else the_shop().reseller_id
    with db.transaction(widened_because="following an agreement's link"):
        yield agreement_links.by_token(token, reseller_id=reseller_id, to_change=to_change)


@portal.get("/agreement-links/<token>")
def agreement_link(token: str) -> Response:
    """The text and the tick; looking changes nothing."""
    return show_link(token)


def show_link(token: str, status: int = 200, *, problem: str | None = None) -> Response:
    """The page, with a refused form as it was sent."""
    try:
        with following(token) as link:
            found = conditions.read(agreement_links.condition_of(link).code)
            company, email = parties.customer(link.customer_id or link.id).name, link.email
            name, sent_by, expires = link.name, link.sent_by, moment(link.expires_at)
    except NoSuchLink as no:
        return link_ended(no)
    return pages.render(
        "portal/agreement_link.html",
        status,
        title=found.name,
        token=token,
        found=found,
        published=moment(found.published_at),
        body=agreements.prose(found.words),
        company=company,
        email=email,
        name=request.form.get("name", name),
        sent_by=sent_by,
        expires=expires,
        problem=problem,
    )


def link_ended(no: NoSuchLink) -> Response:
    """The same page for every reason why not."""
    return pages.render("account/agreement_link_ended.html", no.status, title=_(no.title), words=str(no))


@portal.post("/agreement-links/<token>")
def use_agreement_link(token: str) -> Response:
    """Accepts for the company, once."""
    url = f"{request.base_url.split('/agreement-links/')[0]}/agreement-links/…"  # without its secret
    try:
        with following(token, to_change=True) as link:
            accepted = agreement_links.use(link, request.form.get("name", ""), agreements.saying(url))
            title, company, number = accepted.title, accepted.company, accepted.number
    except NoSuchLink as no:
        return link_ended(no)
    except Refusal as refusal:
        return show_link(token, refusal.status, problem=str(refusal))
    return pages.render(
        "account/agreement_accepted.html",
        title=_("Accepted"),
        agreement=title,
        company=company,
        number=number,
    )
