"""Tracks: the classes of runs that are ranked together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from speedrun_ci.datasets import is_contest_data, training_data_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from speedrun_ci.results import Run
    from speedrun_ci.settings import Track

DEMO = "demo"
"""The track of runs on the built-in synthetic corpus."""

OTHER_DATA = "other-data"
"""The track of runs on anything but FineWeb-Edu."""


def tracks_of(run: Run, tracks: Iterable[Track]) -> tuple[str, ...]:
    """Return the ids of the tracks a run belongs to.

    Args:
        run: The run.
        tracks: The contest's tracks; one with a target takes the runs that reach it.
    """
    if run.is_demo:
        return (DEMO,)
    if not is_contest_data(training_data_names(run.info.tokenized_dataset)):
        return (OTHER_DATA,)
    bpb = run.evaluation.bpb if run.evaluation is not None else None
    if bpb is None:
        return ()
    return tuple(track.id for track in tracks if track.target_bpb is None or bpb <= track.target_bpb)
