"""Where a run's figures come from: the software, the code and the hardware that made them.

Later checks use it: the same code under another version may trace to other FLOPs, and a run from uncommitted code
cannot be repeated.
"""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

PACKAGES = ("speedrun-ci", "marin-levanter", "marin-haliax", "jax", "jaxlib", "numpy", "optax", "equinox")
"""Packages whose version can change a figure."""

_GIT_DEADLINE = 30


def software() -> dict[str, str | None]:
    """Return the version of Python and of every package of `PACKAGES`; None for one that is not installed."""
    return {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}}


def code(directory: Path) -> dict[str, Any] | None:
    """Return the commit of the repository that holds a directory, and whether files differ from it.

    Files that git does not track count as a difference: a script that was never committed is one. None where there is
    no repository, no commit, or no git.
    """
    commit = _git(directory, "rev-parse", "--verify", "--quiet", "HEAD")
    changes = _git(directory, "status", "--porcelain", "--untracked-files=normal")
    if commit is None or changes is None:
        return None
    return {"commit": commit, "dirty": bool(changes)}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _git(directory: Path, *arguments: str) -> str | None:
    command = ["git", "-C", str(directory), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_GIT_DEADLINE, text=True)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
