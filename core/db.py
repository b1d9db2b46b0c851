"""The database: one engine per process, one way to begin a transaction. `with transaction():` in a view, a
task or a command shows where it begins and ends; domain functions only use `session()`. PostgreSQL is the
only truth."""

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, TypeVar, cast
from uuid import UUID

import psycopg
from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Engine,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
)
from sqlalchemy import Enum as SqlEnum
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import Numeric, Uuid

from core import tenancy
from core.settings import settings

TOO_MANY = "53300"  # too_many_connections
READ_ONLY = "25006"  # read_only_sql_transaction
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def _words(choices: type[Enum]) -> list[str]:
    """Enums are stored as readable words."""
    return [str(member.value) for member in choices]


class Model(DeclarativeBase):
    """Base of every table. A model says who may touch it by `__access__` (core.tenancy)."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {
        str: Text(),
        int: BigInteger(),
        datetime: DateTime(timezone=True),
        Decimal: Numeric(),
        UUID: Uuid(),
        dict[str, Any]: JSONB(),
        list[str]: JSONB(),
        list[int]: JSONB(),
        Enum: SqlEnum(Enum, native_enum=False, length=40, values_callable=_words),
    }
    __access__: tenancy.Access

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        table = cls.__dict__.get("__table__")
        if isinstance(table, Table):
            tenancy.ACCESS[table.name] = cls.__access__


T = TypeVar("T")
_session: ContextVar[Session | None] = ContextVar("session", default=None)


class InTransaction(RuntimeError):
    """A transaction inside a transaction: the edge would no longer show where it ends."""


@cache
def engine() -> Engine:
    """The engine of this process, logged in as the application role that may read nothing by itself."""
    chosen = settings()
    return _engine_at(chosen.database_url, chosen.database_pool)


@cache
def _engine_at(url: str, pool_size: int) -> Engine:
    """One for each address, for ever: what was compiled for it outlives its connections."""
    made = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=3,
        pool_timeout=5,
        pool_pre_ping=False,
        query_cache_size=1200,
        hide_parameters=True,  # an error tells its statement, and whoever reads the log no keys and no names
        connect_args={
            "autocommit": True,  # the driver sends no BEGIN of its own: we do
            "prepare_threshold": 2,
            "connect_timeout": 5,
            "application_name": "storefront",
        },
    )

    @event.listens_for(made, "begin")
    def _begin_without_scope(connection: Connection) -> None:
        if not _opens_its_scope.get():
            connection.exec_driver_sql("BEGIN")

    return made


_opens_its_scope: ContextVar[bool] = ContextVar("opens_its_scope", default=False)
"""Whether the transaction that begins now sends BEGIN together with its scope, in one round trip."""


@cache
def doors() -> Engine:
    """Connections in autocommit, for single calls of door functions, which need no transaction of their
    own. Their plans are made once: planning the statement that opens a request anew costs ten times what it
    does. They are made for tables that will have grown: a plan from the day when baskets were empty would
    read all of them ever after."""
    chosen = settings()
    return _doors_at(chosen.database_url, chosen.database_pool)


@cache
def _doors_at(url: str, pool_size: int) -> Engine:
    return create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=3,
        pool_timeout=5,
        pool_reset_on_return=None,
        connect_args={
            "prepare_threshold": 2,
            "connect_timeout": 5,
            "application_name": "storefront-doors",
            "options": "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off",
        },
    )


@cache
def database() -> str:
    """The database's name, which its role names carry."""
    return make_url(settings().database_url).database or ""


@cache
def _factory(bound: Engine) -> sessionmaker[Session]:
    factory = sessionmaker(bound, expire_on_commit=False, autoflush=False)
    tenancy.listen(factory, Model)

    @event.listens_for(factory, "after_begin")
    def _open_scope(session: Session, _transaction: object, connection: Connection) -> None:
        scope = tenancy.current()
        session.info["now"] = _begin(connection, tenancy.beginning(scope, database()))

    return factory


def _begin(connection: Connection, statement: str) -> datetime:
    """Begins a transaction and opens its scope in one round trip; the transaction's time."""
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    with told_by_the_driver("BEGIN"):
        return _open(driver, statement)


def _open(driver: "psycopg.Connection[Any]", statement: str) -> datetime:
    cursor = driver.execute(statement.encode())
    cursor.nextset()
    return cast("tuple[datetime, ...]", cursor.fetchone())[-1]


@contextmanager
def told_by_the_driver(statement: object) -> Generator[None]:
    """Errors of statements that went to the driver directly are SQLAlchemy's, like all others."""
    try:
        yield
    except psycopg.Error as error:
        raise cast(Exception, DBAPIError.instance(str(statement), None, error, psycopg.Error)) from error


_driver: ContextVar["psycopg.Connection[Any] | None"] = ContextVar("driver", default=None)


@contextmanager
def reading(*, widened_because: str = "") -> Generator[None]:
    """A read-only transaction under the scope in force for `core.statements`: no session, no entities. For
    what is asked a thousand times a second; everything else begins a `transaction`, where `widened_because`
    is explained."""
    with tenancy.wide_from_the_start(widened_because), _without_session("BEGIN READ ONLY"):
        yield


@contextmanager
def writing() -> Generator[None]:
    """The same with the right to write."""
    with _without_session("BEGIN"):
        yield


@contextmanager
def _without_session(begin: str) -> Generator[None]:
    statement = tenancy.beginning(tenancy.current(), database(), begin)
    if in_transaction():
        raise InTransaction("a transaction is open already")
    with told_by_the_driver("connect"):  # the pool hands on as it is what a server that is away or full says
        pooled = engine().raw_connection()
    driver = cast("psycopg.Connection[Any]", pooled.driver_connection)
    token = _driver.set(driver)
    try:
        with told_by_the_driver(begin):
            _open(driver, statement)
            yield
            driver.commit()
    except DBAPIError as error:
        refuse_looking(error)
        raise
    finally:
        _driver.reset(token)
        if driver.broken:
            pooled.invalidate()
        pooled.close()  # the pool rolls back what is still open


def refuse_looking(error: BaseException) -> None:
    """OnlyLooking, where PostgreSQL refused to change something because somebody only looks."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    if state == READ_ONLY and tenancy.current().only_looks:
        raise tenancy.OnlyLooking from error


def driver() -> "psycopg.Connection[Any]":
    """The driver's connection of the transaction we are in."""
    current = _driver.get()
    if current is not None:
        return current
    return cast("psycopg.Connection[Any]", session().connection().connection.driver_connection)


def session() -> Session:
    """The session of the transaction we are in."""
    current = _session.get()
    if current is None:
        raise InTransaction("no transaction is open here: the view, task or command opens it")
    return current


def in_transaction() -> bool:
    """Whether a transaction is open in this context."""
    return _session.get() is not None or _driver.get() is not None


@contextmanager
def transaction(*, widened_because: str = "") -> Generator[Session]:
    """Begins a transaction under the scope in force; commits at the end, rolls back on any error. After the
    commit, and only then, what was registered with `after_commit` runs (best effort: what matters is
    durable already). `widened_because` names one of the counted reasons to work as the distributor of the
    scope from the first statement on (tenancy.WIDENED)."""
    tenancy.current()
    if in_transaction():
        raise InTransaction("a transaction is open already")
    with tenancy.wide_from_the_start(widened_because), _factory(engine())() as opened:
        token = _session.set(opened)
        try:
            opening = _opens_its_scope.set(True)
            try:
                opened.connection()  # now: the transaction's time is known from the first line on
            finally:
                _opens_its_scope.reset(opening)
            yield opened
            opened.flush()
            opened.commit()
        except BaseException as error:
            opened.rollback()
            refuse_looking(error)
            raise
        finally:
            _session.reset(token)
        for act in opened.info.get("after_commit", ()):
            act()


def after_commit(act: Callable[[], None]) -> None:
    """Runs `act` after the commit of this transaction, once however often it is registered; never if it rolls
    back."""
    acts = session().info.setdefault("after_commit", [])
    if act not in acts:
        acts.append(act)


def add(row: T) -> T:
    """Adds a new row to the transaction and gives it back."""
    session().add(row)
    return row


def flush() -> None:
    """Sends what is pending, so that a following statement sees it."""
    session().flush()


@contextmanager
def widened(because: str) -> Generator[None]:
    """See tenancy.widened: works as the distributor for one counted reason."""
    with tenancy.widened(session(), database(), because=because):
        yield


@contextmanager
def savepoint() -> Generator[None]:
    """Inside: an error undoes only what happened since, and goes on."""
    with session().begin_nested():
        yield


def insert_all(
    rows: Mapping[type[Model], Sequence[Mapping[str, Any]]],
    gone: Mapping[type[Model], Sequence[UUID]] | None = None,
) -> None:
    """Inserts rows of several tables in one statement: the hot path of placing an order, in fewer
    round trips. Every row of a table has the same keys; each is checked against the scope like a stamped
    one. Rows that these take the place of are deleted by id. The statement goes to the driver directly."""
    bound = tenancy.current().ids()
    parts: list[str] = []
    values: dict[str, Any] = {}
    for number, (model, given) in enumerate((m, g) for m, g in rows.items() if g):
        for row in given:
            if any(row.get(column, value) != value for column, value in bound.items()):
                raise tenancy.OutsideScope(f"a new row of {model.__tablename__} is outside the scope")
        columns = ", ".join(given[0])
        table = model.__tablename__
        parts.append(
            f"i{number} AS (INSERT INTO {table} ({columns}) SELECT {columns}"  # noqa: S608 our own names
            f" FROM jsonb_populate_recordset(NULL::{table}, %(r{number})s::jsonb))"
        )
        values[f"r{number}"] = json.dumps([dict(row) for row in given], default=str)
    for number, (model, ids) in enumerate((gone or {}).items()):
        table = model.__tablename__
        parts.append(f"d{number} AS (DELETE FROM {table} WHERE id = ANY (%(d{number})s::uuid[]))")  # noqa: S608 our own names
        values[f"d{number}"] = list(ids)
    session().flush()
    with told_by_the_driver("insert_all"):
        driver().execute(f"WITH {', '.join(parts)} SELECT 1".encode(), values)


def make_room(error: BaseException) -> None:
    """After the server had no connection left: closes those that nobody uses here, because the one pool would
    otherwise keep what the other one needs. The pools stay: a new one would leave what is in use behind in
    the old, open until somebody collects it."""
    if getattr(getattr(error, "orig", error), "sqlstate", None) == TOO_MANY or "too many" in str(error):
        for opened in (doors, engine):
            opened().pool.dispose()


def reset() -> None:
    """Forgets connections and settings (after a fork, and between test databases)."""
    for opened in (doors, engine):
        if opened.cache_info().currsize:
            opened().dispose()
    for cached in (doors, engine, database, settings):
        cached.cache_clear()
