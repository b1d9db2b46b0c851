"""A reseller invites a customer into its portal. Whether the address has an account already is told to
nobody."""

from flask import request, url_for
from werkzeug.wrappers import Response

from core import db, parties, trail
from core.errors import Refusal
from core.languages import _
from partners import admin_rights, channels, deals, leads, relation_rules, support_types
from partners import customers as customer_lists
from partners.joinings import CHANNELS
from partners.relation_rules import Elsewhere, TheProviderCreates
from partners.storefronts import StorefrontState
from storefront import pages
from storefront.forms import SelectChoice
from storefront.reseller import accounts, console, customers, menu
from storefront.reseller.forms import InviteCustomer
from storefront.visitors import require_role, visitor

pages.saying(on_the_list="This customer is on your list already; nothing was sent.")


@console.get("/customers/invite")
def invite_form() -> Response:
    """The form; without an open storefront a customer would have nowhere to go, and the page says how to get
    one. `?deal=` fills in the company of an approved deal."""
    return show_invite(InviteCustomer(data={"words": draft(), **of_deal(request.args.get("deal", ""))}))


def of_deal(code: str) -> dict[str, str]:
    """The company and the contact of one's own deal, to begin with."""
    if not code:
        return {}
    with db.transaction():
        deal = deals.find(code)
        return {
            "company": deal.company,
            "name": deal.contact_name,
            "email": deal.contact_email,
            "country": deal.country,
        }


@console.post("/customers/invite")
def invite_customer() -> Response:
    """Customer and invitation in one transaction; the mail follows, and the answer is the same whether the
    address has an account or not."""
    require_role("storefront_manager", "buyer")
    form = InviteCustomer(request.form)
    if not form.validate() or not storefront_open():
        return show_invite(form, status=422)
    try:
        with db.transaction():
            added = customer_lists.add(
                form.email.data or "",
                by=visitor().name,
                company=form.company.data or "",
                name=form.name.data or "",
                comment=form.comment.data or "",
                country=form.country.data or "",
                channel=form.channel.data or "",
                words="" if same_words(form.words.data or "") else form.words.data or "",
            )
            if added.invitation:
                support_types.choose(added.customer, accounts.sent())
                if form.rights.data == "with":
                    admin_rights.ask(added.customer, by=customers.by())
    except Refusal as refusal:
        if isinstance(refusal, leads.LeadTaken | leads.DealComesFirst):
            with db.transaction():
                leads.note_refused(parties.reseller(menu.reseller_id()), form.company.data or "", refusal)
        accounts.note_refusal(refusal)
        if isinstance(refusal, Elsewhere | TheProviderCreates | admin_rights.RightsNotOffered):
            with db.transaction():
                trail.write(
                    parties.reseller(menu.reseller_id()),
                    "refused to add a customer",
                    why=str(refusal),
                    company=form.company.data or form.email.data or "",
                )
        return show_invite(form, refusal)
    said = "invited" if added.invitation else "on-the-list"
    return pages.see("reseller.customer_page", said, code=added.customer.code)


def draft() -> str:
    """The mail as it goes out unless somebody writes another (M30)."""
    return _(
        "Hello,\n\n%(person)s of %(seller)s has opened an account for you. Open it here to see prices, order"
        " and manage your services:\n\n{link}\n\nKind regards\n%(person)s, %(seller)s",
        person=visitor().name,
        seller=visitor().standing,
    )


def same_words(typed: str) -> bool:
    """Whether the draft was left as it was; browsers send line ends of their own."""
    return typed.split() == draft().split()


def storefront_open() -> bool:
    """Whether there is a portal to invite into."""
    own = menu.own_storefront()
    return own is not None and own.state is StorefrontState.OPEN


def show_invite(form: InviteCustomer, refusal: Refusal | None = None, status: int = 200) -> Response:
    """The form as it was filled."""
    with db.transaction():
        support = accounts.form_of(accounts.types())
    if support is not None and request.method == "POST":
        support.process(request.form)
    return pages.render(
        "reseller/customer_invite.html",
        refusal.status if refusal else status,
        title=_("Add a customer"),
        form=form,
        message=str(refusal) if refusal else None,
        way=url_for("reseller.new_deal") if isinstance(refusal, leads.DealComesFirst) else None,
        support=support,
        is_open=storefront_open(),
        several=with_ways(form),
        rights=rights_offered(),
        created_by_provider=created_by_provider(),
        portal_url=menu.portal_url(menu.own_storefront(), absolute=True),
    )


def with_ways(form: InviteCustomer) -> bool:
    """Puts the channels by which we may win a customer into the form; whether there is a choice."""
    with db.transaction():
        ways = [
            way
            for way in channels.ways(menu.reseller_id())
            if not any(
                one.rules.provider_creates
                for one in relation_rules.of_way(menu.reseller_id(), way.programme_id)
            )
        ]
    form.channel.choices = [
        SelectChoice(
            str(way.programme_id) if way.programme_id else way.channel.value,
            _("Indirect: %(programme)s", programme=way.programme) if way.programme else CHANNELS[way.channel],
        )
        for way in ways
    ]
    form.channel.data = form.channel.data or next((choice.value for choice in form.channel.choices), None)
    return len(ways) > 1


def rights_offered() -> bool:
    """Whether one of our programmes lets us ask for admin rights."""
    with db.transaction():
        return admin_rights.may_be_asked(relation_rules.of_reseller(menu.reseller_id()))


def created_by_provider() -> list[str]:
    """Our programmes whose customers the provider creates (M32)."""
    with db.transaction():
        ruled = relation_rules.of_reseller(menu.reseller_id())
    return [one.programme for one in ruled if one.rules.provider_creates]
