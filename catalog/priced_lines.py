"""From lines of a sheet to plans with prices. A plan may have several lines: ranges of quantity, which become
its volume steps, and spans of time, of which the one that holds the day counts. Ranges with a gap or an
overlap, and spans that overlap at another price, name both lines; then nothing of that plan is taken."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

from catalog.sheet_cells import Wrong
from core.languages import _
from core.money import Money
from core.periods import Term

LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
FOR_EVER = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Line:
    """One line about a plan: its price for a range of quantity and a span of time. Prices are per unit and
    billing period; what the sheet does not say is None. `segments`: to which kinds of companies it is sold,
    nothing for all (catalog/markets.py)."""

    line: int
    product_code: str
    plan_code: str
    product: str
    plan: str
    term: Term
    billing: Term
    list_price: Money
    cost: Money | None = None
    wholesale: Money | None = None
    vendor: str = ""
    summary: str = ""
    description: str = ""
    category: str = ""
    sku: str = ""
    begin: int = 1
    end: int | None = None
    since: datetime = LONG_AGO
    until: datetime = FOR_EVER
    minimum: int | None = None
    maximum: int | None = None
    published: bool = True
    product_type: str = ""
    segments: tuple[str, ...] = ()

    @property
    def prices(self) -> tuple[Money, Money | None, Money | None]:
        """What two lines about the same must have in common."""
        return self.list_price, self.cost, self.wholesale


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan as the sheet prices it on a day. Steps are `[from, minor]` (catalog/volumes.py)."""

    line: int
    product_code: str
    plan_code: str
    product: str
    vendor: str
    summary: str
    description: str
    category: str
    plan: str
    sku: str
    term: Term
    billing: Term
    list_price: Money
    cost: Money | None
    wholesale: Money | None
    list_steps: list[list[int]]
    cost_steps: list[list[int]]
    wholesale_steps: list[list[int]]
    minimum: int | None
    maximum: int | None
    published: bool
    product_type: str
    segments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A line that is fine and gives no offer, with the reason."""

    line: int
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that cannot be taken: its column, and what would be right. `plan_code`: the plan that it is
    about, if that can be said; such a plan stays as it is."""

    line: int
    name: str
    column: str
    why: str
    plan_code: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a file says on a day. `next_at`: when a line that does not count yet begins to."""

    offers: Sequence[Offer] = ()
    left_out: Sequence[LeftOut] = ()
    problems: Sequence[Problem] = ()
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """What the sheet calls the columns that may contradict each other."""

    begin: str = "range_from"
    end: str = "range_to"
    since: str = "effective_from"
    cost: str = "cost"


@dataclass(slots=True)
class Reading:
    """Lines as they are read, until all of them are known."""

    names: Names = field(default_factory=Names)
    lines: dict[str, list[Line]] = field(default_factory=lambda: defaultdict[str, list[Line]](list))
    left_out: list[LeftOut] = field(default_factory=list[LeftOut])
    problems: list[Problem] = field(default_factory=list[Problem])

    def take(self, line: Line) -> None:
        """A line that can be read."""
        self.lines[line.plan_code].append(line)

    def at(self, moment: datetime) -> Sheet:
        """What counts at a moment."""
        offers, later = list[Offer](), list[datetime]()
        for plan_code, lines in self.lines.items():
            try:
                counted = list(self._counted(lines, moment, later))
                if counted:
                    offers.append(_offer(sorted(counted, key=lambda one: one.begin), self.names))
            except _Contradiction as found:
                for line, other in dict.fromkeys((found.lines, found.lines[::-1])):
                    why = found.why % {"line": other.line}
                    self.problems.append(Problem(line.line, line.product, found.column, why, plan_code))
        return Sheet(offers, self.left_out, self.problems, min(later, default=None))

    def _counted(self, lines: Sequence[Line], moment: datetime, later: list[datetime]) -> Iterator[Line]:
        """Of each range the line whose span holds the moment."""
        by_range: Mapping[int, list[Line]] = defaultdict(list)
        for line in lines:
            by_range[line.begin].append(line)
        for same in by_range.values():
            for line in self._without_repeats(sorted(same, key=lambda one: (one.since, one.line))):
                if line.since > moment:
                    later.append(line.since)
                    day = f"{line.since:%Y-%m-%d}"
                    self._leave(line, _("Its price counts from %(day)s on.", day=day))
                elif line.until <= moment:
                    self._leave(line, _("Its price does not count any more."))
                else:
                    yield line

    def _without_repeats(self, lines: Sequence[Line]) -> list[Line]:
        """Lines of one range in the order of time: of two that say the same the first is kept."""
        kept = list(lines[:1])
        for line in lines[1:]:
            before = kept[-1]
            if before.until <= line.since:
                kept.append(line)
            elif before.prices == line.prices and before.end == line.end:
                self._leave(line, _("Line %(line)s says the same.", line=before.line))
            else:
                raise _Contradiction(
                    self.names.since,
                    _("Its dates overlap those of line %(line)s, at another price."),
                    (before, line),
                )
        return kept

    def _leave(self, line: Line, why: str) -> None:
        self.left_out.append(LeftOut(line.line, line.product, why))


class _Contradiction(Exception):
    """Two lines that cannot both be true. `why` has a place for the number of the other line."""

    def __init__(self, column: str, why: str, lines: tuple[Line, Line]) -> None:
        super().__init__(why)
        self.column, self.why, self.lines = column, why, lines


def check_range(line: Line, names: Names) -> None:
    """Wrong for a range or a span that ends before it begins."""
    if line.end is not None and line.end < line.begin:
        raise Wrong(names.end, _("The range ends before it begins."))
    if line.minimum is not None and line.maximum is not None and line.maximum < line.minimum:
        raise Wrong(names.end, _("The largest quantity is below the smallest."))


def _offer(lines: Sequence[Line], names: Names) -> Offer:
    """The lines of one plan that count, by rising quantity, as one offer."""
    first, last = lines[0], lines[-1]
    if first.begin > max(first.minimum or 1, 1):
        why = _("Units 1 to %(last)s have no price.", last=first.begin - 1)
        raise _Contradiction(names.begin, why.replace("%", "%%"), (first, first))
    for one, after in pairwise(lines):
        if one.end is None or one.end >= after.begin:
            why = _("The range overlaps that of line %(line)s.")
            raise _Contradiction(names.begin, why, (one, after))
        if one.end + 1 < after.begin:
            why = _("Between it and line %(line)s there are units without a price.")
            raise _Contradiction(names.begin, why, (one, after))
        if (one.cost is None) is not (after.cost is None) or (one.wholesale is None) is not (
            after.wholesale is None
        ):
            why = _("This range and that of line %(line)s have to name the same prices.")
            raise _Contradiction(names.cost, why, (one, after))
    begin = max(first.begin, 1)
    return Offer(
        first.line,
        first.product_code,
        first.plan_code,
        first.product,
        first.vendor,
        first.summary,
        first.description,
        first.category,
        first.plan,
        first.sku,
        first.term,
        first.billing,
        first.list_price,
        first.cost,
        first.wholesale,
        steps([(one.begin, one.list_price) for one in lines]),
        steps([(one.begin, one.cost) for one in lines]),
        steps([(one.begin, one.wholesale) for one in lines]),
        first.minimum if first.minimum is not None else begin if begin > 1 else None,
        first.maximum if first.maximum is not None else last.end,
        first.published,
        first.product_type,
        first.segments,
    )


def steps(prices: Sequence[tuple[int, Money | None]]) -> list[list[int]]:
    """The steps above the first price; one that costs what the step before costs is none."""
    return [
        [begin, price.minor]
        for (_before, earlier), (begin, price) in pairwise(prices)
        if price is not None and price != earlier
    ]


def plain(minor: int | None, given: Sequence[Sequence[int]]) -> list[list[int]]:
    """Steps as this module writes them, of steps that may repeat a price."""
    kept = list[list[int]]()
    for begin, price in given:
        if price != minor:
            kept.append([begin, price])
        minor = price
    return kept
