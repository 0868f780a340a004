"""The base revision: read with the real git, and what follows from it."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from speedrun_ci.cli import main
from speedrun_ci.evidence.base_tree import BaseError, read_base
from speedrun_ci.rules.base import HONEST, Example
from speedrun_ci.rules.example import results_text

OTHER_LINK = {"/wandb_run_link": "https://wandb.ai/example/speedrun/runs/def456"}
MEASURED = {"/training_time": 1500.0625, "/training_hardware_flops": 459e12 * 16 * 1500.0625}


class Repository:
    """A git repository whose main branch holds one honest submission, `submissions/first`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.git("init", "-q", "-b", "main")
        self.write("first", HONEST)
        self.commit()
        self.git("checkout", "-q", "-b", "work")

    def git(self, *arguments: str) -> str:
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
        command = ["git", "-C", str(self.root), *who, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def write(self, name: str, example: Example, readme: str = "# A run\n") -> Path:
        place = self.root / "submissions" / name
        place.mkdir(parents=True, exist_ok=True)
        (place / "main.py").write_text('"""Trains."""\n')
        (place / "README.md").write_text(readme)
        (place / "speedrun_results.json").write_text(results_text(example))
        return place

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "work")

    def check(self, *arguments: object, base: str = "main") -> Result:
        old = Path.cwd()
        os.chdir(self.root)
        try:
            words = ["check", *map(str, arguments), "--base", base, "--format", "json"]
            return CliRunner().invoke(main, words)
        finally:
            os.chdir(old)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def found(result: Result) -> dict[tuple[str, str], str]:
    """Return the severity of every finding by submission and code."""
    document = json.loads(result.output)
    return {
        (submission["path"], finding["code"]): finding["severity"]
        for submission in document["submissions"]
        for finding in submission["findings"]
    }


def test_a_submission_that_is_new_and_its_own_passes(repository: Repository) -> None:
    repository.write("second", Example("", edits=OTHER_LINK))
    result = repository.check("submissions/second")
    assert (0, {}) == (result.exit_code, found(result))
    assert "main" == json.loads(result.output)["base"]


def test_a_copied_run_is_an_error_for_the_one_that_was_added(repository: Repository) -> None:
    repository.write("second", HONEST)
    result = repository.check("submissions")
    assert 1 == result.exit_code
    assert {("submissions/second", "SR711"): "error"} == found(result)
    # The older one need not be named.
    assert {("submissions/second", "SR711"): "error"} == found(repository.check("submissions/second"))


def test_it_makes_no_difference_whether_the_copy_is_committed(repository: Repository) -> None:
    repository.write("second", HONEST)
    repository.commit()
    assert {("submissions/second", "SR711"): "error"} == found(repository.check("submissions"))


def test_copied_figures_under_another_link_are_an_error(repository: Repository) -> None:
    repository.git("checkout", "-q", "main")
    repository.write("first", Example("", edits={**MEASURED, "/eval~1paloma~1c4_en~1bpb": 1.1834567}))
    repository.commit()
    repository.write("second", Example("", edits={**MEASURED, **OTHER_LINK, "/eval~1paloma~1c4_en~1bpb": 1.1834567}))
    result = repository.check("submissions/second", base="HEAD")
    assert {("submissions/second", "SR712"): "error"} == found(result)


def test_moving_ones_own_submission_is_no_copy(repository: Repository) -> None:
    repository.git("mv", "submissions/first", "submissions/renamed")
    assert {} == found(repository.check("submissions"))


def test_moving_somebody_elses_submission_is_a_copy(repository: Repository) -> None:
    repository.git("mv", "submissions/first", "submissions/renamed")
    repository.write("renamed", Example("", edits={"/author/name": "Eve"}))
    assert {("submissions/renamed", "SR711"): "error"} == found(repository.check("submissions"))


def test_a_changed_figure_of_an_old_run_is_a_warning(repository: Repository) -> None:
    repository.write("first", Example("", edits={"/eval~1paloma~1c4_en~1bpb": 1.17}))
    assert {("submissions/first", "SR716"): "warning"} == found(repository.check("submissions"))


def test_another_author_of_an_old_run_is_an_error(repository: Repository) -> None:
    repository.write("first", Example("", edits={"/author/name": "Eve"}))
    assert {("submissions/first", "SR716"): "error"} == found(repository.check("submissions"))


def test_a_replaced_run_is_a_warning(repository: Repository) -> None:
    repository.write("first", Example("", edits=OTHER_LINK))
    assert {("submissions/first", "SR716"): "warning"} == found(repository.check("submissions"))


def test_what_others_changed_meanwhile_is_not_ones_own_change(repository: Repository) -> None:
    repository.git("checkout", "-q", "main")
    repository.write("first", Example("", edits={"/eval~1paloma~1c4_en~1bpb": 1.17}))
    repository.commit()
    repository.git("checkout", "-q", "work")
    assert {} == found(repository.check("submissions"))


def test_a_run_that_others_added_meanwhile_is_compared_with(repository: Repository) -> None:
    repository.git("checkout", "-q", "main")
    repository.write("second", Example("", edits=OTHER_LINK))
    repository.commit()
    repository.git("checkout", "-q", "work")
    repository.write("third", Example("", edits=OTHER_LINK))
    assert {("submissions/third", "SR711"): "error"} == found(repository.check("submissions/third"))


def test_several_new_submissions_are_warned_about(repository: Repository) -> None:
    repository.write("second", Example("", edits=OTHER_LINK))
    repository.write("third", Example("", edits={"/wandb_run_link": None, **MEASURED}))
    result = found(repository.check("submissions"))
    assert {("submissions/second", "SR111"): "warning", ("submissions/third", "SR111"): "warning"} == result


def test_settings_are_those_of_the_base_revision(repository: Repository) -> None:
    wrong = Example("", edits={**OTHER_LINK, "/num_chips": 32, "/training_hardware_flops": 1.1016e19 * 2})
    repository.write("second", wrong)
    (repository.root / "speedrun.toml").write_text(
        '[[suppressions]]\nrule = "SR401"\nsubmission = "submissions/second"\nreason = "x"\nexpires = 2099-01-01\n'
    )
    repository.commit()
    assert 1 == repository.check("submissions/second").exit_code
    assert 0 == repository.check("submissions/second", base="HEAD").exit_code


def test_excluded_directories_are_named_and_not_checked(repository: Repository) -> None:
    repository.write("template", Example("", edits={"/model_flops": 1.0}))
    (repository.root / "speedrun.toml").write_text('[[exclusions]]\npath = "submissions/template"\nreason = "Empty."\n')
    repository.commit()
    result = repository.check("submissions", base="HEAD")
    assert 0 == result.exit_code
    assert [{"path": "submissions/template", "reason": "Empty."}] == json.loads(result.output)["excluded"]
    assert 1 == repository.check("submissions/template", base="HEAD").exit_code  # named, so checked


def test_hostile_files_of_a_revision_are_passed_over(repository: Repository) -> None:
    place = repository.root / "submissions" / "hostile"
    place.mkdir()
    (place / "speedrun_results.json").write_text("[" * 100_000)
    (repository.root / "submissions" / "link").mkdir()
    (repository.root / "submissions" / "link" / "speedrun_results.json").symlink_to("/etc/passwd")
    repository.commit()
    base = read_base(repository.root, "HEAD")
    assert {"submissions/first/speedrun_results.json", "submissions/hostile/speedrun_results.json"} == set(base.runs)
    assert () == base.runs["submissions/hostile/speedrun_results.json"]


@pytest.mark.parametrize("revision", ["nowhere", "--help", "", "main:README.md"])
def test_a_revision_that_is_none_is_one_line(repository: Repository, revision: str) -> None:
    result = repository.check("submissions/first", base=revision)
    assert 2 == result.exit_code
    assert f"--base {revision}: no such revision" in result.output
    assert 1 == result.output.strip().count("\n") + 1


def test_no_repository_is_one_line(tmp_path: Path, write_example: Callable[[Example], Path]) -> None:
    with pytest.raises(BaseError, match="--base: git rev-parse failed"):
        read_base(write_example(HONEST), "main")


def test_the_case_of_the_original_contest(repository: Repository, real_files: Path) -> None:
    """A new directory holds the hello-world run's results beside a README that describes another model."""
    place = repository.write("tiny_llama_2026", HONEST, "# Tiny\n\nA 2.06M-parameter Llama, trained in 2026.\n")
    copied = (real_files / "hello_world_gpu_speedrun" / "speedrun_results.json").read_bytes()
    (place / "speedrun_results.json").write_bytes(copied)
    result = repository.check("submissions/tiny_llama_2026")
    assert 1 == result.exit_code
    severities = found(result)
    assert "error" == severities["submissions/tiny_llama_2026", "SR714"]
    assert "warning" == severities["submissions/tiny_llama_2026", "SR110"]
    messages = [item["message"] for item in json.loads(result.output)["submissions"][0]["findings"]]
    assert any("published as hello_world_gpu_speedrun by Herumb Shandilya on 2025-05-19" in text for text in messages)
    assert any("8,241,312 parameters" in text and "2,060,000" in text for text in messages)
