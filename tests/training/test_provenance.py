"""What made the figures: versions and the commit of the code."""

import subprocess

from training.provenance import PACKAGES, code, software


def git(directory, *arguments):
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", directory, *who, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_versions_of_what_can_change_a_figure():
    versions = software()

    assert ["python", *PACKAGES] == list(versions)
    assert versions["jax"].startswith("0.11.")


def test_a_package_that_is_not_installed_has_none(monkeypatch):
    monkeypatch.setattr("training.provenance.PACKAGES", ("no-such-package",))

    assert None is software()["no-such-package"]


def test_commit_and_whether_files_differ_from_it(tmp_path):
    git(tmp_path, "init", "-q")
    assert None is code(tmp_path)  # no commit yet
    (tmp_path / "main.py").write_text("x = 1\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "one")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert {"commit": commit, "dirty": False} == code(tmp_path)
    (tmp_path / "other.py").write_text("y = 2\n")
    assert {"commit": commit, "dirty": True} == code(tmp_path)


def test_no_repository_and_no_git(tmp_path, monkeypatch):
    assert None is code(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert None is code(tmp_path)
