"""JUnit XML: suites, cases and counts."""

import dataclasses
import datetime as dt
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

from speedrun_ci.check import Conditions, check_all
from speedrun_ci.finding import Report, Verdict
from speedrun_ci.report.formats import render
from speedrun_ci.report.junit import cases
from speedrun_ci.rules.base import HONEST, Example
from speedrun_ci.submission import find_submissions

Write = Callable[[Example], Path]

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
FILES = sorted((Path(__file__).parents[2] / "example-files").glob("*/*.json"))
WRONG = Example("a wrong figure", edits={"/model_flops": 1e18, "/unknown": 1})


def report_of(*paths: Path, conditions: Conditions | None = None) -> Report:
    found = [item for path in paths for item in find_submissions(str(path), results_only=False)]
    return check_all(found, conditions or Conditions(NOW))


def tree_of(report: Report) -> ET.Element:
    return ET.fromstring("".join(render("junit", report, terminal=False)))


def named(name: str) -> Path:
    return next(file for file in FILES if file.stem == name)


def counts(element: ET.Element) -> dict[str, int]:
    return {name: int(element.attrib[name]) for name in ("tests", "failures", "skipped", "errors")}


def test_a_failing_run_says_why(write_example: Write) -> None:
    tree = tree_of(report_of(write_example(WRONG)))
    (suite,) = tree
    (case,) = suite
    assert "speedrun-ci" == tree.attrib["name"]
    assert {"tests": 1, "failures": 1, "skipped": 0, "errors": 0} == counts(tree) == counts(suite)
    assert case.attrib["name"].endswith("speedrun_results.json#/runs/0/run_info")
    assert suite.attrib["name"] == case.attrib["classname"]
    failure, out = case
    assert "failure" == failure.tag
    assert "expected 2.107e18" in failure.attrib["message"]
    assert failure.attrib["message"] == (failure.text or "").strip()
    assert "system-out" == out.tag
    assert (out.text or "").startswith("level declared, listed, not ranked\n")
    assert "info SR214 " in (out.text or "")


def test_a_pass_has_no_failure(write_example: Write) -> None:
    tree = tree_of(report_of(write_example(HONEST)))
    assert {"tests": 1, "failures": 0, "skipped": 0, "errors": 0} == counts(tree)
    assert ["system-out"] == [item.tag for item in tree[0][0]]


def test_inconclusive_is_skipped_and_says_why(write_example: Write) -> None:
    tree = tree_of(report_of(write_example(HONEST), conditions=Conditions(NOW, wandb="require")))
    assert 0 == counts(tree)["failures"]
    skipped = list(tree.iter("skipped"))
    assert counts(tree)["skipped"] == len(skipped) > 0
    for item in skipped:
        assert item.attrib["message"].startswith("inconclusive: SR002 ")


def test_a_case_a_run() -> None:
    (suite,) = tree_of(report_of(named("several-runs")))
    assert ["/runs/0/run_info", "/runs/1/run_info", "/runs/2/run_info"] == [
        case.attrib["name"].partition("#")[2] for case in suite
    ]


def test_what_is_wrong_outside_of_runs_has_a_case_of_its_own() -> None:
    (suite,) = tree_of(report_of(named("SR202-empty")))
    (case,) = suite
    assert "submission" == case.attrib["name"]
    assert "SR202 " in case[0].attrib["message"]


def test_a_run_that_fails_for_the_file_around_it_says_so() -> None:
    """Its verdict rests on what is wrong beside it."""
    (suite,) = tree_of(report_of(named("SR208-good-run-beside-a-broken-one")))
    run, whole = suite
    assert "submission" == whole.attrib["name"]
    assert "SR208 " in whole[0].attrib["message"]
    assert run[0].attrib["message"] == whole[0].attrib["message"]


def test_no_verdict_is_lost(write_example: Write) -> None:
    """Whatever a submission's verdict rests on, one of its cases has it."""
    (submission,) = report_of(write_example(HONEST)).submissions
    for verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE):
        run, whole = cases(dataclasses.replace(submission, verdict=verdict))
        assert (Verdict.PASS, verdict) == (run.verdict, whole.verdict)


@pytest.mark.parametrize("wandb", ["auto", "require"])
def test_counts_are_those_of_the_cases(wandb: str) -> None:
    conditions = Conditions(NOW, wandb="require" if wandb == "require" else "auto")
    tree = tree_of(report_of(*FILES, conditions=conditions))
    assert len(FILES) == len(tree)
    for element in (tree, *tree):
        cases = list(element.iter("testcase"))
        failed, skipped = len(list(element.iter("failure"))), len(list(element.iter("skipped")))
        assert {"tests": len(cases), "failures": failed, "skipped": skipped, "errors": 0} == counts(element)
        names = [(case.attrib["classname"], case.attrib["name"]) for case in cases]
        assert len(names) == len(set(names))


def test_elements_have_the_order_that_readers_want() -> None:
    tree = tree_of(report_of(*FILES, conditions=Conditions(NOW, wandb="require")))
    for case in tree.iter("testcase"):
        tags = [item.tag for item in case]
        assert sorted(tags, key=("skipped", "error", "failure", "system-out").index) == tags
