"""What a programme says about its partners' relations with customers: who creates a customer (M32), whether
admin rights may be asked for, whether the customer's agreements are accepted in the same step (M33), how far
away a customer may be (M34), and which pages its partners' console does not have (P3). A row of its own
beside the programme; a programme without one has the values of `Relations`."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from uuid import UUID

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Mapped

from core import db, doors, tenancy, trail
from core.clock import business_now
from core.doors import door
from core.errors import Missing, Refused
from core.languages import _
from core.tenancy import Access, DistributorOwned, owned_by
from partners import companies
from partners.joinings import Channel
from partners.programmes import Programme


class RelationRules(DistributorOwned, db.Model):
    """The rules of one programme. `region`: countries that count as one, beside each country by itself."""

    __tablename__ = "relation_rules"
    __access__ = Access(distributor="rcu", door="r")
    __table_args__ = (
        owned_by("programmes", "programme_id"),
        UniqueConstraint("distributor_id", "programme_id"),
    )

    programme_id: Mapped[UUID]
    provider_creates: Mapped[bool]
    asks_rights: Mapped[bool]
    agreement_first: Mapped[bool]
    same_area: Mapped[bool]
    region: Mapped[list[str]]
    no_dashboard: Mapped[bool]
    no_agents: Mapped[bool]


@dataclass(frozen=True, slots=True)
class Relations:
    """The same as a value, and as a form gives it."""

    provider_creates: bool = False
    asks_rights: bool = False
    agreement_first: bool = False
    same_area: bool = False
    region: tuple[str, ...] = ()
    no_dashboard: bool = False
    no_agents: bool = False


@dataclass(frozen=True, slots=True)
class Ruled:
    """A programme that a reseller is an active partner of, with its rules."""

    programme_id: UUID
    programme: str
    channel: Channel
    rules: Relations


class Elsewhere(Refused):
    """M34: only within one country or region."""

    title = "Another region"

    def __init__(self, programme: str, customer: str, reseller: str) -> None:
        super().__init__(
            _(
                "As a partner of %(programme)s you serve customers in your own country or region only."
                " You are in %(reseller)s, this customer is in %(customer)s.",
                programme=programme,
                customer=companies.country_name(customer),
                reseller=companies.country_name(reseller),
            )
        )


class NoCountry(Refused):
    """Nobody can tell how far away it is."""

    def __init__(self, programme: str) -> None:
        super().__init__(
            _(
                "As a partner of %(programme)s you serve customers in your own country or region only. Say in"
                " which country this customer is, and see that your own is known.",
                programme=programme,
            )
        )


class TheProviderCreates(Refused):
    """M32: an indirect reseller creates no customer."""

    status = 403
    title = "The provider creates this customer"

    def __init__(self, programme: str) -> None:
        super().__init__(
            _(
                "Partners of %(programme)s do not create customers: the distributor, as your provider, does"
                " and names you. Ask it to create this one.",
                programme=programme,
            )
        )


class UnknownCountry(Refused):
    """A region is made of countries."""

    def __init__(self, code: str) -> None:
        super().__init__(
            _("%(code)s is no country. Write two letters for each, such as NL BE LU.", code=code)
        )


# Programmes are the distributor's to read; their partners, and those partners' customers, are told by rule.
RULED = door("""
CREATE FUNCTION relation_rules_v1(p_distributor uuid, p_reseller uuid, p_at timestamptz)
RETURNS TABLE (programme_id uuid, programme text, channel text, provider_creates boolean, asks_rights boolean, agreement_first boolean, same_area boolean, region jsonb, no_dashboard boolean, no_agents boolean) AS $$
  SELECT e.programme_id, e.programme_name, coalesce(j.channel, 'direct'), coalesce(r.provider_creates, false), coalesce(r.asks_rights, false),
    coalesce(r.agreement_first, false), coalesce(r.same_area, false), coalesce(r.region, '[]'::jsonb), coalesce(r.no_dashboard, false), coalesce(r.no_agents, false)
  FROM enrolments e
    LEFT JOIN relation_rules r ON r.distributor_id = e.distributor_id AND r.programme_id = e.programme_id
    LEFT JOIN joinings j ON j.distributor_id = e.distributor_id AND j.programme_id = e.programme_id
  WHERE e.distributor_id = p_distributor AND e.reseller_id = p_reseller AND e.state = 'active' AND e.ends_at > p_at
  ORDER BY e.programme_name, e.id
$$""")  # noqa: E501 SQL


def of_reseller(reseller_id: UUID) -> list[Ruled]:
    """Every programme that the reseller is a partner of now, in any scope."""
    arguments = {
        "p_distributor": tenancy.current().distributor_id,
        "p_reseller": reseller_id,
        "p_at": business_now(),
    }
    return [
        Ruled(
            row.programme_id,
            row.programme,
            Channel(row.channel),
            Relations(
                row.provider_creates,
                row.asks_rights,
                row.agreement_first,
                row.same_area,
                tuple(row.region),
                row.no_dashboard,
                row.no_agents,
            ),
        )
        for row in doors.call_here(RULED, arguments)
    ]


def of_way(reseller_id: UUID, programme_id: UUID | None) -> list[Ruled]:
    """What counts for a customer that is won through a programme; for one that is the reseller's own, every
    programme whose partners sell directly."""
    return [
        one
        for one in of_reseller(reseller_id)
        if (one.programme_id == programme_id if programme_id else one.channel is Channel.DIRECT)
    ]


def refuse_elsewhere(ruled: Sequence[Ruled], *, reseller: str, customer: str) -> None:
    """Countries of both: Elsewhere where a programme keeps its partners to their own area (M34), NoCountry
    where nobody can tell."""
    for one in ruled:
        if not one.rules.same_area:
            continue
        if not reseller or not customer:
            raise NoCountry(one.programme)
        if reseller != customer and not {reseller, customer} <= set(one.rules.region):
            raise Elsewhere(one.programme, customer, reseller)


def refuse_to_create(ruled: Sequence[Ruled]) -> None:
    """TheProviderCreates where a programme leaves that to the provider (M32)."""
    for one in ruled:
        if one.rules.provider_creates:
            raise TheProviderCreates(one.programme)


def goes_without(reseller_id: UUID) -> frozenset[str]:
    """The pages that the reseller's console does not have ("no_dashboard", "no_agents"): it is a partner, and
    each of its programmes goes without (P3)."""
    ruled = of_reseller(reseller_id)
    return frozenset(
        page
        for page in ("no_dashboard", "no_agents")
        if ruled and all(getattr(one.rules, page) for one in ruled)
    )


def refuse_agents(reseller_id: UUID) -> None:
    """Missing: a reseller that looks after nobody's machines has no page for it (P3)."""
    if "no_agents" in goes_without(reseller_id):
        raise Missing


# --- The distributor's side ---------------------------------------------------------------------------------


def of_programme(programme_id: UUID) -> Relations:
    """The rules of a programme."""
    kept = db.session().scalar(select(RelationRules).where(RelationRules.programme_id == programme_id))
    if kept is None:
        return Relations()
    return Relations(
        kept.provider_creates,
        kept.asks_rights,
        kept.agreement_first,
        kept.same_area,
        tuple(kept.region),
        kept.no_dashboard,
        kept.no_agents,
    )


def keep(programme: Programme, rules: Relations) -> None:
    """Counts from the next act on; what was granted stays granted."""
    was = of_programme(programme.id)
    rules = replace(rules, region=countries(rules.region))
    if was == rules:
        return
    kept = db.session().scalar(
        select(RelationRules).where(RelationRules.programme_id == programme.id)
    ) or RelationRules(programme_id=programme.id)
    for name, value in asdict(rules).items():
        setattr(kept, name, list(value) if name == "region" else value)
    db.add(kept)
    db.flush()
    before, after = asdict(was), asdict(rules)
    trail.write(
        programme, "relations changed", **{name: after[name] for name in after if after[name] != before[name]}
    )


def countries(codes: Collection[str]) -> tuple[str, ...]:
    """Country codes, each once; UnknownCountry for what is none."""
    known = companies.countries()
    found = [code.strip().upper() for code in codes if code.strip()]
    for code in found:
        if code not in known:
            raise UnknownCountry(code)
    return tuple(dict.fromkeys(found))
