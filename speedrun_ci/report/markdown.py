"""Markdown for a comment on a pull request, or for a step's summary.

GitHub takes 65,536 characters in a comment and 1 MiB in a summary. The whole stays below 60,000 characters, which
leaves room for what the bot writes around it, and says what was cut.
"""

from __future__ import annotations

from collections import Counter
from heapq import nsmallest
from typing import TYPE_CHECKING

from speedrun_ci.finding import Level, Status, Verdict
from speedrun_ci.report.summary import counts, findings, gravity, located, next_step, said, standing, values
from speedrun_ci.report.untrusted import code_span, table_code

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from speedrun_ci.finding import FigureRow, Finding, Report, RunReport

MAX_CHARACTERS = 60_000
"""Of the whole."""

MAX_FINDINGS = 50
"""Findings that are listed; nobody reads more."""

MAX_RUNS = 20
"""Tables of figures that are shown."""

FEW = 5
"""Up to so many runs, those that pass have their table too."""

_FIRST = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)
"""The order of the tables."""

_FOR_FINDINGS = 30_000
"""Characters that the findings may take; the tables have the rest."""

_FOR_THE_REST = 5_000
"""Characters kept for the head, the headings, the notes of what was cut and the next step."""

_CELL = 200
"""Characters of one cell of a table; the longest source of a figure has some 100."""

_EXCLUDED = 5
"""Directories passed over that are named."""


def render(report: Report, terminal: bool) -> Iterator[str]:  # noqa: ARG001 - Markdown looks the same everywhere
    """Yield the report: verdict and levels, figures, findings, and the one next step.

    Whatever comes from a stranger stands in a code span.
    """
    yield f"## {report.verdict.upper()}: {_levels(report)}\n\n"
    yield f"{counts(report)}; {findings(report)}\n"
    listed = _fitting(_findings(report), _FOR_FINDINGS)
    tables = _fitting(_runs(report), MAX_CHARACTERS - _FOR_THE_REST - sum(map(len, listed)))
    yield from tables
    yield from _left_out(_count_of_tables(report) - len(tables), "table of figures", "tables of figures")
    if listed:
        yield "\n### Findings\n\n"
        yield from listed
    yield from _left_out(report.totals.findings.total() - len(listed), "finding", "findings")
    yield f"\n**Next:** {next_step(report)}\n"
    yield f"\n{_conditions(report)}\n"


def _levels(report: Report) -> str:
    reached = Counter(run.level for submission in report.submissions for run in submission.runs)
    if not reached:
        return "no run could be read"
    if len(reached) == 1:
        return f"level {next(iter(reached))}"
    return f"levels {', '.join(f'{level} ({reached[level]:,})' for level in Level if reached[level])}"


def _fitting(pieces: Iterable[str], room: int) -> list[str]:
    """Return as many pieces, from the first on, as there is room for."""
    kept = []
    for piece in pieces:
        room -= len(piece)
        if room < 0:
            break
        kept.append(piece)
    return kept


def _left_out(count: int, one: str, several: str) -> Iterator[str]:
    if count > 0:
        yield f"\n*{count:,} {one if count == 1 else several} more, left out here; `--format text` has all.*\n"


def _runs(report: Report) -> Iterator[str]:
    """Yield a table for each run that is to be shown, failing ones first; all but the first are folded."""
    every = (run for submission in report.submissions for run in submission.runs if _has_table(run.verdict, report))
    for index, run in enumerate(nsmallest(MAX_RUNS, every, key=lambda run: _FIRST.index(run.verdict))):
        yield _run(run, folded=index > 0)


def _has_table(verdict: Verdict, report: Report) -> bool:
    return verdict is not Verdict.PASS or report.totals.runs.total() <= FEW


def _count_of_tables(report: Report) -> int:
    return sum(count for verdict, count in report.totals.runs.items() if _has_table(verdict, report))


def _run(run: RunReport, *, folded: bool) -> str:
    where = code_span(f"{run.path}{run.pointer and '#'}{run.pointer}", _CELL * 2)
    evidence = f" ({', '.join(run.evidence)})" if run.evidence else ""
    head = f"\n**{run.verdict.upper()}** {where}: level {run.level}{evidence}, {standing(run)}\n"
    if not run.figures:
        return head
    table = "".join(_table(run.figures))
    if not folded:
        return f"{head}\n{table}"
    # HTML of our own; the blank lines around the table make it Markdown again.
    return f"{head}\n<details><summary>Figures: {_statuses(run)}</summary>\n\n{table}\n</details>\n"


def _statuses(run: RunReport) -> str:
    found = Counter(figure.status for figure in run.figures)
    return ", ".join(f"{found[status]} {status}" for status in Status if found[status])


def _table(figures: tuple[FigureRow, ...]) -> Iterator[str]:
    yield "| figure | submitted | recomputed | status | source |\n|---|--:|--:|---|---|\n"
    absent = []
    for figure in figures:
        if figure.submitted is None and figure.recomputed is None:
            absent.append(figure.name)
            continue
        submitted, recomputed = (text if text == "-" else table_code(text, _CELL) for text in values(figure))
        status = f"**{figure.status}**" if figure.status is Status.MISMATCH else figure.status
        source = table_code(figure.source, _CELL) if figure.source else ""
        yield f"| {table_code(figure.name, _CELL)} | {submitted} | {recomputed} | {status} | {source} |\n"
    if absent:
        yield f"\nNot in the file, and nothing to compute it from: {', '.join(code_span(name) for name in absent)}\n"


def _findings(report: Report) -> Iterator[str]:
    """Yield the gravest findings, in order; no more are kept than are shown."""
    for path, finding in nsmallest(MAX_FINDINGS, located(report), key=lambda item: gravity(item[1])):
        yield _finding(path, finding)


def _finding(path: str, finding: Finding) -> str:
    line = f":{finding.place.line}" if finding.place.line is not None else ""
    where = code_span(f"{path}{line}", _CELL * 2)
    message, hint = said(finding)
    step = f"  \n  Next: {code_span(hint)}" if hint else ""
    blocks = ", blocks" if finding.blocks else ""
    head = f"- **{finding.code}** {finding.name} ({finding.severity}{blocks}) in {where}"
    return f"{head}  \n  {code_span(message)}{step}\n"


def _conditions(report: Report) -> str:
    """Return under which conditions the verdict was given, as the last and least line."""
    base = f"base {code_span(report.base, _CELL)}; " if report.base is not None else ""
    line = f"{base}dry run: {report.dry_run}; W&amp;B: {report.wandb}; ruleset {report.ruleset}"
    if not report.excluded:
        return line
    named = ", ".join(code_span(item.path, _CELL) for item in report.excluded[:_EXCLUDED])
    more = f" and {len(report.excluded) - _EXCLUDED:,} more" if len(report.excluded) > _EXCLUDED else ""
    return f"{line}; excluded by speedrun.toml: {named}{more}"
