"""The configuration changed under figures that stay, and the keys by which a formula might be silenced.

A change that leaves FLOPs, parameters and tokens within their tolerances (head_dim written out, one expert a token of
a dense model) is another way to write down an equal run, and is skipped.
"""

import copy

from .arithmetic import is_number, scale, sequence, visible
from .catalogue import Catalogue, Change, Info

TAMPERINGS = Catalogue()

DIMENSIONS = (
    "hidden_dim",
    "intermediate_dim",
    "num_layers",
    "num_heads",
    "num_kv_heads",
    "head_dim",
    "n_routed_experts",
    "num_experts_per_tok",
    "n_shared_experts",
    "moe_intermediate_dim",
    "max_seq_len",
    "seq_len",
)
TRAINING = ("train_batch_size", "num_train_steps", "train_seq_len")
FACTORS = {"half": 0.5, "less-by-a-quarter": 0.75, "twice": 2.0, "four-times": 4.0}


def _changed(place: str, key: str, factor: float, step: int) -> Change:
    def change(info: Info) -> Info | None:
        before = copy.deepcopy(info)
        config = info[place]
        value = config.get(key)
        if not is_number(value):
            return None
        changed = value + step if step else int(value * factor) if isinstance(value, int) else value * factor
        if changed < (0 if "expert" in key else 1) or changed == value:
            return None
        config[key] = changed
        return info if visible(before, info) else None

    return change


for _place, _keys in (("model_config", DIMENSIONS), ("train_config", TRAINING)):
    for _key in _keys:
        _name = _key.replace("_", "-")
        for _word, _factor in FACTORS.items():
            _change = _changed(_place, _key, _factor, 0)
            TAMPERINGS.add(
                f"{_name}-{_word}", f"{_key} is multiplied by {_factor:g}", "arithmetic", _change, "formula", key=_key
            )
        for _step, _word in ((1, "plus-one"), (-1, "minus-one")):
            _change = _changed(_place, _key, 1, _step)
            TAMPERINGS.add(f"{_name}-{_word}", f"{_key} is off by one", "arithmetic", _change, "formula", key=_key)


def _set(key: str, value: object) -> Change:
    other = {"num_experts": "n_routed_experts", "n_routed_experts": "num_experts"}.get(key, "")

    def change(info: Info) -> Info | None:
        before = copy.deepcopy(info)
        model = info["model_config"]
        # Both names of the number of experts at once leave no formula: that is a silencing, below.
        if model.get(key) == value or model.get(other):
            return None
        model[key] = value
        return info if visible(before, info) else None

    return change


# What is added to, or removed from, a model by a key that was null or absent before, or is now.
for _key, _word, _value in (
    ("head_dim", "32", 32),
    ("head_dim", "64", 64),
    ("head_dim", "256", 256),
    ("head_dim", "null", None),
    ("num_kv_heads", "1", 1),
    ("num_kv_heads", "null", None),
    ("n_routed_experts", "8", 8),
    ("n_routed_experts", "null", None),
    ("num_experts", "8", 8),
    ("num_experts_per_tok", "null", None),
    ("n_shared_experts", "1", 1),
    ("n_shared_experts", "0", 0),
    ("moe_intermediate_dim", "128", 128),
):
    TAMPERINGS.add(
        f"{_key}-set-to-{_word}".replace("_", "-"),
        f"{_key} is set to {_word}",
        "arithmetic",
        _set(_key, _value),
        "formula",
        key=_key,
    )


@TAMPERINGS.change("arithmetic", "formula", key="tie_word_embeddings")
def tied_embeddings_toggled(info: Info) -> Info | None:
    """tie_word_embeddings is the opposite of what was trained."""
    model = info["model_config"]
    model["tie_word_embeddings"] = not model.get("tie_word_embeddings")
    return info


@TAMPERINGS.change("arithmetic", key="train_batch_size")
def batch_in_tokens(info: Info) -> Info | None:
    """train_batch_size counts tokens."""
    length = info["model_config"].get("seq_len") or info["model_config"].get("max_seq_len")
    return info if scale(info["train_config"], "train_batch_size", length) else None


@TAMPERINGS.change("arithmetic", key="train_batch_size")
def batch_of_one_device(info: Info) -> Info | None:
    """train_batch_size is that of one device."""
    devices = info.get("num_devices") or info["resources"].get("gpu_count") or 1
    return info if scale(info["train_config"], "train_batch_size", 1 / devices) else None


@TAMPERINGS.change("arithmetic")
def batch_schedule_cut(info: Info) -> Info | None:
    """The last stage of the batch schedule is half as large."""
    batch = info["train_config"]["train_batch_size"]
    steps = info["train_config"]["num_train_steps"]
    stages = [stage for stage in batch if stage["start"] < steps] if isinstance(batch, list) else []
    return info if stages and scale(stages[-1], "value", 0.5) else None


@TAMPERINGS.change("arithmetic")
def batch_schedule_in_place_of_a_batch(info: Info) -> Info | None:
    """A schedule says that half of the steps took half of the batch, and tokens do not follow."""
    train = info["train_config"]
    batch, steps = train["train_batch_size"], train["num_train_steps"]
    if isinstance(batch, list) or batch < 2 or steps < 2:
        return None
    train["train_batch_size"] = [
        {"start": 0, "value": int(batch)},
        {"start": int(steps) // 2, "value": int(batch) // 2},
    ]
    return info


def _silencing(name: str, description: str, key: str, value: object, *, flops: float = 0.5) -> None:
    def change(info: Info) -> Info | None:
        model = info["model_config"]
        if value is ...:
            if model.pop(key, None) is None:
                return None
        else:
            model[key] = value
        info["model_flops"] *= flops
        for dependent in ("model_flops_per_token", "mfu"):
            scale(info, dependent, flops)
        return info

    TAMPERINGS.add(name, f"{description}, and model FLOPs are halved", "execution", change, "formula", silences=True)


_silencing("unknown-key-and-half-the-model-flops", "an unknown key is set in model_config", "gdn_heads", 4)
_silencing("unknown-key-with-text-and-half-the-model-flops", "an unknown key says custom", "attention_type", "linear")
_silencing(
    "homoglyph-key-and-half-the-model-flops", "hidden_dim with a Cyrillic letter is added", "hidd\u0435n_dim", 64
)
_silencing("blank-key-and-half-the-model-flops", "`num_layers ` is added", "num_layers ", 2)
_silencing("upper-case-key-and-half-the-model-flops", "`Hidden_dim` is added", "Hidden_dim", 64)
_silencing("ungated-activation-and-half-the-model-flops", "the activation is xielu", "activation_function", "xielu")
_silencing("dimension-as-text-and-half-the-model-flops", "hidden_dim is a string", "hidden_dim", "512")
_silencing("dimension-as-object-and-half-the-model-flops", "num_heads is an object", "num_heads", {"value": 8})
_silencing("dimension-as-list-and-half-the-model-flops", "num_layers is a list", "num_layers", [6])
_silencing("dimension-true-and-half-the-model-flops", "num_layers is true", "num_layers", True)
_silencing("dimension-removed-and-half-the-model-flops", "intermediate_dim is removed", "intermediate_dim", ...)
_silencing("layers-removed-and-half-the-model-flops", "num_layers is removed", "num_layers", ...)
_silencing("dimension-off-and-half-the-model-flops", "hidden_dim is false", "hidden_dim", False)


@TAMPERINGS.change("execution", "formula", silences=True)
def both_names_of_experts_and_half_the_model_flops(info: Info) -> Info | None:
    """Both names of the number of experts are set, and model FLOPs are halved."""
    info["model_config"] |= {"n_routed_experts": 8, "num_experts": 16}
    for key in ("model_flops", "model_flops_per_token", "mfu"):
        scale(info, key, 0.5)
    return info


@TAMPERINGS.change("execution", silences=True)
def no_sequence_length_and_half_the_tokens(info: Info) -> Info | None:
    """The sequence length is removed, and tokens and model FLOPs are halved."""
    info["train_config"].pop("train_seq_len", None)
    for key in ("max_seq_len", "seq_len"):
        info["model_config"].pop(key, None)
    for key in ("total_tokens", "model_flops", "mfu"):
        scale(info, key, 0.5)
    return info


@TAMPERINGS.change("execution", silences=True)
def empty_model_config_and_half_the_model_flops(info: Info) -> Info | None:
    """model_config is empty, and model FLOPs are halved."""
    info["train_config"]["train_seq_len"] = sequence(info)
    info["model_config"] = {}
    for key in ("model_flops", "model_flops_per_token", "mfu"):
        scale(info, key, 0.5)
    return info
