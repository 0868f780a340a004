"""`speedrun-ci check`."""

from __future__ import annotations

import os
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from speedrun_ci.check import Conditions, check_all
from speedrun_ci.cli import BadArgumentError
from speedrun_ci.evidence.base_tree import BaseError, read_base
from speedrun_ci.finding import Excluded, Verdict
from speedrun_ci.report.formats import FORMATS, render
from speedrun_ci.results import RESULTS_NAME
from speedrun_ci.rules.registry import SUPPRESSIBLE
from speedrun_ci.settings import SETTINGS_NAME, load_settings, parse_settings
from speedrun_ci.submission import UnreadableError, find_submissions
from speedrun_ci.toml_table import TableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from speedrun_ci.check import Packed
    from speedrun_ci.finding import Report
    from speedrun_ci.settings import Settings
    from speedrun_ci.submission import Submission

MANY = 100
"""From so many submissions on, several processes check them, and a terminal shows how far they are."""


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
@click.option(
    "--base",
    metavar="REV",
    help="Compare with what the repository held at REV: what was added since may be no copy, and speedrun.toml is "
    "read from there.",
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, 64),
    metavar="N",
    help=f"Check with N processes. [default: one a core from {MANY} submissions on]",
)
@click.option("--strict", is_flag=True, help="Exit with 1 if a verdict is inconclusive, too.")
def check(  # one argument per option
    paths: tuple[str, ...],
    formats: tuple[str, ...],
    outputs: tuple[str, ...],
    results_only: bool,
    no_dry_run: bool,
    wandb: Literal["auto", "require", "skip"],
    base: str | None,
    jobs: int | None,
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
    if len(set(outputs)) < len(outputs):
        raise BadArgumentError("--output names the same FILE twice; give each format a file of its own.")
    try:
        found = tuple(item for path in paths for item in find_submissions(path, results_only=results_only))
        held = read_base(_directory(paths[0]), base) if base is not None else None
        if held is not None:
            settings = parse_settings(held.settings or "", held.root, SUPPRESSIBLE)
        else:
            settings = load_settings(Path.cwd(), SUPPRESSIBLE)
    except (UnreadableError, BaseError, TableError) as error:
        raise BadArgumentError(str(error)) from error
    submissions, excluded = _without_excluded(_distinct(found), paths, settings)
    if not any(submission.results for submission in submissions):
        named = ", ".join(paths)
        passed = f" outside of what {SETTINGS_NAME} excludes" if excluded else ""
        raise BadArgumentError(f"{named}: no {RESULTS_NAME} found{passed}; train first, or name another directory.")
    conditions = Conditions(datetime.now(UTC), settings, held, dry_run=not no_dry_run, wandb=wandb)
    report = check_all(
        submissions,
        conditions,
        jobs=jobs or (len(os.sched_getaffinity(0)) if len(submissions) >= MANY else 1),
        excluded=excluded,
        progress=_progress(len(submissions)),
    )
    for index, name in enumerate(formats):
        output = outputs[index] if index < len(outputs) else None
        _write(render(name, report, terminal=output is None and sys.stdout.isatty()), output)
    sys.exit(exit_code(report, strict=strict))


def exit_code(report: Report, *, strict: bool) -> int:
    """Return the exit code of a report: 1 if it fails, or is inconclusive under `--strict`, else 0."""
    failed = report.verdict is Verdict.FAIL or (strict and report.verdict is Verdict.INCONCLUSIVE)
    return 1 if failed else 0


def _directory(path: str) -> Path:
    return Path(path) if Path(path).is_dir() else Path(path).parent


def _distinct(submissions: tuple[Submission, ...]) -> tuple[Submission, ...]:
    """Return every submission once, however often and by whatever path it was named."""
    return tuple({submission.root.resolve(): submission for submission in submissions}.values())


def _without_excluded(
    submissions: tuple[Submission, ...], named: tuple[str, ...], settings: Settings
) -> tuple[tuple[Submission, ...], tuple[Excluded, ...]]:
    """Part submissions from what speedrun.toml excludes; what the user named is checked in any case."""
    reasons = {item.path: item.reason for item in settings.exclusions}
    roots = {Path(path).resolve() for path in named}
    kept: list[Submission] = []
    excluded: list[Excluded] = []
    for submission in submissions:
        reason = reasons.get(settings.relative(submission.root) or "") if reasons else None
        if reason is None or submission.root.resolve() in roots:
            kept.append(submission)
        else:
            excluded.append(Excluded(submission.path, reason))
    return tuple(kept), tuple(excluded)


def _progress(count: int) -> Callable[[Iterable[Packed]], Iterable[Packed]]:
    if count < MANY or not sys.stderr.isatty():
        return iter
    from rich.console import Console
    from rich.progress import track

    def shown(done: Iterable[Packed]) -> Iterable[Packed]:
        return track(done, description="checking", total=count, console=Console(stderr=True), transient=True)

    return shown


def _write(chunks: Iterator[str], output: str | None) -> None:
    if output is None:
        for chunk in chunks:
            click.echo(chunk, nl=False)
        return
    import tempfile  # costs 10 ms, which a report to the terminal need not pay

    target = Path(output)
    written: Path | None = None
    try:
        if target.exists() and not stat.S_ISREG(target.lstat().st_mode):
            # A pipe or a device, such as /dev/stdout, stays what it is.
            with target.open("w", encoding="utf-8") as stream:
                stream.writelines(chunks)
            return
        # Written beside its place and renamed, so that nobody ever reads half a report.
        with tempfile.NamedTemporaryFile("w", dir=target.parent, delete=False, encoding="utf-8") as file:
            written = Path(file.name)
            file.writelines(chunks)
        written.chmod(0o666 & ~_umask())  # temporary files are private; a report is not
        written.replace(target)
    except OSError as error:
        raise BadArgumentError(f"--output {output}: {(error.strerror or 'cannot be written').lower()}") from error
    finally:
        if written is not None:
            written.unlink(missing_ok=True)  # it is there only if something went wrong


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
