"""The results file in all its forms, and in every form that it should not have."""

import copy
import dataclasses
import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from speedrun_ci.analysis import analyse
from speedrun_ci.check import Conditions, check_all
from speedrun_ci.figures import figure_rows
from speedrun_ci.report.formats import FORMATS, render
from speedrun_ci.results import C4, SYNTHETIC, Evaluation, Run, read_runs
from speedrun_ci.rules.example import RUN_INFO, edited
from speedrun_ci.strict_json import Document, Json, parse
from speedrun_ci.submission import find_submissions

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
BPB = f"eval/{C4}/bpb"
LARGEST = 10**308 - 1

type Edits = dict[str, Any]


def one(value: Json) -> Run:
    runs, faults = read_runs("file", value)
    assert () == faults
    (run,) = runs
    return run


def run_of(edits: Edits | None = None) -> Run:
    return one({"runs": [{"run_info": edited(edits or {})}]})


def faults_of(edits: Edits) -> list[tuple[str, str, str]]:
    run = run_of(edits)
    assert all(fault.pointer.startswith("/runs/0/run_info/") for fault in run.faults)
    return [(fault.kind, fault.pointer.removeprefix("/runs/0/run_info"), fault.submitted) for fault in run.faults]


# Every form


def test_the_newest_form() -> None:
    run = run_of()
    assert ("file", "/runs/0/run_info") == (run.path, run.pointer)
    assert () == run.faults
    assert () == run.unknown_keys
    info = run.info
    assert info.author is not None
    assert ("Ada Example", "Example University") == (info.author.name, info.author.affiliation)
    assert "https://example.org" == info.author.url
    assert "An honest run." == info.description
    assert RUN_INFO["model_config"] == run.model_keys
    assert RUN_INFO["resources"] == run.resource_keys
    assert RUN_INFO["train_config"] == run.train_keys
    assert info.train_config is not None
    assert (128, 5880, None) == (
        info.train_config.batch_size,
        info.train_config.num_steps,
        info.train_config.sequence,
    )
    assert (3_082_813_440, 154_147_328) == (info.total_tokens, info.model_size)
    assert (2.107429813789655e18, 1.1016e19) == (info.model_flops, info.training_hardware_flops)
    assert (1500.0, 16, 16, 459e12) == (info.training_time, info.num_devices, info.num_chips, info.device_flops)
    assert "2025-10-02 06:24:34 UTC" == info.completed
    assert "https://wandb.ai/example/speedrun/runs/abc123" == info.wandb_run_link
    assert [None] * 6 == [
        info.model_flops_per_token,
        info.mfu,
        info.vocab_size,
        info.tokenizer_hash,
        info.argv,
        info.environment,
    ]
    assert Evaluation(C4, 1.18, None, None, None) == run.evaluation
    assert not run.is_demo


@pytest.mark.parametrize(
    ("wrap", "pointer"),
    [
        (lambda info: {"runs": [{"run_info": info}]}, "/runs/0/run_info"),
        (lambda info: {"run_info": info}, "/run_info"),
        (lambda info: info, ""),
        (lambda info: {"note": "x", "runs": [{"note": 1, "run_info": info}]}, "/runs/0/run_info"),
    ],
    ids=["list", "bare entry", "bare run", "more keys"],
)
def test_every_form_is_the_same_run(wrap: Callable[[Json], Json], pointer: str) -> None:
    run = one(wrap(RUN_INFO))
    assert dataclasses.replace(run_of(), pointer=pointer) == run
    faulty = one(wrap(edited({"/total_tokens": "many"})))
    assert [f"{pointer}/total_tokens"] == [fault.pointer for fault in faulty.faults]


def test_a_bare_run_that_lacks_its_figures_is_still_a_run() -> None:
    assert "" == one({"model_config": {}}).pointer
    assert "" == one({"model_flops": 1.0}).pointer


def test_several_runs_keep_their_order_and_places() -> None:
    value: Json = {"runs": [{"run_info": edited({"/description": str(index)})} for index in range(12)]}
    runs, faults = read_runs("file", value)
    assert () == faults
    assert [(f"/runs/{index}/run_info", str(index)) for index in range(12)] == [
        (run.pointer, run.info.description) for run in runs
    ]


DEVICES = ("num_devices", "num_chips", "device_flops")


@pytest.mark.parametrize(
    "edits",
    [
        {f"/{name}": ... for name in DEVICES},
        {f"/{name}": None for name in DEVICES},
    ],
    ids=["absent", "null"],
)
def test_devices_may_be_absent(edits: Edits) -> None:
    run = run_of(edits)
    assert () == run.faults
    assert [None] * 3 == [getattr(run.info, name) for name in DEVICES]


@pytest.mark.parametrize(
    "resources",
    [
        {"tpu_type": "v5p-32", "slice_count": 1, "device_flops_override": None},
        {"gpu_count": 4, "accelerator_type": "A100", "device_flops_override": None},
        {
            "device": {"kind": "tpu", "variant": "v5p-32", "count": 1, "topology": None},
            "replicas": 1,
            "cpu": 32,
            "ram": "128g",
            "disk": "50g",
            "preemptible": True,
            "regions": ["us-central1"],
        },
        {"device": {"type": "v5p-32", "topology": None}, "replicas": 1},
        {},
    ],
    ids=["tpu_type", "gpu_count", "device kind", "device type", "empty"],
)
def test_resources(resources: dict[str, Json]) -> None:
    run = run_of({"/resources": resources})
    assert () == run.faults
    assert resources == run.resource_keys


@pytest.mark.parametrize(
    ("edits", "attribute", "expected"),
    [
        ({"/model_flops_per_token": 227_868_672}, "model_flops_per_token", 227_868_672.0),
        ({"/model_flops": 10**18}, "model_flops", 1e18),
        ({"/training_time": 1500}, "training_time", 1500.0),
        ({"/total_tokens": 3_082_813_440.0}, "total_tokens", 3_082_813_440),
        ({"/num_chips": 16.0}, "num_chips", 16),
        ({"/mfu": 0.2}, "mfu", 0.2),
        ({"/vocab_size": 128_256}, "vocab_size", 128_256),
        ({"/tokenizer_hash": "sha256:0"}, "tokenizer_hash", "sha256:0"),
        ({"/data_hash": "sha256:1"}, "data_hash", "sha256:1"),
        ({"/argv": ["--preset", "tpu"]}, "argv", ("--preset", "tpu")),
        ({"/environment": {"SR_PRESET": "tpu"}}, "environment", {"SR_PRESET": "tpu"}),
        ({"/description": None}, "description", None),
        ({"/wandb_run_link": None}, "wandb_run_link", None),
        ({"/tokenized_dataset": None}, "tokenized_dataset", None),
        ({"/tokenized_dataset": "<X at 0x7f>"}, "tokenized_dataset", "<X at 0x7f>"),
        ({"/tokenized_dataset": {"name": "fineweb"}}, "tokenized_dataset", {"name": "fineweb"}),
    ],
)
def test_attributes(edits: Edits, attribute: str, expected: object) -> None:
    run = run_of(edits)
    assert () == run.faults
    assert () == run.unknown_keys
    assert repr(expected) == repr(getattr(run.info, attribute))


@pytest.mark.parametrize(
    "edits",
    [
        {"/author/url": None},
        {"/author/url": "example.org"},
        {"/author/affiliation": ...},
        {"/author/more": 1},
        {"/model_config/seq_len": ...},
        {"/model_config/max_seq_len": 4096},
        {"/model_config/anything": {"a": [None]}},
        {"/model_config/hidden_dim": 512.0},
        {"/model_config/n_shared_experts": 0},
        {"/model_config/head_dim": {"key": 64, "value": 128}},
        {"/model_config/num_layers": "six"},
        {"/model_config/other": -1.5},
        {"/train_config/train_seq_len": 2048},
        {"/train_config/train_seq_len": None},
        {"/train_config/profiler": True},
        {"/train_config/profiler": {"enabled": False, "steps": [1, 2]}},
        {"/train_config/data_seed": None},
        {"/train_config/train_batch_size": [{"start": 0, "value": 64}, {"start": 1000, "value": 128}]},
    ],
    ids=repr,
)
def test_what_eras_differ_in(edits: Edits) -> None:
    run = run_of(edits)
    assert () == run.faults
    assert () == run.unknown_keys


def test_train_configuration() -> None:
    schedule = [{"start": 0.0, "value": 64}, {"start": 1000, "value": 128.0}]
    edits = {"/train_config/train_batch_size": schedule, "/train_config/train_seq_len": 2048.0}
    train = run_of(edits).info.train_config
    assert train is not None
    assert "[{'start': 0, 'value': 64}, {'start': 1000, 'value': 128}]" == repr(train.batch_size)
    assert "2048" == repr(train.sequence)
    assert schedule == run_of(edits).train_keys["train_batch_size"]


def test_a_run_is_frozen_and_the_value_is_left_as_it_was() -> None:
    value: Json = {"runs": [{"run_info": copy.deepcopy(RUN_INFO)}]}
    before = json.dumps(value)
    run = one(value)
    for target in (run, run.info, run.info.author, run.info.train_config, run.evaluation):
        assert target is not None
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(target, dataclasses.fields(target)[0].name, "x")
    assert before == json.dumps(value)


# Evaluation sets


def test_all_figures_of_an_evaluation() -> None:
    edits = {f"/eval~1paloma~1c4_en~1{name}": figure for name, figure in (("loss", 3.5), ("tokens", 10), ("bytes", 44))}
    run = run_of(edits)
    assert (Evaluation(C4, 1.18, 3.5, 10.0, 44.0),) == run.evaluations
    assert () == run.unknown_keys


def test_other_evaluation_sets_do_not_count() -> None:
    run = run_of({"/eval~1paloma~1wikitext_103~1bpb": 0.9, "/eval~1a~1bpb": None, "/eval~1b~1loss": 3.0})
    assert () == run.faults
    assert () == run.unknown_keys
    assert ["a", "b", C4, "paloma/wikitext_103"] == [evaluation.dataset for evaluation in run.evaluations]
    assert run.evaluation is not None
    assert 1.18 == run.evaluation.bpb


@pytest.mark.parametrize(
    ("c4", "synthetic", "expected"),
    [
        (1.18, ..., C4),
        (1.18, 0.6, C4),
        (1.18, None, C4),
        (..., 0.6, SYNTHETIC),
        (None, 0.6, SYNTHETIC),
        (..., ..., None),
        (None, None, None),
    ],
)
def test_the_evaluation_that_counts(c4: Any, synthetic: Any, expected: str | None) -> None:
    sets = {"/eval~1paloma~1c4_en~1bpb": c4}
    if synthetic is not ...:
        sets["/eval~1synthetic~1bpb"] = synthetic
    run = run_of(sets)
    assert expected == (run.evaluation.dataset if run.evaluation else None)
    assert (expected == SYNTHETIC) == run.is_demo
    missing = [("missing", "/eval~1paloma~1c4_en~1bpb", "nothing" if c4 is ... else "null")]
    assert ([] if expected else missing) == faults_of(sets)


@pytest.mark.parametrize(
    "name",
    [
        "eval/bpb",
        "eval//bpb",
        "eval/loss",
        "eval/paloma/c4_en/bpbs",
        "eval/paloma/c4_en/bpb\n",
        " eval/paloma/c4_en/bpb",
        "xeval/paloma/c4_en/bpb",
        "eval/paloma/macro_loss",
        "eval/a b/bpb",
        "eval/a\n::error::/bpb",
        "eval/\u202e/bpb",
        "eval/" + "a" * 101 + "/bpb",
    ],
    ids=lambda name: repr(name)[:40],
)
def test_keys_that_only_look_like_an_evaluation_are_unknown_and_no_fault(name: str) -> None:
    for figure in (1.0, None, "x"):
        run = run_of({f"/{name.replace('/', '~1')}": figure})
        assert () == run.faults
        assert (name,) == run.unknown_keys
        assert [C4] == [evaluation.dataset for evaluation in run.evaluations]


def test_unknown_keys_in_the_order_of_the_file() -> None:
    run = run_of({"/zeta": None, "/alpha": 1, "/Total_tokens": 3})
    assert ("zeta", "alpha", "Total_tokens") == run.unknown_keys
    assert () == run.faults


# Faults


@pytest.mark.parametrize(
    ("value", "pointer", "submitted"),
    [
        (None, "", "null"),
        (True, "", "true"),
        (1.5, "", "1.5"),
        ("text", "", '"text"'),
        ([], "", "a list of 0"),
        ([{"run_info": {}}], "", "a list of 1"),
        ({}, "", "an object"),
        ({"results": []}, "", "an object"),
        ({"runs": None}, "/runs", "null"),
        ({"runs": []}, "/runs", "a list of 0"),
        ({"runs": [{"run_info": RUN_INFO}] * 1001}, "/runs", "a list of 1,001"),
        ({"runs": {}}, "/runs", "an object"),
        ({"runs": "x", **RUN_INFO}, "/runs", '"x"'),
        ({"runs": [5]}, "/runs/0", "5"),
        ({"runs": [None]}, "/runs/0", "null"),
        ({"runs": [[]]}, "/runs/0", "a list of 0"),
        ({"runs": [{}]}, "/runs/0", "an object"),
        ({"runs": [RUN_INFO]}, "/runs/0", "an object"),
        ({"runs": [{"run_info": None}]}, "/runs/0/run_info", "null"),
        ({"runs": [{"run_info": []}]}, "/runs/0/run_info", "a list of 0"),
        ({"runs": [{"run_info": ""}]}, "/runs/0/run_info", '""'),
        ({"runs": [{"run_info": [RUN_INFO]}]}, "/runs/0/run_info", "a list of 1"),
        ({"run_info": 0}, "/run_info", "0"),
        ({"run_info": None, **RUN_INFO}, "/run_info", "null"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_no_list_of_runs(value: Json, pointer: str, submitted: str) -> None:
    runs, (fault,) = read_runs("file", value)
    assert () == runs
    assert ("type", pointer, submitted) == (fault.kind, fault.pointer, fault.submitted)


def test_good_runs_among_bad_entries_are_read() -> None:
    runs, faults = read_runs("file", {"runs": [None, {"run_info": RUN_INFO}, {"run_info": 1}, {"run_info": RUN_INFO}]})
    assert ["/runs/1/run_info", "/runs/3/run_info"] == [run.pointer for run in runs]
    assert ["/runs/0", "/runs/2/run_info"] == [fault.pointer for fault in faults]


REQUIRED = (
    *("author", "author/name", "model_config", "train_config", "train_config/train_batch_size"),
    *("train_config/num_train_steps", "resources", "run_completion_timestamp", "total_tokens", "model_size"),
    *("model_flops", "training_time", "training_hardware_flops"),
)


@pytest.mark.parametrize("name", REQUIRED)
def test_missing(name: str) -> None:
    assert [("missing", f"/{name}", "nothing")] == faults_of({f"/{name}": ...})
    assert [("missing", f"/{name}", "null")] == faults_of({f"/{name}": None})


@pytest.mark.parametrize(
    ("edits", "kind", "pointer", "submitted"),
    [
        ({"/author": "Ada"}, "type", "/author", '"Ada"'),
        ({"/author/name": ["Ada"]}, "type", "/author/name", "a list"),
        ({"/author/url": 1}, "type", "/author/url", "1"),
        ({"/description": {}}, "type", "/description", "an object"),
        ({"/model_config": []}, "type", "/model_config", "a list"),
        ({"/train_config": []}, "type", "/train_config", "a list"),
        ({"/resources": "v5p-32"}, "type", "/resources", '"v5p-32"'),
        ({"/training_time": "1500"}, "type", "/training_time", '"1500"'),
        ({"/training_time": True}, "type", "/training_time", "true"),
        ({"/num_chips": False}, "type", "/num_chips", "false"),
        ({"/num_chips": 16.5}, "type", "/num_chips", "16.5"),
        ({"/total_tokens": 1.5}, "type", "/total_tokens", "1.5"),
        ({"/total_tokens": 0}, "range", "/total_tokens", "0"),
        ({"/total_tokens": 2**63}, "range", "/total_tokens", "9223372036854775808"),
        ({"/total_tokens": 1e300}, "range", "/total_tokens", "1e+300"),
        ({"/model_flops": 0.0}, "range", "/model_flops", "0.0"),
        ({"/model_flops": -1e18}, "range", "/model_flops", "-1e+18"),
        ({"/training_time": -0.0}, "range", "/training_time", "-0.0"),
        ({"/mfu": 0}, "range", "/mfu", "0"),
        ({"/vocab_size": -1}, "range", "/vocab_size", "-1"),
        ({"/argv": "--dry_run"}, "type", "/argv", '"--dry_run"'),
        ({"/argv": [1]}, "type", "/argv", "a list"),
        ({"/environment": []}, "type", "/environment", "a list"),
        ({"/train_config/num_train_steps": 0}, "range", "/train_config/num_train_steps", "0"),
        ({"/train_config/train_batch_size": []}, "type", "/train_config/train_batch_size", "a list"),
        ({"/train_config/train_seq_len": "4096"}, "type", "/train_config/train_seq_len", '"4096"'),
        ({"/eval~1paloma~1c4_en~1bpb": "1.18"}, "type", "/eval~1paloma~1c4_en~1bpb", '"1.18"'),
        ({"/eval~1paloma~1c4_en~1bpb": 0}, "range", "/eval~1paloma~1c4_en~1bpb", "0"),
        ({"/eval~1paloma~1c4_en~1bpb": False}, "type", "/eval~1paloma~1c4_en~1bpb", "false"),
        ({"/eval~1other~1loss": -1}, "range", "/eval~1other~1loss", "-1"),
        ({"/model_config/num_heads": 0}, "range", "/model_config/num_heads", "0"),
        ({"/model_config/num_layers": -6}, "range", "/model_config/num_layers", "-6"),
        ({"/model_config/head_dim": 64.5}, "range", "/model_config/head_dim", "64.5"),
        ({"/model_config/seq_len": -0.0}, "range", "/model_config/seq_len", "-0.0"),
        ({"/model_config/n_shared_experts": -1}, "range", "/model_config/n_shared_experts", "-1"),
        ({"/run_completion_timestamp": 1759386274}, "type", "/run_completion_timestamp", "1759386274"),
    ],
    ids=lambda value: repr(value)[:50] if isinstance(value, dict) else "",
)
def test_faults(edits: Edits, kind: str, pointer: str, submitted: str) -> None:
    assert [(kind, pointer, submitted)] == faults_of(edits)
    attribute = pointer.strip("/").split("/")[0]
    if attribute in ("author", "train_config", "model_config") and pointer.count("/") > 1:
        return  # the object is there, its key is not
    attribute = {"run_completion_timestamp": "completed"}.get(attribute, attribute)
    assert None is getattr(run_of(edits).info, attribute, None)


# Anything at all

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-LARGEST, LARGEST)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0, 1, -1, 2**63, 1e308, -1e308, 5e-324, 2**53 + 1, 1e15, 4096, 16.0])
    | st.sampled_from(["", "auto", "A100", "v5p-32", "none", "\u202e\n", "2025-10-02 06:24:34 UTC"])
    | st.text(st.characters(codec="utf-8"), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["start", "value", "device", "kind", "name", "a"]), inner, max_size=3)
    ),
    max_leaves=5,
)

EVERY_FIGURE: dict[str, Any] = {
    **RUN_INFO,
    "model_flops_per_token": 227_868_672.0,
    "mfu": 2.107429813789655e18 / 1.1016e19,
    "vocab_size": 128_256,
    f"eval/{C4}/loss": 3.5988,
    f"eval/{C4}/tokens": 1_000_000,
    f"eval/{C4}/bytes": 4_400_000,
}


def paths(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield from paths(item, (*path, name))


@st.composite
def mutated(draw: st.DrawFn) -> Json:
    """Draw an honest file in which values at a few places are replaced by anything."""
    value: Any = {"runs": [{"run_info": copy.deepcopy(draw(st.sampled_from([RUN_INFO, EVERY_FIGURE])))}]}
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(paths(value))))
        if not path:
            return draw(ANYTHING)
        target = value
        for name in path[:-1]:
            target = target[name]
        target[path[-1]] = draw(ANYTHING)
    return value  # type: ignore[no-any-return]


def no_crash(value: Json, folder: Path) -> None:
    """Read, analyse, check and report a file; nothing may raise, and no rule may crash."""
    runs, _ = read_runs("file", value)
    for run in runs:
        figure_rows(run, analyse(run))
    file = folder / "speedrun_results.json"
    file.write_text(json.dumps(value))
    (submission,) = find_submissions(str(file), results_only=True)
    report = check_all([submission], Conditions(NOW))
    findings = [finding for item in report.submissions for finding in item.findings]
    assert [] == [finding.message for finding in findings if finding.code == "SR001"]
    assert all("\n" not in finding.message for finding in findings)
    for name in FORMATS:
        assert "".join(render(name, report, terminal=False))


@pytest.mark.parametrize(
    "edits",
    [
        {"/model_config/activation_function": []},
        {"/model_config/activation_function": {}},
        {"/model_config/seq_len": 1e308},
        {"/model_config/seq_len": -4096},
        {"/model_config/seq_len": 0.5},
        {"/model_config/max_seq_len": 10**307},
        {"/model_config/hidden_dim": 1e308},
        {"/model_config/num_heads": 2**32},
        {"/model_config/tie_word_embeddings": 1e34},
        {"/mfu": 5e-324},
        {"/mfu": 1e308},
        {"/eval~1paloma~1c4_en~1bpb": 5e-324},
        {"/eval~1paloma~1c4_en~1bpb": 1e308},
        {"/eval~1paloma~1c4_en~1loss": 1e308},
        {"/eval~1paloma~1c4_en~1bytes": 5e-324},
        {"/eval~1paloma~1c4_en~1tokens": 1e308},
        {"/model_flops": 5e-324},
        {"/model_flops": 10**307},
        {"/model_flops_per_token": 1e300},
        {"/training_time": 1e300, "/device_flops": 1e300},
        {"/training_time": 5e-324},
        {"/training_time": 5e-324, "/num_chips": 48, "/resources/device_flops_override": -1},
        {"/training_hardware_flops": 5e-324},
        {"/training_hardware_flops": 1e308, "/model_flops": 5e-324},
        {"/num_chips": 2**63 - 1, "/num_devices": 2**63 - 1, "/total_tokens": 2**63 - 1},
        {"/vocab_size": 2**63 - 1},
        {"/train_config/num_train_steps": 2**63 - 1, "/train_config/train_batch_size": 2**63 - 1},
        {"/train_config/train_batch_size": [{"start": 0, "value": 1}, {"start": 2**62, "value": 2**63 - 1}]},
        {"/resources/device_flops_override": 5e-324},
        {"/resources/device_flops_override": 10**307},
        {"/resources/slice_count": 10**307},
        {"/resources": {"device": {"kind": "gpu", "variant": "H100", "count": 8}, "replicas": 0}},
        {"/tokenized_dataset": [[["paloma"]]]},
        {"/wandb_run_link": "https://[x/runs/"},
        {"/author/url": "https://[x"},
        {"/run_completion_timestamp": "9999-12-31T23:59:59-23:59"},
    ],
    ids=lambda edits: repr(edits)[:60],
)
def test_extreme_values_crash_nothing(tmp_path: Path, edits: Edits) -> None:
    for base in (RUN_INFO, EVERY_FIGURE):
        no_crash({"runs": [{"run_info": edited(edits, base)}]}, tmp_path)


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=mutated())
def test_no_value_anywhere_crashes_anything(tmp_path: Path, value: Json) -> None:
    no_crash(value, tmp_path)


# Real files


def test_real_files_load_without_faults_and_unknown_keys(real_files: Path) -> None:
    files = sorted(real_files.rglob("*.json"))
    assert 19 == len(files)
    for file in files:
        document = parse(file.read_bytes())
        assert isinstance(document, Document)
        runs, faults = read_runs(str(file), document.value)
        assert () == faults
        assert runs
        for run in runs:
            assert () == run.faults
            assert () == run.unknown_keys
            assert run.evaluation is not None
            assert C4 == run.evaluation.dataset
