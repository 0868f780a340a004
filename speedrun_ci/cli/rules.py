"""`speedrun-ci rules`."""

from __future__ import annotations

import click

from speedrun_ci.rules.registry import RULES


@click.command()
def rules() -> None:
    """List every rule: code, name, severity, confidence, and what is wrong when it speaks.

    \b
    Example:
      speedrun-ci rules
    """
    width = max(len(rule.name) for rule in RULES)
    for rule in RULES:
        click.echo(f"{rule.code}  {rule.name:<{width}}  {rule.severity:<7}  {rule.confidence:<6}  {rule.summary()}")
