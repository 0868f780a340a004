"""`speedrun-ci schema`."""

from __future__ import annotations

import json

import click

from speedrun_ci.cli import BadArgumentError
from speedrun_ci.schema import SCHEMAS


@click.command()
@click.argument("name", required=False)
def schema(name: str | None) -> None:
    """Print the JSON Schema NAME, or list the names.

    \b
    Example:
      speedrun-ci schema speedrun_results
    """
    if name is None:
        for known, make in SCHEMAS.items():
            click.echo(f"{known:<18} {make()['description']}")
        return
    if name not in SCHEMAS:
        raise BadArgumentError(f"{name!r} is no schema; expected one of {', '.join(SCHEMAS)}.")
    click.echo(json.dumps(SCHEMAS[name](), indent=2))
