"""Submissions on disk, read as what they are: a stranger's files.

Nothing here follows a link below the path the user named, opens anything but a regular file, or reads more of a file
than its limit.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from speedrun_ci.results import RESULTS_NAME
from speedrun_ci.strict_json import MAX_BYTES, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

type EntryKind = Literal["file", "directory", "link", "special"]

MAX_ENTRIES = 2000
"""Files and directories in one submission; real ones have fewer than 50."""

MAX_ENTRY_DEPTH = 16
"""Directories inside one another; real submissions nest 4 deep."""

MAX_TREE_DEPTH = 32
"""Directories between the argument and a submission's files."""

_SKIPPED = frozenset({"__pycache__", ".git"})


class UnreadableError(Exception):
    """A path the user named cannot be checked; the message is one line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file or directory of a submission.

    Attributes:
        path: Where it is, relative to the submission, with forward slashes.
        kind: What it is, without following links.
        size: Bytes, for a file.
    """

    path: str
    kind: EntryKind
    size: int

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def is_script(self) -> bool:
        """Whether this is a Python file that a submission may be run by."""
        return self.kind == "file" and self.name.endswith(".py") and self.name != "__init__.py"

    @property
    def is_results(self) -> bool:
        """Whether this is a results file."""
        return self.kind == "file" and self.name == RESULTS_NAME


@dataclass(frozen=True, slots=True)
class Submission:
    """One submission as it lies on disk.

    Attributes:
        path: How reports name it: relative to where the user stands.
        root: Where it is.
        entries: What it holds, sorted by path; for a single results file, that file.
        truncated: Whether it holds more entries, or deeper ones, than are read.
        results_only: Whether only its results files are to be judged.
        single: Whether it is one results file that the user named; `root` is that file.
    """

    path: str
    root: Path
    entries: tuple[Entry, ...]
    truncated: bool = False
    results_only: bool = False
    single: bool = False

    @property
    def results(self) -> tuple[Entry, ...]:
        """Its results files."""
        return self.entries if self.single else tuple(entry for entry in self.entries if entry.is_results)

    def display(self, entry: Entry) -> str:
        """Return how reports name one of its entries."""
        return self.path if self.single else f"{self.path}/{printable(entry.path)}"

    def read(self, entry: Entry) -> bytes | None:
        """Return the bytes of one of its files, at most one more than a results file may have.

        Returns:
            The bytes, or None if it is not a regular file any more or cannot be opened.
        """
        target = self.root if self.single else self.root / entry.path
        try:
            handle = os.open(target, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        with open(handle, "rb") as file:  # noqa: PTH123 - a descriptor, not a path
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return None
            return file.read(MAX_BYTES + 1)


def printable(path: str) -> str:
    """Return a hostile path in a form that can be shown: one line, no control characters, bounded."""
    return shorten(path.encode("utf-8", "backslashreplace").decode(), 300)


def find_submissions(argument: str, *, results_only: bool) -> tuple[Submission, ...]:
    """Return the submissions that a path on the command line names.

    A results file is one submission. A directory that directly holds a results file or a script is one. Of any other
    directory, each child directory that holds either, at any depth, is one.

    Args:
        argument: The path as the user wrote it.
        results_only: Whether only the results files are to be judged.

    Raises:
        UnreadableError: The path does not exist, cannot be listed, or is neither a file nor a directory.
    """
    root = Path(argument)
    shown = printable(_relative(root))
    try:
        mode = root.stat().st_mode
    except (OSError, ValueError) as error:
        reason = (error.strerror or "cannot be read").lower() if isinstance(error, OSError) else "is no path"
        raise UnreadableError(f"{shown}: {reason}; name a submission directory or a results file") from error
    if stat.S_ISREG(mode):
        size = root.stat().st_size
        real = root.resolve()
        return (Submission(shown, real, (Entry(real.name, "file", size),), results_only=True, single=True),)
    if not stat.S_ISDIR(mode):
        raise UnreadableError(f"{shown}: is neither a file nor a directory; name a submission or a results file")
    children = _children(root, shown)
    if any(entry.is_results or entry.is_script for entry in children):
        return (_load(root, shown, results_only=results_only),)
    found = []
    for child in children:
        if child.kind == "directory" and _holds_submission(root / child.path):
            name = printable(child.path) if shown == "." else f"{shown}/{printable(child.path)}"
            found.append(_load(root / child.path, name, results_only=results_only))
    return tuple(found)


def _relative(path: Path) -> str:
    try:
        return os.path.relpath(path)
    except ValueError:
        return str(path)


def _load(root: Path, shown: str, *, results_only: bool) -> Submission:
    entries: list[Entry] = []
    truncated = False
    for entry, too_deep in _walk(root, MAX_ENTRY_DEPTH):
        if too_deep or len(entries) == MAX_ENTRIES:
            truncated = True
            break
        entries.append(entry)
    ordered = tuple(sorted(entries, key=lambda entry: entry.path))
    return Submission(shown, root, ordered, truncated=truncated, results_only=results_only)


def _holds_submission(root: Path) -> bool:
    return any(entry.is_results or entry.is_script for entry, too_deep in _walk(root, MAX_TREE_DEPTH) if not too_deep)


def _walk(root: Path, depth: int, prefix: str = "") -> Iterator[tuple[Entry, bool]]:
    """Yield every entry below a directory, and whether it is a directory too deep to look into."""
    try:
        children = _children(root, str(root))
    except UnreadableError:
        yield Entry(prefix.rstrip("/"), "special", 0), False
        return
    for child in children:
        entry = Entry(prefix + child.path, child.kind, child.size)
        if child.kind == "directory":
            yield entry, depth <= 1
            if depth > 1:
                yield from _walk(root / child.path, depth - 1, f"{entry.path}/")
        else:
            yield entry, False


def _children(root: Path, shown: str) -> list[Entry]:
    try:
        with os.scandir(root) as listing:
            found = [_entry(item) for item in listing if item.name not in _SKIPPED]
    except OSError as error:
        raise UnreadableError(f"{shown}: cannot be listed ({(error.strerror or 'error').lower()})") from error
    return sorted(found, key=lambda entry: entry.path)


def _entry(item: os.DirEntry[str]) -> Entry:
    if item.is_symlink():
        return Entry(item.name, "link", 0)
    if item.is_dir(follow_symlinks=False):
        return Entry(item.name, "directory", 0)
    if item.is_file(follow_symlinks=False):
        return Entry(item.name, "file", item.stat(follow_symlinks=False).st_size)
    return Entry(item.name, "special", 0)
