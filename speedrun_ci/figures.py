"""Every figure of a run, as submitted and as recomputed: the table that reports show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from speedrun_ci.finding import FigureRow, Level, Status
from speedrun_ci.flops.architecture import NotCovered
from speedrun_ci.identities import close
from speedrun_ci.run_values import (
    DEVICE_FLOPS,
    FLOPS_PER_TOKEN,
    HARDWARE_FLOPS,
    MFU,
    MODEL_FLOPS,
    MODEL_SIZE,
    NUM_CHIPS,
    NUM_DEVICES,
    OVERRIDE,
    TOTAL_TOKENS,
    TRAINING_TIME,
    VOCAB_SIZE,
    Values,
    evaluation_paths,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from speedrun_ci.analysis import Analysis
    from speedrun_ci.finding import Figure
    from speedrun_ci.identities import Identity
    from speedrun_ci.results import Run
    from speedrun_ci.run_values import Path

_OF_THE_MODEL = (FLOPS_PER_TOKEN, MODEL_FLOPS, MODEL_SIZE)
_OF_THE_PEAK = (DEVICE_FLOPS, HARDWARE_FLOPS, MFU)
_OF_THE_HARDWARE = (NUM_CHIPS, DEVICE_FLOPS, HARDWARE_FLOPS)


def figure_rows(run: Run, analysis: Analysis) -> tuple[FigureRow, ...]:
    """Return every figure of a run, and every other value that a wrong set blames.

    A figure is recomputed from the corrected values of the others, so that one wrong figure shows as one mismatch and
    not as all that follow from it.
    """
    return tuple(_rows(run, analysis))


def level_of(analysis: Analysis) -> Level:
    """Return `consistent` if every identity holds and trusted code could recompute it, else `declared`."""
    if analysis.wrong or isinstance(analysis.architecture, NotCovered):
        return Level.DECLARED
    recomputed = {identity.left for identity in analysis.identities}
    needed = {TOTAL_TOKENS, MODEL_FLOPS, MODEL_SIZE, HARDWARE_FLOPS}
    confirmed = bool(analysis.hardware.chips) and bool(analysis.hardware.peaks)
    return Level.CONSISTENT if needed <= recomputed and confirmed else Level.DECLARED


def ranked_by(run: Run, analysis: Analysis) -> tuple[str, ...]:
    """Return the axes of compute on which a consistent run can be ranked.

    Where the submission itself says what the peak of an accelerator is and our table does not know the part, nobody can
    say what its hardware FLOPs are worth. The demo track, whose CPUs no table has, takes such runs.
    """
    hardware = analysis.hardware
    unknown = hardware.override is not None and hardware.accelerator is None and not run.is_demo
    return (MODEL_FLOPS[0],) if unknown else (MODEL_FLOPS[0], HARDWARE_FLOPS[0])


def _rows(run: Run, analysis: Analysis) -> Iterator[FigureRow]:
    evaluation = run.evaluation
    measured = evaluation_paths(evaluation.dataset) if evaluation is not None else ()
    shown = [
        TOTAL_TOKENS,
        FLOPS_PER_TOKEN,
        MODEL_FLOPS,
        MODEL_SIZE,
        TRAINING_TIME,
        NUM_DEVICES,
        NUM_CHIPS,
        DEVICE_FLOPS,
        HARDWARE_FLOPS,
        MFU,
        VOCAB_SIZE,
        *measured,
    ]
    blamed = {
        correction.path: correction.expected
        for wrong in analysis.wrong
        for corrections in wrong.alternatives
        for correction in corrections
    }
    # Where only the configuration is blamed, or nothing is, the figure still differs from what was declared.
    differing = {
        identity.left
        for wrong in analysis.wrong
        if all(len(correction.path) > 1 for corrections in wrong.alternatives for correction in corrections)
        for identity in wrong.broken
    }
    defining = {identity.left: identity for identity in analysis.possible}
    ours = _at_our_peak(analysis, defining)
    for path in (*shown, *(path for path in blamed if path not in shown)):
        identity = defining.get(path)
        if ours is not None and path in _OF_THE_PEAK:
            yield _row_at_our_peak(path, analysis, identity, ours)
        else:
            yield _row(path, analysis, identity, blamed, differing)


def _row(
    path: Path,
    analysis: Analysis,
    identity: Identity | None,
    blamed: Mapping[Path, object],
    differing: set[Path],
) -> FigureRow:
    submitted = _figure(analysis.values.get(path))
    name = ".".join(path)
    values = analysis.values if path in differing else analysis.corrected
    right = identity.right(values) if identity is not None else None
    source = identity.text(values) if identity is not None and right is not None else ""
    if path in blamed:
        return FigureRow(name, submitted, _figure(blamed[path]), source or "the other figures", Status.MISMATCH)
    if right is None:
        source = _why_not(path, analysis)
        return FigureRow(
            name, submitted, None, source, Status.MISSING if submitted is None else Status.NOT_RECOMPUTABLE
        )
    if submitted is None:
        return FigureRow(name, None, right, source, Status.MISSING)
    return FigureRow(name, submitted, right, source, Status.MISMATCH if path in differing else Status.MATCH)


def _row_at_our_peak(path: Path, analysis: Analysis, identity: Identity | None, ours: Values) -> FigureRow:
    submitted = _figure(analysis.values.get(path))
    source = identity.text(ours) if identity is not None else ""
    status = Status.MISSING if submitted is None else Status.MISMATCH
    return FigureRow(".".join(path), submitted, _figure(ours.get(path)), f"{source}, at our peak", status)


def _at_our_peak(analysis: Analysis, defining: Mapping[Path, Identity]) -> Values | None:
    """Return the values as they follow from our peak, where the submission uses another than our table's.

    The file may agree with its own peak, which is no error. Trusted code takes ours, and so does the board.
    """
    part, used = analysis.hardware.accelerator, analysis.peak
    if analysis.wrong or part is None or used is None:
        return None
    if close(used, part.peak_flops, analysis.bounds.peak_tolerance):
        return None
    ours = Values({path: value for path, value in analysis.values.items() if path != OVERRIDE})
    ours = ours.corrected({DEVICE_FLOPS: part.peak_flops})
    for path in (HARDWARE_FLOPS, MFU):
        ours = ours.corrected({path: defining[path].right(ours)})
    return ours


def _why_not(path: Path, analysis: Analysis) -> str:
    """Say why a figure cannot be recomputed."""
    if path in _OF_THE_MODEL and isinstance(analysis.architecture, NotCovered):
        return analysis.architecture.reason
    if path in _OF_THE_HARDWARE:
        return "hardware that is not in our table"
    return "the tokenizer's" if path == VOCAB_SIZE else "measured"


def _figure(value: object) -> Figure:
    return value if isinstance(value, (int, float, str)) else None
