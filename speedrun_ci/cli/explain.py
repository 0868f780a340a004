"""`speedrun-ci explain`."""

from __future__ import annotations

import click

from speedrun_ci.cli import BadArgumentError
from speedrun_ci.rules.page import explanation
from speedrun_ci.rules.registry import RULES, find_rule


@click.command()
@click.argument("rule")
def explain(rule: str) -> None:
    """Explain one rule, named by its code or its readable name.

    \b
    Example:
      speedrun-ci explain SR303
    """
    found = find_rule(rule)
    if found is None:
        raise BadArgumentError(
            f"{rule!r} is no rule; expected a code from {RULES[0].code} to {RULES[-1].code} or a name, "
            "as `speedrun-ci rules` lists them."
        )
    click.echo(explanation(found), nl=False)
