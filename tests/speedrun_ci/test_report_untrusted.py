"""A stranger's text in every format: it stays text, whatever it says."""

import dataclasses
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from speedrun_ci.finding import (
    Confidence,
    Excluded,
    FigureRow,
    Finding,
    Level,
    Place,
    Report,
    RunReport,
    Severity,
    Status,
    SubmissionReport,
    Totals,
    Verdict,
)
from speedrun_ci.report.formats import render
from speedrun_ci.report.markdown import MAX_CHARACTERS
from speedrun_ci.report.untrusted import code_span, one_line, table_code

NASTY = [
    *("`", "``", "```", "````\n", "|", "\\", "\\|", "\n", "\r\n", "\t", " ", "\x00", "\x1b[31m", "\x85", "\u2028"),
    *("\u202e", "\u2066", "\u200b", "\ufeff", "\ufffe", "\ud800", "\U000e0041", "é", "ש", "ﷺ"),
    *("[x](https://example.org)", "![x](https://example.org/x.png)", "<img src=x onerror=y>", "<https://example.org>"),
    *("[x]: https://example.org", "https://example.org", "www.example.org", "a@example.org", "@someone", "#1", "$x$"),
    *("<!--", "-->", "</details>", "</summary>", "<script>", "&lt;", "&#64;", "]]>", "<![CDATA[", "{0}", "[1](0)"),
    *("::error::x", "\n::stop-commands::x\n", "##[error]x", "##[add-mask]a", "##", "[", "]", "%0A::error::", "%", ":"),
    *(",", "# x", "- x", "> x", "---", "===", "1. x", "*", "_", "~~", '"', "'", "title=x", "\n\n    x"),
]

HOSTILE = st.one_of(st.text(), st.lists(st.sampled_from(NASTY), max_size=12).map("".join))

COMMANDS = ["error", "warning", "notice", "stop-commands", "add-mask", "group", "endgroup", "debug", "set-output", "x"]


def hostile(text: str) -> Report:
    """Return a failing report whose every part that a stranger can write says `text`."""
    told = f"{text}~"

    def finding(severity: Severity, place: Place) -> Finding:
        return Finding(
            code="SR302",
            name="model-flops-identity",
            severity=severity,
            confidence=Confidence.HIGH,
            place=place,
            message=f"{told}: expected {told}, submitted {told}. Set it to {told}",
            expected=told,
            submitted=told,
            hint=f"Set it to {told}",
            url="docs/rules.md",
        )

    figures = (
        FigureRow(told, told, told, told, Status.MATCH),
        FigureRow(told, told, f"{told}1", told, Status.MISMATCH),
        FigureRow(told, None, None, told, Status.MISSING),
    )
    run = RunReport(told, f"/{told}", Verdict.FAIL, Level.CONSISTENT, ("identities",), figures)
    other = dataclasses.replace(run, pointer=f"/{told}/2", verdict=Verdict.INCONCLUSIVE)
    found = [
        *(finding(severity, Place(told, f"/{told}", 3)) for severity in Severity),
        *(finding(severity, Place(told)) for severity in Severity),
        dataclasses.replace(finding(Severity.WARNING, Place("")), code="SR001"),
    ]
    submission = SubmissionReport(told, Verdict.FAIL, (run, other), tuple(found))
    totals = Totals.of(submission)
    return Report((submission,), totals, "2026.12", "skipped", "skipped", told, (Excluded(told, told),))


def rendered(name: str, report: Report) -> str:
    return "".join(render(name, report, terminal=False))


def obeyed(text: str) -> list[str]:
    """Return the commands that GitHub's runner finds in a step's output, by the rules of its `ActionCommand`."""
    found = []
    for line in re.split(r"\r\n|\r|\n", text):
        new = re.match(r"\s*::([^ :]+)(?: .*?)?::", line)
        old = re.search(r"##\[([^ \]]+)", line)
        if new and new[1] in COMMANDS:
            found.append(new[1])
        elif old:
            found.append(old[1])
    return found


def flat(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield from flat(token.children) if token.children is not None else [token]


def skeleton(markdown: str) -> list[tuple[str, str]]:
    """Return what a document consists of, without the text of its code spans."""
    tokens = MarkdownIt("gfm-like", {"html": True}).parse(markdown)
    return [(token.type, "" if token.type == "code_inline" else token.content) for token in flat(tokens)]


BENIGN = {name: rendered(name, hostile("x")) for name in ("github", "markdown", "junit", "sarif")}


def test_what_the_runner_obeys() -> None:
    assert ["error", "stop-commands"] == obeyed("a\n ::error file=x::y\n::stop-commands::z\nx::error::y\n::nothing")
    assert ["add-mask"] == obeyed("anything ##[add-mask]x")


@pytest.mark.parametrize("name", BENIGN)
@settings(deadline=None)
@given(text=HOSTILE)
@example("\n::stop-commands::x\n")
@example("##[add-mask]e")
@example("x##")
def test_no_workflow_command_of_theirs(name: str, text: str) -> None:
    assert obeyed(BENIGN[name]) == obeyed(rendered(name, hostile(text)))


@settings(deadline=None)
@given(text=HOSTILE)
def test_annotations_keep_their_properties(text: str) -> None:
    for line in rendered("github", hostile(text)).splitlines():
        if line.startswith("::"):
            given = re.fullmatch(r"::\w+ ((?:file=[^:,]+,)?(?:line=\d+,)?title=[^:,]+)::.+", line)
            assert given, line
            assert not re.search(r"%(?!25|0D|0A|3A|2C)", line)


@settings(deadline=None)
@given(text=HOSTILE)
@example("`")
@example("a``b`")
@example(" \n ")
@example("\\|")
@example("<img src=x>\n\n<img src=x>")
def test_markdown_has_the_structure_of_a_harmless_one(text: str) -> None:
    """No link, image, HTML, table cell, heading or plain word but ours comes of it."""
    markdown = rendered("markdown", hostile(text))
    assert skeleton(BENIGN["markdown"]) == skeleton(markdown)
    assert {"link_open", "image"}.isdisjoint(kind for kind, _ in skeleton(markdown))
    assert all(char.isprintable() or char == "\n" for char in markdown)


@settings(deadline=None)
@given(text=st.text(st.sampled_from("`|\\ <[]()*_ab"), max_size=40))
def test_a_code_span_is_one_whatever_it_holds(text: str) -> None:
    (block,) = [token for token in MarkdownIt("gfm-like").parse(f"a {code_span(text)} b") if token.type == "inline"]
    assert block.children is not None
    assert ["text", "code_inline", "text"] == [token.type for token in block.children]
    assert (text.strip() or "-") == block.children[1].content
    row = MarkdownIt("gfm-like").parse(f"| a | b |\n|---|---|\n| {table_code(text)} | b |\n")
    cells = [token.children for token in row if token.type == "inline"][2:]
    assert [["code_inline"], ["text"]] == [[token.type for token in cell or []] for cell in cells]


@settings(deadline=None)
@given(text=HOSTILE)
@example("\ufffe\x00]]>")
def test_junit_is_xml_of_one_structure(text: str) -> None:
    tree, benign = (ET.fromstring(xml) for xml in (rendered("junit", hostile(text)), BENIGN["junit"]))
    assert [item.tag for item in benign.iter()] == [item.tag for item in tree.iter()]
    assert [item.keys() for item in benign.iter()] == [item.keys() for item in tree.iter()]


@settings(deadline=None)
@given(text=HOSTILE)
@example("a:b/c d%?#x\\y")
@example("\ud800")
def test_sarif_has_no_links_and_clean_addresses(text: str) -> None:
    (run,) = json.loads(rendered("sarif", hostile(text)))["runs"]
    for result in run["results"]:
        assert "](" not in result["message"]["text"]
        assert result["message"]["text"].isprintable()
        (location,) = result["locations"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+", uri)


@settings(deadline=None)
@given(text=st.text(max_size=3).map(lambda text: (text or "`") * 2000))
def test_markdown_of_long_text_fits(text: str) -> None:
    report = hostile(text)
    (submission,) = report.submissions
    many = dataclasses.replace(submission, runs=submission.runs * 30, findings=submission.findings * 30)
    full = dataclasses.replace(report, submissions=(many,), totals=Totals.of(many), excluded=report.excluded * 30)
    markdown = rendered("markdown", full)
    assert len(markdown) < MAX_CHARACTERS
    assert "**Next:** Mend the 60 errors above" in markdown
    assert "left out here" in markdown


def test_one_line_is_bounded_and_visible() -> None:
    assert "a\\nb\\u202ec" == one_line("a\nb\u202ec")
    assert "## [x]" == one_line("##[x]")
    assert "\\ud800" == one_line("\ud800")
    assert 10 == len(one_line("a" * 100, 10))
