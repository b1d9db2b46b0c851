"""Delegated admin rights: what a customer lets its reseller do in its name, beyond being its customer. They
are asked for with the invitation or later (M34), answered by an administrator of the customer, and taken away
by one whenever it likes (M35). With them the reseller opens the customer's dashboard: its services with their
keys, who has which seat, giving and taking seats. What was answered is a row that nobody changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, literal_column, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Mapped, mapped_column

from core import db, parties, states, throttles, trail
from core.errors import Conflict, Missing, Refused
from core.events import Event, publish
from core.languages import Words, _
from core.parties import Customer
from core.tenancy import Access, CustomerOwned, owned_by
from partners import channels, companies, customers, relation_rules, support_types
from partners.customers import RelationshipEnding
from partners.relation_rules import Ruled
from partners.roles import ADMIN

LONGEST_WORDS = 2000
MEANING = Words(
    {
        "services": "Open your services, with the keys of your licences and who has which seat.",
        "seats": "Give seats to your people and take them back.",
        "people": "See the names and e-mail addresses of your people here.",
    }
)
"""What admin rights allow, as the customer reads it before it answers."""
NEVER = Words(
    {
        "orders": "Order, cancel or pay anything in your name.",
        "people": "Change the roles of your people, or read their passwords.",
    }
)
"""And what they do not."""


class RightsState(StrEnum):
    """WITHDRAWN: the reseller asks no more, or has given them back. REMOVED: the customer has taken them
    away."""

    ASKED = "asked"
    GRANTED = "granted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    REMOVED = "removed"


class AdminRights(CustomerOwned, db.Model):
    """A reseller's request to one of its customers, and what became of it."""

    __tablename__ = "admin_rights"
    __access__ = Access(distributor="rcu", reseller="rcu", customer="ru")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        owned_by("customers", "customer_id"),
        Index("ix_admin_rights_customer", "distributor_id", "customer_id", "id"),
        Index(
            "uq_admin_rights_open",
            "distributor_id",
            "reseller_id",
            "customer_id",
            unique=True,
            postgresql_where=literal_column("state IN ('asked', 'granted')"),
        ),
    )
    LIFE = states.Transitions(
        {
            RightsState.ASKED: [RightsState.GRANTED, RightsState.DECLINED, RightsState.WITHDRAWN],
            RightsState.GRANTED: [RightsState.REMOVED, RightsState.WITHDRAWN],
            RightsState.DECLINED: [],
            RightsState.WITHDRAWN: [],
            RightsState.REMOVED: [],
        },
        first=RightsState.ASKED,
    )

    state: Mapped[RightsState]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]


class RightsAnswer(CustomerOwned, db.Model):
    """The evidence of one answer: which, who gave it, when, from where. `words`: what the customer wrote to
    its reseller with it."""

    __tablename__ = "rights_answers"
    __access__ = Access(distributor="r", reseller="r", customer="rc")
    __table_args__ = (
        owned_by("admin_rights", "rights_id"),
        Index("ix_rights_answers_rights", "distributor_id", "rights_id"),
    )

    rights_id: Mapped[UUID]
    said: Mapped[RightsState]
    name: Mapped[str]
    email: Mapped[str]
    person_id: Mapped[UUID]
    address: Mapped[str]
    browser: Mapped[str]
    url: Mapped[str]
    words: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Answering:
    """Who of a customer answers, and from where. `is_admin`: whether they may."""

    name: str
    email: str
    person_id: UUID
    is_admin: bool
    address: str
    browser: str
    url: str


@dataclass(frozen=True, slots=True)
class RightsAsked(Event):
    """One of the customer's administrators, each of whom is told, has to answer. `sending` is unique per
    request and administrator."""

    rights_id: UUID
    membership_id: UUID
    sending: str


@dataclass(frozen=True, slots=True)
class RightsAnswered(Event):
    """Granted, declined or removed: the reseller is told."""

    answer_id: UUID


# --- Refusals -----------------------------------------------------------------------------------------------


class RightsNotOffered(Refused):
    """Only where the reseller's programme has them."""

    status = 403

    def __init__(self) -> None:
        super().__init__(_("None of your programmes lets its partners ask for admin rights."))


class AskedAlready(Conflict):
    """One request at a time, and none beside what was granted."""

    def __init__(self, customer: str) -> None:
        super().__init__(_("%(customer)s was asked already. Its page says how it stands.", customer=customer))


class OnlyAdministrators(Refused):
    """M33: whoever answers for a company is an administrator of it."""

    status = 403

    def __init__(self) -> None:
        super().__init__(
            _(
                "Only an administrator of your company decides about admin rights."
                " Please ask one of them to open this page."
            )
        )


class NotConfirmed(Refused):
    """Nobody takes them away by accident."""

    def __init__(self) -> None:
        super().__init__(_("Tick that you have read what the removal means, then remove the rights."))


class WordsTooLong(Refused):
    """A few words."""

    def __init__(self) -> None:
        super().__init__(_("At most %(most)s characters.", most=LONGEST_WORDS))


class RightsMissing(Refused):
    """The customer has not delegated its rights, or not any more."""

    status = 403
    title = "You have no admin rights here"

    def __init__(self, customer: str, state: RightsState) -> None:
        sentences = {
            RightsState.ASKED: _(
                "%(customer)s has not answered yet whether you get admin rights.", customer=customer
            ),
            RightsState.DECLINED: _(
                "%(customer)s has not given you admin rights, so its services and seats are its own to look"
                " after.",
                customer=customer,
            ),
            RightsState.REMOVED: _(
                "%(customer)s has removed your admin rights. You still owe it support; its services and seats"
                " are its own to look after.",
                customer=customer,
            ),
        }
        super().__init__(sentences[state])


# --- The reseller's side ------------------------------------------------------------------------------------


def may_be_asked(found: Sequence[Ruled]) -> bool:
    """Whether one of these programmes has admin rights."""
    return any(one.rules.asks_rights for one in found)


def ask(customer: Customer, *, by: str) -> AdminRights:
    """By the reseller, or by the distributor for it: RightsNotOffered, Elsewhere, NoCountry (M34), or
    AskedAlready. Who is there already is told by mail; an invited person reads it with the invitation."""
    customers.on_the_list(customer)
    found = channels.ruled(customer)
    if not may_be_asked(found):
        raise RightsNotOffered
    # Of two who ask at once the second finds what the first has asked.
    db.session().execute(
        select(Customer.id).where(Customer.id == customer.id).with_for_update(key_share=True)
    )
    kept = newest(customer.id)
    if kept is not None and kept.state in (RightsState.ASKED, RightsState.GRANTED):
        raise AskedAlready(customer.name)
    details = companies.of(customer.id)
    relation_rules.refuse_elsewhere(
        found,
        reseller=parties.reseller(customer.reseller_id).country,
        customer=details.country if details else customer.country,
    )
    asked = db.add(
        AdminRights(
            reseller_id=customer.reseller_id,
            customer_id=customer.id,
            state=RightsState.ASKED,
            asked_by=by,
            asked_at=db.session().info["now"],
        )
    )
    db.flush()
    throttles.one_more_letter(customer.email)
    trail.write(asked, "asked for", told={"by": by})
    for person in parties.members(customer_id=customer.id):
        if ADMIN in person.roles:
            publish(RightsAsked(asked.id, person.id, f"{asked.id}:{person.id}"))
    return asked


def withdraw(rights: AdminRights, *, by: str) -> None:
    """The reseller asks no more, or gives back what it has."""
    states.move(rights, RightsState.WITHDRAWN, told={"by": by})


def end(event: RelationshipEnding) -> None:
    """Who leaves the list lets its former reseller do nothing more."""
    kept = newest(event.customer_id)
    if kept is not None and kept.state in (RightsState.ASKED, RightsState.GRANTED):
        states.move(kept, RightsState.WITHDRAWN)


def newest(customer_id: UUID) -> AdminRights | None:
    """How it stands with a customer of the scope."""
    mine = select(AdminRights).where(AdminRights.customer_id == customer_id)
    return db.session().scalar(mine.order_by(AdminRights.id.desc()).limit(1))


def to_change(customer_id: UUID) -> AdminRights:
    """The same, locked: of two answers the second finds the first."""
    mine = select(AdminRights).where(AdminRights.customer_id == customer_id)
    found = db.session().scalar(mine.order_by(AdminRights.id.desc()).limit(1).with_for_update())
    if found is None:
        raise Missing("request")
    return found


def of_id(rights_id: UUID) -> AdminRights:
    """The request that an event is about."""
    return db.session().scalars(select(AdminRights).where(AdminRights.id == rights_id)).one()


def states_of(customer_ids: Sequence[UUID]) -> dict[UUID, RightsState]:
    """customer -> how it stands with it, for a page of a list."""
    chosen = (
        select(AdminRights.customer_id, AdminRights.state)
        .ext(distinct_on(AdminRights.customer_id))
        .where(AdminRights.customer_id.in_(customer_ids))
        .order_by(AdminRights.customer_id, AdminRights.id.desc())
    )
    return {customer_id: state for customer_id, state in db.session().execute(chosen) if customer_id}


def said_last(customer_ids: Sequence[UUID]) -> dict[UUID, RightsState]:
    """customer -> what it has answered last, for a page of a list."""
    chosen = (
        select(RightsAnswer.customer_id, RightsAnswer.said)
        .ext(distinct_on(RightsAnswer.customer_id))
        .where(RightsAnswer.customer_id.in_(customer_ids))
        .order_by(RightsAnswer.customer_id, RightsAnswer.id.desc())
    )
    return {customer_id: said for customer_id, said in db.session().execute(chosen) if customer_id}


def answers(customer_id: UUID) -> list[RightsAnswer]:
    """The evidence of a customer, newest first."""
    mine = select(RightsAnswer).where(RightsAnswer.customer_id == customer_id)
    return list(db.session().scalars(mine.order_by(RightsAnswer.id.desc()).limit(20)))


def answer_of(answer_id: UUID) -> RightsAnswer:
    """The answer that an event is about."""
    return db.session().scalars(select(RightsAnswer).where(RightsAnswer.id == answer_id)).one()


# --- What they open -----------------------------------------------------------------------------------------


def opens(state: RightsState | None, said: RightsState | None, *, co_managed: bool) -> bool:
    """Whether the dashboard of a customer is its reseller's to open: by the rights that it was given, or by
    the support type (U29) unless the customer has said no. `said` is what the customer answered last, a row
    that only a customer writes: whoever is asked again has not taken its no back, and a state alone gives
    nothing."""
    if said in (RightsState.DECLINED, RightsState.REMOVED):
        return False
    return state is said is RightsState.GRANTED or co_managed


def refuse_unless_open(customer: Customer) -> None:
    """RightsMissing or NotCoManaged, by what is missing; asked with each request, so a removal counts from
    the next one on (M35)."""
    kept = newest(customer.id)
    support = support_types.of_customer(customer.id)
    said = said_last([customer.id]).get(customer.id)
    state = kept.state if kept else None
    if opens(state, said, co_managed=support is not None and support.co_managed):
        return
    if state is RightsState.ASKED:
        raise RightsMissing(customer.name, state)
    if said is not None and said is not RightsState.GRANTED:
        raise RightsMissing(customer.name, said)
    support_types.refuse_unless_co_managed(customer)


def note_use(customer: Customer, what: str, *, by: str, **told: str) -> None:
    """What was done in the customer's name: who did it, and for whom."""
    thing = newest(customer.id) or customer
    trail.write(thing, what, told={"by": by, "for": customer.name, **told})


# --- The customer's side ------------------------------------------------------------------------------------


def answer(rights: AdminRights, who: Answering, *, granted: bool) -> RightsAnswer:
    """Yes or no, by an administrator of the customer."""
    return _said(rights, who, RightsState.GRANTED if granted else RightsState.DECLINED)


def remove(rights: AdminRights, who: Answering, *, sure: bool, words: str = "") -> RightsAnswer:
    """Takes them away, from the reseller's next request on (M35). The relation, what is subscribed and the
    support that is owed stay."""
    if len(words.strip()) > LONGEST_WORDS:
        raise WordsTooLong
    if who.is_admin and not sure:
        raise NotConfirmed
    return _said(rights, who, RightsState.REMOVED, words.strip())


def _said(rights: AdminRights, who: Answering, said: RightsState, words: str = "") -> RightsAnswer:
    if not who.is_admin:
        raise OnlyAdministrators
    states.move(rights, said, told={"by": who.name})
    added = db.add(
        RightsAnswer(
            reseller_id=rights.reseller_id,
            customer_id=rights.customer_id,
            rights_id=rights.id,
            said=said,
            name=who.name,
            email=who.email,
            person_id=who.person_id,
            address=who.address[:100],
            browser=who.browser[:300],
            url=who.url[:300],
            words=words,
            at=db.session().info["now"],
        )
    )
    db.flush()
    publish(RightsAnswered(added.id))
    return added
