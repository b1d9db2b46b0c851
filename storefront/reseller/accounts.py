"""Accounts: who supports a customer (U5-U9), its settings, and the dashboard of a customer that the reseller
looks after itself (U29-U31)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import SelectField

from core import db, parties, trail
from core.errors import Missing, Refusal
from core.languages import _
from core.parties import Customer
from partners import admin_rights, channels, relation_rules, support_types
from partners.support_types import NotQualified, Offered
from storefront import lists, pages
from storefront.customer_requests import RIGHTS
from storefront.forms import Form, SelectChoice
from storefront.moments import moment
from storefront.reseller import console, menu
from storefront.visitors import require_role, visitor
from subscriptions import subscriptions
from subscriptions.subscriptions import Licence, LicenceState, Subscription, SubscriptionState

pages.saying(
    support_saved="Saved: this is who supports the customer from now on.",
    seat_given="The seat is given.",
    seat_free="The seat is free again.",
)
SEATS = 200


class SupportForm(Form):
    """Who supports a customer."""

    support = SelectField("Support type", coerce=str)

    def offer(self, types: Sequence[Offered]) -> "SupportForm":
        """Those that this reseller may choose; whoever is not qualified sees no other."""
        several = len({one.programme for one in types}) > 1
        self.support.choices = [
            SelectChoice("", _("Please choose")),
            *(
                SelectChoice(str(one.id), f"{one.label} ({one.programme})" if several else one.label)
                for one in types
                if one.open
            ),
        ]
        return self

    @property
    def chosen(self) -> UUID | None:
        """What was chosen; whether it may be is the rule's business."""
        return lists.identifier(self.support.data, "page") if self.support.data else None


def types() -> list[Offered]:
    """What this reseller's programmes offer; inside a transaction."""
    return support_types.offered(menu.reseller_id())


def form_of(found: Sequence[Offered], customer: Customer | None = None) -> SupportForm | None:
    """The field, filled with what the customer has; none where no programme has types."""
    if not found:
        return None
    kept = support_types.of_customer(customer.id) if customer else None
    return SupportForm(support=str(kept.support_type_id) if kept else "").offer(found)


def sent() -> UUID | None:
    """What a form says, also one that was not offered."""
    return SupportForm(request.form).chosen


def note_refusal(refusal: Refusal) -> None:
    """A choice that the reseller is not qualified for is written down."""
    if isinstance(refusal, NotQualified):
        with db.transaction():
            trail.write(
                parties.reseller(menu.reseller_id()), "support type refused", told={"support": refusal.label}
            )


@console.get("/money/support-types")
def support_type_page() -> Response:
    """What each type means, in the section of what is billed (U9)."""
    with db.transaction():
        found = types()
    return pages.render("reseller/support_types.html", title=_("Support types"), types=found)


@console.post("/customers/<code>/support")
def save_support(code: str) -> Response:
    """Another type from now on."""
    require_role("storefront_manager", "buyer")
    try:
        with db.transaction():
            support_types.choose(find(code), sent())
    except Missing:
        raise
    except Refusal as refusal:
        note_refusal(refusal)
        return settings_page(code, refusal)
    return pages.see("reseller.customer_settings", "support-saved", code=code)


@console.get("/customers/<code>/settings")
def customer_settings(code: str) -> Response:
    """Account settings (U14)."""
    return settings_page(code)


def settings_page(code: str, refusal: Refusal | None = None) -> Response:
    """The page, with what was refused."""
    with db.transaction():
        customer = find(code)
        found = types()
        form = form_of(found, customer)
        kept = support_types.of_customer(customer.id)
        opens = dashboard_opens(customer.id, kept)
        shown = {"code": customer.code, "name": customer.name, "email": customer.email}
    return pages.render(
        "reseller/customer_settings.html",
        refusal.status if refusal else 200,
        title=_("Account settings of %(customer)s", customer=shown["name"]),
        customer=shown,
        support=kept.label if kept else None,
        dashboard=url_for("reseller.customer_dashboard", code=code) if opens else None,
        form=form,
        message=str(refusal) if refusal else None,
    )


def dashboard_opens(customer_id: UUID, kept: support_types.CustomerSupport | None) -> bool:
    """Whether a customer's dashboard is ours to open."""
    rights = admin_rights.newest(customer_id)
    opens = admin_rights.opens(
        rights.state if rights else None,
        admin_rights.said_last([customer_id]).get(customer_id),
        co_managed=kept is not None and kept.co_managed,
    )
    return opens and not menu.goes_without("no_agents")


def rights_of(customer: Customer) -> dict[str, Any]:
    """How it stands with admin rights, as the page shows it."""
    kept = admin_rights.newest(customer.id)
    state = kept.state.value if kept else "none"
    said = admin_rights.answers(customer.id)
    return {
        "ids": [kept.id] if kept else [],
        "state": state,
        "words": RIGHTS.get(state, ""),
        "offered": admin_rights.may_be_asked(channels.ruled(customer)),
        "open": state in ("asked", "granted"),
        "dashboard": dashboard_opens(customer.id, support_types.of_customer(customer.id)),
        "answers": [
            {
                "said": RIGHTS[one.said.value],
                "name": one.name,
                "email": one.email,
                "address": one.address,
                "at": moment(one.at),
                "words": one.words,
            }
            for one in said
        ],
    }


# --- The dashboard of a customer that we look after -------------------------------------------------------


@console.get("/customers/<code>/dashboard")
def customer_dashboard(code: str) -> Response:
    """Its services with their seats."""
    return show_dashboard(code)


def show_dashboard(
    code: str, *, problem: str | None = None, of: str = "", typed: str = "", status: int = 200
) -> Response:
    """The page, with what was typed where a seat was refused."""
    with db.transaction() as session:
        relation_rules.refuse_agents(menu.reseller_id())
        customer = find(code)
        admin_rights.refuse_unless_open(customer)
        own = (
            select(Subscription)
            .where(Subscription.customer_id == customer.id)
            .order_by(Subscription.id.desc())
            .limit(50)
        )
        services = list(session.scalars(own))
        seats = session.scalars(
            select(Licence)
            .where(
                Licence.subscription_id.in_([one.id for one in services]),
                Licence.state != LicenceState.REVOKED,
            )
            .order_by(Licence.subscription_id, Licence.number)
            .limit(SEATS)
        ).all()
        people = [(one.name, one.email) for one in parties.members(customer_id=customer.id)]
        rows = [
            service_row(one, [seat for seat in seats if seat.subscription_id == one.id]) for one in services
        ]
        name = customer.name
    return pages.render(
        "reseller/customer_dashboard.html",
        status,
        title=_("Dashboard of %(customer)s", customer=name),
        customer={"code": code, "name": name},
        services=rows,
        people=people,
        problem=problem,
        of=of,
        typed=typed,
        portal=menu.portal_url(menu.own_storefront()),
    )


def service_row(one: Subscription, seats: Sequence[Licence]) -> dict[str, Any]:
    """A service as the dashboard shows it."""
    return {
        "code": one.code,
        "name": one.product_name,
        "plan": one.plan_name,
        "state": one.state.value,
        "quantity": one.quantity,
        "used": sum(seat.assignee is not None for seat in seats),
        "ends": moment(one.ends_at),
        "open": one.state is SubscriptionState.ACTIVE,
        "url": url_for("reseller.subscription_page", code=one.code),
        "seats": [
            {"id": seat.id, "number": seat.number, "key": seat.key, "to": seat.assignee} for seat in seats
        ],
    }


@console.post("/customers/<code>/dashboard/<service>/assign")
def give_seat(code: str, service: str) -> Response:
    """The next free seat of the customer's service to somebody."""
    require_role("subscriptions_manager", "cloud_administrator")
    to = request.form.get("to", "")[: subscriptions.LONGEST_ASSIGNEE]
    looked_after(code)
    try:
        with db.transaction(widened_because="looking after a customer"):
            found, owner = own_service(code, service)
            subscriptions.assign(found, to)
            note(owner, "used: seat given", found, to)
    except Missing:
        raise
    except Refusal as refusal:
        return show_dashboard(code, problem=str(refusal), of=service, typed=to, status=refusal.status)
    return pages.see("reseller.customer_dashboard", "seat-given", code=code)


@console.post("/customers/<code>/dashboard/<service>/release")
def free_seat(code: str, service: str) -> Response:
    """A seat back."""
    require_role("subscriptions_manager", "cloud_administrator")
    looked_after(code)
    with db.transaction(widened_because="looking after a customer"):
        found, owner = own_service(code, service)
        subscriptions.release(found, lists.identifier(request.form.get("seat", ""), "seat"))
        note(owner, "used: seat taken back", found)
    return pages.see("reseller.customer_dashboard", "seat-free", code=code)


def note(owner: Customer, what: str, service: Subscription, to: str = "") -> None:
    """In the customer's trail, too: who did it, for whom."""
    admin_rights.note_use(
        owner,
        what,
        by=f"{visitor().name}, {visitor().standing}",
        service=f"{service.product_name}, {service.code}",
        **({"to": to} if to else {}),
    )


def looked_after(code: str) -> None:
    """The customer is ours, and its services are ours to look after: asked in our own scope, before anything
    is done in a wider one."""
    with db.transaction():
        relation_rules.refuse_agents(menu.reseller_id())
        admin_rights.refuse_unless_open(find(code))


def own_service(code: str, service: str) -> tuple[Subscription, Customer]:
    """A service of this customer of ours; the wider scope would find others' too."""
    found = subscriptions.find(service)
    owner = db.session().scalar(
        select(Customer).where(Customer.id == found.customer_id, Customer.reseller_id == menu.reseller_id())
    )
    if owner is None or owner.code != code:
        raise Missing("subscription")
    admin_rights.refuse_unless_open(owner)
    return found, owner


def find(code: str) -> Customer:
    """A customer of ours by its code."""
    found = db.session().scalar(select(Customer).where(Customer.code == code))
    if found is None:
        raise Missing("customer")
    return found
