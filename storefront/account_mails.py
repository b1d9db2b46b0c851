"""The mails about somebody's own account: a link to choose a new password, a link to confirm an address, and
a notice whenever something about the account has changed. They come in the look of the shop where it
happened, and their links lead to that shop's own address (QS7)."""

from uuid import UUID

from core import account_links, accounts, tenancy
from core.languages import _, for_later
from partners import storefronts
from storefront import mail
from storefront.mailer import Mail
from storefront.moments import moment
from storefront.portal.profile import device

WORDS = {
    "password changed": (
        for_later("Your password was changed"),
        for_later("Your password was changed, and you were signed out everywhere else."),
    ),
    "password reset": (
        for_later("Your password was chosen anew"),
        for_later(
            "Your password was chosen anew by the link that we sent you, and you were signed out everywhere."
        ),
    ),
    "e-mail change asked": (
        for_later("Your account may get another address"),
        for_later(
            "Somebody who knows your password asked to sign in with another address from now on."
            " Nothing changes before the link that we sent there is opened."
        ),
    ),
    "e-mail changed": (
        for_later("Your account has another address"),
        for_later(
            "Your account is signed in to with another address from now on; this one does not work any more."
        ),
    ),
    "two-factor switched on": (
        for_later("Two-factor sign-in is on"),
        for_later("From now on signing in takes a code from your phone besides your password."),
    ),
    "two-factor switched off": (
        for_later("Two-factor sign-in is off"),
        for_later("Your password alone lets you in from now on."),
    ),
    "recovery codes renewed": (
        for_later("You have new recovery codes"),
        for_later("Ten new recovery codes were made. Those before do not work any more."),
    ),
    "passkey added": (
        for_later("Your account has a new passkey"),
        for_later("A device may take the place of the code from your phone from now on."),
    ),
    "passkey removed": (
        for_later("A passkey of your account was removed"),
        for_later("It opens nothing any more. Your app and your recovery codes still work."),
    ),
}
"""what happened -> subject and sentence of the notice"""


def account_link(link_id: UUID) -> Mail | None:
    """To whoever signs in with the address, or to a new address; nothing where there is nobody."""
    found = account_links.for_mail(link_id, tenancy.current().distributor_id)
    if found is None:
        return None
    shop, until = mail.sender(storefronts.find(found.storefront_id)), moment(found.expires_at)
    values = {"email": found.email, "until": until.exact if until else ""}
    if found.kind == "reset":
        values["link"] = f"{shop.url}/forgotten/{found.token}"
        reason = _("You get this mail because this address was entered at %(shop)s.", shop=shop.name)
        return Mail(
            "reset_password", shop, found.email, found.name, _("Choose a new password"), reason, values
        )
    values["link"] = f"{shop.url}/profile/email/{found.token}"
    reason = _(
        "You get this mail because %(person)s entered this address at %(shop)s.",
        person=found.name,
        shop=shop.name,
    )
    return Mail("confirm_email", shop, found.email, found.name, _("Is this your address?"), reason, values)


def account_notice(event_id: UUID) -> Mail | None:
    """To the person, at the address they had when it happened."""
    found = accounts.event(event_id, tenancy.current().distributor_id)
    if found is None or found.what not in WORDS:
        return None
    shop, at = mail.sender(storefronts.find(found.storefront_id)), moment(found.at)
    subject, words = map(_, WORDS[found.what])
    facts = [(_("When"), at.exact if at else ""), (_("Where"), shop.name), (_("Device"), device(found.agent))]
    values = {
        "words": words,
        "facts": [*facts, (_("From"), found.address)] if found.address else facts,
        "forgotten_url": f"{shop.url}/forgotten",
    }
    reason = _(
        "You get this mail because something about your account at %(shop)s has changed.", shop=shop.name
    )
    return Mail("account_notice", shop, found.email, found.name, subject, reason, values)


mail.register("mail_account_link", "link_id", account_link)
mail.register("mail_account_notice", "event_id", account_notice)
