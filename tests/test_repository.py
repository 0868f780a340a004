"""What must hold of the repository itself."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from speedrun_ci import check, resources, results, settings, strict_json, submission
from speedrun_ci.evidence import base_tree
from speedrun_ci.flops import architecture
from speedrun_ci.rules import layout

ROOT = Path(__file__).parents[1]
LOCKS = ["plain", "training", "dev", "uv"]
HEAVY = {"jax", "jaxlib", "marin-levanter", "wandb", "numpy", "transformers"}


def locked(name: str) -> set[str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return {line.split("==")[0] for line in text.splitlines() if re.match(r"[A-Za-z0-9]", line)}


@pytest.mark.parametrize("name", LOCKS)
def test_locks_have_hashes_and_no_address(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert "--hash=sha256:" in text
    assert [] == re.findall(r"https?://\S+|--(?:extra-)?index-url.*|--find-links.*|file:\S+", text)


def test_the_plain_install_is_light() -> None:
    assert set() == HEAVY & locked("plain")
    assert HEAVY <= locked("training")
    assert locked("plain") <= locked("training") <= locked("dev")


def test_locks_hold_what_pyproject_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[<>=]", requirement)[0].lower() for requirement in project["dependencies"]}
    assert names <= locked("plain")
    (levanter,) = project["optional-dependencies"]["training"]
    assert f"{levanter} \\" in (ROOT / "requirements" / "training.txt").read_text()


def test_generated_files_are_current() -> None:
    command = [sys.executable, "scripts/generate.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ("", 0) == (done.stdout + done.stderr, done.returncode)


def test_a_stale_page_is_named() -> None:
    script = "import sys; sys.argv[1:] = ['--check']; sys.path.insert(0, 'scripts'); import generate; "
    stale = "generate.rules_page = lambda: 'other'; sys.exit(generate.main())"
    command = [sys.executable, "-c", script + stale]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert 1 == done.returncode
    assert "docs/rules.md: expected what the code makes" in done.stdout


def test_readme_opens_with_the_two_commands_and_ci_runs_them() -> None:
    first_screen = (ROOT / "README.md").read_text().splitlines()[:24]
    for command in ("make demo", "make test"):
        assert any(command in line for line in first_screen)
        assert f"\n{command}\n" in (ROOT / ".ci" / "run").read_text() + "\n"


def test_links_of_the_pages_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), (page.name, target)


def test_the_bounds_of_the_security_page_are_those_of_the_code() -> None:
    rows = dict(re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|$", (ROOT / "docs" / "security.md").read_text(), re.MULTILINE))
    bounds = {
        "a results file": f"{strict_json.MAX_BYTES:,} bytes",
        "nesting of its JSON": f"{strict_json.MAX_DEPTH}",
        "digits of an integer in it": f"{strict_json.MAX_INTEGER_DIGITS}",
        "runs in it": f"{results.MAX_RUNS:,}",
        "problems, and faults of one run, that are reported": f"{strict_json.MAX_PROBLEMS} and {results.MAX_FAULTS}",
        "runs of one file whose contradictions are explained (all are reported)": f"{check.MOST_EXPLAINED}",
        "entries of a submission": f"{submission.MAX_ENTRIES:,}",
        "directories inside one another in it": f"{submission.MAX_ENTRY_DEPTH}",
        "a file of a submission": f"{layout.MAX_FILE_BYTES:,} bytes",
        "a dimension of a model": f"{architecture.LARGEST_DIMENSION:,}",
        "slices, GPUs, hosts": f"{resources.MOST_MACHINES:,}",
        "a speedrun.toml": f"{settings.MAX_BYTES:,} bytes",
        "one call of git for `--base`": f"{base_tree.DEADLINE} seconds",
    }
    assert bounds == {name: rows[name] for name in bounds}


def test_training_never_imports_the_rules() -> None:
    allowed = re.compile(r"speedrun_ci\.(hardware|flops)")
    for path in sorted((ROOT / "training").rglob("*.py")):
        imported = re.findall(r"(?:from|import) (speedrun_ci[\w.]*)", path.read_text())
        assert [] == [name for name in imported if not allowed.match(name)], path.name
