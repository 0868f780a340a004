"""From submissions on disk to a report: load, analyse, run every rule, decide."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from typing import TYPE_CHECKING

from speedrun_ci.analysis import analyse
from speedrun_ci.figures import figure_rows, level_of
from speedrun_ci.finding import Level, Report, RunReport, SubmissionReport, Verdict, combine
from speedrun_ci.results import read_runs
from speedrun_ci.rules.base import CheckedRun, ResultsFile, Subject
from speedrun_ci.rules.registry import RULES
from speedrun_ci.rules.tool import EvidenceMissing, RuleCrashed
from speedrun_ci.strict_json import Document, Problem, parse, pointer_to, split_pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from typing import Literal

    from speedrun_ci.finding import Finding
    from speedrun_ci.results import Run
    from speedrun_ci.rules.base import Rule
    from speedrun_ci.submission import Entry, Submission

NOT_AVAILABLE = "not available"
SKIPPED = "skipped"


def check_all(
    submissions: Iterable[Submission],
    *,
    now: datetime,
    dry_run: bool = True,
    wandb: Literal["auto", "require", "skip"] = "auto",
    rules: tuple[type[Rule], ...] = RULES,
) -> Report:
    """Check submissions.

    Args:
        submissions: What to check.
        now: When the check is made, with a time zone; no date may lie after it.
        dry_run: Whether dry runs are wanted. This version cannot execute any, and says so.
        wandb: Whether W&B runs are wanted. This version cannot read any, and says so.
        rules: The rules to apply.
    """
    reports = tuple(
        _check_or_say_why(submission, now=now, rules=rules, demanded=wandb == "require") for submission in submissions
    )
    return Report(
        verdict=combine(report.verdict for report in reports),
        submissions=reports,
        dry_run=NOT_AVAILABLE if dry_run else SKIPPED,
        wandb=SKIPPED if wandb == "skip" else NOT_AVAILABLE,
    )


def _check_or_say_why(
    submission: Submission, *, now: datetime, rules: tuple[type[Rule], ...], demanded: bool
) -> SubmissionReport:
    """Check one submission; if the checker itself fails on it, the verdict is inconclusive and says so."""
    try:
        return check_submission(submission, now=now, rules=rules, demanded=demanded)
    except Exception as error:  # noqa: BLE001 - one hostile submission must not keep the others from a verdict
        finding = RuleCrashed.report(submission.path, "reading the submission", error)
        return SubmissionReport(submission.path, Verdict.INCONCLUSIVE, (), (finding,))


def check_submission(
    submission: Submission, *, now: datetime, rules: tuple[type[Rule], ...] = RULES, demanded: bool = False
) -> SubmissionReport:
    """Check one submission.

    Args:
        submission: What to check.
        now: When the check is made.
        rules: The rules to apply.
        demanded: Whether evidence from W&B is demanded, without which the verdict is inconclusive.
    """
    files: list[ResultsFile] = []
    documents: dict[str, Document] = {}
    for entry in submission.results:
        path = submission.display(entry)
        loaded, document = _load(submission, entry, path)
        files.append(loaded)
        if document is not None:
            documents[path] = document
    subject = Subject(submission, tuple(files), now)
    findings: list[Finding] = []
    crashed = False
    for rule in rules:
        try:
            findings.extend(rule().check(subject))
        except Exception as error:  # noqa: BLE001 - whatever a rule raises must end as a finding, never as a pass
            crashed = True
            findings.append(RuleCrashed.report(submission.path, f"rule {rule.code} {rule.name}", error))
    if demanded:
        findings.extend(EvidenceMissing.report(run.run.path) for run in subject.runs)
    located = tuple(_with_lines(findings, documents))
    inconclusive = crashed or demanded
    of_run = _by_run(located)
    return SubmissionReport(
        path=submission.path,
        verdict=_verdict(located, inconclusive=inconclusive),
        runs=tuple(_run_report(checked, of_run(checked.run), inconclusive=inconclusive) for checked in subject.runs),
        findings=located,
    )


def _load(submission: Submission, entry: Entry, path: str) -> tuple[ResultsFile, Document | None]:
    data = submission.read(entry)
    if data is None:
        problem = Problem("syntax", "", None, "a regular file that can be read", "none")
        return ResultsFile(path, (problem,), (), ()), None
    document = parse(data)
    if not isinstance(document, Document):
        return ResultsFile(path, document, (), ()), None
    runs, faults = read_runs(path, document.value)
    return ResultsFile(path, (), faults, tuple(CheckedRun(run, analyse(run)) for run in runs)), document


def _with_lines(findings: list[Finding], documents: dict[str, Document]) -> Iterable[Finding]:
    """Give every finding inside a results file the line it stands on, reading each file once."""
    lines: dict[str, dict[str, int]] = {}
    for path, document in documents.items():
        pointers = {finding.place.pointer for finding in findings if finding.place.path == path}
        if pointers:
            lines[path] = document.lines({prefix for pointer in pointers for prefix in _prefixes(pointer)})
    for finding in findings:
        place = finding.place
        if place.line is None and place.path in lines:
            known = lines[place.path]
            # A missing key has no line of its own; that of the object it is missing from is the best there is.
            line = next((known[prefix] for prefix in _prefixes(place.pointer) if prefix in known), 1)
            yield dataclasses.replace(finding, place=dataclasses.replace(place, line=line))
        else:
            yield finding


def _prefixes(pointer: str) -> Iterable[str]:
    """Yield a pointer and all that lead to it, longest first."""
    while pointer:
        yield pointer
        pointer = pointer.rpartition("/")[0]
    yield ""


def _verdict(findings: Iterable[Finding], *, inconclusive: bool) -> Verdict:
    if any(finding.blocks for finding in findings):
        return Verdict.FAIL
    return Verdict.INCONCLUSIVE if inconclusive else Verdict.PASS


def _run_report(checked: CheckedRun, findings: tuple[Finding, ...], *, inconclusive: bool) -> RunReport:
    run = checked.run
    level = level_of(checked.analysis) if not run.faults else Level.DECLARED
    return RunReport(
        path=run.path,
        pointer=run.pointer,
        verdict=_verdict(findings, inconclusive=inconclusive),
        level=level,
        evidence=("identities",) if level is Level.CONSISTENT else (),
        figures=figure_rows(run, checked.analysis),
    )


def _by_run(findings: Iterable[Finding]) -> Callable[[Run], tuple[Finding, ...]]:
    """Return a function that gives the findings inside a run, and those about the whole file around it."""
    grouped: defaultdict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        keys = split_pointer(finding.place.pointer)
        inside = keys[:3] if keys[:1] == ["runs"] and len(keys) >= 3 else keys[:1] if keys[:1] == ["run_info"] else []
        grouped[finding.place.path, pointer_to(inside)].append(finding)

    def of(run: Run) -> tuple[Finding, ...]:
        whole = grouped.get((run.path, ""), [])
        return (*grouped.get((run.path, run.pointer), []), *(whole if run.pointer else []))

    return of
