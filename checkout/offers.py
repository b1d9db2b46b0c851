"""What may be ordered together: an add-on only with its base, an offer only where what it needs runs and once
per customer, a bundle as its parts. The same findings are shown in the basket, in words, and raised when the
order is placed; no line with a condition, no statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from catalog.plan_links import Match
from checkout.offer_readings import Facts, Part, Wanted
from checkout.quantities import WrongQuantity, check_quantity
from checkout.taken_offers import OncePerCustomer
from core.errors import Refused
from core.languages import _

__all__ = ["OncePerCustomer", "Part", "Wanted"]  # also known from here

# --- Refusals -----------------------------------------------------------------------------------------------


class NeedsBase(Refused):
    """An add-on is nothing without what it extends."""

    def __init__(self, product: str, bases: Sequence[str]) -> None:
        super().__init__(
            _(
                "%(product)s extends %(bases)s. Put that into the basket with it, or order it as soon as that"
                " runs.",
                product=product,
                bases=_(" or ").join(bases),
            )
        )


class ChooseBase(Refused):
    """There are several that it could belong to."""

    def __init__(self, product: str) -> None:
        super().__init__(_("Choose which service %(product)s belongs to.", product=product))


class WrongBase(Refused):
    """The chosen one is not, or no longer, one that it extends."""

    def __init__(self, product: str) -> None:
        super().__init__(
            _("What %(product)s was to belong to is no longer there. Please choose again.", product=product)
        )


class WrongForBase(WrongQuantity):
    """Not more seats of an add-on than its base has, or exactly as many."""

    def __init__(self, product: str, base: "Choice", match: Match, asked: int) -> None:
        left = base.quantity - base.taken
        if left <= 0:
            words = _(
                "All %(seats)s of %(base)s have %(product)s already.",
                seats=base.quantity,
                base=base.words,
                product=product,
            )
        elif match is Match.EXACTLY:
            words = _(
                "%(base)s has %(seats)s, so %(product)s is ordered for exactly %(left)s; you asked for"
                " %(asked)s.",
                base=base.words,
                seats=base.quantity,
                product=product,
                left=left,
                asked=asked,
            )
        else:
            words = _(
                "%(base)s has %(seats)s, so at most %(left)s of %(product)s can be ordered; you asked for"
                " %(asked)s.",
                base=base.words,
                seats=base.quantity,
                product=product,
                left=left,
                asked=asked,
            )
        super().__init__(words)


class NeedsProduct(Refused):
    """What it needs does not run at this customer."""

    def __init__(self, product: str, needed: str) -> None:
        super().__init__(
            _(
                "%(product)s needs %(needed)s, which does not run at your company yet. Order that first; this"
                " can follow as soon as it is delivered.",
                product=product,
                needed=needed,
            )
        )


class PartRefused(Refused):
    """A part of a bundle may not be ordered so."""

    def __init__(self, bundle: str, why: Refused) -> None:
        super().__init__(_("A part of %(bundle)s: %(why)s", bundle=bundle, why=str(why)))


# --- What is found ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    """What an add-on may belong to: a line of the same basket or a subscription that runs. `taken`: seats
    that have it already."""

    id: UUID
    words: str
    quantity: int
    in_basket: bool
    taken: int = 0


@dataclass(slots=True)
class Finding:
    """What the rules say of a line. `problem` is why it cannot be ordered as it is."""

    is_add_on: bool = False
    choices: tuple[Choice, ...] = ()
    base: Choice | None = None
    parts: tuple[Part, ...] = ()
    problem: Refused | None = None


# --- The rules ----------------------------------------------------------------------------------------------


def look(reseller_id: UUID, customer_id: UUID | None, lines: Sequence[Wanted]) -> dict[UUID, Finding]:
    """line -> what the rules say of it, for lines with conditions only. In the buyer's scope or the
    distributor's, which asks for one buyer all the same."""
    chosen = [line for line in lines if line.conditional]
    if not chosen:
        return {}
    facts = Facts(reseller_id, customer_id, lines)
    return {line.line_id: _finding(line, lines, facts) for line in chosen}


def _finding(line: Wanted, lines: Sequence[Wanted], facts: Facts) -> Finding:
    links = facts.of(line.plan_id)
    found = Finding(is_add_on=bool(links.bases), parts=tuple(links.parts))
    try:
        if links.bases:
            _find_base(found, line, lines, facts)
        _refuse_missing(line.product, line.plan, line.plan_id, once=line.once, facts=facts)
        for part in links.parts:
            _refuse_part(line, part, facts)
    except Refused as refusal:
        found.problem = refusal
    return found


def _find_base(found: Finding, line: Wanted, lines: Sequence[Wanted], facts: Facts) -> None:
    """Which base the add-on belongs to: the chosen one, or the only one that there is."""
    bases = facts.of(line.plan_id).bases
    here = [
        Choice(
            one.line_id,
            _("%(product)s, %(plan)s (in this basket)", product=one.product, plan=one.plan),
            one.quantity,
            in_basket=True,
        )
        for one in lines
        if one.product_id in bases and one.line_id != line.line_id
    ]
    running = [
        Choice(one.id, one.words, one.quantity, False, facts.extended.get((one.id, line.plan_id), 0))
        for one in facts.held
        if one.product_id in bases
    ]
    choices = [*here, *running]
    found.choices = tuple(choices)
    if not choices:
        raise NeedsBase(line.product, [name for name, _match in bases.values()])
    chosen = {choice.id: choice for choice in choices}
    if line.base_id is not None and line.base_id not in chosen:
        raise WrongBase(line.product)
    if line.base_id is None and len(choices) > 1:
        raise ChooseBase(line.product)
    found.base = chosen[line.base_id] if line.base_id else choices[0]
    match = _match(found.base, line.plan_id, lines, facts)
    total = found.base.taken + line.quantity
    if (match is Match.AT_MOST and total > found.base.quantity) or (
        match is Match.EXACTLY and total != found.base.quantity
    ):
        raise WrongForBase(line.product, found.base, match, line.quantity)


def _match(base: Choice, plan_id: UUID, lines: Sequence[Wanted], facts: Facts) -> Match:
    products = {one.line_id: one.product_id for one in lines} | {one.id: one.product_id for one in facts.held}
    return facts.of(plan_id).bases[products[base.id]][1]


def _refuse_missing(product: str, plan: str, plan_id: UUID, *, once: bool, facts: Facts) -> None:
    """NeedsProduct, OncePerCustomer."""
    runs = {one.product_id for one in facts.held}
    for needed, name in facts.of(plan_id).needs.items():
        if needed not in runs:
            raise NeedsProduct(product, name)
    if once and plan_id in facts.taken:
        raise OncePerCustomer(product, plan)


def _refuse_part(bundle: Wanted, part: Part, facts: Facts) -> None:
    """Each part is delivered on its own, so its own rules hold, too (H27)."""
    try:
        check_quantity(bundle.quantity, part.minimum, part.maximum, part.unit, part.step)
        _refuse_missing(part.product, part.plan, part.plan_id, once=part.once, facts=facts)
    except Refused as refusal:
        raise PartRefused(bundle.product, refusal) from refusal


def refuse_unless(findings: dict[UUID, Finding]) -> None:
    """The first thing that is in the way, raised by its name."""
    for found in findings.values():
        if found.problem is not None:
            raise found.problem
