"""Mistakes with a name: what is known to make a figure wrong in just this way.

Each cause computes what the figure would be if the mistake had been made. A cause is named only if that is what was
submitted, to the tolerance of the identity.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from speedrun_ci.flops.architecture import LENGTH_KEYS, Architecture
from speedrun_ci.flops.formulas import BACKWARD_AND_FORWARD, flops_per_token, parameters
from speedrun_ci.hardware import match_peak
from speedrun_ci.identities import close
from speedrun_ci.numbers import number
from speedrun_ci.run_values import (
    DEVICE_FLOPS,
    FLOPS_PER_TOKEN,
    HARDWARE_FLOPS,
    MODEL_FLOPS,
    MODEL_SIZE,
    NUM_CHIPS,
    NUM_STEPS,
    TOTAL_TOKENS,
    TRAIN_SEQ_LEN,
)
from speedrun_ci.strict_json import as_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from speedrun_ci.analysis import Analysis
    from speedrun_ci.run_values import Path
    from speedrun_ci.wrong_sets import WrongSet

    type Causes = Callable[[Analysis, float], Iterator[tuple[float, str]]]

_UNITS = {1e3: "a thousand", 1e6: "a million", 1e9: "a billion", 1e12: "a trillion", 60.0: "60", 3600.0: "3,600"}
"""Factors between units: of time, and of everything that is counted in thousands."""

_VOCABULARIES = {32_000: "llama 2", 32_768: "mistral", 50_257: "gpt-2", 50_304: "a padded gpt-2", 128_256: "llama 3"}
"""Vocabularies that are often used. Sizes as in the tokenizers' own configurations."""

_BY_STEPS = (TOTAL_TOKENS, MODEL_FLOPS)
"""Figures that are proportional to the number of steps."""


def known_cause(analysis: Analysis, wrong: WrongSet) -> str:
    """Return a sentence on the known mistake that explains a wrong set, or an empty string."""
    left = wrong.identity.left
    expected, submitted = wrong.identity.right(analysis.values), as_number(analysis.values.get(left))
    if not expected or not submitted:
        return ""
    for mistaken, sentence in _CAUSES.get(left, _nothing)(analysis, expected):
        if close(mistaken, submitted, analysis.bounds.product_tolerance):
            return sentence
    if left == HARDWARE_FLOPS and (sparse := _sparse_product(analysis, submitted / expected)):
        return sparse
    if left == DEVICE_FLOPS and (sparse := _sparse_peak(analysis, submitted)):
        return sparse
    unit = _unit(analysis, submitted, expected) if left != NUM_CHIPS else ""
    return unit or (_of_other_steps(analysis, submitted / expected) if left in _BY_STEPS else "")


def _chips(analysis: Analysis, expected: float) -> Iterator[tuple[float, str]]:
    found = analysis.hardware.slice
    if found is not None and found.cores != found.chips:
        cores = expected * found.cores / found.chips
        yield cores, f"{found.name} has {found.chips} chips; {cores:g} counts its TensorCores."


def _hardware(analysis: Analysis, expected: float) -> Iterator[tuple[float, str]]:
    found = analysis.hardware.slice
    if found is not None and found.cores != found.chips:
        words = f"{found.name} has {found.chips} chips; its {found.cores} TensorCores were used."
        yield expected * found.cores / found.chips, words
    yield _figure(analysis, MODEL_FLOPS), "These are the model FLOPs: the MFU was applied."
    chips = _figure(analysis, NUM_CHIPS) or (analysis.hardware.chips or (0,))[0]
    if chips > 1:
        yield expected / chips, f"One chip was counted; the run had {chips:g}."


def _tokens(analysis: Analysis, expected: float) -> Iterator[tuple[float, str]]:
    yield from _of_another_length(analysis, expected)
    steps = _figure(analysis, NUM_STEPS)
    length = as_number(analysis.values.length)
    if steps and length:
        yield expected / length, "Sequences were counted, not tokens."
        yield expected / steps, "These are the tokens of one step."


def _of_another_length(analysis: Analysis, expected: float) -> Iterator[tuple[float, str]]:
    """Name the sequence length that was taken in place of the one that counts."""
    right = analysis.values.sequence_path
    for path in (TRAIN_SEQ_LEN, *(("model_config", key) for key in LENGTH_KEYS)):
        other, own = _figure(analysis, path), as_number(analysis.values.get(right or ()))
        if path != right and other and own:
            yield expected * other / own, f"{path[-1]} was taken for the sequence length; {(right or path)[-1]} is it."


def _model_flops(analysis: Analysis, expected: float) -> Iterator[tuple[float, str]]:
    yield expected / BACKWARD_AND_FORWARD, "Only the forward pass was counted; training takes three times as much."
    yield expected / 2, "A multiplication and its addition were counted as one operation; they are two."
    yield expected * 2 / BACKWARD_AND_FORWARD, "Only the backward pass was counted."
    yield expected * 4 / BACKWARD_AND_FORWARD, "The forward pass was counted twice, as if recomputed."
    tokens, size = _figure(analysis, TOTAL_TOKENS), _figure(analysis, MODEL_SIZE)
    yield 6 * size * tokens, "That is the rule of thumb, 6 x parameters x tokens; the contest counts operations."
    model = analysis.architecture
    if isinstance(model, Architecture):
        words = "That is the rule of thumb, 6 x parameters without embeddings x tokens; the contest counts operations."
        yield 6 * parameters(model, 0) * tokens, words
    per_token = BACKWARD_AND_FORWARD * tokens
    yield from ((per_token * mistaken, words) for mistaken, words in _of_another_model(analysis))


def _per_token(analysis: Analysis, expected: float) -> Iterator[tuple[float, str]]:
    yield (
        expected * BACKWARD_AND_FORWARD,
        "The backward pass is included; FLOPs per token are those of the forward pass.",
    )
    yield from _of_another_model(analysis)


def _of_another_model(analysis: Analysis) -> Iterator[tuple[float, str]]:
    """Yield the FLOPs per token of models that are easily taken for the declared one."""
    model, length = analysis.architecture, analysis.values.length
    if not isinstance(model, Architecture) or length is None:
        return
    vocabulary = analysis.values.vocabulary
    plain = model.hidden / model.heads
    if model.head_dim != plain:
        words = f"head_dim is {model.head_dim:g}, but the formula took hidden_dim / num_heads = {plain:g}."
        yield flops_per_token(dataclasses.replace(model, head_dim=plain), vocabulary, length), words
    if model.kv_heads != model.heads:
        words = f"Every head was given keys and values of its own; there are {model.kv_heads}."
        yield flops_per_token(dataclasses.replace(model, kv_heads=model.heads), vocabulary, length), words
    if model.experts > 1:
        words = f"All {model.experts} experts were counted; a token passes through {model.experts_per_token}."
        every = dataclasses.replace(model, experts_per_token=model.experts)
        yield flops_per_token(every, vocabulary, length), words
        words = f"One expert was counted; a token passes through {model.experts_per_token}."
        yield flops_per_token(dataclasses.replace(model, experts_per_token=1), vocabulary, length), words
    if model.shared_experts:
        count = f"{model.shared_experts} shared expert{'s' if model.shared_experts > 1 else ''}"
        words = f"It is right without the {count}: were they left out, or are there none?"
        yield flops_per_token(dataclasses.replace(model, shared_experts=0), vocabulary, length), words
    yield flops_per_token(model, 0, length), "The multiplication by the head was left out."
    yield flops_per_token(model, vocabulary, 0), "The attention maps were left out."
    for other, whose in _VOCABULARIES.items():
        words = f"It is that of {whose}'s vocabulary of {other:,}; this one has {vocabulary:,}."
        yield flops_per_token(model, other, length), words


def _model_size(analysis: Analysis, expected: float) -> Iterator[tuple[float, str]]:
    model = analysis.architecture
    if isinstance(model, Architecture):
        embedding = model.hidden * analysis.values.vocabulary
        yield expected - embedding, "The embedding, or the head, was left out."
        yield parameters(model, 0), "Embedding and head were left out."


def _sparse_product(analysis: Analysis, ratio: float) -> str:
    part = analysis.hardware.accelerator
    if (
        part is not None
        and part.sparse_peak
        and close(ratio, part.sparse_peak / part.peak_flops, analysis.bounds.peak_tolerance)
    ):
        return f"The peak of {part.name} with 2:4 sparsity was used; training does not use sparsity."
    return ""


def _sparse_peak(analysis: Analysis, submitted: float) -> str:
    part = analysis.hardware.accelerator
    if part is not None and match_peak(part, submitted)[0] == "sparse":
        return f"That is the peak of {part.name} with 2:4 sparsity, which training does not use."
    return ""


def _unit(analysis: Analysis, submitted: float, expected: float) -> str:
    """Name a factor between units."""
    tolerance = analysis.bounds.product_tolerance
    for factor, words in _UNITS.items():
        if close(submitted * factor, expected, tolerance):
            return f"It is {words} times too small; look at its unit."
        if close(submitted, expected * factor, tolerance):
            return f"It is {words} times too large; look at its unit."
    return ""


def _of_other_steps(analysis: Analysis, ratio: float) -> str:
    """Name the number of steps of which the figure would be right."""
    steps = _figure(analysis, NUM_STEPS)
    other = round(steps * ratio) if math.isfinite(steps * ratio) else 0
    if steps > 1 and other >= 1 and other != steps and close(other, steps * ratio, analysis.bounds.product_tolerance):
        return f"It would be right for {number(other)} steps; train_config has {number(steps)}."
    return ""


def _nothing(analysis: Analysis, expected: float) -> Iterator[tuple[float, str]]:  # noqa: ARG001
    yield from ()


def _figure(analysis: Analysis, path: Path) -> float:
    return as_number(analysis.values.get(path)) or 0.0


_CAUSES: dict[Path, Causes] = {
    NUM_CHIPS: _chips,
    HARDWARE_FLOPS: _hardware,
    TOTAL_TOKENS: _tokens,
    MODEL_FLOPS: _model_flops,
    FLOPS_PER_TOKEN: _per_token,
    MODEL_SIZE: _model_size,
}
