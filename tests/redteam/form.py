"""Values of another type, numbers that are none, and look-alike keys.

Not here, because what is checked stays what is shown: a look-alike key beside the real one.
"""

from collections.abc import Callable
from typing import Any

from .arithmetic import C4, is_number, scale
from .catalogue import Catalogue, Change, Info

TAMPERINGS = Catalogue()

REQUIRED = (
    "total_tokens",
    "model_flops",
    "model_size",
    "training_time",
    "training_hardware_flops",
    "run_completion_timestamp",
    "author",
    "model_config",
    "train_config",
    "resources",
    C4,
)
NUMBERS = (
    "total_tokens",
    "model_flops",
    "model_flops_per_token",
    "model_size",
    "training_time",
    "training_hardware_flops",
    "num_devices",
    "num_chips",
    "device_flops",
    "mfu",
    "vocab_size",
    C4,
)
TRAINING = ("train_batch_size", "num_train_steps", "train_seq_len")
RESOURCES = ("slice_count", "gpu_count", "replicas", "device_flops_override", "num_cpus")


def _word(key: str) -> str:
    return "bpb" if key == C4 else key.replace("_", "-")


# ------------------------------------------------------------------------------------------ values

VALUES: dict[str, Callable[[Any], Any]] = {
    "as-a-string": str,
    "with-a-unit": lambda value: f"{value} ",
    "as-a-list": lambda value: [value],
    "as-an-object": lambda value: {"value": value},
    "true": lambda value: True,
    "false": lambda value: False,
    "zero": lambda value: 0,
    "negative": lambda value: -value,
    "minus-zero": lambda value: -0.0,
    "nan": lambda value: float("nan"),
    "infinite": lambda value: float("inf"),
    "minus-infinite": lambda value: float("-inf"),
}


def _valued(place: str, key: str, new: Callable[[Any], Any]) -> Change:
    def change(info: Info) -> Info | None:
        holder = info[place] if place else info
        if not is_number(holder.get(key)):
            return None
        holder[key] = new(holder[key])
        return info

    return change


for _place, _keys in (("", NUMBERS), ("train_config", TRAINING), ("resources", RESOURCES)):
    for _key in _keys:
        for _name, _new in VALUES.items():
            TAMPERINGS.add(
                f"{_word(_key)}-{_name}", f"{_key} is {_name}", "format", _valued(_place, _key, _new), key=_key
            )

for _key in ("hidden_dim", "num_layers", "num_heads", "num_kv_heads", "seq_len", "max_seq_len"):
    for _name in ("negative", "zero", "nan"):
        TAMPERINGS.add(
            f"{_word(_key)}-{_name}",
            f"{_key} is {_name}",
            "format",
            _valued("model_config", _key, VALUES[_name]),
            key=_key,
        )
    TAMPERINGS.add(
        f"{_word(_key)}-with-a-fraction",
        f"half is added to {_key}",
        "format",
        _valued("model_config", _key, lambda value: value + 0.5),
        key=_key,
    )

for _key in ("total_tokens", "model_size", "num_chips", "num_devices"):
    for _name, _factor in (("with-a-fraction", None), ("beyond-counting", 2**63)):
        TAMPERINGS.add(
            f"{_word(_key)}-{_name}",
            f"{_key} is {_name}",
            "format",
            _valued("", _key, lambda value, f=_factor: value + 0.5 if f is None else f),
            key=_key,
        )


def _null(key: str) -> Change:
    def change(info: Info) -> Info | None:
        if key not in info:
            return None
        info[key] = None
        return info

    return change


def _removed(key: str) -> Change:
    return lambda info: info if info.pop(key, None) is not None else None


def _replaced(key: str, value: object) -> Change:
    def change(info: Info) -> Info | None:
        if key not in info:
            return None
        info[key] = value
        return info

    return change


for _key in REQUIRED:
    TAMPERINGS.add(f"{_word(_key)}-null", f"{_key} is null", "format", _null(_key), key=_key)
    TAMPERINGS.add(f"{_word(_key)}-removed", f"{_key} is removed", "format", _removed(_key), key=_key)
for _key in ("author", "model_config", "train_config", "resources", "run_completion_timestamp"):
    TAMPERINGS.add(f"{_word(_key)}-a-number", f"{_key} is a number", "format", _replaced(_key, 1), key=_key)
    TAMPERINGS.add(f"{_word(_key)}-a-list", f"{_key} is a list", "format", _replaced(_key, []), key=_key)
for _key in ("author", "model_config", "train_config", "resources"):
    TAMPERINGS.add(f"{_word(_key)}-printed", f"{_key} is a string", "format", _replaced(_key, "x=1"), key=_key)
for _key in TRAINING[:2]:
    TAMPERINGS.add(
        f"{_word(_key)}-removed",
        f"{_key} is removed",
        "format",
        lambda info, key=_key: info if info["train_config"].pop(key, None) is not None else None,
        key=_key,
    )


@TAMPERINGS.change("format", key="name")
def author_without_a_name(info: Info) -> Info | None:
    """The author's name is null."""
    info["author"]["name"] = None
    return info


@TAMPERINGS.change("format")
def learning_rate_nan(info: Info) -> Info | None:
    """A value that nothing checks is NaN."""
    info["train_config"]["learning_rate"] = float("nan")
    return info


# ------------------------------------------------------------------------------------------ keys

LOOK_ALIKES: dict[str, Callable[[str], str]] = {
    "cyrillic": lambda key: key.replace("e", "\u0435").replace("o", "\u043e").replace("p", "\u0440"),
    "full-width": lambda key: chr(ord(key[0]) + 0xFEE0) + key[1:],
    "trailing-blank": lambda key: f"{key} ",
    "leading-blank": lambda key: f" {key}",
    "no-break-space": lambda key: f"{key}\u00a0",
    "zero-width-space": lambda key: f"{key}\u200b",
    "upper-case": str.upper,
    "title-case": str.capitalize,
    "hyphens": lambda key: key.replace("_", "-").replace("/", "."),
    "combining-accent": lambda key: f"{key}\u0301",
}


def _look_alike(key: str, alike: Callable[[str], str]) -> Change:
    def change(info: Info) -> Info | None:
        if key not in info:
            return None
        info[alike(key)] = info.pop(key)
        return info

    return change


for _key in REQUIRED:
    for _name, _alike in LOOK_ALIKES.items():
        if _alike(_key) != _key:
            TAMPERINGS.add(
                f"{_word(_key)}-key-{_name}",
                f"the key {_key} is a look-alike",
                "format",
                _look_alike(_key, _alike),
                key=_key,
            )


def _chips_look_alike(alike: Callable[[str], str]) -> Change:
    def change(info: Info) -> Info | None:
        if not info.get("num_chips"):
            return None
        info[alike("num_chips")] = info.pop("num_chips")
        scale(info, "mfu", 2.0)
        return info if scale(info, "training_hardware_flops", 0.5) else None

    return change


for _name, _alike in LOOK_ALIKES.items():
    TAMPERINGS.add(
        f"chips-key-{_name}-and-half-the-hardware-flops",
        "num_chips becomes a look-alike, and hardware FLOPs are halved",
        "arithmetic",
        _chips_look_alike(_alike),
    )
