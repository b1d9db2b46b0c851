"""Starting, as root, a server that refuses root: no user is created, no folder of the machine is opened."""

import functools
import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict


class NotPossible(RuntimeError):
    """This root can neither pretend nor become somebody else."""


class Identity(TypedDict, total=False):
    """The arguments of `subprocess` that say who a child is."""

    user: int
    group: int
    extra_groups: list[int]


def identity(user: str | None) -> Identity:
    """Who a child is: `user` with none of our groups, or, with None, whoever we are."""
    if user is None:
        return {}
    found = pwd.getpwnam(user)
    return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}


@functools.cache
def dropped(binary: Path) -> tuple[tuple[str, ...], str | None]:
    """The words to put before a command of this binary, and the user to become (None: stay who we are).

    In a user namespace the server sees itself as user 1000, while on disk all stays root's. Where containers
    forbid that it runs as nobody, who then needs a way to the binary and owns the data.
    """
    if os.geteuid() != 0:
        return (), None
    namespace = ("unshare", "--user", "--map-user=1000", "--")
    if shutil.which("unshare") and _runs([*namespace, str(binary), "--version"], None):
        return namespace, None
    if _runs([str(binary), "--version"], "nobody"):
        return (), "nobody"
    raise NotPossible(
        f"{binary.name} refuses to run as root; root may not open a user namespace here, and the user nobody "
        f"cannot reach {binary}. Run as an ordinary user, or name a server of your own by URL."
    )


def hand_over(folder: Path, user: str | None) -> None:
    """Give the folder to the user that `dropped` named, if any."""
    if user:
        found = pwd.getpwnam(user)
        os.chown(folder, found.pw_uid, found.pw_gid)


def _runs(command: Sequence[str], user: str | None) -> bool:
    try:
        found = subprocess.run(command, capture_output=True, check=False, **identity(user))
    except (OSError, KeyError):  # not reachable for that user, or no such user
        return False
    return found.returncode == 0
