"""SR705, SR706 and SR719: what a model was trained on, with which tokens, and from where it began."""

from __future__ import annotations

from typing import TYPE_CHECKING

from speedrun_ci.datasets import evaluation_mentioned, is_contest_data, training_data_names
from speedrun_ci.fields import show
from speedrun_ci.finding import Severity
from speedrun_ci.flops.formulas import DEFAULT_VOCABULARY
from speedrun_ci.rules.base import Example, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from speedrun_ci.finding import Finding


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
            names = training_data_names(checked.run.info.tokenized_dataset)
            evaluated = evaluation_mentioned(checked.run.info.tokenized_dataset)
            if checked.run.is_demo or (is_contest_data(names) and not evaluated):
                continue
            yield self.finding(
                checked.place(("tokenized_dataset",)),
                "tokenized_dataset",
                expected="FineWeb-Edu",
                submitted=show(evaluated or ", ".join(names)) if names else "none",
                hint="Never train on the evaluation set."
                if evaluated
                else "Runs on other data are ranked on a track of their own.",
                severity=Severity.ERROR if evaluated else Severity.WARNING,
            )


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


class PretrainedWeights(Rule):
    """Training did not begin with random weights.

    What is wrong:
        `train_config` sets `initialize_from_hf` or `initialize_from_checkpoint_path`.

    Why it matters:
        The compute that made those weights is not in the figures.

    How to fix it:
        Train from random weights, or say in the README what the weights are and what they cost.
    """

    code = "SR719"
    name = "pretrained-weights"
    severity = Severity.WARNING
    since = "2026.12"
    fires = Example(
        "training goes on from weights of the hub",
        edits={"/train_config/initialize_from_hf": "NousResearch/Llama-2-7b-hf"},
    )
    silent = Example("the key is null", edits={"/train_config/initialize_from_hf": None})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every run that begins with somebody's weights."""
        for checked in subject.runs:
            for name in ("initialize_from_hf", "initialize_from_checkpoint_path"):
                value = checked.run.train_keys.get(name)
                if value is not None and value is not False:
                    yield self.finding(
                        checked.place(("train_config", name)),
                        f"train_config.{name}",
                        expected="null: random weights",
                        submitted=show(value),
                        hint="Say in the README what the weights are and what they cost.",
                    )
