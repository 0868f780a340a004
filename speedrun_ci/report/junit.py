"""JUnit XML, which the test pages of GitLab, Jenkins, Azure and others read.

There is no standard; the elements, attributes and their order are those that Jenkins' schema of the format has, and
`message` on `skipped`, which its later readers and all others take.
"""

from __future__ import annotations

import html
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from speedrun_ci.finding import Verdict, combine
from speedrun_ci.report.summary import plural, standing
from speedrun_ci.report.untrusted import one_line
from speedrun_ci.rules.tool import EvidenceMissing, RuleCrashed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from speedrun_ci.finding import Finding, Report, SubmissionReport

_UNCHECKED = (RuleCrashed.code, EvidenceMissing.code)
"""Findings that make a verdict inconclusive."""


@dataclass(frozen=True, slots=True)
class Case:
    """One run, or what is said of a submission outside its runs.

    Attributes:
        name: How it is called in its suite.
        verdict: Its verdict.
        findings: What was found in it.
        reasons: What its verdict rests on, if it is no pass; of the whole submission where it has no such finding.
        note: One line about it.
    """

    name: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    reasons: tuple[Finding, ...]
    note: str


def render(report: Report, terminal: bool) -> Iterator[str]:  # noqa: ARG001 - XML looks the same everywhere
    """Yield a document with one suite a submission and one case a run.

    The root says how many cases failed, so the submissions are gone through twice.
    """
    totals: Counter[Verdict] = Counter()
    for submission in report.submissions:
        totals.update(case.verdict for case in cases(submission))
    yield '<?xml version="1.0" encoding="utf-8"?>\n'
    yield f'<testsuites name="speedrun-ci"{_counts(totals)}>\n'
    for submission in report.submissions:
        yield from _suite(submission)
    yield "</testsuites>\n"


def cases(submission: SubmissionReport) -> tuple[Case, ...]:
    """Return a case for each run, and one for the submission itself where its runs do not say everything."""
    within, outside = _by_run(submission)
    runs = tuple(
        Case(
            f"{run.path}{run.pointer and '#'}{run.pointer}",
            run.verdict,
            tuple(found),
            _reasons(run.verdict, found) or _reasons(run.verdict, submission.findings)[:1],
            f"level {run.level}, {standing(run)}",
        )
        for run, found in zip(submission.runs, within, strict=True)
    )
    verdict = _verdict(outside)
    if combine([*(case.verdict for case in runs), verdict]) is not submission.verdict:
        verdict = submission.verdict
    if runs and not outside and verdict is Verdict.PASS:
        return runs
    whole = Case("submission", verdict, tuple(outside), _reasons(verdict, outside), plural(len(runs), "run"))
    return (*runs, whole)


def _by_run(submission: SubmissionReport) -> tuple[list[list[Finding]], list[Finding]]:
    """Return what was found inside each run, and the rest; in linear time, since a hostile file has many of both."""
    within: list[list[Finding]] = [[] for _ in submission.runs]
    outside: list[Finding] = []
    lists = {(run.path, run.pointer): found for run, found in zip(submission.runs, within, strict=True)}
    for finding in submission.findings:
        path, pointer = finding.place.path, finding.place.pointer
        while pointer and (path, pointer) not in lists:
            pointer = pointer.rpartition("/")[0]
        lists.get((path, pointer), outside).append(finding)
    return within, outside


def _reasons(verdict: Verdict, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    if verdict is Verdict.FAIL:
        return tuple(finding for finding in findings if finding.blocks)
    return tuple(finding for finding in findings if verdict is Verdict.INCONCLUSIVE and finding.code in _UNCHECKED)


def _verdict(findings: Iterable[Finding]) -> Verdict:
    """Return what the findings outside of all runs say by themselves."""
    found = tuple(findings)
    if any(finding.blocks for finding in found):
        return Verdict.FAIL
    return Verdict.INCONCLUSIVE if any(finding.code in _UNCHECKED for finding in found) else Verdict.PASS


def _counts(verdicts: Counter[Verdict]) -> str:
    failed, skipped = verdicts[Verdict.FAIL], verdicts[Verdict.INCONCLUSIVE]
    return f' tests="{verdicts.total()}" failures="{failed}" skipped="{skipped}" errors="0"'


def _suite(submission: SubmissionReport) -> Iterator[str]:
    made = cases(submission)
    yield f'  <testsuite name="{_xml(submission.path)}"{_counts(Counter(case.verdict for case in made))}>\n'
    for case in made:
        yield f'    <testcase classname="{_xml(submission.path)}" name="{_xml(case.name)}">\n'
        yield from _outcome(case)
        told = [f"{finding.severity} {_line(finding)}" for finding in case.findings if not finding.blocks]
        yield f"      <system-out>{_xml(case.note)}\n{''.join(f'{line}\n' for line in told)}</system-out>\n"
        yield "    </testcase>\n"
    yield "  </testsuite>\n"


def _outcome(case: Case) -> Iterator[str]:
    lines = [_line(finding) for finding in case.reasons] or ["see the submission"]
    if case.verdict is Verdict.FAIL:
        yield f'      <failure type="fail" message="{lines[0]}">{"\n".join(lines)}\n</failure>\n'
    elif case.verdict is Verdict.INCONCLUSIVE:
        yield f'      <skipped message="inconclusive: {lines[0]}"/>\n'


def _line(finding: Finding) -> str:
    line = f":{finding.place.line}" if finding.place.line is not None else ""
    where = f"{one_line(finding.place.path)}{line}: " if finding.place.path else ""
    return _xml(f"{finding.code} {where}{one_line(finding.message)}", 2500)


def _xml(text: str, limit: int = 1000) -> str:
    """Return a stranger's text for XML 1.0, which knows no escape for what `one_line` takes out."""
    return html.escape(one_line(text, limit))
