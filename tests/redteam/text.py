"""Texts that are no strict JSON, or that say two things at once."""

import json
from typing import Any

from .arithmetic import C4, is_number
from .catalogue import Catalogue, Edit, Info

TAMPERINGS = Catalogue()


def _word(key: str) -> str:
    return "bpb" if key == C4 else key.replace("_", "-")


def _first_run(document: Any) -> Info:
    entry = document["runs"][0] if isinstance(document, dict) and "runs" in document else document
    return entry.get("run_info", entry)


def _written(key: str, literal: str) -> Edit:
    """Write a literal that `json.dumps` never would in place of a number."""

    def edit(text: str) -> str | None:
        document = json.loads(text)
        info = _first_run(document)
        if not is_number(info.get(key)):
            return None
        info[key] = "@literal@"
        return json.dumps(document).replace('"@literal@"', literal)

    return edit


for _key in ("training_time", "training_hardware_flops", "model_flops", "total_tokens"):
    for _name, _literal in (
        ("1e999", "1e999"),
        ("minus-1e999", "-1e999"),
        ("with-400-digits", "1" * 400),
        ("with-6000-digits", "9" * 6000),
        ("in-hexadecimal", "0x10"),
        ("with-underscores", "1_000"),
        ("with-commas", "1,000"),
        ("with-a-plus", "+1"),
        ("with-a-leading-zero", "01"),
        ("as-an-expression", "1*2"),
        ("in-arabic-digits", "\u0661\u0662"),
    ):
        TAMPERINGS.add(
            f"{_word(_key)}-{_name}", f"{_key} is written {_literal[:20]}", "format", edit=_written(_key, _literal)
        )


def _doubled(key: str, literal: str, *, last: bool, escaped: bool) -> Edit:
    """Give a key twice: readers take the first or the last."""

    def edit(text: str) -> str | None:
        document = json.loads(text)
        info = _first_run(document)
        if key not in info:
            return None
        again = f"\\u{ord(key[0]):04x}{key[1:]}" if escaped else key
        value = json.dumps(info[key])
        info[key] = "@literal@"
        first, second = (value, literal) if last else (literal, value)
        new = f'{json.dumps(key)}: {first}, "{again}": {second}'
        return json.dumps(document).replace(f'{json.dumps(key)}: "@literal@"', new)

    return edit


for _key in ("training_time", "training_hardware_flops", "model_flops", "total_tokens", "author", "model_config", C4):
    for _name, _last, _escaped in (("first", False, False), ("last", True, False), ("escaped", True, True)):
        TAMPERINGS.add(
            f"{_word(_key)}-doubled-{_name}",
            f"{_key} stands there twice with different values",
            "format",
            edit=_doubled(_key, "1.0", last=_last, escaped=_escaped),
        )


@TAMPERINGS.edit("format")
def key_doubled_in_the_configuration(text: str) -> str | None:
    """A dimension stands there twice with different values."""
    return text.replace('"hidden_dim"', '"hidden_dim": 8, "hidden_dim"', 1)


@TAMPERINGS.edit("format")
def runs_doubled(text: str) -> str | None:
    """A second list of runs follows the first."""
    body = text.rstrip()
    return f'{body[:-1]}, "runs": []}}' if '"runs"' in text else None


@TAMPERINGS.edit("format")
def run_info_beside_runs(text: str) -> str | None:
    """A second run_info with half the FLOPs stands beside the list of runs."""
    document = json.loads(text)
    if not isinstance(document, dict) or "runs" not in document:
        return None
    info = _first_run(document)
    document["run_info"] = {**info, "model_flops": info["model_flops"] / 2}
    return json.dumps(document)


@TAMPERINGS.edit("format")
def bare_run_beside_runs(text: str) -> str | None:
    """The keys of a bare run with half the FLOPs stand beside the list of runs."""
    document = json.loads(text)
    if not isinstance(document, dict) or "runs" not in document:
        return None
    info = _first_run(document)
    return json.dumps({**document, **info, "model_flops": info["model_flops"] / 2})


@TAMPERINGS.edit("format")
def figures_beside_run_info(text: str) -> str | None:
    """A second model_flops stands beside the run_info that has one."""
    document = json.loads(text)
    entry = document["runs"][0] if "runs" in document else document
    if "run_info" not in entry:
        return None
    entry["model_flops"] = entry["run_info"]["model_flops"] / 2
    return json.dumps(document)


@TAMPERINGS.edit("format")
def look_alike_of_runs(text: str) -> str | None:
    """The list of runs is called `Runs`, and a bare run stands beside it."""
    document = json.loads(text)
    if "runs" not in document:
        return None
    info = _first_run(document)
    return json.dumps({"Runs": document["runs"], **info, "training_time": info["training_time"] / 2})


@TAMPERINGS.edit("format")
def run_info_in_a_list(text: str) -> str | None:
    """The run_info is a list of run_infos."""
    document = json.loads(text)
    entry = document["runs"][0] if "runs" in document else document
    if "run_info" not in entry:
        return None
    entry["run_info"] = [entry["run_info"]]
    return json.dumps(document)


@TAMPERINGS.edit("format")
def empty_runs(text: str) -> str | None:
    """The list of runs is empty."""
    return '{"runs": []}'


@TAMPERINGS.edit("format")
def null_run(text: str) -> str | None:
    """A run is null beside an honest one."""
    document = json.loads(text)
    return json.dumps({"runs": [*document["runs"], None]}) if "runs" in document else None


@TAMPERINGS.edit("format")
def second_document(text: str) -> str | None:
    """A second document follows the first."""
    return text + text


@TAMPERINGS.edit("format")
def trailing_comma(text: str) -> str | None:
    """A comma stands before the last bracket."""
    return text.rstrip()[:-1] + ",}"


@TAMPERINGS.edit("format")
def comment(text: str) -> str | None:
    """A comment hides in the text."""
    return text.replace("{", "{ /* 2.0 */ ", 1)


@TAMPERINGS.edit("format")
def cut_off(text: str) -> str | None:
    """The file ends in the middle."""
    return text[: len(text) // 2]


@TAMPERINGS.edit("format")
def utf_16(text: str) -> bytes | None:
    """The file is UTF-16."""
    return text.encode("utf-16")


@TAMPERINGS.edit("format")
def byte_order_mark(text: str) -> bytes | None:
    """The file begins with a byte order mark."""
    return text.encode("utf-8-sig")


@TAMPERINGS.edit("format")
def latin_1(text: str) -> bytes | None:
    """A string holds a byte that is no UTF-8."""
    return text.replace('"author"', '"auth\xf6r"', 1).encode("latin-1", "replace")


@TAMPERINGS.edit("format")
def nul_byte(text: str) -> str | None:
    """A NUL byte follows the first bracket."""
    return text.replace("{", "{\0", 1)


@TAMPERINGS.edit("format")
def half_a_surrogate_pair(text: str) -> str | None:
    """The author's name ends in half of a surrogate pair."""
    document = json.loads(text)
    _first_run(document)["author"]["name"] += "\ud800"
    return json.dumps(document)


@TAMPERINGS.edit("format")
def deep_nesting(text: str) -> str | None:
    """The description is a list of two hundred lists."""
    document = json.loads(text)
    _first_run(document)["description"] = "@literal@"
    return json.dumps(document).replace('"@literal@"', "[" * 200 + "]" * 200)


@TAMPERINGS.edit("format")
def more_than_a_mebibyte(text: str) -> str | None:
    """Blanks fill the file beyond its limit."""
    return text + " " * 2**20


@TAMPERINGS.edit("format")
def a_thousand_and_one_runs(text: str) -> str | None:
    """A thousand empty runs follow an honest one."""
    document = json.loads(text)
    return json.dumps({"runs": [*document["runs"], *([{}] * 1000)]}) if "runs" in document else None
