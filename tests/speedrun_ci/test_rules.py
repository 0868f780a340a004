"""Every rule: its code, its words, and its two examples, executed."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from speedrun_ci.finding import SubmissionReport, Verdict
from speedrun_ci.rules.base import HONEST, SECTIONS, Example, Rule
from speedrun_ci.rules.page import FAMILIES, as_data, explanation
from speedrun_ci.rules.registry import RULES, find_rule
from speedrun_ci.rules.tool import EvidenceMissing, RuleCrashed
from speedrun_ci.ruleset import RULESET, RULESETS

BY_CODE = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
REPORTED_BY_THE_TOOL = (RuleCrashed, EvidenceMissing)

Check = Callable[[Example], SubmissionReport]


def codes(report: SubmissionReport) -> set[str]:
    return {finding.code for finding in report.findings}


def test_codes_are_in_order_without_gaps_or_duplicates() -> None:
    expected = []
    for family in FAMILIES:
        count = sum(rule.code.startswith(family) for rule in RULES)
        expected += [f"{family}{number:02}" for number in range(1, count + 1)]
    wrong = [(rule.code, code) for rule, code in zip(RULES, expected, strict=True) if rule.code != code]
    assert [] == wrong, f"{wrong[0][0]} stands in the registry where {wrong[0][1]} belongs: gap, duplicate or order"


def test_names_are_kebab_case_and_distinct() -> None:
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names))
    assert [] == [name for name in names if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)]


def test_every_rule_class_is_registered() -> None:
    def leaves(cls: type[Rule]) -> set[type[Rule]]:
        return set().union(*map(leaves, cls.__subclasses__())) if cls.__subclasses__() else {cls}

    assert set(RULES) == {rule for rule in leaves(Rule) if rule.__module__.startswith("speedrun_ci.")}


@BY_CODE
def test_words(rule: type[Rule]) -> None:
    assert rule.summary().endswith(".")
    assert list(SECTIONS) == list(rule.sections())
    assert all(rule.sections().values())
    assert rule.since in RULESETS
    assert rule.code in explanation(rule)


@BY_CODE
def test_data(rule: type[Rule]) -> None:
    data = as_data(rule)
    assert (rule.code, rule.name, rule.since) == (data["code"], data["name"], data["since"])
    assert all(data[key] for key in data if key != "message")
    assert (rule in REPORTED_BY_THE_TOOL) == (not data["message"])
    assert data == json.loads(json.dumps(data))


def test_rulesets_are_in_order_and_each_brought_something() -> None:
    assert sorted(RULESETS) == list(RULESETS)
    assert {rule.since for rule in RULES} <= set(RULESETS)  # one may have changed tolerances alone
    assert all(brought.endswith(".") for brought in RULESETS.values())
    assert list(RULESETS)[-1] == RULESET


@BY_CODE
def test_example_that_fires(rule: type[Rule], check_example: Check) -> None:
    if rule in REPORTED_BY_THE_TOOL:
        assert rule.fires.edits is None  # their examples are in test_check.py
        return
    report = check_example(rule.fires)
    assert rule.code in codes(report)
    blocks = any(finding.blocks for finding in report.findings if finding.code == rule.code)
    if blocks:
        assert Verdict.FAIL == report.verdict


@BY_CODE
def test_example_that_is_silent(rule: type[Rule], check_example: Check) -> None:
    assert rule.code not in codes(check_example(rule.silent))


def test_the_honest_example_has_no_finding(check_example: Check) -> None:
    report = check_example(HONEST)
    assert () == report.findings
    assert Verdict.PASS == report.verdict
    assert ["consistent"] == [run.level for run in report.runs]


def test_messages_name_what_expected_submitted_and_next_step(check_example: Check) -> None:
    for rule in RULES:
        if rule in REPORTED_BY_THE_TOOL:
            continue
        for finding in check_example(rule.fires).findings:
            assert "\n" not in finding.message
            assert f"expected {finding.expected}, submitted {finding.submitted}" in finding.message
            assert finding.hint.endswith(".")
            assert len(finding.message) < 700


def test_find_rule_takes_code_and_name() -> None:
    assert "SR303" == find_rule("sr303").code  # type: ignore[union-attr]
    assert "SR303" == find_rule("training-hardware-flops-identity").code  # type: ignore[union-attr]
    assert None is find_rule("SR999")


def test_the_readme_quotes_what_is_printed(check_example: Check) -> None:
    rule = find_rule("SR303")
    assert rule is not None
    (finding,) = check_example(rule.fires).findings
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    assert f"{finding.code} {finding.message}" in " ".join(readme.split())


def test_an_mfu_above_one_is_proof_only_where_no_kernel_could_leave_so_much_out(check_example: Check) -> None:
    """At 65,536 tokens attention maps are most of the count; a causal kernel computes half of them."""
    long = {
        "/model_config/seq_len": 65_536,
        "/total_tokens": 128 * 5880 * 65_536,
        "/model_flops": 3 * 991_690_752.0 * 128 * 5880 * 65_536,
    }
    severities = {}
    for mfu in (0.9, 1.2, 3.0):
        hardware = long["/model_flops"] / mfu
        edits = {**long, "/training_hardware_flops": hardware, "/training_time": hardware / 16 / 459e12}
        findings = check_example(Example("", edits=edits)).findings
        severities[mfu] = [finding.severity for finding in findings if finding.code == "SR702"]
        assert [] == [finding.message for finding in findings if finding.code.startswith("SR3")]
    assert {0.9: [], 1.2: ["warning"], 3.0: ["error"]} == severities


def test_an_empty_readme_is_none(check_example: Check) -> None:
    report = check_example(Example("", files={"README.md": " \n"}))
    assert {"SR103"} == codes(report)


@pytest.mark.parametrize(
    ("dataset", "severities"),
    [
        ("/home/paloma/tokenized/fineweb-edu-10B-6fbcbb", []),
        ("/home/paloma/runs/store/fineweb-edu-10B", []),
        ("gs://x/tokenized/paloma/c4_en-1234", ["error"]),
        ("/data/tokenized/fineweb-edu/../paloma/c4_en", ["error"]),
        ("local/paloma/c4_en", ["error"]),
        ("fineweb-edu-10B-and-c4_en", ["warning"]),
        ({"train_weights": {"fineweb-edu": 1.0, "paloma/c4_en": 0.0}}, ["warning"]),
        ({"cache_dir": "store/tokenized", "configs": {"fineweb-edu": "store/tokenized/fineweb-edu-10B"}}, []),
        ("store/tokenized", ["warning"]),
        ({"train_weights": {"fineweb-edu": 1.0, "paloma/c4_en": 0.5}}, ["error"]),
    ],
)
def test_training_data(check_example: Check, dataset: object, severities: list[str]) -> None:
    findings = check_example(Example("", edits={"/tokenized_dataset": dataset})).findings
    assert severities == [finding.severity for finding in findings if finding.code == "SR705"]


@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        ("Ada Example", True),
        ("Ада", True),
        ("王小明", True),
        ("Ada Example\n", True),
        ("Ada 👩\u200d💻", True),
        ("\u0645\u06cc\u200c\u062e", True),
        ("\u200b", False),
        ("\u3164", False),
        ("Ada\u202eelpmaxE", False),
        ("Ada\x1b[31m", False),
        ("__SUBMISSION_AUTHOR_NAME__", False),
    ],
)
def test_names_of_authors(check_example: Check, name: str, accepted: bool) -> None:
    assert accepted == ("SR704" not in codes(check_example(Example("", edits={"/author/name": name}))))
