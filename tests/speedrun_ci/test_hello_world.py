"""The committed demo run: it passes, and no figure of it that an identity covers can be changed alone."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from speedrun_ci.check import Conditions, check_submission
from speedrun_ci.finding import Level, SubmissionReport, Verdict
from speedrun_ci.results import RESULTS_NAME
from speedrun_ci.rules.example import edited
from speedrun_ci.strict_json import pointer_to
from speedrun_ci.submission import find_submissions

ROOT = Path(__file__).parents[2]
HELLO_WORLD = ROOT / "submissions" / "hello_world"
NOW = dt.datetime.now(dt.UTC)

RESULTS: dict[str, Any] = json.loads((HELLO_WORLD / RESULTS_NAME).read_text())
(ENTRY,) = RESULTS["runs"]

COVERED_CONFIGURATION = {
    ("train_config", "train_batch_size"),
    ("train_config", "num_train_steps"),
    ("model_config", "max_seq_len"),
    ("model_config", "hidden_dim"),
    ("model_config", "intermediate_dim"),
    ("model_config", "num_layers"),
    ("model_config", "num_heads"),
    ("model_config", "num_kv_heads"),
    ("resources", "device_flops_override"),
}
"""The nested values that enter an identity; those of the optimizer, say, enter none."""


def figures(value: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], float]]:
    for key, item in value.items():
        if isinstance(item, dict):
            yield from figures(item, (*path, key))
        elif isinstance(item, (int, float)) and not isinstance(item, bool):
            yield (*path, key), item


COVERED = [
    (path, value)
    for path, value in figures(ENTRY["run_info"])
    if (len(path) == 1 and path != ("num_devices",)) or path in COVERED_CONFIGURATION
]


def checked(tmp_path: Path, results: dict[str, Any]) -> SubmissionReport:
    path = tmp_path / RESULTS_NAME
    path.write_text(json.dumps(results))
    (submission,) = find_submissions(str(path), results_only=True)
    return check_submission(submission, Conditions(NOW))


def test_it_passes_as_committed() -> None:
    (submission,) = find_submissions(str(HELLO_WORLD), results_only=False)
    report = check_submission(submission, Conditions(NOW))
    assert Verdict.PASS == report.verdict
    assert [(Level.CONSISTENT, ("identities",))] == [(run.level, run.evidence) for run in report.runs]
    assert {"SR405", "SR708"} == {finding.code for finding in report.findings}
    assert {"info"} == {finding.severity for finding in report.findings}


def test_it_records_what_later_checks_use() -> None:
    info = ENTRY["run_info"]
    assert {
        "vocab_size",
        "tokenizer_hash",
        "data_hash",
        "argv",
        "environment",
        "eval/synthetic/bpb",
        "eval/synthetic/loss",
        "eval/synthetic/tokens",
        "eval/synthetic/bytes",
    } <= set(info)
    assert "eval/paloma/c4_en/bpb" not in info
    assert ["--prefix", "local_store", "--force_run_failed", "true"] == info["argv"]


def test_every_covered_value_is_there() -> None:
    assert COVERED_CONFIGURATION <= {path for path, _ in COVERED}
    assert 13 == sum(len(path) == 1 for path, _ in COVERED)


@pytest.mark.parametrize("factor", [0.5, 0.98, 1.02, 3])
@pytest.mark.parametrize(("path", "value"), COVERED, ids=["/".join(path) for path, _ in COVERED])
def test_changing_one_figure_fails_and_names_it(
    tmp_path: Path, path: tuple[str, ...], value: float, factor: float
) -> None:
    changed = value * factor if isinstance(value, float) else max(round(value * factor), 1)
    if changed == value:
        changed = value + 1
    info = edited({pointer_to(path): changed}, ENTRY["run_info"])
    report = checked(tmp_path, {"runs": [{"run_info": info}]})
    assert Verdict.FAIL == report.verdict
    blocking = [finding for finding in report.findings if finding.blocks]
    assert any(".".join(path) in finding.message for finding in blocking), pointer_to(path)
