"""The rules in words: one rule for the terminal, all of them for `docs/rules.md`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from speedrun_ci.rules.registry import RULES
from speedrun_ci.ruleset import RULESET

if TYPE_CHECKING:
    from speedrun_ci.rules.base import Rule

FAMILIES = {
    "SR0": "What could not be checked",
    "SR1": "Layout",
    "SR2": "Format",
    "SR3": "Arithmetic",
    "SR4": "Hardware",
    "SR7": "Plausibility and originality",
}
"""Titles of the families, by the beginning of their codes."""


def explanation(rule: type[Rule]) -> str:
    """Return one rule as text for a terminal."""
    lines = [f"{rule.code} {rule.name} ({rule.severity}, confidence {rule.confidence}, since ruleset {rule.since})"]
    lines += ["", rule.summary()]
    for title, body in rule.sections().items():
        lines += ["", f"{title}:", *(f"  {line}" for line in body.splitlines())]
    lines += ["", f"Fires when: {rule.fires.text}.", f"Silent when: {rule.silent.text}.", "", f"Page: {rule.url()}"]
    return "\n".join(lines) + "\n"


def rules_page() -> str:
    """Return `docs/rules.md`."""
    parts = [
        "# Rules",
        "",
        f"Ruleset {RULESET}. Generated from the rules' own docstrings by `make generate`; do not edit.",
        "",
        "Only errors of high confidence make a verdict fail. `speedrun-ci explain CODE` prints one rule.",
    ]
    family = ""
    for rule in RULES:
        if rule.code[:3] != family:
            family = rule.code[:3]
            parts += ["", f"## {family}xx: {FAMILIES[family]}"]
        parts += ["", f"### {rule.code} {rule.name}", "", rule.summary()]
        parts += ["", f"*{rule.severity}, confidence {rule.confidence}, since ruleset {rule.since}*"]
        for title, body in rule.sections().items():
            parts += ["", f"**{title}.** {' '.join(body.split())}"]
        parts += ["", f"Fires when: {rule.fires.text}. Silent when: {rule.silent.text}."]
    return "\n".join(parts) + "\n"
