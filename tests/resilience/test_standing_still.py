"""A process that stands still in the middle of a transaction, as on a paused machine, does not keep what it
has locked from the others for ever."""

import os
import signal

import pytest
from sqlalchemy import text, update

from core import db, roles
from core.parties import Distributor
from sandbox.servers import Postgres
from tests.copies import on_server
from tests.world import World

HOW_LONG = "ALTER ROLE shop_app SET idle_in_transaction_session_timeout = '{}'"


@pytest.mark.promise("QC1")
def test_whoever_stands_still_in_a_transaction_is_cut_off(world: World, postgres: Postgres) -> None:
    with world.acting():
        allowed = db.session().scalar(text("SHOW idle_in_transaction_session_timeout"))
    assert allowed == roles.STANDS_STILL
    on_server(postgres, HOW_LONG.format("300ms"))
    db.reset()
    if not (frozen := os.fork()):
        with world.acting():
            db.session().execute(update(Distributor).values(name="Half"))
            os.kill(os.getpid(), signal.SIGSTOP)
    try:
        os.waitpid(frozen, os.WUNTRACED)
        with world.acting():
            db.session().execute(text("SET LOCAL lock_timeout = '20s'"))
            db.session().execute(update(Distributor).values(name="Whole"))
    finally:
        os.kill(frozen, signal.SIGKILL)
        os.waitpid(frozen, 0)
        on_server(postgres, HOW_LONG.format(allowed))
    with world.acting():
        assert db.session().scalar(text("SELECT name FROM distributors")) == "Whole"
