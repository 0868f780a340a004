"""What tells one training run from another: the few facts by which copies are found.

They are kept for every run of a tree, so they are small: a tree of 10,000 runs has a few megabytes of them.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from speedrun_ci.numbers import number
from speedrun_ci.strict_json import as_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from speedrun_ci.finding import Place
    from speedrun_ci.results import Run
    from speedrun_ci.strict_json import Json

SEED_KEYS = ("data_seed", "seed")
"""Keys of `train_config` that record a seed. Null says nothing: the original contest trained with 42 and wrote null."""

LEAST_DIGITS = 6
"""Significant digits from which on an equal measurement is no accident: a typed-in `1500` s may be one."""

_DIGITS = re.compile(r"[0-9]")

_RUN = r"/[\w.-]+/[\w.-]+/runs/[\w.%-]+(/[\w-]+)*/?$"
_RUN_PATHS = {
    "wandb.ai": re.compile(_RUN, re.ASCII),
    "www.wandb.ai": re.compile(_RUN, re.ASCII),
    "forge.coreweave.com": re.compile(f"/wandb{_RUN}", re.ASCII),
}


@dataclass(frozen=True, slots=True)
class Imprint:
    """One run, as others are compared with it.

    Attributes:
        submission: The submission as reports name it.
        place: The run's `run_info`.
        name: The directory of its results file, from the root of the tree.
        author: Who claims it.
        wandb: `entity/project/id` of its W&B run, or None.
        time: Its training time in seconds.
        bpb: Its bits per byte.
        recipe: Digest of its whole configuration where that records a seed, else None.
        added: Whether it was added since the base revision; None where there is no base.
    """

    submission: str
    place: Place
    name: str
    author: str
    wandb: str | None
    time: float | None
    bpb: float | None
    recipe: bytes | None
    added: bool | None = None

    @property
    def measured(self) -> str:
        """The measured figures, for a message."""
        return f"{number(self.time, 6)} s and {number(self.bpb, 6)} bits per byte"


def wandb_run(link: str | None) -> str | None:
    """Return `entity/project/id` of a link to a W&B run in lower case, or None if it is no such link.

    Whatever the host: a link that has another is a finding of its own, and must not hide a copy.
    """
    try:
        parts = urlsplit((link or "").strip())
    except ValueError:
        return None
    names = [part for part in unquote(parts.path).split("/") if part]
    if "runs" not in names:
        return None
    at = names.index("runs")
    return "/".join([*names[max(at - 2, 0) : at], names[at + 1]]).lower() if at + 1 < len(names) else None


def is_wandb_link(link: str) -> bool:
    """Whether a link leads to the page of a run at W&B, by its parsed host and path.

    Links come in two families: `https://wandb.ai/<entity>/<project>/runs/<id>`, and the same below
    `https://forge.coreweave.com/wandb/`. A page of the run, a query or a fragment may follow.
    """
    try:
        parts = urlsplit(link)
        host, port, user = parts.hostname or "", parts.port, parts.username
    except ValueError:
        return False
    plain = link.isascii() and link.isprintable() and " " not in link
    path = _RUN_PATHS.get(host)
    return plain and parts.scheme == "https" and port is None and user is None and bool(path and path.match(parts.path))


def same_person(one: str, other: str) -> bool:
    """Whether two author names are the same but for case and blanks."""
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def same_run(one: Imprint, other: Imprint) -> bool:
    """Whether two imprints are of one run: the same W&B run, or without any link the same measurements."""
    if one.wandb is not None or other.wandb is not None:
        return one.wandb == other.wandb
    return (one.time, one.bpb) == (other.time, other.bpb)


def telling(value: float | None) -> float | None:
    """Return a measurement if it has enough digits for runs to be told by it, else None."""
    return value if value is not None and len(_DIGITS.findall(repr(value).strip("0."))) >= LEAST_DIGITS else None


def imprint_of(run: Run, *, submission: str, place: Place, name: str, added: bool | None) -> Imprint:
    """Return the imprint of a run.

    Args:
        run: The run.
        submission: Its submission as reports name it.
        place: Its `run_info`.
        name: The directory of its results file, from the root of the tree.
        added: Whether it was added since the base revision.
    """
    author = run.info.author
    bpb = run.evaluation.bpb if run.evaluation is not None else None
    return Imprint(
        submission=submission,
        place=place,
        name=name,
        author=(author.name if author is not None else None) or "",
        wandb=wandb_run(run.info.wandb_run_link),
        time=run.info.training_time,
        bpb=bpb,
        recipe=_recipe(run),
        added=added,
    )


def _recipe(run: Run) -> bytes | None:
    # Everybody's first run is the demo's, with the seed that it comes with.
    if run.is_demo or not any(as_number(run.train_keys.get(key)) is not None for key in SEED_KEYS):
        return None
    whole: Mapping[str, Json] = {
        "model_config": dict(run.model_keys),
        "train_config": dict(run.train_keys),
        "resources": dict(run.resource_keys),
        "data_hash": run.info.data_hash,
    }
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).digest()[:16]
