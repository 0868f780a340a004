"""Annotations: what a step prints for GitHub's runner."""

import dataclasses
import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from speedrun_ci.check import Conditions, check_all
from speedrun_ci.finding import Confidence, Report, Severity, Totals, Verdict
from speedrun_ci.report.formats import render
from speedrun_ci.report.github import PER_KIND, command
from speedrun_ci.rules.base import HONEST, Example
from speedrun_ci.submission import find_submissions

Write = Callable[[Example], Path]

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
HONEST_FILES = sorted((Path(__file__).parents[2] / "example-files" / "positive").glob("*.json"))
WRONG = Example("a wrong figure", edits={"/model_flops": 1e18})


def report_of(*paths: Path, conditions: Conditions | None = None) -> Report:
    found = [item for path in paths for item in find_submissions(str(path), results_only=False)]
    return check_all(found, conditions or Conditions(NOW))


def lines_of(report: Report) -> list[str]:
    return "".join(render("github", report, terminal=False)).splitlines()


def kinds(lines: list[str]) -> list[str]:
    return [match[1] for line in lines if (match := re.match(r"::(\w+) ", line))]


def test_an_error_stands_at_its_line(write_example: Write) -> None:
    report = report_of(write_example(WRONG))
    (finding,) = next(iter(report.submissions)).findings
    first, *rest = lines_of(report)
    place = f"file={finding.place.path},line={finding.place.line},title=SR302 model-flops-identity"
    assert f"::error {place}::SR302 {finding.message}" == first
    assert [
        "1 run in 1 submission: 1 fail",
        "findings: 1 error",
        "verdict: FAIL Mend the error above; `speedrun-ci explain SR302` says more.",
    ] == rest


def test_a_pass_has_no_error_and_says_so(write_example: Write) -> None:
    lines = lines_of(report_of(write_example(HONEST)))
    assert [] == kinds(lines)
    assert "verdict: PASS Nothing blocks this; commit it and open a pull request." == lines[-1]


def test_inconclusive_is_a_warning_that_says_so(write_example: Write) -> None:
    lines = lines_of(report_of(write_example(HONEST), conditions=Conditions(NOW, wandb="require")))
    assert ["warning", "warning"] == kinds(lines)
    assert lines[0].startswith("::warning title=The verdict is inconclusive::1 of 1 submission could not be checked")
    assert lines[-1].startswith("verdict: INCONCLUSIVE ")


def test_an_error_that_does_not_block_is_a_warning(write_example: Write) -> None:
    report = report_of(write_example(WRONG))
    (submission,) = report.submissions
    unsure = dataclasses.replace(submission.findings[0], confidence=Confidence.MEDIUM)
    passing = dataclasses.replace(submission, findings=(unsure,), verdict=Verdict.PASS)
    lines = lines_of(dataclasses.replace(report, submissions=(passing,), totals=Totals.of(passing)))
    assert ["warning"] == kinds(lines)
    assert lines[-1].startswith("verdict: PASS ")


def test_ten_of_a_kind_are_shown_and_the_rest_counted(write_example: Write) -> None:
    """Two runs of nothing lack more than ten keys."""
    runs = '{"run_info": {}}, {"run_info": {}}'
    report = report_of(write_example(Example("keys are missing", replace=('"runs": [', f'"runs": [{runs}, '))))
    lines = lines_of(report)
    count = report.totals.blocking.total()
    assert count > PER_KIND
    assert PER_KIND == kinds(lines).count("error")
    cut = f"Not annotated, since GitHub shows 10 of each kind: {count - PER_KIND} errors."
    assert any(line.startswith(cut) for line in lines)


def test_the_warning_about_the_verdict_is_one_of_the_ten() -> None:
    report = report_of(*HONEST_FILES[:12], conditions=Conditions(NOW, wandb="require"))
    lines = lines_of(report)
    assert PER_KIND == kinds(lines).count("warning")
    left = report.totals.findings[Severity.WARNING] - (PER_KIND - 1)
    assert f" {left} warnings" in next(line for line in lines if line.startswith("Not annotated"))


@pytest.mark.parametrize(
    ("text", "message", "title"),
    [
        ("100%", "100%25", "100%25"),
        ("a: b, c", "a: b, c", "a%3A b%2C c"),
        ("%0A::error::x", "%250A::error::x", "%250A%3A%3Aerror%3A%3Ax"),
        ("a\n::stop-commands::x\r", "a\\n::stop-commands::x\\r", "a\\n%3A%3Astop-commands%3A%3Ax\\r"),
        ("##[add-mask]x", "## [add-mask]x", "## [add-mask]x"),
    ],
)
def test_escapes(text: str, message: str, title: str) -> None:
    assert f"::error title={title}::{message}\n" == command("error", text, title=text)


def test_a_message_stays_below_what_the_runner_cuts() -> None:
    assert len(command("error", "x" * 10_000)) < 4096
