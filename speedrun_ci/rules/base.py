"""What a rule is."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from speedrun_ci.finding import Confidence, Finding, Place, Severity
from speedrun_ci.strict_json import pointer_to

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from speedrun_ci.analysis import Analysis
    from speedrun_ci.evidence.base_tree import BaseTree
    from speedrun_ci.evidence.imprint import Imprint
    from speedrun_ci.fields import Fault
    from speedrun_ci.results import Run
    from speedrun_ci.run_values import Path
    from speedrun_ci.settings import Settings
    from speedrun_ci.strict_json import Problem
    from speedrun_ci.submission import Submission

SECTIONS = ("What is wrong", "Why it matters", "How to fix it")
"""The parts of every rule's docstring, in order."""


@dataclass(frozen=True, slots=True)
class CheckedRun:
    """A run, what arithmetic says about it, and what tells it from others."""

    run: Run
    analysis: Analysis
    imprint: Imprint

    def place(self, path: Path = ()) -> Place:
        """Return the place of a value of the run, by the keys that lead to it from `run_info`."""
        return Place(self.run.path, self.run.pointer + pointer_to(path))


@dataclass(frozen=True, slots=True)
class ResultsFile:
    """One results file and how reading it went.

    Attributes:
        path: How reports name it.
        problems: Why it is no strict JSON; empty if it is.
        faults: What is wrong with the file around its runs.
        runs: Its runs.
    """

    path: str
    problems: tuple[Problem, ...]
    faults: tuple[Fault, ...]
    runs: tuple[CheckedRun, ...]


@dataclass(frozen=True)
class Subject:
    """One submission as the rules see it.

    Attributes:
        submission: What lies on disk.
        files: Its results files.
        now: When the check is made, with a time zone.
        settings: What the maintainers decided.
        base: What the repository held before, or None if no revision was named.
    """

    submission: Submission
    files: tuple[ResultsFile, ...]
    now: datetime
    settings: Settings
    base: BaseTree | None

    @cached_property
    def runs(self) -> tuple[CheckedRun, ...]:
        """Every run of every results file."""
        return tuple(run for file in self.files for run in file.runs)


@dataclass(frozen=True, slots=True)
class Tree:
    """All submissions of one check, as the rules that compare them see them.

    Attributes:
        runs: Every run's imprint, with the number of its submission in the order of the check.
        others: The runs of the base revision that these do not replace.
    """

    runs: tuple[tuple[int, Imprint], ...]
    others: tuple[Imprint, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """A submission as an edit of an honest one, which tests execute and the documentation shows.

    Attributes:
        text: What is done, for people.
        edits: New values in `run_info`, by JSON pointer; `...` removes the key.
        replace: A piece of the results file's text, and what stands there instead.
        files: Files added to the directory, by relative path; None removes one; a path ending in `@` is a link.
        beside: Other submissions that are checked with it, by name.
        before: Submissions that the base revision held, by name; `example` is this one. None for no base revision.
        settings: The text of the repository's speedrun.toml.
    """

    text: str
    edits: Mapping[str, object] | None = None
    replace: tuple[str, str] | None = None
    files: Mapping[str, str | None] | None = None
    beside: Mapping[str, Example] | None = None
    before: Mapping[str, Example] | None = None
    settings: str = ""


HONEST = Example("an honest submission")
"""The example from which all others differ."""

ANOTHER_RUN = Example("another run", edits={"/wandb_run_link": "https://wandb.ai/example/speedrun/runs/def456"})
"""The same as another W&B run, to stand beside an example."""


class Rule(ABC):
    """One thing that is checked.

    A rule's docstring has the three parts of `SECTIONS`; its first line says what it does.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    severity: ClassVar[Severity] = Severity.ERROR
    confidence: ClassVar[Confidence] = Confidence.HIGH
    since: ClassVar[str]
    fires: ClassVar[Example]
    silent: ClassVar[Example] = HONEST

    @abstractmethod
    def check(self, subject: Subject) -> Iterable[Finding]:
        """Return a finding for every violation in the submission."""

    @classmethod
    def url(cls) -> str:
        """Return where the rule is documented, relative to the repository's root."""
        return f"docs/rules.md#{cls.code.lower()}-{cls.name}"

    @classmethod
    def summary(cls) -> str:
        """Return the first line of the rule's docstring."""
        return inspect.getdoc(cls).splitlines()[0]  # type: ignore[union-attr]  # tests require it

    @classmethod
    def sections(cls) -> dict[str, str]:
        """Return the text of each of the docstring's three parts."""
        text = inspect.getdoc(cls) or ""
        parts: dict[str, str] = {}
        for index, title in enumerate(SECTIONS):
            body = text.partition(f"{title}:\n")[2]
            if index + 1 < len(SECTIONS):
                body = body.partition(f"{SECTIONS[index + 1]}:\n")[0]
            parts[title] = inspect.cleandoc(body)
        return parts

    @classmethod
    def finding(
        cls,
        place: Place,
        what: str,
        *,
        expected: str,
        submitted: str,
        hint: str,
        severity: Severity | None = None,
        confidence: Confidence | None = None,
    ) -> Finding:
        """Return a finding of this rule.

        Args:
            place: Where it stands.
            what: The figure or file concerned; the message begins with it.
            expected: What should stand there.
            submitted: What stands there.
            hint: The next step, as a sentence.
            severity: Other than the rule's own.
            confidence: Other than the rule's own.
        """
        return Finding(
            code=cls.code,
            name=cls.name,
            severity=severity or cls.severity,
            confidence=confidence or cls.confidence,
            place=place,
            message=f"{what}: expected {expected}, submitted {submitted}. {hint}",
            expected=expected,
            submitted=submitted,
            hint=hint,
            url=cls.url(),
        )


class TreeRule(Rule):
    """A rule that compares the submissions of one check with each other and with the base revision."""

    def check(self, subject: Subject) -> Iterable[Finding]:  # noqa: ARG002
        """Say nothing of one submission alone."""
        return ()

    @abstractmethod
    def compare(self, tree: Tree) -> Iterable[tuple[int, Finding]]:
        """Return a finding for every violation, with the number of the submission it is about."""
