"""__SUBMISSION_NAME__: a language model in one file, to be changed at will, at four sizes.

See what would be trained and what it would cost, without training:

    python -m submissions.__SUBMISSION_NAME__.main --sizes 130m --dry_run true

Train; each size's results go to a directory of that size's name beside this file:

    python -m submissions.__SUBMISSION_NAME__.main --sizes 130m --prefix local_store --force_run_failed true

Without `--sizes` all four are meant. Hardware is a v5p-32 slice, or A100-80G GPUs when `SR_USE_GPU=1` is set.
What most submissions change is marked TODO; everything else is yours to change as well.
"""

# mypy: allow-subclassing-any
# (levanter and equinox, whose classes are extended here, carry no annotations that a strict checker can follow.)

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import equinox as eqx
import haliax as hax
import haliax.nn as hnn
import jax
import jax.numpy as jnp
from haliax import Axis
from haliax.jax_utils import shaped_rng_split
from haliax.nn.scan import Stacked
from levanter.layers.attention import AttentionBackend, AttentionMask, dot_product_attention
from levanter.layers.rotary import DefaultRotaryEmbeddingsConfig, RotaryEmbeddingsConfig
from levanter.models.lm_model import LmConfig, LmHeadModel, resize_embeddings_and_lm_head
from levanter.optim.muon import MuonConfig

from training.config import Author, GpuConfig, SimpleTrainConfig, SpeedrunConfig, TpuPodConfig
from training.datasets import FINEWEB_EDU_10B
from training.speedrun import default_speedrun, executor_main

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haliax import NamedArray

NAME = "__SUBMISSION_NAME__"
AUTHOR = Author(
    name="__SUBMISSION_AUTHOR_NAME__",
    affiliation="__SUBMISSION_AUTHOR_AFFILIATION__",
    url="__SUBMISSION_AUTHOR_URL__",
)
DESCRIPTION = "__SUBMISSION_DESCRIPTION__"

HERE = Path(__file__).resolve().parent

SEQUENCE_LENGTH = 4096
TOKENS_PER_PARAMETER = 20
"""About what makes a training compute-optimal (Hoffmann et al. 2022, arXiv:2203.15556)."""

# --- The model -------------------------------------------------------------------------------------------------------


# levanter looks model classes up by this name and takes no second one for it. Submissions have different names, and of
# the two copies of a file that is both run and imported, the one that is run is called `__main__`.
@LmConfig.register_subclass(f"{NAME}:{__name__}")
@dataclass(frozen=True)
class TransformerConfig(LmConfig):
    """Shape of the model.

    The checker knows these names: it computes FLOPs and parameters from them by itself.

    TODO: add what your model needs. A setting with a name of your own tells the checker that its formula does not
    cover the model; your own, below, then count, and are compared with the operations that it finds in the program.
    """

    max_seq_len: int = SEQUENCE_LENGTH
    hidden_dim: int = 512
    intermediate_dim: int = 1792
    num_layers: int = 6
    num_heads: int = 8
    num_kv_heads: int = 8
    """Heads of keys and values; each serves `num_heads / num_kv_heads` heads of queries."""
    head_dim: int | None = None
    """Width of a head. None means `hidden_dim / num_heads`."""

    qk_norm: bool = False
    """Normalise queries and keys, head by head."""
    use_attention_sink: bool = False
    """Give each head a learned logit that takes part in the softmax and adds nothing."""
    input_embedding_norm: bool = False
    tie_word_embeddings: bool = False
    """Score tokens with the matrix that embeds them."""
    layer_norm_epsilon: float = 1e-5
    rope: RotaryEmbeddingsConfig = field(default_factory=DefaultRotaryEmbeddingsConfig)

    gradient_checkpointing: bool = True
    """Keep only the input of each layer for the backward pass, and compute the rest of it again."""
    attn_backend: AttentionBackend | None = None
    """Kernel of the attention. None takes the best one there is for the hardware."""
    flash_attention_block_size: int | None = None
    upcast_attn: bool = False
    """Compute attention in 32 bits."""

    def __post_init__(self) -> None:
        """Refuse shapes that no model can have."""
        if self.num_heads % self.num_kv_heads:
            raise ValueError(
                f"num_heads: expected a multiple of num_kv_heads {self.num_kv_heads}, got {self.num_heads}"
            )
        if self.head_dim is None and self.hidden_dim % self.num_heads:
            raise ValueError(f"hidden_dim: expected a multiple of num_heads {self.num_heads}, got {self.hidden_dim}")
        if self.head_size % 2:
            raise ValueError(f"head_dim: expected an even number for rotary positions, got {self.head_size}")

    @property
    def model_type(self) -> type[Transformer]:
        """The class that levanter builds."""
        return Transformer

    @property
    def head_size(self) -> int:
        """Width of one head."""
        return self.hidden_dim // self.num_heads if self.head_dim is None else self.head_dim

    # "embed" and "mlp" are the names by which levanter spreads parameters over devices.
    Embed = property(lambda self: Axis("embed", self.hidden_dim))
    Mlp = property(lambda self: Axis("mlp", self.intermediate_dim))
    Layers = property(lambda self: Axis("layer", self.num_layers))
    KVHeads = property(lambda self: Axis("kv_head", self.num_kv_heads))
    QHeadsPerGroup = property(lambda self: Axis("q_heads_per_group", self.num_heads // self.num_kv_heads))
    HeadSize = property(lambda self: Axis("head_size", self.head_size))

    def norm(self, axis: Axis) -> hnn.RmsNorm:
        """Return an RMS norm over an axis, with one weight for each of its elements."""
        return hnn.RmsNorm.init(axis, eps=self.layer_norm_epsilon, use_bias=False)

    def flops_per_token(self, vocab_size: int, context_length: int) -> int:
        """Return the FLOPs of the forward pass for one token, as the contest counts them.

        A multiply and an add are two; an attention map counts in full, not only its causal half, with three operations
        for the softmax of each of its elements; norms, activations and rotations are left out. Training costs three
        times as much.

        TODO: keep this true when you change the model.
        """
        attended = self.num_heads * self.head_size
        grouped = self.num_kv_heads * self.head_size
        projections = 2 * self.hidden_dim * (2 * attended + 2 * grouped)
        attention = 4 * context_length * attended + 3 * context_length * self.num_heads
        mlp = 2 * 3 * self.hidden_dim * self.intermediate_dim
        head = 2 * self.hidden_dim * vocab_size
        return self.num_layers * (projections + attention + mlp) + head

    def total_trainable_params(self, vocab_size: int) -> int:
        """Return the number of trainable parameters.

        TODO: keep this true when you change the model.
        """
        attended = self.num_heads * self.head_size
        grouped = self.num_kv_heads * self.head_size
        layer = self.hidden_dim * (2 * attended + 2 * grouped)
        layer += 3 * self.hidden_dim * self.intermediate_dim
        layer += 2 * self.hidden_dim
        layer += 2 * self.head_size if self.qk_norm else 0
        layer += self.num_heads if self.use_attention_sink else 0
        norms = (2 if self.input_embedding_norm else 1) * self.hidden_dim
        matrices = 1 if self.tie_word_embeddings else 2
        return self.num_layers * layer + norms + matrices * vocab_size * self.hidden_dim


def linear(inputs: Axis | Sequence[Axis], outputs: Axis | Sequence[Axis], *, key: jax.Array) -> hnn.Linear:
    """Return a matrix without bias. Muon wants the output axes first."""
    return hnn.Linear.init(In=inputs, Out=outputs, key=key, use_bias=False, out_first=True)


class Attention(eqx.Module):
    """Causal attention whose heads of queries share, in groups, one head of keys and values.

    TODO: a place for other attention, other positions, gates.
    """

    config: TransformerConfig = eqx.field(static=True)
    q_proj: hnn.Linear
    k_proj: hnn.Linear
    v_proj: hnn.Linear
    o_proj: hnn.Linear
    q_norm: hnn.RmsNorm | None
    k_norm: hnn.RmsNorm | None
    sink: NamedArray | None

    @staticmethod
    def init(config: TransformerConfig, *, key: jax.Array) -> Attention:
        """Return the layer with fresh parameters."""
        key_q, key_k, key_v, key_o = jax.random.split(key, 4)
        query_heads = (config.KVHeads, config.QHeadsPerGroup, config.HeadSize)
        return Attention(
            config=config,
            q_proj=linear(config.Embed, query_heads, key=key_q),
            k_proj=linear(config.Embed, (config.KVHeads, config.HeadSize), key=key_k),
            v_proj=linear(config.Embed, (config.KVHeads, config.HeadSize), key=key_v),
            o_proj=linear(query_heads, config.Embed, key=key_o),
            q_norm=config.norm(config.HeadSize) if config.qk_norm else None,
            k_norm=config.norm(config.HeadSize) if config.qk_norm else None,
            sink=hax.zeros((config.KVHeads, config.QHeadsPerGroup)) if config.use_attention_sink else None,
        )

    def __call__(self, x: NamedArray, mask: AttentionMask | NamedArray | None, positions: NamedArray) -> NamedArray:
        """Attend. Input and output are [..., position, embed]."""
        config = self.config
        q, k, v = self.q_proj(x), self.k_proj(x), self.v_proj(x)
        if self.q_norm is not None and self.k_norm is not None:
            q, k = self.q_norm(q), self.k_norm(k)
        rotate = config.rope.build(config.HeadSize)
        q, k = rotate(q, positions), rotate(k, positions)
        mixed = dot_product_attention(
            "position",
            "key_position",
            "head_size",
            q.rearrange((..., "kv_head", "q_heads_per_group", "position", "head_size")),
            k.rename({"position": "key_position"}).rearrange((..., "kv_head", "key_position", "head_size")),
            v.rename({"position": "key_position"}).rearrange((..., "kv_head", "key_position", "head_size")),
            mask,
            attention_dtype=jnp.float32 if config.upcast_attn else x.dtype,
            attn_backend=config.attn_backend,
            flash_block_size=config.flash_attention_block_size,
            attn_sink=self.sink,
        )
        return self.o_proj(mixed.astype(x.dtype))


class Mlp(eqx.Module):
    """Gated feed-forward layer (SwiGLU, Shazeer 2020, arXiv:2002.05202).

    TODO: a place for other activations, other widths, experts.
    """

    gate_proj: hnn.Linear
    up_proj: hnn.Linear
    down_proj: hnn.Linear

    @staticmethod
    def init(config: TransformerConfig, *, key: jax.Array) -> Mlp:
        """Return the layer with fresh parameters."""
        key_gate, key_up, key_down = jax.random.split(key, 3)
        return Mlp(
            gate_proj=linear(config.Embed, config.Mlp, key=key_gate),
            up_proj=linear(config.Embed, config.Mlp, key=key_up),
            down_proj=linear(config.Mlp, config.Embed, key=key_down),
        )

    def __call__(self, x: NamedArray) -> NamedArray:
        """Transform each position by itself. Input and output are [..., embed]."""
        return self.down_proj(hnn.silu(self.gate_proj(x)) * self.up_proj(x))


class Block(eqx.Module):
    """Attention and MLP, each behind a norm and beside a residual connection.

    TODO: a place for other norms, parallel layers, scaled residuals.
    """

    attention_norm: hnn.RmsNorm
    attention: Attention
    mlp_norm: hnn.RmsNorm
    mlp: Mlp

    @staticmethod
    def init(config: TransformerConfig, *, key: jax.Array) -> Block:
        """Return the block with fresh parameters."""
        key_attention, key_mlp = jax.random.split(key)
        return Block(
            attention_norm=config.norm(config.Embed),
            attention=Attention.init(config, key=key_attention),
            mlp_norm=config.norm(config.Embed),
            mlp=Mlp.init(config, key=key_mlp),
        )

    def __call__(self, x: NamedArray, mask: AttentionMask | NamedArray | None, positions: NamedArray) -> NamedArray:
        """Add to the residual stream. Input and output are [..., position, embed]."""
        x = x + self.attention(self.attention_norm(x), mask, positions)
        return x + self.mlp(self.mlp_norm(x))


class Transformer(LmHeadModel):
    """Embedding, blocks, norm and head. Levanter computes logits and loss from what `activations` returns."""

    settings: TransformerConfig = eqx.field(static=True)
    embeddings: hnn.Embedding
    embedding_norm: hnn.RmsNorm | None
    blocks: Stacked[Block]
    final_norm: hnn.RmsNorm
    # Muon leaves a matrix of this name to Adam.
    lm_head: hnn.Linear | None

    @property
    def config(self) -> TransformerConfig:
        """What the model was built from."""
        return self.settings

    @property
    def Vocab(self) -> Axis:  # noqa: N802 - levanter's name
        """The axis of tokens."""
        return self.embeddings.Vocab

    @classmethod
    def init(cls, vocab: Axis, config: TransformerConfig, *, key: jax.Array) -> Transformer:
        """Return the model with fresh parameters."""
        key_embeddings, key_blocks, key_head = jax.random.split(key, 3)
        # One block with a further axis, "layer", which is compiled once and looped over.
        blocks = Stacked.init(config.Layers, Block, gradient_checkpointing=config.gradient_checkpointing)
        return cls(
            settings=config,
            embeddings=hnn.Embedding.init(vocab, config.Embed, key=key_embeddings),
            embedding_norm=config.norm(config.Embed) if config.input_embedding_norm else None,
            blocks=blocks(config, key=shaped_rng_split(key_blocks, config.num_layers)),
            final_norm=config.norm(config.Embed),
            lm_head=None if config.tie_word_embeddings else linear(config.Embed, vocab, key=key_head),
        )

    def activations(
        self,
        input_ids: NamedArray,
        attn_mask: AttentionMask | NamedArray | None = None,
        *,
        key: jax.Array | None = None,  # noqa: ARG002 - for a model with dropout
        pos_ids: NamedArray | None = None,
    ) -> NamedArray:
        """Return what the head scores tokens by: [..., position, embed], from token ids [..., position]."""
        positions = hax.arange(input_ids.resolve_axis("position")) if pos_ids is None else pos_ids
        x = self.embeddings(input_ids)
        if self.embedding_norm is not None:
            x = self.embedding_norm(x)
        return self.final_norm(self.blocks.fold(x, attn_mask, positions))

    def get_lm_head(self) -> NamedArray:
        """Return the matrix that scores tokens: [vocab, embed]."""
        return self.embeddings.weight if self.lm_head is None else self.lm_head.weight

    def resize_vocab(self, new_size: int, key: jax.Array | None = None) -> Transformer:
        """Return the model with more or fewer tokens."""
        embeddings, lm_head = resize_embeddings_and_lm_head(
            self.Vocab, self.embeddings, self.lm_head, new_size, key=key
        )
        return dataclasses.replace(self, embeddings=embeddings, lm_head=lm_head)


# --- The four sizes --------------------------------------------------------------------------------------------------


def muon(learning_rate: float, adam_lr: float, **changes: Any) -> MuonConfig:
    """Return Muon (https://kellerjordan.github.io/posts/muon/) for the matrices, with Adam for the rest.

    TODO: levanter has more optimizers, such as `levanter.optim.config.AdamConfig`; any of them can stand here.
    """
    settings = {
        "momentum": 0.95,
        "beta1": 0.8,
        "beta2": 0.98,
        "epsilon": 1e-15,
        "muon_epsilon": 1e-5,
        "weight_decay": 0.1,
        "max_grad_norm": 1.0,
        "lr_schedule": "linear",
        "warmup": 0,
        "decay": 0.8,
        "min_lr_ratio": 0,
    }
    return MuonConfig(learning_rate=learning_rate, adam_lr=adam_lr, **{**settings, **changes})


@dataclass(frozen=True)
class Size:
    """One run: a model and how it is trained."""

    model: TransformerConfig
    batch_size: int
    """Sequences in a batch."""
    optimizer: MuonConfig
    gpus: int
    """A100-80G that the run wants when it is trained on GPUs."""


# Learning rates are those of the original contest's Muon runs at these sizes, but for the largest, where its sweep by
# factors of two found twice as much to be better.
# TODO: try other shapes, batches, learning rates, schedules.
SIZES = {
    "130m": Size(
        model=TransformerConfig(
            hidden_dim=512,
            intermediate_dim=1792,
            num_layers=6,
            num_heads=8,
            num_kv_heads=8,
        ),
        batch_size=128,
        optimizer=muon(0.016, 0.0032),
        gpus=1,
    ),
    "300m": Size(
        model=TransformerConfig(hidden_dim=768, intermediate_dim=2688, num_layers=12, num_heads=12, num_kv_heads=12),
        batch_size=128,
        optimizer=muon(0.008, 0.0024, momentum=0.98),
        gpus=1,
    ),
    "520m": Size(
        model=TransformerConfig(hidden_dim=1024, intermediate_dim=3584, num_layers=24, num_heads=16, num_kv_heads=8),
        batch_size=128,
        optimizer=muon(0.008, 0.0024, momentum=0.98, decay=1.0),
        gpus=2,
    ),
    "1_2b": Size(
        model=TransformerConfig(hidden_dim=2048, intermediate_dim=7168, num_layers=16, num_heads=16, num_kv_heads=8),
        batch_size=256,
        optimizer=muon(0.008, 0.0024, momentum=0.98, decay=1.0, max_grad_norm=2.0),
        gpus=4,
    ),
}


def resources(size: Size) -> GpuConfig | TpuPodConfig:
    """Return the hardware of a run: GPUs when `SR_USE_GPU=1` is set, else a TPU slice.

    TODO: name your hardware here. Compute is counted by it, so it must be what the run is trained on.
    """
    if os.environ.get("SR_USE_GPU", "0") not in ("", "0"):
        return GpuConfig(gpu_count=size.gpus, accelerator_type="A100-80G")
    return TpuPodConfig(tpu_type="v5p-32")


def speedrun_config(name: str) -> SpeedrunConfig:
    """Return the run of one size."""
    size = SIZES[name]
    parameters = size.model.total_trainable_params(FINEWEB_EDU_10B.vocab_size)
    return SpeedrunConfig(
        author=AUTHOR,
        description=f"{DESCRIPTION} ({name})",
        model_config=size.model,
        train_config=SimpleTrainConfig(
            resources(size),
            train_batch_size=size.batch_size,
            num_train_steps=TOKENS_PER_PARAMETER * parameters // (size.batch_size * size.model.max_seq_len),
            learning_rate=size.optimizer.learning_rate,
            optimizer_config=size.optimizer,
        ),
        tokenized_dataset=FINEWEB_EDU_10B.name,
    )


# --- The command line ------------------------------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None) -> None:
    """Do the runs of the chosen sizes, or show what they are. All arguments but the sizes are `executor_main`'s."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--results_dir", type=Path, default=HERE)
    try:
        chosen, rest = parser.parse_known_args(argv)
    except argparse.ArgumentError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    sizes = list(dict.fromkeys(chosen.sizes))
    # Of several runs each writes its results to a directory of its name, of one alone to the directory itself.
    results = chosen.results_dir / sizes[0] if len(sizes) == 1 else chosen.results_dir
    executor_main(
        steps=[
            step
            for size in sizes
            for step in default_speedrun(
                size,
                speedrun_config(size),
                tags=[NAME, size],
                override_output_path=f"checkpoints/speedrun/{NAME}/{size}",
            )
        ],
        description=f"{DESCRIPTION} Choose with `--sizes` among {', '.join(SIZES)}.",
        argv=[*rest, "--results_dir", os.path.relpath(results)],
        recorded=sys.argv[1:] if argv is None else argv,
    )


if __name__ == "__main__":
    main()
