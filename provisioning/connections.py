"""The distributor's side of a connector: its settings with write-only secrets, whether it is paused, and a
pre-check that proves they work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import Select, func, select, update

from catalog.products import Plan, Product, ProductType
from core import db, doorbell, trail
from core.errors import Missing, Refused
from core.languages import _
from core.tasks import OPEN, Task
from core.tenancy import same_key
from provisioning.connectors import base
from provisioning.connectors.base import Action, Connector, Field, Request
from provisioning.connectors.registry import CONNECTORS
from provisioning.deliveries import ConnectorSettings


class BadSettings(Refused):
    """What was entered does not do; `problems` names each field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = dict(problems)


@dataclass(frozen=True, slots=True)
class Connection:
    """A connector as this distributor uses it. `stored` are names of settings that have a value; secrets are
    never shown again."""

    connector: Connector
    stored: frozenset[str]
    shown: Mapping[str, str]
    paused: bool
    products: int
    waiting: int
    published: Mapping[str, str]

    @property
    def ready(self) -> bool:
        """Whether everything it asks of the distributor is there."""
        return all(field.name in self.stored for field in asked(self.connector) if field.required)


def asked(connector: Connector) -> Sequence[Field]:
    """What a connector asks of the distributor."""
    return [field for field in connector.fields if field.asked_of == "distributor"]


def find(key: str) -> Connector:
    """An installed connector."""
    if key not in CONNECTORS:
        raise Missing("connector")
    return CONNECTORS[key]


def overview() -> list[Connection]:
    """Every installed connector, by label."""
    rows = {row.connector: row for row in db.session().scalars(select(ConnectorSettings))}
    products = _count(
        select(ProductType.connector, func.count(Product.id))
        .join(Product, same_key(Product.product_type_id, ProductType.id))
        .group_by(ProductType.connector)
    )
    waiting = _count(
        select(Task.lane, func.count(Task.id))
        .where(Task.kind == "deliver", Task.state.in_(OPEN))
        .group_by(Task.lane)
    )
    ordered = sorted(CONNECTORS.values(), key=lambda connector: connector.label)
    return [
        _connection(one, rows.get(one.key), products.get(one.key, 0), waiting.get(one.key, 0))
        for one in ordered
    ]


def _count(statement: Select[str, int]) -> dict[str, int]:
    rows = db.session().execute(statement).all()
    return {row[0]: row[1] for row in rows}


def _connection(
    connector: Connector, row: ConnectorSettings | None, products: int, waiting: int
) -> Connection:
    settings = {name: str(value) for name, value in (row.settings if row else {}).items() if str(value)}
    secret = {field.name for field in connector.fields if field.kind == "secret"}
    shown = {name: value for name, value in settings.items() if name not in secret}
    paused, published = bool(row and row.paused), base.published(connector, settings)
    return Connection(connector, frozenset(settings), shown, paused, products, waiting, published)


def save(key: str, answers: Mapping[str, str]) -> None:
    """Keeps the settings; an empty secret keeps the stored one. BadSettings names what is wrong."""
    connector, row = find(key), _row(key)
    merged: dict[str, str] = {name: str(value) for name, value in row.settings.items()}
    for field in asked(connector):
        typed = answers.get(field.name, "").strip()
        if typed or field.kind != "secret":
            merged[field.name] = typed
    names = {field.name for field in asked(connector)}
    if wrong := base.problems(
        connector.fields,
        {name: value for name, value in merged.items() if name in names},
        asked_of="distributor",
    ):
        raise BadSettings(wrong)
    changed = sorted(name for name in merged if merged[name] != row.settings.get(name))
    row.settings = merged
    if changed:
        trail.write(row, "settings changed", fields=", ".join(changed))


def pause(key: str, *, why: str) -> None:
    """Nothing new is sent to this vendor; what is under way is finished, what is due waits."""
    row = _row(key)
    if not row.paused:
        row.paused = True
        trail.write(row, "paused", why=why)


def resume(key: str) -> int:
    """Goes on; deliveries that waited are due at once. Says how many."""
    row = _row(key)
    row.paused = False
    trail.write(row, "resumed")
    waiting = (
        db.session()
        .execute(
            update(Task)
            .where(
                Task.kind == "deliver",
                Task.lane == key,
                Task.state.in_(OPEN),
                Task.next_at > db.session().info["now"],
                Task.leased_until.is_(None),
            )
            .where(~Task.intent_open)  # an unclear attempt keeps its own time to settle
            .values(next_at=db.session().info["now"])
            .returning(Task.id)
        )
        .all()
    )
    db.after_commit(doorbell.ring)
    return len(waiting)


def probe(key: str) -> tuple[Connector, Request]:
    """The values of a pre-check: one unit of some product of this connector, for a made-up customer. Nothing
    is ordered by it."""
    connector = find(key)
    sku = db.session().scalar(
        select(Plan.sku)
        .join(Product, same_key(Product.id, Plan.product_id))
        .join(ProductType, same_key(ProductType.id, Product.product_type_id))
        .where(ProductType.connector == key)
        .order_by(Plan.published.desc(), Plan.code)
        .limit(1)
    )
    if sku is None:
        raise Refused(
            _("No product is delivered by this connector yet, so there is nothing to ask the vendor about.")
        )
    row = db.session().scalar(select(ConnectorSettings).where(ConnectorSettings.connector == key))
    sample = {
        "alias": "pre-check",
        "domain": "example.com",
        "email": "pre-check@example.com",
        "number": "1",
        "text": "Pre-check",
    }
    fields = {
        f.name: f.choices[0] if f.choices else sample.get(f.kind, "Pre-check")
        for f in connector.fields
        if f.asked_of == "buyer" and f.required
    }
    settings = {name: str(value) for name, value in row.settings.items()} if row else {}
    customer = {"name": "Pre-check", "email": "pre-check@example.com", "country": "DE"}
    return connector, Request(
        str(uuid4()), Action.PROVISION, sku, 1, customer=customer, fields=fields, settings=settings
    )


def ask(connector: Connector, request: Request) -> tuple[bool, str]:
    """Outside any transaction: what the vendor says to the pre-check, in words."""
    try:
        base.check(connector, request)
    except base.ConnectorError as said:
        return False, said.message
    return True, f"{connector.label} answers, and would deliver {request.sku}."


def _row(key: str) -> ConnectorSettings:
    find(key)
    row = db.session().scalar(
        select(ConnectorSettings).where(ConnectorSettings.connector == key).with_for_update()
    )
    if row is None:
        row = db.add(ConnectorSettings(connector=key, settings={}))
        db.flush()
    return row
