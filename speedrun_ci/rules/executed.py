"""The examples of rules, executed: for the pages, which quote what a rule says, and for the tests."""

from __future__ import annotations

import contextlib
import datetime as dt
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from speedrun_ci.check import Conditions, check_all
from speedrun_ci.evidence.base_tree import BaseTree
from speedrun_ci.evidence.imprint import imprint_of
from speedrun_ci.finding import Place
from speedrun_ci.results import RESULTS_NAME, read_runs
from speedrun_ci.rules.base import HONEST
from speedrun_ci.rules.example import directory, results_text
from speedrun_ci.rules.registry import SUPPRESSIBLE
from speedrun_ci.settings import parse_settings
from speedrun_ci.strict_json import Document, parse
from speedrun_ci.submission import find_submissions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from speedrun_ci.evidence.imprint import Imprint
    from speedrun_ci.finding import SubmissionReport
    from speedrun_ci.rules.base import Example

NAME = "example"
"""The directory of an example's own submission."""

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
"""When examples are checked, so that what they say is always the same."""


def execute(example: Example) -> SubmissionReport:
    """Return the report on an example, checked with what lies beside it and before it."""
    with tempfile.TemporaryDirectory() as temporary, contextlib.chdir(temporary):
        write_example(Path(), example)
        names = (NAME, *(example.beside or {}))
        found = tuple(item for name in names for item in find_submissions(name, results_only=False))
        base = _base(example.before) if example.before is not None else None
        settings = parse_settings(example.settings, Path.cwd(), SUPPRESSIBLE)
        return next(iter(check_all(found, Conditions(NOW, settings, base)).submissions))


def write_example(root: Path, example: Example) -> Path:
    """Write an example's submission, and those beside it, below a directory; return the submission's own."""
    for name, other in (example.beside or {}).items():
        write_submission(root / name, other)
    return write_submission(root / NAME, example)


def write_submission(place: Path, example: Example) -> Path:
    """Write the submission of an example alone, and return its directory."""
    for name, text in directory(example).items():
        if text is None:
            continue
        target = place / name.removesuffix("@")
        target.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("@"):
            target.symlink_to(text)
        else:
            target.write_text(results_text(HONEST) if text == "@honest" else text, encoding="utf-8")
    return place


def _base(before: Mapping[str, Example]) -> BaseTree:
    """Return a base revision that held the submissions of examples."""
    runs: dict[str, tuple[Imprint, ...]] = {}
    for name, example in before.items():
        document = parse(results_text(example).encode())
        path = f"{name}/{RESULTS_NAME}"
        read, _ = read_runs(path, document.value) if isinstance(document, Document) else ((), ())
        runs[path] = tuple(
            imprint_of(run, submission=name, place=Place(path, run.pointer), name=name, added=False) for run in read
        )
    return BaseTree(Path.cwd(), "main", runs, runs, None)
