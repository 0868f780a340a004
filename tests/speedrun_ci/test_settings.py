"""speedrun.toml: what it says, what it may not say, and where it is read from."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from speedrun_ci.check import Conditions, check_submission
from speedrun_ci.finding import Severity, SubmissionReport, Verdict
from speedrun_ci.rules.base import Example
from speedrun_ci.rules.registry import RULES, SUPPRESSIBLE
from speedrun_ci.ruleset import RULESET
from speedrun_ci.settings import NO_SETTINGS, Settings, load_settings, parse_settings
from speedrun_ci.submission import find_submissions
from speedrun_ci.tolerances import DEFAULTS, reasons
from speedrun_ci.toml_table import TableError

ROOT = Path(__file__).parents[2]
NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)

SUPPRESSION = """
[[suppressions]]
rule = "SR401"
submission = "example"
reason = "The author was told."
expires = 2026-12-31
"""
CORES = Example("cores", edits={"/num_chips": 32, "/training_hardware_flops": 1.1016e19 * 2})

Write = Callable[[Example], Path]


def parsed(text: str, root: Path | None = None) -> Settings:
    return parse_settings(text, root, SUPPRESSIBLE)


def checked(root: Path, settings: Settings, now: dt.datetime = NOW) -> SubmissionReport:
    (submission,) = find_submissions(str(root), results_only=False)
    return check_submission(submission, Conditions(now, settings))


def test_an_empty_file_says_nothing() -> None:
    assert NO_SETTINGS == parsed("")
    assert RULESET == parsed("").ruleset


def test_every_table() -> None:
    settings = parsed(
        """
        [tolerances]
        epochs = 4
        [[tracks]]
        id = "all"
        name = "All runs"
        [[tracks]]
        id = "llama-30m"
        name = "Llama 30M"
        target_bpb = 1.5
        [[exclusions]]
        path = "submissions/template"
        reason = "A template."
        """
        + SUPPRESSION
    )
    assert 4.0 == settings.tolerances.epochs
    assert [("all", None), ("llama-30m", 1.5)] == [(track.id, track.target_bpb) for track in settings.tracks]
    assert ["submissions/template"] == [item.path for item in settings.exclusions]
    assert [("SR401", dt.date(2026, 12, 31))] == [(item.rule, item.expires) for item in settings.suppressions]


def test_a_replaced_tolerance_is_named_in_the_ruleset() -> None:
    assert f"{RULESET}+speedrun.toml" == parsed("[tolerances]\nbpb_tolerance = 0.01").ruleset


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[tracks", "not valid TOML"),
        ("[colors]", "unknown key 'colors'; only [tolerances], [[tracks]], [[exclusions]], [[suppressions]] tables"),
        ("tracks = 1", "tracks: expected a list of tables, found 1"),
        ("[tolerances]\nepochs = '4'", "tolerances, epochs: expected a number between 0 and inf, found '4'"),
        ("[tolerances]\nepochs = -1", "epochs: expected a number"),
        ("[tolerances]\nepochs = nan", "epochs: expected a number"),
        ("[tolerances]\nepoch = 4", "tolerances: unknown key 'epoch'"),
        ("[[tracks]]\nname = 'x'", "tracks[0], id: missing"),
        ("[[tracks]]\nid = 'A b'\nname = 'x'", "id: expected lower-case letters"),
        ("[[tracks]]\nid = 'demo'\nname = 'x'", "'demo' is a track that every contest has"),
        ("[[tracks]]\nid = 'a'\nname = 'x'\n[[tracks]]\nid = 'a'\nname = 'y'", "tracks[1], id: 'a' stands twice"),
        ("[[exclusions]]\npath = '/etc'\nreason = 'x'", "path: expected a directory from the repository's root"),
        ("[[exclusions]]\npath = 'a/../b'\nreason = 'x'", "path: expected a directory"),
        ("[[exclusions]]\npath = 'a'", "exclusions[0], reason: missing"),
        ("[[exclusions]]\npath = 'a'\nreason = ' '", "reason: expected one line of text"),
        (SUPPRESSION.replace("SR401", "SR999"), "rule: expected the code of a rule"),
        (SUPPRESSION.replace("SR401", "SR001"), "what was not checked stays said"),
        (
            SUPPRESSION.replace("2026-12-31", "'2026-12-31'"),
            "expires: expected a day such as 2026-12-31, without",
        ),
        (SUPPRESSION.replace("2026-12-31", "2026-12-31T00:00:00"), "expires: expected a day"),
        (SUPPRESSION.replace("reason", "because"), "reason: missing"),
    ],
)
def test_what_is_wrong_is_one_line(text: str, message: str) -> None:
    with pytest.raises(TableError) as caught:
        parsed(text)
    assert str(caught.value).startswith("speedrun.toml")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_suppressed_finding_does_not_block_and_says_why(write_example: Write) -> None:
    root = write_example(CORES)
    report = checked(root, parsed(SUPPRESSION, root.parent))
    assert Verdict.PASS == report.verdict
    (finding,) = [finding for finding in report.findings if finding.code == "SR401"]
    assert Severity.INFO is finding.severity
    assert finding.message.endswith("Suppressed until 2026-12-31 by speedrun.toml: The author was told.")
    assert [()] == [run.ranked_by for run in report.runs]  # it is let pass, not confirmed


def test_a_suppression_is_for_one_submission_and_one_rule(write_example: Write) -> None:
    root = write_example(CORES)
    for other in (SUPPRESSION.replace("example", "other"), SUPPRESSION.replace("SR401", "SR402")):
        assert Verdict.FAIL == checked(root, parsed(other, root.parent)).verdict
    assert Verdict.FAIL == checked(root, parsed(SUPPRESSION, None)).verdict


def test_a_suppression_holds_on_its_last_day_and_no_longer(write_example: Write) -> None:
    root, settings = write_example(CORES), parsed(SUPPRESSION, write_example(CORES).parent)
    assert Verdict.PASS == checked(root, settings, dt.datetime(2026, 12, 31, 23, 59, tzinfo=dt.UTC)).verdict
    after = checked(root, settings, dt.datetime(2027, 1, 1, tzinfo=dt.UTC))
    assert Verdict.FAIL == after.verdict
    assert {"SR004", "SR401"} <= {finding.code for finding in after.findings}


def test_a_replaced_tolerance_has_effect(write_example: Write) -> None:
    root = write_example(Example("", edits={"/model_size": 154_147_328 * 1.001 // 1}))
    assert Verdict.FAIL == checked(root, NO_SETTINGS).verdict
    assert Verdict.PASS == checked(root, parsed("[tolerances]\nparameter_tolerance = 0.01")).verdict


def test_it_is_read_from_the_root_of_the_repository_only(tmp_path: Path) -> None:
    inside = tmp_path / "submissions" / "mine"
    inside.mkdir(parents=True)
    (inside / "speedrun.toml").write_text(SUPPRESSION)
    assert NO_SETTINGS.suppressions == load_settings(inside, SUPPRESSIBLE).suppressions
    (tmp_path / ".git").mkdir()
    assert Settings(root=tmp_path) == load_settings(inside, SUPPRESSIBLE)
    (tmp_path / "speedrun.toml").write_text("[tolerances]\nepochs = 4\n")
    assert 4.0 == load_settings(inside, SUPPRESSIBLE).tolerances.epochs


@pytest.mark.parametrize("kind", ["link", "directory", "bytes", "size"])
def test_what_is_no_file_of_text_is_refused(tmp_path: Path, kind: str) -> None:
    (tmp_path / ".git").mkdir()
    file = tmp_path / "speedrun.toml"
    if kind == "link":
        file.symlink_to("/dev/zero")
    elif kind == "directory":
        file.mkdir()
    else:
        file.write_bytes(b"\xff\xfe" if kind == "bytes" else b"#" * 300_000)
    with pytest.raises(TableError, match=r"speedrun\.toml: "):
        load_settings(tmp_path, SUPPRESSIBLE)


def test_the_committed_file_is_right() -> None:
    settings = load_settings(ROOT, SUPPRESSIBLE)
    assert ["all", "llama-30m", "llama-75m", "llama-300m", "llama-1-4b"] == [track.id for track in settings.tracks]
    assert () == settings.suppressions
    assert RULESET == settings.ruleset


def test_the_targets_are_the_baselines_in_full(real_files: Path) -> None:
    import json

    tracks = json.loads((real_files.parent / "marin-board-tracks.json").read_text())
    targets = {track["target_bpb"] for track in tracks} - {None}
    assert targets == {track.target_bpb for track in load_settings(ROOT, SUPPRESSIBLE).tracks} - {None}


def test_every_tolerance_has_a_value_and_a_reason() -> None:
    for name, (value, reason) in reasons().items():
        assert value > 0, name
        assert reason.endswith("."), name
    assert DEFAULTS.product_tolerance == reasons()["product_tolerance"][0]


def test_only_what_was_not_checked_cannot_be_suppressed() -> None:
    assert {rule.code for rule in RULES} - SUPPRESSIBLE == {"SR001", "SR002", "SR003", "SR004"}
