"""The base revision: what the repository held before a submission was added."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from speedrun_ci.evidence.imprint import Imprint, imprint_of, same_person, same_run
from speedrun_ci.finding import Place
from speedrun_ci.results import RESULTS_NAME, read_runs
from speedrun_ci.settings import MAX_BYTES as MAX_SETTINGS_BYTES
from speedrun_ci.settings import SETTINGS_NAME, relative_to
from speedrun_ci.strict_json import MAX_BYTES, Document, parse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

DEADLINE = 120
"""Seconds that one call of git may take."""


class BaseError(Exception):
    """The base revision cannot be read; the message is one line."""


@dataclass(frozen=True, slots=True)
class BaseTree:
    """The results files of a revision.

    Attributes:
        root: The repository's root.
        revision: The revision as the user wrote it.
        runs: The runs of every results file, by its path from the root.
        before: The same of the commit from which the user's own work forked, so that what others changed in the
            revision since then does not look like the user's change.
        settings: The text of its speedrun.toml, or None.
    """

    root: Path
    revision: str
    runs: Mapping[str, tuple[Imprint, ...]]
    before: Mapping[str, tuple[Imprint, ...]]
    settings: str | None

    def relative(self, file: Path) -> str | None:
        """Return where a file lies in the repository, with forward slashes, or None if it lies outside."""
        return relative_to(self.root, file)

    def held(self, path: str, candidate: Imprint) -> bool:
        """Whether this file held this run before."""
        known = (*self.runs.get(path, ()), *self.before.get(path, ()))
        return any(same_run(old, candidate) for old in known)

    def others(self, runs: Collection[Imprint]) -> tuple[Imprint, ...]:
        """Return the runs of the revision that others are to be compared with.

        Left out are those in the place of a run that is checked, which is what has become of them, and those that their
        own author has moved.

        Args:
            runs: The runs that are checked.
        """
        here = {run.name for run in runs}
        found: list[Imprint] = []
        for path, known in self.runs.items():
            if path.rpartition("/")[0] in here:
                continue
            gone = path in self.before and not (self.root / path).exists()
            found.extend(run for run in known if not (gone and _moved(run, runs)))
        return tuple(found)


def _moved(run: Imprint, runs: Collection[Imprint]) -> bool:
    return any(same_run(run, other) and same_person(run.author, other.author) for other in runs)


def read_base(start: Path, revision: str) -> BaseTree:
    """Read the results files of a revision.

    Args:
        start: A directory of the repository.
        revision: Any name that git knows the revision by.

    Raises:
        BaseError: There is no git, no repository, no such revision, or git fails.
    """
    root = Path(_text(start, "rev-parse", "--show-toplevel"))
    commit = _text(
        root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", whose=revision
    )
    fork = _merge_base(root, commit)
    runs, settings = _read_commit(root, commit)
    before = runs if fork == commit else _read_commit(root, fork)[0]
    try:
        text = settings.decode() if settings is not None else None
    except UnicodeDecodeError as error:
        raise BaseError(f"--base {revision}: its {SETTINGS_NAME} is not UTF-8") from error
    return BaseTree(root, revision, runs, before, text)


def _merge_base(root: Path, commit: str) -> str:
    """Return where the user's work forked from the revision; the revision itself where they share no history."""
    try:
        return _text(root, "merge-base", commit, "HEAD") or commit
    except BaseError:
        return commit


def _read_commit(root: Path, commit: str) -> tuple[dict[str, tuple[Imprint, ...]], bytes | None]:
    """Return the runs of every results file of a commit, and its speedrun.toml."""
    wanted: dict[str, str] = {}
    settings = None
    for entry in filter(None, _git(root, "ls-tree", "-r", "-z", "-l", "--full-tree", commit).split(b"\0")):
        meta, _, name = entry.partition(b"\t")
        mode, _, object_name, size = meta.decode().split()
        path = name.decode("utf-8", "surrogateescape")
        if mode not in ("100644", "100755"):
            continue
        if path.rpartition("/")[2] == RESULTS_NAME and int(size) <= MAX_BYTES:
            wanted[path] = object_name
        elif path == SETTINGS_NAME and int(size) <= MAX_SETTINGS_BYTES:
            settings = _git(root, "cat-file", "blob", object_name)
    return {path: tuple(_imprints(path, data)) for path, data in _contents(root, wanted)}, settings


def _imprints(path: str, data: bytes) -> Iterator[Imprint]:
    document = parse(data)
    if not isinstance(document, Document):
        return
    name = path.rpartition("/")[0]
    runs, _ = read_runs(path, document.value)
    for run in runs:
        yield imprint_of(run, submission=name, place=Place(path, run.pointer), name=name, added=False)


def _contents(root: Path, wanted: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Yield the content of every object, with one call of git."""
    names = "".join(f"{name}\n" for name in wanted.values()).encode()
    output = _git(root, "cat-file", "--batch", standard_input=names) if wanted else b""
    at = 0
    for path in wanted:
        end = output.index(b"\n", at)
        size = int(output[at:end].split()[2])
        yield path, output[end + 1 : end + 1 + size]
        at = end + 1 + size + 1


def _text(root: Path, *arguments: str, whose: str | None = None) -> str:
    return _git(root, *arguments, whose=whose).decode("utf-8", "surrogateescape").rstrip("\n")


def _git(root: Path, *arguments: str, standard_input: bytes = b"", whose: str | None = None) -> bytes:
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, input=standard_input, capture_output=True, check=False, timeout=DEADLINE)  # noqa: S603 - our own command; a revision comes after --end-of-options
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BaseError(f"--base: git does not answer ({type(error).__name__})") from error
    if done.returncode:
        if whose is not None:
            raise BaseError(f"--base {whose}: no such revision in {root.name}; name a branch, a tag or a commit")
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise BaseError(f"--base: git {arguments[0]} failed: {said[0] if said else 'no message'}")
    return done.stdout
