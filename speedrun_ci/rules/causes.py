"""Mistakes with a name: what is known to make a figure wrong in just this way."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from speedrun_ci.flops.architecture import Architecture
from speedrun_ci.flops.formulas import BACKWARD_AND_FORWARD, DEFAULT_VOCABULARY, flops_per_token
from speedrun_ci.hardware import match_peak
from speedrun_ci.identities import close
from speedrun_ci.run_values import (
    DEVICE_FLOPS,
    FLOPS_PER_TOKEN,
    HARDWARE_FLOPS,
    MODEL_FLOPS,
    NUM_CHIPS,
    TOTAL_TOKENS,
    VOCAB_SIZE,
    sequence_path,
)
from speedrun_ci.strict_json import as_number

if TYPE_CHECKING:
    from speedrun_ci.analysis import Analysis
    from speedrun_ci.run_values import Path
    from speedrun_ci.wrong_sets import WrongSet


def known_cause(analysis: Analysis, wrong: WrongSet) -> str:
    """Return a sentence on the known mistake that explains a wrong set, or an empty string."""
    causes = {
        NUM_CHIPS: _cores,
        DEVICE_FLOPS: _peak,
        HARDWARE_FLOPS: _hardware,
        MODEL_FLOPS: _model,
        FLOPS_PER_TOKEN: _forward,
    }
    find = causes.get(wrong.identity.left)
    expected = wrong.identity.right(analysis.values)
    submitted = _figure(analysis, wrong.identity.left)
    return find(analysis, submitted, expected) if find and submitted and expected else ""


def _cores(analysis: Analysis, submitted: float, expected: float) -> str:
    found = analysis.hardware.slice
    if found is not None and _same(analysis, submitted * found.chips, expected * found.cores) and submitted != expected:
        return f"{found.name} has {found.chips} chips; {submitted:g} counts its TensorCores."
    return ""


def _peak(analysis: Analysis, submitted: float, expected: float) -> str:
    part = analysis.hardware.accelerator
    if part is not None and match_peak(part, submitted)[0] == "sparse" and submitted > expected:
        return f"That is the peak of {part.name} with 2:4 sparsity, which training does not use."
    return ""


def _hardware(analysis: Analysis, submitted: float, expected: float) -> str:
    part, found = analysis.hardware.accelerator, analysis.hardware.slice
    cores = found is not None and found.cores != found.chips
    if found is not None and cores and _same(analysis, submitted * found.chips, expected * found.cores):
        return f"{found.name} has {found.chips} chips; its {found.cores} TensorCores were used."
    if part is not None and part.sparse_peak and close(submitted / expected, part.sparse_peak / part.peak_flops, 1e-3):
        return f"The peak of {part.name} with 2:4 sparsity was used; training does not use sparsity."
    if _same(analysis, submitted, _figure(analysis, MODEL_FLOPS) or 0.0):
        return "These are the model FLOPs: the MFU was applied."
    return ""


def _model(analysis: Analysis, submitted: float, expected: float) -> str:
    if _same(analysis, submitted * BACKWARD_AND_FORWARD, expected):
        return "Only the forward pass was counted; training takes three times as much."
    tokens = _figure(analysis, TOTAL_TOKENS)
    return _head_dim(analysis, submitted / (BACKWARD_AND_FORWARD * tokens)) if tokens else ""


def _forward(analysis: Analysis, submitted: float, expected: float) -> str:
    if _same(analysis, submitted, BACKWARD_AND_FORWARD * expected):
        return "The backward pass is included; FLOPs per token are those of the forward pass."
    return _head_dim(analysis, submitted)


def _head_dim(analysis: Analysis, submitted: float) -> str:
    """Name the original contest's formula, which took heads to be hidden_dim / num_heads wide."""
    model, path = analysis.architecture, sequence_path(analysis.values)
    if not isinstance(model, Architecture) or path is None:
        return ""
    plain = dataclasses.replace(model, head_dim=model.hidden / model.heads)
    vocabulary = int(_figure(analysis, VOCAB_SIZE) or DEFAULT_VOCABULARY)
    length = _figure(analysis, path)
    if plain == model or length is None:
        return ""
    if _same(analysis, flops_per_token(plain, vocabulary, int(length)), submitted):
        return f"head_dim is {model.head_dim:g}, but the formula took hidden_dim / num_heads = {plain.head_dim:g}."
    return ""


def _same(analysis: Analysis, a: float, b: float) -> bool:
    return close(a, b, analysis.bounds.product_tolerance)


def _figure(analysis: Analysis, path: Path) -> float | None:
    return as_number(analysis.values.get(path))
