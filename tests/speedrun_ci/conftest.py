"""Fixtures for the checker's tests: submissions made of examples, and the real files where they are."""

from collections.abc import Callable
from pathlib import Path

import pytest

from speedrun_ci.finding import SubmissionReport
from speedrun_ci.rules import executed
from speedrun_ci.rules.base import Example

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
    return lambda example: executed.write_example(tmp_path, example)


@pytest.fixture
def check_example() -> Callable[[Example], SubmissionReport]:
    """Return a function that checks an example, with what lies beside it and before it."""
    return executed.execute
