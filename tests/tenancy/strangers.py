"""Rows of two distributors, two resellers and two customers in every table, planted by the server's
administrator without regard to keys and checks: what is tested here is who sees which of them, and nothing
else."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Enum, Table, create_engine, text
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

from core.db import Model
from core.tenancy import Scope, Side
from sandbox.servers import Postgres

IDS = {kind: (uuid4(), uuid4()) for kind in ("distributor", "reseller", "customer", "price_list")}
SELF = {
    "distributors": "distributor",
    "resellers": "reseller",
    "customers": "customer",
    "price_lists": "price_list",
}
SEEN_BY = {
    Side.PUBLIC: ("distributor", "reseller"),
    Side.CUSTOMER: ("distributor", "reseller", "customer"),
    Side.RESELLER: ("distributor", "reseller", "price_list"),
    Side.DISTRIBUTOR: ("distributor",),
}


@dataclass(frozen=True)
class Planted:
    """One row: whose it is (0 ours, 1 a stranger's, by kind of owner), and its primary key's value."""

    owners: dict[str, int]
    key: UUID

    def seen_by(self, side: Side) -> bool:
        """Whether a scope of ours may see it: every owner that the side is bound by is ours."""
        return all(self.owners.get(kind, 0) == 0 for kind in SEEN_BY[side])


def scope(side: Side) -> Scope:
    """Our scope on a side."""
    mine = {f"{kind}_id": ids[0] for kind, ids in IDS.items()}
    return Scope(
        side, mine["distributor_id"], mine["reseller_id"], mine["customer_id"], mine["price_list_id"]
    )


def owners_of(table: Table) -> list[str]:
    """Which kinds of owner a row of the table names, itself included."""
    return [kind for kind in IDS if f"{kind}_id" in table.c or SELF.get(table.name) == kind]


def plant(postgres: Postgres) -> dict[str, list[Planted]]:
    """Every combination of owners in every table; by table."""
    engine = create_engine(postgres.admin_url("shop"))
    with engine.begin() as connection:
        connection.execute(text("SET session_replication_role = replica"))
        checks = (
            "SELECT conrelid::regclass::text, conname FROM pg_constraint"
            " WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
        )
        for table, name in connection.execute(text(checks)).all():
            connection.exec_driver_sql(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        planted = {table.name: list(_rows(connection, table)) for table in Model.metadata.sorted_tables}
    engine.dispose()
    return planted


def _rows(connection: Connection, table: Table) -> Iterator[Planted]:
    connection.exec_driver_sql(f"DELETE FROM {table.name}")  # noqa: S608 our own names
    kinds, keys = owners_of(table), set[tuple[object, ...]]()
    for chosen in product((0, 1), repeat=len(kinds)):
        owners: dict[str, int] = dict(zip(kinds, chosen, strict=True))
        values = row(table, owners)
        key = tuple(values[column.name] for column in table.primary_key)
        if key in keys:  # a reseller has one price list, a customer one reseller
            continue
        keys.add(key)
        connection.execute(table.insert(), [values])
        yield Planted(owners, values["id"] if "id" in values else uuid4())


def row(table: Table, owners: dict[str, int]) -> dict[str, Any]:
    """Values for every column; unique wherever that may be asked for."""
    values: dict[str, Any] = {column.name: _value(column) for column in table.c}
    for kind, which in owners.items():
        values["id" if SELF.get(table.name) == kind else f"{kind}_id"] = IDS[kind][which]
    return values


def _value(column: Any) -> Any:
    if isinstance(column.type, TSVECTOR):
        return ""
    kind = column.type.python_type if not isinstance(column.type, JSONB) else dict
    if kind is dict or kind is list:
        return json.loads("{}")
    if isinstance(column.type, Enum):
        return next(iter(column.type.enum_class or column.type.enums))
    made: dict[type, Any] = {
        UUID: uuid4(),
        str: uuid4().hex,
        int: uuid4().int % 10**6,
        bool: False,
        datetime: datetime.now(UTC),
        timedelta: timedelta(),
        date: datetime.now(UTC).date(),
        bytes: uuid4().bytes,
    }
    return made.get(kind, 0)
