"""Who sees which row: the scope of a transaction, and the two locks that hold it.

First lock, in PostgreSQL: the application logs in as a role that may read nothing. A transaction takes one of
four scope roles and the ids it may touch; grants say which tables a side sees at all, one forced row-level
policy per table and role says which rows. Both are generated from the `__access__` of each model, here.
Second lock, in Python: no transaction without a scope, new rows are stamped and checked, and a tripwire
refuses a loaded entity outside the scope."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKeyConstraint, MetaData, Table, and_, event, text
from sqlalchemy.orm import (
    Mapped,
    ORMExecuteState,
    QueryableAttribute,
    Session,
    declared_attr,
    mapped_column,
)

from core.errors import Denied
from core.ids import new_id
from core.languages import _


class Side(StrEnum):
    """The four scope roles; PUBLIC is a visitor nobody knows yet."""

    PUBLIC = "public"
    CUSTOMER = "customer"
    RESELLER = "reseller"
    DISTRIBUTOR = "distributor"


class NoScope(RuntimeError):
    """A transaction began without a scope: a bug, never a refusal."""


class OnlyLooking(Denied):
    """Whoever looks at somebody else's console changes nothing in it, by whichever way."""

    title = "You are only looking"

    def __init__(self) -> None:
        super().__init__(
            _("You are looking at somebody else's console: nothing can be changed, paid or sent from there.")
        )


class OutsideScope(RuntimeError):
    """A row of somebody else was stamped or loaded: the second lock held."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows a transaction may touch, and on whose behalf it acts. `offset` is the distributor's business
    clock. `viewing_id`: somebody else looks at this side's console, so nothing may change."""

    side: Side
    distributor_id: UUID
    reseller_id: UUID | None = None
    customer_id: UUID | None = None
    price_list_id: UUID | None = None
    person_id: UUID | None = None
    offset: timedelta = timedelta()
    request_id: str = ""
    viewing_id: UUID | None = None

    @property
    def only_looks(self) -> bool:
        """Whether PostgreSQL itself refuses every change."""
        return self.viewing_id is not None

    def ids(self) -> dict[str, UUID | None]:
        """Column -> the value rows of this scope carry; only the columns this side is bound to."""
        return {column: getattr(self, column) for column in BOUND_BY[self.side]}


BOUND_BY: dict[Side, tuple[str, ...]] = {
    Side.PUBLIC: ("distributor_id", "reseller_id"),
    Side.CUSTOMER: ("distributor_id", "reseller_id", "customer_id"),
    Side.RESELLER: ("distributor_id", "reseller_id", "price_list_id"),
    Side.DISTRIBUTOR: ("distributor_id",),
}

_scope: ContextVar[Scope | None] = ContextVar("scope", default=None)


def current() -> Scope:
    """The scope in force; NoScope when nothing opened one."""
    scope = _scope.get()
    if scope is None:
        raise NoScope("no scope is open: who is acting, and for whom?")
    return scope


def scope_or_none() -> Scope | None:
    """The scope in force, if any: for those who only tell of it."""
    return _scope.get()


@contextmanager
def acting_as(scope: Scope) -> Generator[Scope]:
    """Opens a scope for the transactions begun inside. Called by the request opener, the task runner and the
    command line only."""
    token = _scope.set(scope)
    try:
        yield scope
    finally:
        _scope.reset(token)


# --- What a model declares ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Access:
    """Which side may do what with a table: letters of "rcud" (read, create, update, delete). `door` is what
    door functions need."""

    distributor: str = ""
    reseller: str = ""
    customer: str = ""
    public: str = ""
    door: str = ""

    def of(self, side: str) -> str:
        """The letters of one side."""
        return str(getattr(self, side))


CLOSED = Access(door="rcud")
"""No grant to any side: only door functions reach the table (persons, sessions, search texts)."""


class DistributorOwned:
    """A row of one distributor: the first part of every key."""

    __access__: ClassVar[Access]
    distributor_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-20)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-19)


class ResellerOwned(DistributorOwned):
    """A row of one reseller."""

    @declared_attr
    @classmethod
    def reseller_id(cls) -> Mapped[UUID]:
        """The reseller whose row it is."""
        return mapped_column(sort_order=-18)


class CustomerOwned(ResellerOwned):
    """A row of one customer, or (customer_id empty) of the reseller itself, which no customer sees."""

    @declared_attr
    @classmethod
    def customer_id(cls) -> Mapped[UUID | None]:
        """The customer whose row it is."""
        return mapped_column(sort_order=-17)


def owned_by(table: str, *columns: str, **options: Any) -> ForeignKeyConstraint:
    """A composite foreign key inside one distributor: owned_by("plans", "plan_id")."""
    return ForeignKeyConstraint(
        ["distributor_id", *columns], [f"{table}.distributor_id", f"{table}.id"], **options
    )


def same_key(one: QueryableAttribute[Any], other: QueryableAttribute[Any]) -> ColumnElement[bool]:
    """The condition of a join along such a key: same_key(Plan.id, OrderLine.plan_id). Both columns are of one
    distributor's rows."""
    return and_(one.parent.entity.distributor_id == other.parent.entity.distributor_id, one == other)


# --- First lock: rights generated from the declarations -----------------------------------------------------

GRANT = {"r": "SELECT", "c": "INSERT", "u": "UPDATE", "d": "DELETE"}
CASTS = {
    column: f"current_setting('app.{column}')::uuid"
    for column in ("distributor_id", "reseller_id", "customer_id", "price_list_id")
}


ACCESS: dict[str, Access] = {}
"""table -> what its model declares; filled by core.db.Model."""
GLOBALLY_UNIQUE = {
    "hosts": "a host name leads to one shop of the installation",
    "gateways": "the code is part of the webhook's address",
    "distributors": "the tenant itself",
    "persons": "one account per e-mail address",
    "sessions": "a random token",
}
"""table -> why it has a unique key over all distributors (QS3)."""


def role_name(database: str, side: str) -> str:
    """Role names carry the database's name: two installations may share a server."""
    return f"{database}_as_{side}" if side in SIDES else f"{database}_{side}"


def access_of(table: Table) -> Access:
    """The declaration of a mapped table."""
    return ACCESS[table.name]


def is_closed(table: Table) -> bool:
    """No side may touch it; door functions only."""
    return not any(access_of(table).of(side) for side in Side)


def policy_condition(table: Table, side: Side) -> str:
    """An exact equality of typed columns, on those the side is bound by (anything else costs the
    index)."""
    return " AND ".join(f"{column} = {CASTS[setting]}" for column, setting in policy_columns(table, side))


def policy_columns(table: Table, side: Side) -> list[tuple[str, str]]:
    """Column of the table -> the scope's id that it must equal."""
    own = KEYED_BY_ID.get(table.name, "")  # the tenant's own row: resellers.id is the reseller
    if not own and "distributor_id" not in table.c:
        return []
    return [("id" if c == own else c, c) for c in BOUND_BY[side] if c in table.c or c == own]


SIDES = frozenset(side.value for side in Side)
KEYED_BY_ID = {
    "distributors": "distributor_id",
    "resellers": "reseller_id",
    "customers": "customer_id",
    "price_lists": "price_list_id",
}


def rights(metadata: MetaData, database: str) -> list[str]:
    """The statements that give every table exactly its declared grants and policies; repeating them changes
    nothing."""
    statements: list[str] = []
    roles = [role_name(database, side) for side in (*Side, "door", "app", "readonly")]
    for table in metadata.sorted_tables:
        access = access_of(table)
        statements.append(
            f"REVOKE ALL ON {table.name} FROM PUBLIC, {', '.join(chr(34) + r + chr(34) for r in roles[:-1])}"
        )
        statements.append(f"ALTER TABLE {table.name} ENABLE ROW LEVEL SECURITY")
        statements.append(f"ALTER TABLE {table.name} FORCE ROW LEVEL SECURITY")
        for side in (*Side, "door"):
            role = role_name(database, side)
            statements.append(f'DROP POLICY IF EXISTS "{side}" ON {table.name}')
            letters = access.of(side)
            if not letters:
                continue
            granted = ", ".join(GRANT[letter] for letter in letters)
            condition = "true" if side == "door" else policy_condition(table, Side(side))
            if not condition:
                raise RuntimeError(
                    f"{table.name} has no column that binds it to the {side}; it must be closed"
                )
            statements.append(f'GRANT {granted} ON {table.name} TO "{role}"')
            statements.append(
                f'CREATE POLICY "{side}" ON {table.name} AS PERMISSIVE FOR ALL TO "{role}"'
                f" USING ({condition}) WITH CHECK ({condition})"
            )
    return statements


OPEN_SCOPE = text(
    "SELECT set_config('role', :role, true), set_config('app.distributor_id', :distributor_id, true),"
    " set_config('app.reseller_id', :reseller_id, true), set_config('app.customer_id', :customer_id, true),"
    " set_config('app.price_list_id', :price_list_id, true), now()"
)


def beginning(scope: Scope, database: str, begin: str = "BEGIN") -> str:
    """BEGIN and OPEN_SCOPE in one round trip, for the driver: several commands can't have parameters, so our
    ids and role names are written into it."""
    said = {name: "'" + value.replace("'", "''") + "'" for name, value in opening(scope, database).items()}
    if scope.only_looks:
        begin = "BEGIN READ ONLY"
    return (
        f"{begin}; SELECT set_config('role', {said['role']}, true),"
        f" set_config('app.distributor_id', {said['distributor_id']}, true),"
        f" set_config('app.reseller_id', {said['reseller_id']}, true),"
        f" set_config('app.customer_id', {said['customer_id']}, true),"
        f" set_config('app.price_list_id', {said['price_list_id']}, true), now()"
    )


def opening(scope: Scope, database: str) -> dict[str, str]:
    """Parameters of OPEN_SCOPE. Ids a side has not are empty, which no policy of that side reads."""
    return {
        "role": role_name(database, scope.side),
        "distributor_id": str(scope.distributor_id),
        "reseller_id": str(scope.reseller_id or ""),
        "customer_id": str(scope.customer_id or ""),
        "price_list_id": str(scope.price_list_id or ""),
    }


# --- Second lock: the guard ---------------------------------------------------------------------------------


def stamp(session: Session, *_: object) -> None:
    """before_flush: new rows get the scope's ids where they are empty and are refused where they differ; so
    are changed rows."""
    bound = current().ids()
    new: list[object] = list(session.new)
    for row in new:
        for column, value in bound.items():
            if hasattr(type(row), column) and getattr(row, column) is None and value is not None:
                setattr(row, column, value)
        check(row, bound)
    for row in (*session.dirty, *session.deleted):
        check(row, bound)


def check(row: object, bound: dict[str, UUID | None]) -> None:
    """OutsideScope unless every id column the side is bound by carries the scope's value."""
    own = KEYED_BY_ID.get(getattr(type(row), "__tablename__", ""))
    for column, value in bound.items():
        attribute = "id" if column == own else column
        if (
            hasattr(type(row), attribute)
            and getattr(row, attribute) != value
            and (column == own or attribute != "id")
        ):
            raise OutsideScope(
                f"{type(row).__name__} {getattr(row, 'id', '')} is outside the scope ({column})"
            )


def trip(row: object, _context: object) -> None:
    """load event: what the database let through is looked at once more."""
    scope = _scope.get()
    if scope is not None:
        check(row, scope.ids())


@dataclass(slots=True)
class Widenings:
    """Which functions may work as the distributor inside another side's transaction; a test counts them."""

    allowed: set[str] = field(default_factory=set[str])


WIDENED = Widenings(
    {
        "placing an order",
        "checking with connectors",
        "opening a payment page",
        "giving up an order",
        "reporting what an order lacked",
        "drawing a paper",
        "letting a domain go",
        "cancelling a delivery",
        "following an application's link",
        "registering a deal",
        "following an agreement's link",
        "handing over subscriptions",
        "enrolling a reseller",
        "following a partner's invitation",
        "following an invitation",
        "sending a quote",
        "following a quote",
        "asking for a quote",
        "looking after a customer",
    }
)


@contextmanager
def wide_from_the_start(because: str) -> Generator[None]:
    """The scope of a transaction that works as the distributor from its first statement; nothing changes
    without a reason."""
    if not because:
        yield
        return
    if because not in WIDENED.allowed:
        raise OutsideScope(f"nobody may widen a scope because of {because!r}")
    token = _scope.set(replace(current(), side=Side.DISTRIBUTOR))
    try:
        yield
    finally:
        _scope.reset(token)


@contextmanager
def widened(session: Session, database: str, *, because: str) -> Generator[Scope]:
    """Works as the distributor inside the same transaction and the same distributor; both locks are restored,
    also on error."""
    if because not in WIDENED.allowed:
        raise OutsideScope(f"nobody may widen a scope because of {because!r}")
    narrow = current()
    wide = replace(narrow, side=Side.DISTRIBUTOR)
    session.flush()
    session.execute(OPEN_SCOPE, opening(wide, database))
    token = _scope.set(wide)
    try:
        yield wide
        session.flush()
    finally:
        _scope.reset(token)
        if session.is_active:
            session.execute(OPEN_SCOPE, opening(narrow, database))
            session.expire_all()


def listen(factory: Any, base: Any) -> None:
    """Puts the guard on a sessionmaker and the tripwire on every model."""
    event.listen(factory, "before_flush", stamp)
    event.listen(base, "load", trip, propagate=True)
    event.listen(factory, "do_orm_execute", no_lazy_surprises)


def no_lazy_surprises(state: ORMExecuteState) -> None:
    """A relationship that loads itself in a template is a hidden statement: refuse it."""
    if state.is_relationship_load and state.lazy_loaded_from is not None:
        raise RuntimeError("lazy loading is switched off: select what the page needs")
