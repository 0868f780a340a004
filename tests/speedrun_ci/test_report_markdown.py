"""Markdown for people: what is shown, in which order, and what is left out."""

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from speedrun_ci.check import Conditions, check_all
from speedrun_ci.finding import Report, Verdict
from speedrun_ci.report.formats import render
from speedrun_ci.report.markdown import FEW, MAX_CHARACTERS, MAX_FINDINGS, MAX_RUNS
from speedrun_ci.rules.base import HONEST, Example
from speedrun_ci.submission import find_submissions

Write = Callable[[Example], Path]

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
FILES = sorted((Path(__file__).parents[2] / "example-files").glob("*/*.json"))
SEVERAL = next(file for file in FILES if file.name == "several-runs.json")
WRONG = Example("a wrong figure", edits={"/model_flops": 1e18})


def markdown_of(report: Report) -> str:
    return "".join(render("markdown", report, terminal=False))


def report_of(*paths: Path, conditions: Conditions | None = None) -> Report:
    found = [item for path in paths for item in find_submissions(str(path), results_only=False)]
    return check_all(found, conditions or Conditions(NOW))


def test_a_failing_run_as_a_reader_sees_it(write_example: Write) -> None:
    markdown = markdown_of(report_of(write_example(WRONG)))
    assert markdown.startswith("## FAIL: level declared\n\n1 run in 1 submission: 1 fail; findings: 1 error\n")
    html = MarkdownIt("gfm-like").render(markdown)
    assert "<td><strong>mismatch</strong></td>" in html
    assert re.search(r"<td><code>model_flops</code></td>\s*<td [^>]*><code>1.000e18</code></td>", html)
    assert re.search(r"<li><strong>SR302</strong> model-flops-identity \(error, blocks\) in <code>\S+:\d+</code>", html)
    assert re.search(
        r"\n {2}`model_flops: expected 2.107e18 = .*`  \n {2}Next: `.*Set model_flops to 2.107e18.`\n", markdown
    )
    assert "**Next:** Mend the error above; `speedrun-ci explain SR302` says more.\n" in markdown
    assert markdown.splitlines()[-1].startswith("dry run: not available; W&amp;B: not available; ruleset ")


def test_a_pass_shows_its_figures_too(write_example: Write) -> None:
    markdown = markdown_of(report_of(write_example(HONEST)))
    assert markdown.startswith("## PASS: level consistent\n")
    assert "| `model_flops` | `2.107e18` | `2.107e18` | match |" in markdown
    assert "### Findings" not in markdown
    assert "**Next:** Nothing blocks this; commit it and open a pull request." in markdown


def test_several_levels_are_counted() -> None:
    declared = next(file for file in FILES if file.name == "declared-accelerator-is-auto.json")
    assert markdown_of(report_of(SEVERAL, declared)).startswith("## PASS: levels declared (1), consistent (3)\n")


def test_no_run_has_no_level() -> None:
    empty = next(file for file in FILES if file.name == "SR202-empty.json")
    assert markdown_of(report_of(empty)).startswith("## FAIL: no run could be read\n")


def test_inconclusive_is_the_first_word() -> None:
    report = report_of(SEVERAL, conditions=Conditions(NOW, wandb="require"))
    assert markdown_of(report).startswith("## INCONCLUSIVE: level consistent\n")


def test_tables_beyond_the_first_are_folded_and_failures_come_first(write_example: Write) -> None:
    markdown = markdown_of(report_of(SEVERAL, write_example(WRONG)))
    assert 4 == markdown.count("| figure |")
    assert 3 == markdown.count("<details>") == markdown.count("</details>")
    assert markdown.index("**FAIL**") < markdown.index("| figure |") < markdown.index("<details>")


def test_of_many_runs_only_those_that_do_not_pass_are_shown(write_example: Write) -> None:
    honest = [file for file in FILES if file.parent.name == "positive"]
    report = report_of(*honest, write_example(WRONG))
    assert report.totals.runs.total() > FEW
    assert report.totals.submissions.total() > FEW
    markdown = markdown_of(report)
    assert 1 == markdown.count("| figure |")
    assert 0 == markdown.count("**PASS**")


def test_everything_at_once_fits_and_says_what_was_cut() -> None:
    report = report_of(*FILES)
    markdown = markdown_of(report)
    assert len(markdown) < MAX_CHARACTERS
    tables, findings = markdown.count("| figure |"), len(re.findall(r"^- \*\*SR", markdown, re.MULTILINE))
    failing = report.totals.runs.total() - report.totals.runs[Verdict.PASS]
    assert 0 < tables <= MAX_RUNS
    assert 0 < findings <= MAX_FINDINGS
    assert f"\n*{failing - tables:,} tables of figures more, left out here; `--format text` has all.*\n" in markdown
    left = report.totals.findings.total() - findings
    assert f"\n*{left:,} findings more, left out here; `--format text` has all.*\n" in markdown
    assert "(warning)" not in markdown


@pytest.mark.parametrize("name", ["MAX_FINDINGS", "MAX_RUNS"])
def test_one_that_is_left_out_is_one(name: str, write_example: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"speedrun_ci.report.markdown.{name}", 0)
    markdown = markdown_of(report_of(write_example(WRONG)))
    what = {"MAX_FINDINGS": "finding", "MAX_RUNS": "table of figures"}[name]
    assert f"*1 {what} more, left out here;" in markdown
