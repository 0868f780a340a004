"""`speedrun-ci new`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from speedrun_ci.cli import BadArgumentError
from speedrun_ci.new import (
    SUBMISSIONS,
    TEMPLATES,
    Details,
    NewError,
    check_name,
    checked,
    checked_url,
    create,
    find_submissions_directory,
)

if TYPE_CHECKING:
    from collections.abc import Callable

# What to add to the commands that run a template: its smallest run, on hardware that many have.
_ENVIRONMENT = {"hackable-transformer": "SR_USE_GPU=1 ", "hello-world": ""}
_ARGUMENTS = {"hackable-transformer": " --sizes 130m", "hello-world": ""}


@click.command()
@click.argument("name")
@click.option(
    "--template",
    type=click.Choice(list(TEMPLATES)),
    default="hackable-transformer",
    show_default=True,
    help="What to start from: a transformer in one file, or a run that a CPU does in a minute.",
)
@click.option("--author", metavar="NAME", help="Who makes the run.")
@click.option("--affiliation", metavar="TEXT", help="Where the author works or studies.")
@click.option("--url", metavar="URL", help="Where to read about the author. [default: none]")
@click.option("--description", metavar="TEXT", help="The run in one sentence.")
def new(
    name: str, template: str, author: str | None, affiliation: str | None, url: str | None, description: str | None
) -> None:
    """Start a submission from a template.

    Creates submissions/NAME/ with main.py and README.md in the repository around the working directory. On a terminal
    it asks for what is not given.

    \b
    Example:
      speedrun-ci new my_run --author "Ada Example" --affiliation "Example University" \\
        --url https://example.org --description "A deeper, narrower transformer."
    """
    try:
        submissions = find_submissions_directory(Path.cwd())
        check_name(name, submissions)
        details = Details(
            author=_required("--author", author, "Author"),
            affiliation=_required("--affiliation", affiliation, "Affiliation"),
            url=_optional_url("--url", url, "URL (empty for none)"),
            description=_required("--description", description, "Description, in one sentence"),
        )
        created = create(submissions, name, template, details)
    except NewError as error:
        raise BadArgumentError(str(error)) from error
    except OSError as error:
        reason = (error.strerror or "cannot be written").lower()
        raise BadArgumentError(f"{SUBMISSIONS}/{name}: {reason}") from error
    click.echo(_next_steps(created, name, template), nl=False)


def _required(option: str, value: str | None, question: str) -> str:
    if value is not None:
        return checked(option, value)
    if not _can_ask():
        raise NewError(f"{option}: expected some text, got none; there is no terminal to ask on, so pass it")
    answer: str = click.prompt(question, value_proc=_asked(lambda text: checked(question, text)))
    return answer


def _optional_url(option: str, value: str | None, question: str) -> str | None:
    if value is not None:
        return checked_url(option, value)
    if not _can_ask():
        return None
    ask = _asked(lambda text: checked_url(question, text) if text.strip() else "")
    answer: str = click.prompt(question, default="", show_default=False, value_proc=ask)
    return answer or None


def _can_ask() -> bool:
    return sys.stdin.isatty()


def _asked(check: Callable[[str], str]) -> Callable[[str], str]:
    """Return a check of an answer that lets click ask again."""

    def convert(text: str) -> str:
        try:
            return check(text)
        except NewError as error:
            raise click.UsageError(str(error)) from error

    return convert


def _next_steps(created: Path, name: str, template: str) -> str:
    root = os.path.relpath(created.parent.parent)
    run = f"{_ENVIRONMENT[template]}python -m submissions.{name}.main{_ARGUMENTS[template]}"
    change = [] if root == "." else ["Change to the repository's root, where the commands below work:", f"  cd {root}"]
    lines = [
        f"Created {os.path.relpath(created)} with main.py and README.md.",
        *change,
        "See what would be trained and what it costs; nothing is trained or written:",
        f"  {run} --dry_run true",
        "Train; the results are written to the submission's directory:",
        f"  {run} --prefix local_store --force_run_failed true",
        "Check what you are about to submit:",
        f"  speedrun-ci check submissions/{name}",
        "Commit the directory and open a pull request, with what the dry run printed in its description:",
        f"  git switch -c {name} && git add submissions/{name} && git commit -m 'Submit {name}'",
        "  gh pr create --web",
    ]
    return "\n".join(lines) + "\n"
