"""SARIF 2.1.0 (OASIS Standard, Errata 01), which code-scanning pages and editors read: one run, a result a finding.

GitHub refuses a file with more than 25,000 results a run and shows 5,000 of them.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import quote

from speedrun_ci import __version__
from speedrun_ci.finding import Verdict
from speedrun_ci.report.summary import next_step, weight, weights
from speedrun_ci.report.untrusted import one_line
from speedrun_ci.rules.page import FAMILIES
from speedrun_ci.rules.registry import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from speedrun_ci.finding import Finding, Report, SubmissionReport
    from speedrun_ci.report.summary import Weight
    from speedrun_ci.rules.base import Rule

MAX_RESULTS = 25_000
"""Results that GitHub takes in one run."""

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_ROOT = "%SRCROOT%"
_INDEX = {rule.code: index for index, rule in enumerate(RULES)}


def render(report: Report, terminal: bool) -> Iterator[str]:  # noqa: ARG001 - SARIF looks the same everywhere
    """Yield the document, one result a line, what blocks first if not all fit."""
    driver = {
        "name": "speedrun-ci",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(rule) for rule in RULES],
    }
    run: dict[str, object] = {
        "tool": {"driver": driver},
        "originalUriBaseIds": {_ROOT: {"description": {"text": "Where speedrun-ci was called."}}},
        "invocations": [_invocation(report)],
        "properties": _properties(report),
    }
    yield f'{{"$schema": "{SCHEMA}", "version": "2.1.0", "runs": [{{\n'
    yield from (f'"{key}": {_line(value)},\n' for key, value in run.items())
    yield '"results": ['
    separator = "\n"
    for result in _results(report):
        yield separator + _line(result)
        separator = ",\n"
    yield "\n]}]}\n"


def _line(value: object) -> str:
    return json.dumps(value, allow_nan=False)


def _rule(rule: type[Rule]) -> dict[str, object]:
    """Return a rule as `reportingDescriptor`.

    `helpUri` must be absolute, and the page stands wherever the contest's repository does, so it is left out and the
    whole text given instead.
    """
    level = weight(rule.severity, rule.confidence)
    parts = {title: " ".join(body.split()) for title, body in rule.sections().items()}
    markdown = "\n\n".join(f"**{title}.** {body}" for title, body in parts.items())
    return {
        "id": rule.code,
        "name": "".join(map(str.capitalize, rule.name.split("-"))),
        "shortDescription": {"text": rule.summary()},
        "fullDescription": {"text": parts["What is wrong"]},
        "help": {
            "text": "\n\n".join(f"{title}. {body}" for title, body in parts.items()) + f"\n\nPage: {rule.url()}",
            "markdown": f"{markdown}\n\nPage: `{rule.url()}`",
        },
        "defaultConfiguration": {"level": level},
        "properties": {
            "tags": [FAMILIES[rule.code[:3]].lower()],
            "precision": rule.confidence,
            "problem.severity": "recommendation" if level == "note" else level,
        },
    }


def _properties(report: Report) -> dict[str, object]:
    return {
        "verdict": report.verdict,
        "ruleset": report.ruleset,
        "dryRun": report.dry_run,
        "wandb": report.wandb,
        "base": None if report.base is None else one_line(report.base),
    }


def _invocation(report: Report) -> dict[str, object]:
    """Return how the call went. What `--strict` makes of an inconclusive verdict is not known here, and not said."""
    invocation: dict[str, object] = {"executionSuccessful": True, "exitCodeDescription": f"verdict {report.verdict}"}
    if report.verdict is not Verdict.INCONCLUSIVE:
        invocation["exitCode"] = 1 if report.verdict is Verdict.FAIL else 0
    told = [_notification(level, text) for level, text in _notifications(report)]
    return {**invocation, "toolExecutionNotifications": told} if told else invocation


def _notifications(report: Report) -> Iterator[tuple[Weight, str]]:
    if report.verdict is Verdict.INCONCLUSIVE:
        yield "warning", f"The verdict is inconclusive, which is neither a pass nor a fail. {next_step(report)}"
    total = report.totals.findings.total()
    if total > MAX_RESULTS:
        left = f"{total - MAX_RESULTS:,} of {total:,} findings are left out"
        yield "warning", f"{left}, the least grave: GitHub takes {MAX_RESULTS:,} results. --format json has all."


def _notification(level: Weight, text: str) -> dict[str, object]:
    return {"level": level, "message": {"text": text}}


def _results(report: Report) -> Iterator[dict[str, object]]:
    """Return the results. If too many, all that block come first, which takes a pass through the report each."""
    counts = weights(report)
    fits = sum(counts.values()) <= MAX_RESULTS
    passes: list[tuple[Weight, ...]] = [tuple(counts)] if fits else [(kind,) for kind in counts]
    every = (
        result for kinds in passes for submission in report.submissions for result in _results_of(submission, kinds)
    )
    return islice(every, MAX_RESULTS)


def _results_of(submission: SubmissionReport, kinds: tuple[Weight, ...]) -> Iterator[dict[str, object]]:
    seen: Counter[str] = Counter()
    for finding in submission.findings:
        digest = _digest(finding, submission)
        seen[digest] += 1
        kind = weight(finding.severity, finding.confidence)
        if kind in kinds:
            yield _result(finding, submission, kind, f"{digest}:{seen[digest]}")


def _result(finding: Finding, submission: SubmissionReport, level: Weight, fingerprint: str) -> dict[str, object]:
    physical: dict[str, object] = {"artifactLocation": {"uri": _uri(finding, submission), "uriBaseId": _ROOT}}
    if finding.place.line is not None:
        physical["region"] = {"startLine": finding.place.line}
    location: dict[str, object] = {"physicalLocation": physical}
    if finding.place.pointer:
        location["logicalLocations"] = [{"fullyQualifiedName": one_line(finding.place.pointer)}]
    index = {"ruleIndex": _INDEX[finding.code]} if finding.code in _INDEX else {}
    return {
        "ruleId": finding.code,
        **index,
        "level": level,
        "message": {"text": _plain(finding.message)},
        "locations": [location],
        # The one fingerprint that GitHub reads; else it would take one from the line's text.
        "partialFingerprints": {"primaryLocationLineHash": fingerprint},
        "properties": {"severity": finding.severity, "precision": finding.confidence, "hint": one_line(finding.hint)},
    }


def _digest(finding: Finding, submission: SubmissionReport) -> str:
    """Return what a finding is known by: its rule and its place, but not the line, which moves with any edit above."""
    known = "\0".join((finding.code, _uri(finding, submission), finding.place.pointer))
    return hashlib.sha256(known.encode("utf-8", "backslashreplace")).hexdigest()[:32]


def _uri(finding: Finding, submission: SubmissionReport) -> str:
    return quote(finding.place.path or submission.path, safe="/", errors="backslashreplace")


def _plain(text: str) -> str:
    """Return text in which a viewer finds none of the links `[text](target)` that a SARIF message may hold."""
    return one_line(text).replace("](", "] (")
