"""The mails about subscriptions that move between providers: to the side that has to act or was answered, and
to the customer, whose service goes on at another provider."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from core import db, parties
from core.languages import _, counted
from core.parties import Customer
from partners.extensions import PairState, TransferPartner
from provisioning import transfers
from provisioning.transfers import ItemState, Transfer, TransferState
from storefront import links, mail
from storefront.mailer import Mail


def asked(transfer_id: UUID) -> Mail | None:
    """To the provider: somebody hands over; nothing when it was withdrawn meanwhile."""
    leaving, coming = _halves(transfer_id)
    if leaving.state is not TransferState.ASKED:
        return None
    return _to_staff(
        coming,
        _(
            "%(reseller)s hands over subscriptions of %(customer)s",
            reseller=coming.other_name,
            customer=coming.customer_name,
        ),
        _("Nothing moves before you accept. You may also reject it with a reason."),
        _("Look at the request"),
        quote=leaving.words,
    )


def decided(transfer_id: UUID) -> Mail:
    """To the asker: accepted, or rejected and why."""
    leaving, _coming = _halves(transfer_id)
    if leaving.state is TransferState.REJECTED:
        return _to_staff(
            leaving,
            _("%(provider)s does not take over %(code)s", provider=leaving.other_name, code=leaving.code),
            _("Nothing has moved: everything stays with you. The reason:"),
            _("See the request"),
            quote=leaving.reason,
        )
    return _to_staff(
        leaving,
        _("%(provider)s takes over %(code)s", provider=leaving.other_name, code=leaving.code),
        _("The vendors are asked to move it. You get a mail when that has come to its end."),
        _("See how far it is"),
    )


def withdrawn(transfer_id: UUID) -> Mail:
    """To the provider: there is nothing to decide any more."""
    _leaving, coming = _halves(transfer_id)
    return _to_staff(
        coming,
        _("%(reseller)s has withdrawn %(code)s", reseller=coming.other_name, code=coming.code),
        _("There is nothing left for you to decide."),
        _("See the request"),
    )


def finished_here(transfer_id: UUID) -> Mail:
    """To the asker: what moved and what stayed."""
    leaving, _coming = _halves(transfer_id)
    return _to_staff(leaving, _how_it_ended(leaving), _money(), _("See what moved"), facts=_what(leaving))


def finished_there(transfer_id: UUID) -> Mail:
    """To the provider: what it has now."""
    _leaving, coming = _halves(transfer_id)
    return _to_staff(coming, _how_it_ended(coming), _money(), _("See what moved"), facts=_what(coming))


def told_customer(transfer_id: UUID) -> Mail | None:
    """To the customer, from the shop that it knows: who serves it from now on; nothing when nothing moved."""
    leaving, _coming = _halves(transfer_id)
    moved = [item for item in transfers.items(leaving.id) if item.state is ItemState.MOVED]
    if not moved:
        return None
    customer = db.session().scalars(select(Customer).where(Customer.id == leaving.customer_id)).one()
    shop = mail.sender(links.open_shop_of(leaving.reseller_id))
    return Mail(
        "application",
        shop,
        customer.email,
        customer.name,
        _("From now on %(provider)s provides your service", provider=leaving.other_name),
        _("You get this mail because you are a customer of %(shop)s.", shop=shop.name),
        {
            "words": _(
                "As you agreed with us, it has moved. It goes on without a break and for the same term; the"
                " seats stay with the people who have them. What you paid us for the term that runs stays"
                " as it is; what comes after it, %(provider)s bills. They invite you to their portal.",
                provider=leaving.other_name,
            ),
            "facts": [
                (item.product_name, counted("%(n)s seat", "%(n)s seats", item.quantity)) for item in moved
            ],
            "quote": "",
            "act": _("See your services"),
            "url": f"{shop.url}/services",
            "note": _("If you did not agree to this, please answer this mail at once."),
        },
    )


def invited(pair_id: UUID) -> Mail | None:
    """To the invited reseller's side; nothing when it was answered meanwhile."""
    mine = db.session().scalars(select(TransferPartner).where(TransferPartner.id == pair_id)).one()
    if mine.state is not PairState.INVITED:
        return None
    return _about_a_pair(
        mine,
        _("%(provider)s would take over from you", provider=mine.other_name),
        _("If you accept, you can hand over subscriptions to them. Each one is a request of its own."),
        _("Answer"),
    )


def answered(pair_id: UUID) -> Mail:
    """To the provider that invited."""
    mine = db.session().scalars(select(TransferPartner).where(TransferPartner.id == pair_id)).one()
    said = (
        _("%(reseller)s has accepted your invitation", reseller=mine.other_name)
        if mine.state is PairState.ACCEPTED
        else _("%(reseller)s has not accepted your invitation", reseller=mine.other_name)
    )
    return _about_a_pair(
        mine, said, _("It is about handing over subscriptions to you."), _("See your transfer partners")
    )


# --- From whom, to whom -------------------------------------------------------------------------------------


def _halves(transfer_id: UUID) -> tuple[Transfer, Transfer]:
    half = db.session().scalars(select(Transfer).where(Transfer.id == transfer_id)).one()
    return transfers.of_code(half.code, incoming=False), transfers.of_code(half.code, incoming=True)


def _how_it_ended(half: Transfer) -> str:
    match half.state:
        case TransferState.DONE:
            return _("%(code)s: everything has moved", code=half.code)
        case TransferState.PARTLY:
            return _("%(code)s: a part of it has moved", code=half.code)
        case _:
            return _("%(code)s: nothing has moved", code=half.code)


def _money() -> str:
    return _(
        "Nothing was charged or refunded by it: what was paid for the terms that run stays where it was paid."
    )


def _what(half: Transfer) -> list[tuple[str, str]]:
    return [
        (item.product_name, _("moved") if item.state is ItemState.MOVED else item.note or _("stays"))
        for item in transfers.items(half.id)
    ]


def _to_staff(
    half: Transfer, subject: str, words: str, act: str, *, quote: str = "", facts: Any = ()
) -> Mail:
    """To the company whose half it is; the house's is the distributor."""
    shop, reseller = mail.sender(links.house()), parties.reseller(half.reseller_id)
    console = "distributor" if reseller.house else "reseller"
    about = [(_("Customer"), half.customer_name), (_("Request"), half.code)]
    return Mail(
        "application",
        shop,
        parties.the_distributor().contact_email if reseller.house else reseller.email,
        reseller.name,
        subject,
        _("You get this mail because %(name)s sells at %(shop)s.", name=reseller.name, shop=shop.name),
        {
            "words": words,
            "facts": [*about, *facts],
            "quote": quote,
            "act": act,
            "url": f"{shop.url}/{console}/transfers/{half.code}",
            "note": "",
        },
    )


def _about_a_pair(mine: TransferPartner, subject: str, words: str, act: str) -> Mail:
    shop, reseller = mail.sender(links.house()), parties.reseller(mine.reseller_id)
    return Mail(
        "application",
        shop,
        reseller.email,
        reseller.name,
        subject,
        _("You get this mail because %(name)s sells at %(shop)s.", name=reseller.name, shop=shop.name),
        {
            "words": words,
            "facts": [(_("Company"), mine.other_name)],
            "quote": "",
            "act": act,
            "url": f"{shop.url}/reseller/transfers/partners",
            "note": "",
        },
    )


mail.register("mail_transfer_asked", "transfer_id", asked)
mail.register("mail_transfer_decided", "transfer_id", decided)
mail.register("mail_transfer_withdrawn", "transfer_id", withdrawn)
mail.register("mail_transfer_finished_here", "transfer_id", finished_here)
mail.register("mail_transfer_finished_there", "transfer_id", finished_there)
mail.register("mail_transfer_told_customer", "transfer_id", told_customer)
mail.register("mail_transfer_partner_invited", "pair_id", invited)
mail.register("mail_transfer_partner_answered", "pair_id", answered)
