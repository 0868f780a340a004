"""SR708 to SR710: runs of the demo track, on text of the built-in source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from speedrun_ci.fields import show
from speedrun_ci.finding import Severity
from speedrun_ci.numbers import number
from speedrun_ci.results import SYNTHETIC
from speedrun_ci.rules.base import Example, Rule, Subject
from speedrun_ci.run_values import evaluation_paths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from speedrun_ci.finding import Finding

_DEMO_EDITS = {
    "/eval~1paloma~1c4_en~1bpb": ...,
    "/tokenized_dataset": "synthetic/markov-words-v1",
    "/vocab_size": 257,
    "/tokenizer_hash": "sha256:5a6b",
    "/model_size": 23_074_304,
    "/model_flops": 3 * 96_797_696.0 * 3_082_813_440,
}


class DemoTrack(Rule):
    """The run belongs to the demo track.

    What is wrong:
        Nothing: the run reports `eval/synthetic/bpb`, the quality on text of the built-in source.

    Why it matters:
        The source is simple enough for a minute of training on a CPU. Its bits per byte say nothing about C4, so such
        runs never stand beside others.

    How to fix it:
        Nothing. Train on FineWeb-Edu and evaluate on Paloma's `c4_en` to enter the contest.
    """

    code = "SR708"
    name = "demo-track"
    severity = Severity.INFO
    since = "2026.11"
    fires = Example("quality is reported on the synthetic set", edits={**_DEMO_EDITS, "/eval~1synthetic~1bpb": 0.6})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Say of every demo run that it is one."""
        for checked in subject.runs:
            if checked.run.is_demo:
                yield self.finding(
                    checked.place(evaluation_paths(SYNTHETIC)[0]),
                    "track",
                    expected="eval/paloma/c4_en/bpb for the contest",
                    submitted=f"eval/{SYNTHETIC}/bpb",
                    hint="The run is shown on the demo track only.",
                )


class DemoBelowEntropy(Rule):
    """A demo run claims fewer bits per byte than its text holds.

    What is wrong:
        `eval/synthetic/bpb` is below the entropy of the built-in source.

    Why it matters:
        No model can predict the source better than the source itself: the evaluation is broken or the figure is made
        up.

    How to fix it:
        Look for targets that the model sees as inputs, or for bytes counted twice.
    """

    code = "SR709"
    name = "demo-below-entropy"
    since = "2026.11"
    fires = Example("0.3 bits per byte", edits={**_DEMO_EDITS, "/eval~1synthetic~1bpb": 0.3})
    silent = Example("0.6 bits per byte", edits={**_DEMO_EDITS, "/eval~1synthetic~1bpb": 0.6})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every figure below the entropy, less what cutting into sequences can shift."""
        for checked in subject.runs:
            evaluation = checked.run.evaluation
            if evaluation is None or evaluation.dataset != SYNTHETIC or evaluation.bpb is None:
                continue
            # Only demo runs pay for importing it.
            from training.corpus import entropy_bits_per_byte

            entropy = entropy_bits_per_byte()
            if evaluation.bpb < entropy * subject.settings.tolerances.demo_entropy_share:
                yield self.finding(
                    checked.place(evaluation_paths(SYNTHETIC)[0]),
                    f"eval/{SYNTHETIC}/bpb",
                    expected=f"at least {number(entropy)} bits per byte, the entropy of the source",
                    submitted=number(evaluation.bpb),
                    hint="Look for targets that the model sees, or for bytes counted twice.",
                )


class DemoTokenizer(Rule):
    """A demo run's vocabulary does not belong to its tokenizer.

    What is wrong:
        A run of the demo track does not record the built-in tokenizer's hash, or another vocabulary with it.

    Why it matters:
        The vocabulary enters FLOPs and parameters, so it must be the tokenizer's.

    How to fix it:
        Commit the file that training wrote.
    """

    code = "SR710"
    name = "demo-tokenizer"
    since = "2026.11"
    fires = Example("the tokenizer is another one", edits={**_DEMO_EDITS, "/eval~1synthetic~1bpb": 0.6})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every demo run whose tokenizer or vocabulary is not the built-in one."""
        for checked in subject.runs:
            if not checked.run.is_demo:
                continue
            # Only demo runs pay for importing it.
            from training.byte_tokenizer import TOKENS, tokenizer_hash

            info = checked.run.info
            if info.tokenizer_hash != tokenizer_hash():
                yield self.finding(
                    checked.place(("tokenizer_hash",)),
                    "tokenizer_hash",
                    expected=tokenizer_hash(),
                    submitted=show(info.tokenizer_hash),
                    hint="Demo runs use the built-in tokenizer; commit the file as training wrote it.",
                )
            elif info.vocab_size != len(TOKENS):
                yield self.finding(
                    checked.place(("vocab_size",)),
                    "vocab_size",
                    expected=f"{len(TOKENS)}, the built-in tokenizer's",
                    submitted=number(info.vocab_size),
                    hint="Commit the file as training wrote it.",
                )
