"""A start leaves out what was done by the same code for the same data, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox import preparations
from sandbox.preparations import Preparations


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Preparations]:
    """A checkout of two files with an installation in it, at the next start."""
    monkeypatch.setattr(preparations, "ROOT", tmp_path)
    for name in ("core/money.py", "package.json", "instance/postgres/PG_VERSION", "instance/demo.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    (tmp_path / "instance/static").mkdir()
    return lambda: Preparations(tmp_path / "instance")


def test_the_second_start_finds_everything_prepared(start: Callable[[], Preparations]) -> None:
    first = start()
    assert not first.recall()
    first.keep()
    assert start().recall()


def test_a_start_that_failed_is_not_relied_on(start: Callable[[], Preparations]) -> None:
    start().keep()
    assert start().recall()
    assert not start().recall()  # nobody kept it since


@pytest.mark.parametrize("changed", ["core/money.py", "package.json", "instance/postgres/PG_VERSION"])
def test_other_code_packages_or_data_are_prepared_anew(
    start: Callable[[], Preparations], tmp_path: Path, changed: str
) -> None:
    start().keep()
    (tmp_path / changed).write_text("another")
    assert not start().recall()


def test_code_that_changed_while_it_prepared_is_prepared_anew(
    start: Callable[[], Preparations], tmp_path: Path
) -> None:
    first = start()
    (tmp_path / "core/money.py").write_text("another")
    first.keep()
    assert not start().recall()


def test_what_is_missing_is_made_anew(start: Callable[[], Preparations], tmp_path: Path) -> None:
    start().keep()
    (tmp_path / "instance/demo.json").unlink()
    assert not start().recall()
