"""The JSON document of `check --format json`. Its form is frozen; its schema is `schemas/check.schema.json`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, TypedDict

from speedrun_ci import __version__
from speedrun_ci.finding import (  # noqa: TC001 - pydantic evaluates the annotations to make the schema
    Confidence,
    Level,
    Severity,
    Status,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from speedrun_ci.finding import FigureRow, Finding, Report, RunReport, SubmissionReport


class ToolData(TypedDict):
    """Who gave the verdict, and under which rules."""

    name: Literal["speedrun-ci"]
    version: str
    ruleset: str


class FigureData(TypedDict):
    """One figure, submitted and recomputed."""

    name: str
    submitted: float | str | None
    recomputed: float | str | None
    source: str
    status: Status


class RunData(TypedDict):
    """One run; `pointer` leads to its `run_info` in the file `path`."""

    path: str
    pointer: str
    verdict: Verdict
    level: Level
    evidence: list[str]
    figures: list[FigureData]
    tracks: list[str]
    ranked_by: list[str]


class FindingData(TypedDict):
    """One violation of a rule at one place."""

    code: str
    name: str
    severity: Severity
    confidence: Confidence
    path: str
    pointer: str
    line: int | None
    message: str
    expected: str
    submitted: str
    hint: str
    url: str


class SubmissionData(TypedDict):
    """One submission."""

    path: str
    verdict: Verdict
    runs: list[RunData]
    findings: list[FindingData]


class ExcludedData(TypedDict):
    """A directory that was passed over, because speedrun.toml says it holds no submission."""

    path: str
    reason: str


class CheckData(TypedDict):
    """Everything one call of `speedrun-ci check` found out."""

    schema_version: Literal[1]
    tool: ToolData
    verdict: Verdict
    submissions: list[SubmissionData]
    sandbox: str | None
    dry_run: str
    wandb: str
    base: str | None
    excluded: list[ExcludedData]


def render(report: Report, terminal: bool) -> Iterator[str]:  # noqa: ARG001 - JSON looks the same everywhere
    """Yield the document, one submission a line."""
    head: dict[str, object] = {
        "schema_version": 1,
        "tool": {"name": "speedrun-ci", "version": __version__, "ruleset": report.ruleset},
        "verdict": report.verdict,
    }
    tail: dict[str, object] = {
        "sandbox": None,
        "dry_run": report.dry_run,
        "wandb": report.wandb,
        "base": report.base,
        "excluded": [{"path": item.path, "reason": item.reason} for item in report.excluded],
    }
    yield "{\n"
    yield from (f'  "{key}": {_line(value)},\n' for key, value in head.items())
    yield '  "submissions": ['
    separator = "\n    "
    for submission in report.submissions:
        yield separator + _line(_submission(submission))
        separator = ",\n    "
    yield "\n  ]"
    yield from (f',\n  "{key}": {_line(value)}' for key, value in tail.items())
    yield "\n}\n"


def _line(value: object) -> str:
    # In a step's log, `##[name]` anywhere in a line is a workflow command; outside of strings JSON has no such thing.
    return json.dumps(value, allow_nan=False).replace("##[", "#\\u0023[")


def _submission(submission: SubmissionReport) -> SubmissionData:
    return {
        "path": submission.path,
        "verdict": submission.verdict,
        "runs": [_run(run) for run in submission.runs],
        "findings": [_finding(finding) for finding in submission.findings],
    }


def _run(run: RunReport) -> RunData:
    return {
        "path": run.path,
        "pointer": run.pointer,
        "verdict": run.verdict,
        "level": run.level,
        "evidence": list(run.evidence),
        "figures": [_figure(figure) for figure in run.figures],
        "tracks": list(run.tracks),
        "ranked_by": list(run.ranked_by),
    }


def _figure(figure: FigureRow) -> FigureData:
    return {
        "name": figure.name,
        "submitted": figure.submitted,
        "recomputed": figure.recomputed,
        "source": figure.source,
        "status": figure.status,
    }


def _finding(finding: Finding) -> FindingData:
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity,
        "confidence": finding.confidence,
        "path": finding.place.path,
        "pointer": finding.place.pointer,
        "line": finding.place.line,
        "message": f"{finding.code} {finding.message}",
        "expected": finding.expected,
        "submitted": finding.submitted,
        "hint": finding.hint,
        "url": finding.url,
    }
