"""`speedrun-ci check`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from speedrun_ci.check import check_all
from speedrun_ci.cli import BadArgumentError
from speedrun_ci.finding import Verdict
from speedrun_ci.report.formats import FORMATS, render
from speedrun_ci.results import RESULTS_NAME
from speedrun_ci.submission import UnreadableError, find_submissions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from speedrun_ci.finding import Report
    from speedrun_ci.submission import Submission

MANY = 50
"""From so many submissions on, a terminal shows how far the check is."""


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(list(FORMATS)),
    help="Output format; may be given several times. [default: text]",
)
@click.option(
    "--output",
    "outputs",
    multiple=True,
    metavar="FILE",
    help="Write there instead of to the terminal; the first FILE takes the first format, and so on.",
)
@click.option("--results-only", is_flag=True, help="Judge the results files alone: want no script and no README.")
@click.option("--no-dry-run", is_flag=True, help="Execute nothing of the submission.")
@click.option(
    "--wandb",
    type=click.Choice(["auto", "require", "skip"]),
    default="auto",
    show_default=True,
    help="Compare with the W&B run: where it can be read, always, or never.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 if a verdict is inconclusive, too.")
def check(  # one argument per option
    paths: tuple[str, ...],
    formats: tuple[str, ...],
    outputs: tuple[str, ...],
    results_only: bool,
    no_dry_run: bool,
    wandb: Literal["auto", "require", "skip"],
    strict: bool,
) -> None:
    """Check submissions and say whether their numbers can be believed.

    PATH is a submission directory, a results file, or a directory of submissions.

    \b
    Example:
      speedrun-ci check submissions/hello_world
    \b
    Exit codes:
      0  every verdict is pass (or inconclusive, without --strict)
      1  some verdict is fail
      2  wrong usage
      3  the tool itself failed
    """
    formats = formats or ("text",)
    if len(outputs) > len(formats):
        raise BadArgumentError(f"{len(outputs)} --output for {len(formats)} --format; give one --format for each.")
    try:
        submissions = [item for path in paths for item in find_submissions(path, results_only=results_only)]
    except UnreadableError as error:
        raise BadArgumentError(str(error)) from error
    if not any(submission.results for submission in submissions):
        named = ", ".join(paths)
        raise BadArgumentError(f"{named}: no {RESULTS_NAME} found; train first, or name another directory.")
    report = check_all(_with_progress(submissions), now=datetime.now(UTC), dry_run=not no_dry_run, wandb=wandb)
    for index, name in enumerate(formats):
        output = outputs[index] if index < len(outputs) else None
        _write(render(name, report, terminal=output is None and sys.stdout.isatty()), output)
    sys.exit(exit_code(report, strict=strict))


def exit_code(report: Report, *, strict: bool) -> int:
    """Return the exit code of a report: 1 if it fails, or is inconclusive under `--strict`, else 0."""
    failed = report.verdict is Verdict.FAIL or (strict and report.verdict is Verdict.INCONCLUSIVE)
    return 1 if failed else 0


def _with_progress(submissions: list[Submission]) -> Iterable[Submission]:
    if len(submissions) < MANY or not sys.stderr.isatty():
        return submissions
    from rich.console import Console
    from rich.progress import track

    return track(submissions, description="checking", console=Console(stderr=True), transient=True)


def _write(text: str, output: str | None) -> None:
    if output is None:
        click.echo(text, nl=False)
        return
    from tempfile import NamedTemporaryFile  # costs 10 ms, which a report to the terminal need not pay

    target = Path(output)
    try:
        # Written beside its place and renamed, so that nobody ever reads half a report.
        with NamedTemporaryFile("w", dir=target.parent, delete=False, encoding="utf-8") as file:
            file.write(text)
        Path(file.name).replace(target)
    except OSError as error:
        raise BadArgumentError(f"--output {output}: {(error.strerror or 'cannot be written').lower()}") from error
