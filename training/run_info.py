"""The text of `print_run_info`: the configuration and a rough estimate of the compute.

Pull requests carry this text, so its format is fixed: it is the one of the original contest, line by line.
"""

import decimal
import json
import math
import sys
from collections.abc import Iterator, Mapping
from typing import Any

START = "----- START OF PRINT RUN INFO -----"
END = "----- END OF PRINT RUN INFO -----"

_ASSUMED_MFU = (0.5, 0.2)
_INDENT = "  "

_COMPUTE_INTRODUCTION = (
    "The rough estimated compute (calculated as (total model FLOPs / Assumed MFU)) for your run is probably between:"
)
_COMPUTE_EXPLANATION = (
    "This is calculated based on assumed MFU values and can be used as a rough estimate "
    "to guide your config/training setup."
)

# Texts that a script has printed by itself, so that a dry run does not print them a second time.
_printed: list[str] = []


def format_run_info(
    config: Mapping[str, Any],
    *,
    model_flops: float,
    model_size: int,
    num_devices: int,
    num_chips: int,
    device_flops: float,
) -> str:
    """Return the run info of one run, without a final line end.

    Args:
        config: JSON data of the configuration; keys are printed in the order given.
        model_flops: FLOPs of the model for the whole training, forward and backward.
        model_size: Trainable parameters.
        num_devices: Devices that jax shows.
        num_chips: Chips, by which the peak is multiplied.
        device_flops: Peak of one chip in FLOP/s.
    """
    high, low = _ASSUMED_MFU
    lines = (
        START,
        "Speedrun Configuration:",
        *format_json(config),
        _COMPUTE_INTRODUCTION,
        f"      * {model_flops / high:.2e} FLOPs assuming an MFU of {high}, and",
        f"      * {model_flops / low:.2e} FLOPs assuming an MFU of {low}.",
        "",
        _COMPUTE_EXPLANATION,
        "Hardware and Model FLOPS Information:",
        f"Number of devices: {num_devices}",
        f"Number of chips: {num_chips}",
        f"Device FLOPs: {device_flops:.2e} FLOP/s",
        f"Total peak hardware FLOPs: {device_flops * num_chips:.2e} FLOP/s",
        f"Model FLOPs: {model_flops:.2e} FLOP",
        f"Model size: {model_size / 1e6:.2f} million parameters",
        END,
    )
    return "\n".join(lines)


def format_json(value: Any) -> Iterator[str]:
    """Yield the lines of a JSON value in the contest's style.

    An object or array that is not empty opens on a line of its own; numbers are written in decimal as far as six zeros
    after the point, and with an upper-case exponent beyond.
    """
    yield from _value_lines(value, depth=0, prefix="", suffix="")


def _value_lines(value: Any, *, depth: int, prefix: str, suffix: str) -> Iterator[str]:
    indent = _INDENT * depth
    if not isinstance(value, Mapping | list | tuple):
        yield f"{indent}{prefix}{_scalar(value)}{suffix}"
        return
    items: list[tuple[str, Any]]
    if isinstance(value, Mapping):
        opening, closing = "{}"
        items = [(f"{_scalar(key)}: ", item) for key, item in value.items()]
    else:
        opening, closing = "[]"
        items = [("", item) for item in value]
    if not items:
        yield f"{indent}{prefix}{opening}{closing}{suffix}"
        return
    if prefix:
        yield f"{indent}{prefix.rstrip()}"
    yield f"{indent}{opening}"
    last = len(items) - 1
    for position, (name, item) in enumerate(items):
        yield from _value_lines(item, depth=depth + 1, prefix=name, suffix="" if position == last else ",")
    yield f"{indent}{closing}{suffix}"


def _scalar(value: object) -> str:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"JSON has no number {value}")
        return str(decimal.Decimal(repr(value)))
    return json.dumps(value, ensure_ascii=False)


def print_run_info(text: str) -> None:
    """Print a run info to standard output and remember that it was printed."""
    _write(text)
    _printed.append(text)


def print_unless_printed(text: str) -> None:
    """Print a run info unless the script has printed the same one since the last call for it.

    Scripts of the original contest print it themselves before they start; a dry run must not show it twice.
    """
    if text in _printed:
        _printed.remove(text)
    else:
        _write(text)


def _write(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
