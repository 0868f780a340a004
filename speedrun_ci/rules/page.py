"""The rules in words: one rule for the terminal or as data, all of them for `docs/rules.md`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from speedrun_ci.rules.example import RUN_INFO
from speedrun_ci.rules.executed import execute
from speedrun_ci.rules.registry import RULES
from speedrun_ci.ruleset import RULESET, RULESETS
from speedrun_ci.strict_json import split_pointer
from speedrun_ci.tolerances import reasons

if TYPE_CHECKING:
    from collections.abc import Iterator

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

_HEAD = """\
# Rules

Ruleset {ruleset}. Generated from the rules' own docstrings and examples by `make generate`; do not edit.

Only errors of high confidence make a verdict fail. `speedrun-ci explain CODE` prints one rule. Each example is an edit
of one honest submission; what is shown below it is what the checker says when the edit is made, and the lines with a
plus are what makes it silent again.
"""


def said(rule: type[Rule]) -> str:
    """Return the message of a rule's own example, executed; empty for a rule that only the checker itself reports."""
    report = execute(rule.fires)
    return next((f"{it.code} {it.message}" for it in report.findings if it.code == rule.code), "")


def explanation(rule: type[Rule]) -> str:
    """Return one rule as text for a terminal."""
    lines = [f"{rule.code} {rule.name} ({rule.severity}, confidence {rule.confidence}, since ruleset {rule.since})"]
    lines += ["", rule.summary()]
    for title, body in rule.sections().items():
        lines += ["", f"{title}:", *(f"  {line}" for line in body.splitlines())]
    lines += ["", f"Fires when: {rule.fires.text}.", *(f"  {line}" for line in _difference(rule))]
    lines += [f"  {message}" for message in filter(None, [said(rule)])]
    lines += [f"Silent when: {rule.silent.text}.", "", f"Page: {rule.url()}"]
    return "\n".join(lines) + "\n"


def as_data(rule: type[Rule]) -> dict[str, Any]:
    """Return one rule as plain data."""
    wrong, why, fix = rule.sections().values()
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity,
        "confidence": rule.confidence,
        "since": rule.since,
        "summary": rule.summary(),
        "what_is_wrong": " ".join(wrong.split()),
        "why_it_matters": " ".join(why.split()),
        "how_to_fix_it": " ".join(fix.split()),
        "fires": rule.fires.text,
        "silent": rule.silent.text,
        "message": said(rule),
        "url": rule.url(),
    }


def rules_page() -> str:
    """Return `docs/rules.md`."""
    parts = [_HEAD.format(ruleset=RULESET), *_index(), *_bounds(), *_rulesets()]
    family = ""
    for rule in RULES:
        if rule.code[:3] != family:
            family = rule.code[:3]
            parts += ["", f"## {family}xx: {FAMILIES[family]}"]
        parts += ["", f"### {rule.code} {rule.name}", "", rule.summary()]
        parts += ["", f"*{rule.severity}, confidence {rule.confidence}, since ruleset {rule.since}*"]
        for title, body in rule.sections().items():
            parts += ["", f"**{title}.** {' '.join(body.split())}"]
        parts += ["", f"Fires when: {rule.fires.text}. Silent when: {rule.silent.text}.", *_shown(rule)]
    return "\n".join(parts) + "\n"


def _shown(rule: type[Rule]) -> Iterator[str]:
    """Yield the example of a rule as Markdown."""
    difference = list(_difference(rule))
    if difference:
        yield from ("", "```diff", *difference, "```")
    message = said(rule)
    if message:
        yield from ("", "```text", message, "```")


def _difference(rule: type[Rule]) -> Iterator[str]:
    """Yield the edits of an example, as lines of a difference from the example to the honest file."""
    for pointer, value in (rule.fires.edits or {}).items():
        keys = split_pointer(pointer)
        honest: Any = RUN_INFO
        for key in keys:
            honest = honest.get(key, ...) if isinstance(honest, dict) else ...
        name = ".".join(keys)
        yield from (f"{sign} {name}: {_value(it)}" for sign, it in (("-", value), ("+", honest)))


def _value(value: object) -> str:
    return "(absent)" if value is ... else json.dumps(value)


def _index() -> Iterator[str]:
    yield from ("## Families", "", "| codes | about |", "|---|---|")
    yield from (f"| {family}xx | {title} |" for family, title in FAMILIES.items())
    yield from ("", "SR5xx (execution), SR6xx (W&B) and SR8xx (pull requests) are not in use yet.", "")
    yield from ("## All rules", "", "| code | name | severity | confidence | what is wrong |", "|---|---|---|---|---|")
    for rule in RULES:
        link = f"[{rule.code}]({rule.url().removeprefix('docs/rules.md')})"
        yield f"| {link} | {rule.name} | {rule.severity} | {rule.confidence} | {rule.summary()} |"
    yield ""


def _bounds() -> Iterator[str]:
    yield from ("## Tolerances and bounds", "", "| name | value | reason |", "|---|---|---|")
    yield from (f"| `{name}` | {value:g} | {reason} |" for name, (value, reason) in reasons().items())
    yield from ("", "`[tolerances]` in speedrun.toml replaces any of them; verdicts then name the ruleset with")
    yield "`+speedrun.toml`."


def _rulesets() -> Iterator[str]:
    yield from ("", "## Rulesets", "", "| ruleset | brought |", "|---|---|")
    yield from (f"| {name} | {brought} |" for name, brought in RULESETS.items())
