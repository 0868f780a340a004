"""SR001 to SR004: what could not be checked, or counts no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from speedrun_ci.finding import Place, Severity
from speedrun_ci.flops.architecture import NotCovered, known_part, read_architecture
from speedrun_ci.flops.formulas import BACKWARD_AND_FORWARD, flops_per_token, parameters
from speedrun_ci.numbers import number
from speedrun_ci.rules.base import Example, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from speedrun_ci.finding import Finding
    from speedrun_ci.rules.base import CheckedRun


class RuleCrashed(Rule):
    """A rule failed to run.

    What is wrong:
        A rule of the checker itself raised an error on this submission.

    Why it matters:
        What it checks has not been checked, so the verdict is inconclusive: neither pass nor fail.

    How to fix it:
        Nothing in the submission, most likely. Report the message as an issue of the checker.
    """

    code = "SR001"
    name = "rule-crashed"
    severity = Severity.WARNING
    since = "2026.11"
    fires = Example("a rule divides by zero")

    def check(self, subject: Subject) -> Iterator[Finding]:  # noqa: ARG002
        """Never fires by itself: the checker reports a crash where it happens."""
        yield from ()

    @classmethod
    def report(cls, path: str, what: str, error: Exception) -> Finding:
        """Return the finding for a part of the checker that raised."""
        return cls.finding(
            Place(path),
            what,
            expected="an answer",
            submitted=f"{type(error).__name__}",
            hint="The verdict is inconclusive; report this as an issue of speedrun-ci.",
        )


class EvidenceMissing(Rule):
    """Evidence that was demanded could not be had.

    What is wrong:
        `--wandb require` was given, and the W&B run could not be read.

    Why it matters:
        The run is not confirmed in the way that was asked for, so the verdict is inconclusive.

    How to fix it:
        Run again when the evidence can be had, or without demanding it.
    """

    code = "SR002"
    name = "evidence-missing"
    severity = Severity.WARNING
    since = "2026.11"
    fires = Example("`--wandb require` is given")

    def check(self, subject: Subject) -> Iterator[Finding]:  # noqa: ARG002
        """Never fires by itself: what is demanded stands on the command line."""
        yield from ()

    @classmethod
    def report(cls, path: str) -> Finding:
        """Return the finding for a W&B run that was demanded."""
        return cls.finding(
            Place(path),
            "W&B",
            expected="the run's history, as --wandb require demands",
            submitted="none: this version does not read W&B",
            hint="Check with --wandb auto or --wandb skip.",
        )


class NotRecomputable(Rule):
    """No formula covers the model.

    What is wrong:
        `model_config` sets a key whose effect on compute is unknown, or lacks a dimension that the formula needs.

    Why it matters:
        FLOPs and parameters cannot be recomputed from the configuration, so the level stays `declared`. That is no
        fault: custom models are welcome, and tracing their dry run can confirm them.

    How to fix it:
        Nothing.
    """

    code = "SR003"
    name = "not-recomputable"
    severity = Severity.INFO
    since = "2026.11"
    fires = Example("an unknown key is set", edits={"/model_config/gdn_heads": 4})
    silent = Example("an unknown key is null", edits={"/model_config/gdn_heads": None})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every model that no formula covers."""
        for checked in subject.runs:
            architecture = checked.analysis.architecture
            if isinstance(architecture, NotCovered) and checked.run.info.model_config is not None:
                yield self.finding(
                    checked.place(("model_config",)),
                    "model_config",
                    expected="only keys whose compute is known",
                    submitted=architecture.reason,
                    hint=f"FLOPs cannot be recomputed by formula; the level stays declared.{_by_known_keys(checked)}",
                )
            if checked.analysis.values.sequence_path is None and checked.run.info.model_config is not None:
                yield self.finding(
                    checked.place(("model_config",)),
                    "model_config",
                    expected="max_seq_len or seq_len, or train_seq_len in train_config",
                    submitted="none",
                    hint="Tokens and FLOPs cannot be recomputed; the level stays declared.",
                )


def _by_known_keys(checked: CheckedRun) -> str:
    """Say what the formula gives without the unknown keys, so that a maintainer sees how much depends on them."""
    values, info = checked.analysis.values, checked.run.info
    model = read_architecture(known_part(checked.run.model_keys))
    if isinstance(model, NotCovered) or values.length is None or info.total_tokens is None:
        return ""
    per_token = flops_per_token(model, values.vocabulary, values.length)
    flops, size = BACKWARD_AND_FORWARD * per_token * info.total_tokens, parameters(model, values.vocabulary)
    told = [
        f"{name} {number(value)} (submitted {submitted / value:.3f}x)"
        for name, value, submitted in (("model_flops", flops, info.model_flops), ("model_size", size, info.model_size))
        if submitted is not None and value
    ]
    return f" By the known keys alone it would give {' and '.join(told)}." if told else ""


class SuppressionExpired(Rule):
    """A suppression for this submission has expired.

    What is wrong:
        speedrun.toml lets a finding of this submission pass until a day that is over.

    Why it matters:
        It has no effect any more: the finding counts again.

    How to fix it:
        Mend what the rule reports, or renew the suppression with a reason, or remove it.
    """

    code = "SR004"
    name = "suppression-expired"
    severity = Severity.WARNING
    since = "2026.12"
    fires = Example(
        "a suppression ended in October",
        settings="""[[suppressions]]
rule = "SR401"
submission = "example"
reason = "The author counts cores and was told."
expires = 2026-10-31
""",
    )
    silent = Example("a suppression ends next year", settings=fires.settings.replace("2026-10-31", "2027-10-31"))

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every suppression of this submission that is over."""
        settings = subject.settings
        here = settings.relative(subject.submission.root) if settings.suppressions else None
        for item in settings.suppressions:
            if item.submission == here and item.expires < subject.now.date():
                yield self.finding(
                    Place(subject.submission.path),
                    f"speedrun.toml, suppression of {item.rule}",
                    expected=f"a day from {subject.now:%Y-%m-%d} on",
                    submitted=f"{item.expires}",
                    hint=f"{item.rule} counts again; mend what it reports, or renew or remove the suppression.",
                )
