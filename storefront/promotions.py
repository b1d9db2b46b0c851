"""Promotions on both consoles: the list, the form, one promotion with its uses and what it cost so far. The
distributor's lower wholesale prices, a reseller's its own retail prices; the acts are the same."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import Select, or_, select
from werkzeug.wrappers import Response
from wtforms import BooleanField, DateField, IntegerField, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from catalog import deductions, goods, promotions
from catalog.promotions import STATES, Promotion, PromotionState, Terms
from catalog.reductions import BEARERS, Bearer
from checkout import discounts
from core import db, money
from core.errors import Missing, Refusal, Refused
from core.languages import _
from core.money import Money
from core.parties import Customer, Reseller
from storefront import exports, lists, pages, timelines
from storefront.filters import Days
from storefront.forms import Form, SelectChoice
from storefront.lists import Column, List
from storefront.moments import day, moment
from storefront.visitors import has_role, require_role, the_shop, visitor

pages.saying(
    promotion_made="The draft is there. Check it, then publish it.",
    promotion_changed="The draft is changed.",
    promotion_published="Published. It begins on its first day by itself.",
    promotion_stopped="Stopped. Orders that have it keep it.",
)
TONES = {
    "draft": ("neutral", "pencil"),
    "scheduled": ("wait", "calendar"),
    "running": ("ok", "play"),
    "ended": ("neutral", "circle-slash"),
    "stopped": ("neutral", "ban"),
}
MOST = 10**9


class PromotionForm(Form):
    """What a promotion is. Which goods and buyers there are, the view says."""

    name = StringField(
        "Name", [InputRequired("Give it a name; the buyer reads it."), Length(max=60)],
        description="The buyer reads it beside the price and on papers.",
    )  # fmt: skip
    percent = StringField("Percent off", description="Such as 10 or 12.5. Or an amount, not both.")
    amount = StringField("Amount off each unit", description="Off the price of one unit and billing period.")
    goods = SelectMultipleField(
        "What it is for", validate_choice=False, description="Nothing chosen: everything."
    )
    buyers = SelectMultipleField("Who has it", validate_choice=False, description="Nobody chosen: everybody.")
    bearer = SelectField("Who bears it", choices=[], validate_choice=False)
    starts_on = DateField("First day", [Optional()], description="Empty: today.")
    ends_on = DateField("Last day", [Optional()], description="Empty: until it is stopped.")
    minimum_quantity = IntegerField(
        "From how many units on", [Optional(), NumberRange(1, MOST)], description="Of one line. Empty: 1."
    )
    most_uses = IntegerField(
        "At most so many orders", [Optional(), NumberRange(1, MOST)], description="Empty: no limit."
    )
    most_amount = StringField("At most so much in all", description="Net, over all orders. Empty: no limit.")
    combines = BooleanField(
        "Combines with others",
        description="On: it is taken together with others that combine, percentages first. Off: it stands"
        " alone. Of all that is possible, the buyer gets what is cheapest.",
    )
    new_customers = BooleanField("Only for a customer's first order")
    once_per_customer = BooleanField("Once for each customer")


def amount_of(field: Any, currency: str) -> int | None:
    """Minor units of an optional amount; the sentence stands at its field where it is none."""
    text = (field.data or "").strip()
    if not text:
        return None
    try:
        return money.parse(text, currency).minor
    except ValueError as error:
        field.errors = [_(str(error))]
        raise Refused(_("Please look at the marked fields.")) from None


def terms_of(form: PromotionForm, currency: str) -> Terms:
    """What was typed; refused by name."""
    percent = (form.percent.data or "").strip()
    return Terms(
        name=form.name.data or "",
        basis_points=promotions.basis_points(percent) if percent else 0,
        minor=amount_of(form.amount, currency) or 0,
        currency=currency,
        goods=form.goods.data or (),
        buyers=form.buyers.data or (),
        bearer=Bearer(form.bearer.data)
        if form.bearer.data in ("distributor", "vendor")
        else Bearer.DISTRIBUTOR,
        minimum_quantity=form.minimum_quantity.data if form.minimum_quantity.data is not None else 1,
        combines=form.combines.data,
        new_customers=form.new_customers.data,
        once_per_customer=form.once_per_customer.data,
        starts_on=form.starts_on.data,
        ends_on=form.ends_on.data,
        most_uses=form.most_uses.data,
        most_minor=amount_of(form.most_amount, currency),
    )


def as_typed(minor: int | None, currency: str) -> str:
    """An amount as a form shows it."""
    return "" if not minor else f"{Money(minor, currency).amount:f}"


def filled(of: Promotion) -> PromotionForm:
    """A draft in its form."""
    return PromotionForm(
        name=of.name,
        percent=deductions.off_in_words(of.basis_points, 0, "").removesuffix(" %") if of.basis_points else "",
        amount=as_typed(of.minor, of.currency),
        goods=goods.words(of.goods),
        buyers=[f"{kind}:{one}" for kind, ids in of.buyers.items() for one in ids],
        bearer=of.bearer.value,
        starts_on=of.starts_on,
        ends_on=of.ends_on,
        minimum_quantity=of.minimum_quantity,
        most_uses=of.most_uses,
        most_amount=as_typed(of.most_minor, of.currency),
        combines=of.combines,
        new_customers=of.new_customers,
        once_per_customer=of.once_per_customer,
    )


@dataclass(frozen=True, slots=True)
class Desk:
    """One of the two consoles: `at` is its name, `reseller_id` whose promotions are there (none: the
    distributor's), `role` who may make them."""

    at: str
    reseller_id: Callable[[], UUID | None]
    role: str

    @property
    def wholesale(self) -> bool:
        """Which leg they lower."""
        return self.at == "distributor"

    def the_list(self) -> List:
        """What the list is."""
        return List(
            _("Promotions"),
            f"{self.at}.promotion_list",
            [
                Column("name", _("Promotion"), itemgetter("name"), Promotion.name),
                Column("code", _("Code"), itemgetter("code"), only_file=True),
                Column("off", _("Off"), itemgetter("off"), kind="num"),
                Column("goods", _("For"), itemgetter("goods")),
                Column("state", _("State"), itemgetter("words")),
                Column("starts", _("First day"), itemgetter("starts"), Promotion.starts_on),
                Column("ends", _("Last day"), itemgetter("ends")),
                Column("orders", _("Orders"), itemgetter("orders"), kind="num"),
                Column("given", _("Given"), itemgetter("given"), kind="num", money=True),
            ],
            Promotion.id,
            self.rows_of,
            "-starts",
            search=lambda query: or_(
                Promotion.code == query.upper(),
                Promotion.name.icontains(query, autoescape=True),
                Promotion.goods_words.icontains(query, autoescape=True),
            ),
            views=lists.Choice(
                "show",
                _("View"),
                STATES.options(),
                lambda word: Promotion.state == PromotionState(word),
                any_word=_("All"),
            ),
            filters=[Days("made", _("Made"), Promotion.created_at)],
            export=f"{self.at}.promotion_file",
        )

    def statement(self) -> Select[Promotion]:
        """One's own."""
        return select(Promotion).where(Promotion.reseller_id.is_not_distinct_from(self.reseller_id()))

    def rows_of(self, found: Sequence[tuple[Promotion]]) -> list[dict[str, Any]]:
        """Promotions as the list shows them; one statement more for a page."""
        used = discounts.used([one.id for (one,) in found], wholesale=self.wholesale)
        return [
            {
                "name": one.name,
                "code": one.code,
                "url": url_for(f"{self.at}.promotion_page", code=one.code),
                "off": deductions.off_in_words(one.basis_points, one.minor, one.currency),
                "goods": one.goods_words,
                "words": STATES[one.state.value],
                "tone": TONES[one.state.value],
                "starts": day(one.starts_on),
                "ends": day(one.ends_on) if one.ends_on else "–",
                "orders": used[one.id][0] if one.id in used else 0,
                "given": used[one.id][1] if one.id in used else Money(0, one.currency),
            }
            for (one,) in found
        ]

    # --- Pages ----------------------------------------------------------------------------------------------

    def listing(self) -> Response:
        """The list."""
        with db.transaction():
            page = lists.page(self.the_list(), self.statement())
        return pages.render(
            f"{self.at}/promotions.html",
            title=_("Promotions"),
            page=page,
            at=self.at,
            may_change=has_role(self.role),
        )

    def file(self) -> Response:
        """The same as a file."""
        with db.transaction():
            return exports.answer(self.the_list(), self.statement())

    def new(self) -> Response:
        """The empty form."""
        require_role(self.role)
        return self.show_form(PromotionForm(bearer="distributor"))

    def show_form(
        self,
        form: PromotionForm,
        status: int = 200,
        *,
        code: str = "",
        name: str = "",
        problem: str | None = None,
    ) -> Response:
        """The form, with what was typed where it was refused."""
        with db.transaction():
            form.goods.choices = _offered(goods.choices(programmes=self.wholesale), form.goods.data)
            form.buyers.choices = _offered(promotions.buyer_choices(self.reseller_id()), form.buyers.data)
        form.bearer.choices = [SelectChoice(one, BEARERS[one]) for one in ("distributor", "vendor")]
        return pages.render(
            f"{self.at}/promotion_form.html",
            status,
            title=name or _("New promotion"),
            form=form,
            code=code,
            name=name,
            at=self.at,
            wholesale=self.wholesale,
            currency=the_shop().currency,
            problem=problem,
        )

    def add(self) -> Response:
        """One more draft."""
        require_role(self.role)
        form = PromotionForm(request.form)
        if not form.validate():
            return self.show_form(form, 422)
        try:
            with db.transaction():
                terms = terms_of(form, the_shop().currency)
                code = promotions.add(terms, reseller_id=self.reseller_id(), by=visitor().name).code
        except Refusal as refusal:
            return self.show_form(form, refusal.status, problem=form.tell(refusal))
        return pages.see(f"{self.at}.promotion_page", "promotion-made", code=code)

    def edit(self, code: str) -> Response:
        """A draft in its form."""
        require_role(self.role)
        with db.transaction():
            found = promotions.find(code)
            form, name = filled(found), found.name
        return self.show_form(form, code=code, name=name)

    def change(self, code: str) -> Response:
        """Another draft in its place."""
        require_role(self.role)
        form = PromotionForm(request.form)
        with db.transaction():
            name = promotions.find(code).name
        if not form.validate():
            return self.show_form(form, 422, code=code, name=name)
        try:
            with db.transaction():
                promotions.change(promotions.find(code, to_change=True), terms_of(form, the_shop().currency))
        except Missing:
            raise
        except Refusal as refusal:
            return self.show_form(form, refusal.status, code=code, name=name, problem=form.tell(refusal))
        return pages.see(f"{self.at}.promotion_page", "promotion-changed", code=code)

    def one(self, code: str, problem: Refusal | None = None) -> Response:
        """One promotion with its uses and what it cost so far."""
        with db.transaction():
            found = promotions.find(code)
            orders, given = discounts.used([found.id], wholesale=self.wholesale).get(
                found.id, (0, Money(0, found.currency))
            )
            uses = uses_of(self.at, found.id, wholesale=self.wholesale)
            values: dict[str, Any] = {
                "one": {
                    "name": found.name,
                    "code": found.code,
                    "state": found.state.value,
                    "words": STATES[found.state.value],
                    "tone": TONES[found.state.value],
                    "off": deductions.off_in_words(found.basis_points, found.minor, found.currency),
                    "bearer": BEARERS[found.bearer],
                    "goods": found.goods_words,
                    "buyers": found.buyers_words or _("Everybody"),
                    "minimum": found.minimum_quantity,
                    "combines": found.combines,
                    "new_customers": found.new_customers,
                    "once": found.once_per_customer,
                    "starts": day(found.starts_on),
                    "ends": day(found.ends_on) if found.ends_on else _("Until it is stopped"),
                    "most_uses": found.most_uses,
                    "most": Money(found.most_minor, found.currency) if found.most_minor else None,
                    "on_shelf": found.for_everybody,
                    "by": found.created_by,
                },
                "below": []
                if self.wholesale or found.state in (PromotionState.ENDED, PromotionState.STOPPED)
                else promotions.below_wholesale(found),
                "orders": orders,
                "given": given,
                "uses": uses,
                "timeline": timelines.of([found.id]),
            }
        return pages.render(
            f"{self.at}/promotion.html",
            problem.status if problem else 200,
            title=values["one"]["name"],
            at=self.at,
            wholesale=self.wholesale,
            may_change=has_role(self.role),
            problem=str(problem) if problem else None,
            **values,
        )

    def publish(self, code: str) -> Response:
        """It runs, or will."""
        return self._act(code, promotions.publish, "promotion-published")

    def stop(self, code: str) -> Response:
        """Not any more."""
        return self._act(code, promotions.stop, "promotion-stopped")

    def _act(self, code: str, act: Callable[[Promotion], None], said: str) -> Response:
        require_role(self.role)
        try:
            with db.transaction():
                act(promotions.find(code, to_change=True))
        except Missing:
            raise
        except Refusal as refusal:
            return self.one(code, refusal)
        return pages.see(f"{self.at}.promotion_page", said, code=code)


def _offered(known: Sequence[tuple[str, str]], chosen: Sequence[str] | None) -> list[SelectChoice]:
    """Choices of a select; what was chosen and is not among the first few hundred stays choosable."""
    words = {word for word, _name in known}
    more = [(word, word) for word in chosen or () if word not in words]
    return [SelectChoice(word, name) for word, name in (*known, *more)]


def uses_of(at: str, source_id: UUID, *, wholesale: bool) -> list[dict[str, Any]]:
    """The newest orders with a promotion or code, as pages of a console show them; two statements."""
    found = discounts.uses_of(source_id, wholesale=wholesale)
    names: dict[UUID | None, str] = {}
    for model, ids in (
        (Reseller, {use.reseller_id for use in found}),
        (Customer, {use.customer_id for use in found if use.customer_id}),
    ):
        chosen = select(model.id, model.name).where(model.id.in_(ids))
        names |= {one: name for one, name in db.session().execute(chosen)}
    return [
        {
            "code": use.order_code,
            "url": url_for(f"{at}.order_page", code=use.order_code),
            "reseller": names.get(use.reseller_id, "–"),
            "buyer": names.get(use.customer_id, _("For itself")),
            "placed": moment(use.placed_at),
            "total": use.total,
        }
        for use in found
    ]
