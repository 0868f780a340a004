"""`speedrun-ci explain`."""

from __future__ import annotations

import json

import click

from speedrun_ci.cli import BadArgumentError
from speedrun_ci.rules.page import as_data, explanation
from speedrun_ci.rules.registry import find_rule


@click.command()
@click.argument("rule")
@click.option("--json", "as_json", is_flag=True, help="Print the rule as one JSON object.")
def explain(rule: str, as_json: bool) -> None:
    """Explain one rule, named by its code or its readable name.

    \b
    Example:
      speedrun-ci explain SR303
    """
    found = find_rule(rule)
    if found is None:
        raise BadArgumentError(f"{rule!r} is no rule; expected a code or a name, as `speedrun-ci rules` lists them.")
    click.echo(json.dumps(as_data(found), indent=2) + "\n" if as_json else explanation(found), nl=False)
