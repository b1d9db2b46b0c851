"""Customers that the provider creates (M32): an indirect reseller asks, with what is needed to know; the
distributor creates the customer, names the reseller and invites the customer's first person, or declines with
a reason. It may create one without being asked. However it came, the customer then stands on the reseller's
list, won through its programme."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, literal_column, select
from sqlalchemy.orm import Mapped, mapped_column

from core import db, parties, states, trail
from core.errors import Conflict, Missing, Refused
from core.events import Event, publish
from core.ids import new_code
from core.languages import _
from core.parties import Customer, Reseller, normal_email
from core.tenancy import Access, ResellerOwned, Side, owned_by
from partners import admin_rights, channels, companies, invitations, leads, relation_rules
from partners.customer_agreements import EMAIL
from partners.joinings import Channel
from partners.relation_rules import Ruled

LONGEST_WORDS = 2000
LONGEST_NAME = 200


class CustomerRequestState(StrEnum):
    """WITHDRAWN: by the reseller, before it was answered."""

    ASKED = "asked"
    CREATED = "created"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class CustomerRequest(ResellerOwned, db.Model):
    """A reseller asks its provider for a customer. `rights`: whether admin rights are asked for with it;
    `words` are for the distributor; `asker_email` is who hears the answer."""

    __tablename__ = "customer_requests"
    __access__ = Access(distributor="ru", reseller="rcu")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        owned_by("programmes", "programme_id"),
        owned_by("customers", "customer_id"),
        UniqueConstraint("distributor_id", "code"),
        Index("ix_customer_requests_reseller", "distributor_id", "reseller_id", "id"),
        Index("ix_customer_requests_state", "distributor_id", "state", "id"),
        Index(
            "uq_customer_requests_asked",
            "distributor_id",
            "reseller_id",
            "email",
            unique=True,
            postgresql_where=literal_column("state = 'asked'"),
        ),
    )
    LIFE = states.Transitions(
        {
            CustomerRequestState.ASKED: [
                CustomerRequestState.CREATED,
                CustomerRequestState.DECLINED,
                CustomerRequestState.WITHDRAWN,
            ],
            CustomerRequestState.CREATED: [],
            CustomerRequestState.DECLINED: [],
            CustomerRequestState.WITHDRAWN: [],
        },
        first=CustomerRequestState.ASKED,
    )

    code: Mapped[str]
    programme_id: Mapped[UUID]
    programme_name: Mapped[str]
    company: Mapped[str]
    name: Mapped[str]
    email: Mapped[str]
    country: Mapped[str]
    rights: Mapped[bool]
    words: Mapped[str]
    state: Mapped[CustomerRequestState]
    asked_by: Mapped[str]
    asker_email: Mapped[str]
    asked_at: Mapped[datetime]
    customer_id: Mapped[UUID | None]
    decided_by: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A customer as a form gives it."""

    company: str
    name: str
    email: str
    country: str
    rights: bool = False


@dataclass(frozen=True, slots=True)
class CustomerAsked(Event):
    """It waits in the distributor's queue."""

    request_id: UUID


@dataclass(frozen=True, slots=True)
class CustomerRequestDecided(Event):
    """Created or declined: who asked is told."""

    request_id: UUID


# --- Refusals -----------------------------------------------------------------------------------------------


class WantedIncomplete(Refused):
    """What a customer cannot be created without; `problems` is field -> sentence."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


class NotThatProgramme(Refused):
    """Only a programme that the reseller is a partner of, and whose customers the provider creates."""

    def __init__(self) -> None:
        super().__init__(_("Choose a programme of this reseller whose customers the provider creates."))


class AskedBefore(Conflict):
    """One open request for an address."""

    def __init__(self, email: str) -> None:
        super().__init__(_("A request for %(email)s waits for an answer already.", email=email))


class NoReason(Refused):
    """The reseller reads it."""

    def __init__(self) -> None:
        super().__init__(
            _("Say why, in at most %(most)s characters. The reseller reads it.", most=LONGEST_WORDS)
        )


class OnTheListAlready(Conflict):
    """An address stands on a list once."""

    def __init__(self, email: str) -> None:
        super().__init__(_("%(email)s is a customer of this reseller already.", email=email))


# --- The reseller's side ------------------------------------------------------------------------------------


def programmes_of(reseller_id: UUID) -> list[Ruled]:
    """The programmes of a reseller whose customers the provider creates."""
    return [
        one
        for one in relation_rules.of_reseller(reseller_id)
        if one.rules.provider_creates and one.channel is Channel.INDIRECT
    ]


def ask(
    reseller: Reseller, programme_id: UUID | None, wanted: Wanted, *, words: str, by: str, email: str
) -> CustomerRequest:
    """Asks for a customer; all that a creation refuses later and can be known now is refused here."""
    ruled = _ruled(reseller, programme_id)
    wanted = _checked(wanted)
    if len(words.strip()) > LONGEST_WORDS:
        raise WantedIncomplete({"words": _("At most %(most)s characters.", most=LONGEST_WORDS)})
    _refuse(reseller, ruled, wanted)
    waiting = select(CustomerRequest.id).where(
        CustomerRequest.reseller_id == reseller.id,
        CustomerRequest.email == wanted.email,
        CustomerRequest.state == CustomerRequestState.ASKED,
    )
    # Of two who ask at once the second finds what the first has asked.
    db.session().execute(
        select(Reseller.id).where(Reseller.id == reseller.id).with_for_update(key_share=True)
    )
    if db.session().scalar(waiting):
        raise AskedBefore(wanted.email)
    added = db.add(
        CustomerRequest(
            reseller_id=reseller.id,
            code=new_code("NEW", 8),
            programme_id=ruled.programme_id,
            programme_name=ruled.programme,
            company=wanted.company,
            name=wanted.name,
            email=wanted.email,
            country=wanted.country,
            rights=wanted.rights,
            words=words.strip(),
            state=CustomerRequestState.ASKED,
            asked_by=by,
            asker_email=email,
            asked_at=db.session().info["now"],
            customer_id=None,
        )
    )
    db.flush()
    trail.write(added, "asked", told={"by": by, "company": wanted.company})
    publish(CustomerAsked(added.id))
    return added


def withdraw(request: CustomerRequest, *, by: str) -> None:
    """Before it is answered."""
    states.move(request, CustomerRequestState.WITHDRAWN, told={"by": by})


def find(code: str, *, to_change: bool = False) -> CustomerRequest:
    """A request of the scope; locked where it is about to change, so that of two answers the second finds
    the first."""
    chosen = select(CustomerRequest).where(CustomerRequest.code == code)
    found = db.session().scalar(chosen.with_for_update() if to_change else chosen)
    if found is None:
        raise Missing("request")
    return found


def of_id(request_id: UUID) -> CustomerRequest:
    """The request that an event is about."""
    return db.session().scalars(select(CustomerRequest).where(CustomerRequest.id == request_id)).one()


# --- The distributor's side ---------------------------------------------------------------------------------


def answer(request: CustomerRequest, *, by: str) -> Customer:
    """Creates what was asked for."""
    wanted = Wanted(request.company, request.name, request.email, request.country, request.rights)
    reseller = parties.reseller(request.reseller_id)
    states.move(request, CustomerRequestState.CREATED, told={"by": by})
    created = create(reseller, request.programme_id, wanted, by=by)
    request.customer_id = created.id
    request.decided_by, request.decided_at = by, db.session().info["now"]
    db.flush()
    publish(CustomerRequestDecided(request.id))
    return created


def decline(request: CustomerRequest, reason: str, *, by: str) -> None:
    """With a reason that the reseller reads; it may ask again."""
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_WORDS:
        raise NoReason
    states.move(request, CustomerRequestState.DECLINED, told={"by": by})
    request.reason, request.decided_by, request.decided_at = reason, by, db.session().info["now"]
    db.flush()
    publish(CustomerRequestDecided(request.id))


def create(reseller: Reseller, programme_id: UUID | None, wanted: Wanted, *, by: str) -> Customer:
    """The customer of a reseller, won through one of its programmes, created by the distributor in the
    reseller's name: its first person is invited, and one answer relates it to both (M28)."""
    ruled = _ruled(reseller, programme_id)
    wanted = _checked(wanted)
    _refuse(reseller, ruled, wanted)
    on_list = select(Customer.id).where(
        Customer.reseller_id == reseller.id, Customer.email == wanted.email, Customer.ended_at.is_(None)
    )
    if db.session().scalar(on_list):
        raise OnTheListAlready(wanted.email)
    created = parties.add_customer(
        reseller.id, name=wanted.company, email=wanted.email, country=wanted.country
    )
    trail.write(created, "created by the provider", told={"by": by, "reseller": reseller.name})
    channels.win(created, str(ruled.programme_id))
    invitations.invite(
        Side.CUSTOMER,
        email=wanted.email,
        name=wanted.name,
        roles=["admin"],
        by=f"{by}, {reseller.name}",
        reseller_id=reseller.id,
        customer_id=created.id,
        adds=not channels.enters_by_link(created),
    )
    if wanted.rights:
        admin_rights.ask(created, by=reseller.name)
    return created


def _ruled(reseller: Reseller, programme_id: UUID | None) -> Ruled:
    for one in programmes_of(reseller.id):
        if one.programme_id == programme_id:
            return one
    raise NotThatProgramme


def _checked(wanted: Wanted) -> Wanted:
    company, name = " ".join(wanted.company.split()), " ".join(wanted.name.split())
    email, country = normal_email(wanted.email), wanted.country.strip().upper()
    problems: dict[str, str] = {}
    if not company or len(company) > LONGEST_NAME:
        problems["company"] = _("Name the company.")
    if not name or len(name) > LONGEST_NAME:
        problems["name"] = _("Who of the company is invited first?")
    if len(email) > 254 or not EMAIL.fullmatch(email):
        problems["email"] = _("Enter an e-mail address, such as anna@example.com.")
    if country not in companies.countries():
        problems["country"] = _("Please choose the country.")
    if problems:
        raise WantedIncomplete(problems)
    return Wanted(company, name, email, country, wanted.rights)


def _refuse(reseller: Reseller, ruled: Ruled, wanted: Wanted) -> None:
    """Another region (M34), admin rights that the programme has not, a lead that somebody else holds."""
    relation_rules.refuse_elsewhere([ruled], reseller=reseller.country, customer=wanted.country)
    if wanted.rights and not ruled.rules.asks_rights:
        raise admin_rights.RightsNotOffered
    leads.refuse_to_sell(
        reseller.id, wanted.company, leads.keys([wanted.company], wanted.country, addresses=[wanted.email])
    )
