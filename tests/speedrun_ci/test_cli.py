"""The command line: exit codes, messages, formats, and what it costs to import."""

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from speedrun_ci.cli import COMMANDS, main
from speedrun_ci.report.formats import FORMATS
from speedrun_ci.rules.base import HONEST, Example
from speedrun_ci.rules.registry import RULES
from speedrun_ci.ruleset import RULESET
from speedrun_ci.schema import SCHEMAS
from speedrun_ci.toml_table import TableError

ROOT = Path(__file__).parents[2]
WRONG = Example("a wrong figure", edits={"/model_flops": 1e18})

Write = Callable[[Example], Path]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_pass_is_exit_0_and_says_so(write_example: Write) -> None:
    result = run("check", write_example(HONEST))
    assert 0 == result.exit_code
    assert "verdict: PASS" in result.output
    assert "level consistent (identities)" in result.output
    assert "base: none, so not compared with earlier submissions; dry run: not available" in result.output
    assert f"W&B: not available; ruleset {RULESET}" in result.output


def test_fail_is_exit_1_and_names_the_figure(write_example: Write) -> None:
    result = run("check", write_example(WRONG))
    assert 1 == result.exit_code
    assert "verdict: FAIL" in result.output
    assert "SR302 model_flops: expected 2.107e18 = 3 x 227,868,672 FLOPs per token" in result.output
    assert re.search(r"speedrun_results\.json:\d+: SR302", result.output)
    assert "speedrun-ci explain SR302" in result.output


def test_demanded_evidence_is_inconclusive(write_example: Write) -> None:
    root = write_example(HONEST)
    relaxed, strict = run("check", root, "--wandb", "require"), run("check", root, "--wandb", "require", "--strict")
    assert (0, 1) == (relaxed.exit_code, strict.exit_code)
    assert "verdict: INCONCLUSIVE" in relaxed.output
    assert "SR002" in relaxed.output


def test_a_failure_is_not_hidden_by_missing_evidence(write_example: Write) -> None:
    result = run("check", write_example(WRONG), "--wandb", "require")
    assert 1 == result.exit_code


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check"], "Missing argument 'PATH...'"),
        (["check", "no/such/dir"], "no/such/dir: no such file or directory; name a submission directory"),
        (["check", "x", "--format", "yaml"], "'yaml' is not one of"),
        (["check", "x", "--wandb", "maybe"], "'maybe' is not one of"),
        (["explain", "SR999"], "'SR999' is no rule; expected a code or a name"),
        (["schema", "nothing"], "'nothing' is no schema; expected one of speedrun_results, check"),
        (["judge"], "No such command 'judge'"),
    ],
)
def test_wrong_usage_is_exit_2_with_one_clear_line(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert 2 == result.exit_code
    assert message in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("arguments", [["check", "no/such/dir"], ["explain", "SR999"], ["schema", "nothing"]])
def test_a_bad_argument_is_one_line(arguments: list[str]) -> None:
    assert 1 == len(run(*arguments).output.splitlines())


def test_a_failure_of_the_tool_is_exit_3_and_one_line(write_example: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the table is gone")

    monkeypatch.setattr("speedrun_ci.cli.check.check_all", fail)
    result = run("check", write_example(HONEST))
    assert 3 == result.exit_code
    assert "Error: speedrun-ci itself failed: RuntimeError: the table is gone." in result.output
    assert 1 == len(result.output.splitlines())


def test_a_wrong_table_of_ours_is_exit_3_and_says_where(write_example: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> None:
        raise TableError("hardware.toml: accelerator 'Z', kind: missing")

    monkeypatch.setattr("speedrun_ci.resources.parse_slice", broken)
    result = run("check", write_example(HONEST))
    assert 3 == result.exit_code
    assert "hardware.toml: accelerator 'Z', kind: missing" in result.output


def test_no_results_file_is_exit_2(tmp_path: Path) -> None:
    assert 2 == run("check", tmp_path).exit_code
    (tmp_path / "main.py").write_text("")
    result = run("check", tmp_path)
    assert 2 == result.exit_code
    assert "no speedrun_results.json found; train first" in result.output


def test_more_outputs_than_formats_is_exit_2(write_example: Write) -> None:
    result = run("check", write_example(HONEST), "--output", "a", "--output", "b")
    assert 2 == result.exit_code


def test_json_validates_and_agrees_with_the_exit_code(write_example: Write) -> None:
    for example, code, verdict in ((HONEST, 0, "pass"), (WRONG, 1, "fail")):
        result = run("check", write_example(example), "--format", "json", "--wandb", "skip")
        document = json.loads(result.output)
        jsonschema.Draft202012Validator(SCHEMAS["check"]()).validate(document)
        assert (code, verdict) == (result.exit_code, document["verdict"])
        assert (1, "skipped", None) == (document["schema_version"], document["wandb"], document["sandbox"])
        (submission,) = document["submissions"]
        (checked,) = submission["runs"]
        assert "/runs/0/run_info" == checked["pointer"]
        figures = {figure["name"]: figure for figure in checked["figures"]}
        assert {"name", "submitted", "recomputed", "source", "status"} == set(figures["model_flops"])
        assert ("match" if code == 0 else "mismatch") == figures["model_flops"]["status"]


def test_findings_of_the_json_document(write_example: Write) -> None:
    document = json.loads(run("check", write_example(WRONG), "--format", "json").output)
    (finding,) = document["submissions"][0]["findings"]
    assert "SR302" == finding["code"]
    assert "/runs/0/run_info/model_flops" == finding["pointer"]
    text = Path(finding["path"]).read_text().splitlines()
    assert '"model_flops"' in text[finding["line"] - 1]
    assert "docs/rules.md#sr302-model-flops-identity" == finding["url"]
    assert "### SR302 model-flops-identity" in (ROOT / "docs" / "rules.md").read_text()


def test_every_format_agrees_on_the_verdict(write_example: Write) -> None:
    root = write_example(WRONG)
    for name in FORMATS:
        result = run("check", root, "--format", name)
        assert 1 == result.exit_code
        assert "fail" in result.output.lower()


def test_output_files_are_written_whole(write_example: Write, tmp_path: Path) -> None:
    root, target = write_example(HONEST), tmp_path / "out" / "report.json"
    missing = run("check", root, "--format", "json", "--output", target)
    assert 2 == missing.exit_code
    assert "no such file or directory" in missing.output
    target.parent.mkdir()
    result = run("check", root, "--format", "json", "--format", "text", "--output", target)
    assert 0 == result.exit_code
    assert "verdict: PASS" in result.output
    assert "pass" == json.loads(target.read_text())["verdict"]
    assert [target] == list(target.parent.iterdir())


def test_the_same_output_twice_is_exit_2(write_example: Write, tmp_path: Path) -> None:
    result = run("check", write_example(HONEST), *["--format", "json", "--output", tmp_path / "x"] * 2)
    assert 2 == result.exit_code
    assert "--output names the same FILE twice" in result.output


def test_an_output_that_is_no_regular_file_stays_what_it_is(write_example: Write, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    result = run("check", write_example(HONEST), "--format", "json", "--output", pipe)
    assert (0, "") == (result.exit_code, result.output)
    assert "pass" == json.loads(os.read(reader, 1 << 20))["verdict"]
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_report_can_be_read_by_others(write_example: Write, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        run("check", write_example(HONEST), "--format", "json", "--output", tmp_path / "report.json")
    finally:
        os.umask(before)
    assert 0o644 == stat.S_IMODE((tmp_path / "report.json").stat().st_mode)


def test_a_report_that_cannot_be_written_leaves_nothing_behind(write_example: Write, tmp_path: Path) -> None:
    place = tmp_path / "reports"
    (place / "report.json").mkdir(parents=True)
    result = run("check", write_example(HONEST), "--format", "json", "--output", place / "report.json")
    assert 2 == result.exit_code
    assert [place / "report.json"] == list(place.iterdir())


def test_hostile_names_do_not_reach_the_terminal(write_example: Write) -> None:
    example = Example("a hostile key", edits={"/\x1b[31mred\u202e": 1, "/author/name": "__\x1b]0;title\x07"})
    output = run("check", write_example(example)).output
    assert "\x1b" not in output
    assert "\u202e" not in output
    assert "\\x1b[31mred\\u202e" in output


def test_markup_in_a_submission_is_text(write_example: Write) -> None:
    output = run("check", write_example(Example("markup", edits={"/[bold]x[~1bold]": 1}))).output
    assert "[bold]x[/bold]" in output


def test_several_paths_are_one_report(write_example: Write) -> None:
    root = write_example(HONEST)
    result = run("check", root, root / "speedrun_results.json")
    assert "2 runs in 2 submissions: 2 pass" in result.output


def test_real_files_have_no_error(real_files: Path) -> None:
    arguments = ("check", real_files, "--results-only", "--no-dry-run", "--wandb", "skip")
    result = run(*arguments, "--format", "json")
    document = json.loads(result.output)
    assert (0, "pass") == (result.exit_code, document["verdict"])
    runs = [run for submission in document["submissions"] for run in submission["runs"]]
    assert 19 == len(runs)
    assert {"consistent"} == {run["level"] for run in runs}
    for checked in runs:
        recomputed = {figure["name"] for figure in checked["figures"] if figure["recomputed"] is not None}
        assert {"total_tokens", "model_flops", "model_size", "training_hardware_flops", "num_chips"} <= recomputed
    severities = {finding["severity"] for entry in document["submissions"] for finding in entry["findings"]}
    assert "error" not in severities
    assert "19 runs in 12 submissions: 19 pass" in run(*arguments).output


def test_rules_and_explain_cover_every_rule() -> None:
    listed = run("rules").output
    for rule in RULES:
        assert f"{rule.code}  {rule.name}" in listed
        explained = run("explain", rule.code)
        assert 0 == explained.exit_code
        assert f"{rule.code} {rule.name}" in explained.output
        assert "How to fix it:" in explained.output


def test_explain_as_json() -> None:
    result = run("explain", "sr303", "--json")
    assert 0 == result.exit_code
    assert "training-hardware-flops-identity" == json.loads(result.output)["name"]


@pytest.mark.parametrize("format_", ["text", "json"])
def test_a_large_tree_is_checked_by_several_processes(write_example: Write, format_: str) -> None:
    from speedrun_ci.cli.check import MANY

    root = write_example(HONEST).parent
    text = (root / "example" / "speedrun_results.json").read_text()
    for number in range(MANY):
        place = root / f"run{number:03}"
        place.mkdir()
        (place / "main.py").write_text("x = 1\n")
        link = text.replace("abc123", str(number)) if number else text.replace("1500.0", "1400.0")
        (place / "speedrun_results.json").write_text(link)
    result = run("check", root, "--format", format_)
    assert 1 == result.exit_code
    if format_ == "json":
        document = json.loads(result.output)
        assert MANY + 1 == len(document["submissions"])
        assert ["fail"] == [item["verdict"] for item in document["submissions"] if item["verdict"] != "pass"]
    else:
        assert f"{MANY + 1} runs in {MANY + 1} submissions: {MANY} pass, 1 fail" in result.output
        assert 1 == result.output.count("recomputed")  # one table, of the one that fails
        assert 2 * MANY + 40 > len(result.output.splitlines())


def test_every_command_has_help_with_an_example() -> None:
    for command in COMMANDS:
        result = run(command, "--help")
        assert 0 == result.exit_code
        assert f"Example:\n    speedrun-ci {command}" in result.output
    assert all(command in run("--help").output for command in COMMANDS)


HEAVY = ("jax", "levanter", "wandb", "github", "pydantic", "jsonschema", "httpx", "numpy")


@pytest.mark.parametrize("arguments", [["--help"], ["check", "--no-dry-run"], ["rules"]])
def test_light_commands_import_nothing_heavy(arguments: list[str], write_example: Write) -> None:
    if "check" in arguments:
        arguments = [*arguments, str(write_example(HONEST))]
    script = f"import sys\nfrom speedrun_ci.cli import main\nmain({arguments!r}, standalone_mode=False)\n"
    watched = (
        f"import atexit, sys; atexit.register(lambda: print('LOADED', *[m for m in {HEAVY!r} if m in sys.modules]))\n"
    )
    done = subprocess.run([sys.executable, "-c", watched + script], capture_output=True, text=True, check=False)
    assert "" == done.stderr
    assert "LOADED" == done.stdout.splitlines()[-1]


def test_importing_the_package_imports_nothing_heavy() -> None:
    script = f"import speedrun_ci, sys; print([m for m in (*{HEAVY!r}, 'click', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.strip()
