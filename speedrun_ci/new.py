"""Starts a submission: a directory with the script and the README of a template, with nothing left to replace."""

from __future__ import annotations

import json
import keyword
import re
import unicodedata
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from speedrun_ci.strict_json import shorten

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATES = {"hackable-transformer": "hackable_transformer", "hello-world": "hello_world"}
"""Names of the templates on the command line, and of their files in `training/templates`, without ending."""

SUBMISSIONS = "submissions"

MAX_NAME = 60
"""Characters of a submission's name; it becomes part of the names of runs, directories and W&B runs."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_PLACEHOLDER = re.compile(r"__SUBMISSION_([A-Z]+(?:_[A-Z]+)*)__")
_IN_SOURCE = re.compile(f'(")?{_PLACEHOLDER.pattern}(?(1)"|)')
"""A placeholder, with the quotes around it if it is all of a string."""

_MARKDOWN = re.compile(r"[\\`*_\[\]<>&|~$]")

# Characters that end a line, act on a terminal, turn text around, or stand for half a character. Joiners and marks of
# real scripts are not among them.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_REFUSED_DIRECTIONS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


class NewError(Exception):
    """A submission cannot be started; the message is one line."""


@dataclass(frozen=True, slots=True)
class Details:
    """What a template leaves open."""

    author: str
    affiliation: str
    url: str | None
    description: str


def find_submissions_directory(start: Path) -> Path:
    """Return the `submissions` directory below a directory, or below the nearest one around it that has one.

    The search ends at the root of a repository.

    Raises:
        NewError: There is none.
    """
    for place in (start, *start.parents):
        if (place / SUBMISSIONS).is_dir():
            return place / SUBMISSIONS
        if (place / ".git").exists():
            break
    raise NewError(
        f"expected a directory {SUBMISSIONS}/ here or in the repository around, found none; "
        "change to the repository of the contest"
    )


def check_name(name: str, submissions: Path) -> None:
    """Check that a submission can have this name.

    Raises:
        NewError: It cannot be a module's name, is too long, or is taken (on some systems `A` and `a` are one file).
        OSError: The directory cannot be listed.
    """
    if _NAME.fullmatch(name) is None or keyword.iskeyword(name) or len(name) > MAX_NAME:
        raise NewError(
            f"NAME: expected at most {MAX_NAME} letters, digits and underscores, a letter first, and no Python keyword "
            f"(it is run as `python -m {SUBMISSIONS}.NAME.main`), got {shorten(_visible(name))!r}"
        )
    taken = next((entry.name for entry in submissions.iterdir() if entry.name.casefold() == name.casefold()), None)
    if taken is not None:
        raise NewError(
            f"NAME: expected a name that is not taken, got {name!r}, and {SUBMISSIONS}/{_visible(taken)} exists; "
            "choose another"
        )


def checked(option: str, value: str) -> str:
    """Return the value of an option without blanks around it.

    Raises:
        NewError: It is empty, holds a character that ends a line or cannot be seen, or is what the template has there.
    """
    stripped = value.strip(" ")
    bad = next((char for char in stripped if _is_refused(char)), None)
    if bad is not None:
        raise NewError(f"{option}: expected one line of text, got the character U+{ord(bad):04X} in it; remove it")
    if not stripped.strip():
        raise NewError(f"{option}: expected some text, got none")
    if _PLACEHOLDER.search(stripped):
        raise NewError(f"{option}: expected text of your own, got the template's {shorten(stripped)!r}")
    return stripped


def checked_url(option: str, value: str) -> str:
    """Return the value of an option that is an address of the web.

    Raises:
        NewError: It is not.
    """
    url = checked(option, value)
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"[\s<>\"]", url)
    except ValueError:
        valid = False
    if not valid:
        raise NewError(f"{option}: expected an address such as https://example.org, got {shorten(url)!r}")
    return url


def fill_script(template: str, name: str, details: Details) -> str:
    """Return a template's script with every placeholder replaced.

    A string that is nothing but a placeholder becomes a literal of the value, whatever quotes or backslashes that
    holds. Elsewhere only the name may stand, which needs no quoting.

    Raises:
        KeyError: The template has a placeholder that is not known.
    """
    bare = {"NAME": name}
    quoted = {
        **bare,
        "AUTHOR_NAME": details.author,
        "AUTHOR_AFFILIATION": details.affiliation,
        "AUTHOR_URL": details.url,
        "DESCRIPTION": details.description,
    }
    # In one pass: what was filled in is not looked at again, whatever it holds.
    return _IN_SOURCE.sub(lambda match: _literal(quoted[match[2]]) if match[1] else bare[match[2]], template)


def fill_readme(template: str, name: str, details: Details) -> str:
    """Return a template's README with every placeholder replaced; values are shown as they are, not as Markdown.

    Raises:
        KeyError: The template has a placeholder that is not known.
    """
    author = f"{_markdown(details.author)}, {_markdown(details.affiliation)}"
    values = {
        "NAME": name,
        "AUTHOR": author if details.url is None else f"{author} (<{details.url}>)",
        "DESCRIPTION": _markdown(details.description),
    }
    return _PLACEHOLDER.sub(lambda match: values[match[1]], template)


def create(submissions: Path, name: str, template: str, details: Details) -> Path:
    """Create a submission's directory with `main.py` and `README.md`, both or neither, and return it.

    Args:
        submissions: The directory of submissions.
        name: The submission's name, checked.
        template: A key of `TEMPLATES`.
        details: What the template leaves open, checked.

    Raises:
        NewError: The directory has come into being since the name was checked.
        OSError: The files cannot be written.
    """
    import tempfile  # costs 10 ms, which `--help` need not pay

    files = resources.files("training") / "templates"
    stem = TEMPLATES[template]
    main = fill_script((files / f"{stem}.py").read_text(encoding="utf-8"), name, details)
    readme = fill_readme((files / f"{stem}.md").read_text(encoding="utf-8"), name, details)
    target = submissions / name
    # Written beside its place and renamed, so that a failure leaves nothing that looks like a submission.
    with tempfile.TemporaryDirectory(dir=submissions, prefix=".new-") as directory:
        built = submissions / directory / name
        built.mkdir()
        (built / "main.py").write_text(main, encoding="utf-8", newline="\n")
        (built / "README.md").write_text(readme, encoding="utf-8", newline="\n")
        if target.exists():
            raise NewError(f"NAME: expected a name that is not taken, got {name!r}; choose another")
        built.rename(target)
    return target


def _literal(value: str | None) -> str:
    """Return a value as Python source, with the quotes that need fewer backslashes, as formatters want it."""
    if value is None:
        return "None"
    if value.count('"') > value.count("'"):
        return repr(value)
    # A string of JSON is one of Python, too, as long as nothing in it is half a character.
    return json.dumps(value, ensure_ascii=False)


def _markdown(text: str) -> str:
    r"""Return Markdown that shows text as it is. Any punctuation may follow a backslash (CommonMark 0.31, 2.4)."""
    return _MARKDOWN.sub(lambda match: f"\\{match[0]}", text)


def _is_refused(char: str) -> bool:
    return unicodedata.category(char) in _REFUSED_CATEGORIES or unicodedata.bidirectional(char) in _REFUSED_DIRECTIONS


def _visible(text: str) -> str:
    """Return text without the half characters that stand for bytes which are not UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()
