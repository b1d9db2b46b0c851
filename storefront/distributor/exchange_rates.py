"""Exchange rates: entered for a day, or read from the European Central Bank's file; the history stays."""

from datetime import date
from typing import Any

from flask import request
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import DateField, FileField, StringField
from wtforms.validators import Optional

from catalog import exchange, margin_alarms
from catalog.exchange import ExchangeRate
from core import db
from core.errors import Refusal
from core.languages import _, counted
from storefront import exports, lists, pages
from storefront.distributor import console
from storefront.forms import Form
from storefront.lists import Column, List
from storefront.moments import day
from storefront.visitors import has_role, require_role, the_shop

MOST_FAULTS = 20
pages.saying(exchange_rate_added="The rate is in the table. Costs in that currency are judged by it.")


class NewExchangeRate(Form):
    """A rate of a day."""

    base = StringField("One", description="Currency code, such as EUR.")
    currency = StringField("is worth so many", description="Currency code, such as USD.")
    rate = StringField("Rate", description="Such as 1.0843.")
    day = DateField("Day", [Optional()], description="Empty: today.")


class RatesUpload(Form):
    """A file of rates."""

    file = FileField("File")
    base = StringField("Base currency", default="EUR")


@console.get("/exchange-rates")
def exchange_rate_list() -> Response:
    """The rates, newest first."""
    return show(NewExchangeRate(base=the_shop().currency))


@console.get("/exchange-rates.csv")
def exchange_rate_file() -> Response:
    """The same as a file."""
    with db.transaction():
        return exports.answer(the_list(), select(ExchangeRate))


def the_list() -> List:
    """What the list is; call it in a transaction, because its currencies are rows."""
    codes = db.session().scalars(select(ExchangeRate.currency).distinct().order_by(ExchangeRate.currency))
    return List(
        _("Exchange rates"),
        "distributor.exchange_rate_list",
        [
            Column("currency", _("Currencies"), lambda row: row["pair"], ExchangeRate.currency),
            Column("rate", _("Rate"), lambda row: row["rate"], kind="num"),
            Column("day", _("Day"), lambda row: row["day"], ExchangeRate.day),
            Column("source", _("From"), lambda row: row["source"]),
        ],
        ExchangeRate.id,
        lambda found: [row_of(one) for (one,) in found],
        "-day",
        search=lambda query: (ExchangeRate.currency == query.upper()) | (ExchangeRate.base == query.upper()),
        filters=[
            lists.Choice(
                "currency",
                _("Currency"),
                [(code, code) for code in codes],
                lambda word: ExchangeRate.currency == word,
            ),
        ],
        export="distributor.exchange_rate_file",
    )


def row_of(rate: ExchangeRate) -> dict[str, Any]:
    """A rate as the list shows it."""
    return {
        "pair": f"{rate.base} → {rate.currency}",
        "rate": f"{rate.rate.normalize():f}",
        "day": f"{rate.day:%Y-%m-%d}",
        "said": day(rate.day),
        "stale": rate.day <= exchange.today() - exchange.OLDEST,
        "source": rate.source or _("Entered by hand"),
    }


def show(
    form: NewExchangeRate, status: int = 200, *, problem: str | None = None,
    upload: RatesUpload | None = None, faults: list[str] | None = None, told: str = "",
) -> Response:  # fmt: skip
    """The page, with a refused form as it was sent, or what a file brought."""
    with db.transaction():
        page = lists.page(the_list(), select(ExchangeRate))
    return pages.render(
        "distributor/exchange_rates.html",
        status,
        title=_("Exchange rates"),
        page=page,
        form=form,
        upload=upload or RatesUpload(),
        problem=problem,
        faults=(faults or [])[:MOST_FAULTS],
        more=max(0, len(faults or []) - MOST_FAULTS),
        told=told,
        may_change=has_role("billing_agent"),
    )


@console.post("/exchange-rates")
def add_exchange_rate() -> Response:
    """One rate; none is ever changed."""
    require_role("billing_agent")
    form = NewExchangeRate(request.form)
    if not form.validate():
        return show(form, 422)
    try:
        with db.transaction():
            rate = exchange.parse_rate(form.rate.data or "")
            day: date = form.day.data or exchange.today()
            exchange.add(form.base.data or "", form.currency.data or "", rate, day)
            margin_alarms.look_at_costs()
    except Refusal as refusal:
        return show(form, refusal.status, problem=form.tell(refusal))
    return pages.see("distributor.exchange_rate_list", "exchange-rate-added")


@console.post("/exchange-rates/file")
def load_exchange_rates() -> Response:
    """What is new in a file; a file with faults brings nothing."""
    require_role("billing_agent")
    upload = RatesUpload(request.form)
    given = request.files.get("file")
    blank = NewExchangeRate(base=the_shop().currency)
    if given is None or not given.filename:
        return show(blank, 422, upload=upload, faults=[_("Choose a file first.")])
    content = given.read(exchange.MOST_BYTES + 1)
    try:
        with db.transaction():
            read = exchange.read(content)
            if not read.faults:
                added, known = exchange.take(read, base=upload.base.data or "", source=given.filename)
                margin_alarms.look_at_costs()
    except Refusal as refusal:
        return show(blank, refusal.status, upload=upload, faults=[str(refusal)])
    if read.faults:
        return show(blank, 422, upload=upload, faults=read.faults)
    told = counted("%(n)s rate is new.", "%(n)s rates are new.", added)
    if known:
        told += " " + counted("%(n)s was there already.", "%(n)s were there already.", known)
    if read.old:
        told += " " + counted("%(n)s day is too old.", "%(n)s days are too old.", read.old)
    return show(blank, told=told)
