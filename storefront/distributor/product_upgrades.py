"""Which plan of a product may become which: the ways that the distributor draws (I58-I60)."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from flask import request
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from catalog import editing, publication, upgrades
from catalog.products import Plan, Product
from catalog.upgrades import MOVES, Branch, Moves
from core import db
from core.errors import Missing, Refusal
from core.languages import _
from core.tenancy import same_key
from storefront import lists, pages, timelines
from storefront.distributor import console, product_pages
from storefront.distributor.product_pages import ROLE
from storefront.forms import Form, SelectChoice
from storefront.visitors import has_role, require_role

OFFERED = 300
pages.saying(
    upgrade_added="Added. Its downgrade is there with it.",
    upgrade_removed="Removed, and its downgrade with it.",
)


class UpgradeForm(Form):
    """From which plan to which."""

    source = SelectField("From", coerce=str)
    target = StringField(
        "To",
        [InputRequired("The code of a plan."), Length(max=60)],
        description="A plan's code; of any product of the same type.",
    )
    moves = SelectField("What moves", coerce=str, default=Moves.ALL.value)


@console.get("/catalogue/<code>/upgrades")
def product_upgrades(code: str) -> Response:
    """The ways on from each plan, as a tree."""
    return show(code)


def show(
    code: str, status: int = 200, *, form: UpgradeForm | None = None, problem: str | None = None
) -> Response:
    """The page, with a refused form as it was sent."""
    with db.transaction():
        product = editing.product(code)
        plans = publication.plans_of(product.id)
        drawn = [drawn_plan(plan, upgrades.graph(product.product_type_id)) for plan in plans]
        form = with_choices(form or UpgradeForm(), plans)
        targets = targets_for(product)
        head = product_pages.head(product)
        trail = timelines.of([plan.id for plan in plans]) if plans else []
    return pages.render(
        "distributor/product_upgrades.html",
        status,
        title=head["name"],
        head=head,
        plans=drawn,
        form=form,
        targets=targets,
        trail=trail,
        problem=problem,
        may_change=has_role(ROLE),
    )


def with_choices(form: UpgradeForm, plans: Sequence[Plan]) -> UpgradeForm:
    """The product's own plans, and what may move."""
    form.source.choices = [SelectChoice(plan.code, f"{plan.name} ({plan.code})") for plan in plans]
    form.moves.choices = [SelectChoice(key, word) for key, word in MOVES.items()]
    return form


def targets_for(product: Product) -> list[tuple[str, str]]:
    """(code, name) of plans of the same type, to choose from while one types."""
    chosen = (
        select(Plan.code, Product.name, Plan.name)
        .join(Product, same_key(Product.id, Plan.product_id))
        .where(Product.product_type_id == product.product_type_id, Plan.archived_at.is_(None))
        .order_by(Product.vendor != product.vendor, Product.name, Plan.list_minor)
        .limit(OFFERED)
    )
    return [(code, f"{name}, {plan}") for code, name, plan in db.session().execute(chosen)]


def drawn_plan(plan: Plan, edges: dict[UUID, list[UUID]]) -> dict[str, Any]:
    """A plan with its own edges, and the tree of all ways on."""
    steps = upgrades.steps(plan.id)
    tree = upgrades.tree(edges, plan.id)
    names = upgrades.names_of(known(tree))
    return {
        "name": plan.name,
        "code": plan.code,
        "up": [
            {"id": one.id, "name": f"{one.product}, {one.plan}", "code": one.code, "moves": MOVES[one.moves]}
            for one in steps
            if not one.down
        ],
        "down": [f"{one.product}, {one.plan}" for one in steps if one.down],
        "tree": [drawn_branch(one, names) for one in tree],
    }


def known(tree: Iterable[Branch]) -> set[UUID]:
    """Every plan of a tree."""
    return {plan_id for one in tree for plan_id in ({one.plan_id} | known(one.onwards))}


def drawn_branch(branch: Branch, names: dict[UUID, str]) -> dict[str, Any]:
    """A branch as the template draws it."""
    return {
        "name": names.get(branch.plan_id, ""),
        "onwards": [drawn_branch(one, names) for one in branch.onwards],
    }


@console.post("/catalogue/<code>/upgrades")
def add_upgrade(code: str) -> Response:
    """One more way."""
    require_role(ROLE)
    form = UpgradeForm(request.form)
    with db.transaction():
        with_choices(form, publication.plans_of(editing.product(code).id))
    if not form.validate():
        return show(code, 422, form=form)
    try:
        with db.transaction() as session:
            source = editing.plan(editing.product(code), form.source.data)
            target = session.scalar(select(Plan).where(Plan.code == (form.target.data or "").strip().lower()))
            if target is None:
                raise Missing("plan")
            upgrades.add(source, target, Moves(form.moves.data))
    except Missing:
        form.target.errors = [_("No plan has this code.")]
        return show(code, 422, form=form)
    except Refusal as refusal:
        return show(code, refusal.status, form=form, problem=str(refusal))
    return pages.see("distributor.product_upgrades", "upgrade-added", code=code)


@console.post("/catalogue/<code>/upgrades/<upgrade_id>/remove")
def remove_upgrade(code: str, upgrade_id: str) -> Response:
    """That way is closed."""
    require_role(ROLE)
    with db.transaction():
        plans = publication.plans_of(editing.product(code).id)
        upgrades.remove(plans, lists.identifier(upgrade_id, "upgrade"))
    return pages.see("distributor.product_upgrades", "upgrade-removed", code=code)
