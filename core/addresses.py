"""Addresses of servers as operators write them and as each program reads them: SQLAlchemy, PostgreSQL's own
programs and Redis disagree about schemes, blanks and signs in passwords."""

from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

SIGNS = "signs like @ / : # % in a password are written %40 %2F %3A %23 %25"
SHORT = ("postgres://", "postgresql://")  # as many hosts hand them out


def postgres(url: str) -> str:
    """A PostgreSQL address for SQLAlchemy, with our driver where it names none."""
    for scheme in SHORT:
        if url.startswith(scheme):
            return f"postgresql+psycopg://{url.removeprefix(scheme)}"
    return url


def conninfo(url: str | URL, *, password: bool = True) -> str:
    """The same for libpq: pg_dump, pg_restore and a driver used directly. Written as keywords: a blank or a
    plus means something else in libpq's URLs than in SQLAlchemy's."""
    read = make_url(url)
    told: dict[str, Any] = {**read.get_dialect()().create_connect_args(read)[1]}
    return make_conninfo(
        "", **{name: value for name, value in told.items() if password or name != "password"}
    )


def database_problem(url: str) -> str:
    """Why nothing can be done with a database's address; empty when it can be tried."""
    try:
        read = make_url(url)
        if read.drivername not in ("postgresql", "postgresql+psycopg"):
            return f"{read.drivername}:// is not understood; it begins with postgresql://."
        conninfo(read)
    except (SQLAlchemyError, psycopg.Error, ValueError):
        return f"it is not of the form postgresql://user:password@host/database ({SIGNS})."
    return "" if read.database else "it names no database."


def redis_problem(url: str) -> str:
    """Why Redis cannot be found with its address; empty when it can be tried."""
    try:
        Redis.from_url(url).connection_pool.make_connection()  # pyright: ignore[reportUnknownMemberType]
    except (RedisError, ValueError, TypeError):
        return f"it is not of the form redis://, rediss:// or unix:// ({SIGNS})."
    return ""
