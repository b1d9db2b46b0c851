"""Creates the database and its roles: `python -m core.roles` with ADMIN_DATABASE_URL (may create roles),
DATABASE_NAME, APP_PASSWORD and OWNER_PASSWORD (both empty where the server trusts its socket). Repeating it
changes nothing. Role names carry the database's name."""

import os
import sys

from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError

from core import addresses
from core.tenancy import Side, role_name


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """An SQL string."""
    return "'" + value.replace("'", "''") + "'"


def exists(connection: Connection, query: str) -> bool:
    """Whether a catalogue query finds a row."""
    return connection.exec_driver_sql(query).first() is not None


STANDS_STILL = "10min"
"""How long a process may do nothing in the middle of a transaction. One that is frozen (a paused machine)
would otherwise keep what it has locked from everybody else until somebody ends it."""


def ensure_role(connection: Connection, name: str, options: str) -> None:
    """Creates the role or brings its options up to date; never a superuser, never BYPASSRLS."""
    known = f"SELECT 1 FROM pg_roles WHERE rolname = {literal(name)}"  # noqa: S608 quoted by us
    verb = "ALTER" if exists(connection, known) else "CREATE"
    connection.exec_driver_sql(f"{verb} ROLE {quoted(name)} {options}")


def create(admin_url: str, database: str, *, app_password: str = "", owner_password: str = "") -> None:
    """Makes `database` with `<database>_owner` (migrates), `<database>_app` (logs in, may read nothing) and
    the scope and door roles."""
    owner, app, door = (role_name(database, side) for side in ("owner", "app", "door"))
    admin = create_engine(where_to_begin(admin_url, database), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        ensure_role(connection, owner, "LOGIN INHERIT NOCREATEDB" + password(owner_password))
        ensure_role(connection, app, "LOGIN NOINHERIT NOCREATEDB" + password(app_password))
        connection.exec_driver_sql(
            f"ALTER ROLE {quoted(app)} SET idle_in_transaction_session_timeout = '{STANDS_STILL}'"
        )
        for side in (*Side, "door", "readonly"):
            ensure_role(connection, role_name(database, side), "NOLOGIN NOINHERIT")
        for side in Side:
            connection.exec_driver_sql(f"GRANT {quoted(role_name(database, side))} TO {quoted(app)}")
        connection.exec_driver_sql(f"GRANT {quoted(door)} TO {quoted(owner)}")
        connection.exec_driver_sql(f"GRANT {quoted(owner)} TO CURRENT_USER")
        if not exists(connection, f"SELECT 1 FROM pg_database WHERE datname = {literal(database)}"):  # noqa: S608 quoted by us
            connection.exec_driver_sql(f"CREATE DATABASE {quoted(database)} OWNER {quoted(owner)}")
        connection.exec_driver_sql(f"ALTER DATABASE {quoted(database)} OWNER TO {quoted(owner)}")
        connection.exec_driver_sql(f"REVOKE ALL ON DATABASE {quoted(database)} FROM PUBLIC")
        connection.exec_driver_sql(
            f"GRANT CONNECT ON DATABASE {quoted(database)} TO {quoted(app)}, {quoted(owner)}"
        )
    admin.dispose()
    inside = create_engine(make_url(admin_url).set(database=database), isolation_level="AUTOCOMMIT")
    with inside.connect() as connection:
        for extension in ("pg_trgm", "unaccent"):
            connection.exec_driver_sql(f"CREATE EXTENSION IF NOT EXISTS {extension}")
        connection.exec_driver_sql("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        connection.exec_driver_sql(f"GRANT ALL ON SCHEMA public TO {quoted(owner)}")
        connection.exec_driver_sql(f"GRANT USAGE, CREATE ON SCHEMA public TO {quoted(door)}")
        users = ", ".join(quoted(role_name(database, side)) for side in ("app", *Side))
        connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA public TO {users}")
    inside.dispose()


def where_to_begin(admin_url: str, database: str) -> URL:
    """The administrator's URL; where it names the database that is still to be made, the server's own one."""
    url = make_url(admin_url)
    if url.database != database:
        return url
    engine = create_engine(url)
    try:
        with engine.connect():
            return url
    except OperationalError:
        return url.set(database="postgres")
    finally:
        engine.dispose()


def password(secret: str) -> str:
    """The PASSWORD clause, if there is one."""
    return f" PASSWORD {literal(secret)}" if secret else ""


def login_problems(connection: Connection, database: str) -> list[str]:
    """Why the application must not run with this login (docs/architecture.md): superuser, owner, BYPASSRLS,
    or rights of its own."""
    row = connection.exec_driver_sql(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolinherit, current_user,"
        " EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind = 'r'"
        " AND c.relowner = r.oid) FROM pg_roles r WHERE rolname = current_user"
    ).one()
    found: list[str] = []
    if row[0]:
        found.append(f"DATABASE_URL logs in as {row[4]}, a superuser: row-level security would not hold.")
    if row[1]:
        found.append(f"{row[4]} has BYPASSRLS: row-level security would not hold.")
    if row[2]:
        found.append(f"{row[4]} may create roles; the application's login must not.")
    if row[3]:
        found.append(
            f"{row[4]} inherits the rights of its roles; it must be NOINHERIT (expected login:"
            f" {role_name(database, 'app')})."
        )
    if row[5]:
        found.append(f"{row[4]} owns tables; the application must not be the owner.")
    if not row[0]:
        found += membership_problems(connection, database)
    return found


def membership_problems(connection: Connection, database: str) -> list[str]:
    """The login may become the four scope roles and nobody else: not the owner, not the door, and they nobody
    in turn."""
    allowed = {role_name(database, side) for side in Side}
    rows = connection.exec_driver_sql(
        "SELECT rolname, rolsuper OR rolbypassrls OR rolcanlogin OR rolcreaterole FROM pg_roles"
        " WHERE pg_has_role(current_user, oid, 'MEMBER') AND rolname <> current_user"
    ).all()
    found = [
        f"The application's login may become {name}; only the four scope roles are allowed."
        for name, _ in rows
        if name not in allowed
    ]
    found += [
        f"{name} is a scope role and must not log in, create roles or bypass row-level security."
        for name, strong in rows
        if strong and name in allowed
    ]
    found += [
        f"The application's login cannot become {name}: run the role set-up again."
        for name in sorted(allowed - {name for name, _ in rows})
    ]
    return found


if __name__ == "__main__":
    create(
        addresses.postgres(os.environ["ADMIN_DATABASE_URL"]),
        os.environ["DATABASE_NAME"],
        app_password=os.environ.get("APP_PASSWORD", ""),
        owner_password=os.environ.get("OWNER_PASSWORD", ""),
    )
    sys.stdout.write(f"roles of {os.environ['DATABASE_NAME']} are ready\n")
