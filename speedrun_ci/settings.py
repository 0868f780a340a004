"""speedrun.toml: what the maintainers of a contest decide, read strictly.

It is read from the root of the base repository only: a submission or a pull request cannot bring its own.
"""

from __future__ import annotations

import dataclasses
import math
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from speedrun_ci.ruleset import RULESET
from speedrun_ci.tolerances import DEFAULTS, Tolerances
from speedrun_ci.toml_table import Table, TableError, read_toml
from speedrun_ci.tracks import DEMO, OTHER_DATA

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection
    from pathlib import Path

SETTINGS_NAME = "speedrun.toml"

MAX_BYTES = 256 * 1024
"""A hundred times what the file of a busy contest holds."""

_IDENTIFIER = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Track:
    """A class of runs ranked together.

    Attributes:
        id: Short name, for URLs.
        name: Name for people.
        target_bpb: Bits per byte a run must reach, or None for a track of all runs.
    """

    id: str
    name: str
    target_bpb: float | None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A directory among the submissions that is none, such as a template.

    Attributes:
        path: The directory, from the repository's root.
        reason: Why, for people.
    """

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Suppression:
    """A finding that a maintainer looked at and lets pass until a day.

    Attributes:
        rule: The rule's code.
        submission: The submission's directory, from the repository's root.
        reason: Why, for people.
        expires: The last day on which it holds, in UTC.
    """

    rule: str
    submission: str
    reason: str
    expires: dt.date


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a speedrun.toml says.

    Attributes:
        root: The repository's root, from which its paths count; None where there is no repository.
        tolerances: Bounds that replace those of the ruleset.
        tracks: The tracks of runs on FineWeb-Edu, in the order of the board.
        exclusions: Directories that hold no submission.
        suppressions: Findings that do not count.
    """

    root: Path | None = None
    tolerances: Tolerances = DEFAULTS
    tracks: tuple[Track, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    suppressions: tuple[Suppression, ...] = ()

    @property
    def ruleset(self) -> str:
        """The ruleset of verdicts given under these settings."""
        return RULESET if self.tolerances == DEFAULTS else f"{RULESET}+{SETTINGS_NAME}"

    def relative(self, path: Path) -> str | None:
        """Return where a path lies in the repository, with forward slashes, or None if it lies outside."""
        return None if self.root is None else relative_to(self.root, path)


NO_SETTINGS = Settings()
"""Those of a place without a speedrun.toml: the ruleset's own."""


def relative_to(root: Path, path: Path) -> str | None:
    """Return where a path lies below a directory, with forward slashes, or None if it lies outside."""
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return None


def repository_root(start: Path) -> Path | None:
    """Return the nearest directory at or above `start` that holds a git repository, or None."""
    start = start.resolve()
    return next((place for place in (start, *start.parents) if (place / ".git").exists()), None)


def load_settings(start: Path, codes: Collection[str]) -> Settings:
    """Return the settings of the repository that the user stands in; the ruleset's own where it has none.

    Args:
        start: Where the user stands.
        codes: The rules that a suppression may name.

    Raises:
        TableError: The file is there and is wrong, or cannot be read.
    """
    root = repository_root(start)
    file = root / SETTINGS_NAME if root is not None else None
    if file is None or not os.path.lexists(file):
        return Settings(root=root)
    try:
        if file.is_symlink() or not file.is_file() or file.stat().st_size > MAX_BYTES:
            raise TableError(f"{SETTINGS_NAME}: expected a regular file of at most {MAX_BYTES:,} bytes")
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        reason = (error.strerror or "cannot be read") if isinstance(error, OSError) else "not UTF-8"
        raise TableError(f"{SETTINGS_NAME}: {reason.lower()}") from error
    return parse_settings(text, root, codes)


def parse_settings(text: str, root: Path | None, codes: Collection[str]) -> Settings:
    """Read the text of a speedrun.toml.

    Args:
        text: TOML.
        root: The repository's root.
        codes: The rules that a suppression may name.

    Raises:
        TableError: Not TOML; a table or key that is unknown, missing or of the wrong type; a name that is used twice.
    """
    document = read_toml(text, SETTINGS_NAME, ("[tolerances]", "[[tracks]]", "[[exclusions]]", "[[suppressions]]"))
    return Settings(
        root=root,
        tolerances=_tolerances(document.get("tolerances", {})),
        tracks=_tracks(_tables(document, "tracks")),
        exclusions=tuple(map(_exclusion, _tables(document, "exclusions"))),
        suppressions=tuple(_suppression(table, codes) for table in _tables(document, "suppressions")),
    )


def _tables(document: dict[str, object], key: str) -> tuple[Table, ...]:
    if key not in document:
        return ()
    return Table(document, SETTINGS_NAME).tables(key)


def _tolerances(raw: object) -> Tolerances:
    table = Table(raw, f"{SETTINGS_NAME}, tolerances")
    names = [field.name for field in dataclasses.fields(Tolerances)]
    given = {name: table.number(name, 0.0, math.inf, "a number") for name in names if table.has(name)}
    table.end()
    return dataclasses.replace(DEFAULTS, **given)


def _tracks(tables: tuple[Table, ...]) -> tuple[Track, ...]:
    tracks: list[Track] = []
    for table in tables:
        identifier = table.text("id")
        if _IDENTIFIER.fullmatch(identifier) is None:
            raise table.wrong("id", "lower-case letters and digits, with - or _ between them")
        if identifier in (DEMO, OTHER_DATA):
            raise table.error("id", f"{identifier!r} is a track that every contest has")
        if any(track.id == identifier for track in tracks):
            raise table.error("id", f"{identifier!r} stands twice")
        target = table.number("target_bpb", 0.0, 100.0, "bits per byte") if table.has("target_bpb") else None
        tracks.append(Track(identifier, table.text("name"), target))
        table.end()
    return tuple(tracks)


def _exclusion(table: Table) -> Exclusion:
    made = Exclusion(_directory(table, "path"), table.text("reason"))
    table.end()
    return made


def _suppression(table: Table, codes: Collection[str]) -> Suppression:
    code = table.text("rule")
    if code not in codes:
        expected = "the code of a rule, as `speedrun-ci rules` lists them (not SR0xx: what was not checked stays said)"
        raise table.wrong("rule", expected)
    made = Suppression(code, _directory(table, "submission"), table.text("reason"), table.date("expires"))
    table.end()
    return made


def _directory(table: Table, key: str) -> str:
    text = table.text(key)
    parts = text.split("/")
    if text.startswith("/") or "\\" in text or not all(parts) or "." in parts or ".." in parts:
        raise table.wrong(key, "a directory from the repository's root, such as submissions/my_run")
    return text
