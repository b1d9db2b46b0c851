"""What bin/install does for people whose machine is not like ours; what it would fetch is there already."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NEEDED = ("bin/install", "requirements/run.txt", "package-lock.json")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with everything installed, in a folder that is named as people name folders."""
    folder = tmp_path / "Ein Ördner" / "shop"
    for name in NEEDED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "python").write_text("#!/bin/sh\n")
    (folder / ".venv" / "bin" / "python").chmod(0o755)
    (folder / ".venv" / "pyvenv.cfg").write_text(
        f"command = /usr/bin/python3 -m venv --clear {folder}/.venv\n"
    )
    (folder / "node_modules").mkdir()
    for stamp, of in ((".venv/.installed", NEEDED[1]), ("node_modules/.installed", NEEDED[2])):
        told = subprocess.run(["cksum", of], cwd=folder, capture_output=True, text=True, check=True)
        (folder / stamp).write_text(told.stdout)
    return folder


def install(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    told = {"PATH": os.environ["PATH"], "PYTHON": "false"} | environment  # a Python would fetch things
    return subprocess.run(
        ["bin/install", "run"], cwd=folder, env=told, capture_output=True, text=True, check=False
    )


def test_what_is_installed_is_not_installed_again(checkout: Path) -> None:
    done = install(checkout, HOME=str(checkout))
    assert (done.returncode, done.stdout) == (0, "")


def test_a_checkout_that_was_moved_is_installed_anew(checkout: Path) -> None:
    """Its scripts would go on to lead into the folder where it was."""
    moved = checkout.rename(checkout.with_name("moved"))
    done = install(moved, HOME=str(moved))
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed" in done.stderr


def test_somebody_without_a_home_has_caches_all_the_same(checkout: Path) -> None:
    npm = checkout / "npm"
    npm.write_text('#!/bin/sh\nmkdir -p "$npm_config_cache" node_modules && echo "$UV_CACHE_DIR"\n')
    npm.chmod(0o755)
    (checkout / "node_modules" / ".installed").unlink()
    done = install(checkout, HOME="/nonexistent", PATH=f"{checkout}:{os.environ['PATH']}")
    assert done.returncode == 0, done.stderr
    assert (checkout / ".cache" / "npm").is_dir()
