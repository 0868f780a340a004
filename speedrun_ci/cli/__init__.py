"""The command `speedrun-ci`. Each command's module is imported only when the command runs."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import click

from speedrun_ci import __version__

INTERNAL_ERROR = 3

COMMANDS = {
    "check": "Check submissions and say whether their numbers can be believed.",
    "rules": "List every rule.",
    "explain": "Explain one rule: what is wrong, why it matters, how to fix it.",
    "schema": "Print the JSON Schema of a file format.",
    "new": "Start a submission from a template.",
}
"""The commands, in the order of `--help`, with the line that stands there. Module and function have the same name."""


class BadArgumentError(click.ClickException):
    """An argument is well formed but names nothing that can be used: one line, exit code 2."""

    exit_code = 2


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are called, so that `--help` costs nothing."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command; a failure of the tool itself is one line and exit code 3, never a traceback."""
        try:
            return super().main(*args, **extra)
        except Exception as error:
            if not extra.get("standalone_mode", True) or "SPEEDRUN_CI_TRACEBACK" in os.environ:
                raise
            click.echo(
                f"Error: speedrun-ci itself failed: {type(error).__name__}: {error}. Please report this; "
                "set SPEEDRUN_CI_TRACEBACK=1 to see where.",
                err=True,
            )
            sys.exit(INTERNAL_ERROR)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(f"speedrun_ci.cli.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)  # noqa: S101 - each module defines the command of its name
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="speedrun-ci")
def main() -> None:
    """Check the numbers of a language-model training speedrun.

    \b
    Example:
      speedrun-ci check submissions/hello_world
    """
