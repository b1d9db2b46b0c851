"""The mails about a relation between a customer and its provider: admin rights that are asked for, answered
or removed, and customers that the provider is asked to create."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from core import db, parties
from core.languages import _
from core.parties import Membership
from partners import admin_rights, companies, customer_requests
from partners.admin_rights import RightsState
from partners.customer_requests import CustomerRequest, CustomerRequestState
from storefront import links, mail
from storefront.mailer import Mail


def rights_asked(membership_id: UUID) -> Mail | None:
    """To an administrator of the customer; nothing once it is answered, or they have left."""
    person = db.session().scalars(select(Membership).where(Membership.id == membership_id)).one()
    asked = admin_rights.newest(person.customer_id) if person.customer_id else None
    if asked is None or asked.state is not RightsState.ASKED or person.ended_at is not None:
        return None
    shop = mail.sender(links.open_shop_of(asked.reseller_id))
    return Mail(
        "application",
        shop,
        person.email,
        person.name,
        _("%(shop)s asks for admin rights", shop=shop.name),
        _("You get this mail because you are an administrator of a customer of %(shop)s.", shop=shop.name),
        _said(
            _(
                "%(person)s would like to open your services and to give seats to your people. It is yours to"
                " decide, and you can remove the rights at any time.",
                person=asked.asked_by,
            ),
            [(_("Company"), _customer(asked.customer_id))],
            _("Read what they allow"),
            f"{shop.url}/admin-rights",
        ),
    )


def rights_answered(answer_id: UUID) -> Mail:
    """To the reseller: what the customer said, and what stays."""
    said = admin_rights.answer_of(answer_id)
    customer, reseller = parties.customer(said.customer_id or said.id), parties.reseller(said.reseller_id)
    shop = mail.sender(links.house())
    subjects = {
        RightsState.GRANTED: _("%(customer)s has given you admin rights", customer=customer.name),
        RightsState.DECLINED: _("%(customer)s gives you no admin rights", customer=customer.name),
        RightsState.REMOVED: _("%(customer)s has removed your admin rights", customer=customer.name),
    }
    words = {
        RightsState.GRANTED: _("You can open its services and give seats to its people."),
        RightsState.DECLINED: _("It is your customer all the same; its services are its own to look after."),
        RightsState.REMOVED: _(
            "From now on you cannot open its services. You still owe it support, your terms go on, and so"
            " does everything that it has subscribed to."
        ),
    }
    return Mail(
        "application",
        shop,
        reseller.email,
        reseller.name,
        subjects[said.said],
        _("You get this mail because %(customer)s is your customer.", customer=customer.name),
        _said(
            words[said.said],
            [(_("Decided by"), f"{said.name}, {said.email}")],
            _("See the customer"),
            f"{shop.url}/reseller/customers/{customer.code}",
            said.words,
        ),
    )


def customer_asked(request_id: UUID) -> Mail | None:
    """To the distributor: a reseller asks for a customer; nothing once it is answered or withdrawn."""
    found = customer_requests.of_id(request_id)
    if found.state is not CustomerRequestState.ASKED:
        return None
    shop, distributor = mail.sender(links.house()), parties.the_distributor()
    reseller = parties.reseller(found.reseller_id)
    return Mail(
        "application",
        shop,
        distributor.contact_email,
        distributor.name,
        _("%(reseller)s asks for a customer: %(company)s", reseller=reseller.name, company=found.company),
        _("You get this mail because you are the contact of %(name)s.", name=distributor.name),
        _said(
            _("It waits for you to create the customer, or to say why not."),
            [(_("Reseller"), reseller.name), *_wanted(found)],
            _("Answer it"),
            f"{shop.url}/distributor/customers/requests/{found.code}",
            found.words,
        ),
    )


def customer_decided(request_id: UUID) -> Mail:
    """To whoever asked: the customer is on the list, or why not."""
    found = customer_requests.of_id(request_id)
    shop = mail.sender(links.house())
    created = found.state is CustomerRequestState.CREATED
    return Mail(
        "application",
        shop,
        found.asker_email,
        found.asked_by,
        _("%(company)s is your customer", company=found.company)
        if created
        else _("Declined: %(company)s", company=found.company),
        _("You get this mail because you asked for a customer at %(shop)s.", shop=shop.name),
        _said(
            _("It is on your list, and its first person is invited in your name.")
            if created
            else _("The distributor does not create this customer. The reason:"),
            _wanted(found),
            _("See your request"),
            f"{shop.url}/reseller/customers/requests/{found.code}",
            found.reason,
        ),
    )


def _customer(customer_id: UUID | None) -> str:
    return parties.customer(customer_id).name if customer_id else ""


def _wanted(found: CustomerRequest) -> list[tuple[str, str]]:
    return [
        (_("Company"), found.company),
        (_("Person"), f"{found.name}, {found.email}"),
        (_("Country"), companies.country_name(found.country)),
        (_("Programme"), found.programme_name),
        (_("Admin rights"), _("asked for") if found.rights else _("not asked for")),
    ]


def _said(words: str, facts: list[tuple[str, str]], act: str, url: str, quote: str = "") -> dict[str, Any]:
    return {"words": words, "facts": facts, "quote": quote, "act": act, "url": url, "note": ""}


mail.register("mail_rights_asked", "membership_id", rights_asked)
mail.register("mail_rights_answered", "answer_id", rights_answered)
mail.register("mail_customer_asked", "request_id", customer_asked)
mail.register("mail_customer_decided", "request_id", customer_decided)
