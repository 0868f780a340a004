"""SR301 to SR308, SR401 and SR402: the identities between the figures of a run.

One wrong figure breaks several identities. The smallest set of figures whose correction mends them all is reported
once, under the identity that defines the figure; the other identities stay silent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from speedrun_ci.fields import show
from speedrun_ci.finding import Confidence, Severity
from speedrun_ci.flops.architecture import Architecture
from speedrun_ci.numbers import pair
from speedrun_ci.rules.base import CheckedRun, Example, Rule, Subject
from speedrun_ci.rules.causes import known_cause

if TYPE_CHECKING:
    from collections.abc import Iterator

    from speedrun_ci.finding import Finding
    from speedrun_ci.run_values import Path, Values
    from speedrun_ci.wrong_sets import Correction, WrongSet

MOST_ALTERNATIVES = 6
"""Explanations that fit equally well; naming more would help nobody."""


_EVALUATED = {
    "/eval~1paloma~1c4_en~1loss": 3.5988,
    "/eval~1paloma~1c4_en~1tokens": 1_000_000,
    "/eval~1paloma~1c4_en~1bytes": 4_400_000,
}


class IdentityRule(Rule):
    """Reports the wrong sets that belong to one identity."""

    since = "2026.11"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every wrong set of this rule's identity."""
        for checked in subject.runs:
            for wrong in checked.analysis.wrong:
                if wrong.identity.code == self.code:
                    yield self._report(checked, wrong)

    def _report(self, checked: CheckedRun, wrong: WrongSet) -> Finding:
        identity, values = wrong.identity, checked.analysis.values
        submitted = values[identity.left]
        blamed = _correction_of(identity.left, wrong)
        right = identity.right(values)
        # Where the left side is to blame, its correction may rest on other corrections; else the right side stands.
        expected = blamed.expected if blamed is not None else right
        expected_text, submitted_text = pair(expected, submitted)
        ratio = _ratio(submitted, expected)
        text = identity.text(checked.analysis.corrected if blamed is not None else values)
        ways = [" and ".join(map(_setting, corrections)) for corrections in wrong.alternatives]
        if blamed is None and expected is not None:
            ways.insert(0, f"{name_of(identity.left)} to {expected_text} and what follows from it")
        hint = " ".join(part for part in (known_cause(checked.analysis, wrong), _advice(wrong, ways, values)) if part)
        certain = wrong.certain
        return self.finding(
            checked.place(identity.left),
            name_of(identity.left),
            expected=f"{expected_text} = {text}",
            submitted=f"{submitted_text}{ratio}",
            hint=hint,
            severity=Severity.ERROR if certain else Severity.WARNING,
            confidence=Confidence.HIGH if certain else Confidence.MEDIUM,
        )


def name_of(path: Path) -> str:
    """Return how messages name a value: the key in the file, with the object before it if it is nested."""
    return ".".join(path)


def _correction_of(path: Path, wrong: WrongSet) -> Correction | None:
    if not wrong.alternatives:
        return None
    return next((correction for correction in wrong.alternatives[0] if correction.path == path), None)


def _ratio(submitted: object, expected: object) -> str:
    numeric = isinstance(submitted, (int, float)) and isinstance(expected, (int, float)) and expected
    if not numeric:
        return ""
    ratio = float(submitted) / float(expected)  # type: ignore[arg-type]
    if abs(ratio - 1) < 0.005:
        return f" ({ratio - 1:+.2g} relative)"
    return f" ({ratio:.2f}x)" if ratio >= 0.01 else f" ({ratio:.2g}x)"


def _advice(wrong: WrongSet, ways: list[str], values: Values) -> str:
    if not wrong.alternatives:
        paths = {path for identity in wrong.broken for path in (identity.left, *identity.inputs) if path in values}
        names = sorted(map(name_of, paths))
        return f"No correction of up to three figures was found; look at {', '.join(names)}."
    if len(ways) == 1:
        return f"Set {ways[0]}."
    more = f", or in {len(ways) - MOST_ALTERNATIVES} other ways" if len(ways) > MOST_ALTERNATIVES else ""
    return f"Set {'; or '.join(ways[:MOST_ALTERNATIVES])}{more}: whichever is wrong."


def _setting(correction: Correction) -> str:
    expected = correction.expected
    if isinstance(expected, (int, float)) and not isinstance(expected, bool):
        return f"{name_of(correction.path)} to {pair(expected, correction.submitted)[0]}"
    return f"{name_of(correction.path)} to {show(expected)}"


class TotalTokensIdentity(IdentityRule):
    """`total_tokens` is batch size x steps x sequence length.

    What is wrong:
        `total_tokens` is not `train_batch_size x num_train_steps x` the sequence length (`train_seq_len`, else
        `max_seq_len`, else `seq_len`); a batch-size schedule is summed over its steps.

    Why it matters:
        Model FLOPs are proportional to it.

    How to fix it:
        Correct whichever figure is wrong: usually the file was edited, or the configuration is that of another run.
    """

    code = "SR301"
    name = "total-tokens-identity"
    fires = Example("`num_train_steps` is that of another run", edits={"/train_config/num_train_steps": 4959})


class ModelFlopsIdentity(IdentityRule):
    """`model_flops` is three forward passes over all tokens.

    What is wrong:
        `model_flops` is not `3 x model_flops_per_token x total_tokens`. Where the file does not record FLOPs per
        token, they are computed from `model_config`.

    Why it matters:
        Model FLOPs are one of the board's two compute axes.

    How to fix it:
        Recompute it. One third means that only the forward pass was counted.
    """

    code = "SR302"
    name = "model-flops-identity"
    fires = Example("only the forward pass is counted", edits={"/model_flops": 2.107429813789655e18 / 3})


class TrainingHardwareFlopsIdentity(IdentityRule):
    """`training_hardware_flops` is time x chips x peak.

    What is wrong:
        `training_hardware_flops` is not `training_time x num_chips x device_flops`. A wrong time and a wrong product
        explain the same difference, so both are named.

    Why it matters:
        Hardware FLOPs are one of the board's two compute axes.

    How to fix it:
        Recompute it with the number of chips (not TensorCores) and the dense peak of one chip.
    """

    code = "SR303"
    name = "training-hardware-flops-identity"
    fires = Example("the product is twice too large", edits={"/training_hardware_flops": 1.1016e19 * 2})


class FlopsPerTokenIdentity(IdentityRule):
    """`model_flops_per_token` follows from the model's configuration.

    What is wrong:
        The declared FLOPs per token differ from the closed form over `model_config`.

    Why it matters:
        The submission's own code computes this figure, and every other figure of compute follows from it.

    How to fix it:
        Use the formula of `docs/flops.md`. If `head_dim` is set, heads are that wide, not `hidden_dim / num_heads`.
    """

    code = "SR304"
    name = "model-flops-per-token-identity"
    fires = Example(
        "FLOPs per token are a tenth too low, and model FLOPs follow",
        edits={"/model_flops_per_token": 227_868_672 * 0.9, "/model_flops": 2.107429813789655e18 * 0.9},
    )
    silent = Example("FLOPs per token are recorded", edits={"/model_flops_per_token": 227_868_672})


class ModelSizeIdentity(IdentityRule):
    """`model_size` follows from the model's configuration.

    What is wrong:
        The declared parameter count differs from the closed form over `model_config` by more than 0.05%. Honest
        formulas leave out small norms; they differ by less than 0.01%.

    Why it matters:
        A model of another size was trained than the configuration says.

    How to fix it:
        Correct the figure, or the configuration.
    """

    code = "SR305"
    name = "model-size-identity"
    fires = Example("two million parameters are left out", edits={"/model_size": 152_147_328})
    silent = Example("the norms are left out", edits={"/model_size": 154_147_328 - 13 * 512})


class BpbIdentity(IdentityRule):
    """Bits per byte follow from loss, tokens and bytes.

    What is wrong:
        `bpb` is not `loss / ln 2 x tokens / bytes` of the same evaluation set, to 0.1%.

    Why it matters:
        Bits per byte are the board's axis of quality.

    How to fix it:
        Take all four from the same evaluation.
    """

    code = "SR306"
    name = "bpb-identity"
    fires = Example("the loss is that of another evaluation", edits={**_EVALUATED, "/eval~1paloma~1c4_en~1loss": 3.5})
    silent = Example("loss, tokens and bytes are recorded", edits=_EVALUATED)


class MfuIdentity(IdentityRule):
    """`mfu`, where it is recorded, is model FLOPs over hardware FLOPs.

    What is wrong:
        The recorded `mfu` is not `model_flops / training_hardware_flops`.

    Why it matters:
        It says how well the hardware was used, and it shows whether the other two figures belong together.

    How to fix it:
        Recompute it.
    """

    code = "SR307"
    name = "mfu-identity"
    fires = Example("an MFU of 0.5 is claimed", edits={"/mfu": 0.5})
    silent = Example("the right MFU is recorded", edits={"/mfu": 2.107429813789655e18 / 1.1016e19})


class ImpossibleModel(Rule):
    """Nobody can build the model that `model_config` describes.

    What is wrong:
        The key and value heads do not divide the heads, or a token passes through more experts than there are; or,
        which is a warning, the heads do not divide the width although no `head_dim` is set.

    Why it matters:
        The formulas give such a shape FLOPs and parameters, but no program ever had it: the configuration was edited.

    How to fix it:
        Commit the file that training wrote.
    """

    code = "SR308"
    name = "impossible-model"
    since = "2026.12"
    fires = Example(
        "3 key and value heads for 8 heads, and everything follows",
        edits={
            "/model_config/num_kv_heads": 3,
            "/model_size": 152_181_248,
            "/model_flops": 3 * 223_936_512.0 * 3_082_813_440,
        },
    )

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every shape that a formula covers and nobody can build."""
        for checked in subject.runs:
            model = checked.analysis.architecture
            if not isinstance(model, Architecture) or not (model.flaw or model.is_uneven):
                continue
            yield self.finding(
                checked.place(("model_config",)),
                "model_config",
                expected="a model that can be built",
                submitted=model.flaw or f"{model.heads} heads on a width of {model.hidden}, and no head_dim",
                hint="Commit the file that training wrote.",
                severity=Severity.ERROR if model.flaw else Severity.WARNING,
                confidence=Confidence.HIGH if model.flaw else Confidence.MEDIUM,
            )


class NumChipsIdentity(IdentityRule):
    """`num_chips` is what the resources hold.

    What is wrong:
        `num_chips` is not the number of chips that `resources` name. The number in a slice's name counts TensorCores
        for TPU v2, v3, v4 and v5p (two a chip: v5p-32 has 16 chips) and chips for v5e and v6e.

    Why it matters:
        Hardware FLOPs are proportional to it: cores counted as chips double them.

    How to fix it:
        Count chips, and recompute `training_hardware_flops`.
    """

    code = "SR401"
    name = "num-chips-identity"
    fires = Example(
        "TensorCores are counted as chips, and hardware FLOPs follow",
        edits={"/num_chips": 32, "/training_hardware_flops": 1.1016e19 * 2},
    )


class DeviceFlopsIdentity(IdentityRule):
    """`device_flops` is the dense peak of the named hardware.

    What is wrong:
        `device_flops` is neither the peak of one chip in our table (dense bf16, FP32 accumulation) nor a figure that
        tools have long used for the same part, nor the override in `resources`.

    Why it matters:
        Hardware FLOPs are proportional to it. The peak with 2:4 sparsity is twice the dense one, and no training
        run reaches it.

    How to fix it:
        Use the dense peak of the datasheet named in `speedrun_ci/hardware.toml`. If the table is wrong, open an issue
        with the datasheet.
    """

    code = "SR402"
    name = "device-flops-identity"
    fires = Example(
        "half the peak is used, and hardware FLOPs follow",
        edits={"/device_flops": 459e12 / 2, "/training_hardware_flops": 1.1016e19 / 2},
    )
