"""Which plan may become which (I58-I60): edges that the distributor draws between plans of one product type.
An owner of a plan goes on to any target of it, and from there further; nothing leads back, so every way ends.
The downgrade is the same edge, read the other way round: whoever can come up can go down again."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from catalog.products import Plan, Product, touch_catalogue
from core import db, trail
from core.errors import Missing, Refused
from core.languages import Words, _, for_later
from core.parties import Distributor
from core.tenancy import Access, DistributorOwned, owned_by, same_key

MOST_PATHS = 200


class Moves(StrEnum):
    """What an upgrade takes along (I60)."""

    ALL = "all"
    SOME = "some"


MOVES = Words(
    {Moves.ALL: for_later("Full: all licences move"), Moves.SOME: for_later("Partial: some may move")}
)


class PlanUpgrade(DistributorOwned, db.Model):
    """Owners of one plan may go on to another. With `some`, a part of the licences may move and the others
    stay."""

    __tablename__ = "plan_upgrades"
    __access__ = Access(distributor="rcd", reseller="r", customer="r", public="r", door="r")
    __table_args__ = (
        owned_by("plans", "from_plan_id"),
        owned_by("plans", "to_plan_id"),
        UniqueConstraint("distributor_id", "from_plan_id", "to_plan_id"),
        CheckConstraint("from_plan_id <> to_plan_id", name="onwards"),
        Index("ix_plan_upgrades_to", "distributor_id", "to_plan_id"),
    )

    from_plan_id: Mapped[UUID]
    to_plan_id: Mapped[UUID]
    moves: Mapped[Moves] = mapped_column(default=Moves.ALL)


class OtherType(Refused):
    """I58: both plans belong to products of one type."""

    def __init__(self, plan: str) -> None:
        super().__init__(
            _("%(plan)s belongs to another product type; upgrades stay within one type.", plan=plan)
        )


class LeadsBack(Refused):
    """An upgrade that would make a circle; the sentence names the way."""

    def __init__(self, way: Sequence[str]) -> None:
        super().__init__(
            _("That would lead in a circle: %(way)s. Upgrades only lead onwards.", way=" → ".join(way))
        )


class KnownAlready(Refused):
    """The edge is there."""

    def __init__(self) -> None:
        super().__init__(_("This upgrade is there already."))


# --- The graph, without a database --------------------------------------------------------------------------

Edges = Mapping[UUID, Sequence[UUID]]


def paths(edges: Edges, start: UUID) -> list[tuple[UUID, ...]]:
    """Every way on from a plan, each from its first step to an end that leads no further: with A->{B,C} and
    B->{D}, owners of A may go B, D or C; owners of B only D (I59)."""
    found: list[tuple[UUID, ...]] = []
    open_ways: list[tuple[UUID, ...]] = [(target,) for target in reversed(edges.get(start, ()))]
    while open_ways and len(found) < MOST_PATHS:
        way = open_ways.pop()
        onwards = [target for target in edges.get(way[-1], ()) if target not in way and target != start]
        if onwards:
            open_ways.extend((*way, target) for target in reversed(onwards))
        else:
            found.append(way)
    return found


def way(edges: Edges, start: UUID, end: UUID) -> list[UUID] | None:
    """A shortest way from a plan to another, both included, or none."""
    came_from: dict[UUID, UUID | None] = {start: None}
    queue = [start]
    for here in queue:
        if here == end:
            walked = [end]
            while (before := came_from[walked[-1]]) is not None:
                walked.append(before)
            return walked[::-1]
        for target in edges.get(here, ()):
            if target not in came_from:
                came_from[target] = here
                queue.append(target)
    return None


def edges_of(rows: Iterable[tuple[UUID, UUID]]) -> dict[UUID, list[UUID]]:
    """plan -> its targets."""
    made: dict[UUID, list[UUID]] = defaultdict(list)
    for begin, end in rows:
        made[begin].append(end)
    return dict(made)


# --- The distributor draws it -------------------------------------------------------------------------------


def add(source: Plan, target: Plan, moves: Moves) -> PlanUpgrade:
    """A new edge: OtherType, KnownAlready or LeadsBack otherwise. Edits take turns on the distributor's row,
    so that two of them cannot close a circle together."""
    kind = _type_of(source)
    if _type_of(target) != kind:
        raise OtherType(target.name)
    take_turns()
    edges = graph(kind)
    if target.id in edges.get(source.id, ()):
        raise KnownAlready
    back = way(edges, target.id, source.id)
    if back is not None:
        names = names_of([source.id, *back])
        raise LeadsBack([names[one] for one in (source.id, *back)])
    made = db.add(PlanUpgrade(from_plan_id=source.id, to_plan_id=target.id, moves=moves))
    db.flush()
    trail.write(source, "upgrade added", to=target.code, moves=moves)
    touch_catalogue()
    return made


def remove(sources: Sequence[Plan], upgrade_id: UUID) -> None:
    """Nobody goes that way any more; Missing where it does not begin at one of these plans."""
    by_id = {plan.id: plan for plan in sources}
    found = db.session().scalar(select(PlanUpgrade).where(PlanUpgrade.id == upgrade_id))
    if found is None or found.from_plan_id not in by_id:
        raise Missing("upgrade")
    db.session().delete(found)
    was = names_of([found.to_plan_id])[found.to_plan_id]
    trail.write(by_id[found.from_plan_id], "upgrade removed", was=was)
    touch_catalogue()


def take_turns() -> None:
    """Until the end of this transaction nobody else changes the graph."""
    db.session().scalars(select(Distributor).with_for_update(key_share=True)).one()


def graph(product_type_id: UUID) -> dict[UUID, list[UUID]]:
    """All edges between plans of one type."""
    chosen = (
        select(PlanUpgrade.from_plan_id, PlanUpgrade.to_plan_id)
        .join(Plan, same_key(Plan.id, PlanUpgrade.from_plan_id))
        .join(Product, same_key(Product.id, Plan.product_id))
        .where(Product.product_type_id == product_type_id)
        .order_by(PlanUpgrade.id)
    )
    return edges_of((begin, end) for begin, end in db.session().execute(chosen))


def _type_of(plan: Plan) -> UUID:
    return db.session().scalars(select(Product.product_type_id).where(Product.id == plan.product_id)).one()


def names_of(plan_ids: Iterable[UUID]) -> dict[UUID, str]:
    """plan -> "product, plan", as people tell them apart."""
    chosen = select(Plan.id, Product.name, Plan.name).join(Product, same_key(Product.id, Plan.product_id))
    rows = db.session().execute(chosen.where(Plan.id.in_(list(plan_ids))))
    return {plan_id: f"{product}, {plan}" for plan_id, product, plan in rows}


# --- What may become what -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """Another plan that this one may become; `down` where the edge is read the other way round."""

    id: UUID
    plan_id: UUID
    product: str
    product_code: str
    plan: str
    code: str
    published: bool
    moves: Moves
    down: bool


def steps(plan_id: UUID) -> list[Step]:
    """What a plan may become: targets first, then what it may go down to; in any scope."""
    chosen = (
        select(PlanUpgrade, Plan, Product)
        .join(
            Plan,
            (Plan.distributor_id == PlanUpgrade.distributor_id)
            & (
                ((PlanUpgrade.from_plan_id == plan_id) & (Plan.id == PlanUpgrade.to_plan_id))
                | ((PlanUpgrade.to_plan_id == plan_id) & (Plan.id == PlanUpgrade.from_plan_id))
            ),
        )
        .join(Product, same_key(Product.id, Plan.product_id))
        .where(or_(PlanUpgrade.from_plan_id == plan_id, PlanUpgrade.to_plan_id == plan_id))
        .order_by(PlanUpgrade.id)
    )
    found = [
        Step(
            edge.id,
            plan.id,
            product.name,
            product.code,
            plan.name,
            plan.code,
            plan.published and product.published,
            edge.moves,
            edge.to_plan_id == plan_id,
        )
        for edge, plan, product in db.session().execute(chosen)
    ]
    return sorted(found, key=lambda step: step.down)


@dataclass(frozen=True, slots=True)
class Branch:
    """A plan on the way, and where its owners may go from there."""

    plan_id: UUID
    onwards: Sequence["Branch"]


def tree(edges: Edges, start: UUID) -> list[Branch]:
    """Every way on from a plan as branches: those of `paths`, with what they share said once."""
    return _grown(paths(edges, start))


def _grown(walked: Iterable[tuple[UUID, ...]]) -> list[Branch]:
    begun: dict[UUID, list[tuple[UUID, ...]]] = {}
    for one in walked:
        if one:
            begun.setdefault(one[0], []).append(one[1:])
    return [Branch(plan_id, _grown(onwards)) for plan_id, onwards in begun.items()]
