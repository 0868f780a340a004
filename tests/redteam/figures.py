"""Single figures changed by themselves, and the mistakes of a careless submitter.

Not here, because it changes nothing that is reported: `num_devices` doubled or halved on a TPU (some files count cores,
others chips), and `model_size` within the 0.05% by which honest formulas differ.
"""

from collections.abc import Callable

from .arithmetic import CONTEST_VOCABULARY, FIGURES, forward, is_number, model_mfu, scale, scaled, sequence
from .catalogue import Catalogue, Change, Info, Need

TAMPERINGS = Catalogue()

FACTORS = {
    "a-thousandth": 1e-3,
    "a-tenth": 0.1,
    "a-third": 1 / 3,
    "half": 0.5,
    "less-by-a-tenth": 0.9,
    "less-by-a-percent": 0.99,
    "less-by-a-thousandth": 0.999,
    "less-by-a-hundred-thousandth": 1 - 1e-5,
    "more-by-a-hundred-thousandth": 1 + 1e-5,
    "more-by-a-thousandth": 1.001,
    "more-by-a-percent": 1.01,
    "more-by-half": 1.5,
    "twice": 2.0,
    "four-times": 4.0,
    "eight-times": 8.0,
    "ten-times": 10.0,
    "a-thousand-times": 1000.0,
}

EVALUATED = ("bpb", "loss", "tokens", "bytes")

# Where only the submission's own code can tell, these figures have nothing to be compared with.
_NEEDS: dict[str, tuple[Need, ...]] = {
    "model_flops": ("formula",),
    "model_flops_per_token": ("formula",),
    "model_size": ("formula",),
}


def _scaling(key: str, factor: float) -> Change:
    return lambda info: scaled(info, {key: factor})


for _key in (*FIGURES, "vocab_size"):
    for _word, _factor in FACTORS.items():
        if _key != "model_size" or abs(_factor - 1) > 5e-4:
            TAMPERINGS.add(
                f"{_key}-{_word}".replace("_", "-"),
                f"{_key} is multiplied by {_factor:g}",
                "arithmetic",
                _scaling(_key, _factor),
                *_NEEDS.get(_key, ()),
                key=_key,
            )


def _evaluation_scaling(name: str, factor: float) -> Change:
    def change(info: Info) -> Info | None:
        for dataset in ("paloma/c4_en", "synthetic"):
            keys = {part: f"eval/{dataset}/{part}" for part in EVALUATED}
            if all(is_number(info.get(key)) for key in keys.values()):
                return scaled(info, {keys[name]: factor})
        return None

    return change


for _key in EVALUATED:
    for _word, _factor in FACTORS.items():
        if abs(_factor - 1) > 2e-3:  # the mean over batches is not exactly the ratio of the sums
            TAMPERINGS.add(
                f"evaluated-{_key}-{_word}",
                f"{_key} of the evaluation is multiplied by {_factor:g} where all four figures are known",
                "arithmetic",
                _evaluation_scaling(_key, _factor),
                key=f"/{_key}",
            )


def _plus(key: str, step: int) -> Change:
    def change(info: Info) -> Info | None:
        value = info.get(key)
        if not isinstance(value, int) or value + step < 1:
            return None
        info[key] = value + step
        return info

    return change


for _key in ("total_tokens", "num_chips", "vocab_size"):
    for _step, _word in ((1, "plus-one"), (-1, "minus-one")):
        # One token of billions is below the tolerance of products.
        if _key != "total_tokens":
            _name = f"{_key}-{_word}".replace("_", "-")
            TAMPERINGS.add(_name, f"{_key} is off by one", "arithmetic", _plus(_key, _step), key=_key)


@TAMPERINGS.change("arithmetic", key="num_devices")
def num_devices_three_times(info: Info) -> Info | None:
    """Three times the devices."""
    return scaled(info, {"num_devices": 3})


@TAMPERINGS.change("arithmetic", key="num_devices")
def num_devices_a_quarter(info: Info) -> Info | None:
    """The devices of one host of four."""
    devices, chips = info.get("num_devices"), info.get("num_chips")
    if not is_number(devices) or devices < 4 or devices // 4 == chips:
        return None
    return scaled(info, {"num_devices": 0.25})


# ------------------------------------------------------------------------------------------ careless mistakes


def _mistake(name: str, description: str, key: str, factor: float, *needs: Need) -> None:
    TAMPERINGS.add(name, description, "arithmetic", lambda info: scaled(info, {key: factor}), *needs, key=key)


_mistake("time-in-milliseconds", "training_time is in milliseconds", "training_time", 1e3)
_mistake("time-in-minutes", "training_time is in minutes", "training_time", 1 / 60)
_mistake("time-in-hours", "training_time is in hours", "training_time", 1 / 3600)
_mistake("time-in-days", "training_time is in days", "training_time", 1 / 86_400)
_mistake("time-without-compilation", "the first, slow steps are left out of training_time", "training_time", 0.97)
_mistake("time-of-one-host-of-four", "training_time is divided by the hosts", "training_time", 0.25)
_mistake("time-of-the-last-segment", "training_time is that since the run was resumed", "training_time", 0.3)
_mistake("time-with-a-step-twice", "the last step's time is counted twice", "training_time", 1 + 1 / 5000)
_mistake("hardware-flops-in-exaflops", "hardware FLOPs are in units of 1e18", "training_hardware_flops", 1e-18)
_mistake("hardware-flops-in-petaflops", "hardware FLOPs are in units of 1e15", "training_hardware_flops", 1e-15)
_mistake("hardware-flops-in-device-hours", "hardware FLOPs count hours", "training_hardware_flops", 1 / 3600)
_mistake("hardware-flops-at-the-sparse-peak", "hardware FLOPs use the sparse peak", "training_hardware_flops", 2.0)
_mistake("device-flops-in-teraflops", "device_flops is in units of 1e12", "device_flops", 1e-12)
_mistake("device-flops-sparse", "device_flops is the sparse peak", "device_flops", 2.0)
_mistake("model-flops-in-exaflops", "model FLOPs are in units of 1e18", "model_flops", 1e-18, "formula")
_mistake("model-flops-forward-only", "model FLOPs are those of the forward pass", "model_flops", 1 / 3, "formula")
_mistake("model-flops-backward-only", "model FLOPs are those of the backward pass", "model_flops", 2 / 3, "formula")
_mistake("model-flops-with-recomputation", "checkpointing's forward pass is counted", "model_flops", 4 / 3, "formula")
_mistake("model-flops-in-multiply-adds", "a multiply and an add count as one", "model_flops", 0.5, "formula")
_mistake("model-size-in-millions", "model_size is in millions", "model_size", 1e-6, "formula")
_mistake("model-size-in-bytes", "model_size is in bytes of bf16", "model_size", 2.0, "formula")
_mistake("tokens-in-millions", "total_tokens is in millions", "total_tokens", 1e-6)
_mistake("mfu-in-percent", "mfu is in percent", "mfu", 100.0)


@TAMPERINGS.change("arithmetic", key="total_tokens")
def sequences_in_place_of_tokens(info: Info) -> Info | None:
    """total_tokens counts sequences."""
    return scaled(info, {"total_tokens": 1 / sequence(info)})


@TAMPERINGS.change("arithmetic", key="total_tokens")
def tokens_of_one_device(info: Info) -> Info | None:
    """total_tokens are those of one device."""
    devices = info.get("num_devices")
    return scaled(info, {"total_tokens": 1 / devices}) if devices and devices > 1 else None


@TAMPERINGS.change("arithmetic", key="total_tokens")
def tokens_of_the_data_set(info: Info) -> Info | None:
    """total_tokens is the 10 billion of the data set."""
    info["total_tokens"] = 10_000_000_000
    return info


@TAMPERINGS.change("arithmetic", "formula", key="model_flops")
def model_flops_6nd(info: Info) -> Info | None:
    """Model FLOPs are 6 x parameters x tokens."""
    info["model_flops"] = 6.0 * info["model_size"] * info["total_tokens"]
    return info


@TAMPERINGS.change("arithmetic", "formula", key="model_flops")
def model_flops_6nd_without_embeddings(info: Info) -> Info | None:
    """Model FLOPs are 6 x parameters without embeddings x tokens."""
    embedding = info["model_config"]["hidden_dim"] * (info.get("vocab_size") or CONTEST_VOCABULARY)
    info["model_flops"] = 6.0 * (info["model_size"] - embedding) * info["total_tokens"]
    return info


def _attended(info: Info) -> float:
    model = info["model_config"]
    return model["num_heads"] * (model.get("head_dim") or model["hidden_dim"] / model["num_heads"])


def _softmax(info: Info) -> float:
    return 3 * info["model_config"]["num_layers"] * info["model_config"]["num_heads"] * sequence(info)


def _maps(info: Info) -> float:
    return 4 * info["model_config"]["num_layers"] * _attended(info) * sequence(info)


def _head(info: Info) -> float:
    return 2 * info["model_config"]["hidden_dim"] * (info.get("vocab_size") or CONTEST_VOCABULARY)


def _without(part: Callable[[Info], float]) -> Change:
    def change(info: Info) -> Info | None:
        share = 1 - part(info) / forward(info)
        scale(info, "model_flops_per_token", share)
        return scaled(info, {"model_flops": share})

    return change


_PARTS: dict[str, tuple[str, Callable[[Info], float]]] = {
    "without-the-head": ("the head's matrix is not counted", _head),
    "without-the-softmax": ("the softmax is not counted", _softmax),
    "of-the-causal-half": ("only the causal half of the attention maps is counted", lambda info: _maps(info) / 2),
    "without-attention-maps": ("attention maps are not counted", lambda info: _maps(info) + _softmax(info)),
}
for _name, (_text, _part) in _PARTS.items():
    TAMPERINGS.add(f"model-flops-{_name}", _text, "arithmetic", _without(_part), "formula")


@TAMPERINGS.change("arithmetic", "formula")
def head_dim_ignored(info: Info) -> Info | None:
    """FLOPs take heads to be hidden_dim / num_heads wide although head_dim says otherwise."""
    model = info["model_config"]
    share = forward(info, head_dim=model["hidden_dim"] / model["num_heads"]) / forward(info)
    scale(info, "model_flops_per_token", share)
    return scaled(info, {"model_flops": share})


def _vocabulary(size: int) -> Change:
    def change(info: Info) -> Info | None:
        if info.get("vocab_size") not in (None, CONTEST_VOCABULARY):
            return None
        other = forward({**info, "vocab_size": size})
        scale(info, "model_flops_per_token", other / forward(info))
        return scaled(info, {"model_flops": other / forward(info)})

    return change


for _size in (32_000, 50_257, 50_304, 100_277, 128_000, 131_072):
    TAMPERINGS.add(
        f"vocabulary-of-{_size}-in-the-flops",
        f"FLOPs are those of a head of {_size:,} tokens, which the file does not say",
        "arithmetic",
        _vocabulary(_size),
        "formula",
    )


@TAMPERINGS.change("arithmetic", "formula", key="model_size")
def embeddings_left_out(info: Info) -> Info | None:
    """model_size leaves out the embedding."""
    info["model_size"] -= info["model_config"]["hidden_dim"] * (info.get("vocab_size") or CONTEST_VOCABULARY)
    return info


@TAMPERINGS.change("arithmetic", key="training_hardware_flops")
def mfu_applied(info: Info) -> Info | None:
    """Hardware FLOPs are multiplied by the MFU."""
    return scaled(info, {"training_hardware_flops": model_mfu(info)})


@TAMPERINGS.change("arithmetic", key="training_hardware_flops")
def hardware_flops_of_one_device(info: Info) -> Info | None:
    """Hardware FLOPs are those of one device."""
    chips = info.get("num_chips")
    return scaled(info, {"training_hardware_flops": 1 / chips}) if chips and chips > 1 else None


@TAMPERINGS.change("arithmetic", key="num_chips")
def cores_counted_as_chips(info: Info) -> Info | None:
    """num_chips counts TensorCores, the product does not."""
    return scaled(info, {"num_chips": 2})


@TAMPERINGS.change("arithmetic")
def figures_of_a_smaller_run(info: Info) -> Info | None:
    """All figures of compute are those of another run of the same author."""
    factors = {"model_flops": 0.41, "model_size": 0.63, "total_tokens": 0.57, "training_hardware_flops": 0.29}
    return scaled(info, factors)


@TAMPERINGS.change("arithmetic")
def configuration_of_another_run(info: Info) -> Info | None:
    """The training configuration is that of another run, the figures are not."""
    train = info["train_config"]
    return info if scale(train, "num_train_steps", 0.7) or scale(train, "train_batch_size", 2) else None


@TAMPERINGS.change("arithmetic", key="total_tokens")
def tokens_of_a_resumed_run(info: Info) -> Info | None:
    """total_tokens counts the steps since the run was resumed, and model FLOPs do not."""
    return scaled(info, {"total_tokens": 0.6})


@TAMPERINGS.change("arithmetic", "formula", key="model_flops")
def flops_of_another_length(info: Info) -> Info | None:
    """Model FLOPs are those of sequences of half the length."""
    before = forward(info)
    model = {key: value for key, value in info["model_config"].items() if key not in ("max_seq_len", "seq_len")}
    shorter = {**info, "model_config": {**model, "seq_len": sequence(info) / 2}, "train_config": {}}
    if "model_flops_per_token" in info:
        return None
    return scaled(info, {"model_flops": forward(shorter) / before})
