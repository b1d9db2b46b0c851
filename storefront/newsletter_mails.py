"""The newsletter as a mail to a partner."""

from uuid import UUID

from core import parties
from core.languages import _
from partners import newsletters
from storefront import links, mail
from storefront.mailer import Mail


def issue(copy_id: UUID) -> Mail:
    """To the partner's address; how to stop it stands below."""
    copy = newsletters.copy_of_id(copy_id)
    reseller, shop = parties.reseller(copy.reseller_id), mail.sender(links.house())
    at = f"{shop.url}/reseller/newsletters"
    return Mail(
        "newsletter",
        shop,
        reseller.email,
        reseller.name,
        copy.subject,
        _("You get this mail because you are a partner of %(shop)s.", shop=shop.name),
        {
            "paragraphs": [part.strip() for part in copy.text.split("\n\n") if part.strip()],
            "act": _("Read it in your console"),
            "url": f"{at}/{copy.code}",
            "stop": _("Do not want it any more? One click on this page: %(at)s", at=at),
        },
    )


mail.register("mail_newsletter", "copy_id", issue)
