"""Exit code, summary and every format say the same, for every example file."""

import datetime as dt
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from speedrun_ci.check import Conditions, check_all
from speedrun_ci.cli import main
from speedrun_ci.cli.check import exit_code
from speedrun_ci.finding import Report, Verdict, combine
from speedrun_ci.report.formats import FORMATS, render
from speedrun_ci.rules.base import HONEST, Example
from speedrun_ci.submission import find_submissions

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
FILES = sorted((Path(__file__).parents[2] / "example-files").glob("*/*.json"))
WRONG = Example("a wrong figure", edits={"/model_flops": 1e18})

Write = Callable[[Example], Path]


def of_text(text: str) -> str:
    match = re.fullmatch(r"verdict: (PASS|FAIL|INCONCLUSIVE) .+", text.splitlines()[-1])
    assert match is not None
    return match[1].lower()


def of_json(text: str) -> str:
    document = json.loads(text)
    assert document["verdict"] == combine(Verdict(item["verdict"]) for item in document["submissions"])
    return str(document["verdict"])


def of_github(text: str) -> str:
    verdict = of_text(text)
    assert (verdict == "fail") == any(line.startswith("::error ") for line in text.splitlines())
    told = "::warning title=The verdict is inconclusive::" in text
    assert told if verdict == "inconclusive" else verdict == "fail" or not told
    return verdict


def of_sarif(text: str) -> str:
    (run,) = json.loads(text)["runs"]
    verdict = str(run["properties"]["verdict"])
    blocking = [r for r in run["results"] if r["level"] == "error" and r["properties"]["precision"] == "high"]
    assert (verdict == "fail") == bool(blocking)
    assert all(result in blocking for result in run["results"] if result["level"] == "error")
    (invocation,) = run["invocations"]
    assert {"pass": 0, "fail": 1, "inconclusive": None}[verdict] == invocation.get("exitCode")
    return verdict


def of_markdown(text: str) -> str:
    match = re.match(r"## (PASS|FAIL|INCONCLUSIVE): .+", text.splitlines()[0])
    assert match is not None
    return match[1].lower()


def of_junit(text: str) -> str:
    root = ET.fromstring(text)
    if int(root.attrib["failures"]):
        return "fail"
    return "inconclusive" if int(root.attrib["skipped"]) else "pass"


READERS = {
    "text": of_text,
    "json": of_json,
    "github": of_github,
    "sarif": of_sarif,
    "markdown": of_markdown,
    "junit": of_junit,
}


def assert_agreement(report: Report) -> None:
    texts = {name: "".join(render(name, report, terminal=False)) for name in FORMATS}
    verdicts = {name: READERS[name](text) for name, text in texts.items()}
    assert dict.fromkeys(FORMATS, str(report.verdict)) == verdicts
    assert (report.verdict == "fail") == (exit_code(report, strict=False) == 1)
    assert (report.verdict != "pass") == (exit_code(report, strict=True) == 1)
    assert texts["text"].splitlines()[-1] == texts["github"].splitlines()[-1]
    next_step = texts["text"].splitlines()[-1].partition(f"{report.verdict.upper()} ")[2]
    assert f"**Next:** {next_step}\n" in texts["markdown"]
    submissions = json.loads(texts["json"])["submissions"]
    findings = [finding for submission in submissions for finding in submission["findings"]]
    results = json.loads(texts["sarif"])["runs"][0]["results"]
    assert sorted(finding["code"] for finding in findings) == sorted(result["ruleId"] for result in results)
    runs = [run for submission in submissions for run in submission["runs"]]
    cases = ET.fromstring(texts["junit"]).iter("testcase")
    assert len(runs) == sum(case.attrib["name"] != "submission" for case in cases)


def report_of(*paths: Path, conditions: Conditions | None = None) -> Report:
    found = [item for path in paths for item in find_submissions(str(path), results_only=False)]
    return check_all(found, conditions or Conditions(NOW))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_on_every_example_file(file: Path) -> None:
    assert_agreement(report_of(file))
    assert_agreement(report_of(file, conditions=Conditions(NOW, wandb="require")))


def test_on_all_at_once() -> None:
    for conditions in (Conditions(NOW), Conditions(NOW, wandb="require")):
        for files in (FILES, [file for file in FILES if file.parent.name == "positive"]):
            assert_agreement(report_of(*files, conditions=conditions))


@pytest.mark.parametrize(
    ("example", "wandb", "strict", "verdict", "code"),
    [
        (HONEST, "auto", True, "pass", 0),
        (WRONG, "auto", False, "fail", 1),
        (WRONG, "require", False, "fail", 1),
        (HONEST, "require", False, "inconclusive", 0),
        (HONEST, "require", True, "inconclusive", 1),
    ],
)
def test_several_formats_in_one_call(
    example: Example, wandb: str, strict: bool, verdict: str, code: int, write_example: Write, tmp_path: Path
) -> None:
    """All but the last go to files, which are complete; the last goes to the terminal."""
    root = write_example(example)
    (tmp_path / "out").mkdir()
    arguments = ["check", str(root), "--wandb", wandb, *(["--strict"] if strict else [])]
    *written, printed = [*FORMATS][::-1]
    for name in written:
        arguments += ["--format", name, "--output", str(tmp_path / "out" / name)]
    result = CliRunner().invoke(main, [*arguments, "--format", printed])
    texts = {name: (tmp_path / "out" / name).read_text(encoding="utf-8") for name in written}
    verdicts = {READERS[name](text) for name, text in {**texts, printed: result.output}.items()}
    assert {verdict} == verdicts
    assert code == result.exit_code
    assert sorted(written) == sorted(file.name for file in (tmp_path / "out").iterdir())
