"""Fixtures for the checker's tests: submissions made of examples, and the real files where they are."""

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from speedrun_ci.check import Conditions, check_all
from speedrun_ci.evidence.base_tree import BaseTree
from speedrun_ci.evidence.imprint import Imprint, imprint_of
from speedrun_ci.finding import Place, SubmissionReport
from speedrun_ci.results import RESULTS_NAME, read_runs
from speedrun_ci.rules.base import HONEST, Example
from speedrun_ci.rules.example import directory, results_text
from speedrun_ci.rules.registry import SUPPRESSIBLE
from speedrun_ci.settings import parse_settings
from speedrun_ci.strict_json import Document, parse
from speedrun_ci.submission import find_submissions

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)

REAL_FILES = Path(__file__).parents[3] / "shared" / "data" / "marin"
"""Real results files of the original contest; they are not part of the repository."""


@pytest.fixture
def real_files() -> Path:
    if not REAL_FILES.is_dir():
        pytest.skip("the original contest's files are not on this machine")
    return REAL_FILES


def write_directory(root: Path, example: Example) -> Path:
    """Write the submission of an example, without what lies beside it."""
    for name, text in directory(example).items():
        if text is None:
            continue
        target = root / name.removesuffix("@")
        target.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("@"):
            target.symlink_to(text)
        else:
            target.write_text(results_text(HONEST) if text == "@honest" else text)
    return root


@pytest.fixture
def write_example(tmp_path: Path) -> Callable[[Example], Path]:
    """Return a function that writes an example's submission and returns its directory."""

    def write(example: Example) -> Path:
        for name, other in (example.beside or {}).items():
            write_directory(tmp_path / name, other)
        return write_directory(tmp_path / "example", example)

    return write


def base_of(root: Path, before: Mapping[str, Example]) -> BaseTree:
    """Return a base revision that held the submissions of examples."""
    runs: dict[str, tuple[Imprint, ...]] = {}
    for name, example in before.items():
        document = parse(results_text(example).encode())
        assert isinstance(document, Document)
        path = f"{name}/{RESULTS_NAME}"
        runs[path] = tuple(
            imprint_of(run, submission=name, place=Place(path, run.pointer), name=name, added=False)
            for run in read_runs(path, document.value)[0]
        )
    return BaseTree(root, "main", runs, runs, None)


@pytest.fixture
def check_example(write_example: Callable[[Example], Path]) -> Callable[[Example], SubmissionReport]:
    """Return a function that writes and checks an example, with what lies beside it and before it."""

    def check(example: Example) -> SubmissionReport:
        root = write_example(example)
        names = ["example", *(example.beside or {})]
        submissions = [
            found for name in names for found in find_submissions(str(root.parent / name), results_only=False)
        ]
        base = base_of(root.parent, example.before) if example.before is not None else None
        settings = parse_settings(example.settings, root.parent, SUPPRESSIBLE)
        report = check_all(submissions, Conditions(NOW, settings, base))
        return next(iter(report.submissions))

    return check
