"""What no identity covers, where common sense can still object: dates, names, links, data, quality, repeated runs."""

import copy
import json
from typing import Any

from .arithmetic import C4, CONTEST_VOCABULARY, hardware_times, is_number, model_mfu, refit, scale
from .catalogue import Catalogue, Change, Edit, Info

TAMPERINGS = Catalogue()


def _put(name: str, description: str, value: object, *path: str, contest: bool = False) -> None:
    def change(info: Info) -> Info | None:
        holder: Any = info
        for key in path[:-1]:
            holder = holder[key]
        if holder.get(path[-1]) == value:
            return None
        holder[path[-1]] = copy.deepcopy(value)
        return info

    TAMPERINGS.add(name, description, "plausibility", change, *(("contest",) if contest else ()))


# ------------------------------------------------------------------------------------------ dates

for _name, _value in {
    "date-of-the-last-century": "1999-12-31 23:59:59 UTC",
    "date-a-day-before-the-contest": "2025-04-30 23:59:59 UTC",
    "date-before-the-contest-by-its-zone": "2025-05-01T03:00:00+14:00",
    "date-in-the-future": "2031-01-01 00:00:00 UTC",
    "date-in-the-far-future": "9999-12-31 23:59:59 UTC",
    "date-without-a-zone": "2025-06-27 06:41:56",
    "date-alone": "2025-06-27",
    "date-of-another-zone": "2025-06-27 06:41:56 PST",
    "date-in-words": "last Friday",
    "date-empty": "",
    "date-of-a-thirteenth-month": "2025-13-01 00:00:00 UTC",
    "date-in-full-width-digits": "\uff12\uff10\uff12\uff15-06-27 06:41:56 UTC",
    "date-of-two": "2025-06-27 06:41:56 UTC 2025-06-01 00:00:00 UTC",
}.items():
    _put(_name, f"the run was completed {_value!r}", _value, "run_completion_timestamp")

# ------------------------------------------------------------------------------------------ names and links

for _name, _value in {
    "author-blank": " \t",
    "author-placeholder": "__SUBMISSION_AUTHOR_NAME__",
    "author-of-zero-width-spaces": "\u200b\u200b",
    "author-of-a-filler": "\u3164",
    "author-with-a-bidirectional-override": "\u202eadA ecnarG",
    "author-with-a-line-break": "Ada Example\nFirst place",
    "author-with-a-nul": "Ada\u0000 Example",
    "author-with-an-escape": "\u001b[2JAda",
}.items():
    _put(_name, f"the author is called {_value!r}", _value, "author", "name")

for _name, _value in {
    "link-to-a-look-alike-host": "https://wandb.ai.example.net/somebody/speedrun/runs/abc123",
    "link-with-the-host-in-its-path": "https://example.net/wandb.ai/somebody/speedrun/runs/abc123",
    "link-with-the-host-as-a-user": "https://wandb.ai@example.net/somebody/speedrun/runs/abc123",
    "link-to-a-project": "https://wandb.ai/somebody/speedrun",
    "link-to-a-report": "https://wandb.ai/somebody/speedrun/reports/best--Vmlldzo1",
    "link-of-another-scheme": "javascript:alert(1)//wandb.ai/a/b/runs/c",
    "link-that-is-none": "see the README",
    "link-to-a-homoglyph-host": "https://w\u0430ndb.ai/somebody/speedrun/runs/abc123",
}.items():
    _put(_name, f"the W&B link is {_value!r}", _value, "wandb_run_link")

# ------------------------------------------------------------------------------------------ data

_HONEST = "local_store/tokenized/fineweb-edu-10B"
for _name, _value in {
    "trained-on-the-evaluation-set": "gs://bucket/tokenized/paloma/c4_en",
    "trained-on-the-evaluation-set-too": [_HONEST, "gs://bucket/tokenized/paloma/c4_en"],
    "trained-on-the-evaluation-set-in-capitals": "gs://bucket/FineWeb-Edu-and-PALOMA",
    "trained-on-the-evaluation-set-by-its-plain-name": "gs://bucket/tokenized/fineweb-edu-10B-and-c4_en",
    "trained-on-the-evaluation-set-with-a-zero-width-space": "gs://bucket/fineweb-edu-10B-and-palo\u200bma",
    "trained-on-the-evaluation-set-with-a-homoglyph": "gs://bucket/fineweb-edu-10B-and-pal\u043ema",
    "trained-on-the-evaluation-set-behind-others": [*[f"{_HONEST}-{part}" for part in range(25)], "paloma/c4_en"],
    "trained-on-the-evaluation-set-under-a-name": {"name": "fineweb-edu-10B", "path": "gs://bucket/paloma/c4_en"},
    "trained-on-the-evaluation-set-as-a-key": {"paloma/c4_en": 1.0, "data": "fineweb-edu-10B"},
    "trained-on-other-data": "gs://bucket/tokenized/dclm-baseline",
    "trained-on-fineweb-without-edu": "gs://bucket/tokenized/fineweb-10B",
    "trained-on-nothing": None,
}.items():
    _put(_name, f"the training data are {str(_value)[:80]}", _value, "tokenized_dataset", contest=True)


@TAMPERINGS.change("plausibility")
def pretrained_weights(info: Info) -> Info | None:
    """The configuration says that training began with somebody's weights."""
    train = info["train_config"]
    if "initialize_from_hf" not in train:
        return None
    train["initialize_from_hf"] = "meta-llama/Llama-3.1-8B"
    return info


@TAMPERINGS.change("plausibility")
def weights_of_a_checkpoint(info: Info) -> Info | None:
    """The configuration says that training went on from a checkpoint of another run."""
    train = info["train_config"]
    if "initialize_from_checkpoint_path" not in train:
        return None
    train["initialize_from_checkpoint_path"] = "gs://bucket/checkpoints/llama-1.4b/step-90000"
    return info


# ------------------------------------------------------------------------------------------ quality and time

for _word, _value in (
    ("of-a-perfect-model", 1e-9),
    ("of-a-quarter", 0.25),
    ("in-percent", 98.0),
    ("of-perplexity", 14.3),
):
    _put(f"bpb-{_word}", f"bits per byte are {_value:g}", _value, C4, contest=True)


@TAMPERINGS.change("plausibility", "contest")
def bpb_of_a_run_of_fifty_times_the_compute(info: Info) -> Info | None:
    """Bits per byte are those of the best known run of far more compute."""
    if not is_number(info.get(C4)) or info["model_flops"] > 1e19 or is_number(info.get(C4.replace("bpb", "loss"))):
        return None
    info[C4] = 0.9318123456
    return info


def _mfu_of(target: float) -> Change:
    def change(info: Info) -> Info | None:
        factor = model_mfu(info) / target
        info["training_time"] *= factor
        hardware_times(info, factor)
        return info

    return change


for _word, _target in (("1.01", 1.01), ("2", 2.0), ("20", 20.0), ("3600", 3600.0), ("0.00001", 1e-5)):
    TAMPERINGS.add(
        f"mfu-of-{_word}".replace(".", "-"),
        f"time and hardware FLOPs are those of an MFU of {_target:g}",
        "plausibility",
        _mfu_of(_target),
    )


@TAMPERINGS.change("plausibility")
def window_added_to_excuse_the_mfu(info: Info) -> Info | None:
    """A time that is too short by far is excused by a window."""
    info["model_config"]["sliding_window"] = 128
    return _mfu_of(5.0)(info)


@TAMPERINGS.change("plausibility")
def int8_added_to_excuse_the_mfu(info: Info) -> Info | None:
    """A time that is too short by far is excused by arithmetic in eight bits."""
    info["train_config"]["int8"] = True
    return _mfu_of(5.0)(info)


@TAMPERINGS.change("plausibility", "contest")
def a_hundred_epochs(info: Info) -> Info | None:
    """Steps are multiplied until the data were read a hundred times, and everything follows."""
    before = copy.deepcopy(info)
    factor = 1e12 / info["total_tokens"]
    if isinstance(info["train_config"]["train_batch_size"], list):
        return None
    scale(info["train_config"], "num_train_steps", factor)
    scale(info, "training_time", factor)
    return refit(before, info)


@TAMPERINGS.change("plausibility", "formula")
def heads_that_do_not_divide_the_width(info: Info) -> Info | None:
    """One head less than divides hidden_dim, and everything follows."""
    before = copy.deepcopy(info)
    model = info["model_config"]
    heads = model["num_heads"]
    odd = next((n for n in range(heads - 1, 1, -1) if model["hidden_dim"] % n), None)
    if odd is None or is_number(model.get("head_dim")):
        return None
    model["num_heads"] = odd
    if is_number(model.get("num_kv_heads")):
        model["num_kv_heads"] = odd
    return refit(before, info)


@TAMPERINGS.change("plausibility", "formula")
def key_heads_that_do_not_divide_the_heads(info: Info) -> Info | None:
    """A number of key heads that groups no queries, and everything follows."""
    before = copy.deepcopy(info)
    model = info["model_config"]
    odd = next((n for n in range(model["num_heads"] - 1, 1, -1) if model["num_heads"] % n), None)
    if odd is None:
        return None
    model["num_kv_heads"] = odd
    return refit(before, info)


@TAMPERINGS.change("plausibility", "formula")
def more_experts_a_token_than_experts(info: Info) -> Info | None:
    """A token passes through more experts than there are, and everything follows."""
    before = copy.deepcopy(info)
    model = info["model_config"]
    experts = model.get("n_routed_experts") or model.get("num_experts")
    if not is_number(experts) or experts < 2:
        return None
    model["num_experts_per_tok"] = experts + 1
    return refit(before, info)


def _vocabulary(size: int) -> Change:
    def change(info: Info) -> Info | None:
        if info.get("vocab_size") not in (None, CONTEST_VOCABULARY):
            return None
        before = copy.deepcopy(info)
        info["vocab_size"] = size
        return refit(before, info)

    return change


for _size in (2, 257, 32_000, 50_257, 128_000, 128_255):
    TAMPERINGS.add(
        f"vocabulary-of-{_size}",
        f"vocab_size is {_size:,}, and everything follows",
        "plausibility",
        _vocabulary(_size),
        "formula",
        "contest",
    )


@TAMPERINGS.change("plausibility", "contest")
def moved_to_the_demo_track(info: Info) -> Info | None:
    """Quality is reported on the synthetic set, where no vocabulary and no data are prescribed."""
    value = info.pop(C4, None)
    for part in ("loss", "tokens", "bytes"):
        info.pop(C4.replace("bpb", part), None)
    info["eval/synthetic/bpb"] = value
    return info


# ------------------------------------------------------------------------------------------ repeated runs


def _again(name: str, description: str, alter: Change) -> None:
    """Repeat the first run of a file with changes."""

    def edit(text: str) -> str | None:
        document = json.loads(text)
        if not isinstance(document, dict) or "runs" not in document:
            return None
        entry = document["runs"][0]
        if (again := alter(copy.deepcopy(entry["run_info"]))) is None:
            return None
        return json.dumps({"runs": [*document["runs"], {"run_info": again}]})

    TAMPERINGS.add(name, description, "plausibility", edit=edit)


def _relinked(name: str, description: str, edit: Edit) -> None:
    def alter(info: Info) -> Info | None:
        link = info.get("wandb_run_link")
        new = edit(link) if link else None
        if not isinstance(new, str) or new == link:
            return None
        info["wandb_run_link"] = new
        # Not also a copy of the measurements.
        info["training_time"] *= 1.01
        hardware_times(info, 1.01)
        if is_number(info.get(C4)) and not is_number(info.get(C4.replace("bpb", "loss"))):
            info[C4] *= 1.01
        return info

    _again(name, description, alter)


def _capitals(link: str) -> str:
    entity = link.split("/")[3]
    return link.replace(f"/{entity}/", f"/{entity.upper()}/")


_again("run-repeated", "the run stands there twice", lambda info: info if info.get("wandb_run_link") else None)
_relinked("run-repeated-with-a-query", "its link has a query", lambda link: f"{link}?nw=nwuser")
_relinked("run-repeated-with-a-fragment", "its link has a fragment", lambda link: f"{link}#charts")
_relinked("run-repeated-with-an-overview", "its link leads to the overview", lambda link: f"{link}/overview")
_relinked("run-repeated-with-a-slash", "its link ends in a slash", lambda link: f"{link}/")
_relinked("run-repeated-with-two-slashes", "its link has two slashes", lambda link: link.replace("/runs/", "//runs/"))
_relinked("run-repeated-in-capitals", "its link names the entity in capitals", _capitals)
_relinked(
    "run-repeated-by-another-host",
    "its link leads to the other host of W&B",
    lambda link: link.replace("https://wandb.ai/", "https://forge.coreweave.com/wandb/"),
)
_relinked(
    "run-repeated-by-www", "its link leads to the host with www", lambda link: link.replace("//wandb", "//www.wandb")
)
_relinked("run-repeated-with-a-port", "its link has a port", lambda link: link.replace("wandb.ai/", "wandb.ai:443/"))
_relinked(
    "run-repeated-with-an-escape",
    "a letter of its link is percent-encoded",
    lambda link: f"{link[:-1]}%{ord(link[-1]):02x}",
)
_relinked("run-repeated-with-a-blank", "its link ends in a blank", lambda link: f"{link} ")


def _with_other_link(info: Info) -> Info | None:
    info["wandb_run_link"] = "https://wandb.ai/example/speedrun/runs/zz99zz"
    # The measurements that were typed in with few digits may be equal by chance.
    return info if len(repr(info["training_time"])) > 12 else None


_again("run-repeated-under-another-link", "the run stands there twice under two links", _with_other_link)


def _with_other_seedless(info: Info) -> Info | None:
    if not is_number(info["train_config"].get("data_seed")):
        return None
    info["wandb_run_link"] = "https://wandb.ai/example/speedrun/runs/yy88yy"
    info["training_time"] *= 1.013
    hardware_times(info, 1.013)
    return info


_again("replicate-of-the-same-seed", "a replicate records the seed of the first run", _with_other_seedless)
