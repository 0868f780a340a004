"""Every output format there is, by name. A format is a function from a report to pieces of text, in order."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from speedrun_ci.finding import Report

    type Format = Callable[[Report, bool], Iterator[str]]

FORMATS = {
    "text": "speedrun_ci.report.text",
    "json": "speedrun_ci.report.json",
    "github": "speedrun_ci.report.github",
    "sarif": "speedrun_ci.report.sarif",
    "markdown": "speedrun_ci.report.markdown",
    "junit": "speedrun_ci.report.junit",
}
"""Modules with a function `render(report, terminal)`; imported only when used, since some are heavy."""


def render(name: str, report: Report, *, terminal: bool) -> Iterator[str]:
    """Yield a report in a format, piece by piece, so that memory does not grow with the number of submissions.

    Args:
        name: A key of `FORMATS`.
        report: What to show.
        terminal: Whether the text goes to a terminal, which has colors and a width.
    """
    chosen: Format = import_module(FORMATS[name]).render
    return chosen(report, terminal)
