"""Two, three or more figures adjusted together, so that some identities hold and others do not."""

import copy

from .arithmetic import chips_of_slice, forward, hardware_times, is_number, model_mfu, refit, scale, scaled, tokens
from .catalogue import Catalogue, Change, Info, Need
from .hardware import name_of

TAMPERINGS = Catalogue()

FACTORS = {"a-tenth": 0.1, "half": 0.5, "less-by-a-percent": 0.99, "less-by-a-ten-thousandth": 0.9999, "twice": 2.0}

# The powers of the factor by which figures are multiplied, and what must be known for some identity to break.
TOGETHER: dict[str, tuple[dict[str, int], tuple[Need, ...]]] = {
    "tokens-and-model-flops": ({"total_tokens": 1, "model_flops": 1}, ()),
    "flops-per-token-and-model-flops": ({"model_flops_per_token": 1, "model_flops": 1}, ("formula",)),
    "flops-per-token-against-tokens": ({"model_flops_per_token": 1, "total_tokens": -1}, ()),
    "model-size-and-model-flops": ({"model_size": 1, "model_flops": 1}, ("formula",)),
    "chips-and-hardware-flops": ({"num_chips": 1, "training_hardware_flops": 1}, ()),
    "chips-against-time": ({"num_chips": 1, "training_time": -1}, ()),
    "chips-against-peak": ({"num_chips": 1, "device_flops": -1}, ("verified",)),
    "peak-and-hardware-flops": ({"device_flops": 1, "training_hardware_flops": 1}, ("verified",)),
    "peak-against-time": ({"device_flops": 1, "training_time": -1}, ("verified",)),
    "devices-chips-and-hardware-flops": ({"num_devices": 1, "num_chips": 1, "training_hardware_flops": 1}, ()),
    "model-and-hardware-flops": ({"model_flops": 1, "training_hardware_flops": 1}, ()),
    "model-flops-time-and-hardware-flops": (
        {"model_flops": 1, "training_time": 1, "training_hardware_flops": 1},
        ("formula",),
    ),
    "tokens-model-flops-time-and-hardware-flops": (
        {"total_tokens": 1, "model_flops": 1, "training_time": 1, "training_hardware_flops": 1},
        (),
    ),
    "flops-per-token-model-flops-and-size": (
        {"model_flops_per_token": 1, "model_flops": 1, "model_size": 1},
        ("formula",),
    ),
    "chips-peak-and-hardware-flops": (
        {"num_chips": 1, "device_flops": 1, "training_hardware_flops": 2},
        (),
    ),
}
CHIP_FACTORS = {"a-quarter": 0.25, "half": 0.5, "twice": 2.0}
"""Chips stay whole."""


def _together(powers: dict[str, int], factor: float) -> Change:
    def change(info: Info) -> Info | None:
        if "num_chips" in powers and is_number(info.get("num_chips")) and info["num_chips"] * factor % 1:
            return None
        changed = scaled(info, {key: factor**power for key, power in powers.items()})
        # The chips of one slice of several, with its devices, are what `replicas` may mean.
        name = name_of(info)
        if {"num_devices", "num_chips"} <= powers.keys() and name is not None and info["resources"].get("replicas"):
            changed = changed if chips_of_slice(name[0][name[1]]) != info["num_chips"] else None
        if changed is not None and is_number(changed.get("mfu")):
            changed["mfu"] = model_mfu(changed)
        return changed

    return change


for _name, (_powers, _needs) in TOGETHER.items():
    for _word, _factor in (CHIP_FACTORS if "num_chips" in _powers else FACTORS).items():
        # Peaks may differ by a thousandth in good faith.
        if "device_flops" not in _powers or abs(_factor - 1) > 1e-3:
            TAMPERINGS.add(
                f"{_name}-{_word}",
                ", ".join(f"{key} x {_factor**power:g}" for key, power in _powers.items()),
                "arithmetic",
                _together(_powers, _factor),
                *_needs,
            )


def _configuration_and_tokens(key: str, factor: float) -> Change:
    def change(info: Info) -> Info | None:
        before = info["total_tokens"], tokens(info)
        if not scale(info["train_config"], key, factor):
            return None
        info["total_tokens"] = round(before[0] * tokens(info) / before[1])
        return info if info["total_tokens"] != before[0] else None

    return change


for _key in ("num_train_steps", "train_batch_size"):
    for _word, _factor in FACTORS.items():
        TAMPERINGS.add(
            f"{_key}-and-tokens-{_word}".replace("_", "-"),
            f"{_key} x {_factor:g} and total_tokens with it, but not model FLOPs",
            "arithmetic",
            _configuration_and_tokens(_key, _factor),
            "formula",
        )


def _half_of_what_follows(figure: str) -> Change:
    """Shrink the model and let either parameters or FLOPs follow."""

    def change(info: Info) -> Info | None:
        before = copy.deepcopy(info)
        layers = info["model_config"].get("num_layers")
        if not is_number(layers) or layers < 2:
            return None
        info["model_config"]["num_layers"] = layers - 1
        follow = refit(before, info)
        kept = ("model_flops", "model_flops_per_token", "mfu") if figure == "model_size" else ("model_size",)
        return {**follow, **{key: before[key] for key in kept if key in before}}

    return change


TAMPERINGS.add(
    "layers-and-size",
    "a layer less; parameters follow, FLOPs do not",
    "arithmetic",
    _half_of_what_follows("model_size"),
    "formula",
)
TAMPERINGS.add(
    "layers-and-flops",
    "a layer less; FLOPs follow, parameters do not",
    "arithmetic",
    _half_of_what_follows("flops"),
    "formula",
)


@TAMPERINGS.change("arithmetic", "formula")
def added_flops_per_token_too_low(info: Info) -> Info | None:
    """FLOPs per token are added, a tenth too low, and model FLOPs follow."""
    if "model_flops_per_token" in info:
        return None
    info["model_flops_per_token"] = 0.9 * info["model_flops"] / 3 / info["total_tokens"]
    return scaled(info, {"model_flops": 0.9})


@TAMPERINGS.change("arithmetic", "formula")
def added_flops_per_token_by_6nd(info: Info) -> Info | None:
    """FLOPs per token are twice the parameters, and model FLOPs follow."""
    info["model_flops_per_token"] = 2.0 * info["model_size"]
    info["model_flops"] = 3 * info["model_flops_per_token"] * info["total_tokens"]
    if is_number(info.get("mfu")):
        info["mfu"] = model_mfu(info)
    return info


@TAMPERINGS.change("arithmetic", "formula")
def added_flops_per_token_of_training(info: Info) -> Info | None:
    """FLOPs per token are added with the backward pass in them."""
    if "model_flops_per_token" in info:
        return None
    info["model_flops_per_token"] = info["model_flops"] / info["total_tokens"]
    return info


@TAMPERINGS.change("arithmetic", key="mfu")
def added_mfu_too_high(info: Info) -> Info | None:
    """An MFU of 0.6 is added that the figures do not have."""
    if "mfu" in info or abs(model_mfu(info) - 0.6) < 0.01:
        return None
    info["mfu"] = 0.6
    return info


@TAMPERINGS.change("arithmetic", "formula")
def added_mfu_and_model_flops(info: Info) -> Info | None:
    """Model FLOPs are halved and an MFU is added that belongs to the half."""
    info["model_flops"] *= 0.5
    info["mfu"] = model_mfu(info)
    return info


@TAMPERINGS.change("arithmetic", key="train_seq_len")
def added_train_seq_len(info: Info) -> Info | None:
    """A shorter train_seq_len is added and nothing follows."""
    train = info["train_config"]
    length = (
        train.get("train_seq_len") or info["model_config"].get("max_seq_len") or info["model_config"].get("seq_len")
    )
    train["train_seq_len"] = length // 2
    return info


@TAMPERINGS.change("arithmetic", "formula", key="max_seq_len")
def added_max_seq_len(info: Info) -> Info | None:
    """A longer max_seq_len is added beside seq_len and nothing follows."""
    model = info["model_config"]
    if "max_seq_len" in model or is_number(info["train_config"].get("train_seq_len")):
        return None
    model["max_seq_len"] = model["seq_len"] * 2
    return info


@TAMPERINGS.change("arithmetic", "formula")
def added_vocabulary_and_flops(info: Info) -> Info | None:
    """A smaller vocab_size is added and FLOPs follow, parameters do not."""
    if "vocab_size" in info:
        return None
    before = forward(info)
    info["vocab_size"] = 32_000
    scale(info, "model_flops_per_token", forward(info) / before)
    return scaled(info, {"model_flops": forward(info) / before})


@TAMPERINGS.change("arithmetic", "formula", key="vocab_size")
def added_vocabulary(info: Info) -> Info | None:
    """A smaller vocab_size is added and nothing follows."""
    if "vocab_size" in info:
        return None
    info["vocab_size"] = 50_257
    return info


@TAMPERINGS.change("arithmetic", "verified")
def devices_left_out_and_half_the_hardware_flops(info: Info) -> Info | None:
    """num_devices, num_chips and device_flops are removed, and hardware FLOPs halved."""
    for key in ("num_devices", "num_chips", "device_flops"):
        info.pop(key, None)
    hardware_times(info, 0.5)
    return info


@TAMPERINGS.change("arithmetic")
def chips_left_out_and_half_the_hardware_flops(info: Info) -> Info | None:
    """num_chips is null, and hardware FLOPs are halved."""
    if not info.get("num_chips"):
        return None
    info["num_chips"] = None
    hardware_times(info, 0.5)
    return info


@TAMPERINGS.change("arithmetic", "verified")
def peak_left_out_and_half_the_hardware_flops(info: Info) -> Info | None:
    """device_flops is null, and hardware FLOPs are halved."""
    if not info.get("device_flops"):
        return None
    info["device_flops"] = None
    hardware_times(info, 0.5)
    return info


@TAMPERINGS.change("arithmetic", "formula")
def flops_per_token_left_out_and_half_the_model_flops(info: Info) -> Info | None:
    """model_flops_per_token is removed, and model FLOPs halved."""
    if info.pop("model_flops_per_token", None) is None:
        return None
    scale(info, "mfu", 0.5)
    return scaled(info, {"model_flops": 0.5})
