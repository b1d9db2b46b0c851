"""The guards that random crashes hardly ever expose are taken away, one by one, in every run of the tests:
each must be missed."""

import pytest

from tests.mutants import GATE, MUTANTS, trials
from tests.mutants.__main__ import run


@pytest.mark.promise("QP1", "QP3")
def test_without_settle_deadline_lock_or_look_up_something_is_bought_twice() -> None:
    assert {name: why for name, why in run(GATE) if why} == {}


def test_every_mutant_fits_the_code() -> None:
    for mutant in MUTANTS:
        trials.places(trials.ROOT, mutant)
