"""The JSON Schemas say what the checker does."""

import copy
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from speedrun_ci.cli import main
from speedrun_ci.fields import MAX_COUNT, MAX_SCHEDULE
from speedrun_ci.report.json import CheckData
from speedrun_ci.results import C4, MAX_RUNS, SYNTHETIC, RunInfo, read_runs
from speedrun_ci.rules.base import Example
from speedrun_ci.rules.example import RUN_INFO, edited, results_text
from speedrun_ci.rules.registry import RULES
from speedrun_ci.schema import SCHEMAS
from speedrun_ci.strict_json import Json

ROOT = Path(__file__).parents[2]
NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
BPB = f"eval/{C4}/bpb"

RESULTS = Draft202012Validator(SCHEMAS["speedrun_results"]())
CHECK = Draft202012Validator(SCHEMAS["check"]())


def reads(value: Json) -> bool:
    """Whether the checker reads a file without a fault."""
    runs, faults = read_runs("file", value)
    return not faults and not any(run.faults for run in runs)


def wrap(info: dict[str, Any]) -> Json:
    return {"runs": [{"run_info": info}]}


# The files


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_schemas(name: str) -> None:
    schema = SCHEMAS[name]()
    Draft202012Validator.check_schema(schema)
    assert "https://json-schema.org/draft/2020-12/schema" == schema["$schema"]
    assert schema["title"]
    assert schema["description"]
    assert schema == SCHEMAS[name]()


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_committed_file_is_what_the_code_makes(name: str) -> None:
    committed = ROOT / "schemas" / f"{name}.schema.json"
    assert json.dumps(SCHEMAS[name](), indent=2) + "\n" == committed.read_text(encoding="utf-8")


def test_no_other_schema_is_committed() -> None:
    expected = {f"{name}.schema.json" for name in SCHEMAS}
    assert expected == {file.name for file in (ROOT / "schemas").iterdir()}


# Results files


def test_the_schema_describes_every_key() -> None:
    properties = SCHEMAS["speedrun_results"]()["$defs"]["RunInfo"]["properties"]
    declared = {field.metadata["spec"].key: field.metadata["spec"] for field in RunInfo.__dataclass_fields__.values()}
    assert set(declared) == set(properties)
    described = {name: spec.doc for name, spec in declared.items() if spec.model is None}
    assert described == {name: properties[name]["description"] for name in described}


def test_the_number_of_runs_is_bounded() -> None:
    runs = SCHEMAS["speedrun_results"]()["$defs"]["ResultsFile"]["properties"]["runs"]
    assert (1, MAX_RUNS) == (runs["minItems"], runs["maxItems"])
    assert reads({"runs": [{"run_info": RUN_INFO}] * MAX_RUNS})
    assert not reads({"runs": [{"run_info": RUN_INFO}] * (MAX_RUNS + 1)})


def test_real_files_are_valid(real_files: Path) -> None:
    files = sorted(real_files.rglob("*.json"))
    assert 19 == len(files)
    for file in files:
        assert [] == [error.message for error in RESULTS.iter_errors(json.loads(file.read_text()))]


EDITS: tuple[dict[str, Any], ...] = (
    {},
    # present, absent, null
    *({f"/{name}": value} for name in RUN_INFO if name != BPB for value in (..., None)),
    {"/author/name": ...},
    {"/author/name": None},
    {"/author/url": None},
    {"/author/more": 1},
    {"/train_config/num_train_steps": ...},
    {"/train_config/train_batch_size": None},
    {"/remark": {"any": "thing"}},
    # types and ranges
    *({f"/{name}": value} for name in RUN_INFO if name != BPB for value in (True, 0, 1.5, "1", [], {})),
    *({"/total_tokens": value} for value in (MAX_COUNT, MAX_COUNT - 1, -MAX_COUNT, 10**307, 1e300, 1e18, -0.0)),
    *({"/training_time": value} for value in (5e-324, 1e308, 10**307, -5e-324, -0.0)),
    *({"/author/name": value} for value in ("", 1, [], {})),
    *({"/train_config/num_train_steps": value} for value in (1.0, 0, True, "1")),
    *({"/train_config/train_seq_len": value} for value in (None, 4096, 0, "x")),
    *({"/argv": value} for value in (None, [], ["a"], ["a", 1], [None], "a")),
    *({"/environment": value} for value in (None, {}, {"A": 1}, [])),
    *({"/tokenized_dataset": value} for value in (None, 1, True, [], {"name": "x"})),
    # dimensions of the model
    *(
        {f"/model_config/{name}": value}
        for name in ("num_heads", "head_dim", "num_experts", "n_shared_experts", "seq_len", "max_seq_len", "other")
        for value in (1, 0, -1, 1.0, 1.5, -0.0, 1e300, 10**307, None, True, False, "1", [], [-1], {"a": -1})
    ),
    # batch sizes and schedules
    *(
        {"/train_config/train_batch_size": value}
        for value in (1, 128.0, 0, -1, 1.5, True, "1", MAX_COUNT, {}, [], [1], [[]])
    ),
    *(
        {"/train_config/train_batch_size": [{"start": 0, "value": 1}, step]}
        for step in (
            {"start": 5, "value": 2},
            {"start": 5.0, "value": 2.0, "more": "x"},
            {"start": 5},
            {"value": 5},
            {"start": True, "value": 2},
            {"start": -5, "value": 2},
            {"start": 5, "value": 0},
            {"start": 5, "value": MAX_COUNT},
            {"start": MAX_COUNT, "value": 2},
            {"start": "5", "value": 2},
            {"start": None, "value": 2},
            {"start": 5.5, "value": 2},
        )
    ),
    {"/train_config/train_batch_size": [{"start": start, "value": 2} for start in range(MAX_SCHEDULE)]},
    {"/train_config/train_batch_size": [{"start": start, "value": 2} for start in range(MAX_SCHEDULE + 1)]},
    # evaluation sets
    *(
        {"/eval~1paloma~1c4_en~1bpb": c4, **({} if synthetic is ... else {"/eval~1synthetic~1bpb": synthetic})}
        for c4 in (..., None, 1.18, 1, 0, -1, "1", True)
        for synthetic in (..., None, 0.6, 0, "1")
    ),
    *(
        {f"/eval~1{name}": value}
        for name in ("x~1bpb", "x~1loss", "x~1y~1tokens", "bpb", "~1bpb", "a b~1bpb", "x~1bpb\n", "é~1bpb", "x~1BPB")
        for value in (None, 1, 0, "x", True)
    ),
    *({f"/{'x' * length}~1bpb": "x"} for length in (100, 101)),
    *({f"/eval~1{'x' * length}~1bpb": "x"} for length in (100, 101)),
)


@pytest.mark.parametrize("edits", EDITS, ids=lambda edits: repr(edits)[:60])
def test_the_schema_agrees_with_the_reader(edits: dict[str, Any]) -> None:
    value = wrap(edited(edits))
    assert reads(value) == RESULTS.is_valid(value)


RUN = copy.deepcopy(RUN_INFO)


@pytest.mark.parametrize(
    ("value", "good"),
    [
        (wrap(RUN), True),
        ({"runs": [{"run_info": RUN}] * 3}, True),
        ({"run_info": RUN}, True),
        (RUN, True),
        ({"run_info": RUN, "more": 1}, True),
        ({"runs": [{"run_info": RUN, "more": 1}], "more": 1}, True),
        ({"runs": [{"run_info": {**RUN, "runs": 1, "run_info": 2}}]}, True),
        (None, False),
        ([], False),
        ([RUN], False),
        ("runs", False),
        ({}, False),
        ({"runs": []}, False),
        ({"runs": {}}, False),
        ({"runs": None}, False),
        ({"runs": [RUN]}, False),
        ({"runs": [{"run_info": RUN}, {}]}, False),
        ({"runs": [{"run_info": RUN}, None]}, False),
        ({"runs": [{"run_info": [RUN]}]}, False),
        ({"run_info": None}, False),
        # A broken list of runs is not excused by an older form around it.
        ({"runs": [], "run_info": RUN}, False),
        ({"runs": None, **RUN}, False),
        ({"run_info": 1, **RUN}, False),
        ({name: RUN[name] for name in RUN if name not in ("model_config", "model_flops")}, False),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_forms(value: Json, good: bool) -> None:
    assert good == reads(value)
    assert good == RESULTS.is_valid(value)


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**308) + 1, 10**308 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0, 1, -1, MAX_COUNT, MAX_COUNT - 1, 1e308, 5e-324, 16.0, 2**53 + 1])
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["start", "value", "name", "runs", "run_info", "a"]), inner, max_size=3)
    ),
    max_leaves=5,
)
NAMES = st.sampled_from(
    [
        *(*RUN_INFO, "runs", "run_info", "mfu", "vocab_size", "argv", "train_batch_size", "train_seq_len", "name"),
        *(f"eval/{SYNTHETIC}/bpb", f"eval/{C4}/loss", f"eval/{C4}/tokens", "eval/x/bpb", "eval/bpb", "eval//bpb"),
    ]
)


def paths(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield from paths(item, (*path, name))


@st.composite
def mutated(draw: st.DrawFn) -> Json:
    """Draw an honest file, of any form, in which values are replaced, added or removed at a few places."""
    info = copy.deepcopy(RUN_INFO)
    value: Any = draw(st.sampled_from([wrap(info), {"run_info": info}, info]))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from([path for path in paths(value) if path] or [()]))
        if not path:
            return draw(ANYTHING)
        target = value
        for name in path[:-1]:
            target = target[name]
        change = draw(st.sampled_from(["replace", "replace", "add", "remove"]))
        if change == "replace" or isinstance(target, list):
            target[path[-1]] = draw(ANYTHING)
        elif change == "add":
            target[draw(NAMES)] = draw(ANYTHING)
        else:
            del target[path[-1]]
    return value  # type: ignore[no-any-return]


def starts_out_of_order(value: Json) -> bool:
    """Whether a batch schedule anywhere has what JSON Schema cannot refuse (see `speedrun_ci.schema`)."""
    if isinstance(value, dict):
        schedule = value.get("train_batch_size")
        if isinstance(schedule, list) and all(isinstance(step, dict) for step in schedule):
            starts = [step.get("start") for step in schedule if isinstance(step, dict)]
            numbers = [start for start in starts if isinstance(start, (int, float))]
            if numbers[:1] != [0] or sorted(set(numbers)) != numbers:
                return True
        return any(map(starts_out_of_order, value.values()))
    return isinstance(value, list) and any(map(starts_out_of_order, value))


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(mutated())
@example({"runs": None, **RUN_INFO})
def test_a_file_is_valid_exactly_if_it_is_read_without_a_fault(value: Json) -> None:
    if reads(value):
        assert [] == [error.message for error in RESULTS.iter_errors(value)]
    elif not starts_out_of_order(value):
        assert not RESULTS.is_valid(value)


def test_the_order_of_starts_is_the_one_thing_the_schema_cannot_say() -> None:
    for starts in ([1], [0, 0], [0, 5, 3]):
        schedule = [{"start": start, "value": 2} for start in starts]
        value = wrap(edited({"/train_config/train_batch_size": schedule}))
        assert starts_out_of_order(value)
        assert not reads(value)
        assert RESULTS.is_valid(value)


# The document of `check --format json`


def check(arguments: list[str]) -> CheckData:
    done = CliRunner().invoke(main, ["check", *arguments, "--format", "json"])
    assert done.exit_code in (0, 1), done.output
    document: CheckData = json.loads(done.stdout)
    return document


def errors(document: CheckData) -> list[str]:
    return [error.message for error in CHECK.iter_errors(document)]


def test_what_check_prints_is_valid(tmp_path: Path, write_example: Any) -> None:
    example = write_example(Example("an error and a warning", edits={"/training_time": 10.0, "/author/url": "x"}))
    document = check([str(example)])
    assert [] == errors(document)
    assert "fail" == document["verdict"]
    assert {"error", "warning"} <= {finding["severity"] for finding in document["submissions"][0]["findings"]}
    statuses = {row["status"] for run in document["submissions"][0]["runs"] for row in run["figures"]}
    assert {"match", "mismatch", "not-recomputable", "missing"} == statuses
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    assert [] == errors(check([str(broken), str(example), "--wandb", "require", "--no-dry-run"]))


def test_what_check_prints_of_every_example_is_valid(tmp_path: Path) -> None:
    for rule in RULES:
        if rule.fires.edits is None and rule.fires.replace is None:
            continue
        for name, submission in (("fires", rule.fires), ("silent", rule.silent)):
            target = tmp_path / rule.code / name / "speedrun_results.json"
            target.parent.mkdir(parents=True)
            target.write_text(results_text(submission))
    assert [] == errors(check([str(tmp_path), "--results-only"]))


def test_real_files_give_a_valid_document(real_files: Path) -> None:
    document = check([str(real_files), "--results-only"])
    assert [] == errors(document)
    assert "pass" == document["verdict"]


def test_the_schema_refuses_what_check_never_prints(write_example: Any) -> None:
    document = check([str(write_example(Example("honest")))])
    for path, wrong in (
        (("schema_version",), 2),
        (("verdict",), "maybe"),
        (("sandbox",), 1),
        (("tool", "name"), "other"),
        (("submissions",), {}),
        (("submissions", 0, "runs", 0, "level"), "gold"),
        (("submissions", 0, "runs", 0, "figures", 0, "status"), "close"),
        (("submissions", 0, "runs", 0, "evidence"), "identities"),
    ):
        changed: Any = copy.deepcopy(document)
        target = changed
        for name in path[:-1]:
            target = target[name]  # type: ignore[index]
        target[path[-1]] = wrong
        assert errors(changed)
        del target[path[-1]]
        assert errors(changed)
