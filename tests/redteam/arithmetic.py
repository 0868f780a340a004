"""The contest's arithmetic, written a second time and without the checker, so that figures can be made to fit."""

import math
from typing import Any

from .catalogue import Info

CONTEST_VOCABULARY = 128_256

CORES_PER_CHIP = {"v2": 2, "v3": 2, "v4": 2, "v5p": 2, "v5e": 1, "v5litepod": 1, "v6e": 1}
"""How many of what the number in a slice's name counts make a chip."""

FIGURES = (
    "total_tokens",
    "model_flops_per_token",
    "model_flops",
    "model_size",
    "training_time",
    "training_hardware_flops",
    "num_chips",
    "device_flops",
    "mfu",
)
"""The figures at the top of a run that an identity covers."""

C4 = "eval/paloma/c4_en/bpb"
LENGTHS = ("max_seq_len", "seq_len")


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def scale(holder: Info, key: str, factor: float) -> bool:
    """Multiply a number, if it is there, and keep it whole if it is. Return whether that changed it."""
    value = holder.get(key)
    if not is_number(value):
        return False
    holder[key] = max(round(value * factor), 1) if isinstance(value, int) else value * factor
    return bool(holder[key] != value)


def scaled(info: Info, factors: dict[str, float]) -> Info | None:
    """Multiply several figures at the top; None where one of them is not there or does not change."""
    return info if all(scale(info, key, factor) for key, factor in factors.items()) else None


def sequence(info: Info) -> float:
    model = info["model_config"]
    values = (info["train_config"].get("train_seq_len"), *(model.get(key) for key in LENGTHS))
    return next((value for value in values if is_number(value)), math.nan)


def tokens(info: Info) -> float:
    """Return batch size x steps x sequence length."""
    batch, steps = info["train_config"]["train_batch_size"], info["train_config"]["num_train_steps"]
    if not isinstance(batch, list):
        return batch * steps * sequence(info)
    ends = [*(entry["start"] for entry in batch[1:]), steps]
    sizes = [entry["value"] * max(min(end, steps) - entry["start"], 0) for entry, end in zip(batch, ends, strict=True)]
    return sum(sizes) * sequence(info)


def forward(info: Info, *, head_dim: float | None = None) -> float:
    """Return the forward FLOPs of one token, with heads of another width if one is given."""
    m = _Shape(info)
    d = m.head_dim if head_dim is None else head_dim
    mlp = 6 * m.hidden * m.inner * (m.active + m.shared) + (2 * m.hidden * m.experts if m.experts > 1 else 0)
    attention = 4 * m.hidden * d * (m.heads + m.kv) + (4 * d + 3) * m.heads * sequence(info)
    return m.layers * (mlp + attention) + 2 * m.hidden * m.vocabulary


def parameters(info: Info) -> float:
    """Return the parameters of the matrices and of plain norms; all others are too few to matter here."""
    m = _Shape(info)
    attention = 2 * m.hidden * m.head_dim * (m.heads + m.kv)
    mlp = 3 * m.hidden * m.inner * (m.experts + m.shared) + (m.hidden * m.experts if m.experts > 1 else 0)
    norms = (2 * m.layers + 1) * m.hidden
    return m.layers * (attention + mlp) + norms + m.vocabulary * m.hidden * (1 if m.tied else 2)


def model_mfu(info: Info) -> float:
    return info["model_flops"] / info["training_hardware_flops"]


def refit(before: Info, after: Info) -> Info:
    """Make the figures of a run fit its configuration, time, chips and peak again, which may have been changed."""
    tokens_ratio = tokens(after) / tokens(before)
    after["total_tokens"] = round(before["total_tokens"] * tokens_ratio)
    if _has_shape(before) and _has_shape(after):
        flops_ratio = forward(after) / forward(before)
        after["model_size"] = round(before["model_size"] + parameters(after) - parameters(before))
    else:
        flops_ratio = 1.0
    if "model_flops_per_token" in after:
        after["model_flops_per_token"] = before["model_flops_per_token"] * flops_ratio
    after["model_flops"] = before["model_flops"] * flops_ratio * tokens_ratio
    ratios = (after[key] / before[key] for key in ("training_time", "num_chips", "device_flops") if before.get(key))
    after["training_hardware_flops"] = before["training_hardware_flops"] * math.prod(ratios)
    if is_number(after.get("mfu")):
        after["mfu"] = model_mfu(after)
    return after


def hardware_times(info: Info, factor: float) -> None:
    """Multiply the hardware FLOPs, and let a recorded MFU follow."""
    scale(info, "training_hardware_flops", factor)
    if is_number(info.get("mfu")):
        info["mfu"] = model_mfu(info)


def visible(before: Info, after: Info) -> bool:
    """Whether a change of the configuration changes FLOPs, parameters or tokens by more than a tolerance.

    What does not is another way to write down an equal run (one expert a token of one expert, say) and no tampering
    with its figures.
    """
    pairs = ((forward, 1e-6), (parameters, 5e-4), (tokens, 1e-6))
    return any(not math.isclose(figure(before), figure(after), rel_tol=bound) for figure, bound in pairs)


def chips_of_slice(name: Any) -> int | None:
    """Return the chips of a TPU slice, or None for any other name."""
    kind, _, size = name.partition("-") if isinstance(name, str) else ("", "", "")
    per_chip = CORES_PER_CHIP.get(kind)
    return int(size) // per_chip if per_chip and size.isdecimal() else None


class _Shape:
    def __init__(self, info: Info) -> None:
        config = info["model_config"]

        def size(key: str, default: float) -> float:
            value = config.get(key)
            return value if is_number(value) and value else default

        self.hidden, self.layers, self.heads = config["hidden_dim"], config["num_layers"], config["num_heads"]
        self.inner = size("moe_intermediate_dim", config["intermediate_dim"])
        self.kv = size("num_kv_heads", self.heads)
        self.head_dim = size("head_dim", self.hidden / self.heads)
        self.experts = size("n_routed_experts", size("num_experts", 1))
        self.active = size("num_experts_per_tok", 1) if self.experts > 1 else 1
        self.shared = size("n_shared_experts", 0)
        self.tied = bool(config.get("tie_word_embeddings"))
        self.vocabulary = info.get("vocab_size") or CONTEST_VOCABULARY


def _has_shape(info: Info) -> bool:
    return all(is_number(info["model_config"].get(key)) for key in ("hidden_dim", "num_layers", "num_heads"))
