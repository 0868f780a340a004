"""What a `model_config` says about the shape of a model.

Real files carry no class name and mix the keys of several families, so every key is judged by itself:
it gives a dimension, or it costs no compute, or nobody knows, and then no formula applies.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from speedrun_ci.strict_json import as_whole, shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from speedrun_ci.strict_json import Json

DIMENSION_KEYS = (
    "hidden_dim",
    "intermediate_dim",
    "num_layers",
    "num_heads",
    "num_kv_heads",
    "head_dim",
    "n_routed_experts",
    "num_experts",
    "num_experts_per_tok",
    "n_shared_experts",
    "moe_intermediate_dim",
)
"""Keys whose whole number enters the formulas."""

PARAMETER_KEYS = (
    "tie_word_embeddings",
    "hybrid_norm",
    "use_qk_norm",
    "qk_norm",
    "input_embedding_norm",
    "use_attention_sink",
    "use_bias",
    "attention_bias",
    "use_layer_norm_weight",
)
"""Switches that add or remove parameters and no matrix multiplication."""

LENGTH_KEYS = ("max_seq_len", "seq_len")
"""Sequence length, first that is set; `train_seq_len` of the train_config goes before both."""

NEUTRAL_KEYS = frozenset(
    {
        "activation_function",
        "attention_dropout",
        "attn_backend",
        "cross_entropy_block_size",
        "cross_entropy_implementation",
        "flash_attention_block_size",
        "gradient_checkpointing",
        "initializer_range",
        "layer_norm_epsilon",
        "layer_types",
        "lbl_coef",
        "max_window_layers",
        "norm_topk_prob",
        "reference_checkpoint",
        "rope",
        "rope_scaling",
        "router_aux_loss_coef",
        "rzl_coef",
        "scan_layers",
        # The contest counts every attention map as full, so a window changes no figure.
        "sliding_window",
        "tokenizer",
        "upcast_attn",
        "use_flash_attention",
        "use_parallel_blocks",
        "use_sliding_window",
    }
)
"""Keys that change no FLOPs by the contest's convention, and no parameters."""

UNGATED_ACTIVATIONS = ("xielu",)
"""Activations that levanter only uses in an MLP of two matrices (Apertus), where the formula has three."""


ACTIVATION = ("activation_function",)

LARGEST_DIMENSION = 2**32
"""No dimension comes near it, and products of a dozen of them stay inside a double."""

MOST_UNKNOWN = 5
"""Unknown keys that a message names."""

_KNOWN = frozenset({*DIMENSION_KEYS, *PARAMETER_KEYS, *LENGTH_KEYS, *NEUTRAL_KEYS})


@dataclass(frozen=True, slots=True)
class Architecture:
    """The shape of a llama-like model, dense or a mixture of experts.

    Attributes:
        hidden: Width of the residual stream.
        inner: Width of one MLP, or of one routed expert.
        layers: Number of blocks.
        heads: Number of query heads.
        kv_heads: Number of key and value heads.
        head_dim: Width of one head.
        experts: Routed experts, 1 for a dense model.
        experts_per_token: Routed experts a token passes through.
        shared_experts: Experts every token passes through, of width `inner` each.
        tied: Whether the head shares the embedding's matrix.
        norms_per_layer: RMS norms of width `hidden` in a block.
        qk_norm: Whether queries and keys are normalised per head.
        embedding_norm: Whether the embedding is normalised.
        attention_sink: Whether each head has a learned sink.
        attention_bias: Whether the attention projections have biases.
        mlp_bias: Whether the MLP projections have biases.
        norm_weight: Whether the norms have weights.
    """

    hidden: int
    inner: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: float
    experts: int
    experts_per_token: int
    shared_experts: int
    tied: bool
    norms_per_layer: int
    qk_norm: bool
    embedding_norm: bool
    attention_sink: bool
    attention_bias: bool
    mlp_bias: bool
    norm_weight: bool

    @property
    def flaw(self) -> str:
        """Why nobody can build the model, or an empty string."""
        if self.heads % self.kv_heads:
            return f"{self.kv_heads} key and value heads do not divide {self.heads} heads"
        if self.experts_per_token > self.experts:
            return f"a token passes through {self.experts_per_token} of {self.experts} experts"
        return ""

    @property
    def is_uneven(self) -> bool:
        """Whether the heads do not divide the width: levanter then makes them narrower, so that they do not fill it."""
        return self.head_dim == self.hidden / self.heads and self.hidden % self.heads != 0


@dataclass(frozen=True, slots=True)
class NotCovered:
    """Why no formula applies to a configuration."""

    reason: str


def least_dimension(key: str) -> int:
    """Return the least value of a dimension: 0 for those of experts, which a model may lack, and 1 for all others."""
    return 0 if "expert" in key or key == "moe_intermediate_dim" else 1


def is_inert(value: Json) -> bool:
    """Whether a key with this value is as good as absent."""
    return value is None or value is False or value == "none"


def relevant_keys(config: Mapping[str, Json]) -> dict[str, Json]:
    """Return the part of a `model_config` that decides whether and how a formula applies.

    Of the keys that nobody knows a few are enough to say so; a hostile file may have many.
    """
    known = {key: config[key] for key in (*DIMENSION_KEYS, *PARAMETER_KEYS, *LENGTH_KEYS, *ACTIVATION) if key in config}
    unknown = (key for key, value in config.items() if key not in _KNOWN and not is_inert(value))
    return {**known, **{key: config[key] for key in itertools.islice(sorted(unknown), MOST_UNKNOWN)}}


def known_part(config: Mapping[str, Json]) -> dict[str, Json]:
    """Return a `model_config` without the keys that nobody knows."""
    return {key: value for key, value in config.items() if key in _KNOWN}


def read_architecture(config: Mapping[str, Json]) -> Architecture | NotCovered:
    """Return the model's shape, or why no formula covers it.

    Args:
        config: The `model_config` of a run; hostile.
    """
    unknown = sorted(key for key, value in config.items() if key not in _KNOWN and not is_inert(value))
    if unknown:
        shown = ", ".join(shorten(key, 40) for key in unknown[:MOST_UNKNOWN])
        return NotCovered(f"no formula covers {shown}")
    if config.get("activation_function") in UNGATED_ACTIVATIONS:
        return NotCovered(f"no formula covers activation_function {config['activation_function']}")
    for key in ("hidden_dim", "intermediate_dim", "num_layers", "num_heads"):
        if is_inert(config.get(key)):
            return NotCovered(f"{key} is not set")
    sizes: dict[str, int] = {}
    for key in DIMENSION_KEYS:
        value = config.get(key)
        if is_inert(value) or (value == 0 and least_dimension(key) == 0):
            continue
        number = _whole(value)
        if not number:
            return NotCovered(f"{key} is not a positive whole number")
        sizes[key] = number
    if "n_routed_experts" in sizes and "num_experts" in sizes:
        return NotCovered("both n_routed_experts and num_experts are set")
    experts = sizes.get("n_routed_experts", sizes.get("num_experts", 1))
    heads = sizes["num_heads"]
    return Architecture(
        hidden=sizes["hidden_dim"],
        inner=sizes.get("moe_intermediate_dim", sizes["intermediate_dim"]),
        layers=sizes["num_layers"],
        heads=heads,
        kv_heads=sizes.get("num_kv_heads", heads),
        head_dim=sizes.get("head_dim", sizes["hidden_dim"] / heads),
        experts=experts,
        experts_per_token=sizes.get("num_experts_per_tok", 1) if experts > 1 else 1,
        shared_experts=sizes.get("n_shared_experts", 0),
        tied=_is_set(config, "tie_word_embeddings"),
        norms_per_layer=4 if _is_set(config, "hybrid_norm") else 2,
        qk_norm=_is_set(config, "use_qk_norm") or _is_set(config, "qk_norm"),
        embedding_norm=_is_set(config, "input_embedding_norm"),
        attention_sink=_is_set(config, "use_attention_sink"),
        attention_bias=_is_set(config, "use_bias") or _is_set(config, "attention_bias"),
        mlp_bias=_is_set(config, "use_bias"),
        norm_weight=config.get("use_layer_norm_weight") is not False,
    )


def _is_set(config: Mapping[str, Json], key: str) -> bool:
    return not is_inert(config.get(key))


def _whole(value: Json) -> int | None:
    number = as_whole(value)
    return number if number is not None and 0 <= number <= LARGEST_DIMENSION else None
