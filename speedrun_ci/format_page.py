"""`docs/format.md`: the results file in words, from the declarations it is read with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from speedrun_ci.fields import specs
from speedrun_ci.results import C4, EVALUATION_DOCS, SYNTHETIC, Author, Device, Resources, RunInfo, TrainConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = """\
# The results file

Training writes `speedrun_results.json`. Generated from `speedrun_ci/results.py` by `make generate`; do not edit. The
JSON Schema is `schemas/speedrun_results.schema.json` (`speedrun-ci schema speedrun_results`).

The file is UTF-8 and strict JSON: no duplicate keys, no NaN or Infinity, no number beyond a double, at most 1 MiB and
32 levels deep. It holds `{"runs": [{"run_info": {...}}, ...]}`; the oldest files are a bare `{"run_info": ...}` or the
bare object itself. The original contest changed the keys several times, and dates do not tell which form a file has, so
every key is detected by itself.
"""

_TAIL = """\

## Hardware

`resources` has one of these forms:

| form | chips |
|---|---|
| `{"tpu_type": "v5p-32", "slice_count": 1}` | those of the slice, times `slice_count` |
| `{"gpu_count": 4, "accelerator_type": "A100"}` | `gpu_count` |
| `{"num_cpus": 1, "device_flops_override": 1e12}` | 1 |
| `{"device": {"kind": "tpu", "variant": "v5p-32"}, "replicas": 2}` | the slice's, times slices or once for hosts |
| `{"device": {"kind": "gpu", "variant": "H100", "count": 8}, "replicas": 1}` | `count` times `replicas` |

`replicas` of a TPU counts slices in some files and hosts in others; the reading that equals `num_chips` is taken. Each
form may hold `device_flops_override`, the peak of one chip in FLOP/s, which replaces that of our table and is warned
about.

## Sequence length and vocabulary

The length of a training sequence is `train_config.train_seq_len`, else `model_config.max_seq_len`, else
`model_config.seq_len`: the first that is set. The vocabulary is `vocab_size`, else 128,256.
"""


_OBJECTS: dict[str, type[Any]] = {
    "run_info": RunInfo,
    "author": Author,
    "train_config": TrainConfig,
    "resources": Resources,
    "resources.device": Device,
}


def format_page() -> str:
    """Return the page."""
    parts = [_HEAD]
    for title, declared in _OBJECTS.items():
        parts.append(f"## `{title}`\n\n" + "\n".join(_table(declared)) + "\n")
    rows = "\n".join(f"| `eval/<set>/{name}` | a number above 0 | {doc} |" for name, doc in EVALUATION_DOCS.items())
    parts.append(
        f"## Evaluation\n\nThe contest's set is `{C4}`; the demo track's is `{SYNTHETIC}`. "
        "One of them must have a `bpb`.\n\n"
        f"| key | value | meaning |\n|---|---|---|\n{rows}\n"
    )
    return "\n".join(parts) + _TAIL


def _table(declared: type[Any]) -> Iterator[str]:
    yield "| key | value | needed | meaning |"
    yield "|---|---|---|---|"
    for _, spec in specs(declared):
        yield f"| `{spec.key}` | {spec.describe()} | {'yes' if spec.required else 'no'} | {spec.doc} |"
