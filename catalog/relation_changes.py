"""What a vendor says about its things becomes rules of the catalogue when its list is taken over: add-ons get
their base, offers what they need, plans the ways on which they may be upgraded; and lose them when the vendor
no longer says so, or the import is undone. What cannot be (a circle, another type) is left as it was and
stands in the report as such; what a person drew beside it stays."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select

from catalog import plan_links, upgrades
from catalog.plan_links import Offering
from catalog.price_imports import ImportRow, RowKind
from catalog.products import Plan, Product
from catalog.upgrades import KnownAlready, Moves, PlanUpgrade
from catalog.vendor_relations import Relation
from core import db
from core.errors import Refusal
from core.tenancy import same_key

LINKS = {Relation.ADD_ON: "bases", Relation.NEEDS: "needs"}


def take_over(import_id: UUID, *, added: RowKind, removed: RowKind) -> None:
    """Draws what rows of the kind `added` say and takes away what those of `removed` say, in the transaction
    of the import. A row that cannot be followed becomes stale, with the reason."""
    chosen = select(ImportRow).where(
        ImportRow.import_id == import_id, ImportRow.relation != "", ImportRow.kind.in_((added, removed))
    )
    for row in db.session().scalars(chosen.order_by(ImportRow.relation, ImportRow.line, ImportRow.id)).all():
        try:
            with db.savepoint():
                _follow(row, there=row.kind is added)
        except Refusal as refusal:
            row.kind, row.why = RowKind.STALE, str(refusal)
    db.flush()


def _follow(row: ImportRow, *, there: bool) -> None:
    relation = Relation(row.relation)
    if relation in LINKS:
        _link(LINKS[relation], row.product_code, row.target_code, there=there)
        return
    moves = Moves.SOME if relation is Relation.PARTIAL else Moves.ALL
    _edge(_plan(row.product_code), _plan(row.target_code), moves, there=there)


def _link(side: str, product: str, target: str, *, there: bool) -> None:
    """All plans of the product extend or need the target, or no longer do."""
    for plan in _plans_of(product):
        was: Offering = plan_links.of(plan)
        named: Sequence[str] = getattr(was, side)
        now = [*(one for one in named if one != target), *([target] if there else ())]
        if set(now) != set(named):
            plan_links.keep(plan, replace(was, **{side: now}))


def _edge(source: Plan | None, target: Plan | None, moves: Moves, *, there: bool) -> None:
    if source is None or target is None:
        return
    if there:
        with suppress(KnownAlready):  # somebody has drawn it by hand
            upgrades.add(source, target, moves)
        return
    mine = (PlanUpgrade.from_plan_id == source.id) & (PlanUpgrade.to_plan_id == target.id)
    if (edge := db.session().scalar(select(PlanUpgrade.id).where(mine))) is not None:
        upgrades.remove([source], edge)


def _plans_of(product: str) -> Sequence[Plan]:
    joined = same_key(Product.id, Plan.product_id)
    chosen = select(Plan).join(Product, joined).where(Product.code == product).order_by(Plan.code)
    return db.session().scalars(chosen.execution_options(populate_existing=True)).all()


def _plan(code: str) -> Plan | None:
    return db.session().scalar(select(Plan).where(Plan.code == code))
