"""The report for people: figures, findings, and one line that says what to do next."""

from __future__ import annotations

import io
import shutil
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from speedrun_ci.finding import Severity, Status, Verdict
from speedrun_ci.report.summary import counts, findings, levels, next_step, plural, standing, values
from speedrun_ci.report.untrusted import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from speedrun_ci.finding import Finding, Report, RunReport, SubmissionReport

_VERDICT_STYLE = {Verdict.PASS: "bold green", Verdict.FAIL: "bold red", Verdict.INCONCLUSIVE: "bold yellow"}
_SEVERITY_STYLE = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_STATUS_STYLE = {Status.MATCH: "green", Status.MISMATCH: "red", Status.MISSING: "dim", Status.NOT_RECOMPUTABLE: "dim"}
MANY = 20
"""More submissions than that nobody reads in full."""

_WIDE = 10_000
"""Away from a terminal no line is broken."""


def render(report: Report, terminal: bool) -> Iterator[str]:
    """Yield the report as lines of text; for a terminal, with colors and tables as wide as it is.

    Of many submissions, those that pass, and others beyond the first, take one line and one for each error or warning.
    """
    out = io.StringIO()
    console = Console(
        file=out,
        width=shutil.get_terminal_size().columns if terminal else _WIDE,
        force_terminal=terminal,
        color_system="standard" if terminal else None,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
    )
    in_full = 0
    for submission in report.submissions:
        if len(report.submissions) > MANY and (submission.verdict is Verdict.PASS or in_full == MANY):
            _in_short(console, submission)
        else:
            _submission(console, submission)
            in_full += 1
        yield _taken(out)
    _summary(console, report)
    yield _taken(out)


def _taken(out: io.StringIO) -> str:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return "\n".join(line.rstrip() for line in text.split("\n"))


def _in_short(console: Console, submission: SubmissionReport) -> None:
    reached = levels(run.level for run in submission.runs)
    words = Text(f"{one_line(submission.path)}: {plural(len(submission.runs), 'run')}, level {reached}")
    console.print(_verdict(submission.verdict), words, soft_wrap=True)
    for finding in submission.findings:
        if finding.severity is not Severity.INFO:
            _finding(console, finding)


def _submission(console: Console, submission: SubmissionReport) -> None:
    console.print(_verdict(submission.verdict), Text(one_line(submission.path), style="bold"), soft_wrap=True)
    for run in submission.runs:
        _run(console, run)
    for finding in sorted(submission.findings, key=lambda finding: list(Severity).index(finding.severity)):
        _finding(console, finding)
    console.print()


def _run(console: Console, run: RunReport) -> None:
    evidence = f" ({', '.join(run.evidence)})" if run.evidence else ""
    console.print(
        Text("  run "),
        Text(f"{one_line(run.path)}{one_line(run.pointer) and '#'}{one_line(run.pointer)}"),
        Text(": level "),
        Text(f"{run.level}{evidence}", style="bold"),
        Text(f", {standing(run)}"),
        sep="",
        soft_wrap=True,
    )
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False, show_edge=False)
    table.add_column("    figure", no_wrap=True)
    table.add_column("submitted", justify="right", no_wrap=True)
    table.add_column("recomputed", justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("source")  # the one that gives way on a narrow terminal
    absent = [figure for figure in run.figures if figure.submitted is None and figure.recomputed is None]
    for figure in (figure for figure in run.figures if figure not in absent):
        submitted, recomputed = map(one_line, values(figure))
        status = Text(figure.status, style=_STATUS_STYLE[figure.status])
        source = Text(one_line(figure.source))
        table.add_row(Text(f"    {one_line(figure.name)}"), Text(submitted), Text(recomputed), status, source)
    console.print(table)
    if absent:
        names = ", ".join(one_line(figure.name) for figure in absent)
        console.print(
            Text(f"    not in the file, and nothing to compute it from: {names}", style="dim"), soft_wrap=True
        )


def _finding(console: Console, finding: Finding) -> None:
    line = f":{finding.place.line}" if finding.place.line is not None else ""
    console.print(
        Text(f"  {finding.severity} ", style=_SEVERITY_STYLE[finding.severity]),
        Text(f"{one_line(finding.place.path)}{line}: "),
        Text(f"{finding.code} ", style="bold"),
        Text(one_line(finding.message)),
        sep="",
        soft_wrap=True,
    )


def _summary(console: Console, report: Report) -> None:
    console.print(counts(report), soft_wrap=True)
    console.print(findings(report))
    for item in report.excluded:
        console.print(f"excluded: {one_line(item.path)}: {one_line(item.reason)}", soft_wrap=True)
    base = "none, so not compared with earlier submissions" if report.base is None else one_line(report.base)
    console.print(
        f"base: {base}; dry run: {report.dry_run}; W&B: {report.wandb}; ruleset {report.ruleset}", soft_wrap=True
    )
    console.print(Text("verdict: "), _verdict(report.verdict), Text(f" {next_step(report)}"), sep="", soft_wrap=True)


def _verdict(verdict: Verdict) -> Text:
    return Text(verdict.upper(), style=_VERDICT_STYLE[verdict])
