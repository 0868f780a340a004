"""Fixtures for the checker's tests: submissions made of examples, and the real files where they are."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from speedrun_ci.check import check_submission
from speedrun_ci.finding import SubmissionReport
from speedrun_ci.rules.base import HONEST, Example
from speedrun_ci.rules.example import directory, results_text
from speedrun_ci.submission import find_submissions

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)

REAL_FILES = Path(__file__).parents[3] / "shared" / "data" / "marin"
"""Real results files of the original contest; they are not part of the repository."""


@pytest.fixture
def real_files() -> Path:
    if not REAL_FILES.is_dir():
        pytest.skip("the original contest's files are not on this machine")
    return REAL_FILES


@pytest.fixture
def write_example(tmp_path: Path) -> Callable[[Example], Path]:
    """Return a function that writes an example's submission and returns its directory."""

    def write(example: Example) -> Path:
        root = tmp_path / "example"
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

    return write


@pytest.fixture
def check_example(write_example: Callable[[Example], Path]) -> Callable[[Example], SubmissionReport]:
    """Return a function that writes and checks an example."""

    def check(example: Example) -> SubmissionReport:
        (submission,) = find_submissions(str(write_example(example)), results_only=False)
        return check_submission(submission, now=NOW)

    return check
