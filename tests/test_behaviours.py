"""The ids on the tests are real ones, and what they show is written down."""

import subprocess
import sys
from pathlib import Path

from tests import behaviours
from tests.ids import catalogue, unknown
from tests.open_ids import WAITS_FOR


def test_what_the_tests_show_is_written_down() -> None:
    assert behaviours.PAGE.read_text(encoding="utf-8") == behaviours.page(), "run: python -m tests.behaviours"


def test_only_what_no_test_shows_waits_for_something() -> None:
    assert unknown("behaviour", tuple(WAITS_FOR)) == []
    assert not WAITS_FOR.keys() & behaviours.proofs().keys()


def test_the_catalogue_has_every_id_once() -> None:
    assert {kind: len(ids) for kind, ids in catalogue().items()} == {"behaviour": 358, "promise": 56}
    assert unknown("behaviour", ("I83", "I84", "Q1")) == ["I84", "Q1"]
    assert unknown("promise", ("QW7", "QW8", "I1")) == ["QW8", "I1"]


def test_a_marker_with_an_unknown_id_fails_the_collection(tmp_path: Path) -> None:
    wrong = tmp_path / "test_wrong.py"
    wrong.write_text(
        'import pytest\n\n@pytest.mark.promise("QX1")\ndef test_nothing() -> None: ...\n', encoding="utf-8"
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.ids",
        "--noconftest",
        "--rootdir",
        str(tmp_path),
        "-c",
        "/dev/null",
        str(wrong),
    ]
    run = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, cwd=Path(__file__).parent.parent
    )
    assert run.returncode != 0
    assert "promise QX1" in run.stdout + run.stderr
