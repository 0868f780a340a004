"""Runs compared with each other and with the ledger."""

import dataclasses
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from speedrun_ci.check import Conditions, check_all
from speedrun_ci.evidence.imprint import same_person, telling, wandb_run
from speedrun_ci.evidence.ledger import KnownRun, best_known, find_known, known_runs
from speedrun_ci.finding import Report, Severity, SubmissionReport, Verdict
from speedrun_ci.rules.base import HONEST, Example, Tree, TreeRule
from speedrun_ci.rules.executed import write_submission
from speedrun_ci.rules.readme import parameter_counts
from speedrun_ci.submission import find_submissions
from speedrun_ci.tolerances import DEFAULTS, reasons

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
Check = Callable[[Example], SubmissionReport]


def board(tmp_path: Path, **examples: Example) -> Report:
    for name, example in examples.items():
        write_submission(tmp_path / name, example)
    return check_all(find_submissions(str(tmp_path), results_only=False), Conditions(NOW))


@pytest.mark.parametrize(
    ("link", "run"),
    [
        ("https://wandb.ai/marin/speedrun/runs/abc", "marin/speedrun/abc"),
        ("https://wandb.ai/Marin/speedrun/runs/ABC/overview?nw=x#y", "marin/speedrun/abc"),
        ("https://www.wandb.ai//marin/speedrun/runs/abc/", "marin/speedrun/abc"),
        ("https://forge.coreweave.com/wandb/marin/speedrun/runs/abc", "marin/speedrun/abc"),
        (" https://wandb.ai/marin/speedrun/runs/abc ", "marin/speedrun/abc"),
        ("https://wandb.ai/marin/speedrun", None),
        ("https://wandb.ai/marin/speedrun/runs/", None),
        ("https://[x/runs/", None),
        (None, None),
    ],
)
def test_links(link: str | None, run: str | None) -> None:
    assert run == wandb_run(link)


def test_people_are_the_same_but_for_case_and_blanks() -> None:
    assert same_person("Ada  Example", "ada example ")
    assert not same_person("Ada Example", "Eve Example")


def test_only_a_measurement_with_digits_tells_runs_apart() -> None:
    assert 1124.775502 == telling(1124.775502)
    assert [None, None, None] == [telling(1500.0), telling(0.5), telling(None)]


def test_without_a_base_both_places_are_warned_about(tmp_path: Path) -> None:
    report = board(tmp_path, one=HONEST, other=HONEST)
    assert Verdict.PASS == report.verdict
    for submission in report.submissions:
        (finding,) = [finding for finding in submission.findings if finding.code == "SR711"]
        assert Severity.WARNING is finding.severity
        assert finding.place.line is not None
    assert 2 == report.totals.findings[Severity.WARNING]


def test_twice_within_a_submission_is_one_finding(check_example: Check) -> None:
    report = check_example(Example("", files={"again/speedrun_results.json": "@honest"}))
    assert ["SR707"] == [finding.code for finding in report.findings]


def test_three_places_are_three_warnings(tmp_path: Path) -> None:
    report = board(tmp_path, one=HONEST, other=HONEST, third=HONEST)
    assert 3 == report.totals.findings[Severity.WARNING]


def test_the_same_path_twice_is_one_submission(tmp_path: Path, write_example: Callable[[Example], Path]) -> None:
    from click.testing import CliRunner

    from speedrun_ci.cli import main

    root = write_example(HONEST)
    result = CliRunner().invoke(main, ["check", str(root), f"{root}/../example/"])
    assert "1 run in 1 submission: 1 pass" in result.output


def test_a_copied_quality_alone_is_a_warning_of_medium_confidence(tmp_path: Path) -> None:
    copied = {"/eval~1paloma~1c4_en~1bpb": 1.1834567}
    report = board(
        tmp_path, one=Example("", edits=copied), other=Example("", edits={**copied, "/wandb_run_link": None})
    )
    assert {("SR712", "warning", "medium")} == {
        (finding.code, finding.severity, finding.confidence) for item in report.submissions for finding in item.findings
    }


def test_a_crash_while_comparing_leaves_every_verdict_open(tmp_path: Path) -> None:
    class Crashing(TreeRule):
        """Crashes."""

        code, name, since, fires = "SR999", "crashing", "2026.12", HONEST

        def compare(self, tree: Tree) -> list[tuple[int, object]]:  # type: ignore[override]
            raise ZeroDivisionError

    write_submission(tmp_path / "one", HONEST)
    write_submission(tmp_path / "other", Example("", edits={"/model_flops": 1.0}))
    submissions = find_submissions(str(tmp_path), results_only=False)
    conditions = dataclasses.replace(Conditions(NOW), rules=(*Conditions(NOW).rules, Crashing))
    report = check_all(submissions, conditions)
    assert [Verdict.INCONCLUSIVE, Verdict.FAIL] == [item.verdict for item in report.submissions]
    assert Verdict.FAIL == report.verdict
    assert all(any(finding.code == "SR001" for finding in item.findings) for item in report.submissions)


def test_several_processes_find_the_same(tmp_path: Path) -> None:
    for number in range(40):
        edits: dict[str, object] = {"/wandb_run_link": f"https://wandb.ai/a/b/runs/{number // 2}"}
        if number % 7 == 0:
            edits["/model_flops"] = 1e18
        write_submission(tmp_path / f"run{number:02}", Example("", edits=edits))
    submissions = find_submissions(str(tmp_path), results_only=False)
    one, two = (check_all(submissions, Conditions(NOW), jobs=jobs) for jobs in (1, 2))
    assert list(one.submissions) == list(two.submissions)
    assert one.totals == two.totals
    assert 40 == sum(finding.code == "SR711" for item in two.submissions for finding in item.findings)
    assert {Verdict.PASS: 34, Verdict.FAIL: 6} == two.totals.submissions


def test_the_ledger_is_well_formed() -> None:
    runs = known_runs()
    assert len(runs) == len({(run.wandb, run.name) for run in runs})
    for run in runs:
        assert 3 == len(run.wandb.split("/"))
        assert run.wandb == run.wandb.lower()
        assert run.author.strip()
        assert min(run.training_time, run.model_flops, run.bpb) > 0


def test_the_ledger_holds_the_original_contest(real_files: Path) -> None:
    entries = json.loads((real_files.parent / "marin-board-runs.json").read_text())
    for entry in entries:
        names = {run.name: run for run in find_known(wandb_run(entry["wandb_link"]))}
        run = names[entry["run_name"]]
        assert (entry["author"]["name"], entry["run_completion_timestamp"]) == (run.author, run.completed)
        assert (entry["training_time"], entry["model_flops"]) == (run.training_time, run.model_flops)
        assert entry["eval_paloma_c4_en_bpb"] == run.bpb
    assert find_known("marin-community/marin/llama_nano_gpu_speedrun-62030f")
    assert 4 == sum(len(find_known(run)) == 2 for run in {run.wandb for run in known_runs()})


def test_a_known_run_that_nobody_added_is_no_fault(check_example: Check) -> None:
    known = find_known("marin-community/marin/llama_nano_gpu_speedrun-62030f")[0]
    report = check_example(
        Example("", edits={"/wandb_run_link": f"https://wandb.ai/{known.wandb.replace('/llama', '/runs/llama')}"})
    )
    severities = {finding.severity for finding in report.findings if finding.code == "SR714"}
    assert {Severity.INFO} == severities


@pytest.mark.parametrize(
    ("edits", "severity"),
    [
        ({"/eval~1paloma~1c4_en~1bpb": 1.18}, "error"),
        ({"/eval~1paloma~1c4_en~1bpb": 1.19}, "warning"),
        ({"/run_completion_timestamp": "2025-06-20 06:41:56 UTC"}, "error"),
        ({"/run_completion_timestamp": "2025-07-20 06:41:56 UTC"}, "warning"),
        ({"/training_time": 1000.0, "/training_hardware_flops": 1000.0 * 16 * 459e12}, "error"),
    ],
)
def test_a_published_run_does_not_change_any_more(
    check_example: Check, edits: dict[str, object], severity: str
) -> None:
    (known,) = find_known("marin-community/marin/llama_130m_adamw_4096-ab2740")
    steps = round(known.model_flops / 3 / 227_868_672 / 128 / 4096)
    as_published = {
        "/wandb_run_link": "https://wandb.ai/marin-community/marin/runs/llama_130m_adamw_4096-ab2740",
        "/train_config/num_train_steps": steps,
        "/total_tokens": steps * 128 * 4096,
        "/model_flops": known.model_flops,
        "/eval~1paloma~1c4_en~1bpb": known.bpb,
        "/training_time": known.training_time,
        "/training_hardware_flops": known.training_time * 16 * 459e12,
        "/run_completion_timestamp": known.completed,
    }
    honest = check_example(Example("", edits=as_published))
    assert [] == [finding.message for finding in honest.findings if finding.code != "SR714"]
    tampered = Example("", edits={**as_published, **edits})
    without_base = check_example(tampered)
    assert {"warning"} == {finding.severity for finding in without_base.findings if finding.code == "SR715"}
    added = check_example(dataclasses.replace(tampered, before={}))
    assert {severity} == {finding.severity for finding in added.findings if finding.code == "SR715"}


def test_the_best_known_run_of_so_much_compute() -> None:
    best = best_known(1e18, 5.0)
    assert isinstance(best, KnownRun)
    assert best.bpb == min(run.bpb for run in known_runs() if run.model_flops <= 5e18)
    assert None is best_known(1e25, 5.0)
    assert None is best_known(1.0, 5.0)


def test_the_largest_lead_of_a_known_run_is_the_one_the_bound_names() -> None:
    """The lead of a run: the least compute, over its own, of another that is as good."""
    leads = {}
    for run in known_runs():
        others = [it for it in known_runs() if it.wandb != run.wandb and it.author != run.author and it.bpb <= run.bpb]
        if others and run.model_flops > 1e16:  # hello world is too small to be compared with anything
            leads[run.name] = min(it.model_flops for it in others) / run.model_flops
    largest = max(leads, key=leads.__getitem__)
    assert ("llama_75m_z_loss", 4.05) == (largest, round(leads[largest], 2))
    assert leads[largest] < DEFAULTS.compute_lead
    assert "4.05" in reasons()["compute_lead"][1]


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("A 2.06M-parameter model", [2.06e6]),
        ("8,241,312 parameters", [8_241_312]),
        ("about 1.2 billion parameters", [1.2e9]),
        ("130M params and 300M parameters", [130e6, 300e6]),
        ("the 130M size, at a learning rate of 0.5", []),
        ("parameters: see main.py", []),
        ("9" * 100_000 + "M parameters", []),
    ],
)
def test_parameter_counts_of_a_readme(text: str, counts: list[float]) -> None:
    assert counts == parameter_counts(text)
