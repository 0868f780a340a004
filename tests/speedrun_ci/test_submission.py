"""What lies on disk: which directories are submissions, and that nothing in them is trusted."""

import datetime as dt
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from speedrun_ci import submission as submission_module
from speedrun_ci.check import Conditions, check_submission
from speedrun_ci.results import RESULTS_NAME
from speedrun_ci.rules.base import HONEST
from speedrun_ci.rules.example import results_text
from speedrun_ci.strict_json import MAX_BYTES
from speedrun_ci.submission import (
    MAX_ENTRIES,
    MAX_ENTRY_DEPTH,
    MAX_TREE_DEPTH,
    Entry,
    Submission,
    UnreadableError,
    find_submissions,
    printable,
)

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty directory and return it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lay(*names: str) -> None:
    """Make files, or directories where a name ends in a slash."""
    for name in names:
        if name.endswith("/"):
            Path(name).mkdir(parents=True, exist_ok=True)
        else:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text("{}")


def find(argument: str = ".", *, results_only: bool = False) -> list[Submission]:
    return list(find_submissions(argument, results_only=results_only))


def found(argument: str = ".") -> list[str]:
    return [submission.path for submission in find(argument)]


def codes(submission: Submission) -> set[str]:
    return {finding.code for finding in check_submission(submission, Conditions(NOW)).findings}


# Which directories are submissions


def test_a_file_is_a_submission_whatever_its_name(here: Path) -> None:
    lay(f"a/{RESULTS_NAME}", "a/main.py", "a/other.json")
    for name in (RESULTS_NAME, "other.json"):
        (submission,) = find(f"a/{name}")
        assert f"a/{name}" == submission.path
        assert (Entry(name, "file", 2),) == submission.entries == submission.results
        assert submission.results_only
        assert submission.single
        assert b"{}" == submission.read(submission.entries[0])
        assert f"a/{name}" == submission.display(submission.entries[0])


@pytest.mark.parametrize("name", [RESULTS_NAME, "main.py", "train_130m.py", ".py"])
def test_a_directory_that_holds_results_or_a_script_is_one(here: Path, name: str) -> None:
    lay(f"sub/{name}", f"sub/130m/{RESULTS_NAME}", f"sub/1.2b/{RESULTS_NAME}")
    assert ["sub"] == found("sub")
    assert ["sub"] == found()


@pytest.mark.parametrize(
    "name", ["__init__.py", "README.md", "main.pyc", "results.json", "SPEEDRUN_RESULTS.JSON", "py"]
)
def test_what_makes_no_submission(here: Path, name: str) -> None:
    lay(f"tree/{name}")
    assert [] == found("tree")
    assert [] == found()
    lay(f"tree/a/{RESULTS_NAME}")
    assert ["tree/a"] == found("tree")
    assert ["tree"] == found()


def test_each_child_that_holds_either_at_any_depth_is_one(here: Path) -> None:
    lay(
        "elsewhere/b/main.py",
        f"elsewhere/a/std/attn/1.2b/{RESULTS_NAME}",
        "elsewhere/deep/1/2/3/4/5/6/7/8/9/train.py",
        f"elsewhere/1.2b/{RESULTS_NAME}",
        "elsewhere/docs/page.md",
        "elsewhere/empty/",
        "elsewhere/package/__init__.py",
        "elsewhere/README.md",
    )
    assert ["elsewhere/1.2b", "elsewhere/a", "elsewhere/b", "elsewhere/deep"] == found("elsewhere")
    (_, a, b, _) = find("elsewhere")
    assert ["a", "b"] == [a.root.name, b.root.name]
    assert [f"std/attn/1.2b/{RESULTS_NAME}"] == [entry.path for entry in a.results]
    assert f"elsewhere/a/std/attn/1.2b/{RESULTS_NAME}" == a.display(a.results[0])
    assert () == b.results


def test_results_of_several_runs_in_the_order_of_their_paths(here: Path) -> None:
    lay(*(f"sub/{size}/{RESULTS_NAME}" for size in ("520m", "130m", "1.2b", "300m")), "sub/main.py")
    (submission,) = find("sub")
    assert ["1.2b", "130m", "300m", "520m"] == [entry.path.split("/")[0] for entry in submission.results]
    assert sorted(entry.path for entry in submission.entries) == [entry.path for entry in submission.entries]


def test_caches_and_git_are_not_looked_into(here: Path) -> None:
    lay(f"sub/__pycache__/{RESULTS_NAME}", f"sub/.git/{RESULTS_NAME}", "sub/a/__pycache__/x.py")
    assert [] == found()
    lay("sub/main.py")
    (submission,) = find()
    assert ["a", "main.py"] == [entry.path for entry in submission.entries]


def test_a_directory_that_bears_the_name_of_a_file_is_a_directory(here: Path) -> None:
    lay(f"sub/{RESULTS_NAME}/", "sub/main.py/")
    assert [] == found()
    lay(f"sub/{RESULTS_NAME}/{RESULTS_NAME}")
    (submission,) = find()
    assert [f"{RESULTS_NAME}/{RESULTS_NAME}"] == [entry.path for entry in submission.results]


def test_results_only_is_handed_on(here: Path) -> None:
    lay(f"sub/{RESULTS_NAME}")
    assert [True, False] == [find(results_only=wanted)[0].results_only for wanted in (True, False)]


# Paths are shown as the user would write them


def test_paths_are_relative_to_where_the_user_stands(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(f"tree/a/{RESULTS_NAME}", "elsewhere/")
    for argument in ("tree", "tree/", "./tree", "elsewhere/../tree", str(here / "tree")):
        assert ["tree/a"] == found(argument)
    monkeypatch.chdir("elsewhere")
    assert ["../tree/a"] == found("../tree")
    assert ["../tree/a"] == found(str(here / "tree"))
    monkeypatch.chdir("../tree")
    assert ["a"] == found(".")
    monkeypatch.chdir("a")
    (submission,) = find(".")
    assert "." == submission.path
    assert f"./{RESULTS_NAME}" == submission.display(submission.results[0])
    (submission,) = find(RESULTS_NAME)
    assert RESULTS_NAME == submission.path


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("1.2b", "1.2b"),
        ("with blank", "with blank"),
        ("naïve 😀", "naïve 😀"),
        ("a\nb", "a\\nb"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("txt\u202eyp", "txt\\u202eyp"),
        ("\u2066x\u2069", "\\u2066x\\u2069"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("back\\slash", "back\\slash"),
        ("-rf", "-rf"),
        ("..x", "..x"),
        (os.fsdecode(b"caf\xe9"), "caf\\udce9"),
        ("n" * 255, "n" * 255),
    ],
    ids=lambda name: ascii(name)[:30],
)
def test_hostile_names(here: Path, name: str, shown: str) -> None:
    lay(f"tree/{name}/main.py", f"tree/{name}/{name[:200]}.txt")
    (submission,) = find("tree")
    assert f"tree/{shown}" == submission.path
    for entry in submission.entries:
        assert submission.display(entry).isprintable()
        assert b"{}" == submission.read(entry)
    assert f"tree/{shown}" == find(f"tree/{name}")[0].path
    report = check_submission(submission, Conditions(NOW))
    for finding in report.findings:
        assert (finding.place.path + finding.message).isprintable()
        (finding.place.path + finding.message).encode("utf-8")


def test_printable_is_bounded() -> None:
    assert "a" * 299 + "…" == printable("a" * 5000)
    assert 300 == len(printable("\n" * 5000))


# Links, pipes, sockets, devices


def test_links_are_never_followed(here: Path) -> None:
    lay(f"secret/{RESULTS_NAME}", "secret/deep/main.py", "sub/main.py")
    Path("sub/dir").symlink_to("../secret")
    Path("sub/file.json").symlink_to(f"../secret/{RESULTS_NAME}")
    Path("sub/130m").mkdir()
    Path(f"sub/130m/{RESULTS_NAME}").symlink_to(here / "secret" / RESULTS_NAME)
    Path("sub/loop").symlink_to("loop")
    Path("sub/up").symlink_to("..")
    Path("sub/self").symlink_to(".")
    Path("sub/dangling").symlink_to("nowhere")
    (submission,) = find("sub")
    expected = {
        "main.py": "file",
        "130m": "directory",
        **dict.fromkeys(("dir", "file.json", f"130m/{RESULTS_NAME}", "loop", "up", "self", "dangling"), "link"),
    }
    assert expected == {entry.path: entry.kind for entry in submission.entries}
    assert () == submission.results
    assert {None} == {submission.read(entry) for entry in submission.entries if entry.kind == "link"}
    assert {"SR101", "SR104"} <= codes(submission)


def test_a_linked_directory_among_submissions_is_none(here: Path) -> None:
    lay(f"secret/{RESULTS_NAME}", "tree/readme.md")
    Path("tree/linked").symlink_to(here / "secret")
    Path("tree/loop").symlink_to(here / "tree")
    assert [] == found("tree")


@pytest.mark.parametrize("name", [RESULTS_NAME, "main.py"])
def test_a_link_in_the_place_of_a_file_is_not_passed_over(here: Path, name: str) -> None:
    lay("secret.json", "tree/readme.md", "tree/a/b/")
    Path(f"tree/a/b/{name}").symlink_to(here / "secret.json")
    (submission,) = find("tree")
    assert () == submission.results
    assert not any(entry.is_script for entry in submission.entries)
    assert {"SR101", "SR104"} <= codes(submission)


def test_the_named_path_itself_may_be_a_link(here: Path) -> None:
    lay(f"sub/{RESULTS_NAME}")
    Path("latest").symlink_to("sub")
    Path("results.json").symlink_to(f"sub/{RESULTS_NAME}")
    (submission,) = find("latest")
    assert "latest" == submission.path
    assert b"{}" == submission.read(submission.results[0])
    (submission,) = find("results.json")
    assert "results.json" == submission.path
    assert b"{}" == submission.read(submission.results[0])


def test_a_file_that_becomes_a_link_or_vanishes_is_not_read(here: Path) -> None:
    lay(f"sub/{RESULTS_NAME}", "sub/main.py", "secret")
    (submission,) = find("sub")
    results = submission.results[0]
    Path(f"sub/{RESULTS_NAME}").unlink()
    assert None is submission.read(results)
    Path(f"sub/{RESULTS_NAME}").symlink_to(here / "secret")
    assert None is submission.read(results)
    assert "SR202" in codes(submission)
    (single,) = find("secret")
    Path("secret").unlink()
    assert None is single.read(single.entries[0])
    Path("secret").symlink_to("sub/main.py")
    assert None is single.read(single.entries[0])


@pytest.fixture
def unix_socket(here: Path) -> Iterator[Callable[[str], None]]:
    """Return a function that makes a socket in the directory where the test stands."""
    made: list[socket.socket] = []

    def make(name: str) -> None:
        made.append(socket.socket(socket.AF_UNIX))
        made[-1].bind(name)

    yield make
    for each in made:
        each.close()


def test_pipes_and_sockets_are_not_opened(here: Path, unix_socket: Callable[[str], None]) -> None:
    lay("sub/main.py", "sub/130m/")
    os.mkfifo("sub/pipe")
    os.mkfifo(f"sub/130m/{RESULTS_NAME}")
    unix_socket("sub/socket")
    (submission,) = find("sub")
    assert {"sub/pipe", f"sub/130m/{RESULTS_NAME}", "sub/socket"} == {
        submission.display(entry) for entry in submission.entries if entry.kind == "special"
    }
    assert () == submission.results
    # Even when asked to: a pipe without a writer would block for ever.
    assert {None} == {submission.read(entry) for entry in submission.entries if entry.kind == "special"}
    assert {"SR101", "SR104"} <= codes(submission)


def test_a_pipe_in_the_place_of_a_file_is_not_passed_over(here: Path) -> None:
    lay("tree/a/")
    os.mkfifo(f"tree/a/{RESULTS_NAME}")
    (submission,) = find("tree")
    assert {"SR101", "SR104"} <= codes(submission)


@pytest.mark.parametrize(
    "argument", ["missing", "missing/deeper", "", "file/below", "nul\0byte", "/dev/null", "pipe", "loop"]
)
def test_arguments_that_name_nothing_to_check(here: Path, argument: str) -> None:
    lay("file")
    os.mkfifo("pipe")
    Path("loop").symlink_to("loop")
    with pytest.raises(UnreadableError) as raised:
        find(argument)
    message = str(raised.value)
    assert message.isprintable()
    assert "; name a submission" in message
    assert (os.path.relpath(argument) if argument else '""').replace("\0", "\\x00") in message


@pytest.mark.parametrize(
    "argument",
    ["a" * 5000, "d/" * 5000, "\ud800", "\x1b[31m", os.fsdecode(b"\xff")],
    ids=["long", "deep", "surrogate", "control", "bytes"],
)
def test_hostile_arguments(here: Path, argument: str) -> None:
    with pytest.raises(UnreadableError) as raised:
        find(argument)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 500


def test_a_working_directory_that_is_gone(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(f"sub/{RESULTS_NAME}", "gone/")
    monkeypatch.chdir("gone")
    (here / "gone").rmdir()
    assert [str(here / "sub")] == found(str(here / "sub"))
    with pytest.raises(UnreadableError):
        find("sub")


# What may not be read


def forbid(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Make one directory unreadable, for root too."""
    scandir = os.scandir

    def guarded(path: Any) -> Any:
        if Path(path).name == name:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)


def test_a_directory_that_cannot_be_listed(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay("sub/main.py", f"sub/locked/{RESULTS_NAME}", f"sub/open/{RESULTS_NAME}")
    forbid(monkeypatch, "locked")
    (submission,) = find("sub")
    assert ["locked", "locked/.", "main.py", "open", f"open/{RESULTS_NAME}"] == [e.path for e in submission.entries]
    assert ["sub/locked/."] == [submission.display(entry) for entry in submission.entries if entry.kind == "special"]
    assert not submission.truncated
    assert "SR104" in codes(submission)


def test_a_submission_that_cannot_be_listed_is_not_passed_over(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(f"tree/a/{RESULTS_NAME}", f"tree/locked/{RESULTS_NAME}", "tree/docs/page.md")
    forbid(monkeypatch, "locked")
    assert ["tree/a", "tree/locked"] == found("tree")
    assert {"SR101", "SR104"} <= codes(find("tree")[1])
    with pytest.raises(UnreadableError, match=r"^tree/locked: cannot be listed \(permission denied\)$"):
        find("tree/locked")


def test_a_file_that_cannot_be_opened(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(f"sub/{RESULTS_NAME}", "sub/main.py")

    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    (submission,) = find("sub")
    monkeypatch.setattr(os, "open", refuse)
    assert None is submission.read(submission.results[0])
    assert "SR202" in codes(submission)


def test_reading_is_bounded(here: Path) -> None:
    lay("sub/main.py")
    Path(f"sub/{RESULTS_NAME}").write_bytes(b" " * (MAX_BYTES + 1000))
    (submission,) = find("sub")
    assert MAX_BYTES + 1000 == submission.results[0].size
    assert MAX_BYTES + 1 == len(submission.read(submission.results[0]) or b"")
    assert {"SR207"} <= codes(submission)


def test_a_sparse_file_of_a_terabyte_is_not_read(here: Path) -> None:
    lay("sub/main.py")
    with Path(f"sub/{RESULTS_NAME}").open("wb") as file:
        file.truncate(2**40)
    (submission,) = find("sub")
    assert MAX_BYTES + 1 == len(submission.read(submission.results[0]) or b"")
    assert {"SR105", "SR207"} <= codes(submission)


# Too many, too deep


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """Lower the bound on entries, since making files takes time, and return it."""
    assert MAX_ENTRIES > 1000
    monkeypatch.setattr(submission_module, "MAX_ENTRIES", 20)
    return 20


def test_entries_are_bounded(here: Path, few: int) -> None:
    lay("sub/main.py", *(f"sub/d/{index}" for index in range(few - 2)))
    (submission,) = find("sub")
    assert (few, False) == (len(submission.entries), submission.truncated)
    lay("sub/d/one more")
    (submission,) = find("sub")
    assert (few, True) == (len(submission.entries), submission.truncated)
    lay("sub/d/and more", "sub/d/and more still")
    (submission,) = find("sub")
    assert (few, True) == (len(submission.entries), submission.truncated)
    assert "SR107" in codes(submission)


def test_depth_is_bounded(here: Path) -> None:
    lay("sub/main.py", "sub/" + "d/" * MAX_ENTRY_DEPTH + RESULTS_NAME)
    (submission,) = find("sub")
    assert not submission.truncated
    assert 1 == len(submission.results)
    assert "SR107" not in codes(submission)
    lay("sub/" + "d/" * (MAX_ENTRY_DEPTH + 1) + RESULTS_NAME, f"sub/z/{RESULTS_NAME}")
    (submission,) = find("sub")
    assert submission.truncated
    # What is not too deep is read nevertheless.
    assert ["sub/" + "d/" * MAX_ENTRY_DEPTH + RESULTS_NAME, f"sub/z/{RESULTS_NAME}"] == [
        submission.display(entry) for entry in submission.results
    ]
    assert "SR107" in codes(submission)


def test_results_too_deep_to_be_found_are_not_passed_over(here: Path) -> None:
    lay("tree/a/" + "d/" * (MAX_TREE_DEPTH - 1) + "readme.md")
    assert [] == found("tree")
    lay("tree/a/" + "d/" * (MAX_TREE_DEPTH + 5) + RESULTS_NAME)
    (submission,) = find("tree")
    assert submission.truncated
    assert {"SR101", "SR107"} <= codes(submission)


def test_submissions_are_not_bounded_in_number(here: Path, few: int) -> None:
    lay(*(f"tree/{index:02}/main.py" for index in range(3 * few)))
    assert [f"tree/{index:02}" for index in range(3 * few)] == found("tree")


# Entries


@pytest.mark.parametrize(
    ("entry", "name", "script", "results"),
    [
        (Entry("main.py", "file", 1), "main.py", True, False),
        (Entry("a/b/main.py", "file", 1), "main.py", True, False),
        (Entry("a/__init__.py", "file", 1), "__init__.py", False, False),
        (Entry("main.py", "directory", 0), "main.py", False, False),
        (Entry("main.py", "link", 0), "main.py", False, False),
        (Entry(f"a/{RESULTS_NAME}", "file", 1), RESULTS_NAME, False, True),
        (Entry(RESULTS_NAME, "link", 0), RESULTS_NAME, False, False),
        (Entry(RESULTS_NAME, "special", 0), RESULTS_NAME, False, False),
        (Entry(RESULTS_NAME, "directory", 0), RESULTS_NAME, False, False),
    ],
)
def test_entries(entry: Entry, name: str, script: bool, results: bool) -> None:
    assert (name, script, results) == (entry.name, entry.is_script, entry.is_results)


def test_an_honest_tree_passes(here: Path) -> None:
    lay("anything/group/130m/", "anything/group/main.py", "anything/group/README.md")
    Path(f"anything/group/130m/{RESULTS_NAME}").write_text(results_text(HONEST))
    (submission,) = find("anything")
    report = check_submission(submission, Conditions(NOW))
    assert () == report.findings
    assert "pass" == report.verdict
