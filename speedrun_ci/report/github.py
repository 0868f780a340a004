"""Annotations on a pull request, as workflow commands that GitHub's runner reads from a step's output.

The forms and escapes are those of GitHub's page "Workflow commands for GitHub Actions" and of the runner's own
`ActionCommand`. It keeps ten annotations of each kind a step, so the gravest come first and the rest are counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from speedrun_ci.finding import Verdict
from speedrun_ci.report.summary import counts, findings, gravity, located, plural, verdict_line, weight, weights
from speedrun_ci.report.untrusted import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from speedrun_ci.finding import Finding, Report
    from speedrun_ci.report.summary import Weight

PER_KIND = 10
"""Annotations of one kind that GitHub keeps of one step."""

_COMMANDS: dict[Weight, str] = {"error": "error", "warning": "warning", "note": "notice"}

_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _DATA | str.maketrans({":": "%3A", ",": "%2C"})


def render(report: Report, terminal: bool) -> Iterator[str]:  # noqa: ARG001 - the runner is no terminal
    """Yield one annotation a line, then in plain text what was cut, the counts and the verdict.

    There is an `::error` exactly if the verdict is fail: an error that does not block is a warning here.
    """
    first = tuple(_inconclusive(report))
    kept = _gravest(report, {"error": PER_KIND, "warning": PER_KIND - len(first), "note": PER_KIND})
    yield from first
    for found in kept.values():
        yield from (_annotation(path, finding) for path, finding in found)
    cut = [
        plural(count - len(kept[kind]), _COMMANDS[kind])
        for kind, count in weights(report).items()
        if count > len(kept[kind])
    ]
    if cut:
        yield f"Not annotated, since GitHub shows {PER_KIND} of each kind: {', '.join(cut)}. --format text has all.\n"
    yield f"{counts(report)}\n{findings(report)}\n{verdict_line(report)}\n"


def command(name: str, message: str, **properties: str) -> str:
    """Return a workflow command as one line that cannot be read as two, whatever its parts say.

    Args:
        name: `error`, `warning` or `notice`.
        message: What the annotation says.
        **properties: Such as `file`, `line` and `title`.
    """
    given = ",".join(f"{key}={one_line(value).translate(_PROPERTY)}" for key, value in properties.items())
    return f"::{name} {given}::{one_line(message).translate(_DATA)}\n"


def _inconclusive(report: Report) -> Iterator[str]:
    count = report.totals.submissions[Verdict.INCONCLUSIVE]
    if count:
        shown = f"{count:,} of {plural(len(report.submissions), 'submission')}"
        message = f"{shown} could not be checked in full, which is neither a pass nor a fail."
        yield command("warning", message, title="The verdict is inconclusive")


def _gravest(report: Report, limits: dict[Weight, int]) -> dict[Weight, list[tuple[str, Finding]]]:
    """Return the findings to show, by weight, the gravest first and otherwise in order; no more are kept than that."""
    kept: dict[Weight, list[tuple[str, Finding]]] = {kind: [] for kind in limits}
    for path, finding in located(report):
        kind = weight(finding.severity, finding.confidence)
        kept[kind].append((path, finding))
        kept[kind].sort(key=lambda item: gravity(item[1]))
        del kept[kind][limits[kind] :]
    return kept


def _annotation(path: str, finding: Finding) -> str:
    where = {"file": path}
    if finding.place.line is not None:
        where["line"] = str(finding.place.line)
    kind = _COMMANDS[weight(finding.severity, finding.confidence)]
    title = f"{finding.code} {finding.name}"
    return command(kind, f"{finding.code} {finding.message}", **where, title=title)
