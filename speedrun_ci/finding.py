"""What a check says: findings, verdicts and levels."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


class Severity(StrEnum):
    """How bad a finding is if it is right."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Confidence(StrEnum):
    """How sure the rule is that it is right. Only high-confidence errors block."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Verdict(StrEnum):
    """What is said of a run, a submission, or everything that was checked."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Level(StrEnum):
    """How far a run's numbers were confirmed, lowest first."""

    DECLARED = "declared"
    CONSISTENT = "consistent"
    EXECUTED = "executed"
    CORROBORATED = "corroborated"


class Status(StrEnum):
    """How a submitted figure compares with the one trusted code computed."""

    MATCH = "match"
    MISMATCH = "mismatch"
    MISSING = "missing"
    NOT_RECOMPUTABLE = "not-recomputable"


type Figure = float | int | str | None
"""A value as it stands in a results file, or as recomputed."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a submission something stands.

    Attributes:
        path: File or directory, relative to where the user stands.
        pointer: RFC 6901 JSON pointer inside the file; empty for the file as a whole.
        line: One-based line of the pointer's target, or None for a directory.
    """

    path: str
    pointer: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One violation of a rule at one place.

    Attributes:
        code: The rule's stable code, such as `SR303`.
        name: The rule's readable name.
        severity: How bad it is.
        confidence: How sure the rule is.
        place: Where it stands.
        message: What, where, expected, submitted, next step, in one line.
        expected: What should stand there, for people.
        submitted: What stands there, for people.
        hint: The next step.
        url: The rule's documentation, relative to the repository's root.
    """

    code: str
    name: str
    severity: Severity
    confidence: Confidence
    place: Place
    message: str
    expected: str
    submitted: str
    hint: str
    url: str

    @property
    def blocks(self) -> bool:
        """Whether this finding alone makes the verdict fail."""
        return self.severity is Severity.ERROR and self.confidence is Confidence.HIGH


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One figure of a run as the reports show it.

    Attributes:
        name: The key in the results file; `train_config.` or the like before it for a nested one.
        submitted: What the file says, or None where it says nothing.
        recomputed: What trusted code gets, or None where it cannot be computed.
        source: What it was recomputed from.
        status: How the two compare.
    """

    name: str
    submitted: Figure
    recomputed: Figure
    source: str
    status: Status


@dataclass(frozen=True, slots=True)
class RunReport:
    """What was found out about one run.

    Attributes:
        path: The results file, relative to where the user stands.
        pointer: JSON pointer of the run's `run_info` object in it.
        verdict: The run's own verdict.
        level: How far its numbers were confirmed.
        evidence: The kinds of evidence that agreed, such as `identities`.
        figures: Every figure, submitted and recomputed.
        tracks: The tracks it belongs to, by id.
        ranked_by: The axes of compute on which it is ranked there; empty for a run that is only listed.
    """

    path: str
    pointer: str
    verdict: Verdict
    level: Level
    evidence: tuple[str, ...]
    figures: tuple[FigureRow, ...]
    tracks: tuple[str, ...] = ()
    ranked_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SubmissionReport:
    """What was found out about one submission."""

    path: str
    verdict: Verdict
    runs: tuple[RunReport, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Totals:
    """How many there are of what.

    Attributes:
        submissions: Submissions by verdict.
        runs: Runs by verdict.
        findings: Findings by severity.
        blocking: Blocking findings by code, in the order in which they were found.
    """

    submissions: Counter[Verdict]
    runs: Counter[Verdict]
    findings: Counter[Severity]
    blocking: Counter[str]

    @classmethod
    def of(cls, report: SubmissionReport) -> Totals:
        """Count one submission."""
        return cls(
            submissions=Counter([report.verdict]),
            runs=Counter(run.verdict for run in report.runs),
            findings=Counter(finding.severity for finding in report.findings),
            blocking=Counter(finding.code for finding in report.findings if finding.blocks),
        )

    @classmethod
    def none(cls) -> Totals:
        """Count nothing."""
        return cls(Counter(), Counter(), Counter(), Counter())

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            self.submissions + other.submissions,
            self.runs + other.runs,
            self.findings + other.findings,
            self.blocking + other.blocking,
        )

    def __sub__(self, other: Totals) -> Totals:
        return Totals(
            self.submissions - other.submissions,
            self.runs - other.runs,
            self.findings - other.findings,
            self.blocking - other.blocking,
        )

    @property
    def verdict(self) -> Verdict:
        """Fail if any submission fails, else inconclusive if any is, else pass."""
        return combine(self.submissions)


@dataclass(frozen=True, slots=True)
class Excluded:
    """A directory that speedrun.toml says holds no submission, so that it was not checked."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything one call of `check` found out.

    Attributes:
        submissions: One report each, in the order they were found; can be gone through several times.
        totals: How many there are of what.
        ruleset: The rules and tolerances the verdicts were given under.
        dry_run: What became of the submissions' dry runs: `not available` or `skipped`.
        wandb: What became of the W&B runs: `not available` or `skipped`.
        base: The revision that additions were compared with, or None.
        excluded: What was passed over.
    """

    submissions: Collection[SubmissionReport]
    totals: Totals
    ruleset: str
    dry_run: str
    wandb: str
    base: str | None = None
    excluded: tuple[Excluded, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Fail if any submission fails, else inconclusive if any is, else pass."""
        return self.totals.verdict


def combine(verdicts: Iterable[Verdict]) -> Verdict:
    """Return fail if any verdict is fail, else inconclusive if any is, else pass."""
    seen = set(verdicts)
    for verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE):
        if verdict in seen:
            return verdict
    return Verdict.PASS
