"""The mail that gives a reseller its partner discount code (P25)."""

from uuid import UUID

from catalog import deductions, partner_codes
from core import parties
from core.languages import _
from storefront import links, mail
from storefront.mailer import Mail


def issued(code_id: UUID) -> Mail | None:
    """To the reseller: its code, what it is for and until when; nothing when it was revoked meanwhile."""
    code = partner_codes.of_id(code_id)
    if code.state in (partner_codes.CodeState.REVOKED, partner_codes.CodeState.ENDED):
        return None
    reseller = parties.reseller(code.reseller_id)
    shop = mail.sender(links.house())
    off = deductions.off_in_words(code.basis_points, 0, "")
    facts = [
        (_("Your code"), code.code),
        (_("Off your price"), off),
        (_("For"), code.goods_words),
        (_("First day"), f"{code.starts_on:%Y-%m-%d}"),
        (_("Last day"), f"{code.ends_on:%Y-%m-%d}" if code.ends_on else _("Until it is revoked")),
    ]
    if code.most_uses is not None:
        facts.append((_("Orders"), str(code.most_uses)))
    return Mail(
        "application",
        shop,
        reseller.email,
        reseller.name,
        _("Your partner discount code: %(off)s off", off=off),
        _("You get this mail because you are a reseller of %(shop)s.", shop=shop.name),
        {
            "words": _(
                "%(shop)s has issued a discount code to you. Type it in once, under Discounts in your console"
                " or with an order; from then on it counts by itself.",
                shop=shop.name,
            ),
            "facts": facts,
            "quote": code.note,
            "act": _("Type in the code"),
            "url": f"{shop.url}/reseller/discounts",
            "note": _("The code is yours alone: nobody else can use it."),
        },
    )


mail.register("mail_code_issued", "code_id", issued)
