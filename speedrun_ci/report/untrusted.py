"""A stranger's text on its way into a report: paths, names, figures and messages, none of which may act there.

What cannot be seen is escaped, so that two names that differ never look alike, and nothing ends a line, starts a
workflow command or leaves the code span that it stands in.
"""

from __future__ import annotations

import re

from speedrun_ci.strict_json import shorten

LIMIT = 1000
"""Characters of one piece of text. The longest message of a rule has some 600; GitHub cuts an annotation at 4,096."""

_BACKTICKS = re.compile(r"`+")


def one_line(text: str, limit: int = LIMIT) -> str:
    r"""Return text on one line, without control and bidirectional characters, and at most `limit` characters long.

    `##[name]` anywhere in a line is a workflow command to GitHub's runner (the old form, which it still obeys), so it
    is broken wherever it stands: every format may be printed by a step.
    """
    return shorten(text.encode("utf-8", "backslashreplace").decode(), limit).replace("##[", "## [")


def code_span(text: str, limit: int = LIMIT) -> str:
    """Return text as a code span of Markdown, in which no mention, link, image or HTML works.

    CommonMark ends a code span at the first run of backticks as long as the one that began it, so ours is longer than
    any in the text.
    """
    line = one_line(text, limit).strip() or "-"
    fence = "`" * (max(map(len, _BACKTICKS.findall(line)), default=0) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def table_code(text: str, limit: int = LIMIT) -> str:
    """Return text as a code span in a cell of a table, which a pipe would end, code or not."""
    return code_span(text.replace("|", "¦"), limit)
