"""Get Services Definition (I14): a vendor is asked what it offers, by a durable task outside any
transaction, and its answer becomes the preview of an import, which a person takes over. Asked again by night,
it never changes anything: what is different opens one item on the work queue, and the same difference opens
none a second time."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from catalog import (
    import_previews,
    order_fields,
    price_imports,
    service_sources,
    sheet_cells,
    vendor_relations,
)
from catalog.order_fields import WrongField
from catalog.price_imports import ImportState, PriceImport
from catalog.price_lists import PriceList
from catalog.priced_lines import Line, Problem, Reading, Sheet, check_range
from catalog.products import ProductType
from catalog.service_sources import ServiceSource
from catalog.sheet_cells import Wrong
from catalog.vendor_relations import Related, Relation
from core import db, tasks, trail, work
from core.clock import business_now
from core.errors import Conflict, Refused
from core.languages import _
from core.periods import Term
from core.tasks import Again, Claimed, Final, Kind, Limits, NeedsPerson, Repeat, Unclear
from provisioning import connections, vendor_calls
from provisioning.connectors import base, registry
from provisioning.connectors.definitions import DefinedPlan, DefinedProduct, DefinedType, Definition
from provisioning.deliveries import ConnectorSettings

DIFFERS = "services differ"


class CannotDefine(Refused):
    """Its vendor keeps no list that can be asked for."""

    def __init__(self, label: str) -> None:
        super().__init__(_("%(connector)s cannot say what its vendor offers.", connector=label))


class BeingAsked(Conflict):
    """One answer is waited for at a time."""

    def __init__(self) -> None:
        super().__init__(_("The vendor is being asked already. Its answer will stand here."))


def ask(
    key: str, *, price_list: PriceList, share_points: int, category: str, nightly: bool, by: str
) -> ServiceSource:
    """A worker asks the vendor; what it lists becomes a preview."""
    connector = connections.find(key)
    if not base.can_define(connector):
        raise CannotDefine(_(connector.label))
    source = service_sources.of_connector(key) or db.add(
        ServiceSource(
            connector=key, price_list_id=price_list.id, share_points=share_points, category=category
        )
    )
    if source.asking:
        raise BeingAsked
    source.price_list_id, source.share_points = price_list.id, share_points
    source.category, source.nightly = category.strip(), nightly
    db.flush()
    trail.write(source, "asked", told={"by": by})
    _begin(source, by=by, quiet=False)
    return source


def _begin(source: ServiceSource, *, by: str, quiet: bool) -> None:
    source.asked_at = now = business_now()
    tasks.add(
        "get_services",
        {"source_id": str(source.id), "by": by, "quiet": quiet},
        key=f"get_services:{source.id}:{now.isoformat()}",
    )


# --- The task -----------------------------------------------------------------------------------------------


def _source(task: Claimed) -> ServiceSource:
    chosen = select(ServiceSource).where(ServiceSource.id == UUID(task.args["source_id"])).with_for_update()
    return db.session().scalars(chosen).one()


def _prepare(task: Claimed) -> tuple[str, Mapping[str, str]]:
    source = _source(task)
    row = db.session().scalar(
        select(ConnectorSettings).where(ConnectorSettings.connector == source.connector)
    )
    if row is not None and row.paused:
        raise Final(vendor_calls.PAUSED)  # asked again by hand or by night, not twice a minute
    return source.connector, vendor_calls.as_values(row.settings if row else {})


def _call(values: tuple[str, Mapping[str, str]]) -> Definition:
    key, settings = values
    try:
        return base.definition(registry.connector(key), settings)
    except base.TryLater as later:
        raise Again(later.after, later.message) from later
    except base.NeedsAction as needs:
        raise NeedsPerson(needs.message) from needs
    except base.Refused as no:
        raise Final(no.message) from no
    except base.Unclear as unclear:
        raise Unclear(unclear.message) from unclear


def _record(task: Claimed, told: Definition) -> None:
    stage(_source(task), told, by=task.args["by"], quiet=task.args["quiet"])


def _waits(task: Claimed, note: str) -> None:
    _source(task).words = note


def _failed(task: Claimed, note: str) -> None:
    source = _source(task)
    source.words, source.answered_at = note, business_now()


def _limits(_lane: str) -> Limits:
    return Limits(
        timeout=timedelta(seconds=60),
        send_deadline=timedelta(seconds=5),
        settle=timedelta(seconds=80),
        slots=2,
    )


def _look(_task: Claimed) -> None:
    """Whoever is to be asked every night is asked once a day."""
    for source in service_sources.due(business_now()):
        _begin(source, by="", quiet=True)


# --- The answer ---------------------------------------------------------------------------------------------


def stage(source: ServiceSource, told: Definition, *, by: str, quiet: bool) -> PriceImport | None:
    """The preview of what a vendor lists; nothing when a quiet look finds what there is, or what a person has
    seen already."""
    source.answered_at, source.words = business_now(), ""
    price_list = db.session().scalars(select(PriceList).where(PriceList.id == source.price_list_id)).one()
    of = price_imports.drafted(
        file_name=_(registry.connector(source.connector).label),
        source=source.source,
        price_list=price_list,
        product_type_id=None,
        category=source.category,
        share_points=source.share_points,
        by=by or _("asked by night"),
    )
    sheet = sheet_of(told, price_list.currency, source.connector)
    relations = list(vendor_relations.compared(source.source, related(told)))
    found = import_previews.difference(of, sheet, relations)
    of.told = {"types": [_as_told(one) for one in told.types], "digest": found.digest}
    if quiet and not _is_news(source, found.digest):
        return None
    for earlier in price_imports.waiting(source.source):
        price_imports.discard(earlier)
    db.add(of)
    db.flush()
    import_previews.stage(of, sheet, relations=relations)
    source.import_code = of.code
    if quiet:
        _tell(source, of, found.counts)
    return of


def _as_told(one: DefinedType) -> dict[str, Any]:
    """A type with what its buyers will be asked: the vendor's questions, as far as they can be asked."""
    asks = [{"name": each.name, "label": each.label, "required": each.required} for each in one.asks]
    try:
        return asdict(one) | {"order_fields": order_fields.checked(asks)}
    except WrongField:
        return asdict(one) | {"order_fields": []}


def _is_news(source: ServiceSource, digest: str) -> bool:
    """Whether it differs from the catalogue, in another way than somebody was shown last."""
    if not digest:
        for earlier in price_imports.waiting(source.source):
            price_imports.discard(earlier)
        work.close_about(source.id, "the vendor lists what the catalogue has")
        return False
    last = db.session().scalar(
        select(PriceImport)
        .where(PriceImport.source == source.source)
        .order_by(PriceImport.created_at.desc(), PriceImport.id.desc())
        .limit(1)
    )
    shown = last is not None and last.state in (ImportState.PREVIEWED, ImportState.DISCARDED)
    return not (shown and last is not None and last.told.get("digest") == digest)


def _tell(source: ServiceSource, of: PriceImport, counts: Mapping[str, int]) -> None:
    label = registry.connector(source.connector).label
    said = ", ".join(f"{number} {kind}" for kind, number in counts.items())
    work.open_item(
        DIFFERS,
        about_type="service_sources",
        about_id=source.id,
        words=f"{label} lists something else than the catalogue has: {said}.",
        suggestion=f"Look at {of.code} among the price imports; take it over or discard it.",
    )


def sheet_of(told: Definition, currency: str, connector: str) -> Sheet:
    """The plans of a list, read as the lines of a sheet are; `line` counts plans."""
    kept = db.session().execute(select(ProductType.code, ProductType.connector)).all()
    elsewhere = {code for code, by in kept if by != connector}
    types, reading, number = {one.code for one in told.types}, Reading(), 0
    for product in told.products:
        for plan in product.plans:
            number += 1
            try:
                if product.type not in types:
                    raise Wrong("type", _("The list has no product type “%(code)s”.", code=product.type))
                if product.type in elsewhere:
                    raise Wrong(
                        "type",
                        _("Another connector delivers the product type “%(code)s”.", code=product.type),
                    )
                for line in _lines(number, product, plan, currency):
                    check_range(line, reading.names)
                    reading.take(line)
            except Wrong as wrong:
                reading.lines.pop(plan.code, None)
                reading.problems.append(Problem(number, product.name, wrong.column, wrong.why, plan.code))
    return reading.at(business_now())


def _lines(number: int, product: DefinedProduct, plan: DefinedPlan, currency: str) -> Iterator[Line]:
    """One line for each range of quantity."""
    term, billing = Term(plan.term), Term(plan.billing)
    if billing.months > term.months:
        raise Wrong("billing", _("It is billed for longer than its term lasts."))
    if plan.currency != currency:
        raise Wrong("currency", _("The price list is in %(currency)s.", currency=currency))
    begins: list[tuple[int, str, str | None]] = [
        (1, plan.price, plan.cost),
        *((step.begin, step.price, step.cost) for step in plan.steps),
    ]
    for place, (begin, price, cost) in enumerate(begins):
        after = begins[place + 1][0] if place + 1 < len(begins) else None
        yield Line(
            number,
            product.code,
            plan.code,
            sheet_cells.words(product.name, "name"),
            sheet_cells.words(plan.name, "name"),
            term,
            billing,
            sheet_cells.amount(price, "price", currency),
            sheet_cells.amount(cost, "cost", currency) if cost is not None else None,
            vendor=sheet_cells.words(product.vendor, "vendor"),
            summary=sheet_cells.words(product.summary, "summary", needed=False, most=300) or product.name,
            description=product.description,
            category=sheet_cells.words(product.category, "category", needed=False, most=80),
            sku=sheet_cells.words(plan.sku, "sku"),
            begin=begin,
            end=after - 1 if after else None,
            minimum=plan.minimum,
            maximum=plan.maximum,
            product_type=product.type,
        )


def related(told: Definition) -> Iterator[Related]:
    """Every relation of the list."""
    for product in told.products:
        for code in product.add_on_of:
            yield Related(Relation.ADD_ON, product.code, code)
        for code in product.needs:
            yield Related(Relation.NEEDS, product.code, code)
    for one in told.upgrades:
        yield Related(Relation.PARTIAL if one.partial else Relation.UPGRADE, one.begin, one.to)


GET = tasks.register(
    Kind(
        "get_services",
        Repeat.SAFE,
        prepare=_prepare,
        call=_call,
        record=_record,
        limits=_limits,
        on_waiting=_waits,
        on_unknown=_waits,
        on_parked=_failed,
        on_refused=_failed,
        most_attempts=5,
    )
)
LOOK = tasks.register(Kind("look_at_services", Repeat.SAFE, prepare=_look, every=timedelta(hours=1)))
