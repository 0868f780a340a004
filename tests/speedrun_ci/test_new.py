"""`speedrun-ci new`: names, values, what is created, and that nothing is left half-done."""

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from speedrun_ci.cli import main
from speedrun_ci.new import (
    MAX_NAME,
    TEMPLATES,
    Details,
    NewError,
    check_name,
    checked,
    checked_url,
    create,
    fill_readme,
    fill_script,
    find_submissions_directory,
)

ROOT = Path(__file__).parents[2]
HELLO_WORLD = ROOT / "submissions" / "hello_world"

AUTHOR, AFFILIATION, URL, DESCRIPTION = (
    "Ada Example",
    "Example University",
    "https://example.org",
    "A deeper, narrower transformer.",
)
OPTIONS = ("--author", AUTHOR, "--affiliation", AFFILIATION, "--url", URL, "--description", DESCRIPTION)
DETAILS = Details(AUTHOR, AFFILIATION, URL, DESCRIPTION)

AWKWARD = """It's "quoted" \\ {braced} 100% \\n '''""" + '"""'


@pytest.fixture
def submissions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of submissions of the repository in which the user stands."""
    place = tmp_path / "repository" / "submissions"
    place.mkdir(parents=True)
    monkeypatch.chdir(place.parent)
    return place


def new(*arguments: str, answers: str | None = None) -> Result:
    return CliRunner().invoke(main, ["new", *arguments], input=answers)


def template_text(template: str, ending: str) -> str:
    return (resources.files("training") / "templates" / f"{TEMPLATES[template]}{ending}").read_text(encoding="utf-8")


def refused(result: Result, *words: str) -> None:
    assert 2 == result.exit_code, result.output
    [line] = result.output.splitlines()
    for word in words:
        assert word in line


# --- What is created


@pytest.mark.parametrize("template", TEMPLATES)
def test_nothing_is_left_to_replace(submissions: Path, template: str) -> None:
    result = new("my_run", "--template", template, *OPTIONS)

    assert 0 == result.exit_code, result.output
    assert [submissions / "my_run"] == list(submissions.iterdir())
    files = {path.name: path.read_text() for path in (submissions / "my_run").iterdir()}
    assert {"main.py", "README.md"} == set(files)
    for text in files.values():
        assert "__SUBMISSION" not in text
        assert "hello_world" not in text
        assert "python -m submissions.my_run.main" in text
        for value in (AUTHOR, AFFILIATION, URL, DESCRIPTION):
            assert 1 == text.count(value)
    compile(files["main.py"], "main.py", "exec")


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_readme_explains_what_a_pull_request_must(submissions: Path, template: str) -> None:
    create(submissions, "my_run", template, DETAILS)
    readme = (submissions / "my_run" / "README.md").read_text()

    assert (
        f"# my_run\n\nIn short: {DESCRIPTION}\n\nBy {AUTHOR}, {AFFILIATION} (<{URL}>).\n" == readme.partition("\n##")[0]
    )
    assert ["Architecture", "Training strategy", "Optimizations", "Repeat it"] == [
        line.removeprefix("## ") for line in readme.splitlines() if line.startswith("## ")
    ]


@pytest.mark.parametrize("template", TEMPLATES)
def test_templates_and_what_they_become_are_formatted(submissions: Path, template: str) -> None:
    details = Details('Ada "the first" Example', "O'Example", None, "Both ' and \".")
    create(submissions, "my_run", template, details)
    script = submissions / "my_run" / "main.py"
    command = [sys.executable, "-m", "ruff", "format", "--check", "--config", str(ROOT / "pyproject.toml"), str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert 0 == done.returncode, done.stdout + done.stderr


def test_it_says_what_to_do_next(submissions: Path) -> None:
    output = new("my_run", *OPTIONS).output
    run = "SR_USE_GPU=1 python -m submissions.my_run.main --sizes 130m"

    assert f"  {run} --dry_run true\n" in output
    assert f"  {run} --prefix local_store --force_run_failed true\n" in output
    assert "  speedrun-ci check submissions/my_run\n" in output
    assert "  gh pr create --web\n" in output
    assert "  cd " not in output
    assert "SR_USE_GPU" not in new("other", "--template", "hello-world", *OPTIONS).output


def test_it_finds_the_repository_around(submissions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (submissions / "old" / "deep").mkdir(parents=True)
    monkeypatch.chdir(submissions / "old" / "deep")
    result = new("my_run", *OPTIONS)

    assert (submissions / "my_run" / "main.py").is_file()
    assert f"  cd {os.path.join('..', '..', '..')}\n" in result.output  # noqa: PTH118 - as it is printed


def test_it_does_not_leave_the_repository(submissions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = submissions / "checkout"
    (inner / ".git").mkdir(parents=True)
    monkeypatch.chdir(inner)

    refused(new("my_run", *OPTIONS), "expected a directory submissions/ here or in the repository around, found none")
    with pytest.raises(NewError):
        find_submissions_directory(inner)


def test_a_working_directory_that_is_gone_is_one_line(submissions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = submissions / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    refused(new("my_run", *OPTIONS), "submissions/my_run: no such file or directory")


def test_a_url_is_not_needed(submissions: Path) -> None:
    result = new("my_run", "--author", AUTHOR, "--affiliation", AFFILIATION, "--description", DESCRIPTION)

    assert 0 == result.exit_code
    assert "url=None," in (submissions / "my_run" / "main.py").read_text()
    assert f"By {AUTHOR}, {AFFILIATION}.\n" in (submissions / "my_run" / "README.md").read_text()


# --- Names


@pytest.mark.parametrize(
    "name",
    [
        "",
        "1st",
        "my-run",
        "my run",
        "my.run",
        "../x",
        "a/b",
        "_x",
        "class",
        "None",
        "größe",
        "a\n",
        "a" * 61,
        "\udcff",
        ".",
    ],
)
def test_bad_names_are_refused(submissions: Path, name: str) -> None:
    refused(new("--", name), f"NAME: expected at most {MAX_NAME} letters, digits and underscores")
    assert [] == list(submissions.iterdir())


@pytest.mark.parametrize("name", ["a", "Run2", "match", "x" * MAX_NAME])
def test_good_names_are_taken(submissions: Path, name: str) -> None:
    check_name(name, submissions)


@pytest.mark.parametrize("kind", ["directory", "file", "dangling link"])
@pytest.mark.parametrize("name", ["my_run", "MY_Run"])
def test_a_name_that_is_taken_is_refused(submissions: Path, name: str, kind: str) -> None:
    taken = submissions / "my_run"
    if kind == "directory":
        taken.mkdir()
    elif kind == "file":
        taken.touch()
    else:
        taken.symlink_to("nowhere")

    refused(new(name, *OPTIONS), f"got {name!r}, and submissions/my_run exists")
    assert [taken] == list(submissions.iterdir())


# --- Values


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("two\nlines", "U+000A"),
        ("carriage\rreturn", "U+000D"),
        ("\x1b[31mred", "U+001B"),
        ("line\u2028separator", "U+2028"),
        ("turned\u202eround", "U+202E"),
        ("half\udc80character", "U+DC80"),
        ("", "got none"),
        ("   ", "got none"),
        ("__SUBMISSION_AUTHOR_NAME__", "got the template's"),
    ],
)
@pytest.mark.parametrize("option", ["--author", "--affiliation", "--url", "--description"])
def test_values_that_are_no_line_of_text_are_refused(submissions: Path, option: str, value: str, words: str) -> None:
    refused(new("my_run", *OPTIONS, option, value), f"{option}: expected ", words)
    assert [] == list(submissions.iterdir())


@pytest.mark.parametrize(
    "value", ["example.org", "ftp://example.org", "https://", "https://[", "https://a b", "http://a>"]
)
def test_urls_that_cannot_be_linked_to_are_refused(submissions: Path, value: str) -> None:
    refused(new("my_run", *OPTIONS, "--url", value), "--url: expected an address such as https://example.org")


def test_a_value_that_is_missing_is_named(submissions: Path) -> None:
    refused(new("my_run"), "--author: expected some text, got none")
    refused(new("my_run", "--author", AUTHOR), "--affiliation: expected some text")
    refused(new("my_run", *OPTIONS[:-2]), "--description: expected some text")
    assert [] == list(submissions.iterdir())


def test_on_a_terminal_it_asks(submissions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speedrun_ci.cli.new._can_ask", lambda: True)
    result = new("my_run", "--author", AUTHOR, answers=f"\x1b\n{AFFILIATION}\nexample.org\n\n{DESCRIPTION}\n")

    assert 0 == result.exit_code, result.output
    assert "Affiliation: expected one line of text, got the character U+001B" in result.output
    assert "expected an address such as https://example.org, got 'example.org'" in result.output
    text = (submissions / "my_run" / "main.py").read_text()
    assert all(value in text for value in (AUTHOR, AFFILIATION, DESCRIPTION, "url=None,"))


def test_on_a_terminal_an_interrupt_leaves_nothing(submissions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speedrun_ci.cli.new._can_ask", lambda: True)

    assert 1 == new("my_run", answers="").exit_code
    assert [] == list(submissions.iterdir())


def acceptable(text: str) -> bool:
    try:
        checked("--author", text)
    except NewError:
        return False
    return True


LINES = st.text(max_size=60).filter(acceptable)


@given(LINES, LINES, LINES)
@example(AWKWARD, "'", '"')
@example("\\", "\\'", '\\"')
@example("__NAME__", "{NAME}", "\u200dé\U0001f600")
def test_values_come_back_whole(author: str, affiliation: str, description: str) -> None:
    details = Details(author, affiliation, None, description)
    text = fill_script(template_text("hello-world", ".py"), "my_run", details)
    tree = ast.parse(text.encode())
    values = {
        keyword.arg: ast.literal_eval(keyword.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg in ("name", "affiliation", "url", "description")
    }

    assert {"name": author, "affiliation": affiliation, "url": None, "description": description} == values


@given(st.text(st.sampled_from("ab \\`*_[]()<>&;#!~|$-+.1\"'"), max_size=30).filter(acceptable))
@example("<script>alert(1)</script> &amp; [link](https://example.org) ![image](x) `code` **bold** _it_ ~~no~~")
@example("# no heading")
def test_values_are_no_markdown(text: str) -> None:
    shown = checked("--description", text)
    readme = fill_readme("In short: __SUBMISSION_DESCRIPTION__\n", "my_run", Details("a", "b", None, shown))
    opening, inline, closing = MarkdownIt("commonmark").enable("strikethrough").parse(readme)

    assert ("paragraph_open", "paragraph_close") == (opening.type, closing.type)
    assert f"In short: {shown}" == "".join(child.content for child in inline.children or [])
    assert {"text", "text_special"} >= {child.type for child in inline.children or []}


@given(st.text(max_size=40), st.sampled_from([checked, checked_url]))
@example("https://example.org/~a?b=c#d", checked_url)
def test_checks_of_values_only_ever_refuse(text: str, check: Callable[[str, str], str]) -> None:
    message = ""
    try:
        value = check("--url", text)
    except NewError as error:
        message = str(error)
    else:
        assert text.strip(" ") == value
    assert message.isprintable()


def test_a_placeholder_that_nobody_fills_is_an_error() -> None:
    with pytest.raises(KeyError):
        fill_script('x = "__SUBMISSION_OTHER__"', "my_run", DETAILS)
    with pytest.raises(KeyError):
        fill_script("# __SUBMISSION_DESCRIPTION__", "my_run", DETAILS)
    with pytest.raises(KeyError):
        fill_readme("__SUBMISSION_AUTHOR_NAME__", "my_run", DETAILS)


# --- Nothing half-written


@pytest.mark.parametrize("failing", ["README.md", "main.py"])
def test_a_disk_that_is_full_leaves_nothing(submissions: Path, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    write = Path.write_text

    def full(self: Path, *arguments: object, **more: object) -> int:
        if self.name == failing:
            raise OSError(28, "No space left on device")
        return write(self, *arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "write_text", full)

    refused(new("my_run", *OPTIONS), "submissions/my_run: no space left on device")
    assert [] == list(submissions.iterdir())


def test_a_name_that_is_taken_in_the_meantime_is_left_alone(submissions: Path) -> None:
    (submissions / "my_run").mkdir()
    (submissions / "my_run" / "mine").write_text("kept")

    with pytest.raises(NewError):
        create(submissions, "my_run", "hello-world", DETAILS)
    assert ["mine"] == [path.name for path in (submissions / "my_run").iterdir()]
    assert [submissions / "my_run"] == list(submissions.iterdir())


# --- What becomes of it


def test_the_dry_run_of_a_new_hello_world_is_the_one_we_know(submissions: Path, tmp_path: Path) -> None:
    pytest.importorskip("levanter", reason="the training extra is not installed")
    create(submissions, "my_run", "hello-world", Details(AWKWARD, AFFILIATION, None, DESCRIPTION))
    done = subprocess.run(
        [sys.executable, "-m", "submissions.my_run.main", "--dry_run", "true"],
        cwd=submissions.parent,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "HF_HUB_OFFLINE": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert 0 == done.returncode, done.stderr
    printed = json.loads(done.stdout[done.stdout.index("\n{\n") : done.stdout.index("\n}\n") + 2])
    [run] = json.loads((HELLO_WORLD / "speedrun_results.json").read_text())["runs"]
    assert {"name": AWKWARD, "affiliation": AFFILIATION, "url": None} == printed.pop("author")
    assert DESCRIPTION == printed.pop("description")
    assert {key: run["run_info"][key] for key in printed} == printed
    assert ["README.md", "main.py"] == sorted(path.name for path in (submissions / "my_run").iterdir())


@pytest.mark.parametrize("template", TEMPLATES)
def test_check_wants_results_and_nothing_else(submissions: Path, template: str) -> None:
    shutil.copytree(HELLO_WORLD, submissions / "hello_world", ignore=shutil.ignore_patterns("__pycache__"))
    create(submissions, "my_run", template, DETAILS)
    result = CliRunner().invoke(main, ["check", "submissions", "--no-dry-run", "--wandb", "skip", "--format", "json"])

    assert 1 == result.exit_code
    findings = {
        item["path"]: [finding["code"] for finding in item["findings"]]
        for item in json.loads(result.output)["submissions"]
    }
    assert ["SR101"] == findings["submissions/my_run"]
    alone = CliRunner().invoke(main, ["check", "submissions/my_run"])
    refused(alone, "submissions/my_run: no speedrun_results.json found; train first")


HEAVY = ("jax", "levanter", "wandb", "github", "pydantic", "jsonschema", "httpx", "numpy", "rich")


def test_it_imports_nothing_heavy(submissions: Path) -> None:
    arguments = ["new", "my_run", *OPTIONS]
    script = (
        f"import sys\nfrom speedrun_ci.cli import main\nmain({arguments!r}, standalone_mode=False)\n"
        f"print('LOADED', *[m for m in {HEAVY!r} if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert "" == done.stderr
    assert "LOADED" == done.stdout.splitlines()[-1]
    assert (submissions / "my_run" / "main.py").is_file()
