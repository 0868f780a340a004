"""SR110: whether the README describes the runs beside it."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from speedrun_ci.finding import Confidence, Place, Severity
from speedrun_ci.rules.base import Example, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from speedrun_ci.finding import Finding

MAX_CLAIMS = 100
"""Numbers of parameters that are looked at in one README."""

_PARAMETERS = re.compile(
    r"(?<![\w.])(\d{1,3}(?:,\d{3}){1,4}|\d{1,12}(?:\.\d{1,6})?)"
    r"[ ~-]?(k|m|b|million|billion)?[ -]?(?:param|parameter)s?\b",
    re.IGNORECASE,
)


class ReadmeFigures(Rule):
    """The README describes a model of another size.

    What is wrong:
        `README.md` names numbers of parameters, and none is within a factor of two of any run's `model_size`.

    Why it matters:
        Either the results are of another run, or the README is; readers of the board see both side by side.

    How to fix it:
        Correct the README, or commit the results of the run that it describes.
    """

    code = "SR110"
    name = "readme-figures"
    severity = Severity.WARNING
    confidence = Confidence.MEDIUM
    since = "2026.12"
    fires = Example(
        "the README claims 2.06M parameters, the results have 154M",
        files={"README.md": "# Tiny\n\nA 2.06M-parameter Llama of 2026.\n"},
    )

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Report a README whose sizes are none of the runs'."""
        submission = subject.submission
        readme = next((entry for entry in submission.entries if entry.path.lower() == "readme.md"), None)
        sizes = [run.run.info.model_size for run in subject.runs if run.run.info.model_size is not None]
        if submission.results_only or readme is None or readme.kind != "file" or not sizes:
            return
        claimed = parameter_counts((submission.read(readme) or b"").decode("utf-8", "replace"))
        factor = subject.settings.tolerances.readme_factor
        if claimed and not any(size / factor <= count <= size * factor for size in sizes for count in claimed):
            yield self.finding(
                Place(submission.display(readme)),
                "README.md",
                expected=" or ".join(f"{size:,}" for size in sorted(set(sizes))[:3])
                + " parameters, as the results have",
                submitted=" and ".join(f"{round(count):,}" for count in claimed[:3]),
                hint="Correct the README, or commit the results of the run that it describes.",
            )


def parameter_counts(text: str) -> list[float]:
    """Return the numbers of parameters that a text names, such as `2.06M-parameter` or `8,241,312 parameters`."""
    found = []
    for match in itertools.islice(_PARAMETERS.finditer(text), MAX_CLAIMS):
        unit = (match[2] or "").lower()[:1]
        found.append(float(match[1].replace(",", "")) * {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9}[unit])
    return found
