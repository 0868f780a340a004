"""The equations and the smallest wrong set."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from speedrun_ci.analysis import Analysis, analyse
from speedrun_ci.figures import figure_rows, level_of
from speedrun_ci.finding import Level, Status
from speedrun_ci.results import Run, read_runs
from speedrun_ci.rules.example import RUN_INFO, edited
from speedrun_ci.strict_json import split_pointer
from speedrun_ci.wrong_sets import WrongSet

RECORDED = {
    "/model_flops_per_token": 227_868_672,
    "/vocab_size": 128_256,
    "/eval~1paloma~1c4_en~1loss": 1.18 * math.log(2) * 4_400_000 / 1_000_000,
    "/eval~1paloma~1c4_en~1tokens": 1_000_000,
    "/eval~1paloma~1c4_en~1bytes": 4_400_000,
}
"""What the newest files record beyond the example."""


def run_of(info: dict[str, Any]) -> Run:
    (run,), faults = read_runs("file.json", {"runs": [{"run_info": info}]})
    assert () == faults
    return run


def analysed(info: dict[str, Any]) -> Analysis:
    return analyse(run_of(info))


def blamed(wrong: WrongSet) -> list[set[str]]:
    return [{".".join(correction.path) for correction in corrections} for corrections in wrong.alternatives]


def candidates(analysis: Analysis) -> set[str]:
    return {name for wrong in analysis.wrong for names in blamed(wrong) for name in names}


def test_the_example_is_consistent() -> None:
    analysis = analysed(RUN_INFO)
    assert () == analysis.wrong
    assert Level.CONSISTENT == level_of(analysis)
    lefts = {identity.left[0] for identity in analysis.identities}
    assert {
        "total_tokens",
        "model_flops",
        "model_size",
        "num_chips",
        "device_flops",
        "training_hardware_flops",
    } == lefts


def numbers_in(value: Any, pointer: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from numbers_in(item, f"{pointer}/{key.replace('/', '~1')}")
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield pointer, value


COVERED = {
    **RECORDED,
    **{pointer: value for pointer, value in numbers_in(RUN_INFO) if pointer != "/num_devices"},
}
NOT_COVERED = {
    "/model_config/rope/factor",
    "/model_config/rope/theta",
    "/train_config/learning_rate",
}
"""No identity has them; DESIGN section 4 leaves them to plausibility and evidence."""


@pytest.mark.parametrize("factor", [0.5, 0.99, 1.01, 2, 10])
@pytest.mark.parametrize("pointer", sorted(set(COVERED) - NOT_COVERED))
def test_changing_one_figure_names_it(pointer: str, factor: float) -> None:
    """Each figure that an identity covers, changed alone, is among the candidates."""
    honest = edited(RECORDED)
    value = COVERED[pointer] * factor
    if isinstance(COVERED[pointer], int):
        value = max(round(value), 1)
    if value == COVERED[pointer]:
        value = COVERED[pointer] + 1  # 1% of a small whole number
    analysis = analysed(edited({pointer: value}, honest))
    assert ".".join(split_pointer(pointer)) in candidates(analysis)
    assert Level.DECLARED == level_of(analysis)


@pytest.mark.parametrize(
    "pointer", ["/total_tokens", "/model_flops", "/num_chips", "/device_flops", "/model_flops_per_token"]
)
def test_a_figure_in_two_identities_is_the_only_candidate(pointer: str) -> None:
    info = edited(RECORDED)
    value = info[pointer[1:]]
    analysis = analysed(edited({pointer: value * 2}, info))
    (wrong,) = analysis.wrong
    assert [{pointer[1:]}] == blamed(wrong)


def test_time_and_hardware_flops_explain_the_same_mismatch() -> None:
    for pointer in ("/training_time", "/training_hardware_flops"):
        (wrong,) = analysed(edited({pointer: RUN_INFO[pointer[1:]] * 1.5})).wrong
        assert [{"training_hardware_flops"}, {"training_time"}] == blamed(wrong)


def test_two_independent_mistakes_are_two_wrong_sets() -> None:
    analysis = analysed(edited({"/model_size": 1000, "/training_hardware_flops": 1.0e19}))
    assert {"SR305", "SR303"} == {wrong.identity.code for wrong in analysis.wrong}


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        (
            {"/model_flops_per_token": 2e8, "/model_flops": 3 * 2e8 * 3_082_813_440},
            {"model_flops_per_token", "model_flops"},
        ),
        ({"/device_flops": 459e12 / 2, "/training_hardware_flops": 1.1016e19 / 2}, {"device_flops"}),
        ({"/num_chips": 8, "/training_hardware_flops": 1.1016e19 / 2}, {"resources.tpu_type"}),
        ({"/total_tokens": 10**9, "/model_flops": 3 * 227_868_672.0 * 10**9}, {"train_config.num_train_steps"}),
    ],
)
def test_consistent_pairs_are_caught(edits: dict[str, Any], expected: set[str]) -> None:
    analysis = analysed(edited(edits))
    assert analysis.wrong
    assert expected <= candidates(analysis) or {"total_tokens", "model_flops"} <= candidates(analysis)


@pytest.mark.parametrize("tolerated", [1 + 5e-7, 1 - 5e-7])
def test_rounding_is_no_mistake(tolerated: float) -> None:
    for name in ("model_flops", "training_hardware_flops", "training_time"):
        assert () == analysed(edited({f"/{name}": RUN_INFO[name] * tolerated})).wrong


def test_switches_of_the_model_are_candidates() -> None:
    (wrong,) = analysed(edited({"/model_config/tie_word_embeddings": True})).wrong
    assert {"model_config.tie_word_embeddings"} in blamed(wrong)


def test_head_dim_is_honoured() -> None:
    (wrong, *_) = analysed(edited({**RECORDED, "/model_config/head_dim": 512})).wrong
    assert {"model_config.head_dim"} in blamed(wrong)


def test_batch_schedules_are_summed() -> None:
    schedule = [{"start": 0, "value": 64}, {"start": 1000, "value": 128}]
    tokens = (64 * 1000 + 128 * 4880) * 4096
    edits = {
        "/train_config/train_batch_size": schedule,
        "/total_tokens": tokens,
        "/model_flops": 3 * 227_868_672.0 * tokens,
    }
    assert () == analysed(edited(edits)).wrong
    (wrong,) = analysed(edited({**edits, "/train_config/num_train_steps": 5881})).wrong
    assert {"train_config.num_train_steps"} in blamed(wrong)


def test_sequence_length_is_the_first_that_is_set() -> None:
    info = edited({"/model_config/max_seq_len": 2048})
    assert ("model_config", "max_seq_len") == analysed(info).values.sequence_path
    info["train_config"]["train_seq_len"] = 1024
    assert ("train_config", "train_seq_len") == analysed(info).values.sequence_path


def test_replicas_may_count_slices_or_hosts() -> None:
    for replicas in (1, 4):
        resources = {"device": {"kind": "tpu", "variant": "v5p-32"}, "replicas": replicas}
        assert () == analysed(edited({"/resources": resources})).wrong
    two_slices = {"/resources": {"device": {"kind": "tpu", "variant": "v5p-32"}, "replicas": 2}}
    doubled = {"/num_chips": 32, "/training_hardware_flops": 1.1016e19 * 2}
    assert () == analysed(edited({**two_slices, **doubled})).wrong


def test_unknown_hardware_and_unknown_models_cap_the_level() -> None:
    auto = {"/resources": {"device": {"kind": "gpu", "variant": "auto", "count": 16}, "replicas": 1}}
    for edits in (auto, {"/model_config/gdn_heads": 4}):
        info = edited({})
        info["model_config"].setdefault("gdn_heads", None)
        analysis = analysed(edited(edits, info))
        assert () == analysis.wrong
        assert Level.DECLARED == level_of(analysis)


def test_a_model_without_a_formula_still_has_its_product_checked() -> None:
    info = edited(RECORDED)
    info["model_config"]["gdn_heads"] = 4
    assert () == analysed(info).wrong
    (wrong,) = analysed(edited({"/model_flops": 1e18}, info)).wrong
    assert {"model_flops"} in blamed(wrong)


def test_figures_show_one_mismatch_for_one_mistake() -> None:
    run = run_of(edited({"/total_tokens": 10**9}))
    rows = {row.name: row for row in figure_rows(run, analyse(run))}
    assert ["total_tokens"] == [name for name, row in rows.items() if row.status is Status.MISMATCH]
    assert 3_082_813_440 == rows["total_tokens"].recomputed
    assert Status.MATCH == rows["model_flops"].status


def test_figures_that_are_absent_are_missing_and_recomputed_where_possible() -> None:
    info = edited({})
    del info["num_chips"], info["device_flops"]
    run = run_of(info)
    rows = {row.name: row for row in figure_rows(run, analyse(run))}
    assert (Status.MISSING, None, 16) == (
        rows["num_chips"].status,
        rows["num_chips"].submitted,
        rows["num_chips"].recomputed,
    )
    assert 459e12 == rows["device_flops"].recomputed
    assert Status.NOT_RECOMPUTABLE == rows["training_time"].status
    assert Status.MISSING == rows["eval/paloma/c4_en/loss"].status


def test_real_files_are_consistent(real_files: Path) -> None:
    paths = sorted(real_files.rglob("speedrun_results.json"))
    assert 19 == len(paths)
    for path in paths:
        runs, _ = read_runs(path.name, json.loads(path.read_text()))
        for run in runs:
            analysis = analyse(run)
            assert () == analysis.wrong, path
            assert Level.CONSISTENT == level_of(analysis)


def test_changing_one_figure_of_a_real_file_names_it(real_files: Path) -> None:
    names = ("total_tokens", "model_flops", "model_size", "training_time", "training_hardware_flops")
    for path in sorted(real_files.rglob("speedrun_results.json")):
        (entry,) = json.loads(path.read_text())["runs"]
        for name in names:
            for factor in (0.9, 1.01, 2):
                value = entry["run_info"][name] * factor
                changed = {**entry["run_info"], name: round(value) if name in ("total_tokens", "model_size") else value}
                assert name in candidates(analysed(changed)), (path, name, factor)


@pytest.mark.parametrize("value", [1e308, 1e-300])
@pytest.mark.parametrize("name", ["training_time", "model_flops", "device_flops", "training_hardware_flops"])
def test_figures_beyond_any_run_do_not_escape(name: str, value: float) -> None:
    analysis = analysed(edited({f"/{name}": value}))
    assert name in candidates(analysis)
    assert Level.DECLARED == level_of(analysis)
