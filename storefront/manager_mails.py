"""The mail that tells a reseller who looks after it."""

from uuid import UUID

from core.languages import _
from partners import account_managers
from storefront import links, mail
from storefront.mailer import Mail


def assigned(assigned_id: UUID) -> Mail | None:
    """To the reseller: its account manager; nothing when it is not this one any more."""
    found = account_managers.for_mail(assigned_id)
    if found is None:
        return None
    reseller, manager = found
    shop = mail.sender(links.house())
    return Mail(
        "application",
        shop,
        reseller.email,
        reseller.name,
        _("%(manager)s is your account manager", manager=manager.name),
        _("You get this mail because you are a reseller of %(shop)s.", shop=shop.name),
        {
            "words": _(
                "From now on %(manager)s looks after you at %(shop)s.", manager=manager.name, shop=shop.name
            ),
            "facts": [(_("Account manager"), manager.name), (_("E-mail"), manager.email)],
            "quote": "",
            "act": _("To your console"),
            "url": f"{shop.url}/reseller/",
            "note": _("Your account manager can look at your console. You read there when, and why."),
        },
    )


mail.register("mail_manager_assigned", "assigned_id", assigned)
