"""SR701 to SR706: figures that no identity covers, and what they can be."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from speedrun_ci.fields import show
from speedrun_ci.finding import Confidence, Severity
from speedrun_ci.flops.formulas import DEFAULT_VOCABULARY
from speedrun_ci.numbers import number
from speedrun_ci.results import C4
from speedrun_ci.rules.base import Example, Rule, Subject
from speedrun_ci.rules.results_form import parse_timestamp
from speedrun_ci.run_values import evaluation_paths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from speedrun_ci.finding import Finding
    from speedrun_ci.strict_json import Json

CONTEST_START = datetime(2025, 5, 1, tzinfo=UTC)
"""The contest began in May 2025; the oldest real run is of 2025-05-14."""

CLOCK_SKEW = timedelta(days=1)
"""Clocks and time zones of training hosts are wrong by less than a day."""

LEAST_MFU = 1e-4
"""The slowest real run, a toy model on an A100, reached 0.0042; a real size below 0.0001 idles."""

C4_BPB = (0.5, 12.0)
"""The best open models of 2025 reach about 0.7 bits per byte on English web text, and guessing among 128,256 tokens of
4.4 bytes on average costs 17 / 4.4 = 3.9; an untrained model can be a few times worse than guessing."""

TRAINING_DATA = "fineweb-edu"
"""What the names of all FineWeb-Edu data sets and caches contain."""

EVALUATION_DATA = "paloma"
"""What the names of the evaluation sets contain."""

MOST_NAMES = 20
"""Data sets that are looked at in one mixture."""

_LONGEST_PRINTED = 10_000
_PRINTED = re.compile(r"[A-Za-z_][\w.]{0,100}\(")
_PRINTED_NAME = re.compile(r"""\bname=['"]([^'"]{1,200})['"]""")


class CompletionDate(Rule):
    """The run was completed before the contest or in the future.

    What is wrong:
        `run_completion_timestamp` lies before 2025-05-01 or more than a day ahead.

    Why it matters:
        Records are ordered by it.

    How to fix it:
        Write the time at which training ended, in UTC.
    """

    code = "SR701"
    name = "completion-date"
    since = "2026.11"
    fires = Example("the run is of the last century", edits={"/run_completion_timestamp": "1999-12-31 23:59:59 UTC"})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every date outside the contest."""
        for checked in subject.runs:
            text = checked.run.info.completed
            moment = parse_timestamp(text) if text is not None else None
            if moment is not None and not CONTEST_START <= moment <= subject.now + CLOCK_SKEW:
                yield self.finding(
                    checked.place(("run_completion_timestamp",)),
                    "run_completion_timestamp",
                    expected=f"between {CONTEST_START:%Y-%m-%d} and {subject.now:%Y-%m-%d}",
                    submitted=show(text),
                    hint="Write when training ended, in UTC.",
                )


class MfuRange(Rule):
    """The model FLOPs do not fit the hardware FLOPs.

    What is wrong:
        `model_flops / training_hardware_flops`, the MFU, is 1 or more, which no hardware can reach, or below 0.0001.

    Why it matters:
        The time, the number of chips or the peak is wrong, although the identities may hold.

    How to fix it:
        Look at `training_time`, `num_chips` and `device_flops`: which of them is not of this run?
    """

    code = "SR702"
    name = "mfu-range"
    since = "2026.11"
    fires = Example(
        "a tenth of the time, and hardware FLOPs follow",
        edits={"/training_time": 150.0, "/training_hardware_flops": 1.1016e18},
    )

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every MFU outside (0.0001, 1); an unproven peak only warns."""
        for checked in subject.runs:
            info, hardware = checked.run.info, checked.analysis.hardware
            if info.model_flops is None or info.training_hardware_flops is None or checked.analysis.wrong:
                continue
            mfu = info.model_flops / info.training_hardware_flops
            if LEAST_MFU <= mfu < 1:
                continue
            # Windows are counted as full maps, so a windowed model can be credited with more than it computes.
            proved = (
                mfu >= 1
                and hardware.accelerator is not None
                and hardware.accelerator.verified
                and not checked.run.model_keys.get("sliding_window")
            )
            yield self.finding(
                checked.place(("training_hardware_flops",)),
                "MFU",
                expected=f"between {LEAST_MFU:g} and 1",
                submitted=f"{number(mfu)} = {number(info.model_flops)} / {number(info.training_hardware_flops)} FLOPs",
                hint="Look at training_time, num_chips and device_flops: one of them is not of this run.",
                severity=Severity.ERROR if proved else Severity.WARNING,
                confidence=Confidence.HIGH if proved else Confidence.MEDIUM,
            )


class BpbRange(Rule):
    """Bits per byte are outside what any run on C4 can reach.

    What is wrong:
        `eval/paloma/c4_en/bpb` is below 0.5 or above 12.

    Why it matters:
        It was measured on other data, in other units (nats, or bits per token), or typed in.

    How to fix it:
        Evaluate on Paloma's `c4_en` and report bits per byte.
    """

    code = "SR703"
    name = "bpb-range"
    since = "2026.11"
    fires = Example("0.25 bits per byte", edits={"/eval~1paloma~1c4_en~1bpb": 0.25})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every figure outside the range."""
        low, high = C4_BPB
        for checked in subject.runs:
            evaluation = checked.run.evaluation
            if evaluation is None or evaluation.dataset != C4 or evaluation.bpb is None:
                continue
            if not low <= evaluation.bpb <= high:
                yield self.finding(
                    checked.place(evaluation_paths(C4)[0]),
                    f"eval/{C4}/bpb",
                    expected=f"between {low:g} and {high:g} bits per byte",
                    submitted=number(evaluation.bpb),
                    hint="Evaluate on Paloma's c4_en and report bits per byte.",
                )


class AuthorEmpty(Rule):
    """The author has no name.

    What is wrong:
        `author.name` is blank or still a placeholder of the template.

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
            if not author.name.strip() or author.name.startswith("__"):
                yield self.finding(
                    checked.place(("author", "name")),
                    "author.name",
                    expected="a name",
                    submitted=show(author.name),
                    hint="Write who made the run.",
                )


class TrainingData(Rule):
    """The training data are not the contest's.

    What is wrong:
        `tokenized_dataset` names the evaluation set (an error), or does not name FineWeb-Edu (a warning).

    Why it matters:
        A model that was trained on what it is tested on is not ranked at all; one trained on other data is ranked on
        a track of its own.

    How to fix it:
        Train on FineWeb-Edu 10B, or say in the README why not.
    """

    code = "SR705"
    name = "training-data"
    since = "2026.11"
    fires = Example("the evaluation set is trained on", edits={"/tokenized_dataset": "gs://x/tokenized/paloma/c4_en"})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report training data that name the evaluation set, or anything but FineWeb-Edu."""
        for checked in subject.runs:
            names = [name.lower() for name in training_data_names(checked.run.info.tokenized_dataset)]
            evaluated = any(EVALUATION_DATA in name for name in names)
            if checked.run.is_demo or (names and not evaluated and all(TRAINING_DATA in name for name in names)):
                continue
            yield self.finding(
                checked.place(("tokenized_dataset",)),
                "tokenized_dataset",
                expected="FineWeb-Edu",
                submitted=show(", ".join(names)) if names else "none",
                hint="Never train on the evaluation set."
                if evaluated
                else "Runs on other data are ranked on a track of their own.",
                severity=Severity.ERROR if evaluated else Severity.WARNING,
            )


def training_data_names(value: Json) -> tuple[str, ...]:
    """Return the names of the data sets that a `tokenized_dataset` trains on.

    A printed object of the original contest is known by its own `name`; what else it prints may be the validation sets
    that every run has. An object of JSON is known by its strings, but for those of validation sets.
    """
    return tuple(itertools.islice(_names(value), MOST_NAMES))


def _names(value: Json) -> Iterator[str]:
    if isinstance(value, str) and not (_PRINTED.match(value) and value.endswith(")")):
        yield value
    elif isinstance(value, str):
        printed = value[:_LONGEST_PRINTED]
        named = _PRINTED_NAME.search(printed)
        # Without a name of its own, that it mentions FineWeb-Edu is all that can be told.
        yield named[1] if named else TRAINING_DATA if TRAINING_DATA in printed.lower() else "an unnamed object"
    elif isinstance(value, dict) and isinstance(value.get("name"), str):
        yield from _names(value["name"])
    elif isinstance(value, dict):
        for key, item in value.items():
            if not any(word in key.lower() for word in ("valid", "eval", "split")):
                yield from _names(item)
    elif isinstance(value, list):
        for item in value:
            yield from _names(item)


class Vocabulary(Rule):
    """The vocabulary is not the contest's.

    What is wrong:
        `vocab_size` is not 128,256, the size of the contest's tokenizer, and the run is not of the demo track.

    Why it matters:
        A smaller vocabulary makes the head cheaper: runs with different tokenizers are not comparable in FLOPs.

    How to fix it:
        Train with `marin-community/marin-tokenizer`.
    """

    code = "SR706"
    name = "vocabulary"
    since = "2026.11"
    fires = Example(
        "a vocabulary of 50,257, and everything follows",
        edits={
            "/vocab_size": 50_257,
            "/model_size": 74_276_352,
            "/model_flops": 3 * 147_997_696.0 * 3_082_813_440,
        },
    )
    silent = Example("the contest's vocabulary is recorded", edits={"/vocab_size": DEFAULT_VOCABULARY})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every other vocabulary outside the demo track."""
        for checked in subject.runs:
            size = checked.run.info.vocab_size
            if size is not None and size != DEFAULT_VOCABULARY and not checked.run.is_demo:
                yield self.finding(
                    checked.place(("vocab_size",)),
                    "vocab_size",
                    expected=f"{DEFAULT_VOCABULARY:,}",
                    submitted=f"{size:,}",
                    hint="Train with marin-community/marin-tokenizer.",
                )
