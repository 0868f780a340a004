"""SR704: whether a run has somebody's name."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from speedrun_ci.fields import show
from speedrun_ci.rules.base import Example, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from speedrun_ci.finding import Finding

_FILLERS = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and a symbol that are blank: Hangul fillers and the empty Braille pattern."""

_TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Embeddings, overrides and isolates of the bidirectional algorithm (UAX 9)."""


class AuthorEmpty(Rule):
    """The author has no name.

    What is wrong:
        `author.name` is blank, holds nothing that can be seen, is still a placeholder of the template, or has control
        characters or ones that turn text around.

    Why it matters:
        The board credits people, and nobody can answer questions about the run.

    How to fix it:
        Write the author's name.
    """

    code = "SR704"
    name = "author-empty"
    since = "2026.11"
    fires = Example("the template's placeholder is left", edits={"/author/name": "__SUBMISSION_AUTHOR_NAME__"})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report blank names and placeholders."""
        for checked in subject.runs:
            author = checked.run.info.author
            if author is None or author.name is None:
                continue
            if not _is_name(author.name):
                yield self.finding(
                    checked.place(("author", "name")),
                    "author.name",
                    expected="a name",
                    submitted=show(author.name),
                    hint="Write who made the run.",
                )


def _is_name(text: str) -> bool:
    """Whether text can stand as a name: something to be seen, and nothing that acts on what stands around it."""
    seen = any(unicodedata.category(char)[0] in "LNPS" and char not in _FILLERS for char in text)
    acts = any(unicodedata.category(char) == "Cc" or char in _TURNING for char in text.strip())
    return seen and not acts and not text.startswith("__")
