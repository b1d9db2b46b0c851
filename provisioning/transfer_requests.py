"""Asking a provider to take subscriptions of a customer over: what may stand in one request (M43-M49)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core import db, parties, tenancy, trail
from core.errors import Conflict, Missing, Refused
from core.events import publish
from core.ids import new_code, new_id
from core.languages import _
from core.parties import Customer, Reseller
from partners import extensions
from provisioning import movables
from provisioning.transfers import LONGEST_WORDS, Transfer, TransferAsked, TransferItem
from subscriptions.subscriptions import SHOWN, STANDING, Subscription, SubscriptionState

MOST = 25
GOES_ALONG = (*STANDING, SubscriptionState.PENDING, SubscriptionState.ENDING)


class NothingChosen(Refused):
    """M45: one or more."""

    def __init__(self) -> None:
        super().__init__(_("Choose at least one subscription that is to move."))


class TooMany(Refused):
    """M53: at most 25 items."""

    def __init__(self) -> None:
        super().__init__(
            _("At most %(number)s subscriptions move with one request. Make another one.", number=MOST)
        )


class NotOfThisCustomer(Refused):
    """M45: of *one* customer."""

    def __init__(self) -> None:
        super().__init__(
            _("All subscriptions of a request belong to one customer of yours. Please choose again.")
        )


class AskedAlready(Conflict):
    """M47: a subscription is in one open request only."""

    def __init__(self, product: str, code: str) -> None:
        super().__init__(
            _(
                "%(product)s is in the request %(code)s already. Withdraw that one first.",
                product=product,
                code=code,
            )
        )


class CannotBeMoved(Refused):
    """M51: the reason, and the way out."""

    def __init__(self, product: str, why: str) -> None:
        super().__init__(
            _(
                "%(product)s cannot be moved: %(why)s The way out is to cancel it here and to buy it again at"
                " the other provider.",
                product=product,
                why=why,
            )
        )


class GoesWithItsBase(Refused):
    """M48: an add-on travels with its base, and not alone."""

    def __init__(self, product: str) -> None:
        super().__init__(
            _("%(product)s moves along with the service that it extends. Choose that one.", product=product)
        )


class NoRelation(Refused):
    """M43: first a relation between provider and customer."""

    def __init__(self, provider: str) -> None:
        super().__init__(
            _(
                "%(provider)s has no relation with this customer yet. Extend yours on the form, or ask"
                " %(provider)s to invite the customer; then send the request again.",
                provider=provider,
            )
        )


@dataclass(frozen=True, slots=True)
class Asking:
    """What the form says. `provider` is "house" or the code of an accepted invitation; `consent`: the
    customer was told and agrees; `extend`: where the provider has no relation with it, extend ours."""

    customer_code: str
    subscription_codes: Sequence[str]
    provider: str
    consent: bool
    extend: bool = False
    words: str = ""


def ask(reseller_id: UUID, asking: Asking, *, by: str) -> Transfer:
    """A request to one provider for 1 to 25 subscriptions of one customer; the asker's half. Works as the
    distributor; everything that is read is narrowed to the asker's here."""
    customer = _own_customer(reseller_id, asking.customer_code)
    provider = extensions.provider(reseller_id, asking.provider)
    if not asking.consent:
        raise extensions.NoConsent
    chosen = _with_add_ons(_chosen(reseller_id, customer, asking.subscription_codes))
    for one in movables.looked_at(chosen):
        if one.open is not None:
            raise AskedAlready(one.subscription.product_name, one.open)
        if one.why_not is not None:
            raise CannotBeMoved(one.subscription.product_name, one.why_not)
    theirs = extensions.relation(customer, provider.id)
    if theirs is None:
        if not asking.extend:
            raise NoRelation(provider.name)
        theirs = extensions.extend(
            customer, provider, consent=asking.consent, by=by, person_id=tenancy.current().person_id
        )
    return _write(parties.reseller(reseller_id), customer, provider, theirs, chosen, asking.words, by)


def _own_customer(reseller_id: UUID, code: str) -> Customer:
    chosen = select(Customer).where(
        Customer.code == code, Customer.reseller_id == reseller_id, Customer.ended_at.is_(None)
    )
    found = db.session().scalar(chosen)
    if found is None:
        raise Missing("customer")
    return found


def _chosen(reseller_id: UUID, customer: Customer, codes: Sequence[str]) -> list[Subscription]:
    """What was chosen, all of it this customer's."""
    wanted = list(dict.fromkeys(codes))
    if not wanted:
        raise NothingChosen
    if len(wanted) > MOST:
        raise TooMany
    found = list(
        db.session().scalars(
            select(Subscription)
            .where(Subscription.code.in_(wanted), Subscription.reseller_id == reseller_id, SHOWN)
            .order_by(Subscription.id)
        )
    )
    if len(found) < len(wanted):
        raise Missing("subscription")
    if any(one.customer_id != customer.id for one in found):
        raise NotOfThisCustomer
    return found


def _with_add_ons(chosen: Sequence[Subscription]) -> list[Subscription]:
    """Add-ons travel with their base by themselves (M48), and never without it; bases come first."""
    ids = {one.id for one in chosen}
    along = db.session().scalars(
        select(Subscription)
        .where(Subscription.base_id.in_(ids), Subscription.state.in_(GOES_ALONG))
        .order_by(Subscription.id)
    )
    together = [*chosen, *(one for one in along if one.id not in ids)]
    if len(together) > MOST:
        raise TooMany
    ids = {one.id for one in together}
    for one in together:
        if one.base_id is not None and one.base_id not in ids and _stays(one.base_id):
            raise GoesWithItsBase(one.product_name)
    return sorted(together, key=lambda one: one.base_id is not None)


def _stays(subscription_id: UUID) -> bool:
    """Whether a base still runs here."""
    chosen = select(Subscription.state).where(Subscription.id == subscription_id)
    return db.session().scalar(chosen) in (*STANDING, SubscriptionState.MOVING)


def _write(
    asker: Reseller,
    customer: Customer,
    provider: Reseller,
    theirs: Customer,
    chosen: Sequence[Subscription],
    words: str,
    by: str,
) -> Transfer:
    now, code = db.session().info["now"], new_code("TRF")
    halves = [
        Transfer(
            id=new_id(),
            reseller_id=mine.id,
            other_id=other.id,
            other_name=other.name,
            code=code,
            incoming=mine is provider,
            customer_id=whose.id,
            customer_name=whose.name,
            words=words.strip()[:LONGEST_WORDS],
            asked_by=by,
            asked_at=now,
        )
        for mine, other, whose in ((asker, provider, customer), (provider, asker, theirs))
    ]
    try:
        with db.savepoint():
            db.session().add_all(halves)
            db.flush()
            db.session().add_all(
                TransferItem(
                    id=new_id(),
                    reseller_id=half.reseller_id,
                    transfer_id=half.id,
                    incoming=half.incoming,
                    number=number,
                    subscription_id=None if half.incoming else one.id,
                    product_name=one.product_name,
                    plan_name=one.plan_name,
                    unit=one.unit,
                    quantity=one.quantity,
                    term_ends_at=one.ends_at,
                    changed_at=now,
                )
                for half in halves
                for number, one in enumerate(chosen, 1)
            )
            db.flush()
    except IntegrityError as error:
        asked_in = movables.open_requests([one.id for one in chosen])
        taken = next((one for one in chosen if one.id in asked_in), None)
        if taken is None:
            raise
        raise AskedAlready(taken.product_name, asked_in[taken.id]) from error
    for half in halves:
        trail.write(half, "asked", told={"by": by})
    publish(TransferAsked(halves[0].id))
    return halves[0]
