"""The configuration falsified, and every figure made to fit: what the dry run of an unchanged script shows.

Who changes the script as well is left to the configuration of the W&B run. `docs/security.md` names each of them.
"""

import copy
from collections.abc import Callable
from typing import Any

from .arithmetic import is_number, refit, scale
from .catalogue import Catalogue, Info, Need

TAMPERINGS = Catalogue()

SYNTHETIC = "eval/synthetic/bpb"


def _configured(name: str, description: str, edit: Callable[[Info], bool], *needs: Need, shown_by: str = "") -> None:
    """An edit of the configuration, after which every figure is made to fit."""

    def change(info: Info) -> Info | None:
        before = copy.deepcopy(info)
        return refit(before, info) if edit(info) else None

    TAMPERINGS.add(name, f"{description}, and everything follows", "execution", change, *needs, shown_by=shown_by)


def _smaller(key: str, place: str = "model_config") -> Callable[[Info], bool]:
    def edit(info: Info) -> bool:
        value = info[place].get(key)
        return is_number(value) and value >= 2 and value % 2 == 0 and scale(info[place], key, 0.5)

    return edit


def _layers(info: Info) -> bool:
    info["model_config"]["num_layers"] -= 1
    return bool(info["model_config"]["num_layers"])


def _kv_heads(info: Info) -> bool:
    model = info["model_config"]
    if (model.get("num_kv_heads") or model["num_heads"]) == 1:
        return False
    model["num_kv_heads"] = 1
    return True


def _no_shared_experts(info: Info) -> bool:
    model = info["model_config"]
    shared = bool(model.get("n_shared_experts"))
    model["n_shared_experts"] = 0
    return shared


def _shorter(info: Info) -> bool:
    train, model = info["train_config"], info["model_config"]
    length = train.get("train_seq_len") or model.get("max_seq_len") or model.get("seq_len")
    train["train_seq_len"] = length // 2
    return True


def _schedule(info: Info) -> bool:
    train = info["train_config"]
    batch, steps = train["train_batch_size"], train["num_train_steps"]
    if isinstance(batch, list) or batch < 2 or steps < 2:
        return False
    train["train_batch_size"] = [
        {"start": 0, "value": int(batch) // 2},
        {"start": int(steps) // 2, "value": int(batch)},
    ]
    return True


def _tie(info: Info) -> bool:
    model = info["model_config"]
    tied = bool(model.get("tie_word_embeddings"))
    model["tie_word_embeddings"] = True
    return not tied


_configured("layers-one-less", "a layer less", _layers, "formula")
_configured("width-half", "half the hidden_dim", _smaller("hidden_dim"), "formula")
_configured("mlp-half", "half the intermediate_dim", _smaller("intermediate_dim"), "formula")
_configured("key-heads-one", "one key head", _kv_heads, "formula")
_configured("heads-narrower", "half the head_dim where it is set", _smaller("head_dim"), "formula")
_configured("experts-a-token-half", "half the experts a token", _smaller("num_experts_per_tok"), "formula")
_configured("experts-half", "half the experts", _smaller("n_routed_experts"), "formula")
_configured("shared-experts-none", "no shared expert", _no_shared_experts, "formula")
_configured("embeddings-tied", "embeddings tied", _tie, "formula")
_configured("sequences-shorter", "a train_seq_len of half the length is added", _shorter, "formula")
_configured(
    "steps-half",
    "half of the steps",
    _smaller("num_train_steps", "train_config"),
    shown_by="the dry run's configuration; the last step in the history",
)
_configured(
    "batch-half",
    "half of the batch",
    _smaller("train_batch_size", "train_config"),
    shown_by="the dry run's configuration; `throughput/total_tokens`",
)
_configured("batch-ramped-up", "a schedule that begins with half of the batch", _schedule)


@TAMPERINGS.change("execution", "formula", shown_by="the dry run's configuration; the traced FLOPs")
def head_dim_removed(info: Info) -> Info | None:
    """The head_dim is null where it is not hidden_dim / num_heads, and everything follows."""
    before = copy.deepcopy(info)
    model = info["model_config"]
    if not is_number(model.get("head_dim")) or model["head_dim"] <= model["hidden_dim"] / model["num_heads"]:
        return None
    model["head_dim"] = None
    return refit(before, info)


@TAMPERINGS.change("execution", "formula", shown_by="the dry run's configuration; the traced FLOPs")
def experts_hidden(info: Info) -> Info | None:
    """A mixture of experts is declared as a dense model, and everything follows."""
    before = copy.deepcopy(info)
    model = info["model_config"]
    if not (model.get("n_routed_experts") or model.get("num_experts")):
        return None
    for key in ("n_routed_experts", "num_experts", "num_experts_per_tok", "n_shared_experts"):
        if key in model:
            model[key] = None
    return refit(before, info)


@TAMPERINGS.change("execution", shown_by="the traced FLOPs, which no formula replaces")
def uncovered_model_with_fewer_flops(info: Info) -> Info | None:
    """FLOPs of a model that no formula covers are halved, and per token too."""
    if isinstance(info["model_config"].get("head_dim"), dict) or info["model_config"].get("gdn_heads"):
        for key in ("model_flops", "model_flops_per_token", "mfu"):
            scale(info, key, 0.5)
        return info
    return None


def _neutral(place: str, key: str, value: Any, name: str) -> None:
    """A change of the recipe that no figure of compute shows."""

    def change(info: Info) -> Info | None:
        if key not in info[place] or info[place][key] == value:
            return None
        info[place][key] = value
        return info

    TAMPERINGS.add(
        name,
        f"{key} is said to be {value}",
        "execution",
        change,
        "formula",
        shown_by="the dry run's configuration; the configuration of the W&B run",
    )


_neutral("train_config", "learning_rate", 0.0123, "another-learning-rate")
_neutral("train_config", "data_seed", 7, "another-seed")
_neutral("train_config", "optimizer_config", None, "another-optimizer")
_neutral("train_config", "weight_decay", 0.3, "another-weight-decay")
_neutral("train_config", "z_loss_weight", 1e-4, "another-loss")
_neutral("model_config", "activation_function", "gelu_new", "another-activation")
_neutral("model_config", "hybrid_norm", True, "more-norms")
_neutral("model_config", "use_qk_norm", True, "norms-of-queries-and-keys")
_neutral("model_config", "use_attention_sink", True, "attention-sinks")
_neutral("model_config", "use_parallel_blocks", False, "blocks-in-series")
_neutral("model_config", "sliding_window", 256, "a-window")
_neutral("model_config", "rope", {"theta": 500000, "factor": 8.0}, "other-positions")
_neutral("model_config", "gradient_checkpointing", False, "no-checkpointing")
_neutral("model_config", "initializer_range", 0.5, "another-initialisation")
_neutral("model_config", "reference_checkpoint", "EleutherAI/pythia-70m", "another-tokenizer-reference")


@TAMPERINGS.change("execution", shown_by="the dry run's configuration")
def description_of_something_else(info: Info) -> Info | None:
    """The description claims what was not done."""
    info["description"] = "A new state-space model without attention."
    return info


@TAMPERINGS.change("execution", shown_by="the data set in the dry run's configuration and in that of the W&B run")
def trained_on_other_data_under_its_name(info: Info) -> Info | None:
    """The data set is called FineWeb-Edu and is another."""
    if is_number(info.get(SYNTHETIC)):
        return None
    info["tokenized_dataset"] = "gs://bucket/tokenized/fineweb-edu-10B-cleaned-of-what-hurts"
    return info


@TAMPERINGS.change("execution", shown_by="the digest of the data that a dry run with the data computes")
def another_data_hash(info: Info) -> Info | None:
    """The recorded digest of the data is another."""
    if "data_hash" not in info:
        return None
    info["data_hash"] = f"sha256:{'0' * 64}"
    return info


@TAMPERINGS.change("execution", shown_by="a dry run with the recorded arguments")
def other_arguments(info: Info) -> Info | None:
    """The recorded arguments and variables are those of another preset."""
    if "argv" not in info:
        return None
    info |= {"argv": ["--prefix", "other"], "environment": {"SR_SIZE": "small"}}
    return info
