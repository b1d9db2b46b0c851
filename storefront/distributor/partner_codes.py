"""Partner discount codes: issued to one reseller, and revoked (P25)."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from flask import request
from werkzeug.wrappers import Response
from wtforms import (
    BooleanField,
    DateField,
    IntegerField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from catalog import deductions, goods, partner_codes, promotions
from catalog.partner_codes import CodeState, Terms
from checkout import discounts
from core import db, parties
from core.errors import Missing, Refusal
from core.languages import _
from storefront import exports, lists, pages, timelines
from storefront import partner_codes as code_lists
from storefront.distributor import console, named
from storefront.distributor.forms import Reason
from storefront.forms import Form, SelectChoice
from storefront.moments import moment
from storefront.promotions import MOST, uses_of
from storefront.visitors import has_role, require_role, visitor

SALES = "partner_manager"
pages.saying(
    code_issued="Issued. The reseller gets it by mail.",
    code_revoked="Revoked. Orders that have it keep it.",
)


class NewCode(Form):
    """What the code gives, and to whom."""

    reseller = StringField(
        "Reseller", [InputRequired("Please choose the reseller.")],
        description="Its name or code. The partner code is its own: for everybody else it does not exist.",
    )  # fmt: skip
    name = StringField(
        "Name", [InputRequired("Give it a name, such as First order."), Length(max=60)],
        description="The reseller reads it on its orders.",
    )  # fmt: skip
    percent = StringField(
        "Percent off", [InputRequired("Such as 10 or 12.5.")],
        description="Off the wholesale price, after tier and promotions.",
    )  # fmt: skip
    goods = SelectMultipleField(
        "What it is for", validate_choice=False, description="Nothing chosen: everything."
    )
    starts_on = DateField("First day", [Optional()], description="Empty: today.")
    ends_on = DateField("Last day", [Optional()], description="Empty: until it is revoked.")
    most_uses = IntegerField(
        "At most so many orders", [Optional(), NumberRange(1, MOST)], description="Empty: no limit."
    )
    combines = BooleanField(
        "On top of promotions",
        description="Off: the better of the two holds.",
    )
    note = TextAreaField(
        "Words to the reseller", [Length(max=500)], description="Stand in the mail that brings the code."
    )


@console.get("/partner-codes")
def code_list() -> Response:
    """Newest first."""
    with db.transaction():
        page = lists.page(code_lists.the_list("distributor"), code_lists.statement())
    return pages.render(
        "distributor/partner_codes.html", title=_("Partner codes"), page=page, may_issue=has_role(SALES)
    )


@console.get("/partner-codes.csv")
def code_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(code_lists.the_list("distributor"), code_lists.statement())


@console.get("/partner-codes/new")
def new_code() -> Response:
    """The form; a reseller's page names whom it is for."""
    require_role(SALES)
    return show_form(NewCode(reseller=request.args.get("reseller", "")[:40], combines=True))


def show_form(form: NewCode, status: int = 200, *, problem: str | None = None) -> Response:
    """The form, with what was typed where it was refused."""
    with db.transaction():
        resellers = named.resellers()
        form.goods.choices = [SelectChoice(word, name) for word, name in goods.choices(programmes=True)]
    return pages.render(
        "distributor/new_partner_code.html",
        status,
        title=_("New partner code"),
        form=form,
        resellers=resellers,
        problem=problem,
    )


@console.post("/partner-codes/new")
def issue_code() -> Response:
    """Issues it and tells the reseller."""
    require_role(SALES)
    form = NewCode(request.form)
    if not form.validate():
        return show_form(form, 422)
    try:
        with db.transaction():
            code = partner_codes.issue(
                _reseller(form.reseller.data or ""), terms_of(form), by=visitor().name
            ).code
    except Refusal as refusal:
        return show_form(form, 422 if isinstance(refusal, Missing) else refusal.status, problem=str(refusal))
    return pages.see("distributor.code_page", "code-issued", code=code)


def _reseller(typed: str) -> UUID:
    """A reseller of ours from the form, by its name, its code or its id."""
    with suppress(ValueError):
        return parties.reseller(UUID(typed)).id
    return named.reseller(typed).id


def terms_of(form: NewCode) -> Terms:
    """What was typed; refused by name."""
    return Terms(
        name=form.name.data or "",
        basis_points=promotions.basis_points(form.percent.data or ""),
        goods=form.goods.data or (),
        combines=form.combines.data,
        starts_on=form.starts_on.data,
        ends_on=form.ends_on.data,
        most_uses=form.most_uses.data,
        note=form.note.data or "",
    )


@console.get("/partner-codes/<code>")
def code_page(code: str) -> Response:
    """One code, who typed it in, the orders that have it and what they cost us."""
    return show(code)


def show(code: str, status: int = 200, *, form: Reason | None = None, problem: str | None = None) -> Response:
    """The page, with a refused reason as it was sent."""
    with db.transaction():
        found = partner_codes.find(code)
        reseller, typed = parties.reseller(found.reseller_id), partner_codes.redemption_of(found.id)
        orders, given = discounts.used([found.id], wholesale=True).get(found.id, (0, None))
        values: dict[str, Any] = {
            "one": code_lists.row_of("distributor", found, reseller.name, typed, orders),
            "off": deductions.off_in_words(found.basis_points, 0, ""),
            "combines": found.combines,
            "by": found.created_by,
            "typed_by": typed.name if typed else "",
            "typed_at": moment(typed.at) if typed else None,
            "reseller_code": reseller.code,
            "given": given,
            "uses": uses_of("distributor", found.id, wholesale=True),
            "open": found.state in (CodeState.SCHEDULED, CodeState.RUNNING),
            "timeline": timelines.of([found.id]),
        }
    return pages.render(
        "distributor/partner_code.html",
        status,
        title=code,
        form=form or Reason(),
        may_revoke=has_role(SALES),
        problem=problem,
        **values,
    )


@console.post("/partner-codes/<code>/revoke")
def revoke_code(code: str) -> Response:
    """It counts no more."""
    require_role(SALES)
    form = Reason(request.form)
    if not form.validate():
        return show(code, 422, form=form)
    try:
        with db.transaction():
            partner_codes.revoke(partner_codes.find(code, to_change=True), why=form.why.data or "")
    except Missing:
        raise
    except Refusal as refusal:
        return show(code, refusal.status, problem=str(refusal))
    return pages.see("distributor.code_page", "code-revoked", code=code)
