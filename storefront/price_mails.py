"""The mails about prices that are going to change, to each reseller whom they concern. They say what the
reseller pays and what is recommended, never what anything costs the distributor."""

from uuid import UUID

from sqlalchemy import select

from catalog import price_days
from catalog.scheduled_prices import Leg, PriceNotice, PriceSchedule, ScheduledPrice, ScheduleState
from core import db, parties
from core.languages import _
from core.parties import Reseller
from storefront import links, mail
from storefront.mailer import Mail

MOST_LINES = 40


def will_change(notice_id: UUID) -> Mail | None:
    """What changes, from when; nothing when it was called off meanwhile."""
    schedule, reseller = _about(notice_id)
    if schedule.state is ScheduleState.CANCELLED:
        return None
    rows = price_days.rows_for(reseller, schedule.id, MOST_LINES)
    more = price_days.how_many_for(reseller, schedule.id) - len(rows)
    return _mail(
        reseller,
        _("Prices change on %(day)s", day=f"{schedule.starts_on:%-d %B %Y}"),
        _(
            "From %(day)s on these prices are different. What you pay is shown before the discount of your"
            " tier. What was sold keeps its price until it is renewed, and quotes that you have sent keep"
            " theirs.",
            day=f"{schedule.starts_on:%-d %B %Y}",
        ),
        [
            *((f"{product}, {plan}: {_word(row)}", _change(row)) for product, plan, row in rows),
            *([(_("And further prices"), str(more))] if more > 0 else []),
        ],
        quote=schedule.words,
    )


def will_not_change(notice_id: UUID) -> Mail:
    """What was announced is called off."""
    schedule, reseller = _about(notice_id)
    return _mail(
        reseller,
        _("Prices do not change on %(day)s", day=f"{schedule.starts_on:%-d %B %Y}"),
        _("The change of prices that we announced is called off. Everything stays as it is."),
        [(_("Was announced as"), schedule.title)],
    )


def _about(notice_id: UUID) -> tuple[PriceSchedule, Reseller]:
    notice = db.session().scalars(select(PriceNotice).where(PriceNotice.id == notice_id)).one()
    chosen = select(PriceSchedule).where(PriceSchedule.id == notice.schedule_id)
    return db.session().scalars(chosen).one(), parties.reseller(notice.reseller_id)


def _word(row: ScheduledPrice) -> str:
    return _("recommended price") if row.leg is Leg.LIST else _("what you pay")


def _change(row: ScheduledPrice) -> str:
    return f"{row.was.text} → {row.price.text}" if row.was else row.price.text


def _mail(
    reseller: Reseller, subject: str, words: str, facts: list[tuple[str, str]], *, quote: str = ""
) -> Mail:
    shop = mail.sender(links.house())
    values = {
        "words": words,
        "facts": facts,
        "quote": quote,
        "act": _("See your prices"),
        "url": f"{shop.url}/reseller/prices",
        "note": "",
    }
    reason = _("You get this mail because your company buys at %(shop)s.", shop=shop.name)
    return Mail("application", shop, reseller.email, reseller.name, subject, reason, values)


mail.register("mail_prices_will_change", "notice_id", will_change)
mail.register("mail_prices_will_not_change", "notice_id", will_not_change)
