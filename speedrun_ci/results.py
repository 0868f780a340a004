"""The results file: every form that real ones have, as one frozen `Run`.

The original contest changed the file several times and dates do not tell which form a file has, so each key is
detected by itself. The forms are listed in `docs/format.md`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from speedrun_ci.fields import Fault, Spec, key, read, read_key, show, specs
from speedrun_ci.flops.architecture import DIMENSION_KEYS, LARGEST_DIMENSION, LENGTH_KEYS, is_inert, least_dimension
from speedrun_ci.resources import MOST_MACHINES
from speedrun_ci.strict_json import pointer_to

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from speedrun_ci.strict_json import Json

RESULTS_NAME = "speedrun_results.json"

MAX_FAULTS = 50
"""Faults of one run that are reported one by one."""

MAX_RUNS = 1000
"""Runs in one file: more than as many honest ones as fit its size, and few enough to report on each."""

C4 = "paloma/c4_en"
"""The evaluation set of the contest: the English C4 part of Paloma."""

SYNTHETIC = "synthetic"
"""The evaluation set of the demo track: text of the built-in source."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who made the run."""

    name: str | None = key("name", "text", "The author's name.", required=True)
    affiliation: str | None = key("affiliation", "text", "Where the author works or studies.")
    url: str | None = key("url", "text", "A page of the author's.")


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """The part of `train_config` that enters an identity; everything else is kept in `Run.train_keys`."""

    batch_size: int | list[dict[str, int]] | None = key(
        "train_batch_size", "batch", "Sequences in a batch, or a schedule of them.", required=True
    )
    num_steps: int | None = key("num_train_steps", "integer", "Optimizer steps.", required=True, above=0)
    sequence: int | None = key(
        "train_seq_len", "integer", "Tokens in a training sequence, where it is not the model's maximum.", above=0
    )


@dataclass(frozen=True, slots=True)
class Device:
    """The `device` of the newer form of `resources`. Names may be anything: an unknown one is no fault."""

    kind: Json = key("kind", "any", "`tpu`, `gpu` or `cpu`.")
    variant: Json = key("variant", "any", "The accelerator or slice, such as `v5p-32`, or `auto`.")
    type: Json = key("type", "any", "The same, in some files.")
    count: int | None = key("count", "integer", "GPUs in one machine.", above=0, most=MOST_MACHINES)


@dataclass(frozen=True, slots=True)
class Resources:
    """The keys of `resources` that say what hardware it is, of all forms; see `speedrun_ci.resources`."""

    tpu_type: Json = key("tpu_type", "any", "The TPU slice, such as `v5p-32`.")
    slice_count: int | None = key("slice_count", "integer", "Slices.", above=0, most=MOST_MACHINES)
    accelerator_type: Json = key("accelerator_type", "any", "The GPU, such as `A100-80G`.")
    gpu_count: int | None = key("gpu_count", "integer", "GPUs.", above=0, most=MOST_MACHINES)
    num_cpus: int | None = key("num_cpus", "integer", "CPUs, of a run on a CPU alone.", above=0, most=MOST_MACHINES)
    device: Device | None = key("device", "object", "The newer form.", model=Device)
    replicas: int | None = key("replicas", "integer", "Slices, hosts or machines.", above=0, most=MOST_MACHINES)
    override: float | None = key(
        "device_flops_override", "number", "Peak of one chip in FLOP/s, in place of our table's.", above=0
    )


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation set's figures, under `eval/<set>/` in the file.

    Attributes:
        dataset: The set's name, such as `paloma/c4_en`.
        bpb: Bits per byte.
        loss: Mean loss in nats per token.
        tokens: Tokens that were scored.
        bytes: UTF-8 bytes of those tokens.
    """

    dataset: str
    bpb: float | None
    loss: float | None
    tokens: float | None
    bytes: float | None


@dataclass(frozen=True, slots=True)
class RunInfo:
    """The keys of `run_info`, the same in every era unless optional here."""

    author: Author | None = key("author", "object", "Who made the run.", required=True, model=Author)
    description: str | None = key("description", "text", "One sentence about the run.")
    model_config: dict[str, Json] | None = key(
        "model_config", "object", "The model's configuration as levanter prints it.", required=True
    )
    train_config: TrainConfig | None = key(
        "train_config", "object", "The training configuration.", required=True, model=TrainConfig
    )
    resources: Resources | None = key(
        "resources", "object", "The hardware that was asked for.", required=True, model=Resources
    )
    tokenized_dataset: Json = key("tokenized_dataset", "any", "The training data: a name, a path or a printed object.")
    completed: str | None = key(
        "run_completion_timestamp", "text", "When training ended, as `2025-06-27 06:41:56 UTC`.", required=True
    )
    total_tokens: int | None = key("total_tokens", "integer", "Tokens trained on.", required=True, above=0)
    model_size: int | None = key("model_size", "integer", "Trainable parameters.", required=True, above=0)
    model_flops: float | None = key(
        "model_flops", "number", "3 x forward FLOPs per token x tokens.", required=True, above=0
    )
    model_flops_per_token: float | None = key(
        "model_flops_per_token", "number", "Forward FLOPs per token; absent in early files.", above=0
    )
    training_time: float | None = key(
        "training_time", "number", "Seconds: the sum of the durations of all distinct steps.", required=True, above=0
    )
    training_hardware_flops: float | None = key(
        "training_hardware_flops", "number", "training_time x num_chips x device_flops.", required=True, above=0
    )
    num_devices: int | None = key("num_devices", "integer", "Devices that jax showed.", above=0)
    num_chips: int | None = key("num_chips", "integer", "Chips; compute is multiplied by them.", above=0)
    device_flops: float | None = key("device_flops", "number", "Peak FLOP/s of one chip, dense bf16.", above=0)
    mfu: float | None = key("mfu", "number", "model_flops / training_hardware_flops.", above=0)
    wandb_run_link: str | None = key("wandb_run_link", "text", "The run's page at W&B, or null.")
    vocab_size: int | None = key("vocab_size", "integer", "Tokens the head scores; llama 3's if absent.", above=0)
    tokenizer_hash: str | None = key("tokenizer_hash", "text", "`sha256:` and the digest of the tokenizer's files.")
    data_hash: str | None = key("data_hash", "text", "`sha256:` and the digest of the training data.")
    argv: tuple[str, ...] | None = key("argv", "texts", "Arguments the training script was called with.")
    environment: dict[str, Json] | None = key("environment", "object", "The `SR_*` variables it was called with.")
    provenance: dict[str, Json] | None = key(
        "provenance", "object", "Versions, commit, devices as jax saw them, hosts, seed, W&B run."
    )
    timing: dict[str, Json] | None = key(
        "timing", "object", "Seconds: first step, typical step, loading, hooks, evaluation."
    )


_DECLARED = frozenset(spec.key for _, spec in specs(RunInfo))

_FIGURE_KEYS = frozenset(spec.key for _, spec in specs(RunInfo) if spec.kind in ("number", "integer"))

RUN_KEYS = frozenset({"runs", "run_info", "model_config"}) | _FIGURE_KEYS
"""Keys by which some form of the file leads to a run, and those of its figures."""

EVALUATION_DOCS = {
    "bpb": "Bits per byte.",
    "loss": "Mean loss in nats per token.",
    "tokens": "Tokens that were scored.",
    "bytes": "UTF-8 bytes of the scored tokens.",
}

EVALUATION_KEYS = tuple(EVALUATION_DOCS)

EVALUATION_PATTERN = rf"^eval/([!-~]{{1,100}})/({'|'.join(EVALUATION_KEYS)})(?![\s\S])"
"""Matches the keys that hold an evaluation set's figures, in Python and in a JSON Schema alike (where `$` differs).

Tools log other keys under `eval/` too, such as `eval/bpb` over all sets; those are nobody's figures.
"""

_EVALUATION_KEY = re.compile(EVALUATION_PATTERN)


@dataclass(frozen=True, slots=True)
class Run:
    """One entry of `runs` in one results file.

    Attributes:
        path: The results file, relative to where the user stands.
        pointer: JSON pointer of the `run_info` object.
        info: Its keys; a key that is missing or faulty is None.
        train_keys: The whole `train_config`.
        resource_keys: The whole `resources`.
        evaluations: The evaluation sets it has figures for.
        unknown_keys: Keys nobody declared.
        faults: What is wrong with the form.
    """

    path: str
    pointer: str
    info: RunInfo
    train_keys: Mapping[str, Json]
    resource_keys: Mapping[str, Json]
    evaluations: tuple[Evaluation, ...]
    unknown_keys: tuple[str, ...]
    faults: tuple[Fault, ...]

    @property
    def model_keys(self) -> Mapping[str, Json]:
        """The `model_config`, empty where it is missing."""
        return self.info.model_config or {}

    @property
    def evaluation(self) -> Evaluation | None:
        """The evaluation that counts: C4 where there is one, else the demo track's."""
        named = {evaluation.dataset: evaluation for evaluation in self.evaluations if evaluation.bpb is not None}
        return named.get(C4) or named.get(SYNTHETIC)

    @property
    def is_demo(self) -> bool:
        """Whether the run belongs to the demo track."""
        evaluation = self.evaluation
        return evaluation is not None and evaluation.dataset == SYNTHETIC


def read_runs(path: str, value: Json) -> tuple[tuple[Run, ...], tuple[Fault, ...]]:
    """Read every run of a results file, whatever its era.

    Args:
        path: The file, for messages.
        value: Its strict JSON value.

    Returns:
        The runs, and what is wrong with the file around them.
    """
    if not isinstance(value, dict):
        return (), (_shape("", 'an object {"runs": [...]}', value),)
    if "runs" not in value:
        if "run_info" in value:
            made, wrong = _entry(path, "", value)
            return made, _bounded(wrong, "")
        if "model_flops" in value or "model_config" in value:
            return (_read_run(path, "", value),), ()
        return (), (_shape("", '"runs", "run_info" or the keys of a run', value),)
    entries = value["runs"]
    if not isinstance(entries, list) or not 0 < len(entries) <= MAX_RUNS:
        return (), (_shape("/runs", f"a list of 1 to {MAX_RUNS:,} runs", entries),)
    runs: list[Run] = []
    faults = [*_second_forms(value, "", own="runs")]
    for index, entry in enumerate(entries):
        made, wrong = _entry(path, f"/runs/{index}", entry)
        runs.extend(made)
        faults.extend(wrong)
    return tuple(runs), _bounded(tuple(faults), "")


def _entry(path: str, pointer: str, entry: Json) -> tuple[tuple[Run, ...], tuple[Fault, ...]]:
    if not isinstance(entry, dict) or "run_info" not in entry:
        return (), (_shape(pointer, 'an object {"run_info": {...}}', entry),)
    info = entry["run_info"]
    if not isinstance(info, dict):
        return (), (_shape(f"{pointer}/run_info", "an object", info),)
    return (_read_run(path, f"{pointer}/run_info", info),), tuple(_second_forms(entry, pointer, own="run_info"))


def _second_forms(value: dict[str, Json], pointer: str, own: str) -> Iterator[Fault]:
    """Yield a fault for every key by which a program that looks for another form would find another run."""
    for name in value:
        if name != own and is_of_a_run(name):
            expected = f"nothing beside {own}, since a reader of another form would take it for the run"
            yield _shape(pointer + pointer_to([name]), expected, value[name])


def is_of_a_run(name: str) -> bool:
    """Whether a key is one by which some form of the file holds a run or a figure of it."""
    return name in RUN_KEYS or _EVALUATION_KEY.match(name) is not None


def _shape(pointer: str, expected: str, value: Json) -> Fault:
    submitted = f"a list of {len(value):,}" if isinstance(value, list) else show(value)
    return Fault("type", pointer, expected, submitted, "The file holds a list of runs.")


def _read_run(path: str, pointer: str, value: dict[str, Json]) -> Run:
    info, faults = read(RunInfo, value, pointer)
    evaluations, wrong = _read_evaluations(value, pointer)
    unknown = tuple(name for name in value if name not in _DECLARED and not _EVALUATION_KEY.match(name))
    bpb = f"eval/{C4}/bpb"
    if value.get(bpb) is None and value.get(f"eval/{SYNTHETIC}/bpb") is None:
        got = "null" if bpb in value else "nothing"
        missing = Fault("missing", pointer + pointer_to([bpb]), "a number above 0", got, EVALUATION_DOCS["bpb"])
        wrong = (*wrong, missing)
    wrong = (*wrong, *_impossible_dimensions(info.model_config or {}, pointer))
    return Run(
        path=path,
        pointer=pointer,
        info=info,
        train_keys=_object(value.get("train_config")),
        resource_keys=_object(value.get("resources")),
        evaluations=evaluations,
        unknown_keys=unknown,
        faults=_bounded((*faults, *wrong), pointer),
    )


def _object(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _bounded(faults: tuple[Fault, ...], pointer: str) -> tuple[Fault, ...]:
    """Return the first faults of a run or of what is around the runs, and one that counts the rest."""
    if len(faults) <= MAX_FAULTS:
        return faults
    rest = f"{len(faults) - MAX_FAULTS:,} more faults like these"
    return (*faults[:MAX_FAULTS], Fault("type", pointer, "a run as training wrote it", rest, "A run."))


def _impossible_dimensions(model: Mapping[str, Json], pointer: str) -> Iterator[Fault]:
    """Yield a fault for every dimension that counts nothing.

    What is no number is a custom model's own business, which no formula covers; but no model has -512 heads, and the
    length of a sequence enters the number of tokens whatever the model is.
    """
    for name in (*DIMENSION_KEYS, *LENGTH_KEYS):
        value, least = model.get(name), least_dimension(name)
        where = pointer + pointer_to(["model_config", name])
        expected = f"a whole number from {least} to {LARGEST_DIMENSION:,}"
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            if name in LENGTH_KEYS and not is_inert(value):
                yield Fault("type", where, expected, show(value), "Tokens in a sequence.")
        elif not least <= value <= LARGEST_DIMENSION or not float(value).is_integer():
            yield Fault("range", where, expected, show(value), "A dimension of the model.")


def _read_evaluations(value: dict[str, Json], pointer: str) -> tuple[tuple[Evaluation, ...], tuple[Fault, ...]]:
    made: list[Evaluation] = []
    faults: list[Fault] = []
    for dataset in sorted({match[1] for match in map(_EVALUATION_KEY.match, value) if match}):
        figures: dict[str, float | None] = {}
        for name in EVALUATION_KEYS:
            spec = Spec(f"eval/{dataset}/{name}", "number", EVALUATION_DOCS[name], above=0)
            figures[name], fault = read_key(spec, value, pointer)
            faults.extend(fault)
        made.append(Evaluation(dataset, figures["bpb"], figures["loss"], figures["tokens"], figures["bytes"]))
    return tuple(made), tuple(faults)
