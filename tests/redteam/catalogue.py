"""What a tampering is, and the lists of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

type Info = dict[str, Any]
"""A `run_info`."""

type Change = Callable[[Info], Info | None]
"""Returns the tampered `run_info`, made of a deep copy it may edit, or None where it does not apply."""

type Edit = Callable[[str], str | bytes | None]
"""The same on the text of a whole results file."""

type Evidence = Literal["arithmetic", "format", "plausibility", "execution", "wandb", "replication"]
type Need = Literal["formula", "hardware", "verified", "contest"]

CLASSES: tuple[Evidence, ...] = ("arithmetic", "format", "plausibility", "execution", "wandb", "replication")
"""Kinds of evidence, cheapest first. The first three need the file alone."""

OFFLINE = CLASSES[:3]


@dataclass(frozen=True, slots=True)
class Tampering:
    """One way to falsify an honest results file.

    Attributes:
        name: In kebab case.
        description: What is done, in one line.
        caught_by: The cheapest evidence that shows it.
        change: Does it to a `run_info`; None if `edit` does it to the text.
        edit: Does it to the text of the file.
        key: The one value that is tampered with, which a blocking message must name (of several between bars, whichever
            the file has); empty where more than one value is tampered with.
        needs: What must be known of the honest file: a formula for its model, its hardware, a verified peak of it, or
            that it is of the contest and not of the demo track.
        silences: Whether it only works by making a figure impossible to recompute, so that the run is not ranked.
        shown_by: Just what of that evidence shows it.
    """

    name: str
    description: str
    caught_by: Evidence
    change: Change | None = None
    edit: Edit | None = None
    key: str = ""
    needs: frozenset[Need] = frozenset()
    silences: bool = False
    shown_by: str = ""


SHOWN_BY: dict[Evidence, str] = {
    "arithmetic": "the identities",
    "format": "strict reading",
    "plausibility": "a warning",
    "execution": "the dry run's configuration and the traced FLOPs",
    "wandb": "the W&B run",
    "replication": "training again",
}
"""What shows a tampering that does not say more."""


class Catalogue:
    """A list of tamperings that functions are added to by decorators."""

    def __init__(self) -> None:
        self._all: list[Tampering] = []

    def __iter__(self) -> Iterator[Tampering]:
        return iter(self._all)

    def add(
        self,
        name: str,
        description: str,
        caught_by: Evidence,
        change: Change | None = None,
        *needs: Need,
        edit: Edit | None = None,
        key: str = "",
        silences: bool = False,
        shown_by: str = "",
    ) -> None:
        """Add one tampering."""
        self._all.append(
            Tampering(
                name,
                description,
                caught_by,
                change,
                edit,
                key,
                frozenset(needs),
                silences,
                shown_by or SHOWN_BY[caught_by],
            )
        )

    def change(
        self, caught_by: Evidence, *needs: Need, key: str = "", silences: bool = False, shown_by: str = ""
    ) -> Callable[[Change], Change]:
        """Add the decorated function, named after itself and described by its docstring."""

        def decorate(function: Change) -> Change:
            self.add(*_names(function), caught_by, function, *needs, key=key, silences=silences, shown_by=shown_by)
            return function

        return decorate

    def edit(self, caught_by: Evidence, *needs: Need) -> Callable[[Edit], Edit]:
        """The same for an edit of the text."""

        def decorate(function: Edit) -> Edit:
            self.add(*_names(function), caught_by, None, *needs, edit=function)
            return function

        return decorate


def _names(function: Callable[..., Any]) -> tuple[str, str]:
    return function.__name__.strip("_").replace("_", "-"), (function.__doc__ or "").strip().rstrip(".")
