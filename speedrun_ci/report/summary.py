"""What several formats say in the same words: counts, levels, figures, and the one next step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from speedrun_ci.finding import Confidence, Severity, Status, Verdict
from speedrun_ci.numbers import number, pair

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from speedrun_ci.finding import FigureRow, Finding, Level, Report, RunReport

type Weight = Literal["error", "warning", "note"]
"""How other programs sort findings. They make errors block, so only what blocks here is an error there."""


def weight(severity: Severity, confidence: Confidence) -> Weight:
    """Return how a finding, or a rule, weighs in formats that know no confidence.

    Args:
        severity: How bad it is if it is right.
        confidence: How sure it is.
    """
    if severity is Severity.INFO:
        return "note"
    return "error" if severity is Severity.ERROR and confidence is Confidence.HIGH else "warning"


def gravity(finding: Finding) -> int:
    """Return a number by which findings sort, those that block first."""
    return -1 if finding.blocks else list(Severity).index(finding.severity)


def weights(report: Report) -> dict[Weight, int]:
    """Return how many findings of each weight there are."""
    found, blocking = report.totals.findings, report.totals.blocking.total()
    return {
        "error": blocking,
        "warning": found[Severity.ERROR] - blocking + found[Severity.WARNING],
        "note": found[Severity.INFO],
    }


def verdict_line(report: Report) -> str:
    """Return the verdict and the one next step, as the last line of a report for people."""
    return f"verdict: {report.verdict.upper()} {next_step(report)}"


def next_step(report: Report) -> str:
    """Return what to do next, as a sentence."""
    blocking = report.totals.blocking
    if blocking:
        errors = "error" if blocking.total() == 1 else f"{blocking.total():,} errors"
        return f"Mend the {errors} above; `speedrun-ci explain {next(iter(blocking))}` says more."
    if report.verdict is Verdict.INCONCLUSIVE:
        return "Something could not be checked; see the findings above."
    return "Nothing blocks this; commit it and open a pull request."


def counts(report: Report) -> str:
    """Return how many runs and submissions there are, by verdict."""
    totals = report.totals
    runs = ", ".join(f"{totals.runs[verdict]:,} {verdict}" for verdict in Verdict if totals.runs[verdict])
    return f"{plural(totals.runs.total(), 'run')} in {plural(len(report.submissions), 'submission')}: {runs or 'none'}"


def findings(report: Report) -> str:
    """Return how many findings there are, by severity."""
    found = report.totals.findings
    words = ", ".join(f"{found[severity]:,} {severity}" for severity in Severity if found[severity])
    return f"findings: {words or 'none'}"


def levels(reached: Iterable[Level]) -> str:
    """Return the levels that runs reached, each once."""
    return " and ".join(sorted(set(reached)))


def standing(run: RunReport) -> str:
    """Return where a run is ranked, or that it is not."""
    if not run.ranked_by:
        return "listed, not ranked"
    tracks = ", ".join(run.tracks) or "none"
    return f"ranked by {' and '.join(run.ranked_by)} on {'track' if len(run.tracks) == 1 else 'tracks'} {tracks}"


def values(figure: FigureRow) -> tuple[str, str]:
    """Return a figure as submitted and as recomputed, with enough digits to tell them apart where they differ."""
    if figure.status is Status.MISMATCH:
        recomputed, submitted = pair(figure.recomputed, figure.submitted)
        return submitted, recomputed
    submitted = "-" if figure.submitted is None else number(figure.submitted)
    return submitted, "-" if figure.recomputed is None else number(figure.recomputed)


def said(finding: Finding) -> tuple[str, str]:
    """Return a finding's message without its next step, and the next step; empty where it is not the message's end."""
    if finding.hint and finding.message.endswith(finding.hint):
        return finding.message.removesuffix(finding.hint).rstrip(), finding.hint
    return finding.message, ""


def located(report: Report) -> Iterator[tuple[str, Finding]]:
    """Yield every finding and the path it is about; of one that names none, its submission's."""
    for submission in report.submissions:
        for finding in submission.findings:
            yield finding.place.path or submission.path, finding


def plural(count: int, noun: str) -> str:
    """Return a number of things in words."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
