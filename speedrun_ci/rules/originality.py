"""SR707: whose run it is."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from speedrun_ci.rules.base import Example, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from speedrun_ci.finding import Finding


def wandb_run(link: str | None) -> str | None:
    """Return `entity/project/id` of a link to a W&B run, or None if it is no such link."""
    try:
        parts = urlsplit(link or "")
    except ValueError:
        return None
    names = parts.path.strip("/").split("/")
    if "runs" not in names:
        return None
    at = names.index("runs")
    return "/".join([*names[max(at - 2, 0) : at], names[at + 1]]).lower() if at + 1 < len(names) else None


class WandbRunTwice(Rule):
    """Two runs of a submission are the same W&B run.

    What is wrong:
        `wandb_run_link` of two runs names the same run.

    Why it matters:
        One training would stand on the board twice.

    How to fix it:
        Remove one of the runs, or correct its link.
    """

    code = "SR707"
    name = "wandb-run-twice"
    since = "2026.11"
    fires = Example("a second results file repeats the run", files={"again/speedrun_results.json": "@honest"})

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report every run whose link stood in an earlier one."""
        seen: dict[str, str] = {}
        for checked in subject.runs:
            link = wandb_run(checked.run.info.wandb_run_link)
            if link is None:
                continue
            here = f"{checked.run.path}{checked.run.pointer}"
            if link in seen:
                yield self.finding(
                    checked.place(("wandb_run_link",)),
                    "wandb_run_link",
                    expected="a run of its own",
                    submitted=f"the run of {seen[link]}",
                    hint="Remove one of the two, or correct the link.",
                )
            seen.setdefault(link, here)
