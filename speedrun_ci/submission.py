"""Submissions on disk, read as what they are: a stranger's files.

Nothing here follows a link below the path the user named, opens anything but a regular file, or reads more of a file
than its limit.
"""

from __future__ import annotations

import itertools
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
        unread: Whether it is a directory that was not looked into: too deep, or (as the special entry `.` in it) one
            that cannot be listed.
    """

    path: str
    kind: EntryKind
    size: int
    unread: bool = False

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def is_script(self) -> bool:
        """Whether this is a Python file that a submission may be run by."""
        return self.kind == "file" and _is_script_name(self.name)

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

    def locate(self, entry: Entry) -> Path:
        """Return where one of its entries is."""
        return self.root if self.single else self.root / entry.path

    def read(self, entry: Entry) -> bytes | None:
        """Return the bytes of one of its files, at most one more than a results file may have.

        Returns:
            The bytes, or None if it is not a regular file any more or cannot be opened.
        """
        try:
            handle = os.open(self.locate(entry), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        with open(handle, "rb") as file:  # noqa: PTH123 - a descriptor, not a path
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return None
            return file.read(MAX_BYTES + 1)


def printable(path: str) -> str:
    """Return a hostile path in a form that can be shown: one line, no control characters, bounded."""
    return shorten(path.encode("utf-8", "backslashreplace").decode(), 300)


def _is_script_name(name: str) -> bool:
    return name.endswith(".py") and name != "__init__.py"


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
    shown = printable(_relative(argument))
    try:
        # `Path("")` is the working directory; an empty argument is a mistake, such as a shell variable that is not set.
        mode = os.stat(argument).st_mode  # noqa: PTH116
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
    if any(map(_makes_submission, children)):
        return (_load(root, shown, results_only=results_only),)
    found = []
    for child in children:
        if child.kind == "directory" and any(map(_makes_submission, _walk(root / child.path, MAX_TREE_DEPTH))):
            name = printable(child.path) if shown == "." else f"{shown}/{printable(child.path)}"
            found.append(_load(root / child.path, name, results_only=results_only))
    return tuple(found)


def _relative(path: str) -> str:
    try:
        return os.path.relpath(path)
    except (OSError, ValueError):
        return path or '""'


def _load(root: Path, shown: str, *, results_only: bool) -> Submission:
    entries: list[Entry] = []
    truncated = False
    for entry in _walk(root, MAX_ENTRY_DEPTH, most=MAX_ENTRIES + 1):
        if len(entries) == MAX_ENTRIES:
            truncated = True
            break
        truncated = truncated or (entry.unread and entry.kind == "directory")
        entries.append(entry)
    ordered = tuple(sorted(entries, key=lambda entry: entry.path))
    return Submission(shown, root, ordered, truncated=truncated, results_only=results_only)


def _makes_submission(entry: Entry) -> bool:
    """Whether an entry makes the directory around it a submission.

    What bears the name of a results file or a script does, even if it is a link and will not be read, and so does what
    may hide one: a directory that nobody looked at must not be passed over in silence.
    """
    named = entry.kind != "directory" and (entry.name == RESULTS_NAME or _is_script_name(entry.name))
    return named or entry.unread


def _walk(root: Path, depth: int, prefix: str = "", most: int | None = None) -> Iterator[Entry]:
    """Yield every entry below a directory, down to `depth` directories inside one another and `most` of each."""
    try:
        children = _children(root, str(root), most)
    except UnreadableError:
        yield Entry(f"{prefix}.", "special", 0, unread=True)
        return
    for child in children:
        path = prefix + child.path
        inside = child.kind == "directory"
        yield Entry(path, child.kind, child.size, unread=inside and depth == 0)
        if inside and depth > 0:
            yield from _walk(root / child.path, depth - 1, f"{path}/", most)


def _children(root: Path, shown: str, most: int | None = None) -> list[Entry]:
    try:
        with os.scandir(root) as listing:
            kept = (item for item in listing if item.name not in _SKIPPED)
            found = [_entry(item) for item in itertools.islice(kept, most)]
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
