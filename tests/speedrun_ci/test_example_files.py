"""Whole results files, good and bad: a new case is a new file.

`example-files/positive/*.json` are honest: they must pass, with every identity confirmed unless the name begins with
`declared-`. `example-files/negative/SRnnn-what-is-wrong.json` must yield that code, and no other rule may block.
"""

import datetime as dt
import json
import re
from pathlib import Path

import pytest

from speedrun_ci.check import Conditions, check_submission
from speedrun_ci.finding import Level, SubmissionReport, Verdict
from speedrun_ci.rules.registry import RULES, find_rule
from speedrun_ci.strict_json import Document, parse
from speedrun_ci.submission import find_submissions

ROOT = Path(__file__).parents[2] / "example-files"
NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)

POSITIVE = sorted((ROOT / "positive").iterdir())
NEGATIVE = sorted((ROOT / "negative").iterdir())

NO_SMALL_FILE = {"SR207"}
"""Rules about what a small file cannot have."""


def check(file: Path) -> SubmissionReport:
    (submission,) = find_submissions(str(file), results_only=False)
    return check_submission(submission, Conditions(NOW))


@pytest.mark.parametrize("file", POSITIVE, ids=lambda file: file.stem)
def test_positive(file: Path) -> None:
    report = check(file)
    assert [] == [finding.message for finding in report.findings if finding.blocks]
    assert Verdict.PASS == report.verdict
    assert report.runs
    level = Level.DECLARED if file.name.startswith("declared-") else Level.CONSISTENT
    assert {level} == {run.level for run in report.runs}
    assert [] == [row.name for run in report.runs for row in run.figures if row.status == "mismatch"]


@pytest.mark.parametrize("file", NEGATIVE, ids=lambda file: file.stem)
def test_negative(file: Path) -> None:
    code = file.name[:5]
    report = check(file)
    findings = [finding for finding in report.findings if finding.code == code]
    assert findings
    assert {code} >= {finding.code for finding in report.findings if finding.blocks}
    blocks = any(finding.blocks for finding in findings)
    assert (Verdict.FAIL if blocks else Verdict.PASS) == report.verdict
    for finding in findings:
        assert finding.place.path.endswith(file.name)
        assert finding.place.line is not None
        assert finding.message.isprintable()


@pytest.mark.parametrize("file", [*POSITIVE, *NEGATIVE], ids=lambda file: file.stem)
def test_names(file: Path) -> None:
    assert re.fullmatch(r"(SR\d{3}-)?[a-z0-9]+(-[a-z0-9]+)*\.json", file.name)
    assert (file.parent.name == "negative") == file.name.startswith("SR")
    if file.parent.name == "negative":
        assert find_rule(file.name[:5]) is not None


def test_every_rule_about_results_has_a_negative_file() -> None:
    alone = [rule for rule in RULES if rule.fires.beside is None and rule.fires.before is None]
    about_results = {rule.code for rule in alone if rule.fires.edits is not None or rule.fires.replace is not None}
    missing = sorted(about_results - NO_SMALL_FILE - {file.name[:5] for file in NEGATIVE})
    assert [] == missing, f"{missing[0]}: run scripts/example_file.py {missing[0]} > example-files/negative/..."


def test_no_file_is_a_real_one(real_files: Path) -> None:
    """The originals are not ours to copy."""
    figures = ("training_time", "training_hardware_flops", "wandb_run_link")
    real = set()
    for file in real_files.rglob("*.json"):
        for entry in json.loads(file.read_text())["runs"]:
            real |= {str(entry["run_info"][name]) for name in figures}
    made = set()
    for file in POSITIVE:
        document = parse(file.read_bytes())
        assert isinstance(document, Document)
        value = document.value
        assert isinstance(value, dict)
        entries = value.get("runs", [value])
        assert isinstance(entries, list)
        for entry in entries:
            info = entry.get("run_info", entry)
            made |= {str(info[name]) for name in figures} - {"None"}
    assert set() == real & made
