"""SR208 to SR215: whether a results file has the form of one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from speedrun_ci.evidence.imprint import is_wandb_link
from speedrun_ci.fields import show
from speedrun_ci.finding import Confidence, Place, Severity
from speedrun_ci.rules.base import Example, Rule, Subject
from speedrun_ci.strict_json import shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from speedrun_ci.finding import Finding


def parse_timestamp(text: str) -> datetime | None:
    """Return a completion timestamp as a time in UTC, or None if it is none.

    Real files have `2025-06-27 06:41:56 UTC`; ISO 8601 with a time zone is accepted too.
    """
    try:
        moment = datetime.fromisoformat(text.removesuffix(" UTC") + "+00:00" if text.endswith(" UTC") else text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


class ResultsShape(Rule):
    """A results file holds no list of runs.

    What is wrong:
        The file is not `{"runs": [{"run_info": {...}}, ...]}` with at least one run, nor one of the older forms, a bare
        `{"run_info": ...}` or a bare run.

    Why it matters:
        Runs that are not where they are looked for are not checked.

    How to fix it:
        Commit the file that training wrote.
    """

    code = "SR208"
    name = "results-shape"
    since = "2026.11"
    fires = Example("`runs` is called `results`", replace=('"runs"', '"results"'))

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report what is wrong around the runs."""
        for file in subject.files:
            for fault in file.faults:
                yield self.finding(
                    Place(file.path, fault.pointer),
                    fault.pointer or "file",
                    expected=fault.expected,
                    submitted=fault.submitted,
                    hint="Commit the file as training wrote it.",
                )


class _FaultRule(Rule):
    """Reports one kind of fault in the keys of a run."""

    kind: ClassVar[str]
    since = "2026.11"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every fault of this rule's kind."""
        for checked in subject.runs:
            run = checked.run
            for fault in run.faults:
                if fault.kind == self.kind:
                    yield self.finding(
                        Place(run.path, fault.pointer),
                        fault.pointer.removeprefix(run.pointer).replace("~1", "/").strip("/") or "run_info",
                        expected=fault.expected,
                        submitted=fault.submitted,
                        hint=f"It stands for: {fault.doc} Commit the file as training wrote it.",
                    )


class MissingKey(_FaultRule):
    """A run lacks a key that every run has.

    What is wrong:
        A key is absent or null that the results of every era have.

    Why it matters:
        A figure that is not there cannot be checked, and the board never shows a missing figure as zero.

    How to fix it:
        Commit the file that training wrote.
    """

    code = "SR209"
    name = "missing-key"
    kind = "missing"
    fires = Example("`total_tokens` is not there", edits={"/total_tokens": ...})


class WrongType(_FaultRule):
    """A key has a value of another type.

    What is wrong:
        A number stands as a string, a list in place of an object, or the like.

    Why it matters:
        `"16"` is not 16: programs disagree on what it means.

    How to fix it:
        Commit the file that training wrote.
    """

    code = "SR210"
    name = "wrong-type"
    kind = "type"
    fires = Example("`training_time` is a string", edits={"/training_time": "1500.0"})


class OutOfRange(_FaultRule):
    """A figure is zero, negative, or beyond anything that can be counted.

    What is wrong:
        A count, a time or a number of FLOPs is not positive, or a count exceeds 2^63.

    Why it matters:
        Such a figure cannot be true, and it would lead the board.

    How to fix it:
        Commit the file that training wrote.
    """

    code = "SR211"
    name = "out-of-range"
    kind = "range"
    fires = Example("`training_time` is negative", edits={"/training_time": -1500.0})


class TimestampFormat(Rule):
    """The completion timestamp is no point in time.

    What is wrong:
        `run_completion_timestamp` is neither of the form `2025-06-27 06:41:56 UTC` nor ISO 8601 with a time zone.

    Why it matters:
        Records are ordered by it: who was first decides who holds a record.

    How to fix it:
        Write the time at which training ended, in UTC.
    """

    code = "SR212"
    name = "timestamp-format"
    since = "2026.11"
    fires = Example("the timestamp is `last Friday`", edits={"/run_completion_timestamp": "last Friday"})
    silent = Example("the timestamp is in ISO 8601", edits={"/run_completion_timestamp": "2025-10-02T06:24:34Z"})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every timestamp that cannot be read."""
        for checked in subject.runs:
            text = checked.run.info.completed
            if text is not None and parse_timestamp(text) is None:
                yield self.finding(
                    checked.place(("run_completion_timestamp",)),
                    "run_completion_timestamp",
                    expected="a time such as 2025-06-27 06:41:56 UTC",
                    submitted=show(text),
                    hint="Write when training ended, in UTC.",
                )


class AuthorUrl(Rule):
    """The author's URL is not one.

    What is wrong:
        `author.url` is there but is no `http://` or `https://` address with a host.

    Why it matters:
        The board links the author's name to it.

    How to fix it:
        Write the whole address, with `https://`, or null.
    """

    code = "SR213"
    name = "author-url"
    severity = Severity.WARNING
    since = "2026.11"
    fires = Example("the URL lacks `https://`", edits={"/author/url": "example.org"})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every address that cannot be linked to."""
        for checked in subject.runs:
            author = checked.run.info.author
            if author is not None and author.url is not None and not _is_web_address(author.url):
                yield self.finding(
                    checked.place(("author", "url")),
                    "author.url",
                    expected="an address such as https://example.org",
                    submitted=show(author.url),
                    hint="Write the whole address, so that the board can link to it.",
                )


class UnknownKey(Rule):
    """A run has a key that nobody has declared.

    What is wrong:
        `run_info` holds a key that no era of the results file has.

    Why it matters:
        It is not checked. It may be a misspelt key whose figure is therefore missing.

    How to fix it:
        Nothing, if it is meant as a remark; otherwise correct its name.
    """

    code = "SR214"
    name = "unknown-key"
    severity = Severity.INFO
    confidence = Confidence.LOW
    since = "2026.11"
    fires = Example("`remark` is added", edits={"/remark": "trained on a Tuesday"})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report unknown keys, one finding a run."""
        for checked in subject.runs:
            unknown = checked.run.unknown_keys
            if unknown:
                more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
                yield self.finding(
                    checked.place((unknown[0],) if len(unknown[0]) <= 200 else ()),
                    "run_info",
                    expected="only declared keys",
                    submitted=", ".join(shorten(key, 40) for key in unknown[:5]) + more,
                    hint="Nothing checks these keys; correct the name if one is misspelt.",
                )


class WandbLink(Rule):
    """The W&B link leads to no W&B run.

    What is wrong:
        `wandb_run_link` is there but is not `https://wandb.ai/<entity>/<project>/runs/<id>`, nor the same below
        `https://forge.coreweave.com/wandb/`.

    Why it matters:
        Nobody can compare the figures with the run's own history; and a page elsewhere can show anything.

    How to fix it:
        Copy the address of the run's page, or write null if there is none.
    """

    code = "SR215"
    name = "wandb-link"
    severity = Severity.WARNING
    since = "2026.12"
    fires = Example(
        "the host only looks like W&B's", edits={"/wandb_run_link": "https://wandb.ai.example.org/a/b/runs/c"}
    )
    silent = Example("there is no link", edits={"/wandb_run_link": None})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every link that is there and leads elsewhere."""
        for checked in subject.runs:
            link = checked.run.info.wandb_run_link
            if link is not None and not is_wandb_link(link):
                yield self.finding(
                    checked.place(("wandb_run_link",)),
                    "wandb_run_link",
                    expected="https://wandb.ai/<entity>/<project>/runs/<id>, or null",
                    submitted=show(link),
                    hint="Copy the address of the run's page.",
                )


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
