"""SR701 to SR703, SR717 and SR718: figures that no identity covers, and what they can be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from speedrun_ci.datasets import is_contest_data, training_data_names
from speedrun_ci.evidence.ledger import best_known
from speedrun_ci.fields import show
from speedrun_ci.finding import Confidence, Severity
from speedrun_ci.flops.architecture import NotCovered
from speedrun_ci.flops.formulas import flops_per_token
from speedrun_ci.numbers import number
from speedrun_ci.results import C4
from speedrun_ci.rules.base import Example, Rule, Subject
from speedrun_ci.rules.results_form import parse_timestamp
from speedrun_ci.run_values import HARDWARE_FLOPS, TOTAL_TOKENS, evaluation_paths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from speedrun_ci.finding import Finding
    from speedrun_ci.rules.base import CheckedRun

CONTEST_TOKENS = 10e9
"""Tokens of FineWeb-Edu 10B, the training data."""

CONTEST_START = datetime(2025, 5, 1, tzinfo=UTC)
"""The contest began in May 2025; the oldest real run is of 2025-05-14."""


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
        skew = timedelta(days=subject.settings.tolerances.clock_skew_days)
        for checked in subject.runs:
            text = checked.run.info.completed
            moment = parse_timestamp(text) if text is not None else None
            if moment is not None and not CONTEST_START <= moment <= subject.now + skew:
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
        `model_flops / training_hardware_flops`, the MFU, is 1 or more, or below 0.0001. At 1 or more it is an error if
        the hardware could not even have done what no kernel can leave out: all but half of each attention map.

    Why it matters:
        The time, the number of chips or the peak is wrong, although the identities may hold.

    How to fix it:
        Look at `training_time`, `num_chips` and `device_flops`: which of them is not of this run?
    """

    code = "SR702"
    name = "mfu-range"
    severity = Severity.WARNING
    since = "2026.11"
    fires = Example(
        "a tenth of the time, and hardware FLOPs follow",
        edits={"/training_time": 150.0, "/training_hardware_flops": 1.1016e18},
    )

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every MFU outside (0.0001, 1); only what no hardware can do is an error."""
        least = subject.settings.tolerances.least_mfu
        for checked in subject.runs:
            info = checked.run.info
            if info.model_flops is None or info.training_hardware_flops is None or checked.analysis.wrong:
                continue
            mfu = info.model_flops / info.training_hardware_flops
            if least <= mfu < 1:
                continue
            impossible = mfu * _share_that_must_be_done(checked) >= 1
            yield self.finding(
                checked.place(HARDWARE_FLOPS),
                "MFU",
                expected=f"between {least:g} and 1",
                submitted=f"{number(mfu)} = {number(info.model_flops)} / {number(info.training_hardware_flops)} FLOPs",
                hint="Look at training_time, num_chips and device_flops: one of them is not of this run.",
                severity=Severity.ERROR if impossible else Severity.WARNING,
                confidence=Confidence.HIGH if impossible else Confidence.MEDIUM,
            )


def _share_that_must_be_done(checked: CheckedRun) -> float:
    """Return the share of the counted FLOPs that the hardware must have done at its bf16 peak; 0 if nobody can tell.

    The contest counts every attention map in full and the softmax with it. A causal kernel computes half the map, a
    window perhaps next to none of it; other units of the chip do the softmax; int8 runs at up to twice the rate.
    """
    analysis, run = checked.analysis, checked.run
    model, length, hardware = analysis.architecture, analysis.values.length, analysis.hardware
    # A peak that the submission itself states is refuted by its own figures; the demo track's is nominal.
    claimed = hardware.override is not None and not run.is_demo
    proved = hardware.accelerator is not None and hardware.accelerator.verified
    if isinstance(model, NotCovered) or length is None or not (claimed or proved):
        return 0.0
    counted = flops_per_token(model, analysis.values.vocabulary, length)
    attended = model.layers * model.heads * model.head_dim
    maps = 4 * length * attended + 3 * length * model.layers * model.heads
    computed = 0 if run.model_keys.get("sliding_window") else 2 * length * attended
    return (counted - maps + computed) / counted / (2 if run.train_keys.get("int8") else 1)


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
        low, high = subject.settings.tolerances.least_bpb, subject.settings.tolerances.largest_bpb
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


class Epochs(Rule):
    """The training data were repeated many times.

    What is wrong:
        `total_tokens` is more than ten times the 10 billion tokens of the training data.

    Why it matters:
        Either the number of tokens is wrong, or the run is of a kind that readers should know of.

    How to fix it:
        Look at batch size, steps and sequence length; if they are right, say so in the README.
    """

    code = "SR717"
    name = "epochs"
    severity = Severity.WARNING
    confidence = Confidence.MEDIUM
    since = "2026.12"
    fires = Example(
        "two hundred thousand steps, and everything follows",
        edits={
            "/train_config/num_train_steps": 200_000,
            "/total_tokens": 128 * 200_000 * 4096,
            "/model_flops": 3 * 227_868_672.0 * 128 * 200_000 * 4096,
            "/training_time": 60_000.0,
            "/training_hardware_flops": 459e12 * 16 * 60_000,
        },
    )

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every run on FineWeb-Edu that repeats it too often."""
        most = subject.settings.tolerances.epochs
        for checked in subject.runs:
            tokens = checked.run.info.total_tokens
            if tokens is None or checked.run.is_demo or tokens <= most * CONTEST_TOKENS:
                continue
            if is_contest_data(training_data_names(checked.run.info.tokenized_dataset)):
                yield self.finding(
                    checked.place(TOTAL_TOKENS),
                    "total_tokens",
                    expected=f"at most {most:g} times the {number(CONTEST_TOKENS)} tokens of the training data",
                    submitted=f"{number(tokens)}, {tokens / CONTEST_TOKENS:.1f} times",
                    hint="Look at batch size, steps and sequence length; if they are right, say so in the README.",
                )


class QualityBeyondCompute(Rule):
    """The quality is beyond that of every known run of far more compute.

    What is wrong:
        Bits per byte are lower than those of every run in the ledger of known runs that took up to five times the model
        FLOPs.

    Why it matters:
        No known run has such a lead over the others. It is either news or a wrong figure, and no identity covers bits
        per byte.

    How to fix it:
        Nothing, if it is true: a maintainer reads the W&B run before it counts. Otherwise evaluate again.
    """

    code = "SR718"
    name = "quality-beyond-compute"
    severity = Severity.WARNING
    confidence = Confidence.MEDIUM
    since = "2026.12"
    fires = Example("the quality of a run of ten times the compute", edits={"/eval~1paloma~1c4_en~1bpb": 1.02})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every run that is better than all known ones of up to five times its compute."""
        lead = subject.settings.tolerances.compute_lead
        for checked in subject.runs:
            evaluation, flops = checked.run.evaluation, checked.run.info.model_flops
            if evaluation is None or evaluation.dataset != C4 or evaluation.bpb is None or flops is None:
                continue
            best = best_known(flops, lead)
            if best is not None and evaluation.bpb < best.bpb:
                yield self.finding(
                    checked.place(evaluation_paths(C4)[0]),
                    f"eval/{C4}/bpb",
                    expected=f"at least {number(best.bpb)}, the best known with up to {lead:g} times the model FLOPs "
                    f"({best.name}, {number(best.model_flops)} FLOPs)",
                    submitted=f"{number(evaluation.bpb)} with {number(flops)} FLOPs",
                    hint="Evaluate again; if it is true, link the W&B run so that a maintainer can read it.",
                )
