"""Closed forms for the FLOPs and parameters of a llama-like model.

The convention is the contest's: the forward pass of one token, every attention map counted in full (not the
causal half, not a window), the softmax as three operations per element of the map, one multiplication by the
head, a multiply and an add as two. The matrix terms are those of Narayanan et al. 2021, "Efficient Large-Scale
Language Model Training on GPU Clusters Using Megatron-LM" (appendix), generalised to grouped heads, gated MLPs and
experts; training costs three forward passes (one forward, two backward).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from speedrun_ci.flops.architecture import Architecture

BACKWARD_AND_FORWARD = 3
"""Training FLOPs over forward FLOPs: the backward pass multiplies by weights and by activations."""

DEFAULT_VOCABULARY = 128_256
"""Tokens of llama 3's tokenizer, which the contest's `marin-community/marin-tokenizer` shares."""


def flops_per_token(model: Architecture, vocabulary: int, sequence: int) -> float:
    """Return forward FLOPs per token.

    Args:
        model: The model's shape.
        vocabulary: Tokens the head scores.
        sequence: Tokens in a training sequence.
    """
    attended = model.heads * model.head_dim
    mlp = 2 * 3 * model.hidden * model.inner * (model.experts_per_token + model.shared_experts)
    router = 2 * model.hidden * model.experts if model.experts > 1 else 0
    projections = 2 * model.hidden * (attended + 2 * model.kv_heads * model.head_dim) + 2 * attended * model.hidden
    attention = 4 * sequence * attended + 3 * sequence * model.heads
    head = 2 * model.hidden * vocabulary
    return float(model.layers * (mlp + router + projections + attention) + head)


def parameters(model: Architecture, vocabulary: int) -> float:
    """Return the number of trainable parameters.

    Args:
        model: The model's shape.
        vocabulary: Rows of the embedding and of the head.
    """
    attended = model.heads * model.head_dim
    grouped = model.kv_heads * model.head_dim
    attention: float = model.hidden * (2 * attended + 2 * grouped)
    if model.attention_bias:
        attention += attended + 2 * grouped + model.hidden
    mlp = 3 * model.hidden * model.inner
    if model.mlp_bias:
        mlp += 2 * model.inner + model.hidden
    router = model.hidden * model.experts if model.experts > 1 else 0
    norms: float = model.norms_per_layer * model.hidden if model.norm_weight else 0
    if model.qk_norm and model.norm_weight:
        norms += 2 * model.head_dim
    sinks = model.heads if model.attention_sink else 0
    block = attention + mlp * (model.experts + model.shared_experts) + router + norms + sinks
    outer_norms = (1 + model.embedding_norm) * model.hidden if model.norm_weight else 0
    embeddings = vocabulary * model.hidden * (1 if model.tied else 2)
    return float(model.layers * block + outer_norms + embeddings)
