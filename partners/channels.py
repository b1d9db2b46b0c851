"""By which channel a reseller sells, and each of its customers was won (M10, M15-M18). Both are rows that are
written once and that nobody may change or take away: an acceptance has no way back on the same standing
(M11), and a customer stays in the channel it came by. Whoever has no row at all sells, or was won, directly,
as everybody was before there were channels."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, UniqueConstraint, and_, exists, or_, select
from sqlalchemy.orm import Mapped

from core import db, parties, tenancy, trail
from core.clock import business_now
from core.errors import Refused
from core.languages import _
from core.parties import Customer, Reseller
from core.tenancy import Access, CustomerOwned, ResellerOwned, Side, owned_by, same_key
from partners import direct_notices, enrolments, relation_rules
from partners.enrolments import EnrolmentState
from partners.joinings import Channel
from partners.programmes import Programme
from partners.relation_rules import Ruled


class ResellerChannel(ResellerOwned, db.Model):
    """A channel that a reseller has, and the programme it came by; none for what it did before it joined."""

    __tablename__ = "reseller_channels"
    __access__ = Access(distributor="rc", reseller="r", door="r")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        owned_by("programmes", "programme_id"),
        UniqueConstraint(
            "distributor_id",
            "reseller_id",
            "programme_id",
            "channel",
            name="uq_reseller_channels_way",
            postgresql_nulls_not_distinct=True,
        ),
    )

    channel: Mapped[Channel]
    programme_id: Mapped[UUID | None]
    programme_name: Mapped[str]
    since: Mapped[datetime]


class CustomerChannel(CustomerOwned, db.Model):
    """The channel a customer was won by, and the programme it was won through, if any."""

    __tablename__ = "customer_channels"
    __access__ = Access(distributor="rc", reseller="rc", customer="r", door="r")
    __table_args__ = (
        owned_by("resellers", "reseller_id"),
        owned_by("customers", "customer_id"),
        UniqueConstraint("distributor_id", "customer_id", "reseller_id"),
    )

    channel: Mapped[Channel]
    programme_id: Mapped[UUID | None]
    programme_name: Mapped[str]
    since: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Way:
    """A way by which a reseller may win customers today; `programme_id` is None for its own business."""

    channel: Channel
    programme_id: UUID | None
    programme: str


class NoWayToSell(Refused):
    """A partnership that is over, and direct selling that is restricted (M1), win nobody new."""

    status = 403

    def __init__(self) -> None:
        super().__init__(
            _(
                "Your company cannot win new customers now: its direct selling is restricted, or its"
                " partnership is over. The page “Programmes” shows what you can enrol in."
            )
        )


class NotYourChannel(Refused):
    """Only a channel that the reseller has."""

    def __init__(self) -> None:
        super().__init__(_("Choose one of the channels by which your company sells."))


class TheProviderOrders(Refused):
    """M18, M36: for customers won as an indirect reseller nothing is bought directly."""

    status = 403

    def __init__(self) -> None:
        super().__init__(
            _(
                "This customer was won as an indirect reseller: the distributor orders for it."
                " Please ask the distributor."
            )
        )


def join(programme: Programme, reseller: Reseller, channel: Channel, *, is_new: bool) -> None:
    """A signature opens a programme's channel to the reseller. One that sold directly before keeps that
    beside it; nothing takes a channel away."""
    known = of_reseller(reseller.id)
    if not is_new and not known:
        _add(reseller, Channel.DIRECT, None)
    if not any(one.channel is channel and one.programme_id == programme.id for one in known):
        _add(reseller, channel, programme)
    db.flush()


def _add(reseller: Reseller, channel: Channel, programme: Programme | None) -> None:
    db.add(
        ResellerChannel(
            reseller_id=reseller.id,
            channel=channel,
            programme_id=programme.id if programme else None,
            programme_name=programme.name if programme else "",
            since=business_now(),
        )
    )
    trail.write(reseller, f"sells {channel.value}", told={"programme": programme.name} if programme else None)


def of_reseller(reseller_id: UUID) -> list[ResellerChannel]:
    """The channels a reseller has; none says that it sells directly."""
    chosen = select(ResellerChannel).where(ResellerChannel.reseller_id == reseller_id)
    return list(db.session().scalars(chosen.order_by(ResellerChannel.id)))


def profile(reseller_id: UUID) -> set[Channel]:
    """What the reseller is: direct, indirect or both (M10)."""
    return {one.channel for one in of_reseller(reseller_id)} or {Channel.DIRECT}


def ways(reseller_id: UUID) -> list[Way]:
    """By which channels it may win customers today: its own business first, then each indirect programme that
    it is an active partner of."""
    known = of_reseller(reseller_id)
    running = {
        one.programme_id
        for one in enrolments.of_reseller(reseller_id)
        if one.state is EnrolmentState.ACTIVE and one.ends_at > business_now()
    }
    direct = not known or any(one.channel is Channel.DIRECT for one in known)
    return [
        *([Way(Channel.DIRECT, None, "")] if direct and not direct_notices.restricted(reseller_id) else []),
        *(
            Way(one.channel, one.programme_id, one.programme_name)
            for one in known
            if one.channel is Channel.INDIRECT and one.programme_id in running
        ),
    ]


def win(customer: Customer, chosen: str) -> CustomerChannel:
    """The channel of a new customer, for good. `chosen`: a programme's id, "direct", or nothing for the first
    way that the reseller has. TheProviderCreates, Elsewhere or NoCountry where its programme says so."""
    possible = ways(customer.reseller_id)
    if not possible:
        raise NoWayToSell
    way = _way(possible, chosen)
    rules = relation_rules.of_way(customer.reseller_id, way.programme_id)
    if tenancy.current().side is Side.RESELLER:
        relation_rules.refuse_to_create(rules)
    _refuse_elsewhere(customer, rules)
    added = db.add(
        CustomerChannel(
            reseller_id=customer.reseller_id,
            customer_id=customer.id,
            channel=way.channel,
            programme_id=way.programme_id,
            programme_name=way.programme,
            since=business_now(),
        )
    )
    db.flush()
    trail.write(customer, f"won {way.channel.value}", told={"programme": way.programme})
    return added


def refuse_to_come_back(customer: Customer) -> None:
    """Elsewhere or NoCountry for a customer that was on the list before, too (M34)."""
    _refuse_elsewhere(customer, ruled(customer))


def _refuse_elsewhere(customer: Customer, rules: Sequence[Ruled]) -> None:
    seller = parties.reseller(customer.reseller_id).country
    relation_rules.refuse_elsewhere(rules, reseller=seller, customer=customer.country)


def _way(possible: Sequence[Way], chosen: str) -> Way:
    if not chosen:
        return possible[0]
    for way in possible:
        if chosen == (str(way.programme_id) if way.programme_id else Channel.DIRECT.value):
            return way
    raise NotYourChannel


def of_customer(customer: Customer) -> Channel:
    """The channel of a customer, in the scope of its reseller or of the distributor."""
    row = row_of(customer.id)
    if row is not None:
        return row.channel
    return Channel.DIRECT if Channel.DIRECT in profile(customer.reseller_id) else Channel.INDIRECT


def ruled(customer: Customer) -> list[Ruled]:
    """The programmes whose rules about relations count for a customer; in any scope that reads it."""
    won = row_of(customer.id)
    return relation_rules.of_way(customer.reseller_id, won.programme_id if won else None)


def enters_by_link(customer: Customer) -> bool:
    """Whether whoever comes in for the customer has something to accept with it (M33): then signing in
    somewhere is not enough, and the invitation's link leads to where it is read."""
    return any(one.rules.agreement_first for one in ruled(customer))


def row_of(customer_id: UUID) -> CustomerChannel | None:
    """What was written when the customer was won; also for the customer itself."""
    return db.session().scalar(select(CustomerChannel).where(CustomerChannel.customer_id == customer_id))


def is_indirect() -> ColumnElement[bool]:
    """`of_customer` as a condition on a joined Customer, for the statement that prices a basket."""
    won = CustomerChannel.distributor_id == Customer.distributor_id
    sells = same_key(ResellerChannel.reseller_id, Customer.reseller_id)
    won_so = and_(won, CustomerChannel.customer_id == Customer.id)
    return or_(
        exists().where(won_so, CustomerChannel.channel == Channel.INDIRECT),
        and_(
            ~exists().where(won_so),
            exists().where(sells, ResellerChannel.channel == Channel.INDIRECT),
            ~exists().where(sells, ResellerChannel.channel == Channel.DIRECT),
        ),
    )
