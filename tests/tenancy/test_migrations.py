"""The migrations lead to what the models say: whoever changes a model and forgets the migration is told."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from core.db import Model
from sandbox.servers import Postgres
from tests.conftest import login
from tests.world import World


def test_the_migrations_make_the_tables_that_the_models_declare(world: World, postgres: Postgres) -> None:
    engine = create_engine(login(postgres, "owner"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences: list[Any] = compare_metadata(context, Model.metadata)
    engine.dispose()
    assert [each for each in differences if not of_alembic(each)] == []


def of_alembic(difference: Any) -> bool:
    """Its own table, which no model declares."""
    return difference[0] == "remove_table" and difference[1].name == "alembic_version"
