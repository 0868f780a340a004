"""From a submission to a verdict."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

from speedrun_ci.check import MOST_EXPLAINED, Conditions, check_all, check_submission
from speedrun_ci.finding import Confidence, Finding, Level, Severity, Verdict, combine
from speedrun_ci.rules.base import HONEST, Example, Rule, Subject
from speedrun_ci.submission import find_submissions

Write = Callable[[Example], Path]

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


class _Crashing(Rule):
    """Divides by zero."""

    code: ClassVar[str] = "SR999"
    name: ClassVar[str] = "crashing"
    since: ClassVar[str] = "2026.11"
    fires: ClassVar[Example] = HONEST

    def check(self, subject: Subject) -> Iterator[Finding]:
        raise ZeroDivisionError(f"{len(subject.files)} / 0")


def test_combine() -> None:
    assert Verdict.PASS == combine([])
    assert Verdict.PASS == combine([Verdict.PASS])
    assert Verdict.INCONCLUSIVE == combine([Verdict.PASS, Verdict.INCONCLUSIVE])
    assert Verdict.FAIL == combine([Verdict.INCONCLUSIVE, Verdict.FAIL, Verdict.PASS])


def test_a_crashing_rule_is_inconclusive_and_named(write_example: Write) -> None:
    (submission,) = find_submissions(str(write_example(HONEST)), results_only=False)
    report = check_submission(submission, Conditions(NOW, rules=(_Crashing,)))
    assert Verdict.INCONCLUSIVE == report.verdict
    assert ["SR001"] == [finding.code for finding in report.findings]
    assert "SR999 crashing" in report.findings[0].message
    assert [Verdict.INCONCLUSIVE] == [run.verdict for run in report.runs]


def test_only_certain_errors_block(write_example: Write) -> None:
    uncertain = Example(
        "a difference from an unverified peak",
        edits={
            "/resources": {"accelerator_type": "B300", "gpu_count": 16, "device_flops_override": None},
            "/device_flops": 1e15,
            "/training_hardware_flops": 1e15 * 16 * 1500.0,
        },
    )
    (submission,) = find_submissions(str(write_example(uncertain)), results_only=False)
    report = check_submission(submission, Conditions(NOW))
    (finding,) = [finding for finding in report.findings if finding.code == "SR402"]
    assert (Severity.WARNING, Confidence.MEDIUM) == (finding.severity, finding.confidence)
    assert Verdict.PASS == report.verdict
    assert [Level.DECLARED] == [run.level for run in report.runs]


def test_runs_of_one_file_have_verdicts_of_their_own(write_example: Write) -> None:
    root = write_example(HONEST)
    path = root / "speedrun_results.json"
    text = path.read_text()
    entry = text[text.index("[") + 1 : text.rindex("]")]
    path.write_text('{"runs": [' + entry + "," + entry.replace("1500.0", "1400.0").replace("abc123", "def456") + "]}")
    (submission,) = find_submissions(str(root), results_only=False)
    report = check_submission(submission, Conditions(NOW))
    assert [Verdict.PASS, Verdict.FAIL] == [run.verdict for run in report.runs]
    assert Verdict.FAIL == report.verdict


def test_a_checker_that_fails_on_a_submission_says_so(write_example: Write) -> None:
    (submission,) = find_submissions(str(write_example(HONEST)), results_only=False)

    class _Broken:
        path = "broken"

        @property
        def results(self) -> tuple[()]:
            raise RuntimeError("boom")

    report = check_all([_Broken(), submission], Conditions(NOW))  # type: ignore[list-item]
    assert Verdict.INCONCLUSIVE == report.verdict
    assert [Verdict.INCONCLUSIVE, Verdict.PASS] == [item.verdict for item in report.submissions]


def test_of_many_contradictions_the_first_are_explained_and_all_fail(write_example: Write) -> None:
    root = write_example(Example("", edits={"/model_flops": 1e18}))
    path = root / "speedrun_results.json"
    text = path.read_text()
    entry = text[text.index("[") + 1 : text.rindex("]")]
    count = MOST_EXPLAINED + 5
    path.write_text('{"runs": [' + ",".join(entry.replace("abc123", f"run{n}") for n in range(count)) + "]}")
    (submission,) = find_submissions(str(root), results_only=False)
    report = check_submission(submission, Conditions(NOW))
    messages = [finding.message for finding in report.findings if finding.code == "SR302"]
    assert count == len(messages)
    assert 5 == sum("No correction of up to three figures was found" in message for message in messages)
    assert {Verdict.FAIL} == {run.verdict for run in report.runs}
