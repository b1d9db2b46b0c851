"""The mails about quotes. Those to the customer come from the reseller's shop, in its look; those to the
reseller from the distributor's, and lead to its console there."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from checkout import quote_orders, quote_requests, quotes
from checkout.quote_requests import QuoteRequestState
from checkout.quotes import Quote, QuoteMessage, QuoteState
from core import db, parties
from core.languages import _
from storefront import links, mail
from storefront.mailer import Mail


def sent(quote_id: UUID) -> Mail | None:
    """To the customer, with the link and the paper; nothing when it was decided or replaced meanwhile."""
    quote = quotes.of_id(quote_id)
    if not quote.open:
        return None
    newer = quote.version > 1
    return _to_the_customer(
        quote,
        _("A new version of your quote %(code)s", code=quote.series)
        if newer
        else _("Your quote %(code)s", code=quote.code),
        _(
            "We have changed what we offer to %(company)s; the version before is replaced.",
            company=quote.company,
        )
        if newer
        else _("We are pleased to make this offer to %(company)s.", company=quote.company),
        quote=quote.message,
        act=_("See the quote"),
        lines=True,
    )


def answered(message_id: UUID) -> Mail:
    """To the customer: what the reseller says."""
    message = _message(message_id)
    quote = quotes.of_id(message.quote_id)
    return _to_the_customer(
        quote,
        _("An answer about your quote %(code)s", code=quote.code),
        _("%(name)s writes:", name=message.name),
        quote=message.words,
        act=_("See the quote"),
    )


def withdrawn(quote_id: UUID) -> Mail:
    """To the customer: it is not offered any more."""
    quote = quotes.of_id(quote_id)
    return _to_the_customer(
        quote,
        _("Your quote %(code)s was withdrawn", code=quote.code),
        _("It is not offered any more. If you still need it, please ask us for a new quote."),
        act=_("See the quote"),
    )


def asked(message_id: UUID) -> Mail:
    """To the reseller: somebody waits for an answer."""
    message = _message(message_id)
    quote = quotes.of_id(message.quote_id)
    return _to_the_reseller(
        quote,
        _("%(company)s has a question about %(code)s", company=quote.company, code=quote.code),
        _("%(name)s writes:", name=message.name),
        quote=message.words,
        act=_("Answer it"),
    )


def accepted(quote_id: UUID) -> Mail | None:
    """To the reseller: agreed to, or ordered; nothing where it has come to nothing meanwhile."""
    quote = quotes.of_id(quote_id)
    if quote.state is QuoteState.AGREED:
        words = _(
            "The company was invited to your shop. It orders there at these prices; you hear of it again."
        )
        return _to_the_reseller(quote, _("Agreed: your quote for %(company)s", company=quote.company), words)
    if quote.state is not QuoteState.ACCEPTED:
        return None
    return _to_the_reseller(
        quote,
        _("Accepted: your quote for %(company)s", company=quote.company),
        _("The order was placed at exactly these prices. It goes on as soon as it is paid."),
    )


def declined(quote_id: UUID) -> Mail:
    """To the reseller: no, and why."""
    quote = quotes.of_id(quote_id)
    return _to_the_reseller(
        quote,
        _("%(company)s declined your quote", company=quote.company),
        _("The reason:") if quote.reason else _("No reason was given."),
        quote=quote.reason,
    )


def expiring(quote_id: UUID) -> Mail | None:
    """To the reseller: its days are over soon; nothing when somebody decided meanwhile."""
    quote = quotes.of_id(quote_id)
    if not quote.open:
        return None
    return _to_the_reseller(
        quote,
        _("Your quote for %(company)s ends soon", company=quote.company),
        _("Nobody has accepted it so far. Perhaps a word helps, or a new version with a later day."),
    )


def expired(quote_id: UUID) -> Mail:
    """To the reseller: its days are over."""
    quote = quotes.of_id(quote_id)
    return _to_the_reseller(
        quote,
        _("Your quote for %(company)s has expired", company=quote.company),
        _("Nobody has accepted it. A new version makes the same offer once more."),
    )


def wanted(request_id: UUID) -> Mail | None:
    """To the reseller: a customer waits for an offer; nothing when it has its answer."""
    asked = quote_requests.of_id(request_id)
    if asked.state is not QuoteRequestState.WAITING:
        return None
    quote = quotes.of_id(asked.quote_id)
    return _to_the_reseller(
        quote,
        _("%(company)s asks for a quote", company=quote.company),
        _(
            "%(name)s would like to have: %(wanted)s. It stands among your quotes as a draft.",
            name=asked.asked_by,
            wanted="; ".join(asked.wanted),
        ),
        quote=asked.words,
        act=_("Write the quote"),
    )


def not_offered(request_id: UUID) -> Mail:
    """To whoever asked: there will be no offer."""
    asked = quote_requests.of_id(request_id)
    about = quotes.of_id(asked.quote_id)
    shop = mail.sender(links.open_shop_of(about.reseller_id))
    values: dict[str, Any] = {
        "words": _("We make no offer for this at the moment. What our shop offers, you can order there."),
        "facts": [(_("You asked for"), "; ".join(asked.wanted))],
        "quote": "",
        "act": _("See all products"),
        "url": f"{shop.url}/",
        "note": "",
    }
    reason = _("You get this mail because you asked for a quote at %(shop)s.", shop=shop.name)
    subject = _("About the quote that you asked for")
    return Mail("application", shop, about.email, about.name, subject, reason, values)


def _message(message_id: UUID) -> QuoteMessage:
    return db.session().scalars(select(QuoteMessage).where(QuoteMessage.id == message_id)).one()


def _facts(quote: Quote) -> list[tuple[str, str]]:
    return [
        (_("Quote"), quote.code),
        (_("Total, net"), quote.total.text),
        (_("Valid until"), f"{quote.valid_until:%-d %B %Y}"),
        *([(_("Order"), quote.order_code)] if quote.order_code else []),
    ]


def _to_the_customer(
    about: Quote, subject: str, words: str, *, act: str, lines: bool = False, quote: str = ""
) -> Mail:
    shop = mail.sender(links.open_shop_of(about.reseller_id))
    link = f"{shop.url}/quote-links/{quotes.token_of(about.nonce)}"
    offered = [
        (f"{item.quantity} × {item.product}, {item.plan}", item.total.text)
        for item in (quote_orders.items(about) if lines else [])
    ]
    reason = _(
        "You get this mail because %(person)s made a quote for you at %(shop)s.",
        person=about.made_by,
        shop=shop.name,
    )
    values: dict[str, Any] = {
        "words": words,
        "facts": [*offered, *_facts(about)],
        "quote": quote,
        "act": act,
        "url": link,
        "note": _("The same as a paper: %(address)s", address=f"{link}/quote.pdf") if lines else "",
    }
    return Mail("application", shop, about.email, about.name, subject, reason, values)


def _to_the_reseller(about: Quote, subject: str, words: str, *, act: str = "", quote: str = "") -> Mail:
    shop, reseller = mail.sender(links.house()), parties.reseller(about.reseller_id)
    values: dict[str, Any] = {
        "words": words,
        "facts": [(_("Company"), about.company), *_facts(about)],
        "quote": quote,
        "act": act or _("See the quote"),
        "url": f"{shop.url}/reseller/quotes/{about.code}",
        "note": "",
    }
    reason = _("You get this mail because your company makes quotes at %(shop)s.", shop=shop.name)
    return Mail("application", shop, reseller.email, reseller.name, subject, reason, values)


mail.register("mail_quote_wanted", "request_id", wanted)
mail.register("mail_quote_not_offered", "request_id", not_offered)
mail.register("mail_quote_sent", "quote_id", sent)
mail.register("mail_quote_asked", "message_id", asked)
mail.register("mail_quote_answered", "message_id", answered)
mail.register("mail_quote_accepted", "quote_id", accepted)
mail.register("mail_quote_declined", "quote_id", declined)
mail.register("mail_quote_withdrawn", "quote_id", withdrawn)
mail.register("mail_quote_expiring", "quote_id", expiring)
mail.register("mail_quote_expired", "quote_id", expired)
