"""One guard taken away, and its test seen red: the change is made in a copy of the tree."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
LINKED = (".venv", "node_modules", ".node")
LEFT_OUT = (".git", "instance*", "*.pyc.*", ".pytest_cache", ".ruff_cache", *LINKED)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A guard that is missing, and the test that sees it."""

    name: str
    file: str
    old: str
    new: str
    test: str


class DoesNotFit(ValueError):
    """The text to change is not there exactly once: the code moved on and the mutant must follow."""


def survives(mutant: Mutant) -> str:
    """Runs the test without the guard; an empty string if it fails, as it must, else what it said."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        tree = copied(Path(folder) / "tree")
        change(tree, mutant)
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", mutant.test]
        ran = subprocess.run(
            command, cwd=tree, capture_output=True, text=True, timeout=300, env=environment()
        )
        # 1: tests ran and failed; anything else (no such test, an error of collection, a crash) proves
        # nothing
        failed = (
            ran.returncode == 1 and " failed" in ran.stdout and " error" not in ran.stdout.splitlines()[-1]
        )
        return "" if failed else f"exit {ran.returncode}\n{ran.stdout[-3000:]}\n{ran.stderr[-1000:]}"


def run_without(mutant: Mutant, module: str, rest: Sequence[str]) -> int:
    """A module of the tests run in a copy of the tree that lacks the guard: its exit code."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        tree = copied(Path(folder) / "tree")
        change(tree, mutant)
        return subprocess.run([sys.executable, "-m", module, *rest], cwd=tree).returncode


def copied(tree: Path) -> Path:
    """The project without what it makes, and with what is installed and compiled. What is written at this
    moment is left out (a name that ends in a number): it may be gone before it is copied."""
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
    for name in LINKED:
        if (ROOT / name).exists():
            (tree / name).symlink_to(ROOT / name)
    return tree


def change(tree: Path, mutant: Mutant) -> None:
    """Takes the guard away."""
    [(path, text)] = places(tree, mutant)
    path.write_text(pattern(mutant).sub(lambda _: mutant.new, text))


def places(tree: Path, mutant: Mutant) -> list[tuple[Path, str]]:
    """The one file with the guard, and its text."""
    texts = [(path, path.read_text()) for path in tree.glob(mutant.file)]
    found = [(path, text) for path, text in texts if pattern(mutant).search(text)]
    if len(found) != 1 or len(pattern(mutant).findall(found[0][1])) != 1:
        raise DoesNotFit(f"{mutant.name}: the text is not in {mutant.file} exactly once")
    return found


def pattern(mutant: Mutant) -> re.Pattern[str]:
    """The guard's text, wherever its lines are broken."""
    return re.compile(r"\s+".join(re.escape(word) for word in mutant.old.split()))


def environment() -> dict[str, str]:
    """Ours, without what another installation or test run told us."""
    return {
        name: text
        for name, text in os.environ.items()
        if name in ("PATH", "HOME", "LANG", "TMPDIR", "CHROMIUM", "TEST_INSTANCE")
    }
